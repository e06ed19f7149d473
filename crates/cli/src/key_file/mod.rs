//! Key files: JWK, JWK set, PEM, DER, or the secret of a MAC. What a file is, it says by its content.
//!
//! PEM and DER do not name an algorithm: an EC or Ed25519 key has but one, an RSA key is for RS256 unless the caller says
//! otherwise.

pub(crate) mod key_ring;
pub(crate) mod key_set;
pub(crate) mod secret;

use std::path::Path;

use countersign_jose::{Algorithm, Jwk, JwkSet, KeyError, SigningKey, VerifyingKey, json};
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::answer::Unable;
use crate::input;
use crate::private_file;
use key_ring::KeyRing;
use key_set::set_of;

/// What a key file holds.
pub(crate) enum KeyFile {
    /// Private keys, with the times of their rotation where they were written by `keys rotate`.
    Ring(KeyRing),
    Private(SigningKey),
    Set(JwkSet),
    Public(VerifyingKey),
}

impl KeyFile {
    /// Reads a key file. Where the key does not name its algorithm, `algorithm` does.
    pub(crate) fn read(path: &Path, algorithm: Option<Algorithm>) -> Result<Self, Unable> {
        let bytes = input::read_file(path)?;
        let parsed = match bytes.trim_ascii() {
            [b'{', ..] => of_json(&bytes),
            [b'-', ..] => of_pem(&bytes, algorithm),
            _ => of_der(&bytes, algorithm),
        };
        parsed.map_err(|reason| Unable::file(path, reason))
    }

    /// The public halves of all keys.
    pub(crate) fn public_set(&self) -> Result<JwkSet, Unable> {
        match self {
            KeyFile::Ring(ring) => ring.public_set(),
            KeyFile::Private(key) => set_of([key.verifying_key()]),
            KeyFile::Set(set) => Ok(set.clone()),
            KeyFile::Public(key) => set_of([key.clone()]),
        }
    }

    /// A remark for the person where others may read a private key.
    pub(crate) fn warning(&self, path: &Path) -> Option<String> {
        match self {
            KeyFile::Ring(_) | KeyFile::Private(_) => private_file::warning(path),
            KeyFile::Set(_) | KeyFile::Public(_) => None,
        }
    }
}

/// What tells one kind of document from another.
#[derive(Deserialize)]
struct Outline {
    keys: Option<Vec<OutlineKey>>,
    d: Option<IgnoredAny>,
    kty: Option<String>,
}

#[derive(Deserialize)]
struct OutlineKey {
    d: Option<IgnoredAny>,
}

fn of_json(bytes: &[u8]) -> Result<KeyFile, String> {
    let outline: Outline = json::from_slice(bytes).map_err(|error| format!("{error} (key_json)"))?;
    let text = std::str::from_utf8(bytes).map_err(|error| error.to_string())?;
    match outline {
        Outline { keys: Some(keys), .. } if keys.iter().any(|key| key.d.is_some()) => {
            KeyRing::parse(text).map(KeyFile::Ring)
        }
        Outline { keys: Some(_), .. } => {
            JwkSet::parse(text).map(KeyFile::Set).map_err(|error| format!("{error} ({})", error.code()))
        }
        Outline { d: Some(_), .. } => SigningKey::from_jwk(text).map(KeyFile::Private).map_err(coded),
        Outline { kty: Some(kty), .. } if kty == "oct" => {
            Err("it holds the secret of a MAC; --secret-file takes those".to_owned())
        }
        _ => Jwk::parse(text).and_then(|jwk| VerifyingKey::from_jwk(&jwk)).map(KeyFile::Public).map_err(coded),
    }
}

fn of_pem(bytes: &[u8], algorithm: Option<Algorithm>) -> Result<KeyFile, String> {
    let text = std::str::from_utf8(bytes).map_err(|error| error.to_string())?;
    if text.contains("ENCRYPTED") {
        return Err("it is an encrypted key; decrypt it first".to_owned());
    }
    if text.contains("PUBLIC KEY") {
        return first(algorithm, |algorithm| VerifyingKey::from_pem(algorithm, text)).map(KeyFile::Public);
    }
    first(algorithm, |algorithm| SigningKey::from_pem(algorithm, text)).map(KeyFile::Private)
}

fn of_der(bytes: &[u8], algorithm: Option<Algorithm>) -> Result<KeyFile, String> {
    if let Ok(key) = first(algorithm, |algorithm| SigningKey::from_pkcs8_der(algorithm, bytes)) {
        return Ok(KeyFile::Private(key));
    }
    if let Ok(key) = first(algorithm, |algorithm| VerifyingKey::from_spki_der(algorithm, bytes)) {
        return Ok(KeyFile::Public(key));
    }
    // The older encodings fit more than they should, so they are tried last.
    first(algorithm, |algorithm| SigningKey::from_traditional_der(algorithm, bytes))
        .map(KeyFile::Private)
        .map_err(|_| "it is neither JSON nor PEM nor the DER of a key that is acceptable".to_owned())
}

/// The key with the algorithm that was named, or with the first that it can do.
fn first<T>(named: Option<Algorithm>, read: impl Fn(Algorithm) -> Result<T, KeyError>) -> Result<T, String> {
    // RSA can do six, and is for RS256 unless it says otherwise; every other key can do one.
    let other_rsa = [Algorithm::Ps256, Algorithm::Ps384, Algorithm::Ps512, Algorithm::Rs384, Algorithm::Rs512];
    let candidates: Vec<Algorithm> = match named {
        Some(algorithm) => vec![algorithm],
        None => Algorithm::ALL.iter().copied().filter(|algorithm| !other_rsa.contains(algorithm)).collect(),
    };
    let mut refused = KeyError::Malformed;
    for algorithm in candidates {
        match read(algorithm) {
            Ok(key) => return Ok(key),
            Err(KeyError::Malformed) => {}
            // It is such a key, and not a good one.
            Err(error) => refused = error,
        }
    }
    Err(match named {
        Some(algorithm) if refused == KeyError::Malformed => format!("it is not a key for {algorithm} (key_malformed)"),
        _ => coded(refused),
    })
}

fn coded(error: KeyError) -> String {
    format!("{error} ({})", error.code())
}
