//! Authorization server issuer identification (RFC 9207 §2).

use countersign_oidc::ConsentAnswer;

use crate::world::{Ask, ISSUER, Landing, World};

#[tokio::test]
async fn every_response_names_the_issuer() {
    let world = World::new().await;
    let browser = world.browser_of(&world.alice);
    let stranger = world.browser();
    let id = browser.ask(&Ask::p1()).await.interaction().to_owned();
    let view = browser.consent_view(&id).await;
    let denied = world.issuer.decide_consent(&id, &browser.headers(), &ConsentAnswer::Deny, &view.csrf).await.unwrap();
    for (what, landing) in [
        ("a code", browser.ask_and_approve(&Ask::p1()).await),
        ("a silent code", browser.ask(&Ask::p1()).await),
        ("a refused parameter", browser.ask(&Ask::p1().with("response_type", "token")).await),
        ("a denial", Landing::of(&denied)),
        ("prompt=none", stranger.ask(&Ask::p1().with("prompt", "none")).await),
    ] {
        assert_eq!(landing.param("iss"), ISSUER, "{what}");
        assert_eq!(landing.param("state"), "st-1", "{what}");
    }
}
