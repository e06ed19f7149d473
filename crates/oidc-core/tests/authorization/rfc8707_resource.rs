//! Resource indicators (RFC 8707 §2).

use crate::world::*;

#[tokio::test]
async fn only_resources_of_this_issuer_that_the_client_may_use_are_granted() {
    let world = World::new().await;
    let browser = world.browser_of(&world.alice);
    for (why, resource) in [
        ("a fragment", "http://x/#f"),
        ("an empty fragment", "https://notes.test/api#"),
        ("no URI", "notauri"),
        ("relative", "/notes"),
        ("unknown", "https://unknown.test"),
        ("of another client", "https://bank.test"),
        ("almost", "https://notes.test/api/"),
    ] {
        assert_eq!(browser.ask(&Ask::spa().with("resource", resource)).await.error(), "invalid_target", "{why}");
        let beside_a_good_one = Ask::spa().with("resource", NOTES).and("resource", resource);
        assert_eq!(browser.ask(&beside_a_good_one).await.error(), "invalid_target", "{why}, beside a good one");
    }
    let landing = browser.ask(&Ask::spa().with("resource", NOTES).and("resource", ISSUER).and("resource", NOTES)).await;
    let view = browser.consent_view(landing.interaction()).await;
    let shown: Vec<_> = view.resources.iter().map(|resource| (&*resource.identifier, &*resource.name)).collect();
    assert_eq!(shown, [(NOTES, "Notes"), (ISSUER, ISSUER)]);
    browser.approve(landing.interaction()).await.code();
}

/// One that the operator no longer has, though a client is still registered for it.
#[tokio::test]
async fn a_resource_that_is_not_there_is_granted_to_nobody() {
    let world = World::new().await;
    let gone = "https://gone.test";
    let client = countersign_oidc::NewClient {
        resources: vec![gone.to_owned(), NOTES.to_owned()],
        ..countersign_oidc::NewClient::web("A client", ["https://d1.test/cb"])
    };
    let (client, _) = world.issuer.register_client(client).await.unwrap();
    let browser = world.browser_of(&world.alice);
    let ask = |resource: &str| Ask::of(&client.client_id, "https://d1.test/cb").with("resource", resource);
    assert_eq!(browser.ask(&ask(gone)).await.error(), "invalid_target");
    browser.ask_and_approve(&ask(NOTES)).await.code();
}

/// Never a token without an audience: the client's default, else the policy's, else the issuer.
#[tokio::test]
async fn a_request_without_resource_gets_the_default() {
    use countersign_oidc::{NewClient, Policy};
    for (of_client, of_policy, expected) in [
        (None, None, ISSUER),
        (None, Some("https://bank.test"), "https://bank.test"),
        (Some(NOTES), Some("https://bank.test"), NOTES),
    ] {
        let policy = Policy { default_resource: of_policy.map(str::to_owned), ..policy() };
        let world = World::with_policy(policy).await;
        let client = NewClient {
            client_id: Some("d1".to_owned()),
            default_resource: of_client.map(str::to_owned),
            ..NewClient::web("D1", ["https://d1.test/cb"])
        };
        world.issuer.register_client(client).await.unwrap();
        let browser = world.browser_of(&world.alice);
        let id = browser.ask(&Ask::of("d1", "https://d1.test/cb")).await.interaction().to_owned();
        let view = browser.consent_view(&id).await;
        assert_eq!(view.resources[0].identifier, expected);
    }
}
