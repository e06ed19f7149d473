//! What the metadata says of these endpoints ([RFC 8414 §2](https://www.rfc-editor.org/rfc/rfc8414#section-2)).

use serde_json::json;

use crate::world::*;

#[tokio::test]
async fn what_is_listed_is_served_and_nothing_else_is_listed() {
    let world = World::new().await;
    let metadata = world.issuer.metadata();
    for (member, expected) in [
        ("token_endpoint", json!(format!("{ISSUER}/oauth2/token"))),
        ("userinfo_endpoint", json!(format!("{ISSUER}/oauth2/userinfo"))),
        ("introspection_endpoint", json!(format!("{ISSUER}/oauth2/introspect"))),
        ("revocation_endpoint", json!(format!("{ISSUER}/oauth2/revoke"))),
        ("grant_types_supported", json!(["authorization_code", "refresh_token", "client_credentials"])),
        ("token_endpoint_auth_methods_supported", json!(["client_secret_basic", "client_secret_post", "none"])),
        ("revocation_endpoint_auth_methods_supported", json!(["client_secret_basic", "client_secret_post", "none"])),
        ("introspection_endpoint_auth_methods_supported", json!(["client_secret_basic", "client_secret_post"])),
        ("id_token_signing_alg_values_supported", json!(["RS256", "ES256", "EdDSA"])),
        ("subject_types_supported", json!(["public"])),
    ] {
        assert_eq!(metadata[member], expected, "{member}");
    }
    assert!(metadata["claims_supported"].as_array().unwrap().contains(&json!("email")));
}
