//! Insert, replace, delete, guards, and all or nothing.

use super::fixture::{COUNTER, Fixture, OTHER_KIND, add, at, bare, conflicts, guard, replacing};
use super::verdict::{Verdict, Violation};
use crate::batch::Change;
use crate::record::{Entry, Key, Version};

pub(super) async fn what_is_inserted_is_read_back(t: &Fixture) -> Verdict {
    for expires_at in [None, at(0), at(4_102_444_800)] {
        let id = format!("{expires_at:?}");
        // The version of an inserted entry is ignored: it gets the batch's.
        let entry = Entry { version: Version::from_i64(7), expires_at, ..t.entry(&id, r#"{"n":1}"#) };
        let version = t.insert(entry).await?;
        t.holds(&t.key(&id), version, r#"{"n":1}"#).await?;
        let found = t.load(&t.key(&id)).await?;
        ensure!(found.is_some_and(|e| e.expires_at == expires_at), "the expiry {expires_at:?} was not kept");
    }
    Ok(())
}

pub(super) async fn load_answers_in_the_order_of_its_keys(t: &Fixture) -> Verdict {
    t.insert(t.entry("a", "{}")).await?;
    t.insert(t.entry("b", "{}")).await?;
    let keys = ["b", "missing", "a", "b", "also missing"].map(|id| t.key(id));
    let found: Vec<Option<Key>> =
        t.store.load(&keys).await?.into_iter().map(|entry| entry.map(|entry| entry.key)).collect();
    let expected = vec![Some(t.key("b")), None, Some(t.key("a")), Some(t.key("b")), None];
    ensure!(found == expected, "expected {expected:?}, found {found:?}");
    ensure!(t.store.load(&[]).await?.is_empty(), "no key, but an answer");
    Ok(())
}

pub(super) async fn an_insert_of_a_present_key_conflicts(t: &Fixture) -> Verdict {
    let version = t.insert(t.entry("a", r#"{"n":1}"#)).await?;
    conflicts(t.insert(t.entry("a", r#"{"n":2}"#)).await, "a second insert")?;
    conflicts(t.insert(t.entry("a", r#"{"n":1}"#)).await, "a second insert of the same")?;
    t.holds(&t.key("a"), version, r#"{"n":1}"#).await
}

pub(super) async fn a_replace_needs_the_version_that_was_read(t: &Fixture) -> Verdict {
    let changed = || Entry { expires_at: at(9), ..t.entry("a", r#"{"n":2}"#) };
    conflicts(t.change(replacing(t.version(), changed())).await, "a replace of nothing")?;
    t.lacks(&t.key("a")).await?;
    let first = t.insert(t.entry("a", r#"{"n":1}"#)).await?;
    conflicts(t.change(replacing(t.version(), changed())).await, "a replace of another version")?;
    t.holds(&t.key("a"), first, r#"{"n":1}"#).await?;
    let second = t.change(replacing(first, changed())).await?;
    t.holds(&t.key("a"), second, r#"{"n":2}"#).await?;
    ensure!(t.load(&t.key("a")).await?.is_some_and(|e| e.expires_at == at(9)), "the new expiry was not kept");
    conflicts(t.change(replacing(first, changed())).await, "a replace of the version before")?;
    let third = t.change(replacing(second, t.entry("a", r#"{"n":3}"#))).await?;
    t.holds(&t.key("a"), third, r#"{"n":3}"#).await?;
    ensure!(t.load(&t.key("a")).await?.is_some_and(|e| e.expires_at.is_none()), "the expiry was not taken away");
    Ok(())
}

pub(super) async fn a_delete_needs_the_version_that_was_read(t: &Fixture) -> Verdict {
    let delete = |version| Change::Delete { key: t.key("a"), version };
    conflicts(t.change(delete(t.version())).await, "a delete of nothing")?;
    let first = t.insert(t.entry("a", "{}")).await?;
    let second = t.change(replacing(first, t.entry("a", "{}"))).await?;
    conflicts(t.change(delete(first)).await, "a delete of the version before")?;
    t.holds(&t.key("a"), second, "{}").await?;
    t.change(delete(second)).await?;
    t.lacks(&t.key("a")).await?;
    conflicts(t.change(delete(second)).await, "a second delete")
}

pub(super) async fn a_record_that_went_and_came_back_is_another_one(t: &Fixture) -> Verdict {
    let key = t.key("a");
    let old = t.insert(t.entry("a", "{}")).await?;
    t.change(Change::Delete { key: key.clone(), version: old }).await?;
    let new = t.insert(t.entry("a", "{}")).await?;
    conflicts(t.change(replacing(old, t.entry("a", "{}"))).await, "a replace of the one that went")?;
    conflicts(t.change(Change::Delete { key: key.clone(), version: old }).await, "a delete of the one that went")?;
    let other = Change::Insert(t.entry("b", "{}"));
    conflicts(t.commit(vec![guard(&key, Some(old))], vec![other]).await, "a guard on the one that went")?;
    t.holds(&key, new, "{}").await
}

pub(super) async fn a_guard_holds_only_at_its_version(t: &Fixture) -> Verdict {
    let (guarded, written) = (t.key("guarded"), t.key("written"));
    let write = || vec![Change::Insert(t.entry("written", "{}"))];
    let missing = vec![guard(&guarded, Some(t.version()))];
    conflicts(t.commit(missing, write()).await, "a guard on a version of what is not there")?;
    let first = t.insert(t.entry("guarded", r#"{"n":1}"#)).await?;
    let second = t.change(replacing(first, t.entry("guarded", r#"{"n":2}"#))).await?;
    conflicts(t.commit(vec![guard(&guarded, Some(first))], write()).await, "a guard on the version before")?;
    t.lacks(&written).await?;
    let version = t.commit(vec![guard(&guarded, Some(second))], write()).await?;
    t.holds(&written, version, "{}").await?;
    t.holds(&guarded, second, r#"{"n":2}"#).await
}

pub(super) async fn a_guard_on_absence_holds_only_while_nothing_is_there(t: &Fixture) -> Verdict {
    let guarded = t.key("guarded");
    let write = |id: &str| vec![Change::Insert(t.entry(id, "{}"))];
    t.commit(vec![guard(&guarded, None)], write("first")).await?;
    let version = t.insert(t.entry("guarded", "{}")).await?;
    conflicts(t.commit(vec![guard(&guarded, None)], write("second")).await, "a guard on absence of what is there")?;
    t.lacks(&t.key("second")).await?;
    t.change(Change::Delete { key: guarded.clone(), version }).await?;
    t.commit(vec![guard(&guarded, None)], write("second")).await?;
    Ok(())
}

pub(super) async fn a_batch_without_changes_still_checks_its_guards(t: &Fixture) -> Verdict {
    let key = t.key("a");
    t.commit(vec![guard(&key, None)], Vec::new()).await?;
    let version = t.insert(t.entry("a", "{}")).await?;
    t.commit(vec![guard(&key, Some(version))], Vec::new()).await?;
    conflicts(t.commit(vec![guard(&key, None)], Vec::new()).await, "a guard alone")?;
    t.commit(Vec::new(), Vec::new()).await?;
    Ok(())
}

/// A record to replace, one to delete, one to insert and a counter, and a batch that does all four.
struct Mixed {
    replaced: Version,
    deleted: Version,
}

impl Mixed {
    async fn prepare(t: &Fixture, own: &str) -> Result<Self, Violation> {
        let entry = |id: &str| Entry { indexes: vec![t.index("by", own)], ..t.entry(&format!("{own}{id}"), "{}") };
        Ok(Mixed { replaced: t.insert(entry("replaced")).await?, deleted: t.insert(entry("deleted")).await? })
    }

    fn changes(&self, t: &Fixture, own: &str) -> Vec<Change> {
        let entry = |id: &str| Entry {
            indexes: vec![t.index("by", own)],
            ..t.entry(&format!("{own}{id}"), r#"{"changed":true}"#)
        };
        vec![
            Change::Insert(entry("inserted")),
            replacing(self.replaced, entry("replaced")),
            Change::Delete { key: t.key(&format!("{own}deleted")), version: self.deleted },
            add(&t.key_in(COUNTER, &format!("{own}counter")), 3, 3),
        ]
    }

    /// Fails if any of the four was done.
    async fn untouched(&self, t: &Fixture, own: &str) -> Verdict {
        t.lacks(&t.key(&format!("{own}inserted"))).await?;
        t.holds(&t.key(&format!("{own}replaced")), self.replaced, "{}").await?;
        t.holds(&t.key(&format!("{own}deleted")), self.deleted, "{}").await?;
        t.lacks(&t.key_in(COUNTER, &format!("{own}counter"))).await?;
        let (deleted, replaced) = (format!("{own}deleted"), format!("{own}replaced"));
        t.lists(&t.index("by", own), &[&deleted, &replaced]).await
    }
}

pub(super) async fn a_batch_applies_all_its_changes(t: &Fixture) -> Verdict {
    let mixed = Mixed::prepare(t, "").await?;
    let version = t.commit(Vec::new(), mixed.changes(t, "")).await?;
    t.holds(&t.key("inserted"), version, r#"{"changed":true}"#).await?;
    t.holds(&t.key("replaced"), version, r#"{"changed":true}"#).await?;
    t.lacks(&t.key("deleted")).await?;
    let counter = t.load(&t.key_in(COUNTER, "counter")).await?;
    ensure!(counter.is_some_and(|e| &*e.body == "3"), "the counter did not add");
    t.lists(&t.index("by", ""), &["inserted", "replaced"]).await
}

pub(super) async fn one_bad_change_undoes_the_batch(t: &Fixture) -> Verdict {
    let present = t.insert(t.entry("present", r#"{"n":1}"#)).await?;
    let bad = [
        ("insert", Change::Insert(t.entry("present", "{}"))),
        ("replace", replacing(t.version(), t.entry("present", "{}"))),
        ("replace of nothing", replacing(t.version(), t.entry("absent", "{}"))),
        ("delete", Change::Delete { key: t.key("present"), version: t.version() }),
        ("delete of nothing", Change::Delete { key: t.key("absent"), version: t.version() }),
    ];
    for (name, bad) in bad {
        for place in [0, 2, 4] {
            let own = format!("{name} {place} ");
            let mixed = Mixed::prepare(t, &own).await?;
            let mut changes = mixed.changes(t, &own);
            changes.insert(place, bad.clone());
            conflicts(t.commit(Vec::new(), changes).await, &own)?;
            mixed.untouched(t, &own).await?;
        }
    }
    let own = "guard ";
    let mixed = Mixed::prepare(t, own).await?;
    let guards = vec![guard(&t.key("present"), Some(present)), guard(&t.key("present"), None)];
    conflicts(t.commit(guards, mixed.changes(t, own)).await, "a bad guard after a good one")?;
    mixed.untouched(t, own).await?;
    t.holds(&t.key("present"), present, r#"{"n":1}"#).await
}

pub(super) async fn the_same_id_in_two_kinds_is_two_records(t: &Fixture) -> Verdict {
    let one = t.insert(t.entry("a", r#"{"n":1}"#)).await?;
    let other_key = t.key_in(OTHER_KIND, "a");
    t.lacks(&other_key).await?;
    let other = t.insert(bare(other_key.clone(), r#"{"n":2}"#)).await?;
    t.change(Change::Delete { key: t.key("a"), version: one }).await?;
    t.holds(&other_key, other, r#"{"n":2}"#).await
}

pub(super) async fn a_batch_may_be_large(t: &Fixture) -> Verdict {
    const SIZE: usize = 400;
    let inserts = |kind: &str| -> Vec<Change> {
        (0..SIZE).map(|n| Change::Insert(t.entry(&format!("{kind}{n}"), "{}"))).collect()
    };
    let version = t.commit(Vec::new(), inserts("first")).await?;
    let keys: Vec<Key> = (0..SIZE).map(|n| t.key(&format!("first{n}"))).collect();
    let found = t.store.load(&keys).await?;
    ensure!(found.iter().flatten().filter(|e| e.version == version).count() == SIZE, "not all were inserted");
    let guards = || keys.iter().map(|key| guard(key, Some(version))).collect::<Vec<_>>();
    t.commit(guards(), inserts("second")).await?;
    let one = t.change(replacing(version, t.entry("first399", "{}"))).await?;
    conflicts(t.commit(guards(), inserts("third")).await, "one stale guard among many")?;
    t.lacks(&t.key("third0")).await?;
    t.holds(&t.key("first399"), one, "{}").await
}
