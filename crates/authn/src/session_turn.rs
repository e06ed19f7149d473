//! How many sessions a person has at once: each start takes its turn, and makes room where there is none.

use countersign_storage::{
    Account, Changes, Event, Fault, Kind, Page, Reader, Record, SessionEnding, Stored, Subject, Timestamp,
};
use serde::{Deserialize, Serialize};

use crate::policy::AuthnPolicy;
use crate::session::{SessionRecord, Standing, by_subject, person};
use crate::session_epoch::SessionEpoch;

/// Written by every start of a session of one person and by nothing else: of two that start at once, and would both find
/// the last free place, one starts again and counts the other. Its key is the subject.
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
) -> Result<Vec<Stored<SessionRecord>>, Fault> {
    let (found, _) = reader.find::<SessionRecord>(&by_subject(subject), Page::first(policy.places() + 1)).await?;
    found.iter().for_each(|found| reader.unguard(&found.key()));
    Ok(found)
}

/// Who asks for room, and by what it is judged which sessions are alive.
pub(crate) struct Room<'a> {
    pub(crate) policy: &'a AuthnPolicy,
    pub(crate) account: &'a Account,
    pub(crate) epoch: Option<&'a Stored<SessionEpoch>>,
    pub(crate) now: Timestamp,
}

impl Room<'_> {
    /// Deletes sessions until one more has a place: first those that are dead anyhow, then the one that was not used for
    /// the longest time. Reports the end of those that were alive.
    pub(crate) fn make(&self, mut stored: Vec<Stored<SessionRecord>>, changes: &mut Changes) -> Vec<Event> {
        let alive = |found: &Stored<SessionRecord>| {
            found.standing(self.policy, self.now) != Standing::Dead && found.holds(Some(self.account), self.epoch)
        };
        let places = usize::try_from(self.policy.places()).unwrap_or(usize::MAX);
        let excess = (stored.len() + 1).saturating_sub(places);
        stored.sort_by_key(|found| (alive(found), found.session.last_seen_at, found.session.created_at));
        let (gone, _) = stored.split_at(excess.min(stored.len()));
        gone.iter().for_each(|gone| {
            changes.delete(gone);
        });
        let subject = &self.account.subject;
        gone.iter().filter(|gone| alive(gone)).map(|gone| gone.ended(person(subject), SessionEnding::TooMany)).collect()
    }
}
