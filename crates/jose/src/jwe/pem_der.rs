//! Encryption keys as `SubjectPublicKeyInfo`, PKCS #8 ([RFC 5958 §2], [RFC 8410 §7]) and PEM ([RFC 7468]).
//!
//! None of them says what a key is for: whether a key on a curve of NIST encrypts or signs is for the reader to say.
//!
//! [RFC 5958 §2]: https://www.rfc-editor.org/rfc/rfc5958#section-2
//! [RFC 8410 §7]: https://www.rfc-editor.org/rfc/rfc8410#section-7
//! [RFC 7468]: https://www.rfc-editor.org/rfc/rfc7468

use std::sync::Arc;

use pkcs8::PrivateKeyInfoRef;
use zeroize::Zeroizing;

use super::decryption_key::{Owner, check_available};
use super::encryption_key::{PublicHalf, Recipient};
use super::{AgreementCurve, DecryptionKey, EncryptionKey, KeyManagement, jwk};
use crate::crypto::encryption::AgreementKey;
use crate::crypto::{PrivateKey, PrivateMembers, PublicMembers, Rejected};
use crate::jwk::members::check_rsa;
use crate::{Algorithm, KeyError, pem, public_key_info};

impl EncryptionKey {
    /// Reads a `SubjectPublicKeyInfo` for RSA-OAEP-256 or ECDH-ES; the algorithm is the caller's to say. The key has no id
    /// until [`with_kid`](Self::with_kid) gives it one.
    ///
    /// # Errors
    /// [`KeyError::Symmetric`] for an algorithm whose keys are secrets; [`KeyError::Malformed`] when the bytes are not the one
    /// encoding of a key for this algorithm; [`KeyError::RsaSize`], [`KeyError::Roca`] and [`KeyError::Point`] as for a JWK.
    pub fn from_spki_der(algorithm: KeyManagement, der: &[u8]) -> Result<Self, KeyError> {
        check_asymmetric(algorithm)?;
        let half = read_half(algorithm, public_key_info::read(der).ok_or(KeyError::Malformed)?)?;
        Ok(Self::new(algorithm, None, Recipient::Public(Arc::new(half))))
    }

    /// Writes a `SubjectPublicKeyInfo`.
    ///
    /// # Errors
    /// [`KeyError::Symmetric`] for a secret.
    pub fn to_spki_der(&self) -> Result<Vec<u8>, KeyError> {
        match &self.recipient {
            Recipient::Public(half) => Ok(public_key_info::write(&half.members)),
            Recipient::Shared(_) | Recipient::Password(..) => Err(KeyError::Symmetric),
        }
    }

    /// Reads a PEM block `PUBLIC KEY` with nothing around it. Certificates are not keys.
    ///
    /// # Errors
    /// As [`from_spki_der`](Self::from_spki_der).
    pub fn from_pem(algorithm: KeyManagement, text: &str) -> Result<Self, KeyError> {
        check_asymmetric(algorithm)?;
        match pem::read(text) {
            Some(("PUBLIC KEY", der)) => Self::from_spki_der(algorithm, &der),
            _ => Err(KeyError::Malformed),
        }
    }

    /// Writes the key as PEM.
    ///
    /// # Errors
    /// As [`to_spki_der`](Self::to_spki_der).
    pub fn to_pem(&self) -> Result<String, KeyError> {
        Ok(pem::write("PUBLIC KEY", &self.to_spki_der()?).to_string())
    }
}

impl DecryptionKey {
    /// Reads an unencrypted PKCS #8 key for RSA-OAEP-256 or ECDH-ES. Its key id is its thumbprint until
    /// [`with_kid`](Self::with_kid) says otherwise.
    ///
    /// # Errors
    /// [`KeyError::Symmetric`] for an algorithm whose keys are secrets; [`KeyError::Malformed`] when the bytes are not a key
    /// for this algorithm; the reasons of [`EncryptionKey::from_spki_der`] when its public half is not acceptable;
    /// [`KeyError::RsaPrivateKey`] where the back end has none.
    pub fn from_pkcs8_der(algorithm: KeyManagement, der: &[u8]) -> Result<Self, KeyError> {
        check_asymmetric(algorithm)?;
        if algorithm == KeyManagement::RsaOaep256 {
            check_available()?;
        }
        // Nothing follows the key, whatever the back end makes of it.
        let info = PrivateKeyInfoRef::try_from(der).map_err(|_| KeyError::Malformed)?;
        let read = if algorithm == KeyManagement::RsaOaep256 {
            members(Algorithm::Rs256, der)
        } else if let Some(seed) = der.strip_prefix(X25519_BEFORE_SEED) {
            x25519_members(seed)
        } else {
            curve_algorithm(&info).ok_or(Rejected).and_then(|signing| members(signing, der))
        };
        let (public, private) = read.map_err(|Rejected| KeyError::Malformed)?;
        let half = read_half(algorithm, public.clone())?;
        Ok(Self::owned(algorithm, Owner::from_members(half, &public, &private)?))
    }

    /// Writes the key as unencrypted PKCS #8 version 1. The bytes are wiped when dropped.
    ///
    /// # Errors
    /// [`KeyError::Symmetric`] for a secret, [`KeyError::Backend`] when the cryptographic library fails.
    pub fn to_pkcs8_der(&self) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let (half, private) = match &self.owner {
            Owner::Agreement(_, key, half) => (half, key.private_members()),
            Owner::Oaep(key, half) => (half, key.members().map(|(_, private)| private)),
            Owner::Shared(_) | Owner::Password(..) => return Err(KeyError::Symmetric),
        };
        private.and_then(|private| write(&half.members, &private)).map_err(|Rejected| KeyError::Backend)
    }

    /// Reads a PEM block `PRIVATE KEY`, unencrypted, with nothing around it.
    ///
    /// # Errors
    /// As [`from_pkcs8_der`](Self::from_pkcs8_der).
    pub fn from_pem(algorithm: KeyManagement, text: &str) -> Result<Self, KeyError> {
        check_asymmetric(algorithm)?;
        match pem::read(text) {
            Some(("PRIVATE KEY", der)) => Self::from_pkcs8_der(algorithm, &der),
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
}

/// A secret has neither of these forms.
fn check_asymmetric(algorithm: KeyManagement) -> Result<(), KeyError> {
    if algorithm.is_agreement() || algorithm == KeyManagement::RsaOaep256 { Ok(()) } else { Err(KeyError::Symmetric) }
}

/// The rules of the members of a JWK, for members that came in another form.
fn read_half(algorithm: KeyManagement, members: PublicMembers) -> Result<PublicHalf, KeyError> {
    match &members {
        PublicMembers::Rsa { n, e } if algorithm == KeyManagement::RsaOaep256 => check_rsa(n, e)?,
        PublicMembers::X25519 { x } if !jwk::is_canonical(x) => return Err(KeyError::Malformed),
        other if algorithm.is_agreement() && AgreementCurve::of(other).is_some() => {}
        _ => return Err(KeyError::Malformed),
    }
    PublicHalf::new(members)
}

/// The back ends read these keys as keys for signatures; the key is the same.
fn members(signing: Algorithm, der: &[u8]) -> Result<(PublicMembers, PrivateMembers), Rejected> {
    let key = PrivateKey::from_pkcs8(signing, der)?;
    Ok((key.public_members()?, key.private_members()?))
}

fn x25519_members(seed: &[u8]) -> Result<(PublicMembers, PrivateMembers), Rejected> {
    let public = AgreementKey::from_private(AgreementCurve::X25519, seed)?.public_members()?;
    Ok((public, PrivateMembers::Scalar(Zeroizing::new(seed.to_vec()))))
}

/// The algorithm of signatures on the curve that a `PrivateKeyInfo` names.
fn curve_algorithm(info: &PrivateKeyInfoRef<'_>) -> Option<Algorithm> {
    public_key_info::curve_of(&info.algorithm).map(|curve| curve.algorithm())
}

fn write(public: &PublicMembers, private: &PrivateMembers) -> Result<Zeroizing<Vec<u8>>, Rejected> {
    let signing = match (public, private) {
        (PublicMembers::X25519 { .. }, PrivateMembers::Scalar(seed)) => {
            return Ok(Zeroizing::new([X25519_BEFORE_SEED, seed].concat()));
        }
        (PublicMembers::Ec { curve, .. }, _) => curve.algorithm(),
        (PublicMembers::Rsa { .. }, _) => Algorithm::Rs256,
        _ => return Err(Rejected),
    };
    PrivateKey::from_members(signing, public, private)?.to_pkcs8()
}

/// `SEQUENCE { INTEGER 0, SEQUENCE { id-X25519 }, OCTET STRING { OCTET STRING { …` of version 1, whose one encoding it begins.
const X25519_BEFORE_SEED: &[u8] =
    &[0x30, 0x2E, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x6E, 0x04, 0x22, 0x04, 0x20];
