//! Refresh tokens ([RFC 6749 §6](https://www.rfc-editor.org/rfc/rfc6749#section-6),
//! [RFC 9700 §4.14](https://www.rfc-editor.org/rfc/rfc9700#section-4.14)).

use std::time::Duration;

use countersign_oidc::client::Client;
use countersign_oidc::{ClientState, Policy, Scopes};
use countersign_storage::AccountState;

use crate::world::*;

const REFUSED: &str = "400 invalid_grant";

#[tokio::test]
async fn each_use_gives_a_new_token() {
    for client_id in [WEB, WEB_POST, SPA] {
        let world = World::new().await;
        let mut token = world.tokens(client_id).await.text("refresh_token");
        for _ in 0..5 {
            world.pass(1000);
            let reply = world.refresh(client_id, &token).await;
            assert_eq!(reply.outcome(), "200");
            assert_eq!(reply.body["expires_in"], 300);
            assert_eq!(world.userinfo(&reply.text("access_token")).await.outcome(), "200");
            assert_ne!(reply.text("refresh_token"), token);
            token = reply.text("refresh_token");
        }
        assert!(!world.is_revoked("fam_1").await);
    }
}

/// Within the window, while the successor is unused, the same answer is given again; a second later the family dies.
#[tokio::test]
async fn a_retry_gets_the_same_answer_within_the_window() {
    for (client_id, window) in [(SPA, 60), (WEB, 120)] {
        let world = World::new().await;
        let old = world.tokens(client_id).await.text("refresh_token");
        let first = world.refresh(client_id, &old).await;
        for seconds in [0, window - 1] {
            world.pass(seconds);
            let again = world.refresh(client_id, &old).await;
            for token in ["access_token", "refresh_token"] {
                assert_eq!(again.text(token), first.text(token), "{client_id} after {seconds} s");
            }
            assert_eq!(again.body["expires_in"], 300 - seconds);
        }
        world.pass(1);
        assert_eq!(world.refresh(client_id, &old).await.outcome(), REFUSED, "{client_id} after the window");
        assert!(world.is_revoked("fam_1").await);
        assert_eq!(world.refresh(client_id, &first.text("refresh_token")).await.outcome(), REFUSED);
        assert_eq!(world.userinfo(&first.text("access_token")).await.outcome(), "401 invalid_token");
    }
}

/// Once the successor was used, its predecessor is in wrong hands.
#[tokio::test]
async fn reuse_after_the_successor_was_used_kills_the_family() {
    let world = World::new().await;
    let first = world.tokens(SPA).await.text("refresh_token");
    let second = world.refresh(SPA, &first).await.text("refresh_token");
    let third = world.refresh(SPA, &second).await;
    assert_eq!(world.refresh(SPA, &first).await.outcome(), REFUSED);
    for dead in [&second, &third.text("refresh_token")] {
        assert_eq!(world.refresh(SPA, dead).await.outcome(), REFUSED);
    }
    assert_eq!(world.userinfo(&third.text("access_token")).await.outcome(), "401 invalid_token");
}

/// The stored answer opens with the presented token and with nothing else: the store holds no token.
#[tokio::test]
async fn the_stored_answer_is_sealed() {
    let world = World::new().await;
    let old = world.tokens(SPA).await.text("refresh_token");
    let reply = world.refresh(SPA, &old).await;
    let family = world.family("fam_1").await;
    let stored = serde_json::to_string(&family).unwrap();
    for token in [old.as_str(), &reply.text("refresh_token"), &reply.text("access_token")] {
        for part in token.split('.').filter(|part| *part != "fam_1") {
            assert!(!stored.contains(part));
        }
    }
    assert!(family.refresh.unwrap().previous.is_some());
}

/// §5.2: another client's token is refused, and nothing happens to it.
#[tokio::test]
async fn another_clients_token_is_refused_and_unharmed() {
    let world = World::new().await;
    for (owner, other) in [(WEB, WEB_POST), (WEB, SPA), (SPA, OTHER_SPA), (SPA, WEB)] {
        let first = world.tokens(owner).await.text("refresh_token");
        let second = world.refresh(owner, &first).await.text("refresh_token");
        for stolen in [&first, &second] {
            assert_eq!(world.refresh(other, stolen).await.outcome(), REFUSED, "{other} with a token of {owner}");
        }
        assert_eq!(world.refresh(owner, &second).await.outcome(), "200", "{owner}");
    }
}

/// The name of a family stands in every access token; whoever knows it can end nothing.
#[tokio::test]
async fn a_made_up_token_ends_no_family() {
    let world = World::new().await;
    let good = world.tokens(SPA).await.text("refresh_token");
    let root = good.split('.').nth(1).unwrap();
    let filler = "A".repeat(43);
    for bad in [
        format!("fam_1.{filler}.{filler}"),
        format!("fam_1.{root}"),
        format!("fam_1.{root}."),
        format!("fam_1.{root}.{filler}.x"),
        format!("fam_2.{root}.{filler}"),
        format!("FAM_1.{root}.{filler}"),
        format!(" {good}"),
        format!("{good} "),
        "fam_1".to_owned(),
        "x".to_owned(),
    ] {
        assert_eq!(world.refresh(SPA, &bad).await.outcome(), REFUSED, "{bad}");
        assert!(!world.is_revoked("fam_1").await, "{bad}");
    }
    assert_eq!(world.refresh(SPA, &good).await.outcome(), "200");
}

/// A client that authenticates must do so at every refresh.
#[tokio::test]
async fn a_refresh_without_the_clients_secret_is_refused() {
    let world = World::new().await;
    let token = world.tokens(WEB).await.text("refresh_token");
    let form = [("grant_type", "refresh_token"), ("refresh_token", token.as_str())];
    let named = [&form[..], &[("client_id", WEB)]].concat();
    assert_eq!(world.post("token", None, &form).await.outcome(), "401 invalid_client");
    assert_eq!(world.post("token", None, &named).await.outcome(), "401 invalid_client");
    assert_eq!(world.post("token", Some(&basic(WEB, "wrong")), &form).await.outcome(), "401 invalid_client");
    world.issuer.set_client_state(WEB, ClientState::Suspended).await.unwrap();
    assert_eq!(world.refresh(WEB, &token).await.outcome(), "401 invalid_client");
    world.issuer.set_client_state(WEB, ClientState::Active).await.unwrap();
    assert_eq!(world.refresh(WEB, &token).await.outcome(), "200");
}

/// §6: never more than was granted; less is possible, and the grant stays what it was.
#[tokio::test]
async fn a_scope_can_be_narrowed_and_not_widened() {
    let world = World::new().await;
    let code = world.code(&Approved { scope: "openid offline_access notes:read", ..Approved::default() }).await;
    let mut token = world.redeem(WEB, &code).await.text("refresh_token");
    for (scope, outcome, given) in [
        ("notes:read", "200", "notes:read"),
        ("openid notes:read offline_access", "200", "openid notes:read offline_access"),
        ("notes:write", "400 invalid_scope", ""),
        ("openid offline_access notes:read notes:write", "400 invalid_scope", ""),
        ("notes:read  openid", "400 invalid_scope", ""),
        ("", "200", "openid offline_access notes:read"),
    ] {
        let reply = world.refresh_with(WEB, &token, &[("scope", scope)]).await;
        assert_eq!(reply.outcome(), outcome, "{scope}");
        if outcome == "200" {
            assert_eq!(reply.body["scope"], given);
            token = reply.text("refresh_token");
        }
    }
}

/// What the operator takes from a client is gone at the next refresh.
#[tokio::test]
async fn a_scope_that_the_client_lost_is_not_given_again() {
    let world = World::new().await;
    let token = world.tokens(WEB).await.text("refresh_token");
    let mut client: Client = world.load(WEB).await.unwrap();
    client.scopes = Scopes::parse("openid notes:read offline_access").unwrap();
    world.replace(client).await;
    assert_eq!(world.refresh(WEB, &token).await.body["scope"], "openid offline_access notes:read");
}

#[tokio::test]
async fn a_disabled_account_is_not_refreshed() {
    let world = World::new().await;
    let token = world.tokens(WEB).await.text("refresh_token");
    world.set_account(AccountState::Disabled).await;
    assert_eq!(world.refresh(WEB, &token).await.outcome(), REFUSED);
    world.set_account(AccountState::Active).await;
    let next = world.refresh(WEB, &token).await;
    assert_eq!(next.outcome(), "200");
    world.set_account(AccountState::Disabled).await;
    assert_eq!(world.refresh(WEB, &token).await.outcome(), REFUSED, "nor is the old answer given again");
}

/// Signing out ends the session, not the access that was granted for the time after it.
#[tokio::test]
async fn offline_access_outlasts_the_session() {
    let world = World::new().await;
    let token = world.tokens(WEB).await.text("refresh_token");
    world.sessions.ended.lock().unwrap().insert("ses_1".to_owned());
    assert_eq!(world.refresh(WEB, &token).await.outcome(), "200");
}

/// 30 days unused; 90 days in all, however often it is used.
#[tokio::test]
async fn a_refresh_token_dies_of_disuse_and_of_age() {
    const DAY: u64 = 86_400;
    let world = World::new().await;
    let token = world.tokens(SPA).await.text("refresh_token");
    world.pass(30 * DAY - 1);
    let token = world.refresh(SPA, &token).await.text("refresh_token");
    world.pass(30 * DAY);
    assert_eq!(world.refresh(SPA, &token).await.outcome(), REFUSED, "unused for 30 days");

    let world = World::new().await;
    let mut token = world.tokens(SPA).await.text("refresh_token");
    for day in 1..90 {
        world.pass(DAY);
        let reply = world.refresh(SPA, &token).await;
        assert_eq!(reply.outcome(), "200", "day {day}");
        token = reply.text("refresh_token");
    }
    world.pass(DAY - 1);
    let token = world.refresh(SPA, &token).await.text("refresh_token");
    world.pass(1);
    assert_eq!(world.refresh(SPA, &token).await.outcome(), REFUSED, "90 days old");
}

/// A retry asks for the same thing: the answer to a wider request is not given to a narrower one, nor the other way round,
/// and no second successor is made for it. The client that repeats its own request still gets its answer.
#[tokio::test]
async fn a_retry_for_another_scope_or_resource_is_refused_and_revokes_nothing() {
    for (first, second) in [
        (&[][..], &[("scope", "openid")][..]),
        (&[("scope", "openid")], &[]),
        (&[("scope", "openid")], &[("scope", "openid email")]),
        (&[("resource", NOTES)], &[("resource", MAIL)]),
        (&[("resource", NOTES)], &[]),
        (&[("resource", NOTES)], &[("resource", NOTES), ("resource", MAIL)]),
    ] {
        let world = World::new().await;
        let resources = vec![NOTES.to_owned(), MAIL.to_owned()];
        let code = world.code(&Approved { client_id: SPA, resources, ..Approved::default() }).await;
        let old = world.redeem(SPA, &code).await.text("refresh_token");
        let answer = world.refresh_with(SPA, &old, first).await;
        assert_eq!(answer.outcome(), "200");
        assert_eq!(world.refresh_with(SPA, &old, second).await.outcome(), "400 invalid_grant", "{first:?} {second:?}");
        assert_eq!(world.refresh_with(SPA, &old, first).await.body, answer.body, "{first:?} {second:?}");
        assert_eq!(world.refresh(SPA, &answer.text("refresh_token")).await.outcome(), "200");
    }
}

/// What is asked for is a set: a client that sends it in another order repeats itself.
#[tokio::test]
async fn a_retry_in_another_order_gets_the_same_answer() {
    for (first, second) in [
        ([("scope", "openid email"), ("x", "y")], [("scope", "email openid"), ("x", "y")]),
        ([("resource", NOTES), ("resource", MAIL)], [("resource", MAIL), ("resource", NOTES)]),
    ] {
        let world = World::new().await;
        let resources = vec![NOTES.to_owned(), MAIL.to_owned()];
        let code = world.code(&Approved { client_id: SPA, resources, ..Approved::default() }).await;
        let old = world.redeem(SPA, &code).await.text("refresh_token");
        let answer = world.refresh_with(SPA, &old, &first).await;
        assert_eq!(answer.outcome(), "200");
        assert_eq!(world.refresh_with(SPA, &old, &second).await.body, answer.body, "{first:?} {second:?}");
    }
}

/// A policy that was made stricter holds for the families that are there.
#[tokio::test]
async fn a_family_does_not_outlive_a_policy_that_became_stricter() {
    for (age, outcome) in [(10 * DAY - 1, "200"), (10 * DAY, REFUSED)] {
        let world = World::new().await;
        let token = world.tokens(SPA).await.text("refresh_token");
        world.pass(age);
        let family_lifetime = Duration::from_secs(10 * DAY);
        let stricter = Node::with_policy(&world, None, Policy { family_lifetime, ..policy() });
        assert_eq!(stricter.world(&world).refresh(SPA, &token).await.outcome(), outcome, "{age} s");
    }
}

const DAY: u64 = 86_400;
