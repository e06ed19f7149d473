//! Records: what is stored, and under which names it is found again.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::clock::Timestamp;
use crate::fault::Fault;
use crate::random::{self, Random};

/// The name of a family of records, in snake case: `authorization_code`, `agent`. Stored as text; never renamed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Kind(&'static str);

impl Kind {
    /// Names a kind: lower-case ASCII letters and `_`, at most 40 characters (a violation fails to compile in a `const`).
    #[expect(clippy::panic, reason = "evaluated in a const: the compiler reports it")]
    pub const fn new(name: &'static str) -> Self {
        let bytes = name.as_bytes();
        let mut i = 0;
        while i < bytes.len() {
            if !(bytes[i].is_ascii_lowercase() || bytes[i] == b'_') {
                panic!("a kind is lower-case ASCII letters and underscores");
            }
            i += 1;
        }
        if bytes.is_empty() || bytes.len() > 40 {
            panic!("a kind is 1 to 40 characters");
        }
        Kind(name)
    }

    /// The kind as it is stored.
    pub const fn as_str(self) -> &'static str {
        self.0
    }
}

/// The unique name of one record: its kind and its id.
///
/// Whatever must be unique is a key, never an index: a second `Insert` of the same key fails, on every back end.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// The family.
    pub kind: Kind,
    /// The name inside the family: 1 to 512 bytes. For bearer secrets it is the [`crate::Handle`].
    pub id: String,
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.kind.as_str(), self.id)
    }
}

/// A second, non-unique name: all records of a kind that carry it can be listed.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Index {
    /// What it says: `subject`, `client`, `host`.
    pub name: &'static str,
    /// The value, at most 512 bytes.
    pub value: String,
}

impl Index {
    /// `name` = `value`.
    pub fn new(name: &'static str, value: impl Into<String>) -> Self {
        Index { name, value: value.into() }
    }
}

/// Which writing of a record this is: 63 random bits, drawn afresh for every commit attempt.
///
/// Random and not counted for two reasons. A record that is deleted and inserted again cannot be mistaken for the old
/// one; and after a commit whose outcome was lost, "does the record carry my version?" answers whether it happened.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Version(i64);

impl Version {
    /// A fresh version.
    pub fn generate(random: &dyn Random) -> Self {
        Version(i64::from_be_bytes(random::bytes::<8>(random)) & i64::MAX)
    }

    /// From the stored number.
    pub fn from_i64(version: i64) -> Self {
        Version(version)
    }

    /// The number to store: not negative.
    pub fn as_i64(self) -> i64 {
        self.0
    }
}

/// A record as a store sees it: opaque text under a key.
#[derive(Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its unique name.
    pub key: Key,
    /// Which writing of it this is.
    pub version: Version,
    /// A JSON object. For a counter (see [`crate::Change::Add`]) a JSON number: its value.
    pub body: Arc<str>,
    /// Its other names. Stores keep these to answer `find`; entries that they return may leave them empty.
    pub indexes: Vec<Index>,
    /// From when on it may be purged. Until then, and until it is purged, it is there: whether a record is still *valid*
    /// is for the decision to say, which knows the time.
    pub expires_at: Option<Timestamp>,
}

impl fmt::Debug for Entry {
    /// Leaves the body out: it may hold personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry")
            .field("key", &self.key)
            .field("version", &self.version)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

/// A type that is stored. It says its kind, its id, its other names and its expiry; the store knows nothing else of it.
///
/// Stored shapes only gain fields, each with `#[serde(default)]`; old shapes stay readable. No field is renamed, and none is
/// read under two names. A field that an older version does not know stays when that version writes the record again: what
/// exactly is kept, `unknown_members` says. New fields belong to the top of the record.
pub trait Record: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The family.
    const KIND: Kind;

    /// The newest shape that this version reads. A version that gives a field such a meaning that older ones must not use the
    /// record raises it, and writes it into the record as `least_shape`: older versions then refuse it ([`Fault::Newer`]).
    const SHAPE: u32 = 1;

    /// The unique name inside the family.
    fn id(&self) -> String;

    /// The other names; none by default.
    fn indexes(&self) -> Vec<Index> {
        Vec::new()
    }

    /// From when on the record is of no more use to anybody; never by default.
    fn expires_at(&self) -> Option<Timestamp> {
        None
    }

    /// The typed name of the record with this id.
    fn at(id: impl Into<String>) -> At<Self>
    where
        Self: Sized,
    {
        At { key: Key { kind: Self::KIND, id: id.into() }, record: PhantomData }
    }

    /// The key of this record.
    fn key(&self) -> Key
    where
        Self: Sized,
    {
        Key { kind: Self::KIND, id: self.id() }
    }
}

/// A key that knows the type of what it names.
pub struct At<R> {
    pub(crate) key: Key,
    record: PhantomData<fn() -> R>,
}

impl<R> At<R> {
    /// The untyped key.
    pub fn key(&self) -> &Key {
        &self.key
    }
}

impl<R> Clone for At<R> {
    fn clone(&self) -> Self {
        At { key: self.key.clone(), record: PhantomData }
    }
}

impl<R> fmt::Debug for At<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.key.fmt(f)
    }
}

/// A record as it was read, with the version that a change to it must name.
#[derive(Clone)]
pub struct Stored<R> {
    /// What was stored.
    pub record: R,
    pub(crate) version: Version,
    /// The text that was read: it may hold members that `R` does not know.
    pub(crate) read: Arc<str>,
}

impl<R: fmt::Debug> fmt::Debug for Stored<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stored").field("record", &self.record).field("version", &self.version).finish_non_exhaustive()
    }
}

impl<R: Record> Stored<R> {
    /// Reads an entry.
    ///
    /// # Errors
    /// - [`Fault::Newer`] where a newer version of the software wrote it: it holds a value that this one does not know where it
    ///   knows all, or says itself that it is for newer versions.
    /// - [`Fault::Corrupt`] where the stored text is not such a record.
    pub fn from_entry(entry: &Entry) -> Result<Self, Fault> {
        Stored::read(&entry.body, entry.version)
    }

    fn read(body: &Arc<str>, version: Version) -> Result<Self, Fault> {
        let kind = R::KIND.as_str();
        if least_shape(body) > R::SHAPE {
            return Err(Fault::Newer { kind });
        }
        let record = serde_json::from_str(body).map_err(|error| match is_of_a_newer_version(&error) {
            true => Fault::Newer { kind },
            false => Fault::Corrupt { kind },
        })?;
        Ok(Stored { record, version, read: Arc::clone(body) })
    }

    /// The same record, read as another type of its kind; `None` where a newer version of the software wrote it and that type
    /// must not be used.
    ///
    /// So authority can be withdrawn from a record that this version must not use: whoever withdraws reads a type that knows
    /// only members whose meaning never changes, and whose [`Record::SHAPE`] is `u32::MAX`. From that, the whole record is read
    /// where it can be.
    ///
    /// # Errors
    /// [`Fault::Corrupt`] where the stored text is not such a record.
    pub fn read_as<W: Record>(&self) -> Result<Option<Stored<W>>, Fault> {
        match Stored::read(&self.read, self.version) {
            Ok(whole) => Ok(Some(whole)),
            Err(Fault::Newer { .. }) => Ok(None),
            Err(fault) => Err(fault),
        }
    }

    /// The version that was read.
    pub fn version(&self) -> Version {
        self.version
    }

    /// The same place with another content, to be passed to [`crate::Changes::replace`]. Members of what was read that `R`
    /// does not know stay.
    pub fn with(&self, record: R) -> Stored<R> {
        Stored { record, version: self.version, read: self.read.clone() }
    }
}

impl<R> Deref for Stored<R> {
    type Target = R;

    fn deref(&self) -> &R {
        &self.record
    }
}

/// For a member of a type that withdraws ([`Stored::read_as`]): `None` where it cannot be read. What only helps to show or to
/// keep a record must not make it illegible.
///
/// # Errors
/// Only where the text is not JSON.
pub fn if_legible<'de, T: DeserializeOwned, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    Ok(serde_json::from_value(Value::deserialize(deserializer)?).ok())
}

/// What a body says under [`Record::SHAPE`]. Hardly any says it, so the text is searched before it is parsed once more.
fn least_shape(body: &str) -> u32 {
    #[derive(Deserialize)]
    struct Shaped {
        #[serde(default)]
        least_shape: u32,
    }
    match body.contains("\"least_shape\"") {
        true => serde_json::from_str::<Shaped>(body).map_or(u32::MAX, |shaped| shaped.least_shape),
        false => 0,
    }
}

/// A word where a list of words is closed. The library tells it by its text alone.
fn is_of_a_newer_version(error: &serde_json::Error) -> bool {
    error.is_data() && error.to_string().starts_with("unknown variant")
}
