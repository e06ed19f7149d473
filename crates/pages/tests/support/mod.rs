//! A site on the memory store, and browsers that keep cookies and fill in forms.
#![allow(dead_code, unreachable_pub, reason = "each test binary uses its part")]
#![allow(clippy::expect_used, clippy::panic, reason = "a failed expectation is the test's own report")]

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use countersign_agent_auth::{
    AgentPolicy, AgentProvider, AgentProviderConfig, ApprovedCall, CallerSecrets, Capability, ExecuteError, Executor,
    IntrospectionCallers,
};
use countersign_authn::{Argon2idCost, Authn, AuthnConfig, AuthnPolicy, PasswordHasher, PasswordHasherConfig};
use countersign_jose::jwt::{Typ, mint};
use countersign_jose::{Algorithm, SigningKey};
use countersign_oidc::client::{ApplicationType, ClientCredential, GrantTypeName};
use countersign_oidc::{
    InteractionPages, Issuer, IssuerConfig, NewClient, Policy, RouteMap, ScopeDescription, Scopes, StoredClients,
};
use countersign_pages::{Pages, PagesConfig, Site, TemplateSource, TemplatedErrorPage, Templates};
use countersign_storage::audit_row::Row;
use countersign_storage::{
    Audit, AuditRecord, Batch, Change, Endpoints, Entries, Entry, Index, Key, KeyRing, Kind, ManualClock, MemoryStore,
    Page, Ports, Record, Secret, SeededRandom, SignedIn, Store, StoreError, StoreThrottle, StoredAccounts, Timestamp,
    Version,
};
use countersign_web::peer::PeerAddress;
use http::header::{CONTENT_TYPE, COOKIE, HeaderName, LOCATION, ORIGIN, SET_COOKIE};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode};
use serde_json::{Value, json};

pub const ORIGIN_URL: &str = "https://as.test";
pub const ISSUER: &str = "https://as.test/api/auth";
pub const REDIRECT_URI: &str = "https://rp.test/cb";
pub const PASSWORD: &str = "seven small green boats";

pub struct World {
    pub site: Site,
    pub pages: Arc<Pages>,
    config: PagesConfig,
    pub store: Arc<MemoryStore>,
    pub outage: Arc<Outage>,
    pub clock: Arc<ManualClock>,
    pub ports: Ports,
    pub issuer: Arc<Issuer>,
    /// Every path that answered with a page.
    pub seen: Mutex<BTreeSet<String>>,
}

pub fn world() -> World {
    world_with(&TemplateSource::Embedded)
}

pub fn world_with(source: &TemplateSource) -> World {
    world_of(source, ISSUER)
}

pub fn world_of(source: &TemplateSource, issuer: &str) -> World {
    let store = Arc::new(MemoryStore::new());
    let outage = Arc::new(Outage {
        store: store.clone(),
        down: AtomicBool::new(false),
        meanwhile: Mutex::default(),
        listed: Mutex::default(),
    });
    let clock = Arc::new(ManualClock::at(Timestamp(1_795_330_800)));
    let ports = Ports {
        store: outage.clone(),
        clock: clock.clone(),
        random: Arc::new(SeededRandom::new(1)),
        audit: Arc::new(ShopAudit),
    };
    let accounts = Arc::new(StoredAccounts::new(ports.clone()));
    let cost = Argon2idCost { memory_kib: 64, passes: 1, lanes: 1 };
    let hasher = PasswordHasher::below_the_floor_for_tests_only(PasswordHasherConfig { cost, ..Default::default() });
    let authn = Arc::new(Authn::new(AuthnConfig {
        ports: ports.clone(),
        accounts: accounts.clone(),
        throttle: Arc::new(StoreThrottle::new(ports.clone())),
        hasher: Arc::new(hasher.expect("a hasher")),
        cookie: countersign_authn::session_cookie(issuer),
        key_ring: Arc::new(KeyRing::new([(1, Secret::new("Zk3vN8qYw1TfRb6HsXp0MjLd5UeCa9Go"))]).expect("a key ring")),
        policy: AuthnPolicy::default(),
    }));
    let templates = Arc::new(Templates::new(source, "Countersign").expect("templates"));
    let mut policy = Policy::default();
    policy.scopes.push(ScopeDescription::new("notes:read", "Read your notes"));
    let issuer = Issuer::new(IssuerConfig {
        issuer: issuer.to_owned(),
        ports: ports.clone(),
        accounts: accounts.clone(),
        signed_in: authn.clone(),
        clients: Arc::new(StoredClients::new(&ports, issuer)),
        key_ring: Arc::new(KeyRing::new([(1, Secret::new("Zk3vN8qYw1TfRb6HsXp0MjLd5UeCa9Go"))]).expect("a key ring")),
        policy,
        routes: RouteMap::default(),
        pages: InteractionPages {
            sign_in: "/sign-in".to_owned(),
            consent: "/consent".to_owned(),
            error: Arc::new(TemplatedErrorPage::new(templates.clone())),
        },
    });
    let issuer = Arc::new(issuer.expect("an issuer"));
    let agents = Arc::new(agents(&ports, authn.clone(), issuer.identifier()));
    let config = PagesConfig {
        ports: ports.clone(),
        accounts,
        authn,
        issuer: issuer.clone(),
        agents: Some(agents.clone()),
        templates: templates.clone(),
        trusted_origins: Vec::new(),
    };
    let pages = Arc::new(Pages::new(config.clone()).expect("pages"));
    let parts: Vec<Arc<dyn Endpoints>> = vec![issuer.clone(), agents, pages.clone()];
    let site = Site::new(parts, templates);
    World { site, pages, config, store, outage, clock, ports, issuer, seen: Mutex::default() }
}

countersign_storage::actions! {
    /// What an application reports beside us.
    pub enum Shop {
        /// Something was bought.
        Buy { what: String } => ["shop.buy" "Bought {what}" refused "Could not buy {what}"],
        /// Counted, for nobody to see.
        Count => ["shop.count" unshown],
    }
}

struct ShopAudit;

impl Audit for ShopAudit {
    fn observe(&self, _: &AuditRecord) {}

    fn actions(&self) -> Vec<&'static Row> {
        Shop::rows()
    }
}

/// What somebody else does.
pub type Meanwhile = Box<dyn FnOnce() + Send>;

/// A store whose database can be taken away.
pub struct Outage {
    store: Arc<MemoryStore>,
    pub down: AtomicBool,
    /// What happens before the next commit that writes a record of this kind.
    meanwhile: Mutex<Option<(Kind, Meanwhile)>>,
    /// How large each page of the audit was that was listed since this was last emptied.
    pub listed: Mutex<Vec<usize>>,
}

impl Outage {
    pub fn before_commit_of(&self, kind: Kind, meanwhile: impl FnOnce() + Send + 'static) {
        *self.meanwhile.lock().expect("a lock") = Some((kind, Box::new(meanwhile)));
    }

    fn due(&self, batch: &Batch) -> Option<(Kind, Meanwhile)> {
        let mut meanwhile = self.meanwhile.lock().expect("a lock");
        meanwhile.take_if(|(kind, _)| batch.changes.iter().any(|change| change.key().kind == *kind))
    }

    fn reach(&self) -> Result<&MemoryStore, StoreError> {
        let down = self.down.load(Ordering::SeqCst);
        if down { Err(StoreError::Unavailable("no database".to_owned())) } else { Ok(&self.store) }
    }
}

#[async_trait]
impl Store for Outage {
    async fn load(&self, keys: &[Key]) -> Result<Vec<Option<Entry>>, StoreError> {
        self.reach()?.load(keys).await
    }

    async fn find(&self, kind: Kind, index: &Index, page: Page) -> Result<Entries, StoreError> {
        let found = self.reach()?.find(kind, index, page).await?;
        if kind == AuditRecord::KIND {
            self.listed.lock().expect("a lock").push(found.entries.len());
        }
        Ok(found)
    }

    async fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        if let Some((_, happen)) = self.due(&batch) {
            happen();
        }
        self.reach()?.commit(batch).await
    }

    async fn purge(&self, expired_before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        self.reach()?.purge(expired_before, limit).await
    }
}

fn agents(ports: &Ports, signed_in: Arc<dyn SignedIn>, issuer: &str) -> AgentProvider {
    let amount = json!({ "type": "object", "required": ["amount"], "properties": { "amount": { "type": "number" } } });
    let provider = AgentProvider::new(AgentProviderConfig {
        issuer: issuer.to_owned(),
        provider_name: "as.test".to_owned(),
        description: "A bank.".to_owned(),
        verification_uri: format!("{ORIGIN_URL}/device"),
        ports: ports.clone(),
        accounts: Arc::new(StoredAccounts::new(ports.clone())),
        signed_in,
        throttle: Arc::new(StoreThrottle::new(ports.clone())),
        capabilities: vec![
            Capability::new("check_balance", "See your balance"),
            Capability::new("transfer_money", "Send your money").input(amount),
        ],
        executor: Arc::new(Nothing),
        introspection_callers: IntrospectionCallers::Authenticated(Arc::new(CallerSecrets::new([(
            "reports",
            Secret::new("r".repeat(43)),
        )]))),
        policy: AgentPolicy::default(),
    });
    provider.expect("a provider")
}

struct Nothing;

#[async_trait]
impl Executor for Nothing {
    async fn execute(&self, _: &ApprovedCall) -> Result<Value, ExecuteError> {
        Ok(json!({}))
    }
}

/// What an agent says about itself.
pub struct NewAgent<'a> {
    pub name: &'a str,
    pub host_name: &'a str,
    pub reason: &'a str,
}

impl World {
    /// Registers an agent under a host of its own, and says which code it shows.
    pub fn agent_asks(&self, agent: &NewAgent<'_>) -> String {
        self.agent_asks_from(&SigningKey::generate(Algorithm::EdDSA).expect("a key"), agent)
    }

    /// Registers an agent under the host with this key, and says which code it shows.
    pub fn agent_asks_from(&self, host_key: &SigningKey, agent: &NewAgent<'_>) -> String {
        let agent_key = SigningKey::generate(Algorithm::EdDSA).expect("a key");
        let now = self.ports.now().as_secs();
        let claims = json!({
            "iss": host_key.public_jwk().thumbprint(),
            "aud": ISSUER,
            "iat": now,
            "exp": now + 60,
            "jti": countersign_storage::secret::identifier("jti", self.ports.random.as_ref()),
            "host_public_key": host_key.public_jwk(),
            "agent_public_key": agent_key.public_jwk(),
        });
        let token = mint(host_key, Typ::HostJwt, &claims).expect("a token");
        let body = json!({
            "name": agent.name,
            "host_name": agent.host_name,
            "reason": agent.reason,
            "mode": "delegated",
            "capabilities": ["check_balance", { "name": "transfer_money", "constraints": { "amount": { "max": 100 } } }],
        });
        let request = Request::post(format!("{ISSUER}/agent/register"))
            .header("authorization", format!("Bearer {token}"))
            .header(CONTENT_TYPE, "application/json")
            .extension(PeerAddress(IpAddr::V4(Ipv4Addr::LOCALHOST)))
            .body(Bytes::from(body.to_string()))
            .expect("a request");
        let reply = self.send(request);
        assert!(reply.status.is_success(), "{}", reply.body);
        reply.json()["approval"]["user_code"].as_str().expect("a code").to_owned()
    }

    /// Says in all records of a kind that they are for newer versions.
    pub fn written_by_a_newer_version(&self, kind: Kind) {
        let entries = self.store.dump().into_iter().filter(|entry| entry.key.kind == kind);
        let changes = entries.map(|entry| {
            let mut body: Value = serde_json::from_str(&entry.body).expect("a record");
            body["least_shape"] = json!(2);
            Change::Replace(Entry { body: body.to_string().into(), ..entry })
        });
        let version = Version::generate(&SeededRandom::new(9));
        let batch = Batch { version, guards: Vec::new(), changes: changes.collect() };
        pollster::block_on(self.store.commit(batch)).expect("nobody else writes");
    }

    /// Names the records of the audit as older versions named them: what strangers tried among what people did, and what a
    /// client did for nobody in particular.
    pub fn written_by_an_older_version(&self) {
        let audit = self.store.dump().into_iter().filter(|entry| entry.key.kind == AuditRecord::KIND);
        let changes = audit.map(|mut entry| {
            entry.indexes.retain(|index| index.name != "client_for");
            for index in entry.indexes.iter_mut().filter(|index| index.name == "strangers") {
                index.name = "undelegated";
            }
            Change::Replace(entry)
        });
        let version = Version::generate(&SeededRandom::new(8));
        let batch = Batch { version, guards: Vec::new(), changes: changes.collect() };
        pollster::block_on(self.store.commit(batch)).expect("nobody else writes");
    }

    pub fn authn(&self) -> Arc<Authn> {
        self.config.authn.clone()
    }

    /// The pages of the same server, if it had no agents.
    pub fn pages_without_agents(&self) -> Pages {
        Pages::new(PagesConfig { agents: None, ..self.config.clone() }).expect("pages")
    }

    pub fn advance(&self, by: Duration) {
        self.clock.advance(by);
    }

    pub fn browser(&self) -> Browser<'_> {
        Browser { world: self, jar: RefCell::default() }
    }

    /// A browser in which somebody has just signed up.
    pub fn signed_up(&self, email: &str) -> Browser<'_> {
        let browser = self.browser();
        let page = browser.get("/sign-up");
        let reply = browser.submit(&page, &[("name", "Ada"), ("email", email), ("password", PASSWORD)]);
        assert_eq!(reply.status, StatusCode::SEE_OTHER, "{}", reply.body);
        browser
    }

    /// Ada, in a browser in which she has just signed up.
    pub fn ada(&self) -> Browser<'_> {
        self.signed_up("ada@x.test")
    }

    /// Eve, who has an account of her own and means harm.
    pub fn eve(&self) -> Browser<'_> {
        self.signed_up("eve@x.test")
    }

    /// Registers Notes, the client that [`authorize`] speaks of.
    pub fn notes(&self) {
        self.client("Notes");
    }

    /// Registers the client `notes` under another name.
    pub fn client(&self, name: &str) {
        let client = NewClient {
            client_id: Some("notes".to_owned()),
            name: name.to_owned(),
            application_type: ApplicationType::Web,
            credential: ClientCredential::GeneratedSecret(countersign_oidc::client::SecretMethod::Basic),
            redirect_uris: vec![REDIRECT_URI.to_owned()],
            grant_types: vec![GrantTypeName::AuthorizationCode],
            scopes: Scopes::parse("openid profile email notes:read").expect("scopes"),
            resources: Vec::new(),
            default_resource: None,
            id_token_algorithm: Algorithm::Rs256,
            client_uri: Some("https://rp.test/about".to_owned()),
            logo_uri: None,
            policy_uri: None,
            tos_uri: None,
        };
        pollster::block_on(self.issuer.register_client(client)).expect("a client");
    }

    pub fn send(&self, request: Request<Bytes>) -> Reply {
        let path = request.uri().path().to_owned();
        let (parts, body) = pollster::block_on(self.site.respond(request)).into_parts();
        if parts.status.is_success()
            && parts.headers.get(CONTENT_TYPE).is_some_and(|it| it == "text/html; charset=utf-8")
        {
            self.seen.lock().expect("no panic").insert(path);
        }
        let body = String::from_utf8(body.to_vec()).expect("text");
        Reply { status: parts.status, headers: parts.headers, body }
    }
}

/// The authorization request of the client `notes`.
pub fn authorize(extra: &str) -> String {
    format!(
        "/api/auth/oauth2/authorize?response_type=code&client_id=notes&redirect_uri=https%3A%2F%2Frp.test%2Fcb\
         &scope=openid+profile+notes%3Aread&state=xyz&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWBuGJSstw-cM\
         &code_challenge_method=S256{extra}"
    )
}

/// A browser: it keeps cookies.
pub struct Browser<'a> {
    world: &'a World,
    pub jar: RefCell<BTreeMap<String, String>>,
}

impl Browser<'_> {
    pub fn get(&self, path: &str) -> Reply {
        self.ask(Method::GET, path, &[], Bytes::new())
    }

    /// Follows redirects on this origin, as a browser does; stops at another one.
    pub fn visit(&self, path: &str) -> Reply {
        let mut reply = self.get(path);
        for _ in 0..5 {
            match reply.local_location() {
                Some(location) => reply = self.get(&location),
                None => return reply,
            }
        }
        panic!("redirected in circles");
    }

    pub fn post(&self, path: &str, fields: &[(&str, &str)]) -> Reply {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.post_raw(path, &[(ORIGIN, ORIGIN_URL), (CONTENT_TYPE, "application/x-www-form-urlencoded")], &body)
    }

    pub fn post_raw(&self, path: &str, headers: &[(HeaderName, &str)], body: &str) -> Reply {
        self.ask(Method::POST, path, headers, Bytes::copy_from_slice(body.as_bytes()))
    }

    pub fn post_json(&self, path: &str, body: &str) -> Reply {
        self.post_raw(path, &[(ORIGIN, ORIGIN_URL), (CONTENT_TYPE, "application/json")], body)
    }

    /// Posts the first posting form of a page with these fields set, and the rest as the page has it.
    pub fn submit(&self, page: &Reply, set: &[(&str, &str)]) -> Reply {
        let form = page.forms().into_iter().next().unwrap_or_else(|| panic!("no form in {}", page.body));
        self.submit_form(&form, set)
    }

    pub fn submit_form(&self, form: &SentForm, set: &[(&str, &str)]) -> Reply {
        let mut fields = form.fields.clone();
        for (name, value) in set {
            fields.insert((*name).to_owned(), (*value).to_owned());
        }
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        self.post(&form.action, &fields)
    }

    pub fn ask(&self, method: Method, path: &str, headers: &[(HeaderName, &str)], body: Bytes) -> Reply {
        let mut request = Request::builder().method(method).uri(format!("{ORIGIN_URL}{path}"));
        for (name, value) in headers {
            request = request.header(name, *value);
        }
        let cookies: Vec<String> = self.jar.borrow().iter().map(|(name, value)| format!("{name}={value}")).collect();
        if !cookies.is_empty() {
            request = request.header(COOKIE, cookies.join("; "));
        }
        request = request.extension(PeerAddress(IpAddr::V4(Ipv4Addr::new(203, 0, 113, 7))));
        let reply = self.world.send(request.body(body).expect("a request"));
        for cookie in reply.headers.get_all(SET_COOKIE) {
            let cookie = cookie.to_str().expect("text");
            let (name, value) = cookie.split(';').next().expect("a pair").split_once('=').expect("a pair");
            if cookie.contains("Max-Age=0") {
                self.jar.borrow_mut().remove(name);
            } else {
                self.jar.borrow_mut().insert(name.to_owned(), value.to_owned());
            }
        }
        reply
    }

    /// The same browser once more, as it is now: for what happens at the same time.
    pub fn tab(&self) -> Browser<'_> {
        Browser { world: self.world, jar: self.jar.clone() }
    }

    pub fn session_cookie(&self) -> Option<String> {
        self.jar.borrow().get("__Host-countersign").cloned()
    }
}

pub struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

/// A form as a browser would send it, before anybody types.
#[derive(Clone, Debug)]
pub struct SentForm {
    pub action: String,
    pub fields: BTreeMap<String, String>,
}

impl Reply {
    pub fn header(&self, name: impl http::header::AsHeaderName) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("text"))
    }

    pub fn location(&self) -> &str {
        self.header(LOCATION)
    }

    /// The redirect's path, where it stays here.
    pub fn local_location(&self) -> Option<String> {
        let location = self.headers.get(LOCATION)?.to_str().expect("text");
        let path = location.strip_prefix(ORIGIN_URL).unwrap_or(location);
        path.starts_with('/').then(|| path.split('#').next().unwrap_or_default().to_owned())
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("not JSON: {}", self.body))
    }

    /// The forms that are posted.
    pub fn forms(&self) -> Vec<SentForm> {
        let mut forms = Vec::new();
        for form in self.body.split("<form ").skip(1) {
            let (form, _) = form.split_once("</form>").expect("a closed form");
            let (head, content) = form.split_once('>').expect("a tag");
            if attribute(head, "method").as_deref() != Some("post") {
                continue;
            }
            let mut fields = BTreeMap::new();
            for input in content.split("<input ").skip(1) {
                let (input, _) = input.split_once('>').expect("a tag");
                let kind = attribute(input, "type").expect("a type");
                let ticked = kind != "checkbox" || input.ends_with(" checked");
                if let (Some(name), true) = (attribute(input, "name"), ticked) {
                    fields.insert(name, attribute(input, "value").unwrap_or_default());
                }
            }
            forms.push(SentForm { action: attribute(head, "action").expect("an action"), fields });
        }
        forms
    }

    pub fn form(&self, action: &str) -> SentForm {
        self.forms().into_iter().find(|form| form.action == action).unwrap_or_else(|| panic!("no form {action}"))
    }
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, rest) = tag.split_once(&format!("{name}=\""))?;
    let (value, _) = rest.split_once('"')?;
    Some(unescape(value))
}

pub fn unescape(html: &str) -> String {
    html.replace("&#x2f;", "/")
        .replace("&#x27;", "'")
        .replace("&quot;", "\"")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
}

pub fn header_value(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).expect("a header")
}
