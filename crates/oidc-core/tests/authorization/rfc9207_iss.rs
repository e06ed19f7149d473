//! Authorization server issuer identification (RFC 9207 §2).

use countersign_oidc::ConsentAnswer;

use crate::world::*;

#[tokio::test]
async fn every_response_names_the_issuer() {
    let world = World::new().await;
    let browser = world.browser_of(&world.alice);
    let stranger = world.browser();
    let id = browser.ask(&Ask::spa()).await.interaction().to_owned();
    let view = browser.consent_view(&id).await;
    let denied = world.issuer.decide_consent(&id, &browser.headers(), &ConsentAnswer::Deny, &view.csrf).await.unwrap();
    for (what, landing) in [
        ("a code", browser.ask_and_approve(&Ask::spa()).await),
        ("a silent code", browser.ask(&Ask::spa()).await),
        ("a refused parameter", browser.ask(&Ask::spa().with("response_type", "token")).await),
        ("a denial", Landing::of(&denied)),
        ("prompt=none", stranger.ask(&Ask::spa().with("prompt", "none")).await),
    ] {
        assert_eq!(landing.param("iss"), ISSUER, "{what}");
        assert_eq!(landing.param("state"), "st-1", "{what}");
    }
}
