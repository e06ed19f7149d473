//! The loop: **load → decide → seal → commit**, and again from the start if somebody else wrote first.
//!
//! This file holds the only call of [`Store::commit`] in the protocol crates. Exactly one of many that race for a
//! single-use record commits; the others load again, see it consumed, and decide on that.

use std::sync::Arc;

use async_trait::async_trait;

use crate::audit::{Audit, AuditRecord, Event};
use crate::batch::{Batch, Change, Changes, Guard};
use crate::clock::{Clock, Timestamp};
use crate::fault::Fault;
use crate::random::Random;
use crate::record::{At, Entry, Index, Key, Record, Stored, Version};
use crate::store::{Cursor, Page, Store, StoreError};

/// How often an operation starts again before it gives up with [`Fault::Contended`]. Each loss means that somebody else
/// won, so this many losses in a row mean a hundred others were served meanwhile.
const ATTEMPTS: u32 = 100;

/// One protocol step.
#[async_trait]
pub trait Operation: Send + Sync {
    /// What the decision depends on, and nothing else.
    type Loaded: Send;
    /// What was decided, not yet signed or encrypted.
    type Plan: Send;
    /// What the caller gets. A refusal by the rules is an answer too: `Result<Granted, Refusal>` is the usual type.
    type Answer: Send;

    /// Reads what the decision depends on. Called again on each attempt.
    ///
    /// # Errors
    /// Whatever fault the ports report.
    async fn load(&self, reader: &mut Reader<'_>) -> Result<Self::Loaded, Fault>;

    /// Decides: synchronous, without any effect, the same for the same arguments.
    fn decide(&self, loaded: Self::Loaded, moment: &Moment<'_>) -> Decision<Self::Plan>;

    /// Signs and encrypts what was decided. It may write what it made into `changes`. It runs before the commit: a token
    /// that is lost with a failed commit harms nobody, a commit without its token does.
    ///
    /// # Errors
    /// [`Fault::Crypto`].
    async fn seal(&self, plan: Self::Plan, changes: &mut Changes) -> Result<Self::Answer, Fault>;
}

/// What a decision is made at: the time, the randomness, and what turned out to be used up.
pub struct Moment<'a> {
    /// The time of this attempt.
    pub now: Timestamp,
    /// The source for fresh identifiers and secrets.
    pub random: &'a dyn Random,
    /// Counters that refused an [`Change::Add`] of an earlier attempt.
    pub exhausted: &'a [Key],
}

impl Moment<'_> {
    /// Whether this counter was at its ceiling at an earlier attempt: the decision must now refuse.
    pub fn is_exhausted(&self, counter: &Key) -> bool {
        self.exhausted.contains(counter)
    }
}

/// A decision, as data.
#[derive(Debug)]
pub struct Decision<P> {
    /// The answer, to be sealed.
    pub plan: P,
    /// What to store. A refusal may store something too: a replay revokes, a failure counts.
    pub changes: Changes,
    /// What to report; stored in the same commit.
    pub events: Vec<Event>,
}

impl<P> Decision<P> {
    /// This answer, no change.
    pub fn answer(plan: P) -> Self {
        Decision { plan, changes: Changes::none(), events: Vec::new() }
    }

    /// This answer, with these changes.
    pub fn changing(plan: P, changes: Changes) -> Self {
        Decision { plan, changes, events: Vec::new() }
    }

    /// Reports an event.
    #[must_use]
    pub fn report(mut self, event: Event) -> Self {
        self.events.push(event);
        self
    }
}

/// The ports that the loop needs. Held by `Issuer`, `AgentProvider` and their like; cheap to clone.
#[derive(Clone)]
pub struct Ports {
    /// The database.
    pub store: Arc<dyn Store>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The randomness.
    pub random: Arc<dyn Random>,
    /// Who is told of events after they are committed.
    pub audit: Arc<dyn Audit>,
}

impl std::fmt::Debug for Ports {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ports")
    }
}

impl Ports {
    /// The present second.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Performs one operation: at most one commit, and an answer only when that commit is durable.
    ///
    /// # Errors
    /// [`Fault::Unavailable`], [`Fault::Contended`] and [`Fault::Unknown`] pass and call for 503; the others are bugs or
    /// damage. Whatever the fault, no half of the operation was done.
    pub async fn perform<O: Operation + ?Sized>(&self, operation: &O) -> Result<O::Answer, Fault> {
        let mut exhausted = Vec::new();
        for _ in 0..ATTEMPTS {
            let mut reader = self.reader();
            let loaded = operation.load(&mut reader).await?;
            let moment = Moment { now: reader.now, random: self.random.as_ref(), exhausted: &exhausted };
            let Decision { plan, mut changes, events } = operation.decide(loaded, &moment);
            let answer = operation.seal(plan, &mut changes).await?;
            let records: Vec<_> =
                events.iter().map(|event| AuditRecord::new(event, reader.now, self.random.as_ref())).collect();
            records.iter().for_each(|record| {
                changes.insert(record);
            });
            if changes.is_empty() {
                return Ok(answer);
            }
            let guards = reader.guards_beside(&changes);
            match self.commit(changes.into_batch(Version::generate(self.random.as_ref()), guards)?).await? {
                Committed::Applied => {
                    records.iter().for_each(|record| self.audit.observe(record));
                    return Ok(answer);
                }
                Committed::Lost => {}
                Committed::OverCeiling(counter) => exhausted.push(counter),
            }
        }
        Err(Fault::Contended)
    }

    /// Reads outside an operation: to show, not to decide on.
    pub fn reader(&self) -> Reader<'_> {
        Reader { store: self.store.as_ref(), now: self.clock.now(), seen: Vec::new() }
    }

    async fn commit(&self, batch: Batch) -> Result<Committed, Fault> {
        let version = batch.version;
        let written: Vec<Key> = batch
            .changes
            .iter()
            .filter(|change| matches!(change, Change::Insert(_) | Change::Replace(_)))
            .map(|change| change.key().clone())
            .collect();
        match self.store.commit(batch).await {
            Ok(()) => Ok(Committed::Applied),
            Err(StoreError::Conflict) => Ok(Committed::Lost),
            Err(StoreError::OverCeiling(counter)) => Ok(Committed::OverCeiling(counter)),
            Err(StoreError::Unavailable(reason)) => Err(Fault::Unavailable(reason)),
            Err(StoreError::Unknown) => self.find_out(version, &written).await,
        }
    }

    /// Did a commit whose acknowledgement was lost happen? If it did, what it wrote carries its version. If nothing
    /// does, that proves nothing yet: it may still be on its way, or be overwritten already. Then the caller is told so.
    async fn find_out(&self, version: Version, written: &[Key]) -> Result<Committed, Fault> {
        if written.is_empty() {
            return Err(Fault::Unknown);
        }
        let found = self.store.load(written).await.map_err(|_| Fault::Unknown)?;
        let applied = found.iter().flatten().any(|entry| entry.version == version);
        if applied { Ok(Committed::Applied) } else { Err(Fault::Unknown) }
    }
}

enum Committed {
    Applied,
    Lost,
    OverCeiling(Key),
}

/// Reads on behalf of one attempt, and remembers the versions that it saw: whatever a decision read must still be so
/// when it commits.
pub struct Reader<'a> {
    store: &'a dyn Store,
    now: Timestamp,
    seen: Vec<Guard>,
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

    /// Reads the value of a counter without guarding it; 0 where it does not exist yet.
    ///
    /// # Errors
    /// [`Fault::Unavailable`], [`Fault::Corrupt`].
    pub async fn counter(&mut self, key: &Key) -> Result<i64, Fault> {
        let found = self.store.load(std::slice::from_ref(key)).await.map_err(fault)?;
        let Some(Some(entry)) = found.first() else { return Ok(0) };
        entry.body.parse().map_err(|_| Fault::Corrupt { kind: key.kind.as_str() })
    }

    /// Lists records by an index, a page at a time. What is found is guarded; that nothing was added since is not.
    ///
    /// # Errors
    /// [`Fault::Unavailable`], [`Fault::Corrupt`].
    pub async fn find<R: Record>(
        &mut self,
        index: &Index,
        page: Page,
    ) -> Result<(Vec<Stored<R>>, Option<Cursor>), Fault> {
        let found = self.store.find(R::KIND, index, page).await.map_err(fault)?;
        self.seen
            .extend(found.entries.iter().map(|entry| Guard { key: entry.key.clone(), version: Some(entry.version) }));
        let records = found.entries.iter().map(Stored::from_entry).collect::<Result<_, _>>()?;
        Ok((records, found.next))
    }

    /// Lists all records that carry an index, page after page.
    ///
    /// # Errors
    /// [`Fault::Unavailable`], [`Fault::Corrupt`].
    pub async fn find_all<R: Record>(&mut self, index: &Index) -> Result<Vec<Stored<R>>, Fault> {
        let mut all = Vec::new();
        let mut page = Page::first(1_000);
        loop {
            let (records, next) = self.find(index, page).await?;
            all.extend(records);
            match next {
                Some(cursor) => page = Page { after: Some(cursor), limit: 1_000 },
                None => return Ok(all),
            }
        }
    }

    /// Lets go of the guard on a record: the decision may commit although somebody changed it since. For records whose
    /// change does not matter to the decision, or that change all the time; say why where you call it.
    pub fn unguard(&mut self, key: &Key) {
        self.seen.retain(|guard| guard.key != *key);
    }

    async fn entries(&mut self, keys: &[Key]) -> Result<Vec<Option<Entry>>, Fault> {
        let entries = self.store.load(keys).await.map_err(fault)?;
        self.seen.extend(
            keys.iter()
                .zip(&entries)
                .map(|(key, entry)| Guard { key: key.clone(), version: entry.as_ref().map(|entry| entry.version) }),
        );
        Ok(entries)
    }

    /// What was read and is not itself changed. A changed record needs no guard: its change names the version.
    fn guards_beside(&self, changes: &Changes) -> Vec<Guard> {
        let changed = |key: &Key| changes.changes.iter().any(|change| change.key() == key);
        let mut guards: Vec<Guard> = Vec::new();
        for guard in &self.seen {
            if !changed(&guard.key) && !guards.iter().any(|known| known.key == guard.key) {
                guards.push(guard.clone());
            }
        }
        guards
    }
}

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
