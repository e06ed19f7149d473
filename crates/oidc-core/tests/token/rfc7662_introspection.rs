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
    let token = world.tokens(WEB).await.text("access_token");
    for caller in [WEB, NOTES_API] {
        let mut answer = world.introspect(caller, &token).await;
        let jti = answer.as_object_mut().unwrap().remove("jti").unwrap();
        assert!(jti.as_str().unwrap().starts_with("fam_1."));
        let expected = json!({
            "active": true, "scope": "openid profile email offline_access notes:read notes:write", "client_id": WEB,
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
    let token = world.tokens(SPA).await.text("access_token");
    for (authorization, form) in [
        (None, vec![("token", token.as_str())]),
        (None, vec![("token", token.as_str()), ("client_id", SPA)]),
        (None, vec![("token", token.as_str()), ("client_id", NOTES_API)]),
        (Some(basic(NOTES_API, "wrong")), vec![("token", token.as_str())]),
        (Some(format!("Bearer {token}")), vec![("token", token.as_str())]),
    ] {
        let reply = world.post("introspect", authorization.as_deref(), &form).await;
        assert_eq!(reply.outcome(), "401 invalid_client", "{authorization:?} {form:?}");
    }
    assert_eq!(world.introspect(NOTES_API, &token).await["active"], true, "the control");
}

/// §4: about somebody else's token one learns as much as about none.
#[tokio::test]
async fn a_token_that_is_no_business_of_the_caller_is_not_active() {
    let world = World::new().await;
    let tokens = world.tokens(SPA).await;
    let inactive = json!({ "active": false });
    for caller in [WEB, MAIL_API, MACHINE] {
        assert_eq!(world.introspect(caller, &tokens.text("access_token")).await, inactive, "{caller}");
    }
    // A refresh token is between its client and the issuer, not for resources.
    assert_eq!(world.introspect(NOTES_API, &tokens.text("refresh_token")).await, inactive);
    assert_eq!(world.introspect(NOTES_API, &tokens.text("id_token")).await, inactive);
    assert_eq!(world.introspect(NOTES_API, "made up").await, inactive);
    assert_eq!(world.introspect(NOTES_API, "fam_1.x.y").await, inactive);
}

#[tokio::test]
async fn a_refresh_token_is_described_to_its_client() {
    let world = World::new().await;
    let token = world.tokens(WEB).await.text("refresh_token");
    let answer = world.introspect(WEB, &token).await;
    assert_eq!(answer["active"], true);
    assert_eq!(answer["sub"], "usr_alice");
    assert_eq!(answer["exp"], NOW.as_secs() + 30 * 86_400);
    let next = world.refresh(WEB, &token).await.text("refresh_token");
    assert_eq!(world.introspect(WEB, &token).await, json!({ "active": false }));
    assert_eq!(world.introspect(WEB, &next).await["active"], true);
    world.pass(30 * 86_400);
    assert_eq!(world.introspect(WEB, &next).await, json!({ "active": false }));
}

/// The answer is that of this moment.
#[tokio::test]
async fn whatever_ends_a_token_is_seen_at_once() {
    let world = World::new().await;
    let tokens = world.tokens(WEB).await;
    let (access, refresh) = (tokens.text("access_token"), tokens.text("refresh_token"));
    world.set_account(AccountState::Disabled).await;
    assert!(!world.holds(NOTES_API, &access).await);
    assert!(!world.holds(WEB, &refresh).await);
    world.set_account(AccountState::Active).await;
    world.issuer.set_client_state(WEB, ClientState::Suspended).await.unwrap();
    assert!(!world.holds(NOTES_API, &access).await);
    world.issuer.set_client_state(WEB, ClientState::Active).await.unwrap();
    assert!(world.holds(NOTES_API, &access).await);
    world.pass(300);
    assert!(!world.holds(NOTES_API, &access).await);
    assert!(world.holds(WEB, &refresh).await);
}

#[tokio::test]
async fn a_request_without_a_token_is_invalid() {
    let world = World::new().await;
    for form in [&[][..], &[("token", "")], &[("token", "a"), ("token", "b")]] {
        let reply = world.post("introspect", Some(&basic(NOTES_API, SECRET)), form).await;
        assert_eq!(reply.outcome(), "400 invalid_request", "{form:?}");
    }
    assert_eq!(
        world.get("introspect?token=a", Some(&basic(NOTES_API, SECRET))).await.status,
        StatusCode::METHOD_NOT_ALLOWED
    );
}

/// §2.2: what was revoked is not active, in whichever way it was.
#[tokio::test]
async fn a_refresh_token_of_a_revoked_family_is_not_active() {
    for way in ["given back", "code replayed", "replaced token reused", "grant taken back", "narrowed"] {
        let world = World::new().await;
        let code = world.code(&Approved::default()).await;
        let first = world.redeem(WEB, &code).await.text("refresh_token");
        let second = world.refresh(WEB, &first).await.text("refresh_token");
        let third = world.refresh(WEB, &second).await.text("refresh_token");
        assert!(world.holds(WEB, &third).await, "the control");
        assert!(!world.holds(WEB, &second).await, "one that was replaced");
        let alice = Subject::new("usr_alice").unwrap();
        let grant = Grant::id_of(&alice, WEB);
        match way {
            "given back" => {
                world.post("revoke", Some(&basic(WEB, SECRET)), &[("token", third.as_str())]).await;
            }
            "code replayed" => {
                world.redeem(WEB, &code).await;
            }
            "replaced token reused" => {
                world.refresh(WEB, &first).await;
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
            assert_eq!(world.introspect(WEB, token).await, json!({ "active": false }), "{way}");
        }
    }
}

/// RFC 6749 §3.2: no parameter twice, here and at revocation.
#[tokio::test]
async fn a_parameter_that_comes_twice_is_refused_at_introspection_and_revocation() {
    let world = World::new().await;
    let token = world.tokens(WEB).await.text("refresh_token");
    let client = basic(WEB, SECRET);
    for endpoint in ["introspect", "revoke"] {
        for (name, value) in [("token", token.as_str()), ("token_type_hint", "refresh_token"), ("unknown", "x")] {
            for again in [value, "other"] {
                let mut form = vec![("token", token.as_str()), ("token_type_hint", "refresh_token"), ("unknown", "x")];
                form.push((name, again));
                let reply = world.post(endpoint, Some(&client), &form).await;
                assert_eq!(reply.outcome(), "400 invalid_request", "{endpoint} {name}={again}");
            }
        }
        let form =
            [("token", token.as_str()), ("client_id", WEB_POST), ("client_secret", SECRET), ("client_secret", "x")];
        assert_eq!(world.post(endpoint, None, &form).await.outcome(), "400 invalid_request", "{endpoint}");
    }
    assert!(world.holds(WEB, &token).await, "nothing happened to it");
}
