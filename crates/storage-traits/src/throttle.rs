//! The port that slows down who tries too often.

use std::time::Duration;

use async_trait::async_trait;

use crate::batch::Changes;
use crate::clock::Timestamp;
use crate::fault::Fault;
use crate::operation::{Decision, Moment, Operation, Ports, Reader};
use crate::record::{Key, Kind};
use crate::secret::Handle;

/// Counts attempts.
///
/// # Security
/// Guessing passwords and user codes is bounded by this and by nothing else. An implementation must count for all nodes
/// together, and must fail rather than allow when it can not count.
#[async_trait]
pub trait Throttle: Send + Sync {
    /// Counts one attempt by `who` at `what`, and says whether it is within `limit`. An attempt over the limit is not
    /// counted further.
    ///
    /// # Errors
    /// [`Fault::Unavailable`]: the caller refuses the attempt.
    async fn attempt(&self, what: &'static str, who: &str, limit: Limit) -> Result<Allowance, Fault>;
}

/// So many in so long.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limit {
    /// How many attempts.
    pub attempts: u32,
    /// In how long: whole seconds, at least one.
    pub window: Duration,
}

impl Limit {
    /// `attempts` within each `window`.
    pub const fn new(attempts: u32, window: Duration) -> Self {
        Limit { attempts, window }
    }
}

/// Whether an attempt may go on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Allowance {
    /// It may.
    Allowed,
    /// It may not; try again after this long: the `Retry-After` of [RFC 9110 §10.2.3], at least one second.
    RetryAfter(Duration),
}

/// Counts in the store, in fixed windows, so that all nodes count together.
#[derive(Clone, Debug)]
pub struct StoreThrottle {
    ports: Ports,
}

impl StoreThrottle {
    /// Over these ports.
    pub fn new(ports: Ports) -> Self {
        StoreThrottle { ports }
    }
}

#[async_trait]
impl Throttle for StoreThrottle {
    async fn attempt(&self, what: &'static str, who: &str, limit: Limit) -> Result<Allowance, Fault> {
        self.ports.perform(&Attempt { what, who: Handle::of(who), limit }).await
    }
}

struct Attempt {
    what: &'static str,
    who: Handle,
    limit: Limit,
}

impl Attempt {
    /// The window that `now` lies in: when it began and when it ends.
    fn window(&self, now: Timestamp) -> (Timestamp, Timestamp) {
        let seconds = i64::try_from(self.limit.window.as_secs()).unwrap_or(i64::MAX).max(1);
        let start = Timestamp(now.as_secs() - now.as_secs().rem_euclid(seconds));
        (start, start + Duration::from_secs(seconds.unsigned_abs()))
    }
}

#[async_trait]
impl Operation for Attempt {
    type Loaded = ();
    type Plan = Allowance;
    type Answer = Allowance;

    async fn load(&self, _: &mut Reader<'_>) -> Result<(), Fault> {
        Ok(())
    }

    fn decide(&self, (): (), moment: &Moment<'_>) -> Decision<Allowance> {
        let (start, end) = self.window(moment.now);
        let counter =
            Key { kind: Kind::new("throttle"), id: format!("{}.{}.{}", self.what, self.who.as_str(), start.as_secs()) };
        if moment.is_exhausted(&counter) {
            return Decision::answer(Allowance::RetryAfter(end.since(moment.now)));
        }
        let mut changes = Changes::none();
        changes.add(counter, 1, i64::from(self.limit.attempts), Some(end));
        Decision::changing(Allowance::Allowed, changes)
    }

    async fn seal(&self, plan: Allowance, _: &mut Changes) -> Result<Allowance, Fault> {
        Ok(plan)
    }
}
