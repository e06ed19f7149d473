//! RFC 7517: JSON Web Key and JWK Set; RFC 7518 section 6 and RFC 8037 section 2 for the members.
#![allow(clippy::unwrap_used, reason = "a failed expectation is the test's own report")]

mod forge;

use countersign_jose::jws::Compact;
use countersign_jose::{
    Algorithm, Jwk, JwkSet, JwkSetError, KeyError, RsaSize, SigningKey, Thumbprint, VerifyingKey, base64url, json,
};
use forge::{SIGNING, forge, key, other_key, signature};
use serde_json::{Value, json};

fn public(algorithm: Algorithm) -> Value {
    serde_json::to_value(forge::public(algorithm)).unwrap()
}

fn thumbprint(algorithm: Algorithm) -> Thumbprint {
    forge::public(algorithm).thumbprint().clone()
}

fn with(algorithm: Algorithm, member: &str, value: Value) -> Value {
    let mut jwk = public(algorithm);
    jwk[member] = value;
    jwk
}

fn without(algorithm: Algorithm, member: &str) -> Value {
    let mut jwk = public(algorithm);
    jwk.as_object_mut().unwrap().remove(member);
    jwk
}

fn encoded(bytes: impl AsRef<[u8]>) -> Value {
    Value::String(base64url::encode(bytes))
}

use Algorithm::{EdDSA, Es256, Es384, Es512, Ps256, Ps384, Ps512, Rs256, Rs384, Rs512};

/// Section 4: a key that is written is read back, with nothing private and nothing surplus.
#[test]
fn a_public_key_round_trips() {
    let members = |jwk: &Value| {
        let mut names: Vec<String> = jwk.as_object().unwrap().keys().cloned().collect();
        names.sort();
        names.join(" ")
    };
    assert_eq!(members(&public(EdDSA)), "alg crv kid kty use x");
    assert_eq!(members(&public(Es256)), "alg crv kid kty use x y");
    assert_eq!(members(&public(Rs256)), "alg e kid kty n use");
    for &algorithm in Algorithm::ALL {
        let jwk = Jwk::from_value(&public(algorithm)).unwrap();
        assert_eq!(jwk, forge::public(algorithm));
        assert_eq!(jwk.algorithm(), algorithm);
        assert_eq!(jwk.kid(), Some(thumbprint(algorithm).as_str()));
        let verifying = VerifyingKey::from_jwk(&jwk).unwrap();
        assert!(verifying.verify(b"message", &signature(algorithm)).is_ok());
    }
    for &algorithm in SIGNING {
        assert_eq!(&forge::public(algorithm), key(algorithm).public_jwk());
        assert_ne!(&forge::public(algorithm), other_key(algorithm).public_jwk());
    }
}

/// Section 4: what may be absent, or may be there without being known, does not matter.
#[test]
fn optional_and_unknown_members_are_no_obstacle() {
    for &algorithm in Algorithm::ALL {
        for member in ["use", "alg", "kid"] {
            if member == "alg" && (forge::material(algorithm) == "RS256" || forge::public(algorithm).kty() == "AKP") {
                // An RSA key without `alg` is for RS256, and there is no ML-DSA key without one.
                continue;
            }
            let jwk = Jwk::from_value(&without(algorithm, member)).unwrap();
            assert_eq!((jwk.algorithm(), jwk.thumbprint()), (algorithm, &thumbprint(algorithm)), "{member}");
        }
        for (member, value) in
            [("x5t", json!("abc")), ("key_ops", json!(["verify"])), ("ext", json!(true)), ("exp", json!(1))]
        {
            assert!(Jwk::from_value(&with(algorithm, member, value)).is_ok(), "{algorithm}: {member}");
        }
    }
    assert!(Jwk::from_value(&with(EdDSA, "alg", json!("Ed25519"))).is_ok(), "RFC 9864 section 2.2");
}

/// Sections 4 and 9.2, RFC 7518 section 6, RFC 8725 section 3.5.
#[test]
fn a_key_that_breaks_a_rule_is_refused_for_it() {
    use KeyError::{
        AlgorithmMismatch, Member, NotForSignatures, Point, PrivateMember, RsaSize, Symmetric, Unsupported,
    };
    let rsa = |n: Vec<u8>, e: &[u8]| json!({"kty": "RSA", "n": encoded(n), "e": encoded(e)});
    let modulus = |bits: usize| {
        let mut n = vec![0xA5; bits / 8];
        n[0] = 0x80;
        *n.last_mut().unwrap() |= 1;
        n
    };
    let f4: &[u8] = &[1, 0, 1];
    let x = base64url::decode(public(Es256)["x"].as_str().unwrap()).unwrap();
    let y = base64url::decode(public(Es256)["y"].as_str().unwrap()).unwrap();
    let mut off_curve = y.clone();
    off_curve[31] ^= 1;
    let small = base64url::decode(SMALL_MODULUS).unwrap();
    let mut identity = [0; 32];
    identity[0] = 1;
    let mut second_encoding = [0xFF; 32];
    (second_encoding[0], second_encoding[31]) = (0xF0, 0x7F);

    let rows = [
        ("no kty", without(Es256, "kty"), Member("kty")),
        ("kty a number", with(Es256, "kty", json!(1)), Member("kty")),
        ("kty in another case", with(Es256, "kty", json!("ec")), Unsupported),
        ("kty unknown", with(Es256, "kty", json!("LWE")), Unsupported),
        ("symmetric", json!({"kty": "oct", "k": "GawgguFyGrWKav7AX4VKUg"}), Symmetric),
        ("symmetric, empty", json!({"kty": "oct", "k": "", "alg": "HS256"}), Symmetric),
        ("private EC", with(Es256, "d", json!("jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI")), PrivateMember),
        ("private OKP", with(EdDSA, "d", json!("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A")), PrivateMember),
        ("private RSA", with(Rs256, "d", json!("AQAB")), PrivateMember),
        ("an RSA prime", with(Rs256, "p", json!("AQAB")), PrivateMember),
        ("an RSA coefficient of null", with(Rs256, "qi", json!(null)), PrivateMember),
        ("more RSA primes", with(Rs256, "oth", json!([])), PrivateMember),
        ("a symmetric value in an EC key", with(Es256, "k", json!("AAAA")), PrivateMember),
        ("for encryption", with(Rs256, "use", json!("enc")), NotForSignatures),
        ("an unknown use", with(Rs256, "use", json!("tls")), NotForSignatures),
        ("use a number", with(Rs256, "use", json!(1)), Member("use")),
        ("may encrypt", with(Rs256, "key_ops", json!(["encrypt"])), NotForSignatures),
        ("may verify and encrypt", with(Rs256, "key_ops", json!(["verify", "encrypt"])), NotForSignatures),
        ("may sign", with(Es256, "key_ops", json!(["sign", "verify"])), NotForSignatures),
        ("may do nothing", with(Es256, "key_ops", json!([])), NotForSignatures),
        ("an operation twice", with(Es256, "key_ops", json!(["verify", "verify"])), Member("key_ops")),
        ("an operation that is a number", with(Es256, "key_ops", json!([1])), Member("key_ops")),
        ("operations as a string", with(Es256, "key_ops", json!("verify")), Member("key_ops")),
        ("kid a number", with(Es256, "kid", json!(1)), Member("kid")),
        ("kid empty", with(Es256, "kid", json!("")), Member("kid")),
        ("kid of 600 characters", with(Es256, "kid", json!("k".repeat(600))), Member("kid")),
        ("alg of another kind", with(Es256, "alg", json!("RS256")), AlgorithmMismatch),
        ("alg for another curve", with(Es256, "alg", json!("ES384")), AlgorithmMismatch),
        ("alg unknown", with(Es256, "alg", json!("ES521")), AlgorithmMismatch),
        ("alg in another case", with(Es256, "alg", json!("es256")), AlgorithmMismatch),
        ("alg of a MAC", with(Rs256, "alg", json!("HS256")), AlgorithmMismatch),
        ("alg none", with(Rs256, "alg", json!("none")), AlgorithmMismatch),
        ("alg a list", with(Rs256, "alg", json!(["RS256"])), Member("alg")),
        ("alg of RSA encryption", with(Rs256, "alg", json!("RSA-OAEP-256")), Unsupported),
        ("alg of key agreement", with(Es256, "alg", json!("ECDH-ES+A256KW")), Unsupported),
        ("alg of key agreement for RSA", with(Rs256, "alg", json!("ECDH-ES")), AlgorithmMismatch),
        ("alg Ed448", with(EdDSA, "alg", json!("Ed448")), AlgorithmMismatch),
        ("no crv", without(Es256, "crv"), Member("crv")),
        ("crv a number", with(Es256, "crv", json!(256)), Member("crv")),
        ("P-384 declared for ES256", with(Es256, "crv", json!("P-384")), AlgorithmMismatch),
        ("P-384 with short coordinates", json!({"kty": "EC", "crv": "P-384", "x": "AA", "y": "AA"}), Member("x")),
        ("P-521 with coordinates of P-256", with_crv(without(Es256, "alg"), "P-521"), Member("x")),
        ("P-384 off the curve", changed_point(Es384), Point),
        ("P-521 off the curve", changed_point(Es512), Point),
        ("P-521 without its leading zeros", with(Es512, "y", short_coordinate(Es512)), Member("y")),
        ("P-521 with the name of the hash", with(Es512, "alg", json!("ES521")), AlgorithmMismatch),
        ("P-384 for ES256", with(Es384, "alg", json!("ES256")), AlgorithmMismatch),
        ("secp256k1", json!({"kty": "EC", "crv": "secp256k1", "x": "AA", "y": "AA"}), Unsupported),
        ("X25519", json!({"kty": "OKP", "crv": "X25519", "x": encoded([9; 32])}), Unsupported),
        ("Ed448", json!({"kty": "OKP", "crv": "Ed448", "x": encoded([9; 57])}), Unsupported),
        ("no x", without(Es256, "x"), Member("x")),
        ("no y", without(Es256, "y"), Member("y")),
        ("x a number", with(Es256, "x", json!(1)), Member("x")),
        ("x short", with(Es256, "x", encoded(&x[..31])), Member("x")),
        ("x with a leading zero", with(Es256, "x", encoded([&[0], x.as_slice()].concat())), Member("x")),
        ("x padded", with(Es256, "x", json!(format!("{}=", base64url::encode(&x)))), Member("x")),
        ("y off the curve", with(Es256, "y", encoded(&off_curve)), Point),
        (
            "the point at zero",
            json!({"kty": "EC", "crv": "P-256", "x": encoded([0; 32]), "y": encoded([0; 32])}),
            Point,
        ),
        ("x over the field size", with(Es256, "x", encoded([0xFF; 32])), Point),
        ("Ed25519 x of 31 bytes", with(EdDSA, "x", encoded([1; 31])), Member("x")),
        ("Ed25519 x all zero, of order four", with(EdDSA, "x", encoded([0; 32])), Point),
        ("Ed25519 x the identity", with(EdDSA, "x", encoded(identity)), Point),
        ("Ed25519 x not on the curve", with(EdDSA, "x", encoded([2; 32])), Point),
        ("Ed25519 x with a second encoding", with(EdDSA, "x", encoded(second_encoding)), Point),
        ("RSA of 1024 bits", rsa(small, f4), RsaSize),
        ("RSA of 2040 bits", rsa(modulus(2040), f4), RsaSize),
        ("RSA of 8200 bits", rsa(modulus(8200), f4), RsaSize),
        ("RSA of 1024 bits for another algorithm", with_alg(rsa(modulus(1024), f4), "PS256"), RsaSize),
        ("an even modulus", rsa([modulus(2048), vec![0xA4]].concat(), f4), RsaSize),
        ("the exponent 1", rsa(modulus(2048), &[1]), RsaSize),
        ("an even exponent", rsa(modulus(2048), &[1, 0, 0]), RsaSize),
        ("an exponent of 34 bits", rsa(modulus(2048), &[2, 0, 0, 0, 1]), RsaSize),
        ("the exponent 0", rsa(modulus(2048), &[0]), Member("e")),
        ("no exponent", rsa(modulus(2048), &[]), Member("e")),
        ("a modulus with a leading zero", rsa([vec![0], modulus(2048)].concat(), f4), Member("n")),
        ("an exponent with a leading zero", rsa(modulus(2048), &[0, 1, 0, 1]), Member("e")),
        ("a modulus of a flawed generator", json!({"kty": "RSA", "n": ROCA_MODULUS, "e": "AQAB"}), KeyError::Roca),
        ("a list", json!([public(Es256)]), KeyError::Malformed),
        ("a string", json!("key"), KeyError::Malformed),
    ];
    for (name, jwk, expected) in rows {
        assert_eq!(Jwk::from_value(&jwk), Err(expected.clone()), "{name}");
        assert_eq!(Jwk::parse(&jwk.to_string()), Err(expected), "{name}, as text");
        assert!(serde_json::from_value::<Jwk>(jwk).is_err(), "{name}, through serde");
    }
    assert!(Jwk::from_value(&rsa(modulus(2048), f4)).is_ok(), "the RSA rows differ from a good key in one thing");
}

fn with_crv(mut jwk: Value, crv: &str) -> Value {
    jwk["crv"] = json!(crv);
    jwk
}

/// A key whose `y` belongs to another `x`.
fn changed_point(algorithm: Algorithm) -> Value {
    let other = serde_json::to_value(other_key(algorithm).public_jwk()).unwrap();
    with(algorithm, "y", other["y"].clone())
}

/// The same number in fewer bytes.
fn short_coordinate(algorithm: Algorithm) -> Value {
    let y = base64url::decode(public(algorithm)["y"].as_str().unwrap()).unwrap();
    assert_eq!(y[0], 0);
    json!(base64url::encode(&y[1..]))
}

/// RFC 8725 section 3.1: the same numbers under another `alg` are a key for another algorithm and nothing else.
#[test]
fn an_rsa_key_is_for_the_algorithm_that_it_names() {
    for (name, algorithm) in [("RS384", Rs384), ("RS512", Rs512), ("PS256", Ps256), ("PS384", Ps384), ("PS512", Ps512)]
    {
        let jwk = Jwk::from_value(&with(Rs256, "alg", json!(name))).unwrap();
        assert_eq!((jwk.algorithm(), jwk.thumbprint()), (algorithm, &thumbprint(Rs256)));
        assert_ne!(jwk, forge::public(Rs256));
        assert_eq!(serde_json::to_value(&jwk).unwrap()["alg"], name);
        assert_eq!(Jwk::from_value(&serde_json::to_value(&jwk).unwrap()), Ok(jwk));
    }
    assert_eq!(Jwk::from_value(&without(Rs256, "alg")).unwrap().algorithm(), Rs256, "without alg");
}

fn with_alg(mut jwk: Value, alg: &str) -> Value {
    jwk["alg"] = json!(alg);
    jwk
}

/// Section 4: member names are unique.
#[test]
fn a_key_with_a_member_twice_is_refused() {
    let text = public(EdDSA).to_string();
    let x = &public(EdDSA)["x"];
    let twice = text.replacen('{', &format!("{{\"x\":{x},"), 1);
    assert!(matches!(Jwk::parse(&twice), Err(KeyError::Json(json::JsonError::DuplicateMember { .. }))));
    assert!(json::from_slice::<Jwk>(twice.as_bytes()).is_err());
    assert!(json::from_slice::<Jwk>(text.as_bytes()).is_ok());
}

/// A refusal, and a key that is printed, show no key material.
#[test]
fn neither_debug_nor_errors_show_members() {
    let jwk = key(EdDSA).public_jwk().clone().with_kid("k1");
    assert_eq!(format!("{jwk:?}"), r#"Jwk { alg: EdDSA, kid: Some("k1"), .. }"#);
    let secret = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A";
    let error = Jwk::from_value(&with(EdDSA, "d", json!(secret))).unwrap_err();
    assert!(!format!("{error} {error:?}").contains(secret));
}

/// Section 5: a set gives the keys that we can use, found by `kid` and algorithm.
#[test]
fn a_set_finds_its_keys_and_passes_over_what_it_cannot_use() {
    let keys = json!({"keys": [
        public(Es256),
        with_alg(without(Rs256, "kid"), "RSA-OAEP-256"),
        {"kty": "EC", "crv": "secp256k1", "kid": "k1", "x": "AA", "y": "AA"},
        {"kty": "LWE", "kid": "pq", "pub": "AA"},
        with(Rs256, "use", json!("enc")),
        public(EdDSA),
        serde_json::to_value(other_key(EdDSA).public_jwk()).unwrap(),
    ], "more": 1});
    let set = JwkSet::parse(&keys.to_string()).unwrap();
    assert_eq!(set.keys().len(), 3);
    let (es256, eddsa) = (key(Es256), key(EdDSA));
    assert_eq!(set.find(es256.kid(), Es256), Some(&es256.verifying_key()));
    assert_eq!(set.find(es256.kid(), EdDSA), None, "the right kid, the wrong algorithm");
    assert_eq!(set.find_kid(eddsa.kid()), Some(&eddsa.verifying_key()));
    assert_eq!(set.find_kid("../../../../dev/null"), None, "a path as kid");
    assert_eq!(set.find_kid(thumbprint(Rs256).as_str()), None, "an encryption key");
    assert_eq!(set.sole(Es256), Some(&es256.verifying_key()));
    assert_eq!(set.sole(EdDSA), None, "two of them");
    assert_eq!(set.sole(Rs256), None, "none of them");

    let again = JwkSet::parse(&serde_json::to_string(&set).unwrap()).unwrap();
    assert_eq!(again, set);
    assert_eq!(JwkSet::from_keys(set.keys().to_vec()), Ok(set));
    assert_eq!(JwkSet::parse(r#"{"keys":[]}"#), Ok(JwkSet::default()));
}

/// Section 5: a set is refused for a secret, a private or a weak key, for two keys with one id, and for its size.
#[test]
fn a_set_with_a_key_that_must_not_be_there_is_refused_whole() {
    let keys = |bad: Value| json!({"keys": [public(EdDSA), bad]}).to_string();
    let key_error = |reason| JwkSetError::Key { index: 1, reason };
    let oct = json!({"kty": "oct", "k": "GawgguFyGrWKav7AX4VKUg"});
    let rows = [
        ("a symmetric key", keys(oct), key_error(KeyError::Symmetric)),
        ("a private key", keys(with(Es256, "d", json!("AA"))), key_error(KeyError::PrivateMember)),
        (
            "a private key for encryption",
            keys(json!({"kty": "OKP", "crv": "X25519", "use": "enc", "x": "AA", "d": "AA"})),
            key_error(KeyError::PrivateMember),
        ),
        ("a weak key", keys(json!({"kty": "RSA", "n": SMALL_MODULUS, "e": "AQAB"})), key_error(KeyError::RsaSize)),
        (
            "a key of a flawed generator",
            keys(json!({"kty": "RSA", "n": ROCA_MODULUS, "e": "AQAB"})),
            key_error(KeyError::Roca),
        ),
        ("a key without kty", keys(json!({})), key_error(KeyError::Member("kty"))),
        ("no object", keys(json!(1)), key_error(KeyError::Malformed)),
        ("one kid for two keys", keys(with(Es256, "kid", json!(key(EdDSA).kid()))), JwkSetError::DuplicateKid),
        (
            "one kid for a key that is passed over",
            keys(json!({"kty": "LWE", "kid": key(EdDSA).kid()})),
            JwkSetError::DuplicateKid,
        ),
        ("the same key twice", keys(public(EdDSA)), JwkSetError::DuplicateKid),
        ("no keys", "{}".to_owned(), JwkSetError::Malformed),
        ("keys an object", r#"{"keys":{}}"#.to_owned(), JwkSetError::Malformed),
        ("a list", format!("[{}]", public(EdDSA)), JwkSetError::Malformed),
        ("a bare key", public(EdDSA).to_string(), JwkSetError::Malformed),
        (
            "65 keys",
            json!({"keys": vec![json!({"kty": "LWE"}); 65]}).to_string(),
            JwkSetError::TooManyKeys { found: 65 },
        ),
        (
            "over 64 kB",
            format!("{{\"keys\":[]{}}}", " ".repeat(JwkSet::MAX_BYTES)),
            JwkSetError::TooLarge { found: JwkSet::MAX_BYTES + 11 },
        ),
    ];
    for (name, text, expected) in rows {
        assert_eq!(JwkSet::parse(&text), Err(expected), "{name}");
    }
    let twice = format!(r#"{{"keys":[],"keys":[{}]}}"#, public(EdDSA));
    assert!(matches!(JwkSet::parse(&twice), Err(JwkSetError::Json(json::JsonError::DuplicateMember { .. }))));
    assert!(JwkSet::parse(&json!({"keys": vec![json!({"kty": "LWE"}); 64]}).to_string()).is_ok());
    assert!(JwkSet::parse(&json!({"keys": [public(EdDSA), public(Es256)]}).to_string()).is_ok());
}

/// RFC 7517 appendices A.1 to A.3: of the public set the signing key is used and the encryption key is passed over; the
/// private and the symmetric sets are refused.
#[test]
fn the_example_sets_of_the_standard_are_judged() {
    let rsa_n = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";
    let ec = json!({"kty": "EC", "crv": "P-256", "use": "enc", "kid": "1",
        "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4", "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"});
    let rsa = json!({"kty": "RSA", "n": rsa_n, "e": "AQAB", "alg": "RS256", "kid": "2011-04-29"});
    let set = JwkSet::parse(&json!({"keys": [ec, rsa]}).to_string()).unwrap();
    assert_eq!(set.keys().iter().map(VerifyingKey::kid).collect::<Vec<_>>(), [Some("2011-04-29")]);
    let mut private = ec.clone();
    private["d"] = json!("870MB6gfuTJ4HtUnUvYMyJpr5eUZNP4Bk43bVdj3eAE");
    assert!(JwkSet::parse(&json!({"keys": [private]}).to_string()).is_err());
    let symmetric = json!({"kty": "oct", "alg": "A128KW", "k": "GawgguFyGrWKav7AX4VKUg"});
    assert!(JwkSet::parse(&json!({"keys": [symmetric]}).to_string()).is_err());
}

/// A key that is accepted is one that verifies what its owner signs (the control of the table above).
#[test]
fn each_key_of_a_set_verifies_its_owners_signatures_only() {
    let named = |&algorithm: &Algorithm| {
        VerifyingKey::from_jwk(&forge::public(algorithm).with_kid(algorithm.as_str())).unwrap()
    };
    let set = JwkSet::from_keys(Algorithm::ALL.iter().map(named)).unwrap();
    for &algorithm in SIGNING {
        let signed = forge(&key(algorithm), format!(r#"{{"alg":"{algorithm}"}}"#), "x");
        for verifying in set.keys() {
            let verified = Compact::parse(&signed).unwrap().verify(verifying).is_ok();
            assert_eq!(verified, verifying.algorithm() == algorithm, "{algorithm} under {verifying:?}");
        }
    }
}

/// 1024 bits, made for these tests.
const SMALL_MODULUS: &str = "72fkvvQyMbj6iQLPbytsTWjJyYue3vJPzU2FBwqFyK4Is4tINv5Il8K8IUsLPMkSmCHfjRNRIA_44ifqFeh2d02VvjjSbteOjgYriB2_NkWEQ9a72qtuwtx6L-4b89pK74pZAKCRAEL01jqkV4UevDU17uQIyNdxKDRr7E6yDhM";

/// The product of two primes of 1024 bits of the form `k·M + (65537^a mod M)`, `M` the product of the first 126 primes;
/// made for these tests.
const ROCA_MODULUS: &str = "xCK4o5UqRvPW9WwJKKnlf0j7aXw4N3fxBU9jAVP7PGkc908gYBw8ZHovf_V7ZyW6pUtLIVUTCUHqFq5ueNTnBue72M0J99FSPPsm1u3quWTUCffFgMOA-aaB-gyTjK_eWARTJh6rTfbWs5WdO6Ib6U_qg-1eKE8XKGnVIiUUfLIcp-NXF0dlEpDEA-smgPoaHGyXqqYqQKKsWGrFY1BWFfmi0OI85ONfMY3RWG4RpYyC8SaHGBWykdgsmM9ul5iT6yXJK6Gp1WJQbuMJwe0PX25tVZwzpOPWEhq_nHUJ39XBs1YfDIji7PYD8IiMeLujk_6yIq9JQ7kAOnqgRwvNOQ";

fn private(algorithm: Algorithm) -> Value {
    serde_json::from_str(key(algorithm).with_kid("k1").to_jwk().unwrap().expose()).unwrap()
}

/// RFC 7518 sections 6.2.2 and 6.3.2, RFC 8037 section 2: a private key goes out and comes back, and signs as before.
#[test]
fn a_private_key_round_trips_as_a_jwk() {
    for &algorithm in SIGNING {
        let text = key(algorithm).with_kid("k1").to_jwk().unwrap();
        let again = SigningKey::from_jwk(text.expose()).unwrap();
        assert_eq!(again.public_jwk(), key(algorithm).with_kid("k1").public_jwk());
        assert!(key(algorithm).verifying_key().verify(b"m", &again.sign(b"m").unwrap()).is_ok(), "{algorithm}");
        assert_eq!(again.to_pkcs8_der().unwrap(), key(algorithm).to_pkcs8_der().unwrap());

        assert_eq!(Jwk::parse(text.expose()), Err(KeyError::PrivateMember), "where a public key is expected");
        assert!(JwkSet::parse(&format!(r#"{{"keys":[{}]}}"#, text.expose())).is_err());
        assert_eq!(format!("{text:?}"), "PrivateJwk { .. }");
        let published = serde_json::to_value(again.public_jwk()).unwrap();
        for member in ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] {
            assert!(published.get(member).is_none(), "{algorithm}: {member}");
        }
        let mut unnamed = private(algorithm);
        unnamed.as_object_mut().unwrap().remove("kid");
        let unnamed = SigningKey::from_jwk(&unnamed.to_string()).unwrap();
        assert_eq!(unnamed.kid(), unnamed.thumbprint().as_str());
    }
}

/// RFC 7515 appendices A.3 and A.4, RFC 8037 appendix A.1, as private JWKs.
#[test]
fn the_private_examples_of_the_standards_are_the_published_keys() {
    let rows = [
        (EdDSA, "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"),
        (Es256, "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"),
        (Es512, "AY5pb7A0UFiB3RELSD64fTLOSV_jazdF7fLYyuTw8lOfRhWg6Y6rUrPAxerEzgdRhajnu0ferB0d53vM9mE15j2C"),
    ];
    for (algorithm, d) in rows {
        assert_eq!(private(algorithm)["d"], d, "{algorithm}");
        assert!(SigningKey::from_jwk(&with(algorithm, "d", json!(d)).to_string()).is_ok(), "{algorithm}");
    }
}

/// Each row changes one thing in a good private key.
#[test]
fn a_private_key_that_breaks_a_rule_is_refused() {
    use KeyError::{AlgorithmMismatch, Inconsistent, Member, NotForSignatures, Point, Symmetric};
    let with = |algorithm, member: &str, value: Value| {
        let mut jwk = private(algorithm);
        jwk[member] = value;
        jwk
    };
    let without = |algorithm, member: &str| {
        let mut jwk = private(algorithm);
        jwk.as_object_mut().unwrap().remove(member);
        jwk
    };
    let other = |algorithm| -> Value { serde_json::from_str(other_key(algorithm).to_jwk().unwrap().expose()).unwrap() };
    let mut rows = vec![
        ("symmetric", json!({"kty": "oct", "k": "GawgguFyGrWKav7AX4VKUg"}), Symmetric),
        ("a list", json!([private(Es256)]), KeyError::Malformed),
        ("d short", with(Es256, "d", json!("AA")), Member("d")),
        ("d zero", with(Es256, "d", json!(base64url::encode([0; 32]))), Inconsistent),
        ("d padded", with(EdDSA, "d", json!(format!("{}=", private(EdDSA)["d"].as_str().unwrap()))), Member("d")),
        ("d a number", with(EdDSA, "d", json!(1)), Member("d")),
        ("a prime beside a scalar", with(Es256, "p", json!("AQAB")), Member("p")),
        ("a secret beside a scalar", with(EdDSA, "k", json!("AQAB")), Member("k")),
        ("y of another key", with(Es256, "y", other(Es256)["y"].clone()), Point),
        ("for encryption", with(Es256, "use", json!("enc")), NotForSignatures),
        ("may only verify", with(Es256, "key_ops", json!(["verify"])), NotForSignatures),
        ("may sign and encrypt", with(Es256, "key_ops", json!(["sign", "encrypt"])), NotForSignatures),
        ("may sign, twice", with(Es256, "key_ops", json!(["sign", "sign"])), Member("key_ops")),
        ("may do nothing", with(Es256, "key_ops", json!([])), NotForSignatures),
        ("alg of another curve", with(Es384, "alg", json!("ES256")), AlgorithmMismatch),
    ];
    for &algorithm in SIGNING.iter().filter(|&&algorithm| !forge::is_ml_dsa(algorithm)) {
        rows.push(("no d", without(algorithm, "d"), Member("d")));
        rows.push(("d of another key", with(algorithm, "d", other(algorithm)["d"].clone()), Inconsistent));
    }
    if SIGNING.contains(&Rs256) {
        rows.push(("more primes", with(Rs256, "oth", json!([])), Member("oth")));
        for member in ["p", "q", "dp", "dq", "qi"] {
            rows.push(("an RSA member absent", without(Rs256, member), Member(member)));
            let other = other(Rs256)[member].clone();
            rows.push(("an RSA member of another key", with(Rs256, member, other), Inconsistent));
        }
    }
    for (name, jwk, expected) in rows {
        let error = SigningKey::from_jwk(&jwk.to_string()).map(drop).unwrap_err();
        assert_eq!(error, expected, "{name}: {}", jwk["kty"]);
        let shown = format!("{error} {error:?}");
        assert!(!jwk["d"].as_str().is_some_and(|d| d.len() > 8 && shown.contains(d)), "{name}");
    }
    let twice = private(EdDSA).to_string().replacen('{', r#"{"d":"AA","#, 1);
    assert!(matches!(SigningKey::from_jwk(&twice), Err(KeyError::Json(json::JsonError::DuplicateMember { .. }))));
    for good in [with(Es256, "key_ops", json!(["sign"])), with(EdDSA, "key_ops", json!(["verify", "sign"]))] {
        assert!(SigningKey::from_jwk(&good.to_string()).is_ok(), "{good}");
    }
}

/// Each reason has a name of its own, and a set that is refused for a key says the key's.
#[test]
fn what_is_wrong_with_a_key_or_a_set_has_a_stable_name() {
    let code = |member: &str, value: Value| Jwk::from_value(&with(Es256, member, value)).unwrap_err().code();
    assert_eq!(code("d", "x".into()), "key_private_member");
    assert_eq!(code("kty", "oct".into()), "key_symmetric");
    assert_eq!(code("x", "x".into()), "key_member");
    assert_eq!(code("alg", "ES384".into()), "key_algorithm");
    assert_eq!(code("use", "enc".into()), "key_not_for_signatures");
    let set = |text: String| JwkSet::parse(&text).unwrap_err().code();
    let key = public(Es256);
    assert_eq!(set("{}".into()), "key_set_malformed");
    assert_eq!(set("{".into()), "key_set_json");
    assert_eq!(set(json!({ "keys": [key, key] }).to_string()), "key_set_duplicate_kid");
    assert_eq!(set(json!({ "keys": [with(Es256, "d", "x".into())] }).to_string()), "key_private_member");
}

/// RFC 7518 section 6: every kind of key is generated anew, and RSA keys in the size that was asked for.
#[test]
fn a_generated_key_is_new_and_of_the_size_that_was_asked_for() {
    for &algorithm in SIGNING {
        let key = SigningKey::generate(algorithm).unwrap();
        assert_eq!((key.algorithm(), key.kid()), (algorithm, key.thumbprint().as_str()));
        assert_eq!(Jwk::parse(&serde_json::to_string(key.public_jwk()).unwrap()).as_ref(), Ok(key.public_jwk()));
        let is_rsa = key.public_jwk().kty() == "RSA";
        if !is_rsa {
            let refused = SigningKey::generate_rsa(algorithm, RsaSize::Bits3072).map(drop);
            assert_eq!(refused, Err(KeyError::AlgorithmMismatch), "{algorithm}");
        }
    }
    for (size, algorithm, bytes) in [
        (RsaSize::Bits2048, Algorithm::Ps384, 256),
        (RsaSize::Bits3072, Algorithm::Rs256, 384),
        (RsaSize::Bits4096, Algorithm::Ps512, 512),
    ] {
        if !SIGNING.contains(&algorithm) {
            assert_eq!(SigningKey::generate_rsa(algorithm, size).map(drop), Err(KeyError::RsaPrivateKey));
            continue;
        }
        let key = SigningKey::generate_rsa(algorithm, size).unwrap();
        let signature = key.sign(b"m").unwrap();
        assert_eq!((key.algorithm(), signature.len()), (algorithm, bytes));
        assert!(key.verifying_key().verify(b"m", &signature).is_ok());
        let modulus = serde_json::to_value(key.public_jwk()).unwrap()["n"].as_str().unwrap().to_owned();
        assert_eq!(base64url::decode(modulus).unwrap().len(), bytes);
    }
}
