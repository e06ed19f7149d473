//! The port that slows down who tries too often.
//!
//! Attempts are counted before they are judged, for counting the failures afterwards would let any number of simultaneous
//! ones through. What turned out right is taken back ([`Throttle::forgive`]), so that limits count failures.

use std::convert::Infallible;
use std::time::Duration;

use async_trait::async_trait;

use crate::batch::Changes;
use crate::clock::Timestamp;
use crate::decision::{Decision, Moment};
use crate::fault::Fault;
use crate::operation::{Operation, Ports};
use crate::reader::Reader;
use crate::record::{Key, Kind};
use crate::secret::Handle;

/// Counts attempts.
///
/// # Security
/// Guessing passwords and user codes is bounded by this and by nothing else. An implementation must count for all nodes
/// together, and must fail rather than allow when it cannot count.
#[async_trait]
pub trait Throttle: Send + Sync {
    /// Counts one attempt by `who` at `what`, and says whether it is within `limit`. An attempt over the limit is not
    /// counted further.
    ///
    /// # Errors
    /// [`Fault::Unavailable`]: the caller refuses the attempt.
    async fn attempt(&self, what: &'static str, who: &str, limit: Limit) -> Result<Allowance, Fault> {
        self.attempt_all(&[Count { what, who, limit }]).await
    }

    /// Counts one attempt in several ways at once: in all of them, or, where one is over its limit, in none.
    ///
    /// # Errors
    /// [`Fault::Unavailable`]: the caller refuses the attempt.
    async fn attempt_all(&self, counts: &[Count<'_>]) -> Result<Allowance, Fault>;

    /// Takes an attempt back that was counted at `at` and turned out to be right.
    ///
    /// # Errors
    /// [`Fault::Unavailable`]: then it stays counted.
    async fn forgive(&self, counts: &[Count<'_>], at: Timestamp) -> Result<(), Fault>;
}

/// One way in which an attempt is counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Count<'a> {
    /// What is tried; each has a limit of its own.
    pub what: &'static str,
    /// By whom, or at whom.
    pub who: &'a str,
    /// How often.
    pub limit: Limit,
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
    /// It can.
    Allowed,
    /// It must not; try again after this long: the `Retry-After` of [RFC 9110 §10.2.3], at least one second.
    ///
    /// [RFC 9110 §10.2.3]: https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3
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
    async fn attempt_all(&self, counts: &[Count<'_>]) -> Result<Allowance, Fault> {
        let plain = Attempt { counts: counts.iter().map(|count| Counter::of(count, 0)).collect() };
        let refused = match self.ports.perform(&plain).await? {
            Allowance::Allowed => return Ok(Allowance::Allowed),
            refused => refused,
        };
        // What was right does not count. It is looked up only here, for most attempts are far from any limit.
        let (mut reader, mut forgiven) = (self.ports.reader(), Vec::new());
        for (count, counter) in counts.iter().zip(&plain.counts) {
            let right = reader.counter(&counter.forgiven(reader.now())).await?;
            forgiven.push(Counter::of(count, right));
        }
        match forgiven == plain.counts {
            true => Ok(refused),
            false => Ok(self.ports.perform(&Attempt { counts: forgiven }).await?),
        }
    }

    async fn forgive(&self, counts: &[Count<'_>], at: Timestamp) -> Result<(), Fault> {
        let counts = counts.iter().map(|count| Counter::of(count, 0)).collect();
        Ok(self.ports.perform(&Forgive { counts, at }).await?)
    }
}

/// One of the counters of an attempt.
#[derive(PartialEq, Eq)]
struct Counter {
    name: String,
    limit: Limit,
    /// How many attempts of the window were taken back.
    forgiven: i64,
}

impl Counter {
    fn of(count: &Count<'_>, forgiven: i64) -> Self {
        let name = format!("{}.{}", count.what, Handle::of(count.who).as_str());
        Counter { name, limit: count.limit, forgiven }
    }

    fn key(&self, now: Timestamp) -> Key {
        Key {
            kind: Kind::new("throttle"),
            id: format!("{}.{}", self.name, now.window(self.limit.window).start.as_secs()),
        }
    }

    fn forgiven(&self, now: Timestamp) -> Key {
        Key { kind: Kind::new("throttle_forgiven"), ..self.key(now) }
    }
}

struct Attempt {
    counts: Vec<Counter>,
}

#[async_trait]
impl Operation for Attempt {
    type Loaded = ();
    type Granted = Allowance;
    type Refusal = Infallible;

    async fn load(&self, _: &mut Reader<'_>) -> Result<(), Fault> {
        Ok(())
    }

    fn decide(&self, (): (), moment: &Moment<'_>) -> Decision<Allowance, Infallible> {
        let mut changes = Changes::none();
        for counter in &self.counts {
            let (key, end) = (counter.key(moment.now), moment.now.window(counter.limit.window).end);
            if moment.is_exhausted(&key) {
                return Decision::grant(Allowance::RetryAfter(end.since(moment.now)));
            }
            changes.add(key, 1, i64::from(counter.limit.attempts).saturating_add(counter.forgiven), Some(end));
        }
        Decision::grant(Allowance::Allowed).changing(changes)
    }
}

struct Forgive {
    counts: Vec<Counter>,
    at: Timestamp,
}

#[async_trait]
impl Operation for Forgive {
    type Loaded = ();
    type Granted = ();
    type Refusal = Infallible;

    async fn load(&self, _: &mut Reader<'_>) -> Result<(), Fault> {
        Ok(())
    }

    fn decide(&self, (): (), _: &Moment<'_>) -> Decision<(), Infallible> {
        let mut changes = Changes::none();
        for counter in &self.counts {
            changes.add(counter.forgiven(self.at), 1, i64::MAX, Some(self.at.window(counter.limit.window).end));
        }
        Decision::grant(()).changing(changes)
    }
}
