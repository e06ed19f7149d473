//! Who is asked, and what they say.

mod countersign;
mod jose;
pub mod josekit;
pub mod jsonwebtoken;

use std::cell::Cell;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use serde_json::Value;

pub use self::josekit::Josekit;
pub use self::jsonwebtoken::Jsonwebtoken;
pub use countersign::Countersign;
pub use jose::Jose;

/// Another implementation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Peer {
    /// npm `jose`.
    Jose,
    /// The crate `josekit`.
    Josekit,
    /// The crate `jsonwebtoken`, on aws-lc-rs.
    Jsonwebtoken,
}

impl Peer {
    /// All of them.
    pub const ALL: [Peer; 3] = [Peer::Jose, Peer::Josekit, Peer::Jsonwebtoken];
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Peer::Jose => "jose",
            Peer::Josekit => "josekit",
            Peer::Jsonwebtoken => "jsonwebtoken",
        })
    }
}

/// What somebody says to a token.
#[derive(Debug)]
pub enum Verdict {
    /// It is accepted, and this is what it says.
    Accepted(Content),
    /// It is refused; why, in the words of whoever refuses.
    Refused(String),
    /// No verdict: the code that should have given one panicked. Counts as a refusal.
    Fault,
    /// The question cannot be asked.
    NotAsked,
}

impl Verdict {
    /// Whether the token is accepted.
    pub fn accepts(&self) -> bool {
        matches!(self, Verdict::Accepted(_))
    }

    /// Whether there is a verdict.
    pub fn was_asked(&self) -> bool {
        !matches!(self, Verdict::NotAsked)
    }
}

/// What an accepted token says.
#[derive(Debug)]
pub enum Content {
    /// The claims.
    Claims(Value),
    /// The payload.
    Payload(Vec<u8>),
}

impl Content {
    /// Whether both say the same, as far as `peer` can tell.
    pub fn agrees(&self, other: &Content, peer: Peer) -> bool {
        match (self, other) {
            (Content::Payload(ours), Content::Payload(theirs)) => ours == theirs,
            (Content::Claims(ours), Content::Claims(theirs)) => same(ours, theirs, peer),
            (Content::Payload(bytes), Content::Claims(claims)) | (Content::Claims(claims), Content::Payload(bytes)) => {
                serde_json::from_slice::<Value>(bytes).is_ok_and(|value| same(&value, claims, peer))
            }
        }
    }
}

/// Equal, where JavaScript has doubles for all numbers.
fn same(ours: &Value, theirs: &Value, peer: Peer) -> bool {
    match (ours, theirs) {
        (Value::Number(ours), Value::Number(theirs)) if peer == Peer::Jose => ours.as_f64() == theirs.as_f64(),
        (Value::Array(ours), Value::Array(theirs)) => {
            ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(ours, theirs)| same(ours, theirs, peer))
        }
        (Value::Object(ours), Value::Object(theirs)) => {
            ours.len() == theirs.len()
                && ours.iter().all(|(name, ours)| theirs.get(name).is_some_and(|theirs| same(ours, theirs, peer)))
        }
        (ours, theirs) => ours == theirs,
    }
}

thread_local! {
    static PEER_JUDGES: Cell<bool> = const { Cell::new(false) };
}

/// Has a peer judge. Should it panic, that is its verdict.
fn judge_by_peer<E: fmt::Display>(judge: impl FnOnce() -> Result<Content, E>) -> Verdict {
    PEER_JUDGES.set(true);
    let judged = catch_unwind(AssertUnwindSafe(judge));
    PEER_JUDGES.set(false);
    match judged {
        Ok(Ok(content)) => Verdict::Accepted(content),
        Ok(Err(error)) => Verdict::Refused(error.to_string()),
        Err(_) => Verdict::Fault,
    }
}

/// From now on, a peer that panics does so without a message: it is counted. Everybody else's panics are shown.
pub fn hide_panics_of_peers() {
    let shown = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if !PEER_JUDGES.get() {
            shown(panic);
        }
    }));
}
