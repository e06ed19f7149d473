//! What sign-in is made of: its ports, its policy, and what it is told about a request.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use countersign_storage::{
    Accounts, Authentication, Fault, KeyRing, Limit, Page, Ports, Record, Secret, SessionState, SignedIn, Subject,
    Throttle,
};
use countersign_web::cookie::{CookieName, Lasting};
use http::{HeaderMap, HeaderValue};

use crate::cookie;
use crate::known_device::KnownDevice;
use crate::password_hasher::PasswordHasher;
use crate::session::{Session, SessionRecord, SignedInSession, Standing, by_public_id};
use crate::session_epoch::SessionEpoch;

/// Sign-in. Its methods live in the files named after them: [`crate::sign_up`], [`crate::sign_in`],
/// [`crate::sign_out`], [`crate::confirm`], [`crate::session`], [`crate::sessions`].
pub struct Authn {
    pub(crate) ports: Ports,
    pub(crate) accounts: Arc<dyn Accounts>,
    pub(crate) throttle: Arc<dyn Throttle>,
    pub(crate) hasher: Arc<PasswordHasher>,
    pub(crate) cookie: CookieName,
    pub(crate) key_ring: Arc<KeyRing>,
    pub(crate) policy: AuthnPolicy,
}

/// All that sign-in needs.
#[derive(Clone)]
pub struct AuthnConfig {
    /// Store, clock, randomness, audit.
    pub ports: Ports,
    /// Who has an account.
    pub accounts: Arc<dyn Accounts>,
    /// Who counts attempts.
    pub throttle: Arc<dyn Throttle>,
    /// Who hashes passwords.
    pub hasher: Arc<PasswordHasher>,
    /// What the session cookie is called: [`cookie::session_cookie`].
    pub cookie: CookieName,
    /// Seals what a browser keeps for us: which accounts it signed in to.
    pub key_ring: Arc<KeyRing>,
    /// The rest.
    pub policy: AuthnPolicy,
}

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

/// From where a person signs up or in.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Context {
    /// The address of the peer, from [`countersign_web::peer::PeerAddress`]. Without one there is no limit per address;
    /// the one per account holds all the same.
    pub peer: Option<IpAddr>,
    /// The `User-Agent` header, to be shown in the list of sessions.
    pub user_agent: Option<String>,
    /// The session cookie that the browser sent along, if any: that session ends on the server, so that a cookie which
    /// somebody planted before does not become the person's ([`cookie::read`]).
    pub previous: Option<Secret>,
    /// What [`Authn::set_device_cookie`] once gave to the browser ([`Authn::device`]). It opens nothing.
    pub device: Option<String>,
}

impl Authn {
    /// From its parts.
    pub fn new(config: AuthnConfig) -> Self {
        let AuthnConfig { ports, accounts, throttle, hasher, cookie, key_ring, policy } = config;
        Authn { ports, accounts, throttle, hasher, cookie, key_ring, policy }
    }

    /// What the session cookie is called.
    pub fn cookie_name(&self) -> CookieName {
        self.cookie
    }

    /// The session cookie of a request, alive or not.
    pub fn cookie(&self, headers: &HeaderMap) -> Option<Secret> {
        cookie::read(headers, self.cookie)
    }

    /// The `Set-Cookie` that gives a fresh session to the browser. It lasts as long as the session can at the most.
    pub fn set_cookie(&self, signed_in: &SignedInSession) -> HeaderValue {
        let lifetime = signed_in.ends_at.since(self.ports.now());
        self.cookie.set(signed_in.cookie.expose(), Lasting::For(lifetime))
    }

    /// The cookie of a request that says to which accounts this browser signed in.
    pub fn device(&self, headers: &HeaderMap) -> Option<String> {
        self.device_cookie().read(headers)
    }

    /// The `Set-Cookie` that lets the browser be known the next time. Set it together with [`Authn::set_cookie`], and leave
    /// it when the person signs out: it signs nobody in.
    pub fn set_device_cookie(&self, signed_in: &SignedInSession) -> HeaderValue {
        self.device_cookie().set(signed_in.device.expose(), Lasting::For(self.policy.device_remembered))
    }

    /// What the browser of a person is to keep who just signed in with the password of this generation.
    pub(crate) fn remember(&self, context: &Context, subject: &Subject, password: u32) -> Result<Secret, Fault> {
        let before = context.device.as_deref().and_then(|cookie| KnownDevice::open(&self.key_ring, cookie));
        let device = before.unwrap_or_else(|| KnownDevice::fresh(self.ports.random.as_ref()));
        let device = device.with(subject, password, self.ports.now(), self.policy.device_remembered);
        Ok(Secret::new(device.seal(&self.key_ring)?))
    }

    fn device_cookie(&self) -> CookieName {
        self.cookie.beside("countersign-device")
    }

    /// The `Set-Cookie` that takes the session cookie away.
    pub fn clear_cookie(&self) -> HeaderValue {
        self.cookie.clear()
    }

    /// The session of a request's cookie, if it is alive.
    ///
    /// # Errors
    /// [`Fault::Unavailable`]; never answered as "nobody".
    pub async fn session_of(&self, headers: &HeaderMap) -> Result<Option<Session>, Fault> {
        match self.cookie(headers) {
            Some(cookie) => self.session(&cookie).await,
            None => Ok(None),
        }
    }
}

#[async_trait]
impl SignedIn for Authn {
    async fn authentication(&self, headers: &HeaderMap) -> Result<Option<Authentication>, Fault> {
        Ok(self.session_of(headers).await?.map(|session| session.authentication()))
    }

    async fn session_state(&self, authentication: &Authentication) -> Result<SessionState, Fault> {
        let (id, subject) = (by_public_id(authentication.session_id()), authentication.subject());
        let mut reader = self.ports.reader();
        let (found, _) = reader.find::<SessionRecord>(&id, Page::first(1)).await?;
        let epoch = reader.load(SessionEpoch::at(subject.as_str())).await?;
        let account = self.accounts.by_subject(subject).await?;
        // As in a look-up by cookie.
        let alive = |found: &SessionRecord| {
            found.session.subject == *subject
                && found.standing(&self.policy, reader.now()) != Standing::Dead
                && found.holds(account.as_ref(), epoch.as_ref())
        };
        Ok(if found.iter().any(|found| alive(found)) { SessionState::Alive } else { SessionState::Ended })
    }
}

impl std::fmt::Debug for Authn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authn").field("policy", &self.policy).finish_non_exhaustive()
    }
}
