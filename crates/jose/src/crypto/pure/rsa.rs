//! RSA signatures, verification alone ([RFC 8017 §8]).
//!
//! [RFC 8017 §8]: https://www.rfc-editor.org/rfc/rfc8017#section-8

use rsa::{BoxedUint, Pkcs1v15Sign, Pss};
use sha2::{Digest, Sha256, Sha384, Sha512};

use super::{Rejected, reject};
use crate::Algorithm;

/// The limits of the modulus are those of the other back end; the exponent has at most 33 bits.
pub(super) fn public_key(n: &[u8], e: &[u8]) -> Result<rsa::RsaPublicKey, Rejected> {
    let (n, e) = (BoxedUint::from_be_slice_vartime(n), BoxedUint::from_be_slice_vartime(e));
    rsa::RsaPublicKey::new_with_size_limits(n, e, 2048..=8192).map_err(reject)
}

pub(crate) struct RsaPublicKey {
    algorithm: Algorithm,
    key: rsa::RsaPublicKey,
}

impl RsaPublicKey {
    pub(super) fn new(algorithm: Algorithm, n: &[u8], e: &[u8]) -> Result<Self, Rejected> {
        Ok(RsaPublicKey { algorithm, key: public_key(n, e)? })
    }

    /// The salt of PSS is as long as the hash, no shorter and no longer ([RFC 7518 §3.5]).
    ///
    /// [RFC 7518 §3.5]: https://www.rfc-editor.org/rfc/rfc7518#section-3.5
    pub(super) fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), Rejected> {
        let (key, m, s) = (&self.key, message, signature);
        match self.algorithm {
            Algorithm::Ps256 => key.verify(Pss::<Sha256>::new_with_salt(32), &Sha256::digest(m), s),
            Algorithm::Ps384 => key.verify(Pss::<Sha384>::new_with_salt(48), &Sha384::digest(m), s),
            Algorithm::Ps512 => key.verify(Pss::<Sha512>::new_with_salt(64), &Sha512::digest(m), s),
            Algorithm::Rs256 => key.verify(Pkcs1v15Sign::new::<Sha256>(), &Sha256::digest(m), s),
            Algorithm::Rs384 => key.verify(Pkcs1v15Sign::new::<Sha384>(), &Sha384::digest(m), s),
            Algorithm::Rs512 => key.verify(Pkcs1v15Sign::new::<Sha512>(), &Sha512::digest(m), s),
            Algorithm::EdDSA | Algorithm::Es256 | Algorithm::Es384 | Algorithm::Es512 => return Err(Rejected),
            #[cfg(feature = "ml-dsa")]
            Algorithm::MlDsa44 | Algorithm::MlDsa65 | Algorithm::MlDsa87 => return Err(Rejected),
        }
        .map_err(reject)
    }
}
