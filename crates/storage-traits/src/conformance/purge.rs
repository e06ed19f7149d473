//! [`crate::Store::purge`].

use super::fixture::{Fixture, at, conflicts, replacing};
use super::verdict::{Verdict, Violation};
use crate::clock::Timestamp;
use crate::record::Entry;

/// Everything that these laws let expire does so before this moment, and nothing of the other laws does.
const LONG_AGO: Timestamp = Timestamp(1_000_000);

/// Takes away what an earlier run may have left.
async fn sweep(t: &Fixture) -> Verdict {
    while t.store.purge(LONG_AGO, 1_000).await? > 0 {}
    Ok(())
}

fn expiring(t: &Fixture, id: &str, seconds: i64) -> Entry {
    Entry { expires_at: at(seconds), ..t.entry(id, "{}") }
}

async fn purged(t: &Fixture, before: Timestamp, limit: u32, expected: u64) -> Verdict {
    let count = t.store.purge(before, limit).await?;
    ensure!(count == expected, "expected {expected} to go before {before:?}, {count} did");
    Ok(())
}

pub(super) async fn purge_takes_what_expired_before(t: &Fixture) -> Verdict {
    sweep(t).await?;
    for (id, seconds) in [("negative", -5), ("zero", 0), ("ten", 10), ("eleven", 11)] {
        t.insert(expiring(t, id, seconds)).await?;
    }
    t.insert(t.entry("never", "{}")).await?;
    purged(t, Timestamp(-5), 100, 0).await?;
    purged(t, Timestamp(10), 100, 2).await?;
    t.lacks(&t.key("negative")).await?;
    t.lacks(&t.key("zero")).await?;
    ensure!(t.load(&t.key("ten")).await?.is_some(), "what expires at that very second is not yet before it");
    purged(t, Timestamp(11), 100, 1).await?;
    t.lacks(&t.key("ten")).await?;
    purged(t, LONG_AGO, 100, 1).await?;
    ensure!(t.load(&t.key("never")).await?.is_some(), "what never expires went");
    Ok(())
}

pub(super) async fn purge_keeps_to_its_limit(t: &Fixture) -> Verdict {
    sweep(t).await?;
    for n in 0..7 {
        t.insert(expiring(t, &n.to_string(), 20)).await?;
    }
    for expected in [3, 3, 1, 0] {
        purged(t, LONG_AGO, 3, expected).await?;
    }
    t.insert(expiring(t, "last", 20)).await?;
    purged(t, LONG_AGO, 0, 0).await?;
    purged(t, LONG_AGO, u32::MAX, 1).await
}

pub(super) async fn purge_takes_index_entries_along(t: &Fixture) -> Verdict {
    sweep(t).await?;
    let by = t.index("by", "x");
    let indexed = |id: &str, expires_at| Entry { indexes: vec![by.clone()], expires_at, ..t.entry(id, "{}") };
    t.insert(indexed("gone", at(30))).await?;
    t.insert(indexed("kept", None)).await?;
    purged(t, LONG_AGO, 100, 1).await?;
    t.lists(&by, &["kept"]).await?;
    // An index entry that was left behind would name the new record.
    t.insert(t.entry("gone", "{}")).await?;
    t.lists(&by, &["kept"]).await
}

pub(super) async fn what_expired_is_there_until_it_is_purged(t: &Fixture) -> Verdict {
    sweep(t).await?;
    let by = t.index("by", "x");
    let first = t.insert(Entry { indexes: vec![by.clone()], ..expiring(t, "a", 40) }).await?;
    t.holds(&t.key("a"), first, "{}").await?;
    t.lists(&by, &["a"]).await?;
    conflicts(t.insert(t.entry("a", "{}")).await, "an insert of what expired and is still there")?;
    let extended = Entry { expires_at: at(4_000_000_000), ..t.entry("a", r#"{"n":2}"#) };
    let second = t.change(replacing(first, extended)).await?;
    purged(t, LONG_AGO, 100, 0).await?;
    t.holds(&t.key("a"), second, r#"{"n":2}"#).await
}

pub(super) async fn a_purged_key_is_free_again(t: &Fixture) -> Verdict {
    sweep(t).await?;
    let old = t.insert(expiring(t, "a", 50)).await?;
    purged(t, LONG_AGO, 100, 1).await?;
    conflicts(t.change(replacing(old, t.entry("a", "{}"))).await, "a replace of what was purged")?;
    let new = t.insert(t.entry("a", "{}")).await?;
    conflicts(t.change(replacing(old, t.entry("a", "{}"))).await, "a replace of what was purged before")?;
    let found = t.load(&t.key("a")).await?.ok_or_else(|| Violation::new("the new record is not there"))?;
    ensure!(found.version == new && found.expires_at.is_none(), "the new record is {found:?}");
    Ok(())
}
