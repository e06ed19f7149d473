//! `countersign token verify` with keys at hand.

use countersign_jose::{Algorithm, SigningKey, jws};
use serde_json::{Value, json};

use crate::command::{AUDIENCE, Folder, ISSUER, NOW, good_claims, key_for, signed};

fn verify(keys: &str) -> String {
    format!("verify --keys {keys} --issuer {ISSUER} --audience {AUDIENCE} --at {NOW}")
}

#[test]
fn a_good_token_is_answered_with_its_claims_and_0() {
    for &algorithm in Algorithm::ALL {
        let (folder, key) = Folder::with_key(algorithm);
        let ran = folder.token(&verify("jwks.json"), &signed(&key, "at+jwt", &good_claims()));
        assert_eq!(ran.json(), good_claims(), "{algorithm}");
        assert_eq!((ran.code, ran.err.as_str()), (0, "valid\n"), "{algorithm}");
    }
}

/// A key comes as a set, as a key, and in PEM and DER; of a private one the public half is used.
#[test]
fn keys_are_taken_in_every_form() {
    let (folder, key) = Folder::with_key(Algorithm::Es256);
    folder.write("public.json", serde_json::to_string(key.public_jwk()).unwrap());
    folder.write("public.pem", key.verifying_key().to_pem());
    folder.write("public.der", key.verifying_key().to_spki_der());
    folder.write("private.pem", key.to_pem().unwrap());
    let token = signed(&key, "at+jwt", &good_claims());
    for file in ["jwks.json", "key.json", "public.json", "public.pem", "public.der", "private.pem"] {
        folder.token(&verify(file), &token).ok();
    }
    // An RSA key in PEM does not say for which of six algorithms it is.
    let rsa = key_for(Algorithm::Ps256);
    folder.write("rsa.pem", rsa.verifying_key().to_pem());
    let token = signed(&rsa, "at+jwt", &good_claims());
    folder.token(&verify("rsa.pem"), &token).fails(1, "(algorithm_mismatch)");
    folder.token(&format!("{} --alg PS256", verify("rsa.pem")), &token).ok();
}

/// One change each, one reason each, and the claims are not shown.
#[test]
fn a_token_with_one_fault_is_refused_for_it_with_1() {
    let (folder, key) = Folder::with_key(Algorithm::EdDSA);
    let other = SigningKey::generate(Algorithm::EdDSA).unwrap();
    let with = |name: &str, value: Value| {
        let mut claims = good_claims();
        claims[name] = value;
        signed(&key, "at+jwt", &claims)
    };
    let without = |name: &str| {
        let mut claims = good_claims();
        claims.as_object_mut().unwrap().remove(name);
        signed(&key, "at+jwt", &claims)
    };
    let good = signed(&key, "at+jwt", &good_claims());
    let mut past = good_claims();
    (past["iat"], past["exp"]) = ((NOW - 331).into(), (NOW - 31).into());
    let expired = signed(&key, "at+jwt", &past);
    let cases = [
        (with("aud", "https://other.example".into()), "audience"),
        (with("aud", json!(["https://other.example"])), "audience"),
        (with("aud", 5.into()), "claim_type"),
        (without("aud"), "claim_missing"),
        (with("iss", "https://other.example".into()), "issuer"),
        (expired, "expired"),
        (with("exp", NOW.into()), "never_valid"),
        (with("exp", "1".into()), "claim_type"),
        (with("iat", (NOW + 31).into()), "issued_in_future"),
        (with("nbf", (NOW + 31).into()), "not_yet_valid"),
        (without("jti"), "claim_missing"),
        (signed(&key, "JWT", &good_claims()), "typ"),
        (signed(&other.clone().with_kid("k1"), "at+jwt", &good_claims()), "signature"),
        (signed(&other, "at+jwt", &good_claims()), "unknown_key"),
        (jws::sign(&key, Some("at+jwt"), b"[]").unwrap(), "claims_not_object"),
        (format!("{good}="), "base64url"),
        (format!("{good}."), "segment_count"),
    ];
    for (token, code) in cases {
        let ran = folder.token(&verify("jwks.json"), &token);
        assert_eq!((ran.code, ran.out.as_str()), (1, ""), "{code}: {ran:?}");
        let refused: Vec<&str> = ran.err.lines().filter(|line| line.starts_with("refused: ")).collect();
        assert!(refused.len() == 1 && refused[0].ends_with(&format!(" ({code})")), "{code}: {ran:?}");

        let ran = folder.token(&format!("{} --json", verify("jwks.json")), &token);
        let result = ran.json();
        assert_eq!((ran.code, &result["valid"], &result["reasons"][0]["code"]), (1, &false.into(), &code.into()));
        assert!(result.get("claims").is_none(), "{result}");
    }
}

#[test]
fn the_leeway_is_30_seconds_unless_another_is_named() {
    let (folder, key) = Folder::with_key(Algorithm::EdDSA);
    let token = signed(&key, "at+jwt", &good_claims());
    let at = |second: i64, more: &str| {
        let arguments = format!("verify --keys jwks.json --issuer {ISSUER} --audience {AUDIENCE} --at {second} {more}");
        folder.token(&arguments, &token).code
    };
    assert_eq!([at(NOW + 329, ""), at(NOW + 330, "")], [0, 1]);
    assert_eq!([at(NOW + 299, "--leeway 0"), at(NOW + 300, "--leeway 0")], [0, 1]);
    assert_eq!(at(NOW, "--leeway 301"), 2);
    assert_eq!([at(NOW, "--max-lifetime 5m"), at(NOW, "--max-lifetime 4m")], [0, 1]);
}

#[test]
fn issuer_and_audience_are_named_or_left_out_by_name() {
    let (folder, key) = Folder::with_key(Algorithm::EdDSA);
    let token = signed(&key, "at+jwt", &good_claims());
    let base = format!("verify --keys jwks.json --at {NOW}");
    folder.token(&base, &token).fails(2, "--unchecked-issuer");
    folder.token(&format!("{base} --issuer {ISSUER}"), &token).fails(2, "--unchecked-audience");
    folder.token(&format!("{base} --unchecked-issuer --unchecked-audience"), &token).ok();
    folder.token(&format!("{base} --issuer {ISSUER} --audience x --audience {AUDIENCE}"), &token).ok();
}

/// A secret comes as a JWK or as bytes, whose one line end is not part of them.
#[test]
fn a_mac_is_verified_with_a_secret_and_with_nothing_else() {
    let folder = Folder::new();
    let secret = "0123456789abcdef0123456789abcdef";
    folder.write("secret", format!("{secret}\n"));
    folder.write("short", "0123456789abcdef0123456789abcde\n");
    folder.write(
        "secret.json",
        format!(r#"{{"kty":"oct","alg":"HS256","k":"{}"}}"#, countersign_jose::base64url::encode(secret)),
    );
    let key = jws::hmac::HmacKey::new(jws::hmac::HmacAlgorithm::Hs256, secret.as_bytes()).unwrap();
    let token = jws::hmac::sign(&key, Some("at+jwt"), good_claims().to_string().as_bytes()).unwrap();
    let base = format!("verify --issuer {ISSUER} --audience {AUDIENCE} --at {NOW}");
    assert_eq!(folder.token(&format!("{base} --secret-file secret --alg HS256"), &token).json(), good_claims());
    folder.token(&format!("{base} --secret-file secret.json"), &token).ok();
    folder.token(&format!("{base} --secret-file secret"), &token).fails(2, "--alg HS256");
    folder.token(&format!("{base} --secret-file short --alg HS256"), &token).fails(2, "key_hmac_size");
    folder.token(&format!("{base} --secret-file secret.json --alg HS512"), &token).fails(2, "its alg is HS256");
    folder.write("secret", secret.replace('0', "1"));
    folder.token(&format!("{base} --secret-file secret --alg HS256"), &token).fails(1, "(signature)");

    // RFC 8725 section 2.1: a public key is no secret, and a token with a MAC is nothing to a public key.
    let (folder, asymmetric) = Folder::with_key(Algorithm::Rs256);
    let pem = asymmetric.verifying_key().to_pem();
    folder.write("public.pem", &pem);
    let key = jws::hmac::HmacKey::new(jws::hmac::HmacAlgorithm::Hs256, pem.as_bytes()).unwrap();
    let confused = jws::hmac::sign(&key, Some("at+jwt"), good_claims().to_string().as_bytes()).unwrap();
    folder.token(&verify("public.pem"), &confused).fails(1, "(unsupported_algorithm)");
    folder.token(&format!("{base} --secret-file public.pem --alg HS256"), &confused).fails(2, "no secret");
}

#[test]
fn each_kind_is_refused_where_another_is_expected() {
    let (folder, key) = Folder::with_key(Algorithm::EdDSA);
    let kinds = [
        ("access-token", "at+jwt"),
        ("agent-jwt", "agent+jwt"),
        ("host-jwt", "host+jwt"),
        ("id-jag", "oauth-id-jag+jwt"),
        ("id-token", "JWT"),
        ("introspection-response", "token-introspection+jwt"),
        ("logout-token", "logout+jwt"),
        ("request-object", "oauth-authz-req+jwt"),
    ];
    let mut claims = good_claims();
    claims["exp"] = (NOW + 60).into();
    for (_, typ) in kinds {
        let token = signed(&key, typ, &claims);
        for (kind, expected) in kinds {
            let ran = folder.token(&format!("{} --typ {kind}", verify("jwks.json")), &token);
            assert_eq!(ran.code, i32::from(typ != expected), "{typ} as {kind}: {ran:?}");
        }
    }
}

#[test]
fn what_can_not_be_done_ends_with_2_and_says_why() {
    let (folder, key) = Folder::with_key(Algorithm::EdDSA);
    let token = signed(&key, "at+jwt", &good_claims());
    folder.write("empty.json", "{}");
    folder.write("twice.json", r#"{"keys":[],"keys":[]}"#);
    folder.write("public-oct.json", r#"{"keys":[{"kty":"oct","k":"AAAA"}]}"#);
    folder.write("noise", [0, 1, 2, 3]);
    folder.token(&verify("nothing.json"), &token).fails(2, "nothing.json");
    folder.token(&verify("empty.json"), &token).fails(2, "key_member");
    folder.token(&verify("twice.json"), &token).fails(2, "key_json");
    folder.token(&verify("public-oct.json"), &token).fails(2, "key_symmetric");
    folder.token(&verify("noise"), &token).fails(2, "neither JSON nor PEM");
    folder.token(&verify("jwks.json"), " \n").fails(2, "no token");
    folder.token(&format!("{} nothing.jwt", verify("jwks.json")), "").fails(2, "nothing.jwt");
    folder.token(&format!("{} --typ nonsense", verify("jwks.json")), &token).fails(2, "nonsense");
}

#[test]
fn a_token_comes_from_standard_input_a_file_or_an_argument() {
    let (folder, key) = Folder::with_key(Algorithm::EdDSA);
    let token = signed(&key, "at+jwt", &good_claims());
    folder.write("token.jwt", format!("  {token}\r\n"));
    folder.token(&verify("jwks.json"), &format!("{token}\n")).ok();
    folder.token(&format!("{} -", verify("jwks.json")), &token).ok();
    folder.token(&format!("{} token.jwt", verify("jwks.json")), "").ok();
    folder.token(&format!("{} --token {token}", verify("jwks.json")), "").ok();
    folder.token(&format!("{} {token}", verify("jwks.json")), "").fails(2, "a token where a file is expected");
}
