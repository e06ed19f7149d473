//! The userinfo endpoint ([OIDC Core §5.3](https://openid.net/specs/openid-connect-core-1_0.html#UserInfo)).

use bytes::Bytes;
use countersign_jose::jwt::{self, Typ};
use countersign_jose::{Algorithm, SigningKey};
use countersign_oidc::ClientState;
use countersign_storage::AccountState;
use http::{Method, Request, StatusCode, header};
use serde_json::{Value, json};

use crate::world::*;

async fn claims_for(scope: &'static str) -> Value {
    let world = World::new().await;
    let code = world.code(&Approved { scope, ..Approved::default() }).await;
    let token = world.redeem(WEB, &code).await.text("access_token");
    let reply = world.userinfo(&token).await;
    assert_eq!(reply.status, StatusCode::OK);
    assert_eq!(reply.headers[header::CACHE_CONTROL], "no-store");
    assert_eq!(reply.headers[header::CONTENT_TYPE], "application/json");
    reply.body
}

/// §5.4: each scope gives its claims; what the application keeps besides is nobody's business.
#[tokio::test]
async fn each_scope_gives_its_claims() {
    let expected = json!({ "sub": "usr_alice" });
    assert_eq!(claims_for("openid").await, expected);
    assert_eq!(claims_for("openid notes:read").await, expected);
    let expected = json!({ "sub": "usr_alice", "email": "alice@x.test", "email_verified": true });
    assert_eq!(claims_for("openid email").await, expected);
    let expected = json!({
        "sub": "usr_alice", "name": "Alice Adams", "given_name": "Alice", "family_name": "Adams", "locale": "en-GB",
        "updated_at": 1_700_000_000,
    });
    assert_eq!(claims_for("openid profile").await, expected);
    let expected = json!({
        "sub": "usr_alice", "address": { "country": "GB" }, "phone_number": "+44 20 7946 0000",
        "phone_number_verified": true,
    });
    assert_eq!(claims_for("openid address phone").await, expected);
}

fn posted(authorization: Option<&str>, form: &str) -> Request<Bytes> {
    let request = Request::builder()
        .method(Method::POST)
        .uri("/api/auth/oauth2/userinfo")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    let request = match authorization {
        Some(value) => request.header(header::AUTHORIZATION, value),
        None => request,
    };
    request.body(Bytes::from(form.to_owned())).unwrap()
}

/// §5.3.1, [RFC 6750 §2](https://www.rfc-editor.org/rfc/rfc6750#section-2).
#[tokio::test]
async fn the_token_comes_in_the_header_or_in_a_posted_form() {
    let world = World::new().await;
    let token = world.tokens(WEB).await.text("access_token");
    let (in_header, in_form) = (format!("Bearer {token}"), format!("access_token={token}"));
    assert_eq!(world.get("userinfo", Some(&in_header)).await.outcome(), "200");
    assert_eq!(world.send(posted(Some(&in_header), "")).await.outcome(), "200");
    assert_eq!(world.send(posted(None, &in_form)).await.outcome(), "200");

    assert_eq!(world.send(posted(Some(&in_header), &in_form)).await.outcome(), "400 invalid_request");
    assert_eq!(world.send(posted(None, &format!("{in_form}&{in_form}"))).await.outcome(), "400 invalid_request");
    let in_query = format!("userinfo?access_token={token}");
    assert_eq!(world.get(&in_query, None).await.outcome(), "400 invalid_request");
    assert_eq!(world.get(&in_query, Some(&in_header)).await.outcome(), "400 invalid_request");
    let mut in_json = posted(None, &format!("{{\"access_token\":\"{token}\"}}"));
    in_json.headers_mut().insert(header::CONTENT_TYPE, "application/json".parse().unwrap());
    assert_eq!(world.send(in_json).await.status, StatusCode::UNAUTHORIZED);
}

/// RFC 6750 §3: nothing sent, nothing wrong.
#[tokio::test]
async fn without_a_token_there_is_a_bare_challenge() {
    let world = World::new().await;
    let reply = world.get("userinfo", None).await;
    assert_eq!(reply.status, StatusCode::UNAUTHORIZED);
    assert_eq!(reply.headers[header::WWW_AUTHENTICATE], format!("Bearer realm=\"{ISSUER}\"").as_str());
    assert_eq!(reply.body, Value::Null);
}

/// Everything that is no good access token for this endpoint, genuinely signed where it can be.
#[tokio::test]
async fn other_tokens_are_refused() {
    let world = World::new().await;
    let tokens = world.tokens(WEB).await;
    let stranger = SigningKey::generate(Algorithm::Es256).unwrap();
    let kid = world
        .keys()
        .await
        .keys()
        .iter()
        .find(|key| key.algorithm() == Algorithm::Es256)
        .unwrap()
        .kid()
        .unwrap()
        .to_owned();
    let claims = world.claims(Typ::AccessToken, &tokens.text("access_token")).await;
    let forged = |kid: &str| jwt::mint(&stranger.clone().with_kid(kid), Typ::AccessToken, &claims).unwrap();
    let code = world.code(&Approved { scope: "notes:read", ..Approved::default() }).await;
    let for_notes = world.redeem(WEB, &code).await.text("access_token");
    for (what, token) in [
        ("an ID token", tokens.text("id_token")),
        ("a refresh token", tokens.text("refresh_token")),
        ("a token for a resource", for_notes),
        ("a forgery under our key's name", forged(&kid)),
        ("a forgery under its own name", forged(stranger.kid())),
        ("noise", "abc".to_owned()),
    ] {
        let reply = world.userinfo(&token).await;
        assert_eq!(reply.outcome(), "401 invalid_token", "{what}");
        let challenge = reply.headers[header::WWW_AUTHENTICATE].to_str().unwrap();
        assert!(challenge.contains("error=\"invalid_token\""), "{challenge}");
    }
    assert_eq!(world.userinfo(&tokens.text("access_token")).await.outcome(), "200", "the control");
}

/// §5.3.1: the token was narrowed so that it is no longer about the person.
#[tokio::test]
async fn a_token_without_openid_has_nothing_to_ask_here() {
    let world = World::with_policy(countersign_oidc::Policy { resources: Vec::new(), ..policy() }).await;
    let code =
        world.code(&Approved { scope: "notes:read", resources: vec![ISSUER.to_owned()], ..Approved::default() }).await;
    let token = world.redeem(WEB, &code).await.text("access_token");
    let reply = world.userinfo(&token).await;
    assert_eq!(reply.outcome(), "403 insufficient_scope");
    assert!(reply.headers[header::WWW_AUTHENTICATE].to_str().unwrap().contains("scope=\"openid\""));
}

/// The token ends on the second, without the leeway that others need.
#[tokio::test]
async fn an_expired_token_is_refused() {
    let world = World::new().await;
    let token = world.tokens(WEB).await.text("access_token");
    world.pass(299);
    assert_eq!(world.userinfo(&token).await.outcome(), "200");
    world.pass(1);
    assert_eq!(world.userinfo(&token).await.outcome(), "401 invalid_token");
}

/// Decisions about people and clients are seen at the next call.
#[tokio::test]
async fn a_disabled_account_and_a_suspended_client_are_seen_at_once() {
    let world = World::new().await;
    let token = world.tokens(WEB).await.text("access_token");
    world.set_account(AccountState::Disabled).await;
    assert_eq!(world.userinfo(&token).await.outcome(), "401 invalid_token");
    world.set_account(AccountState::Active).await;
    assert_eq!(world.userinfo(&token).await.outcome(), "200");
    world.issuer.set_client_state(WEB, ClientState::Suspended).await.unwrap();
    assert_eq!(world.userinfo(&token).await.outcome(), "401 invalid_token");
    world.issuer.set_client_state(WEB, ClientState::Active).await.unwrap();
    assert_eq!(world.userinfo(&token).await.outcome(), "200");
    world.people.leave();
    assert_eq!(world.userinfo(&token).await.outcome(), "401 invalid_token");
}

#[tokio::test]
async fn other_methods_are_not_allowed() {
    let world = World::new().await;
    let request = Request::builder().method(Method::DELETE).uri("/api/auth/oauth2/userinfo");
    let reply = world.send(request.body(Bytes::new()).unwrap()).await;
    assert_eq!(reply.status, StatusCode::METHOD_NOT_ALLOWED);
}
