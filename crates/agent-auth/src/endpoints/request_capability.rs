//! `POST /agent/request-capability` ([Agent Auth §5.4]): an agent at work asks for more.
//!
//! A delegated agent gets a user code, and its person decides; what it may do already stays as it is. An autonomous one gets
//! what the policy gives. A grant that the agent holds already is not asked for again.
//!
//! [Agent Auth §5.4]: https://agentauthprotocol.com/specification/v1.0-draft

use std::collections::BTreeMap;

use async_trait::async_trait;
use bytes::Bytes;
use countersign_storage::{
    Action, Actor, Changes, Decision, Event, Fault, Moment, Operation, Reader, Stopped, Stored, Timestamp,
};
use countersign_web::text::{self, Cleaned};
use http::Request;
use serde::Deserialize;
use serde_json::{Value, json};

use super::agent_document::{self, members};
use super::requested::{self, Asked, Requested};
use crate::AgentProvider;
use crate::agent::{Agent, AgentMode};
use crate::agent_jwt::{AgentToken, KnownAgent, ProvenAgent, TokenUse};
use crate::capability::Offer;
use crate::device_authorization;
use crate::grant::{CapabilityGrant, GrantStatus};
use crate::policy::{AgentPolicy, AutonomousPolicy};
use crate::refusal::Refusal;
use crate::request;
use crate::respond::Answer;

#[derive(Deserialize)]
struct Body {
    capabilities: Vec<Asked>,
    #[serde(default)]
    reason: Option<String>,
}

pub(crate) async fn answer(provider: &AgentProvider, request: &Request<Bytes>) -> Result<Answer, Stopped<Refusal>> {
    let token = AgentToken::parse(request::bearer(request.headers())?)?;
    // Kept until the token is proven: a sender who proves nothing learns nothing about the body, nor about names in it.
    let asked = Wish::parse(request, provider);
    let ask = RequestCapability { provider, token: &token, asked };
    Ok(Answer::new(provider.ports.perform(&ask).await?))
}

/// What the agent asks for.
struct Wish {
    requested: Requested,
    reason: Option<Cleaned>,
}

impl Wish {
    fn parse(request: &Request<Bytes>, provider: &AgentProvider) -> Result<Self, Refusal> {
        let body: Body = request::body(request)?;
        if body.capabilities.is_empty() {
            return Err(Refusal::InvalidRequest("capabilities must name at least one"));
        }
        let requested = Requested::parse(body.capabilities, &provider.offer)?;
        let reason = body.reason.and_then(|reason| text::cleaned(&reason, Agent::REASON).ok());
        Ok(Wish { requested, reason })
    }
}

struct RequestCapability<'a> {
    provider: &'a AgentProvider,
    token: &'a AgentToken<'a>,
    asked: Result<Wish, Refusal>,
}

#[async_trait]
impl Operation for RequestCapability<'_> {
    type Loaded = KnownAgent;
    type Granted = Value;
    type Refusal = Refusal;

    async fn load(&self, reader: &mut Reader<'_>) -> Result<KnownAgent, Fault> {
        self.token.load(reader, self.provider).await
    }

    fn decide(&self, known: KnownAgent, moment: &Moment<'_>) -> Decision<Self::Granted, Self::Refusal> {
        let AgentProvider { policy, issuer, .. } = self.provider;
        let proven = match self.token.verify(known, &[issuer], policy, moment.now) {
            Ok(proven) if proven.use_ == TokenUse::First => proven,
            Ok(_) => return Decision::refuse(Refusal::UNPROVEN),
            Err(refusal) => return Decision::refuse(refusal),
        };
        let (event, refused) = (self.event(&proven, proven.actor()), self.event(&proven, proven.refused_actor()));
        let count = match proven.count(policy, moment) {
            Ok(count) => count,
            Err(refusal) => return Decision::refuse(refusal),
        };
        let mut changes = Changes::none();
        changes.insert(&proven.mark);
        if let Some(count) = count {
            count.add(1, &mut changes);
        }
        let news = proven.agent.has_news(policy, moment.now).then(|| proven.agent.clone());
        let answer = match &self.asked {
            Ok(wish) => self.ask(wish, proven, moment, &mut changes),
            Err(refusal) => Err(refusal.clone()),
        };
        match answer {
            Ok(document) => Decision::grant(document).changing(changes).report(event.counted()),
            Err(refusal) => {
                let event = refused.denied(refusal.code());
                note(news, policy, &mut changes, moment.now);
                Decision::refuse(refusal).changing(changes).report(event)
            }
        }
    }
}

impl RequestCapability<'_> {
    fn ask(
        &self,
        wish: &Wish,
        proven: ProvenAgent,
        moment: &Moment<'_>,
        changes: &mut Changes,
    ) -> Result<Value, Refusal> {
        let (provider, now) = (self.provider, moment.now);
        proven.check_status(&provider.policy, now)?;
        if wish.requested.iter().any(|(name, _)| !proven.covers(name)) {
            return Err(Refusal::CapabilityNotGranted);
        }
        let mut agent = proven.agent;
        let seen = agent.time(now);
        let limits = match (&provider.policy.autonomous, agent.mode) {
            (AutonomousPolicy::Granted(limits), AgentMode::Autonomous) => limits.clone(),
            _ => BTreeMap::new(),
        };
        let asked = wish.requested.pending(&provider.offer, &limits, wish.reason.as_ref(), moment)?;
        let (held, missing): (Vec<_>, Vec<_>) =
            asked.into_iter().partition(|grant| holds(&agent, grant, &provider.offer, seen));
        if missing.is_empty() {
            return Err(Refusal::AlreadyGranted);
        }
        let ids: Vec<String> = missing.iter().map(|grant| grant.id().to_owned()).collect();
        let approval = match agent.mode {
            AgentMode::Delegated => {
                let reason = wish.reason.as_ref();
                Some(device_authorization::ask(provider, &mut agent.record, missing, reason, moment, changes))
            }
            AgentMode::Autonomous => {
                let (_, decided) = requested::by_policy(provider, missing, now)?;
                agent.record.grants.extend(decided);
                None
            }
        };
        agent.record.make_room(now)?;
        agent.record.last_used_at = Some(now);
        let told = |grant: &&CapabilityGrant| {
            let held = held.iter().any(|held| held.capability() == grant.capability()) && grant.is_effective(seen);
            held || ids.iter().any(|id| id == grant.id())
        };
        let grants: Vec<Value> =
            (agent.grants.iter().filter(told)).map(|grant| agent_document::grant(provider, grant, seen)).collect();
        let waits = agent.asked().next().is_some();
        agent.record.see(&provider.policy, now);
        changes.replace(&agent);
        Ok(Value::Object(members([
            ("agent_id", json!(agent.id.as_str())),
            // The draft has no `status` here; the published client waits for the approval only where it reads `pending`.
            ("status", json!(if waits { "pending" } else { "active" })),
            ("agent_capability_grants", json!(grants)),
            ("approval", json!(approval)),
        ])))
    }

    fn event(&self, proven: &ProvenAgent, actor: Actor) -> Event {
        let asked = self.asked.as_ref().ok();
        let action = Action::AgentRequestCapability {
            agent_name: proven.agent.name.as_str().to_owned(),
            capabilities: asked.map(|wish| wish.requested.iter().map(|(name, _)| name.to_owned()).collect()),
        };
        Event::new(action, actor).for_subject(proven.agent.subject.as_ref())
    }
}

/// Notes on an agent that was refused that something of it has ended.
fn note(news: Option<Stored<Agent>>, policy: &AgentPolicy, changes: &mut Changes, now: Timestamp) {
    if let Some(mut agent) = news {
        agent.record.see(policy, now);
        changes.replace(&agent);
    }
}

/// Whether the agent has this already: an effective grant under the same constraints, or under none, and under today's
/// schema. One that was approved under another may allow less.
fn holds(agent: &Agent, asked: &CapabilityGrant, offer: &Offer, now: Timestamp) -> bool {
    let today = offer.by_name(asked.capability()).map(|offered| offered.input.hash());
    agent.grants.iter().any(|grant| {
        grant.status() == GrantStatus::Active
            && grant.capability() == asked.capability()
            && grant.is_effective(now)
            && grant.approved_schema().is_none_or(|hash| Some(hash) == today)
            && (grant.constraints_shown().is_none() || grant.constraints().ok() == asked.constraints().ok())
    })
}
