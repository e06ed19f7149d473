//! A provider on a memory store and a clock that stands still, with hosts, agents and persons around it.

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use countersign_agent_auth::{
    AgentPolicy, AgentProvider, AgentProviderConfig, AgentView, ApprovalAnswer, ApprovalView, ApprovedCall,
    AutonomousPolicy, Capability, Constraints, Decided, ExecuteError, Executor, HostView, IntrospectionCallers,
    Visibility,
};
use countersign_jose::{Algorithm, SigningKey, jws};
use countersign_storage::record::{Index, Kind};
use countersign_storage::{
    Account, AccountState, Accounts, AuditRecord, Authentication, Batch, Change, EmailAddress, EmailTaken, Endpoints,
    Entries, Entry, Fault, Key, Limit, ManualClock, MemoryStore, NewAccount, Page, Ports, SeededRandom, SignedIn,
    Stopped, Store, StoreError, StoreThrottle, StoredAccounts, Subject, Timestamp, TracingAudit, Version,
};
use countersign_web::peer::PeerAddress;
use http::{HeaderMap, Method, Request, StatusCode};
use pollster::block_on;
use serde_json::{Value, json};

pub(crate) const ISSUER: &str = "https://as.test/api/auth";
pub(crate) const LOCATION: &str = "https://as.test/api/auth/capability/execute";
pub(crate) const START: i64 = 1_790_000_000;

pub(crate) struct World {
    pub(crate) provider: AgentProvider,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) store: Arc<SwitchedStore>,
    pub(crate) executor: Arc<Recorder>,
    pub(crate) people: Arc<People>,
}

/// Everybody has an active account, but for those whom a test says otherwise of.
#[derive(Default)]
pub(crate) struct People(Mutex<HashMap<String, (Option<AccountState>, u32)>>);

impl People {
    /// `None`: the account is gone. Nothing is counted, as in an application that does not.
    pub(crate) fn set(&self, who: &str, state: Option<AccountState>) {
        self.0.lock().unwrap().entry(who.to_owned()).or_default().0 = state;
    }

    /// Disables an account and lets it in again, as one that counts.
    pub(crate) fn disable_for_a_moment(&self, who: &str) {
        let mut people = self.0.lock().unwrap();
        let (state, generation) = people.entry(who.to_owned()).or_default();
        *state = Some(AccountState::Active);
        *generation += 1;
    }

    fn of(&self, who: &str) -> (Option<AccountState>, u32) {
        self.0.lock().unwrap().get(who).copied().unwrap_or((Some(AccountState::Active), 0))
    }
}

#[async_trait]
impl Accounts for People {
    async fn by_subject(&self, subject: &Subject) -> Result<Option<Account>, Fault> {
        let (state, generation) = self.of(subject.as_str());
        Ok(state.map(|state| Account {
            generation,
            subject: subject.clone(),
            email: EmailAddress::parse(&format!("{}@x.test", subject.as_str())).unwrap(),
            email_verified: true,
            name: subject.as_str().to_owned(),
            claims: serde_json::Map::new(),
            state,
            created_at: Timestamp(START),
            updated_at: Timestamp(START),
        }))
    }

    async fn by_email(&self, _: &EmailAddress) -> Result<Option<Account>, Fault> {
        Ok(None)
    }

    async fn create(&self, _: NewAccount) -> Result<Account, Stopped<EmailTaken>> {
        Err(Stopped::Refused(EmailTaken))
    }
}

/// A sign-in that does not say whether a session lasts.
pub(crate) struct Elsewhere;

#[async_trait]
impl SignedIn for Elsewhere {
    async fn authentication(&self, _: &HeaderMap) -> Result<Option<Authentication>, Fault> {
        Ok(None)
    }
}

pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

pub(crate) struct HostActor {
    pub(crate) key: SigningKey,
}

pub(crate) struct AgentActor {
    pub(crate) id: String,
    pub(crate) key: SigningKey,
    pub(crate) code: Option<String>,
}

impl World {
    pub(crate) fn new() -> Self {
        World::with(AgentPolicy { autonomous: autonomous(), ..AgentPolicy::default() })
    }

    pub(crate) fn with(policy: AgentPolicy) -> Self {
        World::opened(policy, IntrospectionCallers::Anyone(Limit::new(1_000, Duration::from_secs(60))))
    }

    pub(crate) fn opened(policy: AgentPolicy, introspection_callers: IntrospectionCallers) -> Self {
        let store = Arc::new(SwitchedStore::default());
        let clock = Arc::new(ManualClock::at(Timestamp(START)));
        World::on(&store, &clock, policy, introspection_callers, capabilities())
    }

    /// A node on a store and clock that other nodes may share.
    pub(crate) fn on(
        store: &Arc<SwitchedStore>,
        clock: &Arc<ManualClock>,
        policy: AgentPolicy,
        introspection_callers: IntrospectionCallers,
        capabilities: Vec<Capability>,
    ) -> Self {
        World::at(ISSUER, store, clock, policy, introspection_callers, capabilities)
    }

    /// Another issuer on the same store.
    pub(crate) fn of_issuer(issuer: &str, store: &Arc<SwitchedStore>, clock: &Arc<ManualClock>) -> Self {
        let callers = IntrospectionCallers::Anyone(Limit::new(1_000, Duration::from_secs(60)));
        let policy = AgentPolicy { autonomous: autonomous(), ..AgentPolicy::default() };
        World::at(issuer, store, clock, policy, callers, capabilities())
    }

    fn at(
        issuer: &str,
        store: &Arc<SwitchedStore>,
        clock: &Arc<ManualClock>,
        policy: AgentPolicy,
        introspection_callers: IntrospectionCallers,
        capabilities: Vec<Capability>,
    ) -> Self {
        let people = Arc::new(People::default());
        let accounts = |_: &Ports| Arc::clone(&people) as Arc<dyn Accounts>;
        let world = World::asking(accounts, issuer, store, clock, policy, introspection_callers, capabilities);
        World { people, ..world }
    }

    /// One whose people have their accounts in the store.
    pub(crate) fn with_stored_accounts() -> Self {
        let clock = Arc::new(ManualClock::at(Timestamp(START)));
        World::with_accounts_in(&Arc::new(SwitchedStore::default()), &clock, AgentPolicy::default())
    }

    /// A node whose people have their accounts in this store.
    pub(crate) fn with_accounts_in(store: &Arc<SwitchedStore>, clock: &Arc<ManualClock>, policy: AgentPolicy) -> Self {
        let callers = IntrospectionCallers::Anyone(Limit::new(1_000, Duration::from_secs(60)));
        let accounts = |ports: &Ports| Arc::new(StoredAccounts::new(ports.clone())) as Arc<dyn Accounts>;
        World::asking(accounts, ISSUER, store, clock, policy, callers, capabilities())
    }

    fn asking(
        accounts: impl FnOnce(&Ports) -> Arc<dyn Accounts>,
        issuer: &str,
        store: &Arc<SwitchedStore>,
        clock: &Arc<ManualClock>,
        policy: AgentPolicy,
        introspection_callers: IntrospectionCallers,
        capabilities: Vec<Capability>,
    ) -> Self {
        static SEED: AtomicU64 = AtomicU64::new(1);
        let ports = Ports {
            store: Arc::clone(store) as Arc<dyn Store>,
            clock: Arc::clone(clock) as _,
            random: Arc::new(SeededRandom::new(SEED.fetch_add(1, Ordering::SeqCst))),
            audit: Arc::new(TracingAudit),
        };
        let (executor, accounts) = (Arc::new(Recorder::default()), accounts(&ports));
        let provider = AgentProvider::new(AgentProviderConfig {
            issuer: issuer.to_owned(),
            provider_name: "bank".to_owned(),
            description: "Accounts and transfers".to_owned(),
            verification_uri: "https://as.test/device".to_owned(),
            throttle: Arc::new(StoreThrottle::new(ports.clone())),
            ports,
            accounts,
            signed_in: Arc::new(Elsewhere),
            capabilities,
            executor: Arc::clone(&executor) as Arc<dyn Executor>,
            introspection_callers,
            policy,
        })
        .unwrap();
        World { provider, clock: Arc::clone(clock), store: Arc::clone(store), executor, people: Arc::default() }
    }

    pub(crate) fn now(&self) -> i64 {
        use countersign_storage::Clock;
        self.clock.now().as_secs()
    }

    pub(crate) fn advance(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    pub(crate) fn send(&self, request: Request<Bytes>) -> Reply {
        let response = block_on(self.provider.answer(request)).expect("the path is one of ours");
        let (parts, body) = response.into_parts();
        let body = serde_json::from_slice(&body).expect("every answer is JSON");
        Reply { status: parts.status, headers: parts.headers, body }
    }

    pub(crate) fn get(&self, path: &str, bearer: Option<&str>) -> Reply {
        self.send(request(Method::GET, path, bearer, None))
    }

    pub(crate) fn post(&self, path: &str, bearer: Option<&str>, body: &Value) -> Reply {
        self.send(request(Method::POST, path, bearer, Some(body.to_string())))
    }

    // Tokens.

    pub(crate) fn host_claims(&self, host: &HostActor) -> Value {
        json!({
            "iss": host.key.kid(), "sub": host.key.kid(), "aud": ISSUER,
            "iat": self.now(), "exp": self.now() + 60, "jti": jti(),
            "host_public_key": host.key.public_jwk(),
        })
    }

    pub(crate) fn host_jwt(&self, host: &HostActor) -> String {
        sign(&host.key, "host+jwt", &self.host_claims(host))
    }

    pub(crate) fn agent_claims(&self, agent: &AgentActor, audience: &str) -> Value {
        json!({
            "sub": agent.id, "aud": audience, "iat": self.now(), "exp": self.now() + 60, "jti": jti(),
        })
    }

    pub(crate) fn agent_jwt(&self, agent: &AgentActor) -> String {
        sign(&agent.key, "agent+jwt", &self.agent_claims(agent, LOCATION))
    }

    // Requests.

    pub(crate) fn register_with(&self, host: &HostActor, key: &SigningKey, body: &Value) -> Reply {
        let mut claims = self.host_claims(host);
        claims["agent_public_key"] = json!(key.public_jwk());
        self.post("/api/auth/agent/register", Some(&sign(&host.key, "host+jwt", &claims)), body)
    }

    /// A pending delegated agent with its code.
    pub(crate) fn register(&self, host: &HostActor, capabilities: Value) -> AgentActor {
        let key = new_key();
        let body = json!({
            "name": "Bill payer", "host_name": "Laptop", "mode": "delegated", "reason": "pay a bill",
            "capabilities": capabilities,
        });
        let reply = self.register_with(host, &key, &body);
        assert_eq!(reply.status, StatusCode::OK, "{}", reply.body);
        AgentActor::of(&reply, key)
    }

    /// An active autonomous agent.
    pub(crate) fn register_autonomous(&self, host: &HostActor, capabilities: Value) -> AgentActor {
        let key = new_key();
        let body = json!({ "name": "Watcher", "mode": "autonomous", "capabilities": capabilities });
        let reply = self.register_with(host, &key, &body);
        assert_eq!(reply.status, StatusCode::OK, "{}", reply.body);
        AgentActor::of(&reply, key)
    }

    /// An agent of `who`, approved with everything that it asked for.
    pub(crate) fn approved(&self, host: &HostActor, capabilities: Value, who: &str) -> AgentActor {
        let agent = self.register(host, capabilities);
        self.approve(&agent, who);
        agent
    }

    /// The agent of most tests: Alice's, on a laptop of its own, approved with everything that it asked for.
    pub(crate) fn payer(&self, capabilities: Value) -> AgentActor {
        self.approved(&HostActor::new(), capabilities, "alice")
    }

    /// An agent that acts for nobody, on a server of its own.
    pub(crate) fn watcher(&self, capabilities: Value) -> AgentActor {
        self.register_autonomous(&HostActor::new(), capabilities)
    }

    pub(crate) fn signed_in(&self, who: &str) -> Authentication {
        Authentication::asserted(subject(who), format!("ses_{who}"), Timestamp(self.now()), vec!["pwd".to_owned()])
            .in_generation(self.people.of(who).1)
    }

    pub(crate) fn view(&self, agent: &AgentActor, who: &str) -> ApprovalView {
        block_on(self.provider.approval(agent.code.as_deref().unwrap(), &self.signed_in(who))).unwrap()
    }

    pub(crate) fn approve(&self, agent: &AgentActor, who: &str) {
        let view = self.view(agent, who);
        let capabilities = view.capabilities.iter().map(|requested| requested.name.clone()).collect();
        let answer = ApprovalAnswer::Approve { capabilities, at_most: None };
        let code = agent.code.as_deref().unwrap();
        let decided = block_on(self.provider.decide_approval(code, &self.signed_in(who), answer, &view.shown)).unwrap();
        assert!(matches!(decided, Decided::Approved { .. }));
    }

    pub(crate) fn execute(&self, agent: &AgentActor, capability: &str, arguments: Value) -> Reply {
        self.execute_with(&self.agent_jwt(agent), capability, arguments)
    }

    pub(crate) fn execute_with(&self, token: &str, capability: &str, arguments: Value) -> Reply {
        let body = json!({ "capability": capability, "arguments": arguments });
        self.post("/api/auth/capability/execute", Some(token), &body)
    }

    pub(crate) fn status(&self, host: &HostActor, agent: &AgentActor) -> Reply {
        self.get(&format!("/api/auth/agent/status?agent_id={}", agent.id), Some(&self.host_jwt(host)))
    }

    pub(crate) fn introspect(&self, token: &str) -> Reply {
        self.post("/api/auth/agent/introspect", None, &json!({ "token": token }))
    }

    pub(crate) fn hosts_of(&self, subject: &Subject) -> Vec<HostView> {
        block_on(self.provider.hosts(subject, Page::first(100))).unwrap().0
    }

    pub(crate) fn agents_of(&self, subject: &Subject) -> Vec<AgentView> {
        self.hosts_of(subject).into_iter().flat_map(|host| host.agents).collect()
    }

    // What was left behind.

    pub(crate) fn audit(&self, action: &str) -> Vec<AuditRecord> {
        let mut records: Vec<AuditRecord> = (self.store.dump().iter())
            .filter(|entry| entry.key.kind == Kind::new("audit"))
            .map(|entry| serde_json::from_str(&entry.body).unwrap())
            .filter(|record: &AuditRecord| record.action == action)
            .collect();
        records.sort_by(|one, other| one.id.cmp(&other.id));
        records
    }

    /// Writes all records of a kind as another build would have.
    pub(crate) fn rewrite(&self, kind: &'static str, edit: impl Fn(&mut Value)) {
        self.change(kind, |entry| {
            let mut body: Value = serde_json::from_str(&entry.body).unwrap();
            edit(&mut body);
            Change::Replace(Entry { body: body.to_string().into(), ..entry })
        });
    }

    pub(crate) fn remove(&self, kind: &'static str) {
        self.change(kind, |entry| Change::Delete { key: entry.key, version: entry.version });
    }

    fn change(&self, kind: &'static str, change: impl Fn(Entry) -> Change) {
        let entries = self.store.dump().into_iter().filter(|entry| entry.key.kind == Kind::new(kind));
        let version = Version::generate(&SeededRandom::new(7));
        let batch = Batch { version, guards: Vec::new(), changes: entries.map(change).collect() };
        assert!(!batch.changes.is_empty());
        block_on(self.store.commit(batch)).unwrap();
    }

    /// Writes `times` more agents like the one that is there, under its host.
    pub(crate) fn multiply_agent(&self, times: usize) {
        let dump = self.store.dump();
        let mut agents = dump.iter().filter(|entry| entry.key.kind == Kind::new("agent"));
        let agent = agents.next().expect("an agent");
        assert!(agents.next().is_none(), "more than one agent");
        let copy = |number: usize| {
            let id = format!("{}{number:032}", &agent.key.id[..agent.key.id.len() - 32]);
            let body = agent.body.replace(&agent.key.id, &id).into();
            Change::Insert(Entry { key: Key { id, ..agent.key.clone() }, body, ..agent.clone() })
        };
        let version = Version::generate(&SeededRandom::new(8));
        let batch = Batch { version, guards: Vec::new(), changes: (0..times).map(copy).collect() };
        block_on(self.store.commit(batch)).unwrap();
    }

    pub(crate) fn entries(&self) -> usize {
        self.store.dump().len()
    }
}

impl Reply {
    /// Status, `error`, and the shape that every error has.
    #[track_caller]
    pub(crate) fn refused(&self, status: u16, error: &str) {
        assert_eq!((self.status.as_u16(), self.body["error"].as_str()), (status, Some(error)), "{}", self.body);
        assert!(self.body["message"].as_str().is_some_and(|message| !message.is_empty()), "{}", self.body);
        assert_eq!(self.headers["cache-control"], "no-store");
        assert_eq!(self.headers["content-type"], "application/json");
        assert_eq!(self.headers.contains_key("www-authenticate"), status == 401, "{}", self.body);
    }

    #[track_caller]
    pub(crate) fn ok(&self) -> &Value {
        assert_eq!(self.status, StatusCode::OK, "{}", self.body);
        &self.body
    }
}

impl HostActor {
    pub(crate) fn new() -> Self {
        HostActor { key: new_key() }
    }
}

impl AgentActor {
    pub(crate) fn of(reply: &Reply, key: SigningKey) -> Self {
        AgentActor {
            id: reply.body["agent_id"].as_str().unwrap().to_owned(),
            key,
            code: reply.body["approval"]["user_code"].as_str().map(str::to_owned),
        }
    }
}

pub(crate) fn request(method: Method, path: &str, bearer: Option<&str>, body: Option<String>) -> Request<Bytes> {
    let mut request = Request::builder().method(method).uri(path);
    if let Some(bearer) = bearer {
        request = request.header("authorization", format!("Bearer {bearer}"));
    }
    if body.is_some() {
        request = request.header("content-type", "application/json");
    }
    request.extension(PeerAddress(IpAddr::V4(Ipv4Addr::LOCALHOST))).body(Bytes::from(body.unwrap_or_default())).unwrap()
}

pub(crate) fn new_key() -> SigningKey {
    SigningKey::generate(Algorithm::EdDSA).unwrap()
}

pub(crate) fn sign(key: &SigningKey, typ: &str, claims: &Value) -> String {
    jws::sign(key, Some(typ), claims.to_string().as_bytes()).unwrap()
}

pub(crate) fn subject(who: &str) -> Subject {
    Subject::new(who).unwrap()
}

fn jti() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("jti-{}", NEXT.fetch_add(1, Ordering::SeqCst))
}

pub(crate) fn autonomous() -> AutonomousPolicy {
    AutonomousPolicy::granted(["ping", "check_balance"])
}

pub(crate) fn capabilities() -> Vec<Capability> {
    vec![
        Capability::new("ping", "Answer pong"),
        Capability::new("check_balance", "Read the balance of an account")
            .input(json!({
                "type": "object", "required": ["account_id"],
                "properties": { "account_id": { "type": "string", "description": "Which account" } },
            }))
            .output(json!({ "type": "object", "properties": { "balance": { "type": "number" } } })),
        Capability::new("transfer_money", "Move money").input(json!({
            "type": "object", "required": ["amount"],
            "properties": {
                "amount": {}, "currency": {}, "to": {}, "ref": {},
            },
        })),
        Capability::new("capped_transfer", "Move a little money")
            .input(json!({ "type": "object", "properties": { "amount": { "type": "number" } } }))
            .constrained(Constraints::parse(&json!({ "amount": { "max": 50 } })).unwrap()),
        Capability::new("private_notes", "Read notes").visible_to(Visibility::Linked),
        Capability::new("short_lived", "Ends soon").granted_for(Duration::from_secs(100)),
    ]
}

/// Remembers what it was asked to do.
#[derive(Default)]
pub(crate) struct Recorder {
    pub(crate) calls: Mutex<Vec<ApprovedCall>>,
    pub(crate) failure: Mutex<Option<ExecuteError>>,
    /// Never comes to an end.
    pub(crate) hangs: AtomicBool,
    /// Happens during the next act.
    pub(crate) during: Mutex<Option<Box<dyn FnOnce() + Send>>>,
}

impl Recorder {
    pub(crate) fn count(&self) -> usize {
        self.calls.lock().unwrap().len()
    }
}

#[async_trait]
impl Executor for Recorder {
    async fn execute(&self, call: &ApprovedCall) -> Result<Value, ExecuteError> {
        self.calls.lock().unwrap().push(call.clone());
        if let Some(during) = self.during.lock().unwrap().take() {
            during();
        }
        if self.hangs.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        match self.failure.lock().unwrap().clone() {
            Some(failure) => Err(failure),
            None => Ok(json!({ "did": call.capability, "with": BTreeMap::from_iter(call.arguments.clone()) })),
        }
    }
}

/// What somebody else does just before a commit.
pub(crate) type Rival = Arc<dyn Fn() + Send + Sync>;

/// A store that can be switched off, that counts, and where somebody else can always be a little faster.
pub(crate) struct SwitchedStore {
    store: Arc<dyn Store>,
    /// The same, where it is in memory: to be looked into.
    memory: Option<Arc<MemoryStore>>,
    pub(crate) is_down: AtomicBool,
    /// How many records were read.
    pub(crate) read: AtomicUsize,
    /// How often something was read: round trips.
    pub(crate) reads: AtomicUsize,
    /// How many commits lost against somebody else's.
    pub(crate) conflicts: AtomicUsize,
    /// What the commits changed that were applied.
    pub(crate) changed: Mutex<Vec<Key>>,
    rival: Mutex<Option<Rival>>,
}

impl Default for SwitchedStore {
    fn default() -> Self {
        let memory = Arc::new(MemoryStore::new());
        SwitchedStore { memory: Some(Arc::clone(&memory)), ..SwitchedStore::over(memory) }
    }
}

impl SwitchedStore {
    /// Over any store.
    pub(crate) fn over(store: Arc<dyn Store>) -> Self {
        SwitchedStore {
            store,
            memory: None,
            is_down: AtomicBool::default(),
            read: AtomicUsize::default(),
            reads: AtomicUsize::default(),
            conflicts: AtomicUsize::default(),
            changed: Mutex::default(),
            rival: Mutex::default(),
        }
    }

    /// All that is in a memory store.
    pub(crate) fn dump(&self) -> Vec<Entry> {
        self.memory.as_ref().expect("only a memory store is looked into").dump()
    }

    /// From now on, before every commit but its own, `rival` happens.
    pub(crate) fn set_rival(&self, rival: Option<Rival>) {
        *self.rival.lock().unwrap() = rival;
    }

    fn count(&self, entries: usize) {
        self.read.fetch_add(entries, Ordering::SeqCst);
        self.reads.fetch_add(1, Ordering::SeqCst);
    }

    fn check(&self) -> Result<(), StoreError> {
        if self.is_down.load(Ordering::SeqCst) {
            Err(StoreError::Unavailable("switched off".to_owned()))
        } else {
            Ok(())
        }
    }
}

#[async_trait]
impl Store for SwitchedStore {
    async fn load(&self, keys: &[Key]) -> Result<Vec<Option<Entry>>, StoreError> {
        self.check()?;
        let found = self.store.load(keys).await?;
        self.count(found.iter().flatten().count());
        Ok(found)
    }

    async fn find(&self, kind: Kind, index: &Index, page: Page) -> Result<Entries, StoreError> {
        self.check()?;
        let found = self.store.find(kind, index, page).await?;
        self.count(found.entries.len());
        Ok(found)
    }

    async fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        self.check()?;
        let rival = self.rival.lock().unwrap().take();
        if let Some(rival) = rival {
            rival();
            self.set_rival(Some(rival));
        }
        let keys: Vec<Key> = batch.changes.iter().map(|change| change.key().clone()).collect();
        let done = self.store.commit(batch).await;
        match &done {
            Ok(()) => self.changed.lock().unwrap().extend(keys),
            Err(_) => drop(self.conflicts.fetch_add(1, Ordering::SeqCst)),
        }
        done
    }

    async fn purge(&self, expired_before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        self.check()?;
        self.store.purge(expired_before, limit).await
    }
}
