//! A second node over the store of a world, at which what is withdrawn arrives while the first is in use; and stores of each kind.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use countersign_oidc::{Issuer, Policy};
use countersign_postgres::{PostgresStore, testing};
use countersign_sqlite::SqliteStore;
use countersign_storage::{
    Batch, Entries, Entry, Index, Key, Kind, MemoryStore, Page, Ports, Store, StoreError, StoredAccounts, Timestamp,
};

use super::{World, config, policy};

pub(crate) type Uses = Box<dyn Fn() -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

/// The store as somebody sees it who withdraws something: before each of their commits, it is used once more.
pub(crate) struct InUse {
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
pub(crate) struct Node {
    pub(crate) issuer: Arc<Issuer>,
    pub(crate) accounts: StoredAccounts,
    store: Arc<InUse>,
}

impl Node {
    pub(crate) fn beside(world: &World, uses: Option<Uses>) -> Self {
        Node::with_policy(world, uses, policy())
    }

    pub(crate) fn with_policy(world: &World, uses: Option<Uses>, policy: Policy) -> Self {
        let uses = Mutex::new(uses.map(Arc::new));
        let store = Arc::new(InUse { store: world.switch.store.clone(), uses, commits: AtomicUsize::new(0) });
        let ports = Ports { store: store.clone(), ..world.ports.clone() };
        let issuer = Arc::new(Issuer::new(config(&ports, world.sessions.clone(), policy)).unwrap());
        Node { issuer, accounts: StoredAccounts::new(ports), store }
    }

    /// The world as clients see it who speak to this node.
    pub(crate) fn world(&self, world: &World) -> World {
        World { issuer: self.issuer.clone(), ..world.clone() }
    }

    /// How often it tried to commit.
    pub(crate) fn commits(&self) -> usize {
        self.store.commits.load(Ordering::SeqCst)
    }
}

/// The stores on which it is tried.
pub(crate) const STORES: [&str; 3] = ["memory", "SQLite", "PostgreSQL"];

/// A new store of that kind; none where no PostgreSQL is named to test on.
#[allow(clippy::print_stderr, reason = "what is not tested is said")]
pub(crate) async fn store(kind: &str) -> Option<Arc<dyn Store>> {
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
