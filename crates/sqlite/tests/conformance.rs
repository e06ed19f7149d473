//! SQLite keeps the laws of a store: alone, in races of many processes on one file, and after kills.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failed expectation is the test's own report, in its helpers too"
)]

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use countersign_sqlite::{Durability, SqliteStore};
use countersign_storage::conformance::executor::{block_on, join_all};
use countersign_storage::conformance::race::Size;
use countersign_storage::conformance::{self, builds, crash, handles, laws, process, race, sample};
use countersign_storage::{
    Batch, Change, Entries, Entry, Index, Key, Kind, Page, Store, StoreError, Timestamp, Version,
};

/// Tells a worker process which file to open.
const FILE: &str = "COUNTERSIGN_TEST_SQLITE";

fn file_in(directory: &tempfile::TempDir) -> PathBuf {
    directory.path().join("countersign.db")
}

fn open(path: &Path) -> Arc<dyn Store> {
    Arc::new(SqliteStore::open(path).unwrap())
}

fn worker_on(path: &Path) -> Command {
    let mut command = process::this_test_binary("worker").unwrap();
    command.env(FILE, path);
    command
}

#[test]
fn a_file_keeps_every_law() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(&file_in(&directory));
    let checked = block_on(conformance::check(store)).unwrap_or_else(|broken| panic!("{broken}"));
    assert_eq!(checked, laws().len());
}

#[test]
fn a_file_that_need_not_survive_power_loss_keeps_every_law() {
    let directory = tempfile::tempdir().unwrap();
    let store = Arc::new(SqliteStore::open_with(file_in(&directory), Durability::ProcessCrash).unwrap());
    block_on(conformance::check(store)).unwrap_or_else(|broken| panic!("{broken}"));
}

#[test]
fn a_database_in_memory_keeps_every_law() {
    let store = Arc::new(SqliteStore::in_memory().unwrap());
    block_on(conformance::check(store)).unwrap_or_else(|broken| panic!("{broken}"));
}

#[test]
fn handles_to_a_file_keep_every_law() {
    let [directory, elsewhere] = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let path = file_in(&directory);
    let checking = handles::check([open(&path), open(&path)], open(&file_in(&elsewhere)));
    block_on(checking).unwrap_or_else(|broken| panic!("{broken}"));
}

#[test]
fn of_sixty_four_in_four_processes_exactly_one_wins() {
    let directory = tempfile::tempdir().unwrap();
    let path = file_in(&directory);
    let size = Size { processes: 4, each: 16, rounds: 4 };
    let held = block_on(race::run(open(&path), &mut || worker_on(&path), size)).unwrap_or_else(|seen| panic!("{seen}"));
    assert_eq!(held, 4 * 8);
}

#[test]
fn a_killed_process_loses_nothing_that_it_acknowledged() {
    let directory = tempfile::tempdir().unwrap();
    let path = file_in(&directory);
    for (processes, enough) in [(1, 5), (1, 40), (2, 60), (3, 90), (2, 200)] {
        let reopen = async || Ok(open(&path));
        let acknowledged = block_on(crash::run(&mut || worker_on(&path), processes, enough, reopen));
        assert!(acknowledged.unwrap_or_else(|seen| panic!("{seen}")) >= enough);
    }
}

#[test]
fn two_builds_serve_one_file_under_load() {
    let directory = tempfile::tempdir().unwrap();
    let path = file_in(&directory);
    let builds = ["older", "newer", "older", "newer"];
    let used = block_on(builds::run(open(&path), &mut || worker_on(&path), &builds));
    assert!(used.unwrap_or_else(|seen| panic!("{seen}")) > 100);
}

#[test]
fn a_build_that_writes_only_what_it_knows_is_noticed() {
    let directory = tempfile::tempdir().unwrap();
    let path = file_in(&directory);
    let seen = block_on(builds::run(open(&path), &mut || worker_on(&path), &["careless", "newer"])).unwrap_err();
    assert!(seen.to_string().contains("was dropped"), "{seen}");
}

/// Started by the other tests, in processes of its own.
#[test]
#[ignore = "the worker process of the races and the kills"]
fn worker() {
    let path = std::env::var(FILE).expect("the parent names the file");
    let store = open(Path::new(&path));
    let store: Arc<dyn Store> = match std::env::var(SPOILT).as_deref() {
        Err(_) => store,
        Ok(spoilt) => Arc::new(Spoilt { store, spoilt: spoilt.to_owned(), delayed: Mutex::default() }),
    };
    block_on(process::worker(store)).unwrap();
}

/// Tells a worker process to be wrong in one way.
const SPOILT: &str = "COUNTERSIGN_TEST_SPOILT";

/// A worker's store that is wrong where only other processes, or a kill, can notice it.
struct Spoilt {
    store: Arc<dyn Store>,
    spoilt: String,
    delayed: Mutex<Vec<Batch>>,
}

impl Spoilt {
    async fn version(&self, key: &Key) -> Option<Version> {
        self.store.load(std::slice::from_ref(key)).await.unwrap()[0].as_ref().map(|entry| entry.version)
    }

    /// Checks as it should, lets others go first, and then writes over whatever is there.
    async fn check_then_write(&self, mut batch: Batch) -> Result<(), StoreError> {
        for guard in std::mem::take(&mut batch.guards) {
            if self.version(&guard.key).await != guard.version {
                return Err(StoreError::Conflict);
            }
        }
        for change in &batch.changes {
            if let Change::Replace(entry) = change
                && self.version(&entry.key).await != Some(entry.version)
            {
                return Err(StoreError::Conflict);
            }
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
        for change in &mut batch.changes {
            if let Change::Replace(entry) = change {
                entry.version = self.version(&entry.key).await.ok_or(StoreError::Conflict)?;
            }
        }
        self.store.commit(batch).await
    }
}

#[async_trait]
impl Store for Spoilt {
    async fn load(&self, keys: &[Key]) -> Result<Vec<Option<Entry>>, StoreError> {
        self.store.load(keys).await
    }

    async fn find(&self, kind: Kind, index: &Index, page: Page) -> Result<Entries, StoreError> {
        self.store.find(kind, index, page).await
    }

    async fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        match self.spoilt.as_str() {
            "checks, then writes" => self.check_then_write(batch).await,
            "acknowledges too early" => {
                let earlier = {
                    let mut delayed = self.delayed.lock().unwrap();
                    delayed.push(batch);
                    if delayed.len() < 8 { Vec::new() } else { std::mem::take(&mut *delayed) }
                };
                for batch in earlier {
                    self.store.commit(batch).await?;
                }
                Ok(())
            }
            "writes one by one" => {
                for change in batch.changes {
                    self.store
                        .commit(Batch { version: batch.version, guards: Vec::new(), changes: vec![change] })
                        .await?;
                }
                Ok(())
            }
            other => panic!("no way to be wrong: {other}"),
        }
    }

    async fn purge(&self, expired_before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        self.store.purge(expired_before, limit).await
    }
}

#[test]
fn the_races_notice_a_store_that_checks_and_then_writes() {
    let directory = tempfile::tempdir().unwrap();
    let path = file_in(&directory);
    let mut start = || {
        let mut command = worker_on(&path);
        command.env(SPOILT, "checks, then writes");
        command
    };
    let seen = block_on(race::run(open(&path), &mut start, Size { processes: 4, each: 2, rounds: 1 })).unwrap_err();
    assert!(seen.to_string().contains("where 1 should"), "{seen}");
}

#[test]
fn the_kills_notice_a_store_that_acknowledges_too_early_or_writes_one_by_one() {
    for (spoilt, noticed) in [("acknowledges too early", "is not there"), ("writes one by one", "in part")] {
        let directory = tempfile::tempdir().unwrap();
        let path = file_in(&directory);
        let mut start = || {
            let mut command = worker_on(&path);
            command.env(SPOILT, spoilt);
            command
        };
        // Where a kill lands is chance; that it lands between commits each time is next to impossible.
        let seen = (0..8).find_map(|_| block_on(crash::run(&mut start, 2, 40, async || Ok(open(&path)))).err());
        let seen = seen.expect(spoilt).to_string();
        assert!(seen.contains(noticed) || seen.contains("the counter says"), "{spoilt}: {seen}");
    }
}

#[test]
fn processes_and_threads_that_open_a_new_file_at_once_all_succeed() {
    for _ in 0..5 {
        let directory = tempfile::tempdir().unwrap();
        let path = file_in(&directory);
        // A worker without orders opens its store and ends.
        let idle = || worker_on(&path).stdin(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
        let processes: Vec<Child> = (0..4).map(|_| idle()).collect();
        let threads: Vec<_> = (0..4)
            .map(|_| path.clone())
            .map(|path| {
                std::thread::spawn(move || SqliteStore::open(path).map(drop).map_err(|error| error.to_string()))
            })
            .collect();
        for thread in threads {
            assert_eq!(thread.join().unwrap(), Ok(()));
        }
        for mut process in processes {
            assert!(process.wait().unwrap().success());
        }
    }
}

#[cfg(unix)]
#[test]
fn the_files_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile::tempdir().unwrap();
    let store = open(&file_in(&directory));
    block_on(store.purge(Timestamp(0), 1)).unwrap();
    let mut seen = 0;
    for file in std::fs::read_dir(directory.path()).unwrap() {
        let file = file.unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", file.path());
        seen += 1;
    }
    assert_eq!(seen, 3, "the database, its log and its shared memory");
}

#[test]
fn what_was_handed_over_before_the_store_is_dropped_is_done() {
    let directory = tempfile::tempdir().unwrap();
    let kind = Kind::new("sample");
    let key = |n: usize| Key { kind, id: n.to_string() };
    let store = open(&file_in(&directory));
    let commit = |n: usize| {
        let version = Version::from_i64(7);
        let entry = Entry { key: key(n), version, body: "{}".into(), indexes: Vec::new(), expires_at: None };
        store.commit(Batch { version, guards: Vec::new(), changes: vec![Change::Insert(entry)] })
    };
    assert!(block_on(join_all((0..50).map(commit))).iter().all(Result::is_ok));
    drop(store);
    let keys: Vec<Key> = (0..50).map(key).collect();
    let found = block_on(open(&file_in(&directory)).load(&keys)).unwrap();
    assert!(found.iter().all(Option::is_some));
}

#[test]
fn a_file_that_is_no_database_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = file_in(&directory);
    std::fs::write(
        &path,
        "not a database, but long enough to be taken for the header of one by somebody in a hurry ........",
    )
    .unwrap();
    assert!(SqliteStore::open(&path).is_err());
    assert!(SqliteStore::open(directory.path().join("missing/countersign.db")).is_err());
}

#[test]
fn people_find_readable_views_in_the_file() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(&file_in(&directory));
    let changes = sample::records().into_iter().map(Change::Insert).collect();
    block_on(store.commit(Batch { version: Version::from_i64(1), guards: Vec::new(), changes })).unwrap();
    let connection = rusqlite::Connection::open(file_in(&directory)).unwrap();
    for (view, rows) in sample::VIEWS {
        let mut statement = connection.prepare(&format!("SELECT * FROM {view}")).unwrap();
        let columns: Vec<String> = statement.column_names().into_iter().map(str::to_owned).collect();
        let mut found = statement.query([]).unwrap();
        let mut count = 0;
        while let Some(row) = found.next().unwrap() {
            count += 1;
            for (place, column) in columns.iter().enumerate() {
                let value = format!("{:?}", row.get_ref(place).unwrap());
                assert_ne!(value, "Null", "{view}.{column} is empty");
                assert!(!value.contains("hash-of"), "{view}.{column} shows what opens something");
            }
        }
        assert_eq!(count, rows, "{view}");
    }
    let audit = "SELECT at, times, last_at FROM audit";
    let seen: (String, i64, String) =
        connection.query_row(audit, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
    assert_eq!(seen, ("2027-01-15 08:00:00".to_owned(), 37, "2027-01-15 08:00:30".to_owned()));
}
