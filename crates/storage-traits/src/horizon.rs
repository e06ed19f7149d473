//! The time up to which records were removed, and why nothing that was used comes back.
//!
//! That a token was used is known as long as its mark is stored, and the mark is removed when the token has expired. A clock
//! that is set back, or that of another node, would then find the token valid and the mark gone. So two rules hold:
//! - What expired is removed only when it has expired on all nodes, their clocks being at most [`CLOCKS_APART`] from each other.
//! - The time up to which records were removed is stored. A node whose clock shows an earlier time does nothing. This time is
//!   read along with whatever else an operation reads.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::fault::Fault;
use crate::record::{Kind, Record};

/// How far apart the clocks of two nodes may be: 10 minutes.
pub const CLOCKS_APART: Duration = Duration::from_secs(10 * 60);

/// How long a node moves nothing after it saw another whose clock is behind its own: an hour that it has lived.
pub const AFTER_ANOTHER: Duration = Duration::from_secs(60 * 60);

/// The name of the one record.
pub(crate) const HORIZON: &str = "horizon";

/// Up to when records were removed: one for a whole store, whatever scopes it has.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Horizon {
    pub(crate) id: String,
    pub(crate) purged_before: Timestamp,
    /// What the clock of the node that wrote this said then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) noted_at: Option<Timestamp>,
}

impl Record for Horizon {
    const KIND: Kind = Kind::new("purge_horizon");

    fn id(&self) -> String {
        self.id.clone()
    }
}

impl Horizon {
    /// Whether a clock is late enough to go on.
    pub(crate) fn check(found: Option<&Horizon>, now: Timestamp) -> Result<(), Fault> {
        match found {
            Some(horizon) if now < horizon.purged_before => Err(Fault::Unavailable(format!(
                "the clock of this node is behind: records were removed up to {} seconds since 1970, and it says {}",
                horizon.purged_before.as_secs(),
                now.as_secs()
            ))),
            _ => Ok(()),
        }
    }
}
