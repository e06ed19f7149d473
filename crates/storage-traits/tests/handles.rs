//! The memory store and its scopes keep the laws of several handles, and the kit notices each way of breaking one.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a failed expectation is the test's own report, in its helpers too"
)]

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use countersign_storage::conformance::executor::block_on;
use countersign_storage::conformance::handles;
use countersign_storage::{
    Batch, Entries, Entry, Guard, Index, Key, Kind, MemoryStore, Page, Ports, Store, StoreError, SystemClock,
    SystemRandom, Timestamp, TracingAudit, Whole,
};

const LAWS: [&str; 5] = [ONE_WHOLE, NOT_ONE, READS, GUARDS, ONE_WINS];
const ONE_WHOLE: &str = "handles_to_one_database_are_one_whole";
const NOT_ONE: &str = "two_databases_are_not_one_whole";
const READS: &str = "what_one_handle_commits_the_other_reads";
const GUARDS: &str = "what_one_handle_read_the_other_guards";
const ONE_WINS: &str = "of_a_guard_and_a_change_through_two_handles_one_wins";

#[test]
fn a_store_in_memory_has_one_handle_and_is_a_database_of_its_own() {
    let (store, other) = (Arc::new(MemoryStore::new()), Arc::new(MemoryStore::new()));
    let checked = block_on(handles::check([store.clone(), store], other)).unwrap_or_else(|broken| panic!("{broken}"));
    assert_eq!(checked, LAWS.len());
}

#[test]
fn a_scope_is_a_handle_to_the_whole_store() {
    let ports = |store: MemoryStore| Ports {
        store: Arc::new(store),
        clock: Arc::new(SystemClock),
        random: Arc::new(SystemRandom::default()),
        audit: Arc::new(TracingAudit),
    };
    let (one, other) = (ports(MemoryStore::new()), ports(MemoryStore::new()));
    let scoped = |ports: &Ports| ports.scoped("https://a.test").store;
    block_on(handles::check([scoped(&one), scoped(&one)], scoped(&other))).unwrap_or_else(|broken| panic!("{broken}"));
}

/// Each row is a way to be wrong, and exactly the laws that notice it.
#[test]
fn every_careless_handle_breaks_the_laws_that_forbid_it() {
    let table: &[(Carelessness, &[&str])] = &[
        (Carelessness::None, &[]),
        (Carelessness::SaysThatEachHandleIsItsOwn, &[ONE_WHOLE]),
        (Carelessness::SaysThatAllAreOne, &[NOT_ONE]),
        (Carelessness::SharesWhatOthersHave, &[NOT_ONE]),
        (Carelessness::KeepsToItself, &[READS, GUARDS, ONE_WINS]),
        (Carelessness::ReadsFromItsCache, &[READS]),
        (Carelessness::ForgetsGuardsInTheWhole, &[GUARDS, ONE_WINS]),
        (Carelessness::ForgetsGuardsOnAbsence, &[GUARDS, ONE_WINS]),
        (Carelessness::RefusesEveryGuardInTheWhole, &[GUARDS, ONE_WINS]),
    ];
    for (carelessness, expected) in table {
        let broken = match block_on(handles::check(opened(*carelessness), other(*carelessness))) {
            Ok(_) => BTreeSet::new(),
            Err(broken) => broken.0.into_iter().map(|(law, _)| law).collect(),
        };
        assert_eq!(broken, expected.iter().copied().collect(), "{carelessness:?}");
        assert!(broken.iter().all(|law| LAWS.contains(law)));
    }
}

/// One way of being wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Carelessness {
    None,
    /// Does not answer to `whole`, although it can be opened twice.
    SaysThatEachHandleIsItsOwn,
    /// Names the technology and not the database.
    SaysThatAllAreOne,
    /// Two that should be two are one behind their names.
    SharesWhatOthersHave,
    KeepsToItself,
    ReadsFromItsCache,
    ForgetsGuardsInTheWhole,
    ForgetsGuardsOnAbsence,
    RefusesEveryGuardInTheWhole,
}

/// A handle to a store that can be opened twice, careless in one way.
struct Careless {
    inner: Arc<MemoryStore>,
    database: &'static str,
    carelessness: Carelessness,
    cache: Mutex<HashMap<Key, Option<Entry>>>,
}

thread_local! {
    /// What each of the databases holds: of those that are shared with another by mistake.
    static SHARED: Arc<MemoryStore> = Arc::new(MemoryStore::new());
}

fn handle(inner: Arc<MemoryStore>, database: &'static str, carelessness: Carelessness) -> Arc<dyn Store> {
    let inner = match carelessness {
        Carelessness::KeepsToItself => Arc::new(MemoryStore::new()),
        Carelessness::SharesWhatOthersHave => SHARED.with(Arc::clone),
        _ => inner,
    };
    Arc::new(Careless { inner, database, carelessness, cache: Mutex::default() })
}

fn opened(carelessness: Carelessness) -> [Arc<dyn Store>; 2] {
    let inner = Arc::new(MemoryStore::new());
    [handle(inner.clone(), "a", carelessness), handle(inner, "a", carelessness)]
}

fn other(carelessness: Carelessness) -> Arc<dyn Store> {
    handle(Arc::new(MemoryStore::new()), "b", carelessness)
}

#[async_trait]
impl Store for Careless {
    async fn load(&self, keys: &[Key]) -> Result<Vec<Option<Entry>>, StoreError> {
        let found = self.inner.load(keys).await?;
        if self.carelessness != Carelessness::ReadsFromItsCache {
            return Ok(found);
        }
        let mut cache = self.cache.lock().unwrap();
        let cached = keys.iter().zip(found).map(|(key, entry)| cache.entry(key.clone()).or_insert(entry).clone());
        Ok(cached.collect())
    }

    async fn find(&self, kind: Kind, index: &Index, page: Page) -> Result<Entries, StoreError> {
        self.inner.find(kind, index, page).await
    }

    async fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        self.inner.commit(batch).await
    }

    async fn purge(&self, expired_before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        self.inner.purge(expired_before, limit).await
    }

    fn whole(&self) -> Whole {
        match self.carelessness {
            Carelessness::SaysThatEachHandleIsItsOwn => Whole::of_one(self),
            Carelessness::SaysThatAllAreOne => Whole::named("careless"),
            _ => Whole::named(format!("careless:{}", self.database)),
        }
    }

    async fn commit_beside(&self, mut batch: Batch, in_whole: Vec<Guard>) -> Result<(), StoreError> {
        let kept = in_whole.into_iter().filter(|guard| match self.carelessness {
            Carelessness::ForgetsGuardsInTheWhole => false,
            Carelessness::ForgetsGuardsOnAbsence => guard.version.is_some(),
            _ => true,
        });
        batch.guards.extend(kept);
        match self.carelessness {
            Carelessness::RefusesEveryGuardInTheWhole => Err(StoreError::Conflict),
            _ => self.commit(batch).await,
        }
    }
}
