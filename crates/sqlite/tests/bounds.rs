//! Everything has a bound: what waits to be written, how long, and what is left of the log.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a failed expectation is the test's own report, in its helpers too"
)]

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Waker};

use countersign_sqlite::SqliteStore;
use countersign_storage::conformance::executor::{block_on, join_all};
use countersign_storage::{Batch, Change, Entry, Index, Key, Kind, Page, Store, StoreError, Timestamp, Version};
use rusqlite::Connection;
use tempfile::TempDir;

const KIND: Kind = Kind::new("sample");

fn key(id: &str) -> Key {
    Key { kind: KIND, id: id.to_owned() }
}

fn insert(id: &str, size: usize) -> Batch {
    let version = Version::from_i64(7);
    let body = format!("\"{}\"", "x".repeat(size)).into();
    let entry = Entry { key: key(id), version, body, indexes: vec![Index::new("by", "x")], expires_at: None };
    Batch { version, guards: Vec::new(), changes: vec![Change::Insert(entry)] }
}

/// A store, and a connection of another program to the same file.
fn store_and_stranger(directory: &TempDir) -> (Arc<dyn Store>, Connection) {
    let path = directory.path().join("countersign.db");
    let store = SqliteStore::open(&path).unwrap();
    (Arc::new(store), Connection::open(path).unwrap())
}

fn is_pending<F: Future>(future: std::pin::Pin<&mut F>) -> bool {
    future.poll(&mut Context::from_waker(Waker::noop())).is_pending()
}

#[test]
fn more_writes_than_can_wait_are_refused_at_once_with_words() {
    let directory = tempfile::tempdir().unwrap();
    let (store, stranger) = store_and_stranger(&directory);
    stranger.execute_batch("BEGIN IMMEDIATE").unwrap();
    let (waiting, in_the_group, beyond) = (4_096, 256, 10);
    let ids: Vec<String> = (0..waiting + in_the_group + beyond).map(|n| n.to_string()).collect();
    let mut all = pin!(join_all(ids.iter().map(|id| store.commit(insert(id, 1)))));
    assert!(is_pending(all.as_mut()));
    stranger.execute_batch("ROLLBACK").unwrap();
    let (done, refused): (Vec<_>, Vec<_>) = block_on(all).into_iter().partition(Result::is_ok);
    assert!((waiting..=waiting + in_the_group).contains(&done.len()), "{}", done.len());
    let expected = Err(StoreError::Unavailable("too many writes wait".to_owned()));
    assert!(refused.len() >= beyond && refused.iter().all(|answer| *answer == expected));
}

#[test]
fn what_was_not_begun_when_its_caller_left_is_not_done() {
    let directory = tempfile::tempdir().unwrap();
    let (store, stranger) = store_and_stranger(&directory);
    stranger.execute_batch("BEGIN IMMEDIATE").unwrap();
    for id in ["a", "b"] {
        assert!(is_pending(pin!(store.commit(insert(id, 1)))));
    }
    stranger.execute_batch("ROLLBACK").unwrap();
    block_on(store.commit(insert("c", 1))).unwrap();
    let found = block_on(store.load(&["a", "b", "c"].map(key))).unwrap();
    assert_eq!(found.iter().map(Option::is_some).collect::<Vec<_>>(), [false, false, true]);
}

#[test]
fn a_read_that_is_done_keeps_no_log() {
    let directory = tempfile::tempdir().unwrap();
    let (store, stranger) = store_and_stranger(&directory);
    for id in ["a", "b", "c"] {
        block_on(store.commit(insert(id, 1))).unwrap();
        block_on(store.load(&["a", "b"].map(key))).unwrap();
        // A page with more behind it.
        block_on(store.find(KIND, &Index::new("by", "x"), Page::first(1))).unwrap();
        block_on(store.purge(Timestamp(0), 1)).unwrap();
    }
    let stopped: bool = stranger.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0)).unwrap();
    assert!(!stopped, "somebody still reads");
    assert_eq!(std::fs::metadata(directory.path().join("countersign.db-wal")).unwrap().len(), 0);
}

#[test]
fn a_log_that_grew_while_a_stranger_read_is_cut_back_afterwards() {
    let directory = tempfile::tempdir().unwrap();
    let (store, stranger) = store_and_stranger(&directory);
    stranger.execute_batch("BEGIN; SELECT count(*) FROM record").unwrap();
    for n in 0..24 {
        block_on(store.commit(insert(&n.to_string(), 1 << 20))).unwrap();
    }
    let size = || std::fs::metadata(directory.path().join("countersign.db-wal")).unwrap().len();
    assert!(size() > 24 << 20);
    stranger.execute_batch("ROLLBACK").unwrap();
    // The first brings the log into the database, the second begins it anew.
    for id in ["a", "b"] {
        block_on(store.commit(insert(id, 1))).unwrap();
    }
    assert!(size() <= 16 << 20, "{}", size());
}
