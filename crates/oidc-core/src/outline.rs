//! Clients, grants and token families as every version of the software can tell them: enough to show that they are there, and to end
//! them.
//!
//! A newer version may write a record that this one must not use ([`Fault::Newer`](countersign_storage::Fault::Newer)).
//! That must keep nobody from withdrawing. So whoever lists or withdraws reads outlines: the same records, of any shape, by
//! members whose meaning never changes.

use countersign_storage::record::if_legible;
use countersign_storage::{Authentication, Handle, Index, Kind, Record, Subject, Timestamp};
use serde::{Deserialize, Serialize};

use crate::client::{self, Client, ClientState};
use crate::policy::Policy;
use crate::records::{Grant, RevokedFamily, TokenFamily, grant};

/// Which client it is, and whether it is served. When it is written, all other members stay.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ClientOutline {
    pub(crate) client_id: String,
    /// `active` and `suspended` are what they are in [`ClientState`]; a newer version may know further words.
    state: String,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "if_legible")]
    updated_at: Option<Timestamp>,
}

/// Which grant it is, whose, and how it ends. When it is written, all other members stay.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct GrantOutline {
    pub(crate) id: String,
    pub(crate) subject: Subject,
    pub(crate) client_id: String,
    /// A newer version may know further words than [`crate::records::GrantState`].
    state: String,
    generation: u32,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "if_legible")]
    ends_at: Option<Timestamp>,
}

/// Which token family it is, whose, and what its tokens can be told by. Never written.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct FamilyOutline {
    pub(crate) id: String,
    pub(crate) client_id: String,
    state: String,
    #[serde(default)]
    pub(crate) refresh: Option<RefreshOutline>,
    #[serde(default, deserialize_with = "if_legible")]
    authentication: Option<Authentication>,
    #[serde(default, deserialize_with = "if_legible")]
    issued_at: Option<Timestamp>,
    #[serde(default, deserialize_with = "if_legible")]
    expires_at: Option<Timestamp>,
}

/// What all refresh tokens of a family share.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct RefreshOutline {
    pub(crate) root: Handle,
}

impl ClientOutline {
    pub(crate) fn is(&self, state: ClientState) -> bool {
        self.state == state.as_str()
    }

    pub(crate) fn become_at(&mut self, state: ClientState, now: Timestamp) {
        self.state = state.as_str().to_owned();
        self.updated_at = Some(now);
    }
}

impl GrantOutline {
    pub(crate) fn is_revoked(&self) -> bool {
        self.state == REVOKED
    }

    /// Ends it, and all that rests on it: both are said, and each alone is enough.
    pub(crate) fn revoke(&mut self) {
        self.state = REVOKED.to_owned();
        self.generation = self.generation.saturating_add(1);
    }
}

impl FamilyOutline {
    /// Whether an older version revoked it. Today's end is a [`RevokedFamily`].
    pub(crate) fn is_revoked(&self) -> bool {
        self.state == REVOKED
    }

    /// Whose tokens they are, where this version can tell.
    pub(crate) fn subject(&self) -> Option<&Subject> {
        self.authentication.as_ref().map(Authentication::subject)
    }

    /// Its end: as long as any refresh may have prolonged it.
    pub(crate) fn end(&self, policy: &Policy, now: Timestamp) -> RevokedFamily {
        let longest = policy.last_token_dead(self.issued_at.unwrap_or(now) + policy.family_lifetime);
        RevokedFamily::until(self.expires_at.unwrap_or(longest).max(longest), &self.id, &self.client_id, now)
    }
}

impl Record for ClientOutline {
    const KIND: Kind = Client::KIND;
    const SHAPE: u32 = u32::MAX;

    fn id(&self) -> String {
        self.client_id.clone()
    }

    fn indexes(&self) -> Vec<Index> {
        vec![client::by_state(&self.state)]
    }
}

impl Record for GrantOutline {
    const KIND: Kind = Grant::KIND;
    const SHAPE: u32 = u32::MAX;

    fn id(&self) -> String {
        self.id.clone()
    }

    fn indexes(&self) -> Vec<Index> {
        grant::indexes(&self.subject, &self.client_id)
    }

    fn expires_at(&self) -> Option<Timestamp> {
        self.ends_at.map(grant::kept_until)
    }
}

impl Record for FamilyOutline {
    const KIND: Kind = TokenFamily::KIND;
    const SHAPE: u32 = u32::MAX;

    fn id(&self) -> String {
        self.id.clone()
    }
}

/// How both records say it, in every version.
const REVOKED: &str = "revoked";
