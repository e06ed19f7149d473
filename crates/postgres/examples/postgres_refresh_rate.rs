//! How many token refreshes a second a PostgreSQL server takes: `postgres_refresh_rate <url>`. `least_transaction.pgbench` beside this
//! file is the least transaction to compare it with.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use countersign_postgres::{PostgresConfig, PostgresStore};
use countersign_storage::Secret;
use countersign_storage::conformance::rate::{Refresh, refreshes};

#[tokio::main(flavor = "multi_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let url = std::env::args().nth(1).ok_or("usage: postgres_refresh_rate <url>")?;
    let store = Arc::new(PostgresStore::connect(PostgresConfig::new(Secret::new(url))).await?);
    for lanes in [1, 4, 16, 64] {
        for refresh in [Refresh::Whole, Refresh::CommitOnly] {
            let rate = refreshes(store.clone(), refresh, lanes, Duration::from_secs(4)).await?;
            println!("{lanes:>3} at once, {refresh:?}: {rate:?}");
        }
    }
    Ok(())
}
