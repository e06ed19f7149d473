//! A person's sessions: listed, and ended one by one, all, or all but one.

use std::convert::Infallible;

use async_trait::async_trait;
use countersign_storage::{
    Action, Changes, Decision, Fault, Moment, Operation, Page, Reader, Record, SeenAccount, SessionEnding, Stored,
    Subject, Timestamp,
};

use crate::authn::Authn;
use crate::outline::{EpochOutline, SeenSession, SessionOutline};
use crate::report::event;
use crate::session::{Session, by_public_id, by_subject};
use crate::session_epoch::{self, SessionEpoch};

/// A session in the list of its owner.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ListedSession {
    /// Its public name: what [`Authn::revoke_session`] takes.
    pub id: String,
    /// What its owner may see of it. `None` where a newer version of the software wrote it: here it is not used, and little is
    /// known of it, but it can be ended.
    pub session: Option<Session>,
}

/// What became of a wish to end a session.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Revocation {
    /// It ended.
    Revoked,
    /// This person has no such session: answer 404, also where it is somebody else's.
    NotFound,
}

impl Authn {
    /// Lists the living sessions of a person, the last used first. Those of which only a newer version of the software can tell
    /// come last.
    ///
    /// # Errors
    /// [`Fault::Unavailable`].
    pub async fn sessions(&self, subject: &Subject) -> Result<Vec<ListedSession>, Fault> {
        let mut reader = self.ports.reader();
        let now = reader.now();
        let epoch = reader.load(EpochOutline::at(subject.as_str())).await?;
        let epoch = EpochOutline::epoch(epoch.as_ref());
        let account = SeenAccount::of(subject, self.accounts.as_ref()).await?;
        let found: Vec<Stored<SessionOutline>> = reader.find_all(&by_subject(subject)).await?;
        let mut sessions = Vec::new();
        for outline in found {
            let seen = SeenSession::of(outline)?;
            if seen.is_alive(|generation| account.may_carry(generation), epoch, &self.policy, now) {
                let session = seen.known.map(|known| known.record.session);
                sessions.push(ListedSession { id: seen.outline.record.id, session });
            }
        }
        sessions.sort_by(|a, b| b.place().cmp(&a.place()));
        Ok(sessions)
    }

    /// Ends one session of this person, by its public name.
    ///
    /// # Errors
    /// [`Fault::Unavailable`].
    pub async fn revoke_session(&self, subject: &Subject, session_id: &str) -> Result<Revocation, Fault> {
        Ok(self.ports.perform(&RevokeOne { subject, session_id }).await?)
    }

    /// Ends every session of this person, also those that begin meanwhile.
    ///
    /// # Errors
    /// [`Fault::Unavailable`].
    pub async fn revoke_sessions(&self, subject: &Subject) -> Result<(), Fault> {
        self.ports.perform(&RevokeAll { subject, kept: None }).await?;
        Ok(())
    }

    /// Ends every session of a person but the one in use, also those that begin meanwhile. Where the one in use was itself ended
    /// meanwhile, nothing is done and the answer is [`Revocation::NotFound`].
    ///
    /// # Errors
    /// [`Fault::Unavailable`].
    pub async fn revoke_other_sessions(&self, kept: &Session) -> Result<Revocation, Fault> {
        Ok(self.ports.perform(&RevokeAll { subject: &kept.subject, kept: Some(kept) }).await?)
    }
}

impl ListedSession {
    /// The higher comes first.
    fn place(&self) -> (Option<Timestamp>, &str) {
        (self.session.as_ref().map(|session| session.last_seen_at), &self.id)
    }
}

struct RevokeOne<'a> {
    subject: &'a Subject,
    session_id: &'a str,
}

#[async_trait]
impl Operation for RevokeOne<'_> {
    type Loaded = Option<Stored<SessionOutline>>;
    type Granted = Revocation;
    type Refusal = Infallible;

    async fn load(&self, reader: &mut Reader<'_>) -> Result<Self::Loaded, Fault> {
        // It is longer than any public name, so there is nothing to look up.
        if self.session_id.len() > 64 {
            return Ok(None);
        }
        let (found, _) = reader.find(&by_public_id(self.session_id), Page::first(1)).await?;
        Ok(found.into_iter().next())
    }

    fn decide(&self, found: Self::Loaded, _: &Moment<'_>) -> Decision<Revocation, Infallible> {
        match found {
            Some(found) if found.subject == *self.subject => {
                let mut changes = Changes::none();
                changes.delete(&found);
                Decision::grant(Revocation::Revoked)
                    .changing(changes)
                    .report(found.ended_by(self.subject, SessionEnding::Revoked))
            }
            Some(_) | None => Decision::grant(Revocation::NotFound),
        }
    }
}

/// Begins the next epoch. It reads and writes one record, however many sessions there are and whatever is done with them.
struct RevokeAll<'a> {
    subject: &'a Subject,
    kept: Option<&'a Session>,
}

#[async_trait]
impl Operation for RevokeAll<'_> {
    type Loaded = Option<Stored<EpochOutline>>;
    type Granted = Revocation;
    type Refusal = Infallible;

    async fn load(&self, reader: &mut Reader<'_>) -> Result<Self::Loaded, Fault> {
        reader.load(EpochOutline::at(self.subject.as_str())).await
    }

    fn decide(&self, epoch: Self::Loaded, _: &Moment<'_>) -> Decision<Revocation, Infallible> {
        let present = EpochOutline::epoch(epoch.as_ref());
        // Or a session that was ended would come back as the one that goes on.
        if self.kept.is_some_and(|kept| !session_epoch::holds(present, kept.epoch, &kept.id)) {
            return Decision::grant(Revocation::NotFound);
        }
        let next = EpochOutline(SessionEpoch {
            subject: self.subject.clone(),
            number: session_epoch::present(present).saturating_add(1),
            kept: self.kept.map(|kept| kept.id.clone()),
        });
        let mut changes = Changes::none();
        match epoch {
            Some(epoch) => changes.replace(&epoch.with(next)),
            None => changes.insert(&next),
        };
        let reason = if self.kept.is_some() { SessionEnding::RevokedOthers } else { SessionEnding::RevokedAll };
        let kept = self.kept.map(|kept| kept.id.clone());
        let ended = event(Action::SessionEnd { session_id: None, kept, reason }, self.subject);
        Decision::grant(Revocation::Revoked).changing(changes).report(ended)
    }
}
