//! Verifying access tokens ([RFC 9068 §4](https://www.rfc-editor.org/rfc/rfc9068#section-4)).

use countersign_jose::jwt::{self, Typ};
use countersign_jose::{SigningKey, base64url};
use countersign_oidc::resource_server::{BearerRefusal, Verifier, VerifyError};
use http::StatusCode;
use serde_json::{Value, json};

use crate::published::*;

/// One row: change a good token's claims, expect this reason.
async fn refused(claims: Value, reason: &str) {
    let fixture = fixture();
    let error = fixture.verifier.verify(&token(&ES256, &claims)).await.unwrap_err();
    assert_eq!(error.reason(), reason, "{error}");
    assert_eq!(error.status(), StatusCode::UNAUTHORIZED);
    // The control: the same token without the change.
    assert!(fixture.verifier.verify(&good_token_at(NOW)).await.is_ok());
}

fn with(claim: &str, value: Value) -> Value {
    let mut claims = claims_at(NOW);
    claims[claim] = value;
    claims
}

fn without(claim: &str) -> Value {
    let mut claims = claims_at(NOW);
    claims.as_object_mut().unwrap().remove(claim);
    claims
}

/// §4: all that a resource needs to know is in the token.
#[tokio::test]
async fn a_good_token_tells_who_for_which_client_and_what_for() {
    let fixture = fixture();
    let mut claims = claims_at(NOW);
    claims["act"] = json!({ "sub": "agt_2", "act": { "sub": "agt_1" } });
    let verified = fixture.verifier.verify(&token(&ES256, &claims)).await.unwrap();
    assert_eq!(verified.subject(), "usr_alice");
    assert_eq!(verified.client_id(), "notes");
    assert_eq!(verified.token_id(), "fam_1.abc");
    assert_eq!(verified.expires_at().as_secs(), NOW.as_secs() + 300);
    assert_eq!(verified.scopes().collect::<Vec<_>>(), ["notes:read", "notes:write"]);
    assert_eq!(verified.claims()["auth_time"], NOW.as_secs() - 60);
    let actor = verified.actor().unwrap();
    assert_eq!(actor.subject, "agt_2");
    assert_eq!(actor.earlier.as_ref().unwrap().subject, "agt_1");
    assert_eq!(verified.require_scope("notes:read"), Ok(()));
}

/// RFC 6750 §3.1: a scope is a whole word, in its own case.
#[tokio::test]
async fn a_scope_that_was_not_granted_is_insufficient() {
    let verified = fixture().verifier.verify(&good_token_at(NOW)).await.unwrap();
    for lacking in ["notes:delete", "notes", "Notes:read", "notes:read notes:write", ""] {
        let refusal = verified.require_scope(lacking).unwrap_err();
        assert_eq!(refusal.status(), StatusCode::FORBIDDEN);
        assert!(matches!(refusal, BearerRefusal::InsufficientScope { required, .. } if required == lacking));
    }
}

/// §4: `aud` must be this resource; the token is genuine and for another.
#[tokio::test]
async fn a_token_for_another_resource_is_refused_by_name() {
    let claims = with("aud", json!("https://mail.test/api"));
    let error = fixture().verifier.verify(&token(&ES256, &claims)).await.unwrap_err();
    assert_eq!(error.reason(), "audience");
    let told = error.to_string();
    assert!(told.contains(AUDIENCE) && told.contains("https://mail.test/api"), "{told}");
    for other in
        [json!(["https://mail.test/api"]), json!(format!("{AUDIENCE}/")), json!("https://notes.test/API"), json!([])]
    {
        refused(with("aud", other), "audience").await;
    }
    refused(with("aud", json!(5)), "claim_type").await;
    refused(without("aud"), "claim_missing").await;
}

/// §4: `iss` is compared byte for byte, even where the key would fit.
#[tokio::test]
async fn a_token_of_another_issuer_is_refused_by_name() {
    let error = fixture().verifier.verify(&token(&ES256, &with("iss", json!("https://as.test")))).await.unwrap_err();
    let told = error.to_string();
    assert!(told.contains("https://as.test/tenant") && told.contains("\"https://as.test\""), "{told}");
    for other in ["https://as.test/tenant/", "https://AS.test/tenant", "https://evil.test/tenant"] {
        refused(with("iss", json!(other)), "issuer").await;
    }
    refused(with("iss", json!(1)), "claim_type").await;
    refused(without("iss"), "claim_missing").await;
}

/// Two issuers on one machine: each is taken at the verifier that names it, and at no other.
#[tokio::test]
async fn a_genuine_token_of_a_second_issuer_is_refused() {
    let fixture = fixture();
    let other = "https://as.test/other";
    let location = "https://as.test/other/.well-known/openid-configuration";
    fixture.published.document(location, &json!({ "issuer": other, "jwks_uri": JWKS }).to_string(), None);
    let second = Verifier::new(other, AUDIENCE, fixture.published.clone(), fixture.clock.clone()).unwrap();
    let foreign = token(&ES256, &with("iss", json!(other)));
    assert!(second.verify(&foreign).await.is_ok());
    assert_eq!(fixture.verifier.verify(&foreign).await.unwrap_err().reason(), "issuer");
    // Also where the keys are there already.
    assert!(fixture.verifier.verify(&good_token_at(NOW)).await.is_ok());
    assert_eq!(fixture.verifier.verify(&foreign).await.unwrap_err().reason(), "issuer");
}

/// §2.2: the claims that every access token has.
#[tokio::test]
async fn a_token_without_a_required_claim_is_refused() {
    for claim in ["exp", "sub", "iat", "jti"] {
        refused(without(claim), "claim_missing").await;
    }
    refused(without("client_id"), "claims_shape").await;
    for (claim, value) in
        [("client_id", json!(7)), ("scope", json!(["notes:read"])), ("act", json!("agt_1")), ("act", json!({}))]
    {
        refused(with(claim, value), "claims_shape").await;
    }
    refused(with("sub", json!(["usr_alice"])), "claim_type").await;
    refused(with("exp", json!("9999999999")), "claim_type").await;
}

/// RFC 7519 §4.1.4, with 30 seconds for clocks that differ.
#[tokio::test]
async fn an_expired_token_is_refused() {
    let fixture = fixture();
    let token = good_token_at(NOW);
    for (after, outcome) in [(299, None), (329, None), (330, Some("expired")), (3600, Some("expired"))] {
        fixture.clock.set(NOW + std::time::Duration::from_secs(after));
        let found = fixture.verifier.verify(&token).await.map(|_| ()).map_err(|error| error.reason());
        assert_eq!(found.err(), outcome, "after {after} s");
    }
    let (published, clock) = (fixture.published, fixture.clock);
    let exact = Verifier::new(ISSUER, AUDIENCE, published, clock.clone()).unwrap().with_leeway(0);
    clock.set(NOW + std::time::Duration::from_secs(300));
    assert_eq!(exact.verify(&token).await.unwrap_err().reason(), "expired");
}

#[tokio::test]
async fn a_token_from_the_future_is_refused() {
    refused(with("iat", json!(NOW.as_secs() + 31)), "issued_in_future").await;
    refused(with("nbf", json!(NOW.as_secs() + 31)), "not_yet_valid").await;
}

/// §4: `typ` says that it is an access token; an ID token is none, whatever its audience.
#[tokio::test]
async fn an_id_token_is_no_access_token() {
    let fixture = fixture();
    let id_token = jwt::mint(&ES256, Typ::IdToken, &claims_at(NOW)).unwrap();
    let error = fixture.verifier.verify(&id_token).await.unwrap_err();
    assert_eq!(error.reason(), "typ");
    assert!(error.to_string().contains("at+jwt"), "{error}");
}

/// A header of the attacker's choice over the claims of a good token, with any signature.
fn forged(header: &Value, signature: &[u8]) -> String {
    let segment = |value: &Value| base64url::encode(value.to_string());
    format!("{}.{}.{}", segment(header), segment(&claims_at(NOW)), base64url::encode(signature))
}

fn signed(header: &Value, key: &SigningKey) -> String {
    let unsigned = forged(header, b"");
    let input = unsigned.trim_end_matches('.');
    format!("{input}.{}", base64url::encode(key.sign(input.as_bytes()).unwrap()))
}

/// RFC 8725 §3.1.
#[tokio::test]
async fn none_and_symmetric_algorithms_are_refused() {
    let fixture = fixture();
    for alg in ["none", "None", "HS256", "HS384", "ES256K"] {
        let token = forged(&json!({ "alg": alg, "typ": "at+jwt", "kid": RS256.kid() }), &[1; 32]);
        let error = fixture.verifier.verify(&token).await.unwrap_err();
        assert_eq!(error.status(), StatusCode::UNAUTHORIZED, "{alg}: {error}");
        assert_eq!(error.reason(), "unsupported_algorithm", "{alg}: {error}");
    }
}

/// The published key as an HMAC secret: as JSON and as the modulus.
#[tokio::test]
async fn hs256_keyed_with_the_public_key_is_refused() {
    let fixture = fixture();
    let jwk = serde_json::to_value(RS256.public_jwk()).unwrap();
    for secret in [jwk.to_string(), jwk["n"].as_str().unwrap().to_owned()] {
        let header = json!({ "alg": "HS256", "typ": "at+jwt", "kid": RS256.kid() });
        let unsigned = forged(&header, b"");
        let mac = hmac_sha256(secret.as_bytes(), unsigned.trim_end_matches('.').as_bytes());
        let error = fixture.verifier.verify(&forged(&header, &mac)).await.unwrap_err();
        assert_eq!(error.reason(), "unsupported_algorithm", "{error}");
    }
}

/// RFC 8725 §3.1: one key, one algorithm. The token is signed by a published key, but named as another kind.
#[tokio::test]
async fn a_published_key_of_the_wrong_algorithm_is_refused() {
    let fixture = fixture();
    let header = json!({ "alg": "RS256", "typ": "at+jwt", "kid": ES256.kid() });
    assert_eq!(fixture.verifier.verify(&signed(&header, &RS256)).await.unwrap_err().reason(), "algorithm_mismatch");
    let header = json!({ "alg": "ES256", "typ": "at+jwt", "kid": RS256.kid() });
    assert_eq!(fixture.verifier.verify(&signed(&header, &ES256)).await.unwrap_err().reason(), "algorithm_mismatch");
    let header = json!({ "alg": "ES256", "typ": "at+jwt", "kid": ES256.kid() });
    assert!(fixture.verifier.verify(&signed(&header, &ES256)).await.is_ok(), "the control");
}

/// A signature by somebody else, under the name of a published key, and under its own.
#[tokio::test]
async fn a_strangers_signature_is_refused() {
    let fixture = fixture();
    let posing = STRANGER.clone().with_kid(ES256.kid());
    let error = fixture.verifier.verify(&token(&posing, &claims_at(NOW))).await.unwrap_err();
    assert_eq!(error.reason(), "signature");
    let error = fixture.verifier.verify(&token(&STRANGER, &claims_at(NOW))).await.unwrap_err();
    assert_eq!(error.reason(), "unknown_key");
    for kid in ["../../../../dev/null", "", "' OR 1=1 --"] {
        let header = json!({ "alg": "ES256", "typ": "at+jwt", "kid": kid });
        let error = fixture.verifier.verify(&signed(&header, &STRANGER)).await.unwrap_err();
        assert_eq!(error.status(), StatusCode::UNAUTHORIZED, "{kid}: {error}");
    }
}

/// RFC 8725 §3.10: a key in the header is no key, and no address in it is visited.
#[tokio::test]
async fn keys_and_addresses_in_the_header_are_refused() {
    let fixture = fixture();
    let jwk = serde_json::to_value(STRANGER.public_jwk()).unwrap();
    for (name, value) in [
        ("jwk", jwk),
        ("jku", json!("https://evil.test/jwks")),
        ("x5u", json!("https://169.254.169.254/")),
        ("x5c", json!(["MIIB"])),
    ] {
        let mut header = json!({ "alg": "ES256", "typ": "at+jwt", "kid": ES256.kid() });
        header[name] = value;
        let error = fixture.verifier.verify(&signed(&header, &STRANGER)).await.unwrap_err();
        assert_eq!(error.reason(), "key_in_header", "{name}: {error}");
    }
    assert_eq!(fixture.published.times_asked(JWKS), 0);
}

/// No error, in no form, holds the token.
#[tokio::test]
async fn an_error_never_repeats_the_token() {
    let fixture = fixture();
    for claims in [with("aud", json!("x")), with("exp", json!(1)), with("iss", json!("x")), without("client_id")] {
        let token = token(&ES256, &claims);
        let error = fixture.verifier.verify(&token).await.unwrap_err();
        let VerifyError::Refused(refusal) = &error else { panic!("{error}") };
        let shown = format!("{error} {error:?} {:?} {:?}", refusal.description(), fixture.verifier.refuse(&error));
        for segment in token.split('.') {
            assert!(!shown.contains(segment), "{shown}");
        }
    }
}

#[test]
fn a_verifier_needs_an_audience_and_a_safe_issuer() {
    let make = |issuer: &str, audience: &str| {
        let clock = std::sync::Arc::new(countersign_storage::SystemClock);
        Verifier::new(issuer, audience, Published::new(), clock).map(|_| ())
    };
    for issuer in ["https://as.test", "https://as.test/tenant", "http://localhost:3000/api/auth", "http://127.0.0.1:1"]
    {
        assert_eq!(make(issuer, AUDIENCE), Ok(()), "{issuer}");
    }
    for issuer in [
        "",
        "as.test",
        "http://as.test",
        "http://localhost.evil.test",
        "https://as.test?x=1",
        "https://as.test#x",
        "https://u@as.test",
    ] {
        assert!(make(issuer, AUDIENCE).is_err(), "{issuer}");
    }
    assert!(make(ISSUER, "").is_err());
}

/// HMAC-SHA-256 ([RFC 2104](https://www.rfc-editor.org/rfc/rfc2104)), which the library under test does not offer.
fn hmac_sha256(key: &[u8], message: &[u8]) -> [u8; 32] {
    use countersign_jose::sha256;
    let hashed = sha256(key);
    let key = if key.len() > 64 { &hashed[..] } else { key };
    let pad = |byte: u8| -> Vec<u8> { (0..64).map(|i| key.get(i).copied().unwrap_or(0) ^ byte).collect() };
    let inner = sha256(&[pad(0x36), message.to_vec()].concat());
    sha256(&[pad(0x5c), inner.to_vec()].concat())
}

/// [RFC 4231 §4.3](https://www.rfc-editor.org/rfc/rfc4231#section-4.3): the attack above is carried out with a real HMAC.
#[test]
fn the_attackers_hmac_is_right() {
    let mac = hmac_sha256(b"Jefe", b"what do ya want for nothing?");
    let hex: String = mac.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hex, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}
