//! How agents and grants are written ([Agent Auth §5.3], §5.5).
//!
//! [Agent Auth §5.3]: https://agentauthprotocol.com/specification/v1.0-draft

use countersign_storage::Timestamp;
use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::AgentProvider;
use crate::agent::Agent;
use crate::approved::ApprovedBy;
use crate::grant::{CapabilityGrant, GrantStatus};
use crate::host::Host;
use crate::policy::AgentPolicy;

/// The members that registration, status and reactivation share.
pub(crate) fn agent(provider: &AgentProvider, agent: &Agent, host: &Host, now: Timestamp) -> Map<String, Value> {
    members([
        ("agent_id", json!(agent.id.as_str())),
        ("host_id", json!(host.id.as_str())),
        ("name", json!(agent.name.as_str())),
        ("mode", json!(agent.mode.as_str())),
        ("status", json!(agent.status(host, &provider.policy, now).as_str())),
        ("agent_capability_grants", agent.grants.iter().map(|each| grant(provider, each, agent.time(now))).collect()),
    ])
}

/// The rest of what status tells (Agent Auth §5.5).
pub(crate) fn history(policy: &AgentPolicy, agent: &Agent) -> Map<String, Value> {
    members([
        ("user_id", json!(agent.subject.as_ref().map(|subject| subject.as_str()))),
        ("created_at", date(Some(agent.created_at))),
        ("activated_at", date(agent.activated_at)),
        ("last_used_at", date(agent.last_used_at)),
        ("expires_at", date(agent.session_end(policy))),
    ])
}

/// One grant. A pending one tells nothing but that it is pending; a denied one may say why.
pub(crate) fn grant(provider: &AgentProvider, grant: &CapabilityGrant, now: Timestamp) -> Value {
    let offered = provider.offer.by_name(grant.capability());
    let status = shown_status(grant, now);
    let mut document = members([("capability", json!(grant.capability())), ("status", json!(status.as_str()))]);
    match status {
        GrantStatus::Pending => {}
        GrantStatus::Denied | GrantStatus::Revoked => {
            document.extend(members([("reason", json!(grant.ended_because()))]));
        }
        GrantStatus::Active => document.extend(members([
            ("description", json!(offered.map(|offered| &offered.description))),
            ("input", json!(offered.and_then(|offered| offered.input.shown()))),
            ("output", json!(offered.and_then(|offered| offered.output.as_ref()))),
            ("constraints", json!(grant.constraints_shown())),
            ("granted_by", granted_by(grant)),
            ("expires_at", date(grant.expires_at())),
        ])),
    }
    Value::Object(document)
}

/// A grant that has expired is shown as revoked: the protocol has no word of its own for it, and it is worth as much.
pub(crate) fn shown_status(grant: &CapabilityGrant, now: Timestamp) -> GrantStatus {
    match grant.status() {
        GrantStatus::Active if !grant.is_effective(now) => GrantStatus::Revoked,
        status => status,
    }
}

fn granted_by(grant: &CapabilityGrant) -> Value {
    match grant.granted_by() {
        Some(ApprovedBy::Person { subject, .. }) => json!(subject.as_str()),
        Some(ApprovedBy::Policy) | None => Value::Null,
    }
}

/// A moment in ISO 8601 (Agent Auth §5.5); `null` where there is none.
pub(crate) fn date(moment: Option<Timestamp>) -> Value {
    let written = moment
        .and_then(|moment| OffsetDateTime::from_unix_timestamp(moment.as_secs()).ok())
        .and_then(|date| date.format(&Rfc3339).ok());
    json!(written)
}

/// An object without the members that are `null`.
pub(crate) fn members<const N: usize>(members: [(&str, Value); N]) -> Map<String, Value> {
    members.into_iter().filter(|(_, value)| !value.is_null()).map(|(name, value)| (name.to_owned(), value)).collect()
}
