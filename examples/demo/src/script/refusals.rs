//! Tokens in the hands of somebody who tries things.

use std::time::Duration;

use countersign_jose::base64url;
use serde_json::{Value, json};
use tokio::time::sleep;

use super::client::{call, text};
use super::told::{Answer, Surprise, Told, expect};
use super::world::World;

pub(crate) async fn all(world: &mut World) -> Told<()> {
    let tokens = granted(world).await?;
    audience(world, &tokens).await?;
    scope(world, &tokens).await?;
    replayed_code(world).await?;
    expired(world).await
}

/// What a good code gives.
struct Tokens {
    access: String,
    id: String,
    refresh: String,
}

async fn granted(world: &mut World) -> Told<Tokens> {
    let World { journal, browser, walker, setup, .. } = world;
    journal.step("Another client, Walker, asks to read notes. It gets a code, and for the code its tokens.");
    let asked = walker.ask(browser, journal, "openid offline_access notes:read", &walker.resource.clone()).await?;
    let code = walker.approve(browser, journal, &asked).await?;
    let answer = walker.redeem(browser, journal, &asked, &code).await?;
    expect(&answer, 200, None)?;
    let tokens = Tokens {
        access: text(&answer, "access_token")?,
        id: text(&answer, "id_token")?,
        refresh: text(&answer, "refresh_token")?,
    };

    journal.step("The resource server lets the access token in, and so does userinfo.");
    let notes = format!("{}/notes", setup.resource_identifier());
    expect(&call(browser, journal, &notes, &tokens.access, None).await?, 200, None)?;
    let userinfo = format!("{}/oauth2/userinfo", setup.issuer());
    expect(&call(browser, journal, &userinfo, &tokens.access, None).await?, 200, None)?;
    Ok(tokens)
}

async fn audience(world: &mut World, tokens: &Tokens) -> Told<()> {
    let World { journal, browser, walker, setup, .. } = world;
    let notes = format!("{}/notes", setup.resource_identifier());

    journal.step("Changed audience: a token that AuthCo made for another resource is refused.");
    let asked = walker.ask(browser, journal, "notes:read", &walker.other_resource.clone()).await?;
    let code = walker.approve(browser, journal, &asked).await?;
    let answer = walker.redeem(browser, journal, &asked, &code).await?;
    expect(&answer, 200, None)?;
    let elsewhere = text(&answer, "access_token")?;
    expect(&call(browser, journal, &notes, &elsewhere, None).await?, 401, Some("invalid_token"))?;

    journal.step("Changed audience: the same token with its audience rewritten has no good signature.");
    let rewritten = with_claim(&elsewhere, "aud", json!(walker.resource))?;
    expect(&call(browser, journal, &notes, &rewritten, None).await?, 401, Some("invalid_token"))?;

    journal.step("An ID token is not an access token.");
    expect(&call(browser, journal, &notes, &tokens.id, None).await?, 401, Some("invalid_token"))
}

async fn scope(world: &mut World, tokens: &Tokens) -> Told<()> {
    let World { journal, browser, walker, setup, .. } = world;
    let notes = format!("{}/notes", setup.resource_identifier());

    journal.step("Overreaching scope: with notes:read alone, nothing is written.");
    let note = json!({ "text": "not mine to write" });
    expect(&call(browser, journal, &notes, &tokens.access, Some(note)).await?, 403, Some("insufficient_scope"))?;

    journal.step("Overreaching scope: renewing the token does not widen it.");
    let wider = [
        ("grant_type", "refresh_token"),
        ("refresh_token", tokens.refresh.as_str()),
        ("scope", "openid notes:read notes:write"),
    ];
    expect(&walker.post(browser, journal, "/oauth2/token", &wider).await?, 400, Some("invalid_scope"))?;

    journal.step("Overreaching scope: what was never registered for the client cannot be asked for.");
    let asked = walker.ask(browser, journal, "openid email", &walker.resource.clone()).await?;
    if asked.page.parameter("error").as_deref() != Some("invalid_scope") {
        return Err(Surprise(format!("expected invalid_scope, found the page {}", asked.page.url.path())));
    }

    journal.step("Overreaching scope: a consent that says yes to more than was asked is refused.");
    let asked = walker.ask(browser, journal, "openid notes:read", &walker.resource.clone()).await?;
    let form = asked.page.form("/consent")?.with("scope.notes:write", "on");
    let page = browser.submit(journal, &asked.page, form, Some("approve"), None).await?;
    if page.status.is_client_error() { Ok(()) } else { Err(Surprise(format!("it was answered with {}", page.status))) }
}

async fn replayed_code(world: &mut World) -> Told<()> {
    let World { journal, browser, walker, setup, .. } = world;

    journal.step("Replayed code: it works once,");
    let asked = walker.ask(browser, journal, "openid offline_access notes:read", &walker.resource.clone()).await?;
    let code = walker.approve(browser, journal, &asked).await?;
    let answer = walker.redeem(browser, journal, &asked, &code).await?;
    expect(&answer, 200, None)?;
    let (access, refresh) = (text(&answer, "access_token")?, text(&answer, "refresh_token")?);
    let introspected = walker.post(browser, journal, "/oauth2/introspect", &[("token", &access)]).await?;
    expect_active(&introspected, true)?;

    journal.step("and never again;");
    expect(&walker.redeem(browser, journal, &asked, &code).await?, 400, Some("invalid_grant"))?;

    journal.step("and the tokens that it made the first time are dead.");
    expect_active(&walker.post(browser, journal, "/oauth2/introspect", &[("token", &access)]).await?, false)?;
    let userinfo = format!("{}/oauth2/userinfo", setup.issuer());
    expect(&call(browser, journal, &userinfo, &access, None).await?, 401, Some("invalid_token"))?;
    let renewal = [("grant_type", "refresh_token"), ("refresh_token", refresh.as_str())];
    expect(&walker.post(browser, journal, "/oauth2/token", &renewal).await?, 400, Some("invalid_grant"))
}

async fn expired(world: &mut World) -> Told<()> {
    let World { journal, browser, machine, hasty, .. } = world;
    let notes = format!("{}/notes", hasty.resource_identifier());

    journal.step("Expired token: another AuthCo makes tokens for two seconds; such a token works,");
    let request = [("grant_type", "client_credentials"), ("scope", "notes:read")];
    // The resource server fetches the keys with the first call; the token that is timed comes after that.
    for _ in 0..2 {
        let answer = machine.post(browser, journal, "/oauth2/token", &request).await?;
        expect(&answer, 200, None)?;
        let access = text(&answer, "access_token")?;
        expect(&call(browser, journal, &notes, &access, None).await?, 200, None)?;
    }
    let answer = machine.post(browser, journal, "/oauth2/token", &request).await?;
    let access = text(&answer, "access_token")?;

    journal.step("and two seconds later it does not.");
    sleep(Duration::from_secs(2)).await;
    expect(&call(browser, journal, &notes, &access, None).await?, 401, Some("invalid_token"))
}

/// The token with another value of a claim, and the signature that it had.
fn with_claim(token: &str, name: &str, value: Value) -> Told<String> {
    let broken = || Surprise("the token is not a JWT".to_owned());
    let [header, payload, signature] = token.split('.').collect::<Vec<_>>().try_into().map_err(|_| broken())?;
    let payload = base64url::decode(payload).map_err(|_| broken())?;
    let mut claims = countersign_jose::json::parse(&payload).map_err(|_| broken())?;
    claims[name] = value;
    Ok(format!("{header}.{}.{signature}", base64url::encode(claims.to_string())))
}

fn expect_active(answer: &Answer, active: bool) -> Told<()> {
    expect(answer, 200, None)?;
    match answer.body.get("active") {
        Some(Value::Bool(found)) if *found == active => Ok(()),
        found => Err(Surprise(format!("expected active to be {active}, found {found:?}"))),
    }
}
