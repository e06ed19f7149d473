//! Sign-in with e-mail and password ([OWASP Authentication], [NIST SP 800-63B §3.1.1]).
//!
//! In this order: the length of the password is bounded, the account and its hash are looked up, the attempt is counted, the
//! password is compared on the hashing threads, and only then, in one commit, the session starts, the one before ends and
//! an outdated hash is replaced. What was right is no longer counted.
//!
//! Refused with one answer: an unknown address, a wrong password, an account without one, a disabled account. The work is
//! the same too: where there is no hash, a decoy of the same cost is compared, and where there is no account, one that
//! cannot exist is looked up.
//!
//! [OWASP Authentication]: https://cheatsheetseries.owasp.org/cheatsheets/Authentication_Cheat_Sheet.html
//! [NIST SP 800-63B §3.1.1]: https://pages.nist.gov/800-63-4/sp800-63b.html

use countersign_storage::{EmailAddress, Fault, Record, Secret, Stopped, Stored, Subject};

use crate::authn::Authn;
use crate::context::Context;
use crate::credential::Credential;
use crate::known_device::KnownDevice;
use crate::password::Password;
use crate::report::{Deny, denied};
use crate::session::SignedInSession;
pub use crate::sign_in_refusal::SignInRefusal;
use crate::start_session::{Occasion, StartSession};
use crate::throttling::Origin;

/// What a person types to sign in.
#[derive(Clone, Debug)]
pub struct SignIn {
    /// The e-mail address, as typed.
    pub email: String,
    /// The password, as typed.
    pub password: Secret,
}

impl Authn {
    /// Signs a person in: a fresh session begins, and the one in [`Context::previous`] ends.
    ///
    /// # Errors
    /// [`SignInRefusal`], and the faults of the ports.
    pub async fn sign_in(&self, sign_in: SignIn, context: &Context) -> Result<SignedInSession, Stopped<SignInRefusal>> {
        let password = Password::presented(&sign_in.password)?;
        // A text that is no address belongs to nobody, and whoever sent it knows that. So no work has to hide it.
        let Ok(email) = EmailAddress::parse(&sign_in.email) else {
            self.count_attempt(None, context).await.map_err(|stopped| stopped.map(SignInRefusal::from))?;
            return Err(self.deny(None, "invalid_credentials", context).await);
        };
        let account = self.accounts.by_email(&email).await?;
        let subject = match &account {
            Some(account) => account.subject.clone(),
            None => self.nobody().await?,
        };
        let stored = self.ports.reader().load(Credential::at(subject.as_str())).await?;
        let origin = match self.known(context, stored.as_ref()) {
            Some(device) => Origin::Device(device),
            None => Origin::Stranger(email.as_str()),
        };
        let attempt =
            self.count_attempt(Some(origin), context).await.map_err(|stopped| stopped.map(SignInRefusal::from))?;

        let account = account.map(|account| account.subject);
        let Some(verified) = self.verify(stored, &password).await? else {
            return Err(self.deny(account, "invalid_credentials", context).await);
        };
        let start = StartSession { authn: self, subject: &subject, verified, context, occasion: Occasion::SignIn };
        let signed_in = self.ports.perform_sealing(&start).await?;
        self.forgive(&attempt).await;
        Ok(signed_in)
    }

    /// The name of a device and of this account, where the device signed in to the account before, with today's password.
    fn known(&self, context: &Context, stored: Option<&Stored<Credential>>) -> Option<String> {
        let (Credential { subject, generation, .. }, cookie) = (&stored?.record, context.device.as_deref()?);
        let device = KnownDevice::open(&self.key_ring, cookie)?;
        let known = device.knows(subject, *generation, self.ports.now());
        known.then(|| format!("{} {}", device.id(), subject.as_str()))
    }

    /// Reports a refused sign-in. The answer is the same whether the account exists; where the report cannot be written, it
    /// is that fault.
    pub(crate) async fn deny(
        &self,
        subject: Option<Subject>,
        reason: &'static str,
        context: &Context,
    ) -> Stopped<SignInRefusal> {
        match self.ports.perform(&Deny { event: denied(subject.as_ref(), reason, context) }).await {
            Ok(()) => Stopped::Refused(SignInRefusal::InvalidCredentials),
            Err(stopped) => Stopped::Failed(stopped.into()),
        }
    }

    /// Looks up a subject that nobody has, as one that somebody has.
    async fn nobody(&self) -> Result<Subject, Fault> {
        let nobody = Subject::generate(self.ports.random.as_ref());
        self.accounts.by_subject(&nobody).await?;
        Ok(nobody)
    }
}
