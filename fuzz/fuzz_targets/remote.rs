//! An issuer's metadata, key set and caching headers, from an issuer that may be anybody: keys come from where its metadata
//! says and from nowhere else, are fresh for no less than the floor and no more than the ceiling, whatever the headers say,
//! and nothing verifies by a key that was not in the set.
#![no_main]

use std::sync::{Arc, LazyLock, Mutex};

use arbitrary::Arbitrary;
use async_trait::async_trait;
use countersign_fuzz::{Edit, check_error, edited, key};
use countersign_jose::jwt::{self, Typ};
use countersign_jose::remote::{Fetch, FetchError, Fetched, RemoteKeys, TokenCache, Verifier, VerifyError};
use countersign_jose::{Algorithm, JwkSet, SigningKey, json};
use libfuzzer_sys::fuzz_target;
use pollster::block_on;
use serde_json::{Value, json};
use url::Url;

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    metadata: Document<'a>,
    metadata_status: u8,
    key_set: Document<'a>,
    key_set_status: u8,
    headers: Vec<(u8, Header<'a>)>,
}

#[derive(Arbitrary, Debug)]
enum Document<'a> {
    Valid,
    Spoiled(Vec<Edit<'a>>),
    Free(&'a [u8]),
    /// The valid one with another value of its first member.
    With(&'a str),
}

#[derive(Arbitrary, Debug)]
enum Header<'a> {
    Free(&'a str),
    Seconds(u64),
    MaxAge(i32),
    Date { day: u8, hour: u8, year: u16 },
    Tag(u8),
}

const NOW: i64 = 1_700_000_000;
const ISSUER: &str = "https://as.test/tenant";
const AUDIENCE: &str = "https://api.test";
const JWKS_URI: &str = "https://keys.test/jwks";
const PLACES: [&str; 2] = [
    "https://as.test/tenant/.well-known/openid-configuration",
    "https://as.test/.well-known/oauth-authorization-server/tenant",
];
const NAMES: [&str; 7] = ["Cache-Control", "cache-control", "Age", "Date", "ETag", "Expires", "Set-Cookie"];
/// The bounds of the default policy.
const FLOOR: i64 = 60;
const CEILING: i64 = 3600;

static KEY: LazyLock<SigningKey> = LazyLock::new(|| key(Algorithm::EdDSA));
static TOKEN: LazyLock<String> = LazyLock::new(|| {
    let claims = json!({
        "iss": ISSUER, "aud": AUDIENCE, "sub": "alice", "iat": NOW, "exp": NOW + 100_000, "jti": "1",
    });
    jwt::mint(&KEY, Typ::AccessToken, &claims).expect("a token")
});
static METADATA: LazyLock<String> = LazyLock::new(|| format!(r#"{{"issuer":"{ISSUER}","jwks_uri":"{JWKS_URI}"}}"#));
static KEY_SET: LazyLock<String> =
    LazyLock::new(|| json!({ "keys": [KEY.public_jwk(), key(Algorithm::Es256).public_jwk()] }).to_string());

/// What it answers, and what it was asked for.
struct Site {
    metadata: Fetched,
    key_set: Fetched,
    asked: Mutex<Vec<String>>,
}

#[async_trait]
impl Fetch for Site {
    async fn get(&self, url: &Url, _if_none_match: Option<&str>) -> Result<Fetched, FetchError> {
        self.asked.lock().expect("one thread").push(url.to_string());
        Ok(if PLACES.contains(&url.as_str()) { self.metadata.clone() } else { self.key_set.clone() })
    }
}

fuzz_target!(|input: Input<'_>| {
    let metadata = document(&input.metadata, &METADATA, |text| json!({ "issuer": text, "jwks_uri": JWKS_URI }));
    let key_set = document(&input.key_set, &KEY_SET, |text| json!({ "keys": text }));
    let with_headers = |answer: Fetched| {
        let headers = input.headers.iter().take(8);
        headers.fold(answer, |answer, (name, value)| {
            answer.with_header(NAMES[usize::from(*name) % NAMES.len()], &header(value))
        })
    };
    let site = Arc::new(Site {
        metadata: with_headers(Fetched::new(status(input.metadata_status), metadata.as_slice())),
        key_set: with_headers(Fetched::new(status(input.key_set_status), key_set.as_slice())),
        asked: Mutex::default(),
    });
    let keys = RemoteKeys::of_issuer(ISSUER, Arc::clone(&site)).expect("an issuer");
    let verifier = Verifier::with_keys(ISSUER, AUDIENCE, keys).expect("a verifier").token_cache(TokenCache::Off);
    let asked = || site.asked.lock().expect("one thread").len();
    let judge = |now| block_on(verifier.verify(&TOKEN, now));

    let first = judge(NOW);
    let valid = matches!((&input.metadata, &input.key_set), (Document::Valid, Document::Valid));
    let answered = (site.metadata.status(), site.key_set.status()) == (200, 200);
    assert!(!(valid && answered) || first.is_ok(), "whatever the headers say: {first:?}");
    let uri =
        json::parse(&metadata).ok().and_then(|found| found["jwks_uri"].as_str().and_then(|uri| Url::parse(uri).ok()));
    for url in site.asked.lock().expect("one thread").iter() {
        let named = uri.as_ref().is_some_and(|uri| uri.as_str() == url && uri.scheme() == "https");
        assert!(named || PLACES.contains(&url.as_str()), "nobody named {url}");
    }
    match first {
        Ok(token) => {
            assert!(token.iss() == Some(ISSUER) && answered);
            let found: Value = json::parse(&metadata).expect("metadata is strict JSON");
            assert_eq!(found["issuer"], ISSUER);
            let set = JwkSet::parse(std::str::from_utf8(&key_set).expect("text")).expect("a key set");
            assert!(set.keys().iter().any(|key| key.thumbprint() == KEY.thumbprint()), "not in the set");
            let before = asked();
            assert!(judge(NOW + FLOOR - 1).is_ok() && asked() == before, "fresh for the floor");
            let _ = judge(NOW + CEILING + 1);
            assert!(asked() > before, "no longer than the ceiling");
        }
        Err(error) => {
            check_error(&error, &[&TOKEN]);
            assert!(!error.code().is_empty());
            // A failure paces the next try, and is not kept as an empty set.
            let before = asked();
            if matches!(error, VerifyError::Failed(_)) {
                assert!(judge(NOW).is_err() && asked() == before, "one try");
            }
        }
    }
});

fn document(document: &Document<'_>, valid: &str, with: impl Fn(&str) -> Value) -> Vec<u8> {
    match document {
        Document::Valid => valid.as_bytes().to_vec(),
        Document::Spoiled(edits) => edited(valid.as_bytes(), edits),
        Document::Free(bytes) => bytes.to_vec(),
        Document::With(text) => with(text).to_string().into_bytes(),
    }
}

fn status(index: u8) -> u16 {
    match index {
        0..=199 => 200,
        200..=219 => 304,
        220..=239 => 404,
        240..=249 => 302,
        _ => 503,
    }
}

fn header(value: &Header<'_>) -> String {
    match value {
        Header::Free(text) => (*text).to_owned(),
        Header::Seconds(seconds) => seconds.to_string(),
        Header::MaxAge(seconds) => format!("public, max-age={seconds}"),
        Header::Date { day, hour, year } => {
            format!("Tue, {:02} Nov {:04} {:02}:13:20 GMT", day % 40, year % 10_000, hour % 30)
        }
        Header::Tag(tag) => format!("\"{tag}\""),
    }
}
