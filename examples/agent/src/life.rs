//! The life of one agent, told line by line.

use std::time::Duration;

use countersign_fetch::{Limits, OutboundHttp};
use serde_json::json;
use tokio::time::sleep;

use crate::{AgentError, Keys, Provider};

/// Registers, waits for approval, acts inside and outside of its constraint, and goes on until it is refused.
///
/// # Errors
/// [`AgentError`] when the provider is not there, or breaks the protocol. Being denied or revoked is no error.
pub async fn live(origin: &str, tell: &mut (dyn FnMut(&str) + Send)) -> Result<(), AgentError> {
    let http = OutboundHttp::new(Limits::default()).map_err(|_| AgentError::Answer("TLS is not available"))?;
    let provider = Provider::discover(http, origin).await?;
    let keys = Keys::generate()?;
    let wanted = json!([
        "check_balance",
        { "name": "transfer_money", "constraints": { "amount": { "max": 100 }, "currency": { "in": ["USD"] } } },
    ]);
    let registered = provider.register(&keys, "Bill payer", wanted, "Pay the monthly bills").await?;
    let agent_id = registered.text("agent_id").ok_or(AgentError::Answer("registration gave no agent_id"))?;
    tell(&format!("I am registered as {agent_id} and may do nothing yet."));

    let approval = &registered.body["approval"];
    let link = ["verification_uri_complete", "verification_uri"].iter().find_map(|member| approval[member].as_str());
    let link = link.ok_or(AgentError::Answer("registration gave no verification_uri"))?;
    let code = approval["user_code"].as_str().unwrap_or("(none)");
    tell(&format!("Please open {link}\nand check that it shows the code {code}"));

    let interval = Duration::from_secs(approval["interval"].as_u64().unwrap_or(5).max(1));
    loop {
        sleep(interval).await;
        let answer = provider.status(&keys, agent_id).await?;
        match answer.text("status") {
            Some("active") => break,
            Some("pending") => {}
            // Too many requests, or a server that restarts: the next poll tells.
            None => {}
            Some(over) => {
                tell(&format!("I was not approved: {over}."));
                return Ok(());
            }
        }
    }
    tell("I am approved.");

    for (amount, thought) in [(50, "within my limit"), (500, "over my limit")] {
        tell(&format!("Transferring {amount} USD, which is {thought} …"));
        let arguments = json!({ "amount": amount, "currency": "USD", "to": "power-company" });
        let answer = provider.execute(&keys, agent_id, "transfer_money", arguments).await?;
        tell(&format!("  {} {}", answer.status.as_u16(), answer.body));
    }

    tell("Now I look at the balance every five seconds. Revoke me on the dashboard and watch.");
    loop {
        let answer = provider.execute(&keys, agent_id, "check_balance", json!({ "account_id": "main" })).await?;
        tell(&format!("  {} {}", answer.status.as_u16(), answer.body));
        if answer.status.is_client_error() && answer.status != 429 {
            tell("I am stopped.");
            return Ok(());
        }
        sleep(Duration::from_secs(5)).await;
    }
}
