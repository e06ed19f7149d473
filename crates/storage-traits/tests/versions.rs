//! Records outlive the version of the software that wrote them: what an older version does not know it does not lose, and
//! what it must not use it refuses.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failed expectation is the test's own report, in its helpers too"
)]

use std::convert::Infallible;
use std::sync::Arc;

use async_trait::async_trait;
use countersign_storage::conformance::executor::block_on;
use countersign_storage::{
    Batch, Change, Changes, Decision, Entry, Fault, Index, Key, Kind, ManualClock, MemoryStore, Moment, Operation,
    Page, Ports, Reader, Record, SeededRandom, Store, Stored, Timestamp, TracingAudit, Version,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

const KIND: Kind = Kind::new("account");

/// As this version knows it.
#[derive(Clone, Serialize, Deserialize)]
struct Account {
    id: String,
    state: State,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    note: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key: Option<AccountKey>,
    #[serde(default)]
    grants: Vec<Grant>,
    #[serde(default)]
    limits: Vec<Limit>,
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum State {
    Active,
    Locked,
}

#[derive(Clone, Serialize, Deserialize)]
struct AccountKey {
    text: String,
}

#[derive(Clone, Serialize, Deserialize)]
struct Grant {
    id: String,
    used: u32,
}

#[derive(Clone, Serialize, Deserialize)]
struct Limit {
    most: u32,
}

impl Record for Account {
    const KIND: Kind = KIND;
    const SHAPE: u32 = 2;

    fn id(&self) -> String {
        self.id.clone()
    }
}

/// Changes the account, if it can be read.
struct Edit(fn(&mut Account));

#[async_trait]
impl Operation for Edit {
    type Loaded = Option<Stored<Account>>;
    type Granted = ();
    type Refusal = Infallible;

    async fn load(&self, reader: &mut Reader<'_>) -> Result<Self::Loaded, Fault> {
        reader.load(Account::at("a")).await
    }

    fn decide(&self, account: Self::Loaded, _: &Moment<'_>) -> Decision<(), Infallible> {
        let account = account.unwrap();
        let mut record = account.record.clone();
        (self.0)(&mut record);
        let mut changes = Changes::none();
        changes.replace(&account.with(record));
        Decision::grant(()).changing(changes)
    }
}

/// What becomes of a stored body when this version changes the record.
fn edited(body: &Value, edit: fn(&mut Account)) -> (Result<(), Fault>, Value) {
    block_on(async {
        let store = Arc::new(MemoryStore::new());
        let key = Key { kind: KIND, id: "a".to_owned() };
        let version = Version::from_i64(7);
        let entry = Entry { key, version, body: body.to_string().into(), indexes: Vec::new(), expires_at: None };
        let changes = vec![Change::Insert(entry)];
        store.commit(Batch { version, guards: Vec::new(), changes }).await.unwrap();
        let ports = Ports {
            store: store.clone(),
            clock: Arc::new(ManualClock::at(Timestamp(0))),
            random: Arc::new(SeededRandom::new(1)),
            audit: Arc::new(TracingAudit),
        };
        let outcome = ports.perform(&Edit(edit)).await.map_err(Fault::from);
        (outcome, serde_json::from_str(&store.dump()[0].body).unwrap())
    })
}

#[test]
fn a_member_that_this_version_does_not_know_stays_when_it_writes_the_record() {
    let body =
        json!({"id": "a", "state": "active", "grants": [], "limits": [], "dpop_jkt": "jkt", "bound": {"to": ["x"]}});
    let (outcome, found) = edited(&body, |account| account.state = State::Locked);
    assert_eq!(outcome, Ok(()));
    let expected =
        json!({"id": "a", "state": "locked", "grants": [], "limits": [], "dpop_jkt": "jkt", "bound": {"to": ["x"]}});
    assert_eq!(found, expected);
}

#[test]
fn a_member_that_this_version_knows_and_takes_away_is_gone() {
    let body = json!({"id": "a", "state": "active", "note": "old", "grants": [], "limits": [], "newer": 1});
    let (outcome, found) = edited(&body, |account| account.note = None);
    assert_eq!(outcome, Ok(()));
    assert_eq!(found, json!({"id": "a", "state": "active", "grants": [], "limits": [], "newer": 1}));
}

#[test]
fn what_is_unknown_inside_a_thing_stays_with_the_thing_and_goes_with_it() {
    let body = json!({
        "id": "a", "state": "active", "limits": [],
        "key": {"text": "k", "newer": 1},
        "grants": [{"id": "g1", "used": 0, "newer": 1}, {"id": "g2", "used": 0, "newer": 2}, {"id": "g3", "used": 0}],
    });
    let (outcome, found) = edited(&body, |account| {
        account.grants.swap(0, 2);
        account.grants[2].used = 5;
        account.grants.remove(1);
        account.grants.push(Grant { id: "g4".to_owned(), used: 0 });
    });
    assert_eq!(outcome, Ok(()));
    assert_eq!(found["key"], json!({"text": "k", "newer": 1}));
    let grants = json!([{"id": "g3", "used": 0}, {"id": "g1", "used": 5, "newer": 1}, {"id": "g4", "used": 0}]);
    assert_eq!(found["grants"], grants);
    let (outcome, found) = edited(&body, |account| account.key = None);
    assert_eq!((outcome, found.get("key")), (Ok(()), None));
}

#[test]
fn where_it_can_not_be_told_whether_a_thing_changed_or_another_came_nothing_is_written() {
    let key = json!({"id": "a", "state": "active", "grants": [], "limits": [], "key": {"text": "k", "newer": 1}});
    let limits = json!({"id": "a", "state": "active", "grants": [], "limits": [{"most": 1, "newer": 1}, {"most": 2}]});
    type Edit = fn(&mut Account);
    let table: [(&Value, Edit); 2] = [
        (&key, |account| account.key = Some(AccountKey { text: "other".to_owned() })),
        (&limits, |account| account.limits[0].most = 9),
    ];
    for (body, edit) in table {
        let (outcome, found) = edited(body, edit);
        let fault = outcome.unwrap_err();
        assert_eq!(fault, Fault::Newer { kind: "account" });
        assert_eq!(fault.to_string(), "a stored account record was written by a newer version of this software");
        assert_eq!(fault.status(), 503, "another node can do it");
        assert_eq!(found, *body);
    }
    let (outcome, found) = edited(&limits, |account| account.limits.truncate(1));
    assert_eq!((outcome, &found["limits"]), (Ok(()), &json!([{"most": 1, "newer": 1}])));
    let (outcome, found) = edited(&limits, |account| {
        account.limits.remove(0);
    });
    assert_eq!((outcome, &found["limits"]), (Ok(()), &json!([{"most": 2}])));
}

#[test]
fn a_record_of_a_newer_version_that_this_one_must_not_use_is_refused_with_words() {
    let table = [
        (json!({"id": "a", "state": "suspended"}), Fault::Newer { kind: "account" }),
        (json!({"id": "a", "state": "active", "least_shape": 3}), Fault::Newer { kind: "account" }),
        (json!({"id": "a", "state": 7}), Fault::Corrupt { kind: "account" }),
        (json!({"id": "a"}), Fault::Corrupt { kind: "account" }),
    ];
    for (body, expected) in table {
        let (outcome, found) = edited(&body, |account| account.state = State::Locked);
        assert_eq!(outcome, Err(expected), "{body}");
        assert_eq!(found, body);
    }
    for known in [
        json!({"id": "a", "state": "active", "least_shape": 2}),
        json!({"id": "a", "state": "active", "key": {"text": "k", "least_shape": 9}}),
    ] {
        assert_eq!(edited(&known, |account| account.state = State::Locked).0, Ok(()), "{known}");
    }
}

/// The same record, as far as every version can tell it.
#[derive(Serialize, Deserialize)]
struct AccountName {
    id: String,
}

impl Record for AccountName {
    const KIND: Kind = KIND;
    const SHAPE: u32 = u32::MAX;

    fn id(&self) -> String {
        self.id.clone()
    }
}

#[test]
fn what_must_not_be_used_can_be_told_and_does_not_hide_what_can() {
    let index = Index::new("all", "all");
    let entry = |id: &str, body: Value| {
        let (key, version) = (Key { kind: KIND, id: id.to_owned() }, Version::from_i64(7));
        Entry { key, version, body: body.to_string().into(), indexes: vec![index.clone()], expires_at: None }
    };
    let rows = [
        (entry("a", json!({"id": "a", "state": "active"})), true),
        (entry("b", json!({"id": "b", "state": "suspended"})), false),
        (entry("c", json!({"id": "c", "least_shape": 3})), false),
    ];
    for (entry, usable) in &rows {
        let name = Stored::<AccountName>::from_entry(entry).unwrap();
        assert_eq!((&name.id, name.read_as::<Account>().unwrap().is_some()), (&entry.key.id, *usable));
    }
    let damaged = entry("d", json!({"id": "d", "state": 7}));
    let name = Stored::<AccountName>::from_entry(&damaged).unwrap();
    assert_eq!(name.read_as::<Account>().map(drop).err(), Some(Fault::Corrupt { kind: "account" }));
    block_on(async {
        let store = Arc::new(MemoryStore::new());
        let changes = rows.iter().map(|(entry, _)| Change::Insert(entry.clone())).collect();
        store.commit(Batch { version: Version::from_i64(7), guards: Vec::new(), changes }).await.unwrap();
        let ports = Ports {
            store: store.clone(),
            clock: Arc::new(ManualClock::at(Timestamp(0))),
            random: Arc::new(SeededRandom::new(1)),
            audit: Arc::new(TracingAudit),
        };
        let (legible, next) = ports.reader().find_legible::<Account>(&index, Page::first(10)).await.unwrap();
        assert_eq!((legible.iter().map(|found| found.id.as_str()).collect::<Vec<_>>(), next), (vec!["a"], None));
        let found = ports.reader().find::<Account>(&index, Page::first(10)).await;
        assert_eq!(found.map(drop).err(), Some(Fault::Newer { kind: "account" }));
        let changes = vec![Change::Insert(damaged)];
        store.commit(Batch { version: Version::from_i64(8), guards: Vec::new(), changes }).await.unwrap();
        let found = ports.reader().find_legible::<Account>(&index, Page::first(10)).await;
        assert_eq!(found.map(drop).err(), Some(Fault::Corrupt { kind: "account" }), "damage is not passed over");
    });
}
