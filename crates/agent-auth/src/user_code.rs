//! Which agent a person's code is for ([RFC 8628 §6.1]).
//!
//! [RFC 8628 §6.1]: https://www.rfc-editor.org/rfc/rfc8628#section-6.1

use countersign_storage::{Handle, Record, Timestamp, record::Kind};
use serde::{Deserialize, Serialize};

/// Which agent a code is for. Whether the code is the agent's present one, the agent's own record says.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct UserCodeEntry {
    pub(crate) code: Handle,
    pub(crate) agent_id: String,
    pub(crate) expires_at: Timestamp,
}

impl Record for UserCodeEntry {
    const KIND: Kind = Kind::new("agent_user_code");

    fn id(&self) -> String {
        self.code.as_str().to_owned()
    }

    fn expires_at(&self) -> Option<Timestamp> {
        Some(self.expires_at)
    }
}
