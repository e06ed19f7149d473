//! [`SqliteStore`]: the [`Store`](countersign_storage::Store) of Countersign in one file.
//!
//! **Writes** go to one thread that gathers whatever waits into one transaction (group commit), and answers each batch
//! after that transaction is durable. **Reads** run beside it on threads of their own, loads apart from listings, each with
//! a connection: in WAL mode they neither wait for a writer nor make it wait, and no worker of an async runtime waits for
//! the disk. **Several processes** may open the same file: each transaction takes SQLite's write lock before it
//! looks at anything.
//!
//! What this crate does not do: network file systems (SQLite's locks do not hold there), encryption of the file.
//!
//! Read first: [`store`] (opening), `connection` (durability), `batch` (how a batch is checked and applied), `schema` (the
//! tables, and the views for people).
#![forbid(unsafe_code)]

mod batch;
mod connection;
mod file;
mod read;
mod readers;
mod schema;
pub mod store;
mod writer;

pub use connection::Durability;
pub use store::{OpenError, SqliteStore};
