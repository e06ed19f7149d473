//! Which site's page may change something: RFC 6454 §7, Fetch Metadata.

#![allow(clippy::unwrap_used, reason = "a failed expectation is the test's own report")]

use countersign_authn::{ForeignOrigin, OriginCheck};
use http::{HeaderMap, HeaderName, HeaderValue, Method};

fn check(method: &Method, headers: &[(&'static str, &str)]) -> Result<(), ForeignOrigin> {
    let own = OriginCheck::new("https://auth.test/api/auth", ["https://admin.test:8443/"]).unwrap();
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(HeaderName::from_static(name), HeaderValue::from_bytes(value.as_bytes()).unwrap());
    }
    own.check(method, &map)
}

const COOKIE: (&str, &str) = ("cookie", "__Host-countersign=x");
const SAME: (&str, &str) = ("sec-fetch-site", "same-origin");

#[test]
fn a_page_of_this_site_may_change_something() {
    for headers in [
        &[COOKIE, ("origin", "https://auth.test")][..],
        &[COOKIE, ("origin", "https://auth.test"), SAME],
        &[COOKIE, ("origin", "https://admin.test:8443"), ("sec-fetch-site", "cross-site")],
        &[COOKIE, SAME],
        &[COOKIE, ("origin", "null"), SAME],
        &[COOKIE, ("referer", "https://auth.test/sign-in?x=https://evil.test")],
        &[COOKIE, ("referer", "https://auth.test:443/sign-in")],
    ] {
        assert_eq!(check(&Method::POST, headers), Ok(()), "{headers:?}");
    }
}

#[test]
fn another_site_s_page_may_not_even_without_a_cookie() {
    for origin in [
        &[("origin", "https://evil.test")][..],
        &[("origin", "http://auth.test")],
        &[("origin", "https://auth.test:8443")],
        &[("origin", "https://auth.test.evil.test")],
        &[("origin", "https://evil-auth.test")],
        &[("origin", "https://AUTH.test")],
        &[("origin", "https://auth.test/")],
        &[("origin", "https://auth.test@evil.test")],
        &[("origin", "https://admin.test")],
        &[("origin", "https://evil.test"), SAME],
        &[("origin", "https://evil.test"), ("referer", "https://auth.test/")],
        &[("origin", "https://evil.test"), ("origin", "https://auth.test")],
        &[("origin", "https://auth.test, https://evil.test")],
        &[("origin", "https://aüth.test")],
        &[("origin", "")],
        &[("origin", "null")],
        &[("origin", "null"), ("sec-fetch-site", "cross-site")],
        &[("origin", "null"), ("referer", "https://auth.test/")],
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
        &[("sec-fetch-site", "none")],
        &[("sec-fetch-site", "cross-site"), ("referer", "https://auth.test/")],
        &[("sec-fetch-site", "same-origin"), ("sec-fetch-site", "cross-site")],
        &[("referer", "https://evil.test/https://auth.test/")],
        &[("referer", "https://auth.test@evil.test/")],
        &[("referer", "/sign-in")],
        &[("referer", "data:text/html,x")],
    ] {
        for headers in [origin.to_vec(), [origin, &[COOKIE]].concat()] {
            assert_eq!(check(&Method::POST, &headers), Err(ForeignOrigin), "{headers:?}");
        }
    }
}

#[test]
fn without_any_sign_of_origin_a_cookie_changes_nothing() {
    assert_eq!(check(&Method::POST, &[COOKIE]), Err(ForeignOrigin));
    assert_eq!(check(&Method::POST, &[]), Ok(()), "a program that signs in for itself");
}

#[test]
fn every_method_that_may_change_something_is_checked() {
    let foreign = [COOKIE, ("origin", "https://evil.test")];
    for method in ["POST", "PUT", "PATCH", "DELETE", "CONNECT", "TRACE", "get", "QUERY"] {
        assert_eq!(check(&method.parse().unwrap(), &foreign), Err(ForeignOrigin), "{method}");
    }
    for method in [Method::GET, Method::HEAD, Method::OPTIONS] {
        assert_eq!(check(&method, &foreign), Ok(()));
    }
}

/// The claimed method is not looked at, neither to refuse nor to permit.
#[test]
fn a_method_override_header_changes_no_check() {
    let post = [COOKIE, ("origin", "https://evil.test"), ("x-http-method-override", "GET")];
    assert_eq!(check(&Method::POST, &post), Err(ForeignOrigin));
}

#[test]
fn only_http_origins_can_be_configured() {
    for text in ["", "auth.test", "/api", "data:text/html,x", "file:///", "null", "*"] {
        assert!(OriginCheck::new(text, []).is_err(), "{text}");
        assert!(OriginCheck::new("https://auth.test", [text]).is_err(), "{text}");
    }
    assert!(OriginCheck::new("http://127.0.0.1:3000", []).is_ok());
}
