//! How many requests one agent, and one host, may make in a window ([Agent Auth §8.13]).
//!
//! A request is counted in the commit that it leads to anyway, and only once its signature is proven, so that nobody can use
//! up somebody else's share. Each such request leaves a replay mark and most leave an audit record: without a bound, a host
//! that anybody can make up in a moment could fill the store.
//!
//! [Agent Auth §8.13]: https://agentauthprotocol.com/specification/v1.0-draft

use countersign_storage::record::{Key, Kind};
use countersign_storage::{Changes, Limit, Moment, Timestamp};

use crate::policy::AgentPolicy;
use crate::refusal::Refusal;

/// The count of one agent or host in the present window.
pub(crate) struct CallCount {
    counter: Key,
    most: i64,
    end: Timestamp,
}

impl CallCount {
    /// `who` is the id of an agent or a host. `None` where the policy sets no limit.
    pub(crate) fn of(who: &str, policy: &AgentPolicy, now: Timestamp) -> Option<Self> {
        Some(CallCount::within(Kind::new("agent_calls"), who, policy.calls?, now))
    }

    /// How many keys a host and its agents have brought in the present window: of new agents, and in place of others.
    fn of_keys(host: &str, policy: &AgentPolicy, now: Timestamp) -> Option<Self> {
        Some(CallCount::within(Kind::new("agent_registrations"), host, policy.registrations?, now))
    }

    fn within(kind: Kind, who: &str, limit: Limit, now: Timestamp) -> Self {
        let window = now.window(limit.window);
        let counter = Key { kind, id: format!("{who}.{}", window.start.as_secs()) };
        CallCount { counter, most: i64::from(limit.attempts), end: window.end }
    }

    /// Counts one more key for a host or an agent under it: each is remembered for long, so that no other takes it.
    ///
    /// # Errors
    /// [`Refusal::RateLimited`].
    pub(crate) fn count_key(
        host: &str,
        policy: &AgentPolicy,
        changes: &mut Changes,
        moment: &Moment<'_>,
    ) -> Result<(), Refusal> {
        let Some(count) = CallCount::of_keys(host, policy, moment.now) else { return Ok(()) };
        count.check(moment)?;
        count.add(1, changes);
        Ok(())
    }

    /// Refuses when an earlier attempt at this decision found the window full.
    pub(crate) fn check(&self, moment: &Moment<'_>) -> Result<(), Refusal> {
        match moment.is_exhausted(&self.counter) {
            true => Err(Refusal::RateLimited(self.end.since(moment.now))),
            false => Ok(()),
        }
    }

    /// Counts.
    pub(crate) fn add(&self, calls: usize, changes: &mut Changes) {
        let calls = i64::try_from(calls).unwrap_or(i64::MAX);
        changes.add(self.counter.clone(), calls, self.most, Some(self.end));
    }
}
