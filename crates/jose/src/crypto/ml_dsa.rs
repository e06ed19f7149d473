//! ML-DSA ([FIPS 204], pure, with an empty context, as [RFC 9964] asks) beside whichever back end is there.
//!
//! A private key is its seed and nothing else, also in PKCS #8 ([RFC 9881 §6]); the expanded form is made when the key is
//! read. Signing is the deterministic variant of FIPS 204 §3.4.
//!
//! [FIPS 204]: https://doi.org/10.6028/NIST.FIPS.204
//! [RFC 9964]: https://www.rfc-editor.org/rfc/rfc9964
//! [RFC 9881 §6]: https://www.rfc-editor.org/rfc/rfc9881#section-6

use der::Encode;
use der::asn1::OctetStringRef;
use ml_dsa::{
    EncodedVerifyingKey, MlDsa44, MlDsa65, MlDsa87, MlDsaParams, Seed, Signature, Signer, SigningKey, Verifier,
    VerifyingKey,
};
use pkcs8::PrivateKeyInfoRef;
use spki::AlgorithmIdentifierRef;
use zeroize::Zeroizing;

use super::ml_dsa_parameters::ml_dsa_id;
use super::{PrivateMembers, PublicMembers, Rejected, back_end, encryption};
use crate::{Algorithm, RsaSize};

pub(crate) enum PrivateKey {
    BackEnd(back_end::PrivateKey),
    MlDsa(Algorithm, Box<dyn Signs>),
}

impl PrivateKey {
    /// Whether there are private keys for the algorithm.
    pub(crate) fn available(algorithm: Algorithm) -> bool {
        algorithm.is_ml_dsa() || back_end::PrivateKey::available(algorithm)
    }

    pub(crate) fn generate(algorithm: Algorithm) -> Result<Self, Rejected> {
        if !algorithm.is_ml_dsa() {
            return back_end::PrivateKey::generate(algorithm).map(PrivateKey::BackEnd);
        }
        let mut seed = Zeroizing::new([0; 32]);
        encryption::random(seed.as_mut_slice())?;
        Self::from_seed(algorithm, seed.as_slice())
    }

    pub(crate) fn generate_rsa(algorithm: Algorithm, size: RsaSize) -> Result<Self, Rejected> {
        back_end::PrivateKey::generate_rsa(algorithm, size).map(PrivateKey::BackEnd)
    }

    /// Of the three forms of RFC 9881 §6, the seed.
    pub(crate) fn from_pkcs8(algorithm: Algorithm, der: &[u8]) -> Result<Self, Rejected> {
        if !algorithm.is_ml_dsa() {
            return back_end::PrivateKey::from_pkcs8(algorithm, der).map(PrivateKey::BackEnd);
        }
        let (_, seed) = der.split_at_checked(der.len().saturating_sub(32)).ok_or(Rejected)?;
        // One key has one encoding.
        if *pkcs8(algorithm, seed)? == der { Self::from_seed(algorithm, seed) } else { Err(Rejected) }
    }

    pub(crate) fn from_traditional(algorithm: Algorithm, der: &[u8]) -> Result<Self, Rejected> {
        back_end::PrivateKey::from_traditional(algorithm, der).map(PrivateKey::BackEnd)
    }

    /// Checks that the private members belong to the public ones.
    pub(crate) fn from_members(
        algorithm: Algorithm,
        public: &PublicMembers,
        private: &PrivateMembers,
    ) -> Result<Self, Rejected> {
        let PrivateMembers::Seed(seed) = private else {
            return back_end::PrivateKey::from_members(algorithm, public, private).map(PrivateKey::BackEnd);
        };
        let key = Self::from_seed(algorithm, seed)?;
        if key.public_members()? == *public { Ok(key) } else { Err(Rejected) }
    }

    pub(crate) fn private_members(&self) -> Result<PrivateMembers, Rejected> {
        match self {
            PrivateKey::BackEnd(key) => key.private_members(),
            PrivateKey::MlDsa(_, key) => Ok(PrivateMembers::Seed(key.seed())),
        }
    }

    pub(crate) fn to_pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, Rejected> {
        match self {
            PrivateKey::BackEnd(key) => key.to_pkcs8(),
            PrivateKey::MlDsa(algorithm, key) => pkcs8(*algorithm, &key.seed()),
        }
    }

    pub(crate) fn public_members(&self) -> Result<PublicMembers, Rejected> {
        match self {
            PrivateKey::BackEnd(key) => key.public_members(),
            PrivateKey::MlDsa(algorithm, key) => Ok(PublicMembers::Akp { algorithm: *algorithm, public: key.public() }),
        }
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Rejected> {
        match self {
            PrivateKey::BackEnd(key) => key.sign(message),
            PrivateKey::MlDsa(_, key) => key.sign(message),
        }
    }

    fn from_seed(algorithm: Algorithm, seed: &[u8]) -> Result<Self, Rejected> {
        let seed = Zeroizing::new(Seed::try_from(seed).map_err(|_| Rejected)?);
        let key: Box<dyn Signs> = match algorithm {
            Algorithm::MlDsa44 => Box::new(SigningKey::<MlDsa44>::from_seed(&seed)),
            Algorithm::MlDsa65 => Box::new(SigningKey::<MlDsa65>::from_seed(&seed)),
            Algorithm::MlDsa87 => Box::new(SigningKey::<MlDsa87>::from_seed(&seed)),
            _ => return Err(Rejected),
        };
        Ok(PrivateKey::MlDsa(algorithm, key))
    }
}

/// `PrivateKeyInfo { 0, algorithm, OCTET STRING { [0] seed } }`.
fn pkcs8(algorithm: Algorithm, seed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Rejected> {
    let seed = Zeroizing::new([SEED, seed].concat());
    let algorithm = AlgorithmIdentifierRef { oid: ml_dsa_id(algorithm), parameters: None };
    let key = OctetStringRef::new(&seed).and_then(|seed| PrivateKeyInfoRef::new(algorithm, seed).to_der());
    key.map(Zeroizing::new).map_err(|_| Rejected)
}

/// The tag and the length of the seed.
const SEED: &[u8] = &[0x80, 32];

pub(crate) enum PublicKey {
    BackEnd(back_end::PublicKey),
    MlDsa(Box<dyn Verifies>),
}

impl PublicKey {
    pub(crate) fn new(algorithm: Algorithm, members: &PublicMembers) -> Result<Self, Rejected> {
        let PublicMembers::Akp { algorithm: own, public } = members else {
            return back_end::PublicKey::new(algorithm, members).map(PublicKey::BackEnd);
        };
        if *own != algorithm {
            return Err(Rejected);
        }
        Ok(PublicKey::MlDsa(match algorithm {
            Algorithm::MlDsa44 => verifying::<MlDsa44>(public)?,
            Algorithm::MlDsa65 => verifying::<MlDsa65>(public)?,
            Algorithm::MlDsa87 => verifying::<MlDsa87>(public)?,
            _ => return Err(Rejected),
        }))
    }

    /// The same key, made ready to verify often, where the back end has something to prepare.
    pub(crate) fn precomputed(&self) -> Option<Self> {
        match self {
            PublicKey::BackEnd(key) => key.precomputed().map(PublicKey::BackEnd),
            PublicKey::MlDsa(_) => None,
        }
    }

    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), Rejected> {
        match self {
            PublicKey::BackEnd(key) => key.verify(message, signature),
            PublicKey::MlDsa(key) => key.verify(message, signature),
        }
    }
}

fn verifying<P: MlDsaParams + 'static>(public: &[u8]) -> Result<Box<dyn Verifies>, Rejected> {
    let encoded = EncodedVerifyingKey::<P>::try_from(public).map_err(|_| Rejected)?;
    Ok(Box::new(VerifyingKey::<P>::decode(&encoded)))
}

/// A private key of some parameter set.
pub(crate) trait Signs: Send + Sync {
    fn seed(&self) -> Zeroizing<Vec<u8>>;
    fn public(&self) -> Vec<u8>;
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Rejected>;
}

impl<P: MlDsaParams> Signs for SigningKey<P> {
    fn seed(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(self.as_seed().to_vec())
    }

    fn public(&self) -> Vec<u8> {
        self.as_ref().encode().to_vec()
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Rejected> {
        Ok(self.try_sign(message).map_err(|_| Rejected)?.encode().to_vec())
    }
}

/// A public key of some parameter set.
pub(crate) trait Verifies: Send + Sync {
    fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), Rejected>;
}

impl<P: MlDsaParams> Verifies for VerifyingKey<P> {
    fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), Rejected> {
        let signature = Signature::<P>::try_from(signature).map_err(|_| Rejected)?;
        Verifier::verify(self, message, &signature).map_err(|_| Rejected)
    }
}
