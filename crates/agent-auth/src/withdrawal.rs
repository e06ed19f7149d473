//! Ending an agent or a host for good ([Agent Auth §2.11], §5.7, §8.5).
//!
//! A withdrawal is one record that is inserted, under the id of what it ends, and nothing else is written. Every use of an
//! agent or host reads the place where it would be, and commits only if it is still empty. So nobody who uses the thing can
//! be faster, however often: a withdrawal loses to another withdrawal alone. What follows from a withdrawn host for its
//! agents is computed ([`crate::standing`]).
//!
//! [Agent Auth §2.11]: https://agentauthprotocol.com/specification/v1.0-draft

use std::time::Duration;

use countersign_storage::record::{Kind, Record};
use countersign_storage::{Stored, Timestamp};
use serde::{Deserialize, Serialize};

use crate::agent::Agent;
use crate::host::{AgentId, HostId};
use crate::policy::AgentPolicy;

/// The agent or host with this id is over.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Withdrawal {
    id: String,
    at: Timestamp,
    because: String,
    /// The person refused it before they had allowed it anything: it was rejected, and not revoked.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    denied: bool,
    expires_at: Timestamp,
}

impl Withdrawal {
    /// `kept` is until when the agent's own record is kept, where that can be told.
    pub(crate) fn of_agent(
        agent: &AgentId,
        kept: Option<Timestamp>,
        because: &str,
        policy: &AgentPolicy,
        now: Timestamp,
    ) -> Self {
        // Not only as long as the agent's record is kept as it was read: somebody may just have approved it.
        let longest = policy.max_lifetime.max(policy.session_lifetime).max(policy.pending_kept) + policy.ended_kept;
        Withdrawal::of(agent.as_str(), because, (now + longest).max(kept.unwrap_or(now)), now)
    }

    /// `kept` is until when the host's own record is kept, where that can be told.
    pub(crate) fn of_host(
        host: &HostId,
        kept: Option<Timestamp>,
        because: &str,
        policy: &AgentPolicy,
        now: Timestamp,
    ) -> Self {
        let longest = policy.host_lifetime + policy.ended_kept;
        Withdrawal::of(host.as_str(), because, (now + longest).max(kept.unwrap_or(now)), now)
    }

    /// The record stays for longer than what it ends. That is not guarded here, so somebody may have prolonged it a moment ago,
    /// by a clock that runs a little ahead.
    fn of(id: &str, because: &str, kept: Timestamp, now: Timestamp) -> Self {
        Withdrawal { id: id.to_owned(), at: now, because: because.to_owned(), denied: false, expires_at: kept + MARGIN }
    }

    /// It ends because the person refuses it.
    pub(crate) fn of_denied(self) -> Self {
        Withdrawal { denied: true, ..self }
    }

    /// Ends the agent, as far as it has not ended.
    pub(crate) fn end(&self, agent: &mut Agent) {
        if self.denied {
            agent.reject(&self.because, self.at);
        }
        agent.revoke(&self.because);
    }
}

impl Record for Withdrawal {
    const KIND: Kind = Kind::new("agent_withdrawal");

    /// Whatever else a newer version says in it: what it names is over.
    const SHAPE: u32 = u32::MAX;

    fn id(&self) -> String {
        self.id.clone()
    }

    fn expires_at(&self) -> Option<Timestamp> {
        Some(self.expires_at)
    }
}

/// The withdrawal, where there is one.
pub(crate) type Withdrawn = Option<Stored<Withdrawal>>;

const MARGIN: Duration = Duration::from_secs(7 * 86_400);
