//! Sign-in with e-mail and password ([OWASP Authentication], [NIST SP 800-63B §3.1.1]).
//!
//! In this order: the length of the password is bounded, the account and its hash are looked up, the attempt is counted, the
//! password is compared on the hashing threads, and only then, in one commit, the session starts, the one before ends and
//! an outdated hash is replaced. What was right is no longer counted.
//!
//! Refused with one answer: an unknown address, a wrong password, an account without one, a disabled account. The work is
//! the same too: where there is no hash, a decoy of the same cost is compared, and where there is no account, one that can
//! not exist is looked up.

use std::time::Duration;

use countersign_storage::{Changes, EmailAddress, Fault, Record, Secret, Stored, Subject};
use http::StatusCode;

use crate::authn::{Authn, Context};
use crate::credential::Credential;
use crate::known_device::KnownDevice;
use crate::password::{Password, PasswordRefusal};
use crate::password_hasher::{HashingError, Verification};
use crate::report::{Deny, denied};
use crate::session::SignedInSession;
use crate::start_session::{Occasion, StartSession};
use crate::throttling::{Held, Origin};

/// What a person types to sign in.
#[derive(Clone, Debug)]
pub struct SignIn {
    /// The e-mail address, as typed.
    pub email: String,
    /// The password, as typed.
    pub password: Secret,
}

/// Why nobody is signed in.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SignInError {
    /// The person's doing.
    #[error(transparent)]
    Refused(SignInRefusal),
    /// Too many failures: 429, try again after this long.
    #[error("Too many attempts. Try again later.")]
    Throttled(Duration),
    /// Too many passwords are being hashed: 503, try again after this long.
    #[error("The server is busy. Try again later.")]
    Busy(Duration),
    /// Our fault.
    #[error("The server can not answer now. Try again later.")]
    Failed(#[source] Fault),
}

/// Why a person is not signed in. It says no more than they may know.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SignInRefusal {
    /// Unknown address, wrong password or disabled account: nobody is told which.
    #[error("The e-mail address or the password is wrong.")]
    InvalidCredentials,
    /// There is no living session to confirm ([`Authn::confirm`]).
    #[error("You are not signed in.")]
    NotSignedIn,
    /// More bytes than any password has; nothing was compared.
    #[error("The password is too long: at most 1024 bytes.")]
    PasswordTooLong,
}

impl SignInError {
    /// The status to answer with.
    pub fn status(&self) -> StatusCode {
        match self {
            SignInError::Refused(SignInRefusal::InvalidCredentials | SignInRefusal::NotSignedIn) => {
                StatusCode::UNAUTHORIZED
            }
            SignInError::Refused(SignInRefusal::PasswordTooLong) => StatusCode::BAD_REQUEST,
            SignInError::Throttled(_) => StatusCode::TOO_MANY_REQUESTS,
            SignInError::Busy(_) => StatusCode::SERVICE_UNAVAILABLE,
            SignInError::Failed(fault) => fault.status(),
        }
    }

    /// The code for programs.
    pub fn code(&self) -> &'static str {
        match self {
            SignInError::Refused(SignInRefusal::InvalidCredentials) => "INVALID_EMAIL_OR_PASSWORD",
            SignInError::Refused(SignInRefusal::NotSignedIn) => "UNAUTHORIZED",
            SignInError::Refused(SignInRefusal::PasswordTooLong) => "PASSWORD_TOO_LONG",
            SignInError::Throttled(_) => "TOO_MANY_REQUESTS",
            SignInError::Busy(_) => "SERVICE_UNAVAILABLE",
            SignInError::Failed(fault) => fault_code(fault),
        }
    }

    /// The `Retry-After`, where trying again later can help ([RFC 9110 §10.2.3]).
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            SignInError::Throttled(wait) | SignInError::Busy(wait) => Some(*wait),
            SignInError::Failed(fault) => fault_retry_after(fault),
            SignInError::Refused(_) => None,
        }
    }
}

impl Authn {
    /// Signs a person in: a fresh session. The one in [`Context::previous`] ends.
    ///
    /// # Errors
    /// [`SignInError`].
    pub async fn sign_in(&self, sign_in: SignIn, context: &Context) -> Result<SignedInSession, SignInError> {
        let password = Password::presented(&sign_in.password)?;
        // What is no address is nobody's, and whoever sent it knows: there is nothing to hide behind work.
        let Ok(email) = EmailAddress::parse(&sign_in.email) else {
            self.count_attempt(None, context).await?;
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
        let attempt = self.count_attempt(Some(origin), context).await?;

        let account = account.map(|account| account.subject);
        let Some(verified) = self.verify(stored, &password).await? else {
            return Err(self.deny(account, "invalid_credentials", context).await);
        };
        let start = StartSession { authn: self, subject: &subject, verified, context, occasion: Occasion::SignIn };
        let started = self.ports.perform_old(&start).await?;
        let signed_in = started.ok_or(SignInError::Refused(SignInRefusal::InvalidCredentials))?;
        self.forgive(&attempt).await;
        Ok(signed_in)
    }

    /// The name of a device and of the account that it signed in to before, where that is this account with this password.
    fn known(&self, context: &Context, stored: Option<&Stored<Credential>>) -> Option<String> {
        let (Credential { subject, generation, .. }, cookie) = (&stored?.record, context.device.as_deref()?);
        let device = KnownDevice::open(&self.key_ring, cookie)?;
        let known = device.knows(subject, *generation, self.ports.now());
        known.then(|| format!("{} {}", device.id(), subject.as_str()))
    }

    /// Compares a password with what is stored for a subject. `None`: it is wrong, or there is none.
    pub(crate) async fn verify(
        &self,
        stored: Option<Stored<Credential>>,
        password: &Password,
    ) -> Result<Option<Verified>, HashingError> {
        let verification = self.hasher.verify(password, stored.as_ref().map(|stored| stored.phc.as_str())).await?;
        let Some(Credential { generation, .. }) = stored.map(|stored| stored.record) else { return Ok(None) };
        let rehashed = match verification {
            Verification::Differs => return Ok(None),
            Verification::Matches => None,
            // A full queue keeps nobody out whose password is right: then it is for the next time.
            Verification::MatchesOutdated => self.hasher.hash(password, self.ports.random.as_ref()).await.ok(),
        };
        Ok(Some(Verified { generation, rehashed }))
    }

    /// Reports a refused sign-in; the answer stays the same whether that worked or the account exists.
    pub(crate) async fn deny(&self, subject: Option<Subject>, reason: &'static str, context: &Context) -> SignInError {
        match self.ports.perform_old(&Deny { event: denied(subject.as_ref(), reason, context) }).await {
            Ok(()) => SignInError::Refused(SignInRefusal::InvalidCredentials),
            Err(fault) => SignInError::Failed(fault),
        }
    }

    /// A subject that nobody is, looked up like one that somebody is.
    async fn nobody(&self) -> Result<Subject, Fault> {
        let nobody = Subject::generate(self.ports.random.as_ref());
        self.accounts.by_subject(&nobody).await?;
        Ok(nobody)
    }
}

/// Proof that a password was compared with the hash of `generation`, and is right.
pub(crate) struct Verified {
    pub(crate) generation: u32,
    /// Today's hash of the same password, to put in the place of an outdated one.
    pub(crate) rehashed: Option<String>,
}

impl Verified {
    /// Whether the stored password is still the one that was verified.
    pub(crate) fn still_holds(&self, stored: &Credential) -> bool {
        stored.generation == self.generation
    }

    /// Puts today's hash in the place of an outdated one. Of two at once either may win: both are of the same password.
    pub(crate) fn rehash(&self, stored: &Stored<Credential>, changes: &mut Changes) {
        if let Some(phc) = self.rehashed.clone() {
            changes.replace(&stored.with(Credential { phc, ..stored.record.clone() }));
        }
    }
}

pub(crate) fn fault_code(fault: &Fault) -> &'static str {
    if fault.is_transient() { "SERVICE_UNAVAILABLE" } else { "INTERNAL_SERVER_ERROR" }
}

pub(crate) fn fault_retry_after(fault: &Fault) -> Option<Duration> {
    fault.is_transient().then_some(Duration::from_secs(1))
}

impl From<PasswordRefusal> for SignInError {
    /// Of a presented password only the length is judged.
    fn from(_: PasswordRefusal) -> Self {
        SignInError::Refused(SignInRefusal::PasswordTooLong)
    }
}

impl From<Fault> for SignInError {
    fn from(fault: Fault) -> Self {
        SignInError::Failed(fault)
    }
}

impl From<Held> for SignInError {
    fn from(held: Held) -> Self {
        match held {
            Held::RetryAfter(wait) => SignInError::Throttled(wait),
            Held::Failed(fault) => SignInError::Failed(fault),
        }
    }
}

impl From<HashingError> for SignInError {
    fn from(error: HashingError) -> Self {
        match error {
            HashingError::Busy(busy) => SignInError::Busy(busy.retry_after),
            HashingError::Failed(fault) => SignInError::Failed(fault),
        }
    }
}
