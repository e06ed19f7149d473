//! How many sessions a person has at once: each start takes its turn, and makes room where there is none.

use countersign_storage::{
    Account, Changes, Event, Fault, Kind, Page, Reader, Record, SessionEnding, Subject, Timestamp,
};
use serde::{Deserialize, Serialize};

use crate::outline::{SeenSession, SessionOutline};
use crate::policy::AuthnPolicy;
use crate::session::by_subject;
use crate::session_epoch::SessionEpoch;

/// Every start of a session of one person writes it, and nothing else does. Two starts at once could both find the last free
/// place. With this record one of them decides again, and counts the other. Its key is the subject.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct SessionTurn {
    pub(crate) subject: Subject,
    /// When the session that began last is dead.
    pub(crate) ends_at: Timestamp,
}

impl Record for SessionTurn {
    const KIND: Kind = Kind::new("session_turn");

    fn id(&self) -> String {
        self.subject.as_str().to_owned()
    }

    fn expires_at(&self) -> Option<Timestamp> {
        Some(self.ends_at)
    }
}

/// The sessions of a person that are stored, before another one starts. They are not guarded: their look-ups note the last
/// use, and what is deleted names its version.
pub(crate) async fn stored_sessions(
    reader: &mut Reader<'_>,
    subject: &Subject,
    policy: &AuthnPolicy,
) -> Result<Vec<SeenSession>, Fault> {
    let (found, _) = reader.find::<SessionOutline>(&by_subject(subject), Page::first(policy.places() + 1)).await?;
    found.iter().for_each(|found| reader.unguard(&found.key()));
    found.into_iter().map(SeenSession::of).collect()
}

/// Who asks for room, and what says which sessions are alive.
pub(crate) struct Room<'a> {
    pub(crate) policy: &'a AuthnPolicy,
    pub(crate) account: &'a Account,
    pub(crate) epoch: Option<&'a SessionEpoch>,
    pub(crate) now: Timestamp,
}

impl Room<'_> {
    /// Deletes sessions until one more has a place. The dead ones go first, then those that were not used for the longest
    /// time. Reports the end of those that were alive.
    pub(crate) fn make(&self, mut stored: Vec<SeenSession>, changes: &mut Changes) -> Vec<Event> {
        let carries = |generation| self.account.carries(generation);
        let alive = |found: &SeenSession| found.is_alive(carries, self.epoch, self.policy, self.now);
        let places = usize::try_from(self.policy.places()).unwrap_or(usize::MAX);
        let excess = (stored.len() + 1).saturating_sub(places);
        stored.sort_by_key(|found| (alive(found), found.used()));
        let (gone, _) = stored.split_at(excess.min(stored.len()));
        gone.iter().for_each(|gone| {
            changes.delete(&gone.outline);
        });
        let subject = &self.account.subject;
        let alive = gone.iter().filter(|gone| alive(gone));
        alive.map(|gone| gone.outline.ended_by(subject, SessionEnding::TooMany)).collect()
    }
}
