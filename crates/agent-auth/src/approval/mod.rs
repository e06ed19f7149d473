//! A person answers an agent ([Agent Auth §7.1], §8.10, §8.11): what they are shown, and what their answer does.
//!
//! What is approved is what was shown: the view carries a hash of the whole question as this person sees it in this
//! session, the answer must bring it back, and any change in between voids it. Approving takes a sign-in of the last minutes;
//! denying does not. An answer that is given twice within a minute is told twice and counts once.

mod answered;
mod decide;
mod view;

pub(crate) use answered::Answered;
pub(crate) use view::limits;

use std::time::Duration;

use countersign_storage::{Fault, Timestamp};
use http::StatusCode;
use serde::{Deserialize, Serialize};

/// The question, to be shown to a person. All texts that came from the agent or its host are cleaned and bounded. Show them
/// as they are, as quotations, escaped for where they stand: what is shown is what is answered.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct ApprovalView {
    /// What the agent calls itself.
    pub agent_name: String,
    /// What its host calls itself.
    pub host_name: Option<String>,
    /// Why it asks, in its own words.
    pub reason: Option<String>,
    /// Whether this is about the agent itself, or about more for an agent that is at work already.
    pub stage: Stage,
    /// What it asks for.
    pub capabilities: Vec<RequestedView>,
    /// What approval does to the host.
    pub host_link: HostLink,
    /// How long the host stays linked when it is not used.
    pub host_lasts: Duration,
    /// Names of agents under the host that act for nobody so far, and that become this person's by approval: they stop,
    /// and their history is kept under the person's name ([Agent Auth §2.10]).
    pub claims: Vec<String>,
    /// When the question lapses.
    pub expires_at: Timestamp,
    /// Whether the person may approve as they are signed in.
    pub freshness: Freshness,
    /// Proves that this person was shown this question in this session, after this sign-in. Send it back with the answer.
    /// It is worth nothing in another session, and nobody but the provider can make one.
    pub shown: String,
}

/// What a question is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stage {
    /// A new agent: nothing works before the answer, and denying it ends it.
    Registration,
    /// An agent at work wants more; denying leaves it as it is.
    Escalation,
}

/// One capability that is asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct RequestedView {
    /// Its name, to be sent back when approved.
    pub name: String,
    /// What it does, in the server's words.
    pub description: String,
    /// What each field may be, one sentence each; fields without a limit are told too. Empty for a capability without
    /// arguments. Values are whole, and what does not print in them is written as `\u{200B}`.
    pub limits: Vec<String>,
    /// How long the grant lasts unless the answer says less; `None` where nothing but its agent's end ends it.
    pub lasts: Option<Duration>,
}

/// What approval does to the host.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum HostLink {
    /// It becomes this person's.
    WillLink,
    /// It is this person's already.
    Linked,
}

/// Whether a sign-in is recent enough to approve.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Freshness {
    /// It is.
    Fresh,
    /// The person must sign in again first.
    SignInAgain,
}

/// A person's answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ApprovalAnswer {
    /// Yes, to these of the capabilities; the others are denied. None at all lets the agent exist with nothing.
    Approve {
        /// Names out of [`ApprovalView::capabilities`].
        capabilities: Vec<String>,
        /// How long the grants last at the most, in whole seconds; each ends sooner where [`RequestedView::lasts`] says so.
        /// `None` leaves it at that.
        at_most: Option<Duration>,
    },
    /// No.
    Deny,
}

/// What an answer did.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decided {
    /// Approved, at least in part.
    Approved {
        /// What the agent may do now.
        granted: Vec<String>,
        /// What it was denied.
        denied: Vec<String>,
    },
    /// Denied as a whole.
    Denied,
}

/// Why a question is not shown, or an answer not taken.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ApprovalError {
    /// The account of who answers is disabled, or was since they signed in.
    #[error("the account may not be used")]
    AccountUnusable,
    /// The question is not the one that was shown any more. Show it again.
    #[error("the request has changed since it was shown")]
    Changed,
    /// The question was answered already, otherwise or by another person or in another session.
    #[error("the request was answered already")]
    Decided,
    /// The code has lapsed.
    #[error("the code has expired; the agent must ask again")]
    Expired,
    /// The host belongs to another person.
    #[error("the agent's host is linked to another person")]
    ForeignHost,
    /// The sign-in is too old to approve with.
    #[error("approving takes a fresh sign-in")]
    FreshSessionRequired,
    /// Something was ticked that was never asked for.
    #[error("a capability that was not asked for cannot be approved")]
    NotAsked,
    /// Too many codes were tried. Try again after this long.
    #[error("too many attempts; try again later")]
    Throttled(Duration),
    /// The person has as many hosts as they may have. One must be revoked first.
    #[error("no more hosts can be linked to this person; revoke one first")]
    TooManyHosts,
    /// No open question has this code: it was mistyped, or replaced by a newer one.
    #[error("no open request has this code")]
    UnknownCode,
    /// A fault of ours.
    #[error(transparent)]
    Failed(#[from] Fault),
}

impl ApprovalError {
    /// A stable name.
    pub fn code(&self) -> &'static str {
        match self {
            ApprovalError::AccountUnusable => "unauthorized",
            ApprovalError::Changed => "approval_changed",
            ApprovalError::Decided => "approval_decided",
            ApprovalError::Expired => "approval_expired",
            ApprovalError::Failed(_) => "internal_error",
            ApprovalError::ForeignHost => "unauthorized",
            ApprovalError::FreshSessionRequired => "fresh_session_required",
            ApprovalError::NotAsked => "invalid_capabilities",
            ApprovalError::Throttled(_) => "rate_limited",
            ApprovalError::TooManyHosts => "host_limit_reached",
            ApprovalError::UnknownCode => "invalid_user_code",
        }
    }

    /// The status of a page or API that reports it.
    pub fn status(&self) -> StatusCode {
        match self {
            ApprovalError::Changed | ApprovalError::Decided | ApprovalError::TooManyHosts => StatusCode::CONFLICT,
            ApprovalError::Expired => StatusCode::GONE,
            ApprovalError::Failed(fault) => fault.status(),
            ApprovalError::AccountUnusable
            | ApprovalError::ForeignHost
            | ApprovalError::FreshSessionRequired
            | ApprovalError::UnknownCode => StatusCode::FORBIDDEN,
            ApprovalError::NotAsked => StatusCode::BAD_REQUEST,
            ApprovalError::Throttled(_) => StatusCode::TOO_MANY_REQUESTS,
        }
    }
}
