//! Connections: TLS, the pool, and one statement with a deadline.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime};
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{CancelToken, Config, NoTls, Row};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::config::{PostgresConfig, TlsRoots};
use crate::failure::Failure;
use crate::store::ConnectError;

/// How long a statement that was cancelled may take to say so.
const GRACE: Duration = Duration::from_secs(1);

/// A parameter with its type: naming the types saves the round trip that would ask for them.
pub(crate) type Parameter<'a> = (&'a (dyn ToSql + Sync), Type);

pub(crate) struct Connections {
    pool: Pool,
    tls: Option<MakeRustlsConnect>,
    statement_timeout: Duration,
}

impl Connections {
    pub(crate) fn new(config: &PostgresConfig) -> Result<Self, ConnectError> {
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
        let pool = Pool::builder(manager)
            .max_size(config.pool_size.max(1))
            .wait_timeout(Some(config.connect_timeout))
            .create_timeout(Some(config.connect_timeout))
            .runtime(Runtime::Tokio1)
            .build()
            .map_err(|_| ConnectError::Pool)?;
        Ok(Connections { pool, tls, statement_timeout: config.statement_timeout })
    }

    pub(crate) async fn lend(&self) -> Result<Object, Failure> {
        let connection = self.pool.get().await.map_err(Failure::connecting)?;
        // It may have ended while it lay in the pool. What is sent after this line may have arrived.
        if connection.is_closed() { Err(Failure::before("the connection ended")) } else { Ok(connection) }
    }

    /// Sends one statement and waits for its end, in one round trip. On a server without a sign of life the connection
    /// is given up, and the outcome is not known.
    pub(crate) async fn run(&self, statement: &str, parameters: &[Parameter<'_>]) -> Result<Vec<Row>, Failure> {
        let connection = self.lend().await?;
        let cancel = connection.cancel_token();
        let outcome = {
            let mut running = std::pin::pin!(connection.query_typed(statement, parameters));
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
            Some(outcome) => outcome.map_err(|error| Failure::of(&error)),
            None => {
                drop(Object::take(connection));
                Err(Failure::lost("the server does not answer"))
            }
        }
    }

    async fn cancel(&self, token: &CancelToken) {
        // If this fails too, the connection is given up anyhow.
        let _ = match &self.tls {
            Some(tls) => token.cancel_query(tls.clone()).await,
            None => token.cancel_query(NoTls).await,
        };
    }
}

/// Reads the URL. What is wrong with it is not said: it would have to be quoted.
fn parse(url: &str) -> Result<Config, ConnectError> {
    let known = url.replace("sslmode=verify-full", "sslmode=require").replace("sslmode=verify-ca", "sslmode=require");
    known.parse().map_err(|_| ConnectError::Url)
}

/// Decides `prefer`: see [`PostgresConfig::url`].
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
