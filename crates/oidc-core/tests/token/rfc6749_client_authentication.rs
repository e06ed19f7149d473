//! Client authentication ([RFC 6749 §2.3](https://www.rfc-editor.org/rfc/rfc6749#section-2.3)).

use countersign_oidc::ClientState;
use http::{StatusCode, header};

use crate::world::*;

const ASK: (&str, &str) = ("grant_type", "client_credentials");

async fn basic_outcome(world: &World, authorization: &str) -> String {
    world.post("token", Some(authorization), &[ASK]).await.outcome()
}

/// §2.3.1: id and secret are form-encoded, then joined, then base64.
#[tokio::test]
async fn a_secret_in_the_header_is_accepted() {
    let world = World::new().await;
    let encoded = SECRET.replace('-', "%2D");
    for good in [
        basic(MACHINE, SECRET),
        basic(MACHINE, SECRET).replace("Basic ", "basic "),
        basic(MACHINE, SECRET).replace("Basic ", "BASIC  "),
        basic("m%61chine", &encoded),
    ] {
        assert_eq!(basic_outcome(&world, &good).await, "200", "{good}");
    }
    // Naming oneself in the form as well is no second method.
    let named = [ASK, ("client_id", MACHINE)];
    assert_eq!(world.post("token", Some(&basic(MACHINE, SECRET)), &named).await.outcome(), "200");
}

#[tokio::test]
async fn what_proves_nothing_is_refused() {
    let world = World::new().await;
    for bad in [
        basic(MACHINE, "wrong"),
        basic(MACHINE, ""),
        basic(MACHINE, &SECRET.to_uppercase()),
        basic(MACHINE, &SECRET[..SECRET.len() - 1]),
        basic(MACHINE, &format!("{SECRET} ")),
        basic("unknown", SECRET),
        basic("M1", SECRET),
        basic("", SECRET),
        basic("machine ", SECRET),
        basic("machine%00", SECRET),
        basic("%zz", SECRET),
        basic("web:", SECRET),
        "Basic".to_owned(),
        "Basic ????".to_owned(),
        "Basic bTE".to_owned(),
        "Bearer abc".to_owned(),
        format!("Digest {}", basic(MACHINE, SECRET)),
        basic(MACHINE, SECRET).replace("Basic ", "Digest "),
        basic(MACHINE, SECRET).replace("Basic ", "Basic2 "),
        basic(MACHINE, SECRET).replace("Basic ", ""),
        format!(" {}", basic(MACHINE, SECRET)),
    ] {
        let reply = world.post("token", Some(&bad), &[ASK]).await;
        assert_eq!(reply.outcome(), "401 invalid_client", "{bad}");
        assert!(reply.headers[header::WWW_AUTHENTICATE].to_str().unwrap().starts_with("Basic"), "{bad}");
        assert_eq!(reply.headers[header::CACHE_CONTROL], "no-store");
    }
}

/// §2.3: the method is the registered one; a secret does not wander.
#[tokio::test]
async fn a_client_authenticates_as_it_is_registered() {
    let world = World::new().await;
    let token = world.tokens(WEB_POST).await.text("refresh_token");
    let ask = [("grant_type", "refresh_token"), ("refresh_token", token.as_str())];
    let with = |further: &[(&'static str, &'static str)]| [&ask[..], further].concat();
    // This one posts its secret.
    assert_eq!(world.post("token", Some(&basic(WEB_POST, SECRET)), &ask).await.outcome(), "401 invalid_client");
    let nothing = with(&[("client_id", WEB_POST)]);
    assert_eq!(world.post("token", None, &nothing).await.outcome(), "401 invalid_client");
    let good = with(&[("client_id", WEB_POST), ("client_secret", SECRET)]);
    assert_eq!(world.post("token", None, &good).await.outcome(), "200");
    // This one uses the header.
    let form = [ASK, ("client_id", MACHINE), ("client_secret", SECRET)];
    assert_eq!(world.post("token", None, &form).await.outcome(), "401 invalid_client");
    assert_eq!(world.post("token", None, &[ASK, ("client_id", MACHINE)]).await.outcome(), "401 invalid_client");
    assert_eq!(world.post("token", None, &[ASK]).await.outcome(), "401 invalid_client");
}

/// §2.3: one method in each request.
#[tokio::test]
async fn two_methods_at_once_are_refused() {
    let world = World::new().await;
    let header = basic(MACHINE, SECRET);
    for form in [
        vec![ASK, ("client_secret", SECRET)],
        vec![ASK, ("client_id", MACHINE), ("client_secret", SECRET)],
        vec![ASK, ("client_id", WEB)],
        vec![ASK, ("client_assertion", "a.b.c")],
        vec![ASK, ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")],
    ] {
        let reply = world.post("token", Some(&header), &form).await;
        assert_eq!(reply.outcome(), "400 invalid_request", "{form:?}");
    }
    let both = [ASK, ("client_id", WEB_POST), ("client_secret", SECRET), ("client_assertion", "a.b.c")];
    assert_eq!(world.post("token", None, &both).await.outcome(), "400 invalid_request");
}

/// A public client has no secret; one that sends one is taken for nobody, whatever the secret is.
#[tokio::test]
async fn a_public_client_that_sends_a_secret_is_refused() {
    let world = World::new().await;
    let code = world.code(&Approved { client_id: SPA, ..Approved::default() }).await;
    let form = |further: &'static [(&'static str, &'static str)]| {
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code.as_str()),
            ("redirect_uri", REDIRECT_URI),
            ("code_verifier", VERIFIER),
        ];
        [&form[..], further].concat()
    };
    let posted = form(&[("client_id", SPA), ("client_secret", SECRET)]);
    assert_eq!(world.post("token", None, &posted).await.outcome(), "401 invalid_client");
    assert_eq!(world.post("token", Some(&basic(SPA, SECRET)), &form(&[])).await.outcome(), "401 invalid_client");
    assert_eq!(world.post("token", Some(&basic(SPA, "")), &form(&[])).await.outcome(), "401 invalid_client");
    assert_eq!(world.post("token", None, &form(&[("client_id", SPA)])).await.outcome(), "200", "the control");
}

/// Nothing tells an unknown client from a wrong secret, or from one that the operator suspended.
#[tokio::test]
async fn all_clients_that_are_not_believed_get_the_same_answer() {
    let world = World::new().await;
    let wrong = world.post("token", Some(&basic(MACHINE, "wrong")), &[ASK]).await;
    let unknown = world.post("token", Some(&basic("nobody", "wrong")), &[ASK]).await;
    world.issuer.set_client_state(MACHINE, ClientState::Suspended).await.unwrap();
    let suspended = world.post("token", Some(&basic(MACHINE, SECRET)), &[ASK]).await;
    for other in [unknown, suspended] {
        assert_eq!((wrong.status, &wrong.headers, &wrong.body), (other.status, &other.headers, &other.body));
    }
    world.issuer.set_client_state(MACHINE, ClientState::Active).await.unwrap();
    assert_eq!(basic_outcome(&world, &basic(MACHINE, SECRET)).await, "200");
}

/// What a proxy might add proves nothing here.
#[tokio::test]
async fn headers_about_certificates_are_ignored() {
    let world = World::new().await;
    let request = http::Request::post("/api/auth/oauth2/token")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header("x-client-cert", "MIIB")
        .header("x-ssl-client-verify", "SUCCESS")
        .header("x-forwarded-client-cert", "By=spiffe://x")
        .body(bytes::Bytes::from_static(b"grant_type=client_credentials&client_id=machine"))
        .unwrap();
    let reply = world.send(request).await;
    assert_eq!((reply.status, reply.error()), (StatusCode::UNAUTHORIZED, "invalid_client"));
}
