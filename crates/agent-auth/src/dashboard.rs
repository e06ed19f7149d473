//! What a person sees of their agents and hosts, and how they end them ([Agent Auth §8.8.1], §9.2).

use async_trait::async_trait;
use countersign_storage::record::Index;
use countersign_storage::{
    Actor, AuditRecord, Changes, Cursor, Decision, Event, Fault, Moment, Operation, Page, Reader, Record, Stored,
    Subject, Timestamp,
};

use crate::AgentProvider;
use crate::agent::{Agent, AgentMode, AgentStatus};
use crate::approval::limits;
use crate::cascade;
use crate::endpoints::agent_document::shown_status;
use crate::grant::GrantStatus;
use crate::host::{AgentId, Host, HostId, HostStatus};

/// An agent of a person.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct AgentView {
    /// Its id.
    pub agent_id: String,
    /// Its host's id.
    pub host_id: String,
    /// What its host calls itself.
    pub host_name: Option<String>,
    /// What it calls itself.
    pub name: String,
    /// With or without a person.
    pub mode: AgentMode,
    /// Where it stands now.
    pub status: AgentStatus,
    /// What it may do, could do, and was denied.
    pub grants: Vec<GrantView>,
    /// When it registered.
    pub created_at: Timestamp,
    /// When it was approved.
    pub activated_at: Option<Timestamp>,
    /// When it last called, give or take the precision that the policy sets.
    pub last_used_at: Option<Timestamp>,
    /// When it stops working unless it is used before.
    pub expires_at: Option<Timestamp>,
}

/// One grant of an agent.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct GrantView {
    /// The capability.
    pub capability: String,
    /// Where it stands now.
    pub status: GrantStatus,
    /// What each field may be, one sentence each.
    pub limits: Vec<String>,
    /// When it was granted.
    pub granted_at: Option<Timestamp>,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
}

/// A host that is linked to a person: a connected app or device, in words for people.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct HostView {
    /// Its id.
    pub host_id: String,
    /// What it calls itself.
    pub name: Option<String>,
    /// Where it stands.
    pub status: HostStatus,
    /// When it was linked.
    pub linked_at: Option<Timestamp>,
    /// How many of its agents may still come to call something.
    pub agents: usize,
}

/// What a revocation did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Revocation {
    /// It can call nothing any more; this ended so many agents that could have.
    Revoked {
        /// How many.
        agents: usize,
    },
    /// There is no such thing, or it is not this person's.
    NotFound,
}

impl AgentProvider {
    /// The agents under the hosts of a person, those that ended included.
    ///
    /// # Errors
    /// [`Fault`].
    pub async fn agents(&self, subject: &Subject) -> Result<Vec<AgentView>, Fault> {
        let mut reader = self.ports.reader();
        let mut views = Vec::new();
        for (host, agents) in of_person(subject, &mut reader).await? {
            views.extend(agents.iter().map(|agent| self.agent_view(agent, &host, reader.now())));
        }
        Ok(views)
    }

    /// The hosts that are linked to a person, those that ended included.
    ///
    /// # Errors
    /// [`Fault`].
    pub async fn hosts(&self, subject: &Subject) -> Result<Vec<HostView>, Fault> {
        let mut reader = self.ports.reader();
        let hosts = of_person(subject, &mut reader).await?;
        let living = |host: &Host, agent: &Agent| agent.status(host, &self.policy, reader.now()).is_living();
        Ok(hosts
            .iter()
            .map(|(host, agents)| HostView {
                host_id: host.id.as_str().to_owned(),
                name: host.name.as_ref().map(|name| name.as_str().to_owned()),
                status: host.status,
                linked_at: host.linked_at,
                agents: agents.iter().filter(|agent| living(host, agent)).count(),
            })
            .collect())
    }

    /// Ends an agent of this person, for good. Its next call fails.
    ///
    /// # Errors
    /// [`Fault`].
    pub async fn revoke_agent(&self, subject: &Subject, agent_id: &str) -> Result<Revocation, Fault> {
        match AgentId::parse(agent_id) {
            Some(agent_id) => self.ports.perform(&RevokeAgent { provider: self, subject, agent_id }).await,
            None => Ok(Revocation::NotFound),
        }
    }

    /// Ends a host of this person and every agent under it, for good.
    ///
    /// # Errors
    /// [`Fault`].
    pub async fn revoke_host(&self, subject: &Subject, host_id: &str) -> Result<Revocation, Fault> {
        match HostId::parse(host_id) {
            Some(host) => self.ports.perform(&RevokeHosts { provider: self, subject, only: Some(host) }).await,
            None => Ok(Revocation::NotFound),
        }
    }

    /// Ends every host of a person and every agent under them, in one commit ([Agent Auth §2.6]). Call it when an account
    /// is deleted or disabled: no agent outlives the person it acts for.
    ///
    /// # Errors
    /// [`Fault`].
    pub async fn revoke_person(&self, subject: &Subject) -> Result<Revocation, Fault> {
        self.ports.perform(&RevokeHosts { provider: self, subject, only: None }).await
    }

    /// What agents and hosts did for a person, and what the person did with them, oldest first. A page of the store may
    /// hold fewer such events than it has room for, because other events of the person are left out.
    ///
    /// # Errors
    /// [`Fault`].
    pub async fn activity(&self, subject: &Subject, page: Page) -> Result<(Vec<AuditRecord>, Option<Cursor>), Fault> {
        let mut reader = self.ports.reader();
        let (records, next) = reader.find::<AuditRecord>(&Index::new("subject", subject.as_str()), page).await?;
        let ours = |record: &AuditRecord| record.action.starts_with("agent.") || record.action.starts_with("host.");
        Ok((records.into_iter().map(|stored| stored.record).filter(ours).collect(), next))
    }

    /// What one agent of a person did and what was done with it, oldest first: also what an autonomous agent did before the
    /// person claimed it ([Agent Auth §2.10]). Nothing for an agent that is not theirs.
    ///
    /// # Errors
    /// [`Fault`].
    pub async fn agent_activity(
        &self,
        subject: &Subject,
        agent_id: &str,
        page: Page,
    ) -> Result<(Vec<AuditRecord>, Option<Cursor>), Fault> {
        let mut reader = self.ports.reader();
        let host = match AgentId::parse(agent_id) {
            Some(agent_id) => reader.load(Host::at(agent_id.host().as_str())).await?,
            None => None,
        };
        if !host.is_some_and(|host| host.is_linked_to(subject)) {
            return Ok((Vec::new(), None));
        }
        let (records, next) = reader.find::<AuditRecord>(&Index::new("agent", agent_id), page).await?;
        Ok((records.into_iter().map(|stored| stored.record).collect(), next))
    }

    fn agent_view(&self, agent: &Agent, host: &Host, now: Timestamp) -> AgentView {
        let grants = agent.grants.iter().map(|grant| GrantView {
            capability: grant.capability().to_owned(),
            status: shown_status(grant, now),
            limits: self.offer.by_name(grant.capability()).map(|offered| limits(offered, grant)).unwrap_or_default(),
            granted_at: grant.granted_at(),
            expires_at: grant.expires_at(),
        });
        AgentView {
            agent_id: agent.id.as_str().to_owned(),
            host_id: host.id.as_str().to_owned(),
            host_name: host.name.as_ref().map(|name| name.as_str().to_owned()),
            name: agent.name.as_str().to_owned(),
            mode: agent.mode,
            status: agent.status(host, &self.policy, now),
            grants: grants.collect(),
            created_at: agent.created_at,
            activated_at: agent.activated_at,
            last_used_at: agent.last_used_at,
            expires_at: agent.session_end(&self.policy),
        }
    }
}

async fn of_person(
    subject: &Subject,
    reader: &mut Reader<'_>,
) -> Result<Vec<(Stored<Host>, Vec<Stored<Agent>>)>, Fault> {
    let mut all = Vec::new();
    for host in reader.find_all::<Host>(&Index::new("subject", subject.as_str())).await? {
        let agents = reader.find_all::<Agent>(&Index::new("host", host.id.as_str())).await?;
        all.push((host, agents));
    }
    Ok(all)
}

fn event(action: &'static str, subject: &Subject) -> Event {
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
    type Plan = Revocation;
    type Answer = Revocation;

    async fn load(&self, reader: &mut Reader<'_>) -> Result<Self::Loaded, Fault> {
        reader.load((Agent::at(self.agent_id.as_str()), Host::at(self.agent_id.host().as_str()))).await
    }

    fn decide(&self, (agent, host): Self::Loaded, moment: &Moment<'_>) -> Decision<Revocation> {
        let (Some(mut agent), Some(host)) = (agent, host) else { return Decision::answer(Revocation::NotFound) };
        if !host.is_linked_to(self.subject) {
            return Decision::answer(Revocation::NotFound);
        }
        if !agent.status(&host, &self.provider.policy, moment.now).is_living() {
            return Decision::answer(Revocation::Revoked { agents: 0 });
        }
        agent.record.revoke("revoked by the person");
        let mut changes = Changes::none();
        changes.replace(&agent);
        let event = event("agent.revoke", self.subject)
            .with("agent", agent.id.as_str())
            .with("agent_name", agent.name.as_str())
            .with("host", host.id.as_str());
        Decision::changing(Revocation::Revoked { agents: 1 }, changes).report(event)
    }

    async fn seal(&self, plan: Revocation, _: &mut Changes) -> Result<Revocation, Fault> {
        Ok(plan)
    }
}

/// One host of a person, or all of them.
struct RevokeHosts<'a> {
    provider: &'a AgentProvider,
    subject: &'a Subject,
    only: Option<HostId>,
}

#[async_trait]
impl Operation for RevokeHosts<'_> {
    type Loaded = Vec<(Stored<Host>, Vec<Stored<Agent>>)>;
    type Plan = Revocation;
    type Answer = Revocation;

    async fn load(&self, reader: &mut Reader<'_>) -> Result<Self::Loaded, Fault> {
        let Some(only) = &self.only else { return of_person(self.subject, reader).await };
        match reader.load(Host::at(only.as_str())).await? {
            Some(host) if host.is_linked_to(self.subject) => {
                let agents = reader.find_all(&Index::new("host", only.as_str())).await?;
                Ok(vec![(host, agents)])
            }
            _ => Ok(Vec::new()),
        }
    }

    fn decide(&self, hosts: Self::Loaded, moment: &Moment<'_>) -> Decision<Revocation> {
        if hosts.is_empty() {
            return Decision::answer(Revocation::NotFound);
        }
        let mut changes = Changes::none();
        let mut events = Vec::new();
        let mut all = 0;
        for (host, agents) in hosts.into_iter().filter(|(host, _)| host.status != HostStatus::Revoked) {
            let event = event("host.revoke", self.subject).with("host", host.id.as_str());
            let agents = cascade::revoke(&self.provider.policy, host, agents, &mut changes, moment.now);
            events.push(event.with("agents_revoked", agents.to_string()));
            all += agents;
        }
        let mut decision = Decision::changing(Revocation::Revoked { agents: all }, changes);
        decision.events = events;
        decision
    }

    async fn seal(&self, plan: Revocation, _: &mut Changes) -> Result<Revocation, Fault> {
        Ok(plan)
    }
}
