//! [`PostgresStore`]: the [`Store`](countersign_storage::Store) of Countersign on PostgreSQL.
//!
//! A load is one round trip and so is a commit, however much they hold: each is one statement. A connection that ends at
//! the server itself keeps the statements prepared; through a pooler, which lends server processes, they are sent whole
//! each time. Which of the two it is, each connection finds out by itself. Any number of nodes may share one database.
//!
//! # What it needs
//!
//! **Three schemas.** One holds the tables: `countersign`, or the name in the configuration. One has `_locks` after that name:
//! it holds 1,025 empty tables, by whose locks commits are kept apart. One has `_views` after that name, with the views for
//! people.
//!
//! **Privileges.** The role of the first start, and of the first one after an update, makes what is missing: it needs CREATE
//! on the database, and owns the schemas; a superuser who does not own them is refused too. Every other start may have a lesser role. If it lacks a right, the start is
//! refused and says which. So it is if the schemas, tables and functions do not all belong to one role (or to others who can
//! do what that role can: superusers, and members of it). The owner gives the rights after the first start:
//!
//! ```sql
//! GRANT USAGE ON SCHEMA countersign, countersign_locks TO lesser;
//! GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA countersign, countersign_locks TO lesser;
//! GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA countersign TO lesser;
//! ```
//!
//! An update may make new tables and functions. The owner gives the three again after the first start of the new version;
//! or says once, beforehand, that the rights come with whatever it makes later:
//!
//! ```sql
//! ALTER DEFAULT PRIVILEGES IN SCHEMA countersign, countersign_locks
//!     GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO lesser;
//! ALTER DEFAULT PRIVILEGES IN SCHEMA countersign GRANT EXECUTE ON FUNCTIONS TO lesser;
//! ```
//!
//! Less is enough: SELECT on `migration`; SELECT, INSERT, UPDATE and DELETE on `record`; SELECT, INSERT and DELETE on
//! `record_index`; UPDATE, DELETE or TRUNCATE on the tables of the second schema.
//!
//! People who read the views need this, and nothing more (see below):
//!
//! ```sql
//! GRANT USAGE ON SCHEMA countersign_views TO reader;
//! GRANT SELECT ON ALL TABLES IN SCHEMA countersign_views TO reader;
//! ```
//!
//! **A dump** must hold all schemas:
//! `pg_dump --schema=countersign --schema=countersign_locks --schema=countersign_views`. Where only the first was restored, a
//! start is refused and says that `countersign_locks` is missing. Without the third, all works but the views are not there.
//!
//! **Connections.** Each process opens at most [`PostgresConfig::pool_size`]. While a statement is cancelled, it opens one
//! more.
//!
//! **Locks.** A commit takes one for each key that it names, 128 at most, and some for the tables. To make the schemas takes
//! 1,100 at once, and so does a dump. The server has room for `max_locks_per_transaction` × (`max_connections` +
//! `max_prepared_transactions`): more than 6,000 unless somebody has lowered them.
//!
//! **An update.** When the first node of a new version has started, nodes of the version before may find that they can no
//! longer commit. They say so, and still read, until they are updated too.
//!
//! # What other roles can do
//!
//! **Who may only connect** to the database can neither slip in a function of theirs nor name a table of ours. But PostgreSQL
//! lets everybody who is connected hold up all others, here too:
//!
//! - `nextval`, `currval`, `setval` and `pg_sequence_last_value` lock any table, by its number, before they find that it is no
//!   sequence. Commits and updates wait for as long as that transaction stays open.
//! - The catalogue is for everybody. Who queues for a lock of `pg_class` has all of the database wait behind them.
//!
//! Therefore give the store a database of its own, and let no strangers in (by default everybody may connect):
//! `REVOKE CONNECT ON DATABASE … FROM PUBLIC`. Some catalogues are of the whole server: whoever does not trust the others on
//! it takes a server of their own.
//!
//! **Who may read the views** can do no more than that. They must have no right to the other two schemas. USAGE on the first
//! is enough to stop everything: some statements (`CREATE RULE`) wait for the lock of a table, and others behind them, before
//! PostgreSQL asks whether they are allowed. USAGE on the second is enough to hold up commits. Superusers and members of
//! `pg_read_all_data` have both. Of a view they must have SELECT and nothing else: with another right, `LOCK TABLE` locks the
//! tables behind it. The views are security barriers: conditions of the reader's see only rows that the view shows.
//!
//! **Who may write the tables** can do anything.
//!
//! **Who may create in the database** can make a schema before a first start does. A start makes nothing in a schema of
//! somebody else's. But a whole store that somebody else made looks like any other to a lesser role: it cannot tell whether
//! the owner is honest. The owner can read and change all that it stores, and functions of the owner's run with its rights.
//! So make the store before anybody else may create in the database, or look who owns it (`\dn`) before a lesser role starts.
//!
//! # What it does not do
//!
//! It does not create databases or roles, and it does not read from replicas (a load must see every acknowledged commit).
//!
//! Read first: [`config`] (the URL, TLS, timeouts), `commit.sql` (why a commit is correct at READ COMMITTED),
//! `stripes.sql` (what commits are kept apart by, and why by tables),
//! `views_apart.sql` (why the views have a schema of their own), `direct` (when statements are kept), `schema` (migrations),
//! `rights` (what a start checks).
#![forbid(unsafe_code)]

mod commit;
pub mod config;
mod connect_error;
mod connection;
mod direct;
mod failure;
mod rights;
mod schema;
pub mod store;
#[cfg(feature = "testing")]
pub mod testing;

pub use config::{PostgresConfig, TlsRoots};
pub use connect_error::ConnectError;
pub use store::PostgresStore;
