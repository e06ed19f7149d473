//! What an access token says ([RFC 9068 §2](https://www.rfc-editor.org/rfc/rfc9068#section-2)).

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use countersign_jose::Algorithm;
use countersign_jose::jwt::{Typ, Unverified};
use countersign_oidc::resource_server::Verifier;
use countersign_oidc::{Policy, Resource, Rotation};
use countersign_storage::{Destination, Endpoints, Fetch, FetchError, Fetched};
use http::Request;
use serde_json::json;
use url::Url;

use crate::world::*;

#[tokio::test]
async fn an_access_token_has_the_claims_of_the_profile() {
    let world = World::new().await;
    let token = world.tokens(WEB).await.text("access_token");
    let unverified = Unverified::parse(&token).unwrap();
    assert_eq!(unverified.header().typ(), Some("at+jwt"));
    assert_eq!(unverified.header().algorithm(), Algorithm::Es256);
    let claims = world.claims(Typ::AccessToken, &token).await;
    let jti = claims["jti"].as_str().unwrap();
    assert!(jti.starts_with("fam_1.") && jti.len() > 25, "{jti}");
    let expected = json!({
        "iss": ISSUER, "sub": "usr_alice", "aud": [NOTES, ISSUER], "client_id": WEB,
        "scope": "openid profile email offline_access notes:read notes:write",
        "iat": NOW.as_secs(), "exp": NOW.as_secs() + 300, "auth_time": NOW.as_secs() - 60, "jti": jti,
    });
    assert_eq!(claims, expected);
}

/// Without `openid` there is no business at the issuer, and the issuer is no audience.
#[tokio::test]
async fn the_issuer_is_an_audience_for_openid_only() {
    let world = World::new().await;
    let code = world.code(&Approved { scope: "notes:read", ..Approved::default() }).await;
    let token = world.redeem(WEB, &code).await.text("access_token");
    assert_eq!(world.claims(Typ::AccessToken, &token).await["aud"], NOTES);
    assert_eq!(world.userinfo(&token).await.outcome(), "401 invalid_token");
}

/// Each resource may have its own algorithm.
#[tokio::test]
async fn a_resource_chooses_the_algorithm() {
    let mut policy: Policy = policy();
    policy.resources = vec![Resource { algorithm: Some(Algorithm::EdDSA), ..Resource::new(NOTES, "Notes") }];
    let world = World::with_policy(policy).await;
    let token = world.tokens(WEB).await.text("access_token");
    assert_eq!(Unverified::parse(&token).unwrap().header().algorithm(), Algorithm::EdDSA);
}

/// The issuer itself, as a resource server reaches it.
struct InProcess(World);

#[async_trait]
impl Fetch for InProcess {
    async fn get(&self, url: &Url, _: Destination) -> Result<Fetched, FetchError> {
        let request = Request::get(url.path()).body(Bytes::new()).unwrap();
        let response = self.0.issuer.answer(request).await.map_err(|_| FetchError::Refused("no such path"))?;
        let (parts, body) = response.into_parts();
        Ok(Fetched { status: parts.status, headers: parts.headers, body })
    }
}

fn verifier(world: &World, audience: &str) -> Verifier {
    Verifier::new(ISSUER, audience, Arc::new(InProcess(world.clone())), world.clock.clone()).unwrap()
}

/// What the token endpoint gives, a resource server takes; and another resource does not.
#[tokio::test]
async fn our_own_verifier_takes_our_own_tokens() {
    let world = World::new().await;
    let (notes, mail) = (verifier(&world, NOTES), verifier(&world, MAIL));
    let tokens = world.tokens(WEB).await;
    let verified = notes.verify(&tokens.text("access_token")).await.unwrap();
    assert_eq!((verified.subject(), verified.client_id()), ("usr_alice", WEB));
    assert_eq!(verified.require_scope("notes:write"), Ok(()));
    assert_eq!(mail.verify(&tokens.text("access_token")).await.unwrap_err().reason(), "audience");
    assert_eq!(notes.verify(&tokens.text("id_token")).await.unwrap_err().reason(), "typ");
    assert_eq!(notes.verify(&tokens.text("refresh_token")).await.unwrap_err().status(), 401);
}

/// Through a whole rotation, second by second, every token that is fresh is accepted by a verifier that caches.
#[tokio::test]
async fn keys_rotate_without_an_outage() {
    let world = World::new().await;
    let notes = verifier(&world, NOTES);
    let form = [("grant_type", "client_credentials")];
    let mut kids = std::collections::BTreeSet::new();
    for second in 0..1_500 {
        if second == 100 {
            world.issuer.rotate_key(Algorithm::Es256, Rotation::Scheduled).await.unwrap();
        }
        if second % 5 == 0 {
            let reply = world.post("token", Some(&basic(MACHINE, SECRET)), &form).await;
            let token = reply.text("access_token");
            kids.insert(Unverified::parse(&token).unwrap().header().kid().unwrap().to_owned());
            assert!(notes.verify(&token).await.is_ok(), "second {second}");
        }
        world.pass(1);
    }
    assert_eq!(kids.len(), 2, "both keys were in use");
}
