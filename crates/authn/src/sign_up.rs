//! Sign-up with e-mail and password ([OWASP Authentication], [ASVS 5.0 §6.2]).
//!
//! In this order, because the account may live in another database than the password, so that no commit spans both:
//!
//! 1. the **password** is stored, under a fresh subject that nobody has yet;
//! 2. the **account** is created under that subject, if its address is still free;
//! 3. the **session** starts, and both are reported.
//!
//! A crash after 1 leaves a hash that nothing leads to. A crash after 2 leaves an account whose owner can sign in. The other
//! way round, a crash would leave an account that has no password and whose address is taken.

use std::time::Duration;

use async_trait::async_trait;
use countersign_storage::{
    Changes, CreateAccountError, EmailAddress, Fault, Moment, NewAccount, OldDecision, OldOperation, Reader, Record,
    Secret, Stored, Subject,
};
use http::StatusCode;

use crate::authn::{Authn, Context};
use crate::credential::Credential;
use crate::password::{Password, PasswordRefusal, personal};
use crate::password_hasher::HashingError;
use crate::password_strength::Weakness;
use crate::session::SignedInSession;
use crate::sign_in::{Verified, fault_code, fault_retry_after};
use crate::start_session::{Occasion, StartSession};
use crate::throttling::Held;

/// What a person types to sign up.
#[derive(Clone, Debug)]
pub struct SignUp {
    /// The e-mail address, as typed.
    pub email: String,
    /// The name to show, as typed: 1 to 200 characters, none of them a control character.
    pub name: String,
    /// The password, as typed.
    pub password: Secret,
}

/// Why there is no new account.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SignUpError {
    /// The person's doing: 422.
    #[error(transparent)]
    Refused(SignUpRefusal),
    /// Too many sign-ups from one address: 429, try again after this long.
    #[error("Too many attempts. Try again later.")]
    Throttled(Duration),
    /// Too many passwords are being hashed: 503, try again after this long.
    #[error("The server is busy. Try again later.")]
    Busy(Duration),
    /// Our fault. Where it came late, the account exists and its owner can sign in.
    #[error("The server can not answer now. Try again later.")]
    Failed(#[source] Fault),
}

/// What has to be typed differently.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SignUpRefusal {
    /// Somebody has an account with this address.
    #[error("There is an account with this e-mail address.")]
    EmailTaken,
    /// The text is no e-mail address that we accept.
    #[error("This is not an e-mail address.")]
    InvalidEmail,
    /// The name is empty, too long, or holds control characters.
    #[error("The name must have 1 to 200 characters.")]
    InvalidName,
    /// The password must not be used.
    #[error(transparent)]
    Password(#[from] PasswordRefusal),
}

impl SignUpError {
    /// The status to answer with.
    pub fn status(&self) -> StatusCode {
        match self {
            SignUpError::Refused(_) => StatusCode::UNPROCESSABLE_ENTITY,
            SignUpError::Throttled(_) => StatusCode::TOO_MANY_REQUESTS,
            SignUpError::Busy(_) => StatusCode::SERVICE_UNAVAILABLE,
            SignUpError::Failed(fault) => fault.status(),
        }
    }

    /// The code for programs.
    pub fn code(&self) -> &'static str {
        match self {
            SignUpError::Refused(SignUpRefusal::EmailTaken) => "USER_ALREADY_EXISTS",
            SignUpError::Refused(SignUpRefusal::InvalidEmail) => "INVALID_EMAIL",
            SignUpError::Refused(SignUpRefusal::InvalidName) => "INVALID_NAME",
            SignUpError::Refused(SignUpRefusal::Password(
                PasswordRefusal::Personal | PasswordRefusal::Guessable(Weakness::Personal),
            )) => "PASSWORD_TOO_PERSONAL",
            SignUpError::Refused(SignUpRefusal::Password(PasswordRefusal::Guessable(_))) => "PASSWORD_TOO_COMMON",
            SignUpError::Refused(SignUpRefusal::Password(PasswordRefusal::TooLong)) => "PASSWORD_TOO_LONG",
            SignUpError::Refused(SignUpRefusal::Password(PasswordRefusal::TooShort { .. })) => "PASSWORD_TOO_SHORT",
            SignUpError::Throttled(_) => "TOO_MANY_REQUESTS",
            SignUpError::Busy(_) => "SERVICE_UNAVAILABLE",
            SignUpError::Failed(fault) => fault_code(fault),
        }
    }

    /// The `Retry-After`, where trying again later can help ([RFC 9110 §10.2.3]).
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            SignUpError::Throttled(wait) | SignUpError::Busy(wait) => Some(*wait),
            SignUpError::Failed(fault) => fault_retry_after(fault),
            SignUpError::Refused(_) => None,
        }
    }
}

impl Authn {
    /// Creates an account and signs its owner in. The session in [`Context::previous`] ends.
    ///
    /// # Errors
    /// [`SignUpError`].
    pub async fn sign_up(&self, sign_up: SignUp, context: &Context) -> Result<SignedInSession, SignUpError> {
        let email = EmailAddress::parse(&sign_up.email).map_err(|_| SignUpRefusal::InvalidEmail)?;
        let name = person_name(&sign_up.name).ok_or(SignUpRefusal::InvalidName)?;
        let password = Password::chosen(&sign_up.password, &email, name).map_err(SignUpRefusal::Password)?;
        self.count_sign_up(context).await?;
        let known = personal(&email, name);
        if let Some(weakness) = self.hasher.weakness(&password, known, self.policy.password_guesses).await? {
            return Err(SignUpRefusal::Password(PasswordRefusal::Guessable(weakness)).into());
        }
        // Only to save the work: who owns an address is settled where the account is created.
        if self.accounts.by_email(&email).await?.is_some() {
            return Err(SignUpRefusal::EmailTaken.into());
        }

        let phc = self.hasher.hash(&password, self.ports.random.as_ref()).await?;
        let subject = self.ports.perform_old(&StorePassword { phc: &phc }).await?;
        let account = NewAccount { subject: subject.clone(), email, name: name.to_owned() };
        if let Err(error) = self.accounts.create(account).await {
            return Err(match error {
                CreateAccountError::EmailTaken => {
                    self.ports.perform_old(&ForgetPassword { subject: &subject }).await?;
                    SignUpRefusal::EmailTaken.into()
                }
                // Whether the account was created is not known, so its password stays.
                CreateAccountError::Failed(fault) => SignUpError::Failed(fault),
            });
        }
        let verified = Verified { generation: FIRST, rehashed: None };
        let start = StartSession { authn: self, subject: &subject, verified, context, occasion: Occasion::SignUp };
        self.ports.perform_old(&start).await?.ok_or(SignUpError::Failed(NOT_LET_IN))
    }
}

fn person_name(name: &str) -> Option<&str> {
    let name = name.trim();
    let fits = (1..=200).contains(&name.chars().count()) && !name.chars().any(char::is_control);
    fits.then_some(name)
}

/// Stores a password under a fresh subject.
struct StorePassword<'a> {
    phc: &'a str,
}

#[async_trait]
impl OldOperation for StorePassword<'_> {
    type Loaded = ();
    type Plan = Subject;
    type Answer = Subject;

    async fn load(&self, _: &mut Reader<'_>) -> Result<(), Fault> {
        Ok(())
    }

    fn decide(&self, (): (), moment: &Moment<'_>) -> OldDecision<Subject> {
        let subject = Subject::generate(moment.random);
        let credential =
            Credential { subject: subject.clone(), phc: self.phc.to_owned(), generation: FIRST, set_at: moment.now };
        let mut changes = Changes::none();
        changes.insert(&credential);
        OldDecision::changing(subject, changes)
    }

    async fn seal(&self, plan: Subject, _: &mut Changes) -> Result<Subject, Fault> {
        Ok(plan)
    }
}

/// Takes back a password whose account was not created.
struct ForgetPassword<'a> {
    subject: &'a Subject,
}

#[async_trait]
impl OldOperation for ForgetPassword<'_> {
    type Loaded = Option<Stored<Credential>>;
    type Plan = ();
    type Answer = ();

    async fn load(&self, reader: &mut Reader<'_>) -> Result<Self::Loaded, Fault> {
        reader.load(Credential::at(self.subject.as_str())).await
    }

    fn decide(&self, found: Self::Loaded, _: &Moment<'_>) -> OldDecision<()> {
        let mut changes = Changes::none();
        if let Some(found) = &found {
            changes.delete(found);
        }
        OldDecision::changing((), changes)
    }

    async fn seal(&self, (): (), _: &mut Changes) -> Result<(), Fault> {
        Ok(())
    }
}

impl From<SignUpRefusal> for SignUpError {
    fn from(refusal: SignUpRefusal) -> Self {
        SignUpError::Refused(refusal)
    }
}

impl From<Fault> for SignUpError {
    fn from(fault: Fault) -> Self {
        SignUpError::Failed(fault)
    }
}

impl From<Held> for SignUpError {
    fn from(held: Held) -> Self {
        match held {
            Held::RetryAfter(wait) => SignUpError::Throttled(wait),
            Held::Failed(fault) => SignUpError::Failed(fault),
        }
    }
}

impl From<HashingError> for SignUpError {
    fn from(error: HashingError) -> Self {
        match error {
            HashingError::Busy(busy) => SignUpError::Busy(busy.retry_after),
            HashingError::Failed(fault) => SignUpError::Failed(fault),
        }
    }
}

/// The generation of a subject's first password.
const FIRST: u32 = 1;
const NOT_LET_IN: Fault = Fault::Internal("the account that was just created is not let in");
