//! The end of a token family before its time.
//!
//! It is one record that is inserted, under the id of the family, and the family itself is not written: each refresh rewrites
//! that, and whoever holds the current token could be faster again and again. Every use of a family reads the place where this
//! record would be, and commits only if it is still empty. So it loses to nothing but another of its kind.

use std::time::Duration;

use countersign_storage::{Kind, Record, Stored, Timestamp};
use serde::{Deserialize, Serialize};

use crate::policy::Policy;
use crate::records::token_family::{FamilyState, TokenFamily};

/// No token of the family with this id is honoured any more.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RevokedFamily {
    /// The id of the [`TokenFamily`].
    pub family_id: String,
    /// The client that its tokens were made for.
    pub client_id: String,
    /// When it was revoked.
    pub revoked_at: Timestamp,
    /// When the family itself is gone whatever was done with it, clocks that were set back included.
    pub expires_at: Timestamp,
}

/// The end of a family, where there is one.
pub(crate) type Revoked = Option<Stored<RevokedFamily>>;

/// Whether no token of this family is honoured any more. `revoked` is what was found in the place of its end.
pub(crate) fn is_over(family: &TokenFamily, revoked: &Revoked) -> bool {
    revoked.is_some() || family.state == FamilyState::Revoked
}

impl RevokedFamily {
    pub(crate) fn of(family: &TokenFamily, policy: &Policy, now: Timestamp) -> Self {
        // That the family is still as it was read is not guarded: a refresh may just have prolonged it, to this at most.
        let longest = match family.refresh {
            Some(_) => policy.last_token_dead(family.issued_at + policy.family_lifetime),
            None => family.expires_at,
        };
        RevokedFamily::until(family.expires_at.max(longest), &family.id, &family.client_id, now)
    }

    /// Of a family whose last token is dead at `dead_at`.
    pub(crate) fn until(dead_at: Timestamp, family_id: &str, client_id: &str, now: Timestamp) -> Self {
        RevokedFamily {
            family_id: family_id.to_owned(),
            client_id: client_id.to_owned(),
            revoked_at: now,
            expires_at: dead_at + REMEMBERED,
        }
    }
}

impl Record for RevokedFamily {
    const KIND: Kind = Kind::new("revoked_family");

    /// Whatever else a newer version says in it: the family that it names is over.
    const SHAPE: u32 = u32::MAX;

    fn id(&self) -> String {
        self.family_id.clone()
    }

    fn expires_at(&self) -> Option<Timestamp> {
        Some(self.expires_at)
    }
}

/// How long it is remembered after the family is gone: a clock that is set back by less does not revive it.
const REMEMBERED: Duration = Duration::from_secs(24 * 60 * 60);
