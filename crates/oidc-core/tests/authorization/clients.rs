//! Clients that the operator registers and declares ([RFC 7591 §2] without the endpoint).
//!
//! [RFC 7591 §2]: https://www.rfc-editor.org/rfc/rfc7591#section-2

use std::time::Duration;

use countersign_oidc::client::{ClientCredential, RegisterClientError, SecretMethod};
use countersign_oidc::{ClientSource, ClientState, NewClient, StoredClients};
use countersign_storage::Secret;

use crate::world::{ISSUER, NOW, World};

fn declared(redirect_uri: &str) -> NewClient {
    let secret = Secret::new("declared-secret-0123456789-0123456789");
    NewClient {
        client_id: Some("declared".to_owned()),
        credential: ClientCredential::Secret(SecretMethod::Basic, secret),
        ..NewClient::web("Declared", [redirect_uri])
    }
}

#[tokio::test]
async fn a_declared_client_follows_its_declaration() {
    let world = World::new().await;
    let clients = StoredClients::new(&world.ports, ISSUER);
    let (first, _) = world.issuer.declare_client(declared("https://rp.test/cb")).await.unwrap();
    assert_eq!((first.created_at, first.updated_at), (NOW, NOW));

    world.clock.advance(Duration::from_secs(60));
    world.issuer.declare_client(declared("https://rp.test/cb")).await.unwrap();
    assert_eq!(
        clients.client("declared").await.unwrap(),
        Some(first.clone()),
        "nothing changed, so nothing is written"
    );

    let (second, _) = world.issuer.declare_client(declared("https://rp.test/moved")).await.unwrap();
    assert_eq!(second.redirect_uris, ["https://rp.test/moved"]);
    assert_eq!((second.created_at, second.updated_at), (NOW, NOW + Duration::from_secs(60)));
    assert_eq!(clients.client("declared").await.unwrap(), Some(second.clone()));
    assert_ne!(first.fingerprint(), second.fingerprint(), "whoever consented to the first is asked again");
}

#[tokio::test]
async fn a_declaration_does_not_lift_a_suspension() {
    let world = World::new().await;
    world.issuer.declare_client(declared("https://rp.test/cb")).await.unwrap();
    world.issuer.set_client_state("declared", ClientState::Suspended).await.unwrap();
    let (client, _) = world.issuer.declare_client(declared("https://rp.test/moved")).await.unwrap();
    assert_eq!(client.state, ClientState::Suspended);
}

#[tokio::test]
async fn a_declaration_is_checked_like_a_registration() {
    let world = World::new().await;
    let error = world.issuer.declare_client(declared("http://rp.test/cb")).await.unwrap_err();
    assert_eq!(error, RegisterClientError::RedirectUri { uri: "http://rp.test/cb".to_owned() });
    let error = world.issuer.register_client(declared("https://rp.test/cb")).await;
    assert!(error.is_ok());
    let error = world.issuer.register_client(declared("https://rp.test/cb")).await.unwrap_err();
    assert_eq!(error, RegisterClientError::ClientIdTaken, "registering twice is another matter");
}
