//! An issuer on a store in memory, with a clock and randomness that do what they are told, and browsers that keep cookies.

use std::collections::{BTreeMap, HashMap};
use std::convert::Infallible;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use countersign_jose::{Algorithm, base64url};
use countersign_oidc::client::{Client, ClientCredential, ClientSource, SecretMethod};
use countersign_oidc::{
    ConsentAnswer, InteractionPages, InteractionPrompt, Issuer, IssuerConfig, NewClient, PlainErrorPage, Policy,
    Resource, RouteMap, ScopeDescription, StoredClients,
};
use countersign_storage::{
    Account, Accounts, Authentication, Batch, Changes, Clock, Decision, EmailAddress, Endpoints, Entries, Entry, Fault,
    Index, Key, KeyRing, Kind, ManualClock, MemoryStore, Moment, NewAccount, Operation, Page, Ports, Reader, Record,
    Secret, SeededRandom, SignedIn, Store, StoreError, Stored, StoredAccounts, Subject, Timestamp, TracingAudit,
};
use http::{HeaderMap, HeaderValue, Method, Request, Response, header};
use serde_json::Value;

pub(crate) const NOW: Timestamp = Timestamp(1_800_000_000);
pub(crate) const ISSUER: &str = "https://as.test/api/auth";
pub(crate) const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(crate) const NOTES: &str = "https://notes.test";
pub(crate) const BANK: &str = "https://bank.test";

/// Sessions by cookie.
#[derive(Default)]
pub(crate) struct Sessions(Mutex<HashMap<String, Authentication>>);

#[async_trait]
impl SignedIn for Sessions {
    async fn authentication(&self, headers: &HeaderMap) -> Result<Option<Authentication>, Fault> {
        let cookies = headers.get(header::COOKIE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let session = cookies.split("; ").find_map(|cookie| cookie.strip_prefix("session="));
        Ok(session.and_then(|session| self.0.lock().unwrap().get(session).cloned()))
    }
}

/// A store that can be switched off.
pub(crate) struct Switched {
    pub(crate) store: Arc<dyn Store>,
    down: AtomicBool,
}

impl Switched {
    pub(crate) fn new(store: Arc<dyn Store>) -> Arc<Self> {
        Arc::new(Switched { store, down: AtomicBool::new(false) })
    }

    pub(crate) fn turn_off(&self) {
        self.down.store(true, Ordering::SeqCst);
    }

    fn check(&self) -> Result<(), StoreError> {
        match self.down.load(Ordering::SeqCst) {
            true => Err(StoreError::Unavailable("switched off".to_owned())),
            false => Ok(()),
        }
    }
}

#[async_trait]
impl Store for Switched {
    async fn load(&self, keys: &[Key]) -> Result<Vec<Option<Entry>>, StoreError> {
        self.check()?;
        self.store.load(keys).await
    }

    async fn find(&self, kind: Kind, index: &Index, page: Page) -> Result<Entries, StoreError> {
        self.check()?;
        self.store.find(kind, index, page).await
    }

    async fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        self.check()?;
        self.store.commit(batch).await
    }

    async fn purge(&self, expired_before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        self.check()?;
        self.store.purge(expired_before, limit).await
    }
}

pub(crate) struct World {
    pub(crate) switch: Arc<Switched>,
    pub(crate) issuer: Arc<Issuer>,
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) ports: Ports,
    pub(crate) accounts: StoredAccounts,
    pub(crate) sessions: Arc<Sessions>,
    pub(crate) alice: Subject,
    pub(crate) bob: Subject,
}

pub(crate) fn policy() -> Policy {
    let mut policy = Policy::default();
    policy.scopes.push(ScopeDescription::new("notes:read", "Read your notes"));
    policy.scopes.push(ScopeDescription::new("admin", "Do everything"));
    policy.resources.push(Resource::new(NOTES, "Notes"));
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

/// The clients of every test.
pub(crate) async fn register_clients(issuer: &Issuer) {
    let web = |id: &str, uris: &[&str]| NewClient {
        client_id: Some(id.to_owned()),
        resources: vec![NOTES.to_owned()],
        scopes: ["openid", "profile", "email", "offline_access", "notes:read"].into_iter().collect(),
        ..NewClient::web(format!("The {id} client"), uris.iter().copied())
    };
    let public = ClientCredential::Public;
    for client in [
        NewClient {
            credential: public.clone(),
            id_token_algorithm: Algorithm::EdDSA,
            ..web("p1", &["https://rp.test/cb"])
        },
        NewClient {
            credential: ClientCredential::GeneratedSecret(SecretMethod::Basic),
            ..web("c1", &["https://c1.test/cb", "https://c1.test/other", "https://c1.test/q?a=b"])
        },
        NewClient {
            credential: ClientCredential::GeneratedSecret(SecretMethod::Basic),
            resources: vec![NOTES.to_owned(), BANK.to_owned()],
            ..web("c2", &["https://c2.test/cb"])
        },
        NewClient { credential: public.clone(), ..web("w1", &["http://127.0.0.1/cb"]) },
        NewClient {
            application_type: countersign_oidc::client::ApplicationType::Native,
            credential: public,
            ..web("n1", &["http://127.0.0.1/cb", "http://localhost/cb", "com.example.n1:/cb"])
        },
        NewClient {
            grant_types: vec![countersign_oidc::client::GrantTypeName::ClientCredentials],
            ..web("m1", &["https://m1.test/cb"])
        },
    ] {
        issuer.register_client(client).await.unwrap();
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
        World::over(store.clone(), store, policy).await
    }

    /// Over another store than the one in memory, which then stays empty.
    pub(crate) async fn on(whole: Arc<dyn Store>) -> Self {
        World::over(whole, Arc::default(), policy()).await
    }

    async fn over(whole: Arc<dyn Store>, store: Arc<MemoryStore>, policy: Policy) -> Self {
        let clock = Arc::new(ManualClock::at(NOW));
        let switch = Switched::new(whole);
        let ports = Ports { store: switch.clone(), ..ports(&store, &clock, 1) };
        let sessions = Arc::new(Sessions::default());
        let issuer = Arc::new(Issuer::new(config(&ports, sessions.clone(), policy)).unwrap());
        let accounts = StoredAccounts::new(ports.clone());
        let mut subjects = Vec::new();
        for name in ["alice", "bob"] {
            let subject = Subject::new(format!("usr_{name}")).unwrap();
            let email = EmailAddress::parse(&format!("{name}@x.test")).unwrap();
            let account = NewAccount { subject: subject.clone(), email, name: name.to_owned() };
            accounts.create(account).await.unwrap();
            subjects.push(subject);
        }
        let bob = subjects.pop().unwrap();
        let alice = subjects.pop().unwrap();
        let world = World { switch, issuer, store, clock, ports, accounts, sessions, alice, bob };
        register_clients(&world.issuer).await;
        world
    }

    pub(crate) fn browser(&self) -> Browser<'_> {
        Browser { world: self, cookies: Mutex::default() }
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

    /// What the token endpoint says to the public client.
    pub(crate) async fn token(&self, form: &[(&str, &str)]) -> Value {
        self.token_as("p1", None, form).await
    }

    /// What it says to any client: one without a secret names itself, one with a secret uses HTTP Basic.
    pub(crate) async fn token_as(&self, client_id: &str, secret: Option<&str>, form: &[(&str, &str)]) -> Value {
        self.issuer.signing_keys().ensure(&[Algorithm::Es256, Algorithm::EdDSA]).await.unwrap();
        let named = secret.is_none().then_some(("client_id", client_id));
        let pairs = form.iter().copied().chain(named);
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        let mut request =
            Request::post("/api/auth/oauth2/token").header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        if let Some(secret) = secret {
            let credentials = base64url::encode(format!("{client_id}:{secret}")).replace('-', "+").replace('_', "/");
            let padding = "=".repeat((4 - credentials.len() % 4) % 4);
            request = request.header(header::AUTHORIZATION, format!("Basic {credentials}{padding}"));
        }
        let request = request.body(Bytes::from(body)).unwrap();
        serde_json::from_slice(self.issuer.answer(request).await.expect("a path of the issuer").body()).unwrap()
    }

    pub(crate) async fn redeem(&self, code: &str) -> Value {
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", "https://rp.test/cb"),
            ("code_verifier", VERIFIER),
        ];
        self.token(&form).await
    }

    pub(crate) async fn refresh(&self, tokens: &Value) -> Value {
        let token = tokens["refresh_token"].as_str().expect("a refresh token");
        self.token(&[("grant_type", "refresh_token"), ("refresh_token", token)]).await
    }

    pub(crate) async fn userinfo(&self, tokens: &Value) -> Value {
        let token = tokens["access_token"].as_str().expect("an access token");
        let request =
            Request::get("/api/auth/oauth2/userinfo").header(header::AUTHORIZATION, format!("Bearer {token}"));
        let response = self.issuer.answer(request.body(Bytes::new()).unwrap()).await.expect("a path of the issuer");
        serde_json::from_slice(response.body()).unwrap_or_default()
    }

    /// Whether an access token with `openid` opens userinfo.
    pub(crate) async fn is_honoured(&self, tokens: &Value) -> bool {
        self.userinfo(tokens).await["sub"].is_string()
    }

    /// Gives a client another name.
    pub(crate) async fn rename(&self, client_id: &str, name: &str) {
        let client = StoredClients::new(&self.ports, ISSUER).client(client_id).await.unwrap().unwrap();
        self.own().perform(&Put(Client { name: name.to_owned(), ..client })).await.unwrap();
    }

    pub(crate) fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }
}

/// A good request of the public client, to be changed by one thing.
#[derive(Clone)]
pub(crate) struct Ask(Vec<(String, String)>);

impl Ask {
    pub(crate) fn p1() -> Self {
        Ask::of("p1", "https://rp.test/cb")
    }

    pub(crate) fn c1() -> Self {
        Ask::of("c1", "https://c1.test/cb")
    }

    pub(crate) fn of(client_id: &str, redirect_uri: &str) -> Self {
        let pairs = [
            ("client_id", client_id),
            ("redirect_uri", redirect_uri),
            ("response_type", "code"),
            ("scope", "openid email"),
            ("state", "st-1"),
            ("nonce", "n-1"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ];
        Ask(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec())
    }

    pub(crate) fn with(self, name: &str, value: &str) -> Self {
        self.without(name).and(name, value)
    }

    pub(crate) fn and(mut self, name: &str, value: &str) -> Self {
        self.0.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.0.retain(|(known, _)| known != name);
        self
    }

    pub(crate) fn encoded(&self) -> String {
        url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.0).finish()
    }
}

/// Where a response leads.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Landing {
    /// Our own error page.
    Page(u16),
    SignIn(String),
    Consent(String),
    /// Back at the client, with these parameters.
    Client(String, BTreeMap<String, String>),
}

impl Landing {
    pub(crate) fn of(response: &Response<Bytes>) -> Self {
        let Some(location) = response.headers().get(header::LOCATION) else {
            return Landing::Page(response.status().as_u16());
        };
        assert_eq!(response.status(), 303);
        assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store");
        let location = location.to_str().unwrap();
        let (to, query) = location.split_once('?').unwrap_or((location, ""));
        let params: BTreeMap<String, String> =
            url::form_urlencoded::parse(query.as_bytes()).map(|(k, v)| (k.into_owned(), v.into_owned())).collect();
        match to {
            "https://as.test/sign-in" => Landing::SignIn(params["interaction"].clone()),
            "https://as.test/consent" => Landing::Consent(params["interaction"].clone()),
            to => Landing::Client(to.to_owned(), params),
        }
    }

    pub(crate) fn interaction(&self) -> &str {
        match self {
            Landing::SignIn(id) | Landing::Consent(id) => id,
            Landing::Page(_) | Landing::Client(..) => panic!("no interaction: {self:?}"),
        }
    }

    #[track_caller]
    pub(crate) fn param(&self, name: &str) -> &str {
        match self {
            Landing::Client(_, params) => params.get(name).map_or("", String::as_str),
            other => panic!("not at the client: {other:?}"),
        }
    }

    #[track_caller]
    pub(crate) fn error(&self) -> &str {
        self.param("error")
    }

    #[track_caller]
    pub(crate) fn code(&self) -> &str {
        let code = self.param("code");
        assert!(!code.is_empty(), "no code: {self:?}");
        code
    }
}

pub(crate) struct Browser<'a> {
    pub(crate) world: &'a World,
    cookies: Mutex<BTreeMap<String, String>>,
}

impl Browser<'_> {
    pub(crate) fn sign_in(&self, subject: &Subject) {
        let mut sessions = self.world.sessions.0.lock().unwrap();
        let id = format!("ses_{}", sessions.len());
        let now = self.world.clock.now();
        let generation = self.world.generation(subject);
        let authentication = Authentication::asserted(subject.clone(), &id, now, vec!["pwd".to_owned()]);
        let authentication = authentication.in_generation(generation);
        sessions.insert(id.clone(), authentication);
        self.cookies.lock().unwrap().insert("session".to_owned(), id);
    }

    /// The person shows the password again: the session keeps its name.
    pub(crate) fn confirm(&self) {
        let id = self.cookie("session").unwrap();
        let mut sessions = self.world.sessions.0.lock().unwrap();
        let before = sessions[&id].clone();
        let (subject, now) = (before.subject().clone(), self.world.clock.now());
        let event = Secret::generate(self.world.ports.random.as_ref()).expose().to_owned();
        let after = Authentication::asserted(subject, &id, now, vec!["pwd".to_owned()]).by_sign_in(event);
        sessions.insert(id, after);
    }

    pub(crate) fn sign_out(&self) {
        self.cookies.lock().unwrap().remove("session");
    }

    pub(crate) fn headers(&self) -> HeaderMap {
        let cookies = self.cookies.lock().unwrap();
        let pairs: Vec<String> = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut headers = HeaderMap::new();
        if !pairs.is_empty() {
            headers.insert(header::COOKIE, HeaderValue::from_str(&pairs.join("; ")).unwrap());
        }
        headers
    }

    pub(crate) fn set_cookie(&self, name: &str, value: &str) {
        self.cookies.lock().unwrap().insert(name.to_owned(), value.to_owned());
    }

    pub(crate) fn cookie(&self, name: &str) -> Option<String> {
        self.cookies.lock().unwrap().get(name).cloned()
    }

    pub(crate) async fn send(&self, mut request: Request<Bytes>) -> Response<Bytes> {
        request.headers_mut().extend(self.headers());
        let response = self.world.issuer.answer(request).await.expect("a path of the issuer");
        for cookie in response.headers().get_all(header::SET_COOKIE) {
            let (name, rest) = cookie.to_str().unwrap().split_once('=').unwrap();
            let value = rest.split(';').next().unwrap();
            self.cookies.lock().unwrap().insert(name.to_owned(), value.to_owned());
        }
        response
    }

    pub(crate) async fn ask(&self, ask: &Ask) -> Landing {
        let uri = format!("/api/auth/oauth2/authorize?{}", ask.encoded());
        Landing::of(&self.send(Request::builder().uri(uri).body(Bytes::new()).unwrap()).await)
    }

    pub(crate) async fn post(&self, ask: &Ask) -> Landing {
        Landing::of(&self.send(form(&ask.encoded())).await)
    }

    pub(crate) async fn resume(&self, id: &str) -> Landing {
        Landing::of(&self.world.issuer.resume(id, &self.headers()).await.unwrap())
    }

    pub(crate) async fn consent_view(&self, id: &str) -> countersign_oidc::authorize::ConsentView {
        match self.world.issuer.interaction(id, &self.headers()).await.unwrap().prompt {
            InteractionPrompt::Consent(view) => *view,
            other => panic!("no consent is asked: {other:?}"),
        }
    }

    /// Approves all that is shown.
    pub(crate) async fn approve(&self, id: &str) -> Landing {
        let view = self.consent_view(id).await;
        let scopes = view.scopes.into_iter().map(|scope| scope.name).collect();
        let answer = ConsentAnswer::Approve { scopes };
        Landing::of(&self.world.issuer.decide_consent(id, &self.headers(), &answer, &view.csrf).await.unwrap())
    }

    /// Approves `kept` of what is shown, asked for `scope` once more.
    pub(crate) async fn answer_anew(&self, scope: &str, kept: &str) {
        let ask = Ask::p1().with("scope", scope).with("prompt", "consent");
        let id = self.ask(&ask).await.interaction().to_owned();
        let csrf = self.consent_view(&id).await.csrf;
        let answer = ConsentAnswer::Approve { scopes: kept.split(' ').map(str::to_owned).collect() };
        let response = self.world.issuer.decide_consent(&id, &self.headers(), &answer, &csrf).await.unwrap();
        Landing::of(&response).code();
    }

    /// Tokens for the public client: asked for, approved, redeemed.
    pub(crate) async fn tokens(&self, scope: &str) -> Value {
        let landing = self.ask_and_approve(&Ask::p1().with("scope", scope)).await;
        let tokens = self.world.redeem(landing.code()).await;
        assert!(tokens["access_token"].is_string(), "{tokens}");
        tokens
    }

    /// Asks, and approves where consent is asked for.
    pub(crate) async fn ask_and_approve(&self, ask: &Ask) -> Landing {
        match self.ask(ask).await {
            Landing::Consent(id) => self.approve(&id).await,
            other => other,
        }
    }
}

pub(crate) fn approve(scopes: &[&str]) -> ConsentAnswer {
    ConsentAnswer::Approve { scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect() }
}

/// Writes a record, whatever was there.
pub(crate) struct Put<R>(pub(crate) R);

#[async_trait]
impl<R: Record + Clone> Operation for Put<R> {
    type Loaded = Option<Stored<R>>;
    type Granted = ();
    type Refusal = Infallible;

    async fn load(&self, reader: &mut Reader<'_>) -> Result<Self::Loaded, Fault> {
        reader.load(R::at(self.0.id())).await
    }

    fn decide(&self, known: Self::Loaded, _: &Moment<'_>) -> Decision<(), Infallible> {
        let mut changes = Changes::none();
        match known {
            Some(known) => changes.replace(&known.with(self.0.clone())),
            None => changes.insert(&self.0),
        };
        Decision::grant(()).changing(changes)
    }
}

pub(crate) fn form(body: &str) -> Request<Bytes> {
    Request::builder()
        .method(Method::POST)
        .uri("/api/auth/oauth2/authorize")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Bytes::from(body.to_owned()))
        .unwrap()
}
