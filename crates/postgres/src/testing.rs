//! A PostgreSQL server for tests: the one that `COUNTERSIGN_TEST_POSTGRES` names, or a private one.

use std::net::TcpListener;
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use countersign_storage::Secret;

use crate::config::PostgresConfig;
use crate::schema::Schemas;

/// Names a server to test on: a URL. Each test makes a schema of its own there.
pub const SERVER: &str = "COUNTERSIGN_TEST_POSTGRES";

/// The URL of a server to test on.
///
/// Without [`SERVER`], a private one is started in the directory for temporary files, on a free port of the loopback
/// interface. All test processes of a user share it, and it is stopped and removed a few seconds after the last of them
/// has ended, however it ended.
///
/// # Errors
/// Why no server could be started, with what it said.
pub fn server() -> Result<String, String> {
    if let Ok(url) = std::env::var(SERVER) {
        return Ok(url);
    }
    let free = TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).map_err(|e| e.to_string())?;
    let user = Command::new("id").arg("-u").output().map_err(|error| error.to_string())?.stdout;
    let directory = format!("/tmp/countersign-test-postgres.{}", String::from_utf8_lossy(&user).trim());
    let lock = format!("{directory}.lock");
    let started = Command::new("flock")
        // The lock ends with the script, and is not inherited by the server.
        .args(["-o", &lock, "sh", "-c", START, "start", &directory, &lock])
        .args([std::process::id().to_string(), free.port().to_string()])
        .output()
        .map_err(|error| error.to_string())?;
    if !started.status.success() {
        let said = String::from_utf8_lossy(&started.stderr);
        return Err(format!("no PostgreSQL could be started (set {SERVER} to use one that runs): {said}"));
    }
    let port = String::from_utf8_lossy(&started.stdout).trim().to_owned();
    Ok(format!("postgres://countersign@127.0.0.1:{port}/postgres"))
}

/// A schema of its own on [`server`].
///
/// # Errors
/// As [`server`].
pub fn fresh() -> Result<PostgresConfig, String> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_micros());
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let mut config = PostgresConfig::new(Secret::new(server()?));
    config.schema = format!("test_{}_{since}_{count}", std::process::id());
    Ok(config)
}

/// Removes the schemas of a test. Needless on a private server, polite on any other.
///
/// # Errors
/// What the server said.
pub async fn drop_schema(config: &PostgresConfig) -> Result<(), String> {
    let Schemas { tables, locks, views } = Schemas::of(&config.schema).map_err(|error| error.to_string())?;
    let connections = crate::connection::Connections::new(config, &[]).map_err(|error| error.to_string())?;
    let statement = format!("DROP SCHEMA IF EXISTS {tables}, {locks}, {views} CASCADE");
    let connection = connections.lend().await.map_err(|failure| format!("{failure:?}"))?;
    connection.batch_execute(&statement).await.map_err(|error| error.to_string())
}

/// Prints the port of the running server; its arguments are named in the script.
const START: &str = include_str!("testing.sh");
