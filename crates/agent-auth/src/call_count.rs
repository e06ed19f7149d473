//! How many requests one agent, and one host, may make in a window ([Agent Auth §8.13]).
//!
//! A request is counted in the commit that it leads to anyway, and only once its signature is proven, so that nobody can use
//! up somebody else's share. Each such request leaves a replay mark and most leave an audit record: without a bound, a host
//! that anybody can make up in a moment could fill the store.
//!
//! [Agent Auth §8.13]: https://agentauthprotocol.com/specification/v1.0-draft

use countersign_storage::{Changes, Counter, Kind, Moment, Timestamp};

use crate::policy::AgentPolicy;
use crate::refusal::Refusal;

/// The count of one agent or host in the present window.
pub(crate) struct CallCount(Counter);

impl CallCount {
    /// `who` is the id of an agent or a host. `None` where the policy sets no limit.
    pub(crate) fn of(who: &str, policy: &AgentPolicy, now: Timestamp) -> Option<Self> {
        Some(CallCount(policy.calls?.counter(Kind::new("agent_calls"), who, now)))
    }

    /// How many keys a host and its agents have brought in the present window: of new agents, and in place of others.
    fn of_keys(host: &str, policy: &AgentPolicy, now: Timestamp) -> Option<Self> {
        Some(CallCount(policy.registrations?.counter(Kind::new("agent_registrations"), host, now)))
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
        match self.0.used_up(moment) {
            Some(until) => Err(Refusal::RateLimited(until.since(moment.now))),
            None => Ok(()),
        }
    }

    /// Counts.
    pub(crate) fn add(&self, calls: usize, changes: &mut Changes) {
        self.0.count(calls, changes);
    }
}
