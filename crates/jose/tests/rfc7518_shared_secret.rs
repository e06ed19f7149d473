//! RFC 7518 sections 3.2 and 6.4: MAC keys as JWKs, and tokens under a shared secret.
#![allow(clippy::unwrap_used, reason = "a failed expectation is the test's own report")]

mod forge;

use countersign_jose::jws::hmac::{self, HmacAlgorithm, HmacKey};
use countersign_jose::jws::{self, JwsError};
use countersign_jose::jwt::{self, Expect, ExpectedAudience, ExpectedIssuer, MintError, TokenError, Typ};
use countersign_jose::{Algorithm, Jwk, JwkSet, JwkSetError, KeyError, SigningKey, base64url};
use serde_json::{Value, json};

const NOW: i64 = 1_700_000_000;
const ISSUER: &str = "https://as.test";
const AUDIENCE: &str = "https://api.test";

const KINDS: [Typ; 9] = [
    Typ::AccessToken,
    Typ::AgentJwt,
    Typ::ClientAssertion,
    Typ::HostJwt,
    Typ::IdJag,
    Typ::IdToken,
    Typ::IntrospectionResponse,
    Typ::LogoutToken,
    Typ::RequestObject,
];

fn claims() -> Value {
    json!({"iss": ISSUER, "sub": "alice", "aud": AUDIENCE, "exp": NOW + 30, "iat": NOW - 5, "jti": "j1"})
}

fn with(claim: &str, value: Value) -> String {
    let mut claims = claims();
    claims[claim] = value;
    claims.to_string()
}

fn expect(typ: Typ) -> Expect<'static> {
    Expect::new(typ, ExpectedIssuer::Exactly(ISSUER), ExpectedAudience::AnyOf(&[AUDIENCE]))
}

fn secret(algorithm: HmacAlgorithm) -> HmacKey {
    HmacKey::new(algorithm, &[7; 64]).unwrap()
}

fn verify(token: &str, key: &HmacKey, typ: Typ) -> Result<Value, TokenError> {
    jwt::hmac::Unverified::parse(token)?.verify::<Value>(key, &expect(typ), NOW).map(|verified| verified.into_claims())
}

/// RFC 7519 section 8: what is minted verifies, with every MAC and as every kind, and under no other secret.
#[test]
fn a_token_under_a_secret_verifies_under_that_secret_only() {
    for &algorithm in HmacAlgorithm::ALL {
        let key = secret(algorithm).with_kid("k1");
        for typ in KINDS {
            let token = jwt::hmac::mint(&key, typ, &claims()).unwrap();
            let unverified = jwt::hmac::Unverified::parse(&token).unwrap();
            assert_eq!((unverified.claimed_iss(), unverified.claimed_sub()), (Some(ISSUER), Some("alice")));
            assert_eq!((unverified.algorithm(), unverified.kid()), (algorithm, Some("k1")));
            let verified = unverified.verify::<Value>(&key, &expect(typ), NOW).unwrap();
            assert_eq!(verified.claims(), &claims());
            assert_eq!((verified.algorithm(), verified.kid()), (algorithm, Some("k1")));
            assert_eq!((verified.iss(), verified.sub(), verified.jti()), (Some(ISSUER), Some("alice"), Some("j1")));
            assert_eq!(verified.aud(), [AUDIENCE.to_owned()]);
            assert_eq!((verified.exp(), verified.iat(), verified.nbf()), (Some(NOW + 30), Some(NOW - 5), None));

            let other = HmacKey::new(algorithm, &[8; 64]).unwrap();
            assert_eq!(verify(&token, &other, typ), Err(JwsError::Signature.into()));
            for &wrong in HmacAlgorithm::ALL.iter().filter(|&&wrong| wrong != algorithm) {
                let refusal = JwsError::HmacAlgorithmMismatch { expected: wrong, found: algorithm };
                assert_eq!(verify(&token, &secret(wrong), typ), Err(refusal.into()));
            }
        }
    }
}

/// RFC 8725 section 3.11: the kinds are kept apart as they are under signatures.
#[test]
fn a_token_under_a_secret_is_of_one_kind() {
    let key = secret(HmacAlgorithm::Hs256);
    for minted in KINDS {
        let token = jwt::hmac::mint(&key, minted, &claims()).unwrap();
        for expected in KINDS.into_iter().chain([Typ::DpopProof]) {
            let verified = verify(&token, &key, expected);
            if minted.as_str() == expected.as_str() {
                assert!(verified.is_ok(), "{minted:?} as {expected:?}");
            } else {
                let refusal = TokenError::Typ { expected: expected.as_str(), found: Some(minted.as_str().to_owned()) };
                assert_eq!(verified, Err(refusal), "{minted:?} as {expected:?}");
            }
        }
    }
    assert_eq!(jwt::hmac::mint(&key, Typ::DpopProof, &claims()), Err(MintError::DpopProof));
    let proof = hmac::sign(&key, Some("dpop+jwt"), claims().to_string().as_bytes()).unwrap();
    assert_eq!(verify(&proof, &key, Typ::DpopProof), Err(JwsError::HeaderMember { member: "jwk" }.into()));
}

/// The claims of a token under a secret are judged as those of any other.
#[test]
fn the_rules_of_claims_hold_under_a_secret() {
    let key = secret(HmacAlgorithm::Hs256);
    let judge = |claims: String| {
        let token = hmac::sign(&key, Some("at+jwt"), claims.as_bytes()).unwrap();
        verify(&token, &key, Typ::AccessToken).map_or_else(|error| error.code(), |_| "accepted")
    };
    for (claim, value, expected) in [
        ("iss", json!("https://b.test"), "issuer"),
        ("iss", json!(1), "claim_type"),
        ("aud", json!("https://x.test"), "audience"),
        ("aud", json!(5), "claim_type"),
        ("sub", json!(["alice"]), "claim_type"),
        ("exp", json!(NOW - 30), "never_valid"),
        ("exp", json!("9999999999"), "claim_type"),
        ("nbf", json!(NOW + 30), "never_valid"),
        ("iat", json!(NOW + 30), "never_valid"),
        ("x", json!(1), "accepted"),
    ] {
        assert_eq!(judge(with(claim, value.clone())), expected, "{claim}: {value}");
    }
    assert_eq!(judge("[]".into()), "claims_not_object");
    assert_eq!(judge(claims().to_string().replacen('{', r#"{"sub":"bob","#, 1)), "claims_json");
    assert_eq!(judge(json!({"iss": ISSUER, "aud": AUDIENCE}).to_string()), "claim_missing");
    assert_eq!(judge(claims().to_string()), "accepted");
    // Spoken of only after the MAC.
    let other = HmacKey::new(HmacAlgorithm::Hs256, &[8; 64]).unwrap();
    let forged = hmac::sign(&other, Some("at+jwt"), with("iss", json!("x")).as_bytes()).unwrap();
    assert_eq!(verify(&forged, &key, Typ::AccessToken).unwrap_err().code(), "signature");
    let large = json!({"x": "x".repeat(13_000)});
    assert!(matches!(jwt::hmac::mint(&key, Typ::AccessToken, &large), Err(MintError::TooLarge { .. })));
    assert_eq!(jwt::hmac::mint(&key, Typ::AccessToken, &json!([1])), Err(MintError::Claims));
}

/// RFC 8725 section 2.1: neither verifier takes the other's tokens, whatever the secret is made of.
#[test]
fn signed_tokens_and_tokens_under_a_secret_are_never_taken_for_each_other() {
    let public = serde_json::to_string(&forge::public(Algorithm::Rs256)).unwrap();
    for text in [forge::entry("RS256 public PEM"), public] {
        let confused = HmacKey::new(HmacAlgorithm::Hs256, text.as_bytes()).unwrap();
        let token = jwt::hmac::mint(&confused, Typ::AccessToken, &claims()).unwrap();
        assert_eq!(jwt::Unverified::parse(&token).unwrap_err().code(), "unsupported_algorithm");
    }
    for &algorithm in forge::SIGNING {
        let token = jwt::mint(&forge::key(algorithm), Typ::AccessToken, &claims()).unwrap();
        let error = jwt::hmac::Unverified::parse(&token).unwrap_err();
        assert_eq!(error.code(), "unsupported_algorithm", "{algorithm}");
    }
    let none = format!("{}.{}.AAAA", base64url::encode(r#"{"alg":"none"}"#), base64url::encode("{}"));
    assert_eq!(jwt::hmac::Unverified::parse(&none).unwrap_err().code(), "unsupported_algorithm");
}

fn jwk() -> Value {
    json!({"kty": "oct", "alg": "HS256", "use": "sig", "kid": "k1", "k": base64url::encode([7; 32])})
}

fn jwk_with(member: &str, value: Value) -> Value {
    let mut jwk = jwk();
    jwk[member] = value;
    jwk
}

fn jwk_without(member: &str) -> Value {
    let mut jwk = jwk();
    jwk.as_object_mut().unwrap().remove(member);
    jwk
}

/// Section 6.4: a secret goes out as a JWK and comes back as the same secret.
#[test]
fn a_secret_round_trips_as_a_jwk() {
    for &algorithm in HmacAlgorithm::ALL {
        for key in [
            HmacKey::generate(algorithm).unwrap(),
            HmacKey::generate(algorithm).unwrap().with_kid("k \"1\""),
            HmacKey::new(algorithm, &[0; 200]).unwrap(),
        ] {
            let written = key.to_jwk();
            let members: Value = serde_json::from_str(written.expose()).unwrap();
            assert_eq!(members["alg"], algorithm.as_str());
            assert_eq!((&members["kty"], &members["use"]), (&json!("oct"), &json!("sig")));
            let read = HmacKey::from_jwk(written.expose()).unwrap();
            assert_eq!((read.algorithm(), read.kid()), (algorithm, key.kid()));
            let tagged = hmac::sign(&key, None, b"m").unwrap();
            assert_eq!(hmac::verify(&tagged, &read).as_deref(), Ok(b"m".as_slice()));
            let shown = format!("{written:?} {key:?}");
            assert!(!shown.contains(members["k"].as_str().unwrap()), "{shown}");
        }
    }
    let (one, two) =
        (HmacKey::generate(HmacAlgorithm::Hs256).unwrap(), HmacKey::generate(HmacAlgorithm::Hs256).unwrap());
    assert_ne!(one.to_jwk().expose(), two.to_jwk().expose(), "each secret is new");
}

/// Sections 3.2 and 6.4, RFC 7517 section 4: the rules of a secret.
#[test]
fn a_secret_that_breaks_a_rule_is_refused_for_it() {
    let public = |algorithm| json!(forge::public(algorithm));
    let rows = [
        ("no alg", jwk_without("alg"), KeyError::Member("alg")),
        ("no k", jwk_without("k"), KeyError::Member("k")),
        ("no kty", jwk_without("kty"), KeyError::Member("kty")),
        ("kty no string", jwk_with("kty", json!(1)), KeyError::Member("kty")),
        ("another kty", jwk_with("kty", json!("OKP")), KeyError::Asymmetric),
        ("kty in capitals", jwk_with("kty", json!("OCT")), KeyError::Asymmetric),
        ("an EC key", public(Algorithm::Es256), KeyError::Asymmetric),
        ("an RSA key", public(Algorithm::Rs256), KeyError::Asymmetric),
        ("alg of a signature", jwk_with("alg", json!("RS256")), KeyError::AlgorithmMismatch),
        ("alg of key wrap", jwk_with("alg", json!("A256KW")), KeyError::Unsupported),
        ("alg of encryption", jwk_with("alg", json!("A256GCM")), KeyError::Unsupported),
        ("alg none", jwk_with("alg", json!("none")), KeyError::Unsupported),
        ("alg in small letters", jwk_with("alg", json!("hs256")), KeyError::Unsupported),
        ("alg no string", jwk_with("alg", json!(256)), KeyError::Member("alg")),
        ("use enc", jwk_with("use", json!("enc")), KeyError::NotForSignatures),
        ("use no string", jwk_with("use", json!(["sig"])), KeyError::Member("use")),
        ("key_ops sign alone", jwk_with("key_ops", json!(["sign"])), KeyError::NotForSignatures),
        ("key_ops verify alone", jwk_with("key_ops", json!(["verify"])), KeyError::NotForSignatures),
        ("key_ops of encryption", jwk_with("key_ops", json!(["encrypt", "decrypt"])), KeyError::NotForSignatures),
        ("key_ops empty", jwk_with("key_ops", json!([])), KeyError::NotForSignatures),
        ("key_ops twice", jwk_with("key_ops", json!(["sign", "verify", "sign"])), KeyError::Member("key_ops")),
        ("key_ops no list", jwk_with("key_ops", json!("sign")), KeyError::Member("key_ops")),
        ("a byte short", jwk_with("k", json!(base64url::encode([7; 31]))), KeyError::HmacSize),
        ("16 bytes", jwk_with("k", json!(base64url::encode([7; 16]))), KeyError::HmacSize),
        ("empty", jwk_with("k", json!("")), KeyError::HmacSize),
        ("too short for HS384", jwk_with("alg", json!("HS384")), KeyError::HmacSize),
        ("too short for HS512", jwk_with("alg", json!("HS512")), KeyError::HmacSize),
        ("padded", jwk_with("k", json!(format!("{}=", base64url::encode([7; 32])))), KeyError::Member("k")),
        ("not base64url", jwk_with("k", json!("+".repeat(43))), KeyError::Member("k")),
        ("k no string", jwk_with("k", json!([7])), KeyError::Member("k")),
        ("an empty kid", jwk_with("kid", json!("")), KeyError::Member("kid")),
        ("a kid that is no string", jwk_with("kid", json!(1)), KeyError::Member("kid")),
        ("a private member", jwk_with("d", json!("AAAA")), KeyError::Member("d")),
        ("a public member", jwk_with("x", json!("AAAA")), KeyError::Member("x")),
        ("a list", json!([jwk()]), KeyError::Malformed),
    ];
    for (name, jwk, refusal) in rows {
        assert_eq!(HmacKey::from_jwk(&jwk.to_string()).map(drop), Err(refusal), "{name}");
    }
    for good in [
        jwk(),
        jwk_without("use"),
        jwk_without("kid"),
        jwk_with("key_ops", json!(["verify", "sign"])),
        jwk_with("x-y", json!(1)),
    ] {
        assert!(HmacKey::from_jwk(&good.to_string()).is_ok(), "{good}");
    }
    let twice = jwk().to_string().replacen('{', r#"{"k":"AAAA","#, 1);
    assert!(matches!(HmacKey::from_jwk(&twice), Err(KeyError::Json(_))));
    let error = HmacKey::from_jwk(&jwk_with("k", json!("secret!")).to_string()).unwrap_err();
    assert!(!format!("{error} {error:?}").contains("secret"));
}

/// RFC 7517: every other reader refuses a secret, alone and in a set.
#[test]
fn a_secret_is_no_public_key() {
    let text = HmacKey::generate(HmacAlgorithm::Hs256).unwrap().to_jwk();
    assert_eq!(Jwk::parse(text.expose()).unwrap_err(), KeyError::Symmetric);
    assert_eq!(SigningKey::from_jwk(text.expose()).map(drop), Err(KeyError::Symmetric));
    let public = serde_json::to_string(forge::key(Algorithm::Es256).public_jwk()).unwrap();
    let set = |keys: &[&str]| JwkSet::parse(&format!(r#"{{"keys":[{}]}}"#, keys.join(",")));
    let refusal = |index| Err(JwkSetError::Key { index, reason: KeyError::Symmetric });
    assert_eq!(set(&[text.expose()]).map(drop), refusal(0));
    assert_eq!(set(&[&public, text.expose()]).map(drop), refusal(1));
    assert!(set(&[&public]).is_ok());
    assert!(jws::sign(&forge::key(Algorithm::Es256), None, b"m").is_ok());
}
