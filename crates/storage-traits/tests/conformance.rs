//! The memory store keeps every law, and the kit notices each way of breaking one.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failed expectation is the test's own report, in its helpers too"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use countersign_storage::conformance::executor::{block_on, yield_now};
use countersign_storage::conformance::{self, laws};
use countersign_storage::{
    Batch, Change, Entries, Entry, Guard, Index, Key, Kind, MemoryStore, Order, Page, Ports, Store, StoreError,
    SystemClock, SystemRandom, Timestamp, TracingAudit, Version,
};

#[test]
fn the_memory_store_keeps_every_law() {
    let checked =
        block_on(conformance::check(Arc::new(MemoryStore::new()))).unwrap_or_else(|broken| panic!("{broken}"));
    assert_eq!(checked, laws().len());
}

#[test]
fn a_scope_of_a_store_keeps_every_law() {
    let ports = ports_over(Arc::new(MemoryStore::new()));
    let checked =
        block_on(conformance::check(ports.scoped("https://a.test").store)).unwrap_or_else(|broken| panic!("{broken}"));
    assert_eq!(checked, laws().len());
}

/// Two scopes of one store, each checked by every law on top of what the other left behind.
#[test]
fn scopes_of_one_store_do_not_meet() {
    let ports = ports_over(Arc::new(MemoryStore::new()));
    for name in ["https://a.test", "https://b.test"] {
        block_on(conformance::check(ports.scoped(name).store)).unwrap_or_else(|broken| panic!("{name}: {broken}"));
    }
}

fn ports_over(store: Arc<dyn Store>) -> Ports {
    Ports {
        store,
        clock: Arc::new(SystemClock),
        random: Arc::new(SystemRandom::default()),
        audit: Arc::new(TracingAudit),
    }
}

#[test]
fn laws_have_names_of_their_own() {
    let names: BTreeSet<&str> = laws().iter().map(|law| law.name).collect();
    assert_eq!(names.len(), laws().len());
}

#[test]
fn a_store_that_breaks_nothing_is_not_accused() {
    assert_eq!(broken_by(Mutation::None), BTreeSet::new());
}

/// Each row is a way to be wrong, and laws that must notice it (others may notice it too).
#[test]
fn every_mutant_breaks_the_laws_that_forbid_it() {
    let table: &[(Mutation, &[&str])] = &[
        (
            Mutation::IgnoresGuards,
            &[
                "a_guard_holds_only_at_its_version",
                "a_guard_on_absence_holds_only_while_nothing_is_there",
                "a_batch_without_changes_still_checks_its_guards",
                "a_record_that_went_and_came_back_is_another_one",
                "one_bad_change_undoes_the_batch",
                "of_a_guard_and_a_change_at_once_one_wins",
            ],
        ),
        (Mutation::IgnoresGuardsOnAbsence, &["a_guard_on_absence_holds_only_while_nothing_is_there"]),
        (
            Mutation::AppliesWhatItCan,
            &[
                "one_bad_change_undoes_the_batch",
                "a_failed_batch_leaves_the_index_alone",
                "a_full_counter_undoes_the_batch_and_is_named",
            ],
        ),
        (
            Mutation::InsertsOverWhatIsThere,
            &[
                "an_insert_of_a_present_key_conflicts",
                "of_many_inserts_at_once_one_wins",
                "one_bad_change_undoes_the_batch",
            ],
        ),
        (
            Mutation::ReplacesAnyVersion,
            &["a_replace_needs_the_version_that_was_read", "of_many_replaces_at_once_one_wins"],
        ),
        (Mutation::DeletesAnyVersion, &["a_delete_needs_the_version_that_was_read"]),
        (Mutation::CountsVersionsFromOne, &["a_record_that_went_and_came_back_is_another_one"]),
        (
            Mutation::PassesCeilings,
            &[
                "a_counter_stops_at_its_ceiling",
                "a_full_counter_undoes_the_batch_and_is_named",
                "adds_at_once_never_pass_the_ceiling",
            ],
        ),
        (Mutation::ForgetsExpiryOfCounters, &["a_counter_keeps_the_later_expiry"]),
        (Mutation::ListsWithoutRegardToCase, &["find_lists_by_id_in_byte_order", "pages_join_to_the_whole"]),
        (
            Mutation::ListsInOneOrderOnly,
            &[
                "pages_join_to_the_whole",
                "paging_goes_on_after_its_place_was_deleted",
                "a_cursor_goes_on_in_the_order_of_its_page_and_leads_back_in_the_other",
                "pages_tell_each_record_once_while_others_write",
            ],
        ),
        (
            Mutation::TurnsOnlyThePage,
            &["pages_join_to_the_whole", "a_cursor_goes_on_in_the_order_of_its_page_and_leads_back_in_the_other"],
        ),
        (Mutation::PagesIncludeTheirCursor, &["pages_join_to_the_whole"]),
        (Mutation::EndsAfterTheFirstPage, &["pages_join_to_the_whole", "a_page_has_one_to_a_thousand_entries"]),
        (Mutation::PurgeLeavesIndexEntries, &["purge_takes_index_entries_along"]),
        (Mutation::ReplaceLeavesIndexEntries, &["a_replace_moves_the_index_entries"]),
        (Mutation::PurgesTheVerySecond, &["purge_takes_what_expired_before"]),
        (Mutation::PurgesWithoutLimit, &["purge_keeps_to_its_limit"]),
        (Mutation::HidesWhatExpired, &["what_expired_is_there_until_it_is_purged"]),
        (Mutation::CutsIdsAtNul, &["an_id_with_a_nul_is_kept_or_refused"]),
        (Mutation::FoldsCase, &["ids_that_look_alike_are_apart"]),
        (Mutation::ForgetsKinds, &["the_same_id_in_two_kinds_is_two_records"]),
        (Mutation::AnswersWithoutOrder, &["load_answers_in_the_order_of_its_keys"]),
        (Mutation::CutsLargeBodies, &["bodies_may_be_large"]),
        (
            Mutation::ChecksThenWrites,
            &[
                "of_many_inserts_at_once_one_wins",
                "of_many_replaces_at_once_one_wins",
                "of_a_guard_and_a_change_at_once_one_wins",
                "adds_at_once_never_pass_the_ceiling",
            ],
        ),
        (Mutation::AcknowledgesBeforeItWrites, &["what_was_acknowledged_is_read_by_everybody"]),
    ];
    for (mutation, expected) in table {
        let broken = broken_by(*mutation);
        for law in *expected {
            assert!(laws().iter().any(|known| known.name == *law), "there is no law {law}");
            assert!(broken.contains(law), "{mutation:?} was not caught by {law}, only by {broken:?}");
        }
    }
}

fn broken_by(mutation: Mutation) -> BTreeSet<&'static str> {
    match block_on(conformance::check(Arc::new(Mutant::new(mutation)))) {
        Ok(_) => BTreeSet::new(),
        Err(broken) => broken.0.into_iter().map(|(law, _)| law).collect(),
    }
}

/// One way of being wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Mutation {
    None,
    IgnoresGuards,
    IgnoresGuardsOnAbsence,
    AppliesWhatItCan,
    InsertsOverWhatIsThere,
    ReplacesAnyVersion,
    DeletesAnyVersion,
    CountsVersionsFromOne,
    PassesCeilings,
    ForgetsExpiryOfCounters,
    ListsWithoutRegardToCase,
    /// As one does that was written before a page had an order.
    ListsInOneOrderOnly,
    /// Begins above the cursor in either order, and turns what it finds there.
    TurnsOnlyThePage,
    PagesIncludeTheirCursor,
    EndsAfterTheFirstPage,
    PurgeLeavesIndexEntries,
    ReplaceLeavesIndexEntries,
    PurgesTheVerySecond,
    PurgesWithoutLimit,
    HidesWhatExpired,
    CutsIdsAtNul,
    FoldsCase,
    ForgetsKinds,
    AnswersWithoutOrder,
    CutsLargeBodies,
    ChecksThenWrites,
    AcknowledgesBeforeItWrites,
}

/// A correct store, spoilt in one way.
struct Mutant {
    inner: MemoryStore,
    mutation: Mutation,
    /// The indexes that each record ever had, for those who leave entries behind.
    left_behind: Mutex<BTreeMap<Key, Vec<Index>>>,
    delayed: Mutex<Option<Batch>>,
}

impl Mutant {
    fn new(mutation: Mutation) -> Self {
        Mutant { inner: MemoryStore::new(), mutation, left_behind: Mutex::default(), delayed: Mutex::default() }
    }

    fn is(&self, mutation: Mutation) -> bool {
        self.mutation == mutation
    }

    fn key(&self, key: &Key) -> Key {
        let kind = if self.is(Mutation::ForgetsKinds) { Kind::new("any") } else { key.kind };
        let id = match self.mutation {
            Mutation::CutsIdsAtNul => key.id.split('\0').next().unwrap_or_default().to_owned(),
            Mutation::FoldsCase => key.id.to_lowercase(),
            _ => key.id.clone(),
        };
        Key { kind, id }
    }

    async fn present(&self, key: &Key) -> Option<Version> {
        self.inner.load(std::slice::from_ref(key)).await.unwrap().pop().flatten().map(|entry| entry.version)
    }

    async fn spoil(&self, batch: Batch) -> Batch {
        let Batch { mut version, guards, changes } = batch;
        let guards = guards
            .into_iter()
            .filter(|_| !self.is(Mutation::IgnoresGuards))
            .filter(|guard| !self.is(Mutation::IgnoresGuardsOnAbsence) || guard.version.is_some())
            .map(|guard| Guard { key: self.key(&guard.key), ..guard })
            .collect();
        if self.is(Mutation::CountsVersionsFromOne) {
            version = Version::from_i64(1);
        }
        let mut spoilt = Vec::new();
        for change in changes {
            spoilt.push(self.spoil_change(change).await);
        }
        Batch { version, guards, changes: spoilt }
    }

    async fn spoil_change(&self, change: Change) -> Change {
        match change {
            Change::Insert(entry) => {
                let entry = self.spoil_entry(entry);
                match self.present(&entry.key).await {
                    Some(version) if self.is(Mutation::InsertsOverWhatIsThere) => {
                        Change::Replace(Entry { version, ..entry })
                    }
                    _ => Change::Insert(entry),
                }
            }
            Change::Replace(entry) => {
                let entry = self.spoil_entry(entry);
                match self.present(&entry.key).await {
                    Some(version) if self.is(Mutation::ReplacesAnyVersion) => {
                        Change::Replace(Entry { version, ..entry })
                    }
                    _ => Change::Replace(entry),
                }
            }
            Change::Delete { key, version } => {
                let key = self.key(&key);
                match self.present(&key).await {
                    Some(present) if self.is(Mutation::DeletesAnyVersion) => Change::Delete { key, version: present },
                    _ => Change::Delete { key, version },
                }
            }
            Change::Add { key, by, ceiling, expires_at } => Change::Add {
                key: self.key(&key),
                by,
                ceiling: if self.is(Mutation::PassesCeilings) { i64::MAX } else { ceiling },
                expires_at: expires_at.filter(|_| !self.is(Mutation::ForgetsExpiryOfCounters)),
            },
        }
    }

    fn spoil_entry(&self, mut entry: Entry) -> Entry {
        entry.key = self.key(&entry.key);
        if self.is(Mutation::CutsLargeBodies) && entry.body.len() > 65_535 {
            entry.body = r#"{"text":""}"#.into();
        }
        let mut left_behind = self.left_behind.lock().unwrap();
        let known = left_behind.entry(entry.key.clone()).or_default();
        known.extend(entry.indexes.iter().cloned());
        if self.is(Mutation::ReplaceLeavesIndexEntries) {
            entry.indexes = known.clone();
        }
        entry
    }
}

#[async_trait]
impl Store for Mutant {
    async fn load(&self, keys: &[Key]) -> Result<Vec<Option<Entry>>, StoreError> {
        let spoilt: Vec<Key> = keys.iter().map(|key| self.key(key)).collect();
        let mut found = self.inner.load(&spoilt).await?;
        for (key, entry) in keys.iter().zip(&mut found) {
            if self.is(Mutation::HidesWhatExpired) {
                *entry = entry.take().filter(|entry| entry.expires_at.is_none_or(|at| at > Timestamp(1_000_000)));
            }
            if let Some(entry) = entry {
                entry.key = key.clone();
            }
        }
        if self.is(Mutation::AnswersWithoutOrder) {
            found.sort_by_key(|entry| entry.as_ref().map(|entry| entry.key.clone()));
        }
        Ok(found)
    }

    async fn find(&self, kind: Kind, index: &Index, page: Page) -> Result<Entries, StoreError> {
        let kind_asked = self.key(&Key { kind, id: String::new() }).kind;
        let whole = self.inner.find(kind_asked, index, Page::first(1_000)).await?;
        match self.mutation {
            Mutation::ListsWithoutRegardToCase => {
                let mut entries = whole.entries;
                entries.sort_by_key(|entry| entry.key.id.to_lowercase());
                let after = page.after.as_ref().map_or(0, |cursor| {
                    entries.iter().position(|entry| entry.key.id == cursor.0).map_or(0, |place| place + 1)
                });
                let mut rest = entries.split_off(after);
                let more = rest.len() > page.size() as usize;
                rest.truncate(page.size() as usize);
                let next = rest.last().filter(|_| more).map(|last| countersign_storage::Cursor(last.key.id.clone()));
                Ok(Entries { entries: rest, next })
            }
            Mutation::ListsInOneOrderOnly => {
                self.inner.find(kind_asked, index, Page { order: Order::Ascending, ..page }).await
            }
            Mutation::TurnsOnlyThePage => {
                let order = page.order;
                let mut found = self.inner.find(kind_asked, index, Page { order: Order::Ascending, ..page }).await?;
                if order == Order::Descending {
                    found.entries.reverse();
                }
                Ok(found)
            }
            Mutation::PagesIncludeTheirCursor => {
                let from = page.after.as_ref().map(|cursor| cursor.0.clone()).unwrap_or_default();
                let mut entries: Vec<Entry> = whole.entries.into_iter().filter(|entry| entry.key.id >= from).collect();
                let more = entries.len() > page.size() as usize;
                entries.truncate(page.size() as usize);
                let next = entries.last().filter(|_| more).map(|last| countersign_storage::Cursor(last.key.id.clone()));
                Ok(Entries { entries, next })
            }
            Mutation::EndsAfterTheFirstPage => {
                let found = self.inner.find(kind_asked, index, page).await?;
                Ok(Entries { next: None, ..found })
            }
            Mutation::PurgeLeavesIndexEntries => {
                let ids: Vec<Key> = self
                    .left_behind
                    .lock()
                    .unwrap()
                    .iter()
                    .filter(|(key, indexes)| key.kind == kind && indexes.contains(index))
                    .map(|(key, _)| key.clone())
                    .collect();
                let mut entries: Vec<Entry> = self.inner.load(&ids).await?.into_iter().flatten().collect();
                entries.retain(|entry| page.after.as_ref().is_none_or(|cursor| entry.key.id > cursor.0));
                Ok(Entries { entries, next: None })
            }
            _ => self.inner.find(kind_asked, index, page).await,
        }
    }

    async fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        let batch = self.spoil(batch).await;
        match self.mutation {
            Mutation::AppliesWhatItCan => {
                let outcome = self.inner.commit(batch.clone()).await;
                if outcome.is_err() {
                    for change in batch.changes {
                        let alone = Batch { version: batch.version, guards: Vec::new(), changes: vec![change] };
                        let _ = self.inner.commit(alone).await;
                    }
                }
                outcome
            }
            Mutation::ChecksThenWrites => {
                // What it checks is right, but others come in between.
                let probe = MemoryStore::new();
                for entry in self.inner.dump() {
                    let (version, key) = (entry.version, entry.key.clone());
                    if entry.key.kind == Kind::new("conformance_counter") {
                        let by = entry.body.parse().unwrap();
                        let add = Change::Add { key, by, ceiling: i64::MAX, expires_at: None };
                        probe.commit(Batch { version, guards: Vec::new(), changes: vec![add] }).await?;
                    } else {
                        let changes = vec![Change::Insert(entry)];
                        probe.commit(Batch { version, guards: Vec::new(), changes }).await?;
                    }
                }
                probe.commit(batch.clone()).await?;
                yield_now().await;
                for change in batch.changes {
                    let change = match change {
                        Change::Insert(entry) | Change::Replace(entry) => match self.present(&entry.key).await {
                            Some(version) => Change::Replace(Entry { version, ..entry }),
                            None => Change::Insert(entry),
                        },
                        Change::Add { key, by, expires_at, .. } => {
                            Change::Add { key, by, ceiling: i64::MAX, expires_at }
                        }
                        delete @ Change::Delete { .. } => delete,
                    };
                    let alone = Batch { version: batch.version, guards: Vec::new(), changes: vec![change] };
                    self.inner.commit(alone).await?;
                }
                Ok(())
            }
            Mutation::AcknowledgesBeforeItWrites => {
                let earlier = self.delayed.lock().unwrap().replace(batch);
                match earlier {
                    Some(earlier) => self.inner.commit(earlier).await,
                    None => Ok(()),
                }
            }
            _ => self.inner.commit(batch).await,
        }
    }

    async fn purge(&self, expired_before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        match self.mutation {
            Mutation::PurgesTheVerySecond => self.inner.purge(Timestamp(expired_before.0 + 1), limit).await,
            Mutation::PurgesWithoutLimit => self.inner.purge(expired_before, u32::MAX).await,
            _ => self.inner.purge(expired_before, limit).await,
        }
    }
}
