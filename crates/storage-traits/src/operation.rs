//! The loop: **load → decide → seal → commit**, and again from the start if somebody else wrote first.
//!
//! This file holds the only commit in the protocol crates. Exactly one of many that race for a
//! single-use record commits; the others load again, see it consumed, and decide on that.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::audit::Audit;
use crate::batch::{Batch, Change, Changes, Guard};
use crate::clock::{Clock, Timestamp};
use crate::decision::{Decision, Moment, Stopped};
use crate::fault::Fault;
use crate::random::{self, Random};
use crate::reader::Reader;
use crate::record::{Key, Version};
use crate::store::{Store, StoreError};

/// How often an operation starts again before it gives up with [`Fault::Contended`]. Each loss means that somebody else
/// won, so this many losses in a row mean a hundred others were served meanwhile.
const ATTEMPTS: u32 = 100;

/// The longest pause after the first loss: about as long as a commit takes.
const SHORTEST_PAUSE: Duration = Duration::from_millis(2);

/// The longest pause after any.
const LONGEST_PAUSE: Duration = Duration::from_millis(100);

/// One protocol step: what it reads, and what it decides about it.
#[async_trait]
pub trait Operation: Send + Sync {
    /// What the decision depends on, and nothing else.
    type Loaded: Send;
    /// What is given where the rules allow it.
    type Granted: Send;
    /// Why it is not given where they do not; [`Infallible`](std::convert::Infallible) where nothing is refused.
    type Refusal: Send;

    /// Reads what the decision depends on. Called again on each attempt.
    ///
    /// # Errors
    /// Whatever fault the ports report.
    async fn load(&self, reader: &mut Reader<'_>) -> Result<Self::Loaded, Fault>;

    /// Decides: synchronous, without any effect, the same for the same arguments.
    fn decide(&self, loaded: Self::Loaded, moment: &Moment<'_>) -> Decision<Self::Granted, Self::Refusal>;
}

/// A step whose answer is signed or encrypted once it is decided.
#[async_trait]
pub trait Sealing: Operation {
    /// What the caller gets for [`Operation::Granted`].
    type Sealed: Send;

    /// Signs and encrypts what was granted. It may write what it made into `changes`. It runs before the commit: a token
    /// that is lost with a failed commit harms nobody, a commit without its token does.
    ///
    /// # Errors
    /// [`Fault::Crypto`].
    async fn seal(&self, granted: Self::Granted, changes: &mut Changes) -> Result<Self::Sealed, Fault>;
}

/// The ports that the loop needs. Held by `Issuer`, `AgentProvider` and their like; cheap to clone.
#[derive(Clone)]
pub struct Ports {
    /// The database.
    pub store: Arc<dyn Store>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The randomness.
    pub random: Arc<dyn Random>,
    /// Who is told of events after they are committed.
    pub audit: Arc<dyn Audit>,
}

impl std::fmt::Debug for Ports {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ports")
    }
}

impl Ports {
    /// The present second.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Performs one operation: at most one commit, and an answer only when that commit is durable.
    ///
    /// # Errors
    /// [`Stopped::Refused`] as the operation decides. Of the faults, [`Fault::Unavailable`], [`Fault::Contended`] and
    /// [`Fault::Unknown`] pass and call for 503; the others are bugs or damage. Whatever the fault, no half of the operation
    /// was done.
    pub async fn perform<O: Operation + ?Sized>(&self, operation: &O) -> Result<O::Granted, Stopped<O::Refusal>> {
        self.perform_sealing(&Open(operation)).await
    }

    /// Performs one operation whose answer is sealed before the commit.
    ///
    /// # Errors
    /// As [`Ports::perform`], and what [`Sealing::seal`] reports.
    pub async fn perform_sealing<O: Sealing + ?Sized>(&self, operation: &O) -> Result<O::Sealed, Stopped<O::Refusal>> {
        let mut exhausted = Vec::new();
        let mut lost = 0;
        for _ in 0..ATTEMPTS {
            let mut reader = self.reader();
            let loaded = operation.load(&mut reader).await?;
            let moment = Moment { now: reader.now(), random: self.random.as_ref(), exhausted: &exhausted };
            let Decision { outcome, mut changes, events } = operation.decide(loaded, &moment);
            let answer = match outcome {
                Ok(granted) => Ok(operation.seal(granted, &mut changes).await?),
                Err(refusal) => Err(Stopped::Refused(refusal)),
            };
            let records = self.write_events(&events, &mut reader, &mut changes).await?;
            if changes.is_empty() {
                return answer;
            }
            reader.check_clock().await?;
            let in_whole = reader.guards_in_whole(&changes);
            let guards = reader.guards_beside(&changes);
            let batch = changes.into_batch(Version::generate(self.random.as_ref()), guards)?;
            match self.commit(batch, in_whole).await? {
                Committed::Applied => {
                    records.iter().for_each(|record| self.audit.observe(record));
                    return answer;
                }
                Committed::Lost => {
                    self.clock.pause(self.back_off(lost)).await;
                    lost += 1;
                }
                Committed::OverCeiling(counter) => exhausted.push(counter),
            }
        }
        Err(Stopped::Failed(Fault::Contended))
    }

    /// How long to wait after so many losses: a random part of a time that doubles with each, up to [`LONGEST_PAUSE`]. Those who
    /// lost together do not come back together.
    fn back_off(&self, lost: u32) -> Duration {
        let longest = SHORTEST_PAUSE.saturating_mul(2_u32.saturating_pow(lost)).min(LONGEST_PAUSE);
        longest * u32::from(u16::from_be_bytes(random::bytes::<2>(self.random.as_ref()))) / (1 << 16)
    }

    /// Reads outside an operation: to show, not to decide on.
    pub fn reader(&self) -> Reader<'_> {
        Reader::new(self.store.as_ref(), self.clock.now())
    }

    async fn commit(&self, batch: Batch, in_whole: Vec<Guard>) -> Result<Committed, Fault> {
        let version = batch.version;
        let written: Vec<Key> = batch
            .changes
            .iter()
            .filter(|change| matches!(change, Change::Insert(_) | Change::Replace(_)))
            .map(|change| change.key().clone())
            .collect();
        match self.store.commit_beside(batch, in_whole).await {
            Ok(()) => Ok(Committed::Applied),
            Err(StoreError::Conflict) => Ok(Committed::Lost),
            Err(StoreError::OverCeiling(counter)) => Ok(Committed::OverCeiling(counter)),
            Err(StoreError::Unavailable(reason)) => Err(Fault::Unavailable(reason)),
            Err(StoreError::Unknown) => self.find_out(version, &written).await,
        }
    }

    /// Did a commit whose acknowledgement was lost happen? If it did, what it wrote carries its version. If nothing
    /// does, that proves nothing yet: it may still be on its way, or be overwritten already. Then the caller is told so.
    async fn find_out(&self, version: Version, written: &[Key]) -> Result<Committed, Fault> {
        if written.is_empty() {
            return Err(Fault::Unknown);
        }
        let found = self.store.load(written).await.map_err(|_| Fault::Unknown)?;
        let applied = found.iter().flatten().any(|entry| entry.version == version);
        if applied { Ok(Committed::Applied) } else { Err(Fault::Unknown) }
    }
}

enum Committed {
    Applied,
    Lost,
    OverCeiling(Key),
}

/// An operation with nothing to seal.
struct Open<'a, O: ?Sized>(&'a O);

#[async_trait]
impl<O: Operation + ?Sized> Operation for Open<'_, O> {
    type Loaded = O::Loaded;
    type Granted = O::Granted;
    type Refusal = O::Refusal;

    async fn load(&self, reader: &mut Reader<'_>) -> Result<O::Loaded, Fault> {
        self.0.load(reader).await
    }

    fn decide(&self, loaded: O::Loaded, moment: &Moment<'_>) -> Decision<O::Granted, O::Refusal> {
        self.0.decide(loaded, moment)
    }
}

#[async_trait]
impl<O: Operation + ?Sized> Sealing for Open<'_, O> {
    type Sealed = O::Granted;

    async fn seal(&self, granted: O::Granted, _: &mut Changes) -> Result<O::Granted, Fault> {
        Ok(granted)
    }
}
