//! Proof Key for Code Exchange (RFC 7636): S256 of every client.

use crate::world::*;

/// RFC 7636 §4.4.1, RFC 9700 §2.1.1
#[tokio::test]
async fn a_request_without_an_s256_challenge_is_refused() {
    let world = World::new().await;
    let browser = world.browser_of(&world.alice);
    for ask in [Ask::spa(), Ask::web()] {
        for (why, ask) in [
            ("no challenge", ask.clone().without("code_challenge")),
            ("neither", ask.clone().without("code_challenge").without("code_challenge_method")),
            ("no method, which means plain", ask.clone().without("code_challenge_method")),
            ("plain", ask.clone().with("code_challenge_method", "plain")),
            ("another case", ask.clone().with("code_challenge_method", "s256")),
            ("another hash", ask.clone().with("code_challenge_method", "S512")),
            ("empty", ask.clone().with("code_challenge", "")),
            ("too short", ask.clone().with("code_challenge", &CHALLENGE[1..])),
            ("too long", ask.clone().with("code_challenge", &format!("{CHALLENGE}A"))),
            ("padded", ask.clone().with("code_challenge", &format!("{CHALLENGE}="))),
            ("another alphabet", ask.clone().with("code_challenge", &CHALLENGE.replace('-', "+"))),
            ("spare bits", ask.clone().with("code_challenge", &CHALLENGE.replace("w-cM", "w-cN"))),
        ] {
            assert_eq!(browser.ask(&ask).await.error(), "invalid_request", "{why}");
        }
    }
    assert_eq!(world.stored("answered_interaction") + world.stored("authorization_code"), 0);
    browser.ask_and_approve(&Ask::spa()).await.code();
}

/// [RFC 7636 §4.4]: the code is stored with its challenge, and under its hash only.
#[tokio::test]
async fn the_code_is_bound_to_the_challenge_and_not_stored() {
    let world = World::new().await;
    let browser = world.browser_of(&world.alice);
    let landing = browser.ask_and_approve(&Ask::spa()).await;
    let code = landing.code();
    let stored: Vec<_> =
        world.store.dump().into_iter().filter(|entry| entry.key.kind.as_str() == "authorization_code").collect();
    let body: serde_json::Value = serde_json::from_str(&stored[0].body).unwrap();
    assert_eq!(body["code_challenge"], CHALLENGE);
    assert_eq!(body["scopes"], "openid email");
    assert_eq!(body["nonce"], "n-1");
    assert_eq!(body["resources"], serde_json::json!([crate::world::ISSUER]));
    for entry in world.store.dump() {
        assert!(!entry.body.contains(code) && !entry.key.id.contains(code));
    }
}
