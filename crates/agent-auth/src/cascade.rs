//! Ending a host with all its agents, in one commit ([Agent Auth §2.11], §8.5).

use countersign_storage::{Changes, Stored, Timestamp};

use crate::agent::Agent;
use crate::host::{Host, HostStatus};
use crate::policy::AgentPolicy;

/// Revokes the host and its agents; says how many agents could still have come to call something.
///
/// Agents that register at the same moment are not missed: registration changes the host, so one of the two starts again.
pub(crate) fn revoke(
    policy: &AgentPolicy,
    mut host: Stored<Host>,
    agents: Vec<Stored<Agent>>,
    changes: &mut Changes,
    now: Timestamp,
) -> usize {
    let living = agents.into_iter().filter(|agent| agent.status(&host, policy, now).is_living());
    let mut revoked = 0;
    for mut agent in living {
        agent.record.revoke("the host was revoked");
        changes.replace(&agent);
        revoked += 1;
    }
    host.record.status = HostStatus::Revoked;
    host.record.purged_after = None;
    changes.replace(&host);
    revoked
}
