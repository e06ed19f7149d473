//! A part of a store: what is written through a scope is found through that scope and through no other.
//!
//! Several issuers can share one database. What belongs to one of them (clients, codes, grants, tokens, interactions,
//! signing keys, hosts, agents) lies in the scope that is named after it, so that another issuer does not refuse it: it does
//! not find it. People and their sessions lie where the ports of the sign-in side lead: one realm for several issuers, or a
//! scope for each.
//!
//! The audit is not divided. Its records have names of their own and are listed by person, whichever issuer they tell of. Nor is
//! what was removed from the store as a whole.

use std::sync::Arc;

use async_trait::async_trait;

use crate::audit::AuditRecord;
use crate::audit_log;
use crate::batch::{Batch, Change, Guard};
use crate::clock::Timestamp;
use crate::horizon::Horizon;
use crate::operation::Ports;
use crate::record::{Entry, Index, Key, Kind, Record};
use crate::secret::Handle;
use crate::store::{Cursor, Entries, Page, Store, StoreError, Whole};

impl Ports {
    /// The same ports, over the part of the store that is named `name`: any text, an issuer identifier for one. Scopes
    /// nest.
    ///
    /// Ids lose 23 of the 512 bytes that a [`Key`] may have.
    #[must_use]
    pub fn scoped(&self, name: &str) -> Ports {
        Ports { store: Arc::new(Scope::new(self.store.clone(), name)), ..self.clone() }
    }
}

/// A store that is a part of another. See [`Ports::scoped`].
struct Scope {
    whole: Arc<dyn Store>,
    prefix: String,
}

impl Scope {
    fn new(whole: Arc<dyn Store>, name: &str) -> Self {
        let hash = Handle::of(&format!("scope\n{name}"));
        let short: String = hash.as_str().chars().take(PREFIX - 1).collect();
        Scope { whole, prefix: format!("{short}/") }
    }

    fn divides(kind: Kind) -> bool {
        ![AuditRecord::KIND, audit_log::REPEATS, Horizon::KIND].contains(&kind)
    }

    fn outward(&self, key: Key) -> Key {
        match Scope::divides(key.kind) {
            true => Key { id: format!("{}{}", self.prefix, key.id), ..key },
            false => key,
        }
    }

    fn outward_index(&self, index: &Index) -> Index {
        Index { name: index.name, value: format!("{}{}", self.prefix, index.value) }
    }

    fn outward_entry(&self, entry: Entry) -> Entry {
        let indexes = match Scope::divides(entry.key.kind) {
            true => entry.indexes.iter().map(|index| self.outward_index(index)).collect(),
            false => entry.indexes,
        };
        Entry { key: self.outward(entry.key), indexes, ..entry }
    }

    fn outward_change(&self, change: Change) -> Change {
        match change {
            Change::Insert(entry) => Change::Insert(self.outward_entry(entry)),
            Change::Replace(entry) => Change::Replace(self.outward_entry(entry)),
            Change::Delete { key, version } => Change::Delete { key: self.outward(key), version },
            Change::Add { key, by, ceiling, expires_at } => {
                Change::Add { key: self.outward(key), by, ceiling, expires_at }
            }
        }
    }

    fn inward(&self, key: Key) -> Key {
        match Scope::divides(key.kind) {
            true => Key { id: self.inward_text(key.id), ..key },
            false => key,
        }
    }

    fn inward_text(&self, text: String) -> String {
        text.strip_prefix(&self.prefix).map(str::to_owned).unwrap_or(text)
    }

    fn inward_entry(&self, entry: Entry) -> Entry {
        let indexes = match Scope::divides(entry.key.kind) {
            true => (entry.indexes.into_iter())
                .map(|index| Index { name: index.name, value: self.inward_text(index.value) })
                .collect(),
            false => entry.indexes,
        };
        Entry { key: self.inward(entry.key), indexes, ..entry }
    }
}

#[async_trait]
impl Store for Scope {
    async fn load(&self, keys: &[Key]) -> Result<Vec<Option<Entry>>, StoreError> {
        let outward: Vec<Key> = keys.iter().map(|key| self.outward(key.clone())).collect();
        let found = self.whole.load(&outward).await?;
        Ok(found.into_iter().map(|entry| entry.map(|entry| self.inward_entry(entry))).collect())
    }

    async fn find(&self, kind: Kind, index: &Index, page: Page) -> Result<Entries, StoreError> {
        if !Scope::divides(kind) {
            return self.whole.find(kind, index, page).await;
        }
        let after = page.after.map(|Cursor(id)| Cursor(format!("{}{id}", self.prefix)));
        let found = self.whole.find(kind, &self.outward_index(index), Page { after, ..page }).await?;
        Ok(Entries {
            entries: found.entries.into_iter().map(|entry| self.inward_entry(entry)).collect(),
            next: found.next.map(|Cursor(id)| Cursor(self.inward_text(id))),
        })
    }

    async fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        self.commit_beside(batch, Vec::new()).await
    }

    /// What is over is over in every scope.
    async fn purge(&self, expired_before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        self.whole.purge(expired_before, limit).await
    }

    fn whole(&self) -> Whole {
        self.whole.whole()
    }

    fn in_whole(&self, key: Key) -> Key {
        self.whole.in_whole(self.outward(key))
    }

    async fn commit_beside(&self, batch: Batch, in_whole: Vec<Guard>) -> Result<(), StoreError> {
        let mut guards = batch.guards;
        for guard in &mut guards {
            guard.key = self.outward(guard.key.clone());
        }
        let changes = batch.changes.into_iter().map(|change| self.outward_change(change)).collect();
        let batch = Batch { version: batch.version, guards, changes };
        self.whole.commit_beside(batch, in_whole).await.map_err(|error| match error {
            StoreError::OverCeiling(key) => StoreError::OverCeiling(self.inward(key)),
            other => other,
        })
    }
}

/// 132 bits of a hash, in base64url, and a slash: long enough that no two names share one.
const PREFIX: usize = 23;
