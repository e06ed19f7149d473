//! What went wrong in SQLite, in the words of an operator.

use countersign_storage::StoreError;
use rusqlite::{Error, ErrorCode};

use crate::connection::PATIENCE;

/// Nothing was applied.
pub(crate) fn unavailable(error: Error) -> StoreError {
    StoreError::Unavailable(in_words(&error))
}

/// What happened, and SQLite's code for it. Where we have no words SQLite's own text stands: it names no value.
pub(crate) fn in_words(error: &Error) -> String {
    let Some(failure) = error.sqlite_error() else { return error.to_string() };
    let words = match failure.code {
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => {
            return format!(
                "another process held the write lock for more than {} seconds (SQLite code {})",
                PATIENCE.as_secs(),
                failure.extended_code
            );
        }
        ErrorCode::DiskFull => "the disk is full",
        ErrorCode::ReadOnly => "the database file, or its directory, can only be read",
        ErrorCode::DatabaseCorrupt => "the database file is damaged: put a backup in its place",
        ErrorCode::NotADatabase => "the file is no SQLite database, or it is encrypted",
        ErrorCode::SystemIoFailure => "the disk failed to read or to write",
        ErrorCode::CannotOpen => {
            "the database file, or one beside it (`-wal`, `-shm`), cannot be opened or made: this user must be able to write them and their directory"
        }
        ErrorCode::PermissionDenied => "the database file must not be accessed by this user",
        ErrorCode::OutOfMemory => "there is no memory left",
        ErrorCode::FileLockingProtocolFailed => "the file system does not lock files as SQLite needs it",
        _ => return error.to_string(),
    };
    format!("{words} (SQLite code {})", failure.extended_code)
}

#[cfg(test)]
mod tests {
    use rusqlite::ffi;

    use super::*;

    #[test]
    fn what_an_operator_can_mend_is_told_in_words() {
        let table = [
            (ffi::SQLITE_BUSY, "another process held the write lock for more than 10 seconds (SQLite code 5)"),
            (
                ffi::SQLITE_BUSY_RECOVERY,
                "another process held the write lock for more than 10 seconds (SQLite code 261)",
            ),
            (ffi::SQLITE_FULL, "the disk is full (SQLite code 13)"),
            (ffi::SQLITE_READONLY, "the database file, or its directory, can only be read (SQLite code 8)"),
            (ffi::SQLITE_CORRUPT, "the database file is damaged: put a backup in its place (SQLite code 11)"),
            (ffi::SQLITE_NOTADB, "the file is no SQLite database, or it is encrypted (SQLite code 26)"),
            (ffi::SQLITE_IOERR_FSYNC, "the disk failed to read or to write (SQLite code 1034)"),
            (
                ffi::SQLITE_CANTOPEN,
                "the database file, or one beside it (`-wal`, `-shm`), cannot be opened or made: this user must be able to write them and their directory (SQLite code 14)",
            ),
            (ffi::SQLITE_PERM, "the database file must not be accessed by this user (SQLite code 3)"),
            (ffi::SQLITE_NOMEM, "there is no memory left (SQLite code 7)"),
            (ffi::SQLITE_PROTOCOL, "the file system does not lock files as SQLite needs it (SQLite code 15)"),
            (ffi::SQLITE_ERROR, "no such table: record"),
        ];
        for (code, expected) in table {
            let error = Error::SqliteFailure(ffi::Error::new(code), Some("no such table: record".to_owned()));
            assert_eq!(in_words(&error), expected);
        }
    }
}
