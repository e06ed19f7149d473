//! The encryption keys of one party, out of its JWK set ([RFC 7517 §5], [OIDC Core §10.2]).
//!
//! The same document has the party's signature keys, which are passed over here as these are passed over by
//! [`JwkSet`](crate::JwkSet). What refuses that set refuses this one.
//!
//! [RFC 7517 §5]: https://www.rfc-editor.org/rfc/rfc7517#section-5
//! [OIDC Core §10.2]: https://openid.net/specs/openid-connect-core-1_0.html#Encryption

use std::fmt;

use serde_json::Value;

use super::encryption_key::Published;
use super::jwk::{self, Named};
use super::{EncryptionKey, KeyManagement};
use crate::{JwkSet, JwkSetError, KeyError, json};

/// The public keys that one may encrypt to, so that one party reads it.
#[derive(Clone, Default)]
pub struct EncryptionKeySet {
    keys: Vec<Published>,
}

impl EncryptionKeySet {
    /// Reads the encryption keys of a set: those that say, by `use`, `key_ops`, `alg` or their curve, that they are for
    /// encryption. [`JwkSet::MAX_BYTES`] and [`JwkSet::MAX_KEYS`] are the bounds.
    ///
    /// # Errors
    /// [`JwkSetError`], one variant per rule. A set without such keys is not an error.
    pub fn parse(text: &str) -> Result<Self, JwkSetError> {
        if text.len() > JwkSet::MAX_BYTES {
            return Err(JwkSetError::TooLarge { found: text.len() });
        }
        Self::from_value(&json::parse(text.as_bytes())?)
    }

    /// Reads a set out of a JSON value that the strict reader has produced.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn from_value(value: &Value) -> Result<Self, JwkSetError> {
        // Also for what is wrong with the keys that are passed over here.
        JwkSet::from_value(value)?;
        let members = value.get("keys").and_then(Value::as_array).ok_or(JwkSetError::Malformed)?;
        let mut keys = Vec::new();
        for (index, member) in members.iter().enumerate() {
            match Published::read(member) {
                Ok(key) if member.as_object().is_some_and(jwk::speaks_of_encryption) => keys.push(key),
                // For signatures as well as for encryption, or of a kind that we do not have.
                Ok(_) | Err(KeyError::Unsupported | KeyError::NotForEncryption) => {}
                Err(reason) => return Err(JwkSetError::Key { index, reason }),
            }
        }
        Ok(EncryptionKeySet { keys })
    }

    /// The first key of the set that is for this algorithm, or that leaves its algorithm open and fits.
    pub fn choose(&self, algorithm: KeyManagement) -> Option<EncryptionKey> {
        let fits = |key: &&Published| match key.named {
            Some(Named::KeyManagement(named)) => named == algorithm && key.half.fits(algorithm),
            Some(Named::ContentEncryption(_)) => false,
            None => key.half.fits(algorithm),
        };
        self.keys.iter().find(fits).map(|key| EncryptionKey::published(algorithm, key))
    }

    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether the set holds no keys.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }
}

impl fmt::Debug for EncryptionKeySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.keys.iter().map(|key| &key.kid)).finish()
    }
}
