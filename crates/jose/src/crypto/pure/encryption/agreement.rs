//! ECDH on the curves of NIST, and X25519 ([RFC 7748 §6.1]).
//!
//! [RFC 7748 §6.1]: https://www.rfc-editor.org/rfc/rfc7748#section-6.1

use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::Zeroizing;

use super::random;
use crate::crypto::pure::ec::{EcPrivateKey, EcPublicKey};
use crate::crypto::{Curve, PrivateMembers, PublicMembers, Rejected};
use crate::jwe::AgreementCurve;

/// A private key of ECDH or X25519.
pub(crate) enum AgreementKey {
    Ec(EcPrivateKey),
    X25519(StaticSecret),
}

impl AgreementKey {
    pub(crate) fn generate(curve: AgreementCurve) -> Result<Self, Rejected> {
        match ec(curve) {
            Some(curve) => EcPrivateKey::generate(curve).map(AgreementKey::Ec),
            None => {
                let mut secret = Zeroizing::new([0; 32]);
                random(secret.as_mut_slice())?;
                Ok(AgreementKey::X25519(StaticSecret::from(*secret)))
            }
        }
    }

    /// Checks that the private member belongs to the public ones.
    pub(crate) fn from_members(public: &PublicMembers, private: &PrivateMembers) -> Result<Self, Rejected> {
        let PrivateMembers::Scalar(d) = private else { return Err(Rejected) };
        let key = Self::from_private(AgreementCurve::of(public).ok_or(Rejected)?, d)?;
        if key.public_members()? == *public { Ok(key) } else { Err(Rejected) }
    }

    pub(crate) fn from_private(curve: AgreementCurve, d: &[u8]) -> Result<Self, Rejected> {
        match ec(curve) {
            Some(curve) => EcPrivateKey::from_scalar(curve, d).map(AgreementKey::Ec),
            None => {
                let secret = Zeroizing::new(<[u8; 32]>::try_from(d).map_err(|_| Rejected)?);
                Ok(AgreementKey::X25519(StaticSecret::from(*secret)))
            }
        }
    }

    pub(crate) fn public_members(&self) -> Result<PublicMembers, Rejected> {
        match self {
            AgreementKey::Ec(key) => key.public_members(),
            AgreementKey::X25519(key) => Ok(PublicMembers::X25519 { x: PublicKey::from(key).to_bytes() }),
        }
    }

    pub(crate) fn private_members(&self) -> Result<PrivateMembers, Rejected> {
        Ok(PrivateMembers::Scalar(match self {
            AgreementKey::Ec(key) => key.scalar(),
            AgreementKey::X25519(key) => Zeroizing::new(key.as_bytes().to_vec()),
        }))
    }

    /// The shared secret: the x-coordinate in full, or the output of X25519, which is not zero.
    pub(crate) fn agree(&self, peer: &AgreementPublicKey) -> Result<Zeroizing<Vec<u8>>, Rejected> {
        match (self, peer) {
            (AgreementKey::Ec(key), AgreementPublicKey::Ec(peer)) => key.agree(peer),
            (AgreementKey::X25519(key), AgreementPublicKey::X25519(peer)) => {
                let secret = key.diffie_hellman(peer);
                if secret.was_contributory() { Ok(Zeroizing::new(secret.as_bytes().to_vec())) } else { Err(Rejected) }
            }
            _ => Err(Rejected),
        }
    }
}

/// A public key of ECDH or X25519.
pub(crate) enum AgreementPublicKey {
    Ec(EcPublicKey),
    X25519(PublicKey),
}

impl AgreementPublicKey {
    /// Checks that a point is on its curve. Whether an X25519 key is of small order shows when it is used.
    pub(crate) fn new(members: &PublicMembers) -> Result<Self, Rejected> {
        match members {
            PublicMembers::Ec { curve, x, y } => EcPublicKey::new(*curve, x, y).map(AgreementPublicKey::Ec),
            PublicMembers::X25519 { x } => Ok(AgreementPublicKey::X25519(PublicKey::from(*x))),
            _ => Err(Rejected),
        }
    }
}

/// The curve of NIST, if it is one.
fn ec(curve: AgreementCurve) -> Option<Curve> {
    match curve {
        AgreementCurve::P256 => Some(Curve::P256),
        AgreementCurve::P384 => Some(Curve::P384),
        AgreementCurve::P521 => Some(Curve::P521),
        AgreementCurve::X25519 => None,
    }
}
