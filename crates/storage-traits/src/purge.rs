//! Removing what has expired, with a note of up to when: [`crate::horizon`] says why, and how fast.

use std::convert::Infallible;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;

use crate::batch::Changes;
use crate::clock::Timestamp;
use crate::decision::{Decision, Moment};
use crate::fault::Fault;
use crate::horizon::{AFTER_ANOTHER, CLOCKS_APART, HORIZON, Horizon};
use crate::operation::{Operation, Ports};
use crate::reader::Reader;
use crate::record::{Record, Stored};
use crate::store::StoreError;

/// Removes what has expired from a store. A node keeps one as long as it lives, and lets it [run](Purge::run) every minute
/// or so: how far the horizon moves hangs on the time since it ran last.
pub struct Purge {
    ports: Ports,
    sight: Mutex<Sight>,
}

impl Purge {
    /// For the whole store that the ports lead to, whatever scopes it has.
    pub fn new(ports: Ports) -> Self {
        Purge { ports, sight: Mutex::default() }
    }

    /// Removes at most `limit` records that have expired on every node, and says how many.
    ///
    /// # Errors
    /// [`Fault::Unavailable`], also where the clock of this node is behind what others removed.
    pub async fn run(&self, limit: u32) -> Result<u64, Fault> {
        let sight = *self.sight.lock().unwrap_or_else(PoisonError::into_inner);
        let advanced = self.ports.perform(&Advance { sight, lived: self.ports.clock.lived() }).await?;
        *self.sight.lock().unwrap_or_else(PoisonError::into_inner) = advanced.sight;
        if let Some(behind) = advanced.behind {
            tracing::warn!(
                other = behind.as_secs(),
                ours = self.ports.now().as_secs(),
                "the clock of another node is behind the clock of this one: this one removes nothing on its own"
            );
        }
        self.ports.store.purge(advanced.before, limit).await.map_err(|error| match error {
            StoreError::Unavailable(reason) => Fault::Unavailable(reason),
            StoreError::Conflict | StoreError::OverCeiling(_) | StoreError::Unknown => Fault::Unknown,
        })
    }
}

impl std::fmt::Debug for Purge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Purge")
    }
}

/// What this node saw of the horizon when it looked last.
#[derive(Clone, Copy, Default)]
struct Sight {
    last: Option<Last>,
    /// When, in time lived, another node was seen whose clock is behind ours.
    another_at: Option<Duration>,
}

#[derive(Clone, Copy)]
struct Last {
    lived: Duration,
    purged_before: Timestamp,
    noted_at: Option<Timestamp>,
    /// What was earned below a whole second, so that it is not lost to a node that looks often.
    fraction: Duration,
}

/// Notes it before anything is removed.
struct Advance {
    sight: Sight,
    lived: Duration,
}

struct Advanced {
    sight: Sight,
    before: Timestamp,
    /// The clock that was just seen to be behind ours.
    behind: Option<Timestamp>,
}

impl Advance {
    /// A clock that was noted since we looked last, and is behind ours by more than clocks may be apart. It was noted at some
    /// moment since then, so it says at most that much more by now.
    fn clock_behind(&self, known: &Horizon, now: Timestamp) -> Option<Timestamp> {
        let last = self.sight.last?;
        let noted_at = known.noted_at.filter(|noted_at| Some(*noted_at) != last.noted_at)?;
        let passed = self.lived.saturating_sub(last.lived) + A_SECOND;
        (noted_at + passed + CLOCKS_APART < now).then_some(noted_at)
    }

    /// How far this node can move the horizon. It counts from the horizon as it was when the node looked last: several nodes
    /// together move it no faster than one.
    fn reachable(&self, known: Timestamp) -> Timestamp {
        self.sight.last.map_or(known, |last| last.purged_before + self.earned(last))
    }

    /// By how much, for the time that was lived since: 11 seconds in 10.
    fn earned(&self, last: Last) -> Duration {
        let lived = self.lived.saturating_sub(last.lived);
        lived + lived / 10 + last.fraction
    }
}

#[async_trait]
impl Operation for Advance {
    type Loaded = Option<Stored<Horizon>>;
    type Granted = Advanced;
    type Refusal = Infallible;

    async fn load(&self, reader: &mut Reader<'_>) -> Result<Self::Loaded, Fault> {
        reader.load(Horizon::at(HORIZON)).await
    }

    fn decide(&self, known: Self::Loaded, moment: &Moment<'_>) -> Decision<Advanced, Infallible> {
        let wanted = moment.now - CLOCKS_APART;
        let mut changes = Changes::none();
        let mut sight = self.sight;
        let mut behind = None;
        let horizon = match known {
            None => {
                let first = Horizon { id: HORIZON.to_owned(), purged_before: wanted, noted_at: Some(moment.now) };
                changes.insert(&first);
                first
            }
            Some(mut known) => {
                behind = self.clock_behind(&known, moment.now);
                if behind.is_some() {
                    sight.another_at = Some(self.lived);
                }
                let waits = sight.another_at.is_some_and(|at| self.lived.saturating_sub(at) < AFTER_ANOTHER);
                let moved = known.purged_before.max(wanted.min(self.reachable(known.purged_before)));
                let tells = self.sight.last.is_some() && known.noted_at != Some(moment.now);
                if !waits && (tells || moved > known.purged_before) {
                    known.record.purged_before = moved;
                    known.record.noted_at = Some(moment.now);
                    changes.replace(&known);
                }
                known.record
            }
        };
        sight.last = Some(Last {
            lived: self.lived,
            purged_before: horizon.purged_before,
            noted_at: horizon.noted_at,
            fraction: self.sight.last.map_or(Duration::ZERO, |last| fraction(self.earned(last))),
        });
        Decision::grant(Advanced { sight, before: wanted.min(horizon.purged_before), behind }).changing(changes)
    }
}

fn fraction(time: Duration) -> Duration {
    Duration::from_nanos(time.subsec_nanos().into())
}

const A_SECOND: Duration = Duration::from_secs(1);
