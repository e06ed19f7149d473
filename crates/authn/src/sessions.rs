//! A person's sessions: listed, and ended one by one or all but one.

use async_trait::async_trait;
use countersign_storage::{Changes, Decision, Fault, Moment, Operation, Page, Reader, Stored, Subject};

use crate::authn::Authn;
use crate::session::{Session, SessionRecord, Standing, by_public_id, by_subject, person};

/// What became of a wish to end a session.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Revocation {
    /// It ended.
    Revoked,
    /// This person has no such session: answer 404, also where it is somebody else's.
    NotFound,
}

impl Authn {
    /// The living sessions of a person, the last used first.
    ///
    /// # Errors
    /// [`Fault::Unavailable`].
    pub async fn sessions(&self, subject: &Subject) -> Result<Vec<Session>, Fault> {
        let mut reader = self.ports.reader();
        let now = reader.now();
        let found: Vec<Stored<SessionRecord>> = reader.find_all(&by_subject(subject)).await?;
        let mut sessions: Vec<Session> = found
            .into_iter()
            .filter(|found| found.standing(&self.policy, now) != Standing::Dead)
            .map(|found| found.record.session)
            .collect();
        sessions.sort_by(|a, b| (b.last_seen_at, &b.id).cmp(&(a.last_seen_at, &a.id)));
        Ok(sessions)
    }

    /// Ends one session of this person, by its public name.
    ///
    /// # Errors
    /// [`Fault::Unavailable`].
    pub async fn revoke_session(&self, subject: &Subject, session_id: &str) -> Result<Revocation, Fault> {
        self.ports.perform(&RevokeOne { subject, session_id }).await
    }

    /// Ends every session of this person but one (the one in use, by its public name), and says how many.
    ///
    /// # Errors
    /// [`Fault::Unavailable`].
    pub async fn revoke_other_sessions(&self, subject: &Subject, kept: &str) -> Result<usize, Fault> {
        self.ports.perform(&RevokeOthers { subject, kept }).await
    }
}

struct RevokeOne<'a> {
    subject: &'a Subject,
    session_id: &'a str,
}

#[async_trait]
impl Operation for RevokeOne<'_> {
    type Loaded = Option<Stored<SessionRecord>>;
    type Plan = Revocation;
    type Answer = Revocation;

    async fn load(&self, reader: &mut Reader<'_>) -> Result<Self::Loaded, Fault> {
        // Longer than any public name: not even worth a look.
        if self.session_id.len() > 64 {
            return Ok(None);
        }
        let (found, _) = reader.find(&by_public_id(self.session_id), Page::first(1)).await?;
        Ok(found.into_iter().next())
    }

    fn decide(&self, found: Self::Loaded, _: &Moment<'_>) -> Decision<Revocation> {
        match found {
            Some(found) if found.session.subject == *self.subject => {
                let mut changes = Changes::none();
                changes.delete(&found);
                Decision::changing(Revocation::Revoked, changes).report(found.ended(person(self.subject), "revoked"))
            }
            Some(_) | None => Decision::answer(Revocation::NotFound),
        }
    }

    async fn seal(&self, plan: Revocation, _: &mut Changes) -> Result<Revocation, Fault> {
        Ok(plan)
    }
}

struct RevokeOthers<'a> {
    subject: &'a Subject,
    kept: &'a str,
}

#[async_trait]
impl Operation for RevokeOthers<'_> {
    type Loaded = Vec<Stored<SessionRecord>>;
    type Plan = usize;
    type Answer = usize;

    async fn load(&self, reader: &mut Reader<'_>) -> Result<Self::Loaded, Fault> {
        let mut found: Vec<Stored<SessionRecord>> = reader.find_all(&by_subject(self.subject)).await?;
        // The session that stays is not relied on, and it is the one that is in use.
        if let Some(kept) = found.iter().position(|found| found.session.id == self.kept) {
            let kept = found.swap_remove(kept);
            reader.unguard(&countersign_storage::Record::key(&kept.record));
        }
        Ok(found)
    }

    fn decide(&self, others: Self::Loaded, _: &Moment<'_>) -> Decision<usize> {
        let mut changes = Changes::none();
        others.iter().for_each(|other| {
            changes.delete(other);
        });
        others.iter().fold(Decision::changing(others.len(), changes), |decision, other| {
            decision.report(other.ended(person(self.subject), "revoked"))
        })
    }

    async fn seal(&self, plan: usize, _: &mut Changes) -> Result<usize, Fault> {
        Ok(plan)
    }
}
