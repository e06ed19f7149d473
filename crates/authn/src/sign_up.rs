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
//!
//! [OWASP Authentication]: https://cheatsheetseries.owasp.org/cheatsheets/Authentication_Cheat_Sheet.html
//! [ASVS 5.0 §6.2]: https://github.com/OWASP/ASVS/tree/v5.0.0/5.0/en

use std::convert::Infallible;
use std::time::Duration;

use async_trait::async_trait;
use countersign_storage::{
    Changes, Decision, EmailAddress, EmailTaken, Fault, Moment, NewAccount, Operation, Reader, Record, Secret, Stopped,
    Stored, Subject,
};
use countersign_web::{refusals, white_space};

use crate::authn::Authn;
use crate::context::Context;
use crate::credential::Credential;
use crate::password::{Password, PasswordRefusal, personal};
use crate::password_hasher::HashingError;
use crate::session::SignedInSession;
use crate::start_session::{Occasion, StartSession};
use crate::throttling::Held;
use crate::verified::Verified;

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

refusals! {
    /// Why there is no new account.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    #[non_exhaustive]
    pub enum SignUpRefusal {
        /// Too many passwords are being hashed.
        Busy {
            /// When to try again.
            retry_after: Duration,
        } => [SERVICE_UNAVAILABLE "SERVICE_UNAVAILABLE" "RFC 9110 §15.6.4" "The server is busy. Try again later."],
        /// Somebody has an account with this address.
        EmailTaken => [
            UNPROCESSABLE_ENTITY "USER_ALREADY_EXISTS" "own" "There is an account with this e-mail address."
        ],
        /// The text is no e-mail address that we accept.
        InvalidEmail => [UNPROCESSABLE_ENTITY "INVALID_EMAIL" "own" "This is not an e-mail address."],
        /// The name is empty, too long, or holds control characters.
        InvalidName => [UNPROCESSABLE_ENTITY "INVALID_NAME" "own" "The name must have 1 to 200 characters."],
        /// The password must not be used.
        Password(refusal: PasswordRefusal) => inner,
        /// Too many sign-ups from one address.
        Throttled {
            /// When to try again.
            retry_after: Duration,
        } => [TOO_MANY_REQUESTS "TOO_MANY_REQUESTS" "own" "Too many attempts. Try again later."],
    }
}

impl SignUpRefusal {
    /// The `Retry-After`, where trying again later can help (RFC 9110 §10.2.3).
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            SignUpRefusal::Busy { retry_after } | SignUpRefusal::Throttled { retry_after } => Some(*retry_after),
            SignUpRefusal::EmailTaken
            | SignUpRefusal::InvalidEmail
            | SignUpRefusal::InvalidName
            | SignUpRefusal::Password(_) => None,
        }
    }
}

impl Authn {
    /// Creates an account and signs its owner in. The session in [`Context::previous`] ends.
    ///
    /// # Errors
    /// [`SignUpRefusal`], and the faults of the ports. Where a fault came late, the account exists and its owner can sign in.
    pub async fn sign_up(&self, sign_up: SignUp, context: &Context) -> Result<SignedInSession, Stopped<SignUpRefusal>> {
        let email = EmailAddress::parse(&sign_up.email).map_err(|_| SignUpRefusal::InvalidEmail)?;
        let name = person_name(&sign_up.name).ok_or(SignUpRefusal::InvalidName)?;
        let password = Password::chosen(&sign_up.password, &email, name).map_err(SignUpRefusal::Password)?;
        self.count_sign_up(context).await.map_err(|stopped| stopped.map(SignUpRefusal::from))?;
        let known = personal(&email, name);
        if let Some(weakness) = self.hasher.weakness(&password, known, self.policy.password_guesses).await? {
            return Err(SignUpRefusal::Password(PasswordRefusal::Guessable(weakness)).into());
        }
        // Only to save the work: who owns an address is settled where the account is created.
        if self.accounts.by_email(&email).await?.is_some() {
            return Err(SignUpRefusal::EmailTaken.into());
        }

        let phc = self.hasher.hash(&password, self.ports.random.as_ref()).await?;
        let subject = self.ports.perform(&StorePassword { phc: &phc }).await.map_err(Fault::from)?;
        let account = NewAccount { subject: subject.clone(), email, name: name.to_owned() };
        if let Err(error) = self.accounts.create(account).await {
            return Err(match error {
                Stopped::Refused(EmailTaken) => {
                    self.ports.perform(&ForgetPassword { subject: &subject }).await.map_err(Fault::from)?;
                    SignUpRefusal::EmailTaken.into()
                }
                // Whether the account was created is not known, so its password stays.
                Stopped::Failed(fault) => Stopped::Failed(fault),
            });
        }
        let verified = Verified { generation: FIRST, rehashed: None };
        let start = StartSession { authn: self, subject: &subject, verified, context, occasion: Occasion::SignUp };
        let started = self.ports.perform_sealing(&start).await;
        started.map_err(|stopped| match stopped {
            Stopped::Refused(_) => Stopped::Failed(NOT_LET_IN),
            Stopped::Failed(fault) => Stopped::Failed(fault),
        })
    }
}

fn person_name(name: &str) -> Option<&str> {
    let name = white_space::trim(name);
    // Judged with its ends: `trim` takes line breaks for white space, too.
    let is_plain = !name.chars().any(char::is_control);
    let name = name.trim();
    let fits = is_plain && (1..=200).contains(&name.chars().count());
    fits.then_some(name)
}

/// Stores a password under a fresh subject.
struct StorePassword<'a> {
    phc: &'a str,
}

#[async_trait]
impl Operation for StorePassword<'_> {
    type Loaded = ();
    type Granted = Subject;
    type Refusal = Infallible;

    async fn load(&self, _: &mut Reader<'_>) -> Result<(), Fault> {
        Ok(())
    }

    fn decide(&self, (): (), moment: &Moment<'_>) -> Decision<Subject, Infallible> {
        let subject = Subject::generate(moment.random);
        let credential =
            Credential { subject: subject.clone(), phc: self.phc.to_owned(), generation: FIRST, set_at: moment.now };
        let mut changes = Changes::none();
        changes.insert(&credential);
        Decision::grant(subject).changing(changes)
    }
}

/// Takes back a password whose account was not created.
struct ForgetPassword<'a> {
    subject: &'a Subject,
}

#[async_trait]
impl Operation for ForgetPassword<'_> {
    type Loaded = Option<Stored<Credential>>;
    type Granted = ();
    type Refusal = Infallible;

    async fn load(&self, reader: &mut Reader<'_>) -> Result<Self::Loaded, Fault> {
        reader.load(Credential::at(self.subject.as_str())).await
    }

    fn decide(&self, found: Self::Loaded, _: &Moment<'_>) -> Decision<(), Infallible> {
        let mut changes = Changes::none();
        if let Some(found) = &found {
            changes.delete(found);
        }
        Decision::grant(()).changing(changes)
    }
}

impl From<SignUpRefusal> for Stopped<SignUpRefusal> {
    fn from(refusal: SignUpRefusal) -> Self {
        Stopped::Refused(refusal)
    }
}

impl From<Held> for SignUpRefusal {
    fn from(Held { retry_after }: Held) -> Self {
        SignUpRefusal::Throttled { retry_after }
    }
}

impl From<HashingError> for Stopped<SignUpRefusal> {
    fn from(error: HashingError) -> Self {
        match error {
            HashingError::Busy(busy) => Stopped::Refused(SignUpRefusal::Busy { retry_after: busy.retry_after }),
            HashingError::Failed(fault) => Stopped::Failed(fault),
        }
    }
}

/// The generation of a subject's first password.
const FIRST: u32 = 1;
const NOT_LET_IN: Fault = Fault::Internal("the account that was just created is not let in");
