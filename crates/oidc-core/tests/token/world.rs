//! An issuer in memory with five clients and one person, codes as the authorization endpoint leaves them, and HTTP to it.

use std::collections::{BTreeMap, HashSet};
use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use countersign_jose::jwt::{Expect, ExpectedAudience, ExpectedIssuer, Typ, Unverified};
use countersign_jose::{Algorithm, JwkSet, SigningKey, base64url};
use countersign_oidc::client::{ClientCredential, GrantTypeName, SecretMethod};
use countersign_oidc::records::{AuthorizationCode, CodeState, Grant, GrantState, TokenFamily};
use countersign_oidc::signing_keys::Import;
use countersign_oidc::{
    InteractionPages, Issuer, IssuerConfig, NewClient, PlainErrorPage, Policy, Resource, RouteMap, ScopeDescription,
    Scopes, StoredClients,
};
use countersign_storage::{
    Account, AccountState, Accounts, Authentication, Changes, Clock, Decision, EmailAddress, EmailTaken, Endpoints,
    Fault, KeyRing, ManualClock, MemoryStore, Moment, NewAccount, Operation, Ports, Reader, Record, Secret,
    SeededRandom, SessionState, SignedIn, Stopped, Stored, Subject, Timestamp, TracingAudit,
};
use http::{HeaderMap, Method, Request, StatusCode, header};
use serde_json::{Value, json};

pub(crate) const NOW: Timestamp = Timestamp(1_800_000_000);
pub(crate) const ISSUER: &str = "https://as.test/api/auth";
pub(crate) const NOTES: &str = "https://notes.test/api";
pub(crate) const MAIL: &str = "https://mail.test";
pub(crate) const REDIRECT_URI: &str = "https://rp.test/cb";
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(crate) const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
pub(crate) const SECRET: &str = "correct-horse-battery-staple-0123456789";

/// A key of RSA takes longer to make than most tests take. This one is no secret.
static RS256: LazyLock<SigningKey> = LazyLock::new(|| {
    let keys: Value = serde_json::from_str(include_str!("../../../jose/tests/vectors/keys.json")).unwrap();
    let der = STANDARD.decode(keys["RS256"].as_str().unwrap()).unwrap();
    SigningKey::from_pkcs8_der(Algorithm::Rs256, &der).unwrap()
});

/// Something that happens between loading and deciding.
type Meanwhile = Pin<Box<dyn Future<Output = ()> + Send>>;

/// People, as an application keeps them. An operation asks for them after it has loaded its records.
#[derive(Default)]
pub(crate) struct People {
    pub(crate) accounts: Mutex<BTreeMap<String, Account>>,
    pub(crate) meanwhile: Mutex<Option<Meanwhile>>,
}

#[async_trait]
impl Accounts for People {
    async fn by_subject(&self, subject: &Subject) -> Result<Option<Account>, Fault> {
        let meanwhile = self.meanwhile.lock().unwrap().take();
        if let Some(meanwhile) = meanwhile {
            meanwhile.await;
        }
        Ok(self.accounts.lock().unwrap().get(subject.as_str()).cloned())
    }

    async fn by_email(&self, _: &EmailAddress) -> Result<Option<Account>, Fault> {
        Ok(None)
    }

    async fn create(&self, _: NewAccount) -> Result<Account, Stopped<EmailTaken>> {
        Err(Stopped::Refused(EmailTaken))
    }
}

/// Sessions that ended.
#[derive(Default)]
pub(crate) struct Sessions(pub(crate) Mutex<HashSet<String>>);

#[async_trait]
impl SignedIn for Sessions {
    async fn authentication(&self, _: &HeaderMap) -> Result<Option<Authentication>, Fault> {
        Ok(None)
    }

    async fn session_state(&self, authentication: &Authentication) -> Result<SessionState, Fault> {
        let ended = self.0.lock().unwrap().contains(authentication.session_id());
        Ok(if ended { SessionState::Ended } else { SessionState::Alive })
    }
}

#[derive(Clone)]
pub(crate) struct World {
    pub(crate) issuer: Arc<Issuer>,
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) people: Arc<People>,
    pub(crate) sessions: Arc<Sessions>,
    /// Over what belongs to the issuer.
    pub(crate) ports: Ports,
    made: Arc<Mutex<u32>>,
}

/// A code to be made: what the authorization endpoint would have put into it.
#[derive(Clone)]
pub(crate) struct Approved {
    pub(crate) client_id: &'static str,
    pub(crate) scope: &'static str,
    pub(crate) resources: Vec<String>,
    pub(crate) nonce: Option<&'static str>,
}

impl Default for Approved {
    fn default() -> Self {
        Approved {
            client_id: "c1",
            scope: "openid profile email offline_access notes:read notes:write",
            resources: vec![NOTES.to_owned()],
            nonce: Some("n-0S6"),
        }
    }
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl Reply {
    pub(crate) fn text(&self, member: &str) -> String {
        self.body[member].as_str().unwrap_or_else(|| panic!("{member} in {self:?}")).to_owned()
    }

    pub(crate) fn error(&self) -> &str {
        self.body["error"].as_str().unwrap_or("")
    }

    /// Any tokens, or the error: `200` or `400 invalid_grant`.
    pub(crate) fn outcome(&self) -> String {
        format!("{} {}", self.status.as_u16(), self.error()).trim_end().to_owned()
    }
}

pub(crate) fn policy() -> Policy {
    let mut policy = Policy::default();
    policy.scopes.push(ScopeDescription::new("notes:read", "Read your notes"));
    policy.scopes.push(ScopeDescription::new("notes:write", "Change your notes"));
    policy.resources.push(Resource { introspected_by: vec!["r1".to_owned()], ..Resource::new(NOTES, "Notes") });
    policy.resources.push(Resource { introspected_by: vec!["r2".to_owned()], ..Resource::new(MAIL, "Mail") });
    policy
}

impl World {
    pub(crate) async fn new() -> Self {
        World::with(policy()).await
    }

    pub(crate) async fn with(policy: Policy) -> Self {
        let (store, clock) = (Arc::new(MemoryStore::new()), Arc::new(ManualClock::at(NOW)));
        let ports = Ports {
            store: store.clone(),
            clock: clock.clone(),
            random: Arc::new(SeededRandom::new(7)),
            audit: Arc::new(TracingAudit),
        };
        let people = Arc::new(People::default());
        people.accounts.lock().unwrap().insert("usr_alice".to_owned(), alice());
        let sessions = Arc::new(Sessions::default());
        let key = Secret::new("Zk3vN8qYw1TfRb6HsXp0MjLd5UeCa9Go");
        let issuer = Issuer::new(IssuerConfig {
            issuer: ISSUER.to_owned(),
            ports: ports.clone(),
            accounts: people.clone(),
            signed_in: sessions.clone(),
            clients: Arc::new(StoredClients::new(&ports, ISSUER)),
            key_ring: Arc::new(KeyRing::new([(1, key)]).unwrap()),
            policy,
            routes: RouteMap::default(),
            pages: InteractionPages {
                sign_in: "/sign-in".to_owned(),
                consent: "/consent".to_owned(),
                error: Arc::new(PlainErrorPage),
            },
        })
        .unwrap();
        assert_eq!(issuer.import_key(&RS256).await.unwrap(), Import::Published);
        issuer.ensure_keys().await.unwrap();
        let made = Arc::new(Mutex::new(0));
        let ports = ports.scoped(ISSUER);
        let world = World { issuer: Arc::new(issuer), store, clock, people, sessions, ports, made };
        world.register_clients().await;
        world
    }

    async fn register_clients(&self) {
        let secret = |method| ClientCredential::Secret(method, Secret::new(SECRET));
        let scopes: Scopes =
            Scopes::parse("openid profile email address phone offline_access notes:read notes:write").unwrap();
        let client = |id: &str, credential: ClientCredential| NewClient {
            client_id: Some(id.to_owned()),
            credential,
            scopes: scopes.clone(),
            resources: vec![NOTES.to_owned(), MAIL.to_owned()],
            default_resource: Some(NOTES.to_owned()),
            ..NewClient::web(format!("The client {id}"), [REDIRECT_URI, "https://rp.test/other"])
        };
        let machine = |id: &str| NewClient {
            grant_types: vec![GrantTypeName::ClientCredentials],
            ..client(id, secret(SecretMethod::Basic))
        };
        for client in [
            client("c1", secret(SecretMethod::Basic)),
            client("c2", secret(SecretMethod::Post)),
            client("p1", ClientCredential::Public),
            client("p2", ClientCredential::Public),
            NewClient {
                grant_types: vec![GrantTypeName::AuthorizationCode],
                id_token_algorithm: Algorithm::EdDSA,
                ..client("c3", secret(SecretMethod::Basic))
            },
            machine("m1"),
            machine("r1"),
            machine("r2"),
        ] {
            self.issuer.register_client(client).await.unwrap();
        }
    }

    /// Lets something happen in the middle of the next operation: after it has loaded, before it decides.
    pub(crate) fn meanwhile(&self, happens: impl Future<Output = ()> + Send + 'static) {
        *self.people.meanwhile.lock().unwrap() = Some(Box::pin(happens));
    }

    pub(crate) fn after(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    /// Makes a code, as if Alice had just approved it.
    pub(crate) async fn code(&self, approved: &Approved) -> String {
        let nth = {
            let mut made = self.made.lock().unwrap();
            *made += 1;
            *made
        };
        let (code, now) = (Secret::new(format!("code-{nth}")), self.clock.now());
        let authentication = Authentication::asserted(
            Subject::new("usr_alice").unwrap(),
            "ses_1",
            now - Duration::from_secs(60),
            vec!["pwd".to_owned()],
        );
        let subject = authentication.subject().clone();
        let grant = Grant {
            id: Grant::id_of(&subject, approved.client_id),
            subject,
            client_id: approved.client_id.to_owned(),
            scopes: Scopes::parse(approved.scope).unwrap(),
            resources: approved.resources.clone(),
            scopes_at: approved
                .resources
                .iter()
                .map(|resource| (resource.clone(), Scopes::parse(approved.scope).unwrap()))
                .collect(),
            narrowed: 0,
            allowed_since: BTreeMap::new(),
            redirect_uris: vec![REDIRECT_URI.to_owned()],
            client_fingerprint: String::new(),
            state: GrantState::Active,
            generation: 0,
            account_generation: 0,
            granted_at: now,
            used_at: now,
            ends_at: None,
        };
        self.put_if_absent(grant.clone()).await;
        self.widen(&grant).await;
        self.put_if_absent(AuthorizationCode {
            handle: code.handle(),
            client_id: approved.client_id.to_owned(),
            redirect_uri: REDIRECT_URI.to_owned(),
            code_challenge: CHALLENGE.to_owned(),
            scopes: Scopes::parse(approved.scope).unwrap(),
            resources: approved.resources.clone(),
            nonce: approved.nonce.map(str::to_owned),
            max_age: None,
            authentication,
            grant_id: grant.id,
            grant_generation: 0,
            grant_narrowed: 0,
            family_id: format!("fam_{nth}"),
            state: CodeState::Issued,
            issued_at: now,
            expires_at: now + Duration::from_secs(60),
            kept_until: now + Duration::from_secs(60),
        })
        .await;
        code.expose().to_owned()
    }

    /// Adds what was approved now to what was approved before.
    async fn widen(&self, approved: &Grant) {
        let mut grant: Grant = self.load(&approved.id).await.unwrap();
        grant.scopes = grant.scopes.union(&approved.scopes);
        for (resource, scopes) in &approved.scopes_at {
            let known = grant.scopes_at.entry(resource.clone()).or_default();
            *known = known.union(scopes);
        }
        self.replace(grant).await;
    }

    pub(crate) async fn put_if_absent<R: Record + Clone>(&self, record: R) {
        self.ports.perform(&Put(record)).await.unwrap();
    }

    pub(crate) async fn replace<R: Record + Clone>(&self, record: R) {
        self.ports.perform(&Replace(record)).await.unwrap();
    }

    pub(crate) async fn load<R: Record>(&self, id: &str) -> Option<R> {
        self.ports.reader().load(R::at(id)).await.unwrap().map(|stored| stored.record)
    }

    pub(crate) async fn family(&self, id: &str) -> TokenFamily {
        self.load(id).await.unwrap()
    }

    /// A request by POST, with a form.
    pub(crate) async fn post(&self, path: &str, authorization: Option<&str>, form: &[(&str, &str)]) -> Reply {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(format!("/api/auth/oauth2/{path}"))
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        if let Some(authorization) = authorization {
            request = request.header(header::AUTHORIZATION, authorization);
        }
        self.send(request.body(Bytes::from(body)).unwrap()).await
    }

    pub(crate) async fn send(&self, request: Request<Bytes>) -> Reply {
        let response = self.issuer.answer(request).await.expect("the path is one of the issuer's");
        let (parts, body) = response.into_parts();
        let body = if body.is_empty() { Value::Null } else { serde_json::from_slice(&body).unwrap() };
        Reply { status: parts.status, headers: parts.headers, body }
    }

    pub(crate) async fn get(&self, path: &str, authorization: Option<&str>) -> Reply {
        let mut request = Request::builder().uri(format!("/api/auth/oauth2/{path}"));
        if let Some(authorization) = authorization {
            request = request.header(header::AUTHORIZATION, authorization);
        }
        self.send(request.body(Bytes::new()).unwrap()).await
    }

    /// The token request that is right for a code of this client.
    pub(crate) async fn redeem(&self, client_id: &str, code: &str) -> Reply {
        let (authorization, mut form) = credentials(client_id);
        form.extend([
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", REDIRECT_URI),
            ("code_verifier", VERIFIER),
        ]);
        self.post("token", authorization.as_deref(), &form).await
    }

    /// The refresh that is right for a token of this client, with further parameters.
    pub(crate) async fn refresh_with(&self, client_id: &str, token: &str, further: &[(&str, &str)]) -> Reply {
        let (authorization, mut form) = credentials(client_id);
        form.extend([("grant_type", "refresh_token"), ("refresh_token", token)]);
        form.extend(further.iter().copied());
        self.post("token", authorization.as_deref(), &form).await
    }

    pub(crate) async fn refresh(&self, client_id: &str, token: &str) -> Reply {
        self.refresh_with(client_id, token, &[]).await
    }

    /// Tokens for Alice at a client: everything asked, everything approved.
    pub(crate) async fn tokens(&self, client_id: &'static str) -> Reply {
        let code = self.code(&Approved { client_id, ..Approved::default() }).await;
        let reply = self.redeem(client_id, &code).await;
        assert_eq!(reply.status, StatusCode::OK, "{reply:?}");
        reply
    }

    pub(crate) async fn userinfo(&self, access_token: &str) -> Reply {
        self.get("userinfo", Some(&format!("Bearer {access_token}"))).await
    }

    pub(crate) async fn introspect(&self, caller: &str, token: &str) -> Value {
        let reply = self.post("introspect", Some(&basic(caller, SECRET)), &[("token", token)]).await;
        assert_eq!(reply.status, StatusCode::OK, "{reply:?}");
        reply.body
    }

    /// Whether a token is honoured by whoever asks the issuer: its own client does.
    pub(crate) async fn holds(&self, client_id: &str, token: &str) -> bool {
        self.introspect(client_id, token).await["active"] == json!(true)
    }

    pub(crate) async fn set_account(&self, state: AccountState) {
        self.people.accounts.lock().unwrap().get_mut("usr_alice").unwrap().state = state;
    }

    /// The published keys.
    pub(crate) async fn keys(&self) -> JwkSet {
        let reply = self.send(Request::get("/api/auth/jwks").body(Bytes::new()).unwrap()).await;
        JwkSet::parse(&reply.body.to_string()).unwrap()
    }

    /// The claims of a token, which is verified with the published keys.
    pub(crate) async fn claims(&self, typ: Typ, token: &str) -> Value {
        let expect = Expect::new(typ, ExpectedIssuer::Exactly(ISSUER), ExpectedAudience::CheckedByCaller);
        let now = self.clock.now().as_secs();
        Unverified::parse(token).unwrap().verify_with_set(&self.keys().await, &expect, now).unwrap().into_claims()
    }
}

/// How a client of this world authenticates: its `Authorization` header and its part of the form.
pub(crate) fn credentials(client_id: &str) -> (Option<String>, Vec<(&'static str, &str)>) {
    match client_id {
        "p1" | "p2" => (None, vec![("client_id", client_id)]),
        "c2" => (None, vec![("client_id", client_id), ("client_secret", SECRET)]),
        _ => (Some(basic(client_id, SECRET)), Vec::new()),
    }
}

pub(crate) fn basic(client_id: &str, secret: &str) -> String {
    // The standard alphabet, with padding.
    let text = format!("{client_id}:{secret}");
    let encoded = base64url::encode(&text).replace('-', "+").replace('_', "/");
    format!("Basic {encoded}{}", "=".repeat((4 - encoded.len() % 4) % 4))
}

fn alice() -> Account {
    let claims = json!({
        "given_name": "Alice", "family_name": "Adams", "locale": "en-GB", "birthdate": null,
        "address": { "country": "GB" }, "phone_number": "+44 20 7946 0000", "phone_number_verified": true,
        "employee_id": "secret to the application",
    });
    Account {
        generation: 0,
        subject: Subject::new("usr_alice").unwrap(),
        email: EmailAddress::parse("alice@x.test").unwrap(),
        email_verified: true,
        name: "Alice Adams".to_owned(),
        claims: claims.as_object().unwrap().clone(),
        state: AccountState::Active,
        created_at: NOW,
        updated_at: Timestamp(1_700_000_000),
    }
}

struct Put<R>(R);

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
        if known.is_none() {
            changes.insert(&self.0);
        }
        Decision::grant(()).changing(changes)
    }
}

struct Replace<R>(R);

#[async_trait]
impl<R: Record + Clone> Operation for Replace<R> {
    type Loaded = Option<Stored<R>>;
    type Granted = ();
    type Refusal = Infallible;

    async fn load(&self, reader: &mut Reader<'_>) -> Result<Self::Loaded, Fault> {
        reader.load(R::at(self.0.id())).await
    }

    fn decide(&self, known: Self::Loaded, _: &Moment<'_>) -> Decision<(), Infallible> {
        let mut changes = Changes::none();
        if let Some(known) = known {
            changes.replace(&known.with(self.0.clone()));
        }
        Decision::grant(()).changing(changes)
    }
}
