//! What a resource says about itself ([RFC 9728](https://www.rfc-editor.org/rfc/rfc9728)).

use countersign_oidc::resource_server::Verifier;
use serde_json::{Value, json};

use crate::published::*;

/// §2 and §3.1: the issuer and the resource are those of the verifier.
#[test]
fn the_document_names_the_resource_and_its_issuer() {
    let verifier = fixture().verifier;
    let response = verifier.metadata(&["notes:read"]).unwrap().named("Notes").response();
    let document: Value = serde_json::from_slice(response.body()).unwrap();
    let expected = json!({
        "resource": AUDIENCE, "authorization_servers": [ISSUER], "scopes_supported": ["notes:read"],
        "bearer_methods_supported": ["header"], "resource_name": "Notes",
    });
    assert_eq!(document, expected);
    assert_eq!(response.headers()["content-type"], "application/json");
}

/// §3: the well-known part stands between host and path.
#[test]
fn the_document_is_between_host_and_path() {
    let published = Published::new();
    let clock = std::sync::Arc::new(countersign_storage::SystemClock);
    for (resource, location) in [
        ("https://notes.test", Some("https://notes.test/.well-known/oauth-protected-resource")),
        ("https://notes.test/", Some("https://notes.test/.well-known/oauth-protected-resource")),
        ("https://notes.test/a/b", Some("https://notes.test/.well-known/oauth-protected-resource/a/b")),
        ("http://127.0.0.1:8000", Some("http://127.0.0.1:8000/.well-known/oauth-protected-resource")),
        ("urn:notes", None),
        ("notes", None),
    ] {
        let verifier = Verifier::new(ISSUER, resource, published.clone(), clock.clone()).unwrap();
        assert_eq!(verifier.metadata_location(), location, "{resource}");
        assert_eq!(verifier.metadata(&[]).is_some(), location.is_some(), "{resource}");
    }
}
