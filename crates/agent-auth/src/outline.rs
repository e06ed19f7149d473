//! Agents, hosts and persons as every version of the software can tell them: enough to show that they are there, and to end
//! them.
//!
//! A newer version may write a record that this one must not use ([`Fault::Newer`](countersign_storage::Fault::Newer)).
//! That must keep nobody from withdrawing. So whoever lists or withdraws reads outlines: the same records, of any shape,
//! by members whose meaning never changes. Where this version can use a record, it is read in whole from its outline and
//! judged as everywhere ([`crate::standing`]).

use countersign_storage::record::{Kind, Record, if_legible};
use countersign_storage::{Subject, Timestamp};
use countersign_web::text::Cleaned;
use serde::{Deserialize, Serialize};

use crate::agent::Agent;
use crate::host::{AgentId, Host, HostId};
use crate::person::Person;

/// Which agent it is, and whose. Never written.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct AgentOutline {
    pub(crate) id: AgentId,
    pub(crate) host_id: HostId,
    #[serde(default, deserialize_with = "if_legible")]
    pub(crate) name: Option<Cleaned>,
    #[serde(default, deserialize_with = "if_legible")]
    pub(crate) purged_after: Option<Timestamp>,
}

/// Which host it is, and whose. Never written.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct HostOutline {
    pub(crate) id: HostId,
    #[serde(default, deserialize_with = "if_legible")]
    pub(crate) name: Option<Cleaned>,
    #[serde(default)]
    pub(crate) subject: Option<Subject>,
    #[serde(default, deserialize_with = "if_legible")]
    pub(crate) agents: Option<Vec<AgentId>>,
    #[serde(default, deserialize_with = "if_legible")]
    pub(crate) purged_after: Option<Timestamp>,
}

/// The hosts of a person. Written as it was read, and only so that whoever links a host at the same moment starts again.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct PersonOutline {
    subject: Subject,
    pub(crate) hosts: Vec<HostId>,
}

impl Record for AgentOutline {
    const KIND: Kind = Agent::KIND;
    const SHAPE: u32 = u32::MAX;

    fn id(&self) -> String {
        self.id.as_str().to_owned()
    }
}

impl Record for HostOutline {
    const KIND: Kind = Host::KIND;
    const SHAPE: u32 = u32::MAX;

    fn id(&self) -> String {
        self.id.as_str().to_owned()
    }
}

impl Record for PersonOutline {
    const KIND: Kind = Person::KIND;
    const SHAPE: u32 = u32::MAX;

    fn id(&self) -> String {
        self.subject.as_str().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use countersign_storage::{Entry, Key, Stored, Version};

    use super::*;

    /// Reads every golden file of the kind, and reads the whole record from it.
    fn read<O: Record, W: Record>(identity: fn(&O) -> String) -> usize {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/records").join(O::KIND.as_str());
        let files: Vec<_> = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
        for file in &files {
            let body = fs::read_to_string(file).unwrap();
            let (key, version) = (Key { kind: O::KIND, id: "x".to_owned() }, Version::from_i64(1));
            let entry = Entry { key, version, body: body.into(), indexes: Vec::new(), expires_at: None };
            let outline = Stored::<O>::from_entry(&entry).unwrap();
            let whole = outline.read_as::<W>().unwrap().unwrap();
            assert_eq!((identity(&outline.record), outline.version()), (whole.record.id(), version));
        }
        files.len()
    }

    #[test]
    fn an_outline_tells_of_every_released_record_which_it_is() {
        assert!(read::<AgentOutline, Agent>(Record::id) >= 5);
        assert!(read::<HostOutline, Host>(Record::id) >= 1);
        assert!(read::<PersonOutline, Person>(Record::id) >= 1);
    }
}
