//! Look-ups: the living session behind a cookie.

use std::convert::Infallible;

use async_trait::async_trait;
use countersign_storage::{
    Account, Actor, Authentication, Changes, Decision, Fault, Handle, Moment, Operation, Page, Reader, Record, Secret,
    SessionEnding, SessionState, SignedIn, Stored,
};
use http::HeaderMap;

use crate::authn::Authn;
use crate::session::{Session, SessionRecord, Standing, by_public_id};
use crate::session_epoch::SessionEpoch;

impl Authn {
    /// Finds the living session behind a cookie's secret. Now and then it writes down that the session was used.
    ///
    /// # Errors
    /// [`Fault::Unavailable`]; never answered as "nobody".
    pub async fn session(&self, cookie: &Secret) -> Result<Option<Session>, Fault> {
        Ok(self.ports.perform(&LookUp { authn: self, handle: cookie.handle() }).await?)
    }

    /// Finds the session of a request's cookie, if it is alive.
    ///
    /// # Errors
    /// [`Fault::Unavailable`]; never answered as "nobody".
    pub async fn session_of(&self, headers: &HeaderMap) -> Result<Option<Session>, Fault> {
        match self.cookie(headers) {
            Some(cookie) => self.session(&cookie).await,
            None => Ok(None),
        }
    }
}

#[async_trait]
impl SignedIn for Authn {
    async fn authentication(&self, headers: &HeaderMap) -> Result<Option<Authentication>, Fault> {
        Ok(self.session_of(headers).await?.map(|session| session.authentication()))
    }

    async fn session_state(
        &self,
        authentication: &Authentication,
        reader: &mut Reader<'_>,
    ) -> Result<SessionState, Fault> {
        let (id, subject) = (by_public_id(authentication.session_id()), authentication.subject());
        let store = self.ports.store.as_ref();
        let found = reader.find_beside::<SessionRecord>(store, &id, Page::first(1)).await?;
        let epoch = reader.load_beside(store, SessionEpoch::at(subject.as_str())).await?;
        let account = self.accounts.by_subject_guarded(subject, reader).await?;
        // As in a look-up by cookie.
        let alive = |found: &SessionRecord| {
            found.session.subject == *subject
                && found.standing(&self.policy, reader.now()) != Standing::Dead
                && found.holds(account.as_ref(), epoch.as_deref())
        };
        Ok(if found.iter().any(|found| alive(found)) { SessionState::Alive } else { SessionState::Ended })
    }
}

/// Finds a session. Writes down its use, or deletes it where its time is over.
///
/// It can write, but conflicts stay rare: of many requests that want to write down the use of one minute, one does. The others
/// load again and find nothing left to write. Whatever ended the session meanwhile wins: a change names the version that it
/// read, and a deleted record has no version. The epoch is guarded.
struct LookUp<'a> {
    authn: &'a Authn,
    handle: Handle,
}

struct Found {
    session: Stored<SessionRecord>,
    account: Option<Account>,
    epoch: Option<Stored<SessionEpoch>>,
}

#[async_trait]
impl Operation for LookUp<'_> {
    type Loaded = Option<Found>;
    type Granted = Option<Session>;
    type Refusal = Infallible;

    async fn load(&self, reader: &mut Reader<'_>) -> Result<Self::Loaded, Fault> {
        let Some(session) = reader.load(SessionRecord::at(self.handle.as_str())).await? else { return Ok(None) };
        let epoch = reader.load(SessionEpoch::at(session.session.subject.as_str())).await?;
        let account = self.authn.accounts.by_subject_guarded(&session.session.subject, reader).await?;
        Ok(Some(Found { session, account, epoch }))
    }

    fn decide(&self, loaded: Self::Loaded, moment: &Moment<'_>) -> Decision<Self::Granted, Infallible> {
        let Some(Found { mut session, account, epoch }) = loaded else { return Decision::grant(None) };
        let mut changes = Changes::none();
        match session.standing(&self.authn.policy, moment.now) {
            Standing::Dead => {
                changes.delete(&session);
                return Decision::grant(None)
                    .changing(changes)
                    .report(session.ended(Actor::System, SessionEnding::Expired));
            }
            _ if !session.holds(account.as_ref(), epoch.as_deref()) => return Decision::grant(None),
            Standing::Alive => {}
            Standing::Unrecorded => {
                session.record.seen(&self.authn.policy, moment.now);
                changes.replace(&session);
            }
        }
        Decision::grant(Some(session.record.session)).changing(changes)
    }
}
