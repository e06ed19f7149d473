//! JWK sets ([RFC 7517 §5]).
//!
//! Keys that we cannot use (another `kty`, another curve, encryption) are passed over, as the RFC asks. A key that must
//! not be there (symmetric, private, weak, malformed, two keys with one `kid`) refuses the whole set: whoever publishes
//! it has lost control of it.
//!
//! [RFC 7517 §5]: https://www.rfc-editor.org/rfc/rfc7517#section-5

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::Value;

use crate::{Algorithm, Jwk, KeyError, VerifyingKey, json};

/// The verifying keys of one party.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct JwkSet {
    keys: Vec<VerifyingKey>,
}

impl JwkSet {
    /// The longest document that [`parse`](Self::parse) reads, in bytes.
    pub const MAX_BYTES: usize = 64 * 1024;

    /// The most keys that a set may hold, those that are passed over included.
    pub const MAX_KEYS: usize = 64;

    /// Reads a set.
    ///
    /// # Errors
    /// [`JwkSetError`], one variant per rule. An empty set is not an error, nor is one in which no key is usable.
    pub fn parse(text: &str) -> Result<Self, JwkSetError> {
        if text.len() > Self::MAX_BYTES {
            return Err(JwkSetError::TooLarge { found: text.len() });
        }
        Self::from_value(&json::parse(text.as_bytes())?)
    }

    /// Reads a set out of a JSON value that the strict reader has produced.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn from_value(value: &Value) -> Result<Self, JwkSetError> {
        let members = value.get("keys").and_then(Value::as_array).ok_or(JwkSetError::Malformed)?;
        if members.len() > Self::MAX_KEYS {
            return Err(JwkSetError::TooManyKeys { found: members.len() });
        }
        check_kids(members)?;
        let mut keys = Vec::with_capacity(members.len());
        for (index, member) in members.iter().enumerate() {
            match Jwk::from_value(member) {
                Ok(jwk) => {
                    keys.push(VerifyingKey::from_jwk(&jwk).map_err(|reason| JwkSetError::Key { index, reason })?)
                }
                Err(KeyError::Unsupported | KeyError::NotForSignatures) => {}
                Err(reason) => return Err(JwkSetError::Key { index, reason }),
            }
        }
        Ok(JwkSet { keys })
    }

    /// Makes a set of keys that we hold, to publish it.
    ///
    /// # Errors
    /// [`JwkSetError::DuplicateKid`] and [`JwkSetError::TooManyKeys`].
    pub fn from_keys(keys: impl IntoIterator<Item = VerifyingKey>) -> Result<Self, JwkSetError> {
        let keys: Vec<VerifyingKey> = keys.into_iter().collect();
        if keys.len() > Self::MAX_KEYS {
            return Err(JwkSetError::TooManyKeys { found: keys.len() });
        }
        check_distinct(keys.iter().filter_map(VerifyingKey::kid).collect())?;
        Ok(JwkSet { keys })
    }

    /// The usable keys, in the order of the document.
    pub fn keys(&self) -> &[VerifyingKey] {
        &self.keys
    }

    /// The key with this id and algorithm.
    pub fn find(&self, kid: &str, algorithm: Algorithm) -> Option<&VerifyingKey> {
        self.find_kid(kid).filter(|key| key.algorithm() == algorithm)
    }

    /// The key with this id.
    pub fn find_kid(&self, kid: &str) -> Option<&VerifyingKey> {
        self.keys.iter().find(|key| key.kid() == Some(kid))
    }

    /// The key for this algorithm, if there is exactly one: what a header without `kid` means ([OIDC Core §10.1]).
    ///
    /// [OIDC Core §10.1]: https://openid.net/specs/openid-connect-core-1_0.html#Signing
    pub fn sole(&self, algorithm: Algorithm) -> Option<&VerifyingKey> {
        let mut candidates = self.keys.iter().filter(|key| key.algorithm() == algorithm);
        candidates.next().filter(|_| candidates.next().is_none())
    }
}

/// Looks at all keys, also at those that are passed over: a `kid` must name one key.
fn check_kids(members: &[Value]) -> Result<(), JwkSetError> {
    check_distinct(members.iter().filter_map(|member| member.get("kid").and_then(Value::as_str)).collect())
}

fn check_distinct(mut kids: Vec<&str>) -> Result<(), JwkSetError> {
    kids.sort_unstable();
    if kids.windows(2).any(|pair| matches!(pair, [a, b] if a == b)) { Err(JwkSetError::DuplicateKid) } else { Ok(()) }
}

impl fmt::Debug for JwkSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("JwkSet").field(&self.keys).finish()
    }
}

impl Serialize for JwkSet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Document<'a> {
            keys: Vec<&'a Jwk>,
        }
        Document { keys: self.keys.iter().map(VerifyingKey::jwk).collect() }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for JwkSet {
    /// Reads a set by the rules of [`JwkSet::parse`], but for size and unique members, which are for the reader of the
    /// whole document to see: use [`json::from_slice`].
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::from_value(&Value::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

/// Why a set was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JwkSetError {
    /// Two keys have one `kid`.
    #[error("two keys of the set have the same kid")]
    DuplicateKid,
    /// Not a JSON document that the strict reader accepts.
    #[error("the key set is not strict JSON: {0}")]
    Json(#[from] json::JsonError),
    /// A key that must not be in a set.
    #[error("key {index} of the set is refused: {reason}")]
    Key {
        /// Its place, from 0.
        index: usize,
        /// What is wrong with the key.
        reason: KeyError,
    },
    /// Not an object with an array `keys`.
    #[error("the key set has no array \"keys\"")]
    Malformed,
    /// Longer than [`JwkSet::MAX_BYTES`].
    #[error("the key set is {found} bytes long, the limit is {}", JwkSet::MAX_BYTES)]
    TooLarge {
        /// Its length in bytes.
        found: usize,
    },
    /// More keys than [`JwkSet::MAX_KEYS`].
    #[error("the key set holds {found} keys, the limit is {}", JwkSet::MAX_KEYS)]
    TooManyKeys {
        /// How many there are.
        found: usize,
    },
}

impl JwkSetError {
    /// A stable name for logs and metrics; of a key that is refused, the key's.
    pub fn code(&self) -> &'static str {
        match self {
            JwkSetError::DuplicateKid => "key_set_duplicate_kid",
            JwkSetError::Json(_) => "key_set_json",
            JwkSetError::Key { reason, .. } => reason.code(),
            JwkSetError::Malformed => "key_set_malformed",
            JwkSetError::TooLarge { .. } => "key_set_too_large",
            JwkSetError::TooManyKeys { .. } => "key_set_too_many_keys",
        }
    }
}
