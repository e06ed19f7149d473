//! What a decision changes, as data.

use std::sync::Arc;

use crate::clock::Timestamp;
use crate::fault::Fault;
use crate::record::{Entry, Key, Record, Stored, Version};
use crate::unknown_members;

/// Everything that one commit does, all or nothing. A batch names each key at most once among its changes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Batch {
    /// The version that every inserted or replaced entry carries afterwards.
    pub version: Version,
    /// What the decision relied on and does not change.
    pub guards: Vec<Guard>,
    /// What it changes.
    pub changes: Vec<Change>,
}

/// Something that was read and must still be so.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Guard {
    /// What was read.
    pub key: Key,
    /// The version that was read; `None` where there was nothing.
    pub version: Option<Version>,
}

/// One change.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Change {
    /// The key must be absent. `entry.version` is ignored: the entry gets the version of the batch.
    Insert(Entry),
    /// The key must carry `entry.version`, the version that was read; it gets the version of the batch.
    Replace(Entry),
    /// The key must carry `version`.
    Delete {
        /// What goes.
        key: Key,
        /// The version that was read.
        version: Version,
    },
    /// Adds to a counter, which begins at zero: commutative, so that two may add at once and neither has to read.
    Add {
        /// The counter.
        key: Key,
        /// How much: not negative.
        by: i64,
        /// The sum that must not be passed; the commit fails with [`crate::StoreError::OverCeiling`] if it would be.
        ceiling: i64,
        /// From when on the counter may be purged. An existing counter keeps the later of the two; `None` is never, which is
        /// later than any time.
        expires_at: Option<Timestamp>,
    },
}

impl Change {
    /// The key that is changed.
    pub fn key(&self) -> &Key {
        match self {
            Change::Insert(entry) | Change::Replace(entry) => &entry.key,
            Change::Delete { key, .. } | Change::Add { key, .. } => key,
        }
    }
}

/// Changes under construction, from typed records.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    pub(crate) changes: Vec<Change>,
    pub(crate) unwritable: Option<Fault>,
}

impl Changes {
    /// Nothing changes.
    pub fn none() -> Self {
        Changes::default()
    }

    /// Adds a record that must not exist yet.
    pub fn insert<R: Record>(&mut self, record: &R) -> &mut Self {
        self.write(record, Version::from_i64(0), Change::Insert, Ok)
    }

    /// Puts `stored` back; it must still be as it was read. Members of it that this version does not know stay.
    pub fn replace<R: Record>(&mut self, stored: &Stored<R>) -> &mut Self {
        self.write(&stored.record, stored.version, Change::Replace, |written| {
            unknown_members::carry::<R>(&stored.read, written).map_err(|_| Fault::Newer { kind: R::KIND.as_str() })
        })
    }

    /// Removes what was read; it must still be as it was read.
    pub fn delete<R: Record>(&mut self, stored: &Stored<R>) -> &mut Self {
        self.changes.push(Change::Delete { key: stored.record.key(), version: stored.version });
        self
    }

    /// Adds to a counter. See [`Change::Add`].
    pub fn add(&mut self, key: Key, by: i64, ceiling: i64, expires_at: Option<Timestamp>) -> &mut Self {
        self.changes.push(Change::Add { key, by, ceiling, expires_at });
        self
    }

    /// Takes over another's changes.
    pub fn extend(&mut self, other: Changes) -> &mut Self {
        self.changes.extend(other.changes);
        self.unwritable = self.unwritable.take().or(other.unwritable);
        self
    }

    /// Whether nothing changes.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.unwritable.is_none()
    }

    /// The changes, to look at in tests of a decision.
    pub fn as_slice(&self) -> &[Change] {
        &self.changes
    }

    pub(crate) fn into_batch(self, version: Version, guards: Vec<Guard>) -> Result<Batch, Fault> {
        match self.unwritable {
            Some(fault) => Err(fault),
            None => Ok(Batch { version, guards, changes: self.changes }),
        }
    }

    /// A record that cannot be written (a map with keys that are no strings) is remembered, so that a decision stays
    /// infallible; the commit then fails as a whole.
    fn write<R: Record>(
        &mut self,
        record: &R,
        version: Version,
        change: fn(Entry) -> Change,
        finish: impl FnOnce(String) -> Result<String, Fault>,
    ) -> &mut Self {
        let written = serde_json::to_string(record).map_err(|_| Fault::Corrupt { kind: R::KIND.as_str() });
        match written.and_then(finish) {
            Ok(body) => self.changes.push(change(Entry {
                key: record.key(),
                version,
                body: Arc::from(body),
                indexes: record.indexes(),
                expires_at: record.expires_at(),
            })),
            Err(fault) => self.unwritable = Some(fault),
        }
        self
    }
}
