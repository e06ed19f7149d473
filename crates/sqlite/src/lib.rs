//! [`SqliteStore`]: the [`Store`](countersign_storage::Store) of Countersign in one file.
//!
//! **Writes** go to one thread that gathers whatever waits into one transaction (group commit), and answers each batch
//! after that transaction is durable. **Reads** run beside it on threads of their own, loads apart from listings, each with
//! a connection: in WAL mode they neither wait for a writer nor make it wait, and no worker of an async runtime waits for
//! the disk. **Several processes** may open the same file: each transaction takes SQLite's write lock before it
//! looks at anything.
//!
//! **Bounds**: at most 4,096 loads, 4,096 listings and 4,096 writes wait. A write waits at most 10 seconds, for its turn and for other
//! processes together. A read waits at most 10 seconds for its turn, and as long for other processes. Beyond that a call is
//! refused with words. A job that was not begun when its caller left is dropped.
//!
//! **Other users of the machine** must not be able to read the files. Whoever may only read the `-shm` file can hold a lock on it
//! that stops every write. New files are for their owner alone. If a file is there already and others can read it, a warning in
//! the log says so at each opening: `chmod 600` all three files (`-wal` and `-shm` beside the database).
//!
//! **Other programs** that look at the file must not keep a read transaction open: as long as they do, the log (`-wal`) only grows.
//! Afterwards it is cut back to 16 MiB.
//!
//! What this crate does not do: network file systems (SQLite's locks do not hold there), encryption of the file.
//!
//! Read first: [`store`] (opening), `connection` (durability), `batch` (how a batch is checked and applied), `schema` (the
//! tables, and the views for people).
#![forbid(unsafe_code)]

mod batch;
mod connection;
mod failure;
mod file;
mod read;
mod readers;
mod schema;
pub mod store;
mod writer;

pub use connection::Durability;
pub use store::{OpenError, SqliteStore};
