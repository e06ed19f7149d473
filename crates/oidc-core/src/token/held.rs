//! What a token family still holds: the part of what its code gave that the grant still allows.
//!
//! Asked at every use of a token of the family that reaches the issuer. Ending the family is one record that is inserted,
//! taking a grant back and narrowing it are one write of the grant; all are seen here.

use countersign_storage::Timestamp;

use crate::policy::Policy;
use crate::records::revoked_family::{Revoked, is_over};
use crate::records::{Grant, TokenFamily};
use crate::scope::Scopes;

/// A living family, on a grant that carries it.
pub(crate) struct Held<'a> {
    family: &'a TokenFamily,
    grant: &'a Grant,
    resources: Vec<String>,
}

impl<'a> Held<'a> {
    /// `None` where nothing is left: the family was revoked, or its grant does not carry it any more.
    pub(crate) fn of(
        family: &'a TokenFamily,
        revoked: &Revoked,
        grant: Option<&'a Grant>,
        policy: &Policy,
        now: Timestamp,
    ) -> Option<Self> {
        let grant = grant.filter(|grant| grant.id == family.grant_id)?;
        if is_over(family, revoked) || !grant.carries(family.grant_generation, policy, now) {
            return None;
        }
        let resources: Vec<String> =
            family.resources.iter().filter(|known| grant.scopes_at.contains_key(*known)).cloned().collect();
        (!resources.is_empty()).then_some(Held { family, grant, resources })
    }

    /// The resources that its tokens can be for.
    pub(crate) fn resources(&self) -> &[String] {
        &self.resources
    }

    /// The scopes that a token for these of its resources can have.
    pub(crate) fn scopes_at(&self, resources: &[String]) -> Scopes {
        self.grant.left_of(&self.family.scopes, resources, self.family.grant_narrowed)
    }

    /// The scopes that a token for all of its resources can have.
    pub(crate) fn scopes(&self) -> Scopes {
        self.scopes_at(&self.resources)
    }

    /// Whether its refresh token is good: a person who takes `offline_access` back ends it, and allowing that again does
    /// not bring it back.
    pub(crate) fn is_offline(&self) -> bool {
        self.scopes().contains("offline_access")
    }
}
