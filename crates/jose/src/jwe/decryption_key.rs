//! Keys that decrypt: parsed once, one `alg` each ([RFC 8725 §3.1]), and the `enc` that they accept.
//!
//! [RFC 8725 §3.1]: https://www.rfc-editor.org/rfc/rfc8725#section-3.1

use std::fmt;
use std::ops::RangeInclusive;
use std::sync::Arc;

use zeroize::Zeroizing;

use super::encryption_key::{PublicHalf, PublicKey, Recipient, Shared, describe};
use super::jwk::{self, Half, Named};
use super::key_management::pbes2;
use super::{AgreementCurve, ContentEncryption, EncryptionKey, KeyManagement};
use crate::crypto::encryption::{AgreementKey, OaepPrivateKey, random};
use crate::crypto::{PrivateMembers, PublicMembers, Rejected};
use crate::jwk::{Private, check_no_public_members, members, required_members};
use crate::{KeyError, PrivateJwk, RsaSize, Thumbprint};

/// What decrypts: a private key, or a secret that two parties share. Cloning shares the key.
#[derive(Clone)]
pub struct DecryptionKey {
    algorithm: KeyManagement,
    kid: Option<String>,
    accepted: Vec<ContentEncryption>,
    pub(super) owner: Owner,
}

#[derive(Clone)]
pub(super) enum Owner {
    Agreement(AgreementCurve, Arc<AgreementKey>, Arc<PublicHalf>),
    Oaep(Arc<OaepPrivateKey>, Arc<PublicHalf>),
    Shared(Arc<Shared>),
    /// With the iteration counts that are allowed.
    Password(Arc<Shared>, RangeInclusive<u32>),
}

impl DecryptionKey {
    /// Makes a new key from the operating system's randomness: RSA of 2048 bits, P-256 for key agreement, as many random
    /// bytes as a wrapping key takes, and for `dir` a key for A256GCM. The id of a key with a public half is its
    /// thumbprint.
    ///
    /// # Errors
    /// [`KeyError::Unsupported`] for PBES2: a password comes from somewhere else. [`KeyError::RsaPrivateKey`] where the back
    /// end has none, [`KeyError::Backend`] when the cryptographic library fails.
    pub fn generate(algorithm: KeyManagement) -> Result<Self, KeyError> {
        match algorithm {
            KeyManagement::EcdhEs | KeyManagement::EcdhEsA128Kw | KeyManagement::EcdhEsA256Kw => {
                Self::generate_on(AgreementCurve::P256, algorithm)
            }
            KeyManagement::RsaOaep256 => Self::generate_rsa(RsaSize::Bits2048),
            KeyManagement::A128Kw | KeyManagement::A256Kw => {
                let mut secret = Zeroizing::new(vec![0; algorithm.wrapping_key_length().unwrap_or_default()]);
                random(&mut secret).map_err(|Rejected| KeyError::Backend)?;
                Self::symmetric(algorithm, &secret)
            }
            KeyManagement::Dir => {
                let mut secret = Zeroizing::new(vec![0; ContentEncryption::A256Gcm.key_length()]);
                random(&mut secret).map_err(|Rejected| KeyError::Backend)?;
                Self::direct(ContentEncryption::A256Gcm, &secret)
            }
            KeyManagement::Pbes2Hs256A128Kw | KeyManagement::Pbes2Hs512A256Kw => Err(KeyError::Unsupported),
        }
    }

    /// Makes a new key of key agreement on a curve.
    ///
    /// # Errors
    /// [`KeyError::AlgorithmMismatch`] for an algorithm that is no key agreement, [`KeyError::Backend`] when the
    /// cryptographic library fails.
    pub fn generate_on(curve: AgreementCurve, algorithm: KeyManagement) -> Result<Self, KeyError> {
        if !algorithm.is_agreement() {
            return Err(KeyError::AlgorithmMismatch);
        }
        let key = AgreementKey::generate(curve).map_err(|Rejected| KeyError::Backend)?;
        let public = key.public_members().map_err(|Rejected| KeyError::Backend)?;
        let owner = Owner::Agreement(curve, Arc::new(key), Arc::new(PublicHalf::new(public)?));
        Ok(Self::owned(algorithm, owner))
    }

    /// Makes a new key for RSA-OAEP-256. Making it takes from a good part of a second to several seconds.
    ///
    /// # Errors
    /// [`KeyError::RsaPrivateKey`] where the back end has none, [`KeyError::Backend`] when the cryptographic library fails.
    pub fn generate_rsa(size: RsaSize) -> Result<Self, KeyError> {
        check_available()?;
        let key = OaepPrivateKey::generate(size).map_err(|Rejected| KeyError::Backend)?;
        let (public, _) = key.members().map_err(|Rejected| KeyError::Backend)?;
        let owner = Owner::Oaep(Arc::new(key), Arc::new(PublicHalf::new(public)?));
        Ok(Self::owned(KeyManagement::RsaOaep256, owner))
    }

    /// Takes the bytes of a key that wraps: A128KW or A256KW.
    ///
    /// # Errors
    /// [`KeyError::KeySize`] for any length but the algorithm's, [`KeyError::AlgorithmMismatch`] for any other algorithm.
    pub fn symmetric(algorithm: KeyManagement, secret: &[u8]) -> Result<Self, KeyError> {
        let length = match algorithm {
            KeyManagement::A128Kw => 16,
            KeyManagement::A256Kw => 32,
            _ => return Err(KeyError::AlgorithmMismatch),
        };
        if secret.len() != length {
            return Err(KeyError::KeySize);
        }
        Ok(Self::new(algorithm, Owner::Shared(Arc::new(Shared::new(secret, None)))))
    }

    /// Takes the bytes of a content encryption key for `dir`. It is used with this one `enc` and accepts no other.
    ///
    /// # Errors
    /// [`KeyError::KeySize`] for any length but the algorithm's.
    ///
    /// # Security
    /// Each message takes a random initialization vector of 96 bits under the same key: under GCM, no more than 2^32
    /// messages for one key ([RFC 7518 §8.4]).
    ///
    /// [RFC 7518 §8.4]: https://www.rfc-editor.org/rfc/rfc7518#section-8.4
    pub fn direct(enc: ContentEncryption, secret: &[u8]) -> Result<Self, KeyError> {
        if secret.len() != enc.key_length() {
            return Err(KeyError::KeySize);
        }
        let owner = Owner::Shared(Arc::new(Shared::new(secret, Some(enc))));
        Ok(DecryptionKey { accepted: vec![enc], ..Self::new(KeyManagement::Dir, owner) })
    }

    /// Takes a password for PBES2. It is hashed 600 000 times with SHA-256, 210 000 times with SHA-512, where we encrypt;
    /// what others encrypted may ask for anything from 1 000 to as much as that.
    ///
    /// # Errors
    /// [`KeyError::KeySize`] when it is shorter than 16 bytes (SHA-256) or 32 bytes (SHA-512), or longer than 128, as
    /// [RFC 7518 §4.8] has it; [`KeyError::AlgorithmMismatch`] for any other algorithm.
    ///
    /// [RFC 7518 §4.8]: https://www.rfc-editor.org/rfc/rfc7518#section-4.8
    pub fn password(algorithm: KeyManagement, password: &[u8]) -> Result<Self, KeyError> {
        let least = match algorithm {
            KeyManagement::Pbes2Hs256A128Kw => 16,
            KeyManagement::Pbes2Hs512A256Kw => 32,
            _ => return Err(KeyError::AlgorithmMismatch),
        };
        if !(least..=128).contains(&password.len()) {
            return Err(KeyError::KeySize);
        }
        let counts = pbes2::MIN_COUNT..=pbes2::default_count(algorithm);
        Ok(Self::new(algorithm, Owner::Password(Arc::new(Shared::new(password, None)), counts)))
    }

    /// Reads a JWK with its private members, or a symmetric one, that names its `alg`. The `alg` of a key for `dir` is
    /// best the `enc` that it is for; one that says `dir` is for A128GCM, A256GCM or A256CBC-HS512, by its length.
    ///
    /// # Errors
    /// [`KeyError`], one variant per rule.
    pub fn from_jwk(text: &str) -> Result<Self, KeyError> {
        Self::read(text, None)
    }

    /// Reads a JWK for an algorithm of the caller's choice, which the JWK may name or leave open.
    ///
    /// # Errors
    /// As [`from_jwk`](Self::from_jwk); [`KeyError::AlgorithmMismatch`] when the JWK names another algorithm or the
    /// algorithm does not fit the key.
    pub fn from_jwk_for(algorithm: KeyManagement, text: &str) -> Result<Self, KeyError> {
        Self::read(text, Some(algorithm))
    }

    fn read(text: &str, wanted: Option<KeyManagement>) -> Result<Self, KeyError> {
        let mut object = jwk::read_object(text)?;
        let mut private = Private::take_from(&mut object);
        let is_shared = members::text(&object, "kty")? == Some("oct");
        jwk::check_purpose(&object, if is_shared { Half::Shared } else { Half::Private })?;
        let kid = members::kid(&object)?;
        let key = if is_shared {
            check_no_public_members(&object)?;
            let secret = private.bytes("k")?;
            private.nothing_left()?;
            Self::shared(jwk::settle(jwk::algorithm(&object)?, wanted)?, &secret)?
        } else {
            let public = jwk::public_members(&object)?;
            let half = PublicHalf::new(public.clone())?;
            let named = jwk::settle(jwk::algorithm(&object)?, wanted)?;
            let algorithm = match named {
                Named::KeyManagement(algorithm) if half.fits(algorithm) => algorithm,
                _ => return Err(KeyError::AlgorithmMismatch),
            };
            Self::owned(algorithm, Owner::from_members(half, &public, &PrivateMembers::take(&public, &mut private)?)?)
        };
        Ok(match kid {
            Some(kid) => key.with_kid(kid),
            None => key,
        })
    }

    fn shared(named: Named, secret: &[u8]) -> Result<Self, KeyError> {
        match named {
            Named::ContentEncryption(enc) => Self::direct(enc, secret),
            Named::KeyManagement(KeyManagement::Dir) => {
                let by_length =
                    [ContentEncryption::A128Gcm, ContentEncryption::A256Gcm, ContentEncryption::A256CbcHs512];
                let enc = by_length.into_iter().find(|enc| enc.key_length() == secret.len());
                Self::direct(enc.ok_or(KeyError::KeySize)?, secret)
            }
            Named::KeyManagement(algorithm) if algorithm.is_password() => Self::password(algorithm, secret),
            Named::KeyManagement(algorithm) => Self::symmetric(algorithm, secret),
        }
    }

    /// Writes the key as a JWK with its private members; a password is not written.
    ///
    /// # Errors
    /// [`KeyError::Unsupported`] for a password, [`KeyError::Backend`] when the cryptographic library fails.
    pub fn to_jwk(&self) -> Result<PrivateJwk, KeyError> {
        let (public, private, name) = match &self.owner {
            Owner::Agreement(_, key, half) => {
                (required_members(&half.members), key.private_members(), self.algorithm.as_str())
            }
            Owner::Oaep(key, half) => {
                (required_members(&half.members), key.members().map(|(_, private)| private), self.algorithm.as_str())
            }
            Owner::Shared(shared) => {
                let name = shared.direct.map_or(self.algorithm.as_str(), ContentEncryption::as_str);
                return PrivateJwk::join(&describe(r#"{"kty":"oct"}"#, name, self.kid()), &[("k", &shared.secret)]);
            }
            Owner::Password(..) => return Err(KeyError::Unsupported),
        };
        let private = private.map_err(|Rejected| KeyError::Backend)?;
        PrivateJwk::join(&describe(&public, name, self.kid()), &private.named())
    }

    /// What others encrypt to, so that this key decrypts it: the public half, or the same secret.
    pub fn encryption_key(&self) -> EncryptionKey {
        let recipient = match &self.owner {
            Owner::Agreement(_, _, half) | Owner::Oaep(_, half) => Recipient::Public(Arc::clone(half)),
            Owner::Shared(shared) => Recipient::Shared(Arc::clone(shared)),
            Owner::Password(shared, counts) => {
                let count = pbes2::default_count(self.algorithm).clamp(*counts.start(), *counts.end());
                Recipient::Password(Arc::clone(shared), pbes2::Count::nearest(count))
            }
        };
        EncryptionKey::new(self.algorithm, self.kid.clone(), recipient)
    }

    /// The one algorithm that it is used with.
    pub fn algorithm(&self) -> KeyManagement {
        self.algorithm
    }

    /// The key id, if it has one.
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// The same key under another id. Never derive one from a secret.
    #[must_use]
    pub fn with_kid(self, kid: impl Into<String>) -> Self {
        DecryptionKey { kid: Some(kid.into()), ..self }
    }

    /// The SHA-256 thumbprint of the public half; a secret has none.
    pub fn thumbprint(&self) -> Option<Thumbprint> {
        self.encryption_key().thumbprint()
    }

    /// The content encryption algorithms that it accepts: all that this crate offers, unless it is a key for `dir`.
    pub fn accepted(&self) -> &[ContentEncryption] {
        &self.accepted
    }

    /// Accepts these content encryption algorithms only. A key for `dir` goes on accepting none but its own.
    #[must_use]
    pub fn accepting(mut self, algorithms: &[ContentEncryption]) -> Self {
        self.accepted.retain(|enc| algorithms.contains(enc));
        self
    }

    /// The iteration counts that a message may ask for, 1 000 to 10 000 000. Values outside are brought inside; on keys
    /// that are no passwords it has no effect.
    ///
    /// # Security
    /// Whoever sends a message decides, up to the most, how long it takes to find out that it is not to be decrypted.
    #[must_use]
    pub fn accepting_password_counts(self, least: u32, most: u32) -> Self {
        let owner = match self.owner {
            Owner::Password(secret, _) => {
                let least = least.clamp(pbes2::MIN_COUNT, pbes2::MAX_COUNT);
                Owner::Password(secret, least..=most.clamp(least, pbes2::MAX_COUNT))
            }
            other => other,
        };
        DecryptionKey { owner, ..self }
    }

    /// A key with a public half, under its thumbprint.
    pub(super) fn owned(algorithm: KeyManagement, owner: Owner) -> Self {
        let key = Self::new(algorithm, owner);
        let kid = key.thumbprint().map(|thumbprint| thumbprint.as_str().to_owned());
        DecryptionKey { kid, ..key }
    }

    fn new(algorithm: KeyManagement, owner: Owner) -> Self {
        DecryptionKey { algorithm, kid: None, accepted: ContentEncryption::ALL.to_vec(), owner }
    }
}

impl Owner {
    pub(super) fn from_members(
        half: PublicHalf,
        public: &PublicMembers,
        private: &PrivateMembers,
    ) -> Result<Self, KeyError> {
        match half.key {
            PublicKey::Agreement(curve, _) => {
                let key = AgreementKey::from_members(public, private).map_err(|Rejected| KeyError::Inconsistent)?;
                Ok(Owner::Agreement(curve, Arc::new(key), Arc::new(half)))
            }
            PublicKey::Oaep(_) => {
                check_available()?;
                let key = OaepPrivateKey::from_members(public, private).map_err(|Rejected| KeyError::Inconsistent)?;
                Ok(Owner::Oaep(Arc::new(key), Arc::new(half)))
            }
        }
    }
}

/// The pure-Rust back end has no RSA private keys.
pub(super) fn check_available() -> Result<(), KeyError> {
    if OaepPrivateKey::available() { Ok(()) } else { Err(KeyError::RsaPrivateKey) }
}

impl fmt::Debug for DecryptionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DecryptionKey").field("alg", &self.algorithm).field("kid", &self.kid).finish_non_exhaustive()
    }
}
