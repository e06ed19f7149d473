//! An agent asks for a budget, is approved, spends, is refused beyond it, and is stopped.

use std::time::Duration;

use countersign_agent::{Answer as Said, Keys, Provider, agent_jwt};
use serde_json::{Value, json};
use tokio::time::sleep;

use super::journal::{self, Journal};
use super::told::{Answer, Surprise, Told, expect};
use super::world::World;

pub(crate) async fn live(world: &mut World) -> Told<()> {
    let World { setup, journal, browser, .. } = world;
    let asked = |error: countersign_agent::AgentError| Surprise(error.to_string());

    journal.step(
        "An agent finds AuthCo, makes its keys, and registers: it asks to read balances and to move up to 100 USD.",
    );
    journal.sent(&format!("GET {}/.well-known/agent-configuration", setup.origin()), None);
    let provider = Provider::discover(browser.http.clone(), &setup.origin()).await.map_err(asked)?;
    journal.received(&format!("200 OK, the issuer is {}", provider.issuer()));
    let keys = Keys::generate().map_err(asked)?;
    let wanted = json!([
        "check_balance",
        { "name": "transfer_money", "constraints": { "amount": { "max": 100 }, "currency": { "in": ["USD"] } } },
    ]);
    journal.sent("POST agent/register, signed by the host", Some(&journal::json(&wanted)));
    let registered = provider.register(&keys, "Bill payer", wanted, "Pay the monthly bills").await.map_err(asked)?;
    let registered = told(journal, registered);
    expect(&registered, 200, None)?;
    let agent_id = text(&registered.body, "agent_id")?;

    journal.step("Unapproved agent: it may do nothing yet.");
    let refused =
        execute(journal, &provider, &keys, &agent_id, "check_balance", json!({ "account_id": "main" })).await?;
    expect(&refused, 403, Some("host_pending"))?;

    journal.step("The person opens the agent's link, sees what it asks for, and approves.");
    let approval = &registered.body["approval"];
    let link = text(approval, "verification_uri_complete")?;
    let code = text(approval, "user_code")?;
    journal.seen(&format!("the agent shows {link} and the code {code}"));
    let page = browser.open(journal, &link, None).await?.at(200, "/device")?;
    let page = page.saying(&code)?.saying("Bill payer")?.saying("to 100")?;
    let form = page.form("/device")?.with("confirm", "yes");
    let page = browser.submit(journal, &page, form, Some("approve"), None).await?;
    if !page.status.is_success() {
        return Err(Surprise(format!("the approval was answered with {}: {}", page.status, page.text())));
    }

    journal.step("The agent polls, as often as it was told to, and learns that it is active.");
    let interval = approval["interval"].as_u64().unwrap_or(1).clamp(1, 2);
    sleep(Duration::from_secs(interval)).await;
    journal.sent("GET agent/status, signed by the host", None);
    let status = told(journal, provider.status(&keys, &agent_id).await.map_err(asked)?);
    if status.body.get("status").and_then(Value::as_str) != Some("active") {
        return Err(Surprise("the agent is not active".to_owned()));
    }

    journal.step("Within its constraint it acts.");
    let transfer =
        |amount: i64, currency: &str| json!({ "amount": amount, "currency": currency, "to": "power-company" });
    let done = execute(journal, &provider, &keys, &agent_id, "transfer_money", transfer(50, "USD")).await?;
    expect(&done, 200, None)?;

    journal.step("Outside of it, it is refused: too much, the wrong currency, and what was never granted.");
    let too_much = execute(journal, &provider, &keys, &agent_id, "transfer_money", transfer(500, "USD")).await?;
    expect(&too_much, 403, Some("constraint_violated"))?;
    let foreign = execute(journal, &provider, &keys, &agent_id, "transfer_money", transfer(50, "EUR")).await?;
    expect(&foreign, 403, Some("constraint_violated"))?;
    let ungranted = execute(journal, &provider, &keys, &agent_id, "ping", json!({})).await?;
    expect(&ungranted, 403, Some("capability_not_granted"))?;

    journal.step("Replayed agent token: it works once and not twice.");
    let location = provider.execute_location();
    let token = |audience: &str| {
        agent_jwt(&keys.agent, audience, &agent_id, keys.host.thumbprint(), &["check_balance"]).map_err(asked)
    };
    let balance = json!({ "account_id": "main" });
    let once = token(&location)?;
    let first = execute_with(journal, &provider, &once, "check_balance", balance.clone()).await?;
    expect(&first, 200, None)?;
    let second = execute_with(journal, &provider, &once, "check_balance", balance.clone()).await?;
    expect(&second, 401, Some("invalid_jwt"))?;

    journal.step("Changed audience: a token that the agent signed for another provider is refused.");
    let foreign = token("https://another.example/capability/execute")?;
    let refused = execute_with(journal, &provider, &foreign, "check_balance", balance.clone()).await?;
    expect(&refused, 401, Some("invalid_jwt"))?;

    journal.step("The person revokes the agent on the dashboard.");
    let dashboard = format!("{}/dashboard", setup.origin());
    let page = browser.open(journal, &dashboard, None).await?.at(200, "/dashboard")?.saying("Bill payer")?;
    let form = page.form("/dashboard/agents/revoke")?;
    browser.submit(journal, &page, form, None, None).await?.at(200, "/dashboard")?;

    journal.step("Its next call fails.");
    let refused = execute(journal, &provider, &keys, &agent_id, "check_balance", balance).await?;
    expect(&refused, 403, Some("agent_revoked"))
}

async fn execute(
    journal: &mut Journal,
    provider: &Provider,
    keys: &Keys,
    agent_id: &str,
    capability: &str,
    arguments: Value,
) -> Told<Answer> {
    let bearer = agent_jwt(&keys.agent, &provider.execute_location(), agent_id, keys.host.thumbprint(), &[capability]);
    let bearer = bearer.map_err(|error| Surprise(error.to_string()))?;
    execute_with(journal, provider, &bearer, capability, arguments).await
}

async fn execute_with(
    journal: &mut Journal,
    provider: &Provider,
    bearer: &str,
    capability: &str,
    arguments: Value,
) -> Told<Answer> {
    journal.sent(
        &format!("POST capability/execute with the token {}, its jti {}", journal::short(bearer), jti(bearer)),
        Some(&json!({ "capability": capability, "arguments": arguments }).to_string()),
    );
    let answer = provider.execute_with(bearer, capability, arguments).await;
    Ok(told(journal, answer.map_err(|error| Surprise(error.to_string()))?))
}

fn told(journal: &mut Journal, said: Said) -> Answer {
    journal.received(&said.status.to_string());
    journal.seen(&journal::json(&said.body));
    Answer { status: said.status.as_u16(), body: said.body }
}

/// The name of a token, which is no secret, so that a replay can be seen as one.
fn jti(token: &str) -> String {
    let claims = token.split('.').nth(1).and_then(|payload| countersign_jose::base64url::decode(payload).ok());
    let claims = claims.and_then(|claims| countersign_jose::json::parse(&claims).ok());
    claims.and_then(|claims| Some(journal::short(claims.get("jti")?.as_str()?))).unwrap_or_default()
}

fn text(body: &Value, member: &str) -> Told<String> {
    let value = body.get(member).and_then(Value::as_str).map(str::to_owned);
    value.ok_or_else(|| Surprise(format!("the answer has no {member}")))
}
