//! Metadata ([RFC 8414], [OIDC Discovery §4]) and the key set ([RFC 7517 §5]).

use bytes::Bytes;
use countersign_oidc::{Issuer, RouteMap};
use countersign_storage::Endpoints;
use http::{Method, Request, Response, header};
use serde_json::{Value, json};

use crate::world::{ISSUER, World, config, policy};

async fn get(issuer: &Issuer, method: Method, path: &str) -> Option<Response<Bytes>> {
    let request = Request::builder().method(method).uri(path).header(header::ORIGIN, "https://spa.test");
    issuer.answer(request.body(Bytes::new()).unwrap()).await.ok()
}

fn body(response: &Response<Bytes>) -> Value {
    serde_json::from_slice(response.body()).unwrap()
}

/// [RFC 8414 §3.1], [OIDC Discovery §4.1]: inserted and appended, all the same.
#[tokio::test]
async fn the_document_is_in_all_its_places_and_says_the_same_everywhere() {
    let world = World::new().await;
    let expected = world.issuer.metadata();
    for path in [
        "/.well-known/openid-configuration/api/auth",
        "/.well-known/oauth-authorization-server/api/auth",
        "/api/auth/.well-known/openid-configuration",
        "/api/auth/.well-known/oauth-authorization-server",
    ] {
        let response = get(&world.issuer, Method::GET, path).await.expect(path);
        assert_eq!(body(&response), expected, "{path}");
        assert_eq!(response.headers()[header::CONTENT_TYPE], "application/json");
        assert_eq!(response.headers()[header::ACCESS_CONTROL_ALLOW_ORIGIN], "*");
        assert_eq!(response.headers()[header::CACHE_CONTROL], "public, max-age=300");
        assert!(!response.headers().contains_key(header::PRAGMA));
        let head = get(&world.issuer, Method::HEAD, path).await.expect(path);
        assert_eq!((head.status().as_u16(), head.body().len()), (200, 0));
        assert_eq!(get(&world.issuer, Method::POST, path).await.expect(path).status(), 405);
    }
    for path in ["/.well-known/openid-configuration", "/api/auth", "/api/auth/nothing", "/", "/xapi/auth/jwks", "/jwks"]
    {
        assert!(get(&world.issuer, Method::GET, path).await.is_none(), "{path} is not ours");
    }
}

/// [RFC 8414 §2], [OIDC Discovery §3]
#[tokio::test]
async fn the_document_says_what_is_there() {
    let world = World::new().await;
    let metadata = world.issuer.metadata();
    for (name, expected) in [
        ("issuer", json!(ISSUER)),
        ("authorization_endpoint", json!(format!("{ISSUER}/oauth2/authorize"))),
        ("jwks_uri", json!(format!("{ISSUER}/jwks"))),
        ("response_types_supported", json!(["code"])),
        ("response_modes_supported", json!(["query"])),
        ("code_challenge_methods_supported", json!(["S256"])),
        ("authorization_response_iss_parameter_supported", json!(true)),
        ("request_parameter_supported", json!(false)),
        ("request_uri_parameter_supported", json!(false)),
        ("claims_parameter_supported", json!(false)),
        ("prompt_values_supported", json!(["none", "login", "consent", "select_account"])),
    ] {
        assert_eq!(metadata[name], expected, "{name}");
    }
    assert!(metadata["scopes_supported"].as_array().unwrap().contains(&json!("openid")));
}

/// Every URL in the metadata is answered; its method is known.
#[tokio::test]
async fn every_endpoint_that_is_named_is_mounted() {
    let world = World::new().await;
    let metadata = world.issuer.metadata();
    for (name, url) in metadata.as_object().unwrap() {
        let Some(url) = url.as_str().filter(|_| name.ends_with("_endpoint") || name == "jwks_uri") else { continue };
        let path = url.strip_prefix("https://as.test").unwrap();
        let response = get(&world.issuer, Method::DELETE, path).await.expect(name);
        assert_eq!(response.status(), 405, "{name}");
        assert!(response.headers().contains_key(header::ALLOW));
    }
}

/// Routes are data; the metadata follows.
#[tokio::test]
async fn a_route_can_be_moved() {
    let world = World::new().await;
    let mut config = config(&world.ports, world.sessions.clone(), policy());
    config.issuer = "https://other.test".to_owned();
    config.routes = RouteMap { authorization: "/authorize".to_owned(), ..RouteMap::default() };
    let issuer = Issuer::new(config.clone()).unwrap();
    assert_eq!(issuer.metadata()["authorization_endpoint"], "https://other.test/authorize");
    for path in ["/authorize", "/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"] {
        assert!(get(&issuer, Method::GET, path).await.is_some(), "{path}");
    }
    assert!(get(&issuer, Method::GET, "/oauth2/authorize").await.is_none());
    for bad in ["authorize", "/jwks", "/", "/a?b", "/.well-known/x"] {
        config.routes = RouteMap { authorization: bad.to_owned(), ..RouteMap::default() };
        let error = Issuer::new(config.clone()).unwrap_err();
        assert!(error.to_string().starts_with("routes: "), "{bad}: {error}");
    }
}

/// CORS preflight ([Fetch §3.2.2]): where scripts may call, and only there.
#[tokio::test]
async fn scripts_may_read_the_public_documents() {
    let world = World::new().await;
    for path in ["/api/auth/jwks", "/api/auth/.well-known/openid-configuration"] {
        let response = get(&world.issuer, Method::OPTIONS, path).await.unwrap();
        assert_eq!(response.status(), 204);
        assert_eq!(response.headers()[header::ACCESS_CONTROL_ALLOW_ORIGIN], "*");
        assert_eq!(response.headers()[header::ACCESS_CONTROL_ALLOW_METHODS], "GET, HEAD");
        assert!(!response.headers().contains_key(header::ACCESS_CONTROL_ALLOW_CREDENTIALS));
    }
}

/// A configuration that would not be safe does not start.
#[tokio::test]
async fn a_contradictory_policy_is_refused_by_name() {
    use std::time::Duration;

    use countersign_jose::Algorithm;
    use countersign_oidc::{Policy, ScopeDescription};

    let world = World::new().await;
    let base = policy();
    for (setting, policy) in [
        ("algorithms", Policy { algorithms: vec![Algorithm::Es256], ..base.clone() }),
        ("access_token_algorithm", Policy { algorithms: vec![Algorithm::Rs256], ..base.clone() }),
        ("code_lifetime", Policy { code_lifetime: Duration::from_secs(601), ..base.clone() }),
        ("key_publication_lead", Policy { key_publication_lead: Duration::from_secs(60), ..base.clone() }),
        ("consent_lifetime", Policy { consent_lifetime: base.family_lifetime / 2, ..base.clone() }),
        ("families_per_grant", Policy { families_per_grant: 0, ..base.clone() }),
        ("families_per_grant", Policy { families_per_grant: 1_001, ..base.clone() }),
        ("resources", Policy { default_resource: Some("notes".to_owned()), ..base.clone() }),
        ("scopes", Policy { scopes: vec![ScopeDescription::new("a b", "")], ..base.clone() }),
    ] {
        let error = Issuer::new(config(&world.ports, world.sessions.clone(), policy)).unwrap_err();
        assert!(error.to_string().starts_with(&format!("policy.{setting}: ")), "{error}");
    }
}
