//! Other roles and other work in the same database: what they cannot slip in, not hold up, and not be in the way of.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failed expectation is the test's own report, in its helpers too"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use countersign_postgres::{ConnectError, PostgresConfig, PostgresStore, testing};
use countersign_storage::conformance::executor::join_all;
use countersign_storage::conformance::{self, sample};
use countersign_storage::{
    Batch, Change, Entry, Index, Key, Kind, Page, Secret, Store, StoreError, Timestamp, Version,
};
use tokio_postgres::{Client, NoTls};

const KIND: Kind = Kind::new("sample");

fn key(id: &str) -> Key {
    Key { kind: KIND, id: id.to_owned() }
}

fn entry(id: &str) -> Entry {
    let indexes = vec![Index::new("by", "x")];
    Entry { key: key(id), version: Version::from_i64(7), body: "{}".into(), indexes, expires_at: None }
}

fn batch(changes: Vec<Change>) -> Batch {
    Batch { version: Version::from_i64(7), guards: Vec::new(), changes }
}

async fn raw(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// A database of its own, so that what is done to it meets no other test.
struct Database {
    config: PostgresConfig,
    name: String,
    owner: Client,
}

impl Database {
    async fn new() -> Self {
        let config = testing::fresh().unwrap();
        let name = config.schema.replace("test_", "db_");
        let server = raw(config.url.expose()).await;
        server.batch_execute(&format!("CREATE DATABASE {name}")).await.unwrap();
        let url = config.url.expose().replace("/postgres", &format!("/{name}"));
        let owner = raw(&url).await;
        Database { config: PostgresConfig { url: Secret::new(url), ..config }, name, owner }
    }

    async fn store(&self) -> PostgresStore {
        PostgresStore::connect(self.config.clone()).await.unwrap()
    }

    fn url_of(&self, role: &str) -> String {
        self.config.url.expose().replace("countersign@", &format!("{role}@"))
    }

    /// A role without any right of its own in this database.
    async fn role(&self, name: &str) -> String {
        let role = format!("{name}_{}", self.name);
        self.owner.batch_execute(&format!("CREATE ROLE {role} LOGIN")).await.unwrap();
        role
    }

    async fn count(&self, query: &str) -> i64 {
        self.owner.query_one(query, &[]).await.unwrap().get(0)
    }

    async fn drop(self, roles: &[&str]) {
        let Database { config, name, owner } = self;
        for role in roles {
            owner.batch_execute(&format!("DROP OWNED BY {role}; DROP ROLE {role}")).await.unwrap();
        }
        drop(owner);
        let server = raw(&config.url.expose().replace(&format!("/{name}"), "/postgres")).await;
        server.batch_execute(&format!("DROP DATABASE {name} WITH (FORCE)")).await.unwrap();
    }
}

/// Functions and relations with the names of the system's, each of which tells when it is used.
async fn lay_traps(client: &Client, schema: &str) {
    let trap = |signature: &str, returns: &str| {
        format!(
            "CREATE OR REPLACE FUNCTION {schema}.{signature} RETURNS {returns} LANGUAGE plpgsql AS
             $$ BEGIN RAISE 'the trap {signature} was stepped into'; END $$;"
        )
    };
    let traps = [
        trap("cardinality(text[])", "integer"),
        trap("unnest(text[])", "SETOF text"),
        trap("to_regclass(text)", "regclass"),
        trap("count(text)", "bigint"),
        trap("pg_backend_pid(integer)", "integer"),
        trap("current_setting(varchar)", "text"),
        trap("json_array_elements(json)", "SETOF json"),
        trap("to_timestamp(bigint)", "timestamptz"),
        trap("replace(text, text, varchar)", "text"),
        trap("pg_advisory_xact_lock(integer)", "void"),
    ];
    client.batch_execute(&traps.concat()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn functions_of_others_in_public_are_never_called() {
    let database = Database::new().await;
    lay_traps(&database.owner, "public").await;
    // Before the tables are made, while they are, and afterwards; directly and as through a pooler.
    let store = Arc::new(database.store().await);
    conformance::check(store.clone()).await.unwrap_or_else(|broken| panic!("{broken}"));
    let changes = sample::records().into_iter().map(Change::Insert).collect();
    store.commit(batch(changes)).await.unwrap();
    for (view, rows) in sample::VIEWS {
        let query = format!("SELECT count(*) FROM \"{}\".{view}", database.config.schema);
        assert_eq!(database.count(&query).await, i64::try_from(rows).unwrap());
        let query = format!("SELECT v::text FROM \"{}\".{view} v", database.config.schema);
        database.owner.query(&query, &[]).await.unwrap();
    }
    drop(store);
    database.drop(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn relations_and_types_of_a_session_are_never_taken_for_the_systems() {
    let database = Database::new().await;
    let store = database.store().await;
    store.commit(batch(vec![Change::Insert(entry("a"))])).await.unwrap();
    // What a session of a pooler may hold from whoever had it before.
    let schema = &database.config.schema;
    let traps = "CREATE TEMP TABLE record (kind text, id text); CREATE TEMP TABLE record_index (kind text);
        CREATE TEMP TABLE everything (nothing text); CREATE DOMAIN pg_temp.text AS varchar CHECK (value = 'trap');
        CREATE DOMAIN pg_temp.json AS varchar CHECK (value = 'trap');
        CREATE DOMAIN pg_temp.bigint AS integer CHECK (value = 0);
        CREATE DOMAIN pg_temp.numeric AS integer CHECK (value = 0)";
    lay_traps(&database.owner, "pg_temp").await;
    database.owner.batch_execute(traps).await.unwrap();
    let functions = [
        format!(
            "SELECT count(*) FROM \"{schema}\".read_records(ARRAY['sample']::pg_catalog.text[], ARRAY['a']::pg_catalog.text[])"
        ),
        format!("SELECT count(*) FROM \"{schema}\".list_records('sample', 'by', 'x', '', 10)"),
        format!("SELECT \"{schema}\".purge_expired(0, 10) + 1"),
    ];
    for query in functions {
        assert_eq!(database.count(&query).await, 1, "{query}");
    }
    drop(store);
    database.drop(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_other_role_can_hold_what_all_commits_share() {
    let database = Database::new().await;
    let store = database.store().await;
    let schema = database.config.schema.clone();
    let other = database.role("other").await;
    let stranger = raw(&database.url_of(&other)).await;
    // The number by which all were kept apart once, and the names of keys.
    let hold = |text: &str| {
        format!("SELECT pg_advisory_lock(('x' || encode(substr(sha256('{text}'), 1, 8), 'hex'))::bit(64)::bigint)")
    };
    for text in [schema.clone(), format!("{schema}\\000sample\\000a")] {
        stranger.batch_execute(&hold(&text)).await.unwrap();
    }
    store.commit(batch(vec![Change::Insert(entry("a"))])).await.unwrap();
    let many = (0..200).map(|n| Change::Insert(entry(&n.to_string()))).collect();
    store.commit(batch(many)).await.unwrap();
    // Nor can it take the lock of the table, even if it may look at all tables.
    let grant =
        format!("GRANT USAGE ON SCHEMA \"{schema}\" TO {other}; GRANT SELECT ON \"{schema}\".everything TO {other}");
    database.owner.batch_execute(&grant).await.unwrap();
    for mode in ["ROW SHARE", "SHARE", "EXCLUSIVE", "ACCESS EXCLUSIVE"] {
        let refused =
            stranger.batch_execute(&format!("BEGIN; LOCK TABLE \"{schema}\".everything IN {mode} MODE")).await;
        if mode == "ROW SHARE" {
            // It keeps nobody out but the largest batches, and only where it is allowed at all.
            let _ = stranger.batch_execute("ROLLBACK").await;
            continue;
        }
        let code = refused.unwrap_err().code().cloned();
        assert_eq!(code, Some(tokio_postgres::error::SqlState::INSUFFICIENT_PRIVILEGE), "{mode}");
        stranger.batch_execute("ROLLBACK").await.unwrap();
    }
    drop((store, stranger));
    database.drop(&[&other]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_role_lacks_is_told_in_words() {
    let database = Database::new().await;
    let schema = database.config.schema.clone();
    let role = database.role("poor").await;
    let config = PostgresConfig { url: Secret::new(database.url_of(&role)), ..database.config.clone() };
    let refused = PostgresStore::connect(config.clone()).await.unwrap_err();
    let lacks = "the database role lacks a right: to make the schema it needs CREATE on the database, to use it USAGE on \
                 the schema and SELECT, INSERT, UPDATE and DELETE on its tables (SQLSTATE 42501)";
    assert_eq!(refused, ConnectError::Unavailable(lacks.to_owned()));
    drop(database.store().await);
    let refused = PostgresStore::connect(config.clone()).await.unwrap_err();
    assert_eq!(refused, ConnectError::Unavailable(lacks.to_owned()), "it must not look into the schema");
    let read = format!(
        "GRANT USAGE ON SCHEMA \"{schema}\" TO {role}; GRANT SELECT ON ALL TABLES IN SCHEMA \"{schema}\" TO {role}"
    );
    database.owner.batch_execute(&read).await.unwrap();
    let reading = PostgresStore::connect(config.clone()).await.unwrap();
    assert_eq!(reading.load(&[key("a")]).await, Ok(vec![None]));
    let refused = reading.commit(batch(vec![Change::Insert(entry("a"))])).await;
    assert_eq!(refused, Err(StoreError::Unavailable(lacks.to_owned())));
    // What the words name is enough.
    let write = format!("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA \"{schema}\" TO {role}");
    database.owner.batch_execute(&write).await.unwrap();
    let writing = Arc::new(PostgresStore::connect(config).await.unwrap());
    conformance::check(writing.clone()).await.unwrap_or_else(|broken| panic!("{broken}"));
    drop((reading, writing));
    database.drop(&[&role]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_acknowledged_is_on_the_disk_whatever_the_servers_default_is() {
    let database = Database::new().await;
    drop(database.store().await);
    let schema = &database.config.schema;
    let empty = vec!["NULL"; 29].join(",");
    for (default, expected) in [("off", "on"), ("local", "local"), ("remote_apply", "remote_apply")] {
        let commit =
            format!("BEGIN; SET LOCAL synchronous_commit = {default}; SELECT \"{schema}\".commit_records(1, {empty})");
        database.owner.batch_execute(&commit).await.unwrap();
        let row = database.owner.query_one("SHOW synchronous_commit", &[]).await.unwrap();
        assert_eq!(row.get::<_, &str>(0), expected, "{default}");
        database.owner.batch_execute("COMMIT").await.unwrap();
    }
    database.drop(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn purging_and_committing_never_wait_for_each_other_and_leave_no_index_behind() {
    let database = Database::new().await;
    let store = database.store().await;
    // Records that expire while they move from index to index, one lane each.
    let record = |lane: usize, n: i64| Entry {
        version: Version::from_i64(n - 1),
        indexes: (0..30).map(|more| Index::new("by", format!("{}", (n + more) % 40))).collect(),
        expires_at: Some(Timestamp(100)),
        ..entry(&lane.to_string())
    };
    let lanes_left = AtomicUsize::new(16);
    let lane = async |lane: usize| {
        let mut was_purged = 0;
        let mut present = false;
        for n in 1..150 {
            let change = if present { Change::Replace(record(lane, n)) } else { Change::Insert(record(lane, n)) };
            let batch = Batch { version: Version::from_i64(n), guards: Vec::new(), changes: vec![change] };
            match store.commit(batch).await {
                Ok(()) => present = true,
                Err(StoreError::Conflict) if present => {
                    present = false;
                    was_purged += 1;
                }
                Err(error) => panic!("{error}"),
            }
        }
        lanes_left.fetch_sub(1, Ordering::SeqCst);
        was_purged
    };
    let purging = async || {
        while lanes_left.load(Ordering::SeqCst) > 0 {
            store.purge(Timestamp(200), 3).await.unwrap();
        }
    };
    let (lanes, ..) = tokio::join!(join_all((0..16).map(lane)), purging(), purging());
    assert!(lanes.iter().sum::<i32>() > 50, "what was purged while it was written: {lanes:?}");
    while store.purge(Timestamp(200), 1_000).await.unwrap() > 0 {}
    let schema = database.config.schema.clone();
    assert_eq!(database.count(&format!("SELECT count(*) FROM \"{schema}\".record")).await, 0);
    assert_eq!(database.count(&format!("SELECT count(*) FROM \"{schema}\".record_index")).await, 0, "left behind");
    assert_eq!(store.find(KIND, &Index::new("by", "1"), Page::first(1)).await.unwrap().entries, []);
    // The server has counted when the sessions have ended.
    drop(store);
    let sessions =
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
        AND backend_type = 'client backend'";
    while database.count(sessions).await > 0 {}
    let deadlocks = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()";
    assert_eq!(database.count(deadlocks).await, 0, "deadlocks");
    database.drop(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schema_of_the_version_before_is_brought_up_to_date_and_its_nodes_find_their_functions_gone() {
    let database = Database::new().await;
    let schema = format!("\"{}\"", database.config.schema);
    let before = format!(
        "CREATE SCHEMA {schema}; CREATE TABLE {schema}.migration (number integer PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now());
         INSERT INTO {schema}.migration (number) VALUES (1), (2), (3);
         {} {}
         CREATE FUNCTION {schema}.commit_batch(n bigint) RETURNS integer LANGUAGE sql AS 'SELECT 0';
         CREATE FUNCTION {schema}.load_records(n bigint) RETURNS integer LANGUAGE sql AS 'SELECT 0';
         CREATE FUNCTION {schema}.purge_records(n bigint) RETURNS integer LANGUAGE sql AS 'SELECT 0';
         INSERT INTO {schema}.record (kind, id, version, indexes, body) VALUES ('sample', 'a', 7, '[]', '{{}}')",
        include_str!("../src/tables.sql").replace("{schema}", &schema),
        include_str!("../src/views.sql").replace("{schema}", &schema),
    );
    database.owner.batch_execute(&before).await.unwrap();
    let store = Arc::new(database.store().await);
    assert!(store.load(&[key("a")]).await.unwrap()[0].is_some());
    conformance::check(store.clone()).await.unwrap_or_else(|broken| panic!("{broken}"));
    let gone = database.owner.batch_execute(&format!("SELECT {schema}.commit_batch(1)")).await.unwrap_err();
    assert_eq!(gone.code(), Some(&tokio_postgres::error::SqlState::UNDEFINED_FUNCTION));
    drop(store);
    database.drop(&[]).await;
}
