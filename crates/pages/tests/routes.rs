//! Everything that the pages answer: which path takes which method, and what every other method is told.
#![allow(clippy::expect_used, clippy::panic, reason = "a failed expectation is the test's own report")]

mod support;

use bytes::Bytes;
use countersign_pages::TemplateSource;
use http::header::CONTENT_TYPE;
use http::{Method, StatusCode};
use support::{ORIGIN_URL, world, world_of};

/// The pages, their files, and the JSON API.
const ROUTES: &[(&str, &str)] = &[
    ("/", "GET, HEAD"),
    ("/sign-up", "GET, HEAD, POST"),
    ("/sign-in", "GET, HEAD, POST"),
    ("/sign-out", "POST"),
    ("/consent", "GET, HEAD, POST"),
    ("/dashboard", "GET, HEAD"),
    ("/dashboard/activity", "GET, HEAD"),
    ("/dashboard/sessions/revoke", "POST"),
    ("/dashboard/other-sessions/revoke", "POST"),
    ("/dashboard/apps/revoke", "POST"),
    ("/assets/countersign.css", "GET, HEAD"),
    ("/assets/mark.svg", "GET, HEAD"),
    ("/device", "GET, HEAD, POST"),
    ("/dashboard/agents/dismiss", "POST"),
    ("/dashboard/agents/revoke", "POST"),
    ("/dashboard/hosts/dismiss", "POST"),
    ("/dashboard/hosts/revoke", "POST"),
    ("/api/auth/sign-up/email", "POST"),
    ("/api/auth/sign-in/email", "POST"),
    ("/api/auth/sign-out", "POST"),
    ("/api/auth/get-session", "GET, HEAD"),
    ("/api/auth/list-sessions", "GET, HEAD"),
    ("/api/auth/revoke-session", "POST"),
    ("/api/auth/revoke-sessions", "POST"),
    ("/api/auth/revoke-other-sessions", "POST"),
];

const METHODS: [Method; 7] =
    [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS];

#[test]
fn every_route_is_in_the_table_of_this_test() {
    let mounted = world().pages.mounted();
    let rows: Vec<_> = mounted.iter().map(|row| (row.path.as_str(), row.methods.as_str())).collect();
    assert_eq!(rows, ROUTES);
    assert!(mounted.iter().all(|row| !row.shared), "for pages of other origins");
}

/// RFC 9110 §15.5.6: 405 with `Allow`, a page for people, JSON for programs; and no page of another origin may call.
#[test]
fn each_path_answers_its_methods_and_tells_all_others_which_they_are() {
    let world = world();
    let browser = world.browser();
    for (path, methods) in ROUTES {
        for method in METHODS {
            let name = format!("{method} {path}");
            let reply = browser.ask(method.clone(), path, &[], Bytes::new());
            assert!(!reply.headers.contains_key("access-control-allow-origin"), "{name}");
            if methods.split(", ").any(|known| known == method.as_str()) {
                assert_ne!(reply.status, StatusCode::METHOD_NOT_ALLOWED, "{name}");
                assert!(!reply.status.is_server_error() && !reply.headers.contains_key("allow"), "{name}");
                continue;
            }
            assert_eq!((reply.status, reply.header("allow")), (StatusCode::METHOD_NOT_ALLOWED, *methods), "{name}");
            for (header, value) in [("cache-control", "no-store"), ("x-content-type-options", "nosniff")] {
                assert_eq!(reply.header(header), value, "{name}: {header}");
            }
            match path.starts_with("/api/") {
                true => assert_eq!(reply.json()["code"], "METHOD_NOT_ALLOWED", "{name}"),
                false => assert!(reply.header("content-type").starts_with("text/html"), "{name}"),
            }
        }
    }
}

#[test]
fn head_is_answered_as_get_is() {
    let world = world();
    let browser = world.ada();
    for (path, _) in ROUTES.iter().filter(|(_, methods)| methods.contains("HEAD")) {
        let (get, head) = (browser.get(path), browser.ask(Method::HEAD, path, &[], Bytes::new()));
        assert_eq!((head.status, head.body.len()), (get.status, get.body.len()), "{path}");
    }
}

/// An issuer without a path: a call and a page share `/sign-out`. The page takes forms, the call takes the rest.
#[test]
fn at_the_root_the_two_tables_lie_over_each_other_in_one_place() {
    let world = world_of(&TemplateSource::Embedded, ORIGIN_URL);
    let mut paths: Vec<_> = world.pages.mounted().into_iter().map(|row| row.path).collect();
    let all = paths.len();
    paths.sort_unstable();
    paths.dedup();
    assert_eq!(all - paths.len(), 1);
    let browser = world.browser();
    assert_eq!(browser.get("/sign-out").json()["code"], "METHOD_NOT_ALLOWED");
    let form = [(CONTENT_TYPE, "application/x-www-form-urlencoded")];
    assert!(browser.post_raw("/sign-out", &form, "").header("content-type").starts_with("text/html"));
}

/// Without agents there is nothing to approve and nothing of theirs to end.
#[test]
fn without_agents_their_pages_are_not_there() {
    let with = world();
    let without = with.pages_without_agents();
    let paths =
        |pages: &countersign_pages::Pages| -> Vec<String> { pages.mounted().into_iter().map(|row| row.path).collect() };
    let left = paths(&without);
    let gone: Vec<_> = paths(&with.pages).into_iter().filter(|path| !left.contains(path)).collect();
    let own =
        ["agents/dismiss", "agents/revoke", "hosts/dismiss", "hosts/revoke"].map(|path| format!("/dashboard/{path}"));
    assert_eq!(gone, [&["/device".to_owned()], &own[..]].concat());
}
