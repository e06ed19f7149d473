//! The token endpoint through `Issuer` on a store in memory, without a socket: client credentials beside their floor (look
//! a client up, check its secret, sign with the same back end), and a resource server's verification.
//!
//! `cargo bench -p countersign-oidc`
#![allow(clippy::unwrap_used, missing_docs, reason = "a bench that cannot be set up has nothing to measure")]

use std::collections::HashMap;
use std::hint::black_box;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use countersign_jose::jwt::{self, Typ};
use countersign_jose::{Algorithm, SigningKey, base64url};
use countersign_oidc::client::{ClientCredential, SecretMethod};
use countersign_oidc::resource_server::{TokenCache, Verifier};
use countersign_oidc::{
    InteractionPages, Issuer, IssuerConfig, NewClient, PlainErrorPage, Policy, RouteMap, Scopes, StoredClients,
};
use countersign_storage::{
    Authentication, Destination, Endpoints, Fault, Fetch, FetchError, Fetched, Handle, KeyRing, MemoryStore, Ports,
    Random, Secret, SignedIn, StoredAccounts, SystemClock, SystemRandom, TracingAudit, random,
};
use criterion::Criterion;
use http::{HeaderMap, Request, StatusCode, header};
use serde::Serialize;
use url::Url;

const ISSUER: &str = "https://as.test/api/auth";
const SECRET: &str = "correct-horse-battery-staple-0123456789";

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let mut criterion = Criterion::default().configure_from_args();
    for algorithm in [Algorithm::EdDSA, Algorithm::Es256, Algorithm::Rs256] {
        let issuer = Arc::new(runtime.block_on(issuer(algorithm)));
        let mut group = criterion.benchmark_group(format!("client_credentials/{algorithm}"));
        group.bench_function("issuer", |bencher| {
            bencher.iter(|| {
                let response = runtime.block_on(issuer.answer(black_box(token_request()))).unwrap();
                assert_eq!(response.status(), StatusCode::OK);
                response
            });
        });
        let floor = Floor::new(algorithm);
        group.bench_function("floor", |bencher| bencher.iter(|| floor.answer(black_box(&token_request()))));
        group.finish();

        let response = runtime.block_on(issuer.answer(token_request())).unwrap();
        let body: serde_json::Value = serde_json::from_slice(response.body()).unwrap();
        let token = body["access_token"].as_str().unwrap();
        let fetch = Arc::new(InProcess(Arc::clone(&issuer)));
        // The whole verification: what a token costs the first time.
        let verifier =
            Verifier::new(ISSUER, ISSUER, fetch, Arc::new(SystemClock)).unwrap().with_token_cache(TokenCache::Off);
        criterion.bench_function(&format!("verifier/{algorithm}"), |bencher| {
            bencher.iter(|| runtime.block_on(verifier.verify(black_box(token))).unwrap());
        });
    }
    criterion.final_summary();
}

fn token_request() -> Request<Bytes> {
    Request::post("/api/auth/oauth2/token")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(header::AUTHORIZATION, "Basic bTE6Y29ycmVjdC1ob3JzZS1iYXR0ZXJ5LXN0YXBsZS0wMTIzNDU2Nzg5")
        .body(Bytes::from_static(b"grant_type=client_credentials&scope=notes%3Aread"))
        .unwrap()
}

async fn issuer(algorithm: Algorithm) -> Issuer {
    let ports = Ports {
        store: Arc::new(MemoryStore::new()),
        clock: Arc::new(SystemClock),
        random: Arc::new(SystemRandom::default()),
        audit: Arc::new(TracingAudit),
    };
    let key = Secret::new("Zk3vN8qYw1TfRb6HsXp0MjLd5UeCa9Go");
    let issuer = Issuer::new(IssuerConfig {
        issuer: ISSUER.to_owned(),
        accounts: Arc::new(StoredAccounts::new(ports.clone())),
        signed_in: Arc::new(Nobody),
        clients: Arc::new(StoredClients::new(&ports, ISSUER)),
        key_ring: Arc::new(KeyRing::new([(1, key)]).unwrap()),
        policy: Policy { access_token_algorithm: algorithm, ..Policy::default() },
        routes: RouteMap::default(),
        pages: InteractionPages {
            sign_in: "/sign-in".to_owned(),
            consent: "/consent".to_owned(),
            error: Arc::new(PlainErrorPage),
        },
        ports,
    })
    .unwrap();
    issuer.ensure_keys().await.unwrap();
    let machine = NewClient {
        client_id: Some("m1".to_owned()),
        credential: ClientCredential::Secret(SecretMethod::Basic, Secret::new(SECRET)),
        ..NewClient::machine("A machine", Scopes::parse("notes:read notes:write").unwrap())
    };
    issuer.register_client(machine).await.unwrap();
    issuer
}

struct Nobody;

#[async_trait]
impl SignedIn for Nobody {
    async fn authentication(&self, _: &HeaderMap) -> Result<Option<Authentication>, Fault> {
        Ok(None)
    }
}

/// What nobody can do without.
struct Floor {
    key: SigningKey,
    clients: HashMap<String, Handle>,
    random: SystemRandom,
}

#[derive(Serialize)]
struct FloorClaims<'a> {
    iss: &'a str,
    sub: &'a str,
    aud: &'a str,
    client_id: &'a str,
    scope: &'a str,
    iat: i64,
    exp: i64,
    jti: String,
}

impl Floor {
    fn new(algorithm: Algorithm) -> Self {
        let clients = HashMap::from([("m1".to_owned(), Handle::of(SECRET))]);
        Floor { key: SigningKey::generate(algorithm).unwrap(), clients, random: SystemRandom::default() }
    }

    fn answer(&self, request: &Request<Bytes>) -> Bytes {
        let value = request.headers()[header::AUTHORIZATION].to_str().unwrap().strip_prefix("Basic ").unwrap();
        let decoded = String::from_utf8(base64url::decode(value).unwrap()).unwrap();
        let (client_id, secret) = decoded.split_once(':').unwrap();
        assert!(self.clients[client_id].matches(&Secret::new(secret)));
        let claims = FloorClaims {
            iss: ISSUER,
            sub: client_id,
            aud: ISSUER,
            client_id,
            scope: "notes:read",
            iat: 1_800_000_000,
            exp: 1_800_000_300,
            jti: base64url::encode(random::bytes::<16>(&self.random as &dyn Random)),
        };
        let token = jwt::mint(&self.key, Typ::AccessToken, &claims).unwrap();
        Bytes::from(format!(
            r#"{{"access_token":"{token}","token_type":"Bearer","expires_in":300,"scope":"notes:read"}}"#
        ))
    }
}

/// The issuer, as a resource server reaches it.
struct InProcess(Arc<Issuer>);

#[async_trait]
impl Fetch for InProcess {
    async fn get(&self, url: &Url, _: Destination) -> Result<Fetched, FetchError> {
        let request = Request::get(url.path()).body(Bytes::new()).unwrap();
        let (parts, body) = self.0.answer(request).await.unwrap().into_parts();
        Ok(Fetched { status: parts.status, headers: parts.headers, body })
    }
}
