//! An issuer in memory with named clients, Alice and Bob, and their browsers.

mod browser;
mod clients;
mod node;
mod people;
mod store;
mod tokens;

use std::future::Future;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use countersign_jose::{Algorithm, SigningKey};
use countersign_oidc::client::{Client, ClientSource};
use countersign_oidc::signing_keys::Import;
use countersign_oidc::{
    InteractionPages, Issuer, IssuerConfig, PlainErrorPage, Policy, Resource, RouteMap, ScopeDescription, StoredClients,
};
use countersign_storage::{
    Account, Accounts, Batch, Change, EmailAddress, Entry, KeyRing, Limit, ManualClock, MemoryStore, NewAccount, Ports,
    Record, Secret, SeededRandom, Store, StoredAccounts, Subject, Timestamp, TracingAudit, Version,
};
use serde_json::Value;

pub(crate) use browser::{Ask, Browser, Landing, approve, form};
pub(crate) use clients::*;
pub(crate) use node::{Node, STORES, Uses, store};
pub(crate) use people::{People, Sessions};
pub(crate) use store::{Put, Switched};
pub(crate) use tokens::{Approved, Reply};

pub(crate) const NOW: Timestamp = Timestamp(1_800_000_000);
pub(crate) const ISSUER: &str = "https://as.test/api/auth";
pub(crate) const NOTES: &str = "https://notes.test/api";
pub(crate) const MAIL: &str = "https://mail.test";
pub(crate) const BANK: &str = "https://bank.test";
/// Of the page in the browser, and of each client that is sent a code here.
pub(crate) const REDIRECT_URI: &str = "https://rp.test/cb";
/// Registered beside it.
pub(crate) const OTHER_REDIRECT_URI: &str = "https://rp.test/other";
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(crate) const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// A key of RSA takes longer to make than most tests take. This one is no secret.
static RS256: LazyLock<SigningKey> = LazyLock::new(|| {
    let keys: Value = serde_json::from_str(include_str!("../../../../jose/tests/vectors/keys.json")).unwrap();
    let der = STANDARD.decode(keys["RS256"].as_str().unwrap()).unwrap();
    SigningKey::from_pkcs8_der(Algorithm::Rs256, &der).unwrap()
});

#[derive(Clone)]
pub(crate) struct World {
    pub(crate) switch: Arc<Switched>,
    pub(crate) issuer: Arc<Issuer>,
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) clock: Arc<ManualClock>,
    /// Over the whole store; [`World::own`] is over what belongs to the issuer.
    pub(crate) ports: Ports,
    pub(crate) people: Arc<People>,
    pub(crate) sessions: Arc<Sessions>,
    pub(crate) alice: Subject,
    pub(crate) bob: Subject,
    pub(crate) made: Arc<Mutex<u32>>,
}

pub(crate) fn policy() -> Policy {
    let introspected = |identifier, name, by: &str| Resource {
        introspected_by: vec![by.to_owned()],
        ..Resource::new(identifier, name)
    };
    let mut policy = Policy::default();
    policy.scopes.push(ScopeDescription::new("notes:read", "Read your notes"));
    policy.scopes.push(ScopeDescription::new("notes:write", "Change your notes"));
    policy.scopes.push(ScopeDescription::new("admin", "Do everything"));
    policy.resources.push(introspected(NOTES, "Notes", NOTES_API));
    policy.resources.push(introspected(MAIL, "Mail", MAIL_API));
    policy.resources.push(Resource::new(BANK, "Bank"));
    policy
}

pub(crate) fn ports(store: &Arc<MemoryStore>, clock: &Arc<ManualClock>, seed: u64) -> Ports {
    Ports {
        store: store.clone(),
        clock: clock.clone(),
        random: Arc::new(SeededRandom::new(seed)),
        audit: Arc::new(TracingAudit),
    }
}

pub(crate) fn config(ports: &Ports, sessions: Arc<Sessions>, policy: Policy) -> IssuerConfig {
    config_of(ISSUER, ports, sessions, policy)
}

pub(crate) fn config_of(issuer: &str, ports: &Ports, sessions: Arc<Sessions>, policy: Policy) -> IssuerConfig {
    let secret = Secret::new("Zk3vN8qYw1TfRb6HsXp0MjLd5UeCa9Go");
    IssuerConfig {
        issuer: issuer.to_owned(),
        ports: ports.clone(),
        accounts: Arc::new(StoredAccounts::new(ports.clone())),
        signed_in: sessions,
        clients: Arc::new(StoredClients::new(ports, issuer)),
        key_ring: Arc::new(KeyRing::new([(1, secret)]).unwrap()),
        policy,
        routes: RouteMap::default(),
        pages: InteractionPages {
            sign_in: "/sign-in".to_owned(),
            consent: "/consent".to_owned(),
            error: Arc::new(PlainErrorPage),
        },
    }
}

impl World {
    /// The ports over what belongs to the issuer.
    pub(crate) fn own(&self) -> Ports {
        self.ports.scoped(ISSUER)
    }

    pub(crate) async fn new() -> Self {
        World::with_policy(policy()).await
    }

    pub(crate) async fn with_policy(policy: Policy) -> Self {
        let store = Arc::new(MemoryStore::new());
        World::over(store.clone(), store, policy).await.with_keys().await
    }

    /// Before anybody made a signing key.
    pub(crate) async fn without_keys() -> Self {
        let store = Arc::new(MemoryStore::new());
        World::over(store.clone(), store, policy()).await
    }

    /// Over another store than the one in memory, which then stays empty. Nothing but time bounds what is done there.
    pub(crate) async fn on(whole: Arc<dyn Store>) -> Self {
        let many = Limit::new(1_000_000, Duration::from_secs(60));
        let policy = Policy { answers: many, revocations: many, ..policy() };
        World::over(whole, Arc::default(), policy).await.with_keys().await
    }

    async fn with_keys(self) -> Self {
        assert_eq!(self.issuer.import_key(&RS256).await.unwrap(), Import::Published);
        self.issuer.ensure_keys().await.unwrap();
        self
    }

    async fn over(whole: Arc<dyn Store>, store: Arc<MemoryStore>, policy: Policy) -> Self {
        let clock = Arc::new(ManualClock::at(NOW));
        let switch = Switched::new(whole);
        let ports = Ports { store: switch.clone(), ..ports(&store, &clock, 1) };
        let (people, sessions) = (Arc::new(People::over(&ports)), Arc::new(Sessions::default()));
        let config = IssuerConfig { accounts: people.clone(), ..config(&ports, sessions.clone(), policy) };
        let issuer = Arc::new(Issuer::new(config).unwrap());
        let mut subjects = Vec::new();
        for name in ["alice", "bob"] {
            let subject = Subject::new(format!("usr_{name}")).unwrap();
            let email = EmailAddress::parse(&format!("{name}@x.test")).unwrap();
            let account = NewAccount { subject: subject.clone(), email, name: name.to_owned() };
            people.create(account).await.unwrap();
            subjects.push(subject);
        }
        ports.perform(&Put(people::alice())).await.unwrap();
        let bob = subjects.pop().unwrap();
        let alice = subjects.pop().unwrap();
        let made = Arc::default();
        let world = World { switch, issuer, store, clock, ports, people, sessions, alice, bob, made };
        register_clients(&world.issuer).await;
        world
    }

    pub(crate) fn browser(&self) -> Browser<'_> {
        Browser::of(self)
    }

    /// A browser in which `subject` is signed in.
    pub(crate) fn browser_of(&self, subject: &Subject) -> Browser<'_> {
        let browser = self.browser();
        browser.sign_in(subject);
        browser
    }

    /// The generation of an account, without waiting.
    fn generation(&self, subject: &Subject) -> u32 {
        let account = self
            .store
            .dump()
            .into_iter()
            .find(|entry| entry.key.kind == Account::KIND && entry.key.id == subject.as_str());
        let account: Option<Account> = account.and_then(|entry| serde_json::from_str(&entry.body).ok());
        account.map_or(0, |account| account.generation)
    }

    pub(crate) fn stored(&self, kind: &str) -> usize {
        self.store.dump().iter().filter(|entry| entry.key.kind.as_str() == kind).count()
    }

    /// Writes all records of a kind as another build would have.
    pub(crate) async fn rewrite(&self, kind: &str, edit: impl Fn(&mut Value)) {
        let entries = self.store.dump().into_iter().filter(|entry| entry.key.kind.as_str() == kind);
        let changes = entries.map(|entry| {
            let mut body: Value = serde_json::from_str(&entry.body).unwrap();
            edit(&mut body);
            Change::Replace(Entry { body: body.to_string().into(), ..entry })
        });
        let version = Version::generate(&SeededRandom::new(7));
        let batch = Batch { version, guards: Vec::new(), changes: changes.collect() };
        assert!(!batch.changes.is_empty());
        self.store.commit(batch).await.unwrap();
    }

    /// Gives a client another name.
    pub(crate) async fn rename(&self, client_id: &str, name: &str) {
        let client = StoredClients::new(&self.ports, ISSUER).client(client_id).await.unwrap().unwrap();
        self.own().perform(&Put(Client { name: name.to_owned(), ..client })).await.unwrap();
    }

    /// Lets something happen in the middle of the next operation: after it has loaded, before it decides.
    pub(crate) fn meanwhile(&self, happens: impl Future<Output = ()> + Send + 'static) {
        *self.people.meanwhile.lock().unwrap() = Some(Box::pin(happens));
    }

    pub(crate) fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }
}
