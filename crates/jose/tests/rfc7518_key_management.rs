//! RFC 7518 sections 4.5 to 4.8 and appendix C, RFC 8037 section 3.2 and appendix A.6: key agreement and passwords.
#![allow(clippy::unwrap_used, reason = "a failed expectation is the test's own report")]

use countersign_jose::jwe::json_serialization::{decrypt_general, encrypt_general};
use countersign_jose::jwe::{
    self, AgreementCurve, Compact, ContentEncryption, DecryptionKey, JweError, KeyManagement, Parameters,
};
use countersign_jose::{KeyError, base64url, sha256};
use serde_json::{Value, json};

const CONTENT: &[u8] = b"Live long and prosper.";

fn encrypt(key: &DecryptionKey) -> String {
    jwe::encrypt(&key.encryption_key(), &Parameters::default(), CONTENT).unwrap()
}

fn decrypt(message: &str, key: &DecryptionKey) -> Result<Vec<u8>, JweError> {
    Compact::parse(message)?.decrypt(key).map(|content| content.to_vec())
}

fn header(message: &str) -> Value {
    serde_json::from_slice(&base64url::decode(message.split('.').next().unwrap()).unwrap()).unwrap()
}

fn with_member(message: &str, member: &str, value: Value) -> String {
    let mut changed = header(message);
    changed[member] = value;
    format!("{}.{}", base64url::encode(changed.to_string()), message.split_once('.').unwrap().1)
}

/// A message whose content encryption key is known, or wrapped with one that is, under the header of another algorithm:
/// what a sender that is not this crate would send.
fn sent_with(known: &DecryptionKey, header: Value) -> String {
    let parameters = Parameters { enc: Some(ContentEncryption::A128Gcm), ..Parameters::default() };
    let message = encrypt_general(&[&known.encryption_key()], &parameters, b"", CONTENT).unwrap();
    let mut message: Value = serde_json::from_str(&message).unwrap();
    message["recipients"][0]["header"] = header;
    message.to_string()
}

/// RFC 7518 appendix C: the key that Alice and Bob agree on.
#[test]
fn the_agreed_key_is_that_of_the_standard() {
    let bob = DecryptionKey::from_jwk_for(
        KeyManagement::EcdhEs,
        r#"{"kty":"EC","crv":"P-256","x":"weNJy2HscCSM6AEDTDg04biOvhFhyyWvOHQfeF_PxMQ",
            "y":"e8lnCO-AlStT-NJVX-crhB7QRYhiix03illJOVAOyck","d":"VEmDZpDXXK8p8N0Cndsxs924q6nS1RXFASRl6BfUqdw"}"#,
    )
    .unwrap();
    let derived = base64url::decode("VqqN6vgjbSBcIijNcacQGg").unwrap();
    let derived = DecryptionKey::direct(ContentEncryption::A128Gcm, &derived).unwrap();
    let epk = json!({"kty": "EC", "crv": "P-256", "x": "gI0GAILBdu7T53akrFmMyGcsF3n5dO7MmwNBHKW5SV0",
        "y": "SLW_xSffzlPWrHEVI30DHM_4egVwt3NQqeUD7nMFpps"});
    let sent = |apu: &str, apv: &str| {
        let header = json!({"alg": "ECDH-ES", "apu": apu, "apv": apv, "epk": epk});
        decrypt_general(&sent_with(&derived, header), &bob).map(|opened| opened.plaintext().to_vec())
    };
    assert_eq!(sent("QWxpY2U", "Qm9i").as_deref(), Ok(CONTENT));
    assert_eq!(sent("QWxpY2U", "QWxpY2U"), Err(JweError::Decryption));
    assert_eq!(sent("Qm9i", "QWxpY2U"), Err(JweError::Decryption));
}

/// RFC 8037 appendix A.6: ECDH-ES with X25519, the shared secret as published, the derivation done here.
#[test]
fn the_agreed_key_on_x25519_is_that_of_the_standard() {
    let bob = DecryptionKey::from_jwk(
        r#"{"kty":"OKP","crv":"X25519","kid":"Bob","x":"3p7bfXt9wbTTW2HC7OQ1Nz-DQ8hbeGdNrfx-FG-IK08",
            "d":"XasIfmJKikt54X-Lg4AO5m87sSkmGLb9HC-LJ_-I4Os","alg":"ECDH-ES+A128KW"}"#,
    )
    .unwrap();
    let secret = [
        0x4a, 0x5d, 0x9d, 0x5b, 0xa4, 0xce, 0x2d, 0xe1, 0x72, 0x8e, 0x3b, 0xf4, 0x80, 0x35, 0x0f, 0x25, 0xe0, 0x7e,
        0x21, 0xc9, 0x47, 0xd1, 0x9e, 0x33, 0x76, 0xf0, 0x9b, 0x3c, 0x1e, 0x16, 0x17, 0x42,
    ];
    let name = b"ECDH-ES+A128KW";
    let info = [&[0, 0, 0, 14][..], name, &[0; 8], &128_u32.to_be_bytes()].concat();
    let kek = sha256(&[&[0, 0, 0, 1][..], &secret, &info].concat());
    let kek = DecryptionKey::symmetric(KeyManagement::A128Kw, &kek[..16]).unwrap();
    let epk = json!({"kty": "OKP", "crv": "X25519", "x": "hSDwCYkwp1R0i33ctD73Wg2_Og0mOBr066SpjqqbTmo"});
    let header = json!({"alg": "ECDH-ES+A128KW", "epk": epk, "kid": "Bob"});
    assert_eq!(decrypt_general(&sent_with(&kek, header), &bob).unwrap().plaintext(), CONTENT);
}

/// RFC 7518 section 4.6.1.1, RFC 8037 section 3.2 and RFC 7748 section 6.1: no key is used with a point that it
/// does not share a group with.
#[test]
fn an_ephemeral_key_off_the_recipients_curve_is_refused() {
    let algorithm = KeyManagement::EcdhEsA128Kw;
    let mut rows = Vec::new();
    for &curve in AgreementCurve::ALL {
        let key = DecryptionKey::generate_on(curve, algorithm).unwrap();
        let message = encrypt(&key);
        assert_eq!(decrypt(&message, &key).as_deref(), Ok(CONTENT));
        let epk = header(&message)["epk"].clone();
        let with = |member: &str, value: Value| {
            let mut epk = epk.clone();
            epk[member] = value;
            epk
        };
        let length = base64url::decode(epk["x"].as_str().unwrap()).unwrap().len();
        let bytes = |byte: u8, length: usize| json!(base64url::encode(vec![byte; length]));
        rows.extend(
            [
                with("d", json!("AA")),
                with("kty", json!("RSA")),
                with("kty", json!("oct")),
                with("crv", json!("P-192")),
                with("crv", json!("X448")),
                with("crv", json!(1)),
                with("x", json!(1)),
                with("x", bytes(1, length - 1)),
                with("x", bytes(1, length + 1)),
                with("x", json!(format!("{}=", epk["x"].as_str().unwrap()))),
                json!({"kty": epk["kty"], "crv": epk["crv"]}),
                json!({}),
            ]
            .map(|epk| (key.clone(), message.clone(), epk)),
        );
        for &elsewhere in AgreementCurve::ALL.iter().filter(|&&elsewhere| elsewhere != curve) {
            let other = encrypt(&DecryptionKey::generate_on(elsewhere, algorithm).unwrap());
            rows.push((key.clone(), message.clone(), header(&other)["epk"].clone()));
        }
        let more = match curve {
            AgreementCurve::X25519 => {
                // Of small order, or written in a second way.
                let little = |first: u8, middle: u8, last: u8| {
                    let mut u = [middle; 32];
                    (u[0], u[31]) = (first, last);
                    with("x", json!(base64url::encode(u)))
                };
                let hex = |text: &str| {
                    let bytes = (0..32).map(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).unwrap());
                    with("x", json!(base64url::encode(bytes.collect::<Vec<u8>>())))
                };
                vec![
                    little(0, 0, 0),
                    little(1, 0, 0),
                    little(0xEC, 0xFF, 0x7F),
                    hex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"),
                    hex("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"),
                    little(0xED, 0xFF, 0x7F),
                    little(0xFF, 0xFF, 0xFF),
                    little(9, 0, 0x80),
                ]
            }
            _ => {
                let mut off = base64url::decode(epk["y"].as_str().unwrap()).unwrap();
                *off.last_mut().unwrap() ^= 1;
                vec![
                    with("y", json!(base64url::encode(off))),
                    with("y", bytes(0, length)),
                    with("x", bytes(0xFF, length)),
                    with("y", bytes(1, length - 1)),
                    with("crv", json!("X25519")),
                ]
            }
        };
        rows.extend(more.into_iter().map(|epk| (key.clone(), message.clone(), epk)));
    }
    assert_eq!(rows.len(), 4 * (12 + 3) + 8 + 3 * 5);
    for (key, message, epk) in rows {
        let refused = decrypt(&with_member(&message, "epk", epk.clone()), &key);
        assert_eq!(refused, Err(JweError::EphemeralKey), "{epk}");
    }
}

fn password_key() -> DecryptionKey {
    DecryptionKey::password(KeyManagement::Pbes2Hs256A128Kw, b"correct horse battery staple").unwrap()
}

/// RFC 7518 section 4.8.1.2 and RFC 8725 section 2.6: what the message asks for is weighed before anything is
/// hashed. A count of 2^31 would keep this test busy for an hour.
#[test]
fn an_iteration_count_out_of_bounds_is_refused() {
    let key = password_key();
    assert_eq!(header(&encrypt(&key))["p2c"], json!(600_000));
    let key = key.accepting_password_counts(1_000, 2_000);
    let message = encrypt(&key);
    assert_eq!(header(&message)["p2c"], json!(2_000));
    assert_eq!(decrypt(&message, &key).as_deref(), Ok(CONTENT));
    for found in [0, 1, 999, 2_001, 2_147_483_647, u64::from(u32::MAX), u64::from(u32::MAX) + 1_001, u64::MAX] {
        let expected = JweError::PasswordCount { least: 1_000, most: 2_000, found };
        assert_eq!(decrypt(&with_member(&message, "p2c", json!(found)), &key), Err(expected));
    }
    for p2c in [json!("2000"), json!(2000.5), json!(-1), json!(null), json!([2000])] {
        let expected = JweError::HeaderMember { member: "p2c" };
        assert_eq!(decrypt(&with_member(&message, "p2c", p2c), &key), Err(expected));
    }
    // Within the bounds, and another key: the count is part of it.
    assert_eq!(decrypt(&with_member(&message, "p2c", json!(1_999)), &key), Err(JweError::Decryption));
    // The bounds have bounds.
    let narrow = key.clone().accepting_password_counts(0, 0);
    let refused = decrypt(&message, &narrow);
    assert_eq!(refused, Err(JweError::PasswordCount { least: 1_000, most: 1_000, found: 2_000 }));
    let wide = key.accepting_password_counts(u32::MAX, u32::MAX);
    let refused = decrypt(&message, &wide);
    assert_eq!(refused, Err(JweError::PasswordCount { least: 10_000_000, most: 10_000_000, found: 2_000 }));
    let encryption_key = wide.encryption_key().with_password_count(0);
    let message = jwe::encrypt(&encryption_key, &Parameters::default(), CONTENT).unwrap();
    assert_eq!(header(&message)["p2c"], json!(1_000));
}

/// RFC 7518 section 4.8.1.1.
#[test]
fn a_salt_is_eight_bytes_or_more_and_new_each_time() {
    let key = password_key().accepting_password_counts(1_000, 1_000);
    let message = encrypt(&key);
    for found in [0, 1, 7] {
        let short = with_member(&message, "p2s", json!(base64url::encode(vec![1; found])));
        assert_eq!(decrypt(&short, &key), Err(JweError::SaltLength { found }));
    }
    for p2s in [json!(1), json!("AAAAAAAAAAA="), json!(null)] {
        let expected = JweError::HeaderMember { member: "p2s" };
        assert_eq!(decrypt(&with_member(&message, "p2s", p2s), &key), Err(expected));
    }
    let other = with_member(&message, "p2s", json!(base64url::encode([1; 8])));
    assert_eq!(decrypt(&other, &key), Err(JweError::Decryption), "long enough, and another key");
    assert_ne!(header(&message)["p2s"], header(&encrypt(&key))["p2s"]);
    assert_eq!(decrypt(&message, &key).as_deref(), Ok(CONTENT));
}

/// RFC 7518 sections 4.4, 4.5 and 4.8: keys have the length of their algorithm, passwords a least and a greatest one.
#[test]
fn a_secret_of_the_wrong_length_makes_no_key() {
    use KeyManagement::{A128Kw, A256Kw, Dir, EcdhEs, Pbes2Hs256A128Kw, Pbes2Hs512A256Kw, RsaOaep256};
    for (algorithm, right) in [(A128Kw, 16), (A256Kw, 32)] {
        for length in [0, 15, 16, 17, 24, 31, 32, 33, 64] {
            let key = DecryptionKey::symmetric(algorithm, &vec![1; length]).map(drop);
            assert_eq!(key, if length == right { Ok(()) } else { Err(KeyError::KeySize) }, "{algorithm} {length}");
        }
    }
    for &enc in ContentEncryption::ALL {
        for length in [0, 15, 16, 17, 24, 31, 32, 33, 48, 63, 64, 65] {
            let key = DecryptionKey::direct(enc, &vec![1; length]).map(drop);
            let expected = if length == enc.key_length() { Ok(()) } else { Err(KeyError::KeySize) };
            assert_eq!(key, expected, "{enc} {length}");
        }
    }
    for (algorithm, least) in [(Pbes2Hs256A128Kw, 16), (Pbes2Hs512A256Kw, 32)] {
        for length in [0, 15, 16, 31, 32, 128, 129] {
            let key = DecryptionKey::password(algorithm, &vec![b'x'; length]).map(drop);
            let expected = if (least..=128).contains(&length) { Ok(()) } else { Err(KeyError::KeySize) };
            assert_eq!(key, expected, "{algorithm} {length}");
        }
    }
    for algorithm in [Dir, EcdhEs, RsaOaep256, Pbes2Hs256A128Kw] {
        assert_eq!(DecryptionKey::symmetric(algorithm, &[1; 32]).map(drop), Err(KeyError::AlgorithmMismatch));
    }
    for algorithm in [Dir, EcdhEs, RsaOaep256, A128Kw] {
        assert_eq!(DecryptionKey::password(algorithm, &[1; 32]).map(drop), Err(KeyError::AlgorithmMismatch));
        let on_curve = DecryptionKey::generate_on(AgreementCurve::P256, algorithm).map(drop);
        assert_eq!(on_curve, if algorithm == EcdhEs { Ok(()) } else { Err(KeyError::AlgorithmMismatch) });
    }
    assert_eq!(DecryptionKey::generate(Pbes2Hs512A256Kw).map(drop), Err(KeyError::Unsupported));
}
