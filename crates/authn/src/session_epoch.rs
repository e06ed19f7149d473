//! The epoch of a person's sessions: what ends all of them, or all but one, in one write.
//!
//! Every session remembers the epoch that it began in. Ending the others begins the next epoch and names the session that
//! goes on. Nothing is listed, and no session is touched.
//!
//! Every start of a session and every look-up reads this record and guards it. So a session that begins meanwhile begins in
//! the new epoch or not at all, and a look-up must not note the last use of a session of the old one. Only those who end
//! sessions write the record: no number of sign-ins or look-ups can keep them from it.

use countersign_storage::record::if_legible;
use countersign_storage::{Kind, Record, Subject};
use serde::{Deserialize, Serialize};

/// One for each person who ever ended all others; its key is the subject. It has no end of its own: without it, sessions
/// of an older epoch would hold again.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct SessionEpoch {
    pub(crate) subject: Subject,
    /// Which it is; 0 for who never ended others.
    pub(crate) number: u64,
    /// The public name of the one session of an earlier epoch that goes on. Written also where there is none, so that nothing
    /// stays that only a newer version can read.
    #[serde(default, deserialize_with = "if_legible")]
    pub(crate) kept: Option<String>,
}

impl Record for SessionEpoch {
    const KIND: Kind = Kind::new("session_epoch");

    fn id(&self) -> String {
        self.subject.as_str().to_owned()
    }
}

/// The number of the present epoch.
pub(crate) fn present(epoch: Option<&SessionEpoch>) -> u64 {
    epoch.map_or(0, |epoch| epoch.number)
}

/// Whether a session of this person, by its epoch and its public name, was not ended together with others.
pub(crate) fn holds(epoch: Option<&SessionEpoch>, began_in: u64, session_id: &str) -> bool {
    began_in == present(epoch) || epoch.is_some_and(|epoch| epoch.kept.as_deref() == Some(session_id))
}
