//! Two handles to one file are one store: what is read through the one is guarded by a commit through the other.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a failed expectation is the test's own report")]

use std::convert::Infallible;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use countersign_sqlite::SqliteStore;
use countersign_storage::conformance::executor::block_on;
use countersign_storage::{
    Batch, Change, Changes, Decision, Entry, Fault, Kind, ManualClock, Moment, Operation, Ports, Reader, Record,
    SeededRandom, Store, Stored, Timestamp, TracingAudit, Version,
};
use serde::{Deserialize, Serialize};

/// Whether an account may still be used.
#[derive(Serialize, Deserialize)]
struct Standing {
    id: String,
    open: bool,
}

impl Record for Standing {
    const KIND: Kind = Kind::new("standing");

    fn id(&self) -> String {
        self.id.clone()
    }
}

/// Reads how an account stands in the store of the people, and writes down in its own what it saw. Between the two somebody
/// closes the account.
struct WriteDown {
    people: Arc<dyn Store>,
    attempts: AtomicU32,
}

#[async_trait]
impl Operation for WriteDown {
    type Loaded = Option<Stored<Standing>>;
    type Granted = bool;
    type Refusal = Infallible;

    async fn load(&self, reader: &mut Reader<'_>) -> Result<Self::Loaded, Fault> {
        let found = reader.load_beside(self.people.as_ref(), Standing::at("alice")).await?;
        if self.attempts.fetch_add(1, Ordering::SeqCst) == 0 {
            let closed = Change::Replace(entry(1, r#"{"id":"alice","open":false}"#));
            commit(self.people.as_ref(), 2, closed).await;
        }
        Ok(found)
    }

    fn decide(&self, found: Self::Loaded, _: &Moment<'_>) -> Decision<bool, Infallible> {
        let open = found.is_some_and(|found| found.open);
        let mut changes = Changes::none();
        changes.insert(&Standing { id: "seen".to_owned(), open });
        Decision::grant(open).changing(changes)
    }
}

fn entry(version: i64, body: &str) -> Entry {
    let key = Standing::at("alice").key().clone();
    Entry { key, version: Version::from_i64(version), body: body.into(), indexes: Vec::new(), expires_at: None }
}

async fn commit(store: &dyn Store, version: i64, change: Change) {
    let version = Version::from_i64(version);
    store.commit(Batch { version, guards: Vec::new(), changes: vec![change] }).await.unwrap();
}

fn ports(path: &Path) -> Ports {
    Ports {
        store: Arc::new(SqliteStore::open(path).unwrap()),
        clock: Arc::new(ManualClock::at(Timestamp(1_800_000_000))),
        random: Arc::new(SeededRandom::new(1)),
        audit: Arc::new(TracingAudit),
    }
}

#[test]
fn what_is_read_through_one_handle_is_guarded_by_a_commit_through_another() {
    for (own, other) in [("countersign.db", "countersign.db"), ("countersign.db", "link.db"), ("link.db", "link.db")] {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        drop(SqliteStore::open(path("countersign.db")).unwrap());
        std::os::unix::fs::symlink(path("countersign.db"), path("link.db")).unwrap();
        let (issuer, people) = (ports(&path(own)), ports(&path(other)));
        block_on(commit(people.store.as_ref(), 1, Change::Insert(entry(0, r#"{"id":"alice","open":true}"#))));

        let write_down = WriteDown { people: people.store.clone(), attempts: AtomicU32::new(0) };
        let seen = block_on(issuer.scoped("https://issuer.test").perform(&write_down)).unwrap();
        assert_eq!((seen, write_down.attempts.into_inner()), (false, 2), "{own}, {other}");
        assert_eq!(issuer.store.whole(), people.store.whole(), "{own}, {other}");
    }
}

#[test]
fn two_files_are_two_stores() {
    let directory = tempfile::tempdir().unwrap();
    let [a, b] = ["a.db", "b.db"].map(|name| SqliteStore::open(directory.path().join(name)).unwrap());
    assert_ne!(a.whole(), b.whole());
    let [a, b] = [(); 2].map(|()| SqliteStore::in_memory().unwrap());
    assert_ne!(a.whole(), b.whole());
}
