//! How often somebody may try ([NIST SP 800-63B §3.2.2]).
//!
//! Attempts are counted **before** the password is looked at: counting the wrong ones afterwards would let any number of
//! simultaneous guesses through. What was right is taken back, so that the limits count failures.
//!
//! Who is kept waiting, and how long, depends on where an attempt comes from:
//!
//! - a **stranger** waits longer the more often somebody guessed at an account: some seconds, then up to a minute, then up to
//!   ten. All strangers share these counts, or a thousand addresses would have a thousand times as many guesses;
//! - a **device that signed in to the account before** (`known_device.rs`) and a **session that confirms itself** have
//!   counts of their own: no guessing of strangers keeps the owner out;
//! - an **address** has one more count, over all accounts, for strangers and confirmations.
//!
//! An attempt is counted everywhere or, where one count is full, nowhere.
//!
//! [NIST SP 800-63B §3.2.2]: https://pages.nist.gov/800-63-4/sp800-63b.html

use std::time::Duration;

use countersign_storage::{Allowance, Count, Limit, Network, Stopped, Timestamp};

use crate::authn::Authn;
use crate::context::Context;
use crate::policy::AuthnPolicy;

/// The attempt is not allowed yet.
pub(crate) struct Held {
    pub(crate) retry_after: Duration,
}

/// Where an attempt at an account comes from.
pub(crate) enum Origin<'a> {
    /// From a stranger. The account is named by its address, so that an address without an account waits as well.
    Stranger(&'a str),
    /// A browser that signed in to it before, by the name of both.
    Device(String),
    /// The session that is in use, by its public name.
    Session(&'a str),
}

/// An attempt that was counted.
pub(crate) struct Attempt {
    counts: Vec<(&'static str, String, Limit)>,
    at: Timestamp,
}

impl Authn {
    pub(crate) async fn count_sign_up(&self, context: &Context) -> Result<(), Stopped<Held>> {
        let Some(peer) = context.peer else { return Ok(()) };
        let network = Network::of(peer).to_string();
        within(self.throttle.attempt("sign_up_address", &network, self.policy.sign_ups_per_address).await?)
    }

    /// A text that is nobody's address is counted for the network address alone that it comes from.
    pub(crate) async fn count_attempt(
        &self,
        from: Option<Origin<'_>>,
        context: &Context,
    ) -> Result<Attempt, Stopped<Held>> {
        let policy = &self.policy;
        let network = context.peer.map(|peer| Network::of(peer).to_string());
        let network = network.map(|network| ("sign_in_address", network, policy.attempts_per_address));
        let each = policy.attempts_per_account;
        let counts: Vec<_> = match from {
            // It does not wait for what others do from the same office, either.
            Some(Origin::Device(device)) => vec![("sign_in_device", device, each)],
            Some(Origin::Session(id)) => {
                network.into_iter().chain([("confirm_session", id.to_owned(), each)]).collect()
            }
            Some(Origin::Stranger(email)) => {
                let strangers = policy.strangers().map(|(what, limit)| (what, email.to_owned(), limit));
                network.into_iter().chain(strangers).collect()
            }
            None => network.into_iter().collect(),
        };
        let attempt = Attempt { counts, at: self.ports.now() };
        within(self.throttle.attempt_all(&attempt.counts()).await?)?;
        Ok(attempt)
    }

    /// Takes an attempt back that was right. Where that cannot be written, it stays counted, and the person is signed in all the
    /// same.
    pub(crate) async fn forgive(&self, attempt: &Attempt) {
        let _ = self.throttle.forgive(&attempt.counts(), attempt.at).await;
    }
}

impl Attempt {
    fn counts(&self) -> Vec<Count<'_>> {
        self.counts.iter().map(|(what, who, limit)| Count { what, who, limit: *limit }).collect()
    }
}

impl AuthnPolicy {
    /// Half of the attempts within a sixth of the window, all of them in one window, and three times as many in ten.
    fn strangers(&self) -> [(&'static str, Limit); 3] {
        let Limit { attempts, window } = self.attempts_per_account;
        [
            ("sign_in_burst", Limit::new(attempts.div_ceil(2), window / 6)),
            ("sign_in_account", Limit::new(attempts, window)),
            ("sign_in_siege", Limit::new(attempts.saturating_mul(3), window.saturating_mul(10))),
        ]
    }
}

fn within(allowance: Allowance) -> Result<(), Stopped<Held>> {
    match allowance {
        Allowance::Allowed => Ok(()),
        Allowance::RetryAfter(retry_after) => Err(Stopped::Refused(Held { retry_after })),
    }
}
