//! What an operator may decide about sign-in.

use std::time::Duration;

use countersign_storage::Limit;

/// What an operator may decide. The default is what we advise.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AuthnPolicy {
    /// How long a session lives without being used: 1 day.
    pub session_idle: Duration,
    /// How long a session lives at the most, however much it is used: 7 days.
    pub session_absolute: Duration,
    /// How often a session's last use is written down, at the most: 60 s. Never less often than four times in
    /// `session_idle`, so that a short idle limit still sees the use.
    pub last_seen_every: Duration,
    /// How many guesses a chosen password must be expected to withstand, as a power of ten: 8, below which the estimator
    /// calls a password weak. 0 accepts any; 12 refuses what two common words make.
    pub password_guesses: u8,
    /// How many sessions a person has at once, 1 to 900: 100. One more ends the one that was not used for the longest time.
    pub sessions_per_account: u32,
    /// Failures at one account, known or not: 10 a minute. Strangers share them, and wait longer the more they fail: 5 in
    /// 10 s, 10 in a minute, 30 in ten minutes. Each device that signed in before has 10 a minute of its own. The windows
    /// are fixed, so that at most twice as many fit into the worst minute: 20.
    pub attempts_per_account: Limit,
    /// Failures to sign in from one address (for IPv6 from one /64): 60 a minute, for whole offices share one.
    pub attempts_per_address: Limit,
    /// How long a device is remembered after a sign-in: 180 days.
    pub device_remembered: Duration,
    /// Sign-ups from one address: 30 a minute. Each costs a password hash and a row.
    pub sign_ups_per_address: Limit,
}

impl Default for AuthnPolicy {
    fn default() -> Self {
        const MINUTE: Duration = Duration::from_secs(60);
        const DAY: Duration = Duration::from_secs(24 * 60 * 60);
        AuthnPolicy {
            session_idle: DAY,
            session_absolute: DAY.saturating_mul(7),
            last_seen_every: MINUTE,
            password_guesses: 8,
            sessions_per_account: 100,
            attempts_per_account: Limit::new(10, MINUTE),
            attempts_per_address: Limit::new(60, MINUTE),
            device_remembered: DAY.saturating_mul(180),
            sign_ups_per_address: Limit::new(30, MINUTE),
        }
    }
}

impl AuthnPolicy {
    /// [`AuthnPolicy::sessions_per_account`], within its range: what one page of a listing holds.
    pub(crate) fn places(&self) -> u32 {
        self.sessions_per_account.clamp(1, 900)
    }
}
