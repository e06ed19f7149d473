//! Taking authority away wins, however much it is in use meanwhile. What is counted is commits, and never time.
//!
//! Two worst cases. In one, everything that can be used is used between each look and each write of the withdrawal, so that
//! whatever it would have in common with the uses is always lost. In the other, sixteen lanes do nothing but use.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use countersign_oidc::{ClientState, ConsentAnswer, Issuer, Revoked};
use countersign_postgres::{PostgresStore, testing};
use countersign_sqlite::SqliteStore;
use countersign_storage::{
    AccountState, Batch, Entries, Entry, Index, Key, Kind, MemoryStore, Page, Ports, Store, StoreError, StoredAccounts,
    Timestamp,
};

use crate::world::*;

type Uses = Box<dyn Fn() -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

/// The store as somebody sees it who withdraws something: before each of their commits, it is used once more.
struct InUse {
    store: Arc<dyn Store>,
    uses: Mutex<Option<Arc<Uses>>>,
    commits: AtomicUsize,
}

#[async_trait]
impl Store for InUse {
    async fn load(&self, keys: &[Key]) -> Result<Vec<Option<Entry>>, StoreError> {
        self.store.load(keys).await
    }

    async fn find(&self, kind: Kind, index: &Index, page: Page) -> Result<Entries, StoreError> {
        self.store.find(kind, index, page).await
    }

    async fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        self.commits.fetch_add(1, Ordering::SeqCst);
        let uses = self.uses.lock().unwrap().clone();
        if let Some(uses) = uses {
            uses().await;
        }
        self.store.commit(batch).await
    }

    async fn purge(&self, expired_before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        self.store.purge(expired_before, limit).await
    }
}

/// A second node, at which the withdrawals arrive.
struct Node {
    issuer: Issuer,
    accounts: StoredAccounts,
    store: Arc<InUse>,
}

impl Node {
    fn beside(world: &World, uses: Option<Uses>) -> Self {
        let uses = Mutex::new(uses.map(Arc::new));
        let store = Arc::new(InUse { store: world.switch.store.clone(), uses, commits: AtomicUsize::new(0) });
        let ports = Ports { store: store.clone(), ..world.ports.clone() };
        let issuer = Issuer::new(config(&ports, world.sessions.clone(), policy())).unwrap();
        Node { issuer, accounts: StoredAccounts::new(ports), store }
    }

    fn commits(&self) -> usize {
        self.store.commits.load(Ordering::SeqCst)
    }
}

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
                node.issuer.set_client_state(SPA, ClientState::Suspended).await.unwrap().unwrap();
            }
            Withdrawal::Account => {
                node.accounts.set_state(&world.alice, AccountState::Disabled).await.unwrap().unwrap();
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

/// The stores on which it is tried.
const STORES: [&str; 3] = ["memory", "SQLite", "PostgreSQL"];

/// A new store of that kind; none where no PostgreSQL is named to test on.
#[allow(clippy::print_stderr, reason = "what is not tested is said")]
async fn store(kind: &str) -> Option<Arc<dyn Store>> {
    match kind {
        "memory" => Some(Arc::new(MemoryStore::new())),
        "SQLite" => Some(Arc::new(SqliteStore::in_memory().unwrap())),
        _ if std::env::var_os(testing::SERVER).is_none() => {
            eprintln!("NOT TESTED: {} names no PostgreSQL", testing::SERVER);
            None
        }
        _ => Some(Arc::new(PostgresStore::connect(testing::fresh().unwrap()).await.unwrap())),
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
