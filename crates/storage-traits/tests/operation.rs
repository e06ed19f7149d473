//! load → decide → seal → commit: what the loop promises to every operation.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failed expectation is the test's own report, in its helpers too"
)]

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use countersign_storage::clock::Pause;
use countersign_storage::conformance::executor::{block_on, join_all};
use countersign_storage::conformance::outcome::{Fate, LostAcknowledgements};
use countersign_storage::{
    Actor, Audit, AuditRecord, Batch, Change, Changes, Clock, Decision, Entries, Entry, Event, Fault, Index, Key, Kind,
    ManualClock, MemoryStore, Moment, Operation, Page, Ports, Reader, Record, Sealing, SeededRandom, Stopped, Store,
    StoreError, Stored, Timestamp, Version,
};
use serde::{Deserialize, Serialize};

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
struct Account {
    id: String,
    owner: String,
    balance: i64,
}

impl Record for Account {
    const KIND: Kind = Kind::new("balance");

    fn id(&self) -> String {
        self.id.clone()
    }

    fn indexes(&self) -> Vec<Index> {
        vec![Index::new("owner", &self.owner)]
    }
}

countersign_storage::actions! {
    enum Done {
        Withdraw => ["balance.withdraw" "Took some"],
    }
}

/// Takes from one account, if a second one allows it: reads two, changes one.
struct Withdraw {
    from: &'static str,
    beside: &'static str,
    amount: i64,
}

#[async_trait]
impl Operation for Withdraw {
    type Loaded = (Option<Stored<Account>>, Option<Stored<Account>>);
    type Granted = i64;
    type Refusal = &'static str;

    async fn load(&self, reader: &mut Reader<'_>) -> Result<Self::Loaded, Fault> {
        reader.load((Account::at(self.from), Account::at(self.beside))).await
    }

    fn decide(&self, (from, beside): Self::Loaded, _: &Moment<'_>) -> Decision<i64, &'static str> {
        let Some(mut from) = from else { return Decision::refuse("no such account") };
        let together = from.balance + beside.map_or(0, |beside| beside.balance);
        if together < self.amount {
            return Decision::refuse("not enough");
        }
        from.record.balance -= self.amount;
        let mut changes = Changes::none();
        changes.replace(&from);
        Decision::grant(from.record.balance).changing(changes).report(Event::new(Done::Withdraw, Actor::System))
    }
}

fn withdraw(from: &'static str, beside: &'static str, amount: i64) -> Withdraw {
    Withdraw { from, beside, amount }
}

#[derive(Default)]
struct Heard(Mutex<Vec<AuditRecord>>);

impl Audit for Heard {
    fn observe(&self, record: &AuditRecord) {
        self.0.lock().unwrap().push(record.clone());
    }
}

/// A store that answers commits as it is told to, and remembers the batches.
struct Scripted {
    inner: Arc<MemoryStore>,
    /// What the next commits meet; after that, they pass.
    script: Mutex<VecDeque<Interference>>,
    batches: Mutex<Vec<Batch>>,
    loads: AtomicUsize,
}

enum Interference {
    Refuse(StoreError),
    /// Somebody else commits first.
    Overtake(Batch),
}

impl Scripted {
    fn new(script: impl IntoIterator<Item = Interference>) -> Arc<Self> {
        let script = Mutex::new(script.into_iter().collect());
        Arc::new(Scripted { inner: Arc::default(), script, batches: Mutex::default(), loads: AtomicUsize::new(0) })
    }

    fn batches(&self) -> Vec<Batch> {
        self.batches.lock().unwrap().clone()
    }
}

#[async_trait]
impl Store for Scripted {
    async fn load(&self, keys: &[Key]) -> Result<Vec<Option<Entry>>, StoreError> {
        self.loads.fetch_add(1, Ordering::SeqCst);
        self.inner.load(keys).await
    }

    async fn find(&self, kind: Kind, index: &Index, page: Page) -> Result<Entries, StoreError> {
        self.inner.find(kind, index, page).await
    }

    async fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        self.batches.lock().unwrap().push(batch.clone());
        let next = self.script.lock().unwrap().pop_front();
        match next {
            Some(Interference::Refuse(error)) => return Err(error),
            Some(Interference::Overtake(other)) => self.inner.commit(other).await?,
            None => {}
        }
        self.inner.commit(batch).await
    }

    async fn purge(&self, expired_before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        self.inner.purge(expired_before, limit).await
    }
}

fn ports(store: Arc<dyn Store>) -> (Ports, Arc<Heard>) {
    let heard = Arc::new(Heard::default());
    let clock = Arc::new(ManualClock::at(Timestamp(1_800_000_000)));
    (Ports { store, clock, random: Arc::new(SeededRandom::new(1)), audit: heard.clone() }, heard)
}

fn account(id: &str, balance: i64) -> Account {
    Account { id: id.to_owned(), owner: "o".to_owned(), balance }
}

async fn open(store: &dyn Store, accounts: &[Account]) {
    let mut changes = Changes::none();
    accounts.iter().for_each(|account| {
        changes.insert(account);
    });
    let changes = changes.as_slice().to_vec();
    store.commit(Batch { version: version(7), guards: Vec::new(), changes }).await.unwrap();
}

fn version(number: i64) -> countersign_storage::Version {
    countersign_storage::Version::from_i64(number)
}

fn set_balance(id: &str, read: i64, balance: i64) -> Batch {
    let account = account(id, balance);
    let entry = Entry {
        key: account.key(),
        version: version(read),
        body: serde_json::to_string(&account).unwrap().into(),
        indexes: account.indexes(),
        expires_at: None,
    };
    Batch { version: version(read + 1), guards: Vec::new(), changes: vec![Change::Replace(entry)] }
}

async fn balance(store: &dyn Store, id: &str) -> i64 {
    let found = store.load(&[account(id, 0).key()]).await.unwrap();
    serde_json::from_str::<Account>(&found[0].as_ref().unwrap().body).unwrap().balance
}

#[test]
fn whatever_was_read_and_is_not_changed_is_guarded() {
    block_on(async {
        let store = Scripted::new([]);
        open(store.inner.as_ref(), &[account("a", 10)]).await;
        let (ports, _) = ports(store.clone());
        assert_eq!(ports.perform(&withdraw("a", "missing", 4)).await, Ok(6));
        let [batch] = store.batches().try_into().unwrap();
        assert_eq!(batch.guards.len(), 1, "the changed record needs no guard: its change names the version");
        assert_eq!(batch.guards[0].key, account("missing", 0).key());
        assert_eq!(batch.guards[0].version, None, "that nothing was there is relied on too");
        assert!(matches!(&batch.changes[0], Change::Replace(entry) if entry.version == version(7)));
    });
}

#[test]
fn an_answer_without_changes_commits_nothing() {
    block_on(async {
        let store = Scripted::new([]);
        let (ports, heard) = ports(store.clone());
        assert_eq!(ports.perform(&withdraw("missing", "missing", 1)).await, Err(Stopped::Refused("no such account")));
        assert!(store.batches().is_empty() && heard.0.lock().unwrap().is_empty());
    });
}

#[test]
fn who_is_overtaken_loads_and_decides_anew() {
    block_on(async {
        let store = Scripted::new([Interference::Overtake(set_balance("a", 7, 3))]);
        open(store.inner.as_ref(), &[account("a", 10)]).await;
        let (ports, heard) = ports(store.clone());
        assert_eq!(ports.perform(&withdraw("a", "b", 5)).await, Err(Stopped::Refused("not enough")));
        assert_eq!(balance(store.as_ref(), "a").await, 3);
        assert!(heard.0.lock().unwrap().is_empty(), "what did not happen is not reported");
    });
}

#[test]
fn a_change_of_what_was_only_read_is_noticed() {
    block_on(async {
        let store = Scripted::new([Interference::Overtake(set_balance("b", 7, 0))]);
        open(store.inner.as_ref(), &[account("a", 1), account("b", 9)]).await;
        let (ports, _) = ports(store.clone());
        assert_eq!(ports.perform(&withdraw("a", "b", 5)).await, Err(Stopped::Refused("not enough")));
        assert_eq!(balance(store.as_ref(), "a").await, 1);
    });
}

#[test]
fn each_attempt_has_a_version_of_its_own() {
    block_on(async {
        let conflicts = (0..3).map(|_| Interference::Refuse(StoreError::Conflict));
        let store = Scripted::new(conflicts);
        open(store.inner.as_ref(), &[account("a", 10)]).await;
        let (ports, heard) = ports(store.clone());
        assert_eq!(ports.perform(&withdraw("a", "b", 4)).await, Ok(6));
        let mut versions: Vec<i64> = store.batches().iter().map(|batch| batch.version.as_i64()).collect();
        versions.sort_unstable();
        versions.dedup();
        assert_eq!(versions.len(), 4);
        assert!(versions.iter().all(|version| *version >= 0));
        assert_eq!(heard.0.lock().unwrap().len(), 1, "reported once, after the commit");
    });
}

#[test]
fn who_loses_a_hundred_times_gives_up() {
    block_on(async {
        let store = Scripted::new((0..1_000).map(|_| Interference::Refuse(StoreError::Conflict)));
        open(store.inner.as_ref(), &[account("a", 10)]).await;
        let (ports, heard) = ports(store.clone());
        assert_eq!(ports.perform(&withdraw("a", "b", 4)).await, Err(Stopped::Failed(Fault::Contended)));
        assert_eq!(store.batches().len(), 100);
        assert_eq!(balance(store.as_ref(), "a").await, 10);
        assert!(heard.0.lock().unwrap().is_empty());
    });
}

/// One way to read accounts, and then a change of something else.
#[derive(Clone, Copy, Debug)]
enum Reading {
    One,
    Pair,
    Many,
    Page,
    Whole,
    /// Reads both, and lets go of `a`.
    Unguarded,
}

#[async_trait]
impl Operation for Reading {
    type Loaded = ();
    type Granted = ();
    type Refusal = Infallible;

    async fn load(&self, reader: &mut Reader<'_>) -> Result<(), Fault> {
        let (a, b, owner) = (Account::at("a"), Account::at("b"), Index::new("owner", "o"));
        match self {
            Reading::One => drop((reader.load(a).await?, reader.load(b).await?)),
            Reading::Pair => drop(reader.load((a, b)).await?),
            Reading::Many => drop(reader.load_all(&[a, b]).await?),
            Reading::Page => drop(reader.find::<Account>(&owner, Page::first(10)).await?),
            Reading::Whole => drop(reader.find_all::<Account>(&owner).await?),
            Reading::Unguarded => {
                reader.load_all(&[a.clone(), b]).await?;
                reader.unguard(a.key());
            }
        }
        Ok(())
    }

    fn decide(&self, (): (), moment: &Moment<'_>) -> Decision<(), Infallible> {
        let mut changes = Changes::none();
        changes.insert(&Account {
            owner: "another".to_owned(),
            ..account(&Version::generate(moment.random).as_i64().to_string(), 1)
        });
        Decision::grant(()).changing(changes)
    }
}

#[test]
fn however_a_record_was_read_its_change_is_noticed_and_so_is_that_it_came_or_went() {
    use Reading::{Many, One, Page, Pair, Unguarded, Whole};
    let gone = |id: &str| {
        let change = Change::Delete { key: account(id, 0).key(), version: version(7) };
        Batch { version: version(8), guards: Vec::new(), changes: vec![change] }
    };
    let came = |id: &str| {
        let mut changes = Changes::none();
        changes.insert(&account(id, 1));
        Batch { version: version(8), guards: Vec::new(), changes: changes.as_slice().to_vec() }
    };
    // What is there, what somebody does meanwhile, and how often the operation commits until it gets through.
    let rows: Vec<(Reading, &[&str], Batch, usize)> = [One, Pair, Many, Page, Whole]
        .into_iter()
        .flat_map(|reading| {
            [("a", set_balance("a", 7, 0)), ("b", set_balance("b", 7, 0)), ("a", gone("a")), ("b", gone("b"))]
                .map(|(_, meanwhile)| (reading, ["a", "b"].as_slice(), meanwhile, 2))
        })
        .chain([One, Pair, Many].map(|reading| (reading, ["a"].as_slice(), came("b"), 2)))
        .chain([
            (Unguarded, ["a", "b"].as_slice(), set_balance("a", 7, 0), 1),
            (Unguarded, ["a", "b"].as_slice(), set_balance("b", 7, 0), 2),
        ])
        .collect();
    for (reading, there, meanwhile, commits) in rows {
        block_on(async {
            let what = format!("{reading:?}, meanwhile {meanwhile:?}");
            let store = Scripted::new([Interference::Overtake(meanwhile)]);
            let there: Vec<Account> = there.iter().map(|id| account(id, 1)).collect();
            open(store.inner.as_ref(), &there).await;
            let (ports, _) = ports(store.clone());
            assert_eq!(ports.perform(&reading).await, Ok(()));
            assert_eq!(store.batches().len(), commits, "{what}");
        });
    }
}

/// Remembers how long it was asked to pause, and pauses for no time.
struct Pausing {
    pauses: Mutex<Vec<Duration>>,
}

impl Clock for Pausing {
    fn now(&self) -> Timestamp {
        Timestamp(1_800_000_000)
    }

    fn lived(&self) -> Duration {
        Duration::ZERO
    }

    fn pause(&self, duration: Duration) -> Pause {
        self.pauses.lock().unwrap().push(duration);
        Box::pin(std::future::ready(()))
    }
}

#[test]
fn who_loses_waits_a_random_part_of_a_time_that_grows() {
    block_on(async {
        let store = Scripted::new((0..40).map(|_| Interference::Refuse(StoreError::Conflict)));
        open(store.inner.as_ref(), &[account("a", 10)]).await;
        let clock = Arc::new(Pausing { pauses: Mutex::default() });
        let (ports, _) = ports(store.clone());
        let ports = Ports { clock: clock.clone(), ..ports };
        assert_eq!(ports.perform(&withdraw("a", "b", 4)).await, Ok(6));
        let pauses = clock.pauses.lock().unwrap().clone();
        assert_eq!(pauses.len(), 40, "one for each loss");
        for (lost, pause) in (0_u32..).zip(&pauses) {
            let longest = Duration::from_millis(2) * 2_u32.saturating_pow(lost.min(10));
            assert!(*pause < longest.min(Duration::from_millis(100)), "{lost}: {pause:?}");
        }
        let late: std::collections::BTreeSet<_> = pauses.iter().skip(10).collect();
        assert!(late.len() > 20 && **late.last().unwrap() > Duration::from_millis(60), "{late:?}");
    });
}

#[test]
fn a_list_that_is_read_as_a_whole_is_bounded() {
    block_on(async {
        for (there, read) in [(10_000, true), (10_001, false)] {
            let store = MemoryStore::new();
            let accounts: Vec<Account> = (0..there).map(|n| account(&n.to_string(), 1)).collect();
            open(&store, &accounts).await;
            let (ports, _) = ports(Arc::new(store));
            let found = ports.reader().find_all::<Account>(&Index::new("owner", "o")).await;
            match found {
                Ok(found) => assert!(read && found.len() == there),
                Err(fault) => assert!(!read && matches!(fault, Fault::Internal(_)), "{there}: {fault}"),
            }
        }
    });
}

#[test]
fn an_event_is_stored_in_the_commit_that_it_tells_of() {
    block_on(async {
        let store = Scripted::new([]);
        open(store.inner.as_ref(), &[account("a", 10)]).await;
        let (ports, heard) = ports(store.clone());
        ports.perform(&withdraw("a", "b", 4)).await.unwrap();
        let [batch] = store.batches().try_into().unwrap();
        let heard = heard.0.lock().unwrap().clone();
        assert_eq!(heard[0].action, "balance.withdraw");
        assert_eq!(heard[0].at, Timestamp(1_800_000_000));
        assert!(heard[0].id.starts_with("1800000000"), "ordered by time");
        let stored =
            batch.changes.iter().filter(|change| matches!(change, Change::Insert(e) if e.key == heard[0].key()));
        assert_eq!(stored.count(), 1);
    });
}

#[test]
fn faults_of_the_store_are_told_apart() {
    let unavailable = || StoreError::Unavailable("down".to_owned());
    let table = [
        (unavailable(), Fault::Unavailable("down".to_owned())),
        // Nothing carries the version of the commit, so nobody can say.
        (StoreError::Unknown, Fault::Unknown),
    ];
    for (error, fault) in table {
        block_on(async {
            let store = Scripted::new([Interference::Refuse(error)]);
            open(store.inner.as_ref(), &[account("a", 10)]).await;
            let (ports, heard) = ports(store.clone());
            assert_eq!(ports.perform(&withdraw("a", "b", 4)).await, Err(Stopped::Failed(fault.clone())));
            assert!(fault.is_transient());
            assert_eq!(fault.status(), 503);
            assert!(heard.0.lock().unwrap().is_empty());
            assert_eq!(balance(store.as_ref(), "a").await, 10);
        });
    }
}

#[test]
fn a_record_that_can_not_be_read_is_our_fault_and_does_not_pass() {
    block_on(async {
        let store = MemoryStore::new();
        let entry = Entry {
            key: account("a", 0).key(),
            version: version(0),
            body: r#"{"id":"a"}"#.into(),
            indexes: Vec::new(),
            expires_at: None,
        };
        let batch = Batch { version: version(7), guards: Vec::new(), changes: vec![Change::Insert(entry)] };
        store.commit(batch).await.unwrap();
        let (ports, _) = ports(Arc::new(store));
        let fault = ports.perform(&withdraw("a", "b", 4)).await.unwrap_err();
        let Stopped::Failed(fault) = fault else { panic!("{fault:?}") };
        assert_eq!(fault, Fault::Corrupt { kind: "balance" });
        assert!(!fault.is_transient());
        assert_eq!(fault.status(), 500);
    });
}

#[test]
fn a_commit_whose_acknowledgement_is_lost_is_answered_and_reported_once() {
    block_on(async {
        let lossy = Arc::new(LostAcknowledgements::new(Arc::new(MemoryStore::new())));
        open(lossy.as_ref(), &[account("a", 10)]).await;
        let (ports, heard) = ports(lossy.clone());
        lossy.lose_next(Fate::Applied);
        assert_eq!(ports.perform(&withdraw("a", "b", 4)).await, Ok(6));
        assert_eq!(balance(lossy.as_ref(), "a").await, 6);
        assert_eq!(heard.0.lock().unwrap().len(), 1);
        lossy.lose_next(Fate::Dropped);
        assert_eq!(ports.perform(&withdraw("a", "b", 4)).await, Err(Stopped::Failed(Fault::Unknown)));
        assert_eq!(balance(lossy.as_ref(), "a").await, 6);
        assert_eq!(heard.0.lock().unwrap().len(), 1);
    });
}

/// Spends from a counter.
struct Spend {
    ceiling: i64,
}

fn spent() -> Key {
    Key { kind: Kind::new("spent"), id: "budget".to_owned() }
}

#[async_trait]
impl Operation for Spend {
    type Loaded = i64;
    type Granted = ();
    type Refusal = Vec<Key>;

    async fn load(&self, reader: &mut Reader<'_>) -> Result<i64, Fault> {
        reader.counter(&spent()).await
    }

    fn decide(&self, _: i64, moment: &Moment<'_>) -> Decision<(), Vec<Key>> {
        if moment.is_exhausted(&spent()) {
            return Decision::refuse(moment.exhausted.to_vec());
        }
        let mut changes = Changes::none();
        changes.add(spent(), 1, self.ceiling, None);
        Decision::grant(()).changing(changes)
    }
}

#[test]
fn a_counter_at_its_ceiling_reaches_the_decision_as_exhausted() {
    block_on(async {
        let store = Scripted::new([]);
        let (ports, _) = ports(store.clone());
        for _ in 0..2 {
            assert_eq!(ports.perform(&Spend { ceiling: 2 }).await, Ok(()));
        }
        assert_eq!(ports.perform(&Spend { ceiling: 2 }).await, Err(Stopped::Refused(vec![spent()])));
        assert_eq!(ports.reader().counter(&spent()).await, Ok(2));
        assert!(store.batches().iter().all(|batch| batch.guards.is_empty()), "a counter is read without a guard");
    });
}

#[test]
fn a_guard_that_was_let_go_does_not_hold_the_commit_up() {
    struct Loose;
    #[async_trait]
    impl Operation for Loose {
        type Loaded = Option<Stored<Account>>;
        type Granted = ();
        type Refusal = Infallible;
        async fn load(&self, reader: &mut Reader<'_>) -> Result<Self::Loaded, Fault> {
            let found = reader.load(Account::at("a")).await?;
            reader.unguard(&account("a", 0).key());
            Ok(found)
        }
        fn decide(&self, _: Self::Loaded, _: &Moment<'_>) -> Decision<(), Infallible> {
            let mut changes = Changes::none();
            changes.insert(&account("new", 1));
            Decision::grant(()).changing(changes)
        }
    }
    block_on(async {
        let store = Scripted::new([Interference::Overtake(set_balance("a", 7, 0))]);
        open(store.inner.as_ref(), &[account("a", 1)]).await;
        let (ports, _) = ports(store.clone());
        assert_eq!(ports.perform(&Loose).await, Ok(()));
        assert_eq!(store.batches().len(), 1);
    });
}

#[test]
fn a_seal_that_fails_leaves_nothing_behind() {
    struct Unsealed;
    #[async_trait]
    impl Operation for Unsealed {
        type Loaded = ();
        type Granted = ();
        type Refusal = Infallible;
        async fn load(&self, _: &mut Reader<'_>) -> Result<(), Fault> {
            Ok(())
        }
        fn decide(&self, (): (), _: &Moment<'_>) -> Decision<(), Infallible> {
            let mut changes = Changes::none();
            changes.insert(&account("a", 1));
            Decision::grant(()).changing(changes)
        }
    }
    #[async_trait]
    impl Sealing for Unsealed {
        type Sealed = ();
        async fn seal(&self, _: (), _: &mut Changes) -> Result<(), Fault> {
            Err(Fault::Crypto("no key"))
        }
    }
    block_on(async {
        let store = Arc::new(MemoryStore::new());
        let (ports, _) = ports(store.clone());
        assert_eq!(ports.perform_sealing(&Unsealed).await, Err(Stopped::Failed(Fault::Crypto("no key"))));
        assert!(store.dump().is_empty());
    });
}

#[test]
fn what_the_seal_writes_is_part_of_the_commit() {
    struct SealedLate;
    #[async_trait]
    impl Operation for SealedLate {
        type Loaded = ();
        type Granted = ();
        type Refusal = Infallible;
        async fn load(&self, _: &mut Reader<'_>) -> Result<(), Fault> {
            Ok(())
        }
        fn decide(&self, (): (), _: &Moment<'_>) -> Decision<(), Infallible> {
            Decision::grant(())
        }
    }
    #[async_trait]
    impl Sealing for SealedLate {
        type Sealed = ();
        async fn seal(&self, _: (), changes: &mut Changes) -> Result<(), Fault> {
            changes.insert(&account("sealed", 1));
            Ok(())
        }
    }
    block_on(async {
        let store = Arc::new(MemoryStore::new());
        let (ports, _) = ports(store.clone());
        ports.perform_sealing(&SealedLate).await.unwrap();
        assert_eq!(store.dump().len(), 1);
    });
}

#[test]
fn a_listing_is_read_to_its_end_and_guarded() {
    struct CloseAll;
    #[async_trait]
    impl Operation for CloseAll {
        type Loaded = Vec<Stored<Account>>;
        type Granted = usize;
        type Refusal = Infallible;
        async fn load(&self, reader: &mut Reader<'_>) -> Result<Self::Loaded, Fault> {
            reader.find_all(&Index::new("owner", "o")).await
        }
        fn decide(&self, found: Self::Loaded, _: &Moment<'_>) -> Decision<usize, Infallible> {
            let mut changes = Changes::none();
            changes.delete(&found[0]);
            Decision::grant(found.len()).changing(changes)
        }
    }
    block_on(async {
        let store = Scripted::new([]);
        let accounts: Vec<Account> = (0..1_500).map(|n| account(&format!("{n:04}"), 1)).collect();
        open(store.inner.as_ref(), &accounts).await;
        let (ports, _) = ports(store.clone());
        assert_eq!(ports.perform(&CloseAll).await, Ok(1_500));
        assert_eq!(store.batches()[0].guards.len(), 1_499);
    });
}

#[test]
fn of_many_who_withdraw_at_once_each_sees_what_the_others_left() {
    block_on(async {
        let store = Arc::new(MemoryStore::new());
        open(store.as_ref(), &[account("a", 10)]).await;
        let (ports, heard) = ports(store.clone());
        let operations: Vec<Withdraw> = (0..32).map(|_| withdraw("a", "b", 3)).collect();
        let outcomes = join_all(operations.iter().map(|operation| ports.perform(operation))).await;
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 3);
        assert_eq!(balance(store.as_ref(), "a").await, 1);
        assert_eq!(heard.0.lock().unwrap().len(), 3);
    });
}
