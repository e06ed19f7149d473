//! Removing what has expired, and what may not come back by it.
//!
//! That a token was used is known as long as its mark is stored, and the mark is removed when the token has expired. A clock
//! that is set back, or that of another node, would then find the token valid and the mark gone. So two rules hold:
//! - What expired is removed only when it has expired on all nodes, their clocks being at most [`CLOCKS_APART`] from each other.
//! - Up to when records were removed is stored, and who has an earlier time does nothing. It is read along with whatever else
//!   an operation reads.

use std::convert::Infallible;
use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::batch::Changes;
use crate::clock::Timestamp;
use crate::fault::Fault;
use crate::operation::{Decision, Moment, Operation, Ports};
use crate::reader::Reader;
use crate::record::{Kind, Record, Stored};
use crate::store::StoreError;

/// How far apart the clocks of two nodes may be: 10 minutes.
pub const CLOCKS_APART: Duration = Duration::from_secs(10 * 60);

/// The name of the one record.
pub(crate) const HORIZON: &str = "horizon";

/// Up to when records were removed: one for a whole store, whatever scopes it has.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Horizon {
    id: String,
    pub(crate) purged_before: Timestamp,
}

impl Record for Horizon {
    const KIND: Kind = Kind::new("purge_horizon");

    fn id(&self) -> String {
        self.id.clone()
    }
}

impl Horizon {
    /// Whether a clock is late enough to go on.
    pub(crate) fn check(found: Option<&Horizon>, now: Timestamp) -> Result<(), Fault> {
        match found {
            Some(horizon) if now < horizon.purged_before => Err(Fault::Unavailable(format!(
                "the clock of this node is behind: records were removed up to {} seconds since 1970, and it says {}",
                horizon.purged_before.as_secs(),
                now.as_secs()
            ))),
            _ => Ok(()),
        }
    }
}

impl Ports {
    /// Removes at most `limit` records that have expired on every node, and says how many.
    ///
    /// # Errors
    /// [`Fault::Unavailable`], also where the clock of this node is behind what others removed.
    pub async fn purge(&self, limit: u32) -> Result<u64, Fault> {
        let before = self.now() - CLOCKS_APART;
        self.perform(&Advance { before }).await?;
        self.store.purge(before, limit).await.map_err(|error| match error {
            StoreError::Unavailable(reason) => Fault::Unavailable(reason),
            StoreError::Conflict | StoreError::OverCeiling(_) | StoreError::Unknown => Fault::Unknown,
        })
    }
}

/// Notes it before anything is removed.
struct Advance {
    before: Timestamp,
}

#[async_trait]
impl Operation for Advance {
    type Loaded = Option<Stored<Horizon>>;
    type Granted = ();
    type Refusal = Infallible;

    async fn load(&self, reader: &mut Reader<'_>) -> Result<Self::Loaded, Fault> {
        reader.load(Horizon::at(HORIZON)).await
    }

    fn decide(&self, known: Self::Loaded, _: &Moment<'_>) -> Decision<(), Infallible> {
        let mut changes = Changes::none();
        match known {
            Some(known) if known.purged_before >= self.before => {}
            Some(mut known) => {
                known.record.purged_before = self.before;
                changes.replace(&known);
            }
            None => {
                changes.insert(&Horizon { id: HORIZON.to_owned(), purged_before: self.before });
            }
        }
        Decision::grant(()).changing(changes)
    }
}
