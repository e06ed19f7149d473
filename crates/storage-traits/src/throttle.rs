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
use crate::limit::{Counter, Limit};
use crate::operation::{Operation, Ports};
use crate::reader::Reader;
use crate::record::Kind;
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
        let plain = Attempt { ways: counts.iter().map(|count| Way::of(count, 0)).collect() };
        let refused = match self.ports.perform(&plain).await? {
            Allowance::Allowed => return Ok(Allowance::Allowed),
            refused => refused,
        };
        // What was right does not count. It is looked up only here, for most attempts are far from any limit.
        let (mut reader, mut forgiven) = (self.ports.reader(), Vec::new());
        for (count, way) in counts.iter().zip(&plain.ways) {
            let right = reader.counter(way.forgiven(reader.now()).key()).await?;
            forgiven.push(Way::of(count, right));
        }
        match forgiven == plain.ways {
            true => Ok(refused),
            false => Ok(self.ports.perform(&Attempt { ways: forgiven }).await?),
        }
    }

    async fn forgive(&self, counts: &[Count<'_>], at: Timestamp) -> Result<(), Fault> {
        let ways = counts.iter().map(|count| Way::of(count, 0)).collect();
        Ok(self.ports.perform(&Forgive { ways, at }).await?)
    }
}

/// One of the ways in which an attempt is counted.
#[derive(PartialEq, Eq)]
struct Way {
    who: String,
    limit: Limit,
    /// How many attempts of the window were taken back.
    forgiven: i64,
}

impl Way {
    fn of(count: &Count<'_>, forgiven: i64) -> Self {
        let who = format!("{}.{}", count.what, Handle::of(count.who).as_str());
        Way { who, limit: count.limit, forgiven }
    }

    /// Of the attempts.
    fn counter(&self, now: Timestamp) -> Counter {
        self.limit.counter(Kind::new("throttle"), &self.who, now).raised(self.forgiven)
    }

    /// Of those that were taken back: any number.
    fn forgiven(&self, at: Timestamp) -> Counter {
        self.limit.counter(Kind::new("throttle_forgiven"), &self.who, at).raised(i64::MAX)
    }
}

struct Attempt {
    ways: Vec<Way>,
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
        for way in &self.ways {
            let counter = way.counter(moment.now);
            if let Some(until) = counter.used_up(moment) {
                return Decision::grant(Allowance::RetryAfter(until.since(moment.now)));
            }
            counter.count(1, &mut changes);
        }
        Decision::grant(Allowance::Allowed).changing(changes)
    }
}

struct Forgive {
    ways: Vec<Way>,
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
        for way in &self.ways {
            way.forgiven(self.at).count(1, &mut changes);
        }
        Decision::grant(()).changing(changes)
    }
}
