//! A person answers an agent ([Agent Auth §7.1], §8.10, §8.11): what they are shown, and what their answer does.
//!
//! What is approved is what was shown: the view carries a hash of the whole question as this person sees it in this
//! session, the answer must bring it back, and any change in between voids it. Approving takes a sign-in of the last minutes;
//! denying does not. An answer that is given twice within a minute is told twice and counts once.
//!
//! [Agent Auth §7.1]: https://agentauthprotocol.com/specification/v1.0-draft

mod answered;
mod decide;
mod refusal;
mod view;

pub(crate) use answered::Answered;
pub use refusal::ApprovalRefusal;
pub(crate) use view::limits;

use std::time::Duration;

use countersign_storage::Timestamp;
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
    ///
    /// [Agent Auth §2.10]: https://agentauthprotocol.com/specification/v1.0-draft
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
