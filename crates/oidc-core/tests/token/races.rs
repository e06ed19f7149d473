//! Many at once: one code gives one family, one refresh token has one successor.

use std::collections::BTreeSet;

use countersign_oidc::records::{CodeState, TokenFamily};
use countersign_storage::Record;

use crate::world::*;

async fn at_once<F, T>(tasks: impl IntoIterator<Item = F>) -> Vec<T>
where
    F: std::future::Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    let tasks: Vec<_> = tasks.into_iter().map(tokio::spawn).collect();
    let mut results = Vec::new();
    for task in tasks {
        results.push(task.await.unwrap());
    }
    results
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_64_redemptions_of_one_code_one_succeeds() {
    let world = World::new().await;
    for round in 0..20 {
        let code = world.code(&Approved::default()).await;
        let replies = at_once((0..64).map(|_| {
            let (world, code) = (world.clone(), code.clone());
            async move { world.redeem(WEB, &code).await }
        }))
        .await;
        let (won, lost): (Vec<_>, Vec<_>) = replies.iter().partition(|reply| reply.outcome() == "200");
        assert_eq!(won.len(), 1, "round {round}");
        assert!(lost.iter().all(|reply| reply.outcome() == "400 invalid_grant"), "round {round}");
        // The others were replays, and a replay kills what the code gave.
        let access = won[0].text("access_token");
        assert_eq!(world.userinfo(&access).await.outcome(), "401 invalid_token", "round {round}");
    }
    let families = world.store.dump().into_iter().filter(|entry| entry.key.kind == TokenFamily::KIND).count();
    assert_eq!(families, 20);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_64_refreshes_of_one_token_all_get_the_one_successor() {
    let world = World::new().await;
    let mut token = world.tokens(SPA).await.text("refresh_token");
    for round in 0..20 {
        let replies = at_once((0..64).map(|_| {
            let (world, token) = (world.clone(), token.clone());
            async move { world.refresh(SPA, &token).await }
        }))
        .await;
        let successors: BTreeSet<String> = replies.iter().map(|reply| reply.text("refresh_token")).collect();
        let tokens: BTreeSet<String> = replies.iter().map(|reply| reply.text("access_token")).collect();
        assert_eq!((successors.len(), tokens.len()), (1, 1), "round {round}");
        token = successors.into_iter().next().unwrap();
    }
    assert!(!world.is_revoked("fam_1").await);
}

/// A revocation that was acknowledged is not undone by a refresh that ran beside it.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_revocation_beside_refreshes_wins() {
    let world = World::new().await;
    for _ in 0..20 {
        let token = world.tokens(WEB).await.text("refresh_token");
        let family = token.split('.').next().unwrap().to_owned();
        let outcomes = at_once((0..16).map(|nth| {
            let (world, token) = (world.clone(), token.clone());
            async move {
                if nth == 8 {
                    let form = [("token", token.as_str())];
                    world.post("revoke", Some(&basic(WEB, SECRET)), &form).await.outcome()
                } else {
                    world.refresh(WEB, &token).await.outcome()
                }
            }
        }))
        .await;
        assert_eq!(outcomes[8], "200");
        assert!(outcomes.iter().all(|outcome| outcome == "200" || outcome == "400 invalid_grant"), "{outcomes:?}");
        assert!(world.is_revoked(&family).await);
    }
}

/// A grant that is revoked beside the redemption of its code leaves no living token behind.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_revoked_grant_beside_a_redemption_leaves_nothing_alive() {
    let alice = countersign_storage::Subject::new("usr_alice").unwrap();
    let world = World::new().await;
    for client_id in [WEB, WEB_POST, WEB_WITHOUT_REFRESH, SPA, OTHER_SPA] {
        let code = world.code(&Approved { client_id, ..Approved::default() }).await;
        let grant = world.issuer.grants(&alice).await.unwrap().remove(0).id;
        let redeeming = tokio::spawn({
            let (world, code) = (world.clone(), code.clone());
            async move { world.redeem(client_id, &code).await }
        });
        let revoking = tokio::spawn({
            let (world, alice) = (world.clone(), alice.clone());
            async move { world.issuer.revoke_grant(&alice, &grant).await }
        });
        let reply = redeeming.await.unwrap();
        revoking.await.unwrap().unwrap();
        if reply.outcome() == "200" {
            assert_eq!(world.userinfo(&reply.text("access_token")).await.outcome(), "401 invalid_token");
        } else {
            assert_eq!(reply.outcome(), "400 invalid_grant");
        }
    }
}

/// A wrong client and the right one at once: the code is redeemed, and what it gave lives on, or it is burnt.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_thief_beside_the_owner_burns_the_code_or_comes_too_late() {
    let world = World::new().await;
    for _ in 0..20 {
        let code = world.code(&Approved { client_id: SPA, ..Approved::default() }).await;
        let replies = at_once([SPA, OTHER_SPA].map(|client_id| {
            let (world, code) = (world.clone(), code.clone());
            async move { world.redeem(client_id, &code).await }
        }))
        .await;
        assert_eq!(replies[1].outcome(), "400 invalid_grant");
        let stored: countersign_oidc::records::AuthorizationCode =
            world.load(countersign_storage::Handle::of(&code).as_str()).await.unwrap();
        match replies[0].outcome().as_str() {
            "200" => {
                assert!(matches!(stored.state, CodeState::Redeemed { .. }));
                assert!(!world.is_revoked(&stored.family_id).await);
            }
            outcome => {
                assert_eq!(outcome, "400 invalid_grant");
                assert!(matches!(stored.state, CodeState::Burnt { .. }));
            }
        }
    }
}

/// The same, held in the most awkward moment: the redemption has seen the grant alive, then it is revoked.
#[tokio::test]
async fn a_grant_that_is_revoked_in_the_middle_of_a_redemption_gives_nothing() {
    let alice = countersign_storage::Subject::new("usr_alice").unwrap();
    let world = World::new().await;
    let code = world.code(&Approved::default()).await;
    let grant = world.issuer.grants(&alice).await.unwrap().remove(0).id;
    let issuer = world.issuer.clone();
    world.meanwhile(async move {
        issuer.revoke_grant(&alice, &grant).await.unwrap();
    });
    assert_eq!(world.redeem(WEB, &code).await.outcome(), "400 invalid_grant");
    assert!(world.load::<TokenFamily>("fam_1").await.is_none());
}

/// A whole redemption inside another: the outer one finds the code spent, and itself a replay.
#[tokio::test]
async fn a_redemption_in_the_middle_of_another_wins() {
    let world = World::new().await;
    let code = world.code(&Approved::default()).await;
    let inner = (world.clone(), code.clone());
    world.meanwhile(async move { assert_eq!(inner.0.redeem(WEB, &inner.1).await.outcome(), "200") });
    assert_eq!(world.redeem(WEB, &code).await.outcome(), "400 invalid_grant");
    assert!(world.is_revoked("fam_1").await);
}

/// A refresh, a revocation, a suspended client in the middle of a refresh.
#[tokio::test]
async fn a_refresh_sees_what_happened_in_its_middle() {
    let world = World::new().await;
    let token = world.tokens(WEB).await.text("refresh_token");

    let inner = (world.clone(), token.clone());
    let (send, receive) = tokio::sync::oneshot::channel();
    world.meanwhile(async move { send.send(inner.0.refresh(WEB, &inner.1).await).unwrap() });
    let outer = world.refresh(WEB, &token).await;
    let token = receive.await.unwrap().text("refresh_token");
    assert_eq!(outer.text("refresh_token"), token, "the same successor");

    let issuer = world.issuer.clone();
    world.meanwhile(async move {
        issuer.set_client_state(WEB, countersign_oidc::ClientState::Suspended).await.unwrap();
    });
    assert_eq!(world.refresh(WEB, &token).await.outcome(), "401 invalid_client");
    world.issuer.set_client_state(WEB, countersign_oidc::ClientState::Active).await.unwrap();

    let inner = (world.clone(), token.clone());
    world.meanwhile(async move {
        let form = [("token", inner.1.as_str())];
        assert_eq!(inner.0.post("revoke", Some(&basic(WEB, SECRET)), &form).await.outcome(), "200");
    });
    assert_eq!(world.refresh(WEB, &token).await.outcome(), "400 invalid_grant");
    assert!(world.is_revoked("fam_1").await);
}
