//! Clients that the operator registers and declares ([RFC 7591 §2] without the endpoint).
//!
//! [RFC 7591 §2]: https://www.rfc-editor.org/rfc/rfc7591#section-2

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use countersign_oidc::client::{
    ApplicationType, AuthMethod, ClientCredential, GrantTypeName, RegisterClientError, SecretMethod,
};
use countersign_oidc::{
    Client, ClientSource, ClientState, InteractionRefusal, Issuer, IssuerConfig, NewClient, StoredClients,
};
use countersign_storage::{Endpoints, Fault, Secret, Stopped};
use serde_json::{Value, json};

use crate::world::*;

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

/// The way to change a secret of the operator's own: it stands in the file.
#[tokio::test]
async fn a_secret_that_is_declared_anew_replaces_the_one_before() {
    let world = World::new().await;
    let (first, second) = (SECRET, "another-secret-0123456789-0123456789");
    let with = |secret: &str| NewClient {
        credential: ClientCredential::Secret(SecretMethod::Basic, Secret::new(secret)),
        ..declared("https://rp.test/cb")
    };
    for (secret, other) in [(first, second), (second, first)] {
        world.issuer.declare_client(with(secret)).await.unwrap();
        let form = [("token", "made up")];
        assert_eq!(world.post("revoke", Some(&basic("declared", secret)), &form).await.outcome(), "200");
        let refused = world.post("revoke", Some(&basic("declared", other)), &form).await;
        assert_eq!(refused.outcome(), "401 invalid_client");
    }
}

/// Declared again at each start, with the secret left to us: the first one stays good.
#[tokio::test]
async fn a_secret_that_was_made_here_outlives_the_next_declaration() {
    let world = World::new().await;
    let declared =
        || NewClient { client_id: Some("todos".to_owned()), ..NewClient::web("Todos", ["https://rp.test/cb"]) };
    let (first, secret) = world.issuer.declare_client(declared()).await.unwrap();
    assert!(secret.is_some());

    world.clock.advance(Duration::from_secs(60));
    let (again, secret) = world.issuer.declare_client(declared()).await.unwrap();
    assert!(secret.is_none(), "another secret would shut out whoever holds the first");
    assert_eq!(again, first, "nothing changed, so nothing is written");

    let post = NewClient { credential: ClientCredential::GeneratedSecret(SecretMethod::Post), ..declared() };
    let (other, secret) = world.issuer.declare_client(post).await.unwrap();
    assert!(secret.is_some() && other.secrets != first.secrets, "another method has a secret of its own");
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
    assert_eq!(error, Stopped::Refused(RegisterClientError::RedirectUri { uri: "http://rp.test/cb".to_owned() }));
    let error = world.issuer.register_client(declared("https://rp.test/cb")).await;
    assert!(error.is_ok());
    let error = world.issuer.register_client(declared("https://rp.test/cb")).await.unwrap_err();
    assert_eq!(error, Stopped::Refused(RegisterClientError::ClientIdTaken), "registering twice is another matter");
}

#[tokio::test]
async fn what_could_not_be_safe_is_not_registered() {
    use RegisterClientError as Error;
    let world = World::new().await;
    let web = || NewClient::web("A client", ["https://rp.test/cb"]);
    let native = |uri: &str| NewClient::native("A client", [uri]);
    let with_secret = |secret: &str| NewClient {
        credential: ClientCredential::Secret(SecretMethod::Basic, Secret::new(secret)),
        ..web()
    };
    let long = "s".repeat(257);
    for secret in [
        "",
        "short",
        "0123456789012345678901234567890",
        "with a space 01234567890123456789",
        "ä234567890123456789012345678901",
        &long,
    ] {
        assert_eq!(
            world.issuer.register_client(with_secret(secret)).await.unwrap_err(),
            Stopped::Refused(Error::Secret),
            "{secret}"
        );
    }
    for page in ["javascript:alert(1)", "data:text/html,x", "ftp://rp.test/", "//rp.test", "no page", "vbscript:x", ""]
    {
        let shown = || Some(page.to_owned());
        for client in [
            NewClient { client_uri: shown(), ..web() },
            NewClient { logo_uri: shown(), ..web() },
            NewClient { policy_uri: shown(), ..web() },
            NewClient { tos_uri: shown(), ..web() },
        ] {
            let error = world.issuer.register_client(client).await.unwrap_err();
            assert_eq!(error, Stopped::Refused(Error::ShownUri { uri: page.to_owned() }));
        }
    }
    for uri in [
        "http://10.0.0.1/cb",
        "http://192.168.1.1/cb",
        "http://127.0.0.2/cb",
        "http://0.0.0.0/cb",
        "http://[::2]/cb",
        "http://[fe80::1]/cb",
        "http://127.0.0.1.evil.test/cb",
        "http://localhost.evil.test/cb",
        "http://2130706433/cb",
        "javascript:alert(1)//",
    ] {
        let error = world.issuer.register_client(native(uri)).await.unwrap_err();
        assert_eq!(error, Stopped::Refused(Error::RedirectUri { uri: uri.to_owned() }));
    }
    let public = NewClient { grant_types: vec![GrantTypeName::ClientCredentials], ..native("com.example.app:/cb") };
    assert_eq!(
        world.issuer.register_client(public).await.unwrap_err(),
        Stopped::Refused(Error::PublicClientCredentials)
    );
    for good in [
        with_secret("01234567890123456789012345678901"),
        NewClient { client_uri: Some("https://rp.test/".to_owned()), ..web() },
        NewClient { tos_uri: Some("http://rp.test/".to_owned()), ..web() },
        native("http://127.0.0.1/cb"),
        native("http://[::1]/cb"),
        NewClient { application_type: ApplicationType::Native, ..web() },
    ] {
        world.issuer.register_client(good).await.unwrap();
    }
}

/// [RFC 6749 §A.1], [RFC 8707 §2], [RFC 9700 §4.1.3]: each member up to its bound and not beyond, and which characters it has.
///
/// [RFC 6749 §A.1]: https://www.rfc-editor.org/rfc/rfc6749#appendix-A.1
/// [RFC 8707 §2]: https://www.rfc-editor.org/rfc/rfc8707#section-2
/// [RFC 9700 §4.1.3]: https://www.rfc-editor.org/rfc/rfc9700#section-4.1.3
#[tokio::test]
async fn a_client_is_registered_within_the_bounds_of_each_member() {
    use RegisterClientError as Error;
    let world = World::new().await;
    let web = || NewClient::web("A client", ["https://rp.test/cb"]);
    let id = |id: &str| NewClient { client_id: Some(id.to_owned()), ..web() };
    let name = |name: &str| NewClient { name: name.to_owned(), ..web() };
    let to = |uri: &str| NewClient::web("A client", [uri]);
    let at = |resource: &str| NewClient { resources: vec![resource.to_owned()], ..web() };
    let by_default = |resource: &str| NewClient { default_resource: Some(resource.to_owned()), ..web() };
    let secret = |secret: &str| NewClient {
        credential: ClientCredential::Secret(SecretMethod::Basic, Secret::new(secret)),
        ..web()
    };
    let long = |start: &str, length: usize| format!("{start}{}", "a".repeat(length - start.len()));
    let mut rows = Vec::new();
    for (good, client) in [
        (true, id("a")),
        (true, id("!~")),
        (true, id(&long("", 255))),
        (false, id(&long("", 256))),
        (false, id("")),
        (false, id("a b")),
        (false, id("a:b")),
        (false, id("a\u{7f}")),
        (false, id("\u{e4}")),
    ] {
        rows.push((good, Error::ClientId, client));
    }
    for (good, client) in [
        (true, name("a")),
        (true, name(&"\u{e4}".repeat(100))),
        (false, name(&"\u{e4}".repeat(101))),
        (false, name("")),
        (false, name(" ")),
        (false, name("a\nb")),
        (false, name("a\u{85}b")),
    ] {
        rows.push((good, Error::Name, client));
    }
    for (good, uri) in [
        (true, long("https://rp.test/", 2_000)),
        (false, long("https://rp.test/", 2_001)),
        (true, "https://rp.test/.well-known/cb".to_owned()),
        (true, "https://rp.test/a..b".to_owned()),
        (false, "https://rp.test/./cb".to_owned()),
        (false, "https://rp.test/.".to_owned()),
        (false, "https://rp.test/x/../cb".to_owned()),
        (false, "https://rp.test/..".to_owned()),
        (false, "https://rp.test/\u{e4}".to_owned()),
        (false, "https://rp.test/\tcb".to_owned()),
        (false, "https://:secret@rp.test/cb".to_owned()),
    ] {
        rows.push((good, Error::RedirectUri { uri: uri.clone() }, to(&uri)));
    }
    let nowhere = || NewClient::web("A client", Vec::<String>::new());
    let machine = NewClient { grant_types: vec![GrantTypeName::ClientCredentials], ..nowhere() };
    rows.push((false, Error::RedirectUri { uri: String::new() }, nowhere()));
    rows.push((true, Error::RedirectUri { uri: String::new() }, machine));
    for (good, resource) in [
        (true, long("https://notes.test/", 500)),
        (false, long("https://notes.test/", 501)),
        (true, "urn:example:notes".to_owned()),
        (false, "notes".to_owned()),
        (false, "/notes".to_owned()),
        (false, "https://notes.test/#".to_owned()),
        (false, "https://notes.test/a b".to_owned()),
        (false, "https://notes.test/\u{e4}".to_owned()),
    ] {
        rows.push((good, Error::Resource { uri: resource.clone() }, at(&resource)));
        rows.push((good, Error::Resource { uri: resource.clone() }, by_default(&resource)));
    }
    for (good, client) in [
        (true, secret(&long("-._~", 32))),
        (false, secret(&long("-._~", 31))),
        (true, secret(&long("", 256))),
        (false, secret(&long("", 257))),
        (false, secret(&long("+", 32))),
        (false, secret(&long("\u{e4}", 32))),
    ] {
        rows.push((good, Error::Secret, client));
    }
    for (good, error, client) in rows {
        let told = format!("{client:?}");
        let outcome = world.issuer.register_client(client).await;
        assert_eq!(outcome.err(), (!good).then_some(Stopped::Refused(error)), "{told}");
    }
}

/// [RFC 7591 §2]: a client that will sign is registered with its public keys, and is no public client.
#[tokio::test]
async fn a_client_is_registered_with_public_keys_and_with_nothing_else_for_keys() {
    let world = World::new().await;
    let with = |jwks: Value| NewClient {
        credential: ClientCredential::PrivateKeyJwt(jwks),
        ..NewClient::web("A client", ["https://rp.test/cb"])
    };
    let key = json!({
        "kty": "EC", "crv": "P-256", "alg": "ES256", "kid": "1",
        "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4", "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM",
    });
    let good = json!({ "keys": [key] });
    let (client, secret) = world.issuer.register_client(with(good.clone())).await.unwrap();
    assert_eq!((client.token_endpoint_auth_method, client.jwks), (AuthMethod::PrivateKeyJwt, Some(good)));
    assert!(secret.is_none() && client.secrets.is_empty());
    let ask = [("grant_type", "refresh_token"), ("refresh_token", "x"), ("client_id", client.client_id.as_str())];
    assert_eq!(world.post("token", None, &ask).await.outcome(), "401 invalid_client");
    let mut private = key.clone();
    private["d"] = json!("870MB6gfuTJ4HtUnUvYMyJpr5eUZNP4Bk43bVdj3eAE");
    for bad in [json!({}), json!([]), json!({ "keys": "x" }), json!({ "keys": [private] })] {
        let error = world.issuer.register_client(with(bad.clone())).await.unwrap_err();
        assert_eq!(error, Stopped::Refused(RegisterClientError::Jwks), "{bad}");
    }
}

/// What cannot be the id of a client is not looked up: no store is asked for a name that it may not be able to hold.
#[tokio::test]
async fn what_cannot_be_an_id_is_nobody_without_a_look() {
    let world = World::new().await;
    let clients = StoredClients::new(&world.ports, ISSUER);
    world.switch.turn_off();
    for id in ["", "a:b", "a\0b", &"a".repeat(256)] {
        assert_eq!(clients.client(id).await, Ok(None), "{id:?}");
        assert_eq!(world.issuer.set_client_state(id, ClientState::Active).await, Ok(false), "{id:?}");
    }
    assert!(clients.client("a").await.is_err(), "the control");
    assert!(world.issuer.set_client_state("a", ClientState::Active).await.is_err(), "the control");
}

/// An operator looks through those that are served.
#[tokio::test]
async fn the_clients_that_are_served_are_listed() {
    let world = World::new().await;
    let listed = async || {
        let clients = world.issuer.active_clients().await.unwrap();
        clients.into_iter().map(|client| client.client_id).collect::<std::collections::BTreeSet<_>>()
    };
    let all = listed().await;
    assert_eq!(all.len(), world.stored("client"));
    world.issuer.set_client_state(WEB, ClientState::Suspended).await.unwrap();
    let left = listed().await;
    assert_eq!(all.difference(&left).collect::<Vec<_>>(), [WEB]);
}

/// [RFC 6749 §2.3]: a client for servers has a secret, and is nobody without it.
#[tokio::test]
async fn a_web_client_has_a_secret_and_needs_it() {
    let world = World::new().await;
    let (client, secret) =
        world.issuer.register_client(NewClient::web("A client", ["https://rp.test/cb"])).await.unwrap();
    let secret = secret.expect("a secret of its own");
    assert!(client.secrets[0].matches(&secret) && !client.is_public());
    for (secret, error) in [
        (None, "invalid_client"),
        (Some("0123456789012345678901234567890123456789012"), "invalid_client"),
        (Some(secret.expose()), "invalid_grant"),
    ] {
        let mut form =
            vec![("grant_type", "authorization_code"), ("code", "no-such-code"), ("redirect_uri", REDIRECT_URI)];
        let authorization = secret.map(|secret| basic(&client.client_id, secret));
        form.extend(authorization.is_none().then_some(("client_id", client.client_id.as_str())));
        assert_eq!(world.post("token", authorization.as_deref(), &form).await["error"], error);
    }
}

/// A client that lost a redirect URI or a resource loses it at once: while a person reads, and after.
#[tokio::test]
async fn what_is_taken_from_a_client_while_consent_is_open_is_not_granted() {
    let world = World::new().await;
    let clients = StoredClients::new(&world.ports, ISSUER);
    let known = clients.client(WEB).await.unwrap().unwrap();
    let browser = world.browser_of(&world.alice);
    let ask = Ask::web().with("resource", NOTES);
    let reading = browser.ask(&ask).await.interaction().to_owned();
    let csrf = browser.consent_view(&reading).await.csrf;
    let headers = browser.headers();
    let answer = approve(&["openid", "email"]);
    let click = async || world.issuer.decide_consent(&reading, &headers, &answer, &csrf).await;

    let moved = vec!["https://web.test/other".to_owned()];
    world.own().perform(&Put(Client { redirect_uris: moved, ..known.clone() })).await.unwrap();
    assert_eq!(click().await.unwrap_err(), Stopped::Refused(InteractionRefusal::ClientGone));
    assert_eq!(
        world.issuer.interaction(&reading, &headers).await.unwrap_err(),
        Stopped::Refused(InteractionRefusal::ClientGone)
    );
    assert_eq!(browser.ask(&ask).await, Landing::Page(400));
    assert_eq!(world.stored("authorization_code") + world.stored("grant") + world.stored("answered_interaction"), 0);

    world.own().perform(&Put(Client { resources: Vec::new(), ..known.clone() })).await.unwrap();
    assert_eq!(Landing::of(&click().await.unwrap()).error(), "invalid_target");
    assert_eq!(browser.ask(&ask).await.error(), "invalid_target");
    assert_eq!(world.stored("authorization_code") + world.stored("grant"), 0);

    // One of two is enough: nobody was asked about the other alone.
    world.own().perform(&Put(known.clone())).await.unwrap();
    let both = browser.ask(&ask.and("resource", MAIL)).await.interaction().to_owned();
    world.own().perform(&Put(Client { resources: vec![NOTES.to_owned()], ..known.clone() })).await.unwrap();
    assert_eq!(browser.resume(&both).await.error(), "invalid_target");
    assert_eq!(world.stored("authorization_code") + world.stored("grant"), 0);

    world.own().perform(&Put(known)).await.unwrap();
    browser.ask_and_approve(&Ask::web().with("resource", NOTES)).await.code();
}

/// Clients of which one is suspended after it was asked for once.
struct SuspendedMeanwhile {
    clients: StoredClients,
    asked: AtomicUsize,
}

impl SuspendedMeanwhile {
    fn serve(world: &World) -> Issuer {
        let clients =
            SuspendedMeanwhile { clients: StoredClients::new(&world.ports, ISSUER), asked: AtomicUsize::new(0) };
        let config = config(&world.ports, world.sessions.clone(), policy());
        Issuer::new(IssuerConfig { clients: Arc::new(clients), ..config }).unwrap()
    }
}

#[async_trait]
impl ClientSource for SuspendedMeanwhile {
    async fn client(&self, client_id: &str) -> Result<Option<Client>, Fault> {
        let client = self.clients.client(client_id).await?;
        let state = match self.asked.fetch_add(1, Ordering::SeqCst) {
            0 => ClientState::Active,
            _ => ClientState::Suspended,
        };
        Ok(client.map(|client| Client { state, ..client }))
    }
}

#[tokio::test]
async fn a_client_that_is_suspended_while_it_asks_gets_no_code() {
    let world = World::new().await;
    let browser = world.browser_of(&world.alice);
    browser.ask_and_approve(&Ask::web()).await.code();
    let codes = world.stored("authorization_code");
    let issuer = SuspendedMeanwhile::serve(&world);
    let ask = async || {
        let mut request = form(&Ask::web().encoded());
        request.headers_mut().extend(browser.headers());
        Landing::of(&issuer.answer(request).await.unwrap())
    };
    assert_eq!(ask().await.error(), "unauthorized_client");
    assert_eq!(ask().await, Landing::Page(400), "and from its next request on it is sent nothing");
    assert_eq!(world.stored("authorization_code"), codes);
}

/// [RFC 7662 §2.2](https://www.rfc-editor.org/rfc/rfc7662#section-2.2)
#[tokio::test]
async fn a_client_that_is_suspended_while_it_introspects_learns_nothing_of_its_refresh_token() {
    let world = World::new().await;
    let token = world.tokens(WEB).await.text("refresh_token");
    assert!(world.holds(WEB, &token).await, "the control");
    let asking = World { issuer: Arc::new(SuspendedMeanwhile::serve(&world)), ..world };
    assert_eq!(asking.introspect(WEB, &token).await, json!({ "active": false }));
}

/// The same between the consent and the token, and between one token and the next.
#[tokio::test]
async fn a_resource_that_is_taken_from_a_client_is_in_no_token_any_more() {
    let world = World::new().await;
    let known = StoredClients::new(&world.ports, ISSUER).client(SPA).await.unwrap().unwrap();
    let browser = world.browser_of(&world.alice);
    let ask = Ask::spa().with("resource", NOTES).with("scope", "openid offline_access");
    let tokens = world.redeem(SPA, browser.ask_and_approve(&ask).await.code()).await;
    let code = browser.ask(&ask).await.code().to_owned();
    world.own().perform(&Put(Client { resources: Vec::new(), ..known.clone() })).await.unwrap();
    assert_eq!(world.redeem(SPA, &code).await["error"], "invalid_target");
    assert_eq!(world.renew(&tokens).await["error"], "invalid_target");
    world.own().perform(&Put(known)).await.unwrap();
    assert!(world.renew(&tokens).await["access_token"].is_string(), "the control");
}

/// From the authorization endpoint to the token endpoint: one minute (RFC 6749 §4.1.2).
#[tokio::test]
async fn a_code_lives_as_long_as_the_policy_says_from_one_endpoint_to_the_other() {
    for lifetime in [1, 60, 600] {
        let mut policy = policy();
        policy.code_lifetime = Duration::from_secs(lifetime);
        let world = World::with_policy(policy).await;
        let browser = world.browser_of(&world.alice);
        browser.ask_and_approve(&Ask::spa()).await.code();
        for (age, error) in [(lifetime - 1, ""), (lifetime, "invalid_grant")] {
            let code = browser.ask(&Ask::spa()).await.code().to_owned();
            world.pass(age);
            let told = world.redeem(SPA, &code).await;
            assert_eq!(told["error"].as_str().unwrap_or_default(), error, "{age} of {lifetime} s");
        }
    }
}
