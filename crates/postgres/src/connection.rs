//! Connections: TLS, the pool, and one statement with a deadline.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::{
    ClientWrapper, Hook, HookError, Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime,
};
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{CancelToken, Config, Error, NoTls, Row};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::config::{PostgresConfig, TlsRoots};
use crate::connect_error::ConnectError;
use crate::direct::is_direct;
use crate::failure::Failure;

/// After a statement was cancelled, its answer is awaited for this long.
const GRACE: Duration = Duration::from_secs(1);

/// A parameter with its type. If the types are named, the server need not be asked for them: that saves a round trip.
type Parameter<'a> = (&'a (dyn ToSql + Sync), Type);

/// A statement in two forms. Both do the same.
pub(crate) struct Statement {
    /// For connections that keep prepared statements. It is planned once, under the settings of [`SESSION`].
    pub(crate) kept: String,
    /// For all other connections. It is sent as a whole each time.
    pub(crate) alone: String,
    pub(crate) types: Vec<Type>,
}

/// The settings of each session.
///
/// Names are looked up in `pg_catalog` alone. So nobody who may create a function can put it in the place of one of the
/// system's.
///
/// Transactions are READ COMMITTED, whatever the server or the role have as their default: why, says `commit.sql`.
///
/// Each statement has one plan for all calls. The plan must use the indexes, even if it is made while the tables are empty.
const SESSION: &str = "SET search_path = pg_catalog, pg_temp; SET default_transaction_isolation = 'read committed';
    SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; SET enable_hashjoin = off;
    SET enable_mergejoin = off; SET jit = off";

pub(crate) struct Connections {
    pool: Pool,
    statements: Arc<[Arc<Statement>]>,
    tls: Option<MakeRustlsConnect>,
    statement_timeout: Duration,
}

impl Connections {
    /// Makes the pool. Its connections keep these statements prepared where they can.
    pub(crate) fn new(config: &PostgresConfig, statements: &[&Arc<Statement>]) -> Result<Self, ConnectError> {
        let statements: Arc<[Arc<Statement>]> = statements.iter().map(|statement| Arc::clone(statement)).collect();
        let mut server = parse(config.url.expose())?;
        server.connect_timeout(config.connect_timeout).tcp_user_timeout(config.statement_timeout);
        if server.get_application_name().is_none() {
            server.application_name("countersign");
        }
        settle_tls(&mut server);
        let tls = match server.get_ssl_mode() {
            SslMode::Disable => None,
            _ => Some(MakeRustlsConnect::new(client_config(&config.tls_roots)?)),
        };
        let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = match tls.clone() {
            Some(tls) => Manager::from_config(server, tls, recycling),
            None => Manager::from_config(server, NoTls, recycling),
        };
        let (kept, patience) = (statements.clone(), config.connect_timeout);
        let settle = Hook::async_fn(move |connection: &mut ClientWrapper, _| {
            let kept = kept.clone();
            Box::pin(async move {
                match tokio::time::timeout(patience, settle(connection, &kept)).await {
                    Ok(settled) => settled.map_err(HookError::Backend),
                    Err(_) => Err(HookError::message("the server does not answer")),
                }
            })
        });
        let pool = Pool::builder(manager)
            .post_create(settle)
            .max_size(config.pool_size.max(1))
            .wait_timeout(Some(config.connect_timeout))
            .create_timeout(Some(config.connect_timeout))
            .runtime(Runtime::Tokio1)
            .build()
            .map_err(|_| ConnectError::Pool)?;
        Ok(Connections { pool, statements, tls, statement_timeout: config.statement_timeout })
    }

    /// How long to wait for a lock that somebody else holds.
    pub(crate) fn patience(&self) -> Duration {
        self.statement_timeout
    }

    /// Prepares the statements on a connection that was opened before the tables were there.
    pub(crate) async fn keep(&self) -> Result<(), Failure> {
        let connection = self.lend().await?;
        if connection.statement_cache.size() == 0
            && is_direct(&connection).await.map_err(|error| Failure::of(&error))?
        {
            prepare(&connection, &self.statements).await.map_err(|error| Failure::of(&error))?;
        }
        Ok(())
    }

    pub(crate) async fn lend(&self) -> Result<Object, Failure> {
        let connection = self.pool.get().await.map_err(Failure::connecting)?;
        // It may have ended while it was in the pool. Up to here nothing was sent; after this line the server may have got it.
        if connection.is_closed() { Err(Failure::before("the connection ended")) } else { Ok(connection) }
    }

    /// Sends one statement and waits for its answer, in one round trip. A statement that takes too long is cancelled. If the
    /// server does not even answer that, the connection is given up, and the outcome is not known.
    pub(crate) async fn run(
        &self,
        statement: &Statement,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, Failure> {
        let connection = self.lend().await?;
        let cancel = connection.cancel_token();
        let outcome = {
            let mut running = std::pin::pin!(send(&connection, statement, parameters));
            match tokio::time::timeout(self.statement_timeout, &mut running).await {
                Ok(outcome) => Some(outcome),
                Err(_) => {
                    let cancelled = async {
                        self.cancel(&cancel).await;
                        running.await
                    };
                    tokio::time::timeout(GRACE, cancelled).await.ok()
                }
            }
        };
        match outcome {
            Some(Ok(rows)) => Ok(rows),
            Some(Err(error)) if has_lost_statements(&error) => {
                connection.statement_cache.clear();
                Err(Failure::Again)
            }
            Some(Err(error)) => Err(Failure::of(&error)),
            None => {
                drop(Object::take(connection));
                Err(Failure::lost("the server does not answer"))
            }
        }
    }

    async fn cancel(&self, token: &CancelToken) {
        // If this fails too, `run` gives the connection up.
        let _ = match &self.tls {
            Some(tls) => token.cancel_query(tls.clone()).await,
            None => token.cancel_query(NoTls).await,
        };
    }
}

/// Prepares a new connection for use.
async fn settle(connection: &ClientWrapper, statements: &[Arc<Statement>]) -> Result<(), Error> {
    if is_direct(connection).await? {
        connection.batch_execute(SESSION).await?;
        // On an empty database this fails, as there are no tables yet. `keep` does it later.
        let _ = prepare(connection, statements).await;
    }
    Ok(())
}

/// Sends a statement in the form that fits the connection. One that keeps statements has some in its cache.
async fn send(
    connection: &ClientWrapper,
    statement: &Statement,
    parameters: &[&(dyn ToSql + Sync)],
) -> Result<Vec<Row>, Error> {
    if connection.statement_cache.size() > 0 {
        let kept = connection.prepare_typed_cached(&statement.kept, &statement.types).await?;
        return connection.query(&kept, parameters).await;
    }
    let typed: Vec<Parameter<'_>> = parameters.iter().copied().zip(statement.types.iter().cloned()).collect();
    connection.query_typed(&statement.alone, &typed).await
}

async fn prepare(connection: &ClientWrapper, statements: &[Arc<Statement>]) -> Result<(), Error> {
    for statement in statements {
        connection.prepare_typed_cached(&statement.kept, &statement.types).await?;
    }
    Ok(())
}

/// Whether the session no longer has its prepared statements: somebody discarded them, or a table has changed. The server says
/// so before it does anything. From now on this connection sends each statement as a whole.
fn has_lost_statements(error: &Error) -> bool {
    matches!(error.code(), Some(&SqlState::INVALID_SQL_STATEMENT_NAME | &SqlState::FEATURE_NOT_SUPPORTED))
}

/// Reads the URL. The error does not say what is wrong with it: that would quote a part of it, perhaps the password.
fn parse(url: &str) -> Result<Config, ConnectError> {
    let known = url.replace("sslmode=verify-full", "sslmode=require").replace("sslmode=verify-ca", "sslmode=require");
    known.parse().map_err(|_| ConnectError::Url)
}

/// Decides what `prefer` means for these hosts: see [`PostgresConfig::url`].
fn settle_tls(server: &mut Config) {
    if server.get_ssl_mode() != SslMode::Prefer {
        return;
    }
    let is_local = |host: &Host| match host {
        Host::Tcp(name) => name == "localhost" || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback()),
        #[cfg(unix)]
        Host::Unix(_) => true,
    };
    let local = server.get_hosts().iter().all(is_local) && server.get_hostaddrs().iter().all(IpAddr::is_loopback);
    server.ssl_mode(if local { SslMode::Disable } else { SslMode::Require });
}

fn client_config(roots: &TlsRoots) -> Result<ClientConfig, ConnectError> {
    let mut trusted = RootCertStore::empty();
    match roots {
        TlsRoots::System => {
            trusted.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
        TlsRoots::Only(certificates) => {
            for certificate in certificates {
                trusted.add(CertificateDer::from(certificate.clone())).map_err(|_| ConnectError::TlsRoots)?;
            }
        }
    }
    if trusted.is_empty() {
        return Err(ConnectError::TlsRoots);
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|_| ConnectError::TlsRoots)?
        .with_root_certificates(trusted)
        .with_no_client_auth();
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn over_the_network_tls_is_required_unless_it_is_switched_off() {
        let table = [
            ("postgres://u:p@db.example/d", SslMode::Require),
            ("postgres://u:p@db.example/d?sslmode=prefer", SslMode::Require),
            ("postgres://u:p@db.example/d?sslmode=verify-full", SslMode::Require),
            ("postgres://u:p@db.example/d?sslmode=verify-ca", SslMode::Require),
            ("postgres://u:p@db.example/d?sslmode=disable", SslMode::Disable),
            ("postgres://u:p@10.0.0.1/d", SslMode::Require),
            ("postgres://u:p@127.0.0.1,db.example/d", SslMode::Require),
            ("postgres://u:p@127.0.0.1/d", SslMode::Disable),
            ("postgres://u:p@[::1]/d", SslMode::Disable),
            ("postgres://u:p@localhost/d", SslMode::Disable),
            ("postgres://u:p@localhost/d?sslmode=require", SslMode::Require),
            ("host=/run/postgresql user=u dbname=d", SslMode::Disable),
        ];
        for (url, expected) in table {
            let mut server = parse(url).unwrap();
            settle_tls(&mut server);
            assert_eq!(server.get_ssl_mode(), expected, "{url}");
        }
    }
}
