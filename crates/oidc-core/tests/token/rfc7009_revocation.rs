//! Token revocation ([RFC 7009](https://www.rfc-editor.org/rfc/rfc7009)).

use http::StatusCode;

use crate::world::*;

async fn revoke(world: &World, client_id: &str, token: &str, further: &[(&str, &str)]) -> String {
    let (authorization, mut form) = credentials(client_id);
    form.push(("token", token));
    form.extend(further.iter().copied());
    world.post("revoke", authorization.as_deref(), &form).await.outcome()
}

/// §2.1: with a refresh token goes everything that descends from the same authorization.
#[tokio::test]
async fn a_revoked_refresh_token_takes_its_family_along() {
    for client_id in [WEB, WEB_POST, SPA] {
        let world = World::new().await;
        let tokens = world.tokens(client_id).await;
        let other = world.tokens(client_id).await;
        assert_eq!(revoke(&world, client_id, &tokens.text("refresh_token"), &[]).await, "200");
        assert_eq!(world.refresh(client_id, &tokens.text("refresh_token")).await.outcome(), "400 invalid_grant");
        assert_eq!(world.userinfo(&tokens.text("access_token")).await.outcome(), "401 invalid_token");
        assert!(!world.holds(NOTES_API, &tokens.text("access_token")).await);
        assert_eq!(world.userinfo(&other.text("access_token")).await.outcome(), "200", "another authorization");
    }
}

/// A client that lost the answer to a refresh knows only the old token.
#[tokio::test]
async fn a_replaced_refresh_token_revokes_as_well() {
    let world = World::new().await;
    let old = world.tokens(WEB).await.text("refresh_token");
    let new = world.refresh(WEB, &old).await.text("refresh_token");
    assert_eq!(revoke(&world, WEB, &old, &[]).await, "200");
    assert_eq!(world.refresh(WEB, &new).await.outcome(), "400 invalid_grant");
}

/// An access token goes alone.
#[tokio::test]
async fn a_revoked_access_token_is_dead_and_its_siblings_live() {
    let world = World::new().await;
    let tokens = world.tokens(WEB).await;
    let next = world.refresh(WEB, &tokens.text("refresh_token")).await;
    assert_eq!(revoke(&world, WEB, &tokens.text("access_token"), &[]).await, "200");
    assert_eq!(world.userinfo(&tokens.text("access_token")).await.outcome(), "401 invalid_token");
    assert!(!world.holds(NOTES_API, &tokens.text("access_token")).await);
    assert_eq!(world.userinfo(&next.text("access_token")).await.outcome(), "200");
    assert_eq!(world.refresh(WEB, &next.text("refresh_token")).await.outcome(), "200");
}

#[tokio::test]
async fn the_token_of_a_machine_is_revoked_by_name() {
    let world = World::new().await;
    let form = [("grant_type", "client_credentials")];
    let first = world.post("token", Some(&basic(MACHINE, SECRET)), &form).await.text("access_token");
    let second = world.post("token", Some(&basic(MACHINE, SECRET)), &form).await.text("access_token");
    assert_eq!(revoke(&world, MACHINE, &first, &[]).await, "200");
    assert!(!world.holds(NOTES_API, &first).await);
    assert!(world.holds(NOTES_API, &second).await);
}

/// §2.1: another client's token is refused, and left as it is.
#[tokio::test]
async fn a_foreign_token_is_left_alone() {
    let world = World::new().await;
    let tokens = world.tokens(WEB).await;
    for (client_id, token) in
        [(WEB_POST, "access_token"), (WEB_POST, "refresh_token"), (SPA, "access_token"), (SPA, "refresh_token")]
    {
        assert_eq!(revoke(&world, client_id, &tokens.text(token), &[]).await, "400 invalid_grant");
    }
    assert_eq!(world.userinfo(&tokens.text("access_token")).await.outcome(), "200");
    assert_eq!(world.refresh(WEB, &tokens.text("refresh_token")).await.outcome(), "200");
}

/// §2.2: what does not hold anyway is no error; a hint, right or wrong or unknown, changes nothing.
#[tokio::test]
async fn what_is_no_token_any_more_is_no_error() {
    let world = World::new().await;
    let tokens = world.tokens(WEB).await;
    for (token, hint) in [
        ("made up", "refresh_token"),
        ("fam_1.x.y", "access_token"),
        (&format!("fam_9.{}.{}", "A".repeat(43), "A".repeat(43)), "refresh_token"),
        (&tokens.text("id_token"), "id_token"),
        ("a.b.c", "urn:unknown"),
    ] {
        assert_eq!(revoke(&world, WEB, token, &[("token_type_hint", hint)]).await, "200", "{hint}");
    }
    // A guess at a family's name ends nothing: nobody but its client ever saw its root.
    let guess = format!("fam_1.{}.{}", "A".repeat(43), "A".repeat(43));
    assert_eq!(revoke(&world, WEB, &guess, &[]).await, "200");
    assert_eq!(world.userinfo(&tokens.text("access_token")).await.outcome(), "200");
    for _ in 0..2 {
        let wrong_hint = [("token_type_hint", "access_token")];
        assert_eq!(revoke(&world, WEB, &tokens.text("refresh_token"), &wrong_hint).await, "200");
    }
    assert_eq!(world.refresh(WEB, &tokens.text("refresh_token")).await.outcome(), "400 invalid_grant");
    world.pass(300);
    assert_eq!(revoke(&world, WEB, &tokens.text("access_token"), &[]).await, "200", "expired");
}

#[tokio::test]
async fn a_client_that_is_not_believed_revokes_nothing() {
    let world = World::new().await;
    let tokens = world.tokens(WEB).await;
    let form = [("token", tokens.text("refresh_token"))];
    let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
    for authorization in [None, Some(basic(WEB, "wrong")), Some(basic("nobody", SECRET))] {
        let reply = world.post("revoke", authorization.as_deref(), &form).await;
        assert_eq!(reply.outcome(), "401 invalid_client");
    }
    assert_eq!(world.refresh(WEB, &tokens.text("refresh_token")).await.outcome(), "200");
    let nothing = world.post("revoke", Some(&basic(WEB, SECRET)), &[]).await;
    assert_eq!(nothing.outcome(), "400 invalid_request");
    assert_eq!(world.get("revoke?token=x", Some(&basic(WEB, SECRET))).await.status, StatusCode::METHOD_NOT_ALLOWED);
}
