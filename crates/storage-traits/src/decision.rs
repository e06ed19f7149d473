//! What a protocol step decides, as data: what is given or why it is not, what to store, what to report.

use std::convert::Infallible;

use crate::audit::Event;
use crate::batch::Changes;
use crate::clock::Timestamp;
use crate::fault::Fault;
use crate::random::Random;
use crate::record::Key;

/// What a decision is made at: the time, the randomness, and what turned out to be used up.
pub struct Moment<'a> {
    /// The time of this attempt.
    pub now: Timestamp,
    /// The source for fresh identifiers and secrets.
    pub random: &'a dyn Random,
    /// Counters that refused an [`Change::Add`](crate::Change::Add) of an earlier attempt.
    pub exhausted: &'a [Key],
}

impl Moment<'_> {
    /// Whether this counter was at its ceiling at an earlier attempt: the decision must now refuse.
    pub fn is_exhausted(&self, counter: &Key) -> bool {
        self.exhausted.contains(counter)
    }
}

/// A decision, as data.
#[derive(Debug)]
pub struct Decision<G, R> {
    /// What is given, or why it is not.
    pub outcome: Result<G, R>,
    /// What to store. A refusal may store something too: a replay revokes, a failure counts.
    pub changes: Changes,
    /// What to report; stored in the same commit.
    pub events: Vec<Event>,
}

impl<G, R> Decision<G, R> {
    /// It is given, and nothing changes.
    pub fn grant(granted: G) -> Self {
        Decision::from(Ok(granted))
    }

    /// It is refused, and nothing changes.
    pub fn refuse(refusal: impl Into<R>) -> Self {
        Decision::from(Err(refusal.into()))
    }

    /// Stores these changes.
    #[must_use]
    pub fn changing(mut self, changes: Changes) -> Self {
        self.changes = changes;
        self
    }

    /// Reports an event.
    #[must_use]
    pub fn report(mut self, event: Event) -> Self {
        self.events.push(event);
        self
    }
}

/// What was decided, where nothing changes.
impl<G, R> From<Result<G, R>> for Decision<G, R> {
    fn from(outcome: Result<G, R>) -> Self {
        Decision { outcome, changes: Changes::none(), events: Vec::new() }
    }
}

/// Why somebody did not get what they asked for.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Stopped<R> {
    /// The rules refuse it: the caller's doing.
    #[error("{0}")]
    Refused(R),
    /// It could not be done: ours.
    #[error(transparent)]
    Failed(Fault),
}

impl<R> Stopped<R> {
    /// The same, with another kind of refusal.
    pub fn map<S>(self, refusal: impl FnOnce(R) -> S) -> Stopped<S> {
        match self {
            Stopped::Refused(refused) => Stopped::Refused(refusal(refused)),
            Stopped::Failed(fault) => Stopped::Failed(fault),
        }
    }
}

impl<R> From<Fault> for Stopped<R> {
    fn from(fault: Fault) -> Self {
        Stopped::Failed(fault)
    }
}

/// Where nothing is refused, only faults are left.
impl From<Stopped<Infallible>> for Fault {
    fn from(stopped: Stopped<Infallible>) -> Self {
        match stopped {
            Stopped::Failed(fault) => fault,
        }
    }
}
