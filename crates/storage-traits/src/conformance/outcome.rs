//! Commits whose acknowledgement is lost: applied or not, the caller cannot tell.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::fixture::Fixture;
use super::verdict::{Verdict, Violation};
use crate::audit::{Audit, AuditRecord};
use crate::batch::{Batch, Changes, Guard};
use crate::clock::{SystemClock, Timestamp};
use crate::decision::{Decision, Moment, Stopped};
use crate::fault::Fault;
use crate::operation::{Operation, Ports};
use crate::reader::Reader;
use crate::record::{Index, Key, Kind, Record, Stored};
use crate::store::{Entries, Page, Store, StoreError, Whole};

/// A store that loses acknowledgements, when it is told to.
pub struct LostAcknowledgements {
    inner: Arc<dyn Store>,
    next: Mutex<Option<Fate>>,
}

/// What becomes of a commit whose acknowledgement is lost.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fate {
    /// It is applied.
    Applied,
    /// It never arrives.
    Dropped,
}

impl LostAcknowledgements {
    /// Passes everything on to `inner`.
    pub fn new(inner: Arc<dyn Store>) -> Self {
        LostAcknowledgements { inner, next: Mutex::new(None) }
    }

    /// Loses the acknowledgement of the next commit.
    pub fn lose_next(&self, fate: Fate) {
        *self.next.lock().unwrap_or_else(PoisonError::into_inner) = Some(fate);
    }
}

#[async_trait]
impl Store for LostAcknowledgements {
    async fn load(&self, keys: &[Key]) -> Result<Vec<Option<crate::record::Entry>>, StoreError> {
        self.inner.load(keys).await
    }

    async fn find(&self, kind: Kind, index: &Index, page: Page) -> Result<Entries, StoreError> {
        self.inner.find(kind, index, page).await
    }

    async fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        self.commit_beside(batch, Vec::new()).await
    }

    async fn commit_beside(&self, batch: Batch, in_whole: Vec<Guard>) -> Result<(), StoreError> {
        let fate = self.next.lock().unwrap_or_else(PoisonError::into_inner).take();
        match fate {
            None => self.inner.commit_beside(batch, in_whole).await,
            Some(Fate::Applied) => self.inner.commit_beside(batch, in_whole).await.and(Err(StoreError::Unknown)),
            Some(Fate::Dropped) => Err(StoreError::Unknown),
        }
    }

    fn whole(&self) -> Whole {
        self.inner.whole()
    }

    fn in_whole(&self, key: Key) -> Key {
        self.inner.in_whole(key)
    }

    async fn purge(&self, expired_before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        self.inner.purge(expired_before, limit).await
    }
}

/// The ports of the kit's own operations.
pub(super) fn ports(store: Arc<dyn Store>, t: &Fixture) -> Ports {
    struct Silent;
    impl Audit for Silent {
        fn observe(&self, _: &AuditRecord) {}
    }
    Ports { store, clock: Arc::new(SystemClock), random: t.random.clone(), audit: Arc::new(Silent) }
}

/// What may be redeemed once.
#[derive(Serialize, Deserialize)]
pub(super) struct Ticket {
    pub(super) id: String,
    pub(super) redeemed: Option<String>,
}

impl Record for Ticket {
    const KIND: Kind = Kind::new("conformance_ticket");

    fn id(&self) -> String {
        self.id.clone()
    }
}

/// What was had for a ticket.
#[derive(Serialize, Deserialize)]
pub(super) struct Prize {
    pub(super) id: String,
    pub(super) ticket: String,
}

impl Record for Prize {
    const KIND: Kind = Kind::new("conformance_prize");

    fn id(&self) -> String {
        self.id.clone()
    }

    fn indexes(&self) -> Vec<Index> {
        vec![Index::new("ticket", &self.ticket)]
    }
}

/// Redeems a ticket, the way a code is redeemed for a token.
pub(super) struct Redeem {
    pub(super) ticket: String,
}

/// How an attempt to redeem ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Redeemed {
    Now,
    Before,
}

#[async_trait]
impl Operation for Redeem {
    type Loaded = Option<Stored<Ticket>>;
    type Granted = Redeemed;
    type Refusal = Infallible;

    async fn load(&self, reader: &mut Reader<'_>) -> Result<Self::Loaded, Fault> {
        reader.load(Ticket::at(&self.ticket)).await
    }

    fn decide(&self, ticket: Self::Loaded, moment: &Moment<'_>) -> Decision<Redeemed, Infallible> {
        match ticket {
            Some(mut ticket) if ticket.redeemed.is_none() => {
                let id = crate::secret::identifier("prize", moment.random);
                ticket.record.redeemed = Some(id.clone());
                let prize = Prize { id, ticket: self.ticket.clone() };
                let mut changes = Changes::none();
                changes.replace(&ticket).insert(&prize);
                Decision::grant(Redeemed::Now).changing(changes)
            }
            _ => Decision::grant(Redeemed::Before),
        }
    }
}

/// Puts a ticket there.
pub(super) async fn issue(t: &Fixture, id: &str) -> Result<String, Violation> {
    let ticket = Ticket { id: format!("{}/{id}", t.own), redeemed: None };
    let mut changes = Changes::none();
    changes.insert(&ticket);
    t.commit(Vec::new(), changes.changes).await?;
    Ok(ticket.id)
}

/// Fails unless exactly so many prizes were had for a ticket.
pub(super) async fn prizes(t: &Fixture, ticket: &str, expected: usize) -> Verdict {
    let found = t.store.find(Prize::KIND, &Index::new("ticket", ticket), Page::first(100)).await?;
    ensure!(found.entries.len() == expected, "{} prizes for one ticket, not {expected}", found.entries.len());
    Ok(())
}

pub(super) async fn a_lost_acknowledgement_is_found_out(t: &Fixture) -> Verdict {
    let lossy = Arc::new(LostAcknowledgements::new(t.store.clone()));
    let ports = ports(lossy.clone(), t);

    let ticket = issue(t, "applied").await?;
    lossy.lose_next(Fate::Applied);
    let outcome = ports.perform(&Redeem { ticket: ticket.clone() }).await;
    ensure!(outcome == Ok(Redeemed::Now), "applied, but the caller was told {outcome:?}");
    let outcome = ports.perform(&Redeem { ticket: ticket.clone() }).await;
    ensure!(outcome == Ok(Redeemed::Before), "a second time: {outcome:?}");
    prizes(t, &ticket, 1).await?;

    let ticket = issue(t, "dropped").await?;
    lossy.lose_next(Fate::Dropped);
    let outcome = ports.perform(&Redeem { ticket: ticket.clone() }).await;
    ensure!(outcome == Err(Stopped::Failed(Fault::Unknown)), "dropped, but the caller was told {outcome:?}");
    prizes(t, &ticket, 0).await?;
    let outcome = ports.perform(&Redeem { ticket: ticket.clone() }).await;
    ensure!(outcome == Ok(Redeemed::Now), "once more: {outcome:?}");
    prizes(t, &ticket, 1).await
}
