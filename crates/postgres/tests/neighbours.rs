//! Other roles and other work in the same database: what they cannot slip in, not hold up, and not be in the way of.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failed expectation is the test's own report, in its helpers too"
)]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use countersign_postgres::{ConnectError, PostgresConfig, PostgresStore, testing};
use countersign_storage::conformance::executor::join_all;
use countersign_storage::conformance::{self, sample};
use countersign_storage::{
    Batch, Change, Entry, Guard, Index, Key, Kind, Page, Secret, Store, StoreError, Timestamp, Version,
};
use tokio_postgres::error::SqlState;
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

    /// A role of somebody who reads the views.
    async fn reader(&self) -> String {
        let (views, reader) = (format!("\"{}_views\"", self.config.schema), self.role("reader").await);
        let grant = format!(
            "GRANT USAGE ON SCHEMA {views} TO {reader}; GRANT SELECT ON ALL TABLES IN SCHEMA {views} TO {reader}"
        );
        self.owner.batch_execute(&grant).await.unwrap();
        reader
    }

    /// A role that may make schemas in this database.
    async fn creator(&self, name: &str) -> String {
        let role = self.role(name).await;
        self.owner.batch_execute(&format!("GRANT CREATE ON DATABASE {} TO {role}", self.name)).await.unwrap();
        role
    }

    /// What a start as this role says.
    async fn start_as(&self, role: &str) -> Result<(), ConnectError> {
        let config = PostgresConfig { url: Secret::new(self.url_of(role)), ..self.config.clone() };
        PostgresStore::connect(config).await.map(drop)
    }

    /// A store as it was while the views were beside the tables.
    async fn with_views_beside(&self) {
        let (schema, views) = (format!("\"{}\"", self.config.schema), format!("\"{}_views\"", self.config.schema));
        let back: String =
            sample::VIEWS.iter().map(|(name, _)| format!("ALTER VIEW {views}.{name} SET SCHEMA {schema};")).collect();
        let undo = format!(
            "{back} ALTER FUNCTION {views}.readable SET SCHEMA {schema}; ALTER FUNCTION {views}.moment SET SCHEMA {schema};
             DROP SCHEMA {views}; DELETE FROM {schema}.migration WHERE number >= 10"
        );
        self.owner.batch_execute(&undo).await.unwrap();
    }

    async fn count(&self, query: &str) -> i64 {
        self.owner.query_one(query, &[]).await.unwrap().get(0)
    }

    /// Returns when so many wait for a lock of this sort.
    async fn has_waiting(&self, count: i64, sort: &str) {
        let waiting = format!(
            "SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database
              WHERE d.datname = current_database() AND NOT l.granted AND l.locktype = '{sort}'"
        );
        while self.count(&waiting).await < count {}
    }

    /// How many tables and views of a schema somebody has locked.
    async fn count_locked(&self, schema: &str) -> i64 {
        let locked = format!(
            "SELECT count(DISTINCT l.relation) FROM pg_locks l JOIN pg_database d ON d.oid = l.database
               JOIN pg_class c ON c.oid = l.relation JOIN pg_namespace n ON n.oid = c.relnamespace
              WHERE d.datname = current_database() AND n.nspname = '{schema}'"
        );
        self.count(&locked).await
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
        trap("cardinality(bigint[])", "integer"),
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
        let query = format!("SELECT count(*) FROM \"{}_views\".{view}", database.config.schema);
        assert_eq!(database.count(&query).await, i64::try_from(rows).unwrap());
        let query = format!("SELECT v::text FROM \"{}_views\".{view} v", database.config.schema);
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
        CREATE TEMP TABLE everything (nothing text); CREATE TEMP TABLE stripe_0 (nothing text); CREATE DOMAIN pg_temp.text AS varchar CHECK (value = 'trap');
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
        format!(
            "SELECT \"{schema}\".write_batch(7, ARRAY[0]::pg_catalog.int8[], ARRAY[true], {}) + 1::pg_catalog.int8",
            vec!["NULL"; 27].join(",")
        ),
    ];
    for query in functions {
        assert_eq!(database.count(&query).await, 1, "{query}");
    }
    drop(store);
    database.drop(&[]).await;
}

/// In a transaction that stays open, tries every way to lock each table and view of ours, and keeps what it gets.
async fn lock_what_can_be_locked(session: &Client, schema: &str) {
    let attempts = format!(
        "BEGIN; SET LOCAL lock_timeout = 100;
         DO $$ DECLARE attempt text; name text; BEGIN
             FOR name IN SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname)
                           FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                          WHERE n.nspname LIKE '{schema}%' AND c.relkind IN ('r', 'p', 'v') LOOP
                 FOREACH attempt IN ARRAY ARRAY[
                     'LOCK TABLE %s IN ACCESS SHARE MODE', 'LOCK TABLE %s IN ROW SHARE MODE',
                     'LOCK TABLE %s IN SHARE UPDATE EXCLUSIVE MODE', 'LOCK TABLE %s IN ACCESS EXCLUSIVE MODE',
                     'SELECT FROM %s FOR UPDATE', 'SELECT FROM %s FOR KEY SHARE', 'DELETE FROM %s',
                     'PREPARE \"read %s\" AS SELECT FROM %1$s FOR UPDATE', 'PREPARE \"write %s\" AS DELETE FROM %1$s'] LOOP
                     BEGIN
                         EXECUTE format(attempt, name);
                     EXCEPTION WHEN OTHERS THEN NULL;
                     END;
                 END LOOP;
             END LOOP;
         END $$"
    );
    session.batch_execute(&attempts).await.unwrap();
}

/// Commits of every size, on keys that are in use, and a purge: all of them end, and soon.
async fn serves(store: &PostgresStore) {
    let guards = |id: &str| vec![Guard { key: key(id), version: None }];
    let everybody = async {
        for n in 0..4 {
            let commit = Batch { guards: guards("absent"), ..batch(vec![Change::Insert(entry(&format!("more {n}")))]) };
            store.commit(commit).await.unwrap();
        }
        let replace = Change::Replace(entry("hot"));
        store.commit(Batch { guards: guards("absent"), ..batch(vec![replace]) }).await.unwrap();
        let many = (0..200).map(|n| Change::Insert(entry(&n.to_string()))).collect();
        store.commit(batch(many)).await.unwrap();
        store.purge(Timestamp(1), 10).await.unwrap();
    };
    tokio::time::timeout(PROMPT, everybody).await.expect("somebody holds commits up");
}

/// Much longer than anything takes here, even on a machine with much else to do.
const PROMPT: Duration = Duration::from_secs(20);

#[tokio::test(flavor = "multi_thread")]
async fn who_may_only_connect_can_hold_up_no_commit_and_no_migration() {
    let database = Database::new().await;
    let store = database.store().await;
    let schema = database.config.schema.clone();
    let other = database.role("other").await;
    let stranger = raw(&database.url_of(&other)).await;
    store.commit(batch(vec![Change::Insert(entry("hot"))])).await.unwrap();
    // A commit stands still while it holds its locks, so that all of them can be looked at.
    database.owner.batch_execute(&format!("BEGIN; LOCK TABLE \"{schema}\".record")).await.unwrap();
    let standing = tokio::spawn({
        let store = store.clone();
        let guards = vec![Guard { key: key("absent"), version: None }];
        async move { store.commit(Batch { guards, ..batch(vec![Change::Replace(entry("hot"))]) }).await }
    });
    database.has_waiting(1, "relation").await;
    // Whatever number is locked, the stranger wants it too; and the one that migrations had once.
    let numbers = "SELECT (classid::bigint << 32) | objid::bigint FROM pg_locks WHERE locktype = 'advisory'";
    let mut numbers: Vec<i64> =
        stranger.query(numbers, &[]).await.unwrap().iter().map(|row| row.get::<_, i64>(0)).collect();
    numbers.push(0x636f_756e_7465_7273);
    let wanted: Vec<String> = numbers.iter().map(|number| format!("SELECT pg_advisory_lock({number});")).collect();
    let taking = tokio::spawn(async move {
        stranger.batch_execute(&wanted.concat()).await.unwrap();
        stranger
    });
    database.has_waiting(i64::from(numbers.len() > 1), "advisory").await;
    database.owner.batch_execute("COMMIT").await.unwrap();
    standing.await.unwrap().unwrap();
    let stranger = taking.await.unwrap();
    lock_what_can_be_locked(&stranger, &schema).await;
    assert_eq!(database.count_locked(&schema).await, 0, "tables that a stranger has locked");
    assert_eq!(database.count_locked(&format!("{schema}_locks")).await, 0, "stripes that a stranger has locked");

    serves(&store).await;
    let anew = PostgresConfig { schema: format!("{schema}_anew"), ..database.config.clone() };
    let starting = tokio::time::timeout(PROMPT, PostgresStore::connect(anew)).await;
    drop(starting.expect("somebody holds migrations up").unwrap());
    drop((store, stranger));
    database.drop(&[&other]).await;
}

/// What locks a table by its number for whoever may connect, until the end of the transaction and so that commits wait. The
/// documentation of the crate says so.
const LOCKING: [&str; 4] = ["currval", "nextval", "pg_sequence_last_value", "setval"];

#[tokio::test(flavor = "multi_thread")]
async fn by_its_number_nobody_holds_a_table_of_ours_but_with_the_functions_for_sequences() {
    let database = Database::new().await;
    let store = database.store().await;
    let other = database.role("other").await;
    let stranger = raw(&database.url_of(&other)).await;
    // Each function that can be given the number of a table, with a value for each parameter.
    let calls = "SELECT p.proname::text, format('pg_catalog.%I(%s)', p.proname, string_agg(
                    CASE WHEN t.oid IN ('oid'::regtype, 'regclass'::regtype) THEN '{number}'
                         WHEN t.oid IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype) THEN '1'
                         WHEN t.oid = 'bool'::regtype THEN 'true' WHEN t.typcategory = 'S' THEN '''x''' ELSE 'NULL' END
                    || '::' || t.oid::regtype, ', ' ORDER BY a.n))
           FROM pg_proc p CROSS JOIN unnest(p.proargtypes) WITH ORDINALITY AS a(oid, n) JOIN pg_type t ON t.oid = a.oid
          WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.prokind = 'f' AND has_function_privilege(p.oid, 'EXECUTE')
          GROUP BY p.oid, p.proname
         HAVING bool_or(t.oid IN ('oid'::regtype, 'regclass'::regtype)) AND NOT bool_or(t.typtype = 'p')";
    let calls: Vec<(String, String)> =
        stranger.query(calls, &[]).await.unwrap().iter().map(|row| (row.get(0), row.get(1))).collect();
    assert!(calls.len() > 100);
    let schema = &database.config.schema;
    let mut holding = BTreeSet::new();
    for table in [format!("\"{schema}\".record"), format!("\"{schema}_locks\".stripe_0")] {
        let number = database.count(&format!("SELECT '{table}'::regclass::oid::bigint")).await;
        // What commits do with these tables. Whoever wants a lock that does not go with it waits, and others behind it.
        database.owner.batch_execute(&format!("BEGIN; LOCK TABLE {table} IN ROW EXCLUSIVE MODE")).await.unwrap();
        for (function, call) in &calls {
            let call = call.replace("{number}", &number.to_string());
            let attempt = format!(
                "BEGIN; SET LOCAL lock_timeout = 50; DO $do$ BEGIN PERFORM {call};
                 EXCEPTION WHEN lock_not_available THEN RAISE; WHEN OTHERS THEN NULL; END $do$"
            );
            stranger.batch_execute(&attempt).await.unwrap_or_else(|_| panic!("{call} waits for a lock of {table}"));
            let held = format!(
                "SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid() AND relation = {number} AND mode <> 'AccessShareLock'"
            );
            if stranger.query_one(&held, &[]).await.unwrap().get::<_, i64>(0) > 0 {
                holding.insert(function.clone());
            }
            stranger.batch_execute("ROLLBACK").await.unwrap();
        }
        database.owner.batch_execute("COMMIT").await.unwrap();
    }
    assert!(holding.iter().all(|function| LOCKING.contains(&function.as_str())), "{holding:?}");
    drop((store, stranger));
    database.drop(&[&other]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_read_the_views_can_hold_up_no_commit() {
    let database = Database::new().await;
    let store = database.store().await;
    store.commit(batch(vec![Change::Insert(entry("hot"))])).await.unwrap();
    let schema = database.config.schema.clone();
    let reader = database.reader().await;
    let session = raw(&database.url_of(&reader)).await;
    // A statement that is only prepared locks its table as if it were allowed.
    lock_what_can_be_locked(&session, &schema).await;
    assert!(database.count_locked(&format!("{schema}_views")).await > 0);
    assert_eq!(database.count_locked(&format!("{schema}_locks")).await, 0, "stripes that a reader has locked");
    serves(&store).await;
    drop((store, session));
    database.drop(&[&reader]).await;
}

/// Statements on a table or view `%s`, with `%c` one of its columns, that want more of its lock than to read it. PostgreSQL
/// waits for some of these locks before it asks whether the statement is allowed.
const WANTING: &[&str] = &[
    "BEGIN; LOCK TABLE %s IN ROW EXCLUSIVE MODE",
    "BEGIN; LOCK TABLE %s IN SHARE UPDATE EXCLUSIVE MODE",
    "BEGIN; LOCK TABLE %s IN SHARE MODE",
    "BEGIN; LOCK TABLE %s IN ACCESS EXCLUSIVE MODE",
    "CREATE RULE r AS ON INSERT TO %s DO NOTHING",
    "CREATE OR REPLACE RULE \"_RETURN\" AS ON SELECT TO %s DO INSTEAD SELECT 1",
    "CREATE TRIGGER t BEFORE INSERT ON %s EXECUTE FUNCTION pg_catalog.suppress_redundant_updates_trigger()",
    "CREATE CONSTRAINT TRIGGER t AFTER INSERT ON own FROM %s EXECUTE FUNCTION pg_catalog.suppress_redundant_updates_trigger()",
    "CREATE INDEX ON %s (%c)",
    "CREATE STATISTICS pg_temp.s ON %c, tableoid FROM %s",
    "CREATE POLICY p ON %s",
    "CREATE TEMP TABLE child () INHERITS (%s)",
    "CREATE TEMP TABLE alike (LIKE %s INCLUDING ALL)",
    "CREATE TEMP TABLE part PARTITION OF %s DEFAULT",
    "CREATE TEMP TABLE refers (x text REFERENCES %s)",
    "CREATE TEMP TABLE refers (x text REFERENCES %s (%c))",
    "CREATE TEMP SEQUENCE owned OWNED BY %s.%c",
    "CREATE TEMP VIEW copied AS TABLE %s",
    "CREATE TEMP TABLE copied AS TABLE %s",
    "CREATE PUBLICATION p FOR TABLE %s",
    "ALTER TABLE own INHERIT %s",
    "ALTER TABLE %s INHERIT own",
    "ALTER TABLE %s ATTACH PARTITION own DEFAULT",
    "ALTER TABLE %s DETACH PARTITION own",
    "ALTER TABLE %s ADD more text",
    "ALTER TABLE %s ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE %s DISABLE TRIGGER ALL",
    "ALTER TABLE %s VALIDATE CONSTRAINT c",
    "ALTER TABLE %s CLUSTER ON i",
    "ALTER TABLE %s SET (autovacuum_enabled = off)",
    "ALTER TABLE %s OWNER TO CURRENT_USER",
    "ALTER TABLE %s RENAME TO other",
    "ALTER TABLE %s RENAME %c TO other",
    "ALTER TABLE %s RENAME CONSTRAINT c TO other",
    "ALTER TABLE %s SET SCHEMA pg_temp",
    "ALTER VIEW %s RENAME TO other",
    "ALTER VIEW %s SET (security_barrier)",
    "ALTER INDEX %s RENAME TO other",
    "ALTER SEQUENCE %s RESTART",
    "ALTER RULE r ON %s RENAME TO other",
    "ALTER TRIGGER t ON %s RENAME TO other",
    "ALTER TRIGGER t ON %s DEPENDS ON EXTENSION plpgsql",
    "ALTER POLICY p ON %s RENAME TO other",
    "ALTER POLICY p ON %s USING (true)",
    "ALTER EXTENSION plpgsql ADD TABLE %s",
    "ALTER EXTENSION plpgsql ADD VIEW %s",
    "COMMENT ON TABLE %s IS 'c'",
    "COMMENT ON VIEW %s IS 'c'",
    "COMMENT ON INDEX %s IS 'c'",
    "COMMENT ON COLUMN %s.%c IS 'c'",
    "COMMENT ON RULE \"_RETURN\" ON %s IS 'c'",
    "COMMENT ON TRIGGER t ON %s IS 'c'",
    "COMMENT ON POLICY p ON %s IS 'c'",
    "COMMENT ON CONSTRAINT record_pkey ON %s IS 'c'",
    "SECURITY LABEL ON TABLE %s IS 'l'",
    "DROP TABLE %s",
    "DROP VIEW %s",
    "DROP INDEX %s",
    "DROP INDEX CONCURRENTLY %s",
    "DROP RULE \"_RETURN\" ON %s",
    "DROP TRIGGER t ON %s",
    "DROP POLICY p ON %s",
    "TRUNCATE %s",
    "ANALYZE %s",
    "VACUUM %s",
    "VACUUM FULL %s",
    "CLUSTER %s",
    "CLUSTER %s USING i",
    "REINDEX TABLE %s",
    "REINDEX TABLE CONCURRENTLY %s",
    "REINDEX INDEX %s",
    "REFRESH MATERIALIZED VIEW %s",
    "GRANT SELECT ON %s TO PUBLIC",
    "REVOKE SELECT ON %s FROM PUBLIC",
    "COPY %s FROM PROGRAM 'true'",
    "SELECT FROM %s FOR UPDATE",
    "INSERT INTO %s DEFAULT VALUES",
    "UPDATE %s SET %c = %c",
    "DELETE FROM %s",
    "MERGE INTO %s USING own ON false WHEN MATCHED THEN DELETE",
    "EXPLAIN DELETE FROM %s",
    "SELECT pg_catalog.nextval('%s')",
];

#[tokio::test(flavor = "multi_thread")]
async fn who_may_read_the_views_holds_up_nothing_by_waiting_for_a_lock() {
    let database = Database::new().await;
    let store = database.store().await;
    store.commit(batch(vec![Change::Insert(entry("hot"))])).await.unwrap();
    let (schema, views) = (&database.config.schema, format!("{}_views", database.config.schema));
    let reader = database.reader().await;
    let [reading, wanting] = [raw(&database.url_of(&reader)).await, raw(&database.url_of(&reader)).await];
    let own = format!("CREATE TEMP TABLE own (x text); CREATE TEMP VIEW above AS TABLE \"{views}\".audit");
    wanting.batch_execute(&format!("SET lock_timeout = 50; {own}")).await.unwrap();
    let tables = [("migration", "number"), ("record", "kind"), ("record_index", "kind")];
    let locks = [("everything", "nothing"), ("stripe_0", "nothing")];
    let ours: Vec<_> = tables
        .map(|(name, column)| (format!("\"{schema}\".{name}"), column))
        .into_iter()
        .chain(locks.map(|(name, column)| (format!("\"{schema}_locks\".{name}"), column)))
        .collect();
    // Behind this lock whoever wants more than a commit does of these tables waits, and would have others wait behind it.
    let names: Vec<&str> = ours.iter().map(|(name, _)| name.as_str()).collect();
    let hold = format!("BEGIN; LOCK TABLE {} IN SHARE UPDATE EXCLUSIVE MODE", names.join(", "));
    database.owner.batch_execute(&hold).await.unwrap();
    let readable = [
        (format!("\"{views}\".users"), "subject"),
        (format!("\"{views}\".audit"), "audit_id"),
        ("above".to_owned(), "audit_id"),
    ];
    let mut waited = Vec::new();
    for (name, column) in ours.iter().chain(&readable) {
        for statement in WANTING {
            let statement = statement.replace("%s", name).replace("%c", column);
            let refused = wanting.batch_execute(&statement).await.err();
            if refused.is_some_and(|error| error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE)) {
                waited.push(statement);
            }
            wanting.batch_execute("ROLLBACK").await.unwrap();
        }
    }
    database.owner.batch_execute("COMMIT").await.unwrap();
    assert_eq!(waited, Vec::<String>::new(), "these wait for a lock of a table");
    // A view that nobody of ours reads: whoever waits for it holds up nobody else.
    reading.batch_execute(&format!("BEGIN; SELECT FROM \"{views}\".audit")).await.unwrap();
    wanting.batch_execute("SET lock_timeout = 0").await.unwrap();
    let rule = format!("CREATE RULE r AS ON INSERT TO \"{views}\".audit DO NOTHING");
    let waiting = tokio::spawn(async move { refused_with(&wanting, &rule).await });
    database.has_waiting(1, "relation").await;
    serves(&store).await;
    assert!(!waiting.is_finished());
    reading.batch_execute("COMMIT").await.unwrap();
    assert_eq!(waiting.await.unwrap(), Some(SqlState::INSUFFICIENT_PRIVILEGE));
    drop((store, reading));
    database.drop(&[&reader]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_gets_its_turn_while_others_guard_the_same_key_without_a_pause() {
    let database = Database::new().await;
    let store = database.store().await;
    store.commit(batch(vec![Change::Insert(entry("hot"))])).await.unwrap();
    let guarded = AtomicUsize::new(0);
    let guarding = async |lane: usize| {
        for n in 0.. {
            let guards = vec![Guard { key: key("hot"), version: Some(Version::from_i64(7)) }];
            let insert = Change::Insert(entry(&format!("{lane}/{n}")));
            match store.commit(Batch { guards, ..batch(vec![insert]) }).await {
                Ok(()) => guarded.fetch_add(1, Ordering::SeqCst),
                Err(StoreError::Conflict) => return,
                Err(error) => panic!("{error}"),
            };
        }
    };
    let changing = async {
        while guarded.load(Ordering::SeqCst) < 200 {
            tokio::task::yield_now().await;
        }
        let begun = Instant::now();
        let change = Batch { version: Version::from_i64(8), ..batch(vec![Change::Replace(entry("hot"))]) };
        store.commit(change).await.unwrap();
        begun.elapsed()
    };
    let (_, took) = tokio::join!(join_all((0..12).map(guarding)), changing);
    assert!(took < Duration::from_secs(2), "the change waited for {took:?}");
    drop(store);
    database.drop(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_role_lacks_is_told_in_words() {
    let database = Database::new().await;
    let schema = database.config.schema.clone();
    let role = database.role("poor").await;
    let config = PostgresConfig { url: Secret::new(database.url_of(&role)), ..database.config.clone() };
    let refused = PostgresStore::connect(config.clone()).await.unwrap_err();
    let lacks = |what: &str| format!("the database role lacks {what} (SQLSTATE 42501)");
    let create = "CREATE on the database (the first start of a version makes what is missing: the owner must do it)";
    assert_eq!(refused, ConnectError::Unavailable(lacks(create)));
    drop(database.store().await);
    let refused = PostgresStore::connect(config.clone()).await.unwrap_err();
    let usage = format!("a right to the schema {schema} (to use it USAGE, to update it CREATE)");
    assert_eq!(refused, ConnectError::Unavailable(lacks(&usage)), "it must not look into the schema");
    // What the documentation names is enough.
    let both = format!("\"{schema}\", \"{schema}_locks\"");
    let write = format!(
        "GRANT USAGE ON SCHEMA {both} TO {role};
         GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {both} TO {role}"
    );
    database.owner.batch_execute(&write).await.unwrap();
    let writing = Arc::new(PostgresStore::connect(config).await.unwrap());
    conformance::check(writing.clone()).await.unwrap_or_else(|broken| panic!("{broken}"));
    // A right that is taken away later is named too.
    for (right, object) in
        [("EXECUTE", "function write_batch"), ("INSERT", "table record"), ("DELETE", "table record_index")]
    {
        let (sort, name) = object.split_once(' ').unwrap();
        let (on, role) =
            (format!("{right} ON {sort} \"{schema}\".{name}"), if right == "EXECUTE" { "public" } else { &role });
        database.owner.batch_execute(&format!("REVOKE {on} FROM {role}")).await.unwrap();
        let store: &dyn Store = &*writing;
        let refused = match right {
            "DELETE" => store.purge(Timestamp(1), 1).await.map(drop),
            _ => store.commit(batch(vec![Change::Insert(entry("b"))])).await,
        };
        assert_eq!(refused, Err(StoreError::Unavailable(lacks(&format!("a right to the {object}")))));
        database.owner.batch_execute(&format!("GRANT {on} TO {role}")).await.unwrap();
    }
    drop(writing);
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
            format!("BEGIN; SET LOCAL synchronous_commit = {default}; SELECT \"{schema}\".write_batch(1, {empty})");
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

/// Tables as they were after so many migrations, with one record, and what else was there then.
async fn schema_of_before(database: &Database, migrations: usize, more: &str) {
    let schema = format!("\"{}\"", database.config.schema);
    let done: Vec<String> = (1..=migrations).map(|n| format!("({n})")).collect();
    let before = format!(
        "CREATE SCHEMA {schema}; CREATE TABLE {schema}.migration (number integer PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now());
         INSERT INTO {schema}.migration (number) VALUES {}; {} {} {more}
         INSERT INTO {schema}.record (kind, id, version, indexes, body) VALUES ('sample', 'a', 7, '[]', '{{}}')",
        done.join(","),
        include_str!("../src/tables.sql"),
        include_str!("../src/views.sql"),
    );
    database.owner.batch_execute(&before.replace("{schema}", &schema)).await.unwrap();
}

async fn refused_with(session: &Client, statement: &str) -> Option<SqlState> {
    session.batch_execute(statement).await.unwrap_err().code().cloned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schema_of_an_early_version_is_brought_up_to_date_and_its_nodes_find_their_functions_gone() {
    let database = Database::new().await;
    let functions = ["commit_batch", "load_records", "purge_records"]
        .map(|name| format!("CREATE FUNCTION {{schema}}.{name}(n bigint) RETURNS integer LANGUAGE sql AS 'SELECT 0';"));
    schema_of_before(&database, 3, &functions.concat()).await;
    let store = Arc::new(database.store().await);
    assert!(store.load(&[key("a")]).await.unwrap()[0].is_some());
    conformance::check(store.clone()).await.unwrap_or_else(|broken| panic!("{broken}"));
    let commit = format!("SELECT \"{}\".commit_batch(1)", database.config.schema);
    assert_eq!(refused_with(&database.owner, &commit).await, Some(SqlState::UNDEFINED_FUNCTION));
    drop(store);
    database.drop(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_keeps_the_rights_to_a_view_and_what_others_built_upon_it() {
    let database = Database::new().await;
    let reader = database.role("reader").await;
    let built = format!(
        "CREATE VIEW public.mine AS SELECT action FROM {{schema}}.audit; CREATE VIEW public.people AS TABLE {{schema}}.users;
         GRANT SELECT ON {{schema}}.audit, {{schema}}.users, public.mine, public.people TO {reader};"
    );
    schema_of_before(&database, 3, &built).await;
    let store = database.store().await;
    let changes = sample::records().into_iter().map(Change::Insert).collect();
    store.commit(batch(changes)).await.unwrap();
    let views = format!("\"{}_views\"", database.config.schema);
    database.owner.batch_execute(&format!("GRANT USAGE ON SCHEMA {views} TO {reader}")).await.unwrap();
    let reading = raw(&database.url_of(&reader)).await;
    for (built, view) in [("public.mine", "audit"), ("public.people", "users")] {
        let query = format!("SELECT (SELECT count(*) FROM {built}), (SELECT count(*) FROM {views}.{view})");
        let row = reading.query_one(&query, &[]).await.unwrap();
        assert!(row.get::<_, i64>(0) > 0 && row.get::<_, i64>(0) == row.get::<_, i64>(1), "{view}");
    }
    drop((store, reading));
    database.drop(&[&reader]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_that_waits_for_somebody_who_reads_a_view_holds_up_no_node() {
    let database = Database::new().await;
    let older = database.store().await;
    older.commit(batch(vec![Change::Insert(entry("hot"))])).await.unwrap();
    database.with_views_beside().await;
    let (schema, views) = (format!("\"{}\"", database.config.schema), format!("\"{}_views\"", database.config.schema));
    let reading = raw(database.config.url.expose()).await;
    reading.batch_execute(&format!("BEGIN; SELECT FROM {schema}.users")).await.unwrap();
    let newer = tokio::spawn(PostgresStore::connect(database.config.clone()));
    database.has_waiting(1, "relation").await;
    serves(&older).await;
    assert!(!newer.is_finished());
    reading.batch_execute("COMMIT").await.unwrap();
    let newer = newer.await.unwrap().unwrap();
    for store in [&older, &newer] {
        assert!(store.load(&[key("hot")]).await.unwrap()[0].is_some());
        store.commit(batch(vec![Change::Replace(entry("hot"))])).await.unwrap();
    }
    for (name, _) in sample::VIEWS {
        database.count(&format!("SELECT count(*) FROM {views}.{name}")).await;
    }
    drop((older, newer));
    database.drop(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_commit_that_locks_as_the_version_before_did_ends_beside_one_of_this_version() {
    let database = Database::new().await;
    let schema = format!("\"{}\"", database.config.schema);
    let six = format!(
        "{} CREATE TABLE {schema}.everything (nothing boolean); CREATE TABLE {schema}.lock_secret (secret text);
         CREATE FUNCTION {schema}.commit_records(n bigint) RETURNS integer LANGUAGE plpgsql AS
         $$ BEGIN PERFORM 1 FROM {schema}.everything FOR KEY SHARE; RETURN 0; END $$;",
        include_str!("../src/reads.sql")
    );
    schema_of_before(&database, 6, &six).await;
    let commit = format!("SELECT {schema}.commit_records(1)");
    // One commit has begun when the new version arrives, and one begins while that waits.
    let [begun, late] = [raw(database.config.url.expose()).await, raw(database.config.url.expose()).await];
    begun.batch_execute(&format!("BEGIN; {commit}")).await.unwrap();
    let arriving = tokio::spawn(PostgresStore::connect(database.config.clone()));
    database.has_waiting(1, "relation").await;
    let too_late = tokio::spawn({
        let commit = commit.clone();
        async move { refused_with(&late, &commit).await }
    });
    database.has_waiting(2, "relation").await;
    assert!(!arriving.is_finished());
    begun.batch_execute("COMMIT").await.unwrap();
    let store = Arc::new(arriving.await.unwrap().unwrap());
    assert_eq!(too_late.await.unwrap(), Some(SqlState::UNDEFINED_TABLE));
    assert_eq!(refused_with(&begun, &commit).await, Some(SqlState::UNDEFINED_FUNCTION));
    // With this, a node of that version began.
    let start = format!("SELECT secret FROM {schema}.lock_secret");
    assert_eq!(refused_with(&begun, &start).await, Some(SqlState::UNDEFINED_TABLE));
    conformance::check(store.clone()).await.unwrap_or_else(|broken| panic!("{broken}"));
    drop(store);
    database.drop(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_a_newer_version_has_locked_out_says_so_and_still_reads() {
    let database = Database::new().await;
    let store = database.store().await;
    store.commit(batch(vec![Change::Insert(entry("a"))])).await.unwrap();
    database.owner.batch_execute(&format!("DROP FUNCTION \"{}\".write_batch", database.config.schema)).await.unwrap();
    let lacks = "the schema lacks a table or a function of this version: a newer version has replaced it, or somebody \
                 removed it (SQLSTATE 42883)";
    let refused = store.commit(batch(vec![Change::Insert(entry("b"))])).await;
    assert_eq!(refused, Err(StoreError::Unavailable(lacks.to_owned())));
    assert!(store.load(&[key("a")]).await.unwrap()[0].is_some());
    drop(store);
    database.drop(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_that_cannot_make_its_schemas_says_why() {
    let database = Database::new().await;
    let started = async |schema: &str| {
        let statement_timeout = Duration::from_secs(1);
        let config = PostgresConfig { schema: schema.to_owned(), statement_timeout, ..database.config.clone() };
        PostgresStore::connect(config).await.map(drop)
    };
    assert_eq!(started(&"n".repeat(57)).await, Ok(()));
    assert_eq!(started(&"n".repeat(58)).await, Err(ConnectError::Schema));
    let unavailable = |words: &str| Err(ConnectError::Unavailable(words.to_owned()));
    // Somebody holds what a migration needs.
    database.owner.batch_execute("CREATE SCHEMA held; CREATE TABLE held.migration (number integer)").await.unwrap();
    database.owner.batch_execute("BEGIN; LOCK TABLE held.migration IN SHARE MODE").await.unwrap();
    assert_eq!(started("held").await, unavailable("somebody else held a lock for too long (SQLSTATE 55P03)"));
    let taken = "a schema for the locks or the views (with `_locks` or `_views` after the name) is there, but what belongs into \
                 it is not: drop it, rename it, or choose another name (SQLSTATE 42P06)";
    database.owner.batch_execute("ROLLBACK; CREATE SCHEMA taken_locks; CREATE SCHEMA seen_views").await.unwrap();
    for name in ["taken", "seen"] {
        assert_eq!(started(name).await, unavailable(taken), "{name}");
    }
    database.drop(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_reads_a_view_sees_no_record_that_it_does_not_show() {
    let database = Database::new().await;
    let store = database.store().await;
    let changes = sample::records().into_iter().chain([entry("hidden")]).map(Change::Insert).collect();
    store.commit(batch(changes)).await.unwrap();
    let reader = database.reader().await;
    let reading = raw(&database.url_of(&reader)).await;
    // So cheap that the planner has it look at each row before anything else does, unless it must not.
    let look = "CREATE TEMP SEQUENCE looks; CREATE FUNCTION pg_temp.look(what text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS
        $$ BEGIN PERFORM nextval('pg_temp.looks'); RETURN true; END $$; SET enable_indexscan = off; SET enable_bitmapscan = off;
        SET enable_indexonlyscan = off";
    reading.batch_execute(look).await.unwrap();
    for (view, rows) in sample::VIEWS {
        let columns =
            "SELECT array_agg(attname::text) FROM pg_attribute WHERE attnum > 0 AND attrelid = $1::text::regclass";
        let name = format!("\"{}_views\".{view}", database.config.schema);
        let closed =
            format!("SELECT reloptions = '{{security_barrier=true}}' FROM pg_class WHERE oid = '{name}'::regclass");
        assert!(reading.query_one(&closed, &[]).await.unwrap().get::<_, bool>(0), "{view}");
        let columns: Vec<String> = reading.query_one(columns, &[&name]).await.unwrap().get(0);
        for column in columns {
            let look = format!(
                "SELECT setval('pg_temp.looks', 1, false); SELECT * FROM {name} WHERE pg_temp.look({column}::text)"
            );
            reading.batch_execute(&look).await.unwrap();
            let looked = reading.query_one("SELECT nextval('pg_temp.looks') - 1", &[]).await.unwrap().get::<_, i64>(0);
            assert_eq!(looked, i64::try_from(rows).unwrap(), "rows that {view}.{column} was seen of");
        }
    }
    drop((store, reading));
    database.drop(&[&reader]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_whose_operator_dropped_views_or_their_functions_is_brought_up_to_date() {
    let gone = ["DROP VIEW {schema}.sessions", "DROP VIEW {schema}.audit", "DROP FUNCTION {schema}.moment CASCADE"];
    for gone in gone.into_iter().chain(["DROP FUNCTION {schema}.readable, {schema}.moment CASCADE"]) {
        let database = Database::new().await;
        drop(database.store().await);
        database.with_views_beside().await;
        let schema = format!("\"{}\"", database.config.schema);
        database.owner.batch_execute(&gone.replace("{schema}", &schema)).await.unwrap();
        let started = PostgresStore::connect(database.config.clone()).await.map(drop);
        assert_eq!(started, Ok(()), "{gone}");
        database.drop(&[]).await;
        // And one of an early version.
        let database = Database::new().await;
        schema_of_before(&database, 3, &format!("{gone};")).await;
        let started = PostgresStore::connect(database.config.clone()).await.map(drop);
        assert_eq!(started, Ok(()), "{gone}, in a schema of an early version");
        database.drop(&[]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_was_restored_without_its_views_is_brought_up_to_date() {
    for known in [9, 10] {
        let database = Database::new().await;
        drop(database.store().await);
        let (schema, views) = (&database.config.schema, format!("\"{}_views\"", database.config.schema));
        let undo = format!("DROP SCHEMA {views} CASCADE; DELETE FROM \"{schema}\".migration WHERE number > {known}");
        database.owner.batch_execute(&undo).await.unwrap();
        let started = PostgresStore::connect(database.config.clone()).await.map(drop);
        assert_eq!(started, Ok(()), "after {known} migrations");
        database.drop(&[]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_moves_into_no_schema_of_a_stranger() {
    let words = |schema: &str| {
        Err(ConnectError::Unavailable(format!(
            "another role owns the schema {schema}, and could put what it likes in the place of what is there: drop it, give it to \
             this role (ALTER … OWNER TO), start as its owner, or choose another name"
        )))
    };
    // What a stranger may do to a schema of hers, so that a start of ours makes itself at home there.
    let lures = [
        "GRANT ALL ON SCHEMA {schema} TO PUBLIC",
        "GRANT ALL ON SCHEMA {schema} TO PUBLIC;
         CREATE TABLE {schema}.migration (number integer, applied_at timestamptz DEFAULT now()); GRANT ALL ON {schema}.migration TO PUBLIC;
         CREATE FUNCTION {schema}.run() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'the trap was stepped into'; END $$;
         CREATE TRIGGER run BEFORE INSERT ON {schema}.migration EXECUTE FUNCTION {schema}.run()",
    ];
    for lure in lures {
        let database = Database::new().await;
        let (stranger, ours) = (database.creator("stranger").await, database.creator("ours").await);
        let schema = format!("\"{}\"", database.config.schema);
        // Before version 15 of the server, the stranger could do that alone.
        database.owner.batch_execute(&format!("GRANT {stranger} TO {ours}")).await.unwrap();
        let session = raw(&database.url_of(&stranger)).await;
        let lure = format!("CREATE SCHEMA {{schema}}; {lure}").replace("{schema}", &schema);
        session.batch_execute(&lure).await.unwrap();
        for role in [&ours, "countersign"] {
            assert_eq!(database.start_as(role).await, words(&schema), "{role}: {lure}");
        }
        // What the operator gave to the role is its own.
        session.batch_execute(&format!("DROP SCHEMA {schema} CASCADE")).await.unwrap();
        database.owner.batch_execute(&format!("CREATE SCHEMA {schema} AUTHORIZATION {ours}")).await.unwrap();
        assert_eq!(database.start_as(&ours).await, Ok(()));
        drop(session);
        database.drop(&[&stranger, &ours]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_on_a_store_of_which_somebody_else_owns_a_part_is_refused_and_names_it() {
    let database = Database::new().await;
    let (stranger, ours) = (database.creator("stranger").await, database.creator("ours").await);
    assert_eq!(database.start_as(&ours).await, Ok(()));
    let lesser = database.role("lesser").await;
    let [tables, locks, views] =
        ["", "_locks", "_views"].map(|suffix| format!("\"{}{suffix}\"", database.config.schema));
    let all = format!(
        "GRANT ALL ON SCHEMA {tables}, {locks} TO {lesser}; GRANT ALL ON ALL TABLES IN SCHEMA {tables}, {locks} TO {lesser};"
    );
    let stripes = (0..3).map(|n| format!("ALTER TABLE {locks}.stripe_{n} OWNER TO {{owner}};")).collect::<String>();
    let function = format!("the function {tables}.list_records");
    let parts = [
        (format!("ALTER SCHEMA {tables} OWNER TO {{owner}};"), format!("the schema {tables}")),
        (format!("ALTER SCHEMA {locks} OWNER TO {{owner}};"), format!("the schema {locks}")),
        (format!("ALTER SCHEMA {views} OWNER TO {{owner}};"), format!("the schema {views}")),
        (format!("ALTER TABLE {tables}.record_index OWNER TO {{owner}};"), format!("the table {tables}.record_index")),
        (format!("ALTER {function} OWNER TO {{owner}};").replace("the function", "FUNCTION"), function),
        (stripes, format!("the table {locks}.stripe_0 and 2 more of that schema")),
    ];
    for (change, part) in parts {
        database.owner.batch_execute(&format!("{} {all}", change.replace("{owner}", &stranger))).await.unwrap();
        let words = format!(
            "not the owner of the table {tables}.migration, but somebody else owns {part}, and could put what they like in the \
             place of what is there: give all of the store to one role (ALTER … OWNER TO)"
        );
        for role in [&lesser, "countersign"] {
            assert_eq!(
                database.start_as(role).await,
                Err(ConnectError::Unavailable(words.clone())),
                "{role}: {change}"
            );
        }
        // A superuser can do anything already, and so can whoever is a member of the owner.
        database.owner.batch_execute(&format!("{} {all}", change.replace("{owner}", "countersign"))).await.unwrap();
        assert_eq!(database.start_as(&lesser).await, Ok(()), "{change}");
        database.owner.batch_execute(&format!("{} {all}", change.replace("{owner}", &ours))).await.unwrap();
        assert_eq!(database.start_as(&lesser).await, Ok(()), "{change}");
    }
    database.drop(&[&lesser, &stranger, &ours]).await;
}
