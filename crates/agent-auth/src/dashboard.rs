//! What a person sees of their agents and hosts, and of what these did ([Agent Auth §8.8.1], §9.2).
//!
//! [Agent Auth §8.8.1]: https://agentauthprotocol.com/specification/v1.0-draft

use countersign_storage::record::Index;
use countersign_storage::{AuditRecord, Cursor, Fault, Page, Record, Stored, Subject, Timestamp};

use crate::AgentProvider;
use crate::agent::{Agent, AgentMode, AgentStatus};
use crate::approval::limits;
use crate::endpoints::agent_document::shown_status;
use crate::grant::GrantStatus;
use crate::host::{AgentId, Host, HostId, HostStatus};
use crate::person::Person;
use crate::standing;

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
    /// When it last signed something, give or take a day.
    pub last_used_at: Option<Timestamp>,
    /// When it ends unless it is used before.
    pub expires_at: Option<Timestamp>,
    /// Its agents: all that can still make a call, now or later, and some that ended. [`AgentProvider::agents`] lists the rest.
    pub agents: Vec<AgentView>,
}

impl HostView {
    /// How many of its agents can still make a call, now or later.
    pub fn living(&self) -> usize {
        self.agents.iter().filter(|agent| agent.status.is_living()).count()
    }
}

impl AgentProvider {
    /// The hosts that are linked to a person, each with its agents, the latest host first. Hosts that ended lately are included;
    /// together they are at most as many as a person may have. A page holds at most 1,000.
    ///
    /// # Errors
    /// [`Fault`].
    pub async fn hosts(&self, subject: &Subject, page: Page) -> Result<(Vec<HostView>, Option<Cursor>), Fault> {
        let mut reader = self.ports.reader();
        let Some(person) = reader.load(Person::at(subject.as_str())).await? else { return Ok((Vec::new(), None)) };
        let account = self.accounts.by_subject(subject).await?;
        let latest = person.hosts.iter().rev();
        let mut rest = latest.skip_while(|id| page.after.as_ref().is_some_and(|Cursor(after)| after != id.as_str()));
        if page.after.is_some() {
            rest.next();
        }
        let shown: Vec<HostId> = rest.by_ref().take(usize::try_from(page.size()).unwrap_or(1)).cloned().collect();
        let next = rest.next().and(shown.last()).map(|last| Cursor(last.as_str().to_owned()));
        let mut views = Vec::with_capacity(shown.len());
        for mut host in Person::read_hosts(&shown, &self.policy, &mut reader).await? {
            standing::of_account(&mut host, account.as_ref());
            let agents = standing::agents_of(&host, &self.policy, &mut reader).await?;
            views.push(self.host_view(&host, &agents, reader.now()));
        }
        Ok((views, next))
    }

    /// The agents that were ever registered under a host of a person and are still remembered, in no order. Nothing for a
    /// host that is not theirs.
    ///
    /// # Errors
    /// [`Fault`].
    pub async fn agents(
        &self,
        subject: &Subject,
        host_id: &str,
        page: Page,
    ) -> Result<(Vec<AgentView>, Option<Cursor>), Fault> {
        let mut reader = self.ports.reader();
        let ids: Vec<HostId> = HostId::parse(host_id).into_iter().collect();
        let hosts = Person::read_hosts(&ids, &self.policy, &mut reader).await?;
        let Some(mut host) = hosts.into_iter().find(|host| host.is_linked_to(subject)) else {
            return Ok((Vec::new(), None));
        };
        standing::of_account(&mut host, self.accounts.by_subject(subject).await?.as_ref());
        let (agents, next) = reader.find::<Agent>(&Index::new("host", host.id.as_str()), page).await?;
        let agents = standing::settled(agents, &host, &self.policy, &mut reader).await?;
        Ok((agents.iter().map(|agent| self.agent_view(agent, &host, reader.now())).collect(), next))
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
    ///
    /// [Agent Auth §2.10]: https://agentauthprotocol.com/specification/v1.0-draft
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

    fn host_view(&self, host: &Host, agents: &[Stored<Agent>], now: Timestamp) -> HostView {
        HostView {
            host_id: host.id.as_str().to_owned(),
            name: host.name.as_ref().map(|name| name.as_str().to_owned()),
            status: host.status,
            linked_at: host.linked_at,
            last_used_at: host.last_used_at,
            expires_at: host.end(&self.policy),
            agents: agents.iter().map(|agent| self.agent_view(agent, host, now)).collect(),
        }
    }

    fn agent_view(&self, agent: &Agent, host: &Host, now: Timestamp) -> AgentView {
        let grants = agent.grants.iter().map(|grant| GrantView {
            capability: grant.capability().to_owned(),
            status: shown_status(grant, agent.time(now)),
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
