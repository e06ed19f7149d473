//! The authorization request (RFC 6749 §4.1.1) and its redirect URI (RFC 6749 §3.1.2, RFC 8252 §7.3, RFC 9700 §2.1).

use bytes::Bytes;
use countersign_oidc::{ClientState, InteractionRefusal, NewClient};
use countersign_storage::Stopped;
use http::{Method, Request, header};

use crate::world::*;

/// RFC 6749 §4.1.2
#[tokio::test]
async fn a_good_request_ends_in_a_code_with_the_state_unchanged() {
    let world = World::new().await;
    let browser = world.browser_of(&world.alice);
    let state = "ab c%&=+/~ü".repeat(12);
    for landing in [
        browser.ask_and_approve(&Ask::web().with("state", &state)).await,
        browser.post(&Ask::web().with("state", &state)).await,
    ] {
        assert_eq!(landing.code().len(), 43);
        assert_eq!(landing.param("state"), state);
        assert!(matches!(landing, Landing::Client(to, _) if to == "https://web.test/cb"));
    }
    assert_eq!(world.stored("authorization_code"), 2);
}

/// [RFC 6749 §3.1.2.4]: until the redirect URI is proven, nobody is redirected and nothing is stored.
#[tokio::test]
async fn nobody_is_redirected_to_a_place_that_the_client_did_not_register() {
    let world = World::new().await;
    let browser = world.browser_of(&world.alice);
    let spa = |uri: &str| Ask::of(SPA, uri);
    let before = world.store.dump().len();
    for (why, ask) in [
        ("another path", spa("https://rp.test/cb/")),
        ("a query", spa("https://rp.test/cb?next=https://evil.test")),
        ("a fragment", spa("https://rp.test/cb#x")),
        ("a longer host", spa("https://rp.test.evil.test/cb")),
        ("credentials", spa("https://rp.test@evil.test/cb")),
        ("dot segments", spa("https://rp.test/x/../cb")),
        ("encoded letters", spa("https://rp.test/%63b")),
        ("another case", spa("https://RP.test/cb")),
        ("the default port", spa("https://rp.test:443/cb")),
        ("another scheme", spa("http://rp.test/cb")),
        ("a leading space", spa(" https://rp.test/cb")),
        ("the right one and then another", Ask::spa().and("redirect_uri", "https://evil.test/cb")),
        ("another and then the right one", spa("https://evil.test/cb").and("redirect_uri", "https://rp.test/cb")),
        ("the right one twice", Ask::spa().and("redirect_uri", "https://rp.test/cb")),
        ("none, of one", Ask::spa().without("redirect_uri")),
        ("none, of several", Ask::web().without("redirect_uri")),
        ("an empty one", spa("")),
        ("another client's", Ask::of(SPA, "https://web.test/cb")),
        ("an unknown client", Ask::of("nobody", "https://rp.test/cb")),
        ("no client", Ask::spa().without("client_id")),
        ("two clients", Ask::spa().and("client_id", WEB)),
        ("the client twice", Ask::spa().and("client_id", SPA)),
        ("a registered query left out", Ask::of(WEB, "https://web.test/q")),
        ("a registered query with more", Ask::of(WEB, "https://web.test/q?a=b&c=d")),
        ("loopback: another path", Ask::of(NATIVE, "http://127.0.0.1:51004/other")),
        ("loopback: a query", Ask::of(NATIVE, "http://127.0.0.1:51004/cb?x")),
        ("loopback: another loopback host", Ask::of(NATIVE, "http://127.0.0.2:51004/cb")),
        ("loopback: a port that is none", Ask::of(NATIVE, "http://127.0.0.1:99999/cb")),
        ("loopback: an empty port", Ask::of(NATIVE, "http://127.0.0.1:/cb")),
        ("loopback: a host behind credentials", Ask::of(NATIVE, "http://127.0.0.1:1@evil.test/cb")),
        ("loopback: https", Ask::of(NATIVE, "https://127.0.0.1:51004/cb")),
        ("loopback: a longer host", Ask::of(NATIVE, "http://127.0.0.1.evil.test/cb")),
        ("loopback: a web client", Ask::of(WEB_ON_LOOPBACK, "http://127.0.0.1:51004/cb")),
        ("a scheme of its own, longer", Ask::of(NATIVE, "com.example.native:/cb/x")),
    ] {
        assert_eq!(browser.ask(&ask).await, Landing::Page(400), "{why}");
        assert_eq!(browser.post(&ask).await, Landing::Page(400), "{why}, posted");
    }
    assert_eq!(world.store.dump().len(), before, "something was stored");
}

/// RFC 8252 §7.3, [RFC 6749 §3.1.2]: the controls of the table above.
#[tokio::test]
async fn a_registered_redirect_uri_is_matched_exactly_and_on_loopback_with_any_port() {
    let world = World::new().await;
    let browser = world.browser_of(&world.alice);
    for (client, uri) in [
        (SPA, "https://rp.test/cb"),
        (WEB, "https://web.test/other"),
        (WEB_ON_LOOPBACK, "http://127.0.0.1/cb"),
        (NATIVE, "http://127.0.0.1/cb"),
        (NATIVE, "http://127.0.0.1:51004/cb"),
        (NATIVE, "http://localhost:8080/cb"),
        (NATIVE, "com.example.native:/cb"),
    ] {
        let landing = browser.ask_and_approve(&Ask::of(client, uri)).await;
        landing.code();
        assert!(matches!(&landing, Landing::Client(to, _) if to == uri), "{landing:?}");
    }
    let landing = browser.ask_and_approve(&Ask::of(WEB, "https://web.test/q?a=b")).await;
    landing.code();
    assert_eq!(landing.param("a"), "b", "the registered query stays");
}

/// [RFC 6749 §3.1.2]: the answer is added to the registered query, as one more parameter or as the first.
#[tokio::test]
async fn the_answer_is_added_to_the_query_of_the_redirect_uri() {
    let world = World::new().await;
    let browser = world.browser();
    for (registered, start) in [
        ("https://rp.test/cb", "https://rp.test/cb?error="),
        ("https://rp.test/cb?", "https://rp.test/cb?error="),
        ("https://rp.test/cb?a=b", "https://rp.test/cb?a=b&error="),
        ("https://rp.test/cb?a=b?", "https://rp.test/cb?a=b?&error="),
    ] {
        let (client, _) = world.issuer.register_client(NewClient::web("A client", [registered])).await.unwrap();
        let ask = Ask::of(&client.client_id, registered).with("prompt", "none").encoded();
        let request = Request::builder().uri(format!("/api/auth/oauth2/authorize?{ask}")).body(Bytes::new()).unwrap();
        let response = browser.send(request).await;
        let location = response.headers()[header::LOCATION].to_str().unwrap();
        assert!(location.starts_with(start), "{location}");
    }
}

/// [RFC 6749 §4.1.2.1]: a fault of ours goes to the client, too, once it is known: whether it passes, and no more.
#[tokio::test]
async fn a_fault_of_ours_is_told_to_the_client() {
    for (error, transient) in [("temporarily_unavailable", true), ("server_error", false)] {
        let world = World::new().await;
        let browser = world.browser_of(&world.alice);
        if transient {
            let store = world.switch.clone();
            world.meanwhile(async move { store.turn_off() });
        } else {
            world.rewrite("account", |account| account["name"] = serde_json::json!(7)).await;
        }
        let landing = browser.ask(&Ask::web()).await;
        assert_eq!(landing.error(), error, "{landing:?}");
        assert_eq!((landing.param("state"), landing.param("iss")), ("st-1", ISSUER));
        assert_eq!(landing.param("error_description"), "Something went wrong on our side.");
    }
}

/// [RFC 6749 §4.1.2.1]: every other mistake goes to the client, and leaves nothing behind.
#[tokio::test]
async fn a_bad_parameter_is_reported_to_the_client() {
    let world = World::new().await;
    let browser = world.browser_of(&world.alice);
    let spa = Ask::spa;
    let before = world.store.dump().len();
    for (error, ask) in [
        ("invalid_request", spa().without("response_type")),
        ("unsupported_response_type", spa().with("response_type", "token")),
        ("unsupported_response_type", spa().with("response_type", "code id_token")),
        ("unsupported_response_type", spa().with("response_type", "code code")),
        ("unsupported_response_type", spa().with("response_type", "none")),
        ("invalid_request", spa().with("response_mode", "fragment")),
        ("invalid_request", spa().with("response_mode", "form_post")),
        ("invalid_scope", spa().without("scope")),
        ("invalid_scope", spa().with("scope", "openid admin")),
        ("invalid_scope", spa().with("scope", "openid unknown")),
        ("invalid_scope", spa().with("scope", "openid  email")),
        ("invalid_scope", spa().with("scope", "openid \"email\"")),
        ("invalid_request", spa().and("scope", "openid")),
        ("invalid_request", spa().and("nonce", "n-2")),
        ("invalid_request", spa().and("code_challenge", CHALLENGE)),
        ("invalid_request", spa().and("x", "1").and("x", "2")),
        ("invalid_request", spa().with("prompt", "none login")),
        ("invalid_request", spa().with("prompt", "dance")),
        ("invalid_request", spa().with("max_age", "-1")),
        ("invalid_request", spa().with("max_age", "soon")),
        ("invalid_request", spa().with("max_age", "99999999999999999999")),
        ("invalid_request", spa().with("claims", "{")),
        ("invalid_request", spa().with("claims", "[]")),
        ("invalid_request", spa().with("claims", r#"{"id_token":{},"id_token":{}}"#)),
        ("invalid_request", spa().with("claims", r#"{"id_token":{"sub":{"value":7}}}"#)),
        ("request_not_supported", spa().with("request", "eyJhbGciOiJub25lIn0.e30.")),
        ("request_uri_not_supported", spa().with("request_uri", "https://evil.test/o")),
        ("invalid_request", spa().with("request_uri", "https://evil.test/o").with("request", "x")),
        ("registration_not_supported", spa().with("registration", "{}")),
        ("unauthorized_client", Ask::of(MACHINE, "https://machine.test/cb")),
    ] {
        let landing = browser.ask(&ask).await;
        assert_eq!(landing.error(), error, "{}", ask.encoded());
        assert_eq!(landing.param("state"), "st-1");
        assert_eq!(landing.param("code"), "");
        assert_eq!(browser.post(&ask).await, landing);
    }
    let twice = browser.ask(&spa().and("state", "st-2")).await;
    assert_eq!((twice.error(), twice.param("state")), ("invalid_request", ""));
    assert_eq!(world.store.dump().len(), before, "something was stored");
}

/// [OIDC Core §3.1.2.1]: what may be ignored is ignored; [RFC 6749 §3.1]: a parameter without a value is none.
#[tokio::test]
async fn unknown_and_advisory_parameters_are_tolerated() {
    let world = World::new().await;
    let browser = world.browser_of(&world.alice);
    browser.ask_and_approve(&Ask::web()).await.code();
    for (name, value) in [
        ("display", "popup"),
        ("ui_locales", "de en"),
        ("claims_locales", "de"),
        ("acr_values", "phr"),
        ("login_hint", "alice@x.test"),
        ("id_token_hint", ""),
        ("response_mode", "query"),
        ("claims", r#"{"userinfo":{"name":{"essential":true}},"id_token":{"auth_time":null}}"#),
        ("max_age", "10000"),
        ("prompt", "none none"),
        ("audience", "x"),
        ("unheard_of", "1"),
    ] {
        browser.ask(&Ask::web().with(name, value)).await.code();
    }
    browser.ask(&Ask::web().without("nonce").without("state")).await.code();
}

#[tokio::test]
async fn a_suspended_client_is_refused_at_its_next_request_and_while_a_person_reads() {
    let world = World::new().await;
    let browser = world.browser_of(&world.alice);
    let reading = browser.ask(&Ask::spa()).await;
    world.issuer.set_client_state(SPA, ClientState::Suspended).await.unwrap();
    assert_eq!(browser.ask(&Ask::spa()).await, Landing::Page(400));
    let error = world.issuer.resume(reading.interaction(), &browser.headers()).await.unwrap_err();
    assert_eq!(error, Stopped::Refused(InteractionRefusal::ClientGone));
    world.issuer.set_client_state(SPA, ClientState::Active).await.unwrap();
    browser.approve(reading.interaction()).await.code();
    assert_eq!(world.issuer.set_client_state("nobody", ClientState::Active).await, Ok(false));
}

/// RFC 6749 §3.1
#[tokio::test]
async fn only_forms_and_queries_of_reasonable_size_are_read() {
    let world = World::new().await;
    let browser = world.browser_of(&world.alice);
    let good = Ask::web().encoded();
    let mut json = form(&good);
    json.headers_mut().insert(header::CONTENT_TYPE, "application/json".parse().unwrap());
    let mut bare = form(&good);
    bare.headers_mut().remove(header::CONTENT_TYPE);
    for (why, request) in [
        ("not a form", json),
        ("no content type", bare),
        ("a stray percent sign", form(&format!("{good}&x=%"))),
        ("not UTF-8", form(&format!("{good}&x=%FF"))),
        ("a line break", form(&format!("{good}&x=%0D%0A"))),
        ("too long", form(&format!("{good}&x={}", "x".repeat(70_000)))),
        ("longer than anything that is stored for anybody", form(&format!("{good}&login_hint={}", "x".repeat(8_000)))),
        ("too many", form(&format!("{good}{}", "&x=1".repeat(200)))),
    ] {
        assert_eq!(Landing::of(&browser.send(request).await), Landing::Page(400), "{why}");
    }
    let mut query = form(&good);
    *query.body_mut() = Bytes::new();
    *query.uri_mut() = format!("/api/auth/oauth2/authorize?{good}").parse().unwrap();
    assert_eq!(Landing::of(&browser.send(query).await), Landing::Page(400), "the query of a POST has no say");
}

/// Up to 8,000 bytes, in the query and in a form.
#[tokio::test]
async fn a_request_is_read_up_to_its_bound() {
    let world = World::new().await;
    let browser = world.browser_of(&world.alice);
    browser.ask_and_approve(&Ask::web()).await.code();
    let of_length = |length: usize| {
        let bare = Ask::web().with("state", "").encoded().len();
        Ask::web().with("state", &"s".repeat(length - bare))
    };
    browser.ask(&of_length(8_000)).await.code();
    browser.post(&of_length(8_000)).await.code();
    assert_eq!(browser.ask(&of_length(8_001)).await, Landing::Page(400));
    assert_eq!(browser.post(&of_length(8_001)).await, Landing::Page(400));
}

/// [OIDC Core §3.1.2.1]: a form of another site comes without our cookies; the same by GET comes with them.
#[tokio::test]
async fn a_form_that_another_site_posts_is_asked_again_by_get() {
    let world = World::new().await;
    let browser = world.browser_of(&world.alice);
    let mut foreign = form(&Ask::web().encoded());
    foreign.headers_mut().insert(header::ORIGIN, "https://web.test".parse().unwrap());
    let response = browser.send(foreign).await;
    let Landing::Client(to, params) = Landing::of(&response) else { panic!("no redirect") };
    assert_eq!(to, "https://as.test/api/auth/oauth2/authorize");
    assert_eq!(params["client_id"], WEB);
    let location = response.headers()[header::LOCATION].to_str().unwrap().to_owned();
    let again = Request::builder().uri(location).body(Bytes::new()).unwrap();
    assert!(matches!(Landing::of(&browser.send(again).await), Landing::Consent(_)));
    let mut unproven = form(&Ask::of(WEB, "https://evil.test").encoded());
    unproven.headers_mut().insert(header::ORIGIN, "https://evil.test".parse().unwrap());
    assert_eq!(Landing::of(&browser.send(unproven).await), Landing::Page(400));
    // A form of our own came with them.
    let mut own = form(&Ask::web().encoded());
    own.headers_mut().insert(header::ORIGIN, "https://as.test".parse().unwrap());
    assert!(matches!(Landing::of(&browser.send(own).await), Landing::Consent(_)));
}

/// Unless it would be too long as a query: then whoever is asked signs in once more.
#[tokio::test]
async fn a_form_of_another_site_is_asked_again_by_get_up_to_the_bound_of_a_request() {
    let world = World::new().await;
    let browser = world.browser_of(&world.alice);
    browser.ask_and_approve(&Ask::web()).await.code();
    let bare = Ask::web().with("state", "~").encoded().len();
    for (length, to) in [(8_000, "https://as.test/api/auth/oauth2/authorize"), (8_001, "https://web.test/cb")] {
        // In a form the tilde may stand as it is: that is two characters less.
        let ask = Ask::web().with("state", &format!("~{}", "s".repeat(length - bare)));
        let mut foreign = form(&ask.encoded().replace("%7E", "~"));
        foreign.headers_mut().insert(header::ORIGIN, "https://web.test".parse().unwrap());
        let landing = Landing::of(&browser.send(foreign).await);
        assert!(matches!(&landing, Landing::Client(found, _) if found == to), "{length}: {landing:?}");
    }
}

/// RFC 9700 §2.6
#[tokio::test]
async fn no_script_may_call_the_authorization_endpoint() {
    let world = World::new().await;
    let browser = world.browser_of(&world.alice);
    for method in [Method::OPTIONS, Method::GET, Method::PUT] {
        let request = Request::builder()
            .method(method.clone())
            .uri(format!("/api/auth/oauth2/authorize?{}", Ask::web().encoded()))
            .header(header::ORIGIN, "https://evil.test")
            .header(header::ACCESS_CONTROL_REQUEST_METHOD, "GET")
            .body(Bytes::new())
            .unwrap();
        let response = browser.send(request).await;
        assert!(!response.headers().contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN), "{method}");
        if method != Method::GET {
            assert_eq!(
                (response.status().as_u16(), &response.headers()[header::ALLOW]),
                (405, &"GET, POST".parse().unwrap())
            );
        }
    }
}

/// The error page neither repeats the request nor sends anybody on.
#[tokio::test]
async fn the_error_page_is_inert() {
    let world = World::new().await;
    let browser = world.browser();
    let uri = "/api/auth/oauth2/authorize?client_id=%3Cscript%3Eevil&redirect_uri=https%3A%2F%2Fevil.test";
    let response = browser.send(Request::builder().uri(uri).body(Bytes::new()).unwrap()).await;
    let body = String::from_utf8(response.body().to_vec()).unwrap();
    assert_eq!(response.status(), 400);
    assert!(
        !body.contains("evil") && !body.contains("<script") && !body.contains("<form") && !body.contains("refresh")
    );
    assert_eq!(response.headers()[header::CONTENT_SECURITY_POLICY], "default-src 'none'; frame-ancestors 'none'");
    assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store");
}

/// [RFC 9110 §15.6.4]: when the store is down nothing is assumed, nobody is redirected, and trying again is suggested.
#[tokio::test]
async fn without_a_store_there_is_a_page_that_says_try_again() {
    let world = World::new().await;
    let browser = world.browser_of(&world.alice);
    let id = browser.ask(&Ask::web()).await.interaction().to_owned();
    world.switch.turn_off();
    let uri = format!("/api/auth/oauth2/authorize?{}", Ask::web().encoded());
    let response = browser.send(Request::builder().uri(uri).body(Bytes::new()).unwrap()).await;
    assert_eq!((response.status().as_u16(), &response.headers()[header::RETRY_AFTER]), (503, &"1".parse().unwrap()));
    let error = world.issuer.resume(&id, &browser.headers()).await.unwrap_err();
    assert!(matches!(&error, Stopped::Failed(fault) if fault.status() == 503), "{error}");
}

/// [RFC 6749 §3.1]: no parameter twice, known or not, whatever it says the second time; `resource` may come several times.
#[tokio::test]
async fn every_parameter_comes_once() {
    let world = World::new().await;
    let browser = world.browser_of(&world.alice);
    browser.ask_and_approve(&Ask::web()).await.code();
    let full = [
        ("response_type", "code"),
        ("response_mode", "query"),
        ("scope", "openid email"),
        ("state", "st-1"),
        ("nonce", "n-1"),
        ("prompt", "consent"),
        ("max_age", "60"),
        ("code_challenge", crate::world::CHALLENGE),
        ("code_challenge_method", "S256"),
        ("claims", "{}"),
        ("id_token_hint", "x"),
        ("login_hint", "alice"),
        ("ui_locales", "en"),
        ("display", "page"),
        ("acr_values", "1"),
        ("unknown", "x"),
    ];
    for (name, value) in full {
        let once = Ask::web().with(name, value);
        let landing = browser.ask(&once).await;
        assert!(!matches!(&landing, Landing::Client(_, params) if params.contains_key("error")), "{name}: {landing:?}");
        for again in [value, "other"] {
            let landing = browser.ask(&once.clone().and(name, again)).await;
            assert_eq!(landing.error(), "invalid_request", "{name}={again}");
        }
    }
}
