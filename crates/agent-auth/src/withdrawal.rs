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
use crate::host::Host;
use crate::policy::AgentPolicy;

/// The agent or host with this id is over.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Withdrawal {
    id: String,
    at: Timestamp,
    pub(crate) because: String,
    expires_at: Timestamp,
}

impl Withdrawal {
    pub(crate) fn of_agent(agent: &Agent, because: &str, policy: &AgentPolicy, now: Timestamp) -> Self {
        // Not only as long as the agent's record is kept as it was read: somebody may just have approved it.
        let longest = policy.max_lifetime.max(policy.session_lifetime).max(policy.pending_kept) + policy.ended_kept;
        let kept = (now + longest).max(agent.purged_after.unwrap_or(now));
        Withdrawal::of(agent.id.as_str(), because, kept, now)
    }

    pub(crate) fn of_host(host: &Host, because: &str, policy: &AgentPolicy, now: Timestamp) -> Self {
        let kept = (now + policy.host_lifetime + policy.ended_kept).max(host.purged_after.unwrap_or(now));
        Withdrawal::of(host.id.as_str(), because, kept, now)
    }

    /// The record stays for longer than what it ends. That is not guarded here, so somebody may have prolonged it a moment ago,
    /// by a clock that runs a little ahead.
    fn of(id: &str, because: &str, kept: Timestamp, now: Timestamp) -> Self {
        Withdrawal { id: id.to_owned(), at: now, because: because.to_owned(), expires_at: kept + MARGIN }
    }
}

impl Record for Withdrawal {
    const KIND: Kind = Kind::new("agent_withdrawal");

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
