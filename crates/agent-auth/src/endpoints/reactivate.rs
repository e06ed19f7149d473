//! `POST /agent/reactivate` ([Agent Auth §5.6]): a host wakes an expired agent of its own. Nothing else does.
//!
//! Everything that the agent held is revoked. A delegated agent then asks its person for the same again, under grants that
//! are new and worth nothing until they are approved. Hosts have no capabilities of their own here, so nothing comes without
//! asking. An autonomous agent gets what the policy gives today. Its absolute lifetime goes on.
//!
//! [Agent Auth §5.6]: https://agentauthprotocol.com/specification/v1.0-draft

use std::collections::BTreeMap;

use async_trait::async_trait;
use bytes::Bytes;
use countersign_storage::{
    Action, Actor, Changes, Decision, Event, Fault, Moment, Operation, Reader, Stopped, Stored, secret,
};
use http::Request;
use serde::Deserialize;
use serde_json::Value;

use super::{agent_document, named, requested};
use crate::AgentProvider;
use crate::agent::{Agent, AgentMode, AgentStatus};
use crate::constraint::Constraints;
use crate::device_authorization;
use crate::grant::CapabilityGrant;
use crate::host::{AgentId, Host};
use crate::host_jwt::{HostToken, KnownHost, Unknown};
use crate::policy::AutonomousPolicy;
use crate::refusal::Refusal;
use crate::request;
use crate::respond::Answer;

#[derive(Deserialize)]
struct Body {
    agent_id: String,
}

pub(crate) async fn answer(provider: &AgentProvider, request: &Request<Bytes>) -> Result<Answer, Stopped<Refusal>> {
    let token = HostToken::parse(request::bearer(request.headers())?, &provider.issuer)?;
    let agent_id = request::body(request).map(|body: Body| AgentId::parse(&body.agent_id));
    let reactivate = Reactivate { provider, token: &token, agent_id };
    Ok(Answer::new(provider.ports.perform(&reactivate).await?))
}

struct Reactivate<'a> {
    provider: &'a AgentProvider,
    token: &'a HostToken<'a>,
    agent_id: Result<Option<AgentId>, Refusal>,
}

#[async_trait]
impl Operation for Reactivate<'_> {
    type Loaded = (KnownHost, Option<Stored<Agent>>);
    type Granted = Value;
    type Refusal = Refusal;

    async fn load(&self, reader: &mut Reader<'_>) -> Result<Self::Loaded, Fault> {
        self.token.load(reader, named(&self.agent_id), self.provider).await
    }

    fn decide(&self, (known, agent): Self::Loaded, moment: &Moment<'_>) -> Decision<Self::Granted, Self::Refusal> {
        let proven = match self.token.verify(&known, Unknown::Refused, self.provider, moment) {
            Ok(proven) => proven,
            Err(refusal) => return Decision::refuse(refusal),
        };
        let mut changes = Changes::none();
        proven.spend(&mut changes);
        known.note_use(&self.provider.policy, moment.now, &mut changes);
        if let Err(refusal) = &self.agent_id {
            return Decision::refuse(refusal.clone()).changing(changes);
        }
        match known.admitted_with(agent) {
            Ok((host, agent)) => self.wake(host, agent, changes, moment),
            Err(refusal) => Decision::refuse(refusal).changing(changes),
        }
    }
}

impl Reactivate<'_> {
    fn wake(
        &self,
        host: &Stored<Host>,
        mut agent: Stored<Agent>,
        mut changes: Changes,
        moment: &Moment<'_>,
    ) -> Decision<Value, Refusal> {
        let (provider, now) = (self.provider, moment.now);
        let status = agent.status(host, &provider.policy, now);
        let action = Action::AgentReactivate { agent: agent.id.as_str().to_owned() };
        let event =
            Event::new(action, Actor::Host { host_id: host.id.as_str().to_owned() }).for_subject(host.subject.as_ref());
        if agent.outlived(&provider.policy, now) {
            // What the clock has ended stays ended, even if the policy allows more later.
            agent.record.revoke("the agent's absolute lifetime is over");
            agent.record.see(&provider.policy, now);
            changes.replace(&agent);
            let refusal = Refusal::AbsoluteLifetimeExceeded;
            return Decision::refuse(refusal).changing(changes).report(event.denied("absolute_lifetime_exceeded"));
        }
        match (status, Refusal::of_status(status)) {
            (AgentStatus::Active, _) | (_, None) => {
                return Decision::grant(self.document(&agent, host, None, moment)).changing(changes);
            }
            (AgentStatus::Expired, _) => {}
            (_, Some(refusal)) => return Decision::refuse(refusal).changing(changes),
        }
        let approval = match self.reopen(&mut agent.record, moment, &mut changes) {
            Ok(approval) => approval,
            Err(refusal) => return Decision::refuse(refusal).changing(changes),
        };
        agent.record.see(&provider.policy, now);
        changes.replace(&agent);
        Decision::grant(self.document(&agent, host, approval, moment)).changing(changes).report(event)
    }

    /// The approval object, where a person must decide.
    fn reopen(&self, agent: &mut Agent, moment: &Moment<'_>, changes: &mut Changes) -> Result<Option<Value>, Refusal> {
        let provider = self.provider;
        let held = self.held(agent, moment);
        agent.reopen();
        let approval = match agent.mode {
            AgentMode::Delegated => {
                let reason = agent.reason.clone();
                Some(device_authorization::ask(provider, agent, held, reason.as_ref(), moment, changes))
            }
            AgentMode::Autonomous => {
                let (approved, decided) = requested::by_policy(provider, held, moment.now)?;
                agent.grants.extend(decided);
                agent.activate(&approved, moment.now);
                None
            }
        };
        agent.make_room(moment.now)?;
        Ok(approval)
    }

    /// What the agent held when it expired, as fresh requests within what is offered today.
    fn held(&self, agent: &Agent, moment: &Moment<'_>) -> Vec<CapabilityGrant> {
        let provider = self.provider;
        let policy_limits = |name: &str| match (&provider.policy.autonomous, agent.mode) {
            (AutonomousPolicy::Granted(limits), AgentMode::Autonomous) => limits.get(name).cloned(),
            _ => None,
        };
        let now = agent.time(moment.now);
        let effective = agent.grants.iter().filter(|grant| grant.is_effective(now));
        // Later grants of one capability come on top of earlier ones; asking for the latest is enough.
        let latest: BTreeMap<&str, &CapabilityGrant> = effective.map(|grant| (grant.capability(), grant)).collect();
        latest
            .into_iter()
            .filter_map(|(name, grant)| {
                let offered = provider.offer.by_name(name)?;
                let held: Constraints = grant.constraints().ok()?;
                let within = held.narrowed_by(&offered.constraints);
                let within = policy_limits(name).map_or_else(|| within.clone(), |limits| within.narrowed_by(&limits));
                if offered.input.contradiction(&within).is_some() {
                    return None;
                }
                let id = secret::identifier("grt", moment.random);
                Some(CapabilityGrant::requested(id, name, &within, agent.reason.clone(), moment.now))
            })
            .collect()
    }

    fn document(&self, agent: &Agent, host: &Host, approval: Option<Value>, moment: &Moment<'_>) -> Value {
        let mut document = agent_document::agent(self.provider, agent, host, moment.now);
        document.extend(agent_document::history(&self.provider.policy, agent));
        document.extend(approval.map(|approval| ("approval".to_owned(), approval)));
        Value::Object(document)
    }
}
