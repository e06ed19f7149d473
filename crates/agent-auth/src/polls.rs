//! How fast a host asks whether its agent was approved ([RFC 8628 §3.5]).
//!
//! [RFC 8628 §3.5]: https://www.rfc-editor.org/rfc/rfc8628#section-3.5

use std::time::Duration;

use countersign_storage::record::{Kind, Record};
use countersign_storage::{Changes, Stored, Timestamp};
use serde::{Deserialize, Serialize};

use crate::agent::Agent;
use crate::policy::AgentPolicy;
use crate::refusal::Refusal;

/// When the status of a waiting agent was last asked for, and how long to wait before the next time. There is one record for
/// each agent, and it ends with the question.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Polls {
    agent: String,
    last: Timestamp,
    /// In seconds. It grows by five with each poll that comes too soon, for this question and no longer.
    interval: u64,
    expires_at: Timestamp,
}

impl Record for Polls {
    const KIND: Kind = Kind::new("agent_polls");

    fn id(&self) -> String {
        self.agent.clone()
    }

    fn expires_at(&self) -> Option<Timestamp> {
        Some(self.expires_at)
    }
}

/// Counts a poll.
///
/// # Errors
/// [`Refusal::SlowDown`] for one that comes too soon; it is counted as well.
pub(crate) fn count(
    polls: Option<Stored<Polls>>,
    agent: &Agent,
    policy: &AgentPolicy,
    changes: &mut Changes,
    now: Timestamp,
) -> Result<(), Refusal> {
    let interval = policy.approval_interval.as_secs();
    let expires_at = agent.approval.as_ref().map_or(now, |approval| approval.expires_at);
    let Some(mut polls) = polls else {
        changes.insert(&Polls { agent: agent.id.as_str().to_owned(), last: now, interval, expires_at });
        return Ok(());
    };
    if polls.expires_at != expires_at {
        // Another question.
        polls.record.interval = interval;
        polls.record.expires_at = expires_at;
    }
    let soon = now.since(polls.last) + TOLERANCE < Duration::from_secs(polls.interval);
    if soon {
        polls.record.interval = (polls.interval + STEP).min(LONGEST);
    }
    polls.record.last = now;
    changes.replace(&polls);
    if soon { Err(Refusal::SlowDown { interval: polls.interval }) } else { Ok(()) }
}

/// Times are whole seconds: a poll after exactly the interval may seem a second early.
const TOLERANCE: Duration = Duration::from_secs(1);
/// In seconds, as RFC 8628 says.
const STEP: u64 = 5;
/// In seconds.
const LONGEST: u64 = 300;
