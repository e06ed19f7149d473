//! Confirmation: a person who is signed in shows their password again, before something that matters ([ASVS 5.0 §7.5]).
//!
//! For its owner the session stays the same: its public name, its beginning, its end. It gets a fresh `auth_time` and a fresh
//! secret. So whoever read the cookie before is not confirmed as well.
//!
//! [ASVS 5.0 §7.5]: https://github.com/OWASP/ASVS/tree/v5.0.0/5.0/en

use async_trait::async_trait;
use countersign_storage::{
    Account, Action, Changes, Decision, Fault, Handle, Moment, Operation, Reader, Record, Sealing, Secret, Stopped,
    Stored, Subject,
};

use crate::authn::Authn;
use crate::context::Context;
use crate::credential::Credential;
use crate::password::Password;
use crate::report::event;
use crate::session::{SessionRecord, SignedInSession, Standing, fresh_sign_in};
use crate::session_epoch::SessionEpoch;
use crate::sign_in_refusal::SignInRefusal;
use crate::throttling::Origin;
use crate::verified::Verified;

impl Authn {
    /// Verifies the password of the person who is signed in. Then the session has a fresh secret and a fresh `auth_time`.
    /// Attempts count for the session and for the address. So strangers who guess at the account keep nobody from it.
    ///
    /// # Errors
    /// [`SignInRefusal`], and the faults of the ports; [`SignInRefusal::NotSignedIn`] where there is no living session.
    pub async fn confirm(
        &self,
        cookie: &Secret,
        password: &Secret,
        context: &Context,
    ) -> Result<SignedInSession, Stopped<SignInRefusal>> {
        let password = Password::presented(password)?;
        let session = self.session(cookie).await?.ok_or(SignInRefusal::NotSignedIn)?;
        let attempt = self
            .count_attempt(Some(Origin::Session(&session.id)), context)
            .await
            .map_err(|stopped| stopped.map(SignInRefusal::from))?;
        let stored = self.ports.reader().load(Credential::at(session.subject.as_str())).await?;
        let Some(verified) = self.verify(stored, &password).await? else {
            return Err(self.deny(Some(session.subject), "invalid_credentials", context).await);
        };
        let (handle, subject) = (cookie.handle(), &session.subject);
        let confirm = Confirm { authn: self, handle, subject, verified, context };
        let confirmed = self.ports.perform_sealing(&confirm).await?;
        self.forgive(&attempt).await;
        Ok(confirmed)
    }
}

struct Confirm<'a> {
    authn: &'a Authn,
    handle: Handle,
    subject: &'a Subject,
    verified: Verified,
    context: &'a Context,
}

struct Loaded {
    session: Option<Stored<SessionRecord>>,
    credential: Option<Stored<Credential>>,
    epoch: Option<Stored<SessionEpoch>>,
    account: Option<Account>,
}

#[async_trait]
impl Operation for Confirm<'_> {
    type Loaded = Loaded;
    type Granted = (Secret, SessionRecord);
    type Refusal = SignInRefusal;

    async fn load(&self, reader: &mut Reader<'_>) -> Result<Loaded, Fault> {
        let subject = self.subject.as_str();
        let at = (SessionRecord::at(self.handle.as_str()), Credential::at(subject), SessionEpoch::at(subject));
        let (session, credential, epoch) = reader.load(at).await?;
        let account = self.authn.accounts.by_subject_guarded(self.subject, reader).await?;
        Ok(Loaded { session, credential, epoch, account })
    }

    fn decide(&self, loaded: Loaded, moment: &Moment<'_>) -> Decision<Self::Granted, SignInRefusal> {
        let Loaded { session: Some(before), credential: Some(credential), epoch, account } = loaded else {
            return Decision::refuse(SignInRefusal::NotSignedIn);
        };
        let policy = &self.authn.policy;
        let alive = before.session.subject == *self.subject
            && before.standing(policy, moment.now) != Standing::Dead
            && before.holds(account.as_ref(), epoch.as_deref());
        if !alive || !self.verified.still_holds(&credential) {
            return Decision::refuse(SignInRefusal::NotSignedIn);
        }
        let cookie = Secret::generate(moment.random);
        let mut after = SessionRecord { handle: cookie.handle(), ..before.record.clone() };
        after.session.auth_time = moment.now;
        after.session.sign_in_id = fresh_sign_in(moment);
        after.seen(policy, moment.now);

        let mut changes = Changes::none();
        self.verified.rehash(&credential, &mut changes);
        changes.delete(&before).insert(&after);
        let action = Action::SessionConfirm { session_id: after.session.id.clone() };
        let confirmed = event(action, &after.session.subject);
        Decision::grant((cookie, after)).changing(changes).report(confirmed)
    }
}

#[async_trait]
impl Sealing for Confirm<'_> {
    type Sealed = SignedInSession;

    async fn seal(&self, (cookie, record): (Secret, SessionRecord), _: &mut Changes) -> Result<SignedInSession, Fault> {
        let SessionRecord { session, ends_at, .. } = record;
        let device = self.authn.remember(self.context, self.subject, self.verified.generation)?;
        Ok(SignedInSession { cookie, device, session, ends_at })
    }
}
