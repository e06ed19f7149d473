//! Taking authority away wins, however much it is in use meanwhile. What is counted is commits, and never time.
//!
//! Two worst cases. In one, everything that can be used is used between each look and each write of the withdrawal, so that
//! whatever it would have in common with the uses is always lost. In the other, sixteen lanes do nothing but use. What ends one
//! token family and leaves the grant has tests of its own (`token/family_withdrawal.rs`).

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use countersign_oidc::{ClientState, ConsentAnswer, Revoked};
use countersign_storage::{AccountState, Store};

use crate::world::*;

const WIDE: &str = "openid email offline_access";

/// What is withdrawn.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Withdrawal {
    Grant,
    Scope,
    OfflineAccess,
    Client,
    Account,
}

const ALL: [Withdrawal; 5] =
    [Withdrawal::Grant, Withdrawal::Scope, Withdrawal::OfflineAccess, Withdrawal::Client, Withdrawal::Account];

impl Withdrawal {
    async fn perform(self, world: &World, node: &Node) {
        let narrow = async |kept: &str| {
            let browser = world.browser_of(&world.alice);
            let id =
                browser.ask(&Ask::spa().with("scope", WIDE).with("prompt", "consent")).await.interaction().to_owned();
            let csrf = browser.consent_view(&id).await.csrf;
            let answer = ConsentAnswer::Approve { scopes: kept.split(' ').map(str::to_owned).collect() };
            node.issuer.decide_consent(&id, &browser.headers(), &answer, &csrf).await.unwrap();
        };
        match self {
            Withdrawal::Grant => {
                let grant = world.issuer.grants(&world.alice).await.unwrap().remove(0).id;
                assert_eq!(node.issuer.revoke_grant(&world.alice, &grant).await.unwrap(), Revoked::Now);
            }
            Withdrawal::Scope => narrow("openid offline_access").await,
            Withdrawal::OfflineAccess => narrow("openid email").await,
            Withdrawal::Client => {
                node.issuer.set_client_state(SPA, ClientState::Suspended).await.unwrap();
            }
            Withdrawal::Account => {
                assert!(node.accounts.set_state(&world.alice, AccountState::Disabled).await.unwrap());
            }
        }
    }

    /// What the next refresh says.
    fn shows(self, refreshed: &Reply) -> bool {
        match self {
            Withdrawal::Scope => refreshed["scope"] == "openid offline_access",
            Withdrawal::Client => refreshed["error"] == "invalid_client",
            Withdrawal::Grant | Withdrawal::OfflineAccess | Withdrawal::Account => {
                refreshed["error"] == "invalid_grant"
            }
        }
    }
}

/// Each withdrawal on each store.
async fn cases() -> Vec<(Withdrawal, &'static str, Arc<dyn Store>)> {
    let mut cases = Vec::new();
    for kind in STORES {
        for withdrawal in ALL {
            cases.extend(store(kind).await.map(|store| (withdrawal, kind, store)));
        }
    }
    cases
}

/// Every family is refreshed, and a code redeemed, between the look of the withdrawal and its write.
#[tokio::test]
async fn a_withdrawal_is_not_beaten_by_uses_of_what_it_withdraws() {
    const FAMILIES: usize = 50;
    for (withdrawal, on, store) in cases().await {
        let world = Arc::new(World::on(store).await);
        let browser = world.browser_of(&world.alice);
        let mut families = Vec::new();
        for _ in 0..FAMILIES - 10 {
            families.push(browser.tokens(WIDE).await);
        }
        // The next use is written down: that is the one commit which a withdrawal can lose.
        world.pass(3_600);
        let families = Arc::new(Mutex::new(families));
        let uses: Uses = {
            let (world, families) = (world.clone(), families.clone());
            Box::new(move || {
                let (world, families) = (world.clone(), families.clone());
                Box::pin(async move {
                    let mut tokens = families.lock().unwrap().clone();
                    for tokens in &mut tokens {
                        *tokens = world.renew(tokens).await;
                        assert!(tokens["refresh_token"].is_string(), "{tokens:?}");
                    }
                    tokens.push(world.browser_of(&world.alice).tokens(WIDE).await);
                    *families.lock().unwrap() = tokens;
                })
            })
        };
        let node = Node::beside(&world, Some(uses));
        withdrawal.perform(&world, &node).await;
        assert!(node.commits() <= 2, "{withdrawal:?} on {on} took {} commits", node.commits());
        let tokens = families.lock().unwrap().clone();
        assert!(tokens.len() > FAMILIES - 10, "it was used meanwhile");
        for tokens in tokens {
            assert!(withdrawal.shows(&world.renew(&tokens).await), "{withdrawal:?} on {on}");
        }
    }
}

/// Sixteen lanes, half of which refresh and half of which redeem, until they are told to stop.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_withdrawal_wins_beside_sixteen_lanes_of_use() {
    for (withdrawal, on, store) in cases().await {
        let world = Arc::new(World::on(store).await);
        let browser = world.browser_of(&world.alice);
        browser.tokens(WIDE).await;
        let (over, used) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let mut lanes = Vec::new();
        for lane in 0..16 {
            let tokens = browser.tokens(WIDE).await;
            let (world, over, used) = (world.clone(), over.clone(), used.clone());
            lanes.push(tokio::spawn(async move {
                let mut tokens = tokens;
                while !over.load(Ordering::SeqCst) {
                    let next = if lane % 2 == 0 {
                        world.renew(&tokens).await
                    } else {
                        let landing = world.browser_of(&world.alice).ask(&Ask::spa().with("scope", WIDE)).await;
                        match &landing {
                            crate::world::Landing::Client(_, params) if params.contains_key("code") => {
                                world.redeem(SPA, &params["code"]).await
                            }
                            _ => return tokens,
                        }
                    };
                    if next["refresh_token"].is_null() {
                        return tokens;
                    }
                    tokens = next;
                    used.fetch_add(1, Ordering::SeqCst);
                    tokio::task::yield_now().await;
                }
                tokens
            }));
        }
        while used.load(Ordering::SeqCst) < 64 {
            tokio::task::yield_now().await;
        }
        let node = Node::beside(&world, None);
        withdrawal.perform(&world, &node).await;
        over.store(true, Ordering::SeqCst);
        assert!(node.commits() <= 3, "{withdrawal:?} on {on} took {} commits", node.commits());
        for lane in lanes {
            let tokens = lane.await.unwrap();
            let refreshed = world.renew(&tokens).await;
            assert!(
                withdrawal.shows(&refreshed) || refreshed["error"] == "invalid_grant",
                "{withdrawal:?} on {on}: {refreshed:?}"
            );
        }
    }
}
