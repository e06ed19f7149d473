//! Where agents and hosts stand, given what they depend on. A host depends on its withdrawal, the account of its person and its
//! own age; an agent on its withdrawal and its host. Nothing of this is written into the agents of a host, so ending or linking
//! a host with a thousand agents is one write.
//!
//! Every record that is read to be judged passes through here first.

use countersign_storage::{Account, Accounts, Fault, Reader, Record, SeenAccount, Stored, Subject, Timestamp};

use crate::agent::{Agent, AgentMode, AgentStatus};
use crate::host::{AgentId, Host, HostId, HostStatus};
use crate::outline::{AgentOutline, HostOutline};
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
    Some(stand(host?, &withdrawn, policy, now))
}

fn stand(mut host: Stored<Host>, withdrawn: &Withdrawn, policy: &AgentPolicy, now: Timestamp) -> Stored<Host> {
    if withdrawn.is_some() || host.is_forgotten(policy, now) {
        host.record.status = HostStatus::Revoked;
    }
    host
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
    Some(stand_under(agent?, &withdrawn, host, policy))
}

fn stand_under(
    mut agent: Stored<Agent>,
    withdrawn: &Withdrawn,
    host: Option<&Stored<Host>>,
    policy: &AgentPolicy,
) -> Stored<Agent> {
    if let Some(withdrawn) = withdrawn {
        withdrawn.end(&mut agent.record);
    }
    let Some(host) = host else { return agent };
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
    agent
}

/// A host as whoever lists or withdraws it sees it.
pub(crate) enum SeenHost {
    /// As it stands, without asking the accounts.
    Known(Stored<Host>),
    /// A newer version of the software wrote it.
    Newer { outline: Stored<HostOutline>, withdrawn: Withdrawn },
}

/// An agent as whoever lists or withdraws it sees it.
pub(crate) enum SeenAgent {
    /// As it stands.
    Known {
        agent: Box<Stored<Agent>>,
        status: AgentStatus,
        /// Whether somebody ended it, whatever clocks and the policy say.
        withdrawn: bool,
        /// Whether nobody has decided about it, whatever clocks, the policy and its host say.
        undecided: bool,
    },
    /// A newer version of the software wrote it, or its host.
    Newer {
        outline: Stored<AgentOutline>,
        /// Whether it ended, whatever else is said about it.
        ended: bool,
        withdrawn: bool,
    },
}

impl SeenHost {
    pub(crate) fn of(
        outline: Stored<HostOutline>,
        withdrawn: Withdrawn,
        policy: &AgentPolicy,
        now: Timestamp,
    ) -> Result<Self, Fault> {
        match outline.read_as()? {
            Some(whole) => Ok(SeenHost::Known(stand(whole, &withdrawn, policy, now))),
            None => Ok(SeenHost::Newer { outline, withdrawn }),
        }
    }

    /// The hosts with these ids; those that were purged are left out. They change all the time, and nothing is decided about
    /// them here, so they are not guarded.
    pub(crate) async fn all(ids: &[HostId], policy: &AgentPolicy, reader: &mut Reader<'_>) -> Result<Vec<Self>, Fault> {
        let hosts: Vec<_> = ids.iter().map(|id| HostOutline::at(id.as_str())).collect();
        let withdrawals: Vec<_> = ids.iter().map(|id| Withdrawal::at(id.as_str())).collect();
        let (found, withdrawn) = (reader.load_all(&hosts).await?, reader.load_all(&withdrawals).await?);
        hosts.iter().for_each(|at| reader.unguard(at.key()));
        withdrawals.iter().for_each(|at| reader.unguard(at.key()));
        let found = found.into_iter().zip(withdrawn).filter_map(|(host, by)| Some((host?, by)));
        found.map(|(host, by)| SeenHost::of(host, by, policy, reader.now())).collect()
    }

    /// Those of these hosts that nobody withdrew: some may seem to have ended, by a clock or the policy of today. The places of
    /// their withdrawals are guarded.
    pub(crate) async fn not_withdrawn(hosts: Vec<Self>, reader: &mut Reader<'_>) -> Result<Vec<Self>, Fault> {
        let withdrawals: Vec<_> = hosts.iter().map(|host| Withdrawal::at(host.id().as_str())).collect();
        let withdrawn = reader.load_all(&withdrawals).await?;
        Ok(hosts.into_iter().zip(withdrawn).filter_map(|(host, by)| by.is_none().then_some(host)).collect())
    }

    pub(crate) fn known(&self) -> Option<&Stored<Host>> {
        match self {
            SeenHost::Known(host) => Some(host),
            SeenHost::Newer { .. } => None,
        }
    }

    /// Judges it by the account of its person, too.
    pub(crate) fn ask(&mut self, account: Option<&Account>) {
        if let SeenHost::Known(host) = self {
            of_account(host, account);
        }
    }

    /// The same, as far as this version can tell.
    pub(crate) fn ask_seen(&mut self, account: &SeenAccount) {
        if let SeenAccount::Known(account) = account {
            self.ask(account.as_ref());
        }
    }

    pub(crate) fn name(&self) -> Option<&str> {
        let name = match self {
            SeenHost::Known(host) => host.name.as_ref(),
            SeenHost::Newer { outline, .. } => outline.name.as_ref(),
        };
        name.map(|name| name.as_str())
    }

    pub(crate) fn id(&self) -> &HostId {
        match self {
            SeenHost::Known(host) => &host.id,
            SeenHost::Newer { outline, .. } => &outline.id,
        }
    }

    pub(crate) fn is_linked_to(&self, subject: &Subject) -> bool {
        match self {
            SeenHost::Known(host) => host.is_linked_to(subject),
            SeenHost::Newer { outline, .. } => outline.subject.as_ref() == Some(subject),
        }
    }

    /// `None` where only a newer version can tell.
    pub(crate) fn status(&self) -> Option<HostStatus> {
        match self {
            SeenHost::Known(host) => Some(host.status),
            SeenHost::Newer { withdrawn, .. } => withdrawn.is_some().then_some(HostStatus::Revoked),
        }
    }

    /// Until when the record is kept.
    pub(crate) fn purged_after(&self) -> Option<Timestamp> {
        match self {
            SeenHost::Known(host) => host.purged_after,
            SeenHost::Newer { outline, .. } => outline.purged_after,
        }
    }

    pub(crate) fn has_ended(&self) -> bool {
        matches!(self.status(), Some(HostStatus::Revoked | HostStatus::Rejected))
    }

    fn agents(&self) -> &[AgentId] {
        match self {
            SeenHost::Known(host) => &host.agents,
            SeenHost::Newer { outline, .. } => outline.agents.as_deref().unwrap_or_default(),
        }
    }
}

impl SeenAgent {
    pub(crate) fn of(
        outline: Stored<AgentOutline>,
        withdrawn: &Withdrawn,
        host: &SeenHost,
        policy: &AgentPolicy,
        now: Timestamp,
    ) -> Result<Self, Fault> {
        let (by, withdrawn) = (withdrawn, withdrawn.is_some());
        match (outline.read_as::<Agent>()?, host) {
            (Some(whole), SeenHost::Known(host)) => {
                let undecided = whole.is_undecided();
                let agent = Box::new(stand_under(whole, by, Some(host), policy));
                let status = agent.status(host, policy, now);
                Ok(SeenAgent::Known { agent, status, withdrawn, undecided })
            }
            _ => Ok(SeenAgent::Newer { ended: withdrawn || host.has_ended(), withdrawn, outline }),
        }
    }

    /// Agents of a host that were just read. Their withdrawals are not guarded.
    pub(crate) async fn all(
        outlines: Vec<Stored<AgentOutline>>,
        host: &SeenHost,
        policy: &AgentPolicy,
        reader: &mut Reader<'_>,
    ) -> Result<Vec<Self>, Fault> {
        let withdrawals: Vec<_> = outlines.iter().map(|agent| Withdrawal::at(agent.id.as_str())).collect();
        let withdrawn = reader.load_all(&withdrawals).await?;
        withdrawals.iter().for_each(|at| reader.unguard(at.key()));
        let found = outlines.into_iter().zip(withdrawn);
        found.map(|(agent, by)| SeenAgent::of(agent, &by, host, policy, reader.now())).collect()
    }

    pub(crate) fn id(&self) -> &AgentId {
        match self {
            SeenAgent::Known { agent, .. } => &agent.id,
            SeenAgent::Newer { outline, .. } => &outline.id,
        }
    }

    pub(crate) fn name(&self) -> Option<&str> {
        match self {
            SeenAgent::Known { agent, .. } => Some(agent.name.as_str()),
            SeenAgent::Newer { outline, .. } => outline.name.as_ref().map(|name| name.as_str()),
        }
    }

    /// The capabilities that wait for an answer, as far as this version can tell.
    pub(crate) fn asked(&self) -> Vec<String> {
        match self {
            SeenAgent::Known { agent, .. } => agent.asked().map(|grant| grant.capability().to_owned()).collect(),
            SeenAgent::Newer { .. } => Vec::new(),
        }
    }

    /// `None` where only a newer version can tell.
    pub(crate) fn status(&self) -> Option<AgentStatus> {
        match self {
            SeenAgent::Known { status, .. } => Some(*status),
            SeenAgent::Newer { ended, .. } => ended.then_some(AgentStatus::Revoked),
        }
    }

    /// Whether it can still make a call, now or later, as far as this version can tell.
    pub(crate) fn is_living(&self) -> bool {
        self.status().is_none_or(AgentStatus::is_living)
    }

    /// Whether it ended in a way that neither a clock nor a change of the policy undoes, although nobody withdrew it.
    pub(crate) fn has_ended_for_good(&self) -> bool {
        matches!(self.status(), Some(AgentStatus::Rejected | AgentStatus::Claimed))
    }

    /// Whether it has ended only because a clock, the policy of today or its host says so: where these say something else, it
    /// works on.
    pub(crate) fn only_seems_ended(&self) -> bool {
        let (SeenAgent::Known { withdrawn, .. } | SeenAgent::Newer { withdrawn, .. }) = self;
        !self.is_living() && !withdrawn && !self.has_ended_for_good()
    }

    /// Whether a person has yet to answer it, also where it only seems to have ended.
    pub(crate) fn is_unanswered(&self) -> bool {
        match self {
            SeenAgent::Known { status: AgentStatus::Pending, .. } => true,
            SeenAgent::Known { undecided, .. } => *undecided && self.only_seems_ended(),
            SeenAgent::Newer { .. } => false,
        }
    }

    /// Until when the record is kept.
    pub(crate) fn purged_after(&self) -> Option<Timestamp> {
        match self {
            SeenAgent::Known { agent, .. } => agent.purged_after,
            SeenAgent::Newer { outline, .. } => outline.purged_after,
        }
    }

    /// To decide on.
    ///
    /// # Errors
    /// [`Fault::Newer`].
    pub(crate) fn known(self) -> Result<Stored<Agent>, Fault> {
        match self {
            SeenAgent::Known { agent, .. } => Ok(*agent),
            SeenAgent::Newer { .. } => Err(Fault::Newer { kind: Agent::KIND.as_str() }),
        }
    }
}

/// The agents that a host keeps count of, as they stand, without those that were purged. They change all the time, and nothing
/// is decided about them here, so they are not guarded.
pub(crate) async fn agents_of(
    host: &SeenHost,
    policy: &AgentPolicy,
    reader: &mut Reader<'_>,
) -> Result<Vec<SeenAgent>, Fault> {
    let agents: Vec<_> = host.agents().iter().map(|id| AgentOutline::at(id.as_str())).collect();
    let found = reader.load_all(&agents).await?;
    agents.iter().for_each(|at| reader.unguard(at.key()));
    SeenAgent::all(found.into_iter().flatten().collect(), host, policy, reader).await
}

/// How many of these can still make a call, now or later.
pub(crate) fn living(agents: &[SeenAgent]) -> usize {
    agents.iter().filter(|agent| agent.is_living()).count()
}
