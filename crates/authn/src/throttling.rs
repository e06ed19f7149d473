//! How often somebody may try ([NIST SP 800-63B §3.2.2]).
//!
//! Attempts are counted **before** the password is looked at, the right ones too: counting the wrong ones afterwards would
//! let any number of simultaneous guesses through. The address is asked first, so that an address that is already over its
//! limit can not use up an account's. There is no exception for a device that signed in before: who is kept out by somebody
//! else's guessing waits until the window ends, at most a minute by default.

use std::time::Duration;

use countersign_storage::{Allowance, EmailAddress, Fault};
use countersign_web::peer::Network;

use crate::authn::{Authn, Context};

/// What is not an allowed attempt.
pub(crate) enum Held {
    RetryAfter(Duration),
    Failed(Fault),
}

impl From<Fault> for Held {
    fn from(fault: Fault) -> Self {
        Held::Failed(fault)
    }
}

impl Authn {
    pub(crate) async fn count_sign_up(&self, context: &Context) -> Result<(), Held> {
        let Some(peer) = context.peer else { return Ok(()) };
        within(
            self.throttle
                .attempt("sign_up_address", &Network::of(peer).to_string(), self.policy.sign_ups_per_address)
                .await?,
        )
    }

    pub(crate) async fn count_attempt_from(&self, context: &Context) -> Result<(), Held> {
        let Some(peer) = context.peer else { return Ok(()) };
        within(
            self.throttle
                .attempt("sign_in_address", &Network::of(peer).to_string(), self.policy.attempts_per_address)
                .await?,
        )
    }

    /// By address and not by subject, so that an address without an account is held up all the same.
    pub(crate) async fn count_attempt_at(&self, email: &EmailAddress) -> Result<(), Held> {
        within(self.throttle.attempt("sign_in_account", email.as_str(), self.policy.attempts_per_account).await?)
    }
}

fn within(allowance: Allowance) -> Result<(), Held> {
    match allowance {
        Allowance::Allowed => Ok(()),
        Allowance::RetryAfter(wait) => Err(Held::RetryAfter(wait)),
    }
}
