//! How a person ends their agents and hosts ([Agent Auth §8.8.1], §9.2), whatever version of the software wrote their records.
//!
//! [Agent Auth §8.8.1]: https://agentauthprotocol.com/specification/v1.0-draft

use std::convert::Infallible;

use async_trait::async_trait;
use countersign_storage::record::Index;
use countersign_storage::{
    Action, Actor, Changes, Decision, Event, Fault, Moment, Operation, Page, Reader, Record, Stored, Subject, Timestamp,
};

use crate::AgentProvider;
use crate::host::{AgentId, HostId};
use crate::outline::{AgentOutline, HostOutline, PersonOutline};
use crate::policy::AgentPolicy;
use crate::standing::{self, SeenAgent, SeenHost};
use crate::withdrawal::{Withdrawal, Withdrawn};

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
    type Loaded = Option<(SeenAgent, SeenHost, Withdrawn)>;
    type Granted = Revocation;
    type Refusal = Infallible;

    async fn load(&self, reader: &mut Reader<'_>) -> Result<Self::Loaded, Fault> {
        let policy = &self.provider.policy;
        let (agent, host, agent_withdrawn, host_withdrawn) = reader
            .load((
                AgentOutline::at(self.agent_id.as_str()),
                HostOutline::at(self.agent_id.host().as_str()),
                Withdrawal::at(self.agent_id.as_str()),
                Withdrawal::at(self.agent_id.host().as_str()),
            ))
            .await?;
        let (Some(agent), Some(host)) = (agent, host) else { return Ok(None) };
        // What else becomes of them changes nothing: a host never changes hands, and what is over is over.
        reader.unguard(&agent.record.key());
        reader.unguard(&host.record.key());
        let host = SeenHost::of(host, host_withdrawn, policy, reader.now())?;
        let agent = SeenAgent::of(agent, &agent_withdrawn, &host, policy, reader.now())?;
        Ok(Some((agent, host, agent_withdrawn)))
    }

    fn decide(&self, loaded: Self::Loaded, moment: &Moment<'_>) -> Decision<Revocation, Infallible> {
        let Some((agent, host, withdrawn)) = loaded.filter(|(_, host, _)| host.is_linked_to(self.subject)) else {
            return Decision::grant(Revocation::NotFound);
        };
        let agents = usize::from(agent.is_living());
        if withdrawn.is_some() || agent.has_ended_for_good() {
            return Decision::grant(Revocation::Revoked { agents });
        }
        let mut changes = Changes::none();
        changes.insert(&Withdrawal::of_agent(
            agent.id(),
            agent.purged_after(),
            "revoked by the person",
            &self.provider.policy,
            moment.now,
        ));
        let action = Action::AgentRevoke {
            agent: agent.id().as_str().to_owned(),
            agent_name: agent.name().map(str::to_owned),
            host: Some(host.id().as_str().to_owned()),
        };
        let event = event(action, self.subject);
        Decision::grant(Revocation::Revoked { agents }).changing(changes).report(event)
    }
}

/// A host of the person that is to end, and how many of its agents end with it.
struct Ending {
    host: SeenHost,
    agents: usize,
}

impl Ending {
    /// Those of these hosts that nobody withdrew. Only the places of their withdrawals are guarded.
    async fn of(ids: &[HostId], provider: &AgentProvider, reader: &mut Reader<'_>) -> Result<Vec<Ending>, Fault> {
        let policy = &provider.policy;
        let mut ending = Vec::new();
        let hosts = SeenHost::all(ids, policy, reader).await?;
        for host in SeenHost::not_withdrawn(hosts, reader).await? {
            let agents = standing::living(&standing::agents_of(&host, policy, reader).await?);
            ending.push(Ending { host, agents });
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
            decision.changes.insert(&Withdrawal::of_host(
                host.id(),
                host.purged_after(),
                "revoked by the person",
                policy,
                now,
            ));
            let action = Action::HostRevoke { host: host.id().as_str().to_owned(), agents_revoked: *agents };
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
        let at = HostOutline::at(self.host_id.as_str());
        let host = reader.load(at.clone()).await?;
        reader.unguard(at.key());
        match host.filter(|host| host.subject.as_ref() == Some(self.subject)) {
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
    type Loaded = Option<(Stored<PersonOutline>, Vec<Ending>)>;
    type Granted = Revocation;
    type Refusal = Infallible;

    async fn load(&self, reader: &mut Reader<'_>) -> Result<Self::Loaded, Fault> {
        let Some(person) = reader.load(PersonOutline::at(self.subject.as_str())).await? else { return Ok(None) };
        // Also those that are on the list no more: whoever forgot one that only seemed to have ended may not have withdrawn it.
        let mut hosts = person.hosts.clone();
        for host in self.linked(reader).await? {
            if !hosts.contains(&host) {
                hosts.push(host);
            }
        }
        let ending = Ending::of(&hosts, self.provider, reader).await?;
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

impl RevokePerson<'_> {
    /// Every host that was ever linked to the person and is still remembered. The person approved each, so there are not many.
    async fn linked(&self, reader: &mut Reader<'_>) -> Result<Vec<HostId>, Fault> {
        let (index, mut page, mut linked) =
            (Index::new("subject", self.subject.as_str()), Page::first(1_000), Vec::new());
        loop {
            let (found, next) = reader.find::<HostOutline>(&index, page).await?;
            found.iter().for_each(|host| reader.unguard(&host.record.key()));
            linked.extend(found.into_iter().map(|host| host.record.id));
            let Some(cursor) = next else { return Ok(linked) };
            page = Page { after: Some(cursor), ..Page::first(1_000) };
        }
    }
}
