//! Keys on the curves of NIST: ECDSA ([FIPS 186-5 §6], [RFC 7518 §3.4]) and ECDH ([RFC 7518 §4.6]).
//!
//! [FIPS 186-5 §6]: https://doi.org/10.6028/NIST.FIPS.186-5
//! [RFC 7518 §3.4]: https://www.rfc-editor.org/rfc/rfc7518#section-3.4
//! [RFC 7518 §4.6]: https://www.rfc-editor.org/rfc/rfc7518#section-4.6

use getrandom::SysRng;
use p256::ecdsa::signature::{Signer, Verifier};
use p256::elliptic_curve::ecdh::diffie_hellman;
use p256::elliptic_curve::{Generate, SecretKey};
use p256::pkcs8::{DecodePrivateKey, EncodePrivateKey};
use zeroize::Zeroizing;

use super::{Rejected, reject};
use crate::crypto::{Curve, PublicMembers};

/// The key of each curve is of a type of its own; what is done with it is the same.
pub(crate) enum EcPrivateKey {
    P256(p256::ecdsa::SigningKey),
    P384(p384::ecdsa::SigningKey),
    P521(p521::ecdsa::SigningKey),
}

pub(crate) enum EcPublicKey {
    P256(p256::ecdsa::VerifyingKey),
    P384(p384::ecdsa::VerifyingKey),
    P521(p521::ecdsa::VerifyingKey),
}

/// A private key of the named curve, out of what gives a secret key of any curve.
macro_rules! private_key {
    ($curve:expr, $secret:expr) => {
        match $curve {
            Curve::P256 => EcPrivateKey::P256(p256::SecretKey::into($secret.map_err(reject)?)),
            Curve::P384 => EcPrivateKey::P384(p384::SecretKey::into($secret.map_err(reject)?)),
            Curve::P521 => EcPrivateKey::P521(p521::SecretKey::into($secret.map_err(reject)?)),
        }
    };
}

/// The same with the private key of whatever curve.
macro_rules! with_key {
    ($self:expr, $key:ident => $then:expr) => {
        match $self {
            EcPrivateKey::P256($key) => $then,
            EcPrivateKey::P384($key) => $then,
            EcPrivateKey::P521($key) => $then,
        }
    };
}

impl EcPrivateKey {
    pub(super) fn generate(curve: Curve) -> Result<Self, Rejected> {
        Ok(private_key!(curve, SecretKey::try_generate_from_rng(&mut SysRng)))
    }

    /// The public key that the structure may hold must be the scalar's.
    pub(super) fn from_pkcs8(curve: Curve, der: &[u8]) -> Result<Self, Rejected> {
        Ok(private_key!(curve, SecretKey::from_pkcs8_der(der)))
    }

    /// As [`from_pkcs8`](Self::from_pkcs8), and so must be the curve that it may name.
    pub(super) fn from_traditional(curve: Curve, der: &[u8]) -> Result<Self, Rejected> {
        Ok(private_key!(curve, SecretKey::from_sec1_der(der)))
    }

    /// Takes as many bytes as the field of the curve.
    pub(super) fn from_scalar(curve: Curve, d: &[u8]) -> Result<Self, Rejected> {
        if d.len() != curve.coordinate_length() {
            return Err(Rejected);
        }
        Ok(private_key!(curve, SecretKey::from_slice(d)))
    }

    pub(super) fn scalar(&self) -> Zeroizing<Vec<u8>> {
        with_key!(self, key => Zeroizing::new(Zeroizing::new(key.to_bytes()).to_vec()))
    }

    pub(super) fn to_pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, Rejected> {
        let document = with_key!(self, key => SecretKey::from(key.as_nonzero_scalar()).to_pkcs8_der());
        Ok(Zeroizing::new(document.map_err(reject)?.as_bytes().to_vec()))
    }

    pub(super) fn public_members(&self) -> Result<PublicMembers, Rejected> {
        let curve = match self {
            EcPrivateKey::P256(_) => Curve::P256,
            EcPrivateKey::P384(_) => Curve::P384,
            EcPrivateKey::P521(_) => Curve::P521,
        };
        let point = with_key!(self, key => key.verifying_key().to_sec1_point(false).as_bytes().to_vec());
        let point = point.strip_prefix(&[0x04]).ok_or(Rejected)?;
        let (x, y) = point.split_at_checked(curve.coordinate_length()).ok_or(Rejected)?;
        Ok(PublicMembers::Ec { curve, x: x.to_vec(), y: y.to_vec() })
    }

    /// The x-coordinate of the shared point, in full; the two keys must be on the same curve.
    pub(super) fn agree(&self, peer: &EcPublicKey) -> Result<Zeroizing<Vec<u8>>, Rejected> {
        Ok(Zeroizing::new(match (self, peer) {
            (EcPrivateKey::P256(key), EcPublicKey::P256(peer)) => {
                diffie_hellman(key.as_nonzero_scalar(), peer.as_affine()).raw_secret_bytes().to_vec()
            }
            (EcPrivateKey::P384(key), EcPublicKey::P384(peer)) => {
                diffie_hellman(key.as_nonzero_scalar(), peer.as_affine()).raw_secret_bytes().to_vec()
            }
            (EcPrivateKey::P521(key), EcPublicKey::P521(peer)) => {
                diffie_hellman(key.as_nonzero_scalar(), peer.as_affine()).raw_secret_bytes().to_vec()
            }
            _ => return Err(Rejected),
        }))
    }

    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Rejected> {
        match self {
            EcPrivateKey::P256(key) => {
                key.try_sign(message).map(|signature: p256::ecdsa::Signature| signature.to_vec())
            }
            EcPrivateKey::P384(key) => {
                key.try_sign(message).map(|signature: p384::ecdsa::Signature| signature.to_vec())
            }
            EcPrivateKey::P521(key) => {
                key.try_sign(message).map(|signature: p521::ecdsa::Signature| signature.to_vec())
            }
        }
        .map_err(reject)
    }
}

impl EcPublicKey {
    pub(super) fn new(curve: Curve, x: &[u8], y: &[u8]) -> Result<Self, Rejected> {
        let point = [&[0x04], x, y].concat();
        Ok(match curve {
            Curve::P256 => EcPublicKey::P256(p256::ecdsa::VerifyingKey::from_sec1_bytes(&point).map_err(reject)?),
            Curve::P384 => EcPublicKey::P384(p384::ecdsa::VerifyingKey::from_sec1_bytes(&point).map_err(reject)?),
            Curve::P521 => EcPublicKey::P521(p521::ecdsa::VerifyingKey::from_sec1_bytes(&point).map_err(reject)?),
        })
    }

    /// `r` and `s` side by side, each as long as the order, below it and not zero.
    pub(super) fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), Rejected> {
        match self {
            EcPublicKey::P256(key) => {
                key.verify(message, &p256::ecdsa::Signature::from_slice(signature).map_err(reject)?)
            }
            EcPublicKey::P384(key) => {
                key.verify(message, &p384::ecdsa::Signature::from_slice(signature).map_err(reject)?)
            }
            EcPublicKey::P521(key) => {
                key.verify(message, &p521::ecdsa::Signature::from_slice(signature).map_err(reject)?)
            }
        }
        .map_err(reject)
    }
}
