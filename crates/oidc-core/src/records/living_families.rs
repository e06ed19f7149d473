//! Which families of a grant can be alive: a list with an end, so that their number has one.
//!
//! It lies beside the grant and not in it. A redemption writes it, and must not compete with a withdrawal of the grant.

use countersign_storage::{Kind, Record, Timestamp};
use serde::{Deserialize, Serialize};

/// The families of one grant that can be alive, the oldest first.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LivingFamilies {
    /// The id of the [`crate::records::Grant`].
    pub grant_id: String,
    /// Sorted by when they were founded.
    pub families: Vec<LivingFamily>,
}

/// A family that can be alive.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LivingFamily {
    /// Its id.
    pub id: String,
    /// When it is dead, however it is used.
    pub dead_at: Timestamp,
}

impl LivingFamilies {
    pub(crate) fn none(grant_id: &str) -> Self {
        LivingFamilies { grant_id: grant_id.to_owned(), families: Vec::new() }
    }

    /// Forgets those that are dead by their clocks.
    pub(crate) fn forget_dead(&mut self, now: Timestamp) {
        self.families.retain(|family| now < family.dead_at);
    }

    /// Forgets those that are not among these.
    pub(crate) fn keep(&mut self, ids: &[&str]) {
        self.families.retain(|family| ids.contains(&family.id.as_str()));
    }
}

impl Record for LivingFamilies {
    const KIND: Kind = Kind::new("living_families");

    fn id(&self) -> String {
        self.grant_id.clone()
    }

    fn expires_at(&self) -> Option<Timestamp> {
        self.families.iter().map(|family| family.dead_at).max()
    }
}
