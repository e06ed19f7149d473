//! What JWE needs, without C: AES of RustCrypto, ECDH and X25519, and `rsa` for encrypting alone.

mod agreement;
mod oaep;

use std::num::NonZeroU32;

use aes::{Aes128, Aes256};
use aes_gcm::aead::inout::InOutBuf;
use aes_gcm::{AeadInOut, Aes128Gcm, Aes256Gcm, KeyInit};
use aes_kw::{KwAes128, KwAes256};
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};
use hmac::{Hmac, Mac};
use sha2::{Sha256, Sha384, Sha512};
use zeroize::Zeroizing;

use super::reject;
use crate::crypto::Rejected;
use crate::jws::hmac::HmacAlgorithm;

pub(crate) use agreement::{AgreementKey, AgreementPublicKey};
pub(crate) use oaep::{OaepPrivateKey, OaepPublicKey};

/// Fills from the operating system's randomness, or from what the application has put in its place.
pub(crate) fn random(bytes: &mut [u8]) -> Result<(), Rejected> {
    getrandom::fill(bytes).map_err(reject)
}

/// AES-GCM: the ciphertext and the tag.
pub(crate) fn gcm_seal(
    key: &[u8],
    iv: [u8; 12],
    aad: &[u8],
    plaintext: &[u8],
) -> Result<(Vec<u8>, [u8; 16]), Rejected> {
    let mut buffer = plaintext.to_vec();
    let iv = iv.into();
    let tag = match key.len() {
        16 => Aes128Gcm::new_from_slice(key).map_err(reject)?.encrypt_inout_detached(&iv, aad, whole(&mut buffer)),
        32 => Aes256Gcm::new_from_slice(key).map_err(reject)?.encrypt_inout_detached(&iv, aad, whole(&mut buffer)),
        _ => return Err(Rejected),
    };
    Ok((buffer, tag.map_err(reject)?.into()))
}

/// AES-GCM: the plaintext, if the tag is right.
pub(crate) fn gcm_open(
    key: &[u8],
    iv: [u8; 12],
    aad: &[u8],
    ciphertext: &[u8],
    tag: &[u8; 16],
) -> Result<Zeroizing<Vec<u8>>, Rejected> {
    let mut buffer = Zeroizing::new(ciphertext.to_vec());
    let (iv, tag) = (iv.into(), (*tag).into());
    match key.len() {
        16 => {
            Aes128Gcm::new_from_slice(key).map_err(reject)?.decrypt_inout_detached(&iv, aad, whole(&mut buffer), &tag)
        }
        32 => {
            Aes256Gcm::new_from_slice(key).map_err(reject)?.decrypt_inout_detached(&iv, aad, whole(&mut buffer), &tag)
        }
        _ => return Err(Rejected),
    }
    .map_err(reject)?;
    Ok(buffer)
}

fn whole(buffer: &mut [u8]) -> InOutBuf<'_, '_, u8> {
    InOutBuf::from(buffer)
}

/// AES-CBC with PKCS #7 padding.
pub(crate) fn cbc_encrypt(key: &[u8], iv: [u8; 16], plaintext: &[u8]) -> Result<Vec<u8>, Rejected> {
    // Room for the padding: a whole block where nothing is missing.
    let mut buffer = vec![0; plaintext.len() - plaintext.len() % 16 + 16];
    let (start, _) = buffer.split_at_mut_checked(plaintext.len()).ok_or(Rejected)?;
    start.copy_from_slice(plaintext);
    let length = plaintext.len();
    match key.len() {
        16 => {
            let cipher = cbc::Encryptor::<Aes128>::new_from_slices(key, &iv).map_err(reject)?;
            cipher.encrypt_padded::<Pkcs7>(&mut buffer, length).map_err(reject)?;
        }
        32 => {
            let cipher = cbc::Encryptor::<Aes256>::new_from_slices(key, &iv).map_err(reject)?;
            cipher.encrypt_padded::<Pkcs7>(&mut buffer, length).map_err(reject)?;
        }
        _ => return Err(Rejected),
    }
    Ok(buffer)
}

/// AES-CBC with PKCS #7 padding.
pub(crate) fn cbc_decrypt(key: &[u8], iv: [u8; 16], ciphertext: &[u8]) -> Result<Zeroizing<Vec<u8>>, Rejected> {
    let mut buffer = Zeroizing::new(ciphertext.to_vec());
    let length = match key.len() {
        16 => {
            let cipher = cbc::Decryptor::<Aes128>::new_from_slices(key, &iv).map_err(reject)?;
            cipher.decrypt_padded::<Pkcs7>(&mut buffer).map_err(reject)?.len()
        }
        32 => {
            let cipher = cbc::Decryptor::<Aes256>::new_from_slices(key, &iv).map_err(reject)?;
            cipher.decrypt_padded::<Pkcs7>(&mut buffer).map_err(reject)?.len()
        }
        _ => return Err(Rejected),
    };
    buffer.truncate(length);
    Ok(buffer)
}

/// The whole tag over the parts, one after the other. The key may have any length.
pub(crate) fn hmac(algorithm: HmacAlgorithm, key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    fn over<M: Mac>(mut mac: M, parts: &[&[u8]]) -> Vec<u8> {
        parts.iter().for_each(|part| mac.update(part));
        mac.finalize().into_bytes().to_vec()
    }
    match algorithm {
        HmacAlgorithm::Hs256 => over(super::hmac::keyed::<Hmac<Sha256>>(key), parts),
        HmacAlgorithm::Hs384 => over(super::hmac::keyed::<Hmac<Sha384>>(key), parts),
        HmacAlgorithm::Hs512 => over(super::hmac::keyed::<Hmac<Sha512>>(key), parts),
    }
}

/// AES Key Wrap with the default initial value. The standard has two blocks of a key and more, never one.
pub(crate) fn key_wrap(kek: &[u8], key: &[u8]) -> Result<Vec<u8>, Rejected> {
    if key.len() < 16 {
        return Err(Rejected);
    }
    let mut wrapped = vec![0; key.len() + 8];
    match kek.len() {
        16 => KwAes128::new_from_slice(kek).map_err(reject)?.wrap_key(key, &mut wrapped).map_err(reject)?.len(),
        32 => KwAes256::new_from_slice(kek).map_err(reject)?.wrap_key(key, &mut wrapped).map_err(reject)?.len(),
        _ => return Err(Rejected),
    };
    Ok(wrapped)
}

/// AES Key Wrap with the default initial value.
pub(crate) fn key_unwrap(kek: &[u8], wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, Rejected> {
    if wrapped.len() < 24 {
        return Err(Rejected);
    }
    let mut key = Zeroizing::new(vec![0; wrapped.len() - 8]);
    match kek.len() {
        16 => KwAes128::new_from_slice(kek).map_err(reject)?.unwrap_key(wrapped, &mut key).map_err(reject)?.len(),
        32 => KwAes256::new_from_slice(kek).map_err(reject)?.unwrap_key(wrapped, &mut key).map_err(reject)?.len(),
        _ => return Err(Rejected),
    };
    Ok(key)
}

/// PBKDF2 with the MAC as its function; fills `key`.
pub(crate) fn pbkdf2(algorithm: HmacAlgorithm, password: &[u8], salt: &[u8], count: NonZeroU32, key: &mut [u8]) {
    match algorithm {
        HmacAlgorithm::Hs256 => pbkdf2::pbkdf2_hmac::<Sha256>(password, salt, count.get(), key),
        HmacAlgorithm::Hs384 => pbkdf2::pbkdf2_hmac::<Sha384>(password, salt, count.get(), key),
        HmacAlgorithm::Hs512 => pbkdf2::pbkdf2_hmac::<Sha512>(password, salt, count.get(), key),
    }
}
