//! Where the database is, and how to talk to it.

use std::time::Duration;

use countersign_storage::Secret;

/// How to reach the database. [`PostgresConfig::new`] sets everything but the URL to its default.
#[derive(Clone, Debug)]
pub struct PostgresConfig {
    /// `postgres://user:password@host:port/database?sslmode=require`, or the `key=value` form. It holds a password: it
    /// is never shown, logged, or part of an error.
    ///
    /// `sslmode` decides about TLS. Over the network the default is `require`, and `prefer` means the same: a
    /// connection that can be talked out of encryption is not encrypted. Loopback and Unix sockets use TLS only if
    /// `require` is said. With TLS the server's certificate is always verified, name and chain, so that `verify-ca` and
    /// `verify-full` mean `require` too.
    pub url: Secret,
    /// The schema that holds the tables, at most 57 bytes. Another one, with `_locks` after this name, holds what commits are
    /// kept apart by, and a third, with `_views`, the views for people. The first start makes all three: the named one may be
    /// there if it belongs to the role of that start, the others must not. Default: `countersign`.
    pub schema: String,
    /// The most connections at once, per process: 1 and more. Default: 16. A statement that takes too long is cancelled over
    /// one more. All processes together must stay below the server's `max_connections`. Behind PgBouncer in transaction mode
    /// these are connections to PgBouncer: each takes one of the server's only while a statement runs.
    pub pool_size: usize,
    /// How long to wait for a connection, free or new. Default: 5 seconds.
    pub connect_timeout: Duration,
    /// How long one statement may take before it is cancelled, and how long a start waits for a lock that somebody else
    /// holds. Default: 10 seconds.
    pub statement_timeout: Duration,
    /// Which authorities may vouch for the server. Default: those of the system.
    pub tls_roots: TlsRoots,
}

impl PostgresConfig {
    /// This database, and the defaults.
    pub fn new(url: Secret) -> Self {
        PostgresConfig {
            url,
            schema: "countersign".to_owned(),
            pool_size: 16,
            connect_timeout: Duration::from_secs(5),
            statement_timeout: Duration::from_secs(10),
            tls_roots: TlsRoots::System,
        }
    }
}

/// Which authorities may vouch for the server's certificate.
#[derive(Clone, Debug, Default)]
pub enum TlsRoots {
    /// Those that the operating system trusts.
    #[default]
    System,
    /// These alone: certificates in DER.
    Only(Vec<Vec<u8>>),
}
