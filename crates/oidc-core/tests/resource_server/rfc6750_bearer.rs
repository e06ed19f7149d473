//! Bearer tokens in requests, and challenges in answers ([RFC 6750](https://www.rfc-editor.org/rfc/rfc6750)).

use countersign_oidc::resource_server::{BearerRefusal, Challenge, VerifyError, bearer};
use http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, StatusCode, Uri};
use serde_json::json;

use crate::published::*;

fn headers(authorization: &[&str]) -> HeaderMap {
    authorization.iter().map(|value| (AUTHORIZATION, HeaderValue::from_str(value).unwrap())).collect()
}

fn uri(text: &str) -> Uri {
    text.parse().unwrap()
}

/// §2.1; the scheme is case-insensitive by [RFC 9110 §11.1](https://www.rfc-editor.org/rfc/rfc9110#section-11.1).
#[test]
fn a_token_is_taken_from_the_authorization_header() {
    for good in ["Bearer abc", "bearer abc", "BEARER abc", "Bearer  abc"] {
        assert_eq!(bearer::from_request(&uri("/notes"), &headers(&[good])), Ok("abc"), "{good}");
    }
    assert_eq!(bearer::from_header(&headers(&["Bearer a-._~+/b=="])), Ok(Some("a-._~+/b==")));
}

#[test]
fn what_is_not_one_bearer_token_is_refused() {
    for (sent, refusal) in [
        (&[][..], BearerRefusal::NoCredentials),
        (&["Bearer"], BearerRefusal::Malformed),
        (&["Bearer "], BearerRefusal::Malformed),
        (&["Bearer a b"], BearerRefusal::Malformed),
        (&["Bearer a,b"], BearerRefusal::Malformed),
        (&["Bearer =="], BearerRefusal::Malformed),
        // §3.1: whoever tried another scheme did not know better; that is no error in a token.
        (&["Basic YTpi"], BearerRefusal::NoCredentials),
        (&["DPoP abc"], BearerRefusal::NoCredentials),
        (&["abc"], BearerRefusal::NoCredentials),
        (&["Bearer a", "Bearer a"], BearerRefusal::RepeatedCredentials),
        (&["Bearer a", "Basic YTpi"], BearerRefusal::RepeatedCredentials),
    ] {
        assert_eq!(bearer::from_request(&uri("/notes"), &headers(sent)), Err(refusal), "{sent:?}");
    }
}

/// [RFC 9700 §4.3.2](https://www.rfc-editor.org/rfc/rfc9700#section-4.3.2): §2.3 of RFC 6750 is not to be used, even
/// where the header is right.
#[test]
fn a_token_in_the_query_is_refused() {
    for query in ["/notes?access_token=abc", "/notes?a=b&access_token=", "/notes?access%5Ftoken=abc"] {
        for sent in [&[][..], &["Bearer abc"]] {
            assert_eq!(bearer::from_request(&uri(query), &headers(sent)), Err(BearerRefusal::TokenInQuery), "{query}");
        }
    }
    assert!(bearer::from_request(&uri("/notes?my_access_token=x"), &headers(&["Bearer abc"])).is_ok());
}

/// [RFC 9449 §7.1](https://www.rfc-editor.org/rfc/rfc9449#section-7.1), and [RFC 8705 §3](https://www.rfc-editor.org/rfc/rfc8705#section-3)
/// likewise: a token that is bound to a key is not good for whoever just has it.
#[tokio::test]
async fn a_token_that_is_bound_to_a_key_is_no_bearer_token() {
    let fixture = fixture();
    let mut claims = claims_at(NOW);
    let sent = |claims: &serde_json::Value| headers(&[&format!("Bearer {}", token(&ES256, claims))]);
    assert!(fixture.verifier.verify_request(&uri("/notes"), &sent(&claims)).await.is_ok());
    for cnf in [json!({"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}), json!({"x5t#S256": "x"}), json!({})] {
        claims["cnf"] = cnf;
        let refused = fixture.verifier.verify_request(&uri("/notes"), &sent(&claims)).await.unwrap_err();
        assert_eq!(refused, VerifyError::Refused(BearerRefusal::SenderConstrained));
        // Whoever has seen the proof asks about the token alone.
        let bound = fixture.verifier.verify(&token(&ES256, &claims)).await.unwrap();
        assert_eq!(bound.claims()["cnf"], claims["cnf"]);
    }
}

/// §3: without a token nothing was wrong with it, so the challenge carries no error.
#[tokio::test]
async fn a_request_without_a_token_gets_a_bare_challenge() {
    let fixture = fixture();
    let error = fixture.verifier.verify_request(&uri("/notes"), &HeaderMap::new()).await.unwrap_err();
    let response = fixture.verifier.refuse(&error);
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    let challenge = response.headers()[WWW_AUTHENTICATE].to_str().unwrap();
    let expected = r#"Bearer resource_metadata="https://notes.test/.well-known/oauth-protected-resource/api""#;
    assert_eq!(challenge, expected);
    assert!(response.body().is_empty());
    assert!(!response.headers().contains_key(CONTENT_TYPE), "of what is not there");
}

/// §3.1.
#[tokio::test]
async fn each_code_has_its_status() {
    let fixture = fixture();
    let lacking = BearerRefusal::InsufficientScope { required: "notes:write".into(), granted: "notes:read".into() };
    for (refusal, status, code) in [
        (BearerRefusal::Malformed, 400, "invalid_request"),
        (BearerRefusal::RepeatedCredentials, 400, "invalid_request"),
        (BearerRefusal::TokenInQuery, 400, "invalid_request"),
        (BearerRefusal::Revoked, 401, "invalid_token"),
        (BearerRefusal::SenderConstrained, 401, "invalid_token"),
        (lacking, 403, "insufficient_scope"),
    ] {
        let response = fixture.verifier.refuse(&refusal.into());
        assert_eq!(response.status(), status);
        let challenge = response.headers()[WWW_AUTHENTICATE].to_str().unwrap();
        assert!(challenge.starts_with(&format!("Bearer error=\"{code}\", error_description=\"")), "{challenge}");
        assert_eq!(response.headers()[CACHE_CONTROL], "no-store");
        assert_eq!(response.headers()[CONTENT_TYPE], "application/json");
        let body: serde_json::Value = serde_json::from_slice(response.body()).unwrap();
        assert_eq!(body["error"], code);
        let description = body["error_description"].as_str().unwrap();
        assert!(challenge.contains(description), "nothing was left out of {challenge}");
    }
}

/// §3.1: `insufficient_scope` says which scope would do.
#[test]
fn a_lack_of_scope_is_answered_with_the_scope_that_is_needed() {
    let refusal = BearerRefusal::InsufficientScope { required: "notes:write".into(), granted: String::new() };
    let challenge = Challenge::new(&refusal).with_realm("notes").to_string();
    assert!(challenge.contains(r#", scope="notes:write""#), "{challenge}");
    assert!(challenge.starts_with(r#"Bearer realm="notes", error="insufficient_scope""#), "{challenge}");
}

/// §3: neither quotes nor control characters get into a parameter, wherever they come from.
#[test]
fn a_challenge_can_not_be_bent() {
    let challenge = Challenge::new(&BearerRefusal::NoCredentials).with_realm("a\", error=\"x\r\nSet-Cookie: a=b\\");
    assert_eq!(challenge.to_string(), r#"Bearer realm="a, error=xSet-Cookie: a=b""#);
    assert_eq!(challenge.header_value().to_str().unwrap(), challenge.to_string());
}

/// Unknown keys are nobody's fault that a client could mend: 503, and when to try again.
#[tokio::test]
async fn keys_that_can_not_be_had_are_no_refusal() {
    let fixture = fixture();
    fixture.published.fails(METADATA);
    let error = fixture.verifier.verify(&good_token_at(NOW)).await.unwrap_err();
    assert!(matches!(error, VerifyError::Failed(_)), "{error}");
    let response = fixture.verifier.refuse(&error);
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(response.headers().contains_key(RETRY_AFTER));
    assert_eq!(response.headers()[CACHE_CONTROL], "no-store");
    assert!(!response.headers().contains_key(WWW_AUTHENTICATE));
}
