//! The JSON sign-in API, as its clients and as attackers meet it.
#![allow(clippy::expect_used, clippy::panic, reason = "a failed expectation is the test's own report")]

mod support;

use std::time::Duration;

use countersign_pages::TemplateSource;
use http::header::{CONTENT_TYPE, HeaderName, ORIGIN, RETRY_AFTER};
use http::{Method, StatusCode};
use serde_json::{Value, json};
use support::{Browser, ORIGIN_URL, PASSWORD, Reply, World, world, world_of};

const SIGN_UP: &str = "/api/auth/sign-up/email";
const SIGN_IN: &str = "/api/auth/sign-in/email";

fn signed_up<'a>(world: &'a World, email: &str) -> (Browser<'a>, Reply) {
    let browser = world.browser();
    let body = json!({ "name": "Ada", "email": email, "password": PASSWORD, "callbackURL": "/x", "rememberMe": true });
    let reply = browser.post_json(SIGN_UP, &body.to_string());
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.body);
    (browser, reply)
}

fn code(reply: &Reply) -> (StatusCode, String) {
    (reply.status, reply.json()["code"].as_str().unwrap_or_default().to_owned())
}

#[test]
fn sign_up_signs_in_and_answers_with_the_user() {
    let world = world();
    let (browser, reply) = signed_up(&world, "Ada@X.test");
    let body = reply.json();
    let user = body["user"].as_object().expect("a user");
    let members: Vec<&str> = user.keys().map(String::as_str).collect();
    for member in ["id", "name", "email", "emailVerified", "image", "createdAt", "updatedAt"] {
        assert!(members.contains(&member), "{member} in {members:?}");
    }
    assert_eq!((&user["email"], &user["name"]), (&json!("ada@x.test"), &json!("Ada")));
    assert_eq!((&user["emailVerified"], &user["image"]), (&json!(false), &Value::Null));
    assert_eq!(user["createdAt"], json!("2026-11-22T07:00:00Z"));
    assert_eq!(body["token"], Value::Null);
    assert!(reply.header("set-cookie").starts_with("__Host-countersign="));
    assert_eq!(reply.header("content-type"), "application/json");
    assert_eq!(reply.header("cache-control"), "no-store");
    let session = browser.get("/api/auth/get-session").json();
    assert_eq!(session["user"], body["user"]);
    assert_eq!(session["session"]["userId"], body["user"]["id"]);
}

/// The cookie's secret is in the `Set-Cookie` that issues it, and in no body.
#[test]
fn no_body_holds_the_secret_of_the_session() {
    let world = world();
    let (browser, reply) = signed_up(&world, "ada@x.test");
    let cookie = browser.session_cookie().expect("a session");
    let session = browser.get("/api/auth/get-session");
    let list = browser.get("/api/auth/list-sessions");
    let dashboard = browser.get("/dashboard");
    for body in [&reply.body, &session.body, &list.body, &dashboard.body] {
        assert!(!body.contains(&cookie) && !body.contains(PASSWORD), "{body}");
    }
}

#[test]
fn sign_in_and_sign_out_begin_and_end_a_session_on_the_server() {
    let world = world();
    signed_up(&world, "ada@x.test");
    let browser = world.browser();
    assert_eq!(browser.get("/api/auth/get-session").body, "null");
    let reply = browser.post_json(SIGN_IN, &json!({ "email": "ADA@x.test", "password": PASSWORD }).to_string());
    assert_eq!(reply.status, StatusCode::OK);
    assert_eq!(
        (reply.json()["redirect"].clone(), reply.json()["user"]["email"].clone()),
        (json!(false), json!("ada@x.test"))
    );
    let cookie = browser.session_cookie().expect("a session");
    // Their client sends no body, or `{}`.
    for body in ["", "{}"] {
        let reply = browser.post_json("/api/auth/sign-out", body);
        assert_eq!((reply.status, reply.json()), (StatusCode::OK, json!({ "success": true })));
    }
    assert_eq!(browser.session_cookie(), None);
    browser.jar.borrow_mut().insert("__Host-countersign".to_owned(), cookie);
    assert_eq!(browser.get("/api/auth/get-session").body, "null");
}

#[test]
fn what_is_refused_says_so_by_status_and_code() {
    let world = world();
    signed_up(&world, "taken@x.test");
    let browser = world.browser();
    let sign_up = |name: &str, email: &str, password: &str| {
        browser.post_json(SIGN_UP, &json!({ "name": name, "email": email, "password": password }).to_string())
    };
    let sign_in = |email: &str| {
        browser.post_json(SIGN_IN, &json!({ "email": email, "password": "another long password" }).to_string())
    };
    let unprocessable = StatusCode::UNPROCESSABLE_ENTITY;
    for (reply, status, expected) in [
        (sign_up("Ada", "taken@x.test", PASSWORD), unprocessable, "USER_ALREADY_EXISTS"),
        (sign_up("Ada", "nonsense", PASSWORD), unprocessable, "INVALID_EMAIL"),
        (sign_up("Ada", "ada@x.test", "short"), unprocessable, "PASSWORD_TOO_SHORT"),
        (sign_up("Ada", "ada@x.test", &"a".repeat(2_000)), unprocessable, "PASSWORD_TOO_LONG"),
        (sign_up("", "ada@x.test", PASSWORD), unprocessable, "INVALID_NAME"),
        (sign_in("taken@x.test"), StatusCode::UNAUTHORIZED, "INVALID_EMAIL_OR_PASSWORD"),
        (sign_in("unknown@x.test"), StatusCode::UNAUTHORIZED, "INVALID_EMAIL_OR_PASSWORD"),
        (browser.get("/api/auth/list-sessions"), StatusCode::UNAUTHORIZED, "UNAUTHORIZED"),
        (browser.post_json("/api/auth/revoke-sessions", "{}"), StatusCode::UNAUTHORIZED, "UNAUTHORIZED"),
        (
            browser.post_json("/api/auth/revoke-session", "{\"token\":\"ses_x\"}"),
            StatusCode::UNAUTHORIZED,
            "UNAUTHORIZED",
        ),
        (browser.get(SIGN_IN), StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED"),
        (browser.post_json("/api/auth/get-session", "{}"), StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED"),
    ] {
        assert_eq!(code(&reply), (status, expected.to_owned()), "{}", reply.body);
        assert!(reply.json()["message"].as_str().is_some_and(|message| !message.is_empty()), "{expected}");
        assert!(reply.headers.get("set-cookie").is_none(), "{expected}");
    }
}

#[test]
fn an_unknown_address_and_a_wrong_password_get_the_same_answer() {
    let world = world();
    signed_up(&world, "ada@x.test");
    let attempt = |email: &str| {
        let body = json!({ "email": email, "password": "another long password" }).to_string();
        let reply = world.browser().post_json(SIGN_IN, &body);
        (reply.status, reply.headers, reply.body)
    };
    assert_eq!(attempt("ada@x.test"), attempt("eve@x.test"));
}

#[test]
fn too_many_attempts_are_answered_with_429_and_when_to_come_back() {
    let world = world();
    signed_up(&world, "ada@x.test");
    let browser = world.browser();
    let body = json!({ "email": "ada@x.test", "password": "another long password" }).to_string();
    let last = (0..12).map(|_| browser.post_json(SIGN_IN, &body)).last().expect("a reply");
    assert_eq!(code(&last), (StatusCode::TOO_MANY_REQUESTS, "TOO_MANY_REQUESTS".to_owned()));
    assert!(last.header(RETRY_AFTER).parse::<u64>().expect("seconds") >= 1);
    world.advance(Duration::from_secs(61));
    let body = json!({ "email": "ada@x.test", "password": PASSWORD }).to_string();
    assert_eq!(browser.post_json(SIGN_IN, &body).status, StatusCode::OK);
}

/// A form of another site can be sent as `text/plain` and read like JSON; a name that comes twice means two things to two
/// readers.
#[test]
fn only_strict_json_is_read() {
    let world = world();
    let browser = world.browser();
    let good = json!({ "name": "Ada", "email": "ada@x.test", "password": PASSWORD }).to_string();
    let form = format!("name=Ada&email=ada@x.test&password={PASSWORD}");
    let twice = format!("{{\"email\":\"eve@x.test\",{}", &good[1..]);
    let long = format!("{{\"x\":\"{}\",{}", "a".repeat(16 * 1_024), &good[1..]);
    let before = world.store.dump().len();
    for (content_type, body, status) in [
        ("text/plain", good.as_str(), StatusCode::UNSUPPORTED_MEDIA_TYPE),
        ("application/json; charset=iso-8859-1", &good, StatusCode::UNSUPPORTED_MEDIA_TYPE),
        ("application/x-www-form-urlencoded", &form, StatusCode::UNSUPPORTED_MEDIA_TYPE),
        ("application/x-www-form-urlencoded", &good, StatusCode::UNSUPPORTED_MEDIA_TYPE),
        ("application/jsonp", &good, StatusCode::UNSUPPORTED_MEDIA_TYPE),
        ("application/json", &twice, StatusCode::BAD_REQUEST),
        ("application/json", &format!("{good}x"), StatusCode::BAD_REQUEST),
        ("application/json", "", StatusCode::BAD_REQUEST),
        ("application/json", "[]", StatusCode::BAD_REQUEST),
        ("application/json", "{\"name\":\"Ada\",\"email\":\"ada@x.test\"}", StatusCode::BAD_REQUEST),
        (
            "application/json",
            "{\"name\":\"Ada\",\"email\":[\"ada@x.test\"],\"password\":\"x\"}",
            StatusCode::BAD_REQUEST,
        ),
        ("application/json", &long, StatusCode::PAYLOAD_TOO_LARGE),
    ] {
        let reply = browser.post_raw(SIGN_UP, &[(ORIGIN, ORIGIN_URL), (CONTENT_TYPE, content_type)], body);
        assert_eq!(reply.status, status, "{content_type} {body:.40}");
        assert!(!reply.body.contains(PASSWORD), "{}", reply.body);
    }
    assert_eq!(world.store.dump().len(), before, "something was stored");
    let charset = [(ORIGIN, ORIGIN_URL), (CONTENT_TYPE, "application/json; charset=utf-8")];
    assert_eq!(browser.post_raw(SIGN_UP, &charset, &good).status, StatusCode::OK);
}

#[test]
fn a_page_of_another_site_changes_nothing() {
    let world = world();
    let (browser, _) = signed_up(&world, "ada@x.test");
    let json_type = (CONTENT_TYPE, "application/json");
    let site = HeaderName::from_static("sec-fetch-site");
    let method_override = HeaderName::from_static("x-http-method-override");
    let body = json!({ "email": "ada@x.test", "password": PASSWORD }).to_string();
    for path in [SIGN_IN, SIGN_UP, "/api/auth/sign-out", "/api/auth/revoke-session", "/api/auth/revoke-sessions"] {
        for headers in [
            vec![(ORIGIN, "https://evil.test"), json_type.clone()],
            vec![(ORIGIN, "null"), json_type.clone()],
            vec![(ORIGIN, "http://as.test"), json_type.clone()],
            vec![(site.clone(), "cross-site"), json_type.clone()],
            vec![json_type.clone()],
            vec![(ORIGIN, "https://evil.test"), (method_override.clone(), "GET"), json_type.clone()],
        ] {
            let reply = browser.post_raw(path, &headers, &body);
            assert_eq!(code(&reply), (StatusCode::FORBIDDEN, "INVALID_ORIGIN".to_owned()), "{path} {headers:?}");
            assert!(reply.headers.get("access-control-allow-origin").is_none(), "{path}");
        }
    }
    assert_ne!(browser.get("/api/auth/get-session").body, "null");
    // A program without cookies acts for itself.
    let program = world.browser();
    assert_eq!(program.post_raw(SIGN_IN, &[json_type], &body).status, StatusCode::OK);
}

/// Whoever knows the public id of somebody else's session ends nothing with it.
#[test]
fn sessions_are_listed_and_ended_by_their_owner_alone() {
    let world = world();
    let (laptop, _) = signed_up(&world, "ada@x.test");
    let phone = world.browser();
    phone.post_json(SIGN_IN, &json!({ "email": "ada@x.test", "password": PASSWORD }).to_string());
    let (eve, _) = signed_up(&world, "eve@x.test");

    let sessions = laptop.get("/api/auth/list-sessions").json();
    let sessions = sessions.as_array().expect("a list");
    assert_eq!(sessions.len(), 2);
    for member in ["id", "userId", "token", "createdAt", "updatedAt", "expiresAt", "ipAddress", "userAgent"] {
        assert!(sessions[0].get(member).is_some(), "{member}");
    }
    let own = laptop.get("/api/auth/get-session").json()["session"]["id"].clone();
    let other = sessions.iter().find(|session| session["id"] != own).expect("the phone's")["token"].clone();
    let revoke = json!({ "token": other }).to_string();
    assert_eq!(code(&eve.post_json("/api/auth/revoke-session", &revoke)).0, StatusCode::NOT_FOUND);
    assert_ne!(phone.get("/api/auth/get-session").body, "null");
    let reply = laptop.post_json("/api/auth/revoke-session", &revoke);
    assert_eq!((reply.status, reply.json()), (StatusCode::OK, json!({ "status": true })));
    assert_eq!(phone.get("/api/auth/get-session").body, "null");
    assert_eq!(code(&laptop.post_json("/api/auth/revoke-session", &revoke)).0, StatusCode::NOT_FOUND);

    phone.post_json(SIGN_IN, &json!({ "email": "ada@x.test", "password": PASSWORD }).to_string());
    assert_eq!(laptop.post_json("/api/auth/revoke-other-sessions", "{}").json(), json!({ "status": true }));
    assert_eq!(phone.get("/api/auth/get-session").body, "null");
    assert_eq!(laptop.post_json("/api/auth/revoke-sessions", "").json(), json!({ "status": true }));
    assert_eq!(laptop.get("/api/auth/get-session").body, "null");
    assert_ne!(eve.get("/api/auth/get-session").body, "null");
}

#[test]
fn a_public_session_id_opens_nothing() {
    let world = world();
    let (browser, _) = signed_up(&world, "ada@x.test");
    let id = browser.get("/api/auth/get-session").json()["session"]["token"].as_str().expect("an id").to_owned();
    let thief = world.browser();
    thief.jar.borrow_mut().insert("__Host-countersign".to_owned(), id);
    assert_eq!(thief.get("/api/auth/get-session").body, "null");
}

#[test]
fn head_asks_as_get_does() {
    let world = world();
    let (browser, _) = signed_up(&world, "ada@x.test");
    let reply = browser.ask(Method::HEAD, "/api/auth/get-session", &[], bytes::Bytes::new());
    assert_eq!(reply.status, StatusCode::OK);
}

/// An issuer without a path: the API and the pages share the root, and `/sign-out` is of both.
#[test]
fn at_the_root_a_form_signs_out_by_the_page_and_json_by_the_api() {
    let world = world_of(&TemplateSource::Embedded, ORIGIN_URL);
    let sign_up = json!({ "name": "Ada", "email": "ada@x.test", "password": PASSWORD }).to_string();
    let program = world.browser();
    assert_eq!(program.post_json("/sign-up/email", &sign_up).status, StatusCode::OK);
    assert_eq!(program.post_json("/sign-out", "").json(), json!({ "success": true }));
    assert_eq!(program.get("/get-session").body, "null");
    let person = world.browser();
    let page = person.get("/sign-in");
    person.submit(&page, &[("email", "ada@x.test"), ("password", PASSWORD)]);
    let reply = person.submit_form(&person.get("/dashboard").form("/sign-out"), &[]);
    assert_eq!((reply.status, reply.location()), (StatusCode::SEE_OTHER, "/sign-in"));
}
