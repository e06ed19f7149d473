//! Both back ends in one build: what the one makes, the other takes.
#![allow(clippy::unwrap_used, reason = "a failed expectation is the test's own report")]

use super::{PublicMembers, native, pure};
use crate::jwe::AgreementCurve;
use crate::jws::hmac::HmacAlgorithm;
use crate::{Algorithm, RsaSize};

const MESSAGE: &[u8] = b"header.payload";

/// Those that both offer; ML-DSA is the same code beside either.
fn algorithms() -> impl Iterator<Item = Algorithm> {
    Algorithm::ALL.iter().copied().filter(|algorithm| !algorithm.as_str().starts_with("ML-DSA"))
}

/// The native private key, and the public key in both back ends.
fn keys(algorithm: Algorithm) -> (native::PrivateKey, native::PublicKey, pure::PublicKey) {
    let private = native::PrivateKey::generate(algorithm).unwrap();
    let members = private.public_members().unwrap();
    let native = native::PublicKey::new(algorithm, &members).unwrap();
    (private, native, pure::PublicKey::new(algorithm, &members).unwrap())
}

#[test]
fn each_verifies_what_the_other_signs() {
    for algorithm in algorithms() {
        let (private, native, pure) = keys(algorithm);
        let mut signatures = vec![private.sign(MESSAGE).unwrap()];
        if pure::PrivateKey::available(algorithm) {
            let same = pure::PrivateKey::from_pkcs8(algorithm, &private.to_pkcs8().unwrap()).unwrap();
            signatures.push(same.sign(MESSAGE).unwrap());
        }
        for signature in signatures {
            assert!(native.verify(MESSAGE, &signature).is_ok(), "{algorithm}");
            assert!(pure.verify(MESSAGE, &signature).is_ok(), "{algorithm}");
            assert!(native.verify(b"header.another", &signature).is_err(), "{algorithm}");
            assert!(pure.verify(b"header.another", &signature).is_err(), "{algorithm}");
        }
    }
}

#[test]
fn a_changed_signature_is_refused_by_both() {
    for algorithm in algorithms() {
        let (private, native, pure) = keys(algorithm);
        let signature = private.sign(MESSAGE).unwrap();
        let length = signature.len();
        let mut changed = vec![
            vec![0; length],
            vec![0xFF; length],
            signature[..length - 1].to_vec(),
            signature[1..].to_vec(),
            [signature.as_slice(), &[0]].concat(),
            [&[0], signature.as_slice()].concat(),
            Vec::new(),
        ];
        for index in (0..length).step_by(5) {
            let mut one = signature.clone();
            one[index] ^= 1 << (index % 8);
            changed.push(one);
        }
        for one in changed {
            assert!(native.verify(MESSAGE, &one).is_err() && pure.verify(MESSAGE, &one).is_err(), "{algorithm}");
        }
    }
}

/// A private key made by the one is read by the other in every form, and written again as the same bytes.
#[test]
fn private_keys_go_from_the_one_to_the_other_and_back() {
    for algorithm in algorithms() {
        if !pure::PrivateKey::available(algorithm) {
            assert!(pure::PrivateKey::generate(algorithm).is_err(), "{algorithm}");
            continue;
        }
        let ours = pure::PrivateKey::generate(algorithm).unwrap();
        let (public, private) = (ours.public_members().unwrap(), ours.private_members().unwrap());
        let theirs = native::PrivateKey::from_members(algorithm, &public, &private).unwrap();
        assert_eq!(*ours.to_pkcs8().unwrap(), *theirs.to_pkcs8().unwrap(), "{algorithm}");

        let again = pure::PrivateKey::from_pkcs8(algorithm, &theirs.to_pkcs8().unwrap()).unwrap();
        assert!(again.public_members().unwrap() == public, "{algorithm}");
        let theirs_too = native::PrivateKey::generate(algorithm).unwrap().public_members().unwrap();
        assert!(pure::PrivateKey::from_members(algorithm, &theirs_too, &private).is_err(), "{algorithm}");
        assert!(native::PrivateKey::from_members(algorithm, &theirs_too, &private).is_err(), "{algorithm}");
    }
}

/// PKCS #8 with any one byte changed is a key to both or to neither, and then the same key. But for its version: that it
/// is the second without a public key is held against it here ([RFC 5958 §2]), and not there.
///
/// [RFC 5958 §2]: https://www.rfc-editor.org/rfc/rfc5958#section-2
#[test]
fn a_changed_private_key_means_the_same_to_both() {
    for algorithm in [Algorithm::EdDSA, Algorithm::Es256, Algorithm::Es384, Algorithm::Es512] {
        let der = native::PrivateKey::generate(algorithm).unwrap().to_pkcs8().unwrap();
        let version = der.windows(3).position(|bytes| bytes == [0x02, 0x01, 0x00]).unwrap() + 2;
        for index in 0..der.len() {
            let mut changed = der.clone();
            changed[index] ^= 1;
            let native = native::PrivateKey::from_pkcs8(algorithm, &changed).map(|key| key.public_members().unwrap());
            let pure = pure::PrivateKey::from_pkcs8(algorithm, &changed).map(|key| key.public_members().unwrap());
            match index == version {
                true => assert!(native.is_ok() && pure.is_err(), "{algorithm}, the version"),
                false => assert!(native.ok() == pure.ok(), "{algorithm}, byte {index}"),
            }
        }
    }
}

/// Version 2, which holds the public key too, as aws-lc-rs writes it for Ed25519.
#[test]
fn a_second_version_private_key_is_read_by_both() {
    use aws_lc_rs::signature::Ed25519KeyPair;
    let der = Ed25519KeyPair::generate().unwrap().to_pkcs8().unwrap().as_ref().to_vec();
    let native = native::PrivateKey::from_pkcs8(Algorithm::EdDSA, &der).unwrap().public_members().unwrap();
    let pure = pure::PrivateKey::from_pkcs8(Algorithm::EdDSA, &der).unwrap().public_members().unwrap();
    assert!(native == pure);
    let mut another = der;
    *another.last_mut().unwrap() ^= 1;
    assert!(native::PrivateKey::from_pkcs8(Algorithm::EdDSA, &another).is_err(), "another public key");
    assert!(pure::PrivateKey::from_pkcs8(Algorithm::EdDSA, &another).is_err(), "another public key");
}

#[test]
fn a_point_is_a_key_to_both_or_to_neither() {
    for algorithm in [Algorithm::EdDSA, Algorithm::Es256, Algorithm::Es384, Algorithm::Es512] {
        let (mut taken, mut refused) = (0, 0);
        for change in 0..=64_u8 {
            let mut members = native::PrivateKey::generate(algorithm).unwrap().public_members().unwrap();
            match &mut members {
                PublicMembers::Okp { x } => x[usize::from(change % 32)] ^= change,
                PublicMembers::Ec { y, .. } => *y.last_mut().unwrap() ^= change,
                _ => unreachable!("not one of them"),
            }
            let native = native::PublicKey::new(algorithm, &members).is_ok();
            assert_eq!(native, pure::PublicKey::new(algorithm, &members).is_ok(), "{algorithm}, {change}");
            if native { taken += 1 } else { refused += 1 }
        }
        assert!(taken > 0 && refused > 10, "{algorithm}: {taken} {refused}");
    }
}

#[test]
fn macs_and_hashes_are_the_same() {
    assert_eq!(native::sha256(MESSAGE), pure::sha256(MESSAGE));
    for &algorithm in HmacAlgorithm::ALL {
        for length in [0, 31, 64, 65, 128, 129, 1000] {
            let secret = vec![7; length];
            let native = native::MacKey::new(algorithm, &secret);
            let pure = pure::MacKey::new(algorithm, &secret);
            assert_eq!(native.sign(MESSAGE), pure.sign(MESSAGE), "{algorithm}, {length} bytes");
            assert!(pure.verify(MESSAGE, &native.sign(MESSAGE)).is_ok());
            assert!(pure.verify(b"another", &native.sign(MESSAGE)).is_err());
        }
    }
}

#[test]
fn each_opens_what_the_other_seals() {
    use native::encryption as theirs;
    use pure::encryption as ours;
    for length in [0, 15, 16, 24, 32, 33] {
        let key = vec![9; length];
        for size in [0, 1, 15, 16, 17, 1000] {
            let text = vec![3; size];
            match (theirs::gcm_seal(&key, [1; 12], b"aad", &text), ours::gcm_seal(&key, [1; 12], b"aad", &text)) {
                (Ok((ciphertext, tag)), Ok(same)) => {
                    assert!((&ciphertext, tag) == (&same.0, same.1), "{length} {size}");
                    assert_eq!(*ours::gcm_open(&key, [1; 12], b"aad", &ciphertext, &tag).unwrap(), text);
                    assert!(ours::gcm_open(&key, [1; 12], b"AAD", &ciphertext, &tag).is_err());
                    assert!(ours::gcm_open(&key, [2; 12], b"aad", &ciphertext, &tag).is_err());
                }
                (theirs, ours) => assert!(theirs.is_err() && ours.is_err() && ![16, 32].contains(&length)),
            }
            match (theirs::cbc_encrypt(&key, [1; 16], &text), ours::cbc_encrypt(&key, [1; 16], &text)) {
                (Ok(theirs), Ok(ours)) => {
                    assert_eq!(theirs, ours, "{length} {size}");
                    assert_eq!(*ours::cbc_decrypt(&key, [1; 16], &theirs).unwrap(), text);
                    assert!(ours::cbc_decrypt(&key, [1; 16], &theirs[..theirs.len() - 1]).is_err());
                }
                (theirs, ours) => assert!(theirs.is_err() && ours.is_err() && ![16, 32].contains(&length)),
            }
        }
        // Key wrap: by itself two blocks of eight bytes and more.
        for size in [0, 7, 8, 16, 17, 24, 32, 64] {
            let text = vec![3; size];
            let (theirs, ours) = (theirs::key_wrap(&key, &text), ours::key_wrap(&key, &text));
            assert_eq!(theirs.as_ref().ok(), ours.as_ref().ok(), "{length} {size}");
            if let Ok(wrapped) = theirs {
                assert_eq!(*ours::key_unwrap(&key, &wrapped).unwrap(), text);
            }
        }
    }
    for &algorithm in HmacAlgorithm::ALL {
        let parts: [&[u8]; 4] = [b"one", b"", b"two", &[0; 8]];
        assert_eq!(theirs::hmac(algorithm, b"key", &parts), ours::hmac(algorithm, b"key", &parts));
    }
}

#[test]
fn both_agree_on_the_same_secret() {
    use native::encryption as theirs;
    use pure::encryption as ours;
    for &curve in AgreementCurve::ALL {
        let (a, b) = (theirs::AgreementKey::generate(curve).unwrap(), ours::AgreementKey::generate(curve).unwrap());
        let (public_a, public_b) = (a.public_members().unwrap(), b.public_members().unwrap());
        let there = a.agree(&theirs::AgreementPublicKey::new(&public_b).unwrap()).unwrap();
        let here = b.agree(&ours::AgreementPublicKey::new(&public_a).unwrap()).unwrap();
        assert_eq!(there, here, "{curve}");
        let again = ours::AgreementKey::from_members(&public_a, &a.private_members().unwrap()).unwrap();
        assert_eq!(again.agree(&ours::AgreementPublicKey::new(&public_b).unwrap()).unwrap(), here, "{curve}");
    }
}

#[test]
fn what_the_one_encrypts_to_an_rsa_key_the_other_decrypts() {
    use native::encryption as theirs;
    use pure::encryption as ours;
    assert!(theirs::OaepPrivateKey::available() && !ours::OaepPrivateKey::available());
    let key = theirs::OaepPrivateKey::generate(RsaSize::Bits2048).unwrap();
    let (public, private) = key.members().unwrap();
    assert!(
        ours::OaepPrivateKey::generate(RsaSize::Bits2048).is_err()
            && ours::OaepPrivateKey::from_members(&public, &private).is_err()
    );
    for text in [&[][..], &[7; 32], &[7; 64], &[7; 190]] {
        let sealed = ours::OaepPublicKey::new(&public).unwrap().encrypt(text).unwrap();
        assert_eq!(key.decrypt(&sealed).unwrap().as_slice(), text);
    }
    assert!(ours::OaepPublicKey::new(&public).unwrap().encrypt(&[7; 191]).is_err(), "too long for the modulus");
    assert!(theirs::OaepPublicKey::new(&public).unwrap().encrypt(&[7; 191]).is_err(), "too long for the modulus");
}
