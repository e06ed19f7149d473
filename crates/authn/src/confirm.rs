//! Confirmation: a person who is signed in shows their password again, before something that matters ([ASVS 5.0 §7.5]).
//!
//! The session stays the same one for its owner (its public name, its beginning, its end) and gets a fresh `auth_time` and
//! a fresh secret: whoever read the cookie before is not confirmed along with them.

use async_trait::async_trait;
use countersign_storage::{
    Account, Action, Changes, Fault, Handle, Moment, OldDecision, OldOperation, Reader, Record, Secret, Stored, Subject,
};

use crate::authn::{Authn, Context};
use crate::credential::Credential;
use crate::password::Password;
use crate::report::event;
use crate::session::{SessionRecord, SignedInSession, Standing, fresh_sign_in};
use crate::session_epoch::SessionEpoch;
use crate::sign_in::{SignInError, SignInRefusal, Verified};
use crate::throttling::Origin;

impl Authn {
    /// Verifies the password of the person who is signed in, and moves the session to a fresh secret with a fresh
    /// `auth_time`. Attempts count for the session and for the address: strangers who guess at the account keep nobody from
    /// it.
    ///
    /// # Errors
    /// [`SignInError`]; [`SignInRefusal::NotSignedIn`] where there is no living session.
    pub async fn confirm(
        &self,
        cookie: &Secret,
        password: &Secret,
        context: &Context,
    ) -> Result<SignedInSession, SignInError> {
        const NOT_SIGNED_IN: SignInError = SignInError::Refused(SignInRefusal::NotSignedIn);

        let password = Password::presented(password)?;
        let session = self.session(cookie).await?.ok_or(NOT_SIGNED_IN)?;
        let attempt = self.count_attempt(Some(Origin::Session(&session.id)), context).await?;
        let stored = self.ports.reader().load(Credential::at(session.subject.as_str())).await?;
        let Some(verified) = self.verify(stored, &password).await? else {
            return Err(self.deny(Some(session.subject), "invalid_credentials", context).await);
        };
        let (handle, subject) = (cookie.handle(), &session.subject);
        let confirm = Confirm { authn: self, handle, subject, verified, context };
        let confirmed = self.ports.perform_old(&confirm).await?.ok_or(NOT_SIGNED_IN)?;
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
impl OldOperation for Confirm<'_> {
    type Loaded = Loaded;
    type Plan = Option<(Secret, SessionRecord)>;
    type Answer = Option<SignedInSession>;

    async fn load(&self, reader: &mut Reader<'_>) -> Result<Loaded, Fault> {
        let subject = self.subject.as_str();
        let at = (SessionRecord::at(self.handle.as_str()), Credential::at(subject), SessionEpoch::at(subject));
        let (session, credential, epoch) = reader.load(at).await?;
        let account = self.authn.accounts.by_subject(self.subject).await?;
        Ok(Loaded { session, credential, epoch, account })
    }

    fn decide(&self, loaded: Loaded, moment: &Moment<'_>) -> OldDecision<Self::Plan> {
        let Loaded { session: Some(before), credential: Some(credential), epoch, account } = loaded else {
            return OldDecision::answer(None);
        };
        let policy = &self.authn.policy;
        let alive = before.session.subject == *self.subject
            && before.standing(policy, moment.now) != Standing::Dead
            && before.holds(account.as_ref(), epoch.as_ref());
        if !alive || !self.verified.still_holds(&credential) {
            return OldDecision::answer(None);
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
        OldDecision::changing(Some((cookie, after)), changes).report(confirmed)
    }

    async fn seal(&self, plan: Self::Plan, _: &mut Changes) -> Result<Self::Answer, Fault> {
        let Some((cookie, SessionRecord { session, ends_at, .. })) = plan else { return Ok(None) };
        let device = self.authn.remember(self.context, self.subject, self.verified.generation)?;
        Ok(Some(SignedInSession { cookie, device, session, ends_at }))
    }
}
