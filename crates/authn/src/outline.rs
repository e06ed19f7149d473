//! Sessions and their epochs as every version of the software can tell them: enough to show that they are there, and to end
//! them.
//!
//! A newer version may write a record that this one must not use ([`Fault::Newer`](countersign_storage::Fault::Newer)).
//! That must keep nobody from withdrawing. So whoever lists or ends sessions reads outlines: the same records, of any shape,
//! by members whose meaning never changes.

use countersign_storage::record::if_legible;
use countersign_storage::{Event, Fault, Handle, Kind, Record, SessionEnding, Stored, Subject, Timestamp};
use serde::{Deserialize, Serialize};

use crate::policy::AuthnPolicy;
use crate::session::{SessionRecord, Standing, ended, person};
use crate::session_epoch::{self, SessionEpoch};

/// Which session it is, and whose. Never written.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct SessionOutline {
    handle: Handle,
    pub(crate) id: String,
    pub(crate) subject: Subject,
    #[serde(default, deserialize_with = "if_legible")]
    expires_at: Option<Timestamp>,
    #[serde(default, deserialize_with = "if_legible")]
    epoch: Option<u64>,
}

impl SessionOutline {
    /// That a person ended it.
    pub(crate) fn ended_by(&self, subject: &Subject, reason: SessionEnding) -> Event {
        ended(&self.id, &self.subject, person(subject), reason)
    }
}

/// A session to be listed or to be ended.
pub(crate) struct SeenSession {
    pub(crate) outline: Stored<SessionOutline>,
    /// `None` where only a newer version can tell.
    pub(crate) known: Option<Stored<SessionRecord>>,
}

impl SeenSession {
    pub(crate) fn of(outline: Stored<SessionOutline>) -> Result<Self, Fault> {
        Ok(SeenSession { known: outline.read_as()?, outline })
    }

    /// Whether it is alive, or can be as far as this version can tell. `carries` says whether its account still carries what
    /// began in a generation.
    pub(crate) fn is_alive(
        &self,
        carries: impl Fn(u32) -> bool,
        epoch: Option<&SessionEpoch>,
        policy: &AuthnPolicy,
        now: Timestamp,
    ) -> bool {
        let SessionOutline { id, expires_at, epoch: began_in, .. } = &self.outline.record;
        match &self.known {
            Some(known) => {
                known.standing(policy, now) != Standing::Dead
                    && carries(known.session.account_generation)
                    && session_epoch::holds(epoch, known.session.epoch, id)
            }
            None => {
                expires_at.is_none_or(|at| now < at)
                    && began_in.is_none_or(|began_in| session_epoch::holds(epoch, began_in, id))
            }
        }
    }

    /// When it was last used and when it began; those first of which only a newer version can tell.
    pub(crate) fn used(&self) -> Option<(Timestamp, Timestamp)> {
        self.known.as_ref().map(|known| (known.session.last_seen_at, known.session.created_at))
    }
}

/// A person's epoch, to list their sessions by it or to begin the next. When it is written, members that this version does
/// not know stay.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct EpochOutline(pub(crate) SessionEpoch);

impl EpochOutline {
    pub(crate) fn epoch(found: Option<&Stored<Self>>) -> Option<&SessionEpoch> {
        found.map(|found| &found.record.0)
    }
}

impl Record for SessionOutline {
    const KIND: Kind = SessionRecord::KIND;
    const SHAPE: u32 = u32::MAX;

    fn id(&self) -> String {
        self.handle.as_str().to_owned()
    }
}

impl Record for EpochOutline {
    const KIND: Kind = SessionEpoch::KIND;
    const SHAPE: u32 = u32::MAX;

    fn id(&self) -> String {
        self.0.id()
    }
}
