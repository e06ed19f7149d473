//! An issuer as far as a verifier sees it: two documents, and keys that sign.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};

use async_trait::async_trait;
use countersign_jose::jwt::{self, Typ};
use countersign_jose::remote::{Fetch, FetchError, Fetched, RemoteKeys, Verifier, VerifyError};
use countersign_jose::{Algorithm, JwkSet, SigningKey};
use serde_json::{Value, json};
use url::Url;

pub(crate) const ISSUER: &str = "https://as.test/tenant";
pub(crate) const AUDIENCE: &str = "https://notes.test/api";
pub(crate) const METADATA: &str = "https://as.test/tenant/.well-known/openid-configuration";
pub(crate) const JWKS: &str = "https://as.test/tenant/jwks";
pub(crate) const NOW: i64 = 1_800_000_000;

pub(crate) static ES256: LazyLock<SigningKey> = LazyLock::new(es256);
pub(crate) static EDDSA: LazyLock<SigningKey> = LazyLock::new(|| SigningKey::generate(Algorithm::EdDSA).unwrap());
pub(crate) static STRANGER: LazyLock<SigningKey> = LazyLock::new(es256);

pub(crate) fn es256() -> SigningKey {
    SigningKey::generate(Algorithm::Es256).unwrap()
}

/// Answers by URL, and counts what it is asked for.
#[derive(Default)]
pub(crate) struct Published {
    answers: Mutex<HashMap<String, Result<Fetched, FetchError>>>,
    asked: Mutex<Vec<(String, Option<String>)>>,
}

impl Published {
    pub(crate) fn new() -> Arc<Self> {
        let published = Arc::new(Published::default());
        published.metadata(json!({ "issuer": ISSUER, "jwks_uri": JWKS }));
        published.keys(&[&ES256, &EDDSA]);
        published
    }

    pub(crate) fn metadata(&self, document: Value) {
        self.document(METADATA, &document.to_string(), &[]);
    }

    pub(crate) fn keys(&self, keys: &[&SigningKey]) {
        self.document(JWKS, &document_of(keys), &[]);
    }

    pub(crate) fn document(&self, url: &str, body: &str, headers: &[(&str, &str)]) {
        let answer = Fetched::new(200, body);
        let answer = headers.iter().fold(answer, |answer, (name, value)| answer.with_header(name, value));
        self.answer(url, Ok(answer));
    }

    pub(crate) fn status(&self, url: &str, status: u16) {
        self.answer(url, Ok(Fetched::new(status, "")));
    }

    pub(crate) fn answer(&self, url: &str, answer: Result<Fetched, FetchError>) {
        self.answers.lock().unwrap().insert(url.to_owned(), answer);
    }

    /// The issuer goes away.
    pub(crate) fn is_down(&self) {
        self.answer(METADATA, Err(FetchError::TimedOut));
        self.answer(JWKS, Err(FetchError::TimedOut));
    }

    pub(crate) fn is_back(&self) {
        self.metadata(json!({ "issuer": ISSUER, "jwks_uri": JWKS }));
        self.keys(&[&ES256, &EDDSA]);
    }

    pub(crate) fn times_asked(&self, url: &str) -> usize {
        self.asked.lock().unwrap().iter().filter(|(asked, _)| asked == url).count()
    }

    /// The entity tag that came with the last request.
    pub(crate) fn last_tag(&self) -> Option<String> {
        self.asked.lock().unwrap().last().and_then(|(_, tag)| tag.clone())
    }
}

#[async_trait]
impl Fetch for Published {
    async fn get(&self, url: &Url, if_none_match: Option<&str>) -> Result<Fetched, FetchError> {
        self.asked.lock().unwrap().push((url.to_string(), if_none_match.map(str::to_owned)));
        // Time for everybody else to notice that nothing is there yet.
        for _ in 0..50 {
            tokio::task::yield_now().await;
        }
        self.answers.lock().unwrap().get(url.as_str()).cloned().unwrap_or_else(|| Ok(Fetched::new(404, "")))
    }
}

pub(crate) fn document_of(keys: &[&SigningKey]) -> String {
    let set = JwkSet::from_keys(keys.iter().map(|key| key.verifying_key())).unwrap();
    serde_json::to_string(&set).unwrap()
}

pub(crate) struct Fixture {
    pub(crate) published: Arc<Published>,
    pub(crate) verifier: Verifier,
}

pub(crate) fn fixture() -> Fixture {
    let published = Published::new();
    let verifier = Verifier::new(ISSUER, AUDIENCE, Arc::clone(&published)).unwrap();
    Fixture { published, verifier }
}

/// The same, with keys that are kept otherwise.
pub(crate) fn fixture_with(change: impl FnOnce(RemoteKeys) -> RemoteKeys) -> Fixture {
    let published = Published::new();
    let keys = change(RemoteKeys::of_issuer(ISSUER, Arc::clone(&published)).unwrap());
    let verifier = Verifier::with_keys(ISSUER, AUDIENCE, keys).unwrap();
    Fixture { published, verifier }
}

impl Fixture {
    /// Verifies a token that the key has just signed.
    pub(crate) async fn fresh(&self, key: &SigningKey, now: i64) -> Result<(), VerifyError> {
        self.verify(&good_token(key, now), now).await
    }

    pub(crate) async fn verify(&self, token: &str, now: i64) -> Result<(), VerifyError> {
        self.verifier.verify(token, now).await.map(|_| ())
    }

    /// The code of the refusal.
    pub(crate) async fn refused(&self, token: &str, now: i64) -> &'static str {
        self.verify(token, now).await.unwrap_err().code()
    }
}

/// The claims of a good access token that was issued at `now`.
pub(crate) fn claims(now: i64) -> Value {
    json!({
        "iss": ISSUER, "aud": AUDIENCE, "sub": "usr_alice", "client_id": "notes", "scope": "notes:read notes:write",
        "iat": now, "exp": now + 300, "jti": "fam_1.abc",
    })
}

pub(crate) fn token(key: &SigningKey, claims: &Value) -> String {
    jwt::mint(key, Typ::AccessToken, claims).unwrap()
}

pub(crate) fn good_token(key: &SigningKey, now: i64) -> String {
    token(key, &claims(now))
}
