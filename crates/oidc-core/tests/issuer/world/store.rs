//! Stores for tests, and how records get into them.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use countersign_storage::{
    Batch, Changes, Decision, Entries, Entry, Fault, Index, Key, Kind, Moment, Operation, Page, Reader, Record, Store,
    StoreError, Stored, Timestamp,
};

/// A store that can be switched off.
pub(crate) struct Switched {
    pub(crate) store: Arc<dyn Store>,
    down: AtomicBool,
}

impl Switched {
    pub(crate) fn new(store: Arc<dyn Store>) -> Arc<Self> {
        Arc::new(Switched { store, down: AtomicBool::new(false) })
    }

    pub(crate) fn turn_off(&self) {
        self.down.store(true, Ordering::SeqCst);
    }

    fn check(&self) -> Result<(), StoreError> {
        match self.down.load(Ordering::SeqCst) {
            true => Err(StoreError::Unavailable("switched off".to_owned())),
            false => Ok(()),
        }
    }
}

#[async_trait]
impl Store for Switched {
    async fn load(&self, keys: &[Key]) -> Result<Vec<Option<Entry>>, StoreError> {
        self.check()?;
        self.store.load(keys).await
    }

    async fn find(&self, kind: Kind, index: &Index, page: Page) -> Result<Entries, StoreError> {
        self.check()?;
        self.store.find(kind, index, page).await
    }

    async fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        self.check()?;
        self.store.commit(batch).await
    }

    async fn purge(&self, expired_before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        self.check()?;
        self.store.purge(expired_before, limit).await
    }
}

/// Writes a record, whatever was there.
pub(crate) struct Put<R>(pub(crate) R);

#[async_trait]
impl<R: Record + Clone> Operation for Put<R> {
    type Loaded = Option<Stored<R>>;
    type Granted = ();
    type Refusal = Infallible;

    async fn load(&self, reader: &mut Reader<'_>) -> Result<Self::Loaded, Fault> {
        reader.load(R::at(self.0.id())).await
    }

    fn decide(&self, known: Self::Loaded, _: &Moment<'_>) -> Decision<(), Infallible> {
        let mut changes = Changes::none();
        match known {
            Some(known) => changes.replace(&known.with(self.0.clone())),
            None => changes.insert(&self.0),
        };
        Decision::grant(()).changing(changes)
    }
}
