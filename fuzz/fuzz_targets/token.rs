//! Tokens, keys and key sets from strangers: nothing panics, nothing verifies that was not signed, and whatever parses
//! means the same when it is written out and read again.
#![no_main]

use std::sync::LazyLock;

use countersign_jose::{Algorithm, Jwk, JwkSet, SigningKey, json, jwt};
use libfuzzer_sys::fuzz_target;

static KEY: LazyLock<SigningKey> = LazyLock::new(|| SigningKey::generate(Algorithm::EdDSA).expect("a key"));

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else {
        assert!(json::parse(data).is_err(), "JSON is UTF-8");
        return;
    };
    if let Ok(value) = json::parse(data) {
        let written = serde_json::to_vec(&value).expect("a value is written");
        assert_eq!(json::parse(&written).expect("and read again"), value);
    }
    if let Ok(key) = Jwk::parse(text) {
        let written = serde_json::to_string(&key).expect("a key is written");
        let again = Jwk::parse(&written).expect("and read again");
        assert_eq!(again.thumbprint(), key.thumbprint());
    }
    let set = JwkSet::parse(text);
    let expect = jwt::Expect::new(jwt::Typ::AccessToken, jwt::ExpectedIssuer::Exactly("https://as.test"), jwt::ExpectedAudience::AnyOf(&["https://api.test"]));
    // The input as a token, and as the payload of one whose other parts are right but whose signature is not.
    let header = format!(r#"{{"alg":"EdDSA","typ":"at+jwt","kid":"{}"}}"#, KEY.kid());
    let encode = |bytes: &[u8]| countersign_jose::base64url::encode(bytes);
    let unsigned = format!("{}.{}.{}", encode(header.as_bytes()), encode(data), encode(&[7; 64]));
    for token in [text, &unsigned] {
        let Ok(unverified) = jwt::Unverified::parse(token) else { continue };
        let _ = unverified.peek::<serde_json::Value>();
        assert!(unverified.verify::<serde_json::Value>(&KEY.verifying_key(), &expect, 1_700_000_000).is_err(), "nobody signed this");
        if let (Ok(set), Ok(unverified)) = (&set, jwt::Unverified::parse(token)) {
            let _ = unverified.verify_with_set::<serde_json::Value>(set, &expect, 1_700_000_000);
        }
    }
    // The same bytes as claims, rightly signed: judged by their content alone, without a panic.
    if let Ok(claims) = json::parse(data)
        && let Ok(token) = jwt::mint(&KEY, jwt::Typ::AccessToken, &claims)
        && let Ok(unverified) = jwt::Unverified::parse(&token)
        && let Ok(verified) = unverified.verify::<serde_json::Value>(&KEY.verifying_key(), &expect, 1_700_000_000)
    {
        assert_eq!(verified.iss(), Some("https://as.test"));
        assert!(verified.aud().iter().any(|aud| aud == "https://api.test"));
        assert!(verified.exp().is_some_and(|exp| exp >= 1_700_000_000 - 30));
    }
});
