//! Connections that break, servers that refuse, and what the caller is told; and how many round trips it takes.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failed expectation is the test's own report, in its helpers too"
)]

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use countersign_postgres::{ConnectError, PostgresConfig, PostgresStore, testing};
use countersign_storage::conformance::{self, executor::join_all};
use countersign_storage::{
    Batch, Change, Changes, Decision, Entry, Fault, Guard, Index, Key, Kind, Moment, Operation, Page, Ports, Reader,
    Record, Secret, Stopped, Store, StoreError, SystemClock, SystemRandom, TracingAudit, Version,
};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const KIND: Kind = Kind::new("sample");

fn key(id: &str) -> Key {
    Key { kind: KIND, id: id.to_owned() }
}

fn insert(id: &str) -> Change {
    let version = Version::from_i64(0);
    let indexes = vec![Index::new("by", "x")];
    Change::Insert(Entry { key: key(id), version, body: "{}".into(), indexes, expires_at: None })
}

fn batch(changes: Vec<Change>) -> Batch {
    Batch { version: Version::from_i64(7), guards: Vec::new(), changes }
}

async fn is_there(store: &dyn Store, id: &str) -> bool {
    store.load(&[key(id)]).await.unwrap()[0].is_some()
}

/// Between the store and the server: passes on what both say, until it is told not to.
struct Proxy {
    address: SocketAddr,
    conduct: AtomicU8,
    /// How often the client said something.
    flights: AtomicUsize,
    /// What it said last.
    said: Mutex<Vec<u8>>,
}

/// Everything passes.
const PASS: u8 = 0;
/// What the client says arrives; when the server answers, the connection is cut.
const LOSE_ANSWER: u8 = 1;
/// When the client says something, the connection is cut before it arrives.
const LOSE_REQUEST: u8 = 2;
/// Nothing arrives any more, and nobody is told.
const SWALLOW: u8 = 3;
/// Everything passes, but the process that serves a new connection is named by an invented number.
const POOLER: u8 = 4;

/// What a server says, with another process in its BackendKeyData (12 bytes long, process and key).
fn with_invented_process(answered: &mut [u8]) {
    if let Some(at) = answered.windows(5).position(|window| window == b"K\0\0\0\x0c") {
        answered[at + 8] ^= 1;
    }
}

impl Proxy {
    async fn before(server: &str) -> Arc<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (conduct, flights, said) = (AtomicU8::new(PASS), AtomicUsize::new(0), Mutex::default());
        let proxy = Arc::new(Proxy { address, conduct, flights, said });
        let (server, shared) = (server.to_owned(), proxy.clone());
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(&server).await.unwrap();
                tokio::spawn(shared.clone().pass_on(client, server));
            }
        });
        proxy
    }

    fn conduct(&self, conduct: u8) {
        self.conduct.store(conduct, Ordering::SeqCst);
    }

    async fn pass_on(self: Arc<Self>, mut client: TcpStream, mut server: TcpStream) {
        let (mut said, mut answered) = (vec![0; 65_536], vec![0; 65_536]);
        loop {
            tokio::select! {
                read = client.read(&mut said) => {
                    let Ok(length @ 1..) = read else { return };
                    self.flights.fetch_add(1, Ordering::SeqCst);
                    said[..length].clone_into(&mut self.said.lock().unwrap());
                    match self.conduct.load(Ordering::SeqCst) {
                        LOSE_REQUEST => return,
                        SWALLOW => continue,
                        _ => server.write_all(&said[..length]).await.unwrap(),
                    }
                }
                read = server.read(&mut answered) => {
                    let Ok(length @ 1..) = read else { return };
                    match self.conduct.load(Ordering::SeqCst) {
                        LOSE_ANSWER => return,
                        SWALLOW => continue,
                        POOLER => {
                            with_invented_process(&mut answered[..length]);
                            client.write_all(&answered[..length]).await.unwrap();
                        }
                        _ => client.write_all(&answered[..length]).await.unwrap(),
                    }
                }
            }
        }
    }
}

/// A store of one connection behind a proxy, and one that goes straight to the same schema.
struct World {
    config: PostgresConfig,
    proxy: Arc<Proxy>,
    store: PostgresStore,
    straight: PostgresStore,
}

async fn world(conduct: u8) -> World {
    let config = testing::fresh().unwrap();
    let server: tokio_postgres::Config = config.url.expose().parse().unwrap();
    let address = format!("127.0.0.1:{}", server.get_ports()[0]);
    let proxy = Proxy::before(&address).await;
    proxy.conduct(conduct);
    let behind = config.url.expose().replace(&address, &proxy.address.to_string());
    assert_ne!(behind, config.url.expose(), "the server is on the loopback interface, by address");
    let mut through = PostgresConfig { url: Secret::new(behind), pool_size: 1, ..config.clone() };
    through.statement_timeout = Duration::from_millis(400);
    let store = PostgresStore::connect(through).await.unwrap();
    let straight = PostgresStore::connect(config.clone()).await.unwrap();
    World { config, proxy, store, straight }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_whose_answer_is_lost_has_an_unknown_outcome() {
    let World { config, proxy, store, straight } = world(PASS).await;
    for (conduct, id, applied) in [(LOSE_ANSWER, "answer", true), (LOSE_REQUEST, "request", false)] {
        assert!(!is_there(&store, id).await);
        proxy.conduct(conduct);
        assert_eq!(store.commit(batch(vec![insert(id)])).await, Err(StoreError::Unknown));
        proxy.conduct(PASS);
        assert_eq!(is_there(&straight, id).await, applied);
        assert_eq!(is_there(&store, id).await, applied, "the store connects anew");
    }
    testing::drop_schema(&config).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_server_leaves_a_commit_unknown_and_a_load_unavailable() {
    let World { config, proxy, store, straight } = world(PASS).await;
    assert!(!is_there(&store, "a").await);
    proxy.conduct(SWALLOW);
    assert_eq!(store.commit(batch(vec![insert("a")])).await, Err(StoreError::Unknown));
    proxy.conduct(PASS);
    assert!(!is_there(&straight, "a").await);
    assert!(!is_there(&store, "a").await, "the store connects anew");
    proxy.conduct(SWALLOW);
    assert!(matches!(store.load(&[key("a")]).await, Err(StoreError::Unavailable(_))));
    proxy.conduct(PASS);
    store.commit(batch(vec![insert("a")])).await.unwrap();
    testing::drop_schema(&config).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_load_and_a_commit_are_one_round_trip_each() {
    let World { config, proxy, store, .. } = world(PASS).await;
    let mut before = proxy.flights.load(Ordering::SeqCst);
    let mut flights = || {
        let now = proxy.flights.load(Ordering::SeqCst);
        now - std::mem::replace(&mut before, now)
    };
    let keys: Vec<Key> = (0..6).map(|n| key(&n.to_string())).collect();
    store.load(&keys).await.unwrap();
    assert_eq!(flights(), 1);
    let guards = vec![Guard { key: key("absent"), version: None }];
    let everything = Batch { guards, ..batch(vec![insert("a"), insert("b")]) };
    store.commit(everything).await.unwrap();
    assert_eq!(flights(), 1);
    assert_eq!(store.commit(batch(vec![insert("a")])).await, Err(StoreError::Conflict));
    assert_eq!(flights(), 1);
    assert_eq!(store.find(KIND, &Index::new("by", "x"), Page::first(10)).await.unwrap().entries.len(), 2);
    assert_eq!(flights(), 1);
    store.purge(countersign_storage::Timestamp(0), 10).await.unwrap();
    assert_eq!(flights(), 1);
    testing::drop_schema(&config).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_is_kept_only_where_nothing_stands_between_the_store_and_the_server() {
    for (conduct, sends_whole) in [(PASS, false), (POOLER, true)] {
        let World { config, proxy, store, .. } = world(conduct).await;
        store.commit(batch(vec![insert("a")])).await.unwrap();
        let has_sent = |text: &str| {
            let said = proxy.said.lock().unwrap();
            said.windows(text.len()).any(|window| window == text.as_bytes())
        };
        assert_eq!(has_sent("write_batch"), sends_whole);
        assert!(is_there(&store, "a").await);
        assert_eq!(has_sent("read_records"), sends_whole);
        assert!(has_sent("sample"), "the proxy sees what is said");
        testing::drop_schema(&config).await.unwrap();
    }
}

#[derive(Serialize, Deserialize)]
struct Note {
    id: String,
}

impl Record for Note {
    const KIND: Kind = KIND;

    fn id(&self) -> String {
        self.id.clone()
    }
}

struct Write(&'static str);

#[async_trait]
impl Operation for Write {
    type Loaded = bool;
    type Granted = bool;
    type Refusal = Infallible;

    async fn load(&self, reader: &mut Reader<'_>) -> Result<bool, Fault> {
        Ok(reader.load(Note::at(self.0)).await?.is_none())
    }

    fn decide(&self, absent: bool, _: &Moment<'_>) -> Decision<bool, Infallible> {
        let mut changes = Changes::none();
        if absent {
            changes.insert(&Note { id: self.0.to_owned() });
        }
        Decision::grant(absent).changing(changes)
    }
}

/// Cuts the connection at the commit, and lets the loop look afterwards.
struct CutAtCommit {
    proxy: Arc<Proxy>,
    store: PostgresStore,
    conduct: Mutex<Option<u8>>,
}

#[async_trait]
impl Store for CutAtCommit {
    async fn load(&self, keys: &[Key]) -> Result<Vec<Option<Entry>>, StoreError> {
        self.store.load(keys).await
    }
    async fn find(&self, kind: Kind, index: &Index, page: Page) -> Result<countersign_storage::Entries, StoreError> {
        self.store.find(kind, index, page).await
    }
    async fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        let conduct = self.conduct.lock().unwrap().take();
        self.proxy.conduct(conduct.unwrap_or(PASS));
        let outcome = self.store.commit(batch).await;
        self.proxy.conduct(PASS);
        outcome
    }
    async fn purge(&self, before: countersign_storage::Timestamp, limit: u32) -> Result<u64, StoreError> {
        self.store.purge(before, limit).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_loop_finds_out_what_became_of_a_commit() {
    let World { config, proxy, store, straight } = world(PASS).await;
    let cut = Arc::new(CutAtCommit { proxy, store, conduct: Mutex::new(None) });
    let ports = Ports {
        store: cut.clone(),
        clock: Arc::new(SystemClock),
        random: Arc::new(SystemRandom::default()),
        audit: Arc::new(TracingAudit),
    };
    *cut.conduct.lock().unwrap() = Some(LOSE_ANSWER);
    assert_eq!(ports.perform(&Write("applied")).await, Ok(true));
    assert!(is_there(&straight, "applied").await);
    *cut.conduct.lock().unwrap() = Some(LOSE_REQUEST);
    assert_eq!(ports.perform(&Write("dropped")).await, Err(Stopped::Failed(Fault::Unknown)));
    assert!(!is_there(&straight, "dropped").await);
    assert_eq!(ports.perform(&Write("dropped")).await, Ok(true));
    testing::drop_schema(&config).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_that_takes_too_long_is_cancelled_and_not_applied() {
    let World { config, store, straight, .. } = world(PASS).await;
    let (blocker, connection) = tokio_postgres::connect(config.url.expose(), tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    let hold = format!("BEGIN; LOCK TABLE \"{}\".record IN ACCESS EXCLUSIVE MODE", config.schema);
    blocker.batch_execute(&hold).await.unwrap();
    let refused = store.commit(batch(vec![insert("a")])).await;
    assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
    assert!(matches!(store.load(&[key("a")]).await, Err(StoreError::Unavailable(_))));
    blocker.batch_execute("COMMIT").await.unwrap();
    assert!(!is_there(&straight, "a").await);
    store.commit(batch(vec![insert("a")])).await.unwrap();
    testing::drop_schema(&config).await.unwrap();
}

fn with_option(config: &PostgresConfig, option: &str) -> PostgresConfig {
    let url = format!("{}?options=-c%20{option}", config.url.expose());
    PostgresConfig { url: Secret::new(url), ..config.clone() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_only_server_still_reads() {
    let config = testing::fresh().unwrap();
    let writing = PostgresStore::connect(config.clone()).await.unwrap();
    writing.commit(batch(vec![insert("a")])).await.unwrap();
    let reading = with_option(&config, "default_transaction_read_only%3Don");
    let reading = PostgresStore::connect(reading).await.unwrap();
    let refused = reading.commit(batch(vec![insert("b")])).await;
    assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
    assert!(is_there(&reading, "a").await);
    assert!(!is_there(&writing, "b").await);
    testing::drop_schema(&config).await.unwrap();
}

/// A default of the server, of the role or of the URL.
#[tokio::test(flavor = "multi_thread")]
async fn whatever_isolation_is_the_default_every_law_is_kept() {
    for default in ["repeatable%5C%20read", "serializable"] {
        let config = testing::fresh().unwrap();
        let theirs = with_option(&config, &format!("default_transaction_isolation%3D{default}"));
        let store = PostgresStore::connect(theirs).await.unwrap();
        conformance::check(Arc::new(store)).await.unwrap_or_else(|broken| panic!("{default}: {broken}"));
        testing::drop_schema(&config).await.unwrap();
    }
}

/// Behind a pooler the session is not ours to set.
#[tokio::test(flavor = "multi_thread")]
async fn a_commit_at_an_isolation_at_which_a_check_could_be_stale_is_refused() {
    let config = testing::fresh().unwrap();
    drop(PostgresStore::connect(config.clone()).await.unwrap());
    let (client, connection) = tokio_postgres::connect(config.url.expose(), tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    for level in ["REPEATABLE READ", "SERIALIZABLE"] {
        let commit = format!("SELECT \"{}\".write_batch(1{})", config.schema, ", NULL".repeat(29));
        let refused = client.batch_execute(&format!("BEGIN ISOLATION LEVEL {level}; {commit}")).await.unwrap_err();
        assert_eq!(refused.code(), Some(&tokio_postgres::error::SqlState::INVALID_TRANSACTION_STATE), "{level}");
        client.batch_execute("ROLLBACK").await.unwrap();
    }
    testing::drop_schema(&config).await.unwrap();
}

/// Each relies on the absence of what the other writes.
#[tokio::test(flavor = "multi_thread")]
async fn nodes_with_different_defaults_of_isolation_keep_each_others_guards() {
    let config = testing::fresh().unwrap();
    let one = PostgresStore::connect(config.clone()).await.unwrap();
    let other = with_option(&config, "default_transaction_isolation%3Dserializable");
    let other = PostgresStore::connect(other).await.unwrap();
    for round in 0..200 {
        let (a, b) = (format!("a{round}"), format!("b{round}"));
        let crossing = |guarded: &str, written: &str| {
            let guards = vec![Guard { key: key(guarded), version: None }];
            Batch { guards, ..batch(vec![insert(written)]) }
        };
        let (first, second) = tokio::join!(one.commit(crossing(&a, &b)), other.commit(crossing(&b, &a)));
        assert!(first.is_err() || second.is_err(), "both won in round {round}");
    }
    testing::drop_schema(&config).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn large_batches_and_small_ones_at_once_do_not_stand_in_each_others_way_for_ever() {
    let config = testing::fresh().unwrap();
    let store = PostgresStore::connect(config.clone()).await.unwrap();
    let commit = |n: usize| {
        let size = if n.is_multiple_of(4) { 200 } else { 1 };
        let changes: Vec<Change> = (0..size).map(|place| insert(&format!("{n}/{place}"))).collect();
        let guards = vec![Guard { key: key("absent"), version: None }];
        store.commit(Batch { guards, ..batch(changes) })
    };
    assert!(join_all((0..48).map(commit)).await.iter().all(Result::is_ok));
    // A large one and a small one that cross: one wins.
    for round in 0..8 {
        let (a, b) = (format!("a{round}"), format!("b{round}"));
        let crossing = |n: usize| {
            let (guarded, written) = if n.is_multiple_of(2) { (&a, &b) } else { (&b, &a) };
            let padding = if n.is_multiple_of(2) { 150 } else { 0 };
            let mut guards: Vec<Guard> =
                (0..padding).map(|n| Guard { key: key(&format!("absent{n}")), version: None }).collect();
            guards.push(Guard { key: key(guarded), version: None });
            store.commit(Batch { guards, ..batch(vec![insert(written)]) })
        };
        let outcomes = join_all((0..16).map(crossing)).await;
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1, "round {round}");
    }
    testing::drop_schema(&config).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_whose_role_lacks_a_right_that_use_needs_is_refused_and_names_it() {
    let config = testing::fresh().unwrap();
    drop(PostgresStore::connect(config.clone()).await.unwrap());
    let (owner, connection) = tokio_postgres::connect(config.url.expose(), tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    let (tables, locks) = (format!("\"{}\"", config.schema), format!("\"{}_locks\"", config.schema));
    let role = format!("role_{}", config.schema);
    // All that use needs, and nothing more.
    let grant = format!(
        "CREATE ROLE {role} LOGIN; GRANT USAGE ON SCHEMA {tables}, {locks} TO {role};
         GRANT SELECT ON {tables}.migration TO {role}; GRANT SELECT, INSERT, UPDATE, DELETE ON {tables}.record TO {role};
         GRANT SELECT, INSERT, DELETE ON {tables}.record_index TO {role};
         REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA {tables} FROM PUBLIC;
         GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA {tables} TO {role};
         GRANT UPDATE ON ALL TABLES IN SCHEMA {locks} TO {role}"
    );
    owner.batch_execute(&grant).await.unwrap();
    let url = config.url.expose().replace("countersign@", &format!("{role}@"));
    let lesser = PostgresConfig { url: Secret::new(url), ..config.clone() };
    // The views are for people: without them nothing is lacking.
    owner.batch_execute(&format!("DROP SCHEMA \"{}_views\" CASCADE", config.schema)).await.unwrap();
    let store = Arc::new(PostgresStore::connect(lesser.clone()).await.unwrap());
    conformance::check(store).await.unwrap_or_else(|broken| panic!("{broken}"));

    let all_locks = format!("UPDATE, DELETE or TRUNCATE on the table {locks}.everything and 1024 more of that schema");
    let revoke = |rights: &str| format!("REVOKE {rights} FROM {role}");
    let table = [
        (
            revoke(&format!("ALL ON SCHEMA {locks}")) + ";" + &revoke(&format!("ALL ON ALL TABLES IN SCHEMA {locks}")),
            format!("the database role lacks USAGE on the schema {locks}; {all_locks}"),
        ),
        (revoke(&format!("USAGE ON SCHEMA {locks}")), format!("the database role lacks USAGE on the schema {locks}")),
        (
            format!(
                "{}; GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA {locks} TO {role}",
                revoke(&format!("UPDATE ON ALL TABLES IN SCHEMA {locks}"))
            ),
            format!("the database role lacks {all_locks}"),
        ),
        (
            revoke(&format!("UPDATE ON {locks}.stripe_7")),
            format!("the database role lacks UPDATE, DELETE or TRUNCATE on the table {locks}.stripe_7"),
        ),
        (
            revoke(&format!("INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {tables}")),
            format!(
                "the database role lacks INSERT, UPDATE, DELETE on the table {tables}.record; \
                 INSERT, DELETE on the table {tables}.record_index"
            ),
        ),
        (
            revoke(&format!("EXECUTE ON FUNCTION {tables}.write_batch, {tables}.purge_expired")),
            format!(
                "the database role lacks EXECUTE on the function {tables}.purge_expired; \
                 EXECUTE on the function {tables}.write_batch"
            ),
        ),
        (
            format!("DROP TABLE {locks}.stripe_7"),
            format!("the database lacks the table {locks}.stripe_7 (a dump must hold all schemas)"),
        ),
        (
            format!("DROP SCHEMA {locks} CASCADE"),
            format!("the database lacks the schema {locks} (a dump must hold all schemas)"),
        ),
    ];
    let give_back = grant.split_once(';').unwrap().1;
    for (change, words) in table {
        owner.batch_execute(&change).await.unwrap();
        let refused = PostgresStore::connect(lesser.clone()).await.err();
        assert_eq!(refused, Some(ConnectError::Unavailable(words)), "{change}");
        if !change.starts_with("DROP") {
            owner.batch_execute(give_back).await.unwrap();
            drop(PostgresStore::connect(lesser.clone()).await.unwrap());
        }
    }
    testing::drop_schema(&config).await.unwrap();
    owner.batch_execute(&format!("DROP OWNED BY {role}; DROP ROLE {role}")).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_url_is_said_without_quoting_it() {
    let refused = |url: &str| {
        let config = PostgresConfig::new(Secret::new(url));
        async move {
            let shown = format!("{config:?}");
            let error = PostgresStore::connect(config).await.unwrap_err();
            (error.clone(), format!("{shown} {error} {error:?}"))
        }
    };
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let unreachable = format!("postgres://person:hunter2@{closed}/hunter2?application_name=hunter2");
    let table = [
        ("postgres://person:hunter2@[::1/d", false),
        ("postgres://person:hunter2@h/d?hunter2=hunter2", false),
        ("postgres://person:hunter2@h/d?sslmode=hunter2", false),
        ("hunter2", false),
        (unreachable.as_str(), true),
    ];
    for (url, is_url) in table {
        let (error, said) = refused(url).await;
        assert_eq!(matches!(error, ConnectError::Unavailable(_)), is_url, "{url}: {error}");
        assert!(!said.contains("hunter2") && !said.contains("person"), "{said}");
    }
}
