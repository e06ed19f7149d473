//! PostgreSQL keeps the laws of a store: alone, in races of many processes, after kills, and when connections break.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failed expectation is the test's own report, in its helpers too"
)]

use std::process::Command;
use std::sync::Arc;

use countersign_postgres::{PostgresConfig, PostgresStore, testing};
use countersign_storage::conformance::race::Size;
use countersign_storage::conformance::{self, builds, crash, handles, laws, process, race, sample};
use countersign_storage::{Batch, Change, Secret, Store, Version};

/// Tells a worker process which schema to use.
const SCHEMA: &str = "COUNTERSIGN_TEST_SCHEMA";

async fn connect(config: &PostgresConfig) -> Arc<dyn Store> {
    Arc::new(PostgresStore::connect(config.clone()).await.unwrap())
}

fn worker_on(config: &PostgresConfig) -> Command {
    let mut command = process::this_test_binary("worker").unwrap();
    command.env(testing::SERVER, config.url.expose()).env(SCHEMA, &config.schema);
    command
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schema_keeps_every_law() {
    let config = testing::fresh().unwrap();
    let checked = conformance::check(connect(&config).await).await.unwrap_or_else(|broken| panic!("{broken}"));
    assert_eq!(checked, laws().len());
    testing::drop_schema(&config).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn of_sixty_four_in_four_processes_exactly_one_wins() {
    let config = testing::fresh().unwrap();
    let store = connect(&config).await;
    let size = Size { processes: 4, each: 16, rounds: 4 };
    let held = race::run(store, &mut || worker_on(&config), size).await.unwrap_or_else(|seen| panic!("{seen}"));
    assert_eq!(held, 4 * 8);
    testing::drop_schema(&config).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_process_loses_nothing_that_it_acknowledged() {
    let config = testing::fresh().unwrap();
    for (processes, enough) in [(1, 5), (1, 40), (2, 60), (3, 90), (2, 200)] {
        let reopen = async || Ok(connect(&config).await);
        let acknowledged = crash::run(&mut || worker_on(&config), processes, enough, reopen).await;
        assert!(acknowledged.unwrap_or_else(|seen| panic!("{seen}")) >= enough);
    }
    testing::drop_schema(&config).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn two_builds_serve_one_schema_under_load() {
    let config = testing::fresh().unwrap();
    let builds = ["older", "newer", "older", "newer"];
    let used = builds::run(connect(&config).await, &mut || worker_on(&config), &builds).await;
    assert!(used.unwrap_or_else(|seen| panic!("{seen}")) > 100);
    testing::drop_schema(&config).await.unwrap();
}

/// Started by the tests above, in processes of its own.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "the worker process of the races and the kills"]
async fn worker() {
    let mut config = PostgresConfig::new(Secret::new(std::env::var(testing::SERVER).unwrap()));
    config.schema = std::env::var(SCHEMA).unwrap();
    process::worker(connect(&config).await).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_that_start_at_once_on_an_empty_database_all_succeed() {
    let config = testing::fresh().unwrap();
    let starting: Vec<_> = (0..8).map(|_| tokio::spawn(PostgresStore::connect(config.clone()))).collect();
    for node in starting {
        node.await.unwrap().unwrap();
    }
    testing::drop_schema(&config).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn two_handles_to_one_schema_are_one_store_and_two_schemas_are_two() {
    let [config, other] = [testing::fresh().unwrap(), testing::fresh().unwrap()];
    let two = [connect(&config).await, connect(&config).await];
    handles::check(two, connect(&other).await).await.unwrap_or_else(|broken| panic!("{broken}"));
    testing::drop_schema(&config).await.unwrap();
    testing::drop_schema(&other).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_name_of_a_schema_may_be_any() {
    let mut config = testing::fresh().unwrap();
    config.schema.push_str(r#" "Odd" 'name'; --"#);
    let first = laws().first().unwrap();
    first.check(connect(&config).await).await.unwrap();
    first.check(connect(&config).await).await.unwrap();
    testing::drop_schema(&config).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn people_find_readable_views_in_a_schema_of_their_own() {
    let config = testing::fresh().unwrap();
    let changes = sample::records().into_iter().map(Change::Insert).collect();
    let batch = Batch { version: Version::from_i64(1), guards: Vec::new(), changes };
    connect(&config).await.commit(batch).await.unwrap();
    let (reading, connection) = tokio_postgres::connect(config.url.expose(), tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    for (view, rows) in sample::VIEWS {
        // Each row as one document, each column of it as text.
        let select = format!(
            "SELECT n, key, value FROM (SELECT row_number() OVER () AS n, to_jsonb(v) AS d FROM \"{}_views\".{view} v) x,
             LATERAL jsonb_each_text(d)",
            config.schema
        );
        let mut seen = std::collections::BTreeSet::new();
        for row in reading.query(&select, &[]).await.unwrap() {
            let (n, column, value): (i64, String, Option<String>) = (row.get(0), row.get(1), row.get(2));
            seen.insert(n);
            let value = value.unwrap_or_else(|| panic!("{view}.{column} is empty"));
            assert!(!value.contains("hash-of"), "{view}.{column} shows what opens something");
        }
        assert_eq!(seen.len(), rows, "{view}");
    }
    let when = format!(
        "SELECT at = '2027-01-15T08:00:00Z' AND times = 37 AND last_at = '2027-01-15T08:00:30Z' FROM \"{}_views\".audit",
        config.schema
    );
    assert!(reading.query_one(&when, &[]).await.unwrap().get::<_, bool>(0));
    testing::drop_schema(&config).await.unwrap();
}
