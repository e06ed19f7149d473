//! The hosts of a person, counted and named in one place.

use countersign_storage::Subject;
use countersign_storage::record::{Kind, Record};
use serde::{Deserialize, Serialize};

use crate::host::HostId;
use crate::policy::AgentPolicy;

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
