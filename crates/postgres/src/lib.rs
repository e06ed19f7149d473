//! [`PostgresStore`]: the [`Store`](countersign_storage::Store) of Countersign on PostgreSQL.
//!
//! A load is one round trip and so is a commit, however much they hold: each is one statement. A connection that ends at
//! the server itself keeps the statements prepared; through a pooler, which lends server processes, they are sent whole
//! each time. Which of the two it is, each connection finds out by itself. Any number of nodes may share one database.
//!
//! Other roles of the same database can neither slip in a function of theirs nor hold the lock that all commits share. A role
//! that may write the tables can do anything; one that reads `pg_locks` sees numbers of keys while they are locked, and can
//! hold up commits on them. Whoever does not trust the others in a database takes one of their own.
//!
//! What this crate does not do: it does not create databases or roles, and it does not read from replicas (a load must
//! see every acknowledged commit).
//!
//! Read first: [`config`] (the URL, TLS, timeouts), `commit.sql` (why a commit is correct at READ COMMITTED),
//! `direct` (when statements are kept), `schema` (migrations, and the views for people).
#![forbid(unsafe_code)]

mod commit;
pub mod config;
mod connect_error;
mod connection;
mod direct;
mod failure;
mod schema;
pub mod store;
#[cfg(feature = "testing")]
pub mod testing;

pub use config::{PostgresConfig, TlsRoots};
pub use connect_error::ConnectError;
pub use store::PostgresStore;
