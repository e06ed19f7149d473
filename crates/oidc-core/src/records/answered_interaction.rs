//! The mark of an interaction that was answered. Until then it waits with the browser, and nothing is stored of it.

use countersign_storage::{Handle, Kind, Record, Sealed, Subject, Timestamp};
use serde::{Deserialize, Serialize};

/// An interaction that was answered, with a code or an error, once and for all.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AnsweredInteraction {
    /// Its name, `int_…`.
    pub id: String,
    /// When it was answered.
    pub at: Timestamp,
    /// Who was signed in then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Subject>,
    /// The hash of the answer; absent where none was needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<Handle>,
    /// Where it led, sealed under a key that only the cookie of the browser gives.
    pub led_to: Sealed,
    /// When the waiting request itself is too old everywhere, clocks that were set back included.
    pub expires_at: Timestamp,
}

impl Record for AnsweredInteraction {
    const KIND: Kind = Kind::new("answered_interaction");

    fn id(&self) -> String {
        self.id.clone()
    }

    fn expires_at(&self) -> Option<Timestamp> {
        Some(self.expires_at)
    }
}
