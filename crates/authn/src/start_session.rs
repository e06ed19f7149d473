//! The commit that a sign-in ends in: the session starts, the one before ends, an outdated hash is replaced.

use async_trait::async_trait;
use countersign_storage::{
    Account, AccountState, Action, Changes, Decision, Fault, Moment, Operation, Reader, Record, Sealing, Secret,
    SessionEnding, Stored, Subject,
};

use crate::authn::Authn;
use crate::context::Context;
use crate::credential::Credential;
use crate::outline::{SeenSession, SessionOutline};
use crate::report::{denied, event};
use crate::session::{SessionRecord, SignedInSession};
use crate::session_epoch::{self, SessionEpoch};
use crate::session_turn::{Room, SessionTurn, stored_sessions};
use crate::sign_in_refusal::SignInRefusal;
use crate::verified::Verified;

/// What a session starts with.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Occasion {
    SignIn,
    SignUp,
}

/// Starts a session for a verified person, and ends the one before.
pub(crate) struct StartSession<'a> {
    pub(crate) authn: &'a Authn,
    pub(crate) subject: &'a Subject,
    pub(crate) verified: Verified,
    pub(crate) context: &'a Context,
    pub(crate) occasion: Occasion,
}

pub(crate) struct Loaded {
    account: Option<Account>,
    credential: Option<Stored<Credential>>,
    previous: Option<Stored<SessionOutline>>,
    epoch: Option<Stored<SessionEpoch>>,
    turn: Option<Stored<SessionTurn>>,
    others: Vec<SeenSession>,
}

#[async_trait]
impl Operation for StartSession<'_> {
    type Loaded = Loaded;
    type Granted = (Secret, SessionRecord);
    type Refusal = SignInRefusal;

    async fn load(&self, reader: &mut Reader<'_>) -> Result<Loaded, Fault> {
        let subject = self.subject.as_str();
        let at = (Credential::at(subject), SessionEpoch::at(subject), SessionTurn::at(subject));
        // The turn is read before the sessions: a start that comes after they were listed has changed it.
        let (credential, epoch, turn) = reader.load(at).await?;
        let mut others = stored_sessions(reader, self.subject, &self.authn.policy).await?;
        let previous = match &self.context.previous {
            Some(cookie) => reader.load(SessionOutline::at(cookie.handle().as_str())).await?,
            None => None,
        };
        if let Some(previous) = &previous {
            others.retain(|other| other.outline.id() != previous.id());
        }
        let account = self.authn.accounts.by_subject_guarded(self.subject, reader).await?;
        Ok(Loaded { account, credential, previous, epoch, turn, others })
    }

    fn decide(&self, loaded: Loaded, moment: &Moment<'_>) -> Decision<Self::Granted, SignInRefusal> {
        let Loaded { account, credential, previous, epoch, turn, others } = loaded;
        let refuse = |reason| {
            Decision::refuse(SignInRefusal::InvalidCredentials).report(denied(Some(self.subject), reason, self.context))
        };
        let Some(account) = account.filter(|account| account.state == AccountState::Active) else {
            return refuse("account_disabled");
        };
        let Some(credential) = credential.filter(|credential| self.verified.still_holds(credential)) else {
            return refuse("password_changed");
        };

        let policy = &self.authn.policy;
        let mut changes = Changes::none();
        self.verified.rehash(&credential, &mut changes);
        if let Some(previous) = &previous {
            changes.delete(previous);
        }
        let room = Room { policy, account: &account, epoch: epoch.as_deref(), now: moment.now };
        let crowded_out = room.make(others, &mut changes);
        let present = session_epoch::present(epoch.as_deref());
        let (cookie, record) = SessionRecord::start(&account, present, self.context, policy, moment);
        changes.insert(&record);
        let taken = SessionTurn { subject: account.subject, ends_at: record.ends_at };
        match turn {
            Some(turn) => changes.replace(&turn.with(taken)),
            None => changes.insert(&taken),
        };

        let address = self.context.peer;
        let (session_id, amr) = (Some(record.session.id.clone()), Some(record.session.amr.clone()));
        let started = event(Action::SessionStart { address, session_id, amr }, self.subject);
        let created =
            (self.occasion == Occasion::SignUp).then(|| event(Action::AccountCreate { address }, self.subject));
        let ended = previous.map(|previous| previous.ended_by(self.subject, SessionEnding::Replaced));
        created
            .into_iter()
            .chain(ended)
            .chain(crowded_out)
            .chain([started])
            .fold(Decision::grant((cookie, record)).changing(changes), Decision::report)
    }
}

#[async_trait]
impl Sealing for StartSession<'_> {
    type Sealed = SignedInSession;

    async fn seal(&self, (cookie, record): (Secret, SessionRecord), _: &mut Changes) -> Result<SignedInSession, Fault> {
        let SessionRecord { session, ends_at, .. } = record;
        let device = self.authn.remember(self.context, self.subject, self.verified.generation)?;
        Ok(SignedInSession { cookie, device, session, ends_at })
    }
}
