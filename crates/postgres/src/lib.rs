//! [`PostgresStore`]: the [`Store`](countersign_storage::Store) of Countersign on PostgreSQL.
//!
//! A load is one round trip and so is a commit, however much they hold: each is one unnamed statement, which also
//! survives poolers that lend a connection for one transaction at a time. Any number of nodes may share one database.
//!
//! What this crate does not do: it does not create databases or roles, and it does not read from replicas (a load must
//! see every acknowledged commit).
//!
//! Read first: [`config`] (the URL, TLS, timeouts), `commit.sql` (why a commit is correct at READ COMMITTED),
//! `schema` (migrations, and the views for people).
#![forbid(unsafe_code)]

mod commit;
pub mod config;
mod connection;
mod failure;
mod schema;
pub mod store;
#[cfg(feature = "testing")]
pub mod testing;

pub use config::{PostgresConfig, TlsRoots};
pub use store::{ConnectError, PostgresStore};
