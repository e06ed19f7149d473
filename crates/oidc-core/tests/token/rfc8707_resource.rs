//! For which resource a token is ([RFC 8707 §2.2](https://www.rfc-editor.org/rfc/rfc8707#section-2.2)).

use countersign_jose::jwt::Typ;
use serde_json::json;

use crate::world::*;

fn both() -> Approved {
    let scope = "offline_access notes:read";
    Approved { client_id: SPA, scope, resources: vec![NOTES.to_owned(), MAIL.to_owned()], ..Approved::default() }
}

#[tokio::test]
async fn a_token_is_for_what_was_asked_and_approved() {
    let world = World::new().await;
    for (asked, outcome, aud) in [
        (&[][..], "200", json!([NOTES, MAIL])),
        (&[MAIL], "200", json!(MAIL)),
        (&["https://mail.test/"], "200", json!(MAIL)),
        (&[MAIL, NOTES], "200", json!([MAIL, NOTES])),
        (&[MAIL, MAIL], "200", json!(MAIL)),
        (&["https://evil.test"], "400 invalid_target", json!(null)),
        (&[MAIL, "https://evil.test"], "400 invalid_target", json!(null)),
        (&["https://notes.test/api/"], "400 invalid_target", json!(null)),
        (&["https://notes.test/api#x"], "400 invalid_target", json!(null)),
    ] {
        let code = world.code(&both()).await;
        let mut form = vec![
            ("client_id", SPA),
            ("grant_type", "authorization_code"),
            ("code", code.as_str()),
            ("redirect_uri", REDIRECT_URI),
            ("code_verifier", VERIFIER),
        ];
        form.extend(asked.iter().map(|resource| ("resource", *resource)));
        let reply = world.post("token", None, &form).await;
        assert_eq!(reply.outcome(), outcome, "{asked:?}");
        if outcome == "200" {
            let claims = world.claims(Typ::AccessToken, &reply.text("access_token")).await;
            assert_eq!(claims["aud"], aud, "{asked:?}");
        }
    }
}

/// A grant for one resource is none for another, at the code and at every refresh.
#[tokio::test]
async fn a_resource_that_was_not_approved_is_out_of_reach() {
    let world = World::new().await;
    let token = world.tokens(SPA).await.text("refresh_token");
    for asked in [&[("resource", MAIL)][..], &[("resource", NOTES), ("resource", MAIL)]] {
        let reply = world.refresh_with(SPA, &token, asked).await;
        assert_eq!(reply.outcome(), "400 invalid_target");
    }
    assert_eq!(world.refresh_with(SPA, &token, &[("resource", NOTES)]).await.outcome(), "200");
}

/// A refresh may narrow, and the next may widen again up to what was approved.
#[tokio::test]
async fn a_refresh_can_choose_among_what_was_approved() {
    let world = World::new().await;
    let code = world.code(&both()).await;
    let mut token = world.redeem(SPA, &code).await.text("refresh_token");
    for (asked, aud) in [(&[("resource", MAIL)][..], json!(MAIL)), (&[], json!([NOTES, MAIL]))] {
        let reply = world.refresh_with(SPA, &token, asked).await;
        let claims = world.claims(Typ::AccessToken, &reply.text("access_token")).await;
        assert_eq!(claims["aud"], aud);
        token = reply.text("refresh_token");
    }
}

/// [OIDC Core §5.3](https://openid.net/specs/openid-connect-core-1_0.html#UserInfo): for `openid` the issuer is an audience, once.
#[tokio::test]
async fn an_issuer_that_is_the_resource_is_an_audience_once() {
    let world = World::new().await;
    for (resources, aud) in [
        (vec![NOTES], json!([NOTES, ISSUER])),
        (vec![ISSUER], json!(ISSUER)),
        (vec![ISSUER, NOTES], json!([ISSUER, NOTES])),
    ] {
        let resources: Vec<String> = resources.into_iter().map(str::to_owned).collect();
        let code = world.code(&Approved { client_id: SPA, scope: "openid", resources, ..Approved::default() }).await;
        let reply = world.redeem(SPA, &code).await;
        let claims = world.claims(Typ::AccessToken, &reply.text("access_token")).await;
        assert_eq!(claims["aud"], aud);
    }
}

/// A client that acts for itself asks within its registration; without a word it gets its default.
#[tokio::test]
async fn a_machine_asks_for_its_registered_resources() {
    let world = World::new().await;
    for (asked, outcome) in
        [(NOTES, "200"), (MAIL, "200"), ("https://evil.test", "400 invalid_target"), (ISSUER, "400 invalid_target")]
    {
        let form = [("grant_type", "client_credentials"), ("resource", asked)];
        let reply = world.post("token", Some(&basic(MACHINE, SECRET)), &form).await;
        assert_eq!(reply.outcome(), outcome, "{asked}");
    }
}
