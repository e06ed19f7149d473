//! RFC 7520 sections 3 and 4: the keys and the signatures of the JOSE cookbook. Each example is read where this crate offers what it
//! shows, and refused by name where it does not.
#![allow(clippy::unwrap_used, reason = "a failed expectation is the test's own report")]

use countersign_jose::jws::hmac::{self, HmacKey};
use countersign_jose::jws::json_serialization::{sign_flattened, verify_flattened, verify_general};
use countersign_jose::jws::{self, Compact, JwsError, Segment, detached};
use countersign_jose::{Algorithm, Jwk, KeyError, SigningKey, VerifyingKey};
use serde_json::Value;

fn file() -> Value {
    serde_json::from_str(include_str!("vectors/rfc7520.json")).unwrap()
}

fn key(section: &str) -> String {
    file()["keys"][section].to_string()
}

fn with_alg(section: &str, alg: &str) -> String {
    let mut key = file()["keys"][section].clone();
    key["alg"] = alg.into();
    key.to_string()
}

fn verifying(jwk: &str) -> VerifyingKey {
    VerifyingKey::from_jwk(&Jwk::parse(jwk).unwrap()).unwrap()
}

fn payload() -> Vec<u8> {
    file()["payload"].as_str().unwrap().as_bytes().to_vec()
}

fn compact(section: &str) -> String {
    file()["signatures"][section]["compact"].as_str().unwrap().to_owned()
}

fn json(section: &str, form: &str) -> String {
    let object = &file()["signatures"][section][form];
    assert!(object.is_object(), "{section} has no {form} form");
    object.to_string()
}

/// Sections 3.1 to 3.4: the private keys are those of the public ones, under the same name.
#[test]
fn the_keys_are_read_and_belong_together() {
    for (public, private, algorithm) in [("3.1", "3.2", Algorithm::Es512), ("3.3", "3.4", Algorithm::Rs256)] {
        let jwk = Jwk::parse(&key(public)).unwrap();
        assert_eq!((jwk.algorithm(), jwk.kid()), (algorithm, Some("bilbo.baggins@hobbiton.example")));
        if algorithm == Algorithm::Rs256 && !cfg!(feature = "native") {
            assert_eq!(SigningKey::from_jwk(&key(private)).map(drop), Err(KeyError::RsaPrivateKey));
            continue;
        }
        let signing = SigningKey::from_jwk(&key(private)).unwrap();
        assert_eq!((signing.kid(), signing.thumbprint()), ("bilbo.baggins@hobbiton.example", jwk.thumbprint()));
        assert_eq!(Jwk::parse(&key(private)).unwrap_err(), KeyError::PrivateMember);
        assert_eq!(SigningKey::from_jwk(&key(public)).map(drop), Err(KeyError::Member("d")));
        let written: Value = serde_json::from_str(signing.to_jwk().unwrap().expose()).unwrap();
        for (member, value) in file()["keys"][private].as_object().unwrap() {
            assert_eq!(&written[member], value, "{private}: {member}");
        }
    }
}

/// Sections 3.5 and 3.6: a secret for a MAC, and one for encryption, which is none.
#[test]
fn the_symmetric_keys_are_secrets_of_their_purpose() {
    let secret = HmacKey::from_jwk(&key("3.5")).unwrap();
    assert_eq!(secret.kid(), Some("018c0ae5-4d9b-471b-bfd6-eef314bc7037"));
    assert_eq!(HmacKey::from_jwk(&key("3.6")).map(drop), Err(KeyError::NotForSignatures));
    for section in ["3.5", "3.6"] {
        assert_eq!(Jwk::parse(&key(section)).unwrap_err(), KeyError::Symmetric);
    }
}

/// Sections 4.1 to 4.3, in the three forms of each.
#[test]
fn the_signatures_verify_in_every_form() {
    for (section, jwk) in [("4.1", key("3.3")), ("4.2", with_alg("3.3", "PS384")), ("4.3", key("3.1"))] {
        let key = verifying(&jwk);
        let verified = Compact::parse(&compact(section)).unwrap().verify(&key);
        assert_eq!(verified, Ok(payload()), "{section}");
        assert_eq!(verify_flattened(&json(section, "flattened"), &key), Ok(payload()), "{section}");
        assert_eq!(verify_general(&json(section, "general"), &key), Ok(payload()), "{section}");
    }
    // Section 4.2 with a key that does not say that it is for PSS: one key, one algorithm.
    let refusal = JwsError::AlgorithmMismatch { expected: Algorithm::Rs256, found: Algorithm::Ps384 };
    assert_eq!(Compact::parse(&compact("4.2")).unwrap().verify(&verifying(&key("3.3"))), Err(refusal));
}

/// Sections 4.1 and 4.4 can be made again: what is signed here is the example, byte for byte.
#[test]
fn the_reproducible_examples_are_made_again() {
    // The pure-Rust back end does not sign with RSA.
    if cfg!(feature = "native") {
        let signing = SigningKey::from_jwk(&key("3.4")).unwrap();
        assert_eq!(jws::sign(&signing, None, &payload()), Ok(compact("4.1")));
        let flattened: Value = serde_json::from_str(&sign_flattened(&signing, None, &payload()).unwrap()).unwrap();
        assert_eq!(flattened, file()["signatures"]["4.1"]["flattened"]);
    }
    let secret = HmacKey::from_jwk(&key("3.5")).unwrap();
    assert_eq!(hmac::sign(&secret, None, &payload()), Ok(compact("4.4")));
    assert_eq!(hmac::verify(&compact("4.4"), &secret), Ok(payload()));
}

/// Sections 4.4 to 4.8: a MAC has the compact form alone, with its payload, and every header is protected.
#[test]
fn what_is_not_offered_is_refused_by_name() {
    let key = verifying(&key("3.1"));
    let secret = HmacKey::from_jwk(&self::key("3.5")).unwrap();
    let unsupported = || JwsError::UnsupportedAlgorithm { found: "HS256".to_owned() };
    let member = |member| JwsError::JsonMember { member };

    assert_eq!(verify_flattened(&json("4.4", "flattened"), &key), Err(unsupported()));
    // In the general form another's algorithm is not looked at; none is left.
    assert_eq!(verify_general(&json("4.4", "general"), &key), Err(JwsError::Signature));

    let empty = JwsError::EmptySegment { segment: Segment::Payload };
    assert_eq!(hmac::verify(&compact("4.5"), &secret), Err(empty));
    assert_eq!(detached::verify(&compact("4.5"), &payload(), &key).map(drop), Err(unsupported()));
    assert_eq!(verify_flattened(&json("4.5", "flattened"), &key), Err(member("payload")));
    assert_eq!(verify_general(&json("4.5", "general"), &key), Err(member("payload")));

    // A header beside the protected one, and one in its place.
    assert_eq!(verify_flattened(&json("4.6", "flattened"), &key), Err(member("?")));
    assert_eq!(verify_general(&json("4.6", "general"), &key), Err(member("?")));
    assert_eq!(verify_flattened(&json("4.7", "flattened"), &key), Err(member("protected")));
    assert_eq!(verify_general(&json("4.7", "general"), &key), Err(member("protected")));

    // The first of three signatures has a second header; neither it nor the second, which is by this key, is taken.
    assert_eq!(verify_general(&json("4.8", "general"), &key), Err(member("?")));
}
