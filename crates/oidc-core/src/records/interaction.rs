//! An authorization request that waits for a person.

use countersign_storage::{Authentication, Handle, Kind, Record, Timestamp};
use serde::{Deserialize, Serialize};

use crate::authorize::Validated;

/// An authorization request that waits for a person. What is asked next is not stored: it follows from the facts, anew
/// after every answer.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Interaction {
    /// Its public name, `int_…`: it stands in URLs and opens nothing without the browser's cookie.
    pub id: String,
    /// The hash of the cookie of the browser that began it. No other browser may go on ([OIDC Core §3.1.2.1], login CSRF).
    pub browser: Handle,
    /// The whole request; nothing of it is ever taken from a page again.
    pub request: Validated,
    /// Whether it can go on.
    pub state: InteractionState,
    /// Who was signed in when it began, to tell a fresh sign-in from an old one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub began_with: Option<Authentication>,
    /// When it began.
    pub created_at: Timestamp,
    /// Until when it can be answered.
    pub expires_at: Timestamp,
}

/// Whether an interaction can go on.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum InteractionState {
    /// It can.
    Pending,
    /// It was answered, with a code or an error, once and for all.
    Finished {
        /// When.
        at: Timestamp,
    },
}

impl Interaction {
    /// Whether `authentication` happened in answer to this interaction: not before it began, and not the very sign-in that
    /// it began with.
    pub fn was_answered_by(&self, authentication: &Authentication) -> bool {
        let another = self.began_with.as_ref().is_none_or(|before| !before.is_same_sign_in(authentication));
        another && authentication.auth_time() >= self.created_at
    }
}

impl Record for Interaction {
    const KIND: Kind = Kind::new("interaction");

    fn id(&self) -> String {
        self.id.clone()
    }

    fn expires_at(&self) -> Option<Timestamp> {
        Some(self.expires_at)
    }
}
