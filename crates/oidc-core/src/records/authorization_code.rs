//! The authorization code ([RFC 6749 §4.1.2]): single use, one minute, one client.
//!
//! [RFC 6749 §4.1.2]: https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2

use countersign_storage::{Authentication, Handle, Kind, Record, Timestamp};
use serde::{Deserialize, Serialize};

use crate::scope::Scopes;

/// What a code stands for: everything that the token request needs.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AuthorizationCode {
    /// The hash of the code.
    pub handle: Handle,
    /// The client that it was made for.
    pub client_id: String,
    /// Where it was sent; the token request must name the same.
    pub redirect_uri: String,
    /// The S256 challenge ([RFC 7636 §4.2](https://www.rfc-editor.org/rfc/rfc7636#section-4.2)).
    pub code_challenge: String,
    /// What was approved.
    pub scopes: Scopes,
    /// The resources that were approved, at least one: the widest audience that its tokens may have.
    pub resources: Vec<String>,
    /// To be repeated in the ID token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
    /// The request asked for it (`max_age`), so the ID token must carry `auth_time` ([OIDC Core §2]).
    ///
    /// [OIDC Core §2]: https://openid.net/specs/openid-connect-core-1_0.html#IDToken
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_age: Option<u64>,
    /// Who signed in, when, how.
    pub authentication: Authentication,
    /// The [`crate::records::Grant`] that it rests on.
    pub grant_id: String,
    /// The generation of that grant: a grant that was revoked since, even if it was given anew, does not carry the code.
    pub grant_generation: u32,
    /// How often that grant had been narrowed.
    #[serde(default)]
    pub grant_narrowed: u32,
    /// The [`crate::records::TokenFamily`] that it will found.
    pub family_id: String,
    /// Whether it was shown.
    pub state: CodeState,
    /// When it was made.
    pub issued_at: Timestamp,
    /// Until when it can be redeemed.
    pub expires_at: Timestamp,
    /// Until when it is remembered: once redeemed, as long as any token that it made, so that a replay can still kill them.
    pub kept_until: Timestamp,
}

/// Whether a code was shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum CodeState {
    /// It was made, and not shown yet.
    Issued,
    /// It was exchanged.
    Redeemed {
        /// The moment.
        at: Timestamp,
    },
    /// It was shown by the wrong client or with a wrong verifier, and is worth nothing since.
    Burnt {
        /// The moment.
        at: Timestamp,
    },
}

impl Record for AuthorizationCode {
    const KIND: Kind = Kind::new("authorization_code");

    fn id(&self) -> String {
        self.handle.as_str().to_owned()
    }

    fn expires_at(&self) -> Option<Timestamp> {
        Some(self.kept_until)
    }
}
