//! `GET /agent/status` ([Agent Auth §5.5]): what a host may know about an agent of its own. Pending hosts may ask too,
//! because that is how their first agent learns that it was approved. A host that polls faster than the interval is told to
//! slow down ([RFC 8628 §3.5]).
//!
//! [Agent Auth §5.5]: https://agentauthprotocol.com/specification/v1.0-draft
//! [RFC 8628 §3.5]: https://www.rfc-editor.org/rfc/rfc8628#section-3.5

use async_trait::async_trait;
use bytes::Bytes;
use countersign_storage::{Changes, Decision, Fault, Moment, Operation, Reader, Record, Stopped, Stored};
use http::Request;
use serde_json::Value;

use super::{agent_document, named};
use crate::AgentProvider;
use crate::agent::Agent;
use crate::host::AgentId;
use crate::host_jwt::{HostToken, KnownHost, Unknown};
use crate::polls::{self, Polls};
use crate::refusal::Refusal;
use crate::request;
use crate::respond::Answer;

pub(crate) async fn answer(provider: &AgentProvider, request: &Request<Bytes>) -> Result<Answer, Stopped<Refusal>> {
    let token = HostToken::parse(request::bearer(request.headers())?, &provider.issuer)?;
    let missing = Refusal::InvalidRequest("agent_id is missing");
    let agent_id = request::parameter(request, "agent_id").and_then(|agent_id| agent_id.ok_or(missing));
    let status = Status { provider, token: &token, agent_id: agent_id.map(|agent_id| AgentId::parse(&agent_id)) };
    Ok(Answer::new(provider.ports.perform(&status).await?))
}

struct Status<'a> {
    provider: &'a AgentProvider,
    token: &'a HostToken<'a>,
    agent_id: Result<Option<AgentId>, Refusal>,
}

struct Loaded {
    known: KnownHost,
    agent: Option<Stored<Agent>>,
    polls: Option<Stored<Polls>>,
}

#[async_trait]
impl Operation for Status<'_> {
    type Loaded = Loaded;
    type Granted = Value;
    type Refusal = Refusal;

    async fn load(&self, reader: &mut Reader<'_>) -> Result<Self::Loaded, Fault> {
        let (known, agent) = self.token.load(reader, named(&self.agent_id), self.provider).await?;
        let waits = agent.as_ref().filter(|agent| agent.is_waiting(reader.now()));
        let polls = match waits {
            Some(agent) => reader.load(Polls::at(agent.id.as_str())).await?,
            None => None,
        };
        Ok(Loaded { known, agent, polls })
    }

    fn decide(
        &self,
        Loaded { known, agent, polls }: Loaded,
        moment: &Moment<'_>,
    ) -> Decision<Self::Granted, Self::Refusal> {
        let proven = match self.token.verify(&known, Unknown::Refused, self.provider, moment) {
            Ok(proven) => proven,
            Err(refusal) => return Decision::refuse(refusal),
        };
        let mut changes = Changes::none();
        proven.spend(&mut changes);
        known.note_use(&self.provider.policy, moment.now, &mut changes);
        let told = self.agent_id.clone().and_then(|_| self.tell(&known, agent, polls, &mut changes, moment));
        Decision::from(told).changing(changes)
    }
}

impl Status<'_> {
    fn tell(
        &self,
        known: &KnownHost,
        agent: Option<Stored<Agent>>,
        polls: Option<Stored<Polls>>,
        changes: &mut Changes,
        moment: &Moment<'_>,
    ) -> Result<Value, Refusal> {
        let (host, mut agent) = known.admitted_with(agent)?;
        if agent.has_news(&self.provider.policy, moment.now) {
            agent.record.see(&self.provider.policy, moment.now);
            changes.replace(&agent);
        }
        if agent.is_waiting(moment.now) {
            polls::count(polls, &agent, &self.provider.policy, changes, moment.now)?;
        }
        let mut document = agent_document::agent(self.provider, &agent, host, moment.now);
        document.extend(agent_document::history(&self.provider.policy, &agent));
        Ok(Value::Object(document))
    }
}
