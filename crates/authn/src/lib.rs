//! Sign-in: e-mail and password in, a server-side session out.
//!
//! What this crate does not do: it serves no pages and no routes (`countersign-pages` does), it knows nothing of OAuth, and
//! it owns no user table (that is the [`countersign_storage::Accounts`] port).
//!
//! What is refused: a wrong password and an unknown address, with one answer and the same work; too many failures, by
//! account and by address, but a device that signed in before is not kept waiting for what others do; passwords that are
//! short, personal or guessed early; sessions that are idle, old, ended, or of an account that was disabled since; requests
//! that change something and come from a page of another site.
//!
//! Read first:
//! - [`authn`]: what it is made of, and the policy with its defaults.
//! - [`sign_up`] and [`sign_in`]: what happens in which order, and why in that order.
//! - [`session`]: what a session is, and when it is dead; `session_epoch.rs`: how all of them end at once.
//! - [`password_hasher`]: why a flood of sign-ins stalls nothing else.
//! - [`origin`]: which requests may change something.
#![forbid(unsafe_code)]

mod argon2id_cost;
pub mod authn;
pub mod confirm;
mod context;
pub mod cookie;
mod credential;
#[cfg(test)]
mod golden_records;
mod hashing_memory;
mod known_device;
pub mod look_up;
pub mod origin;
mod outline;
pub mod password;
mod password_hash;
pub mod password_hasher;
pub mod password_strength;
mod policy;
mod pool;
mod report;
pub mod session;
mod session_epoch;
mod session_turn;
pub mod sessions;
pub mod sign_in;
mod sign_in_refusal;
pub mod sign_out;
pub mod sign_up;
mod start_session;
mod throttling;
mod verified;

pub use authn::{Authn, AuthnConfig, AuthnPolicy, Context};
pub use cookie::session_cookie;
pub use origin::{ForeignOrigin, InvalidOrigin, OriginCheck};
pub use password::{Password, PasswordRefusal};
pub use password_hasher::{Argon2idCost, Busy, HasherConfigError, PasswordHasher, PasswordHasherConfig};
pub use password_strength::Weakness;
pub use session::{Session, SignedInSession};
pub use sessions::{ListedSession, Revocation};
pub use sign_in::{SignIn, SignInRefusal};
pub use sign_up::{SignUp, SignUpRefusal};
