//! The token request with a code ([RFC 6749 §4.1.3](https://www.rfc-editor.org/rfc/rfc6749#section-4.1.3)).

use bytes::Bytes;
use countersign_oidc::ClientState;
use countersign_oidc::Scopes;
use countersign_oidc::records::{AuthorizationCode, CodeState, Grant, TokenFamily};
use countersign_storage::{AccountState, Clock, Handle, Store, Subject};
use http::{Method, Request, StatusCode, header};

use crate::world::*;

/// §5.1: the whole successful answer.
#[tokio::test]
async fn a_code_gives_tokens() {
    let world = World::new().await;
    let reply = world.tokens(WEB).await;
    assert_eq!(reply.headers[header::CACHE_CONTROL], "no-store");
    assert_eq!(reply.headers[header::PRAGMA], "no-cache");
    assert_eq!(reply.headers[header::CONTENT_TYPE], "application/json");
    assert_eq!(reply.body["token_type"], "Bearer");
    assert_eq!(reply.body["expires_in"], 300);
    assert_eq!(reply.body["scope"], "openid profile email offline_access notes:read notes:write");
    for token in ["access_token", "refresh_token", "id_token"] {
        assert!(reply.body[token].is_string(), "{token}");
    }
    assert_eq!(reply.body.as_object().unwrap().len(), 6);
}

/// [RFC 9110 §15.6](https://www.rfc-editor.org/rfc/rfc9110#section-15.6): a fault of ours is neither a refusal nor a success, at any
/// endpoint for tokens, and says whether it passes.
#[tokio::test]
async fn a_fault_of_ours_says_whether_to_try_again() {
    for (outcome, passes) in [("503 temporarily_unavailable", true), ("500 server_error", false)] {
        let world = World::new().await;
        let token = world.tokens(WEB).await.text("refresh_token");
        if passes {
            world.switch.turn_off();
        } else {
            world.rewrite("client", |client| client["scopes"] = serde_json::json!(7)).await;
        }
        let client = basic(WEB, SECRET);
        for (endpoint, form) in [
            ("token", vec![("grant_type", "refresh_token"), ("refresh_token", token.as_str())]),
            ("introspect", vec![("token", token.as_str())]),
            ("revoke", vec![("token", token.as_str())]),
        ] {
            let reply = world.post(endpoint, Some(&client), &form).await;
            assert_eq!(reply.outcome(), outcome, "{endpoint}");
            assert_eq!(reply.headers.contains_key(header::RETRY_AFTER), passes, "{endpoint}");
        }
    }
}

/// One row: change one parameter of a good request, expect this answer, and that the code is or is not spent by it.
#[tokio::test]
async fn a_request_that_differs_in_one_parameter_is_refused() {
    let world = World::new().await;
    let spent = true;
    for (name, value, outcome, spends) in [
        ("grant_type", Some("password"), "400 unsupported_grant_type", !spent),
        ("grant_type", Some("implicit"), "400 unsupported_grant_type", !spent),
        ("grant_type", Some("Authorization_Code"), "400 unsupported_grant_type", !spent),
        ("grant_type", None, "400 invalid_request", !spent),
        ("code", None, "400 invalid_request", !spent),
        ("code", Some(""), "400 invalid_request", !spent),
        ("code", Some("unknown"), "400 invalid_grant", !spent),
        ("redirect_uri", None, "400 invalid_request", !spent),
        ("redirect_uri", Some(OTHER_REDIRECT_URI), "400 invalid_grant", spent),
        ("redirect_uri", Some("https://rp.test/cb/"), "400 invalid_grant", spent),
        ("code_verifier", None, "400 invalid_grant", spent),
        ("code_verifier", Some("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXl"), "400 invalid_grant", spent),
        ("code_verifier", Some(CHALLENGE), "400 invalid_grant", spent),
        ("code_verifier", Some("short"), "400 invalid_grant", spent),
        ("resource", Some("https://evil.test"), "400 invalid_target", !spent),
        ("resource", Some("not a uri"), "400 invalid_target", !spent),
    ] {
        let code = world.code(&Approved { client_id: SPA, ..Approved::default() }).await;
        let good = [
            ("client_id", SPA),
            ("grant_type", "authorization_code"),
            ("code", code.as_str()),
            ("redirect_uri", REDIRECT_URI),
            ("code_verifier", VERIFIER),
        ];
        let mut form: Vec<(&str, &str)> = good.iter().copied().filter(|(known, _)| *known != name).collect();
        form.extend(value.map(|value| (name, value)));
        let reply = world.post("token", None, &form).await;
        assert_eq!(reply.outcome(), outcome, "{name}={value:?}");
        assert_eq!(reply.headers[header::CACHE_CONTROL], "no-store");
        let after = world.post("token", None, &good).await;
        let expected = if spends { "400 invalid_grant" } else { "200" };
        assert_eq!(after.outcome(), expected, "the right request after {name}={value:?}");
    }
}

/// §3.2: parameters come once each; neither the first nor the last of two wins.
#[tokio::test]
async fn a_parameter_that_comes_twice_is_refused() {
    let world = World::new().await;
    let code = world.code(&Approved { client_id: SPA, ..Approved::default() }).await;
    for twice in ["client_id", "grant_type", "code", "redirect_uri", "code_verifier", "unknown"] {
        let mut form = vec![
            ("client_id", SPA),
            ("grant_type", "authorization_code"),
            ("code", code.as_str()),
            ("redirect_uri", REDIRECT_URI),
            ("code_verifier", VERIFIER),
            ("unknown", "x"),
        ];
        let again = *form.iter().find(|(name, _)| *name == twice).unwrap();
        form.push(again);
        assert_eq!(world.post("token", None, &form).await.outcome(), "400 invalid_request", "{twice}");
    }
    assert_eq!(world.redeem(SPA, &code).await.outcome(), "200");
}

/// §3.2: POST, and a form. A query has no say.
#[tokio::test]
async fn only_a_posted_form_is_a_token_request() {
    let world = World::new().await;
    let code = world.code(&Approved { client_id: SPA, ..Approved::default() }).await;
    let form = format!(
        "client_id=spa&grant_type=authorization_code&code={code}&code_verifier={VERIFIER}&redirect_uri=https%3A%2F%2Frp.test%2Fcb"
    );
    let request = |method: Method, uri: &str, content_type: Option<&str>, body: &str| {
        let request = Request::builder().method(method).uri(format!("/api/auth/oauth2/token{uri}"));
        let request = match content_type {
            Some(value) => request.header(header::CONTENT_TYPE, value),
            None => request,
        };
        request.body(Bytes::from(body.to_owned())).unwrap()
    };
    const FORM: &str = "application/x-www-form-urlencoded";
    let in_query = format!("?{form}");
    for (method, uri, content_type, body, outcome) in [
        (Method::GET, in_query.as_str(), None, "", "405"),
        (Method::PUT, "", Some(FORM), form.as_str(), "405"),
        (Method::POST, in_query.as_str(), Some(FORM), "", "400 invalid_request"),
        (Method::POST, "", None, form.as_str(), "400 invalid_request"),
        (Method::POST, "", Some("application/json"), form.as_str(), "400 invalid_request"),
        (Method::POST, "", Some("application/json"), r#"{"grant_type":"authorization_code"}"#, "400 invalid_request"),
        (Method::POST, "", Some("multipart/form-data; boundary=x"), form.as_str(), "400 invalid_request"),
        (Method::POST, "", Some(FORM), "grant_type=%ff", "400 invalid_request"),
        (Method::POST, "", Some(FORM), "grant_type=%", "400 invalid_request"),
    ] {
        let reply = world.send(request(method.clone(), uri, content_type, body)).await;
        assert_eq!(reply.outcome(), outcome, "{method} {uri} {content_type:?} {body}");
    }
    let huge = format!("{form}&padding={}", "x".repeat(70_000));
    assert_eq!(world.send(request(Method::POST, "", Some(FORM), &huge)).await.outcome(), "400 invalid_request");
    let reply =
        world.send(request(Method::POST, "", Some("application/x-www-form-urlencoded; charset=UTF-8"), &form)).await;
    assert_eq!(reply.outcome(), "200");
}

/// §4.1.2: a second use is refused, and takes down what the first gave.
#[tokio::test]
async fn a_replayed_code_kills_the_tokens_it_made() {
    for client_id in [WEB, SPA] {
        let world = World::new().await;
        let code = world.code(&Approved { client_id, ..Approved::default() }).await;
        let first = world.redeem(client_id, &code).await;
        let (access, refresh) = (first.text("access_token"), first.text("refresh_token"));
        assert_eq!(world.userinfo(&access).await.outcome(), "200");
        let rotated = world.refresh(client_id, &refresh).await;
        for again in 0..2 {
            assert_eq!(world.redeem(client_id, &code).await.outcome(), "400 invalid_grant", "{again}");
            world.pass(30);
        }
        for token in [&access, &rotated.text("access_token")] {
            assert_eq!(world.userinfo(token).await.outcome(), "401 invalid_token");
        }
        for token in [&refresh, &rotated.text("refresh_token")] {
            assert_eq!(world.refresh(client_id, token).await.outcome(), "400 invalid_grant");
        }
    }
}

/// A replay is known as long as anything that the code gave can be alive: here for the 90 days of its refresh tokens.
#[tokio::test]
async fn a_replay_is_noticed_long_after() {
    let world = World::new().await;
    let code = world.code(&Approved::default()).await;
    let mut refresh = world.redeem(WEB, &code).await.text("refresh_token");
    for _ in 0..4 {
        world.pass(20 * 86_400);
        world.store.purge(world.clock.now(), 1_000).await.unwrap();
        refresh = world.refresh(WEB, &refresh).await.text("refresh_token");
    }
    assert_eq!(world.redeem(WEB, &code).await.outcome(), "400 invalid_grant");
    assert_eq!(world.refresh(WEB, &refresh).await.outcome(), "400 invalid_grant");
}

/// §4.1.3: a code is for the client that it was made for. In other hands it is burnt.
#[tokio::test]
async fn a_code_is_refused_for_another_client_and_burnt() {
    let world = World::new().await;
    for (made_for, shown_by) in [(SPA, OTHER_SPA), (SPA, WEB), (WEB, WEB_POST), (WEB, SPA)] {
        let code = world.code(&Approved { client_id: made_for, ..Approved::default() }).await;
        assert_eq!(world.redeem(shown_by, &code).await.outcome(), "400 invalid_grant");
        let stored: AuthorizationCode = world.load(Handle::of(&code).as_str()).await.unwrap();
        assert!(matches!(stored.state, CodeState::Burnt { .. }));
        assert_eq!(world.redeem(made_for, &code).await.outcome(), "400 invalid_grant");
        assert!(world.load::<TokenFamily>(&stored.family_id).await.is_none());
    }
}

/// A spent code is no weapon: codes stay behind in logs and histories. Only whoever could have redeemed it takes down what it
/// gave; shown in any other way it changes nothing.
#[tokio::test]
async fn a_spent_code_in_other_hands_changes_nothing() {
    let wrong_verifier = "A".repeat(43);
    for made_for in [SPA, WEB] {
        let world = World::new().await;
        let code = world.code(&Approved { client_id: made_for, ..Approved::default() }).await;
        let access = world.redeem(made_for, &code).await.text("access_token");
        let before = world.store.dump().len();
        for (shown_by, redirect_uri, verifier) in [
            (OTHER_SPA, REDIRECT_URI, VERIFIER),
            (WEB_POST, REDIRECT_URI, VERIFIER),
            (OTHER_SPA, "https://evil.test/cb", ""),
            (made_for, OTHER_REDIRECT_URI, VERIFIER),
            (made_for, REDIRECT_URI, wrong_verifier.as_str()),
            (made_for, REDIRECT_URI, "short"),
            (made_for, REDIRECT_URI, ""),
        ] {
            for age in [0, 61] {
                world.pass(age);
                let (authorization, mut form) = credentials(shown_by);
                form.extend([("grant_type", "authorization_code"), ("code", code.as_str())]);
                form.extend([("redirect_uri", redirect_uri), ("code_verifier", verifier)]);
                let reply = world.post("token", authorization.as_deref(), &form).await;
                assert_eq!(reply.outcome(), "400 invalid_grant", "{shown_by} {redirect_uri} {verifier}");
            }
            world.clock.set(NOW);
        }
        assert!(!world.is_revoked("fam_1").await);
        assert_eq!(world.userinfo(&access).await.outcome(), "200");
        assert_eq!(world.store.dump().len(), before, "nothing was written, no event either");
        // The control: a second redemption that is right in everything.
        assert_eq!(world.redeem(made_for, &code).await.outcome(), "400 invalid_grant");
        assert!(world.is_revoked("fam_1").await);
        assert_eq!(world.userinfo(&access).await.outcome(), "401 invalid_token");
    }
}

/// Whoever fails to authenticate as the client burns nothing.
#[tokio::test]
async fn a_client_that_is_not_believed_leaves_the_code_alone() {
    let world = World::new().await;
    let code = world.code(&Approved::default()).await;
    let form = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("redirect_uri", REDIRECT_URI),
        ("code_verifier", "wrong"),
    ];
    let reply = world.post("token", Some(&basic(WEB, "wrong")), &form).await;
    assert_eq!(reply.outcome(), "401 invalid_client");
    assert_eq!(world.redeem(WEB, &code).await.outcome(), "200");
}

/// §4.1.2: one minute.
#[tokio::test]
async fn a_code_expires_after_a_minute() {
    let world = World::new().await;
    for (age, outcome) in [(59, "200"), (60, "400 invalid_grant"), (61, "400 invalid_grant")] {
        let code = world.code(&Approved::default()).await;
        world.pass(age);
        assert_eq!(world.redeem(WEB, &code).await.outcome(), outcome, "after {age} s");
    }
}

/// Between consent and redemption the world may change.
#[tokio::test]
async fn a_code_does_not_outlive_what_it_rests_on() {
    let refused = "400 invalid_grant";

    let world = World::new().await;
    let code = world.code(&Approved::default()).await;
    world.set_account(AccountState::Disabled).await;
    assert_eq!(world.redeem(WEB, &code).await.outcome(), refused, "account disabled");
    world.set_account(AccountState::Active).await;
    assert_eq!(world.redeem(WEB, &code).await.outcome(), "200", "the control");

    let world = World::new().await;
    let code = world.code(&Approved::default()).await;
    world.sessions.ended.lock().unwrap().insert("ses_1".to_owned());
    assert_eq!(world.redeem(WEB, &code).await.outcome(), refused, "signed out");

    let world = World::new().await;
    let code = world.code(&Approved::default()).await;
    let alice = countersign_storage::Subject::new("usr_alice").unwrap();
    let grants = world.issuer.grants(&alice).await.unwrap();
    world.issuer.revoke_grant(&alice, &grants[0].id).await.unwrap();
    assert_eq!(world.redeem(WEB, &code).await.outcome(), refused, "grant revoked");

    let world = World::new().await;
    let code = world.code(&Approved::default()).await;
    world.issuer.set_client_state(WEB, ClientState::Suspended).await.unwrap();
    assert_eq!(world.redeem(WEB, &code).await.outcome(), "401 invalid_client", "client suspended");
    world.issuer.set_client_state(WEB, ClientState::Active).await.unwrap();
    assert_eq!(world.redeem(WEB, &code).await.outcome(), "200", "the control");
}

/// A revoked grant takes all of its tokens along, at once.
#[tokio::test]
async fn a_revoked_grant_kills_its_tokens() {
    let world = World::new().await;
    let tokens = world.tokens(WEB).await;
    let alice = countersign_storage::Subject::new("usr_alice").unwrap();
    let grants = world.issuer.grants(&alice).await.unwrap();
    world.issuer.revoke_grant(&alice, &grants[0].id).await.unwrap();
    assert_eq!(world.refresh(WEB, &tokens.text("refresh_token")).await.outcome(), "400 invalid_grant");
    assert_eq!(world.userinfo(&tokens.text("access_token")).await.outcome(), "401 invalid_token");
    assert!(!world.holds(WEB, &tokens.text("access_token")).await);
}

/// §5.2: a client asks only as it is registered.
#[tokio::test]
async fn a_client_uses_its_registered_grant_types_only() {
    let world = World::new().await;
    let code = world.code(&Approved { client_id: MACHINE, ..Approved::default() }).await;
    assert_eq!(world.redeem(MACHINE, &code).await.outcome(), "400 unauthorized_client");
    let reply = world.refresh(WEB_WITHOUT_REFRESH, "fam_1.x.y").await;
    assert_eq!(reply.outcome(), "400 unauthorized_client");
}

/// [OIDC Core §11](https://openid.net/specs/openid-connect-core-1_0.html#OfflineAccess).
#[tokio::test]
async fn a_refresh_token_needs_offline_access_and_a_client_that_is_registered_for_it() {
    let world = World::new().await;
    for (client_id, scope, given) in [
        (WEB, "openid offline_access", true),
        (SPA, "notes:read offline_access", true),
        (WEB, "openid notes:read", false),
        (WEB_WITHOUT_REFRESH, "openid offline_access", false),
    ] {
        let code = world.code(&Approved { client_id, scope, ..Approved::default() }).await;
        let reply = world.redeem(client_id, &code).await;
        assert_eq!(reply.body["refresh_token"].is_string(), given, "{client_id} {scope}: {reply:?}");
    }
}

/// §5.2: descriptions use the allowed characters and repeat nothing that was sent.
#[tokio::test]
async fn an_error_description_repeats_nothing() {
    let world = World::new().await;
    for form in [
        vec![("grant_type", "EVIL\"<script>")],
        vec![("grant_type", "authorization_code"), ("code", "EVIL\"\\"), ("redirect_uri", "EVIL"), ("client_id", SPA)],
        vec![("grant_type", "refresh_token"), ("refresh_token", "EVIL\"\\"), ("client_id", SPA)],
        vec![("grant_type", "client_credentials"), ("client_id", "EVIL")],
    ] {
        let reply = world.post("token", None, &form).await;
        assert!(reply.status == StatusCode::BAD_REQUEST || reply.status == StatusCode::UNAUTHORIZED);
        let text = reply.text("error_description");
        assert!(!text.contains("EVIL"), "{text}");
        assert!(text.chars().all(|c| matches!(c, ' '..='~') && c != '"' && c != '\\'), "{text}");
    }
}

/// The person gave a narrower answer after the code was made, or after it was redeemed: what they took back is gone, from
/// whatever reaches the issuer.
#[tokio::test]
async fn neither_a_code_nor_a_token_gives_what_the_person_took_back_since() {
    let world = World::new().await;
    let code = world.code(&Approved::default()).await;
    let mut grant: Grant = world.load(&Grant::id_of(&Subject::new("usr_alice").unwrap(), WEB)).await.unwrap();
    for scopes in grant.scopes_at.values_mut() {
        *scopes = scopes.without(&Scopes::parse("email").unwrap());
    }
    world.replace(grant).await;
    assert_eq!(world.redeem(WEB, &code).await.outcome(), "400 invalid_grant");

    let world = World::new().await;
    let tokens = world.tokens(WEB).await;
    assert!(world.userinfo(&tokens.text("access_token")).await.body["email"].is_string());
    let mut grant: Grant = world.load(&Grant::id_of(&Subject::new("usr_alice").unwrap(), WEB)).await.unwrap();
    for scopes in grant.scopes_at.values_mut() {
        *scopes = scopes.without(&Scopes::parse("email").unwrap());
    }
    world.replace(grant).await;
    assert!(world.userinfo(&tokens.text("access_token")).await.body["email"].is_null());
    let scope = world.introspect(WEB, &tokens.text("access_token")).await["scope"].clone();
    assert_eq!(scope, "openid profile offline_access notes:read notes:write");
    let refreshed = world.refresh(WEB, &tokens.text("refresh_token")).await;
    assert_eq!(refreshed.body["scope"], "openid profile offline_access notes:read notes:write");
}
