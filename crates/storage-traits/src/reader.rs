//! Reading on behalf of one attempt: what a decision depends on, and what must still be so when it commits.

use std::collections::{BTreeMap, HashSet};
use std::sync::Once;

use crate::batch::{Change, Changes, Guard};
use crate::clock::Timestamp;
use crate::fault::Fault;
use crate::horizon::{HORIZON, Horizon};
use crate::record::{At, Entry, Index, Key, Kind, Record, Stored, Version};
use crate::store::{Cursor, Entries, Page, Store, StoreError};

/// Reads on behalf of one attempt, and remembers the versions that it saw: whatever a decision read must still be so
/// when it commits.
pub struct Reader<'a> {
    store: &'a dyn Store,
    now: Timestamp,
    /// The version of each record, or of its absence, as it was read first.
    seen: BTreeMap<Key, Option<Version>>,
    /// The same of records that lie in another part of the same database, by their names in the whole.
    seen_beside: BTreeMap<Key, Option<Version>>,
    /// Whether the clock was held against what was removed from the store. See [`crate::horizon`].
    clock_checked: bool,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(store: &'a dyn Store, now: Timestamp) -> Self {
        Reader { store, now, seen: BTreeMap::new(), seen_beside: BTreeMap::new(), clock_checked: false }
    }
}

impl Reader<'_> {
    /// The time of this attempt.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// Reads several records of several types in one round trip: a typed name, or a tuple of up to six.
    ///
    /// # Errors
    /// [`Fault::Unavailable`], [`Fault::Corrupt`].
    pub async fn load<L: Loads>(&mut self, at: L) -> Result<L::Found, Fault> {
        let entries = self.entries(&at.keys()).await?;
        L::read(&mut entries.into_iter())
    }

    /// Reads many records of one type in one round trip, in the order of `at`.
    ///
    /// # Errors
    /// [`Fault::Unavailable`], [`Fault::Corrupt`].
    pub async fn load_all<R: Record>(&mut self, at: &[At<R>]) -> Result<Vec<Option<Stored<R>>>, Fault> {
        let keys: Vec<Key> = at.iter().map(|at| at.key.clone()).collect();
        self.entries(&keys).await?.iter().map(|entry| entry.as_ref().map(Stored::from_entry).transpose()).collect()
    }

    /// Reads one record from another store: that of the accounts, or of the sign-in. Where both lead to one database
    /// ([`Store::whole`]), it is guarded like everything else that is read here. Where they do not, nothing guards it, and that
    /// is said in the log, once.
    ///
    /// # Errors
    /// [`Fault::Unavailable`], [`Fault::Corrupt`].
    pub async fn load_beside<R: Record>(&mut self, store: &dyn Store, at: At<R>) -> Result<Option<Stored<R>>, Fault> {
        let found = store.load(std::slice::from_ref(&at.key)).await.map_err(fault)?.pop().flatten();
        self.see_beside(store, at.key, found.as_ref().map(|entry| entry.version));
        found.as_ref().map(Stored::from_entry).transpose()
    }

    /// Lists records of another store, as [`Reader::find`] does, and guards what is found as [`Reader::load_beside`] does.
    ///
    /// # Errors
    /// [`Fault::Unavailable`], [`Fault::Corrupt`].
    pub async fn find_beside<R: Record>(
        &mut self,
        store: &dyn Store,
        index: &Index,
        page: Page,
    ) -> Result<Vec<Stored<R>>, Fault> {
        let found = store.find(R::KIND, index, page).await.map_err(fault)?;
        for entry in &found.entries {
            self.see_beside(store, entry.key.clone(), Some(entry.version));
        }
        found.entries.iter().map(Stored::from_entry).collect()
    }

    fn see_beside(&mut self, store: &dyn Store, key: Key, version: Option<Version>) {
        static SAID: Once = Once::new();
        if store.whole() == self.store.whole() {
            self.seen_beside.entry(store.in_whole(key)).or_insert(version);
        } else {
            SAID.call_once(|| {
                tracing::warn!(
                    kind = key.kind.as_str(),
                    "records of another database are read beside: what changes there meanwhile stops no commit here"
                );
            });
        }
    }

    /// Reads the value of a counter without guarding it; 0 where it does not exist yet.
    ///
    /// # Errors
    /// [`Fault::Unavailable`], [`Fault::Corrupt`].
    pub async fn counter(&mut self, key: &Key) -> Result<i64, Fault> {
        let found = self.store.load(std::slice::from_ref(key)).await.map_err(fault)?;
        let Some(Some(entry)) = found.first() else { return Ok(0) };
        entry.body.parse().map_err(|_| Fault::Corrupt { kind: key.kind.as_str() })
    }

    /// Lists records by an index, a page at a time, in the order of the page. What is found is guarded; that nothing was added
    /// since is not.
    ///
    /// # Errors
    /// [`Fault::Unavailable`], [`Fault::Corrupt`].
    pub async fn find<R: Record>(
        &mut self,
        index: &Index,
        page: Page,
    ) -> Result<(Vec<Stored<R>>, Option<Cursor>), Fault> {
        let found = self.listed(R::KIND, index, page).await?;
        let records = found.entries.iter().map(Stored::from_entry).collect::<Result<_, _>>()?;
        Ok((records, found.next))
    }

    /// The same, without what a newer version of the software wrote: one such record must not hide all others from somebody
    /// who looks at what happened. Not for lists that something is decided on, or withdrawn from.
    ///
    /// # Errors
    /// [`Fault::Unavailable`], [`Fault::Corrupt`].
    pub async fn find_legible<R: Record>(
        &mut self,
        index: &Index,
        page: Page,
    ) -> Result<(Vec<Stored<R>>, Option<Cursor>), Fault> {
        let found = self.listed(R::KIND, index, page).await?;
        let legible = found.entries.iter().map(Stored::from_entry);
        let legible = legible.filter(|read| !matches!(read, Err(Fault::Newer { .. })));
        Ok((legible.collect::<Result<_, _>>()?, found.next))
    }

    async fn listed(&mut self, kind: Kind, index: &Index, page: Page) -> Result<Entries, Fault> {
        let found = self.store.find(kind, index, page).await.map_err(fault)?;
        for entry in &found.entries {
            self.seen.entry(entry.key.clone()).or_insert(Some(entry.version));
        }
        Ok(found)
    }

    /// Lists all records that carry an index, page after page: at most [`MOST`], for lists that a policy keeps short. What
    /// may grow without an end is read with [`Reader::find`], page by page, or counted.
    ///
    /// # Errors
    /// [`Fault::Internal`] where there are more; [`Fault::Unavailable`], [`Fault::Corrupt`].
    pub async fn find_all<R: Record>(&mut self, index: &Index) -> Result<Vec<Stored<R>>, Fault> {
        let mut all = Vec::new();
        let mut page = Page::first(1_000);
        loop {
            let (records, next) = self.find(index, page).await?;
            all.extend(records);
            if next.is_some() && all.len() >= MOST {
                return Err(Fault::Internal("a list that is read as a whole has more than 10,000 records"));
            }
            match next {
                Some(cursor) => page = Page { after: Some(cursor), ..Page::first(1_000) },
                None => return Ok(all),
            }
        }
    }

    /// Lets go of the guard on a record: the decision may commit although somebody changed it since. For records whose
    /// change does not matter to the decision, or that change all the time; say why where you call it.
    pub fn unguard(&mut self, key: &Key) {
        self.seen.remove(key);
    }

    async fn entries(&mut self, keys: &[Key]) -> Result<Vec<Option<Entry>>, Fault> {
        let entries = match self.clock_checked {
            true => self.store.load(keys).await.map_err(fault)?,
            false => self.load_with_horizon(keys).await?,
        };
        for (key, entry) in keys.iter().zip(&entries) {
            self.seen.entry(key.clone()).or_insert(entry.as_ref().map(|entry| entry.version));
        }
        Ok(entries)
    }

    /// Which of these counters are there. That one is absent is guarded; what it says is not.
    pub(crate) async fn present_or_guarded(&mut self, counters: &[Key]) -> Result<Vec<bool>, Fault> {
        if counters.is_empty() {
            return Ok(Vec::new());
        }
        let entries = self.entries(counters).await?;
        for (key, _) in counters.iter().zip(&entries).filter(|(_, entry)| entry.is_some()) {
            self.unguard(key);
        }
        Ok(entries.iter().map(Option::is_some).collect())
    }

    /// Makes sure that the clock is not behind, where nothing was read that told.
    pub(crate) async fn check_clock(&mut self) -> Result<(), Fault> {
        match self.clock_checked {
            true => Ok(()),
            false => self.load_with_horizon(&[]).await.map(drop),
        }
    }

    /// The horizon comes along with the first keys that are read. It is not guarded: it only moves on.
    async fn load_with_horizon(&mut self, keys: &[Key]) -> Result<Vec<Option<Entry>>, Fault> {
        let horizon = std::iter::once(Horizon::at(HORIZON).key().clone());
        let all: Vec<Key> = keys.iter().cloned().chain(horizon).collect();
        let mut entries = self.store.load(&all).await.map_err(fault)?;
        let horizon = entries.pop().flatten().map(|entry| Stored::<Horizon>::from_entry(&entry)).transpose()?;
        Horizon::check(horizon.as_deref(), self.now)?;
        self.clock_checked = true;
        Ok(entries)
    }

    /// What was read beside this store and is not itself changed, by its names in the whole.
    pub(crate) fn guards_in_whole(&self, changes: &Changes) -> Vec<Guard> {
        let changed: HashSet<Key> =
            changes.changes.iter().map(|change| self.store.in_whole(change.key().clone())).collect();
        let beside = self.seen_beside.iter().filter(|(key, _)| !changed.contains(key));
        beside.map(|(key, version)| Guard { key: key.clone(), version: *version }).collect()
    }

    /// What was read and is not itself changed. A changed record needs no guard: its change names the version. What is added
    /// to a counter names none.
    pub(crate) fn guards_beside(self, changes: &Changes) -> Vec<Guard> {
        let names_version = |change: &&Change| !matches!(change, Change::Add { .. });
        let changed: HashSet<&Key> = changes.changes.iter().filter(names_version).map(Change::key).collect();
        let beside = self.seen.into_iter().filter(|(key, _)| !changed.contains(key));
        beside.map(|(key, version)| Guard { key, version }).collect()
    }
}

/// The most records that are read as one list.
pub const MOST: usize = 10_000;

fn fault(error: StoreError) -> Fault {
    match error {
        StoreError::Unavailable(reason) => Fault::Unavailable(reason),
        StoreError::Conflict | StoreError::OverCeiling(_) | StoreError::Unknown => {
            Fault::Internal("a read reported the error of a write")
        }
    }
}

/// One typed name or a tuple of them: what [`Reader::load`] takes.
pub trait Loads: Send {
    /// The records, each `None` where there is nothing.
    type Found;

    /// The keys, in order.
    fn keys(&self) -> Vec<Key>;

    /// Reads the entries, in the same order.
    ///
    /// # Errors
    /// [`Fault::Corrupt`].
    fn read(entries: &mut dyn Iterator<Item = Option<Entry>>) -> Result<Self::Found, Fault>;
}

impl<R: Record> Loads for At<R> {
    type Found = Option<Stored<R>>;

    fn keys(&self) -> Vec<Key> {
        vec![self.key.clone()]
    }

    fn read(entries: &mut dyn Iterator<Item = Option<Entry>>) -> Result<Self::Found, Fault> {
        entries.next().flatten().as_ref().map(Stored::from_entry).transpose()
    }
}

macro_rules! loads_tuple {
    ($($name:ident),+) => {
        impl<$($name: Record),+> Loads for ($(At<$name>,)+) {
            type Found = ($(Option<Stored<$name>>,)+);

            fn keys(&self) -> Vec<Key> {
                #[expect(non_snake_case, reason = "a tuple's fields are named after its types")]
                let ($($name,)+) = self;
                vec![$($name.key.clone()),+]
            }

            fn read(entries: &mut dyn Iterator<Item = Option<Entry>>) -> Result<Self::Found, Fault> {
                Ok(($(<At<$name> as Loads>::read(entries)?,)+))
            }
        }
    };
}

loads_tuple!(A);
loads_tuple!(A, B);
loads_tuple!(A, B, C);
loads_tuple!(A, B, C, D);
loads_tuple!(A, B, C, D, E);
loads_tuple!(A, B, C, D, E, F);
