//! `POST /agent/revoke` ([Agent Auth §5.7]): a host ends an agent of its own, for good.
//!
//! [Agent Auth §5.7]: https://agentauthprotocol.com/specification/v1.0-draft

use async_trait::async_trait;
use bytes::Bytes;
use countersign_storage::{Action, Actor, Decision, Event, Fault, Moment, Operation, Reader, Record, Stopped};
use http::Request;
use serde::Deserialize;
use serde_json::json;

use super::named;
use crate::AgentProvider;
use crate::agent::AgentStatus;
use crate::host::AgentId;
use crate::host_jwt::{HostToken, KnownHost, Unknown};
use crate::outline::AgentOutline;
use crate::refusal::Refusal;
use crate::request;
use crate::respond::Answer;
use crate::standing::{SeenAgent, SeenHost};
use crate::withdrawal::{Withdrawal, Withdrawn};

#[derive(Deserialize)]
struct Body {
    agent_id: String,
}

pub(crate) async fn answer(provider: &AgentProvider, request: &Request<Bytes>) -> Result<Answer, Stopped<Refusal>> {
    let token = HostToken::parse(request::bearer(request.headers())?, &provider.issuer)?;
    let agent_id = request::body(request).map(|body: Body| AgentId::parse(&body.agent_id));
    let revoke = RevokeAgent { provider, token: &token, agent_id };
    let agent_id = provider.ports.perform(&revoke).await?;
    Ok(Answer::new(json!({ "agent_id": agent_id, "status": "revoked" })))
}

struct RevokeAgent<'a> {
    provider: &'a AgentProvider,
    token: &'a HostToken<'a>,
    agent_id: Result<Option<AgentId>, Refusal>,
}

#[async_trait]
impl Operation for RevokeAgent<'_> {
    type Loaded = (KnownHost, Option<SeenAgent>, Withdrawn);
    type Granted = String;
    type Refusal = Refusal;

    async fn load(&self, reader: &mut Reader<'_>) -> Result<Self::Loaded, Fault> {
        let (known, _) = self.token.load(reader, None, self.provider).await?;
        known.unguard(reader);
        let (Some(id), Some(host)) = (named(&self.agent_id), known.host.clone()) else {
            return Ok((known, None, None));
        };
        let (agent, withdrawn) = reader.load((AgentOutline::at(id.as_str()), Withdrawal::at(id.as_str()))).await?;
        let Some(agent) = agent.filter(|agent| agent.host_id == host.id) else {
            return Ok((known, None, None));
        };
        reader.unguard(&agent.record.key());
        let (host, policy) = (SeenHost::Known(host), &self.provider.policy);
        let agent = SeenAgent::of(agent, &withdrawn, &host, policy, reader.now())?;
        Ok((known, Some(agent), withdrawn))
    }

    fn decide(
        &self,
        (known, agent, withdrawn): Self::Loaded,
        moment: &Moment<'_>,
    ) -> Decision<Self::Granted, Self::Refusal> {
        let proven = match self.token.verify(&known, Unknown::Refused, self.provider, moment) {
            Ok(proven) => proven,
            Err(refusal) => return Decision::refuse(refusal),
        };
        let mut decision = Decision::from(self.find(&known, agent.as_ref()));
        proven.spend(&mut decision.changes);
        let (Some(agent), Some(host)) = (&agent, &known.host) else { return decision };
        // Also where a clock or the policy of today says that the agent or its host has ended: that can be undone.
        if withdrawn.is_some() || agent.has_ended_for_good() {
            return decision;
        }
        decision.changes.insert(&Withdrawal::of_agent(
            agent.id(),
            agent.purged_after(),
            "the agent was revoked",
            &self.provider.policy,
            moment.now,
        ));
        let action = Action::AgentRevoke { agent: agent.id().as_str().to_owned(), agent_name: None, host: None };
        let actor = Actor::Host { host_id: host.id.as_str().to_owned() };
        decision.report(Event::new(action, actor).for_subject(host.subject.as_ref()))
    }
}

impl RevokeAgent<'_> {
    /// The id of the agent, if it is the host's own and may still be ended. Revoking what is revoked is no mistake.
    fn find(&self, known: &KnownHost, agent: Option<&SeenAgent>) -> Result<String, Refusal> {
        if let Err(refusal) = &self.agent_id {
            return Err(refusal.clone());
        }
        known.admitted()?;
        let agent = agent.ok_or(Refusal::AgentNotFound)?;
        match agent.status() {
            Some(AgentStatus::Claimed) => Err(Refusal::AgentClaimed),
            Some(AgentStatus::Rejected) => Err(Refusal::AgentRejected),
            Some(AgentStatus::Pending | AgentStatus::Active | AgentStatus::Expired | AgentStatus::Revoked) | None => {
                Ok(agent.id().as_str().to_owned())
            }
        }
    }
}
