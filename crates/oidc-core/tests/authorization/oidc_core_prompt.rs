//! What a person is asked, and when (OIDC Core §3.1.2.1, OIDC Core §3.1.2.3, OIDC Core §3.1.2.4).

use countersign_jose::{Algorithm, SigningKey, jwt};
use countersign_oidc::client::ApplicationType;
use countersign_oidc::{InteractionPrompt, InteractionRefusal, NewClient};
use countersign_storage::{AccountState, Authentication, Stopped, Subject};
use serde_json::json;

use crate::world::*;

/// OIDC Core §3.1.2.3
#[tokio::test]
async fn a_stranger_signs_in_then_consents_then_lands_at_the_client() {
    let world = World::new().await;
    let browser = world.browser();
    let landing = browser.ask(&Ask::spa().with("login_hint", "alice@x.test")).await;
    let Landing::SignIn(id) = &landing else { panic!("{landing:?}") };
    let view = world.issuer.interaction(id, &browser.headers()).await.unwrap();
    let InteractionPrompt::SignIn(view) = view.prompt else { panic!("not asked to sign in") };
    assert_eq!((&*view.client_name, view.login_hint.as_deref()), ("The client spa", Some("alice@x.test")));
    assert_eq!(browser.resume(id).await, landing, "nothing was answered yet");
    browser.sign_in(&world.alice);
    assert_eq!(browser.resume(id).await, Landing::Consent(id.clone()));
    browser.approve(id).await.code();
    browser.ask(&Ask::spa()).await.code();
}

/// OIDC Core §3.1.2.6
#[tokio::test]
async fn prompt_none_never_shows_anything() {
    let world = World::new().await;
    let browser = world.browser();
    let none = |ask: Ask| ask.with("prompt", "none");
    assert_eq!(browser.ask(&none(Ask::web())).await.error(), "login_required");
    browser.sign_in(&world.alice);
    assert_eq!(browser.ask(&none(Ask::web())).await.error(), "consent_required");
    assert_eq!(world.stored("answered_interaction"), 0);
    browser.ask_and_approve(&Ask::web()).await.code();
    browser.ask(&none(Ask::web())).await.code();
    for (error, ask) in [
        ("consent_required", Ask::web().with("scope", "openid email profile")),
        ("consent_required", Ask::web().with("resource", NOTES)),
        ("consent_required", Ask::of(WEB, "https://web.test/other")),
        ("login_required", Ask::web().with("max_age", "0")),
    ] {
        assert_eq!(browser.ask(&none(ask)).await.error(), error);
    }
    world.pass(11);
    browser.ask(&none(Ask::web().with("max_age", "11"))).await.code();
    assert_eq!(browser.ask(&none(Ask::web().with("max_age", "10"))).await.error(), "login_required");
}

/// [OIDC Core §3.1.2.1]: `prompt=login`, `prompt=select_account`, `max_age=0` and a `max_age` that has passed ask for a sign-in
/// that happens after the request.
#[tokio::test]
async fn a_fresh_sign_in_is_asked_for_once_and_the_old_one_does_not_do() {
    for (name, value, wait) in
        [("prompt", "login", 0), ("prompt", "select_account", 5), ("max_age", "0", 0), ("max_age", "1", 2)]
    {
        let world = World::new().await;
        let browser = world.browser_of(&world.alice);
        browser.ask_and_approve(&Ask::web()).await.code();
        world.pass(wait);
        let landing = browser.ask(&Ask::web().with(name, value)).await;
        assert!(matches!(landing, Landing::SignIn(_)), "{name}={value}: {landing:?}");
        assert_eq!(browser.resume(landing.interaction()).await, landing, "the old session does not do");
        browser.sign_in(&world.alice);
        world.pass(wait);
        browser.resume(landing.interaction()).await.code();
    }
}

/// [OIDC Core §3.1.2.1]: a sign-in is told from another by itself and not by its second, also where the session stays the same.
#[tokio::test]
async fn signing_in_again_counts_within_the_second_in_which_the_request_came() {
    for (name, value) in [("prompt", "login"), ("prompt", "select_account"), ("max_age", "0")] {
        let world = World::new().await;
        let browser = world.browser_of(&world.alice);
        browser.ask_and_approve(&Ask::web()).await.code();
        for _ in 0..2 {
            let landing = browser.ask(&Ask::web().with(name, value)).await;
            assert!(matches!(landing, Landing::SignIn(_)), "{name}={value}: {landing:?}");
            assert_eq!(browser.resume(landing.interaction()).await, landing, "{name}={value}: the old one does not do");
            browser.confirm();
            browser.resume(landing.interaction()).await.code();
        }
    }
}

/// [OIDC Core §3.1.2.1]: a sign-in of exactly `max_age` seconds ago does, one of a second more does not, and how long the
/// person then reads the consent page does not matter.
#[tokio::test]
async fn max_age_is_met_to_the_second() {
    let world = World::new().await;
    let browser = world.browser_of(&world.alice);
    browser.ask_and_approve(&Ask::web()).await.code();
    world.pass(300);
    browser.ask(&Ask::web().with("max_age", "300")).await.code();
    browser.ask(&Ask::web().with("max_age", "18446744073709551615")).await.code();
    let landing = browser.ask(&Ask::web().with("max_age", "299").with("prompt", "consent")).await;
    assert!(matches!(landing, Landing::SignIn(_)), "{landing:?}");
    browser.confirm();
    assert!(matches!(browser.resume(landing.interaction()).await, Landing::Consent(_)));
    world.pass(600);
    browser.approve(landing.interaction()).await.code();
    for bad in ["-1", "+1", "1.0", "1e3", "x", "18446744073709551616"] {
        assert_eq!(browser.ask(&Ask::web().with("max_age", bad)).await.error(), "invalid_request", "{bad}");
    }
}

/// An older session of the same browser is not a fresh sign-in either.
#[tokio::test]
async fn another_old_session_is_not_a_fresh_sign_in() {
    let world = World::new().await;
    let browser = world.browser_of(&world.alice);
    let old = browser.headers();
    world.pass(10);
    browser.sign_in(&world.alice);
    let id = browser.ask(&Ask::web().with("prompt", "login")).await.interaction().to_owned();
    let mut headers = browser.headers();
    let session = |headers: &http::HeaderMap| headers[http::header::COOKIE].to_str().unwrap().to_owned();
    let mixed = session(&headers).replace("session=ses_1", &session(&old));
    headers.insert(http::header::COOKIE, mixed.parse().unwrap());
    let landing = Landing::of(&world.issuer.resume(&id, &headers).await.unwrap());
    assert_eq!(landing, Landing::SignIn(id));
}

/// OIDC Core §3.1.2.1
#[tokio::test]
async fn prompt_consent_asks_again_and_prompt_login_consent_asks_both() {
    let world = World::new().await;
    let browser = world.browser_of(&world.alice);
    browser.ask_and_approve(&Ask::web()).await.code();
    let landing = browser.ask(&Ask::web().with("prompt", "consent")).await;
    assert!(matches!(landing, Landing::Consent(_)));
    assert_eq!(browser.resume(landing.interaction()).await, landing);
    browser.approve(landing.interaction()).await.code();
    let landing = browser.ask(&Ask::web().with("prompt", "login consent")).await;
    assert!(matches!(landing, Landing::SignIn(_)));
    browser.sign_in(&world.alice);
    assert!(matches!(browser.resume(landing.interaction()).await, Landing::Consent(_)));
    browser.approve(landing.interaction()).await.code();
}

/// RFC 9700 §4.13, [RFC 8252 §8.6]: consent is remembered for exactly what was approved, and never for a client that any
/// program on the device could pose as.
#[tokio::test]
async fn consent_is_remembered_only_for_what_was_approved() {
    let world = World::new().await;
    let browser = world.browser_of(&world.alice);
    for ask in [Ask::spa(), Ask::web()] {
        browser.ask_and_approve(&ask).await.code();
        browser.ask(&ask).await.code();
        browser.ask(&ask.clone().with("scope", "openid")).await.code();
        for wider in [ask.clone().with("scope", "openid profile"), ask.clone().with("resource", NOTES)] {
            assert!(matches!(browser.ask(&wider).await, Landing::Consent(_)), "{}", wider.encoded());
        }
    }
    assert!(matches!(browser.ask(&Ask::of(WEB, "https://web.test/other")).await, Landing::Consent(_)));
    for uri in ["http://127.0.0.1/cb", "http://127.0.0.1:4711/cb", "com.example.native:/cb"] {
        for _ in 0..2 {
            let landing = browser.ask(&Ask::of(NATIVE, uri)).await;
            assert!(matches!(landing, Landing::Consent(_)), "{uri}");
            browser.approve(landing.interaction()).await.code();
        }
        assert_eq!(browser.ask(&Ask::of(NATIVE, uri).with("prompt", "none")).await.error(), "consent_required");
    }
    // Nobody can pose as a client that shows a secret, wherever it runs.
    let uri = "http://127.0.0.1/cb";
    let application_type = ApplicationType::Native;
    let local = NewClient { application_type, ..NewClient::web("A client with a secret", [uri]) };
    let (client, _) = world.issuer.register_client(local).await.unwrap();
    let ask = Ask::of(&client.client_id, uri);
    assert!(matches!(browser.ask(&ask).await, Landing::Consent(_)));
    browser.ask_and_approve(&ask).await.code();
    browser.ask(&ask).await.code();
    let bob = world.browser_of(&world.bob);
    assert!(matches!(bob.ask(&Ask::web()).await, Landing::Consent(_)), "another person's consent");
}

/// RFC 9700 §4.13
#[tokio::test]
async fn a_client_that_changed_asks_again() {
    let world = World::new().await;
    let browser = world.browser_of(&world.alice);
    browser.ask_and_approve(&Ask::web().with("scope", "openid email profile")).await.code();
    let reading = browser.ask(&Ask::web().with("prompt", "consent")).await;
    let view = browser.consent_view(reading.interaction()).await;
    world.rename(WEB, "Your bank").await;
    assert!(matches!(browser.ask(&Ask::web()).await, Landing::Consent(_)));
    // The page that still shows the old name cannot be answered.
    let answer = countersign_oidc::ConsentAnswer::Approve { scopes: vec!["openid".to_owned()] };
    let result = world.issuer.decide_consent(reading.interaction(), &browser.headers(), &answer, &view.csrf).await;
    assert_eq!(result.unwrap_err(), Stopped::Refused(InteractionRefusal::ForeignAnswer));
    // What the client was granted under its old name is not carried over.
    browser.ask_and_approve(&Ask::web().with("scope", "openid")).await.code();
    assert!(matches!(browser.ask(&Ask::web().with("scope", "openid email")).await, Landing::Consent(_)));
}

/// A disabled account is nobody.
#[tokio::test]
async fn a_disabled_account_does_not_count_as_signed_in() {
    let world = World::new().await;
    let browser = world.browser_of(&world.alice);
    let reading = browser.ask(&Ask::web()).await;
    world.people.stored.set_state(&world.alice, AccountState::Disabled).await.unwrap();
    assert!(matches!(browser.resume(reading.interaction()).await, Landing::SignIn(_)));
    assert_eq!(browser.ask(&Ask::web().with("prompt", "none")).await.error(), "login_required");
}

/// An ID token as the issuer would have made it.
fn id_token(key: &SigningKey, issuer: &str, audience: &str, subject: &Subject, issued_at: i64) -> String {
    let claims = json!({
        "iss": issuer, "aud": audience, "sub": subject.as_str(), "iat": issued_at, "exp": issued_at + 300
    });
    jwt::mint(key, jwt::Typ::IdToken, &claims).unwrap()
}

/// OIDC Core §3.1.2.1, `id_token_hint`
#[tokio::test]
async fn the_hinted_person_gets_in_silently_and_nobody_else() {
    let world = World::new().await;
    let keys = world.issuer.signing_keys();
    keys.ensure(&[Algorithm::EdDSA]).await.unwrap();
    let key = keys.current(Algorithm::EdDSA).await.unwrap();
    let foreign = SigningKey::generate(Algorithm::EdDSA).unwrap().with_kid(key.kid());
    let browser = world.browser_of(&world.alice);
    browser.ask_and_approve(&Ask::web()).await.code();
    let now = NOW.as_secs();
    let good = id_token(&key, ISSUER, WEB, &world.alice, now);
    let expired = id_token(&key, ISSUER, WEB, &world.alice, now - 86_400);
    for hint in [&good, &expired] {
        let ask = Ask::web().with("id_token_hint", hint);
        browser.ask(&ask).await.code();
        browser.ask(&ask.with("prompt", "none")).await.code();
    }
    let access_token = {
        let claims = json!({
            "iss": ISSUER, "aud": WEB, "sub": "usr_alice", "iat": now, "exp": now + 300, "jti": "1", "client_id": WEB
        });
        jwt::mint(&key, jwt::Typ::AccessToken, &claims).unwrap()
    };
    for (why, hint) in [
        ("somebody else", id_token(&key, ISSUER, WEB, &world.bob, now)),
        ("another client's", id_token(&key, ISSUER, SPA, &world.alice, now)),
        ("another issuer's", id_token(&key, "https://evil.test", WEB, &world.alice, now)),
        ("another key", id_token(&foreign, ISSUER, WEB, &world.alice, now)),
        ("from the future", id_token(&key, ISSUER, WEB, &world.alice, now + 3_600)),
        ("an access token", access_token),
        ("no token", "x.y.z".to_owned()),
    ] {
        let ask = Ask::web().with("id_token_hint", &hint);
        assert_eq!(browser.ask(&ask.clone().with("prompt", "none")).await.error(), "login_required", "{why}");
        let landing = browser.ask(&ask).await;
        assert!(matches!(landing, Landing::SignIn(_)), "{why}");
        // A hint that names nobody keeps nobody out who shows who they are.
        let outcome = if why == "somebody else" { "login_required" } else { "" };
        browser.confirm();
        assert_eq!(browser.resume(landing.interaction()).await.error(), outcome, "{why}");
    }
    // Whoever signs in, it must be the one who was named.
    let hint = id_token(&key, ISSUER, WEB, &world.bob, now);
    let id = browser.ask(&Ask::web().with("id_token_hint", &hint)).await.interaction().to_owned();
    browser.sign_in(&world.alice);
    assert_eq!(browser.resume(&id).await.error(), "login_required");
    let id = browser.ask(&Ask::web().with("id_token_hint", &hint)).await.interaction().to_owned();
    browser.sign_in(&world.bob);
    browser.ask_and_approve(&Ask::web()).await.code();
    browser.resume(&id).await.code();
}

/// OIDC Core §5.5.1
#[tokio::test]
async fn a_demanded_subject_is_honoured_or_refused() {
    let world = World::new().await;
    let browser = world.browser_of(&world.alice);
    browser.ask_and_approve(&Ask::web()).await.code();
    for place in ["id_token", "userinfo"] {
        let demand = |who: &str| Ask::web().with("claims", &json!({ place: { "sub": { "value": who } } }).to_string());
        browser.ask(&demand("usr_alice")).await.code();
        assert_eq!(browser.ask(&demand("usr_bob").with("prompt", "none")).await.error(), "login_required");
        let id = browser.ask(&demand("usr_bob")).await.interaction().to_owned();
        browser.sign_in(&world.alice);
        assert_eq!(browser.resume(&id).await.error(), "login_required");
    }
}

/// OIDC Core §5.5.1: both places may name somebody, and then the same.
#[tokio::test]
async fn two_demanded_subjects_are_one_or_are_refused() {
    let world = World::new().await;
    let browser = world.browser_of(&world.alice);
    browser.ask_and_approve(&Ask::web()).await.code();
    let demand = |one: &str, other: &str| {
        let claims = json!({ "id_token": { "sub": { "value": one } }, "userinfo": { "sub": { "value": other } } });
        Ask::web().with("claims", &claims.to_string())
    };
    browser.ask(&demand("usr_alice", "usr_alice")).await.code();
    for (one, other) in [("usr_alice", "usr_bob"), ("usr_bob", "usr_alice")] {
        assert_eq!(browser.ask(&demand(one, other)).await.error(), "invalid_request", "{one}, {other}");
    }
}

/// OIDC Core §5.5.1.1: the class of the sign-in is one of those that are named.
#[tokio::test]
async fn an_essential_acr_is_met_by_one_of_the_classes_and_by_no_other() {
    let world = World::new().await;
    let browser = world.browser_of(&world.alice);
    browser.ask_and_approve(&Ask::web()).await.code();
    let met = Authentication::asserted(world.alice.clone(), "ses_phr", NOW, vec!["hwk".to_owned()]).with_acr("phr");
    world.sessions.alive.lock().unwrap().insert("ses_phr".to_owned(), met);
    browser.set_cookie("session", "ses_phr");
    for (acr, error) in [
        (json!({ "essential": true, "value": "phr" }), ""),
        (json!({ "essential": true, "values": ["phrh", "phr"] }), ""),
        (json!({ "essential": true, "values": ["phrh"] }), "unmet_authentication_requirements"),
        (json!({ "essential": true, "value": "PHR" }), "unmet_authentication_requirements"),
    ] {
        let ask = Ask::web().with("claims", &json!({ "id_token": { "acr": acr } }).to_string());
        assert_eq!(browser.ask(&ask).await.error(), error, "{acr}");
    }
}

/// OIDC Core §5.5.1.1
#[tokio::test]
async fn an_essential_acr_that_is_not_met_is_an_error_and_a_voluntary_one_is_not() {
    let world = World::new().await;
    let browser = world.browser_of(&world.alice);
    browser.ask_and_approve(&Ask::web()).await.code();
    let ask = |acr: serde_json::Value| Ask::web().with("claims", &json!({ "id_token": { "acr": acr } }).to_string());
    let essential = browser.ask(&ask(json!({ "essential": true, "values": ["phr"] }))).await;
    assert_eq!(essential.error(), "unmet_authentication_requirements");
    browser.ask(&ask(json!({ "values": ["phr"] }))).await.code();
    browser.ask(&ask(json!({ "essential": true }))).await.code();
}

/// [OIDC Core §5.5.1.1]: an essential `acr` that cannot be read is refused, and not taken for none.
#[tokio::test]
async fn an_essential_acr_that_can_not_be_read_is_refused() {
    let world = World::new().await;
    let browser = world.browser_of(&world.alice);
    for acr in [
        json!({ "essential": true, "values": [] }),
        json!({ "essential": true, "values": "phr" }),
        json!({ "essential": true, "values": [1] }),
        json!({ "essential": true, "values": [null, "phr"] }),
        json!({ "essential": true, "value": 1 }),
    ] {
        let ask = Ask::web().with("claims", &json!({ "id_token": { "acr": acr } }).to_string());
        assert_eq!(browser.ask(&ask).await.error(), "invalid_request", "{acr}");
    }
}
