//! How a person ends their agents and hosts ([Agent Auth §8.8.1], §9.2).
//!
//! [Agent Auth §8.8.1]: https://agentauthprotocol.com/specification/v1.0-draft

use std::convert::Infallible;

use async_trait::async_trait;
use countersign_storage::{
    Action, Actor, Changes, Decision, Event, Fault, Moment, Operation, Reader, Record, Stored, Subject, Timestamp,
};

use crate::AgentProvider;
use crate::agent::Agent;
use crate::host::{AgentId, Host, HostId};
use crate::person::Person;
use crate::policy::AgentPolicy;
use crate::standing;
use crate::withdrawal::Withdrawal;

/// What a revocation did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Revocation {
    /// It can make no call any more.
    Revoked {
        /// How many agents ended with it that could still have made a call.
        agents: usize,
    },
    /// There is no such thing, or it is not this person's.
    NotFound,
}

impl AgentProvider {
    /// Ends an agent of this person, for good. Its next call fails.
    ///
    /// # Errors
    /// [`Fault`].
    pub async fn revoke_agent(&self, subject: &Subject, agent_id: &str) -> Result<Revocation, Fault> {
        match AgentId::parse(agent_id) {
            Some(agent_id) => Ok(self.ports.perform(&RevokeAgent { provider: self, subject, agent_id }).await?),
            None => Ok(Revocation::NotFound),
        }
    }

    /// Ends a host of this person and every agent under it, for good.
    ///
    /// # Errors
    /// [`Fault`].
    pub async fn revoke_host(&self, subject: &Subject, host_id: &str) -> Result<Revocation, Fault> {
        match HostId::parse(host_id) {
            Some(host_id) => Ok(self.ports.perform(&RevokeHost { provider: self, subject, host_id }).await?),
            None => Ok(Revocation::NotFound),
        }
    }

    /// Ends every host of a person and every agent under them, in one commit ([Agent Auth §2.6]), whatever else they do at
    /// the same moment. Call it when an account is deleted. One that is disabled needs no such call where the accounts
    /// count their generations ([`countersign_storage::Account::generation`]).
    ///
    /// # Errors
    /// [`Fault`].
    ///
    /// [Agent Auth §2.6]: https://agentauthprotocol.com/specification/v1.0-draft
    pub async fn revoke_person(&self, subject: &Subject) -> Result<Revocation, Fault> {
        Ok(self.ports.perform(&RevokePerson { provider: self, subject }).await?)
    }
}

fn event(action: Action, subject: &Subject) -> Event {
    Event::new(action, Actor::Person { subject: subject.clone() }).for_subject(subject)
}

struct RevokeAgent<'a> {
    provider: &'a AgentProvider,
    subject: &'a Subject,
    agent_id: AgentId,
}

#[async_trait]
impl Operation for RevokeAgent<'_> {
    type Loaded = (Option<Stored<Agent>>, Option<Stored<Host>>);
    type Granted = Revocation;
    type Refusal = Infallible;

    async fn load(&self, reader: &mut Reader<'_>) -> Result<Self::Loaded, Fault> {
        let policy = &self.provider.policy;
        let (agent, host, agent_withdrawn, host_withdrawn) = reader
            .load((
                Agent::at(self.agent_id.as_str()),
                Host::at(self.agent_id.host().as_str()),
                Withdrawal::at(self.agent_id.as_str()),
                Withdrawal::at(self.agent_id.host().as_str()),
            ))
            .await?;
        // What else becomes of them changes nothing: a host never changes hands, and what is over is over.
        agent.iter().for_each(|agent| reader.unguard(&agent.record.key()));
        host.iter().for_each(|host| reader.unguard(&host.record.key()));
        let host = standing::host(host, host_withdrawn, policy, reader.now());
        Ok((standing::agent(agent, agent_withdrawn, host.as_ref(), policy), host))
    }

    fn decide(&self, (agent, host): Self::Loaded, moment: &Moment<'_>) -> Decision<Revocation, Infallible> {
        let (Some(agent), Some(host)) = (agent, host) else { return Decision::grant(Revocation::NotFound) };
        let policy = &self.provider.policy;
        if !host.is_linked_to(self.subject) {
            return Decision::grant(Revocation::NotFound);
        }
        if !agent.status(&host, policy, moment.now).is_living() {
            return Decision::grant(Revocation::Revoked { agents: 0 });
        }
        let mut changes = Changes::none();
        changes.insert(&Withdrawal::of_agent(&agent, "revoked by the person", policy, moment.now));
        let action = Action::AgentRevoke {
            agent: agent.id.as_str().to_owned(),
            agent_name: Some(agent.name.as_str().to_owned()),
            host: Some(host.id.as_str().to_owned()),
        };
        let event = event(action, self.subject);
        Decision::grant(Revocation::Revoked { agents: 1 }).changing(changes).report(event)
    }
}

/// A host of the person that is to end, and how many of its agents end with it.
struct Ending {
    host: Stored<Host>,
    agents: usize,
}

impl Ending {
    /// Those of these hosts that have not ended. Only the places of their withdrawals are guarded.
    async fn of(ids: &[HostId], provider: &AgentProvider, reader: &mut Reader<'_>) -> Result<Vec<Ending>, Fault> {
        let policy = &provider.policy;
        let mut ending = Vec::new();
        let hosts = Person::read_hosts(ids, policy, reader).await?;
        let withdrawals: Vec<_> = hosts.iter().map(|host| Withdrawal::at(host.id.as_str())).collect();
        let withdrawn = reader.load_all(&withdrawals).await?;
        for (host, withdrawn) in hosts.into_iter().zip(withdrawn) {
            if withdrawn.is_none() {
                let agents = standing::agents_of(&host, policy, reader).await?;
                let agents = standing::living(&agents, &host, policy, reader.now());
                ending.push(Ending { host, agents });
            }
        }
        Ok(ending)
    }

    fn withdraw(
        ending: &[Ending],
        subject: &Subject,
        policy: &AgentPolicy,
        now: Timestamp,
    ) -> Decision<Revocation, Infallible> {
        let agents = ending.iter().map(|one| one.agents).sum();
        let mut decision = Decision::grant(Revocation::Revoked { agents });
        for Ending { host, agents } in ending {
            decision.changes.insert(&Withdrawal::of_host(host, "revoked by the person", policy, now));
            let action = Action::HostRevoke { host: host.id.as_str().to_owned(), agents_revoked: *agents };
            decision = decision.report(event(action, subject));
        }
        decision
    }
}

struct RevokeHost<'a> {
    provider: &'a AgentProvider,
    subject: &'a Subject,
    host_id: HostId,
}

#[async_trait]
impl Operation for RevokeHost<'_> {
    type Loaded = Option<Vec<Ending>>;
    type Granted = Revocation;
    type Refusal = Infallible;

    async fn load(&self, reader: &mut Reader<'_>) -> Result<Self::Loaded, Fault> {
        let host = reader.load(Host::at(self.host_id.as_str())).await?;
        reader.unguard(Host::at(self.host_id.as_str()).key());
        match host.filter(|host| host.is_linked_to(self.subject)) {
            Some(host) => Ok(Some(Ending::of(std::slice::from_ref(&host.id), self.provider, reader).await?)),
            None => Ok(None),
        }
    }

    fn decide(&self, ending: Self::Loaded, moment: &Moment<'_>) -> Decision<Revocation, Infallible> {
        match ending {
            Some(ending) => Ending::withdraw(&ending, self.subject, &self.provider.policy, moment.now),
            None => Decision::grant(Revocation::NotFound),
        }
    }
}

struct RevokePerson<'a> {
    provider: &'a AgentProvider,
    subject: &'a Subject,
}

#[async_trait]
impl Operation for RevokePerson<'_> {
    type Loaded = Option<(Stored<Person>, Vec<Ending>)>;
    type Granted = Revocation;
    type Refusal = Infallible;

    async fn load(&self, reader: &mut Reader<'_>) -> Result<Self::Loaded, Fault> {
        let Some(person) = reader.load(Person::at(self.subject.as_str())).await? else { return Ok(None) };
        let ending = Ending::of(&person.hosts, self.provider, reader).await?;
        Ok(Some((person, ending)))
    }

    fn decide(&self, loaded: Self::Loaded, moment: &Moment<'_>) -> Decision<Revocation, Infallible> {
        let Some((person, ending)) = loaded else { return Decision::grant(Revocation::NotFound) };
        let mut decision = Ending::withdraw(&ending, self.subject, &self.provider.policy, moment.now);
        if !ending.is_empty() {
            // Whoever links a host at the same moment starts again.
            decision.changes.replace(&person);
        }
        decision
    }
}
