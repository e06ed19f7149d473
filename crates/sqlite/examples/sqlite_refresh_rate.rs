//! How many token refreshes a second a file takes: `sqlite_refresh_rate <directory>`, with both durabilities.

use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use countersign_sqlite::{Durability, SqliteStore};
use countersign_storage::conformance::executor::block_on;
use countersign_storage::conformance::rate::{Refresh, refreshes};

fn main() -> Result<(), Box<dyn Error>> {
    let directory = std::env::args().nth(1).ok_or("usage: sqlite_refresh_rate <directory>")?;
    for durability in [Durability::PowerLoss, Durability::ProcessCrash] {
        let file = Path::new(&directory).join(format!("{durability:?}.db"));
        let store = Arc::new(SqliteStore::open_with(file, durability)?);
        for lanes in [1, 4, 16, 64] {
            let rate = block_on(refreshes(store.clone(), Refresh::Whole, lanes, Duration::from_secs(3)))?;
            println!("{durability:?}, {lanes:>3} at once: {rate:?}");
        }
    }
    Ok(())
}
