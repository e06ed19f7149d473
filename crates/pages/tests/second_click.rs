//! A form that is posted twice.
#![allow(clippy::expect_used, clippy::panic, reason = "a failed expectation is the test's own report")]

mod support;

use std::collections::BTreeMap;
use std::time::Duration;

use http::StatusCode;
use support::{Browser, PASSWORD, Reply, World, world};

const ADA: [(&str, &str); 3] = [("name", "Ada"), ("email", "ada@x.test"), ("password", PASSWORD)];

fn sessions(world: &World) -> usize {
    world.store.dump().iter().filter(|entry| entry.key.kind.as_str() == "session").count()
}

fn told(reply: &Reply) -> (StatusCode, String, Vec<String>) {
    let cookies = reply.headers.get_all("set-cookie").iter().map(|cookie| cookie.to_str().expect("text").to_owned());
    (reply.status, reply.location().to_owned(), cookies.collect())
}

#[test]
fn a_second_sign_up_by_the_same_click_is_told_the_outcome_of_the_first() {
    let world = world();
    let browser = world.browser();
    let page = browser.get("/sign-up");
    let impatient = browser.tab();
    let first = browser.submit(&page, &ADA);
    assert_eq!((first.status, first.location()), (StatusCode::SEE_OTHER, "/dashboard"));
    world.advance(Duration::from_secs(59));
    let second = impatient.submit(&page, &ADA);
    assert_eq!(told(&second), told(&first));
    assert_eq!(impatient.session_cookie(), browser.session_cookie());
    assert_eq!(impatient.get("/dashboard").status, StatusCode::OK);
    assert_eq!(sessions(&world), 1);
    let again = browser.submit(&page, &ADA);
    assert_eq!(told(&again), told(&first), "also with the cookies from then");
}

#[test]
fn clicks_at_the_same_time_do_it_once() {
    let world = world();
    let browser = world.browser();
    let page = browser.get("/sign-up");
    let jar = browser.jar.borrow().clone();
    let click = |jar: BTreeMap<String, String>| {
        let browser = world.browser();
        browser.jar.replace(jar);
        told(&browser.submit(&page, &ADA))
    };
    let outcomes: Vec<_> = std::thread::scope(|scope| {
        let clicks: Vec<_> = (0..8).map(|_| scope.spawn(|| click(jar.clone()))).collect();
        clicks.into_iter().map(|click| click.join().expect("no panic")).collect()
    });
    assert!(
        outcomes.iter().all(|outcome| *outcome == outcomes[0] && outcome.0 == StatusCode::SEE_OTHER),
        "{outcomes:?}"
    );
    assert_eq!(sessions(&world), 1);
}

#[test]
fn a_second_sign_in_by_the_same_click_begins_no_second_session() {
    let world = world();
    drop(world.ada());
    let browser = world.browser();
    let page = browser.get("/sign-in");
    let impatient = browser.tab();
    let fields = [("email", "ada@x.test"), ("password", PASSWORD)];
    let first = browser.submit(&page, &fields);
    assert_eq!(told(&impatient.submit(&page, &fields)), told(&first));
    assert_eq!(sessions(&world), 2, "that of the sign-up and one more");

    // Confirming moves the session to another secret; the second click gets the same.
    let page = browser.get("/sign-in?confirm=1");
    let impatient = browser.tab();
    let first = browser.submit(&page, &[("password", PASSWORD)]);
    assert_eq!(first.status, StatusCode::SEE_OTHER);
    assert_eq!(told(&impatient.submit(&page, &[("password", PASSWORD)])), told(&first));
    assert_eq!(impatient.get("/dashboard").status, StatusCode::OK);
}

#[test]
fn a_session_is_ended_by_two_clicks_as_by_one() {
    let world = world();
    let browser = world.ada();
    let elsewhere = world.browser();
    let page = elsewhere.get("/sign-in");
    elsewhere.submit(&page, &[("email", "ada@x.test"), ("password", PASSWORD)]);
    let form = browser.get("/dashboard").form("/dashboard/sessions/revoke");
    let first = browser.submit_form(&form, &[]);
    assert_eq!((first.status, first.location()), (StatusCode::SEE_OTHER, "/dashboard?done=session"));
    assert_eq!(told(&browser.submit_form(&form, &[])), told(&first));
    world.advance(Duration::from_secs(61));
    assert_eq!(browser.submit_form(&form, &[]).status, StatusCode::NOT_FOUND, "a minute later it is gone");
}

#[test]
fn two_clicks_on_signing_out_end_the_same_way() {
    let world = world();
    let browser = world.ada();
    let form = browser.get("/dashboard").form("/sign-out");
    let impatient = browser.tab();
    let first = browser.submit_form(&form, &[]);
    assert_eq!(told(&impatient.submit_form(&form, &[])), told(&first));
}

#[test]
fn after_a_minute_or_with_another_answer_a_post_is_a_post_of_its_own() {
    let world = world();
    let browser = world.browser();
    let page = browser.get("/sign-up");
    let (early, late) = (browser.tab(), browser.tab());
    browser.submit(&page, &ADA);
    let other = early.submit(&page, &[("name", "Ada L"), ("email", "ada@x.test"), ("password", PASSWORD)]);
    assert_eq!(other.status, StatusCode::UNPROCESSABLE_ENTITY, "another answer");
    world.advance(Duration::from_secs(60));
    let reply = late.submit(&page, &ADA);
    assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(reply.body.contains("There is an account with this e-mail address."));
}

#[test]
fn another_browser_is_not_told_the_outcome() {
    let world = world();
    let browser = world.browser();
    let page = browser.get("/sign-up");
    browser.submit(&page, &ADA);
    let thief = world.browser();
    assert_eq!(thief.submit(&page, &ADA).status, StatusCode::FORBIDDEN, "without cookies");
    thief.get("/sign-up");
    assert_eq!(thief.submit(&page, &ADA).status, StatusCode::FORBIDDEN, "with cookies of its own");
    assert_eq!(thief.session_cookie(), None);
}

#[test]
fn a_session_that_ended_meanwhile_is_not_given_out_again() {
    let world = world();
    drop(world.ada());
    let browser = world.browser();
    let page = browser.get("/sign-in");
    let before = browser.tab();
    let fields = [("email", "ada@x.test"), ("password", PASSWORD)];
    browser.submit(&page, &fields);
    let ended = browser.session_cookie();
    let dashboard = browser.get("/dashboard");
    browser.submit_form(&dashboard.form("/sign-out"), &[]);
    let again = before.submit(&page, &fields);
    assert_eq!(again.status, StatusCode::SEE_OTHER);
    assert_ne!(before.session_cookie(), ended);
    assert_eq!(before.get("/dashboard").status, StatusCode::OK);
}

/// What is kept opens only with the token of the form, which is nowhere in the store.
#[test]
fn what_is_kept_of_an_outcome_is_sealed_and_ends() {
    let world = world();
    let browser: Browser<'_> = world.ada();
    let cookie = browser.session_cookie().expect("signed in");
    let kept = || world.store.dump().into_iter().filter(|entry| entry.key.kind.as_str() == "form_outcome").count();
    assert_eq!(kept(), 1);
    assert!(world.store.dump().iter().all(|entry| !entry.body.contains(&cookie) && !entry.body.contains("/dashboard")));
    for _ in 0..20 {
        let page = browser.get("/sign-in?other=1");
        browser.submit(&page, &[("email", "ada@x.test"), ("password", "a wrong password")]);
    }
    assert_eq!(kept(), 1, "what went wrong is not kept");
    world.advance(Duration::from_secs(61));
    pollster::block_on(countersign_storage::Store::purge(world.store.as_ref(), world.ports.now(), 1_000))
        .expect("a purge");
    assert_eq!(kept(), 0);
}
