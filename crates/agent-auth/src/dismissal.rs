//! A person refuses agents that wait for them under a host of theirs, without the codes ([Agent Auth §7.1]): one that asks, or
//! all of them.
//!
//! A host can register agent after agent. So refusing inserts withdrawals, one for each agent, and nothing that host or
//! agents do at the same moment is faster.
//!
//! [Agent Auth §7.1]: https://agentauthprotocol.com/specification/v1.0-draft

use std::convert::Infallible;

use async_trait::async_trait;
use countersign_storage::{
    Action, Actor, Authentication, Changes, Decision, Event, Fault, Moment, Operation, Reader, Record,
};

use crate::AgentProvider;
use crate::host::{AgentId, HostId};
use crate::outline::HostOutline;
use crate::revocation::Revocation;
use crate::standing::{self, SeenAgent, SeenHost};
use crate::withdrawal::Withdrawal;

/// What a person refuses.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Waiting<'a> {
    /// The agent with this id.
    Agent(&'a str),
    /// All that wait under the host with this id.
    UnderHost(&'a str),
}

impl AgentProvider {
    /// Rejects agents that wait for the approval of this person, under a host that is linked to them: also those that, by a
    /// clock or the policy of today, wait in vain. What was allowed something before stays as it is:
    /// [`AgentProvider::revoke_agent`] ends that. An agent that is approved at the very moment of the dismissal ends: the
    /// dismissal wins.
    ///
    /// [`Revocation::Revoked`] tells how many agents were rejected. That can be none: another answer was there before.
    ///
    /// # Errors
    /// [`Fault`].
    pub async fn dismiss(&self, who: &Authentication, waiting: Waiting<'_>) -> Result<Revocation, Fault> {
        let (host_id, agent_id) = match waiting {
            Waiting::UnderHost(host_id) => (HostId::parse(host_id), None),
            Waiting::Agent(agent_id) => {
                let agent_id = AgentId::parse(agent_id);
                (agent_id.as_ref().map(AgentId::host), agent_id)
            }
        };
        match host_id {
            Some(host_id) => Ok(self.ports.perform(&Dismiss { provider: self, who, host_id, agent_id }).await?),
            None => Ok(Revocation::NotFound),
        }
    }
}

struct Dismiss<'a> {
    provider: &'a AgentProvider,
    who: &'a Authentication,
    host_id: HostId,
    /// All of them where it is absent.
    agent_id: Option<AgentId>,
}

#[async_trait]
impl Operation for Dismiss<'_> {
    type Loaded = Option<Vec<SeenAgent>>;
    type Granted = Revocation;
    type Refusal = Infallible;

    async fn load(&self, reader: &mut Reader<'_>) -> Result<Self::Loaded, Fault> {
        let policy = &self.provider.policy;
        let at = HostOutline::at(self.host_id.as_str());
        let (host, withdrawn) = reader.load((at.clone(), Withdrawal::at(self.host_id.as_str()))).await?;
        // A host never changes hands, and of what else becomes of it nothing matters here.
        reader.unguard(at.key());
        let Some(host) = host.filter(|host| host.subject.as_ref() == Some(self.who.subject())) else { return Ok(None) };
        let has_ended = withdrawn.is_some();
        let host = SeenHost::of(host, withdrawn, policy, reader.now())?;
        let mut agents = standing::agents_of(&host, policy, reader).await?;
        agents.retain(|agent| self.agent_id.as_ref().is_none_or(|id| agent.id() == id));
        if agents.is_empty() && self.agent_id.is_some() {
            return Ok(None);
        }
        // With the host all of them have ended.
        Ok(Some(if has_ended { Vec::new() } else { agents }))
    }

    fn decide(&self, agents: Self::Loaded, moment: &Moment<'_>) -> Decision<Revocation, Infallible> {
        let Some(mut agents) = agents else { return Decision::grant(Revocation::NotFound) };
        agents.retain(SeenAgent::is_unanswered);
        let mut changes = Changes::none();
        for agent in &agents {
            let (policy, kept) = (&self.provider.policy, agent.purged_after());
            let because = "the person denied the request";
            changes.insert(&Withdrawal::of_agent(agent.id(), kept, because, policy, moment.now).of_denied());
        }
        let decision = Decision::grant(Revocation::Revoked { agents: agents.len() }).changing(changes);
        agents.iter().fold(decision, |decision, agent| decision.report(self.denied(agent)))
    }
}

impl Dismiss<'_> {
    fn denied(&self, agent: &SeenAgent) -> Event {
        let subject = self.who.subject();
        let action = Action::AgentDeny {
            agent: agent.id().as_str().to_owned(),
            agent_name: agent.name().unwrap_or_default().to_owned(),
            host: self.host_id.as_str().to_owned(),
            session: self.who.session_id().to_owned(),
            asked: agent.asked(),
        };
        Event::new(action, Actor::Person { subject: subject.clone() }).for_subject(subject)
    }
}
