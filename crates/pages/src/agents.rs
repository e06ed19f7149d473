//! Agents and hosts on the dashboard.

use countersign_agent_auth::{AgentStatus, AgentView, GrantStatus, HostStatus, HostView, Revocation};
use countersign_storage::{Fault, Subject, Timestamp};

use crate::dashboard::{AgentRow, HostRow};
use crate::form::Form;
use crate::inert_text::inert_text;
use crate::pages::Pages;
use crate::when::When;

/// What acts for a person.
pub(crate) struct Agents {
    hosts: Vec<HostView>,
    agents: Vec<AgentView>,
}

impl Pages {
    pub(crate) async fn agents_of(&self, subject: &Subject) -> Result<Agents, Fault> {
        Ok(match &self.agents {
            Some(provider) => Agents { hosts: provider.hosts(subject).await?, agents: provider.agents(subject).await? },
            None => Agents { hosts: Vec::new(), agents: Vec::new() },
        })
    }

    /// Whether there was such an agent.
    pub(crate) async fn revoke_agent(&self, subject: &Subject, id: &str) -> Result<bool, Fault> {
        let Some(provider) = &self.agents else { return Ok(false) };
        Ok(provider.revoke_agent(subject, id).await? != Revocation::NotFound)
    }

    /// Whether there was such a host.
    pub(crate) async fn revoke_host(&self, subject: &Subject, id: &str) -> Result<bool, Fault> {
        let Some(provider) = &self.agents else { return Ok(false) };
        Ok(provider.revoke_host(subject, id).await? != Revocation::NotFound)
    }
}

impl Agents {
    /// What an agent calls itself.
    pub(crate) fn name(&self, agent_id: &str) -> Option<String> {
        let agent = self.agents.iter().find(|agent| agent.agent_id == agent_id)?;
        Some(format!("“{}”", inert_text(&agent.name, NAME)))
    }

    /// Each host with its agents, the living ones first.
    pub(crate) fn rows(&self, now: Timestamp, form: impl Fn(&str) -> Form) -> Vec<HostRow> {
        let mut rows: Vec<HostRow> = self.hosts.iter().map(|host| self.host_row(host, now, &form)).collect();
        // Claimed from a host that is linked to nobody, or to somebody else: still this person's agents.
        let known = |agent: &&AgentView| self.hosts.iter().any(|host| host.host_id == agent.host_id);
        for agent in self.agents.iter().filter(|agent| !known(agent)) {
            rows.push(HostRow {
                name: agent
                    .host_name
                    .as_deref()
                    .map_or_else(|| "Unnamed host".to_owned(), |name| inert_text(name, NAME)),
                status: "not linked".to_owned(),
                tone: "",
                since: None,
                agents: vec![agent_row(agent, now, &form)],
                revoke: None,
            });
        }
        rows
    }

    fn host_row(&self, host: &HostView, now: Timestamp, form: &impl Fn(&str) -> Form) -> HostRow {
        let mut agents: Vec<&AgentView> = self.agents.iter().filter(|agent| agent.host_id == host.host_id).collect();
        agents.sort_by_key(|agent| (agent.status != AgentStatus::Active, std::cmp::Reverse(agent.created_at)));
        let living = matches!(host.status, HostStatus::Active | HostStatus::Pending);
        HostRow {
            name: host.name.as_deref().map_or_else(|| "Unnamed host".to_owned(), |name| inert_text(name, NAME)),
            status: host.status.as_str().to_owned(),
            tone: match host.status {
                HostStatus::Active => "good",
                HostStatus::Pending => "warning",
                _ => "problem",
            },
            since: host.linked_at.map(|at| When::new(at, now)),
            agents: agents.into_iter().map(|agent| agent_row(agent, now, form)).collect(),
            revoke: living.then(|| form("/dashboard/hosts/revoke").with("id", &host.host_id)),
        }
    }
}

fn agent_row(agent: &AgentView, now: Timestamp, form: impl Fn(&str) -> Form) -> AgentRow {
    let living = matches!(agent.status, AgentStatus::Active | AgentStatus::Expired | AgentStatus::Pending);
    let active = agent.grants.iter().filter(|grant| grant.status == GrantStatus::Active);
    AgentRow {
        name: inert_text(&agent.name, NAME),
        status: agent.status.as_str().to_owned(),
        tone: match agent.status {
            AgentStatus::Active => "good",
            AgentStatus::Pending | AgentStatus::Expired => "warning",
            _ => "problem",
        },
        used: agent.last_used_at.map(|at| When::new(at, now)),
        capabilities: active.map(|grant| grant.capability.clone()).collect(),
        revoke: living.then(|| form("/dashboard/agents/revoke").with("id", &agent.agent_id)),
    }
}

/// The longest name that is shown, in characters.
const NAME: usize = 80;
