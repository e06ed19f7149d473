//! Why there is no store.

/// Why there is no store. None of them holds the URL or a part of it.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The URL is none that PostgreSQL clients know.
    #[error("the database URL cannot be read (postgres://user:password@host/database?sslmode=…)")]
    Url,
    /// No certificate authority is known, or one that was given is no certificate.
    #[error("the TLS trust roots cannot be used")]
    TlsRoots,
    /// The connection pool could not be made.
    #[error("the connection pool cannot be made")]
    Pool,
    /// The name of the schema is longer than 57 bytes.
    #[error("the name of the schema is too long (57 bytes are possible)")]
    Schema,
    /// The server did not answer, or refused; or the role lacks a right that use needs, a schema is missing, or somebody
    /// else owns a part of the store. Says which.
    #[error("the database is unavailable: {0}")]
    Unavailable(String),
}
