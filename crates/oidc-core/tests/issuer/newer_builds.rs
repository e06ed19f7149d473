//! While an update is under way a newer version writes records that this one must not use. It does not use them; and it
//! takes them back all the same.

use countersign_oidc::{ClientState, Revoked};
use countersign_storage::Fault;
use serde_json::{Value, json};

use crate::world::*;

/// What a newer version may write: a record that says so, or a value that this one does not know. The rest of it then means
/// whatever it likes, but for which it is, whose, and how it ends.
const NEWER: [fn(&mut Value); 3] = [
    |record| record["least_shape"] = json!(1_000),
    |record| {
        record["state"] = json!("of_tomorrow");
        record["least_shape"] = json!(2);
    },
    |record| {
        let keep = ["id", "subject", "client_id", "state", "generation", "ends_at"];
        let root = record["refresh"]["root"].clone();
        record.as_object_mut().unwrap().retain(|member, _| keep.contains(&member.as_str()));
        record["least_shape"] = json!(2);
        record["scopes"] = json!({ "of": "tomorrow" });
        if root.is_string() {
            record["refresh"] = json!({ "root": root, "current": { "of": "tomorrow" } });
        }
    },
];

#[tokio::test]
async fn a_grant_that_a_newer_version_wrote_is_shown_and_taken_back_though_not_used() {
    for (way, edit) in NEWER.into_iter().enumerate() {
        let world = World::new().await;
        let tokens = world.browser_of(&world.alice).tokens("openid offline_access").await;
        let stored = || world.store.dump().into_iter().find(|entry| entry.key.kind.as_str() == "grant").unwrap();
        world.rewrite("grant", edit).await;
        world.rewrite("client", |client| client["least_shape"] = json!(2)).await;
        let before = stored();
        assert!(!world.is_honoured(&tokens).await, "{way}");

        let grants = world.issuer.grants(&world.alice).await.unwrap();
        assert_eq!((grants.len(), grants[0].client_id.as_str()), (1, SPA), "{way}");
        let id = &grants[0].id;
        assert_eq!(world.issuer.revoke_grant(&world.bob, id).await, Ok(Revoked::Unknown), "{way}");
        assert_eq!(world.issuer.revoke_grant(&world.alice, id).await, Ok(Revoked::Now), "{way}");
        assert_eq!(world.issuer.revoke_grant(&world.alice, id).await, Ok(Revoked::Already), "{way}");
        assert_eq!(world.issuer.grants(&world.alice).await, Ok(Vec::new()), "{way}");

        // The version that wrote it finds all that it wrote, and that it ended.
        let mut ended: Value = serde_json::from_str(&before.body).unwrap();
        ended["state"] = json!("revoked");
        ended["generation"] = json!(1);
        let after = stored();
        assert_eq!(serde_json::from_str::<Value>(&after.body).unwrap(), ended, "{way}");
        assert_eq!((after.indexes, after.expires_at), (before.indexes, before.expires_at), "{way}");
    }
}

#[tokio::test]
async fn the_grants_of_an_account_that_a_newer_version_wrote_are_shown_and_taken_back() {
    let world = World::new().await;
    world.browser_of(&world.alice).tokens("openid offline_access").await;
    let newer = |account: &mut Value| account["least_shape"] = json!(2);
    world.rewrite("account", newer).await;
    let grants = world.issuer.grants(&world.alice).await.unwrap();
    assert_eq!(grants.len(), 1);
    assert_eq!(world.issuer.revoke_grant(&world.alice, &grants[0].id).await, Ok(Revoked::Now));
    assert_eq!(world.issuer.grants(&world.alice).await, Ok(Vec::new()));
}

#[tokio::test]
async fn a_client_that_a_newer_version_wrote_is_listed_and_suspended_though_not_served_again() {
    let edits: [fn(&mut Value); 2] = [
        |client| client["least_shape"] = json!(2),
        |client| {
            client.as_object_mut().unwrap().retain(|member, _| ["client_id", "state"].contains(&member.as_str()));
            client["least_shape"] = json!(2);
            client["updated_at"] = json!({ "of": "tomorrow" });
        },
    ];
    for edit in edits {
        let world = World::new().await;
        world
            .rewrite("client", |client| {
                if client["client_id"] == SPA {
                    edit(client);
                }
            })
            .await;
        let all = world.issuer.active_clients().await.unwrap();
        assert!(all.len() > 1 && all.iter().all(|client| client.client.is_some() == (client.client_id != SPA)));
        assert!(all.iter().any(|client| client.client_id == SPA));
        let set = async |state| world.issuer.set_client_state(SPA, state).await;
        assert_eq!(set(ClientState::Active).await, Err(Fault::Newer { kind: "client" }));
        assert_eq!(set(ClientState::Suspended).await, Ok(true));
        let left = world.issuer.active_clients().await.unwrap();
        assert_eq!(left.len(), all.len() - 1);
        assert!(left.iter().all(|client| client.client_id != SPA));
        let clients = world.store.dump().into_iter().filter(|entry| entry.key.kind.as_str() == "client");
        let mut clients = clients.map(|entry| serde_json::from_str::<Value>(&entry.body).unwrap());
        let stored = clients.find(|client| client["client_id"] == SPA).unwrap();
        assert_eq!((&stored["state"], &stored["least_shape"]), (&json!("suspended"), &json!(2)), "all else stays");
    }
}

#[tokio::test]
async fn a_family_that_a_newer_version_wrote_is_revoked_though_not_used() {
    for (way, edit) in NEWER.into_iter().enumerate() {
        let world = World::new().await;
        let tokens = world.tokens(WEB).await;
        let refresh_token = tokens.text("refresh_token");
        world.rewrite("token_family", edit).await;
        assert_eq!(world.refresh(WEB, &refresh_token).await.status, 503, "{way}");
        // Neither by its name alone nor by another client.
        let guess = format!("fam_1.{}.{}", "A".repeat(43), "A".repeat(43));
        assert_eq!(revoke(&world, WEB, &guess).await, "200", "{way}");
        assert_eq!(revoke(&world, WEB_POST, &refresh_token).await, "400 invalid_grant", "{way}");
        assert!(!world.is_revoked("fam_1").await, "{way}");
        assert_eq!(revoke(&world, WEB, &refresh_token).await, "200", "{way}");
        assert!(world.is_revoked("fam_1").await, "{way}");
    }
}

/// Whatever else it says: what it names is over.
#[tokio::test]
async fn the_end_of_a_token_that_a_newer_version_wrote_ends_it() {
    for (kind, token, refreshed) in
        [("revoked_family", "refresh_token", "400 invalid_grant"), ("revoked_token", "access_token", "200")]
    {
        let world = World::new().await;
        let tokens = world.tokens(WEB).await;
        assert_eq!(revoke(&world, WEB, &tokens.text(token)).await, "200");
        world.rewrite(kind, |record| record["least_shape"] = json!(1_000)).await;
        assert_eq!(world.userinfo(&tokens.text("access_token")).await.outcome(), "401 invalid_token", "{kind}");
        assert_eq!(revoke(&world, WEB, &tokens.text(token)).await, "200", "{kind}");
        assert_eq!(world.refresh(WEB, &tokens.text("refresh_token")).await.outcome(), refreshed, "{kind}");
    }
}

async fn revoke(world: &World, client_id: &str, token: &str) -> String {
    let (authorization, mut form) = credentials(client_id);
    form.push(("token", token));
    world.post("revoke", authorization.as_deref(), &form).await.outcome()
}
