//! What a law works with: a store, names that nobody else uses, and short forms of commits.

use std::sync::Arc;

use serde_json::Value;

use super::verdict::Violation;
use crate::batch::{Batch, Change, Guard};
use crate::clock::Timestamp;
use crate::random::SystemRandom;
use crate::record::{Entry, Index, Key, Kind, Version};
use crate::secret;
use crate::store::{Entries, Page, Store, StoreError};

pub(super) const KIND: Kind = Kind::new("conformance");
pub(super) const OTHER_KIND: Kind = Kind::new("conformance_other");
pub(super) const COUNTER: Kind = Kind::new("conformance_counter");

pub(super) struct Fixture {
    pub(super) store: Arc<dyn Store>,
    pub(super) random: Arc<SystemRandom>,
    /// Begins each id and each index value, so that laws do not meet.
    pub(super) own: String,
}

impl Fixture {
    pub(super) fn new(store: Arc<dyn Store>) -> Self {
        let random = Arc::new(SystemRandom::default());
        let own = secret::identifier("law", random.as_ref());
        Fixture { store, random, own }
    }

    pub(super) fn key(&self, id: &str) -> Key {
        self.key_in(KIND, id)
    }

    pub(super) fn key_in(&self, kind: Kind, id: &str) -> Key {
        Key { kind, id: format!("{}/{id}", self.own) }
    }

    pub(super) fn index(&self, name: &'static str, value: &str) -> Index {
        Index::new(name, format!("{}/{value}", self.own))
    }

    /// An entry that is not stored yet: no version, no index, no expiry.
    pub(super) fn entry(&self, id: &str, body: &str) -> Entry {
        bare(self.key(id), body)
    }

    pub(super) fn version(&self) -> Version {
        Version::generate(self.random.as_ref())
    }

    /// Commits, and says under which version.
    pub(super) async fn commit(&self, guards: Vec<Guard>, changes: Vec<Change>) -> Result<Version, StoreError> {
        let version = self.version();
        self.store.commit(Batch { version, guards, changes }).await?;
        Ok(version)
    }

    pub(super) async fn change(&self, change: Change) -> Result<Version, StoreError> {
        self.commit(Vec::new(), vec![change]).await
    }

    pub(super) async fn insert(&self, entry: Entry) -> Result<Version, StoreError> {
        self.change(Change::Insert(entry)).await
    }

    pub(super) async fn load(&self, key: &Key) -> Result<Option<Entry>, Violation> {
        let mut found = self.store.load(std::slice::from_ref(key)).await?;
        ensure!(found.len() == 1, "one key was asked for, {} answers came", found.len());
        Ok(found.pop().flatten())
    }

    /// Fails unless the record is there with this version and body.
    pub(super) async fn holds(&self, key: &Key, version: Version, body: &str) -> Result<(), Violation> {
        let Some(found) = self.load(key).await? else {
            return Err(Violation::new(format!("{key:?} is not there")));
        };
        ensure!(found.key == *key, "asked for {key:?}, got {:?}", found.key);
        ensure!(found.version == version, "{key:?} has {:?} instead of {version:?}", found.version);
        same(body, &found.body)
    }

    /// Fails unless the record is absent.
    pub(super) async fn lacks(&self, key: &Key) -> Result<(), Violation> {
        ensure!(self.load(key).await?.is_none(), "{key:?} is there");
        Ok(())
    }

    pub(super) async fn find(&self, index: &Index) -> Result<Entries, Violation> {
        Ok(self.store.find(KIND, index, Page::first(1_000)).await?)
    }

    /// The ids that carry an index, without the part that all ids of this law begin with.
    pub(super) async fn listed(&self, index: &Index) -> Result<Vec<String>, Violation> {
        let found = self.find(index).await?;
        Ok(found.entries.iter().map(|entry| self.short(entry)).collect())
    }

    pub(super) fn short(&self, entry: &Entry) -> String {
        let id = &entry.key.id;
        id.strip_prefix(&self.own).and_then(|rest| rest.strip_prefix('/')).unwrap_or(id).to_owned()
    }

    /// Fails unless exactly these carry the index, in this order.
    pub(super) async fn lists(&self, index: &Index, expected: &[&str]) -> Result<(), Violation> {
        let listed = self.listed(index).await?;
        ensure!(listed == expected, "expected {expected:?} under {index:?}, found {listed:?}");
        Ok(())
    }
}

pub(super) fn bare(key: Key, body: &str) -> Entry {
    Entry { key, version: Version::from_i64(0), body: body.into(), indexes: Vec::new(), expires_at: None }
}

pub(super) fn replacing(version: Version, entry: Entry) -> Change {
    Change::Replace(Entry { version, ..entry })
}

pub(super) fn guard(key: &Key, version: Option<Version>) -> Guard {
    Guard { key: key.clone(), version }
}

pub(super) fn add(key: &Key, by: i64, ceiling: i64) -> Change {
    Change::Add { key: key.clone(), by, ceiling, expires_at: None }
}

pub(super) fn at(seconds: i64) -> Option<Timestamp> {
    Some(Timestamp(seconds))
}

/// Fails unless the commit was refused as a conflict.
pub(super) fn conflicts<T>(outcome: Result<T, StoreError>, what: &str) -> Result<(), Violation> {
    match outcome {
        Err(StoreError::Conflict) => Ok(()),
        Ok(_) => Err(Violation::new(format!("{what}: committed, where a conflict was due"))),
        Err(other) => Err(Violation::new(format!("{what}: `{other}`, where a conflict was due"))),
    }
}

/// Fails unless the two texts are the same JSON document.
pub(super) fn same(expected: &str, found: &str) -> Result<(), Violation> {
    let parse = |text: &str| serde_json::from_str::<Value>(text);
    let (Ok(left), Ok(right)) = (parse(expected), parse(found)) else {
        return Err(Violation::new("a body is no JSON"));
    };
    ensure!(left == right, "a body changed its meaning: from {:.80} to {:.80}", expected, found);
    Ok(())
}
