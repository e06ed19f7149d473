//! How many token refreshes a second a PostgreSQL server takes: `postgres_refresh_rate <url> [schema] [lanes…]`.
//! `least_transaction.pgbench` beside this file is the least transaction to compare it with.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use countersign_postgres::{PostgresConfig, PostgresStore};
use countersign_storage::Secret;
use countersign_storage::conformance::rate::{Refresh, refreshes};

#[tokio::main(flavor = "multi_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let url = args.next().ok_or("usage: postgres_refresh_rate <url> [schema] [lanes…]")?;
    let mut config = PostgresConfig::new(Secret::new(url));
    config.schema = args.next().unwrap_or(config.schema);
    let lanes: Vec<usize> = args.map(|lanes| lanes.parse()).collect::<Result<_, _>>()?;
    let lanes = if lanes.is_empty() { vec![1, 8, 16, 64] } else { lanes };
    let store = Arc::new(PostgresStore::connect(config).await?);
    for lanes in lanes {
        for refresh in [Refresh::Whole, Refresh::CommitOnly] {
            let rate = refreshes(store.clone(), refresh, lanes, Duration::from_secs(4)).await?;
            println!("{lanes:>3} at once, {refresh:?}: {rate:?}");
        }
    }
    Ok(())
}
