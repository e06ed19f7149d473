//! What is stored opens nothing: hashes, sealed answers, public names.

use countersign_oidc::records::TokenFamily;

use crate::world::*;

#[tokio::test]
async fn no_code_token_or_secret_is_in_the_store() {
    let world = World::new().await;
    let mut secrets = vec![SECRET.to_owned(), VERIFIER.to_owned()];
    for client_id in [WEB, SPA] {
        let code = world.code(&Approved { client_id, ..Approved::default() }).await;
        let tokens = world.redeem(client_id, &code).await;
        let again = world.refresh(client_id, &tokens.text("refresh_token")).await;
        secrets.extend([code, tokens.text("access_token"), tokens.text("id_token"), again.text("access_token")]);
        for token in [tokens.text("refresh_token"), again.text("refresh_token")] {
            // The family's name is public; root and turn are the secret.
            secrets.extend(token.split('.').skip(1).map(str::to_owned));
        }
    }
    let dump = world.store.dump();
    assert!(dump.iter().any(|entry| entry.key.kind.as_str() == "token_family"));
    for entry in dump {
        for secret in &secrets {
            assert!(!entry.body.contains(secret.as_str()) && !entry.key.id.contains(secret.as_str()), "{entry:?}");
        }
    }
}

/// Records only gain fields: a family as it was first written is still read.
#[test]
fn the_stored_shape_of_a_family_stays_readable() {
    let stored = r#"{
        "id": "fam_1", "grant_id": "grt_1", "grant_generation": 0, "client_id": "web",
        "authentication": { "subject": "usr_1", "session_id": "ses_1", "auth_time": 1, "amr": ["pwd"], "acr": null },
        "scopes": "openid offline_access", "resources": ["https://notes.test"], "state": "active",
        "refresh": {
            "root": "r", "current": "c", "issued_at": 1, "expires_at": 2,
            "previous": { "handle": "p", "rotated_at": 1, "answer": "s" }
        },
        "issued_at": 1, "expires_at": 2
    }"#;
    let family: TokenFamily = serde_json::from_str(stored).unwrap();
    assert_eq!(family.refresh.unwrap().previous.unwrap().rotated_at.as_secs(), 1);
}
