//! Behind a real PgBouncer in transaction mode: many connections to it, few to the server, and no session is anybody's own.

use std::path::Path;
use std::sync::Arc;

use crate::server::{Server, as_server, folder, free_address, start, write};
use countersign_postgres::{PostgresConfig, PostgresStore, testing};
use countersign_storage::conformance::executor::join_all;
use countersign_storage::conformance::{self, laws};
use countersign_storage::{Batch, Change, Entry, Index, Key, Kind, Secret, Store, Version};

/// The most connections to the server.
const SERVER_CONNECTIONS: usize = 3;

const PGBOUNCER: &str = "/usr/sbin/pgbouncer";

fn pooler(server: &tokio_postgres::Config) -> Option<Server> {
    if !Path::new(PGBOUNCER).exists() {
        eprintln!("NOT TESTED: PgBouncer is not installed here (Debian package: pgbouncer)");
        return None;
    }
    let (folder, address) = (folder(), free_address());
    let settings = format!(
        "[databases]\npostgres = host=127.0.0.1 port={} dbname={} user={}\n[pgbouncer]\nlisten_addr = 127.0.0.1\n\
         listen_port = {}\nunix_socket_dir =\nauth_type = any\npool_mode = transaction\nmax_client_conn = 200\n\
         default_pool_size = {SERVER_CONNECTIONS}\nlogfile = {}\n",
        server.get_ports()[0],
        server.get_dbname().unwrap(),
        server.get_user().unwrap(),
        address.port(),
        folder.path().join("log").display(),
    );
    let file = folder.path().join("pgbouncer.ini");
    write(&file, &settings);
    let mut command = as_server(Path::new(PGBOUNCER));
    command.arg(&file);
    Some(start(command, address, folder))
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_a_pooler_every_law_holds_with_few_connections_to_the_server() {
    let direct = testing::fresh().unwrap();
    let server: tokio_postgres::Config = direct.url.expose().parse().unwrap();
    let Some(pooler) = pooler(&server) else { return };
    let url = format!("postgres://anybody@{}/postgres", pooler.address);
    let config = PostgresConfig { url: Secret::new(&url), pool_size: 32, ..direct.clone() };
    let store = Arc::new(PostgresStore::connect(config).await.unwrap());
    let checked = conformance::check(store.clone()).await.unwrap_or_else(|broken| panic!("{broken}"));
    assert_eq!(checked, laws().len());
    // Somebody else's settings stay in the sessions that everybody is lent.
    let (other, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    let trap = format!(
        "CREATE SCHEMA IF NOT EXISTS trap_{0};
         CREATE FUNCTION trap_{0}.cardinality(text[]) RETURNS integer LANGUAGE plpgsql AS $$ BEGIN RAISE 'a trap'; END $$;
         SET search_path = trap_{0}, pg_catalog; SET enable_indexscan = off; SET synchronous_commit = off",
        direct.schema
    );
    other.batch_execute(&trap).await.unwrap();
    let commit = |n: usize| {
        let key = Key { kind: Kind::new("sample"), id: n.to_string() };
        let version = Version::from_i64(7);
        let entry = Entry { key, version, body: "{}".into(), indexes: vec![Index::new("by", "x")], expires_at: None };
        store.commit(Batch { version, guards: Vec::new(), changes: vec![Change::Insert(entry)] })
    };
    assert!(join_all((0..200).map(commit)).await.iter().all(Result::is_ok));
    other.batch_execute(&format!("DROP SCHEMA trap_{} CASCADE", direct.schema)).await.unwrap();
    drop((store, other));
    testing::drop_schema(&direct).await.unwrap();
}
