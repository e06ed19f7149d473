//! Single use of `jti` ([Agent Auth §4.6]).
//!
//! [Agent Auth §4.6]: https://agentauthprotocol.com/specification/v1.0-draft

use std::time::Duration;

use countersign_storage::record::{Kind, Record};
use countersign_storage::{Handle, Timestamp};
use serde::{Deserialize, Serialize};

/// The mark that a token was used. Its key is what makes the second use fail: it is inserted in the very commit that does
/// what the token asked for, so of many concurrent uses one does it, on however many nodes.
///
/// Each host and each agent has marks of its own (Agent Auth §10.3). A mark lives as long as the token could be accepted
/// anywhere: to the end of its life, and two leeways more. It stays some minutes beyond that, so that no token revives when a
/// clock is set back by minutes after a purge. Introspection neither leaves nor asks for a mark: a service that received a token
/// may ask about it, and the one call that it is good for stays unspent.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ReplayMark {
    id: Handle,
    expires_at: Timestamp,
}

impl ReplayMark {
    /// Where the mark of a token stands. `by` is the id of the host or agent whose token it is.
    pub(crate) fn id(by: &str, jti: &str) -> Handle {
        Handle::of(&format!("{by}\n{jti}"))
    }

    pub(crate) fn new(id: &Handle, exp: Option<i64>, now: Timestamp) -> Self {
        let exp = Timestamp(exp.unwrap_or(now.as_secs())).max(now);
        ReplayMark { id: id.clone(), expires_at: exp + Duration::from_secs(60 + 240) }
    }
}

impl Record for ReplayMark {
    const KIND: Kind = Kind::new("agent_jti");

    fn id(&self) -> String {
        self.id.as_str().to_owned()
    }

    fn expires_at(&self) -> Option<Timestamp> {
        Some(self.expires_at)
    }
}
