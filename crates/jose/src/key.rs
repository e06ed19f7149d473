//! Keys that sign and keys that verify: parsed once, one algorithm each ([RFC 8725 §3.1]).
//!
//! [RFC 8725 §3.1]: https://www.rfc-editor.org/rfc/rfc8725#section-3.1

use std::fmt;
use std::sync::Arc;

use der::Decode;
use der::asn1::AnyRef;
use zeroize::Zeroizing;

use crate::crypto::{PrivateKey, PublicKey, Rejected};
use crate::jwk::{self, PrivateJwk};
use crate::{Algorithm, Jwk, KeyError, RsaSize, Thumbprint, pem, public_key_info};

/// A private key, its algorithm and its key id. Cloning shares the key.
#[derive(Clone)]
pub struct SigningKey {
    private: Arc<PrivateKey>,
    public_jwk: Arc<Jwk>,
}

impl SigningKey {
    /// Makes a new key from the operating system's randomness (RSA: 2048 bits; [`generate_rsa`](Self::generate_rsa) makes
    /// longer ones). Its key id is its thumbprint.
    ///
    /// # Errors
    /// [`KeyError::Backend`] when the cryptographic library fails; [`KeyError::RsaPrivateKey`] where it has none.
    pub fn generate(algorithm: Algorithm) -> Result<Self, KeyError> {
        check_available(algorithm)?;
        Self::new(algorithm, PrivateKey::generate(algorithm).map_err(|Rejected| KeyError::Backend)?)
    }

    /// Makes a new RSA key of the given size, as [`generate`](Self::generate) does. Making it takes from a good part of a second to
    /// several seconds, and each doubling of the size makes signing six to eight times slower; verifying stays cheap.
    ///
    /// # Errors
    /// [`KeyError::AlgorithmMismatch`] when the algorithm is not one of RSA; otherwise as [`generate`](Self::generate).
    pub fn generate_rsa(algorithm: Algorithm, size: RsaSize) -> Result<Self, KeyError> {
        if !algorithm.is_rsa() {
            return Err(KeyError::AlgorithmMismatch);
        }
        check_available(algorithm)?;
        Self::new(algorithm, PrivateKey::generate_rsa(algorithm, size).map_err(|Rejected| KeyError::Backend)?)
    }

    /// Reads an unencrypted PKCS #8 key. Its key id is its thumbprint until [`with_kid`](Self::with_kid) says otherwise.
    ///
    /// # Errors
    /// [`KeyError::Malformed`] when the bytes are not a key for this algorithm; the reasons of [`Jwk::parse`] when its
    /// public half is not acceptable; [`KeyError::RsaPrivateKey`] where the back end has none.
    pub fn from_pkcs8_der(algorithm: Algorithm, der: &[u8]) -> Result<Self, KeyError> {
        check_available(algorithm)?;
        // Not every back end minds what follows the key.
        AnyRef::from_der(der).map_err(|_| KeyError::Malformed)?;
        Self::new(algorithm, PrivateKey::from_pkcs8(algorithm, der).map_err(|Rejected| KeyError::Malformed)?)
    }

    /// Writes the key as unencrypted PKCS #8 version 1. The bytes are wiped when dropped.
    ///
    /// # Errors
    /// [`KeyError::Backend`] when the cryptographic library fails.
    pub fn to_pkcs8_der(&self) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        self.private.to_pkcs8().map_err(|Rejected| KeyError::Backend)
    }

    /// Reads an `ECPrivateKey` ([SEC 1 §C.4]) for ECDSA or an `RSAPrivateKey` ([PKCS #1]) for RSA.
    ///
    /// # Errors
    /// As [`from_pkcs8_der`](Self::from_pkcs8_der).
    ///
    /// [SEC 1 §C.4]: https://www.secg.org/sec1-v2.pdf
    /// [PKCS #1]: https://www.rfc-editor.org/rfc/rfc8017#appendix-A.1.2
    pub fn from_traditional_der(algorithm: Algorithm, der: &[u8]) -> Result<Self, KeyError> {
        check_available(algorithm)?;
        Self::new(algorithm, PrivateKey::from_traditional(algorithm, der).map_err(|Rejected| KeyError::Malformed)?)
    }

    /// Reads a PEM block: `PRIVATE KEY`, `EC PRIVATE KEY` or `RSA PRIVATE KEY`, unencrypted, with nothing around it.
    ///
    /// # Errors
    /// As [`from_pkcs8_der`](Self::from_pkcs8_der).
    pub fn from_pem(algorithm: Algorithm, text: &str) -> Result<Self, KeyError> {
        match pem::read(text) {
            Some(("PRIVATE KEY", der)) => Self::from_pkcs8_der(algorithm, &der),
            Some((label @ ("EC PRIVATE KEY" | "RSA PRIVATE KEY"), der)) => {
                let is_ec = matches!(algorithm, Algorithm::Es256 | Algorithm::Es384 | Algorithm::Es512);
                if is_ec != label.starts_with("EC") {
                    return Err(KeyError::Malformed);
                }
                Self::from_traditional_der(algorithm, &der)
            }
            _ => Err(KeyError::Malformed),
        }
    }

    /// Writes the key as PEM, unencrypted PKCS #8. The text is wiped when dropped.
    ///
    /// # Errors
    /// As [`to_pkcs8_der`](Self::to_pkcs8_der).
    pub fn to_pem(&self) -> Result<Zeroizing<String>, KeyError> {
        Ok(pem::write("PRIVATE KEY", &self.to_pkcs8_der()?))
    }

    /// Reads a JWK with its private members. The algorithm is the one of [`Jwk::parse`]; the key id is the one of the JWK, or
    /// the thumbprint.
    ///
    /// # Errors
    /// The reasons of [`Jwk::parse`] for the public members; [`KeyError::Member`] for a private one that is absent,
    /// malformed or of another kind of key; [`KeyError::RsaPrivateKey`] where the back end has none;
    /// [`KeyError::Inconsistent`] when the two halves do not belong together.
    pub fn from_jwk(text: &str) -> Result<Self, KeyError> {
        let jwk::Read { algorithm, kid, public, private } = jwk::read_private(text)?;
        // The public half first: what is wrong with it has a name.
        Jwk::new(algorithm, public.clone())?;
        check_available(algorithm)?;
        let private =
            PrivateKey::from_members(algorithm, &public, &private).map_err(|Rejected| KeyError::Inconsistent)?;
        let key = Self::new(algorithm, private)?;
        if *key.public_jwk.members() != public {
            return Err(KeyError::Inconsistent);
        }
        Ok(match kid {
            Some(kid) => key.with_kid(kid),
            None => key,
        })
    }

    /// Writes the key as a JWK with its private members.
    ///
    /// # Errors
    /// [`KeyError::Backend`] when the cryptographic library fails.
    pub fn to_jwk(&self) -> Result<PrivateJwk, KeyError> {
        let private = self.private.private_members().map_err(|Rejected| KeyError::Backend)?;
        PrivateJwk::write(&self.public_jwk, &private)
    }

    /// Gives the key an id of the caller's choice.
    #[must_use]
    pub fn with_kid(self, kid: impl Into<String>) -> Self {
        let public_jwk = Arc::new(self.public_jwk.as_ref().clone().with_kid(kid));
        SigningKey { public_jwk, ..self }
    }

    /// The algorithm that it signs with.
    pub fn algorithm(&self) -> Algorithm {
        self.public_jwk.algorithm()
    }

    /// The key id, as it stands in the header of what it signs.
    pub fn kid(&self) -> &str {
        // `new` and `with_kid` both set it.
        self.public_jwk.kid().unwrap_or_default()
    }

    /// The public half, with `kid`, `alg` and `use`, ready to publish.
    pub fn public_jwk(&self) -> &Jwk {
        &self.public_jwk
    }

    /// The thumbprint of the public half ([RFC 7638]).
    ///
    /// [RFC 7638]: https://www.rfc-editor.org/rfc/rfc7638
    pub fn thumbprint(&self) -> &Thumbprint {
        self.public_jwk.thumbprint()
    }

    /// The key that verifies what this one signs.
    pub fn verifying_key(&self) -> VerifyingKey {
        VerifyingKey { jwk: Arc::clone(&self.public_jwk) }
    }

    /// Signs. ECDSA gives `r` and `s` side by side, as in [RFC 7518 §3.4], not DER.
    ///
    /// # Errors
    /// [`KeyError::Backend`] when the cryptographic library fails.
    ///
    /// [RFC 7518 §3.4]: https://www.rfc-editor.org/rfc/rfc7518#section-3.4
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        self.private.sign(message).map_err(|Rejected| KeyError::Backend)
    }

    fn new(algorithm: Algorithm, private: PrivateKey) -> Result<Self, KeyError> {
        let members = private.public_members().map_err(|Rejected| KeyError::Backend)?;
        let public = Jwk::new(algorithm, members)?;
        let kid = public.thumbprint().as_str().to_owned();
        Ok(SigningKey { private: Arc::new(private), public_jwk: Arc::new(public.with_kid(kid)) })
    }
}

/// The pure-Rust back end has no RSA private keys.
fn check_available(algorithm: Algorithm) -> Result<(), KeyError> {
    if PrivateKey::available(algorithm) { Ok(()) } else { Err(KeyError::RsaPrivateKey) }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("alg", &self.algorithm()).field("kid", &self.kid()).finish_non_exhaustive()
    }
}

/// A public key, its algorithm and, if it has one, its key id. Cloning shares the key.
#[derive(Clone, PartialEq, Eq)]
pub struct VerifyingKey {
    jwk: Arc<Jwk>,
}

impl VerifyingKey {
    /// Takes the key out of a JWK, which has been checked when it was parsed.
    ///
    /// # Errors
    /// None today; a later kind of JWK that does not verify signatures is refused here.
    pub fn from_jwk(jwk: &Jwk) -> Result<Self, KeyError> {
        Ok(VerifyingKey { jwk: Arc::new(jwk.clone()) })
    }

    /// Reads a `SubjectPublicKeyInfo`. It names no hash and no padding, so the algorithm is the caller's to say.
    ///
    /// # Errors
    /// [`KeyError::Malformed`] when the bytes are not the one encoding of a key for this algorithm; otherwise the reasons
    /// of [`Jwk::parse`].
    pub fn from_spki_der(algorithm: Algorithm, der: &[u8]) -> Result<Self, KeyError> {
        let members = public_key_info::read(der).ok_or(KeyError::Malformed)?;
        if !members.fit(algorithm) {
            return Err(KeyError::Malformed);
        }
        Ok(VerifyingKey { jwk: Arc::new(Jwk::new(algorithm, members)?) })
    }

    /// Writes a `SubjectPublicKeyInfo`.
    pub fn to_spki_der(&self) -> Vec<u8> {
        public_key_info::write(self.jwk.members())
    }

    /// Reads a PEM block `PUBLIC KEY` with nothing around it. Certificates are not keys.
    ///
    /// # Errors
    /// As [`from_spki_der`](Self::from_spki_der).
    pub fn from_pem(algorithm: Algorithm, text: &str) -> Result<Self, KeyError> {
        match pem::read(text) {
            Some(("PUBLIC KEY", der)) => Self::from_spki_der(algorithm, &der),
            _ => Err(KeyError::Malformed),
        }
    }

    /// Writes the key as PEM.
    pub fn to_pem(&self) -> String {
        pem::write("PUBLIC KEY", &self.to_spki_der()).to_string()
    }

    /// The one algorithm that it verifies.
    pub fn algorithm(&self) -> Algorithm {
        self.jwk.algorithm()
    }

    /// The key id.
    pub fn kid(&self) -> Option<&str> {
        self.jwk.kid()
    }

    /// The thumbprint, computed from the key and never taken from a `kid`.
    pub fn thumbprint(&self) -> &Thumbprint {
        self.jwk.thumbprint()
    }

    /// The key as a JWK.
    pub fn jwk(&self) -> &Jwk {
        &self.jwk
    }

    /// The same key, made ready to verify often: for the few keys that most tokens are signed with, not for all of a large
    /// set. It accepts what this one accepts.
    ///
    /// For ES256 in the pure-Rust back end it keeps tables of 574 KiB, which take as long to make as some two hundred
    /// verifications, and the same again once for all keys; verifying then takes a fifth of the time. With the
    /// native back end, and for every other algorithm, there is nothing to prepare, and it is the key as it was.
    #[must_use]
    pub fn precomputed(&self) -> Self {
        VerifyingKey { jwk: Arc::new(self.jwk.precomputed()) }
    }

    /// Verifies a signature over `message`.
    ///
    /// Ed25519 is strict: neither the key nor `R` may be of small order. ECDSA takes `r` and `s` side by side, each as long as the
    /// curve's order and neither zero.
    ///
    /// # Errors
    /// [`SignatureError`], without a reason.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), SignatureError> {
        self.jwk.public_key().verify(message, signature).map_err(|Rejected| SignatureError)
    }

    pub(crate) fn public_key(&self) -> &PublicKey {
        self.jwk.public_key()
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifyingKey").field("alg", &self.algorithm()).field("kid", &self.kid()).finish_non_exhaustive()
    }
}

/// The signature is not one by this key over this message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the signature does not verify")]
pub struct SignatureError;
