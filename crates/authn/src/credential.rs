//! The stored password of a subject.

use countersign_storage::{Kind, Record, Subject, Timestamp};
use serde::{Deserialize, Serialize};

/// One per subject; its key is the subject.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Credential {
    pub(crate) subject: Subject,
    /// The PHC string. It is only a hash, but passwords can be guessed by it. It leaves the store to be compared, and for nothing
    /// else.
    pub(crate) phc: String,
    /// Which password of this subject it is, from 1. The same password keeps its number when it is hashed anew: who was verified
    /// by the older hash stays verified.
    pub(crate) generation: u32,
    /// When the person chose it.
    pub(crate) set_at: Timestamp,
}

impl Record for Credential {
    const KIND: Kind = Kind::new("password");

    fn id(&self) -> String {
        self.subject.as_str().to_owned()
    }
}
