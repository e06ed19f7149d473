//! Keys with published private halves, and tokens whose header and payload are any text, rightly signed.
#![allow(dead_code, reason = "each test file uses its part")]

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use countersign_jose::{Algorithm, SigningKey, base64url};
use serde_json::Value;

const KEYS: &str = include_str!("../vectors/keys.json");

pub(crate) fn entry(name: &str) -> String {
    let keys: Value = serde_json::from_str(KEYS).unwrap();
    keys[name].as_str().unwrap().to_owned()
}

pub(crate) fn pkcs8(name: &str) -> Vec<u8> {
    STANDARD.decode(entry(name)).unwrap()
}

/// The key of the party that the verifier trusts.
pub(crate) fn key(algorithm: Algorithm) -> SigningKey {
    SigningKey::from_pkcs8_der(algorithm, &pkcs8(algorithm.as_str())).unwrap()
}

/// A key of the same kind that somebody else holds.
pub(crate) fn other_key(algorithm: Algorithm) -> SigningKey {
    SigningKey::from_pkcs8_der(algorithm, &pkcs8(&format!("other {algorithm}"))).unwrap()
}

/// Signs any header and payload.
pub(crate) fn forge(key: &SigningKey, header: impl AsRef<[u8]>, payload: impl AsRef<[u8]>) -> String {
    seal(key, &format!("{}.{}", base64url::encode(header), base64url::encode(payload)))
}

/// Signs any text in the place of `header.payload`.
pub(crate) fn seal(key: &SigningKey, signing_input: &str) -> String {
    let signature = key.sign(signing_input.as_bytes()).unwrap();
    format!("{signing_input}.{}", base64url::encode(signature))
}
