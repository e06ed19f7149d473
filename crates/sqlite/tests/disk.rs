//! What a disk can do to a file: it is full, it is read-only, the file is gone.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::indexing_slicing,
    reason = "a failed expectation is the test's own report, in its helpers too"
)]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use countersign_sqlite::SqliteStore;
use countersign_storage::conformance::executor::{block_on, join_all};
use countersign_storage::{Batch, Change, Entry, Index, Key, Kind, Page, Store, StoreError, Timestamp, Version};

const KIND: Kind = Kind::new("sample");

fn key(id: &str) -> Key {
    Key { kind: KIND, id: id.to_owned() }
}

fn insert(id: &str, size: usize) -> Change {
    let body = format!("\"{}\"", "x".repeat(size)).into();
    Change::Insert(Entry { key: key(id), version: Version::from_i64(7), body, indexes: Vec::new(), expires_at: None })
}

fn batch(changes: Vec<Change>) -> Batch {
    Batch { version: Version::from_i64(7), guards: Vec::new(), changes }
}

fn open(directory: &Path) -> Arc<dyn Store> {
    Arc::new(SqliteStore::open(directory.join("countersign.db")).unwrap())
}

async fn is_there(store: &dyn Store, id: &str) -> bool {
    store.load(&[key(id)]).await.unwrap()[0].is_some()
}

/// A small disk in memory. Only root can mount one.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn of(size: &str) -> Option<Self> {
        let directory = tempfile::tempdir().unwrap();
        let mounted =
            run("mount", &["-t", "tmpfs", "-o", &format!("size={size}"), "countersign-test"], directory.path());
        if !mounted {
            eprintln!("NOT TESTED: no disk can be mounted here; root can");
        }
        mounted.then(|| SmallDisk(directory))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        run("umount", &[], self.0.path());
    }
}

/// A small disk in a file. Only root can mount one.
struct FailingDisk {
    image: PathBuf,
    directory: tempfile::TempDir,
}

impl FailingDisk {
    fn new() -> Option<Self> {
        let directory = tempfile::tempdir().unwrap();
        let disk = FailingDisk { image: directory.path().join("disk"), directory };
        std::fs::File::create(&disk.image).and_then(|file| file.set_len(16 << 20)).unwrap();
        std::fs::create_dir(disk.path()).unwrap();
        let ready = run("mkfs.ext4", &["-q", "-F"], &disk.image) && disk.mount();
        if !ready {
            eprintln!("NOT TESTED: no disk of ext4 can be made and mounted here; root can");
        }
        ready.then_some(disk)
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join("mounted")
    }

    fn mount(&self) -> bool {
        let options = ["-o", "loop,errors=remount-ro", self.image.to_str().unwrap()];
        run("mount", &options, &self.path())
    }

    /// What the kernel does when it reads nonsense from the disk: from now on it can only be read. A plain remount is refused
    /// while files are open.
    fn fail(&self) {
        assert!(run("mount", &["-o", "remount,abort"], &self.path()));
    }

    fn mend(&self) {
        assert!(run("umount", &[], &self.path()));
        // It says by its status that there was something to mend.
        run("e2fsck", &["-p"], &self.image);
        assert!(self.mount());
    }
}

impl Drop for FailingDisk {
    fn drop(&mut self) {
        run("umount", &[], &self.path());
    }
}

fn run(command: &str, arguments: &[&str], last: &Path) -> bool {
    Command::new(command).args(arguments).arg(last).output().is_ok_and(|output| output.status.success())
}

#[test]
fn on_a_full_disk_what_is_told_is_what_is_stored() {
    let Some(disk) = SmallDisk::of("16m") else { return };
    let store = open(disk.path());
    let mut told = Vec::new();
    // Groups of small ones and of ones that do not fit into memory, until well after the disk is full.
    for round in 0..12 {
        let sizes = [10, 10, 1_500_000, 10, 900_000, 10, 10];
        let ids: Vec<String> = (0..sizes.len()).map(|n| format!("{round}/{n}")).collect();
        let changes = |n: usize| vec![insert(&ids[n], sizes[n]), insert(&format!("{}/b", ids[n]), sizes[n])];
        let answers = block_on(join_all((0..sizes.len()).map(|n| store.commit(batch(changes(n))))));
        told.extend(ids.into_iter().zip(answers));
    }
    let refused = told.iter().filter(|(_, answer)| answer.is_err()).count();
    assert!(refused > 10 && refused < told.len(), "{refused} of {} were refused", told.len());
    drop(store);
    // There is room again: a file next to the log, or more of the disk.
    assert!(run("mount", &["-o", "remount,size=64m"], disk.path()));
    let store = open(disk.path());
    for (id, answer) in &told {
        let found = block_on(store.load(&[key(id), key(&format!("{id}/b"))])).unwrap();
        let there: Vec<bool> = found.iter().map(Option::is_some).collect();
        match answer {
            Ok(()) => assert_eq!(there, [true, true], "{id} was acknowledged"),
            Err(StoreError::Unavailable(_)) => assert_eq!(there, [false, false], "{id} was refused"),
            Err(StoreError::Unknown) => assert_eq!(there[0], there[1], "{id} is there in part"),
            other => panic!("{id}: {other:?}"),
        }
    }
    block_on(store.commit(batch(vec![insert("after", 10)]))).unwrap();
}

#[test]
fn a_disk_that_can_only_be_read_refuses_with_words() {
    let Some(disk) = SmallDisk::of("4m") else { return };
    block_on(open(disk.path()).commit(batch(vec![insert("a", 10)]))).unwrap();
    assert!(run("mount", &["-o", "remount,ro"], disk.path()));
    let refused = SqliteStore::open(disk.path().join("countersign.db")).unwrap_err().to_string();
    assert!(refused.contains("must be able to write them and their directory (SQLite code 14)"), "{refused}");
    let refused = SqliteStore::open(disk.path().join("other.db")).unwrap_err().to_string();
    assert!(refused.contains("Read-only file system"), "{refused}");
}

#[test]
fn when_the_disk_turns_read_only_under_an_open_store_what_is_told_is_what_is_stored() {
    let Some(disk) = FailingDisk::new() else { return };
    let store = open(&disk.path());
    block_on(store.commit(batch(vec![insert("before", 10)]))).unwrap();
    disk.fail();
    let ids = ["a", "b", "c", "d"];
    let answers = block_on(join_all(ids.map(|id| store.commit(batch(vec![insert(id, 3_000)])))));
    for (id, answer) in ids.iter().zip(&answers) {
        assert!(matches!(answer, Err(StoreError::Unavailable(_) | StoreError::Unknown)), "{id}: {answer:?}");
    }
    assert!(block_on(is_there(store.as_ref(), "before")), "it can still be read");
    drop(store);
    disk.mend();
    let store = open(&disk.path());
    assert!(block_on(is_there(store.as_ref(), "before")), "it was acknowledged");
    for (id, answer) in ids.iter().zip(answers) {
        let there = block_on(is_there(store.as_ref(), id));
        assert!(!there || answer == Err(StoreError::Unknown), "{id} was told {answer:?} and is there");
    }
    block_on(store.commit(batch(vec![insert("after", 10)]))).unwrap();
}

#[test]
fn a_file_that_was_removed_or_replaced_is_neither_written_nor_read() {
    let directory = tempfile::tempdir().unwrap();
    let (store, other) = (open(directory.path()), tempfile::tempdir().unwrap());
    block_on(store.commit(batch(vec![insert("a", 10)]))).unwrap();
    assert!(block_on(is_there(store.as_ref(), "a")));
    let refuses = |when: &str| {
        let expected = StoreError::Unavailable("the database file was removed or replaced".to_owned());
        assert_eq!(block_on(store.commit(batch(vec![insert("b", 10)]))), Err(expected.clone()), "{when}");
        assert_eq!(block_on(store.load(&[key("a")])), Err(expected.clone()), "{when}");
        let found = block_on(store.find(KIND, &Index::new("by", "x"), Page::first(1)));
        assert_eq!(found, Err(expected.clone()), "{when}");
        assert_eq!(block_on(store.purge(Timestamp(0), 1)), Err(expected), "{when}");
    };
    let path = directory.path().join("countersign.db");
    std::fs::rename(&path, other.path().join("countersign.db")).unwrap();
    refuses("removed");
    assert!(!path.exists(), "no empty file takes its place");
    std::fs::copy(other.path().join("countersign.db"), &path).unwrap();
    refuses("replaced by a copy");
    std::fs::remove_file(&path).unwrap();
    std::fs::rename(other.path().join("countersign.db"), &path).unwrap();
    assert!(block_on(is_there(store.as_ref(), "a")), "it is back");
}
