//! Sessions: NIST SP 800-63B §5, ASVS 5.0 §7.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a failed expectation is the test's own report")]

mod support;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use countersign_authn::*;
use countersign_storage::*;
use serde_json::Value;
use support::*;

#[test]
fn a_session_says_who_signed_in_when_and_how() {
    let site = site();
    let context = Context { user_agent: Some("Browser\n/1 ".repeat(100)), ..from("192.0.2.1") };
    let subject = site.alice().session.subject;
    site.clock.advance(seconds(5));
    let signed_in = site.sign_in_from(ALICE, PASSWORD, &context).unwrap();
    let session = site.session(&signed_in.cookie).unwrap();
    assert_eq!(session, signed_in.session);
    assert_eq!((&session.subject, session.auth_time), (&subject, START + seconds(5)));
    assert_eq!(session.amr, ["pwd"]);
    assert_eq!(session.ip, context.peer);
    let shown = session.user_agent.as_deref().unwrap();
    assert!(shown.starts_with("Browser/1 Browser/1") && shown.chars().count() == 256);
    assert!(session.id.starts_with("ses_"));

    let authentication = session.authentication();
    assert_eq!(authentication.subject(), &subject);
    assert_eq!(authentication.session_id(), session.id);
    assert_eq!(authentication.auth_time(), session.auth_time);
    assert_eq!(authentication.amr(), ["pwd"]);
}

#[test]
fn an_idle_session_is_dead() {
    let site = site();
    let alice = site.alice();
    site.clock.advance(AuthnPolicy::default().session_idle - seconds(1));
    assert!(site.session(&alice.cookie).is_some(), "a second before");
    site.clock.advance(AuthnPolicy::default().session_idle);
    assert_eq!(site.session(&alice.cookie), None);
    assert_eq!(site.stored("session").len(), 0);
    assert_eq!(site.events_of("session.end").first().unwrap().detail.get("reason").unwrap(), "expired");
}

#[test]
fn a_busy_session_is_dead_at_its_absolute_end() {
    let site = site();
    let alice = site.alice();
    let end = START + AuthnPolicy::default().session_absolute;
    assert_eq!(alice.ends_at, end);
    while site.clock.now() + seconds(3_600) < end {
        site.clock.advance(seconds(3_600));
        let session = site.session(&alice.cookie).expect("busy");
        assert!(session.expires_at <= end);
    }
    site.clock.set(end - seconds(1));
    assert!(site.session(&alice.cookie).is_some());
    site.clock.set(end);
    assert_eq!(site.session(&alice.cookie), None);
}

#[test]
fn a_dead_session_stays_dead_when_the_clock_is_set_back() {
    let site = site();
    let alice = site.alice();
    site.clock.advance(AuthnPolicy::default().session_absolute);
    assert_eq!(site.session(&alice.cookie), None);
    site.clock.set(START + seconds(1));
    assert_eq!(site.session(&alice.cookie), None);
}

#[test]
fn a_policy_that_was_tightened_ends_older_sessions_too() {
    for tight in [
        AuthnPolicy { session_idle: seconds(60), ..AuthnPolicy::default() },
        AuthnPolicy { session_absolute: seconds(60), ..AuthnPolicy::default() },
    ] {
        for (age, alive) in [(59, true), (60, false)] {
            let before = site();
            let alice = before.alice();
            let (store, clock) = (Arc::clone(&before.store), Arc::clone(&before.clock));
            let after = site_on(Arc::clone(&store) as _, store, clock, tight.clone(), CHEAP);
            after.clock.advance(seconds(age));
            assert_eq!(after.session(&alice.cookie).is_some(), alive, "after {age} s");
        }
    }
}

#[test]
fn the_last_use_is_written_at_most_once_a_minute() {
    let site = site();
    let alice = site.alice();
    let writes: BTreeSet<i64> = (0..=600)
        .map(|second| {
            site.clock.set(START + seconds(second));
            assert!(site.session(&alice.cookie).is_some());
            site.stored("session").first().unwrap().version.as_i64()
        })
        .collect();
    assert_eq!(writes.len(), 1 + 10);
    assert_eq!(site.session(&alice.cookie).unwrap().last_seen_at, START + seconds(600));
}

#[test]
fn a_short_idle_limit_still_sees_the_use() {
    let site = site_with(AuthnPolicy { session_idle: seconds(20), ..AuthnPolicy::default() });
    let alice = site.alice();
    for _ in 0..30 {
        site.clock.advance(seconds(10));
        assert!(site.session(&alice.cookie).is_some());
    }
}

#[test]
fn a_cookie_from_before_sign_in_is_dead_afterwards() {
    let site = site();
    let planted = site.sign_up("mallory@x.test", PASSWORD_OF_BOB).unwrap();
    site.alice();
    let context = Context { previous: Some(planted.cookie.clone()), ..Context::default() };
    let alice = site.sign_in_from(ALICE, PASSWORD, &context).unwrap();
    assert_ne!(alice.cookie, planted.cookie);
    assert_eq!(site.session(&planted.cookie), None);
    assert!(site.session(&alice.cookie).is_some());
    let ended = site.events_of("session.end");
    assert_eq!(ended.first().unwrap().detail.get("session_id"), Some(&planted.session.id));

    let context = Context { previous: Some(alice.cookie.clone()), ..Context::default() };
    let again = site.sign_in_from(ALICE, PASSWORD, &context).unwrap();
    assert_eq!(site.session(&alice.cookie), None);
    assert_ne!(again.session.id, alice.session.id);
    assert_eq!(site.stored("session").len(), 2, "the one of sign-up and the last");
}

/// Or anybody could sign people out by trying their passwords.
#[test]
fn a_refused_sign_in_ends_nothing() {
    let site = site();
    let alice = site.alice();
    let context = Context { previous: Some(alice.cookie.clone()), ..Context::default() };
    assert_eq!(site.sign_in_from(ALICE, "a wrong password", &context).err(), Some(WRONG));
    assert!(site.session(&alice.cookie).is_some());
}

#[test]
fn a_cookie_that_was_never_issued_is_nobody_s() {
    let site = site();
    let alice = site.alice();
    assert_eq!(site.session(&Secret::new("")), None);
    assert_eq!(site.session(&Secret::new("A".repeat(43))), None);
    assert_eq!(site.session(&Secret::new(alice.session.id)), None);
}

#[test]
fn sign_out_ends_the_session_on_the_server() {
    let site = site();
    let alice = site.alice();
    let elsewhere = site.sign_in(ALICE, PASSWORD).unwrap();
    block_on(site.authn.sign_out(&alice.cookie)).unwrap();
    assert_eq!(site.session(&alice.cookie), None);
    assert!(site.session(&elsewhere.cookie).is_some());
    let ended = site.events_of("session.end");
    assert_eq!(ended.len(), 1);
    assert_eq!(ended[0].actor, Actor::Person { subject: alice.session.subject.clone() });
    assert_eq!(ended[0].detail.get("reason").unwrap(), "sign_out");
    block_on(site.authn.sign_out(&alice.cookie)).unwrap();
    assert_eq!(site.events_of("session.end").len(), 1, "a second time there is nothing to end");
}

/// The look-up is about to write down the use when the session ends: the look-up must not bring it back.
#[test]
fn a_sign_out_during_a_look_up_wins() {
    let watched = Arc::new(Watched::default());
    let clock = Arc::new(ManualClock::at(START));
    let looking = site_on(Arc::clone(&watched) as _, Arc::clone(&watched.store), clock, AuthnPolicy::default(), CHEAP);
    let alice = looking.alice();
    let ending = site_on(
        Arc::clone(&watched.store) as _,
        Arc::clone(&watched.store),
        Arc::clone(&looking.clock),
        AuthnPolicy::default(),
        Argon2idCost { passes: 2, ..CHEAP },
    );
    looking.clock.advance(seconds(120));
    let cookie = alice.cookie.clone();
    *watched.before_commit.lock().unwrap() = Some(Box::new(move || block_on(ending.authn.sign_out(&cookie)).unwrap()));
    assert_eq!(looking.session(&alice.cookie), None);
    assert!(watched.before_commit.lock().unwrap().is_none(), "the look-up wanted to write");
    assert_eq!(looking.stored("session").len(), 0);
}

#[test]
fn a_session_that_was_signed_out_is_never_found_again_by_racing_look_ups() {
    let policy = AuthnPolicy { last_seen_every: seconds(1), ..AuthnPolicy::default() };
    let site = site_with(policy);
    let subject = site.alice().session.subject;
    block_on(site.authn.revoke_sessions(&subject)).unwrap();
    let before = site.stored("session").len();
    for _ in 0..50 {
        let alice = site.sign_in(ALICE, PASSWORD).unwrap();
        site.clock.advance(seconds(60));
        let ended = AtomicBool::new(false);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..20 {
                        let already_ended = ended.load(Ordering::SeqCst);
                        site.clock.advance(seconds(1));
                        let found = site.session(&alice.cookie);
                        assert!(!(already_ended && found.is_some()), "found after its end");
                    }
                });
            }
            scope.spawn(|| {
                block_on(site.authn.sign_out(&alice.cookie)).unwrap();
                ended.store(true, Ordering::SeqCst);
            });
        });
        assert_eq!(site.stored("session").len(), before);
    }
}

#[test]
fn a_person_sees_their_living_sessions_and_nobody_else_s() {
    let site = site();
    let first = site.alice();
    site.clock.advance(seconds(10));
    let second = site.sign_in(ALICE, PASSWORD).unwrap();
    let bob = site.bob();
    let ids = |subject| -> Vec<String> {
        block_on(site.authn.sessions(subject)).unwrap().into_iter().map(|session| session.id).collect()
    };
    assert_eq!(ids(&first.session.subject), [second.session.id.clone(), first.session.id.clone()]);
    assert_eq!(ids(&bob.session.subject), std::slice::from_ref(&bob.session.id));
    site.clock.set(START + AuthnPolicy::default().session_idle);
    assert_eq!(ids(&first.session.subject), [second.session.id]);
}

#[test]
fn a_person_ends_one_of_their_sessions_by_its_public_name() {
    let site = site();
    let (first, second) = (site.alice(), site.sign_in(ALICE, PASSWORD).unwrap());
    let revoke = |id: &str| block_on(site.authn.revoke_session(&first.session.subject, id)).unwrap();
    assert_eq!(revoke(&second.session.id), Revocation::Revoked);
    assert_eq!(site.session(&second.cookie), None);
    assert!(site.session(&first.cookie).is_some());
    assert_eq!(revoke(&second.session.id), Revocation::NotFound);
    assert_eq!(site.events_of("session.end")[0].detail.get("reason").unwrap(), "revoked");
}

#[test]
fn somebody_else_s_session_is_not_found() {
    let site = site();
    let alice = site.alice();
    let bob = site.bob();
    for id in [alice.session.id.as_str(), "ses_unknown", "", &"x".repeat(10_000), alice.cookie.handle().as_str()] {
        let revoked = block_on(site.authn.revoke_session(&bob.session.subject, id)).unwrap();
        assert_eq!(revoked, Revocation::NotFound);
    }
    assert!(site.session(&alice.cookie).is_some());
    assert!(site.events_of("session.end").is_empty());
}

#[test]
fn a_person_ends_all_sessions_but_the_one_in_use() {
    let site = site();
    let kept = site.alice();
    let others: Vec<_> = (0..5).map(|_| site.sign_in(ALICE, PASSWORD).unwrap()).collect();
    let bob = site.bob();
    assert_eq!(site.end_others(&kept), Revocation::Revoked);
    assert!(site.session(&kept.cookie).is_some() && site.session(&bob.cookie).is_some());
    assert!(others.iter().all(|other| site.session(&other.cookie).is_none()));
    let ended = site.events_of("session.end");
    assert_eq!(ended.len(), 1, "however many they are");
    assert_eq!(ended[0].detail.get("reason").unwrap(), "revoked_others");
    assert_eq!(ended[0].detail.get("kept"), Some(&kept.session.id));
    let listed = block_on(site.authn.sessions(&kept.session.subject)).unwrap();
    assert_eq!(listed.iter().map(|session| &session.id).collect::<Vec<_>>(), [&kept.session.id]);

    let later = site.sign_in(ALICE, PASSWORD).unwrap();
    assert!(site.session(&later.cookie).is_some(), "who signs in afterwards is in");
    assert_eq!(site.end_others(&later), Revocation::Revoked);
    assert!(site.session(&kept.cookie).is_none() && site.session(&later.cookie).is_some());
    block_on(site.authn.revoke_sessions(&kept.session.subject)).unwrap();
    assert!(site.session(&later.cookie).is_none() && site.session(&bob.cookie).is_some());
}

#[test]
fn a_disabled_account_has_no_session_at_once() {
    let site = site();
    let alice = site.alice();
    let subject = &alice.session.subject;
    site.disable(subject);
    assert_eq!(site.session(&alice.cookie), None);
    let headers = site.headers(&alice);
    assert_eq!(block_on(site.authn.authentication(&headers)).unwrap(), None);
    let confirmed = block_on(site.authn.confirm(&alice.cookie, &Secret::new(PASSWORD), &Context::default()));
    assert_eq!(confirmed.err(), Some(Stopped::Refused(SignInRefusal::NotSignedIn)));
    site.enable(subject);
    assert_eq!(site.session(&alice.cookie), None, "it stays ended");
    let again = site.sign_in(ALICE, PASSWORD).unwrap();
    assert!(site.session(&again.cookie).is_some());
    assert_eq!((alice.session.authentication().account_generation(), again.session.account_generation), (0, 1));
    assert_eq!(again.session.authentication().account_generation(), 1);
}

/// What an issuer asks when a code is redeemed that a session once obtained.
#[test]
fn an_authentication_lasts_as_long_as_its_session() {
    let site = site();
    let (alice, bob) = (site.alice(), site.bob());
    let state = |session: &Session| {
        block_on(site.authn.session_state(&session.authentication(), &mut site.ports.reader())).unwrap()
    };
    assert_eq!(state(&alice.session), SessionState::Alive);
    assert_eq!(state(&Session { id: bob.session.id.clone(), ..alice.session.clone() }), SessionState::Ended);

    let moved = block_on(site.authn.confirm(&alice.cookie, &Secret::new(PASSWORD), &Context::default())).unwrap();
    assert_eq!(state(&alice.session), SessionState::Alive, "it is the same session");
    site.disable(&alice.session.subject);
    assert_eq!(state(&alice.session), SessionState::Ended);
    site.enable(&alice.session.subject);
    assert_eq!(state(&alice.session), SessionState::Ended, "for good");
    assert_eq!(site.session(&moved.cookie), None);

    let (first, second) = (site.sign_in(ALICE, PASSWORD).unwrap(), site.sign_in(ALICE, PASSWORD).unwrap());
    site.end_others(&second);
    assert_eq!((state(&first.session), state(&second.session)), (SessionState::Ended, SessionState::Alive));
    block_on(site.authn.sign_out(&second.cookie)).unwrap();
    assert_eq!(state(&second.session), SessionState::Ended);
    site.clock.advance(AuthnPolicy::default().session_idle);
    assert_eq!(state(&bob.session), SessionState::Ended);
}

#[test]
fn confirming_moves_the_session_to_a_fresh_secret_and_auth_time() {
    let site = site();
    let before = site.alice();
    site.clock.advance(seconds(3_600));
    let confirm = |cookie: &Secret| block_on(site.authn.confirm(cookie, &Secret::new(PASSWORD), &Context::default()));
    let after = confirm(&before.cookie).unwrap();
    assert_ne!(after.cookie, before.cookie);
    assert_eq!(site.session(&before.cookie), None);
    let session = site.session(&after.cookie).unwrap();
    assert_eq!((session.auth_time, &session.id), (START + seconds(3_600), &before.session.id));
    assert_eq!((session.created_at, after.ends_at), (before.session.created_at, before.ends_at));
    assert_eq!(site.events_of("session.confirm").len(), 1);
    assert_eq!(confirm(&before.cookie).err(), Some(Stopped::Refused(SignInRefusal::NotSignedIn)));
}

#[test]
fn every_verification_is_an_event_of_its_own_also_within_one_second() {
    let site = site();
    let first = site.alice();
    let confirm = |cookie: &Secret| block_on(site.authn.confirm(cookie, &Secret::new(PASSWORD), &Context::default()));
    let second = confirm(&first.cookie).unwrap();
    let third = confirm(&second.cookie).unwrap();
    let events = [&first, &second, &third].map(|signed_in| signed_in.session.authentication());
    assert!(events.iter().all(|event| event.auth_time() == START && event.session_id() == first.session.id));
    assert!(!events[0].is_same_sign_in(&events[1]) && !events[1].is_same_sign_in(&events[2]));
    let seen = site.session(&third.cookie).unwrap().authentication();
    assert!(seen.is_same_sign_in(&events[2]), "looking it up is no sign-in");
}

#[test]
fn confirming_with_a_wrong_password_changes_nothing_and_counts_for_the_session() {
    let site = site();
    let alice = site.alice();
    site.clock.advance(seconds(3_600));
    let confirm = || block_on(site.authn.confirm(&alice.cookie, &Secret::new("a wrong password"), &Context::default()));
    for _ in 0..10 {
        assert_eq!(confirm().err(), Some(WRONG));
    }
    assert!(matches!(confirm(), Err(Stopped::Refused(SignInRefusal::Throttled { .. }))));
    let elsewhere = site.sign_in(ALICE, PASSWORD).unwrap();
    assert!(block_on(site.authn.confirm(&elsewhere.cookie, &Secret::new(PASSWORD), &Context::default())).is_ok());
    assert_eq!(site.session(&alice.cookie).unwrap().auth_time, START);
}

#[test]
fn of_64_confirmations_at_once_one_moves_the_session() {
    let limit = Limit::new(100, seconds(60));
    let site = site_with(AuthnPolicy { attempts_per_account: limit, ..AuthnPolicy::default() });
    let alice = site.alice();
    let confirm = || block_on(site.authn.confirm(&alice.cookie, &Secret::new(PASSWORD), &Context::default()));
    let moved: Vec<_> = std::thread::scope(|scope| {
        let racers: Vec<_> = (0..64).map(|_| scope.spawn(confirm)).collect();
        racers.into_iter().filter_map(|racer| racer.join().unwrap().ok()).collect()
    });
    assert_eq!(moved.len(), 1);
    assert!(site.session(&moved[0].cookie).is_some());
    assert_eq!(site.stored("session").len(), 1);
}

#[test]
fn a_dump_of_the_store_holds_no_secret_and_signs_nobody_in() {
    let site = site();
    let (alice, bob) = (site.alice(), site.bob());
    site.clock.advance(seconds(120));
    site.session(&alice.cookie).unwrap();
    let _ = site.sign_in(ALICE, "a wrong password");
    let confirmed =
        block_on(site.authn.confirm(&bob.cookie, &Secret::new(PASSWORD_OF_BOB), &Context::default())).unwrap();

    let dump = site.store.dump();
    let mut values = BTreeSet::new();
    for entry in &dump {
        values.insert(entry.key.id.clone());
        values.extend(entry.key.id.split('.').map(str::to_owned));
        values.extend(entry.indexes.iter().map(|index| index.value.clone()));
        strings(&serde_json::from_str(&entry.body).unwrap(), &mut values);
        let text = format!("{:?} {} {:?}", entry.key, entry.body, entry.indexes);
        for canary in [PASSWORD, PASSWORD_OF_BOB, "a wrong password"] {
            assert!(!text.contains(canary), "{text}");
        }
        for secret in [&alice.cookie, &bob.cookie, &confirmed.cookie] {
            assert!(!text.contains(secret.expose()), "{text}");
        }
    }
    assert!(values.contains(alice.cookie.handle().as_str()), "the dump is complete");
    for value in &values {
        let cookie = Secret::new(value.as_str());
        assert_eq!(site.session(&cookie), None, "{value}");
        assert!(block_on(site.authn.confirm(&cookie, &Secret::new(PASSWORD), &Context::default())).is_err());
        site.clock.advance(seconds(60));
        assert_eq!(site.sign_in(ALICE, value).err(), Some(WRONG), "{value}");
    }
    assert!(site.session(&alice.cookie).is_some(), "the secret itself still does");
}

fn strings(value: &Value, into: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => {
            into.insert(text.clone());
            into.extend(text.split('$').map(str::to_owned));
        }
        Value::Array(values) => values.iter().for_each(|value| strings(value, into)),
        Value::Object(members) => members.values().for_each(|value| strings(value, into)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[test]
fn sign_up_reports_the_account_and_the_session() {
    let site = site();
    let alice = site.alice();
    for action in ["account.create", "session.start"] {
        let events = site.events_of(action);
        assert_eq!(events.len(), 1);
        assert_eq!(events[0].subject.as_ref(), Some(&alice.session.subject));
        assert_eq!(events[0].actor, Actor::Person { subject: alice.session.subject.clone() });
        assert_eq!(events[0].outcome, Outcome::Allowed);
    }
    assert_eq!(site.events_of("session.start")[0].detail.get("session_id"), Some(&alice.session.id));
}

#[test]
fn a_store_that_is_down_is_never_answered_as_nobody() {
    struct Down;
    #[async_trait::async_trait]
    impl Store for Down {
        async fn load(&self, _: &[Key]) -> Result<Vec<Option<Entry>>, StoreError> {
            Err(StoreError::Unavailable("down".into()))
        }
        async fn find(&self, _: Kind, _: &Index, _: Page) -> Result<Entries, StoreError> {
            Err(StoreError::Unavailable("down".into()))
        }
        async fn commit(&self, _: Batch) -> Result<(), StoreError> {
            Err(StoreError::Unavailable("down".into()))
        }
        async fn purge(&self, _: Timestamp, _: u32) -> Result<u64, StoreError> {
            Err(StoreError::Unavailable("down".into()))
        }
    }
    let alice = site().alice();
    let down = site_on(Arc::new(Down), Arc::default(), Arc::new(ManualClock::at(START)), AuthnPolicy::default(), CHEAP);
    assert!(block_on(down.authn.session(&alice.cookie)).is_err());
    assert!(block_on(down.authn.authentication(&down.headers(&alice))).is_err());
    assert!(block_on(down.authn.sign_out(&alice.cookie)).is_err());
    let Stopped::Failed(fault) = down.sign_in(ALICE, PASSWORD).unwrap_err() else { panic!("no fault") };
    assert!(fault.is_transient() && fault.status().as_u16() == 503, "{fault}");
}

/// RFC 6265bis §4.1.3.2
#[test]
fn the_cookie_is_for_this_host_alone_and_lasts_as_long_as_the_session_can() {
    for (origin, name) in
        [("https://auth.test", "__Host-countersign"), ("http://localhost:3000/api/auth", "countersign")]
    {
        assert_eq!(session_cookie(origin).to_string(), name);
    }
    let site = site();
    let alice = site.alice();
    site.clock.advance(seconds(10));
    let max_age = format!("Max-Age={};", AuthnPolicy::default().session_absolute.as_secs() - 10);
    assert!(site.authn.set_cookie(&alice).to_str().unwrap().contains(&max_age));
}

#[test]
fn the_session_cookie_is_read_from_among_others() {
    let site = site();
    let alice = site.alice();
    let value = alice.cookie.expose();
    let found = |headers: &[String]| {
        let mut map = http::HeaderMap::new();
        for header in headers {
            map.append("cookie", http::HeaderValue::from_bytes(header.as_bytes()).unwrap());
        }
        block_on(site.authn.authentication(&map)).unwrap().is_some()
    };
    for good in [
        vec![format!("__Host-countersign={value}")],
        vec![format!("theme=dark; __Host-countersign={value}; lang=en")],
        vec!["theme=dark".to_owned(), format!("__Host-countersign={value}")],
        // Another application of the host may set whatever it likes (RFC 6265 §5.4).
        vec![format!("utm=ü; __Host-countersign={value}")],
    ] {
        assert!(found(&good), "{good:?}");
    }
    for bad in [
        vec![],
        vec![format!("countersign={value}")],
        vec![format!("__host-countersign={value}")],
        vec![format!("x__Host-countersign={value}")],
        vec![format!("__Host-countersign=\"{value}\"")],
        vec![format!("__Host-countersign={value}x")],
        vec![format!("__Host-countersign={}", &value[1..])],
        vec!["__Host-countersign=".to_owned()],
        vec![format!("__Host-countersign={value}; __Host-countersign={}", "A".repeat(43))],
        vec![format!("__Host-countersign={}", "A".repeat(43)), format!("__Host-countersign={value}")],
    ] {
        assert!(!found(&bad), "{bad:?}");
    }
}
