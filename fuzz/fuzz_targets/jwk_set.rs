//! Key sets from strangers: bounded, each `kid` one key, every key in it one that the set was sent with and that passes
//! alone, and the same set when it is written out and read again.
#![no_main]

use std::sync::LazyLock;

use arbitrary::Arbitrary;
use countersign_fuzz::{Edit, check_error, edited_text, key};
use countersign_jose::{Algorithm, Jwk, JwkSet, json};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

#[derive(Arbitrary, Debug)]
enum Input<'a> {
    Free(&'a str),
    /// A valid set, spoiled.
    Spoiled(Vec<Edit<'a>>),
    /// A set of these keys, some of them of kinds that are passed over or refuse the whole set.
    Keys(Vec<(u8, Option<&'a str>)>),
}

const ALGORITHMS: [Algorithm; 4] = [Algorithm::EdDSA, Algorithm::Es256, Algorithm::Es512, Algorithm::Ps256];
/// Passed over, but for the last two, which must not be in a set.
const STRANGE: [&str; 6] = [
    r#"{"kty":"OKP","crv":"X25519","x":"AA"}"#,
    r#"{"kty":"EC","crv":"secp256k1","x":"AA","y":"AA"}"#,
    r#"{"kty":"unknown","kid":"a"}"#,
    r#"{"kty":"EC","crv":"P-256","use":"enc","x":"AA","y":"AA"}"#,
    r#"{"kty":"oct","k":"AA"}"#,
    r#"{"kty":"OKP","crv":"Ed25519","x":"AA"}"#,
];

static KEYS: LazyLock<Vec<Value>> = LazyLock::new(|| {
    let ours = ALGORITHMS.map(|algorithm| serde_json::to_value(key(algorithm).public_jwk()).expect("a JWK"));
    ours.into_iter().chain(STRANGE.map(|key| serde_json::from_str(key).expect("JSON"))).collect()
});
static VALID: LazyLock<String> = LazyLock::new(|| serde_json::json!({ "keys": KEYS[..7] }).to_string());

fuzz_target!(|input: Input<'_>| {
    let text = match &input {
        Input::Free(text) => Some((*text).to_owned()),
        Input::Spoiled(edits) => edited_text(&VALID, edits),
        Input::Keys(keys) => Some(set_of(keys)),
    };
    let Some(text) = text else { return };
    match JwkSet::parse(&text) {
        Ok(set) => check_set(&set, &text),
        Err(error) => check_error(&error, &[]),
    }
});

fn check_set(set: &JwkSet, text: &str) {
    assert!(text.len() <= JwkSet::MAX_BYTES && set.keys().len() <= JwkSet::MAX_KEYS);
    let document = json::parse(text.as_bytes()).expect("a set is strict JSON");
    let sent = document["keys"].as_array().expect("with an array of keys");
    assert!(sent.len() <= JwkSet::MAX_KEYS && sent.iter().all(|key| key["kty"] != "oct"));
    let mut alone: Vec<Jwk> = sent.iter().filter_map(|key| Jwk::from_value(key).ok()).collect();
    assert_eq!(alone.len(), set.keys().len());
    for (key, alone) in set.keys().iter().zip(alone.drain(..)) {
        assert!(*key.jwk() == alone);
        if let Some(kid) = key.kid() {
            assert!(set.find_kid(kid) == Some(key), "{kid}");
            assert!(set.find(kid, key.algorithm()) == Some(key), "{kid}");
        }
        let same = set.keys().iter().filter(|other| other.algorithm() == key.algorithm()).count();
        assert_eq!(set.sole(key.algorithm()).is_some(), same == 1);
    }
    let written = serde_json::to_string(set).expect("a set is written");
    // What is written may be longer than what was read, by `use` and `alg`.
    if written.len() <= JwkSet::MAX_BYTES {
        let again = JwkSet::parse(&written).expect("and read again");
        assert!(again == *set);
        assert_eq!(serde_json::to_string(&again).expect("a set is written"), written);
    }
}

fn set_of(keys: &[(u8, Option<&str>)]) -> String {
    let keys: Vec<Value> = keys
        .iter()
        .take(JwkSet::MAX_KEYS + 2)
        .map(|(index, kid)| {
            let mut key = KEYS[usize::from(*index) % KEYS.len()].clone();
            match kid {
                Some(kid) => key["kid"] = Value::from(*kid),
                None => drop(key.as_object_mut().and_then(|key| key.remove("kid"))),
            }
            key
        })
        .collect();
    serde_json::json!({ "keys": keys }).to_string()
}
