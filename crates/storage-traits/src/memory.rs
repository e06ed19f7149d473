//! The smallest correct store: everything behind one lock, gone with the process.

use std::collections::{BTreeSet, HashMap};
use std::ops::Bound;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use async_trait::async_trait;

use crate::batch::{Batch, Change};
use crate::clock::Timestamp;
use crate::record::{Entry, Index, Key, Kind, Version};
use crate::store::{Cursor, Entries, Order, Page, Store, StoreError};

/// A store for tests, for demos, and for measuring what a database costs.
#[derive(Debug, Default)]
pub struct MemoryStore(RwLock<Tables>);

#[derive(Debug, Default)]
struct Tables {
    entries: HashMap<Key, Entry>,
    /// (kind, index) → ids, in order.
    indexes: HashMap<(Kind, Index), BTreeSet<String>>,
    expiry: BTreeSet<(Timestamp, Key)>,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        MemoryStore::default()
    }

    /// Every entry, in no order: to look for what must not be stored.
    pub fn dump(&self) -> Vec<Entry> {
        self.read().entries.values().cloned().collect()
    }

    // A poisoned lock is taken all the same: changes are checked first and then applied by code that does not panic.
    fn read(&self) -> RwLockReadGuard<'_, Tables> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Tables> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn load(&self, keys: &[Key]) -> Result<Vec<Option<Entry>>, StoreError> {
        let tables = self.read();
        Ok(keys.iter().map(|key| tables.entries.get(key).map(without_indexes)).collect())
    }

    async fn find(&self, kind: Kind, index: &Index, page: Page) -> Result<Entries, StoreError> {
        let tables = self.read();
        let Some(ids) = tables.indexes.get(&(kind, index.clone())) else {
            return Ok(Entries { entries: Vec::new(), next: None });
        };
        let beyond = page.after.as_ref().map_or(Bound::Unbounded, |Cursor(id)| Bound::Excluded(id.as_str()));
        let size = usize::try_from(page.size()).unwrap_or(1);
        let mut rest: Box<dyn Iterator<Item = &String>> = match page.order {
            Order::Ascending => Box::new(ids.range::<str, _>((beyond, Bound::Unbounded))),
            Order::Descending => Box::new(ids.range::<str, _>((Bound::Unbounded, beyond)).rev()),
        };
        let entries: Vec<Entry> = rest
            .by_ref()
            .take(size)
            .filter_map(|id| tables.entries.get(&Key { kind, id: id.clone() }).map(without_indexes))
            .collect();
        let next = rest.next().and(entries.last()).map(|last| Cursor(last.key.id.clone()));
        Ok(Entries { entries, next })
    }

    async fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        let mut tables = self.write();
        tables.check(&batch)?;
        tables.apply(batch);
        Ok(())
    }

    async fn purge(&self, expired_before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        let mut tables = self.write();
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let expired: Vec<Key> = tables
            .expiry
            .iter()
            .take_while(|(at, _)| *at < expired_before)
            .take(limit)
            .map(|(_, key)| key.clone())
            .collect();
        expired.iter().for_each(|key| tables.remove(key));
        Ok(u64::try_from(expired.len()).unwrap_or(u64::MAX))
    }
}

impl Tables {
    fn version(&self, key: &Key) -> Option<Version> {
        self.entries.get(key).map(|entry| entry.version)
    }

    fn check(&self, batch: &Batch) -> Result<(), StoreError> {
        for guard in &batch.guards {
            if self.version(&guard.key) != guard.version {
                return Err(StoreError::Conflict);
            }
        }
        for change in &batch.changes {
            match change {
                Change::Insert(entry) if self.entries.contains_key(&entry.key) => return Err(StoreError::Conflict),
                Change::Replace(entry) if self.version(&entry.key) != Some(entry.version) => {
                    return Err(StoreError::Conflict);
                }
                Change::Delete { key, version } if self.version(key) != Some(*version) => {
                    return Err(StoreError::Conflict);
                }
                Change::Add { key, by, ceiling, .. } if self.counter(key).saturating_add(*by) > *ceiling => {
                    return Err(StoreError::OverCeiling(key.clone()));
                }
                Change::Insert(_) | Change::Replace(_) | Change::Delete { .. } | Change::Add { .. } => {}
            }
        }
        Ok(())
    }

    fn apply(&mut self, batch: Batch) {
        for change in batch.changes {
            match change {
                Change::Insert(entry) | Change::Replace(entry) => self.put(Entry { version: batch.version, ..entry }),
                Change::Delete { key, .. } => self.remove(&key),
                Change::Add { key, by, expires_at, .. } => {
                    let body = self.counter(&key).saturating_add(by).to_string().into();
                    let known = self.entries.get(&key).map(|entry| entry.expires_at);
                    let expires_at = later(expires_at, known);
                    self.put(Entry { key, version: batch.version, body, indexes: Vec::new(), expires_at });
                }
            }
        }
    }

    fn counter(&self, key: &Key) -> i64 {
        self.entries.get(key).and_then(|entry| entry.body.parse().ok()).unwrap_or(0)
    }

    fn put(&mut self, entry: Entry) {
        self.remove(&entry.key);
        for index in &entry.indexes {
            self.indexes.entry((entry.key.kind, index.clone())).or_default().insert(entry.key.id.clone());
        }
        if let Some(at) = entry.expires_at {
            self.expiry.insert((at, entry.key.clone()));
        }
        self.entries.insert(entry.key.clone(), entry);
    }

    fn remove(&mut self, key: &Key) {
        let Some(entry) = self.entries.remove(key) else { return };
        for index in entry.indexes {
            let slot = (key.kind, index);
            if let Some(ids) = self.indexes.get_mut(&slot) {
                ids.remove(&key.id);
                if ids.is_empty() {
                    self.indexes.remove(&slot);
                }
            }
        }
        if let Some(at) = entry.expires_at {
            self.expiry.remove(&(at, key.clone()));
        }
    }
}

/// What a reader gets: whoever reads by name has no use for the other names, and copying them costs more than the rest.
fn without_indexes(entry: &Entry) -> Entry {
    let Entry { key, version, body, expires_at, .. } = entry;
    Entry { key: key.clone(), version: *version, body: body.clone(), indexes: Vec::new(), expires_at: *expires_at }
}

/// The later of two expiries, where "never" is later than any; `known` is `None` when there was no entry.
fn later(new: Option<Timestamp>, known: Option<Option<Timestamp>>) -> Option<Timestamp> {
    match known {
        None => new,
        Some(None) => None,
        Some(Some(known)) => new.map(|new| new.max(known)),
    }
}
