//! Connections: how they wait for other processes, and what an acknowledged commit survives.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, OpenFlags};

/// How long to wait for other processes before giving up: much longer than any commit takes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// How many bytes of the log (`-wal`) stay on the disk once it begins anew. It grows beyond that only while somebody else keeps a
/// read transaction open, or by one very large commit.
const LOG: i64 = 16 << 20;

/// Connections remember the prepared form of each statement; there are fewer than this.
const STATEMENTS: usize = 64;

/// What an acknowledged commit survives.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Durability {
    /// The default: loss of power too. Each group of commits waits for the disk (`synchronous = FULL`).
    ///
    /// A code that was redeemed must not come back with the power: it would be redeemed twice.
    #[default]
    PowerLoss,
    /// The end of the process in any way, but not loss of power: then the last commits may be gone
    /// (`synchronous = NORMAL`). Faster on slow disks. The file stays sound either way.
    ProcessCrash,
}

/// Opens a connection that writes.
pub(crate) fn write(path: &Path, durability: Durability) -> Result<Connection, rusqlite::Error> {
    let connection = Connection::open(path)?;
    connection.busy_handler(Some(wait_for_others))?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    // Switching to WAL needs the file for oneself for a moment, and SQLite does not wait for that by itself.
    let begun = Instant::now();
    while let Err(error) = connection.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(())) {
        if !is_busy(&error) || begun.elapsed() > PATIENCE {
            return Err(error);
        }
        thread::sleep(Duration::from_millis(2));
    }
    connection.pragma_update(
        None,
        "synchronous",
        match durability {
            Durability::PowerLoss => "full",
            Durability::ProcessCrash => "normal",
        },
    )?;
    connection.pragma_update_and_check(None, "journal_size_limit", LOG, |_| Ok(()))?;
    Ok(connection)
}

/// Opens a database that is gone when the connection is closed.
pub(crate) fn in_memory() -> Result<Connection, rusqlite::Error> {
    let connection = Connection::open_in_memory()?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(connection)
}

/// Opens a connection that reads a file that is there.
pub(crate) fn read(path: &Path) -> Result<Connection, rusqlite::Error> {
    // The files beside it are written by readers too.
    let connection = Connection::open_with_flags(path, OpenFlags::default() - OpenFlags::SQLITE_OPEN_CREATE)?;
    connection.busy_handler(Some(wait_for_others))?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.pragma_update(None, "query_only", true)?;
    Ok(connection)
}

fn wait_for_others(times: i32) -> bool {
    pause(times);
    Duration::from_millis(5).saturating_mul(times.unsigned_abs()) < PATIENCE
}

/// Another process writes. Commits take about a millisecond, so look again soon: SQLite's own handler soon sleeps for a
/// tenth of a second at a time.
pub(crate) fn pause(times: i32) {
    thread::sleep(Duration::from_millis(u64::try_from(times.clamp(1, 5)).unwrap_or(5)));
}

/// Whether another process held a lock.
pub(crate) fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}
