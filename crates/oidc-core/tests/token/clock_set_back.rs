//! A clock that is set back, here or on another node, revives nothing: what the store saw used, expired or revoked stays so.

use countersign_storage::horizon::CLOCKS_APART;
use countersign_storage::{Clock, Purge, Store};

use crate::world::*;

const REFUSED: &str = "400 invalid_grant";

#[tokio::test]
async fn a_code_that_was_seen_to_be_too_old_stays_too_old() {
    let world = World::new().await;
    let (seen, unseen) = (world.code(&Approved::default()).await, world.code(&Approved::default()).await);
    world.pass(60);
    assert_eq!(world.redeem(WEB, &seen).await.outcome(), REFUSED);
    world.clock.set(NOW);
    assert_eq!(world.redeem(WEB, &seen).await.outcome(), REFUSED);
    assert_eq!(world.redeem(WEB, &unseen).await.outcome(), "200", "nobody saw that one expire");
}

#[tokio::test]
async fn a_code_that_was_redeemed_stays_redeemed() {
    let world = World::new().await;
    let code = world.code(&Approved::default()).await;
    world.redeem(WEB, &code).await;
    for earlier in [1, 60, 86_400] {
        world.clock.set(NOW - std::time::Duration::from_secs(earlier));
        assert_eq!(world.redeem(WEB, &code).await.outcome(), REFUSED, "{earlier} s");
    }
}

#[tokio::test]
async fn a_refresh_token_that_was_seen_to_have_expired_stays_so() {
    let world = World::new().await;
    let tokens = world.tokens(WEB).await;
    world.pass(30 * 86_400);
    assert_eq!(world.refresh(WEB, &tokens.text("refresh_token")).await.outcome(), REFUSED);
    world.clock.set(NOW);
    assert_eq!(world.refresh(WEB, &tokens.text("refresh_token")).await.outcome(), REFUSED);
    assert!(!world.holds(WEB, &tokens.text("refresh_token")).await);
    assert!(world.is_revoked("fam_1").await);
}

/// The window for a retry is behind a replaced token, and not around it.
#[tokio::test]
async fn a_replaced_refresh_token_gets_no_second_window() {
    let world = World::new().await;
    world.pass(3_600);
    let first = world.tokens(SPA).await.text("refresh_token");
    let second = world.refresh(SPA, &first).await.text("refresh_token");
    let replaced_at = world.clock.now();
    world.clock.set(replaced_at - std::time::Duration::from_secs(60));
    assert_eq!(world.refresh(SPA, &first).await.text("refresh_token"), second, "clocks of nodes differ a little");
    world.clock.set(replaced_at - std::time::Duration::from_secs(61));
    assert_eq!(world.refresh(SPA, &first).await.outcome(), REFUSED);
    assert!(world.is_revoked("fam_1").await);
}

/// That it expired is not remembered, so a node whose clock is a little behind honours it. One that is further behind than
/// clocks may be apart notices that by what was removed from the store.
#[tokio::test]
async fn an_expired_access_token_is_not_revived_by_more_than_clocks_may_be_apart() {
    let world = World::new().await;
    let access = world.tokens(WEB).await.text("access_token");
    let expired = NOW + world.issuer.policy().access_token_lifetime;
    let seen_expired = expired + CLOCKS_APART;
    world.clock.set(seen_expired);
    assert_eq!(world.userinfo(&access).await.outcome(), "401 invalid_token");
    Purge::new(world.ports.clone()).run(1_000).await.unwrap();
    world.clock.set(expired);
    assert_eq!(world.userinfo(&access).await.outcome(), "401 invalid_token");
    world.clock.set(expired - std::time::Duration::from_secs(1));
    assert_eq!(world.userinfo(&access).await.outcome(), "503 temporarily_unavailable");
    assert_eq!(world.post("introspect", Some(&basic(WEB, SECRET)), &[("token", &access)]).await.status, 503);
}

/// Also after what has expired was thrown away.
#[tokio::test]
async fn a_revoked_access_token_stays_revoked() {
    let world = World::new().await;
    let access = world.tokens(WEB).await.text("access_token");
    let form = [("token", access.as_str())];
    assert_eq!(world.post("revoke", Some(&basic(WEB, SECRET)), &form).await.outcome(), "200");
    for purged_after in [301, 361, 86_400] {
        world.clock.set(NOW + std::time::Duration::from_secs(purged_after));
        world.store.purge(world.clock.now(), 1_000).await.unwrap();
        world.clock.set(NOW);
        assert_eq!(world.userinfo(&access).await.outcome(), "401 invalid_token", "{purged_after} s");
    }
}
