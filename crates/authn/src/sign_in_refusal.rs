//! Why a person is not signed in.

use std::time::Duration;

use countersign_storage::Stopped;
use countersign_web::refusals;

use crate::password::PasswordRefusal;
use crate::password_hasher::HashingError;
use crate::throttling::Held;

refusals! {
    /// Why a person is not signed in. It says no more than they may know.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    #[non_exhaustive]
    pub enum SignInRefusal {
        /// Too many passwords are being hashed.
        Busy {
            /// When to try again.
            retry_after: Duration,
        } => [SERVICE_UNAVAILABLE "SERVICE_UNAVAILABLE" "RFC 9110 §15.6.4" "The server is busy. Try again later."],
        /// Unknown address, wrong password or disabled account: nobody is told which.
        InvalidCredentials => [
            UNAUTHORIZED "INVALID_EMAIL_OR_PASSWORD" "own" "The e-mail address or the password is wrong."
        ],
        /// There is no living session to confirm ([`crate::Authn::confirm`]).
        NotSignedIn => [UNAUTHORIZED "UNAUTHORIZED" "own" "You are not signed in."],
        /// It has more bytes than any password. Nothing was compared.
        PasswordTooLong => [BAD_REQUEST "PASSWORD_TOO_LONG" "own" "The password is too long: at most 1024 bytes."],
        /// Too many failures.
        Throttled {
            /// When to try again.
            retry_after: Duration,
        } => [
            TOO_MANY_REQUESTS "TOO_MANY_REQUESTS" "NIST SP 800-63B §3.2.2" "Too many attempts. Try again later."
        ],
    }
}

impl SignInRefusal {
    /// The `Retry-After`, where trying again later can help (RFC 9110 §10.2.3).
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            SignInRefusal::Busy { retry_after } | SignInRefusal::Throttled { retry_after } => Some(*retry_after),
            SignInRefusal::InvalidCredentials | SignInRefusal::NotSignedIn | SignInRefusal::PasswordTooLong => None,
        }
    }
}

impl From<SignInRefusal> for Stopped<SignInRefusal> {
    fn from(refusal: SignInRefusal) -> Self {
        Stopped::Refused(refusal)
    }
}

impl From<PasswordRefusal> for Stopped<SignInRefusal> {
    /// A presented password is judged by its length alone.
    fn from(_: PasswordRefusal) -> Self {
        Stopped::Refused(SignInRefusal::PasswordTooLong)
    }
}

impl From<Held> for SignInRefusal {
    fn from(Held { retry_after }: Held) -> Self {
        SignInRefusal::Throttled { retry_after }
    }
}

impl From<HashingError> for Stopped<SignInRefusal> {
    fn from(error: HashingError) -> Self {
        match error {
            HashingError::Busy(busy) => Stopped::Refused(SignInRefusal::Busy { retry_after: busy.retry_after }),
            HashingError::Failed(fault) => Stopped::Failed(fault),
        }
    }
}
