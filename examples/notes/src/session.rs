//! Who is signed in to Notes: a random cookie, and what belongs to it, in memory. The map's keys are hashes, as they
//! would be in a database.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue};
use countersign_storage::{Clock, Handle, Secret, SystemClock, SystemRandom, Timestamp};
use countersign_web::cookie::{CookieName, Lasting};
use countersign_web::issuer_url::Transport;

use crate::sign_in::Pending;
pub use crate::signed_in::{Session, Tokens};

/// The cookie of a person who is signed in. This example runs on loopback `http`, so it is not `Secure`.
pub const SESSION: CookieName = CookieName::new("notes_session", Transport::Loopback);
/// The cookie of a browser on its way through the issuer.
pub const SIGN_IN: CookieName = CookieName::new("notes_sign_in", Transport::Loopback);

/// All sessions and pending sign-ins.
#[derive(Default)]
pub struct Sessions(Mutex<Maps>);

#[derive(Default)]
struct Maps {
    sessions: HashMap<Handle, (Timestamp, Session)>,
    pending: HashMap<Handle, (Timestamp, Pending)>,
}

impl Sessions {
    /// Remembers a sign-in that has begun, and gives the value of its cookie.
    pub fn begin_sign_in(&self, pending: Pending) -> Secret {
        let cookie = Secret::generate(&SystemRandom::default());
        self.maps().pending.insert(cookie.handle(), (SystemClock.now() + SIGN_IN_TIME, pending));
        cookie
    }

    /// Takes out the sign-in that this browser began.
    pub fn take_sign_in(&self, headers: &HeaderMap) -> Option<Pending> {
        let cookie = cookie(headers, SIGN_IN)?;
        self.maps().pending.remove(&cookie.handle()).map(|(_, pending)| pending)
    }

    /// Begins a session, and gives the value of its cookie.
    pub fn begin(&self, session: Session) -> Secret {
        let cookie = Secret::generate(&SystemRandom::default());
        self.maps().sessions.insert(cookie.handle(), (SystemClock.now() + SESSION_TIME, session));
        cookie
    }

    /// The session of this browser.
    pub fn find(&self, headers: &HeaderMap) -> Option<Session> {
        let cookie = cookie(headers, SESSION)?;
        self.maps().sessions.get(&cookie.handle()).map(|(_, session)| session.clone())
    }

    /// Keeps refreshed tokens.
    pub fn keep_tokens(&self, headers: &HeaderMap, tokens: &Tokens) {
        let Some(cookie) = cookie(headers, SESSION) else { return };
        if let Some((_, session)) = self.maps().sessions.get_mut(&cookie.handle()) {
            session.tokens = tokens.clone();
        }
    }

    /// Ends the session of this browser.
    pub fn end(&self, headers: &HeaderMap) {
        if let Some(cookie) = cookie(headers, SESSION) {
            self.maps().sessions.remove(&cookie.handle());
        }
    }

    /// The maps, without what is over.
    fn maps(&self) -> MutexGuard<'_, Maps> {
        let mut maps = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = SystemClock.now();
        maps.sessions.retain(|_, (until, _)| *until > now);
        maps.pending.retain(|_, (until, _)| *until > now);
        maps
    }
}

/// A `Set-Cookie` value.
pub fn set_cookie(name: CookieName, value: &Secret) -> HeaderValue {
    name.set(value.expose(), Lasting::UntilClosed)
}

fn cookie(headers: &HeaderMap, name: CookieName) -> Option<Secret> {
    Secret::presented(&name.read(headers)?)
}

const SESSION_TIME: Duration = Duration::from_secs(8 * 60 * 60);
const SIGN_IN_TIME: Duration = Duration::from_secs(30 * 60);
