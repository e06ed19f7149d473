//! The hosts of a person, counted and named in one place.

use countersign_storage::record::{Kind, Record};
use countersign_storage::{Fault, Reader, Stored, Subject};
use serde::{Deserialize, Serialize};

use crate::host::{Host, HostId, HostStatus};
use crate::policy::AgentPolicy;
use crate::standing;
use crate::withdrawal::Withdrawal;

/// Which hosts were linked to a person, the latest last; those that ended are forgotten when there is no room.
///
/// Linking a host changes this record, and so does ending all hosts of the person: when both happen at once, one of them starts
/// again and sees the other.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Person {
    subject: Subject,
    pub(crate) hosts: Vec<HostId>,
}

impl Person {
    pub(crate) fn new(subject: &Subject) -> Self {
        Person { subject: subject.clone(), hosts: Vec::new() }
    }

    /// Reads the hosts with these ids, as they stand without asking the accounts; those that were purged are left out.
    /// They change all the time, and nothing is decided about them here, so they are not guarded.
    pub(crate) async fn read_hosts(
        ids: &[HostId],
        policy: &AgentPolicy,
        reader: &mut Reader<'_>,
    ) -> Result<Vec<Stored<Host>>, Fault> {
        let hosts: Vec<_> = ids.iter().map(|id| Host::at(id.as_str())).collect();
        let withdrawals: Vec<_> = ids.iter().map(|id| Withdrawal::at(id.as_str())).collect();
        let (found, withdrawn) = (reader.load_all(&hosts).await?, reader.load_all(&withdrawals).await?);
        hosts.iter().for_each(|at| reader.unguard(at.key()));
        withdrawals.iter().for_each(|at| reader.unguard(at.key()));
        let now = reader.now();
        Ok(found.into_iter().zip(withdrawn).filter_map(|(host, by)| standing::host(host, by, policy, now)).collect())
    }

    /// The person's record, with room for one more host if forgetting those that ended makes room.
    pub(crate) async fn with_room(
        person: Option<Stored<Person>>,
        policy: &AgentPolicy,
        reader: &mut Reader<'_>,
    ) -> Result<Option<Stored<Person>>, Fault> {
        let Some(mut person) = person else { return Ok(None) };
        if person.is_full(policy) {
            let hosts = Person::read_hosts(&person.hosts, policy, reader).await?;
            let living = hosts.iter().filter(|host| matches!(host.status, HostStatus::Active | HostStatus::Pending));
            person.record.hosts = living.map(|host| host.id.clone()).collect();
        }
        Ok(Some(person))
    }

    pub(crate) fn is_full(&self, policy: &AgentPolicy) -> bool {
        self.hosts.len() >= usize::try_from(policy.hosts_per_person).unwrap_or(usize::MAX)
    }
}

impl Record for Person {
    const KIND: Kind = Kind::new("agent_person");

    fn id(&self) -> String {
        self.subject.as_str().to_owned()
    }
}
