//! The stored password of a subject.

use countersign_storage::{Kind, Record, Subject, Timestamp};
use serde::{Deserialize, Serialize};

/// One per subject; its key is the subject.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Credential {
    pub(crate) subject: Subject,
    /// The PHC string. Only a hash, and yet worth guessing at: it never leaves the store but to be compared.
    pub(crate) phc: String,
    /// Which password of this subject it is, from 1. The same password hashed anew keeps the number, so that whoever was
    /// verified against the older hash was verified all the same.
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
