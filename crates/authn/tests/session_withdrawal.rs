//! Ending sessions while they are used as heavily as can be (ASVS 5.0 §7.4): it takes one write, it misses none, and what
//! was ended stays ended.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a failed expectation is the test's own report")]

mod support;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use countersign_authn::*;
use countersign_sqlite::SqliteStore;
use countersign_storage::*;
use support::*;

/// Counts the commits that were tried of each kind of record.
struct Counted {
    store: Arc<dyn Store>,
    epochs: AtomicUsize,
    accounts: AtomicUsize,
    /// That would delete a session.
    deletions: AtomicUsize,
}

#[async_trait]
impl Store for Counted {
    async fn load(&self, keys: &[Key]) -> Result<Vec<Option<Entry>>, StoreError> {
        self.store.load(keys).await
    }

    async fn find(&self, kind: Kind, index: &Index, page: Page) -> Result<Entries, StoreError> {
        self.store.find(kind, index, page).await
    }

    async fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        let ends = |change: &Change| matches!(change, Change::Delete { key, .. } if key.kind.as_str() == "session");
        if batch.changes.iter().any(ends) {
            self.deletions.fetch_add(1, SeqCst);
        }
        for change in &batch.changes {
            match change.key().kind.as_str() {
                "session_epoch" => drop(self.epochs.fetch_add(1, SeqCst)),
                "account" => drop(self.accounts.fetch_add(1, SeqCst)),
                _ => {}
            }
        }
        self.store.commit(batch).await
    }

    async fn purge(&self, expired_before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        self.store.purge(expired_before, limit).await
    }
}

/// One run on each store: memory and SQLite.
fn on_each_store(policy: &AuthnPolicy, test: impl Fn(&Site, &Counted)) {
    let folder = tempfile::tempdir().unwrap();
    let sqlite = SqliteStore::open(folder.path().join("sessions.db")).unwrap();
    for store in [Arc::new(MemoryStore::new()) as Arc<dyn Store>, Arc::new(sqlite)] {
        let counted = Arc::new(Counted { store, epochs: 0.into(), accounts: 0.into(), deletions: 0.into() });
        let clock = Arc::new(ManualClock::at(START));
        let site = site_on(Arc::clone(&counted) as _, Arc::default(), clock, policy.clone(), CHEAP);
        test(&site, &counted);
    }
}

/// Every use is noted, nobody is throttled, and there is room for all sessions of a test.
fn busy_policy() -> AuthnPolicy {
    AuthnPolicy {
        last_seen_every: seconds(1),
        sessions_per_account: 900,
        attempts_per_account: Limit::new(1_000_000, seconds(60)),
        ..AuthnPolicy::default()
    }
}

/// 8 lanes look sessions up, each use noted, and 8 sign in, until `withdraw` returns. What is returned began before
/// `withdraw` did.
fn under_load<T>(site: &Site, used: &SignedInSession, withdraw: impl FnOnce() -> T) -> (T, Vec<SignedInSession>) {
    let (over, signed_in) = (AtomicBool::new(false), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                while !over.load(SeqCst) {
                    site.clock.advance(seconds(1));
                    let _ = block_on(site.authn.session(&used.cookie));
                }
            });
            scope.spawn(|| {
                while !over.load(SeqCst) {
                    if let Ok(session) = site.sign_in(ALICE, PASSWORD) {
                        signed_in.lock().unwrap().push(session);
                    }
                }
            });
        }
        while signed_in.lock().unwrap().len() < 16 {
            std::thread::yield_now();
        }
        let before = std::mem::take(&mut *signed_in.lock().unwrap());
        let outcome = withdraw();
        over.store(true, SeqCst);
        (outcome, before)
    })
}

#[test]
fn all_others_end_in_one_commit_under_16_lanes_of_look_ups_and_sign_ins() {
    on_each_store(&busy_policy(), |site, counted| {
        let kept = site.alice();
        let (outcome, before) = under_load(site, &kept, || site.end_others(&kept));
        assert_eq!(outcome, Revocation::Revoked);
        assert_eq!(counted.epochs.load(SeqCst), 1, "attempts");
        assert!(before.len() >= 16);
        assert!(before.iter().all(|session| site.session(&session.cookie).is_none()));
        assert!(site.session(&kept.cookie).is_some(), "the one in use goes on");
    });
}

#[test]
fn an_account_is_disabled_in_one_commit_under_16_lanes_and_enabling_it_revives_no_session() {
    on_each_store(&busy_policy(), |site, counted| {
        let alice = site.alice();
        let created = counted.accounts.load(SeqCst);
        let ((), before) = under_load(site, &alice, || site.disable(&alice.session.subject));
        assert_eq!(counted.accounts.load(SeqCst), created + 1, "attempts");
        let none = |when: &str| {
            assert!(before.iter().chain([&alice]).all(|session| site.session(&session.cookie).is_none()), "{when}");
            assert!(block_on(site.authn.sessions(&alice.session.subject)).unwrap().is_empty(), "{when}");
        };
        none("disabled");
        site.enable(&alice.session.subject);
        none("enabled");
        let again = site.sign_in(ALICE, PASSWORD).unwrap();
        assert!(site.session(&again.cookie).is_some());
    });
}

#[test]
fn a_person_has_no_more_sessions_than_the_policy_says_however_many_start_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let sqlite = Arc::new(SqliteStore::open(folder.path().join("sessions.db")).unwrap());
    for store in [Arc::new(MemoryStore::new()) as Arc<dyn Store>, sqlite] {
        let policy = AuthnPolicy { sessions_per_account: 5, ..busy_policy() };
        let clock = Arc::new(ManualClock::at(START));
        let site = site_on(Arc::clone(&store), Arc::default(), clock, policy, CHEAP);
        let subject = site.alice().session.subject;
        std::thread::scope(|scope| {
            for _ in 0..16 {
                scope.spawn(|| (0..5).for_each(|_| drop(site.sign_in(ALICE, PASSWORD).unwrap())));
            }
        });
        let index = Index::new("subject", subject.as_str());
        let found = block_on(store.find(Kind::new("session"), &index, Page::first(1_000))).unwrap();
        assert_eq!(found.entries.len(), 5);
        assert_eq!(block_on(site.authn.sessions(&subject)).unwrap().len(), 5);
    }
}

#[test]
fn one_session_too_many_ends_the_one_that_was_not_used_for_the_longest_time() {
    let site = site_with(AuthnPolicy { sessions_per_account: 2, ..AuthnPolicy::default() });
    let first = site.alice();
    site.clock.advance(seconds(60));
    let second = site.sign_in(ALICE, PASSWORD).unwrap();
    site.clock.advance(seconds(60));
    assert!(site.session(&first.cookie).is_some());
    let third = site.sign_in(ALICE, PASSWORD).unwrap();
    assert_eq!(site.session(&second.cookie), None);
    assert!(site.session(&first.cookie).is_some() && site.session(&third.cookie).is_some());
    let ended = site.events_of("session.end");
    assert_eq!(ended.len(), 1);
    assert_eq!(ended[0].detail.get("reason").unwrap(), "too_many");
    assert_eq!(ended[0].detail.get("session_id"), Some(&second.session.id));

    // What is ended already gives its place first, and nobody is told a second time.
    site.end_others(&third);
    let fourth = site.sign_in(ALICE, PASSWORD).unwrap();
    assert!(site.session(&third.cookie).is_some() && site.session(&fourth.cookie).is_some());
    assert_eq!(site.stored("session").len(), 2);
    assert_eq!(site.events_of("session.end").len(), 2);
}

/// Two sites on one store, of which the first lets something happen right before its next commit.
fn watched() -> (Site, Site, Arc<Watched>) {
    let watched = Arc::new(Watched::default());
    let clock = Arc::new(ManualClock::at(START));
    let (store, policy) = (Arc::clone(&watched.store), busy_policy());
    let first = site_on(Arc::clone(&watched) as _, Arc::clone(&store), Arc::clone(&clock), policy.clone(), CHEAP);
    let other_cost = Argon2idCost { passes: 2, ..CHEAP };
    let second = site_on(Arc::clone(&store) as _, store, clock, policy, other_cost);
    (first, second, watched)
}

#[test]
fn ending_all_others_misses_none_that_begins_meanwhile() {
    let (ending, signing_in, watched) = watched();
    let kept = ending.alice();
    let meanwhile = Arc::new(Mutex::new(None));
    let slot = Arc::clone(&meanwhile);
    *watched.before_commit.lock().unwrap() =
        Some(Box::new(move || *slot.lock().unwrap() = Some(signing_in.sign_in(ALICE, PASSWORD).unwrap())));
    assert_eq!(ending.end_others(&kept), Revocation::Revoked);
    let meanwhile = meanwhile.lock().unwrap().take().expect("somebody signed in before the commit");
    assert_eq!(ending.session(&meanwhile.cookie), None);
    assert!(ending.session(&kept.cookie).is_some());
}

#[test]
fn a_session_that_starts_while_all_others_end_begins_afterwards_or_not_at_all() {
    let (signing_in, ending, watched) = watched();
    let kept = signing_in.alice();
    let ended_for = kept.clone();
    // The throttle commits first; then the session.
    let once_more = Arc::clone(&watched);
    *watched.before_commit.lock().unwrap() = Some(Box::new(move || {
        *once_more.before_commit.lock().unwrap() =
            Some(Box::new(move || assert_eq!(ending.end_others(&ended_for), Revocation::Revoked)));
    }));
    let signed_in = signing_in.sign_in(ALICE, PASSWORD).unwrap();
    assert!(watched.before_commit.lock().unwrap().is_none(), "it happened");
    assert_eq!(signed_in.session.epoch, 1);
    assert!(signing_in.session(&signed_in.cookie).is_some() && signing_in.session(&kept.cookie).is_some());
}

/// The look-up is about to note the last use when all others end: the note must not come through.
#[test]
fn a_look_up_that_notes_the_last_use_does_not_beat_the_end_of_all_others() {
    let (looking, ending, watched) = watched();
    let (alice, kept) = (looking.alice(), looking.sign_in(ALICE, PASSWORD).unwrap());
    looking.clock.advance(seconds(120));
    *watched.before_commit.lock().unwrap() =
        Some(Box::new(move || assert_eq!(ending.end_others(&kept), Revocation::Revoked)));
    assert_eq!(looking.session(&alice.cookie), None);
    assert!(watched.before_commit.lock().unwrap().is_none(), "the look-up wanted to write");
}

/// One note a minute is all that look-ups write, so this is lost once and won the next time.
#[test]
fn a_session_is_ended_although_its_last_use_is_noted_meanwhile() {
    let (ending, looking, watched) = watched();
    let alice = ending.alice();
    ending.clock.advance(seconds(120));
    let cookie = alice.cookie.clone();
    *watched.before_commit.lock().unwrap() = Some(Box::new(move || assert!(looking.session(&cookie).is_some())));
    watched.calls.lock().unwrap().clear();
    let revoked = block_on(ending.authn.revoke_session(&alice.session.subject, &alice.session.id)).unwrap();
    assert_eq!(revoked, Revocation::Revoked);
    assert_eq!(watched.calls.lock().unwrap().iter().filter(|call| call.starts_with("commit")).count(), 2);
    assert_eq!(ending.session(&alice.cookie), None);
}

/// The same under load, for both ways to end one session: of 16 lanes one writes the note down, and then there is none to
/// write for a minute.
#[test]
fn one_session_ends_within_two_attempts_beside_16_lanes_of_use() {
    const ROUNDS: usize = 20;
    let policy = AuthnPolicy { attempts_per_account: Limit::new(1_000_000, seconds(60)), ..AuthnPolicy::default() };
    on_each_store(&policy, |site, counted| {
        site.alice();
        for round in 0..ROUNDS {
            let used = site.sign_in(ALICE, PASSWORD).unwrap();
            site.clock.advance(policy.last_seen_every);
            let before = counted.deletions.load(SeqCst);
            let (over, uses) = (AtomicBool::new(false), AtomicUsize::new(0));
            std::thread::scope(|scope| {
                for _ in 0..16 {
                    scope.spawn(|| {
                        while !over.load(SeqCst) {
                            let _ = site.session(&used.cookie);
                            uses.fetch_add(1, SeqCst);
                        }
                    });
                }
                while uses.load(SeqCst) < round % 4 {
                    std::thread::yield_now();
                }
                if round % 2 == 0 {
                    block_on(site.authn.sign_out(&used.cookie)).unwrap();
                } else {
                    let Session { subject, id, .. } = &used.session;
                    let revoked = block_on(site.authn.revoke_session(subject, id)).unwrap();
                    assert_eq!(revoked, Revocation::Revoked);
                }
                over.store(true, SeqCst);
            });
            let attempts = counted.deletions.load(SeqCst) - before;
            assert!((1..=2).contains(&attempts), "{attempts} attempts in round {round}");
            assert_eq!(site.session(&used.cookie), None);
        }
    });
}

#[test]
fn a_session_that_was_ended_does_not_come_back_as_the_one_that_goes_on() {
    let site = site();
    let (stolen, own) = (site.alice(), site.sign_in(ALICE, PASSWORD).unwrap());
    assert_eq!(site.end_others(&own), Revocation::Revoked);
    assert_eq!(site.end_others(&stolen), Revocation::NotFound, "its last request is still on its way");
    assert_eq!(site.session(&stolen.cookie), None);
    assert!(site.session(&own.cookie).is_some());
    let confirmed = block_on(site.authn.confirm(&stolen.cookie, &Secret::new(PASSWORD), &Context::default()));
    assert_eq!(confirmed.err(), Some(Stopped::Refused(SignInRefusal::NotSignedIn)));

    let moved = block_on(site.authn.confirm(&own.cookie, &Secret::new(PASSWORD), &Context::default())).unwrap();
    assert!(site.session(&moved.cookie).is_some(), "the one that goes on does so under its next secret");
}

#[test]
fn a_confirmation_under_way_does_not_carry_a_session_over_its_end() {
    let (confirming, ending, watched) = watched();
    let (alice, kept) = (confirming.alice(), confirming.sign_in(ALICE, PASSWORD).unwrap());
    let once_more = Arc::clone(&watched);
    *watched.before_commit.lock().unwrap() = Some(Box::new(move || {
        *once_more.before_commit.lock().unwrap() =
            Some(Box::new(move || assert_eq!(ending.end_others(&kept), Revocation::Revoked)));
    }));
    let confirmed = block_on(confirming.authn.confirm(&alice.cookie, &Secret::new(PASSWORD), &Context::default()));
    assert!(watched.before_commit.lock().unwrap().is_none(), "it happened");
    assert_eq!(confirmed.err(), Some(Stopped::Refused(SignInRefusal::NotSignedIn)));
}

#[test]
fn what_is_stored_of_ended_sessions_expires_with_them() {
    let site = site();
    let kept = site.alice();
    (0..5).for_each(|_| drop(site.sign_in(ALICE, PASSWORD).unwrap()));
    site.end_others(&kept);
    assert_eq!(site.stored("session").len(), 6);
    site.clock.advance(AuthnPolicy::default().session_idle + seconds(1));
    block_on(site.store.purge(site.clock.now(), 1_000)).unwrap();
    assert_eq!(site.stored("session").len(), 0);
    site.clock.advance(AuthnPolicy::default().session_absolute);
    block_on(site.store.purge(site.clock.now(), 1_000)).unwrap();
    assert_eq!(site.stored("session_turn").len(), 0);
    assert_eq!(site.stored("session_epoch").len(), 1, "or sessions of another epoch would hold again");
}
