//! The ground that the Countersign crates stand on: **ports** (what an application or a back end provides), **records**
//! (what is stored, and how it is named) and **the loop** (the only place that commits).
//!
//! What this crate does not do: it knows no protocol, no database, no runtime and no web framework.
//!
//! Read first:
//! - [`store`]: the four methods that every back end implements, and what each promises.
//! - [`record`]: how a type becomes a stored entry.
//! - [`operation`]: load → decide → seal → commit, and what happens when somebody else wrote first.
//! - [`secret`]: why a copy of the database signs nobody in.
//! - [`memory`]: the smallest correct store.
#![forbid(unsafe_code)]

pub mod accounts;
pub mod action;
pub mod audit;
pub mod audit_log;
pub mod audit_row;
pub mod batch;
pub mod clock;
#[cfg(feature = "conformance")]
pub mod conformance;
pub mod decision;
pub mod email;
pub mod endpoint;
pub mod fault;
pub mod fetch;
#[cfg(all(test, feature = "conformance"))]
mod golden_records;
pub mod horizon;
pub mod identity;
pub mod key_ring;
pub mod key_ring_check;
pub mod limit;
pub mod memory;
pub mod network;
pub mod operation;
pub mod purge;
pub mod random;
pub mod reader;
pub mod record;
pub mod scope;
pub mod secret;
pub mod signed_in;
pub mod store;
pub mod throttle;
mod unknown_members;
pub mod user_code;

pub use accounts::{Account, AccountState, Accounts, EmailTaken, NewAccount, SeenAccount, StoredAccounts};
pub use action::{Action, SessionEnding};
pub use audit::{Audit, AuditPolicy, AuditRecord, Event, Outcome, TracingAudit};
pub use audit_log::Repeats;
pub use batch::{Batch, Change, Changes, Guard};
pub use clock::{Clock, ManualClock, SystemClock, Timestamp};
pub use decision::{Decision, Moment, Stopped};
pub use email::{EmailAddress, InvalidEmailAddress};
pub use endpoint::Endpoints;
pub use fault::Fault;
pub use fetch::{Destination, Fetch, FetchError, Fetched};
pub use identity::{Actor, Authentication, Subject};
pub use key_ring::{KeyRing, KeyRingError, Sealed, SealingKey};
pub use key_ring_check::{KeyRingFit, OtherSecrets};
pub use limit::{Counter, Limit};
pub use memory::MemoryStore;
pub use network::Network;
pub use operation::{Operation, Ports, Sealing};
pub use purge::Purge;
pub use random::{Random, SeededRandom, SystemRandom};
pub use reader::{Loads, Reader};
pub use record::{At, Entry, Index, Key, Kind, Record, Stored, Version};
pub use secret::{Handle, Secret};
pub use signed_in::{SessionState, SignedIn};
pub use store::{Cursor, Entries, Order, Page, Store, StoreError, Whole};
pub use throttle::{Allowance, Count, StoreThrottle, Throttle};
pub use user_code::UserCode;
