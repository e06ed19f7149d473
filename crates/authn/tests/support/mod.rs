//! Sign-in on a memory store, a manual clock and seeded randomness.
#![allow(dead_code, unreachable_pub, missing_docs, reason = "each test file uses its part of it")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failed expectation is the test's own report"
)]

use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use countersign_authn::*;
use countersign_storage::*;
pub use pollster::block_on;

pub const PASSWORD: &str = "violet kettle 7 harbour";
pub const ALICE: &str = "alice@x.test";
pub const BOB: &str = "bob@x.test";
pub const PASSWORD_OF_BOB: &str = "another 5 kettles boil";
pub const START: Timestamp = Timestamp(1_800_000_000);
pub const CHEAP: Argon2idCost = Argon2idCost { memory_kib: 16, passes: 1, lanes: 1 };

pub struct Site {
    pub authn: Authn,
    pub accounts: Arc<StoredAccounts>,
    pub store: Arc<MemoryStore>,
    pub clock: Arc<ManualClock>,
    pub random: Arc<SeededRandom>,
    pub ports: Ports,
}

pub fn site() -> Site {
    site_with(AuthnPolicy::default())
}

pub fn site_with(policy: AuthnPolicy) -> Site {
    let store = Arc::new(MemoryStore::new());
    let clock = Arc::new(ManualClock::at(START));
    site_on(Arc::clone(&store) as Arc<dyn Store>, store, clock, policy, CHEAP)
}

pub fn site_on(
    wrapped: Arc<dyn Store>,
    store: Arc<MemoryStore>,
    clock: Arc<ManualClock>,
    policy: AuthnPolicy,
    cost: Argon2idCost,
) -> Site {
    let random = Arc::new(SeededRandom::new(u64::from(cost.passes)));
    let ports = Ports {
        store: wrapped,
        clock: Arc::clone(&clock) as Arc<dyn Clock>,
        random: Arc::clone(&random) as Arc<dyn Random>,
        audit: Arc::new(TracingAudit),
    };
    let accounts = Arc::new(StoredAccounts::new(ports.clone()));
    let hasher = PasswordHasherConfig { cost, threads: 2, queue: 256, ..PasswordHasherConfig::default() };
    let authn = Authn::new(AuthnConfig {
        accounts: Arc::clone(&accounts) as Arc<dyn Accounts>,
        throttle: Arc::new(StoreThrottle::new(ports.clone())),
        hasher: Arc::new(PasswordHasher::below_the_floor_for_tests_only(hasher).unwrap()),
        cookie: countersign_authn::session_cookie("https://auth.test"),
        key_ring: Arc::new(KeyRing::new([(1, Secret::new("Zk3vN8qYw1TfRb6HsXp0MjLd5UeCa9Go"))]).unwrap()),
        policy,
        ports: ports.clone(),
    });
    Site { authn, accounts, store, clock, random, ports }
}

impl Site {
    /// Ends all sessions of a person but this one.
    pub fn end_others(&self, kept: &SignedInSession) -> Revocation {
        block_on(self.authn.revoke_other_sessions(&kept.session)).unwrap()
    }

    pub fn sign_up(&self, email: &str, password: &str) -> Result<SignedInSession, Stopped<SignUpRefusal>> {
        let sign_up = SignUp { email: email.into(), name: "Somebody Else".into(), password: Secret::new(password) };
        block_on(self.authn.sign_up(sign_up, &Context::default()))
    }

    /// Alice, whom most is about, has just signed up.
    pub fn alice(&self) -> SignedInSession {
        self.sign_up(ALICE, PASSWORD).unwrap()
    }

    /// Bob, who is not to be touched by what happens to Alice, has just signed up.
    pub fn bob(&self) -> SignedInSession {
        self.sign_up(BOB, PASSWORD_OF_BOB).unwrap()
    }

    pub fn sign_in(&self, email: &str, password: &str) -> Result<SignedInSession, Stopped<SignInRefusal>> {
        self.sign_in_from(email, password, &Context::default())
    }

    pub fn sign_in_from(
        &self,
        email: &str,
        password: &str,
        context: &Context,
    ) -> Result<SignedInSession, Stopped<SignInRefusal>> {
        let sign_in = SignIn { email: email.into(), password: Secret::new(password) };
        block_on(self.authn.sign_in(sign_in, context))
    }

    pub fn session(&self, cookie: &Secret) -> Option<Session> {
        block_on(self.authn.session(cookie)).unwrap()
    }

    /// The headers of a browser that holds this session's cookie.
    pub fn headers(&self, signed_in: &SignedInSession) -> http::HeaderMap {
        let cookie = format!("{}={}", self.authn.cookie_name(), signed_in.cookie.expose());
        http::HeaderMap::from_iter([(http::header::COOKIE, cookie.parse().unwrap())])
    }

    pub fn disable(&self, subject: &Subject) {
        assert!(block_on(self.accounts.set_state(subject, AccountState::Disabled)).unwrap());
    }

    pub fn enable(&self, subject: &Subject) {
        assert!(block_on(self.accounts.set_state(subject, AccountState::Active)).unwrap());
    }

    pub fn stored(&self, kind: &str) -> Vec<Entry> {
        let mut entries = self.store.dump();
        entries.retain(|entry| entry.key.kind.as_str() == kind);
        entries
    }

    /// The audit records, in no order.
    pub fn events(&self) -> Vec<AuditRecord> {
        self.stored("audit").iter().map(|entry| serde_json::from_str(&entry.body).unwrap()).collect()
    }

    pub fn events_of(&self, action: &str) -> Vec<AuditRecord> {
        let mut events = self.events();
        events.retain(|event| event.action == action);
        events
    }
}

pub fn from(address: &str) -> Context {
    Context { peer: Some(address.parse::<IpAddr>().unwrap()), ..Context::default() }
}

/// Why somebody was refused; a fault is none.
pub fn refused<R: std::fmt::Debug>(stopped: Stopped<R>) -> R {
    match stopped {
        Stopped::Refused(refusal) => refusal,
        Stopped::Failed(fault) => panic!("no refusal: {fault}"),
    }
}

pub const WRONG: Stopped<SignInRefusal> = Stopped::Refused(SignInRefusal::InvalidCredentials);

pub fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A store that counts what it is asked for, and lets something else happen right before a commit.
#[derive(Default)]
pub struct Watched {
    pub store: Arc<MemoryStore>,
    pub calls: Mutex<Vec<String>>,
    pub before_commit: Mutex<Option<Box<dyn FnOnce() + Send>>>,
}

#[async_trait]
impl Store for Watched {
    async fn load(&self, keys: &[Key]) -> Result<Vec<Option<Entry>>, StoreError> {
        self.calls.lock().unwrap().push(format!("load {}", keys.len()));
        self.store.load(keys).await
    }

    async fn find(&self, kind: Kind, index: &Index, page: Page) -> Result<Entries, StoreError> {
        self.calls.lock().unwrap().push(format!("find {}", kind.as_str()));
        self.store.find(kind, index, page).await
    }

    async fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        self.calls.lock().unwrap().push(format!("commit {}", batch.changes.len()));
        let before = self.before_commit.lock().unwrap().take();
        if let Some(before) = before {
            before();
        }
        self.store.commit(batch).await
    }

    async fn purge(&self, expired_before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        self.store.purge(expired_before, limit).await
    }
}
