//! The tokens that descend from one code: one record for all of them.

use countersign_storage::{Authentication, Handle, Kind, Record, Sealed, Timestamp};
use serde::{Deserialize, Serialize};

use crate::scope::Scopes;

/// The tokens that descend from one code. An access token names its family in its `jti` (`{family}.{random}`), so that
/// whoever reaches the issuer with one finds out whether the family is alive.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TokenFamily {
    /// Its public name, `fam_…`.
    pub id: String,
    /// The [`crate::records::Grant`] that it rests on.
    pub grant_id: String,
    /// The generation of that grant.
    pub grant_generation: u32,
    /// How often that grant had been narrowed when the code was made.
    #[serde(default)]
    pub grant_narrowed: u32,
    /// The client that its tokens were made for.
    pub client_id: String,
    /// Who signed in, when, how, in which session.
    pub authentication: Authentication,
    /// The widest scope that its tokens may have: less where the grant was narrowed since.
    pub scopes: Scopes,
    /// The widest audience that its tokens may have: less where the grant was narrowed since.
    pub resources: Vec<String>,
    /// How an older version wrote that it was revoked. Today that is a [`crate::records::RevokedFamily`].
    pub state: FamilyState,
    /// Its refresh token, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh: Option<RefreshToken>,
    /// When the code was redeemed.
    pub issued_at: Timestamp,
    /// When the last token that it can have dies.
    pub expires_at: Timestamp,
}

/// What a family's own record says of its end.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FamilyState {
    /// Nothing: its tokens are honoured unless there is a [`crate::records::RevokedFamily`]. The only state that is written.
    Active,
    /// An older version revoked it.
    Revoked,
}

/// The refresh token of a family ([RFC 6749 §6](https://www.rfc-editor.org/rfc/rfc6749#section-6)).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RefreshToken {
    /// The hash of the part that all refresh tokens of the family share. A token with this part and another turn was one of
    /// the family and is replaced. A token with another part never was one.
    pub root: Handle,
    /// The hash of the one that is good now.
    pub current: Handle,
    /// When that one was made.
    pub issued_at: Timestamp,
    /// When it ends unless it is used.
    pub expires_at: Timestamp,
    /// The one before it, for a client that did not get the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<PreviousRefreshToken>,
}

/// A refresh token that was just replaced.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PreviousRefreshToken {
    /// Its hash.
    pub handle: Handle,
    /// When it was replaced.
    pub rotated_at: Timestamp,
    /// The hash of the scope and the resources that it was used for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used_for: Option<Handle>,
    /// The answer that replaced it, sealed under a key that only the replaced token gives.
    pub answer: Sealed,
}

impl TokenFamily {
    /// When it last gave tokens.
    pub fn used_at(&self) -> Timestamp {
        self.refresh.as_ref().map_or(self.issued_at, |refresh| refresh.issued_at.max(self.issued_at))
    }
}

impl Record for TokenFamily {
    const KIND: Kind = Kind::new("token_family");

    fn id(&self) -> String {
        self.id.clone()
    }

    fn expires_at(&self) -> Option<Timestamp> {
        Some(self.expires_at)
    }
}
