//! Removing what has expired, with a note of up to when: [`crate::horizon`] says why.

use std::convert::Infallible;

use async_trait::async_trait;

use crate::batch::Changes;
use crate::clock::Timestamp;
use crate::decision::{Decision, Moment};
use crate::fault::Fault;
use crate::horizon::{CLOCKS_APART, HORIZON, Horizon};
use crate::operation::{Operation, Ports};
use crate::reader::Reader;
use crate::record::{Record, Stored};
use crate::store::StoreError;

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
