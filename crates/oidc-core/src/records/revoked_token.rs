//! Access tokens that were revoked one by one ([RFC 7009]).
//!
//! [RFC 7009]: https://www.rfc-editor.org/rfc/rfc7009

use countersign_storage::{Kind, Record, Timestamp};
use serde::{Deserialize, Serialize};

/// An access token that is honoured no longer, although its family is. Remembered for a day after the token would have expired.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RevokedToken {
    /// The `jti` of the token.
    pub jti: String,
    /// The client that it was made for.
    pub client_id: String,
    /// When it was revoked.
    pub revoked_at: Timestamp,
    /// When nobody would honour it any more, clocks that were set back included.
    pub expires_at: Timestamp,
}

impl Record for RevokedToken {
    const KIND: Kind = Kind::new("revoked_token");

    /// Whatever else a newer version says in it: the token that it names is over.
    const SHAPE: u32 = u32::MAX;

    fn id(&self) -> String {
        self.jti.clone()
    }

    fn expires_at(&self) -> Option<Timestamp> {
        Some(self.expires_at)
    }
}
