//! The native back end: aws-lc-rs, and ed25519-dalek where it verifies faster.

pub(crate) mod encryption;

use aws_lc_rs::digest;
use aws_lc_rs::encoding::{AsBigEndian, AsDer, Curve25519SeedBin, EcPrivateKeyBin, Pkcs8V1Der};
use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPairComponents, KeySize};
use aws_lc_rs::signature::{self as aws, EcdsaKeyPair, Ed25519KeyPair, KeyPair, ParsedPublicKey, RsaKeyPair};
use der::asn1::{AnyRef, UintRef};
use der::{Decode, SliceReader, Tag};
use pkcs8::PrivateKeyInfoRef;
use zeroize::Zeroizing;

use super::ed25519::Ed25519Key;
use super::{Curve, PrivateMembers, PublicMembers, Rejected};
use crate::jws::hmac::HmacAlgorithm;
use crate::{Algorithm, RsaSize, public_key_info};

/// SHA-256.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
    out
}

pub(crate) enum PrivateKey {
    Ed25519(Ed25519KeyPair),
    Ecdsa(Curve, EcdsaKeyPair),
    /// With the padding and hash of its one algorithm.
    Rsa(&'static aws::RsaSignatureEncoding, RsaKeyPair),
}

impl PrivateKey {
    /// Whether there are private keys for the algorithm: here, for every one.
    pub(crate) fn available(_: Algorithm) -> bool {
        true
    }

    pub(crate) fn generate(algorithm: Algorithm) -> Result<Self, Rejected> {
        Ok(match Family::of(algorithm)? {
            Family::Ed25519 => PrivateKey::Ed25519(Ed25519KeyPair::generate().map_err(reject)?),
            Family::Ecdsa(curve) => {
                PrivateKey::Ecdsa(curve, EcdsaKeyPair::generate(ecdsa_signing(curve)).map_err(reject)?)
            }
            Family::Rsa(..) => Self::generate_rsa(algorithm, RsaSize::Bits2048)?,
        })
    }

    pub(crate) fn generate_rsa(algorithm: Algorithm, size: RsaSize) -> Result<Self, Rejected> {
        let Family::Rsa(encoding, _) = Family::of(algorithm)? else { return Err(Rejected) };
        Ok(PrivateKey::Rsa(encoding, RsaKeyPair::generate(key_size(size)).map_err(reject)?))
    }

    pub(crate) fn from_pkcs8(algorithm: Algorithm, der: &[u8]) -> Result<Self, Rejected> {
        Ok(match Family::of(algorithm)? {
            Family::Ed25519 => PrivateKey::Ed25519(Ed25519KeyPair::from_pkcs8(der).map_err(reject)?),
            Family::Ecdsa(curve) => {
                PrivateKey::Ecdsa(curve, EcdsaKeyPair::from_pkcs8(ecdsa_signing(curve), der).map_err(reject)?)
            }
            Family::Rsa(encoding, _) => PrivateKey::Rsa(encoding, RsaKeyPair::from_pkcs8(der).map_err(reject)?),
        })
    }

    /// `ECPrivateKey` ([RFC 5915 §3]) or `RSAPrivateKey` ([RFC 8017 §A.1.2]), as they stand outside of PKCS #8.
    ///
    /// [RFC 5915 §3]: https://www.rfc-editor.org/rfc/rfc5915#section-3
    /// [RFC 8017 §A.1.2]: https://www.rfc-editor.org/rfc/rfc8017#appendix-A.1.2
    pub(crate) fn from_traditional(algorithm: Algorithm, der: &[u8]) -> Result<Self, Rejected> {
        // The version, which is also what tells these forms from PKCS #8, whose version is 0 or 1 and is not followed by
        // an OCTET STRING or an INTEGER.
        let key = AnyRef::from_der(der).map_err(reject)?;
        let mut reader = SliceReader::new(key.value()).map_err(reject)?;
        UintRef::decode(&mut reader).map_err(reject)?;
        Ok(match (Family::of(algorithm)?, Tag::peek(&reader).map_err(reject)?) {
            (Family::Ecdsa(curve), Tag::OctetString) => {
                let key = EcdsaKeyPair::from_private_key_der(ecdsa_signing(curve), der);
                PrivateKey::Ecdsa(curve, key.map_err(reject)?)
            }
            (Family::Rsa(encoding, _), Tag::Integer) => {
                PrivateKey::Rsa(encoding, RsaKeyPair::from_der(der).map_err(reject)?)
            }
            _ => return Err(Rejected),
        })
    }

    /// Checks that the private members belong to the public ones.
    pub(crate) fn from_members(
        algorithm: Algorithm,
        public: &PublicMembers,
        private: &PrivateMembers,
    ) -> Result<Self, Rejected> {
        Ok(match (Family::of(algorithm)?, public, private) {
            (Family::Ed25519, PublicMembers::Okp { x }, PrivateMembers::Scalar(d)) => {
                PrivateKey::Ed25519(Ed25519KeyPair::from_seed_and_public_key(d, x).map_err(reject)?)
            }
            (Family::Ecdsa(expected), PublicMembers::Ec { curve, x, y }, PrivateMembers::Scalar(d))
                if expected == *curve =>
            {
                let point = [&[0x04], x.as_slice(), y.as_slice()].concat();
                let key = EcdsaKeyPair::from_private_key_and_public_key(ecdsa_signing(*curve), d, &point);
                PrivateKey::Ecdsa(*curve, key.map_err(reject)?)
            }
            (Family::Rsa(encoding, _), PublicMembers::Rsa { n, e }, PrivateMembers::Rsa { d, p, q, dp, dq, qi }) => {
                let components = KeyPairComponents {
                    public_key: aws::RsaPublicKeyComponents { n: n.as_slice(), e: e.as_slice() },
                    d: d.as_slice(),
                    p: p.as_slice(),
                    q: q.as_slice(),
                    dP: dp.as_slice(),
                    dQ: dq.as_slice(),
                    qInv: qi.as_slice(),
                };
                PrivateKey::Rsa(encoding, RsaKeyPair::from_components(&components).map_err(reject)?)
            }
            _ => return Err(Rejected),
        })
    }

    pub(crate) fn private_members(&self) -> Result<PrivateMembers, Rejected> {
        match self {
            PrivateKey::Ed25519(key) => {
                let seed: Curve25519SeedBin<'_> = key.seed().map_err(reject)?.as_be_bytes().map_err(reject)?;
                Ok(PrivateMembers::Scalar(Zeroizing::new(seed.as_ref().to_vec())))
            }
            PrivateKey::Ecdsa(_, key) => {
                let scalar: EcPrivateKeyBin<'_> = key.private_key().as_be_bytes().map_err(reject)?;
                Ok(PrivateMembers::Scalar(Zeroizing::new(scalar.as_ref().to_vec())))
            }
            PrivateKey::Rsa(..) => Ok(rsa_members(&self.to_pkcs8()?).ok_or(Rejected)?.1),
        }
    }

    /// PKCS #8 version 1 for every kind: the form that other tools read.
    pub(crate) fn to_pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, Rejected> {
        let bytes = match self {
            PrivateKey::Ed25519(key) => key.to_pkcs8v1().map_err(reject)?.as_ref().to_vec(),
            PrivateKey::Ecdsa(_, key) => key.to_pkcs8v1().map_err(reject)?.as_ref().to_vec(),
            PrivateKey::Rsa(_, key) => AsDer::<Pkcs8V1Der<'_>>::as_der(key).map_err(reject)?.as_ref().to_vec(),
        };
        Ok(Zeroizing::new(bytes))
    }

    pub(crate) fn public_members(&self) -> Result<PublicMembers, Rejected> {
        match self {
            PrivateKey::Ed25519(key) => {
                Ok(PublicMembers::Okp { x: key.public_key().as_ref().try_into().map_err(reject)? })
            }
            &PrivateKey::Ecdsa(curve, ref key) => match key.public_key().as_ref().split_first() {
                Some((0x04, point)) => {
                    let (x, y) = point.split_at_checked(curve.coordinate_length()).ok_or(Rejected)?;
                    Ok(PublicMembers::Ec { curve, x: x.to_vec(), y: y.to_vec() })
                }
                _ => Err(Rejected),
            },
            PrivateKey::Rsa(_, key) => {
                let (n, e) = rsa_public_key(key.public_key().as_ref()).ok_or(Rejected)?;
                Ok(PublicMembers::Rsa { n: n.to_vec(), e: e.to_vec() })
            }
        }
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Rejected> {
        match self {
            PrivateKey::Ed25519(key) => Ok(key.try_sign(message).map_err(reject)?.as_ref().to_vec()),
            PrivateKey::Ecdsa(_, key) => Ok(key.sign(&SystemRandom::new(), message).map_err(reject)?.as_ref().to_vec()),
            PrivateKey::Rsa(encoding, key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(*encoding, &SystemRandom::new(), message, &mut signature).map_err(reject)?;
                Ok(signature)
            }
        }
    }
}

/// What the back end needs to know about an algorithm.
enum Family {
    Ed25519,
    Ecdsa(Curve),
    Rsa(&'static aws::RsaSignatureEncoding, &'static aws::RsaParameters),
}

impl Family {
    fn of(algorithm: Algorithm) -> Result<Self, Rejected> {
        Ok(match algorithm {
            Algorithm::EdDSA => Family::Ed25519,
            Algorithm::Es256 => Family::Ecdsa(Curve::P256),
            Algorithm::Es384 => Family::Ecdsa(Curve::P384),
            Algorithm::Es512 => Family::Ecdsa(Curve::P521),
            Algorithm::Ps256 => Family::Rsa(&aws::RSA_PSS_SHA256, &aws::RSA_PSS_2048_8192_SHA256),
            Algorithm::Ps384 => Family::Rsa(&aws::RSA_PSS_SHA384, &aws::RSA_PSS_2048_8192_SHA384),
            Algorithm::Ps512 => Family::Rsa(&aws::RSA_PSS_SHA512, &aws::RSA_PSS_2048_8192_SHA512),
            Algorithm::Rs256 => Family::Rsa(&aws::RSA_PKCS1_SHA256, &aws::RSA_PKCS1_2048_8192_SHA256),
            Algorithm::Rs384 => Family::Rsa(&aws::RSA_PKCS1_SHA384, &aws::RSA_PKCS1_2048_8192_SHA384),
            Algorithm::Rs512 => Family::Rsa(&aws::RSA_PKCS1_SHA512, &aws::RSA_PKCS1_2048_8192_SHA512),
            #[cfg(feature = "ml-dsa")]
            Algorithm::MlDsa44 | Algorithm::MlDsa65 | Algorithm::MlDsa87 => return Err(Rejected),
        })
    }
}

fn ecdsa_signing(curve: Curve) -> &'static aws::EcdsaSigningAlgorithm {
    match curve {
        Curve::P256 => &aws::ECDSA_P256_SHA256_FIXED_SIGNING,
        Curve::P384 => &aws::ECDSA_P384_SHA384_FIXED_SIGNING,
        Curve::P521 => &aws::ECDSA_P521_SHA512_FIXED_SIGNING,
    }
}

fn ecdsa_verification(curve: Curve) -> &'static aws::EcdsaVerificationAlgorithm {
    match curve {
        Curve::P256 => &aws::ECDSA_P256_SHA256_FIXED,
        Curve::P384 => &aws::ECDSA_P384_SHA384_FIXED,
        Curve::P521 => &aws::ECDSA_P521_SHA512_FIXED,
    }
}

pub(crate) enum PublicKey {
    Ed25519(Ed25519Key),
    /// ECDSA and RSA; the parsed key knows with which curve, padding and hash.
    Parsed(ParsedPublicKey),
}

impl PublicKey {
    /// Checks that the point is on its curve; the caller checks the sizes of RSA members.
    pub(crate) fn new(algorithm: Algorithm, members: &PublicMembers) -> Result<Self, Rejected> {
        Ok(match (Family::of(algorithm)?, members) {
            (Family::Ed25519, PublicMembers::Okp { x }) => PublicKey::Ed25519(Ed25519Key::new(x)?),
            (Family::Ecdsa(expected), PublicMembers::Ec { curve, x, y }) if expected == *curve => {
                let point = [&[0x04], x.as_slice(), y.as_slice()].concat();
                PublicKey::Parsed(ParsedPublicKey::new(ecdsa_verification(*curve), point).map_err(reject)?)
            }
            (Family::Rsa(_, parameters), PublicMembers::Rsa { n, e }) => {
                let components = aws::RsaPublicKeyComponents { n, e };
                PublicKey::Parsed(components.to_parsed_public_key(parameters).map_err(reject)?)
            }
            _ => return Err(Rejected),
        })
    }

    /// The same key, made ready to verify often, where that makes it faster: here it does not.
    pub(crate) fn precomputed(&self) -> Option<Self> {
        None
    }

    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), Rejected> {
        match self {
            PublicKey::Ed25519(key) => key.verify(message, signature),
            PublicKey::Parsed(key) => key.verify_sig(message, signature).map_err(reject),
        }
    }
}

pub(crate) struct MacKey(hmac::Key);

impl MacKey {
    pub(crate) fn new(algorithm: HmacAlgorithm, secret: &[u8]) -> Self {
        MacKey(hmac::Key::new(mac(algorithm), secret))
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        hmac::sign(&self.0, message).as_ref().to_vec()
    }

    /// Takes whole tags only, and as long for a wrong one as for the right one.
    pub(crate) fn verify(&self, message: &[u8], tag: &[u8]) -> Result<(), Rejected> {
        hmac::verify(&self.0, message, tag).map_err(reject)
    }
}

fn mac(algorithm: HmacAlgorithm) -> hmac::Algorithm {
    match algorithm {
        HmacAlgorithm::Hs256 => hmac::HMAC_SHA256,
        HmacAlgorithm::Hs384 => hmac::HMAC_SHA384,
        HmacAlgorithm::Hs512 => hmac::HMAC_SHA512,
    }
}

fn key_size(size: RsaSize) -> KeySize {
    match size {
        RsaSize::Bits2048 => KeySize::Rsa2048,
        RsaSize::Bits3072 => KeySize::Rsa3072,
        RsaSize::Bits4096 => KeySize::Rsa4096,
    }
}

fn reject<E>(_: E) -> Rejected {
    Rejected
}

/// Takes `RSAPublicKey ::= SEQUENCE { modulus INTEGER, publicExponent INTEGER }` apart ([RFC 8017 §A.1.1]). The encoding
/// is the back end's own, so this reads and does not judge.
///
/// [RFC 8017 §A.1.1]: https://www.rfc-editor.org/rfc/rfc8017#appendix-A.1.1
fn rsa_public_key(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let [n, e] = public_key_info::unsigned_integers(der)?.try_into().ok()?;
    Some((n, e))
}

/// Takes `PrivateKeyInfo { version, algorithm, OCTET STRING { RSAPrivateKey } }` apart ([RFC 5958 §2], [RFC 8017 §A.1.2]),
/// as the back end has written it.
///
/// [RFC 5958 §2]: https://www.rfc-editor.org/rfc/rfc5958#section-2
/// [RFC 8017 §A.1.2]: https://www.rfc-editor.org/rfc/rfc8017#appendix-A.1.2
fn rsa_members(pkcs8: &[u8]) -> Option<(PublicMembers, PrivateMembers)> {
    let info = PrivateKeyInfoRef::try_from(pkcs8).ok()?;
    let integers = public_key_info::unsigned_integers(info.private_key.as_bytes())?;
    let [_version, n, e, private @ ..]: [&[u8]; 9] = integers.try_into().ok()?;
    let [d, p, q, dp, dq, qi] = private.map(|integer| Zeroizing::new(integer.to_vec()));
    Some((PublicMembers::Rsa { n: n.to_vec(), e: e.to_vec() }, PrivateMembers::Rsa { d, p, q, dp, dq, qi }))
}
