//! The primitives, behind one seam.
//!
//! A back end offers `PrivateKey` (available, generate, also RSA of a size, from and to PKCS #8, from and to members, sign),
//! `PublicKey` (from members, precomputed, verify), `MacKey` (new, sign, verify) and `sha256`, and nothing else in the crate names a
//! cryptographic library. Keys are parsed when they are made; signing and verifying only compute.
//!
//! The feature `ml-dsa` puts its keys beside those of the back end, in types of the same names.
//!
//! For encryption it offers, in a module `encryption`: `random`; `gcm_seal`, `gcm_open`; `cbc_encrypt`, `cbc_decrypt` (PKCS #7
//! padding; whoever calls it has checked the tag); `hmac` over several parts; `key_wrap`, `key_unwrap` ([RFC 3394]); `pbkdf2`;
//! `AgreementKey` (generate, from and to members, agree) and `AgreementPublicKey` (from members, checked to be on the
//! curve); `OaepPublicKey` (from members, encrypt) and `OaepPrivateKey` (available, generate, from and to members, decrypt), with
//! SHA-256 for the hash and for MGF1 and an empty label. AES keys are 16 or 32 bytes long, any other length is
//! [`Rejected`]. An X25519 agreement whose result is zero is `Rejected`. The vectors of `encryption_vectors` hold for
//! each back end.
//!
//! The feature `native` brings the one back end, `pure-rust` the other. Where both are on, the native one is used, so
//! that turning a feature on changes nothing; the tests then hold the two against each other.
//!
//! [RFC 3394]: https://www.rfc-editor.org/rfc/rfc3394

#[cfg(not(any(feature = "native", feature = "pure-rust")))]
compile_error!(
    "countersign-jose has no cryptography to work with: turn on its feature `native` (aws-lc-rs, the default), or \
     `pure-rust`, which needs no C compiler"
);

mod ed25519;
#[cfg(test)]
mod encryption_vectors;
#[cfg(feature = "ml-dsa")]
mod ml_dsa;
#[cfg(feature = "ml-dsa")]
mod ml_dsa_parameters;
#[cfg(feature = "native")]
mod native;
#[cfg(all(feature = "pure-rust", any(test, not(feature = "native"))))]
#[cfg_attr(feature = "native", allow(dead_code, unreachable_pub, reason = "there to be held against the native one"))]
mod pure;
#[cfg(all(test, feature = "native", feature = "pure-rust"))]
mod side_by_side;

use zeroize::Zeroizing;

use crate::Algorithm;

#[cfg(feature = "native")]
use native as back_end;
#[cfg(all(feature = "pure-rust", not(feature = "native")))]
use pure as back_end;

#[cfg(feature = "ml-dsa")]
pub(crate) use self::ml_dsa::{PrivateKey, PublicKey};
#[cfg(feature = "ml-dsa")]
pub(crate) use self::ml_dsa_parameters::{ml_dsa_id, public_length};
pub(crate) use back_end::MacKey;
pub(crate) use back_end::encryption;
pub use back_end::sha256;
#[cfg(not(feature = "ml-dsa"))]
pub(crate) use back_end::{PrivateKey, PublicKey};

/// The members of a public key, as bytes: what a back end turns into a key, and what a JWK is made of.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum PublicMembers {
    /// As many bytes each as the field of the curve takes.
    Ec { curve: Curve, x: Vec<u8>, y: Vec<u8> },
    /// Ed25519.
    Okp { x: [u8; 32] },
    /// ML-DSA: a key whose algorithm is part of it ([RFC 9964 §2](https://www.rfc-editor.org/rfc/rfc9964#section-2)).
    #[cfg(feature = "ml-dsa")]
    Akp { algorithm: Algorithm, public: Vec<u8> },
    /// Big-endian, without leading zeros.
    Rsa { n: Vec<u8>, e: Vec<u8> },
    /// Key agreement and nothing else ([RFC 8037 §3.2](https://www.rfc-editor.org/rfc/rfc8037#section-3.2)).
    X25519 { x: [u8; 32] },
}

impl PublicMembers {
    /// Whether a key of this kind can do the algorithm.
    pub(crate) fn fit(&self, algorithm: Algorithm) -> bool {
        match self {
            PublicMembers::Ec { curve, .. } => curve.algorithm() == algorithm,
            PublicMembers::Okp { .. } => algorithm == Algorithm::EdDSA,
            #[cfg(feature = "ml-dsa")]
            &PublicMembers::Akp { algorithm: own, .. } => own == algorithm,
            PublicMembers::Rsa { .. } => matches!(
                algorithm,
                Algorithm::Ps256
                    | Algorithm::Ps384
                    | Algorithm::Ps512
                    | Algorithm::Rs256
                    | Algorithm::Rs384
                    | Algorithm::Rs512
            ),
            PublicMembers::X25519 { .. } => false,
        }
    }
}

/// The members that only a private key has, as bytes, wiped when dropped.
pub(crate) enum PrivateMembers {
    /// `d` of an elliptic curve: the scalar of ECDSA, ECDH and X25519, the seed of Ed25519.
    Scalar(Zeroizing<Vec<u8>>),
    /// `priv` of ML-DSA.
    #[cfg(feature = "ml-dsa")]
    Seed(Zeroizing<Vec<u8>>),
    /// Big-endian, without leading zeros.
    Rsa {
        d: Zeroizing<Vec<u8>>,
        p: Zeroizing<Vec<u8>>,
        q: Zeroizing<Vec<u8>>,
        dp: Zeroizing<Vec<u8>>,
        dq: Zeroizing<Vec<u8>>,
        qi: Zeroizing<Vec<u8>>,
    },
}

/// A curve of ECDSA and ECDH.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Curve {
    P256,
    P384,
    P521,
}

impl Curve {
    /// The curve that `crv` names ([RFC 7518 §6.2.1.1]).
    ///
    /// [RFC 7518 §6.2.1.1]: https://www.rfc-editor.org/rfc/rfc7518#section-6.2.1.1
    pub(crate) fn named(crv: &str) -> Option<Self> {
        [Curve::P256, Curve::P384, Curve::P521].into_iter().find(|curve| curve.as_str() == crv)
    }

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Curve::P256 => "P-256",
            Curve::P384 => "P-384",
            Curve::P521 => "P-521",
        }
    }

    /// The one algorithm of the curve ([RFC 7518 §3.4]).
    ///
    /// [RFC 7518 §3.4]: https://www.rfc-editor.org/rfc/rfc7518#section-3.4
    pub(crate) const fn algorithm(self) -> Algorithm {
        match self {
            Curve::P256 => Algorithm::Es256,
            Curve::P384 => Algorithm::Es384,
            Curve::P521 => Algorithm::Es512,
        }
    }

    /// The length of a coordinate, in bytes.
    pub(crate) const fn coordinate_length(self) -> usize {
        match self {
            Curve::P256 => 32,
            Curve::P384 => 48,
            Curve::P521 => 66,
        }
    }
}

/// The back end does not accept the key material, or the signature is wrong.
#[derive(Debug)]
pub(crate) struct Rejected;
