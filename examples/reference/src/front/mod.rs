//! What is in front of a framework, the same for each: the sockets, and the work that they bring.
//!
//! - [`Front`] accepts connections, so many at once and an eighth of them for one network, and at the end waits for those that it has.
//! - [`Gate`] is one connection: it lets requests through one at a time, and only those that read in one way.
//! - [`Work`] is the site: it answers a request whatever its connection does meanwhile.
//!
//! Frameworks differ in what they forgive, in how far they read ahead of a peer that does not read, and in what becomes of a
//! request when its caller hangs up. Here they do not.

mod accept;
mod callers;
mod gate;
mod share;
mod turn;
mod work;

pub use accept::{Accepted, Front};
pub use gate::Gate;
pub use turn::{Answering, Turn};
pub use work::Work;

use std::time::Duration;

/// How long a peer can be at taking one answer, however steadily it does.
pub const WHOLE_ANSWER: Duration = Duration::from_secs(60);

/// How long a peer may take to send a head, to take what it is sent, and to be waited for at the end.
pub const PATIENCE: Duration = Duration::from_secs(10);
