//! Sealing: what must be stored and yet not be readable in the store.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Salt};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::fault::Fault;
use crate::secret::Secret;

/// Keys under which private keys and the like are sealed (AES-256-GCM-SIV). They come from the configuration and never
/// enter the store. New things are sealed under the newest; older ones still open what they sealed.
pub struct KeyRing {
    keys: BTreeMap<u32, SealingKey>,
}

/// Why a key ring cannot be made.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum KeyRingError {
    /// No secret was given.
    #[error("at least one secret is needed")]
    Empty,
    /// The secret is too short to be a key.
    #[error("a secret has {found} bytes; at least {expected} are needed")]
    TooShort {
        /// The least number of bytes.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// The secret is long and yet soon guessed: it repeats itself, counts, or has few different characters.
    #[error("a secret is guessable: it must be random, 32 bytes from a generator for one")]
    Guessable,
}

impl KeyRing {
    /// The shortest secret that is accepted, in bytes.
    pub const SECRET_BYTES: usize = 32;

    /// Keys from secrets, by version number.
    ///
    /// # Errors
    /// [`KeyRingError`]; it never holds the secret.
    pub fn new(secrets: impl IntoIterator<Item = (u32, Secret)>) -> Result<Self, KeyRingError> {
        let mut keys = BTreeMap::new();
        for (version, secret) in secrets {
            Self::judge(&secret)?;
            keys.insert(version, SealingKey::derive(&secret, "countersign key ring"));
        }
        if keys.is_empty() { Err(KeyRingError::Empty) } else { Ok(KeyRing { keys }) }
    }

    /// Whether a secret can be a key: 32 bytes or more that look random. Nobody can prove that a secret is random. So this
    /// refuses only what no generator makes: `aaaa…`, `abcabc…`, `0123…`.
    ///
    /// # Errors
    /// [`KeyRingError::TooShort`], [`KeyRingError::Guessable`].
    pub fn judge(secret: &Secret) -> Result<(), KeyRingError> {
        let found = secret.expose().len();
        if found < Self::SECRET_BYTES {
            return Err(KeyRingError::TooShort { expected: Self::SECRET_BYTES, found });
        }
        if is_guessable(secret.expose().as_bytes()) { Err(KeyRingError::Guessable) } else { Ok(()) }
    }

    /// The number of the newest key.
    pub(crate) fn newest(&self) -> Option<u32> {
        self.keys.keys().next_back().copied()
    }

    /// Seals under the newest key. `context` says what and where it is (kind and id): it must be the same at opening, so
    /// that a sealed value cannot be moved to another record.
    ///
    /// # Errors
    /// [`Fault::Crypto`].
    pub fn seal(&self, context: &str, plain: &[u8]) -> Result<Sealed, Fault> {
        let (version, key) = self.keys.last_key_value().ok_or(Fault::Crypto("the key ring is empty"))?;
        let sealed = key.seal(context, plain)?;
        Ok(Sealed(format!("{version}.{}", sealed.0)))
    }

    /// Opens what [`KeyRing::seal`] made. Each sealed value is one text: no other opens as the same.
    ///
    /// # Errors
    /// [`Fault::Crypto`]: another context, another key ring, or damage.
    pub fn open(&self, context: &str, sealed: &Sealed) -> Result<Zeroizing<Vec<u8>>, Fault> {
        let (version, rest) = sealed.0.split_once('.').ok_or(Fault::Crypto("not a sealed value"))?;
        // The number is compared as it was written: 01 and +1 are no other texts for 1.
        let key = self.keys.iter().find(|(known, _)| known.to_string() == version);
        let (_, key) = key.ok_or(Fault::Crypto("sealed under a key that is not in the key ring"))?;
        key.open(context, &Sealed(rest.to_owned()))
    }
}

/// Random bytes in hexadecimal have 14 different characters in 32, and neighbours that differ by at most one in one case
/// of six; fewer than eight, or more than half, is no chance.
fn is_guessable(secret: &[u8]) -> bool {
    let different: BTreeSet<u8> = secret.iter().copied().collect();
    let near = secret.windows(2).filter(|pair| matches!(pair, [a, b] if a.abs_diff(*b) <= 1)).count();
    let repeats = |period: usize| secret.iter().zip(secret.iter().skip(period)).all(|(a, b)| a == b);
    different.len() < 8 || near > secret.len() / 2 || (1..=secret.len() / 2).any(repeats)
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyRing").field("versions", &self.keys.keys()).finish_non_exhaustive()
    }
}

/// A sealed value: text, safe to store.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sealed(String);

impl Sealed {
    /// From text that somebody kept. Opening says whether it is what was sealed.
    pub fn from_text(text: impl Into<String>) -> Self {
        Sealed(text.into())
    }

    /// As text, safe in URLs and headers.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// One key for sealing, derived from a secret.
pub struct SealingKey(RandomizedNonceKey);

impl SealingKey {
    /// Derives a key from a secret of at least 128 bits of entropy, for one purpose (HKDF-SHA-256, [RFC 5869]). The
    /// secret may be a token that only its holder knows: then only the holder can have the value opened.
    ///
    /// [RFC 5869]: https://www.rfc-editor.org/rfc/rfc5869
    #[expect(clippy::expect_used, reason = "the lengths are constants of the algorithms")]
    pub fn derive(secret: &Secret, purpose: &str) -> Self {
        struct KeyBytes;
        impl KeyType for KeyBytes {
            fn len(&self) -> usize {
                32
            }
        }
        let pseudorandom = Salt::new(HKDF_SHA256, b"countersign").extract(secret.expose().as_bytes());
        let mut key = Zeroizing::new([0; 32]);
        pseudorandom
            .expand(&[purpose.as_bytes()], KeyBytes)
            .and_then(|okm| okm.fill(key.as_mut()))
            .expect("32 bytes are within what HKDF-SHA-256 can give");
        SealingKey(RandomizedNonceKey::new(&AES_256_GCM_SIV, key.as_ref()).expect("the key has 32 bytes"))
    }

    /// Seals; see [`KeyRing::seal`].
    ///
    /// # Errors
    /// [`Fault::Crypto`].
    pub fn seal(&self, context: &str, plain: &[u8]) -> Result<Sealed, Fault> {
        let mut text = plain.to_vec();
        let nonce = self
            .0
            .seal_in_place_append_tag(Aad::from(context.as_bytes()), &mut text)
            .map_err(|_| Fault::Crypto("sealing failed"))?;
        text.extend_from_slice(nonce.as_ref());
        Ok(Sealed(URL_SAFE_NO_PAD.encode(text)))
    }

    /// Opens; see [`KeyRing::open`].
    ///
    /// # Errors
    /// [`Fault::Crypto`].
    pub fn open(&self, context: &str, sealed: &Sealed) -> Result<Zeroizing<Vec<u8>>, Fault> {
        const DAMAGED: Fault = Fault::Crypto("a sealed value does not open");
        let mut text = Zeroizing::new(URL_SAFE_NO_PAD.decode(&sealed.0).map_err(|_| DAMAGED)?);
        let nonce_at = text.len().checked_sub(NONCE_LEN).ok_or(DAMAGED)?;
        let nonce = Nonce::try_assume_unique_for_key(&text.split_off(nonce_at)).map_err(|_| DAMAGED)?;
        let length = self.0.open_in_place(nonce, Aad::from(context.as_bytes()), &mut text).map_err(|_| DAMAGED)?.len();
        text.truncate(length);
        Ok(text)
    }
}

impl fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealingKey(…)")
    }
}
