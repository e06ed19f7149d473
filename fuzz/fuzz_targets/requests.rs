//! Requests from strangers to the issuer and to the agent provider: every path, method, header and body. Nothing panics,
//! nothing is answered with 5xx, nobody is redirected anywhere but to a registered URI, and no code and no token comes of
//! it, for nobody ever signed in.
#![no_main]

use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, LazyLock};

use arbitrary::Arbitrary;
use async_trait::async_trait;
use countersign_web::peer::PeerAddress;
use bytes::Bytes;
use countersign_agent_auth::{
    AgentPolicy, AgentProvider, AgentProviderConfig, ApprovedCall, Capability, ExecuteError, Executor,
    IntrospectionCallers,
};
use countersign_oidc::client::{ApplicationType, ClientCredential, GrantTypeName, SecretMethod};
use countersign_oidc::{
    InteractionPages, Issuer, IssuerConfig, NewClient, PlainErrorPage, Policy, RouteMap, Scopes, StoredClients,
};
use countersign_storage::{
    Audit, AuditRecord, Authentication, Endpoints, Fault, KeyRing, Limit, ManualClock, MemoryStore, Ports,
    Secret, SeededRandom, SignedIn, StoreThrottle, StoredAccounts, Timestamp,
};
use http::{HeaderMap, Request, header};
use libfuzzer_sys::fuzz_target;
use pollster::block_on;
use serde_json::{Value, json};

const ISSUER: &str = "http://localhost:3000/api/auth";
const REDIRECT: &str = "https://rp.test/cb";
/// A valid authorization request, for the fuzzer to spoil.
const REQUEST: &str = "client_id=rp&response_type=code&redirect_uri=https%3A%2F%2Frp.test%2Fcb&scope=openid&state=s\
    &code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256";

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    path: u8,
    method: u8,
    authorization: Option<Scheme<'a>>,
    content_type: u8,
    query: Text<'a>,
    body: &'a [u8],
    cookie: Option<&'a str>,
}

#[derive(Arbitrary, Debug)]
enum Scheme<'a> {
    Bearer(&'a str),
    Client(&'a str),
    RightClient,
    Raw(&'a [u8]),
}

/// Free text, or the valid request with something added, cut or repeated.
#[derive(Arbitrary, Debug)]
enum Text<'a> {
    Free(&'a str),
    Added(&'a str),
    Cut(u8),
}

struct Site {
    endpoints: Vec<Arc<dyn Endpoints>>,
    /// Every path that one of them answers, and one that none does.
    paths: Vec<String>,
    secret: String,
}

static SITE: LazyLock<Site> = LazyLock::new(|| block_on(site()));

fuzz_target!(|input: Input<'_>| {
    let Some(request) = request(&input) else { return };
    let mut request = request;
    for endpoints in &SITE.endpoints {
        match block_on(endpoints.answer(request)) {
            Ok(response) => {
                let body = String::from_utf8_lossy(response.body());
                assert!(!response.status().is_server_error(), "{} {body}", response.status());
                if let Some(location) = response.headers().get(header::LOCATION).and_then(|value| value.to_str().ok()) {
                    let known = ["/sign-in?", "/consent?", REDIRECT, "http://localhost:3000/sign-in?"];
                    assert!(known.iter().any(|known| location.starts_with(known)), "redirected to {location}");
                    assert!(!location.contains("code="), "nobody signed in");
                }
                assert!(!body.contains("\"access_token\":") && !body.contains("\"active\":true"), "{body}");
                return;
            }
            Err(untouched) => request = untouched,
        }
    }
});

fn request(input: &Input<'_>) -> Option<Request<Bytes>> {
    let path = SITE.paths.get(usize::from(input.path) % SITE.paths.len())?;
    let method = ["GET", "POST", "PUT", "OPTIONS", "HEAD", "DELETE"].get(usize::from(input.method) % 6)?;
    let query = match &input.query {
        Text::Free(text) => (*text).to_owned(),
        Text::Added(text) => format!("{REQUEST}&{text}"),
        Text::Cut(at) => REQUEST.get(usize::from(*at)..)?.to_owned(),
    };
    let mut request = Request::builder().method(*method);
    let form = input.content_type % 4 == 0;
    request = request.uri(if form { path.clone() } else { format!("{path}?{query}") });
    match input.content_type % 4 {
        0 | 1 => request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded"),
        2 => request = request.header(header::CONTENT_TYPE, "application/json"),
        _ => {}
    }
    request = match &input.authorization {
        None => request,
        Some(Scheme::Bearer(token)) => request.header(header::AUTHORIZATION, format!("Bearer {token}")),
        Some(Scheme::Client(pair)) => request.header(header::AUTHORIZATION, basic(pair)),
        // The right secret opens the checks behind it; without a code or a refresh token nothing comes of them.
        Some(Scheme::RightClient) => request.header(header::AUTHORIZATION, basic(&format!("rp:{}", SITE.secret))),
        Some(Scheme::Raw(bytes)) => request.header(header::AUTHORIZATION, *bytes),
    };
    if let Some(cookie) = input.cookie {
        request = request.header(header::COOKIE, cookie);
    }
    let body = if form && input.body.is_empty() { query.into_bytes() } else { input.body.to_vec() };
    let mut request = request.body(Bytes::from(body)).ok()?;
    request.extensions_mut().insert(PeerAddress(IpAddr::V4(Ipv4Addr::LOCALHOST)));
    Some(request)
}

fn basic(pair: &str) -> String {
    use base64::Engine;
    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair))
}

async fn site() -> Site {
    let ports = Ports {
        store: Arc::new(MemoryStore::new()),
        clock: Arc::new(ManualClock::at(Timestamp(1_800_000_000))),
        random: Arc::new(SeededRandom::new(7)),
        audit: Arc::new(Silent),
    };
    let issuer = Issuer::new(IssuerConfig {
        issuer: ISSUER.to_owned(),
        ports: ports.clone(),
        accounts: Arc::new(StoredAccounts::new(ports.clone())),
        signed_in: Arc::new(Nobody),
        clients: Arc::new(StoredClients::new(&ports, ISSUER)),
        key_ring: Arc::new(KeyRing::new([(1, Secret::new("Zk3vN8qYw1TfRb6HsXp0MjLd5UeCa9Go"))]).expect("a key ring")),
        policy: Policy::default(),
        routes: RouteMap::default(),
        pages: InteractionPages {
            sign_in: "/sign-in".to_owned(),
            consent: "/consent".to_owned(),
            error: Arc::new(PlainErrorPage),
        },
    })
    .expect("an issuer");
    issuer.ensure_keys().await.expect("keys");
    let (_, secret) = issuer
        .register_client(NewClient {
            client_id: Some("rp".to_owned()),
            name: "RP".to_owned(),
            application_type: ApplicationType::Web,
            credential: ClientCredential::GeneratedSecret(SecretMethod::Basic),
            redirect_uris: vec![REDIRECT.to_owned()],
            grant_types: vec![GrantTypeName::AuthorizationCode, GrantTypeName::RefreshToken],
            scopes: Scopes::parse("openid profile").expect("scopes"),
            resources: Vec::new(),
            default_resource: None,
            id_token_algorithm: countersign_jose::Algorithm::Rs256,
            client_uri: None,
            logo_uri: None,
            policy_uri: None,
            tos_uri: None,
        })
        .await
        .expect("a client");
    let agents = AgentProvider::new(AgentProviderConfig {
        issuer: ISSUER.to_owned(),
        provider_name: "Fuzz".to_owned(),
        description: "Fuzz".to_owned(),
        verification_uri: "http://localhost:3000/device".to_owned(),
        ports: ports.clone(),
        accounts: Arc::new(StoredAccounts::new(ports.clone())),
        signed_in: Arc::new(Nobody),
        throttle: Arc::new(StoreThrottle::new(ports)),
        capabilities: vec![Capability::new("ping", "Ping")],
        executor: Arc::new(Nothing),
        introspection_callers: IntrospectionCallers::Anyone(Limit::new(u32::MAX, std::time::Duration::from_secs(60))),
        policy: AgentPolicy::default(),
    })
    .expect("a provider");
    let secret = secret.expect("a confidential client").expose().to_owned();
    let mounted = issuer.mounted().into_iter().chain(agents.mounted());
    let paths = mounted.map(|mounted| mounted.path).chain(["/elsewhere".to_owned()]).collect();
    Site { endpoints: vec![Arc::new(issuer), Arc::new(agents)], paths, secret }
}

struct Nobody;

#[async_trait]
impl SignedIn for Nobody {
    async fn authentication(&self, _: &HeaderMap) -> Result<Option<Authentication>, Fault> {
        Ok(None)
    }
}

struct Nothing;

#[async_trait]
impl Executor for Nothing {
    async fn execute(&self, _: &ApprovedCall) -> Result<Value, ExecuteError> {
        Ok(json!({}))
    }
}

struct Silent;

impl Audit for Silent {
    fn observe(&self, _: &AuditRecord) {}
}
