//! ID tokens ([OIDC Core §2](https://openid.net/specs/openid-connect-core-1_0.html#IDToken)).

use countersign_jose::jwt::{Typ, Unverified};
use countersign_jose::{Algorithm, base64url, sha256};
use serde_json::json;
use sha2::{Digest, Sha512};

use crate::world::*;

/// §2 and §3.1.3.6; no claim about the person beyond the subject (§5.4).
#[tokio::test]
async fn an_id_token_has_these_claims() {
    let world = World::new().await;
    let reply = world.tokens(WEB).await;
    let claims = world.claims(Typ::IdToken, &reply.text("id_token")).await;
    let at_hash = base64url::encode(&sha256(reply.text("access_token").as_bytes())[..16]);
    let expected = json!({
        "iss": ISSUER, "sub": "usr_alice", "aud": WEB, "iat": NOW.as_secs(), "exp": NOW.as_secs() + 300,
        "auth_time": NOW.as_secs() - 60, "nonce": "n-0S6", "amr": ["pwd"], "at_hash": at_hash,
    });
    assert_eq!(claims, expected);
}

/// §2: RS256, unless the client registered another.
#[tokio::test]
async fn the_client_chooses_the_algorithm() {
    let world = World::new().await;
    for (client_id, algorithm) in [(WEB, Algorithm::Rs256), (WEB_WITHOUT_REFRESH, Algorithm::EdDSA)] {
        let id_token = world.tokens(client_id).await.text("id_token");
        assert_eq!(Unverified::parse(&id_token).unwrap().header().algorithm(), algorithm);
    }
}

/// §3.1.3.6: the hash is that of the ID token's own algorithm; Ed25519 goes with SHA-512.
#[tokio::test]
async fn at_hash_follows_the_algorithm() {
    let world = World::new().await;
    let reply = world.tokens(WEB_WITHOUT_REFRESH).await;
    let claims = world.claims(Typ::IdToken, &reply.text("id_token")).await;
    let expected = base64url::encode(&Sha512::digest(reply.text("access_token"))[..32]);
    assert_eq!(claims["at_hash"], expected);
}

#[tokio::test]
async fn no_nonce_in_none_out() {
    let world = World::new().await;
    let code = world.code(&Approved { nonce: None, ..Approved::default() }).await;
    let id_token = world.redeem(WEB, &code).await.text("id_token");
    assert!(world.claims(Typ::IdToken, &id_token).await["nonce"].is_null());
}

/// Without `openid` it is no OpenID request (§3.1.2.1), and a refresh is nobody signing in (§12.2).
#[tokio::test]
async fn an_id_token_comes_with_openid_and_a_code_only() {
    let world = World::new().await;
    let code = world.code(&Approved { scope: "notes:read offline_access", ..Approved::default() }).await;
    assert!(world.redeem(WEB, &code).await.body["id_token"].is_null());
    let refresh = world.tokens(WEB).await.text("refresh_token");
    assert!(world.refresh(WEB, &refresh).await.body["id_token"].is_null());
}
