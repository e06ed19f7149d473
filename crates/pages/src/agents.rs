//! Agents and hosts on the dashboard.

use std::cmp::Reverse;
use std::time::Duration;

use countersign_agent_auth::{AgentStatus, AgentView, GrantStatus, HostStatus, HostView, Revocation, Waiting};
use countersign_storage::{Actor, Authentication, Cursor, Fault, Page, Subject, Timestamp};
use countersign_web::text::{cleaned, cleaned_or, quoted_or};
use serde::Serialize;

use crate::activity::ActivityRow;
use crate::device::CapabilityRow;
use crate::form::Form;
use crate::happening;
use crate::pages::Pages;
use crate::when::When;

/// A host and its agents.
#[derive(Clone, Debug, Serialize)]
pub struct HostRow {
    /// What it calls itself.
    pub name: String,
    /// Its status in one word, or that only a newer version of the software can tell.
    pub status: String,
    /// `good`, `warning`, `problem` or empty.
    pub tone: &'static str,
    /// Since when it is linked.
    pub since: Option<When>,
    /// When it ends unless it is used before.
    pub ends: Option<When>,
    /// The agents that it runs, then the newest of those that have ended.
    pub agents: Vec<AgentRow>,
    /// How many others have ended.
    pub more_ended: usize,
    /// The newest of those that wait for an answer.
    pub waiting: Vec<WaitingRow>,
    /// How many others wait.
    pub more_waiting: usize,
    /// Denies all that wait; absent where no more than one does.
    pub dismiss_all: Option<Form>,
    /// Ends it; absent where it has ended.
    pub revoke: Option<Form>,
}

/// An agent that was allowed something, or that has ended.
#[derive(Clone, Debug, Serialize)]
pub struct AgentRow {
    /// What it calls itself.
    pub name: String,
    /// Its status in one word, or that only a newer version of the software can tell.
    pub status: String,
    /// `good`, `warning`, `problem` or empty.
    pub tone: &'static str,
    /// When it last did something.
    pub used: Option<When>,
    /// What it may do, as it was approved.
    pub capabilities: Vec<CapabilityRow>,
    /// Ends it; absent where it has ended.
    pub revoke: Option<Form>,
}

/// An agent that waits for an answer of the person.
#[derive(Clone, Debug, Serialize)]
pub struct WaitingRow {
    /// What it calls itself.
    pub name: String,
    /// When it registered.
    pub asked: Option<When>,
    /// What it asks for, in our own words.
    pub capabilities: Vec<String>,
    /// Denies it. Only its code approves it.
    pub dismiss: Form,
}

/// What acts for a person.
pub(crate) struct Agents {
    hosts: Vec<HostView>,
    /// Where the next hosts begin.
    pub(crate) next: Option<Cursor>,
}

impl Pages {
    /// The hosts of a person that come `after` this place; the first ones, where none do. There are as many as a page shows.
    pub(crate) async fn agents_of(&self, subject: &Subject, after: Option<Cursor>) -> Result<Agents, Fault> {
        let Some(provider) = &self.agents else { return Ok(Agents { hosts: Vec::new(), next: None }) };
        let is_first = after.is_none();
        let (mut hosts, mut next) = provider.hosts(subject, Page { after, ..Page::first(HOSTS) }).await?;
        if hosts.is_empty() && !is_first {
            // The host that it names is forgotten by now.
            (hosts, next) = provider.hosts(subject, Page::first(HOSTS)).await?;
        }
        Ok(Agents { hosts, next })
    }

    /// Calls that agents began for a person so long ago that they should have ended, and whose end is not known.
    pub(crate) async fn unfinished_for(&self, subject: &Subject) -> Result<Vec<ActivityRow>, Fault> {
        let Some(provider) = &self.agents else { return Ok(Vec::new()) };
        let now = self.ports.now();
        let (found, _) = provider.unfinished_for(subject, Page::first(HOSTS)).await?;
        let late = found.into_iter().filter(|call| now.since(call.began_at) >= UNDER_WAY);
        Ok(late
            .map(|call| ActivityRow {
                what: format!(
                    "Use of {} began, and its end is not known",
                    quoted_or(&call.capability, NAME, "a capability")
                ),
                who: Some(quoted_or(&call.agent_name, NAME, "an agent")),
                refused: false,
                at: When::new(call.began_at, now),
                beyond: None,
            })
            .collect())
    }

    /// Ends an agent. Tells whether there was one.
    pub(crate) async fn revoke_agent(&self, subject: &Subject, id: &str) -> Result<bool, Fault> {
        let Some(provider) = &self.agents else { return Ok(false) };
        Ok(provider.revoke_agent(subject, id).await? != Revocation::NotFound)
    }

    /// Denies what waits. Tells how many agents that were, or `None` where there is no such agent or host.
    pub(crate) async fn dismiss(&self, who: &Authentication, waiting: Waiting<'_>) -> Result<Option<usize>, Fault> {
        let Some(provider) = &self.agents else { return Ok(None) };
        match provider.dismiss(who, waiting).await? {
            Revocation::Revoked { agents } => Ok(Some(agents)),
            Revocation::NotFound => Ok(None),
        }
    }

    /// Ends a host and its agents. Tells whether there was one.
    pub(crate) async fn revoke_host(&self, subject: &Subject, id: &str) -> Result<bool, Fault> {
        let Some(provider) = &self.agents else { return Ok(false) };
        Ok(provider.revoke_host(subject, id).await? != Revocation::NotFound)
    }
}

impl Agents {
    /// What an agent calls itself.
    pub(crate) fn name(&self, agent_id: &str) -> Option<String> {
        let agent = self.hosts.iter().flat_map(|host| &host.agents).find(|agent| agent.agent_id == agent_id)?;
        cleaned(&agent.name, NAME).ok().map(|name| name.quoted())
    }

    /// The hosts and the agents that did something last, so many of each. Of the agents the last of each host, then the second
    /// last of each, and so on.
    pub(crate) fn at_work(&self, most: usize) -> impl Iterator<Item = Actor> {
        let mut hosts: Vec<&HostView> = self.hosts.iter().collect();
        hosts.sort_by_key(|host| Reverse(host.last_used_at));
        let mut agents: Vec<&AgentView> = self.hosts.iter().flat_map(|host| &host.agents).collect();
        let used = |agent: &AgentView| agent.last_used_at.or(agent.activated_at);
        agents.sort_by_key(|agent| Reverse(used(agent)));
        let mut of_host = Vec::new();
        let mut agents: Vec<_> = agents
            .into_iter()
            .map(|agent| (used(agent).is_none(), happening::earlier(&mut of_host, &agent.host_id), agent))
            .collect();
        agents.sort_by_key(|(never_used, turn, _)| (*never_used, *turn));
        let agents = agents
            .into_iter()
            .take(most)
            .map(|(.., agent)| Actor::Agent { agent_id: agent.agent_id.clone(), host_id: agent.host_id.clone() });
        let hosts = hosts.into_iter().take(most).map(|host| Actor::Host { host_id: host.host_id.clone() });
        agents.chain(hosts)
    }

    /// Each host with its agents, the living ones first.
    pub(crate) fn rows(&self, now: Timestamp, form: impl Fn(&str) -> Form) -> Vec<HostRow> {
        self.hosts.iter().map(|host| host_row(host, now, &form)).collect()
    }
}

fn host_row(host: &HostView, now: Timestamp, form: &impl Fn(&str) -> Form) -> HostRow {
    let mut agents: Vec<&AgentView> = host.agents.iter().collect();
    agents.sort_by_key(|agent| (agent.status != Some(AgentStatus::Active), Reverse(agent.created_at)));
    let living = matches!(host.status, Some(HostStatus::Active | HostStatus::Pending) | None);
    let (waiting, agents): (Vec<_>, Vec<_>) =
        agents.into_iter().partition(|agent| agent.status == Some(AgentStatus::Pending));
    let (at_work, ended): (Vec<_>, Vec<_>) = agents.into_iter().partition(|agent| may_work(agent));
    HostRow {
        name: cleaned_or(host.name.as_deref().unwrap_or_default(), NAME, "Unnamed host"),
        status: host.status.map_or(NEWER, HostStatus::as_str).to_owned(),
        tone: match host.status {
            Some(HostStatus::Active) => "good",
            Some(HostStatus::Pending) | None => "warning",
            Some(_) => "problem",
        },
        since: host.linked_at.map(|at| When::new(at, now)),
        more_ended: ended.len().saturating_sub(FOLDED),
        agents: (at_work.into_iter().chain(ended.into_iter().take(FOLDED)))
            .map(|agent| agent_row(agent, now, form))
            .collect(),
        ends: host.expires_at.map(|at| When::new(at, now)),
        dismiss_all: (waiting.len() > 1).then(|| form("/dashboard/hosts/dismiss").with("id", &host.host_id)),
        more_waiting: waiting.len().saturating_sub(FOLDED),
        waiting: waiting.into_iter().take(FOLDED).map(|agent| waiting_row(agent, now, form)).collect(),
        revoke: living.then(|| form("/dashboard/hosts/revoke").with("id", &host.host_id)),
    }
}

/// Whether it was allowed something, and can use it now or later.
fn may_work(agent: &AgentView) -> bool {
    matches!(agent.status, Some(AgentStatus::Active | AgentStatus::Expired) | None)
}

fn waiting_row(agent: &AgentView, now: Timestamp, form: impl Fn(&str) -> Form) -> WaitingRow {
    let asked = agent.grants.iter().filter(|grant| grant.status == GrantStatus::Pending);
    WaitingRow {
        name: cleaned_or(&agent.name, NAME, "Unnamed agent"),
        asked: agent.created_at.map(|at| When::new(at, now)),
        capabilities: asked.filter_map(|grant| grant.description.clone()).collect(),
        dismiss: form("/dashboard/agents/dismiss").with("id", &agent.agent_id),
    }
}

fn agent_row(agent: &AgentView, now: Timestamp, form: impl Fn(&str) -> Form) -> AgentRow {
    let active = agent.grants.iter().filter(|grant| grant.status == GrantStatus::Active);
    AgentRow {
        name: cleaned_or(&agent.name, NAME, "Unnamed agent"),
        status: agent.status.map_or(NEWER, AgentStatus::as_str).to_owned(),
        tone: match agent.status {
            Some(AgentStatus::Active) => "good",
            Some(AgentStatus::Expired) | None => "warning",
            Some(_) => "problem",
        },
        used: agent.last_used_at.map(|at| When::new(at, now)),
        capabilities: active.map(|grant| CapabilityRow::granted(grant, now)).collect(),
        revoke: may_work(agent).then(|| form("/dashboard/agents/revoke").with("id", &agent.agent_id)),
    }
}

/// In place of a status that only a newer version of the software can tell.
pub(crate) const NEWER: &str = "written by a newer version of this software";
/// What began less long ago is under way.
const UNDER_WAY: Duration = Duration::from_secs(120);
/// How many hosts a page shows, each with its agents.
const HOSTS: u32 = 20;
/// How many agents a page shows of those that wait under one host, and of those that have ended.
const FOLDED: usize = 3;
/// The longest name that is shown, in characters.
const NAME: usize = 80;
