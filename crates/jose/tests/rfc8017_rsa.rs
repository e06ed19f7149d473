//! RFC 8017: RSA. Both back ends verify; signatures made beforehand, so that they hold for each of them.
#![allow(clippy::unwrap_used, reason = "a failed expectation is the test's own report")]

mod forge;

use countersign_jose::{Algorithm, KeyError, SigningKey, base64url};
use forge::verifying_key;
use serde_json::{Value, json};

const RSA: [Algorithm; 6] =
    [Algorithm::Ps256, Algorithm::Ps384, Algorithm::Ps512, Algorithm::Rs256, Algorithm::Rs384, Algorithm::Rs512];

fn vectors(name: &str) -> Value {
    let text = match name {
        "pem" => include_str!("vectors/pem.json"),
        _ => include_str!("vectors/rsa_signatures.json"),
    };
    serde_json::from_str(text).unwrap()
}

/// Sections 8.1.2 and 8.2.2.
#[test]
fn a_signature_made_elsewhere_verifies_under_its_algorithm_alone() {
    for signed in RSA {
        let signature = base64url::decode(vectors("signatures")[signed.as_str()].as_str().unwrap()).unwrap();
        for expected in RSA {
            let key = verifying_key(expected);
            assert_eq!(key.verify(b"message", &signature).is_ok(), signed == expected, "{signed} under {expected}");
            assert!(key.verify(b"massage", &signature).is_err(), "{signed} under {expected}");
        }
    }
}

/// Step 1 of both: as long as the modulus, no shorter and no longer.
#[test]
fn a_signature_of_another_length_is_refused() {
    for algorithm in RSA {
        let good = base64url::decode(vectors("signatures")[algorithm.as_str()].as_str().unwrap()).unwrap();
        assert_eq!(good.len(), 256);
        for (name, signature) in [
            ("empty", Vec::new()),
            ("a byte short", good[..255].to_vec()),
            ("a zero before", [&[0], good.as_slice()].concat()),
            ("a zero after", [good.as_slice(), &[0]].concat()),
            ("zero", vec![0; 256]),
            ("all ones, above the modulus", vec![0xFF; 256]),
        ] {
            assert!(verifying_key(algorithm).verify(b"message", &signature).is_err(), "{algorithm}: {name}");
        }
    }
}

/// The pure-Rust back end has no RSA private keys, whichever way they come; the native one has them all.
#[test]
fn an_rsa_private_key_is_taken_by_the_native_back_end_and_refused_by_the_other() {
    let pem = vectors("pem");
    let mut jwk = serde_json::to_value(forge::public(Algorithm::Rs256)).unwrap();
    for member in ["d", "p", "q", "dp", "dq", "qi"] {
        jwk[member] = json!("AQAB");
    }
    for algorithm in RSA {
        let ways = [
            ("generate", SigningKey::generate(algorithm).map(drop), Ok(())),
            ("PEM", SigningKey::from_pem(algorithm, pem["RS256 private"].as_str().unwrap()).map(drop), Ok(())),
            (
                "traditional",
                SigningKey::from_pem(algorithm, pem["RS256 traditional"].as_str().unwrap()).map(drop),
                Ok(()),
            ),
            ("PKCS #8", SigningKey::from_pkcs8_der(algorithm, &forge::pkcs8("RS256")).map(drop), Ok(())),
            ("JWK with wrong members", SigningKey::from_jwk(&jwk.to_string()).map(drop), Err(KeyError::Inconsistent)),
        ];
        for (way, found, native) in ways {
            let expected = if cfg!(feature = "native") { native } else { Err(KeyError::RsaPrivateKey) };
            assert_eq!(found, expected, "{algorithm}: {way}");
        }
    }
}
