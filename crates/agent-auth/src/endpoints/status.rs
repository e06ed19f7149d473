//! `GET /agent/status` ([Agent Auth §5.5]): what a host may know about an agent of its own. Pending hosts may ask too,
//! because that is how their first agent learns that it was approved.

use async_trait::async_trait;
use bytes::Bytes;
use countersign_storage::{Changes, Decision, Fault, Moment, Operation, Reader, Stored};
use http::Request;
use serde_json::Value;

use super::agent_document;
use crate::AgentProvider;
use crate::agent::Agent;
use crate::host::AgentId;
use crate::host_jwt::{HostToken, KnownHost, Unknown};
use crate::refusal::{Error, Refusal};
use crate::request;
use crate::respond::Answer;

pub(crate) async fn answer(provider: &AgentProvider, request: &Request<Bytes>) -> Result<Answer, Error> {
    let token = HostToken::parse(request::bearer(request.headers())?, &provider.issuer)?;
    let agent_id = request::parameter(request, "agent_id")?.ok_or(Refusal::InvalidRequest("agent_id is missing"))?;
    let status = Status { provider, token: &token, agent_id: AgentId::parse(&agent_id) };
    Ok(Answer::new(provider.ports.perform(&status).await??))
}

struct Status<'a> {
    provider: &'a AgentProvider,
    token: &'a HostToken<'a>,
    agent_id: Option<AgentId>,
}

#[async_trait]
impl Operation for Status<'_> {
    type Loaded = (KnownHost, Option<Stored<Agent>>);
    type Plan = Result<Value, Refusal>;
    type Answer = Result<Value, Refusal>;

    async fn load(&self, reader: &mut Reader<'_>) -> Result<Self::Loaded, Fault> {
        self.token.load(reader, self.agent_id.as_ref(), self.provider).await
    }

    fn decide(&self, (known, agent): Self::Loaded, moment: &Moment<'_>) -> Decision<Self::Plan> {
        let proven = match self.token.verify(&known, Unknown::Refused, self.provider, moment) {
            Ok(proven) => proven,
            Err(refusal) => return Decision::answer(Err(refusal)),
        };
        let mut changes = Changes::none();
        proven.spend(&mut changes);
        known.note_use(&self.provider.policy, moment.now, &mut changes);
        Decision::changing(self.tell(&known, agent, moment), changes)
    }

    async fn seal(&self, plan: Self::Plan, _: &mut Changes) -> Result<Self::Answer, Fault> {
        Ok(plan)
    }
}

impl Status<'_> {
    fn tell(&self, known: &KnownHost, agent: Option<Stored<Agent>>, moment: &Moment<'_>) -> Result<Value, Refusal> {
        let (host, agent) = known.admitted_with(agent)?;
        let mut document = agent_document::agent(self.provider, &agent, host, moment.now);
        document.extend(agent_document::history(&self.provider.policy, &agent));
        Ok(Value::Object(document))
    }
}
