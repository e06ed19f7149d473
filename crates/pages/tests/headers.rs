//! What each answer to a browser carries, and what each page is made of.
#![allow(clippy::expect_used, clippy::panic, reason = "a failed expectation is the test's own report")]

mod support;

use countersign_jose::{Algorithm, SigningKey};
use countersign_pages::TemplateSource;
use http::header::{ACCEPT, CONTENT_TYPE, ORIGIN};
use http::{Method, StatusCode};
use support::{NewAgent, ORIGIN_URL, PASSWORD, Reply, authorize, unescape, world, world_of};

/// Every page that there is, by name, and what its form may lead to besides ourselves.
fn pages() -> Vec<(&'static str, Reply, &'static str)> {
    let world = world();
    world.notes();
    let visitor = world.browser();
    let wrong = visitor.submit(&visitor.get("/sign-in"), &[("email", "ada@x.test"), ("password", "wrong password")]);
    let wrong_sign_up = visitor.submit(&visitor.get("/sign-up"), &[("email", "x"), ("name", "x"), ("password", "x")]);
    let browser = world.ada();
    let host_key = SigningKey::generate(Algorithm::EdDSA).expect("a key");
    let helper = NewAgent { name: "Helper", host_name: "Laptop", reason: "Because" };
    let code = world.agent_asks_from(&host_key, &helper);
    let consent = browser.visit(&authorize(""));
    let html = [(ACCEPT, "text/html,*/*")];
    let approval = browser.get(&format!("/device?user_code={code}"));
    let approve = [("answer", "approve"), ("confirm", "yes")];
    let pages = vec![
        ("sign-in", visitor.get("/sign-in"), ""),
        ("sign-in, wrong", wrong, ""),
        ("sign-in for a client", world.browser().visit(&authorize("")), " https://rp.test"),
        ("sign-up", visitor.get("/sign-up"), ""),
        ("sign-up, wrong", wrong_sign_up, ""),
        ("confirm", browser.get("/sign-in?confirm=1"), ""),
        ("consent", consent, " https://rp.test"),
        ("device, code", browser.get("/device"), ""),
        ("device, wrong code", browser.get("/device?user_code=BBBB-BBBB"), ""),
        ("device, unconfirmed", browser.submit_form(&approval.form("/device"), &approve[..1]), ""),
        ("forged", browser.post_raw("/sign-out", &[(CONTENT_TYPE, "application/x-www-form-urlencoded")], ""), ""),
        ("not found", browser.ask(Method::GET, "/nowhere", &html, bytes::Bytes::new()), ""),
        ("method", browser.get("/sign-out"), ""),
        ("interaction over", browser.get("/consent?interaction=int_x"), ""),
        ("issuer's error", browser.get("/api/auth/oauth2/authorize?client_id=nobody"), ""),
        (
            "dashboard, agents",
            {
                browser.submit_form(&approval.form("/device"), &approve);
                (0..5).for_each(|_| drop(world.agent_asks_from(&host_key, &helper)));
                browser.get("/dashboard")
            },
            "",
        ),
        ("activity", browser.get("/dashboard/activity"), ""),
    ];
    // Every path that shows a page of its own is in this list.
    let seen = world.seen.lock().expect("no panic");
    for row in world.pages.mounted() {
        let shows =
            row.methods.starts_with("GET") && !row.path.starts_with("/assets/") && !row.path.starts_with("/api/");
        assert!(!shows || row.path == "/" || seen.contains(&row.path), "{} is not looked at", row.path);
    }
    pages.into_iter().chain([("device, approval", approval, "")]).collect()
}

/// A page of another site must not show ours in a frame and have people click there; what is shared or left open must not
/// give a page away; and no client learns the address, which may hold a request.
#[test]
fn each_page_is_not_framed_not_scripted_not_stored_and_tells_nobody_where_it_is() {
    for (name, page, leads_to) in pages() {
        let policy = format!(
            "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'{leads_to}; base-uri 'none'; \
             frame-ancestors 'none'"
        );
        for (header, value) in [
            ("content-security-policy", policy.as_str()),
            ("content-type", "text/html; charset=utf-8"),
            ("cache-control", "no-store"),
            ("referrer-policy", "no-referrer"),
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            assert_eq!(page.header(header), value, "{name}: {header}");
            assert_eq!(page.headers.get_all(header).iter().count(), 1, "{name}: {header}");
        }
        assert!(!page.headers.contains_key("access-control-allow-origin"), "{name}");
    }
}

/// What is no page at all is not sniffed or kept either.
#[test]
fn a_refused_method_carries_the_same_protection() {
    let world = world();
    let browser = world.browser();
    for path in ["/assets/countersign.css", "/assets/mark.svg", "/sign-in", "/api/auth/get-session"] {
        let reply = browser.ask(Method::PUT, path, &[], bytes::Bytes::new());
        assert_eq!(reply.status, StatusCode::METHOD_NOT_ALLOWED, "{path}");
        for (header, value) in [("cache-control", "no-store"), ("x-content-type-options", "nosniff")] {
            assert_eq!(reply.header(header), value, "{path}: {header}");
        }
    }
}

#[test]
fn no_page_holds_a_script_a_style_or_anything_from_elsewhere() {
    for (name, page, _) in pages() {
        let body = unescape(&page.body);
        for part in
            ["<script", "<style", " style=", " onclick", " onload", " onsubmit", "javascript:", "<iframe", "<object"]
        {
            assert!(!body.contains(part), "{name}: {part}");
        }
        for attribute in ["href=\"", "src=\"", "action=\""] {
            for link in body.split(attribute).skip(1) {
                let link = link.split('"').next().expect("a value");
                let local = (link.starts_with('/') && !link.starts_with("//")) || link.starts_with('#');
                assert!(local, "{name}: {link}");
            }
        }
    }
}

/// WCAG 2.2: 1.3.1, 2.4.1, 2.4.2, 3.1.1, 3.3.2, 4.1.2, as far as the text of a page shows it.
#[test]
fn each_page_has_a_language_a_title_landmarks_one_heading_and_labelled_fields() {
    for (name, page, _) in pages() {
        let body = &page.body;
        assert!(body.starts_with("<!doctype html>\n<html lang=\"en\">"), "{name}");
        let title = body.split("<title>").nth(1).and_then(|rest| rest.split("</title>").next()).expect(name);
        assert!(title.ends_with(" · Countersign") && title.len() > " · Countersign".len(), "{name}: {title}");
        for once in ["<main id=\"main\"", "<h1>", "<footer>", "href=\"#main\"", "<header class=\"bar\">"] {
            assert_eq!(body.matches(once).count(), 1, "{name}: {once}");
        }
        assert!(body.contains("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"), "{name}");
        for input in body.split("<input ").skip(1) {
            let input = input.split('>').next().expect("a tag");
            let id = input.split(" id=\"").nth(1).or(input.strip_prefix("id=\"")).and_then(|id| id.split('"').next());
            let labelled = match id {
                Some(id) => body.contains(&format!("<label for=\"{id}\">")),
                // Inside its label.
                None => input.contains("type=\"hidden\"") || input.contains("type=\"checkbox\""),
            };
            assert!(labelled, "{name}: {input}");
        }
        for button in body.split("<button ").skip(1) {
            assert!(button.starts_with("class=\"button") && button.contains("type=\"submit\""), "{name}: {button:.80}");
        }
        let ids: Vec<&str> = body.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        let mut unique = ids.clone();
        unique.sort_unstable();
        unique.dedup();
        assert_eq!(unique.len(), ids.len(), "{name}: an id twice in {ids:?}");
        for form in body.split("<form ").skip(1) {
            let post = form.starts_with("method=\"post\"");
            assert!(post == form.split("</form>").next().unwrap_or_default().contains("name=\"form_token\""), "{name}");
        }
    }
}

/// [HTML §4.10.18.7.1]: password managers go by these.
#[test]
fn fields_say_what_a_password_manager_may_fill_in() {
    let field = |page: &Reply, name: &str| {
        let input =
            page.body.split("<input ").find(|input| input.contains(&format!("name=\"{name}\""))).expect("a field");
        let input = input.split('>').next().expect("a tag").to_owned();
        input.split("autocomplete=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("autocomplete").to_owned()
    };
    let world = world();
    let visitor = world.browser();
    let (sign_in, sign_up) = (visitor.get("/sign-in"), visitor.get("/sign-up"));
    assert_eq!((field(&sign_in, "email"), field(&sign_in, "password")), ("username".into(), "current-password".into()));
    assert_eq!((field(&sign_up, "email"), field(&sign_up, "password")), ("username".into(), "new-password".into()));
    assert_eq!(field(&sign_up, "name"), "name");
    let browser = world.ada();
    let confirm = browser.get("/sign-in?confirm=1");
    assert_eq!((field(&confirm, "email"), field(&confirm, "password")), ("username".into(), "current-password".into()));
    assert_eq!(field(&browser.get("/device"), "user_code"), "off");
}

/// Never 307 or 308: those would send the password on to wherever the redirect leads.
#[test]
fn after_a_form_the_browser_asks_with_get() {
    let world = world();
    let browser = world.browser();
    let page = browser.get("/sign-up");
    let reply = browser.submit(&page, &[("name", "Ada"), ("email", "ada@x.test"), ("password", PASSWORD)]);
    assert_eq!(reply.status, StatusCode::SEE_OTHER);
    assert_eq!((reply.header("cache-control"), reply.header("referrer-policy")), ("no-store", "no-referrer"));
    assert_eq!(reply.body, "");
}

#[test]
fn assets_are_kept_for_a_year_under_the_address_that_names_their_content_and_not_under_another() {
    let world = world();
    let browser = world.browser();
    let page = browser.get("/sign-in");
    for (path, content_type) in
        [("/assets/countersign.css", "text/css; charset=utf-8"), ("/assets/mark.svg", "image/svg+xml")]
    {
        let body = unescape(&page.body);
        let url = body.split("href=\"").find(|part| part.starts_with(path)).expect("a link");
        let url = url.split('"').next().expect("a link");
        assert!(url.len() > path.len() + "?v=".len() + 10, "{url}");
        let asset = browser.get(url);
        assert_eq!((asset.status, asset.header("content-type")), (StatusCode::OK, content_type));
        assert_eq!(asset.header("cache-control"), "public, max-age=31536000, immutable");
        assert_eq!(asset.header("x-content-type-options"), "nosniff");
        for other in [path.to_owned(), format!("{path}?v=old")] {
            assert_eq!(browser.get(&other).header("cache-control"), "no-cache", "{other}");
        }
    }
}

#[test]
fn what_does_not_exist_is_a_page_for_people_and_json_for_programs() {
    let world = world();
    let browser = world.browser();
    let page = browser.ask(Method::GET, "/nowhere", &[(ACCEPT, "text/html")], bytes::Bytes::new());
    assert_eq!(page.status, StatusCode::NOT_FOUND);
    assert!(page.body.contains("<h1>Page not found</h1>"));
    let json = browser.get("/api/auth/nowhere");
    assert_eq!((json.status, json.json()["code"].as_str()), (StatusCode::NOT_FOUND, Some("NOT_FOUND")));
    assert_eq!(json.header("cache-control"), "no-store");
    let post = browser.post_raw("/nowhere", &[(ORIGIN, ORIGIN_URL)], "");
    assert_eq!(post.status, StatusCode::NOT_FOUND);
}

/// Browsers keep no `Secure` cookie from `http://`, and no `__Host-` name without it: on loopback both go.
#[test]
fn cookies_are_prefixed_and_secure_but_on_loopback() {
    for (issuer, form, session, attributes) in [
        (
            support::ISSUER,
            "__Host-countersign-form=",
            "__Host-countersign=",
            "; Path=/; Secure; HttpOnly; SameSite=Lax",
        ),
        ("http://localhost:3000/api/auth", "countersign-form=", "countersign=", "; Path=/; HttpOnly; SameSite=Lax"),
    ] {
        let world = world_of(&TemplateSource::Embedded, issuer);
        let cookie = world.browser().get("/sign-in").header("set-cookie").to_owned();
        assert!(cookie.starts_with(form) && cookie.ends_with(attributes), "{cookie}");
        let body = format!("{{\"name\":\"Ada\",\"email\":\"ada@x.test\",\"password\":\"{PASSWORD}\"}}");
        let own = [(ORIGIN, issuer.trim_end_matches("/api/auth")), (CONTENT_TYPE, "application/json")];
        let reply = world.browser().post_raw("/api/auth/sign-up/email", &own, &body);
        let cookie = reply.header("set-cookie");
        assert!(cookie.starts_with(session) && cookie.ends_with(attributes), "{cookie}");
        assert!(!cookie.contains("Domain"), "{cookie}");
    }
}
