//! The pages, as a browser without scripts meets them.
#![allow(clippy::expect_used, clippy::panic, reason = "a failed expectation is the test's own report")]

mod support;

use std::time::Duration;

use countersign_jose::{Algorithm, SigningKey};
use countersign_pages::TemplateSource;
use countersign_storage::Kind;
use http::header::{CONTENT_TYPE, ORIGIN, RETRY_AFTER};
use http::{HeaderName, StatusCode};
use support::{Browser, NewAgent, ORIGIN_URL, PASSWORD, Reply, World, authorize, world, world_with};

const FORM: &str = "application/x-www-form-urlencoded";
const MARKUP: &str = "<script>1</script>\" onload=\"x";

/// The page without what differs each time: tokens.
fn without_tokens(reply: &Reply) -> String {
    let mut parts = reply.body.split("name=\"form_token\" value=\"");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + part.split_once('"').expect("a closed value").1)
}

// Sign-up and sign-in

#[test]
fn a_person_signs_up_signs_out_and_signs_in_again() {
    let world = world();
    let browser = world.browser();
    assert_eq!(browser.get("/").location(), "/sign-in");
    assert_eq!(browser.get("/dashboard").location(), "/sign-in?return_to=%2Fdashboard");

    let page = browser.get("/sign-up");
    let reply = browser.submit(&page, &[("name", "Ada"), ("email", "Ada@X.test"), ("password", PASSWORD)]);
    assert_eq!((reply.status, reply.location()), (StatusCode::SEE_OTHER, "/dashboard"));
    assert_eq!(browser.get("/").location(), "/dashboard");
    let dashboard = browser.get("/dashboard");
    assert!(dashboard.body.contains("Hello, <bdi>Ada</bdi>") && dashboard.body.contains("ada@x.test"));

    let signed_out = browser.submit_form(&dashboard.form("/sign-out"), &[]);
    assert_eq!((signed_out.status, signed_out.location()), (StatusCode::SEE_OTHER, "/sign-in"));
    assert_eq!(browser.session_cookie(), None);

    let page = browser.get("/sign-in");
    let reply = browser.submit(&page, &[("email", "ada@x.test"), ("password", PASSWORD)]);
    assert_eq!((reply.status, reply.location()), (StatusCode::SEE_OTHER, "/dashboard"));
}

/// A script on the page, or another host of the domain, must not come by the session.
#[test]
fn the_session_cookie_is_for_this_host_alone_and_not_for_scripts() {
    let world = world();
    let browser = world.browser();
    let page = browser.get("/sign-up");
    let reply = browser.submit(&page, &[("name", "Ada"), ("email", "ada@x.test"), ("password", PASSWORD)]);
    let cookie = reply.header("set-cookie");
    assert!(cookie.starts_with("__Host-countersign="), "{cookie}");
    for attribute in ["; Path=/", "; Secure", "; HttpOnly", "; SameSite=Lax"] {
        assert!(cookie.contains(attribute), "{attribute} in {cookie}");
    }
    assert!(!cookie.contains("Domain"), "{cookie}");
}

#[test]
fn a_sign_up_that_is_refused_says_why_beside_the_field_and_keeps_all_but_the_password() {
    let world = world();
    world.signed_up("taken@x.test");
    for (name, email, password, problem) in [
        ("Ada", "taken@x.test", PASSWORD, "There is an account with this e-mail address."),
        ("Ada", "not an address", PASSWORD, "This is not an e-mail address."),
        ("", "ada@x.test", PASSWORD, "The name must have 1 to 200 characters."),
        (
            "Ada",
            "ada@x.test",
            "short pass",
            "This password is too short: it has 10 characters, and at least 12 are needed.",
        ),
        ("Ada", "ada@x.test", "Password2024!", "This password is much like one that many people use."),
        ("Ada Lovelace", "ada@x.test", "ada lovelace", "This password is your e-mail address or your name."),
    ] {
        let browser = world.browser();
        let page = browser.get("/sign-up");
        let reply = browser.submit(&page, &[("name", name), ("email", email), ("password", password)]);
        assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY, "{problem}");
        assert!(reply.body.contains(problem), "{problem} in {}", reply.body);
        assert!(reply.body.contains("aria-invalid=\"true\""), "{problem}");
        assert_eq!(reply.forms()[0].fields["email"], email);
        assert_eq!(reply.forms()[0].fields["name"], name);
        assert!(!reply.body.contains(password), "the password is in {}", reply.body);
        assert_eq!(browser.session_cookie(), None);
        // The same form, put right, is accepted.
        let good = [("name", "Ada"), ("email", "free@x.test"), ("password", PASSWORD)];
        if problem.contains("too short") {
            assert_eq!(browser.submit(&reply, &good).status, StatusCode::SEE_OTHER);
        }
    }
}

/// A browser that signed in before is not kept out, and sees what happened.
#[test]
fn an_owner_signs_in_while_strangers_guess_and_sees_how_often_they_tried() {
    let world = world();
    let owner = world.ada();
    let dashboard = owner.get("/dashboard");
    assert_eq!(owner.submit_form(&dashboard.form("/sign-out"), &[]).status, StatusCode::SEE_OTHER);
    let stranger = world.browser();
    world.clock.advance(Duration::from_secs(60));
    for _ in 0..5 {
        let page = stranger.get("/sign-in");
        let reply = stranger.submit(&page, &[("email", "ada@x.test"), ("password", "a wrong password")]);
        assert_eq!(reply.status, StatusCode::UNAUTHORIZED);
    }
    let page = stranger.get("/sign-in");
    let reply = stranger.submit(&page, &[("email", "ada@x.test"), ("password", PASSWORD)]);
    assert_eq!(reply.status, StatusCode::TOO_MANY_REQUESTS);

    world.clock.advance(Duration::from_secs(1));
    let page = owner.get("/sign-in");
    let reply = owner.submit(&page, &[("email", "ada@x.test"), ("password", PASSWORD)]);
    assert_eq!(reply.status, StatusCode::SEE_OTHER, "{}", reply.body);
    let dashboard = owner.get("/dashboard");
    assert!(dashboard.body.contains("Somebody tried to sign in (5 times)"), "{}", dashboard.body);
}

/// Nobody finds out at our form who has an account.
#[test]
fn an_unknown_address_and_a_wrong_password_get_the_same_page() {
    let world = world();
    world.ada();
    let attempt = |email: &str| {
        let browser = world.browser();
        let page = browser.get("/sign-in");
        browser.submit(&page, &[("email", email), ("password", "another long password")])
    };
    let (known, unknown) = (attempt("ada@x.test"), attempt("eve@x.test"));
    assert_eq!((known.status, unknown.status), (StatusCode::UNAUTHORIZED, StatusCode::UNAUTHORIZED));
    assert!(known.body.contains("The e-mail address or the password is wrong."));
    assert_eq!(without_tokens(&known), without_tokens(&unknown).replace("eve@x.test", "ada@x.test"));
    assert!(!known.body.contains("another long password"));
    assert_eq!(known.forms()[0].fields["email"], "ada@x.test");
}

/// Passwords are not guessed one after the other.
#[test]
fn too_many_attempts_are_answered_with_429_and_when_to_come_back() {
    let world = world();
    world.ada();
    let browser = world.browser();
    let attempt = || {
        let page = browser.get("/sign-in");
        browser.submit(&page, &[("email", "ada@x.test"), ("password", "another long password")])
    };
    let replies: Vec<Reply> = (0..12).map(|_| attempt()).collect();
    let last = replies.last().expect("a reply");
    assert_eq!(last.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(last.header(RETRY_AFTER).parse::<u64>().expect("seconds") >= 1);
    assert!(last.body.contains("Too many attempts."));
    world.advance(Duration::from_secs(61));
    let page = browser.get("/sign-in");
    assert_eq!(browser.submit(&page, &[("email", "ada@x.test"), ("password", PASSWORD)]).location(), "/dashboard");
}

/// A link to our sign-in must not lead on to a page of somebody else.
#[test]
fn one_returns_only_to_a_place_on_this_server() {
    let world = world();
    world.ada();
    for (return_to, location) in [
        ("/device?user_code=AB", "/device?user_code=AB"),
        ("https://evil.test", "/dashboard"),
        ("//evil.test", "/dashboard"),
        ("/\\evil.test", "/dashboard"),
        ("javascript:alert(1)", "/dashboard"),
    ] {
        let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("return_to", return_to).finish();
        let browser = world.browser();
        let page = browser.get(&format!("/sign-in?{query}"));
        let reply = browser.submit(&page, &[("email", "ada@x.test"), ("password", PASSWORD)]);
        assert_eq!((reply.status, reply.location()), (StatusCode::SEE_OTHER, location), "{return_to}");
        // Who is signed in already is led the same way, at once.
        assert_eq!(browser.get(&format!("/sign-in?{query}")).location(), location, "{return_to}");
        // A field that was added to the form by hand is read by the same rule.
        let browser = world.browser();
        let page = browser.get("/sign-in");
        let fields = [("email", "ada@x.test"), ("password", PASSWORD), ("return_to", return_to)];
        assert_eq!(browser.submit(&page, &fields).location(), location, "{return_to}");
    }
}

/// A session that an attacker planted in the browser must not become the person's.
#[test]
fn the_session_from_before_a_sign_in_ends() {
    let world = world();
    world.signed_up("mallory@x.test");
    world.ada();
    let planted = world.eve().session_cookie().expect("a session");
    let browser = world.browser();
    browser.jar.borrow_mut().insert("__Host-countersign".to_owned(), planted.clone());
    let page = browser.get("/sign-in?other=1");
    let reply = browser.submit(&page, &[("email", "ada@x.test"), ("password", PASSWORD)]);
    assert_eq!(reply.status, StatusCode::SEE_OTHER);
    assert_ne!(browser.session_cookie().expect("a session"), planted);
    let attacker = world.browser();
    attacker.jar.borrow_mut().insert("__Host-countersign".to_owned(), planted);
    assert!(attacker.get("/dashboard").location().starts_with("/sign-in"));
}

#[test]
fn confirming_makes_the_same_session_fresh_under_another_secret() {
    let world = world();
    let browser = world.ada();
    let before = browser.session_cookie();
    let page = browser.get("/sign-in?confirm=1&return_to=%2Fdevice");
    assert!(page.body.contains("Confirm that it is you") && page.body.contains("readonly"));
    let wrong = browser.submit(&page, &[("password", "another long password")]);
    assert_eq!(wrong.status, StatusCode::UNAUTHORIZED);
    assert!(wrong.body.contains("Confirm that it is you"));
    let reply = browser.submit(&wrong, &[("password", PASSWORD)]);
    assert_eq!((reply.status, reply.location()), (StatusCode::SEE_OTHER, "/device"));
    assert_ne!(browser.session_cookie(), before);
    // Somebody whose session ended meanwhile signs in from the start.
    let page = browser.get("/sign-in?confirm=1");
    world.advance(Duration::from_secs(9 * 86_400));
    assert_eq!(browser.submit(&page, &[("password", PASSWORD)]).location(), "/sign-in");
}

// Forms

/// A page of another site posts our forms with the person's cookies, or with a token of its own: each form that changes
/// something.
#[test]
fn a_post_that_did_not_come_from_our_page_in_this_browser_is_refused_and_changes_nothing() {
    let world = world();
    world.notes();
    let browser = world.ada();
    let other = world.eve();
    let visitor = world.browser();
    let pages: [(&str, &Browser<'_>); 12] = [
        ("/sign-up", &visitor),
        ("/sign-in", &visitor),
        ("/sign-out", &browser),
        ("/consent", &browser),
        ("/device", &browser),
        ("/dashboard/sessions/revoke", &browser),
        ("/dashboard/other-sessions/revoke", &browser),
        ("/dashboard/apps/revoke", &browser),
        ("/dashboard/agents/dismiss", &browser),
        ("/dashboard/agents/revoke", &browser),
        ("/dashboard/hosts/dismiss", &browser),
        ("/dashboard/hosts/revoke", &browser),
    ];
    // Every form that is mounted is in the table.
    let mounted = world.pages.mounted();
    let takes_forms = |path: &str, methods: &str| methods.contains("POST") && !path.starts_with("/api/");
    let forms = mounted.iter().filter(|row| takes_forms(&row.path, &row.methods));
    let mut forms: Vec<&str> = forms.map(|row| row.path.as_str()).collect();
    let mut listed = pages.map(|(path, _)| path);
    forms.sort_unstable();
    listed.sort_unstable();
    assert_eq!(forms, listed);

    let stolen = other.get("/dashboard").forms()[0].fields["form_token"].clone();
    let before = world.store.dump().len();
    for (path, sender) in pages {
        let good = match path {
            "/sign-up" | "/sign-in" => sender.get(path).forms()[0].fields["form_token"].clone(),
            _ => sender.get("/dashboard").forms()[0].fields["form_token"].clone(),
        };
        let token = |token: &str| format!("form_token={token}&email=ada@x.test&password=seven+small+green+boats");
        let own = (ORIGIN, ORIGIN_URL);
        let form = (CONTENT_TYPE, FORM);
        let site = HeaderName::from_static("sec-fetch-site");
        for (headers, body) in [
            (vec![own.clone(), form.clone()], "email=ada@x.test".to_owned()),
            (vec![own.clone(), form.clone()], token("")),
            (vec![own.clone(), form.clone()], token("AAAA.BBBB")),
            (vec![own.clone(), form.clone()], token(&stolen)),
            (vec![(ORIGIN, "https://evil.test"), form.clone()], token(&good)),
            (vec![(ORIGIN, "https://as.test.evil.test"), form.clone()], token(&good)),
            (vec![(ORIGIN, "null"), form.clone()], token(&good)),
            (vec![(ORIGIN, "null"), (site.clone(), "cross-site"), form.clone()], token(&good)),
            (vec![(site.clone(), "same-site"), form.clone()], token(&good)),
            (vec![form.clone()], token(&good)),
        ] {
            let reply = sender.post_raw(path, &headers, &body);
            assert_eq!(reply.status, StatusCode::FORBIDDEN, "{path} {headers:?}");
            assert!(reply.body.contains("Nothing was changed."), "{path}");
        }
    }
    assert_eq!(world.store.dump().len(), before, "something was stored");
    assert_eq!(browser.get("/dashboard").status, StatusCode::OK);
}

#[test]
fn a_form_is_read_only_as_a_form_within_its_bound_with_each_field_once() {
    let world = world();
    let browser = world.browser();
    let token = browser.get("/sign-in").forms()[0].fields["form_token"].clone();
    let own = (ORIGIN, ORIGIN_URL);
    let long = format!("form_token={token}&email={}", "a".repeat(16 * 1_024));
    let twice = format!("form_token={token}&email=a@x.test&email=b@x.test&password=x");
    for (content_type, body, status) in [
        ("application/json", "{\"email\":\"a@x.test\"}", StatusCode::UNSUPPORTED_MEDIA_TYPE),
        ("text/plain", "email=a@x.test", StatusCode::UNSUPPORTED_MEDIA_TYPE),
        ("application/x-www-form-urlencoded; charset=iso-8859-1", "email=a@x.test", StatusCode::UNSUPPORTED_MEDIA_TYPE),
        ("multipart/form-data; boundary=x", "--x--", StatusCode::UNSUPPORTED_MEDIA_TYPE),
        (FORM, &long, StatusCode::PAYLOAD_TOO_LARGE),
        (FORM, &twice, StatusCode::BAD_REQUEST),
    ] {
        let reply = browser.post_raw("/sign-in", &[own.clone(), (CONTENT_TYPE, content_type)], body);
        assert_eq!(reply.status, status, "{content_type} {body:.30}");
    }
    assert_eq!(browser.get("/sign-in?return_to=/a&return_to=/b").status, StatusCode::BAD_REQUEST);
}

// Sessions

/// Whoever knows the public id of somebody else's session ends nothing with it.
#[test]
fn a_session_is_ended_by_its_owner_and_by_nobody_else() {
    let world = world();
    let laptop = world.ada();
    let phone = world.browser();
    let page = phone.get("/sign-in");
    phone.submit(&page, &[("email", "ada@x.test"), ("password", PASSWORD)]);
    let eve = world.eve();

    let dashboard = laptop.get("/dashboard");
    let form = dashboard.form("/dashboard/sessions/revoke");
    let mut foreign = eve.get("/dashboard").form("/sign-out");
    foreign.action = form.action.clone();
    let reply = eve.submit_form(&foreign, &[("id", &form.fields["id"])]);
    assert_eq!(reply.status, StatusCode::NOT_FOUND);
    assert_eq!(phone.get("/dashboard").status, StatusCode::OK);

    let reply = laptop.submit_form(&form, &[]);
    assert_eq!((reply.status, reply.location()), (StatusCode::SEE_OTHER, "/dashboard?done=session"));
    assert!(laptop.get("/dashboard?done=session").body.contains("The session was ended."));
    assert_eq!(phone.get("/dashboard").status, StatusCode::SEE_OTHER);
    assert_eq!(laptop.get("/dashboard").status, StatusCode::OK);
}

#[test]
fn all_other_sessions_end_together() {
    let world = world();
    let laptop = world.ada();
    let others: Vec<Browser<'_>> = (0..3).map(|_| world.browser()).collect();
    for other in &others {
        let page = other.get("/sign-in");
        other.submit(&page, &[("email", "ada@x.test"), ("password", PASSWORD)]);
    }
    laptop.submit_form(&laptop.get("/dashboard").form("/dashboard/other-sessions/revoke"), &[]);
    assert!(others.iter().all(|other| other.get("/dashboard").status == StatusCode::SEE_OTHER));
    let dashboard = laptop.get("/dashboard");
    assert_eq!(dashboard.status, StatusCode::OK);
    assert!(!dashboard.body.contains("Sign out everywhere else"));
}

#[test]
fn a_signed_out_cookie_opens_nothing_any_more() {
    let world = world();
    let browser = world.ada();
    let cookie = browser.session_cookie().expect("a session");
    browser.submit_form(&browser.get("/dashboard").form("/sign-out"), &[]);
    browser.jar.borrow_mut().insert("__Host-countersign".to_owned(), cookie);
    assert!(browser.get("/dashboard").location().starts_with("/sign-in"));
}

/// A copy of the store signs nobody in.
#[test]
fn neither_the_password_nor_the_cookie_is_stored() {
    let world = world();
    let browser = world.ada();
    let cookie = browser.session_cookie().expect("a session");
    for entry in world.store.dump() {
        assert!(!entry.body.contains(PASSWORD) && !entry.body.contains(&cookie) && !entry.key.id.contains(&cookie));
    }
}

// Consent

fn asked(world: &World) -> (Browser<'_>, Reply) {
    world.notes();
    let browser = world.ada();
    let page = browser.visit(&authorize(""));
    assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    (browser, page)
}

fn parameter(location: &str, name: &str) -> Option<String> {
    let url = url::Url::parse(location).expect("a URL");
    url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

#[test]
fn consent_shows_who_asks_for_what_and_where_one_returns_to() {
    let world = world();
    let (_, page) = asked(&world);
    let text = support::unescape(&page.body);
    for shown in [
        "Allow <q class=\"quoted inline\">Notes</q> to use your account?",
        "<bdi>rp.test</bdi>",
        "<dt>You return to</dt><dd><bdi>rp.test</bdi></dd>",
        "You are signed in as <bdi>ada@x.test</bdi>",
        "Know that it is you",
        "See your name and profile",
        "Read your notes",
    ] {
        assert!(text.contains(shown), "{shown} in {text}");
    }
    assert!(!text.contains("See your e-mail address"), "it was not asked");
    assert_eq!(text.matches("type=\"checkbox\"").count(), 2, "openid is no choice");
}

#[test]
fn what_stays_ticked_is_granted_and_the_browser_returns_to_the_client_with_303() {
    let world = world();
    let (browser, page) = asked(&world);
    let mut form = page.forms().remove(0);
    form.fields.remove("scope.profile").expect("ticked before");
    let reply = browser.submit_form(&form, &[("answer", "approve")]);
    assert_eq!(reply.status, StatusCode::SEE_OTHER, "{}", reply.body);
    let location = reply.location().to_owned();
    assert!(location.starts_with("https://rp.test/cb?"), "{location}");
    assert!(parameter(&location, "code").is_some_and(|code| code.len() >= 22));
    assert_eq!(parameter(&location, "state").as_deref(), Some("xyz"));
    assert_eq!(parameter(&location, "iss").as_deref(), Some(support::ISSUER));

    let dashboard = support::unescape(&browser.get("/dashboard").body);
    assert!(
        dashboard.contains("<strong><q class=\"quoted inline\">Notes</q></strong>")
            && dashboard.contains("Read your notes")
    );
    assert!(!dashboard.contains("See your name and profile"));
    assert!(dashboard.contains("22 Nov 2027</time> unless you use it again"), "a consent has an end that is shown");

    // Taken back on the dashboard, it is gone, and asked again.
    let reply = browser.submit_form(&browser.get("/dashboard").form("/dashboard/apps/revoke"), &[]);
    assert_eq!(reply.location(), "/dashboard?done=app");
    assert!(browser.get("/dashboard").body.contains("No app uses your account."));
    assert!(browser.get(&authorize("")).location().contains("/consent?"));
}

#[test]
fn a_denial_returns_to_the_client_with_access_denied() {
    let world = world();
    let (browser, page) = asked(&world);
    let reply = browser.submit(&page, &[("answer", "deny")]);
    assert_eq!(reply.status, StatusCode::SEE_OTHER);
    assert_eq!(parameter(reply.location(), "error").as_deref(), Some("access_denied"));
    assert_eq!(parameter(reply.location(), "code"), None);
}

/// Changes a form before it is sent.
type Alter = fn(&World, &Browser<'_>, &mut support::SentForm);

/// An answer that allows more than was asked, was altered, was used before, comes too late or from elsewhere.
#[test]
fn a_consent_that_is_not_an_answer_to_what_was_shown_is_refused_without_a_redirect() {
    let cases: [(&str, Alter); 6] = [
        ("widened", |_, _, form| {
            form.fields.insert("scope.email".to_owned(), "on".to_owned());
        }),
        ("altered", |_, _, form| {
            form.fields.insert("csrf".to_owned(), "A".repeat(43));
        }),
        ("another interaction", |_, _, form| {
            form.fields.insert("interaction".to_owned(), "int_AAAAAAAAAAAAAAAAAAAAAA".to_owned());
        }),
        ("no answer", |_, _, form| {
            form.fields.insert("answer".to_owned(), "maybe".to_owned());
        }),
        ("expired", |world, _, _| world.advance(Duration::from_secs(31 * 60))),
        ("reused", |world, browser, form| {
            assert_eq!(browser.submit_form(form, &[]).status, StatusCode::SEE_OTHER);
            world.advance(Duration::from_secs(60));
        }),
    ];
    for (case, alter) in cases {
        let world = world();
        let (browser, page) = asked(&world);
        let mut form = page.forms().remove(0);
        form.fields.insert("answer".to_owned(), "approve".to_owned());
        alter(&world, &browser, &mut form);
        let reply = browser.submit_form(&form, &[]);
        assert!(reply.status.is_client_error(), "{case}: {} {}", reply.status, reply.location());
        assert_eq!(reply.location(), "", "{case}");
    }
}

/// On a slow line people click twice, and the browser shows only the last answer.
#[test]
fn the_second_click_on_allow_or_deny_leads_where_the_first_did() {
    for answer in ["approve", "deny"] {
        let world = world();
        let (browser, page) = asked(&world);
        let first = browser.submit(&page, &[("answer", answer)]);
        assert!(first.location().starts_with("https://rp.test/cb?"), "{}", first.location());
        assert_eq!(browser.submit(&page, &[("answer", answer)]).location(), first.location());
    }
}

#[test]
fn an_interaction_of_another_browser_is_neither_shown_nor_answered() {
    let world = world();
    let (_, page) = asked(&world);
    let form = page.forms().remove(0);
    let eve = world.eve();
    let shown = eve.get(&format!("/consent?interaction={}", form.fields["interaction"]));
    assert_eq!(shown.status, StatusCode::NOT_FOUND);
    let mut own = eve.get("/dashboard").form("/sign-out");
    own.action = "/consent".to_owned();
    own.fields.extend(
        [("interaction", "csrf")]
            .iter()
            .flat_map(|(a, b)| [a, b])
            .map(|name| ((*name).to_owned(), form.fields[*name].clone())),
    );
    let reply = eve.submit_form(&own, &[("answer", "approve")]);
    assert_eq!((reply.status, reply.location()), (StatusCode::NOT_FOUND, ""));
}

#[test]
fn a_client_leads_through_sign_up_and_sign_in_to_consent() {
    let world = world();
    world.notes();
    let browser = world.browser();
    let sign_in = browser.visit(&authorize("&login_hint=ada%40x.test"));
    assert!(sign_in.body.contains("to go on to <q class=\"quoted inline\">Notes</q>"));
    assert_eq!(sign_in.forms()[0].fields["email"], "ada@x.test");
    let link = sign_in.body.split("href=\"").find(|part| part.starts_with("&#x2f;sign-up")).expect("a link");
    let link = support::unescape(link.split('"').next().expect("a link"));
    let sign_up = browser.get(&link);
    assert!(sign_up.body.contains("to go on to <q class=\"quoted inline\">Notes</q>"));
    let reply = browser.submit(&sign_up, &[("name", "Ada"), ("email", "ada@x.test"), ("password", PASSWORD)]);
    assert_eq!(reply.status, StatusCode::SEE_OTHER);
    let consent = browser.get(&reply.local_location().expect("local"));
    assert!(consent.body.contains("Allow <q class=\"quoted inline\">Notes</q>"), "{}", consent.body);

    // Somebody else signs in instead, and is asked in their own name.
    world.eve();
    let interaction = consent.forms()[0].fields["interaction"].clone();
    let other = browser.get(&format!("/sign-in?interaction={interaction}&other=1"));
    let reply = browser.submit(&other, &[("email", "eve@x.test"), ("password", PASSWORD)]);
    let consent = browser.get(&reply.local_location().expect("local"));
    assert!(consent.body.contains("<bdi>eve@x.test</bdi>"));
}

/// OIDC Core §3.1.2.1, `prompt=login`: the password again, and then on to the client, which was allowed everything before.
#[test]
fn a_client_that_wants_a_fresh_sign_in_gets_the_password_asked_again() {
    let world = world();
    let (browser, page) = asked(&world);
    browser.submit(&page, &[("answer", "approve")]);
    world.advance(Duration::from_secs(60));
    let confirm = browser.visit(&authorize("&prompt=login"));
    assert!(confirm.body.contains("Confirm that it is you"), "{}", confirm.body);
    assert!(confirm.header("content-security-policy").contains("form-action 'self' https://rp.test;"));
    let reply = browser.submit(&confirm, &[("password", PASSWORD)]);
    assert_eq!(reply.status, StatusCode::SEE_OTHER);
    assert!(reply.location().starts_with("https://rp.test/cb?"), "{}", reply.location());
    assert!(reply.header("set-cookie").starts_with("__Host-countersign="));
}

// Approval of agents

const HELPER: NewAgent<'static> = NewAgent { name: "Helper", host_name: "Laptop", reason: "Pay the electricity bill" };

/// A link with a code in it, a preview of that link, and a person in a hurry must not approve an agent.
#[test]
fn looking_at_a_code_shows_what_is_asked_and_approves_nothing() {
    let world = world();
    let browser = world.ada();
    let code = world.agent_asks(&HELPER);
    let before = world.store.dump().len();
    let page = browser.get(&format!("/device?user_code={code}"));
    let text = support::unescape(&page.body);
    for shown in [
        code.as_str(),
        "<q class=\"quoted\">Helper</q>",
        "<q class=\"quoted\">Laptop</q>",
        "<q class=\"quoted\">Pay the electricity bill</q>",
        "See your balance",
        "Send your money",
        "at most 100, no lower limit",
        "If somebody sent you a code or a link, deny.",
        "The agent wrote these names itself.",
    ] {
        assert!(text.contains(shown), "{shown} in {text}");
    }
    assert!(text.contains("class=\"unlimited\""), "an open limit is not marked");
    browser.get(&format!("/device?user_code={code}&answer=approve&confirm=yes"));
    // Throttle counters aside, nothing was written.
    let written = world.store.dump().iter().filter(|entry| entry.key.kind.as_str() != "throttle").count();
    assert!(written <= before, "{written} > {before}");
    assert!(browser.get("/dashboard").body.contains("No agent acts for you."));
}

#[test]
fn a_person_approves_part_of_what_an_agent_asks_and_revokes_it_later() {
    let world = world();
    let browser = world.ada();
    let code = world.agent_asks(&HELPER);
    assert!(browser.get("/device").body.contains("Enter the code"));
    // Typed in small letters and without the dash.
    let page = browser.get(&format!("/device?user_code={}", code.replace('-', "").to_lowercase()));
    let mut form = page.form("/device");
    form.fields.remove("capability.transfer_money").expect("ticked before");
    let unconfirmed = browser.submit_form(&form, &[("answer", "approve")]);
    assert_eq!(unconfirmed.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(unconfirmed.body.contains("Nothing was approved."));
    let made_up = browser.submit_form(&form, &[("answer", "approve"), ("confirm", "yes"), ("at_most", "1")]);
    assert_eq!(made_up.status, StatusCode::FORBIDDEN, "no time but those that are offered");
    for _ in 0..2 {
        // The second click is told what the first one did.
        let reply = browser.submit_form(&form, &[("answer", "approve"), ("confirm", "yes"), ("at_most", "86400")]);
        assert_eq!((reply.status, reply.location()), (StatusCode::SEE_OTHER, "/dashboard?done=approved"));
    }

    let dashboard = browser.get("/dashboard");
    assert!(dashboard.body.contains("<q class=\"quoted inline\">Helper</q>"), "{}", dashboard.body);
    assert!(dashboard.body.contains("<code>check_balance</code> · ends <time"), "{}", dashboard.body);
    assert!(!dashboard.body.contains("transfer_money"));
    assert!(dashboard.body.contains("Approved an agent"), "activity");

    let eve = world.eve();
    for action in ["/dashboard/agents/revoke", "/dashboard/hosts/revoke"] {
        let mut foreign = eve.get("/dashboard").form("/sign-out");
        foreign.action = action.to_owned();
        let id = dashboard.form(action).fields["id"].clone();
        assert_eq!(eve.submit_form(&foreign, &[("id", &id)]).status, StatusCode::NOT_FOUND, "{action}");
    }
    let reply = browser.submit_form(&dashboard.form("/dashboard/agents/revoke"), &[]);
    assert_eq!(reply.location(), "/dashboard?done=agent");
    let dashboard = browser.get("/dashboard");
    assert!(dashboard.body.contains("<span class=\"badge problem\">revoked</span>"), "{}", dashboard.body);
    let reply = browser.submit_form(&dashboard.form("/dashboard/hosts/revoke"), &[]);
    assert_eq!(reply.location(), "/dashboard?done=host");
}

#[test]
fn the_dashboard_shows_what_an_agent_may_do_in_the_words_of_the_approval() {
    let world = world();
    let browser = world.ada();
    let code = world.agent_asks(&HELPER);
    let approval = browser.get(&format!("/device?user_code={code}"));
    browser.submit_form(&approval.form("/device"), &[("answer", "approve"), ("confirm", "yes")]);
    let dashboard = browser.get("/dashboard").body;
    let limits = |body: &str| -> Vec<String> {
        let parts = body.split("<ul class=\"limits\">").skip(1);
        parts.filter_map(|part| part.split("</ul>").next()).map(str::to_owned).collect()
    };
    assert!(!limits(&approval.body).is_empty());
    assert_eq!(limits(&dashboard), limits(&approval.body));
    for words in
        ["<strong>See your balance</strong>", "<strong>Send your money</strong>", "<code>transfer_money</code>"]
    {
        assert!(dashboard.contains(words) && approval.body.contains(words), "{words} in {dashboard}");
    }
}

/// A host registers agent after agent: the page stays readable, and one button ends the nuisance.
#[test]
fn agents_that_wait_are_folded_by_host_and_are_dismissed_one_by_one_or_all_of_a_host() {
    let world = world();
    let browser = world.ada();
    let host_key = SigningKey::generate(Algorithm::EdDSA).expect("a key");
    let ask = |name: &str| world.agent_asks_from(&host_key, &NewAgent { name, ..HELPER });
    let page = browser.get(&format!("/device?user_code={}", ask("Helper")));
    browser.submit_form(&page.form("/device"), &[("answer", "approve"), ("confirm", "yes")]);
    let dismiss = "/dashboard/agents/dismiss";
    assert!(browser.get("/dashboard").forms().iter().all(|form| !form.action.ends_with("/dismiss")));
    for number in 1..=20 {
        world.advance(Duration::from_secs(1));
        ask(&format!("Nuisance {number}"));
    }
    let dashboard = browser.get("/dashboard");
    let names: Vec<_> =
        dashboard.body.split("Dismiss agent “").skip(1).filter_map(|rest| rest.split('”').next()).collect();
    assert_eq!(names, ["Nuisance 20", "Nuisance 19", "Nuisance 18"], "the newest first");
    assert!(dashboard.body.contains("And 17 more of this host wait for you."), "{}", dashboard.body);
    assert_eq!(dashboard.body.matches("<q class=\"quoted inline\">Nuisance").count(), 3);

    let eve = world.eve();
    for action in [dismiss, "/dashboard/hosts/dismiss"] {
        let mut foreign = eve.get("/dashboard").form("/sign-out");
        foreign.action = action.to_owned();
        let id = dashboard.form(action).fields["id"].clone();
        assert_eq!(eve.submit_form(&foreign, &[("id", &id)]).status, StatusCode::NOT_FOUND, "{action}");
        let forged = browser.submit_form(&dashboard.form(action), &[("form_token", "forged")]);
        assert_eq!(forged.status, StatusCode::FORBIDDEN, "{action}");
    }
    // The second click is told what the first one did.
    for _ in 0..2 {
        assert_eq!(browser.submit_form(&dashboard.form(dismiss), &[]).location(), "/dashboard?done=dismissed");
    }
    let dashboard = browser.get("/dashboard?done=dismissed");
    assert!(dashboard.body.contains("The agent that waited was denied."), "{}", dashboard.body);
    assert!(dashboard.body.contains("And 16 more of this host wait for you."), "{}", dashboard.body);
    for _ in 0..2 {
        let reply = browser.submit_form(&dashboard.form("/dashboard/hosts/dismiss"), &[]);
        assert_eq!(reply.location(), "/dashboard?done=dismissed_all");
    }
    // A page from before is told the truth.
    assert_eq!(browser.submit_form(&dashboard.form(dismiss), &[]).location(), "/dashboard?done=answered");
    let dashboard = browser.get("/dashboard");
    assert!(dashboard.forms().iter().all(|form| !form.action.ends_with("/dismiss")), "{}", dashboard.body);
    assert!(dashboard.forms().iter().any(|form| form.action == "/dashboard/agents/revoke"), "the other one works on");
    assert!(dashboard.body.contains("And 17 more of this host that ended."), "{}", dashboard.body);
    assert!(dashboard.body.contains("Denied an agent"), "activity");
}

/// While an update is under way a newer version writes records that this one must not use: the buttons work all the same.
#[test]
fn what_a_newer_version_wrote_is_shown_and_can_be_revoked() {
    for (kind, action, done) in [
        ("agent", "/dashboard/agents/revoke", "/dashboard?done=agent"),
        ("agent", "/dashboard/hosts/revoke", "/dashboard?done=host"),
        ("agent_host", "/dashboard/agents/revoke", "/dashboard?done=agent"),
        ("agent_host", "/dashboard/hosts/revoke", "/dashboard?done=host"),
    ] {
        let world = world();
        let browser = world.ada();
        let code = world.agent_asks(&HELPER);
        let page = browser.get(&format!("/device?user_code={code}"));
        browser.submit_form(&page.form("/device"), &[("answer", "approve"), ("confirm", "yes")]);
        world.written_by_a_newer_version(Kind::new(kind));
        world.written_by_a_newer_version(Kind::new("audit"));
        let dashboard = browser.get("/dashboard");
        assert_eq!(dashboard.status, StatusCode::OK, "{kind}");
        let newer = "<span class=\"badge warning\">written by a newer version of this software</span>";
        assert!(dashboard.body.contains(newer), "{kind}: {}", dashboard.body);
        assert!(dashboard.body.contains("<q class=\"quoted inline\">Helper</q>"), "{kind}: {}", dashboard.body);
        let reply = browser.submit_form(&dashboard.form(action), &[]);
        assert_eq!((reply.status, reply.location()), (StatusCode::SEE_OTHER, done), "{kind}");
        let dashboard = browser.get("/dashboard");
        assert!(dashboard.body.contains("<span class=\"badge problem\">revoked</span>"), "{kind}: {}", dashboard.body);
        assert!(dashboard.forms().iter().all(|form| form.action != action), "{kind}");
    }
}

#[test]
fn an_app_that_a_newer_version_wrote_is_shown_and_can_be_disconnected() {
    let world = world();
    let (browser, page) = asked(&world);
    browser.submit_form(&page.forms().remove(0), &[("answer", "approve")]);
    world.written_by_a_newer_version(Kind::new("grant"));
    let dashboard = browser.get("/dashboard");
    assert_eq!(dashboard.status, StatusCode::OK, "{}", dashboard.body);
    let newer = "<span class=\"badge warning\">written by a newer version of this software</span>";
    assert!(dashboard.body.contains(newer), "{}", dashboard.body);
    let reply = browser.submit_form(&dashboard.form("/dashboard/apps/revoke"), &[]);
    assert_eq!(reply.location(), "/dashboard?done=app");
    let dashboard = browser.get("/dashboard");
    assert!(dashboard.forms().iter().all(|form| form.action != "/dashboard/apps/revoke"), "{}", dashboard.body);
}

#[test]
fn a_session_that_a_newer_version_wrote_is_shown_and_can_be_ended() {
    let world = world();
    world.ada();
    world.written_by_a_newer_version(Kind::new("session"));
    let browser = world.browser();
    browser.submit(&browser.get("/sign-in"), &[("email", "ada@x.test"), ("password", PASSWORD)]);
    let dashboard = browser.get("/dashboard");
    let newer = "<span class=\"badge warning\">written by a newer version of this software</span>";
    assert!(dashboard.body.contains(newer), "{}", dashboard.body);
    let reply = browser.submit_form(&dashboard.form("/dashboard/sessions/revoke"), &[]);
    assert_eq!(reply.location(), "/dashboard?done=session");
    assert!(!browser.get("/dashboard").body.contains(newer));
}

#[test]
fn a_denied_agent_does_not_act() {
    let world = world();
    let browser = world.ada();
    let code = world.agent_asks(&HELPER);
    let page = browser.get(&format!("/device?user_code={code}"));
    let reply = browser.submit_form(&page.form("/device"), &[("answer", "deny")]);
    assert_eq!(reply.location(), "/dashboard?done=denied");
    let again = browser.submit_form(&page.form("/device"), &[("answer", "approve"), ("confirm", "yes")]);
    assert_eq!(again.status, StatusCode::CONFLICT);
    assert!(again.body.contains("This request was answered already."), "{}", again.body);
}

/// Whoever finds a browser signed in must not approve an agent there.
#[test]
fn a_sign_in_that_is_not_fresh_approves_nothing_until_it_is_confirmed() {
    let world = world();
    let browser = world.ada();
    let code = world.agent_asks(&HELPER);
    let fresh = browser.get(&format!("/device?user_code={code}"));
    world.advance(Duration::from_secs(301));
    let code = world.agent_asks(&HELPER);
    let page = browser.get(&format!("/device?user_code={code}"));
    assert!(page.body.contains("Confirm that it is me") && !page.body.contains("value=\"approve\""));
    let mut form = page.form("/device");
    form.fields.insert("confirm".to_owned(), "yes".to_owned());
    let reply = browser.submit_form(&form, &[("answer", "approve")]);
    assert_eq!(reply.status, StatusCode::FORBIDDEN);
    assert!(reply.body.contains("Confirm that it is me"), "{}", reply.body);
    drop(fresh);

    let link = page.body.split("href=\"").find(|part| part.contains("confirm=1")).expect("a link");
    let link = support::unescape(link.split('"').next().expect("a link"));
    let confirm = browser.get(&link);
    let back = browser.submit(&confirm, &[("password", PASSWORD)]);
    assert_eq!(back.location(), format!("/device?user_code={code}"));
    let page = browser.get(back.location());
    let reply = browser.submit_form(&page.form("/device"), &[("answer", "approve"), ("confirm", "yes")]);
    assert_eq!(reply.location(), "/dashboard?done=approved", "{}", reply.body);
}

#[test]
fn an_answer_to_something_else_than_what_was_shown_approves_nothing() {
    let world = world();
    let browser = world.ada();
    let code = world.agent_asks(&HELPER);
    let page = browser.get(&format!("/device?user_code={code}"));
    let approve = [("answer", "approve"), ("confirm", "yes")];
    let mut form = page.form("/device");
    form.fields.insert("shown".to_owned(), "A".repeat(43));
    assert_eq!(browser.submit_form(&form, &approve).status, StatusCode::CONFLICT);
    let mut form = page.form("/device");
    form.fields.insert("capability.delete_everything".to_owned(), "on".to_owned());
    assert_eq!(browser.submit_form(&form, &approve).status, StatusCode::BAD_REQUEST);
    let mut form = page.form("/device");
    form.fields.insert("user_code".to_owned(), "BBBB-BBBB".to_owned());
    assert_eq!(browser.submit_form(&form, &approve).status, StatusCode::FORBIDDEN);
    assert!(browser.get("/dashboard").body.contains("No agent acts for you."));
}

/// Codes are short: whoever tries many must not come upon one that waits.
#[test]
fn codes_cannot_be_tried_out() {
    let world = world();
    let browser = world.ada();
    let replies: Vec<Reply> = (0..40).map(|_| browser.get("/device?user_code=BBBB-BBBB")).collect();
    assert_eq!(replies[0].status, StatusCode::FORBIDDEN);
    assert!(replies[0].body.contains("This code is not known."));
    let last = replies.last().expect("a reply");
    assert_eq!(last.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(last.header(RETRY_AFTER).parse::<u64>().expect("seconds") >= 1);
}

#[test]
fn a_code_link_leads_through_sign_in_back_to_the_code() {
    let world = world();
    let browser = world.browser();
    let reply = browser.get("/device?user_code=AB%26C");
    assert_eq!(reply.location(), "/sign-in?return_to=%2Fdevice%3Fuser_code%3DAB%2526C");
}

// What strangers write

/// The names that agents and clients give themselves must not become part of the page.
#[test]
fn whatever_a_stranger_wrote_is_text() {
    let world = world();
    world.client(MARKUP);
    let browser = world.browser();
    let page = browser.get("/sign-up");
    let header = HeaderName::from_static("user-agent");
    let fields = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs([("form_token", page.forms()[0].fields["form_token"].as_str()), ("name", MARKUP)])
        .extend_pairs([("email", "ada@x.test"), ("password", PASSWORD)])
        .finish();
    let own = [(ORIGIN, ORIGIN_URL), (CONTENT_TYPE, FORM), (header, MARKUP)];
    assert_eq!(browser.post_raw("/sign-up", &own, &fields).status, StatusCode::SEE_OTHER);
    let host_key = SigningKey::generate(Algorithm::EdDSA).expect("a key");
    let stranger = NewAgent {
        name: "Countersign Security <script>1</script>",
        host_name: "exe\u{202E}fdp\"><img onerror=x>",
        reason: "<button>Approve</button> <a href=\"javascript:1\">x</a>",
    };
    let code = world.agent_asks_from(&host_key, &stranger);
    let query = |name: &str| url::form_urlencoded::Serializer::new(String::new()).append_pair(name, MARKUP).finish();
    let visitor = world.browser();
    let refused = visitor.get("/sign-in");
    let refused = visitor.submit(&refused, &[("email", MARKUP), ("password", MARKUP)]);
    let signed_up = visitor.get("/sign-up");
    let signed_up = visitor.submit(&signed_up, &[("email", MARKUP), ("name", MARKUP), ("password", "x")]);
    let approval = browser.get(&format!("/device?user_code={code}"));
    let approve = [("answer", "approve"), ("confirm", "yes")];
    for (name, page) in [
        ("sign-in, login_hint", world.browser().visit(&authorize(&format!("&{}", query("login_hint"))))),
        ("sign-in, reordering", world.browser().visit(&authorize("&login_hint=exe%E2%80%AEfdp%40x.test"))),
        ("sign-in, return_to", world.browser().get(&format!("/sign-in?{}", query("return_to")))),
        ("sign-in, interaction", world.browser().get(&format!("/sign-in?{}", query("interaction")))),
        ("sign-in, refused", refused),
        ("sign-up, refused", signed_up),
        ("consent", browser.visit(&authorize(&format!("&{}", query("ui_locales"))))),
        ("consent, interaction", browser.get(&format!("/consent?{}", query("interaction")))),
        ("device, code", browser.get(&format!("/device?{}", query("user_code")))),
        ("device, approval", browser.get(&format!("/device?user_code={code}"))),
        ("device, unconfirmed", browser.submit_form(&approval.form("/device"), &approve[..1])),
        ("error page", world.browser().get(&format!("/api/auth/oauth2/authorize?{}", query("redirect_uri")))),
        ("error page, client", world.browser().get(&format!("/api/auth/oauth2/authorize?{}", query("client_id")))),
        ("dashboard, done", browser.get(&format!("/dashboard?{}", query("done")))),
        ("dashboard", {
            browser.submit_form(&approval.form("/device"), &approve);
            browser.submit(&browser.visit(&authorize("")), &approve[..1]);
            world.agent_asks_from(&host_key, &stranger);
            browser.get("/dashboard")
        }),
    ] {
        assert!(page.body.contains("<h1>"), "{name}: not a page: {} {}", page.status, page.body);
        for markup in ["<script", "<img", "<button>", "onload=\"", "onerror=x>", "href=\"javascript", "\u{202E}"] {
            assert!(!page.body.contains(markup), "{name}: {markup} in {}", page.body);
        }
    }
    let dashboard = browser.get("/dashboard").body;
    assert!(
        dashboard.contains("Hello, <bdi>&lt;script&gt;1&lt;&#x2f;script&gt;&quot; onload=&quot;x</bdi>"),
        "{dashboard}"
    );
    assert!(approval.body.contains("<q class=\"quoted\">Countersign Security &lt;script&gt;1&lt;&#x2f;script&gt;</q>"));
}

// Our own faults

/// Settled question 12: 503 with `Retry-After`, never "nobody is signed in".
#[test]
fn without_the_store_every_page_says_that_the_fault_is_ours_and_when_to_come_back() {
    let world = world();
    world.notes();
    let browser = world.ada();
    let sign_in = world.browser();
    let page = sign_in.get("/sign-in");
    let dashboard = browser.get("/dashboard");
    let consent = browser.visit(&authorize(""));
    world.outage.down.store(true, std::sync::atomic::Ordering::SeqCst);
    let credentials = [("email", "ada@x.test"), ("password", PASSWORD)];
    for (name, reply) in [
        ("dashboard", browser.get("/dashboard")),
        ("home", browser.get("/")),
        ("sign-in", sign_in.submit(&page, &credentials)),
        ("sign-out", browser.submit_form(&dashboard.form("/sign-out"), &[])),
        ("consent", browser.submit(&consent, &[("answer", "approve")])),
        ("device", browser.get("/device?user_code=BBBB-BBBB")),
        ("revoke", browser.submit_form(&dashboard.form("/sign-out"), &[])),
        ("get-session", browser.get("/api/auth/get-session")),
        ("sign-in/email", sign_in.post_json("/api/auth/sign-in/email", "{\"email\":\"a@x.test\",\"password\":\"x\"}")),
    ] {
        assert_eq!(reply.status, StatusCode::SERVICE_UNAVAILABLE, "{name}: {}", reply.body);
        assert!(reply.header(RETRY_AFTER).parse::<u64>().is_ok_and(|seconds| seconds >= 1), "{name}");
        assert!(!reply.body.contains("no database"), "{name}");
    }
    assert!(browser.session_cookie().is_some(), "the cookie went although nobody knows whether the session ended");
    world.outage.down.store(false, std::sync::atomic::Ordering::SeqCst);
    assert_eq!(browser.get("/dashboard").status, StatusCode::OK);
}

// Overrides

#[test]
fn a_file_in_the_override_folder_takes_the_place_of_the_embedded_one() {
    let folder = std::env::temp_dir().join(format!("countersign-pages-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::write(folder.join("sign_in.html"), "<h1>Ours {{ page.email }}</h1>{{ site.brand }}").expect("a file");
    std::fs::write(folder.join("countersign.css"), "body { margin: 0 }").expect("a file");
    let world = world_with(&TemplateSource::Override(folder.clone()));
    std::fs::remove_dir_all(&folder).expect("removed");
    assert_eq!(world.browser().get("/sign-in").body, "<h1>Ours </h1>Countersign");
    assert!(world.browser().get("/sign-up").body.contains("Create an account"));
    assert_eq!(world.browser().get("/assets/countersign.css").body, "body { margin: 0 }");
}

#[test]
fn templates_that_can_not_be_used_are_refused_at_the_start() {
    let nowhere = TemplateSource::Override("/nonexistent/templates".into());
    let error = countersign_pages::Templates::new(&nowhere, "x").expect_err("no folder");
    assert!(error.to_string().contains("/nonexistent/templates"));
    let folder = std::env::temp_dir().join(format!("countersign-pages-broken-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::write(folder.join("consent.html"), "one\n{% if %}").expect("a file");
    let error = countersign_pages::Templates::new(&TemplateSource::Override(folder.clone()), "x").expect_err("syntax");
    std::fs::remove_dir_all(&folder).expect("removed");
    assert!(error.to_string().starts_with("the template consent.html is wrong in line 2"), "{error}");
}

#[test]
fn a_template_that_names_a_value_that_does_not_exist_fails_without_showing_half_a_page() {
    let folder = std::env::temp_dir().join(format!("countersign-pages-undefined-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::write(folder.join("sign_in.html"), "<h1>half</h1>{{ page.nothing }}").expect("a file");
    let world = world_with(&TemplateSource::Override(folder.clone()));
    std::fs::remove_dir_all(&folder).expect("removed");
    let reply = world.browser().get("/sign-in");
    assert_eq!(reply.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(!reply.body.contains("half") && reply.body.contains("The fault is ours."));
}
