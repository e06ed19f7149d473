//! A statement failed. Was its batch applied, or not, or is that unknown?

use countersign_storage::StoreError;
use deadpool_postgres::{HookError, PoolError};
use rustls::CertificateError;
use tokio_postgres::error::SqlState;

/// A failure, by what is known about the statement.
#[derive(Debug)]
pub(crate) enum Failure {
    /// It was not sent, or the server rolled it back. Nothing was applied.
    NotDone(String),
    /// Another transaction was faster, and the server rolled this one back. It can be sent again.
    Again,
    /// It was sent, and no answer came. It may have been applied.
    Unknown(String),
}

impl Failure {
    pub(crate) fn before(reason: &str) -> Self {
        Failure::NotDone(reason.to_owned())
    }

    pub(crate) fn lost(reason: &str) -> Self {
        Failure::Unknown(reason.to_owned())
    }

    pub(crate) fn connecting(error: PoolError) -> Self {
        Failure::NotDone(match error {
            PoolError::Backend(error) | PoolError::PostCreateHook(HookError::Backend(error)) => describe(&error),
            PoolError::Timeout(_) => "no connection became free in time".to_owned(),
            _ => "the pool gave no connection".to_owned(),
        })
    }

    /// After the statement was sent.
    pub(crate) fn of(error: &tokio_postgres::Error) -> Self {
        let Some(state) = error.code() else {
            return Failure::Unknown(describe(error));
        };
        match *state {
            // A unique violation: another node has just made the schema that we wanted to make. The next attempt sees it.
            SqlState::T_R_SERIALIZATION_FAILURE | SqlState::T_R_DEADLOCK_DETECTED | SqlState::UNIQUE_VIOLATION => {
                Failure::Again
            }
            // The server ended the session. It may have committed just before.
            SqlState::ADMIN_SHUTDOWN | SqlState::CRASH_SHUTDOWN | SqlState::T_R_STATEMENT_COMPLETION_UNKNOWN => {
                Failure::Unknown(describe(error))
            }
            _ if state.code().starts_with("08") => Failure::Unknown(describe(error)),
            // Everything else (read-only, disk full, out of memory, cancelled, no privilege) rolled the transaction back.
            _ => Failure::NotDone(describe(error)),
        }
    }

    /// For a statement that changes nothing.
    pub(crate) fn of_read(self) -> StoreError {
        StoreError::Unavailable(match self {
            Failure::NotDone(reason) | Failure::Unknown(reason) => reason,
            Failure::Again => "it lost against others too often".to_owned(),
        })
    }
}

/// Describes an error for the log. Its own text is not used: it can quote values, the user, or the URL. Only the
/// name of a schema, table or function to which a right is lacking is taken from it.
fn describe(error: &tokio_postgres::Error) -> String {
    if let Some(lacks) = error.as_db_error().and_then(|refusal| lacking(refusal.code(), refusal.message())) {
        return lacks;
    }
    if let Some(state) = error.code() {
        return match in_words(state) {
            Some(words) => format!("{words} (SQLSTATE {})", state.code()),
            None => format!("PostgreSQL answered SQLSTATE {}", state.code()),
        };
    }
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        if let Some(io) = cause.downcast_ref::<std::io::Error>() {
            if let Some(rustls::Error::InvalidCertificate(wrong)) = io.get_ref().and_then(|e| e.downcast_ref()) {
                return format!("the certificate of PostgreSQL {}", certificate_in_words(wrong));
            }
            return format!("the connection to PostgreSQL failed: {}", io.kind());
        }
        source = cause.source();
    }
    "the connection to PostgreSQL failed".to_owned()
}

/// What the role has no right to, if the server names it in English.
fn lacking(state: &SqlState, message: &str) -> Option<String> {
    if *state != SqlState::INSUFFICIENT_PRIVILEGE {
        return None;
    }
    let (sort, name) = message.strip_prefix("permission denied for ")?.split_once(' ')?;
    let lacks = match sort {
        "schema" => format!("a right to the schema {name} (to use it USAGE, to update it CREATE)"),
        "table" | "function" => format!("a right to the {sort} {name}"),
        // Its name is a part of the URL.
        "database" => {
            "CREATE on the database (the first start of a version makes what is missing: the owner must do it)"
                .to_owned()
        }
        _ => return None,
    };
    Some(format!("the database role lacks {lacks} (SQLSTATE {})", state.code()))
}

/// Words for what an operator can mend.
fn in_words(state: &SqlState) -> Option<&'static str> {
    Some(match *state {
        SqlState::INSUFFICIENT_PRIVILEGE => {
            "the database role lacks a right: to make the schemas (the named one, and two with `_locks` and `_views` after its \
             name) it needs CREATE on the database, to use the first two USAGE, and SELECT, INSERT, UPDATE and DELETE on their \
             tables"
        }
        SqlState::UNDEFINED_TABLE | SqlState::UNDEFINED_FUNCTION | SqlState::INVALID_SCHEMA_NAME => {
            "the schema lacks a table or a function of this version: a newer version has replaced it, or somebody removed it"
        }
        SqlState::DUPLICATE_SCHEMA => {
            "a schema for the locks or the views (with `_locks` or `_views` after the name) is there, but what belongs into it is \
             not: drop it, rename it, or choose another name"
        }
        SqlState::OUT_OF_MEMORY => {
            "the server has no memory left, or no room for another lock: then max_locks_per_transaction must be larger"
        }
        SqlState::LOCK_NOT_AVAILABLE => "somebody else held a lock for too long",
        SqlState::INVALID_PASSWORD | SqlState::INVALID_AUTHORIZATION_SPECIFICATION => {
            "the server refuses the role or its password"
        }
        SqlState::INVALID_CATALOG_NAME => "the database does not exist",
        SqlState::TOO_MANY_CONNECTIONS => "the server has no connection left",
        SqlState::READ_ONLY_SQL_TRANSACTION => "the server only reads",
        SqlState::DISK_FULL => "the disk of the server is full",
        SqlState::QUERY_CANCELED => "a statement took too long and was cancelled",
        SqlState::INVALID_TRANSACTION_STATE => {
            "commits need READ COMMITTED as the default of the server or the role, behind a pooler"
        }
        _ => return None,
    })
}

fn certificate_in_words(wrong: &CertificateError) -> &'static str {
    match wrong {
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => "is for another name",
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            "comes from an authority that is not trusted"
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "has expired",
        _ => "is not valid",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_right_is_lacking_to_is_named_and_nothing_else_is_quoted() {
        let table = [
            ("permission denied for table record", Some("a right to the table record")),
            ("permission denied for function write_batch", Some("a right to the function write_batch")),
            ("permission denied for schema with space", Some("a right to the schema with space")),
            ("permission denied for database hunter2", Some("CREATE on the database")),
            ("permission denied for tablespace hunter2", None),
            ("permission denied for language", None),
            ("new row violates row-level security policy for table hunter2", None),
            ("keine Berechtigung für Tabelle hunter2", None),
        ];
        for (message, expected) in table {
            let said = lacking(&SqlState::INSUFFICIENT_PRIVILEGE, message);
            assert_eq!(said.is_some(), expected.is_some(), "{message}");
            let said = said.unwrap_or_default();
            assert!(said.contains(expected.unwrap_or_default()) && !said.contains("hunter2"), "{said}");
        }
        assert_eq!(lacking(&SqlState::UNDEFINED_TABLE, "permission denied for table record"), None);
    }
}
