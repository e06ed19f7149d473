//! The back end without C: the curves and hashes of RustCrypto, ed25519-dalek, and `rsa` for public keys alone.
//!
//! There are no RSA private keys here. Whoever can time signing or decryption with that library may learn the key
//! (RUSTSEC-2023-0071), so no call to it is compiled, and such keys are refused as what they are
//! ([`KeyError::RsaPrivateKey`](crate::KeyError::RsaPrivateKey)).
//!
//! ECDSA signs deterministically ([RFC 6979 §3.2]) and Ed25519 always does: only making a key takes randomness, which
//! comes from `getrandom`. On `wasm32-unknown-unknown` the application says where that gets it: with the feature
//! `wasm_js` of `getrandom`, or with a back end of its own.
//!
//! [RFC 6979 §3.2]: https://www.rfc-editor.org/rfc/rfc6979#section-3.2

mod ec;
mod ed25519;
pub(crate) mod encryption;
mod es256_windows;
mod hmac;
mod reject;
mod rsa;

use ::sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use self::ec::{EcPrivateKey, EcPublicKey};
use self::es256_windows::WindowedKey;
use self::rsa::{RsaPublicKey, public_key as rsa_public_key};
use super::ed25519::Ed25519Key;
use super::{Curve, PrivateMembers, PublicMembers, Rejected};
use crate::{Algorithm, RsaSize};

pub(crate) use self::hmac::MacKey;
pub(crate) use self::reject::reject;

/// SHA-256.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

pub(crate) enum PrivateKey {
    Ed25519(ed25519_dalek::SigningKey),
    Ecdsa(EcPrivateKey),
}

impl PrivateKey {
    /// Whether there are private keys for the algorithm.
    pub(crate) fn available(algorithm: Algorithm) -> bool {
        matches!(Family::of(algorithm), Ok(Family::Ed25519 | Family::Ecdsa(_)))
    }

    pub(crate) fn generate(algorithm: Algorithm) -> Result<Self, Rejected> {
        match Family::of(algorithm)? {
            Family::Ed25519 => ed25519::generate().map(PrivateKey::Ed25519),
            Family::Ecdsa(curve) => EcPrivateKey::generate(curve).map(PrivateKey::Ecdsa),
            Family::Rsa => Err(Rejected),
        }
    }

    pub(crate) fn generate_rsa(_: Algorithm, _: RsaSize) -> Result<Self, Rejected> {
        Err(Rejected)
    }

    pub(crate) fn from_pkcs8(algorithm: Algorithm, der: &[u8]) -> Result<Self, Rejected> {
        match Family::of(algorithm)? {
            Family::Ed25519 => ed25519::from_pkcs8(der).map(PrivateKey::Ed25519),
            Family::Ecdsa(curve) => EcPrivateKey::from_pkcs8(curve, der).map(PrivateKey::Ecdsa),
            Family::Rsa => Err(Rejected),
        }
    }

    /// `ECPrivateKey` ([RFC 5915 §3]), as it stands outside of PKCS #8.
    ///
    /// [RFC 5915 §3]: https://www.rfc-editor.org/rfc/rfc5915#section-3
    pub(crate) fn from_traditional(algorithm: Algorithm, der: &[u8]) -> Result<Self, Rejected> {
        match Family::of(algorithm)? {
            Family::Ecdsa(curve) => EcPrivateKey::from_traditional(curve, der).map(PrivateKey::Ecdsa),
            Family::Ed25519 | Family::Rsa => Err(Rejected),
        }
    }

    /// Checks that the private members belong to the public ones.
    pub(crate) fn from_members(
        algorithm: Algorithm,
        public: &PublicMembers,
        private: &PrivateMembers,
    ) -> Result<Self, Rejected> {
        let PrivateMembers::Scalar(d) = private else { return Err(Rejected) };
        let key = match Family::of(algorithm)? {
            Family::Ed25519 => PrivateKey::Ed25519(d.as_slice().try_into().map_err(reject)?),
            Family::Ecdsa(curve) => PrivateKey::Ecdsa(EcPrivateKey::from_scalar(curve, d)?),
            Family::Rsa => return Err(Rejected),
        };
        if key.public_members()? == *public { Ok(key) } else { Err(Rejected) }
    }

    pub(crate) fn private_members(&self) -> Result<PrivateMembers, Rejected> {
        Ok(PrivateMembers::Scalar(match self {
            PrivateKey::Ed25519(key) => Zeroizing::new(key.as_bytes().to_vec()),
            PrivateKey::Ecdsa(key) => key.scalar(),
        }))
    }

    /// PKCS #8 version 1 for every kind: the form that other tools read.
    pub(crate) fn to_pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, Rejected> {
        match self {
            PrivateKey::Ed25519(key) => Ok(ed25519::to_pkcs8(key)),
            PrivateKey::Ecdsa(key) => key.to_pkcs8(),
        }
    }

    pub(crate) fn public_members(&self) -> Result<PublicMembers, Rejected> {
        match self {
            PrivateKey::Ed25519(key) => Ok(PublicMembers::Okp { x: key.verifying_key().to_bytes() }),
            PrivateKey::Ecdsa(key) => key.public_members(),
        }
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Rejected> {
        match self {
            PrivateKey::Ed25519(key) => ed25519::sign(key, message),
            PrivateKey::Ecdsa(key) => key.sign(message),
        }
    }
}

/// What the back end needs to know about an algorithm.
enum Family {
    Ed25519,
    Ecdsa(Curve),
    Rsa,
}

impl Family {
    fn of(algorithm: Algorithm) -> Result<Self, Rejected> {
        Ok(match algorithm {
            Algorithm::EdDSA => Family::Ed25519,
            Algorithm::Es256 => Family::Ecdsa(Curve::P256),
            Algorithm::Es384 => Family::Ecdsa(Curve::P384),
            Algorithm::Es512 => Family::Ecdsa(Curve::P521),
            Algorithm::Ps256
            | Algorithm::Ps384
            | Algorithm::Ps512
            | Algorithm::Rs256
            | Algorithm::Rs384
            | Algorithm::Rs512 => Family::Rsa,
            #[cfg(feature = "ml-dsa")]
            Algorithm::MlDsa44 | Algorithm::MlDsa65 | Algorithm::MlDsa87 => return Err(Rejected),
        })
    }
}

pub(crate) enum PublicKey {
    Ed25519(Ed25519Key),
    Ecdsa(EcPublicKey),
    Rsa(RsaPublicKey),
    /// ES256, with its tables.
    Windowed(WindowedKey),
}

impl PublicKey {
    /// Checks that the point is on its curve, and the size of RSA members.
    pub(crate) fn new(algorithm: Algorithm, members: &PublicMembers) -> Result<Self, Rejected> {
        match (Family::of(algorithm)?, members) {
            (Family::Ed25519, PublicMembers::Okp { x }) => Ed25519Key::new(x).map(PublicKey::Ed25519),
            (Family::Ecdsa(expected), PublicMembers::Ec { curve, x, y }) if expected == *curve => {
                EcPublicKey::new(*curve, x, y).map(PublicKey::Ecdsa)
            }
            (Family::Rsa, PublicMembers::Rsa { n, e }) => RsaPublicKey::new(algorithm, n, e).map(PublicKey::Rsa),
            _ => Err(Rejected),
        }
    }

    /// The same key, made ready to verify often: for ES256, with its tables.
    pub(crate) fn precomputed(&self) -> Option<Self> {
        match self {
            PublicKey::Ecdsa(EcPublicKey::P256(key)) => Some(PublicKey::Windowed(WindowedKey::new(key))),
            _ => None,
        }
    }

    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), Rejected> {
        match self {
            PublicKey::Ed25519(key) => key.verify(message, signature),
            PublicKey::Ecdsa(key) => key.verify(message, signature),
            PublicKey::Rsa(key) => key.verify(message, signature),
            PublicKey::Windowed(key) => key.verify(message, signature),
        }
    }
}
