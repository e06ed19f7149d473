//! A batch as the parameters of `write_batch` (see `commit.sql`).

use countersign_storage::{Batch, Change, Entry, Index, Key, StoreError, Timestamp, Version};
use sha2::{Digest, Sha256};
use tokio_postgres::types::{ToSql, Type};

/// A parameter with its type.
pub(crate) type Parameter<'a> = (&'a (dyn ToSql + Sync), Type);

/// From so many keys on, everything is locked at once: the server's lock table is finite.
const MANY_KEYS: usize = 128;

/// How many stripes there are (`stripes.sql`).
const STRIPES: i64 = 1024;

/// One list per parameter: the n-th element of each belongs to the n-th entry.
#[derive(Default)]
pub(crate) struct Call<'a> {
    version: i64,
    /// Empty: the lock of everything, exclusively.
    stripes: Vec<i64>,
    exclusive: Vec<bool>,
    expected: Expected<'a>,
    inserted: Inserted<'a>,
    listed: Listed<'a>,
    replaced: Replaced<'a>,
    deleted: Deleted<'a>,
    added: Added<'a>,
}

/// What each key must carry. `indexes` is what a replaced or deleted record will be listed under.
#[derive(Default)]
struct Expected<'a> {
    kind: Vec<&'static str>,
    id: Vec<&'a str>,
    version: Vec<Option<i64>>,
    indexes: Vec<Option<String>>,
}

#[derive(Default)]
struct Inserted<'a> {
    kind: Vec<&'static str>,
    id: Vec<&'a str>,
    body: Vec<&'a str>,
    indexes: Vec<String>,
    expires: Vec<Option<i64>>,
}

#[derive(Default)]
struct Listed<'a> {
    kind: Vec<&'static str>,
    name: Vec<&'static str>,
    value: Vec<&'a str>,
    id: Vec<&'a str>,
}

#[derive(Default)]
struct Replaced<'a> {
    kind: Vec<&'static str>,
    id: Vec<&'a str>,
    read: Vec<i64>,
    body: Vec<&'a str>,
    indexes: Vec<String>,
    expires: Vec<Option<i64>>,
}

#[derive(Default)]
struct Deleted<'a> {
    kind: Vec<&'static str>,
    id: Vec<&'a str>,
    read: Vec<i64>,
}

#[derive(Default)]
struct Added<'a> {
    kind: Vec<&'static str>,
    id: Vec<&'a str>,
    by: Vec<i64>,
    ceiling: Vec<i64>,
    expires: Vec<Option<i64>>,
}

impl<'a> Call<'a> {
    /// Spreads a batch over the parameters.
    ///
    /// PostgreSQL's text cannot hold a NUL, so no record with one in its name exists: to rely on its absence is right,
    /// to rely on a version of it is a conflict, and to write it is refused.
    pub(crate) fn new(batch: &'a Batch) -> Result<Self, StoreError> {
        let mut call = Call { version: batch.version.as_i64(), ..Call::default() };
        for guard in &batch.guards {
            if is_storable(&guard.key.id) {
                call.expected.push(&guard.key, guard.version, None);
            } else if guard.version.is_some() {
                return Err(StoreError::Conflict);
            }
        }
        for change in &batch.changes {
            call.push(change)?;
        }
        (call.stripes, call.exclusive) = stripes(batch).into_iter().unzip();
        Ok(call)
    }

    fn push(&mut self, change: &'a Change) -> Result<(), StoreError> {
        let key = change.key();
        match change {
            Change::Insert(entry) => {
                refuse_nul(key, &entry.indexes)?;
                let indexes = distinct(&entry.indexes);
                self.expected.push(key, None, None);
                self.inserted.push(entry, as_json(&indexes));
                indexes.into_iter().for_each(|(name, value)| self.listed.push(key, name, value));
            }
            Change::Replace(entry) => {
                if !is_storable(&key.id) {
                    return Err(StoreError::Conflict);
                }
                refuse_nul(key, &entry.indexes)?;
                let indexes = as_json(&distinct(&entry.indexes));
                self.expected.push(key, Some(entry.version), Some(indexes.clone()));
                self.replaced.push(entry, indexes);
            }
            Change::Delete { version, .. } => {
                if !is_storable(&key.id) {
                    return Err(StoreError::Conflict);
                }
                self.expected.push(key, Some(*version), Some("[]".to_owned()));
                self.deleted.kind.push(key.kind.as_str());
                self.deleted.id.push(&key.id);
                self.deleted.read.push(version.as_i64());
            }
            Change::Add { by, ceiling, expires_at, .. } => {
                refuse_nul(key, &[])?;
                self.added.kind.push(key.kind.as_str());
                self.added.id.push(&key.id);
                self.added.by.push(*by);
                self.added.ceiling.push(*ceiling);
                self.added.expires.push(expires_at.map(Timestamp::as_secs));
            }
        }
        Ok(())
    }

    /// In the order of the function's parameters.
    pub(crate) fn parameters(&self) -> [Parameter<'_>; 30] {
        let Call { version, stripes, exclusive, expected, inserted, listed, replaced, deleted, added } = self;
        [
            (version, Type::INT8),
            numbers(stripes),
            (exclusive, Type::BOOL_ARRAY),
            texts(&expected.kind),
            texts(&expected.id),
            numbers(&expected.version),
            texts(&expected.indexes),
            texts(&inserted.kind),
            texts(&inserted.id),
            texts(&inserted.body),
            texts(&inserted.indexes),
            numbers(&inserted.expires),
            texts(&listed.kind),
            texts(&listed.name),
            texts(&listed.value),
            texts(&listed.id),
            texts(&replaced.kind),
            texts(&replaced.id),
            numbers(&replaced.read),
            texts(&replaced.body),
            texts(&replaced.indexes),
            numbers(&replaced.expires),
            texts(&deleted.kind),
            texts(&deleted.id),
            numbers(&deleted.read),
            texts(&added.kind),
            texts(&added.id),
            numbers(&added.by),
            numbers(&added.ceiling),
            numbers(&added.expires),
        ]
    }

    /// The statement that calls the function.
    pub(crate) fn statement(schema: &str) -> String {
        let places: Vec<String> = (1..=30).map(|n| format!("${n}")).collect();
        format!("SELECT {schema}.write_batch({})", places.join(","))
    }

    /// What the function's answer means. `batch` is the one that was sent.
    pub(crate) fn outcome(answer: i32, batch: &Batch) -> Result<(), StoreError> {
        let full = |n: usize| {
            let mut counters = batch.changes.iter().filter(|change| matches!(change, Change::Add { .. }));
            counters.nth(n).map(|change| change.key().clone())
        };
        match answer {
            0 => Ok(()),
            n => match usize::try_from(n).ok().and_then(|n| full(n.saturating_sub(1))) {
                Some(counter) => Err(StoreError::OverCeiling(counter)),
                None => Err(StoreError::Conflict),
            },
        }
    }
}

impl<'a> Expected<'a> {
    fn push(&mut self, key: &'a Key, version: Option<Version>, indexes: Option<String>) {
        self.kind.push(key.kind.as_str());
        self.id.push(&key.id);
        self.version.push(version.map(Version::as_i64));
        self.indexes.push(indexes);
    }
}

impl<'a> Inserted<'a> {
    fn push(&mut self, entry: &'a Entry, indexes: String) {
        self.kind.push(entry.key.kind.as_str());
        self.id.push(&entry.key.id);
        self.body.push(&entry.body);
        self.indexes.push(indexes);
        self.expires.push(entry.expires_at.map(Timestamp::as_secs));
    }
}

impl<'a> Listed<'a> {
    fn push(&mut self, key: &'a Key, name: &'static str, value: &'a str) {
        self.kind.push(key.kind.as_str());
        self.name.push(name);
        self.value.push(value);
        self.id.push(&key.id);
    }
}

impl<'a> Replaced<'a> {
    fn push(&mut self, entry: &'a Entry, indexes: String) {
        self.kind.push(entry.key.kind.as_str());
        self.id.push(&entry.key.id);
        self.read.push(entry.version.as_i64());
        self.body.push(&entry.body);
        self.indexes.push(indexes);
        self.expires.push(entry.expires_at.map(Timestamp::as_secs));
    }
}

/// A list of names or documents. An empty one is NULL: the server unpacks no list then.
fn texts<T: ToSql + Sync>(list: &Vec<T>) -> Parameter<'_> {
    (if list.is_empty() { &None::<Vec<&str>> } else { list }, Type::TEXT_ARRAY)
}

/// A list of numbers, as above.
fn numbers<T: ToSql + Sync>(list: &Vec<T>) -> Parameter<'_> {
    (if list.is_empty() { &None::<Vec<i64>> } else { list }, Type::INT8_ARRAY)
}

/// Whether PostgreSQL's text can hold it.
pub(crate) fn is_storable(text: &str) -> bool {
    !text.contains('\0')
}

fn refuse_nul(key: &Key, indexes: &[Index]) -> Result<(), StoreError> {
    if is_storable(&key.id) && indexes.iter().all(|index| is_storable(&index.value)) {
        Ok(())
    } else {
        Err(StoreError::Unavailable("a name with a NUL character cannot be stored".to_owned()))
    }
}

/// The stripe of each key, once, in one order, exclusive where a key of it is changed. None for a batch with very many keys:
/// it takes the lock of everything, which all others share.
fn stripes(batch: &Batch) -> Vec<(i64, bool)> {
    if batch.guards.len() + batch.changes.len() >= MANY_KEYS {
        return Vec::new();
    }
    let guarded = batch.guards.iter().map(|guard| (stripe(&guard.key), false));
    let changed = batch.changes.iter().map(|change| (stripe(change.key()), true));
    let mut stripes: Vec<(i64, bool)> = guarded.chain(changed).collect();
    // Of two on one stripe the exclusive one comes first and stays.
    stripes.sort_unstable_by_key(|(stripe, exclusive)| (*stripe, !exclusive));
    stripes.dedup_by_key(|(stripe, _)| *stripe);
    stripes
}

/// The stripe that all nodes lock a key by. It never changes: two versions of the software may run side by side.
///
/// There is no secret in it, so who chooses names can choose some that share a stripe with a record that is in much use. Then
/// their commits and those that use it wait for each other, each for its turn and no longer than a commit takes: they need as
/// many requests for that as for any other load, and those are limited. A secret would have to be the same on all nodes at
/// all times. A node that had none yet, or another one, would lock past the others, and a code could be used twice.
fn stripe(key: &Key) -> i64 {
    let hash = Sha256::new().chain_update(key.kind.as_str()).chain_update([0]).chain_update(&key.id).finalize();
    hash.iter().take(2).fold(0, |number, byte| (number << 8) | i64::from(*byte)) % STRIPES
}

/// Each index once, in one order, so that equal sets are equal text.
fn distinct(indexes: &[Index]) -> Vec<(&'static str, &str)> {
    let mut distinct: Vec<(&'static str, &str)> =
        indexes.iter().map(|index| (index.name, index.value.as_str())).collect();
    distinct.sort_unstable();
    distinct.dedup();
    distinct
}

fn as_json(indexes: &[(&'static str, &str)]) -> String {
    serde_json::json!(indexes).to_string()
}

#[cfg(test)]
mod tests {
    use countersign_storage::{Guard, Kind};

    use super::*;

    const KIND: Kind = Kind::new("sample");

    fn key(id: &str) -> Key {
        Key { kind: KIND, id: id.to_owned() }
    }

    #[test]
    fn a_key_that_is_guarded_and_changed_is_locked_once_and_exclusively() {
        let delete = Change::Delete { key: key("a"), version: Version::from_i64(1) };
        let guards = ["b", "a", "b"].map(|id| Guard { key: key(id), version: None }).into();
        let batch = Batch { version: Version::from_i64(1), guards, changes: vec![delete] };
        let mut expected = vec![(stripe(&key("a")), true), (stripe(&key("b")), false)];
        expected.sort_unstable();
        assert_eq!(stripes(&batch), expected);
    }

    #[test]
    fn the_stripe_of_a_key_is_the_same_on_every_node_and_version() {
        assert_eq!(["a", "b", "c"].map(|id| stripe(&key(id))), [55, 710, 449]);
        let other = Key { kind: Kind::new("samplea"), id: String::new() };
        assert_ne!(stripe(&key("a")), stripe(&other));
    }

    #[test]
    fn every_stripe_is_some_keys_and_there_are_no_others() {
        let used: std::collections::BTreeSet<i64> = (0..20_000).map(|n| stripe(&key(&n.to_string()))).collect();
        assert_eq!(used, (0..STRIPES).collect());
        assert!(include_str!("stripes.sql").contains(&format!("FOR n IN 0 .. {} LOOP", STRIPES - 1)));
    }
}
