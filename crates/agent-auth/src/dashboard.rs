//! What a person sees of their agents and hosts, and of what these did ([Agent Auth §8.8.1], §9.2).
//!
//! [Agent Auth §8.8.1]: https://agentauthprotocol.com/specification/v1.0-draft

use countersign_storage::record::Index;
use countersign_storage::{AuditRecord, Cursor, Fault, Page, Reader, Record, SeenAccount, Subject, Timestamp};

use crate::AgentProvider;
use crate::agent::{AgentMode, AgentStatus};
use crate::approval::limits;
use crate::approved_schema::FormerSchemas;
use crate::endpoints::agent_document::shown_status;
use crate::grant::GrantStatus;
use crate::host::{AgentId, HostId, HostStatus};
use crate::outline::{AgentOutline, HostOutline, PersonOutline};
use crate::standing::{self, SeenAgent, SeenHost};

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
    /// What it calls itself; empty where this version cannot tell.
    pub name: String,
    /// With or without a person. `None` where a newer version of the software wrote its record, or its host's.
    pub mode: Option<AgentMode>,
    /// Where it stands now. `None` where a newer version of the software wrote its record, or its host's: here it is not used, and
    /// little is known of it, but it can be revoked.
    pub status: Option<AgentStatus>,
    /// What it may do, could do, and was denied.
    pub grants: Vec<GrantView>,
    /// When it registered; `None` where `mode` is.
    pub created_at: Option<Timestamp>,
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
    /// What it does, in the provider's words. `None` where it is no longer offered.
    pub description: Option<String>,
    /// Where it stands now.
    pub status: GrantStatus,
    /// What each field may be, one sentence each: as it was shown when it was granted, whatever the capability takes today. A
    /// call must fit that, and today's input schema. Empty where the capability is no longer offered.
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
    /// Where it stands. `None` where a newer version of the software wrote its record: here it is not used, and little is known of
    /// it, but it can be revoked, and its agents with it.
    pub status: Option<HostStatus>,
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
    /// How many of its agents can still make a call, now or later, as far as this version can tell.
    pub fn living(&self) -> usize {
        self.agents.iter().filter(|agent| agent.status.is_none_or(AgentStatus::is_living)).count()
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
        let Some(person) = reader.load(PersonOutline::at(subject.as_str())).await? else {
            return Ok((Vec::new(), None));
        };
        let account = SeenAccount::of(subject, self.accounts.as_ref()).await?;
        let latest = person.hosts.iter().rev();
        let mut rest = latest.skip_while(|id| page.after.as_ref().is_some_and(|Cursor(after)| after != id.as_str()));
        if page.after.is_some() {
            rest.next();
        }
        let shown: Vec<HostId> = rest.by_ref().take(usize::try_from(page.size()).unwrap_or(1)).cloned().collect();
        let next = rest.next().and(shown.last()).map(|last| Cursor(last.as_str().to_owned()));
        let mut views = Vec::with_capacity(shown.len());
        for mut host in SeenHost::all(&shown, &self.policy, &mut reader).await? {
            host.ask_seen(&account);
            let agents = standing::agents_of(&host, &self.policy, &mut reader).await?;
            views.push(self.host_view(&host, self.agent_views(&agents, &host, &mut reader).await?));
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
        let hosts = SeenHost::all(&ids, &self.policy, &mut reader).await?;
        let Some(mut host) = hosts.into_iter().find(|host| host.is_linked_to(subject)) else {
            return Ok((Vec::new(), None));
        };
        host.ask_seen(&SeenAccount::of(subject, self.accounts.as_ref()).await?);
        let (agents, next) = reader.find::<AgentOutline>(&Index::new("host", host.id().as_str()), page).await?;
        let agents = SeenAgent::all(agents, &host, &self.policy, &mut reader).await?;
        Ok((self.agent_views(&agents, &host, &mut reader).await?, next))
    }

    /// What agents and hosts did for a person, and what the person did with them, oldest first. A page of the store may
    /// hold fewer such events than it has room for, because other events of the person are left out.
    ///
    /// # Errors
    /// [`Fault`].
    pub async fn activity(&self, subject: &Subject, page: Page) -> Result<(Vec<AuditRecord>, Option<Cursor>), Fault> {
        let mut reader = self.ports.reader();
        let (records, next) =
            reader.find_legible::<AuditRecord>(&Index::new("subject", subject.as_str()), page).await?;
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
            Some(agent_id) => reader.load(HostOutline::at(agent_id.host().as_str())).await?,
            None => None,
        };
        if host.and_then(|host| host.record.subject).as_ref() != Some(subject) {
            return Ok((Vec::new(), None));
        }
        let (records, next) = reader.find_legible::<AuditRecord>(&Index::new("agent", agent_id), page).await?;
        Ok((records.into_iter().map(|stored| stored.record).collect(), next))
    }

    fn host_view(&self, seen: &SeenHost, agents: Vec<AgentView>) -> HostView {
        let known = seen.known();
        HostView {
            host_id: seen.id().as_str().to_owned(),
            name: seen.name().map(str::to_owned),
            status: seen.status(),
            linked_at: known.and_then(|host| host.linked_at),
            last_used_at: known.and_then(|host| host.last_used_at),
            expires_at: known.and_then(|host| host.end(&self.policy)),
            agents,
        }
    }

    async fn agent_views(
        &self,
        agents: &[SeenAgent],
        host: &SeenHost,
        reader: &mut Reader<'_>,
    ) -> Result<Vec<AgentView>, Fault> {
        let known = agents.iter().filter_map(|agent| match agent {
            SeenAgent::Known { agent, .. } => Some(&agent.record),
            SeenAgent::Newer { .. } => None,
        });
        let former = FormerSchemas::of_all(known, &self.offer, reader).await?;
        Ok(agents.iter().map(|agent| self.agent_view(agent, host, &former, reader.now())).collect())
    }

    fn agent_view(&self, seen: &SeenAgent, host: &SeenHost, former: &FormerSchemas, now: Timestamp) -> AgentView {
        let mut view = AgentView {
            agent_id: seen.id().as_str().to_owned(),
            host_id: host.id().as_str().to_owned(),
            host_name: host.name().map(str::to_owned),
            name: seen.name().unwrap_or_default().to_owned(),
            status: seen.status(),
            mode: None,
            grants: Vec::new(),
            created_at: None,
            activated_at: None,
            last_used_at: None,
            expires_at: None,
        };
        let SeenAgent::Known { agent, .. } = seen else { return view };
        let grants = agent.grants.iter().map(|grant| GrantView {
            capability: grant.capability().to_owned(),
            description: self.offer.by_name(grant.capability()).map(|offered| offered.description.clone()),
            status: shown_status(grant, agent.time(now)),
            limits: match self.offer.by_name(grant.capability()) {
                Some(offered) => limits(former.granted(grant, offered), offered, grant),
                None => Vec::new(),
            },
            granted_at: grant.granted_at(),
            expires_at: grant.expires_at(),
        });
        view.grants = grants.collect();
        view.mode = Some(agent.mode);
        view.created_at = Some(agent.created_at);
        view.activated_at = agent.activated_at;
        view.last_used_at = agent.last_used_at;
        view.expires_at = agent.session_end(&self.policy);
        view
    }
}
