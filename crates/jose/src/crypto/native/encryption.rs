//! What JWE needs of aws-lc-rs.

use std::num::NonZeroU32;

use aws_lc_rs::aead::{self, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::agreement::{self, ParsedPublicKey, UnparsedPublicKey};
use aws_lc_rs::cipher::{
    self, DecryptionContext, EncryptionContext, PaddedBlockDecryptingKey, PaddedBlockEncryptingKey, UnboundCipherKey,
};
use aws_lc_rs::encoding::{AsBigEndian, AsDer, Curve25519SeedBin, EcPrivateKeyBin, Pkcs8V1Der};
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::key_wrap::{self, AesKek, KeyWrap};
use aws_lc_rs::rsa::{
    OAEP_SHA256_MGF1SHA256, OaepPrivateDecryptingKey, OaepPublicEncryptingKey, PrivateDecryptingKey,
    PublicEncryptingKey,
};
use aws_lc_rs::{hmac as aws_hmac, pbkdf2 as aws_pbkdf2, rand};
use zeroize::Zeroizing;

use super::{PrivateKey, key_size, mac, reject, rsa_members};
use crate::crypto::{Curve, PrivateMembers, PublicMembers, Rejected};
use crate::jwe::AgreementCurve;
use crate::jws::hmac::HmacAlgorithm;
use crate::{Algorithm, RsaSize, public_key_info};

/// Fills from the operating system's randomness.
pub(crate) fn random(bytes: &mut [u8]) -> Result<(), Rejected> {
    rand::fill(bytes).map_err(reject)
}

/// AES-GCM: the ciphertext and the tag.
pub(crate) fn gcm_seal(
    key: &[u8],
    iv: [u8; 12],
    aad: &[u8],
    plaintext: &[u8],
) -> Result<(Vec<u8>, [u8; 16]), Rejected> {
    let mut ciphertext = plaintext.to_vec();
    let tag = gcm_key(key)?
        .seal_in_place_separate_tag(Nonce::assume_unique_for_key(iv), Aad::from(aad), &mut ciphertext)
        .map_err(reject)?;
    Ok((ciphertext, tag.as_ref().try_into().map_err(reject)?))
}

/// AES-GCM: the plaintext, if the tag is right.
pub(crate) fn gcm_open(
    key: &[u8],
    iv: [u8; 12],
    aad: &[u8],
    ciphertext: &[u8],
    tag: &[u8; 16],
) -> Result<Zeroizing<Vec<u8>>, Rejected> {
    let mut plaintext = Zeroizing::new(vec![0; ciphertext.len()]);
    gcm_key(key)?
        .open_separate_gather(Nonce::assume_unique_for_key(iv), Aad::from(aad), ciphertext, tag, &mut plaintext)
        .map_err(reject)?;
    Ok(plaintext)
}

fn gcm_key(key: &[u8]) -> Result<LessSafeKey, Rejected> {
    let algorithm = match key.len() {
        16 => &aead::AES_128_GCM,
        32 => &aead::AES_256_GCM,
        _ => return Err(Rejected),
    };
    UnboundKey::new(algorithm, key).map(LessSafeKey::new).map_err(reject)
}

/// AES-CBC with PKCS #7 padding.
pub(crate) fn cbc_encrypt(key: &[u8], iv: [u8; 16], plaintext: &[u8]) -> Result<Vec<u8>, Rejected> {
    // Room for the padding: a buffer that grows leaves a copy of the plaintext behind.
    let mut buffer = Vec::with_capacity(plaintext.len() + 16);
    buffer.extend_from_slice(plaintext);
    let key = PaddedBlockEncryptingKey::cbc_pkcs7(cbc_key(key)?).map_err(reject)?;
    key.less_safe_encrypt(&mut buffer, EncryptionContext::Iv128(FixedLength::from(iv))).map_err(reject)?;
    Ok(buffer)
}

/// AES-CBC with PKCS #7 padding.
pub(crate) fn cbc_decrypt(key: &[u8], iv: [u8; 16], ciphertext: &[u8]) -> Result<Zeroizing<Vec<u8>>, Rejected> {
    let mut buffer = Zeroizing::new(ciphertext.to_vec());
    let key = PaddedBlockDecryptingKey::cbc_pkcs7(cbc_key(key)?).map_err(reject)?;
    let plaintext = key.decrypt(&mut buffer, DecryptionContext::Iv128(FixedLength::from(iv))).map_err(reject)?;
    let length = plaintext.len();
    buffer.truncate(length);
    Ok(buffer)
}

fn cbc_key(key: &[u8]) -> Result<UnboundCipherKey, Rejected> {
    let algorithm = match key.len() {
        16 => &cipher::AES_128,
        32 => &cipher::AES_256,
        _ => return Err(Rejected),
    };
    UnboundCipherKey::new(algorithm, key).map_err(reject)
}

/// The whole tag over the parts, one after the other. The key may have any length.
pub(crate) fn hmac(algorithm: HmacAlgorithm, key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    let mut context = aws_hmac::Context::with_key(&aws_hmac::Key::new(mac(algorithm), key));
    parts.iter().for_each(|part| context.update(part));
    context.sign().as_ref().to_vec()
}

/// AES Key Wrap with the default initial value.
pub(crate) fn key_wrap(kek: &[u8], key: &[u8]) -> Result<Vec<u8>, Rejected> {
    let mut wrapped = vec![0; key.len() + 8];
    let length = wrapping_key(kek)?.wrap(key, &mut wrapped).map_err(reject)?.len();
    wrapped.truncate(length);
    Ok(wrapped)
}

/// AES Key Wrap with the default initial value.
pub(crate) fn key_unwrap(kek: &[u8], wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, Rejected> {
    let mut key = Zeroizing::new(vec![0; wrapped.len()]);
    let length = wrapping_key(kek)?.unwrap(wrapped, &mut key).map_err(reject)?.len();
    key.truncate(length);
    Ok(key)
}

fn wrapping_key(kek: &[u8]) -> Result<AesKek, Rejected> {
    let cipher = match kek.len() {
        16 => &key_wrap::AES_128,
        32 => &key_wrap::AES_256,
        _ => return Err(Rejected),
    };
    AesKek::new(cipher, kek).map_err(reject)
}

/// PBKDF2 with the MAC as its function; fills `key`.
pub(crate) fn pbkdf2(algorithm: HmacAlgorithm, password: &[u8], salt: &[u8], count: NonZeroU32, key: &mut [u8]) {
    let algorithm = match algorithm {
        HmacAlgorithm::Hs256 => aws_pbkdf2::PBKDF2_HMAC_SHA256,
        HmacAlgorithm::Hs384 => aws_pbkdf2::PBKDF2_HMAC_SHA384,
        HmacAlgorithm::Hs512 => aws_pbkdf2::PBKDF2_HMAC_SHA512,
    };
    aws_pbkdf2::derive(algorithm, count, salt, password, key);
}

/// A private key of ECDH or X25519.
pub(crate) struct AgreementKey {
    curve: AgreementCurve,
    key: agreement::PrivateKey,
}

impl AgreementKey {
    pub(crate) fn generate(curve: AgreementCurve) -> Result<Self, Rejected> {
        Ok(AgreementKey { curve, key: agreement::PrivateKey::generate(algorithm(curve)).map_err(reject)? })
    }

    /// Checks that the private member belongs to the public ones.
    pub(crate) fn from_members(public: &PublicMembers, private: &PrivateMembers) -> Result<Self, Rejected> {
        let PrivateMembers::Scalar(d) = private else { return Err(Rejected) };
        let key = Self::from_private(curve(public)?, d)?;
        if key.public_members()? == *public { Ok(key) } else { Err(Rejected) }
    }

    pub(crate) fn from_private(curve: AgreementCurve, d: &[u8]) -> Result<Self, Rejected> {
        let key = agreement::PrivateKey::from_private_key(algorithm(curve), d).map_err(reject)?;
        Ok(AgreementKey { curve, key })
    }

    pub(crate) fn public_members(&self) -> Result<PublicMembers, Rejected> {
        let public = self.key.compute_public_key().map_err(reject)?;
        let curve = match self.curve {
            AgreementCurve::P256 => Curve::P256,
            AgreementCurve::P384 => Curve::P384,
            AgreementCurve::P521 => Curve::P521,
            AgreementCurve::X25519 => {
                return Ok(PublicMembers::X25519 { x: public.as_ref().try_into().map_err(reject)? });
            }
        };
        match public.as_ref().split_first() {
            Some((0x04, point)) => {
                let (x, y) = point.split_at_checked(curve.coordinate_length()).ok_or(Rejected)?;
                Ok(PublicMembers::Ec { curve, x: x.to_vec(), y: y.to_vec() })
            }
            _ => Err(Rejected),
        }
    }

    pub(crate) fn private_members(&self) -> Result<PrivateMembers, Rejected> {
        let bytes = match self.curve {
            AgreementCurve::X25519 => {
                let seed: Curve25519SeedBin<'_> = self.key.as_be_bytes().map_err(reject)?;
                seed.as_ref().to_vec()
            }
            _ => {
                let scalar: EcPrivateKeyBin<'_> = self.key.as_be_bytes().map_err(reject)?;
                scalar.as_ref().to_vec()
            }
        };
        Ok(PrivateMembers::Scalar(Zeroizing::new(bytes)))
    }

    /// The shared secret: the x-coordinate in full, or the output of X25519.
    pub(crate) fn agree(&self, peer: &AgreementPublicKey) -> Result<Zeroizing<Vec<u8>>, Rejected> {
        agreement::agree(&self.key, peer.0.clone(), Rejected, |secret| Ok(Zeroizing::new(secret.to_vec())))
    }
}

/// A public key of ECDH or X25519.
pub(crate) struct AgreementPublicKey(ParsedPublicKey);

impl AgreementPublicKey {
    /// Checks that a point is on its curve. Whether an X25519 key is of small order shows when it is used.
    pub(crate) fn new(members: &PublicMembers) -> Result<Self, Rejected> {
        let bytes = match members {
            PublicMembers::Ec { x, y, .. } => [&[0x04], x.as_slice(), y.as_slice()].concat(),
            PublicMembers::X25519 { x } => x.to_vec(),
            _ => return Err(Rejected),
        };
        let key = UnparsedPublicKey::new(algorithm(curve(members)?), bytes);
        key.try_into().map(AgreementPublicKey).map_err(reject)
    }
}

fn curve(members: &PublicMembers) -> Result<AgreementCurve, Rejected> {
    AgreementCurve::of(members).ok_or(Rejected)
}

fn algorithm(curve: AgreementCurve) -> &'static agreement::Algorithm {
    match curve {
        AgreementCurve::P256 => &agreement::ECDH_P256,
        AgreementCurve::P384 => &agreement::ECDH_P384,
        AgreementCurve::P521 => &agreement::ECDH_P521,
        AgreementCurve::X25519 => &agreement::X25519,
    }
}

/// An RSA key that encrypts; the caller checks the sizes of its members.
pub(crate) struct OaepPublicKey(OaepPublicEncryptingKey);

impl OaepPublicKey {
    pub(crate) fn new(members: &PublicMembers) -> Result<Self, Rejected> {
        let PublicMembers::Rsa { .. } = members else { return Err(Rejected) };
        let key = PublicEncryptingKey::from_der(&public_key_info::write(members)).map_err(reject)?;
        OaepPublicEncryptingKey::new(key).map(OaepPublicKey).map_err(reject)
    }

    pub(crate) fn encrypt(&self, plaintext: &[u8]) -> Result<Vec<u8>, Rejected> {
        let mut ciphertext = vec![0; self.0.ciphertext_size()];
        let length = self.0.encrypt(&OAEP_SHA256_MGF1SHA256, plaintext, &mut ciphertext, None).map_err(reject)?.len();
        ciphertext.truncate(length);
        Ok(ciphertext)
    }
}

/// An RSA key that decrypts.
pub(crate) struct OaepPrivateKey {
    key: PrivateDecryptingKey,
    oaep: OaepPrivateDecryptingKey,
}

impl OaepPrivateKey {
    /// Whether there are such keys at all.
    pub(crate) fn available() -> bool {
        true
    }

    pub(crate) fn generate(size: RsaSize) -> Result<Self, Rejected> {
        Self::new(PrivateDecryptingKey::generate(key_size(size)).map_err(reject)?)
    }

    /// Checks that the private members belong to the public ones.
    pub(crate) fn from_members(public: &PublicMembers, private: &PrivateMembers) -> Result<Self, Rejected> {
        // The library takes single members for signing only; what it makes of them is the same key.
        let pkcs8 = PrivateKey::from_members(Algorithm::Rs256, public, private)?.to_pkcs8()?;
        Self::new(PrivateDecryptingKey::from_pkcs8(&pkcs8).map_err(reject)?)
    }

    pub(crate) fn members(&self) -> Result<(PublicMembers, PrivateMembers), Rejected> {
        let pkcs8: Pkcs8V1Der<'_> = self.key.as_der().map_err(reject)?;
        rsa_members(pkcs8.as_ref()).ok_or(Rejected)
    }

    pub(crate) fn decrypt(&self, ciphertext: &[u8]) -> Result<Zeroizing<Vec<u8>>, Rejected> {
        let mut plaintext = Zeroizing::new(vec![0; self.oaep.min_output_size()]);
        let length =
            self.oaep.decrypt(&OAEP_SHA256_MGF1SHA256, ciphertext, &mut plaintext, None).map_err(reject)?.len();
        plaintext.truncate(length);
        Ok(plaintext)
    }

    fn new(key: PrivateDecryptingKey) -> Result<Self, Rejected> {
        let oaep = OaepPrivateDecryptingKey::new(key.clone()).map_err(reject)?;
        Ok(OaepPrivateKey { key, oaep })
    }
}
