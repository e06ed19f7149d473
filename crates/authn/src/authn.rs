//! What sign-in is made of: its ports and its policy.

use std::sync::Arc;

use countersign_storage::{Accounts, Fault, KeyRing, Ports, Secret, Subject, Throttle};
use countersign_web::cookie::{CookieName, Lasting};
use http::{HeaderMap, HeaderValue};

pub use crate::context::Context;
use crate::cookie;
use crate::known_device::KnownDevice;
use crate::password_hasher::PasswordHasher;
pub use crate::policy::AuthnPolicy;
use crate::session::SignedInSession;

/// Sign-in. Its methods live in the files named after them: [`crate::sign_up`], [`crate::sign_in`],
/// [`crate::sign_out`], [`crate::confirm`], [`crate::look_up`], [`crate::sessions`].
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
    /// What an operator decided.
    pub policy: AuthnPolicy,
}

impl Authn {
    /// Makes the sign-in of these parts.
    pub fn new(config: AuthnConfig) -> Self {
        let AuthnConfig { ports, accounts, throttle, hasher, cookie, key_ring, policy } = config;
        Authn { ports, accounts, throttle, hasher, cookie, key_ring, policy }
    }

    /// What the session cookie is called.
    pub fn cookie_name(&self) -> CookieName {
        self.cookie
    }

    /// Reads the session cookie of a request. Its session may have ended.
    pub fn cookie(&self, headers: &HeaderMap) -> Option<Secret> {
        cookie::read(headers, self.cookie)
    }

    /// The `Set-Cookie` that gives a fresh session to the browser. It lasts as long as the session can at the most.
    pub fn set_cookie(&self, signed_in: &SignedInSession) -> HeaderValue {
        let lifetime = signed_in.ends_at.since(self.ports.now());
        self.cookie.set(signed_in.cookie.expose(), Lasting::For(lifetime))
    }

    /// Reads the cookie of a request that says to which accounts this browser signed in.
    pub fn device(&self, headers: &HeaderMap) -> Option<String> {
        self.device_cookie().read(headers)
    }

    /// The `Set-Cookie` by which the browser is known the next time. Set it together with [`Authn::set_cookie`]. Leave it when
    /// the person signs out: it signs nobody in.
    pub fn set_device_cookie(&self, signed_in: &SignedInSession) -> HeaderValue {
        self.device_cookie().set(signed_in.device.expose(), Lasting::For(self.policy.device_remembered))
    }

    /// Makes what the browser keeps after a person signed in with the password of this generation.
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
}

impl std::fmt::Debug for Authn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authn").field("policy", &self.policy).finish_non_exhaustive()
    }
}
