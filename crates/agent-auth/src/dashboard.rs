//! What a person sees of their agents and hosts, and how they end them ([Agent Auth §8.8.1], §9.2).

use async_trait::async_trait;
use countersign_storage::record::Index;
use countersign_storage::{
    Actor, AuditRecord, Changes, Cursor, Event, Fault, Moment, OldDecision, OldOperation, Page, Reader, Record, Stored,
    Subject, Timestamp,
};

use crate::AgentProvider;
use crate::agent::{Agent, AgentMode, AgentStatus};
use crate::approval::limits;
use crate::endpoints::agent_document::shown_status;
use crate::grant::GrantStatus;
use crate::host::{AgentId, Host, HostId, HostStatus};
use crate::person::Person;
use crate::policy::AgentPolicy;
use crate::standing;
use crate::withdrawal::Withdrawal;

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
    /// Its agents: all that may still come to call something, and some that ended. [`AgentProvider::agents`] lists the rest.
    pub agents: Vec<AgentView>,
}

impl HostView {
    /// How many of its agents may still come to call something.
    pub fn living(&self) -> usize {
        self.agents.iter().filter(|agent| agent.status.is_living()).count()
    }
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
    /// The hosts that are linked to a person, the latest first, those that ended lately included: at most as many as a
    /// person may have, a page of at most 1,000 at a time, each with its agents.
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

    /// Ends an agent of this person, for good. Its next call fails.
    ///
    /// # Errors
    /// [`Fault`].
    pub async fn revoke_agent(&self, subject: &Subject, agent_id: &str) -> Result<Revocation, Fault> {
        match AgentId::parse(agent_id) {
            Some(agent_id) => self.ports.perform_old(&RevokeAgent { provider: self, subject, agent_id }).await,
            None => Ok(Revocation::NotFound),
        }
    }

    /// Ends a host of this person and every agent under it, for good.
    ///
    /// # Errors
    /// [`Fault`].
    pub async fn revoke_host(&self, subject: &Subject, host_id: &str) -> Result<Revocation, Fault> {
        match HostId::parse(host_id) {
            Some(host_id) => self.ports.perform_old(&RevokeHost { provider: self, subject, host_id }).await,
            None => Ok(Revocation::NotFound),
        }
    }

    /// Ends every host of a person and every agent under them, in one commit ([Agent Auth §2.6]), whatever else they do at
    /// the same moment. Call it when an account is deleted. One that is disabled needs no such call where the accounts
    /// count their generations ([`countersign_storage::Account::generation`]).
    ///
    /// # Errors
    /// [`Fault`].
    pub async fn revoke_person(&self, subject: &Subject) -> Result<Revocation, Fault> {
        self.ports.perform_old(&RevokePerson { provider: self, subject }).await
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

fn event(action: &'static str, subject: &Subject) -> Event {
    Event::new(action, Actor::Person { subject: subject.clone() }).for_subject(subject)
}

struct RevokeAgent<'a> {
    provider: &'a AgentProvider,
    subject: &'a Subject,
    agent_id: AgentId,
}

#[async_trait]
impl OldOperation for RevokeAgent<'_> {
    type Loaded = (Option<Stored<Agent>>, Option<Stored<Host>>);
    type Plan = Revocation;
    type Answer = Revocation;

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

    fn decide(&self, (agent, host): Self::Loaded, moment: &Moment<'_>) -> OldDecision<Revocation> {
        let (Some(agent), Some(host)) = (agent, host) else { return OldDecision::answer(Revocation::NotFound) };
        let policy = &self.provider.policy;
        if !host.is_linked_to(self.subject) {
            return OldDecision::answer(Revocation::NotFound);
        }
        if !agent.status(&host, policy, moment.now).is_living() {
            return OldDecision::answer(Revocation::Revoked { agents: 0 });
        }
        let mut changes = Changes::none();
        changes.insert(&Withdrawal::of_agent(&agent, "revoked by the person", policy, moment.now));
        let event = event("agent.revoke", self.subject)
            .with("agent", agent.id.as_str())
            .with("agent_name", agent.name.as_str())
            .with("host", host.id.as_str());
        OldDecision::changing(Revocation::Revoked { agents: 1 }, changes).report(event)
    }

    async fn seal(&self, plan: Revocation, _: &mut Changes) -> Result<Revocation, Fault> {
        Ok(plan)
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

    fn withdraw(ending: &[Ending], subject: &Subject, policy: &AgentPolicy, now: Timestamp) -> OldDecision<Revocation> {
        let mut decision =
            OldDecision::answer(Revocation::Revoked { agents: ending.iter().map(|one| one.agents).sum() });
        for Ending { host, agents } in ending {
            decision.changes.insert(&Withdrawal::of_host(host, "revoked by the person", policy, now));
            let event = event("host.revoke", subject).with("host", host.id.as_str());
            decision = decision.report(event.with("agents_revoked", agents.to_string()));
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
impl OldOperation for RevokeHost<'_> {
    type Loaded = Option<Vec<Ending>>;
    type Plan = Revocation;
    type Answer = Revocation;

    async fn load(&self, reader: &mut Reader<'_>) -> Result<Self::Loaded, Fault> {
        let host = reader.load(Host::at(self.host_id.as_str())).await?;
        reader.unguard(Host::at(self.host_id.as_str()).key());
        match host.filter(|host| host.is_linked_to(self.subject)) {
            Some(host) => Ok(Some(Ending::of(std::slice::from_ref(&host.id), self.provider, reader).await?)),
            None => Ok(None),
        }
    }

    fn decide(&self, ending: Self::Loaded, moment: &Moment<'_>) -> OldDecision<Revocation> {
        match ending {
            Some(ending) => Ending::withdraw(&ending, self.subject, &self.provider.policy, moment.now),
            None => OldDecision::answer(Revocation::NotFound),
        }
    }

    async fn seal(&self, plan: Revocation, _: &mut Changes) -> Result<Revocation, Fault> {
        Ok(plan)
    }
}

struct RevokePerson<'a> {
    provider: &'a AgentProvider,
    subject: &'a Subject,
}

#[async_trait]
impl OldOperation for RevokePerson<'_> {
    type Loaded = Option<(Stored<Person>, Vec<Ending>)>;
    type Plan = Revocation;
    type Answer = Revocation;

    async fn load(&self, reader: &mut Reader<'_>) -> Result<Self::Loaded, Fault> {
        let Some(person) = reader.load(Person::at(self.subject.as_str())).await? else { return Ok(None) };
        let ending = Ending::of(&person.hosts, self.provider, reader).await?;
        Ok(Some((person, ending)))
    }

    fn decide(&self, loaded: Self::Loaded, moment: &Moment<'_>) -> OldDecision<Revocation> {
        let Some((person, ending)) = loaded else { return OldDecision::answer(Revocation::NotFound) };
        let mut decision = Ending::withdraw(&ending, self.subject, &self.provider.policy, moment.now);
        if !ending.is_empty() {
            // Whoever links a host at the same moment starts again.
            decision.changes.replace(&person);
        }
        decision
    }

    async fn seal(&self, plan: Revocation, _: &mut Changes) -> Result<Revocation, Fault> {
        Ok(plan)
    }
}
