//! RFC 7468, RFC 5958 and RFC 8410: keys of encryption as PEM, PKCS #8 and `SubjectPublicKeyInfo`.
#![allow(clippy::unwrap_used, reason = "a failed expectation is the test's own report")]

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use countersign_jose::jwe::{
    self, AgreementCurve, Compact, ContentEncryption, DecryptionKey, EncryptionKey, KeyManagement, Parameters,
};
use countersign_jose::{Algorithm, KeyError, SigningKey, VerifyingKey};
use serde_json::Value;

/// The kinds of key and the algorithms that each of them does.
const KINDS: [(&str, &[KeyManagement]); 5] = [
    ("P-256", AGREEMENT),
    ("P-384", AGREEMENT),
    ("P-521", AGREEMENT),
    ("X25519", AGREEMENT),
    ("RSA", &[KeyManagement::RsaOaep256]),
];
const AGREEMENT: &[KeyManagement] = &[KeyManagement::EcdhEs, KeyManagement::EcdhEsA128Kw, KeyManagement::EcdhEsA256Kw];
const SECRETS: [KeyManagement; 5] = [
    KeyManagement::A128Kw,
    KeyManagement::A256Kw,
    KeyManagement::Dir,
    KeyManagement::Pbes2Hs256A128Kw,
    KeyManagement::Pbes2Hs512A256Kw,
];

/// Written by another implementation.
fn pem(name: &str) -> String {
    let file: Value = serde_json::from_str(include_str!("vectors/encryption_pem.json")).unwrap();
    file[name].as_str().unwrap().to_owned()
}

fn der(pem: &str) -> Vec<u8> {
    STANDARD.decode(pem.lines().filter(|line| !line.starts_with('-')).collect::<String>()).unwrap()
}

/// The kinds whose private keys this build has: the pure-Rust back end has no RSA private keys.
fn private_kinds() -> impl Iterator<Item = (&'static str, &'static [KeyManagement])> {
    KINDS.into_iter().filter(|&(kind, _)| kind != "RSA" || cfg!(feature = "native"))
}

fn opens(encrypts: &EncryptionKey, decrypts: &DecryptionKey) -> bool {
    let message = jwe::encrypt(encrypts, &Parameters::default(), b"x").unwrap();
    Compact::parse(&message).unwrap().decrypt(decrypts).is_ok_and(|content| content.as_slice() == b"x")
}

#[test]
fn keys_are_written_as_another_implementation_writes_them() {
    for (kind, algorithms) in KINDS {
        let text = pem(&format!("{kind} public"));
        for &algorithm in algorithms {
            let read = EncryptionKey::from_pem(algorithm, &text).unwrap();
            assert_eq!((read.algorithm(), read.kid()), (algorithm, None), "{kind}");
            assert_eq!(read.to_pem().unwrap(), text, "{kind}");
            assert_eq!(read.to_spki_der().unwrap(), der(&text), "{kind}");
            let again = EncryptionKey::from_spki_der(algorithm, &der(&text)).unwrap();
            assert_eq!(again.thumbprint(), read.thumbprint(), "{kind}");
        }
    }
    for (kind, algorithms) in private_kinds() {
        let text = pem(&format!("{kind} private"));
        for &algorithm in algorithms {
            let read = DecryptionKey::from_pem(algorithm, &text).unwrap();
            assert_eq!(read.algorithm(), algorithm, "{kind}");
            assert_eq!(read.kid(), read.thumbprint().as_ref().map(|thumbprint| thumbprint.as_str()), "{kind}");
            assert_eq!(read.to_pem().unwrap().as_str(), text, "{kind}");
            assert_eq!(*read.to_pkcs8_der().unwrap(), der(&text), "{kind}");
            let public = EncryptionKey::from_pem(algorithm, &pem(&format!("{kind} public"))).unwrap();
            assert!(opens(&public, &read), "{kind}");
        }
    }
}

#[test]
fn a_new_key_is_read_back() {
    let mut keys: Vec<DecryptionKey> = AgreementCurve::ALL
        .iter()
        .map(|&curve| DecryptionKey::generate_on(curve, KeyManagement::EcdhEsA128Kw).unwrap())
        .collect();
    if cfg!(feature = "native") {
        keys.push(DecryptionKey::generate(KeyManagement::RsaOaep256).unwrap());
    }
    for key in keys {
        let algorithm = key.algorithm();
        let private = DecryptionKey::from_pkcs8_der(algorithm, &key.to_pkcs8_der().unwrap()).unwrap();
        assert_eq!(private.to_jwk().unwrap().expose(), key.to_jwk().unwrap().expose());
        let public = EncryptionKey::from_pem(algorithm, &key.encryption_key().to_pem().unwrap()).unwrap();
        assert_eq!(public.thumbprint(), key.thumbprint());
        assert!(opens(&public, &private) && opens(&public, &key), "{key:?}");
    }
}

/// RFC 5958 section 2: PKCS #8 is the key and nothing else.
#[test]
fn a_key_with_bytes_after_it_or_without_its_last_ones_is_refused() {
    for (kind, algorithms) in KINDS {
        let good = der(&pem(&format!("{kind} public")));
        for more in [&[0][..], &[0x30, 0], &good] {
            let judged = EncryptionKey::from_spki_der(algorithms[0], &[&good, more].concat());
            assert_eq!(judged.map(drop), Err(KeyError::Malformed), "{kind}");
        }
        for length in 0..good.len() {
            let judged = EncryptionKey::from_spki_der(algorithms[0], &good[..length]);
            assert_eq!(judged.map(drop), Err(KeyError::Malformed), "{kind}, {length} bytes");
        }
    }
    for (kind, algorithms) in private_kinds() {
        let good = der(&pem(&format!("{kind} private")));
        for more in [&[0][..], &[0x30, 0], &good] {
            let judged = DecryptionKey::from_pkcs8_der(algorithms[0], &[&good, more].concat());
            assert_eq!(judged.map(drop), Err(KeyError::Malformed), "{kind}");
        }
        for length in 0..good.len() {
            let judged = DecryptionKey::from_pkcs8_der(algorithms[0], &good[..length]);
            assert_eq!(judged.map(drop), Err(KeyError::Malformed), "{kind}, {length} bytes");
        }
    }
}

/// Every byte of the structure counts, and what is read is written back.
#[test]
fn a_changed_byte_gives_another_public_key_or_none() {
    for (kind, algorithms) in KINDS {
        let good = der(&pem(&format!("{kind} public")));
        let thumbprint = EncryptionKey::from_spki_der(algorithms[0], &good).unwrap().thumbprint();
        for place in 0..good.len() {
            for change in [1, 0x80] {
                let mut changed = good.clone();
                changed[place] ^= change;
                if let Ok(read) = EncryptionKey::from_spki_der(algorithms[0], &changed) {
                    assert_eq!(read.to_spki_der().unwrap(), changed, "{kind}, byte {place}");
                    assert_ne!(read.thumbprint(), thumbprint, "{kind}, byte {place}");
                }
            }
        }
    }
}

#[test]
fn a_key_is_refused_for_every_algorithm_but_those_of_its_kind() {
    for (kind, algorithms) in KINDS {
        let (public, private) = (pem(&format!("{kind} public")), pem(&format!("{kind} private")));
        for &wrong in KeyManagement::ALL.iter().filter(|algorithm| !algorithms.contains(algorithm)) {
            let refused = if SECRETS.contains(&wrong) { KeyError::Symmetric } else { KeyError::Malformed };
            let judged = EncryptionKey::from_pem(wrong, &public).map(drop);
            assert_eq!(judged, Err(refused.clone()), "{kind} as {wrong}");
            let without = wrong == KeyManagement::RsaOaep256 && !cfg!(feature = "native");
            let refused = if without { KeyError::RsaPrivateKey } else { refused };
            let judged = DecryptionKey::from_pem(wrong, &private).map(drop);
            assert_eq!(judged, Err(refused), "{kind} as {wrong}");
        }
    }
}

/// RFC 8410 section 3: the identifier says whether a key signs or agrees.
#[test]
fn a_key_of_one_use_on_curve25519_is_refused_for_the_other() {
    for &algorithm in AGREEMENT {
        let public = EncryptionKey::from_pem(algorithm, &pem("Ed25519 public"));
        assert_eq!(public.map(drop), Err(KeyError::Malformed), "{algorithm}");
        let private = DecryptionKey::from_pem(algorithm, &pem("Ed25519 private"));
        assert_eq!(private.map(drop), Err(KeyError::Malformed), "{algorithm}");
    }
    assert_eq!(VerifyingKey::from_pem(Algorithm::EdDSA, &pem("X25519 public")), Err(KeyError::Malformed));
    let private = SigningKey::from_pem(Algorithm::EdDSA, &pem("X25519 private"));
    assert_eq!(private.map(drop), Err(KeyError::Malformed));
    // The control: nothing but the use is wrong with them.
    assert!(VerifyingKey::from_pem(Algorithm::EdDSA, &pem("Ed25519 public")).is_ok());
    assert!(SigningKey::from_pem(Algorithm::EdDSA, &pem("Ed25519 private")).is_ok());
}

#[test]
fn a_secret_is_not_written() {
    let secrets = [
        DecryptionKey::generate(KeyManagement::A128Kw),
        DecryptionKey::generate(KeyManagement::A256Kw),
        DecryptionKey::direct(ContentEncryption::A128Gcm, &[7; 16]),
        DecryptionKey::password(KeyManagement::Pbes2Hs256A128Kw, &[b'p'; 16]),
        DecryptionKey::password(KeyManagement::Pbes2Hs512A256Kw, &[b'p'; 32]),
    ];
    for key in secrets.map(Result::unwrap) {
        assert_eq!(key.to_pem().map(drop), Err(KeyError::Symmetric), "{key:?}");
        assert_eq!(key.to_pkcs8_der().map(drop), Err(KeyError::Symmetric), "{key:?}");
        assert_eq!(key.encryption_key().to_pem().map(drop), Err(KeyError::Symmetric), "{key:?}");
        assert_eq!(key.encryption_key().to_spki_der().map(drop), Err(KeyError::Symmetric), "{key:?}");
    }
}

#[test]
fn a_block_of_another_label_is_refused() {
    let (public, private) = (pem("X25519 public"), pem("X25519 private"));
    for text in [private.clone(), public.replace("PUBLIC KEY", "CERTIFICATE"), format!("key:\n{public}")] {
        let judged = EncryptionKey::from_pem(KeyManagement::EcdhEs, &text);
        assert_eq!(judged.map(drop), Err(KeyError::Malformed), "{text}");
    }
    let labels = ["ENCRYPTED PRIVATE KEY", "EC PRIVATE KEY", "PUBLIC KEY"];
    for text in labels.map(|label| private.replace("PRIVATE KEY", label)).into_iter().chain([public]) {
        let judged = DecryptionKey::from_pem(KeyManagement::EcdhEs, &text);
        assert_eq!(judged.map(drop), Err(KeyError::Malformed), "{text}");
    }
}

/// The member rules of a JWK hold for every form.
#[test]
fn a_weak_public_key_is_refused_in_every_form() {
    let x25519 = |x: [u8; 32]| {
        let mut spki = der(&pem("X25519 public"));
        let start = spki.len() - x.len();
        spki[start..].copy_from_slice(&x);
        spki
    };
    let mut beyond_the_field = [0xFF; 32];
    (beyond_the_field[0], beyond_the_field[31]) = (0xF6, 0x7F);
    let mut off_the_curve = der(&pem("P-256 public"));
    *off_the_curve.last_mut().unwrap() ^= 1;
    let agreement = KeyManagement::EcdhEs;
    let rows = [
        ("a point of small order", agreement, x25519([0; 32]), KeyError::Point),
        ("a second encoding of a number", agreement, x25519(beyond_the_field), KeyError::Malformed),
        ("a point off the curve", agreement, off_the_curve, KeyError::Point),
        ("1024 bits", KeyManagement::RsaOaep256, der(&pem("RSA 1024 public")), KeyError::RsaSize),
        (
            "a flawed generator",
            KeyManagement::RsaOaep256,
            der(&pem("RSA of a flawed generator public")),
            KeyError::Roca,
        ),
    ];
    for (name, algorithm, spki, refused) in rows {
        assert_eq!(EncryptionKey::from_spki_der(algorithm, &spki).map(drop), Err(refused), "{name}");
    }
    let small = DecryptionKey::from_pem(KeyManagement::RsaOaep256, &pem("RSA 1024 private")).map(drop);
    let refused = if cfg!(feature = "native") { KeyError::Malformed } else { KeyError::RsaPrivateKey };
    assert_eq!(small, Err(refused), "a private key of 1024 bits");
}

/// RFC 5915 section 3: the public key may be absent; where it is there, it is the one of the private key.
#[test]
fn the_two_halves_of_a_key_on_a_curve_belong_together() {
    let (agreement, whole) = (KeyManagement::EcdhEs, pem("P-256 private"));
    let alone = DecryptionKey::from_pem(agreement, &pem("P-256 private alone")).unwrap();
    assert_eq!(alone.to_pem().unwrap().as_str(), whole, "what is written has both");
    let other = DecryptionKey::generate_on(AgreementCurve::P256, agreement).unwrap().to_pkcs8_der().unwrap();
    let mut mixed = der(&whole);
    let start = mixed.len() - 64;
    mixed[start..].copy_from_slice(&other[start..]);
    assert_eq!(DecryptionKey::from_pkcs8_der(agreement, &mixed).map(drop), Err(KeyError::Malformed));
}

/// RFC 8410 section 7: version 1 without attributes and without the public key is the one form of X25519.
#[test]
fn an_x25519_key_has_one_encoding() {
    let good = der(&pem("X25519 private"));
    assert_eq!(good.len(), 48);
    for place in 0..16 {
        let mut changed = good.clone();
        changed[place] ^= 1;
        let judged = DecryptionKey::from_pkcs8_der(KeyManagement::EcdhEs, &changed);
        assert_eq!(judged.map(drop), Err(KeyError::Malformed), "byte {place}");
    }
    let public = der(&pem("X25519 public"));
    let mut second = [&good, &[0x81, 0x21, 0][..], &public[public.len() - 32..]].concat();
    (second[1], second[4]) = (0x51, 1);
    let judged = DecryptionKey::from_pkcs8_der(KeyManagement::EcdhEs, &second);
    assert_eq!(judged.map(drop), Err(KeyError::Malformed), "version 2");
}
