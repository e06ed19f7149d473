//! Clients that act for themselves ([RFC 6749 §4.4](https://www.rfc-editor.org/rfc/rfc6749#section-4.4)).

use countersign_jose::jwt::Typ;
use countersign_oidc::{NewClient, Scopes};
use serde_json::json;

use crate::world::*;

async fn ask(world: &World, client_id: &str, further: &[(&str, &str)]) -> Reply {
    let (authorization, mut form) = credentials(client_id);
    form.push(("grant_type", "client_credentials"));
    form.extend(further.iter().copied());
    world.post("token", authorization.as_deref(), &form).await
}

#[tokio::test]
async fn a_client_gets_a_token_for_itself_and_nothing_else() {
    let world = World::new().await;
    let reply = ask(&world, MACHINE, &[]).await;
    assert_eq!(reply.outcome(), "200");
    assert_eq!(reply.body["scope"], "notes:read notes:write");
    assert!(reply.body["refresh_token"].is_null() && reply.body["id_token"].is_null());
    let claims = world.claims(Typ::AccessToken, &reply.text("access_token")).await;
    assert_eq!(
        (&claims["sub"], &claims["client_id"], &claims["aud"]),
        (&json!(MACHINE), &json!(MACHINE), &json!(NOTES))
    );
    assert!(claims["jti"].as_str().unwrap().starts_with("cc_"));
    assert!(claims["auth_time"].is_null());
}

/// §3.3.
#[tokio::test]
async fn the_scope_is_within_what_is_registered_and_speaks_of_no_person() {
    let world = World::new().await;
    for (scope, outcome) in [
        ("notes:read", "200"),
        ("notes:write notes:read", "200"),
        ("openid", "400 invalid_scope"),
        ("openid offline_access", "400 invalid_scope"),
        ("notes:read email", "400 invalid_scope"),
        ("admin", "400 invalid_scope"),
        ("NOTES:READ", "400 invalid_scope"),
        ("notes:read  notes:write", "400 invalid_scope"),
        ("notes:\"read", "400 invalid_scope"),
    ] {
        let reply = ask(&world, MACHINE, &[("scope", scope)]).await;
        assert_eq!(reply.outcome(), outcome, "{scope}");
        if outcome == "200" {
            assert_eq!(reply.body["scope"], scope);
        }
    }
}

/// What the operator took out of the policy, or never put into it.
#[tokio::test]
async fn a_scope_that_does_not_exist_here_is_not_given_to_a_client_that_is_registered_for_it() {
    let world = World::new().await;
    let machine = NewClient::machine("M", Scopes::parse("notes:read nosuch:scope").unwrap());
    let (client, secret) = world.issuer.register_client(machine).await.unwrap();
    let authorization = basic(&client.client_id, secret.unwrap().expose());
    let ask = async |further: &[(&str, &str)]| {
        let form = [&[("grant_type", "client_credentials")], further].concat();
        world.post("token", Some(&authorization), &form).await
    };
    assert_eq!(ask(&[]).await.body["scope"], "notes:read");
    assert_eq!(ask(&[("scope", "nosuch:scope")]).await.outcome(), "400 invalid_scope");
}

#[tokio::test]
async fn only_clients_that_are_registered_for_it_and_authenticate_may() {
    let world = World::new().await;
    assert_eq!(ask(&world, WEB, &[]).await.outcome(), "400 unauthorized_client");
    assert_eq!(ask(&world, SPA, &[]).await.outcome(), "400 unauthorized_client");
    assert_eq!(ask(&world, "nobody", &[]).await.outcome(), "401 invalid_client");
}

/// The hot path: nothing is written.
#[tokio::test]
async fn nothing_is_stored() {
    let world = World::new().await;
    let before = world.store.dump().len();
    assert_eq!(ask(&world, MACHINE, &[]).await.outcome(), "200");
    assert_eq!(ask(&world, MACHINE, &[("scope", "admin")]).await.outcome(), "400 invalid_scope");
    assert_eq!(world.store.dump().len(), before);
}

/// A token without a person behind it tells nothing about one.
#[tokio::test]
async fn the_token_does_not_open_userinfo() {
    let world = World::new().await;
    let token = ask(&world, MACHINE, &[]).await.text("access_token");
    assert_eq!(world.userinfo(&token).await.outcome(), "401 invalid_token");
}

/// §4.4: whoever cannot prove who they are acts for nobody, also where somebody wrote otherwise into the store.
#[tokio::test]
async fn a_public_client_does_not_act_for_itself() {
    let world = World::new().await;
    let client: countersign_oidc::Client = world.load(SPA).await.unwrap();
    let grant_types = vec![countersign_oidc::client::GrantTypeName::ClientCredentials];
    world.replace(countersign_oidc::Client { grant_types, ..client }).await;
    assert_eq!(ask(&world, SPA, &[("scope", "notes:read")]).await.outcome(), "400 unauthorized_client");
    assert_eq!(ask(&world, MACHINE, &[("scope", "notes:read")]).await.outcome(), "200", "the control");
}
