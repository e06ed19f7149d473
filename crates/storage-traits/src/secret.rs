//! What must not be read (`Secret`) and what is stored in its place (`Handle`).

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::random::{self, Random};

/// A bearer secret: a code, a token, a session identifier, a password. Neither `Debug` nor `Display` shows it, it has
/// no `Serialize`, it is wiped when dropped, and two are compared in constant time.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes over a secret that came from outside.
    pub fn new(secret: impl Into<String>) -> Self {
        Secret(Zeroizing::new(secret.into()))
    }

    /// 256 fresh random bits, base64url without padding: 43 characters, safe in URLs, headers and cookies.
    pub fn generate(random: &dyn Random) -> Self {
        Secret::new(URL_SAFE_NO_PAD.encode(random::bytes::<32>(random)))
    }

    /// Takes over what somebody presents as a secret that [`Secret::generate`] made; `None` where it has another shape.
    /// Anything shorter could be guessed.
    pub fn presented(text: &str) -> Option<Self> {
        let shaped = text.len() == CHARACTERS
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
        shaped.then(|| Secret::new(text))
    }

    /// The secret itself. Each call is a place where it may leave the process: an answer, a cookie, a hash.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What is stored instead.
    pub fn handle(&self) -> Handle {
        Handle::of(&self.0)
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }
}

impl Eq for Secret {}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Secret::new)
    }
}

/// The SHA-256 of a secret, base64url without padding (43 characters): the stored name of what the secret opens.
///
/// The secrets behind handles have at least 128 bits of entropy, so a plain hash is enough: there is nothing to guess.
/// Passwords have not, and never become handles.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Handle(String);

impl Handle {
    /// The handle of a secret given as text.
    pub fn of(secret: &str) -> Self {
        Handle(URL_SAFE_NO_PAD.encode(Sha256::digest(secret.as_bytes())))
    }

    /// The handle as text, to be a record's id.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether `secret` is the one behind this handle, in constant time.
    pub fn matches(&self, secret: &Secret) -> bool {
        self.0.as_bytes().ct_eq(secret.handle().0.as_bytes()).into()
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Handle(…)")
    }
}

/// 256 bits in base64url.
const CHARACTERS: usize = 43;

/// A random identifier that is public: `prefix_` and 128 random bits, base64url. Not a secret, so it has no handle.
pub fn identifier(prefix: &str, random: &dyn Random) -> String {
    format!("{prefix}_{}", URL_SAFE_NO_PAD.encode(random::bytes::<16>(random)))
}
