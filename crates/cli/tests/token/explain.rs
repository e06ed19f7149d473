//! `countersign token explain`.

use countersign_jose::{Algorithm, SigningKey, base64url, jws};
use serde_json::{Value, json};

use crate::command::{AUDIENCE, Folder, ISSUER, NOW, good_claims, signed};

fn codes(result: &Value) -> Vec<&str> {
    result["reasons"].as_array().unwrap().iter().map(|reason| reason["code"].as_str().unwrap()).collect()
}

/// A verifier stops at the first fault; whoever has to mend a token wants all of them.
#[test]
fn all_reasons_are_named_in_the_order_of_a_verifier() {
    let (folder, key) = Folder::with_key(Algorithm::EdDSA);
    let other = SigningKey::generate(Algorithm::EdDSA).unwrap().with_kid("k1");
    let claims = json!({
        "iss": "https://evil.example", "aud": ["https://other.example"], "exp": NOW - 3600, "iat": NOW + 3600,
        "nbf": NOW + 3600, "jti": "1",
    });
    let arguments = format!("explain --keys jwks.json --issuer {ISSUER} --audience {AUDIENCE} --at {NOW} --json");
    let ran = folder.token(&arguments, &signed(&other, "JWT", &claims));
    let result = ran.json();
    let expected = [
        "typ",
        "signature",
        "claim_missing",
        "issuer",
        "audience",
        "never_valid",
        "expired",
        "not_yet_valid",
        "issued_in_future",
    ];
    assert_eq!((ran.code, codes(&result)), (1, expected.to_vec()), "{result}");
    assert_eq!((&result["verdict"], &result["signature"]), (&"refused".into(), &"wrong".into()));
    let audience = &result["reasons"][4];
    assert_eq!(audience["expected"], "one of: https://api.example");
    assert_eq!(audience["found"], "https://other.example");
    assert_eq!(audience["standard"], "RFC 7519 §4.1.3, RFC 9068 §4");
    assert!(audience["remedy"].as_str().unwrap().contains("RFC 8707"));

    // The same with the right key: the signature is good, and all else stays.
    let result = folder.token(&arguments, &signed(&key, "JWT", &claims)).json();
    assert_eq!(result["signature"], "verified");
    assert_eq!(codes(&result), expected.iter().copied().filter(|&code| code != "signature").collect::<Vec<_>>());
}

/// A fault of form does not hide the others, nor keep the signature from being checked.
#[test]
fn faults_of_form_and_of_content_are_named_together() {
    let (folder, key) = Folder::with_key(Algorithm::EdDSA);
    let input = format!(
        "{}.{}",
        base64url::encode(r#"{"alg":"EdDSA","kid":"k1","typ":"at+jwt","crit":["x"]}"#),
        base64url::encode(
            json!({ "iss": ISSUER, "sub": "a", "aud": "x", "exp": "1", "iat": NOW, "jti": "1" }).to_string()
        )
    );
    let token = format!("{input}.{}", base64url::encode(key.sign(input.as_bytes()).unwrap()));
    let arguments = format!("explain --keys jwks.json --issuer {ISSUER} --audience {AUDIENCE} --at {NOW} --json");
    let result = folder.token(&arguments, &token).json();
    assert_eq!(codes(&result), ["critical", "claim_type", "audience"], "{result}");
    assert_eq!(result["signature"], "verified");
}

#[test]
fn how_long_a_token_lives_is_judged_whether_it_has_expired_or_not() {
    let (folder, key) = Folder::with_key(Algorithm::EdDSA);
    let claims = json!({ "iss": "h", "aud": "a", "exp": NOW + 3600, "iat": NOW, "jti": "1" });
    let token = signed(&key, "host+jwt", &claims);
    let explain = |at: i64| {
        let result = folder.token(&format!("explain --keys jwks.json --typ host-jwt --at {at} --json"), &token).json();
        codes(&result).into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(explain(NOW), ["lifetime_too_long"]);
    assert_eq!(explain(NOW + 7200), ["expired", "lifetime_too_long"]);
}

/// Dates that contradict each other are named whether or not the clock is against one of them too.
#[test]
fn a_token_that_ends_before_it_begins_is_told_so_at_any_time() {
    let (folder, key) = Folder::with_key(Algorithm::EdDSA);
    let explain = |name: &str, value: Value, at: i64| {
        let mut claims = good_claims();
        claims[name] = value;
        let arguments = format!("explain --issuer {ISSUER} --audience {AUDIENCE} --at {at} --json");
        codes(&folder.token(&arguments, &signed(&key, "at+jwt", &claims)).json()).join(" ")
    };
    assert_eq!(explain("exp", (NOW + 1).into(), NOW), "");
    assert_eq!(explain("exp", NOW.into(), NOW), "never_valid", "the leeway forgives it its end, not its life");
    assert_eq!(explain("exp", json!(NOW as f64 + 0.5), NOW), "never_valid");
    assert_eq!(explain("exp", (NOW - 3600).into(), NOW), "never_valid expired");
    assert_eq!(explain("exp", json!(NOW as f64 + 1.5), NOW + 3600), "expired");
    assert_eq!(explain("exp", 0.into(), NOW), "never_valid");
    assert_eq!(explain("nbf", (NOW + 300).into(), NOW), "never_valid not_yet_valid");
    assert_eq!(explain("nbf", (NOW + 299).into(), NOW), "not_yet_valid");
    assert_eq!(explain("iat", (NOW + 300).into(), NOW), "never_valid issued_in_future");
    assert_eq!(explain("iat", (NOW + 299).into(), NOW), "issued_in_future");
}

/// For every kind, a token that is good is valid and nothing is found, so that no reason is ever made up.
#[test]
fn a_good_token_has_no_reasons() {
    let (folder, key) = Folder::with_key(Algorithm::Es256);
    for (kind, typ) in [
        ("access-token", "at+jwt"),
        ("agent-jwt", "agent+jwt"),
        ("client-assertion", "JWT"),
        ("host-jwt", "host+jwt"),
        ("id-jag", "oauth-id-jag+jwt"),
        ("id-token", "JWT"),
        ("introspection-response", "token-introspection+jwt"),
        ("logout-token", "logout+jwt"),
        ("request-object", "oauth-authz-req+jwt"),
    ] {
        let mut claims = good_claims();
        claims["exp"] = (NOW + 60).into();
        let token = signed(&key, typ, &claims);
        let arguments = format!("explain --typ {kind} --issuer {ISSUER} --audience {AUDIENCE} --at {NOW}");
        let ran = folder.token(&format!("{arguments} --keys jwks.json"), &token);
        assert_eq!((ran.code, ran.out.lines().next()), (0, Some("valid")), "{kind}: {ran:?}");
        // Without keys, the rules are asked one by one.
        let ran = folder.token(&format!("explain --typ {kind} --audience {AUDIENCE} --at {NOW} --json"), &token);
        assert_eq!((ran.code, codes(&ran.json())), (2, vec![]), "{kind}: {ran:?}");
    }
}

#[test]
fn without_keys_everything_but_the_signature_is_judged() {
    let (folder, key) = Folder::with_key(Algorithm::EdDSA);
    let token = signed(&key, "at+jwt", &good_claims());
    let ran = folder.token(&format!("explain --at {NOW}"), &token);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.out.starts_with("no fault found, but the signature was not checked\n"), "{ran:?}");
    let ran = folder.token(&format!("explain --at {} --audience x", NOW + 9999), &token);
    assert_eq!(ran.code, 1);
    assert!(ran.out.contains("1. audience: ") && ran.out.contains("2. expired: "), "{ran:?}");
}

#[test]
fn the_key_is_explained_too() {
    let (folder, _) = Folder::with_key(Algorithm::EdDSA);
    let arguments = format!("explain --keys jwks.json --at {NOW} --json");
    let stranger = SigningKey::generate(Algorithm::EdDSA).unwrap();
    let result = folder.token(&arguments, &signed(&stranger, "at+jwt", &good_claims())).json();
    assert_eq!(codes(&result), ["unknown_key"]);
    let wrong = SigningKey::generate(Algorithm::Es256).unwrap().with_kid("k1");
    let result = folder.token(&arguments, &signed(&wrong, "at+jwt", &good_claims())).json();
    assert_eq!(codes(&result), ["algorithm_mismatch"]);
    assert_eq!((&result["reasons"][0]["expected"], &result["reasons"][0]["found"]), (&"EdDSA".into(), &"ES256".into()));
    let mac = jws::hmac::HmacKey::generate(jws::hmac::HmacAlgorithm::Hs256).unwrap();
    let token = jws::hmac::sign(&mac, Some("at+jwt"), good_claims().to_string().as_bytes()).unwrap();
    assert_eq!(codes(&folder.token(&arguments, &token).json()), ["unsupported_algorithm"]);
}

#[test]
fn a_code_out_of_a_log_is_explained() {
    let folder = Folder::new();
    let out = folder.token("explain --code audience", "").ok();
    assert!(out.starts_with("audience\n") && out.contains("RFC 7519 §4.1.3") && out.contains("to do"), "{out}");
    folder.token("explain --code nonsense", "").fails(2, "--codes lists all");
    let all = folder.token("explain --codes --json", "").json();
    assert!(all.as_array().unwrap().len() > 40);
}
