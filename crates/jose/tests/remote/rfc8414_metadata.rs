//! How keys are found: [RFC 8414](https://www.rfc-editor.org/rfc/rfc8414) and OIDC Discovery.

use std::sync::Arc;

use countersign_jose::remote::{InvalidVerifier, RemoteKeys, Verifier};
use countersign_jose::{JwkSet, remote};
use serde_json::json;

use crate::published::*;

/// [RFC 8414 §3.3](https://www.rfc-editor.org/rfc/rfc8414#section-3.3): metadata of another issuer is not used.
#[tokio::test]
async fn the_metadata_must_be_of_the_issuer_byte_for_byte() {
    for other in ["https://as.test/tenant/", "https://as.test", "https://AS.test/tenant", "https://evil.test"] {
        let fixture = fixture();
        fixture.published.metadata(json!({ "issuer": other, "jwks_uri": JWKS }));
        let error = fixture.fresh(&ES256, NOW).await.unwrap_err();
        assert_eq!(error.code(), "issuer_mismatch");
        assert!(error.to_string().contains(other), "{error}");
        assert_eq!(fixture.published.times_asked(JWKS), 0);
    }
    assert_eq!(fixture().fresh(&ES256, NOW).await, Ok(()));
}

#[tokio::test]
async fn unusable_metadata_is_named_as_such() {
    for document in [
        json!({ "issuer": ISSUER }).to_string(),
        json!({ "issuer": ISSUER, "jwks_uri": "jwks" }).to_string(),
        json!({ "issuer": ISSUER, "jwks_uri": "http://as.test/jwks" }).to_string(),
        json!({ "issuer": ISSUER, "jwks_uri": "http://127.0.0.1/jwks" }).to_string(),
        json!({ "issuer": ISSUER, "jwks_uri": "https://user:secret@as.test/jwks" }).to_string(),
        json!({ "issuer": ISSUER, "jwks_uri": "file:///jwks" }).to_string(),
        json!({ "issuer": ISSUER, "jwks_uri": [JWKS] }).to_string(),
        format!(r#"{{"issuer":"{ISSUER}","jwks_uri":"{JWKS}","jwks_uri":"https://evil.test/jwks"}}"#),
        "[]".to_owned(),
        String::new(),
    ] {
        let fixture = fixture();
        fixture.published.document(METADATA, &document, &[]);
        let error = fixture.fresh(&ES256, NOW).await.unwrap_err();
        assert_eq!(error.code(), "metadata_unusable", "{document}");
        assert!(!error.to_string().contains("secret"));
        assert_eq!(fixture.published.times_asked(JWKS), 0);
    }
}

/// [RFC 8414 §3](https://www.rfc-editor.org/rfc/rfc8414#section-3): an issuer that is no OpenID provider has the other document.
#[tokio::test]
async fn the_metadata_of_a_plain_authorization_server_is_found() {
    let fixture = fixture();
    fixture.published.status(METADATA, 404);
    let document = json!({ "issuer": ISSUER, "jwks_uri": JWKS }).to_string();
    fixture.published.document("https://as.test/.well-known/oauth-authorization-server/tenant", &document, &[]);
    assert_eq!(fixture.fresh(&ES256, NOW).await, Ok(()));

    let down = self::fixture();
    down.published.status(METADATA, 502);
    assert_eq!(down.fresh(&ES256, NOW).await.unwrap_err().code(), "keys_status");
}

/// Who knows the location of the keys asks there and nowhere else.
#[tokio::test]
async fn a_known_location_needs_no_metadata() {
    let published = Published::new();
    let keys = RemoteKeys::at(JWKS, Arc::clone(&published)).unwrap();
    let fixture = Fixture { verifier: Verifier::with_keys(ISSUER, AUDIENCE, keys).unwrap(), published };
    assert_eq!(fixture.fresh(&ES256, NOW).await, Ok(()));
    assert_eq!((fixture.published.times_asked(METADATA), fixture.published.times_asked(JWKS)), (0, 1));
}

/// The key set may move: metadata is asked again when what it said is stale, or when its key set cannot be had.
#[tokio::test]
async fn a_key_set_that_moved_is_found() {
    const ELSEWHERE: &str = "https://keys.test/set";
    let fixture = fixture();
    assert_eq!(fixture.fresh(&ES256, NOW).await, Ok(()));
    let new = es256();
    fixture.published.metadata(json!({ "issuer": ISSUER, "jwks_uri": ELSEWHERE }));
    fixture.published.document(ELSEWHERE, &document_of(&[&new]), &[]);
    fixture.published.status(JWKS, 410);
    assert_eq!(fixture.fresh(&new, NOW).await.unwrap_err().code(), "keys_status");
    assert_eq!(fixture.fresh(&new, NOW + 10).await, Ok(()));
}

#[test]
fn a_verifier_is_made_for_an_issuer_and_an_audience_that_can_be_ones() {
    let issuer = |issuer: &str| Verifier::new(issuer, AUDIENCE, Published::new()).map(drop);
    for good in [ISSUER, "https://as.test", "http://localhost:3000", "http://[::1]:1/x", "http://a.localhost"] {
        assert_eq!(issuer(good), Ok(()), "{good}");
    }
    for bad in [
        "",
        "as.test",
        "http://as.test",
        "http://localhost.evil.test",
        "https://as.test?x=y",
        "https://as.test#x",
        "https://user@as.test",
        "https://as.test/\ttenant",
        " https://as.test",
        "ftp://localhost",
    ] {
        assert_eq!(issuer(bad), Err(InvalidVerifier::Issuer), "{bad:?}");
    }
    let none = Verifier::with_keys(ISSUER, "", JwkSet::default()).map(drop);
    assert_eq!(none, Err(InvalidVerifier::Audience));
    for bad in ["http://as.test/jwks", "jwks", "https://user@as.test/jwks"] {
        let keys = remote::RemoteKeys::at(bad, Published::new()).map(drop);
        assert_eq!(keys, Err(InvalidVerifier::JwksUri), "{bad}");
    }
}
