//! Sessions: kept on the server, found by the hash of the secret in the cookie ([NIST SP 800-63B §5], [ASVS 5.0 §7]).
//!
//! A session is dead when it was idle for too long; when it is too old, however busy; when it was ended, by itself or with
//! others (`session_epoch.rs`); and when its account was disabled since it began, also where the account is let in again.
//!
//! One that is seen to be too old or idle is deleted at once: a clock that is set back must not bring it back. What else is
//! dead stays stored until it expires, and opens nothing.
//!
//! [NIST SP 800-63B §5]: https://pages.nist.gov/800-63-4/sp800-63b.html
//! [ASVS 5.0 §7]: https://github.com/OWASP/ASVS/tree/v5.0.0/5.0/en

use std::net::IpAddr;

use countersign_storage::{
    Account, Action, Actor, Authentication, Event, Handle, Index, Kind, Moment, Record, Secret, SessionEnding, Subject,
    Timestamp, secret,
};
use serde::{Deserialize, Serialize};

use crate::context::Context;
use crate::policy::AuthnPolicy;
use crate::session_epoch::{self, SessionEpoch};

/// A session as its owner may see it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Session {
    /// Its public name, `ses_…`. It opens nothing.
    pub id: String,
    /// Who signed in.
    pub subject: Subject,
    /// When the password was last verified.
    pub auth_time: Timestamp,
    /// The name of that verification. It is another one each time, also within one second.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub sign_in_id: String,
    /// How: the values of [RFC 8176], `pwd`.
    ///
    /// [RFC 8176]: https://www.rfc-editor.org/rfc/rfc8176
    pub amr: Vec<String>,
    /// When it began.
    pub created_at: Timestamp,
    /// When it was last used, give or take [`AuthnPolicy::last_seen_every`].
    pub last_seen_at: Timestamp,
    /// When it ends if it is not used again.
    pub expires_at: Timestamp,
    /// The browser that signed in, as it named itself; at most 256 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    /// From where.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip: Option<IpAddr>,
    /// The generation of the account that it began in; it holds in no other ([`Account::carries`]).
    #[serde(default)]
    pub account_generation: u32,
    /// The epoch of the person's sessions that it began in: [`crate::Authn::revoke_other_sessions`] begins the next.
    #[serde(default)]
    pub epoch: u64,
}

/// A fresh session, with its secret. Nobody can learn the secret later.
#[derive(Clone, Debug)]
pub struct SignedInSession {
    /// The secret for the cookie ([`crate::Authn::set_cookie`]).
    pub cookie: Secret,
    /// What lets the browser be known the next time ([`crate::Authn::set_device_cookie`]); it opens nothing.
    pub device: Secret,
    /// What its owner may see of it.
    pub session: Session,
    /// When it ends, however much it is used.
    pub ends_at: Timestamp,
}

impl Session {
    /// The proof of sign-in that issuer and approvals take.
    pub fn authentication(&self) -> Authentication {
        Authentication::asserted(self.subject.clone(), self.id.clone(), self.auth_time, self.amr.clone())
            .by_sign_in(self.sign_in_id.clone())
            .in_generation(self.account_generation)
    }
}

/// A session as it is stored. The key is the hash of the cookie's secret; the secret itself is nowhere.
///
/// One session ends by deleting this record, not by a withdrawal beside it. The delete names the version that it read, and a
/// use may have written down another one meanwhile. But a use writes at most once in each
/// [`AuthnPolicy::last_seen_every`], however many there are, so the delete loses once at the most and wins the next time.
/// What ends is then gone: nothing has to be kept to say so, and a look-up reads one record less. Where many sessions end
/// together, that is a write of its own: [`SessionEpoch`](crate::session_epoch::SessionEpoch).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct SessionRecord {
    pub(crate) handle: Handle,
    #[serde(flatten)]
    pub(crate) session: Session,
    pub(crate) ends_at: Timestamp,
}

impl Record for SessionRecord {
    const KIND: Kind = Kind::new("session");

    fn id(&self) -> String {
        self.handle.as_str().to_owned()
    }

    fn indexes(&self) -> Vec<Index> {
        vec![by_subject(&self.session.subject), by_public_id(&self.session.id)]
    }

    fn expires_at(&self) -> Option<Timestamp> {
        Some(self.session.expires_at)
    }
}

pub(crate) fn by_subject(subject: &Subject) -> Index {
    Index::new("subject", subject.as_str())
}

pub(crate) fn by_public_id(id: &str) -> Index {
    Index::new("session_id", id)
}

/// How a session stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Standing {
    /// Alive, with nothing to write down.
    Alive,
    /// Alive, and its last use is to be written down.
    Unrecorded,
    /// Dead by its clocks.
    Dead,
}

impl SessionRecord {
    /// A fresh session in an epoch of a person whose password was verified at `now`, and its secret.
    pub(crate) fn start(
        account: &Account,
        epoch: u64,
        context: &Context,
        policy: &AuthnPolicy,
        moment: &Moment<'_>,
    ) -> (Secret, SessionRecord) {
        let cookie = Secret::generate(moment.random);
        let ends_at = moment.now + policy.session_absolute;
        let session = Session {
            id: secret::identifier("ses", moment.random),
            subject: account.subject.clone(),
            auth_time: moment.now,
            sign_in_id: fresh_sign_in(moment),
            amr: vec!["pwd".to_owned()],
            created_at: moment.now,
            last_seen_at: moment.now,
            expires_at: ends_at.min(moment.now + policy.session_idle),
            user_agent: context.user_agent.as_deref().map(shown),
            ip: context.peer,
            account_generation: account.generation,
            epoch,
        };
        let record = SessionRecord { handle: cookie.handle(), session, ends_at };
        (cookie, record)
    }

    /// Whether nothing but its clocks can have ended it: its account may act and was not disabled since, and it was not
    /// ended together with others.
    pub(crate) fn holds(&self, account: Option<&Account>, epoch: Option<&SessionEpoch>) -> bool {
        account.is_some_and(|account| account.carries(self.session.account_generation))
            && session_epoch::holds(epoch, self.session.epoch, &self.session.id)
    }

    /// Judges by what is stored and by today's policy: whichever ends it first.
    pub(crate) fn standing(&self, policy: &AuthnPolicy, now: Timestamp) -> Standing {
        let Session { created_at, last_seen_at, expires_at, .. } = &self.session;
        let end = (*expires_at)
            .min(self.ends_at)
            .min(*created_at + policy.session_absolute)
            .min(*last_seen_at + policy.session_idle);
        if now >= end {
            Standing::Dead
        } else if now.since(*last_seen_at) >= policy.last_seen_every.min(policy.session_idle / 4).max(ONE_SECOND) {
            Standing::Unrecorded
        } else {
            Standing::Alive
        }
    }

    /// Writes down a use.
    pub(crate) fn seen(&mut self, policy: &AuthnPolicy, now: Timestamp) {
        self.session.last_seen_at = self.session.last_seen_at.max(now);
        self.session.expires_at = self.ends_at.min(self.session.last_seen_at + policy.session_idle);
    }

    /// That the session ended, and why.
    pub(crate) fn ended(&self, actor: Actor, reason: SessionEnding) -> Event {
        ended(&self.session.id, &self.session.subject, actor, reason)
    }
}

/// That a session ended, and why.
pub(crate) fn ended(session_id: &str, subject: &Subject, actor: Actor, reason: SessionEnding) -> Event {
    let action = Action::SessionEnd { session_id: Some(session_id.to_owned()), kept: None, reason };
    Event::new(action, actor).for_subject(subject)
}

/// The event's actor, for what a person does by themselves.
pub(crate) fn person(subject: &Subject) -> Actor {
    Actor::Person { subject: subject.clone() }
}

/// The name of a verification that has just happened.
pub(crate) fn fresh_sign_in(moment: &Moment<'_>) -> String {
    secret::identifier("sgn", moment.random)
}

/// A header as it may be shown later: bounded, without control characters.
fn shown(user_agent: &str) -> String {
    user_agent.chars().filter(|c| !c.is_control()).take(256).collect()
}

const ONE_SECOND: std::time::Duration = std::time::Duration::from_secs(1);
