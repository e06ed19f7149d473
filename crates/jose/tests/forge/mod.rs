//! Keys with published private halves, and tokens whose header and payload are any text, rightly signed.
#![allow(dead_code, reason = "each test file uses its part")]

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use countersign_jose::{Algorithm, Jwk, SigningKey, VerifyingKey, base64url};
use serde_json::Value;

const KEYS: &str = include_str!("../vectors/keys.json");

/// The algorithms that this build signs with: the pure-Rust back end has no RSA private keys.
pub(crate) const SIGNING: &[Algorithm] = if cfg!(feature = "native") {
    Algorithm::ALL
} else {
    &[Algorithm::EdDSA, Algorithm::Es256, Algorithm::Es384, Algorithm::Es512]
};

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
        _ if is_ml_dsa(algorithm) => algorithm.as_str(),
        _ => "RS256",
    }
}

/// The algorithms whose keys every tool writes.
pub(crate) fn classical() -> impl Iterator<Item = Algorithm> {
    Algorithm::ALL.iter().copied().filter(|&algorithm| !is_ml_dsa(algorithm))
}

/// These are there with a feature only, and then in every build alike.
pub(crate) fn is_ml_dsa(algorithm: Algorithm) -> bool {
    algorithm.as_str().starts_with("ML-DSA")
}

/// The key of the party that the verifier trusts.
pub(crate) fn key(algorithm: Algorithm) -> SigningKey {
    SigningKey::from_pkcs8_der(algorithm, &pkcs8(material(algorithm))).unwrap()
}

/// The public half of [`key`], with its thumbprint as the key id: for every algorithm in every build.
pub(crate) fn public(algorithm: Algorithm) -> Jwk {
    if is_ml_dsa(algorithm) {
        return key(algorithm).public_jwk().clone();
    }
    let pem: Value = serde_json::from_str(include_str!("../vectors/pem.json")).unwrap();
    let pem = pem[format!("{} public", material(algorithm))].as_str().unwrap();
    let key = VerifyingKey::from_pem(algorithm, pem).unwrap();
    key.jwk().clone().with_kid(key.thumbprint().as_str())
}

pub(crate) fn verifying_key(algorithm: Algorithm) -> VerifyingKey {
    VerifyingKey::from_jwk(&public(algorithm)).unwrap()
}

/// A signature over the bytes `message` by [`key`]: made now, or before where this build has no such private key.
pub(crate) fn signature(algorithm: Algorithm) -> Vec<u8> {
    if SIGNING.contains(&algorithm) || is_ml_dsa(algorithm) {
        return key(algorithm).sign(b"message").unwrap();
    }
    let made: Value = serde_json::from_str(include_str!("../vectors/rsa_signatures.json")).unwrap();
    base64url::decode(made[algorithm.as_str()].as_str().unwrap()).unwrap()
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
