//! Metadata (RFC 8414, OIDC Discovery §4) and the key set (RFC 7517 §5).

use bytes::Bytes;
use countersign_oidc::{Issuer, RouteMap};
use countersign_storage::Endpoints;
use http::{Method, Request, Response, header};
use serde_json::{Value, json};

use crate::world::*;

async fn get(issuer: &Issuer, method: Method, path: &str) -> Option<Response<Bytes>> {
    let request = Request::builder().method(method).uri(path).header(header::ORIGIN, "https://spa.test");
    issuer.answer(request.body(Bytes::new()).unwrap()).await.ok()
}

fn body(response: &Response<Bytes>) -> Value {
    serde_json::from_slice(response.body()).unwrap()
}

/// RFC 8414 §3.1, [OIDC Discovery §4.1]: inserted and appended, all the same.
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
        // The length is that of the document (RFC 9110 §8.6); the server leaves the body out when it writes.
        assert_eq!((head.status().as_u16(), body(&head)), (200, expected.clone()));
        assert_eq!(get(&world.issuer, Method::POST, path).await.expect(path).status(), 405);
    }
    for path in ["/.well-known/openid-configuration", "/api/auth", "/api/auth/nothing", "/", "/xapi/auth/jwks", "/jwks"]
    {
        assert!(get(&world.issuer, Method::GET, path).await.is_none(), "{path} is not ours");
    }
}

/// RFC 8414 §2, OIDC Discovery §3
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

/// Also where two parts of the issuer, or the operator twice, say the same.
#[tokio::test]
async fn no_list_of_the_document_says_a_thing_twice() {
    let mut policy = policy();
    policy.scopes.push(countersign_oidc::ScopeDescription::new("email", "Once more"));
    let world = World::with_policy(policy).await;
    let metadata = world.issuer.metadata();
    for (name, list) in metadata.as_object().unwrap().iter().filter_map(|(name, list)| Some((name, list.as_array()?))) {
        let once: std::collections::BTreeSet<String> = list.iter().map(Value::to_string).collect();
        assert_eq!(once.len(), list.len(), "{name}: {list:?}");
    }
}

/// Every path, which methods it takes, and whether a page of any origin may call it by script.
const ROUTES: &[(&str, &str, bool)] = &[
    ("/api/auth/oauth2/authorize", "GET, POST", false),
    ("/api/auth/oauth2/token", "POST", true),
    ("/api/auth/oauth2/userinfo", "GET, POST", true),
    ("/api/auth/oauth2/introspect", "POST", false),
    ("/api/auth/oauth2/revoke", "POST", true),
    ("/api/auth/jwks", "GET, HEAD", true),
    ("/.well-known/openid-configuration/api/auth", "GET, HEAD", true),
    ("/api/auth/.well-known/openid-configuration", "GET, HEAD", true),
    ("/.well-known/oauth-authorization-server/api/auth", "GET, HEAD", true),
    ("/api/auth/.well-known/oauth-authorization-server", "GET, HEAD", true),
];

/// What is mounted is in the table above and nothing else is; every URL in the metadata is mounted, and every endpoint is
/// in the metadata.
#[tokio::test]
async fn every_route_is_in_the_table_of_this_test() {
    let world = World::new().await;
    let mounted = world.issuer.mounted();
    let rows: Vec<_> = mounted.iter().map(|row| (row.path.as_str(), row.methods.as_str(), row.shared)).collect();
    assert_eq!(rows, ROUTES);
    let metadata = world.issuer.metadata();
    for (path, ..) in rows.iter().filter(|(path, ..)| !path.contains("/.well-known/")) {
        let url = format!("https://as.test{path}");
        assert!(metadata.as_object().unwrap().values().any(|value| *value == url), "the metadata does not name {path}");
    }
    for (name, url) in metadata.as_object().unwrap() {
        let Some(url) = url.as_str().filter(|_| name.ends_with("_endpoint") || name == "jwks_uri") else { continue };
        assert!(rows.iter().any(|(path, ..)| url.strip_prefix("https://as.test") == Some(path)), "{name}: {url}");
    }
}

/// RFC 9110 §15.5.6, [Fetch §4.8]: whatever the method, each path says the same of itself.
#[tokio::test]
async fn each_path_answers_its_methods_and_tells_all_others_which_they_are() {
    let world = World::new().await;
    for (path, methods, shared) in ROUTES {
        for method in [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::DELETE, Method::OPTIONS] {
            let name = format!("{method} {path}");
            let response = get(&world.issuer, method.clone(), path).await.expect(&name);
            let (status, headers) = (response.status().as_u16(), response.headers());
            let told = |header: http::HeaderName| headers.get(header).map(|value| value.to_str().unwrap().to_owned());
            if methods.split(", ").any(|known| known == method.as_str()) {
                assert!(status != 405 && !headers.contains_key(header::ALLOW), "{name}: {status}");
            } else if method == Method::OPTIONS && *shared {
                assert_eq!(status, 204, "{name}");
                assert_eq!(told(header::ACCESS_CONTROL_ALLOW_METHODS).as_deref(), Some(*methods), "{name}");
                let allowed = told(header::ACCESS_CONTROL_ALLOW_HEADERS);
                assert_eq!(allowed.as_deref(), Some("Authorization, Content-Type"), "{name}");
                assert_eq!(told(header::ACCESS_CONTROL_MAX_AGE).as_deref(), Some("3600"), "{name}");
            } else {
                assert_eq!((status, told(header::ALLOW).as_deref()), (405, Some(*methods)), "{name}");
                assert_eq!(told(header::CACHE_CONTROL).as_deref(), Some("no-store"), "{name}");
            }
            let origin = told(header::ACCESS_CONTROL_ALLOW_ORIGIN);
            assert_eq!(origin.as_deref(), shared.then_some("*"), "{name}");
            let exposed = told(header::ACCESS_CONTROL_EXPOSE_HEADERS);
            assert_eq!(exposed.as_deref(), shared.then_some("WWW-Authenticate, Retry-After"), "{name}");
            assert!(!headers.contains_key(header::ACCESS_CONTROL_ALLOW_CREDENTIALS), "{name}");
            assert_eq!(headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff", "{name}");
        }
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

/// A configuration that would not be safe does not start.
#[tokio::test]
async fn a_contradictory_policy_is_refused_by_name() {
    use std::time::Duration;

    use countersign_jose::Algorithm;
    use countersign_oidc::{Policy, ScopeDescription};
    use countersign_storage::Limit;

    let world = World::new().await;
    let base = policy();
    for (setting, policy) in [
        ("algorithms", Policy { algorithms: vec![Algorithm::Es256], ..base.clone() }),
        ("access_token_algorithm", Policy { algorithms: vec![Algorithm::Rs256], ..base.clone() }),
        ("code_lifetime", Policy { code_lifetime: Duration::from_secs(601), ..base.clone() }),
        ("code_lifetime", Policy { code_lifetime: Duration::ZERO, ..base.clone() }),
        ("code_lifetime", Policy { code_lifetime: Duration::from_millis(999), ..base.clone() }),
        ("key_publication_lead", Policy { key_publication_lead: Duration::from_secs(60), ..base.clone() }),
        ("consent_lifetime", Policy { consent_lifetime: base.family_lifetime / 2, ..base.clone() }),
        ("families_per_grant", Policy { families_per_grant: 0, ..base.clone() }),
        ("families_per_grant", Policy { families_per_grant: 1_001, ..base.clone() }),
        ("answers", Policy { answers: Limit::new(0, Duration::from_secs(60)), ..base.clone() }),
        ("answers", Policy { answers: Limit::new(1, Duration::from_secs(86_401)), ..base.clone() }),
        ("revocations", Policy { revocations: Limit::new(1, Duration::ZERO), ..base.clone() }),
        ("resources", Policy { default_resource: Some("notes".to_owned()), ..base.clone() }),
        ("scopes", Policy { scopes: vec![ScopeDescription::new("a b", "")], ..base.clone() }),
    ] {
        let error = Issuer::new(config(&world.ports, world.sessions.clone(), policy)).unwrap_err();
        assert!(error.to_string().starts_with(&format!("policy.{setting}: ")), "{error}");
    }
    for policy in [
        Policy { code_lifetime: Duration::from_secs(1), ..base.clone() },
        Policy { code_lifetime: Duration::from_secs(600), ..base.clone() },
        Policy { consent_lifetime: base.family_lifetime, ..base.clone() },
        Policy { families_per_grant: 1, ..base.clone() },
        Policy { families_per_grant: 1_000, ..base.clone() },
        Policy { answers: Limit::new(1, Duration::from_secs(86_400)), ..base.clone() },
    ] {
        assert!(Issuer::new(config(&world.ports, world.sessions.clone(), policy)).is_ok());
    }
}
