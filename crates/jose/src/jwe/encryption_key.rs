//! Keys that one encrypts to: parsed once, one `alg` each ([RFC 8725 §3.1]).
//!
//! They are other types than the keys of signatures, and a JWK for the one use is refused by the other.
//!
//! [RFC 8725 §3.1]: https://www.rfc-editor.org/rfc/rfc8725#section-3.1

use std::fmt;
use std::sync::Arc;

use serde_json::Value;
use zeroize::Zeroizing;

use super::jwk::{self, Half, Named};
use super::key_management::pbes2;
use super::{AgreementCurve, ContentEncryption, KeyManagement};
use crate::crypto::encryption::{AgreementKey, AgreementPublicKey, OaepPublicKey};
use crate::crypto::{PublicMembers, Rejected};
use crate::jwk::{members, required_members};
use crate::{KeyError, Thumbprint, json};

/// What one encrypts to: somebody's public key, or a secret that two parties share. Cloning shares the key.
#[derive(Clone)]
pub struct EncryptionKey {
    algorithm: KeyManagement,
    kid: Option<String>,
    pub(super) recipient: Recipient,
}

#[derive(Clone)]
pub(super) enum Recipient {
    Public(Arc<PublicHalf>),
    Shared(Arc<Shared>),
    /// With the iteration count.
    Password(Arc<Shared>, pbes2::Count),
}

/// A public key, parsed.
pub(super) struct PublicHalf {
    pub(super) members: PublicMembers,
    pub(super) key: PublicKey,
}

pub(super) enum PublicKey {
    Agreement(AgreementCurve, AgreementPublicKey),
    Oaep(OaepPublicKey),
}

/// A secret that both parties have.
pub(super) struct Shared {
    pub(super) secret: Zeroizing<Vec<u8>>,
    /// For `dir`: the one content encryption that it is the key of.
    pub(super) direct: Option<ContentEncryption>,
}

impl PublicHalf {
    pub(super) fn new(members: PublicMembers) -> Result<Self, KeyError> {
        let key = match AgreementCurve::of(&members) {
            Some(curve) => {
                let key = AgreementPublicKey::new(&members).map_err(|Rejected| KeyError::Point)?;
                if curve == AgreementCurve::X25519 {
                    check_order(&key)?;
                }
                PublicKey::Agreement(curve, key)
            }
            None => PublicKey::Oaep(OaepPublicKey::new(&members).map_err(|Rejected| KeyError::Point)?),
        };
        Ok(PublicHalf { members, key })
    }

    pub(super) fn fits(&self, algorithm: KeyManagement) -> bool {
        match self.key {
            PublicKey::Agreement(..) => algorithm.is_agreement(),
            PublicKey::Oaep(_) => algorithm == KeyManagement::RsaOaep256,
        }
    }
}

/// A point of small order gives the same secret with everybody's key, which the back end refuses.
fn check_order(key: &AgreementPublicKey) -> Result<(), KeyError> {
    let probe = AgreementKey::generate(AgreementCurve::X25519).map_err(|Rejected| KeyError::Backend)?;
    probe.agree(key).map(drop).map_err(|Rejected| KeyError::Point)
}

impl EncryptionKey {
    /// Reads a public JWK that names its `alg`. Members that it does not know are ignored, as [RFC 7517 §4] asks.
    ///
    /// # Errors
    /// [`KeyError`], one variant per rule. A symmetric key is [`KeyError::Symmetric`]: it is read as a [`DecryptionKey`](super::DecryptionKey).
    ///
    /// [RFC 7517 §4]: https://www.rfc-editor.org/rfc/rfc7517#section-4
    pub fn from_jwk(text: &str) -> Result<Self, KeyError> {
        Self::read(text, None)
    }

    /// Reads a public JWK for an algorithm of the caller's choice, which the JWK may name or leave open.
    ///
    /// # Errors
    /// As [`from_jwk`](Self::from_jwk); [`KeyError::AlgorithmMismatch`] when the JWK names another algorithm or the
    /// algorithm does not fit the key.
    pub fn from_jwk_for(algorithm: KeyManagement, text: &str) -> Result<Self, KeyError> {
        Self::read(text, Some(algorithm))
    }

    fn read(text: &str, wanted: Option<KeyManagement>) -> Result<Self, KeyError> {
        let Published { named, kid, half } = Published::read(&json::parse(text.as_bytes())?)?;
        let Named::KeyManagement(algorithm) = jwk::settle(named, wanted)? else {
            return Err(KeyError::AlgorithmMismatch);
        };
        if half.fits(algorithm) {
            Ok(EncryptionKey { algorithm, kid, recipient: Recipient::Public(half) })
        } else {
            Err(KeyError::AlgorithmMismatch)
        }
    }

    pub(super) fn new(algorithm: KeyManagement, kid: Option<String>, recipient: Recipient) -> Self {
        EncryptionKey { algorithm, kid, recipient }
    }

    pub(super) fn published(algorithm: KeyManagement, key: &Published) -> Self {
        Self::new(algorithm, key.kid.clone(), Recipient::Public(Arc::clone(&key.half)))
    }

    /// Writes a public key as a JWK with `use`, `alg` and, if it has one, `kid`.
    ///
    /// # Errors
    /// [`KeyError::Symmetric`] for a key that is nobody's to publish.
    pub fn to_jwk(&self) -> Result<Value, KeyError> {
        let Recipient::Public(half) = &self.recipient else { return Err(KeyError::Symmetric) };
        json::parse(describe(&required_members(&half.members), self.algorithm.as_str(), self.kid()).as_bytes())
            .map_err(|_| KeyError::Backend)
    }

    /// The one algorithm that it is used with.
    pub fn algorithm(&self) -> KeyManagement {
        self.algorithm
    }

    /// The key id, as it stands in the header of what is encrypted to it.
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// The same key under another id. Never derive one from a secret.
    #[must_use]
    pub fn with_kid(self, kid: impl Into<String>) -> Self {
        EncryptionKey { kid: Some(kid.into()), ..self }
    }

    /// The SHA-256 thumbprint of a public key ([RFC 7638]); a secret has none, since it would tell of the secret.
    ///
    /// [RFC 7638]: https://www.rfc-editor.org/rfc/rfc7638
    pub fn thumbprint(&self) -> Option<Thumbprint> {
        match &self.recipient {
            Recipient::Public(half) => Some(Thumbprint::of_members(&required_members(&half.members))),
            Recipient::Shared(_) | Recipient::Password(..) => None,
        }
    }

    /// The one content encryption that a key for `dir` is the key of.
    pub(super) fn content_encryption(&self) -> Option<ContentEncryption> {
        match &self.recipient {
            Recipient::Shared(shared) => shared.direct,
            Recipient::Public(_) | Recipient::Password(..) => None,
        }
    }

    /// How often a password is hashed, 1 000 to 10 000 000; the default is that of [`DecryptionKey::password`](super::DecryptionKey::password). Values
    /// outside are brought inside; on other keys it has no effect.
    #[must_use]
    pub fn with_password_count(self, count: u32) -> Self {
        let recipient = match self.recipient {
            Recipient::Password(secret, _) => Recipient::Password(secret, pbes2::Count::nearest(count)),
            other => other,
        };
        EncryptionKey { recipient, ..self }
    }
}

impl fmt::Debug for EncryptionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EncryptionKey").field("alg", &self.algorithm).field("kid", &self.kid).finish_non_exhaustive()
    }
}

impl Shared {
    pub(super) fn new(secret: &[u8], direct: Option<ContentEncryption>) -> Self {
        Shared { secret: Zeroizing::new(secret.to_vec()), direct }
    }
}

/// A public key as somebody publishes it; it may leave its algorithm open.
#[derive(Clone)]
pub(super) struct Published {
    pub(super) named: Option<Named>,
    pub(super) kid: Option<String>,
    pub(super) half: Arc<PublicHalf>,
}

impl Published {
    pub(super) fn read(value: &Value) -> Result<Self, KeyError> {
        let object = value.as_object().ok_or(KeyError::Malformed)?;
        if members::text(object, "kty")? == Some("oct") {
            return Err(KeyError::Symmetric);
        }
        if members::PRIVATE_MEMBERS.iter().any(|member| object.contains_key(*member)) {
            return Err(KeyError::PrivateMember);
        }
        jwk::check_purpose(object, Half::Public)?;
        let kid = members::kid(object)?;
        let half = Arc::new(PublicHalf::new(jwk::public_members(object)?)?);
        Ok(Published { named: jwk::algorithm(object)?, kid, half })
    }
}

/// Adds `use`, `alg` and `kid` to an object that has some members.
pub(super) fn describe(object: &str, alg: &str, kid: Option<&str>) -> String {
    let mut jwk = object.strip_suffix('}').unwrap_or(object).to_owned();
    jwk.push_str(r#","use":"enc""#);
    for (name, value) in [("alg", Some(alg).filter(|alg| !alg.is_empty())), ("kid", kid)] {
        if let Some(value) = value {
            super::object::push_member(&mut jwk, name, value);
        }
    }
    jwk.push('}');
    jwk
}
