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

/// The key material for an algorithm: all RSA algorithms share theirs, so that nothing but the algorithm tells them apart.
pub(crate) fn material(algorithm: Algorithm) -> &'static str {
    match algorithm {
        Algorithm::EdDSA | Algorithm::Es256 | Algorithm::Es384 | Algorithm::Es512 => algorithm.as_str(),
        _ => "RS256",
    }
}

/// The key of the party that the verifier trusts.
pub(crate) fn key(algorithm: Algorithm) -> SigningKey {
    SigningKey::from_pkcs8_der(algorithm, &pkcs8(material(algorithm))).unwrap()
}

/// A key of the same kind that somebody else holds.
pub(crate) fn other_key(algorithm: Algorithm) -> SigningKey {
    SigningKey::from_pkcs8_der(algorithm, &pkcs8(&format!("other {}", material(algorithm)))).unwrap()
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
