//! The times of a key, and where in its life they say that it is.

use countersign_storage::Timestamp;
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Times {
    pub(super) published_at: Timestamp,
    pub(super) active_from: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) retired_from: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) removed_from: Option<Timestamp>,
}

impl Times {
    pub(super) fn state(&self, now: Timestamp) -> KeyState {
        if self.removed_from.is_some_and(|at| at <= now) {
            KeyState::Removed
        } else if self.retired_from.is_some_and(|at| at <= now) {
            KeyState::Retiring
        } else if self.active_from <= now {
            KeyState::Active
        } else {
            KeyState::Pending
        }
    }
}

/// Where a key is in its life.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum KeyState {
    /// Published, not yet used.
    Pending,
    /// Signs.
    Active,
    /// Published until the last token that it signed is dead.
    Retiring,
    /// Gone.
    Removed,
}
