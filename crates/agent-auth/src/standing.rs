//! Where agents and hosts stand, given what they depend on. A host depends on its withdrawal, the account of its person and its
//! own age; an agent on its withdrawal and its host. Nothing of this is written into the agents of a host, so ending or linking
//! a host with a thousand agents is one write.
//!
//! Every record that is read to be judged passes through here first.

use countersign_storage::{Account, Accounts, Fault, Reader, Record, Stored, Timestamp};

use crate::agent::{Agent, AgentMode};
use crate::host::{Host, HostStatus};
use crate::policy::AgentPolicy;
use crate::withdrawal::{Withdrawal, Withdrawn};

/// For whom a host and its agents act, as far as that decides whether they may.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Principal {
    /// Nobody, or a person with an active account.
    Served,
    /// A person whose account is disabled or gone: whatever acts for them is refused.
    Unusable,
}

/// The host as it stands at `now`.
pub(crate) fn host(
    host: Option<Stored<Host>>,
    withdrawn: Withdrawn,
    policy: &AgentPolicy,
    now: Timestamp,
) -> Option<Stored<Host>> {
    let mut host = host?;
    if withdrawn.is_some() || host.is_forgotten(policy, now) {
        host.record.status = HostStatus::Revoked;
    }
    Some(host)
}

/// Asks the accounts for the person of a host, at every use: one question. A host that was linked in an earlier generation
/// of the account is over, and its agents with it. The account is guarded: whoever is kept out meanwhile wins.
pub(crate) async fn principal(
    host: Option<&mut Stored<Host>>,
    accounts: &dyn Accounts,
    reader: &mut Reader<'_>,
) -> Result<Principal, Fault> {
    let Some(host) = host else { return Ok(Principal::Served) };
    let Some(subject) = &host.subject else { return Ok(Principal::Served) };
    let account = accounts.by_subject_guarded(subject, reader).await?;
    Ok(of_account(host, account.as_ref()))
}

/// The same for a linked host, with the account at hand.
pub(crate) fn of_account(host: &mut Stored<Host>, account: Option<&Account>) -> Principal {
    match account {
        Some(account) if account.carries(host.account_generation) => Principal::Served,
        Some(account) if account.generation != host.account_generation => {
            host.record.status = HostStatus::Revoked;
            Principal::Served
        }
        Some(_) | None => Principal::Unusable,
    }
}

/// The agent as it stands under its host. The first end counts: an agent that was revoked before its host was linked is not
/// claimed, and one that was claimed is not revoked with the host.
pub(crate) fn agent(
    agent: Option<Stored<Agent>>,
    withdrawn: Withdrawn,
    host: Option<&Stored<Host>>,
    policy: &AgentPolicy,
) -> Option<Stored<Agent>> {
    let mut agent = agent?;
    if let Some(withdrawn) = withdrawn {
        agent.record.revoke(&withdrawn.because);
    }
    let Some(host) = host else { return Some(agent) };
    if agent.created_at < host.created_at {
        agent.record.revoke("its host is a new one");
    }
    if agent.subject.is_some() && agent.account_generation != host.account_generation {
        agent.record.revoke("the account was disabled");
    }
    if let (AgentMode::Autonomous, Some(subject), Some(linked_at)) = (agent.mode, &host.subject, host.linked_at)
        && !agent.outlived(policy, linked_at)
    {
        agent.record.claim(subject);
    }
    match host.status {
        HostStatus::Revoked => agent.record.revoke("the host was revoked"),
        HostStatus::Rejected => agent.record.revoke("the host was refused"),
        HostStatus::Pending | HostStatus::Active => {}
    }
    Some(agent)
}

/// The agents that a host keeps count of, as they stand, without those that were purged. They change all the time, and nothing
/// is decided about them here, so they are not guarded.
pub(crate) async fn agents_of(
    host: &Stored<Host>,
    policy: &AgentPolicy,
    reader: &mut Reader<'_>,
) -> Result<Vec<Stored<Agent>>, Fault> {
    let agents: Vec<_> = host.agents.iter().map(|id| Agent::at(id.as_str())).collect();
    let found = reader.load_all(&agents).await?;
    agents.iter().for_each(|at| reader.unguard(at.key()));
    settled(found.into_iter().flatten().collect(), host, policy, reader).await
}

/// Agents of a host that were just read, as they stand. They are not guarded, either.
pub(crate) async fn settled(
    agents: Vec<Stored<Agent>>,
    host: &Stored<Host>,
    policy: &AgentPolicy,
    reader: &mut Reader<'_>,
) -> Result<Vec<Stored<Agent>>, Fault> {
    let withdrawals: Vec<_> = agents.iter().map(|agent| Withdrawal::at(agent.id.as_str())).collect();
    let withdrawn = reader.load_all(&withdrawals).await?;
    withdrawals.iter().for_each(|at| reader.unguard(at.key()));
    Ok(agents.into_iter().zip(withdrawn).filter_map(|(found, by)| agent(Some(found), by, Some(host), policy)).collect())
}

/// How many of these can still make a call, now or later.
pub(crate) fn living(agents: &[Stored<Agent>], host: &Host, policy: &AgentPolicy, now: Timestamp) -> usize {
    agents.iter().filter(|agent| agent.status(host, policy, now).is_living()).count()
}
