//! Interactions: one browser, one person, what was shown, once.

use std::sync::Arc;

use countersign_oidc::{ConsentAnswer, InteractionPrompt, InteractionRefusal, Issuer, NewClient};
use countersign_storage::{Secret, Stopped};
use http::{HeaderMap, header};

use crate::world::*;

/// The page shows what is asked for, from the stored request, and who would get it.
#[tokio::test]
async fn the_consent_page_shows_exactly_what_is_asked() {
    let world = World::new().await;
    let browser = world.browser_of(&world.alice);
    let id = browser.ask(&Ask::spa().with("scope", "email openid email")).await.interaction().to_owned();
    let view = browser.consent_view(&id).await;
    let scopes: Vec<_> = view.scopes.iter().map(|scope| (&*scope.name, &*scope.description)).collect();
    assert_eq!(scopes, [("email", "See your e-mail address"), ("openid", "Know that it is you")]);
    assert_eq!((&*view.client_id, &*view.client_name), (SPA, "The client spa"));
    assert_eq!((&*view.redirect_host, &*view.redirect_source), ("rp.test", "https://rp.test"));
    assert_eq!((view.account.subject.as_str(), &*view.account.email), ("usr_alice", "alice@x.test"));
}

/// Where it leads: the host of a web page, the scheme of an application, which belongs to whoever takes it.
#[tokio::test]
async fn the_consent_page_says_where_the_answer_goes() {
    let world = World::new().await;
    let browser = world.browser_of(&world.alice);
    for (uri, host, source) in [
        ("https://rp.test/cb", "rp.test", "https://rp.test"),
        ("https://rp.test:8443/cb", "rp.test", "https://rp.test:8443"),
        ("http://127.0.0.1/cb", "127.0.0.1", "http://127.0.0.1"),
        ("http://localhost:4711/cb", "localhost", "http://localhost:4711"),
        ("com.example.native:/cb", "com.example.native", "com.example.native:"),
        ("com.example.native://bank.test/cb", "com.example.native", "com.example.native:"),
    ] {
        let (client, _) = world.issuer.register_client(NewClient::native("A client", [uri])).await.unwrap();
        let id = browser.ask(&Ask::of(&client.client_id, uri)).await.interaction().to_owned();
        let view = browser.consent_view(&id).await;
        assert_eq!((&*view.redirect_host, &*view.redirect_source), (host, source), "{uri}");
    }
}

/// The code holds requested ∩ registered ∩ approved.
#[tokio::test]
async fn exactly_what_was_approved_is_granted() {
    let world = World::new().await;
    let browser = world.browser_of(&world.alice);
    let id = browser.ask(&Ask::spa().with("scope", "openid email profile")).await.interaction().to_owned();
    let csrf = browser.consent_view(&id).await.csrf;
    let response =
        world.issuer.decide_consent(&id, &browser.headers(), &approve(&["openid", "email"]), &csrf).await.unwrap();
    Landing::of(&response).code();
    let code = world.store.dump().into_iter().find(|entry| entry.key.kind.as_str() == "authorization_code").unwrap();
    let code: serde_json::Value = serde_json::from_str(&code.body).unwrap();
    assert_eq!(code["scopes"], "openid email");
    let granted = world.issuer.grants(&world.alice).await.unwrap();
    let names: Vec<_> = granted[0].scopes.iter().map(|scope| scope.name.as_str()).collect();
    assert_eq!(names, ["openid", "email"]);
}

#[tokio::test]
async fn a_widened_altered_or_foreign_answer_changes_nothing() {
    let world = World::new().await;
    let browser = world.browser_of(&world.alice);
    let id = browser.ask(&Ask::spa()).await.interaction().to_owned();
    let other = browser.ask(&Ask::spa().with("scope", "openid profile")).await.interaction().to_owned();
    let csrf = browser.consent_view(&id).await.csrf;
    let csrf_of_other = browser.consent_view(&other).await.csrf;
    let before = world.store.dump().len();
    let good = approve(&["openid", "email"]);
    let bob = world.browser_of(&world.bob);
    let bobs = bob.ask(&Ask::spa()).await.interaction().to_owned();
    let csrf_of_bob = bob.consent_view(&bobs).await.csrf;
    let no_cookie = {
        let mut headers = HeaderMap::new();
        let session = format!("session={}", browser.cookie("session").unwrap());
        headers.insert(header::COOKIE, session.parse().unwrap());
        headers
    };
    let twice = {
        let mut headers = browser.headers();
        let value = headers[header::COOKIE].to_str().unwrap().to_owned();
        headers.insert(header::COOKIE, format!("{value}; {value}").parse().unwrap());
        headers
    };
    for (why, id, headers, answer, csrf, refusal) in [
        (
            "a scope that was not asked for",
            &id,
            browser.headers(),
            approve(&["openid", "profile"]),
            &csrf,
            InteractionRefusal::Widened,
        ),
        (
            "a scope that is not registered",
            &id,
            browser.headers(),
            approve(&["openid", "admin"]),
            &csrf,
            InteractionRefusal::Widened,
        ),
        ("no ticket", &id, browser.headers(), good.clone(), &Secret::new(""), InteractionRefusal::ForeignAnswer),
        ("another ticket", &id, browser.headers(), good.clone(), &csrf_of_other, InteractionRefusal::ForeignAnswer),
        (
            "another person's ticket",
            &id,
            browser.headers(),
            good.clone(),
            &csrf_of_bob,
            InteractionRefusal::ForeignAnswer,
        ),
        (
            "a denial without a ticket",
            &id,
            browser.headers(),
            ConsentAnswer::Deny,
            &Secret::new("x"),
            InteractionRefusal::ForeignAnswer,
        ),
        ("another browser", &id, bob.headers(), good.clone(), &csrf, InteractionRefusal::Unknown),
        ("no browser cookie", &id, no_cookie.clone(), good.clone(), &csrf, InteractionRefusal::Unknown),
        ("two browser cookies", &id, twice, good.clone(), &csrf, InteractionRefusal::Unknown),
        ("an unknown id", &"int_x".to_owned(), browser.headers(), good.clone(), &csrf, InteractionRefusal::Unknown),
        ("a very long id", &"x".repeat(9_999), browser.headers(), good.clone(), &csrf, InteractionRefusal::Unknown),
    ] {
        let result = world.issuer.decide_consent(id, &headers, &answer, csrf).await;
        assert_eq!(result.unwrap_err(), Stopped::Refused(refusal), "{why}");
    }
    assert_eq!(world.store.dump().len(), before, "nothing was written");
    assert_eq!(world.stored("grant") + world.stored("authorization_code"), 0);
    // The control: after all that, the good answer still works.
    let response = world.issuer.decide_consent(&id, &browser.headers(), &good, &csrf).await.unwrap();
    Landing::of(&response).code();
}

/// Login CSRF: an interaction goes on in the browser that began it, and nowhere else.
#[tokio::test]
async fn an_interaction_is_invisible_to_another_browser() {
    let world = World::new().await;
    let attacker = world.browser_of(&world.bob);
    let id = attacker.ask(&Ask::spa()).await.interaction().to_owned();
    let victim = world.browser_of(&world.alice);
    victim.ask(&Ask::web()).await;
    for headers in [victim.headers(), world.browser().headers()] {
        assert_eq!(
            world.issuer.interaction(&id, &headers).await.unwrap_err(),
            Stopped::Refused(InteractionRefusal::Unknown)
        );
        assert_eq!(
            world.issuer.resume(&id, &headers).await.unwrap_err(),
            Stopped::Refused(InteractionRefusal::Unknown)
        );
    }
}

/// A consent that was shown to one person does not count for the next who signs in on the same browser.
#[tokio::test]
async fn an_answer_belongs_to_the_person_to_whom_the_page_was_shown() {
    let world = World::new().await;
    let browser = world.browser_of(&world.alice);
    let id = browser.ask(&Ask::spa()).await.interaction().to_owned();
    let csrf = browser.consent_view(&id).await.csrf;
    browser.sign_in(&world.bob);
    let result = world.issuer.decide_consent(&id, &browser.headers(), &approve(&["openid"]), &csrf).await;
    assert_eq!(result.unwrap_err(), Stopped::Refused(InteractionRefusal::ForeignAnswer));
    browser.sign_out();
    let response = world.issuer.decide_consent(&id, &browser.headers(), &approve(&["openid"]), &csrf).await.unwrap();
    assert_eq!(Landing::of(&response), Landing::SignIn(id));
    assert_eq!(world.stored("grant"), 0);
}

#[tokio::test]
async fn an_interaction_is_answered_once_and_expires() {
    let world = World::new().await;
    let browser = world.browser_of(&world.alice);
    let approved = browser.ask(&Ask::spa()).await.interaction().to_owned();
    let denied = browser.ask(&Ask::web()).await.interaction().to_owned();
    let late = browser.ask(&Ask::web()).await.interaction().to_owned();
    let csrf_of_approved = browser.consent_view(&approved).await.csrf;
    let csrf_of_denied = browser.consent_view(&denied).await.csrf;
    let csrf_of_late = browser.consent_view(&late).await.csrf;
    browser.approve(&approved).await.code();
    let headers = browser.headers();
    let response = world.issuer.decide_consent(&denied, &headers, &ConsentAnswer::Deny, &csrf_of_denied).await.unwrap();
    let landing = Landing::of(&response);
    assert_eq!((landing.error(), landing.param("code")), ("access_denied", ""));
    world.pass(60);
    for (id, csrf) in [(&approved, &csrf_of_approved), (&denied, &csrf_of_denied)] {
        for answer in [approve(&["openid"]), ConsentAnswer::Deny] {
            let result = world.issuer.decide_consent(id, &headers, &answer, csrf).await;
            assert_eq!(result.unwrap_err(), Stopped::Refused(InteractionRefusal::Finished));
        }
        assert_eq!(
            world.issuer.resume(id, &headers).await.unwrap_err(),
            Stopped::Refused(InteractionRefusal::Finished)
        );
        assert_eq!(
            world.issuer.interaction(id, &headers).await.unwrap_err(),
            Stopped::Refused(InteractionRefusal::Finished)
        );
    }
    world.pass(1_739);
    assert!(world.issuer.interaction(&late, &headers).await.is_ok());
    world.pass(1);
    let result = world.issuer.decide_consent(&late, &headers, &approve(&["openid"]), &csrf_of_late).await;
    assert_eq!(result.unwrap_err(), Stopped::Refused(InteractionRefusal::Expired));
    assert_eq!(world.stored("authorization_code"), 1);
}

#[tokio::test]
async fn approving_nothing_is_a_denial_that_leaves_no_grant() {
    let world = World::new().await;
    let browser = world.browser_of(&world.alice);
    let id = browser.ask(&Ask::spa()).await.interaction().to_owned();
    let csrf = browser.consent_view(&id).await.csrf;
    let response = world.issuer.decide_consent(&id, &browser.headers(), &approve(&[]), &csrf).await.unwrap();
    assert_eq!(Landing::of(&response).error(), "access_denied");
    assert_eq!(world.stored("grant"), 0);
}

/// Of many answers at once exactly one counts; whoever gave the same is sent to the same place, the others learn that it is
/// over.
#[tokio::test(flavor = "multi_thread", worker_threads = 8)]
async fn sixty_four_answers_at_once_make_one_code() {
    for round in 0..8 {
        let world = Arc::new(World::new().await);
        let browser = world.browser_of(&world.alice);
        let id = browser.ask(&Ask::spa()).await.interaction().to_owned();
        let csrf = browser.consent_view(&id).await.csrf;
        let headers = browser.headers();
        let answers: Vec<_> = (0..64)
            .map(|nth| {
                let (world, id, headers, csrf) = (world.clone(), id.clone(), headers.clone(), csrf.clone());
                let answer = if nth % 8 == 7 { ConsentAnswer::Deny } else { approve(&["openid"]) };
                tokio::spawn(async move { world.issuer.decide_consent(&id, &headers, &answer, &csrf).await })
            })
            .collect();
        let mut answered = Vec::new();
        for answer in answers {
            match answer.await.unwrap() {
                Ok(response) => answered.push(Landing::of(&response)),
                Err(error) => assert_eq!(error, Stopped::Refused(InteractionRefusal::Finished)),
            }
        }
        assert!(answered.iter().all(|landing| *landing == answered[0]), "round {round}");
        let codes = usize::from(answered[0].error().is_empty());
        assert_eq!(answered.len(), if codes == 1 { 56 } else { 8 }, "round {round}");
        assert_eq!(world.stored("authorization_code"), codes);
        assert_eq!(world.stored("grant"), codes);
    }
}

/// Two tabs of one browser do not disturb each other.
#[tokio::test]
async fn one_browser_can_be_in_several_interactions() {
    let world = World::new().await;
    let browser = world.browser_of(&world.alice);
    let first = browser.ask(&Ask::spa()).await.interaction().to_owned();
    let cookie = browser.cookie("__Host-countersign-interaction");
    let second = browser.ask(&Ask::web()).await.interaction().to_owned();
    assert_eq!(browser.cookie("__Host-countersign-interaction"), cookie);
    browser.approve(&second).await.code();
    browser.approve(&first).await.code();
}

/// The cookie is no plain name in the store, not readable by scripts, and bound to the host.
#[tokio::test]
async fn the_browser_cookie_is_a_host_cookie_and_stored_as_a_hash() {
    let world = World::new().await;
    let browser = world.browser();
    let uri = format!("/api/auth/oauth2/authorize?{}", Ask::spa().encoded());
    let response = browser.send(http::Request::builder().uri(uri).body(bytes::Bytes::new()).unwrap()).await;
    let cookie = response.headers()[header::SET_COOKIE].to_str().unwrap();
    let secret = browser.cookie("__Host-countersign-interaction").unwrap();
    assert_eq!(
        cookie,
        format!("__Host-countersign-interaction={secret}; Max-Age=1800; Path=/; Secure; HttpOnly; SameSite=Lax")
    );
    for entry in world.store.dump() {
        assert!(!entry.body.contains(&secret), "{entry:?}");
    }
    // A cookie that somebody made up is not taken over.
    browser.sign_in(&world.alice);
    let mut request = http::Request::builder();
    request = request.uri(format!("/api/auth/oauth2/authorize?{}", Ask::spa().encoded()));
    let request =
        request.header(header::COOKIE, "__Host-countersign-interaction=short").body(bytes::Bytes::new()).unwrap();
    let response = countersign_storage::Endpoints::answer(world.issuer.as_ref(), request).await.unwrap();
    assert!(!response.headers()[header::SET_COOKIE].to_str().unwrap().contains("=short"));
}

/// After everything is answered elsewhere there is nothing left to show.
#[tokio::test]
async fn a_page_that_is_shown_late_has_nothing_to_ask() {
    let world = World::new().await;
    let browser = world.browser_of(&world.alice);
    let waiting = browser.ask(&Ask::web()).await.interaction().to_owned();
    browser.ask_and_approve(&Ask::web()).await.code();
    let view = world.issuer.interaction(&waiting, &browser.headers()).await.unwrap();
    assert!(matches!(view.prompt, InteractionPrompt::Nothing));
    browser.resume(&waiting).await.code();
}

/// A browser that is asked nothing needs no cookie to be known again.
#[tokio::test]
async fn a_browser_that_is_asked_nothing_gets_no_cookie() {
    let world = World::new().await;
    world.browser_of(&world.alice).ask_and_approve(&Ask::web()).await.code();
    let browser = world.browser_of(&world.alice);
    browser.ask(&Ask::web()).await.code();
    browser.ask(&Ask::web().with("scope", "admin")).await.error();
    assert_eq!(browser.cookie("__Host-countersign-interaction"), None);
    browser.ask(&Ask::web().with("prompt", "consent")).await.interaction();
    assert!(browser.cookie("__Host-countersign-interaction").is_some());
}

/// The pages are paths of the issuer's origin, to which `?interaction=` is added.
#[tokio::test]
async fn a_page_that_is_no_plain_path_is_refused() {
    let world = World::new().await;
    let started = |sign_in: &str, consent: &str| {
        let mut config = config(&world.ports, world.sessions.clone(), policy());
        config.pages.sign_in = sign_in.to_owned();
        config.pages.consent = consent.to_owned();
        Issuer::new(config).map(|_| ())
    };
    assert_eq!(started("/a", "/b/c"), Ok(()));
    for bad in ["", "sign-in", "https://evil.test/", "//evil.test/", "/\\evil.test/", "/a?b=c", "/a#b"] {
        let error = countersign_oidc::ConfigError::Page(bad.to_owned());
        assert_eq!(started(bad, "/consent"), Err(error.clone()), "{bad}");
        assert_eq!(started("/sign-in", bad), Err(error), "{bad}");
    }
}

/// On loopback there is no TLS, so no `Secure` and no `__Host-`.
#[tokio::test]
async fn on_loopback_the_cookie_has_a_plain_name() {
    let world = World::new().await;
    let loopback = "http://localhost:3000/api/auth";
    let config = config_of(loopback, &world.ports, world.sessions.clone(), policy());
    let issuer = countersign_oidc::Issuer::new(config).unwrap();
    register_clients(&issuer).await;
    let uri = format!("/api/auth/oauth2/authorize?{}", Ask::spa().encoded());
    let request = http::Request::builder().uri(uri).body(bytes::Bytes::new()).unwrap();
    let response = countersign_storage::Endpoints::answer(&issuer, request).await.unwrap();
    let cookie = response.headers()[header::SET_COOKIE].to_str().unwrap();
    assert!(cookie.starts_with("countersign-interaction=") && !cookie.contains("Secure"), "{cookie}");
    let location = response.headers()[header::LOCATION].to_str().unwrap();
    assert!(location.starts_with("http://localhost:3000/sign-in?interaction="), "{location}");
}
