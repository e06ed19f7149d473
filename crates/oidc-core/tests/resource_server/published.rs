//! An issuer as far as a resource server sees it: two documents, and keys that sign.

use std::collections::HashMap;

use std::sync::{Arc, LazyLock, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use countersign_jose::jwt::{self, Typ};
use countersign_jose::{Algorithm, JwkSet, SigningKey};
use countersign_oidc::resource_server::Verifier;
use countersign_storage::{Destination, Fetch, FetchError, Fetched, ManualClock, Timestamp};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::{Value, json};
use url::Url;

pub(crate) const ISSUER: &str = "https://as.test/tenant";
pub(crate) const AUDIENCE: &str = "https://notes.test/api";
pub(crate) const METADATA: &str = "https://as.test/tenant/.well-known/openid-configuration";
pub(crate) const JWKS: &str = "https://as.test/tenant/jwks";
pub(crate) const NOW: Timestamp = Timestamp(1_800_000_000);

pub(crate) static ES256: LazyLock<SigningKey> = LazyLock::new(|| SigningKey::generate(Algorithm::Es256).unwrap());
pub(crate) static RS256: LazyLock<SigningKey> = LazyLock::new(|| SigningKey::generate(Algorithm::Rs256).unwrap());
pub(crate) static STRANGER: LazyLock<SigningKey> = LazyLock::new(|| SigningKey::generate(Algorithm::Es256).unwrap());

/// Answers by URL, and counts what it is asked for.
#[derive(Default)]
pub(crate) struct Published {
    answers: Mutex<HashMap<String, Result<Fetched, FetchError>>>,
    asked: Mutex<Vec<String>>,
}

impl Published {
    pub(crate) fn new() -> Arc<Self> {
        let published = Arc::new(Published::default());
        published.metadata(json!({ "issuer": ISSUER, "jwks_uri": JWKS }));
        published.keys(&[&ES256, &RS256]);
        published
    }

    pub(crate) fn metadata(&self, document: Value) {
        self.document(METADATA, &document.to_string(), None);
    }

    pub(crate) fn keys(&self, keys: &[&SigningKey]) {
        let set = JwkSet::from_keys(keys.iter().map(|key| key.verifying_key())).unwrap();
        self.document(JWKS, &serde_json::to_string(&set).unwrap(), None);
    }

    pub(crate) fn document(&self, url: &str, body: &str, cache_control: Option<&str>) {
        let mut headers = HeaderMap::new();
        if let Some(value) = cache_control {
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_str(value).unwrap());
        }
        self.answer(url, Ok(Fetched { status: StatusCode::OK, headers, body: Bytes::from(body.to_owned()) }));
    }

    pub(crate) fn status(&self, url: &str, status: StatusCode) {
        self.answer(url, Ok(Fetched { status, headers: HeaderMap::new(), body: Bytes::new() }));
    }

    /// The issuer goes away, or this one document.
    pub(crate) fn fails(&self, url: &str) {
        self.answer(url, Err(FetchError::TimedOut));
    }

    pub(crate) fn answer(&self, url: &str, answer: Result<Fetched, FetchError>) {
        self.answers.lock().unwrap().insert(url.to_owned(), answer);
    }

    pub(crate) fn times_asked(&self, url: &str) -> usize {
        self.asked.lock().unwrap().iter().filter(|asked| *asked == url).count()
    }
}

#[async_trait]
impl Fetch for Published {
    async fn get(&self, url: &Url, destination: Destination) -> Result<Fetched, FetchError> {
        assert_eq!(destination, Destination::Operator);
        self.asked.lock().unwrap().push(url.to_string());

        // Time for everybody else to notice that nothing is there yet.
        for _ in 0..50 {
            tokio::task::yield_now().await;
        }
        let not_found = Ok(Fetched { status: StatusCode::NOT_FOUND, headers: HeaderMap::new(), body: Bytes::new() });
        self.answers.lock().unwrap().get(url.as_str()).cloned().unwrap_or(not_found)
    }
}

pub(crate) struct Fixture {
    pub(crate) published: Arc<Published>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) verifier: Verifier,
}

pub(crate) fn fixture() -> Fixture {
    let (published, clock) = (Published::new(), Arc::new(ManualClock::at(NOW)));
    let verifier = Verifier::new(ISSUER, AUDIENCE, published.clone(), clock.clone()).unwrap();
    Fixture { published, clock, verifier }
}

/// The claims of a good access token that was issued at `now`.
pub(crate) fn claims_at(now: Timestamp) -> Value {
    json!({
        "iss": ISSUER, "aud": AUDIENCE, "sub": "usr_alice", "client_id": "notes", "scope": "notes:read notes:write",
        "iat": now.as_secs(), "exp": now.as_secs() + 300, "jti": "fam_1.abc", "auth_time": now.as_secs() - 60,
    })
}

pub(crate) fn token(key: &SigningKey, claims: &Value) -> String {
    jwt::mint(key, Typ::AccessToken, claims).unwrap()
}

pub(crate) fn good_token_at(now: Timestamp) -> String {
    token(&ES256, &claims_at(now))
}
