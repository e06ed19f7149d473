//! The clients of every test, by names that say what they are.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use countersign_jose::Algorithm;
use countersign_oidc::client::{ApplicationType, ClientCredential, GrantTypeName, SecretMethod};
use countersign_oidc::{Issuer, NewClient, Scopes};
use countersign_storage::Secret;

use super::{BANK, MAIL, NOTES, OTHER_REDIRECT_URI, REDIRECT_URI};

/// A page that runs in the browser: a public client.
pub(crate) const SPA: &str = "spa";
/// Another one.
pub(crate) const OTHER_SPA: &str = "other-spa";
/// A web server with a secret, which it sends in the header.
pub(crate) const WEB: &str = "web";
/// A web server that sends its secret in the form.
pub(crate) const WEB_POST: &str = "web-post";
/// A web server that is not registered for refresh tokens; its ID tokens are signed by EdDSA.
pub(crate) const WEB_WITHOUT_REFRESH: &str = "web-without-refresh";
/// A web server that may have tokens for the bank.
pub(crate) const BANKING: &str = "banking";
/// A web client, and no native one, that is registered with a loopback URI.
pub(crate) const WEB_ON_LOOPBACK: &str = "web-on-loopback";
/// An application on somebody's device.
pub(crate) const NATIVE: &str = "native";
/// A client that acts for itself, and whom nobody can be sent to.
pub(crate) const MACHINE: &str = "machine";
/// The resource `NOTES`, which introspects its tokens.
pub(crate) const NOTES_API: &str = "notes-api";
/// The resource `MAIL`, which introspects its tokens.
pub(crate) const MAIL_API: &str = "mail-api";

/// The secret of every client that has one.
pub(crate) const SECRET: &str = "correct-horse-battery-staple-0123456789";

/// Registers them.
pub(crate) async fn register_clients(issuer: &Issuer) {
    let secret = |method| ClientCredential::Secret(method, Secret::new(SECRET));
    let basic = || secret(SecretMethod::Basic);
    let scopes = Scopes::parse("openid profile email address phone offline_access notes:read notes:write").unwrap();
    let client = |id: &str, credential: ClientCredential, uris: &[&str]| NewClient {
        client_id: Some(id.to_owned()),
        credential,
        scopes: scopes.clone(),
        resources: vec![NOTES.to_owned(), MAIL.to_owned()],
        ..NewClient::web(format!("The client {id}"), uris.iter().copied())
    };
    let both = [REDIRECT_URI, OTHER_REDIRECT_URI];
    let machine = |id: &str| NewClient {
        grant_types: vec![GrantTypeName::ClientCredentials],
        default_resource: Some(NOTES.to_owned()),
        ..client(id, basic(), &["https://machine.test/cb"])
    };
    for client in [
        client(SPA, ClientCredential::Public, &both),
        client(OTHER_SPA, ClientCredential::Public, &both),
        client(
            WEB,
            basic(),
            &[
                "https://web.test/cb",
                "https://web.test/other",
                "https://web.test/q?a=b",
                REDIRECT_URI,
                OTHER_REDIRECT_URI,
            ],
        ),
        client(WEB_POST, secret(SecretMethod::Post), &both),
        NewClient {
            grant_types: vec![GrantTypeName::AuthorizationCode],
            id_token_algorithm: Algorithm::EdDSA,
            ..client(WEB_WITHOUT_REFRESH, basic(), &both)
        },
        NewClient {
            resources: vec![NOTES.to_owned(), BANK.to_owned()],
            ..client(BANKING, basic(), &["https://banking.test/cb"])
        },
        client(WEB_ON_LOOPBACK, ClientCredential::Public, &["http://127.0.0.1/cb"]),
        NewClient {
            application_type: ApplicationType::Native,
            ..client(
                NATIVE,
                ClientCredential::Public,
                &["http://127.0.0.1/cb", "http://localhost/cb", "com.example.native:/cb"],
            )
        },
        machine(MACHINE),
        machine(NOTES_API),
        machine(MAIL_API),
    ] {
        issuer.register_client(client).await.unwrap();
    }
}

/// How a client of this world authenticates: its `Authorization` header and its part of the form.
pub(crate) fn credentials(client_id: &str) -> (Option<String>, Vec<(&'static str, &str)>) {
    match client_id {
        SPA | OTHER_SPA => (None, vec![("client_id", client_id)]),
        WEB_POST => (None, vec![("client_id", client_id), ("client_secret", SECRET)]),
        _ => (Some(basic(client_id, SECRET)), Vec::new()),
    }
}

/// The `Authorization` header of the scheme `Basic`.
pub(crate) fn basic(client_id: &str, secret: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{client_id}:{secret}")))
}
