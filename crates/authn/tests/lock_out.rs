//! Who guesses keeps nobody out (NIST SP 800-63B §3.2.2, OWASP Authentication).

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a failed expectation is the test's own report")]

mod support;

use std::sync::Arc;

use countersign_authn::*;
use countersign_storage::*;
use support::*;

/// The browser of somebody who signed in.
fn device(signed_in: &SignedInSession) -> Context {
    Context { device: Some(signed_in.device.expose().to_owned()), ..Context::default() }
}

fn is_throttled(outcome: &Result<SignedInSession, Stopped<SignInRefusal>>) -> bool {
    matches!(outcome, Err(Stopped::Refused(SignInRefusal::Throttled { .. })))
}

#[test]
fn guessing_without_end_keeps_no_owner_out_of_a_device_that_signed_in_before() {
    let site = site();
    let owner = device(&site.alice());
    for minute in 0..60 {
        site.clock.set(START + seconds(60 * minute));
        // From everywhere, the owner's own office included.
        for n in 0..70 {
            let _ = site.sign_in_from(ALICE, "a wrong password", &from(&format!("10.0.{}.{n}", minute % 3)));
            let _ = site.sign_in_from(ALICE, "a wrong password", &from("192.0.2.1"));
        }
        assert!(is_throttled(&site.sign_in(ALICE, PASSWORD)), "a stranger waits");
        let in_office = Context { peer: from("192.0.2.1").peer, ..owner.clone() };
        assert!(site.sign_in_from(ALICE, PASSWORD, &in_office).is_ok(), "minute {minute}");
    }
}

#[test]
fn a_device_has_an_allowance_of_its_own_and_its_copies_share_it() {
    let site = site();
    let (first, second) = (device(&site.alice()), device(&site.sign_in(ALICE, PASSWORD).unwrap()));
    let copy = first.clone();
    for n in 0..10 {
        let from = if n % 2 == 0 { &first } else { &copy };
        assert_eq!(site.sign_in_from(ALICE, "a wrong password", from).err(), Some(WRONG));
    }
    assert!(is_throttled(&site.sign_in_from(ALICE, PASSWORD, &first)));
    assert!(is_throttled(&site.sign_in_from(ALICE, PASSWORD, &copy)));
    assert!(site.sign_in_from(ALICE, PASSWORD, &second).is_ok());
    assert!(site.sign_in(ALICE, PASSWORD).is_ok(), "nor did it use up that of strangers");
}

#[test]
fn a_device_is_a_stranger_to_every_other_account() {
    let site = site();
    site.alice();
    let bob = device(&site.bob());
    let compared = (0..100).filter(|_| site.sign_in_from(ALICE, "a wrong password", &bob).err() == Some(WRONG));
    assert_eq!(compared.count(), 5);
    assert!(is_throttled(&site.sign_in_from(ALICE, PASSWORD, &bob)));

    // After signing in there too it is known to both.
    site.clock.advance(seconds(60));
    let both = device(&site.sign_in_from(ALICE, PASSWORD, &bob).unwrap());
    while !is_throttled(&site.sign_in(ALICE, "a wrong password")) {}
    while !is_throttled(&site.sign_in(BOB, "a wrong password")) {}
    assert!(site.sign_in_from(ALICE, PASSWORD, &both).is_ok());
    assert!(site.sign_in_from(BOB, PASSWORD_OF_BOB, &both).is_ok());
}

/// The password of a subject becomes another one, as a reset would do it.
fn change_password(store: &MemoryStore) {
    let mut entry = store.dump().into_iter().find(|entry| entry.key.kind.as_str() == "password").unwrap();
    let changed = entry.body.replace("\"generation\":1", "\"generation\":2");
    assert_ne!(*entry.body, *changed);
    entry.body = changed.into();
    let batch = Batch { version: Version::from_i64(7), guards: Vec::new(), changes: vec![Change::Replace(entry)] };
    block_on(store.commit(batch)).unwrap();
}

#[test]
fn a_device_is_a_stranger_after_the_password_changed_and_after_its_time() {
    let site = site();
    let owner = device(&site.alice());
    change_password(&site.store);
    while !is_throttled(&site.sign_in(ALICE, "a wrong password")) {}
    assert!(is_throttled(&site.sign_in_from(ALICE, PASSWORD, &owner)));

    site.clock.advance(seconds(600));
    let owner = device(&site.sign_in(ALICE, PASSWORD).unwrap());
    site.clock.advance(AuthnPolicy::default().device_remembered - seconds(1));
    while !is_throttled(&site.sign_in(ALICE, "a wrong password")) {}
    assert!(site.sign_in_from(ALICE, PASSWORD, &owner).is_ok());
    site.clock.advance(seconds(1));
    while !is_throttled(&site.sign_in(ALICE, "a wrong password")) {}
    assert!(is_throttled(&site.sign_in_from(ALICE, PASSWORD, &owner)));
}

#[test]
fn what_lets_a_device_be_known_signs_nobody_in_and_is_for_no_script() {
    let site = site();
    let alice = site.alice();
    assert_eq!(site.session(&alice.device), None);
    let set = site.authn.set_device_cookie(&alice).to_str().unwrap().to_owned();
    assert!(set.starts_with("__Host-countersign-device="), "{set}");
    assert!(set.ends_with("; Max-Age=15552000; Path=/; Secure; HttpOnly; SameSite=Lax"), "{set}");
    let pair = set.split(';').next().unwrap();
    let headers = http::HeaderMap::from_iter([(http::header::COOKIE, pair.parse().unwrap())]);
    assert_eq!(site.authn.device(&headers).as_deref(), Some(alice.device.expose()));
    assert_eq!(block_on(site.authn.authentication(&headers)).unwrap(), None);
    assert_eq!(site.sign_in_from(ALICE, "a wrong password", &device(&alice)).err(), Some(WRONG));
    for forged in ["", "1.AAAA", "x", &format!("{}A", alice.device.expose()), alice.cookie.expose()] {
        let forged = Context { device: Some(forged.to_owned()), ..Context::default() };
        assert!(site.sign_in_from(ALICE, PASSWORD, &forged).is_ok(), "it is as if there were none");
    }
}

#[test]
fn a_stranger_waits_longer_the_more_is_guessed() {
    let site = site();
    site.alice();
    let mut waits = Vec::new();
    let mut compared = 0;
    while site.clock.now() < START + seconds(600) {
        match site.sign_in(ALICE, "a wrong password") {
            Err(Stopped::Refused(SignInRefusal::Throttled { retry_after: wait })) => {
                waits.push(wait.as_secs());
                site.clock.advance(wait);
            }
            outcome => {
                assert_eq!(outcome.err(), Some(WRONG));
                compared += 1;
            }
        }
    }
    assert_eq!(compared, 30, "in ten minutes");
    assert_eq!(waits.first(), Some(&10));
    assert!(waits.iter().any(|wait| (11..=60).contains(wait)), "{waits:?}");
    assert!(waits.last().is_some_and(|wait| *wait > 60), "{waits:?}");
    assert!(site.sign_in(ALICE, PASSWORD).is_ok(), "and then it is over");
}

#[test]
fn what_was_right_is_not_counted() {
    let site = site();
    site.alice();
    let context = from("192.0.2.1");
    assert!((0..200).all(|_| site.sign_in_from(ALICE, PASSWORD, &context).is_ok()));
    // And hides no failure.
    let compared = (0..100).filter(|_| {
        let _ = site.sign_in_from(ALICE, PASSWORD, &context);
        site.sign_in_from(ALICE, "a wrong password", &context).err() == Some(WRONG)
    });
    assert_eq!(compared.count(), 5);
}

#[test]
fn simultaneous_guesses_are_no_more_than_one_after_the_other() {
    let site = site();
    site.alice();
    let guess = || site.sign_in(ALICE, "a wrong password").err() == Some(WRONG);
    let compared = std::thread::scope(|scope| {
        let guesses: Vec<_> = (0..64).map(|_| scope.spawn(guess)).collect();
        guesses.into_iter().map(|guess| guess.join().unwrap()).filter(|compared| *compared).count()
    });
    assert_eq!(compared, 5);
}

#[test]
fn confirmations_count_per_address_too() {
    let limit = Limit::new(3, seconds(60));
    let site = site_with(AuthnPolicy { attempts_per_address: limit, ..AuthnPolicy::default() });
    let alice = site.alice();
    let confirm = |password: &str, from: &Context| {
        block_on(site.authn.confirm(&alice.cookie, &Secret::new(password), from)).err()
    };
    let here = from("192.0.2.1");
    for _ in 0..3 {
        assert_eq!(confirm("a wrong password", &here), Some(WRONG));
    }
    assert!(matches!(confirm(PASSWORD, &here), Some(Stopped::Refused(SignInRefusal::Throttled { .. }))));
    assert!(is_throttled(&site.sign_in_from(ALICE, PASSWORD, &here)), "one count of the address for both");
    assert_eq!(confirm("a wrong password", &from("192.0.2.2")), Some(WRONG), "another address");
}

/// Two sites on one store: right before the second commit of the first (the first counts the attempt), the password changes.
fn while_the_password_changes<T>(act: impl FnOnce(&Site, &SignedInSession) -> T) -> (T, Site) {
    let watched = Arc::new(Watched::default());
    let clock = Arc::new(ManualClock::at(START));
    let site = site_on(Arc::clone(&watched) as _, Arc::clone(&watched.store), clock, AuthnPolicy::default(), CHEAP);
    let alice = site.alice();
    let (store, once_more) = (Arc::clone(&watched.store), Arc::clone(&watched));
    *watched.before_commit.lock().unwrap() = Some(Box::new(move || {
        *once_more.before_commit.lock().unwrap() = Some(Box::new(move || change_password(&store)));
    }));
    let outcome = act(&site, &alice);
    assert!(watched.before_commit.lock().unwrap().is_none(), "it changed");
    (outcome, site)
}

#[test]
fn a_password_that_changes_between_comparison_and_commit_signs_nobody_in() {
    let (outcome, site) = while_the_password_changes(|site, _| site.sign_in(ALICE, PASSWORD));
    assert_eq!(outcome.err(), Some(WRONG));
    assert_eq!(site.stored("session").len(), 1, "the one of sign-up");
    let denied = Outcome::Denied { reason: "password_changed".to_owned() };
    assert!(site.events_of("session.start").iter().any(|event| event.outcome == denied));
}

#[test]
fn a_password_that_changes_between_comparison_and_commit_confirms_nothing() {
    let (outcome, site) = while_the_password_changes(|site, alice| {
        block_on(site.authn.confirm(&alice.cookie, &Secret::new(PASSWORD), &Context::default()))
    });
    assert_eq!(outcome.err(), Some(Stopped::Refused(SignInRefusal::NotSignedIn)));
    assert!(site.events_of("session.confirm").is_empty());
}
