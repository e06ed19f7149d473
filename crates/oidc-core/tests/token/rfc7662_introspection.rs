//! Token introspection ([RFC 7662](https://www.rfc-editor.org/rfc/rfc7662)).

use countersign_oidc::records::Grant;
use countersign_oidc::{ClientState, Scopes};
use countersign_storage::{AccountState, Subject};
use http::StatusCode;
use serde_json::json;

use crate::world::*;

/// §2.2.
#[tokio::test]
async fn a_live_token_is_described() {
    let world = World::new().await;
    let token = world.tokens("c1").await.text("access_token");
    for caller in ["c1", "r1"] {
        let mut answer = world.introspect(caller, &token).await;
        let jti = answer.as_object_mut().unwrap().remove("jti").unwrap();
        assert!(jti.as_str().unwrap().starts_with("fam_1."));
        let expected = json!({
            "active": true, "scope": "openid profile email offline_access notes:read notes:write", "client_id": "c1",
            "token_type": "Bearer", "exp": NOW.as_secs() + 300, "iat": NOW.as_secs(), "sub": "usr_alice",
            "aud": [NOTES, ISSUER], "iss": ISSUER,
        });
        assert_eq!(answer, expected, "{caller}");
    }
}

/// §2.1: whoever asks authenticates; a public client cannot.
#[tokio::test]
async fn nobody_asks_without_authentication() {
    let world = World::new().await;
    let token = world.tokens("p1").await.text("access_token");
    for (authorization, form) in [
        (None, vec![("token", token.as_str())]),
        (None, vec![("token", token.as_str()), ("client_id", "p1")]),
        (None, vec![("token", token.as_str()), ("client_id", "r1")]),
        (Some(basic("r1", "wrong")), vec![("token", token.as_str())]),
        (Some(format!("Bearer {token}")), vec![("token", token.as_str())]),
    ] {
        let reply = world.post("introspect", authorization.as_deref(), &form).await;
        assert_eq!(reply.outcome(), "401 invalid_client", "{authorization:?} {form:?}");
    }
    assert_eq!(world.introspect("r1", &token).await["active"], true, "the control");
}

/// §4: about somebody else's token one learns as much as about none.
#[tokio::test]
async fn a_token_that_is_no_business_of_the_caller_is_not_active() {
    let world = World::new().await;
    let tokens = world.tokens("p1").await;
    let inactive = json!({ "active": false });
    for caller in ["c1", "r2", "m1"] {
        assert_eq!(world.introspect(caller, &tokens.text("access_token")).await, inactive, "{caller}");
    }
    // A refresh token is between its client and the issuer, not for resources.
    assert_eq!(world.introspect("r1", &tokens.text("refresh_token")).await, inactive);
    assert_eq!(world.introspect("r1", &tokens.text("id_token")).await, inactive);
    assert_eq!(world.introspect("r1", "made up").await, inactive);
    assert_eq!(world.introspect("r1", "fam_1.x.y").await, inactive);
}

#[tokio::test]
async fn a_refresh_token_is_described_to_its_client() {
    let world = World::new().await;
    let token = world.tokens("c1").await.text("refresh_token");
    let answer = world.introspect("c1", &token).await;
    assert_eq!(answer["active"], true);
    assert_eq!(answer["sub"], "usr_alice");
    assert_eq!(answer["exp"], NOW.as_secs() + 30 * 86_400);
    let next = world.refresh("c1", &token).await.text("refresh_token");
    assert_eq!(world.introspect("c1", &token).await, json!({ "active": false }));
    assert_eq!(world.introspect("c1", &next).await["active"], true);
    world.after(30 * 86_400);
    assert_eq!(world.introspect("c1", &next).await, json!({ "active": false }));
}

/// The answer is that of this moment.
#[tokio::test]
async fn whatever_ends_a_token_is_seen_at_once() {
    let world = World::new().await;
    let tokens = world.tokens("c1").await;
    let (access, refresh) = (tokens.text("access_token"), tokens.text("refresh_token"));
    world.set_account(AccountState::Disabled).await;
    assert!(!world.holds("r1", &access).await);
    assert!(!world.holds("c1", &refresh).await);
    world.set_account(AccountState::Active).await;
    world.issuer.set_client_state("c1", ClientState::Suspended).await.unwrap();
    assert!(!world.holds("r1", &access).await);
    world.issuer.set_client_state("c1", ClientState::Active).await.unwrap();
    assert!(world.holds("r1", &access).await);
    world.after(300);
    assert!(!world.holds("r1", &access).await);
    assert!(world.holds("c1", &refresh).await);
}

#[tokio::test]
async fn a_request_without_a_token_is_invalid() {
    let world = World::new().await;
    for form in [&[][..], &[("token", "")], &[("token", "a"), ("token", "b")]] {
        let reply = world.post("introspect", Some(&basic("r1", SECRET)), form).await;
        assert_eq!(reply.outcome(), "400 invalid_request", "{form:?}");
    }
    assert_eq!(
        world.get("introspect?token=a", Some(&basic("r1", SECRET))).await.status,
        StatusCode::METHOD_NOT_ALLOWED
    );
}

/// §2.2: what was revoked is not active, in whichever way it was.
#[tokio::test]
async fn a_refresh_token_of_a_revoked_family_is_not_active() {
    for way in ["given back", "code replayed", "replaced token reused", "grant taken back", "narrowed"] {
        let world = World::new().await;
        let code = world.code(&Approved::default()).await;
        let first = world.redeem("c1", &code).await.text("refresh_token");
        let second = world.refresh("c1", &first).await.text("refresh_token");
        let third = world.refresh("c1", &second).await.text("refresh_token");
        assert!(world.holds("c1", &third).await, "the control");
        assert!(!world.holds("c1", &second).await, "one that was replaced");
        let alice = Subject::new("usr_alice").unwrap();
        let grant = Grant::id_of(&alice, "c1");
        match way {
            "given back" => {
                world.post("revoke", Some(&basic("c1", SECRET)), &[("token", third.as_str())]).await;
            }
            "code replayed" => {
                world.redeem("c1", &code).await;
            }
            "replaced token reused" => {
                world.refresh("c1", &first).await;
            }
            "grant taken back" => {
                world.issuer.revoke_grant(&alice, &grant).await.unwrap();
            }
            _ => {
                let mut grant: Grant = world.load(&grant).await.unwrap();
                let offline = Scopes::parse("offline_access").unwrap();
                grant.scopes_at.values_mut().for_each(|scopes| *scopes = scopes.without(&offline));
                world.replace(grant).await;
            }
        }
        for token in [&first, &second, &third] {
            assert_eq!(world.introspect("c1", token).await, json!({ "active": false }), "{way}");
        }
    }
}

/// RFC 6749 §3.2: no parameter twice, here and at revocation.
#[tokio::test]
async fn a_parameter_that_comes_twice_is_refused_at_introspection_and_revocation() {
    let world = World::new().await;
    let token = world.tokens("c1").await.text("refresh_token");
    let client = basic("c1", SECRET);
    for endpoint in ["introspect", "revoke"] {
        for (name, value) in [("token", token.as_str()), ("token_type_hint", "refresh_token"), ("unknown", "x")] {
            for again in [value, "other"] {
                let mut form = vec![("token", token.as_str()), ("token_type_hint", "refresh_token"), ("unknown", "x")];
                form.push((name, again));
                let reply = world.post(endpoint, Some(&client), &form).await;
                assert_eq!(reply.outcome(), "400 invalid_request", "{endpoint} {name}={again}");
            }
        }
        let form = [("token", token.as_str()), ("client_id", "c2"), ("client_secret", SECRET), ("client_secret", "x")];
        assert_eq!(world.post(endpoint, None, &form).await.outcome(), "400 invalid_request", "{endpoint}");
    }
    assert!(world.holds("c1", &token).await, "nothing happened to it");
}
