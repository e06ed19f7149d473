//! The commit that a sign-in ends in: the session starts, the one before ends, an outdated hash is replaced.

use async_trait::async_trait;
use countersign_storage::{
    Account, AccountState, Changes, Decision, Fault, Moment, Operation, Reader, Record, Stored, Subject,
};

use crate::authn::{Authn, Context};
use crate::credential::Credential;
use crate::report::{denied, event};
use crate::session::{SessionRecord, SignedInSession, person};
use crate::sign_in::Verified;

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
    previous: Option<Stored<SessionRecord>>,
}

#[async_trait]
impl Operation for StartSession<'_> {
    type Loaded = Loaded;
    type Plan = Option<SignedInSession>;
    type Answer = Option<SignedInSession>;

    async fn load(&self, reader: &mut Reader<'_>) -> Result<Loaded, Fault> {
        let credential = Credential::at(self.subject.as_str());
        let (credential, previous) = match &self.context.previous {
            Some(cookie) => reader.load((credential, SessionRecord::at(cookie.handle().as_str()))).await?,
            None => (reader.load(credential).await?, None),
        };
        let account = self.authn.accounts.by_subject(self.subject).await?;
        Ok(Loaded { account, credential, previous })
    }

    fn decide(&self, loaded: Loaded, moment: &Moment<'_>) -> Decision<Self::Plan> {
        let Loaded { account, credential, previous } = loaded;
        let refuse = |reason| Decision::answer(None).report(denied(Some(self.subject), reason, self.context));
        if !account.is_some_and(|account| account.state == AccountState::Active) {
            return refuse("account_disabled");
        }
        let Some(credential) = credential.filter(|credential| self.verified.still_holds(credential)) else {
            return refuse("password_changed");
        };

        let mut changes = Changes::none();
        self.verified.rehash(&credential, &mut changes);
        if let Some(previous) = &previous {
            changes.delete(previous);
        }
        let (cookie, record) = SessionRecord::start(self.subject, self.context, &self.authn.policy, moment);
        changes.insert(&record);

        let started = event("session.start", Some(self.subject), self.context)
            .with("session_id", &record.session.id)
            .with("amr", record.session.amr.join(" "));
        let created =
            (self.occasion == Occasion::SignUp).then(|| event("account.create", Some(self.subject), self.context));
        let ended = previous.map(|previous| previous.ended(person(self.subject), "replaced"));
        let SessionRecord { session, ends_at, .. } = record;
        created
            .into_iter()
            .chain(ended)
            .chain([started])
            .fold(Decision::changing(Some(SignedInSession { cookie, session, ends_at }), changes), Decision::report)
    }

    async fn seal(&self, plan: Self::Plan, _: &mut Changes) -> Result<Self::Answer, Fault> {
        Ok(plan)
    }
}
