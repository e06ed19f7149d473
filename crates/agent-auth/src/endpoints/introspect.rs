//! `POST /agent/introspect` ([Agent Auth §5.12]): a service that received an agent JWT asks what it is worth.
//!
//! The whole verification runs, except for single use: asking does not spend the token, and the answer about a token that was
//! spent is the same, so that a service learns whom it serves. A service that acts on a token itself must keep
//! its own record of `jti`. Whatever is wrong with a token, the answer is `{"active": false}` and nothing more.
//!
//! [Agent Auth §5.12]: https://agentauthprotocol.com/specification/v1.0-draft

use bytes::Bytes;
use countersign_storage::{Allowance, Network, Stopped};
use countersign_web::peer::PeerAddress;
use http::Request;
use serde::Deserialize;
use serde_json::{Value, json};

use super::agent_document::{date, members};
use super::execute;
use crate::AgentProvider;
use crate::agent_jwt::{AgentToken, ProvenAgent};
use crate::caller::IntrospectionCallers;
use crate::grant::CapabilityGrant;
use crate::policy::IntrospectedGrants;
use crate::refusal::Refusal;
use crate::request;
use crate::respond::Answer;
use countersign_storage::Timestamp;

#[derive(Deserialize)]
struct Body {
    token: String,
}

pub(crate) async fn answer(provider: &AgentProvider, request: &Request<Bytes>) -> Result<Answer, Stopped<Refusal>> {
    let told = admit(provider, request).await?;
    let body: Body = request::body(request)?;
    let inactive = Answer::new(json!({ "active": false }));
    let Ok(token) = AgentToken::parse(&body.token) else { return Ok(inactive) };
    let mut reader = provider.ports.reader();
    let known = token.load(&mut reader, provider).await?;
    let now = reader.now();
    // The issuer is for tokens that were made for services; those made for a call here may be asked about as well.
    let mut audiences = execute::audiences(provider);
    audiences.push(&provider.issuer);
    let Ok(proven) = token.verify(known, &audiences, &provider.policy, now) else { return Ok(inactive) };
    Ok(match proven.check_status(&provider.policy, now) {
        Ok(()) => Answer::new(active(provider, &proven, told, now)),
        Err(_) => inactive,
    })
}

/// Who may ask, and how much they are told.
async fn admit(provider: &AgentProvider, request: &Request<Bytes>) -> Result<IntrospectedGrants, Stopped<Refusal>> {
    match &provider.callers {
        IntrospectionCallers::Authenticated(callers) => match callers.caller(request.headers()).await? {
            Some(_) => Ok(provider.policy.introspected_grants),
            None => Err(Refusal::AuthenticationRequired.into()),
        },
        IntrospectionCallers::Anyone(limit) => {
            let from =
                PeerAddress::of(request.extensions()).map_or_else(String::new, |peer| Network::of(peer.0).to_string());
            match provider.throttle.attempt("agent_introspect", &from, *limit).await? {
                Allowance::Allowed => Ok(IntrospectedGrants::NamesOnly),
                Allowance::RetryAfter(after) => Err(Refusal::RateLimited(after).into()),
            }
        }
    }
}

fn active(provider: &AgentProvider, proven: &ProvenAgent, told: IntrospectedGrants, now: Timestamp) -> Value {
    let now = proven.agent.time(now);
    let grants: Vec<Value> = (proven.agent.grants.iter())
        .filter(|grant| grant.is_effective(now) && proven.covers(grant.capability()))
        .filter(|grant| provider.offer.by_name(grant.capability()).is_some())
        .map(|grant| compact(grant, told))
        .collect();
    Value::Object(members([
        ("active", json!(true)),
        ("agent_id", json!(proven.agent.id.as_str())),
        ("host_id", json!(proven.host.id.as_str())),
        ("user_id", json!(proven.agent.subject.as_ref().map(|subject| subject.as_str()))),
        ("agent_capability_grants", json!(grants)),
        ("mode", json!(proven.agent.mode.as_str())),
        ("expires_at", date(proven.agent.session_end(&provider.policy))),
        ("aud", json!(proven.audience)),
    ]))
}

fn compact(grant: &CapabilityGrant, told: IntrospectedGrants) -> Value {
    let (constraints, expires_at) = match told {
        IntrospectedGrants::WithConstraints => (json!(grant.constraints_shown()), date(grant.expires_at())),
        IntrospectedGrants::NamesOnly => (Value::Null, Value::Null),
    };
    Value::Object(members([
        ("capability", json!(grant.capability())),
        ("status", json!("active")),
        ("constraints", constraints),
        ("expires_at", expires_at),
    ]))
}
