//! [`crate::Change::Add`]: counters with a ceiling.

use super::fixture::{COUNTER, Fixture, add, at};
use super::verdict::Verdict;
use crate::batch::Change;
use crate::clock::Timestamp;
use crate::record::Key;
use crate::store::StoreError;

async fn reads(t: &Fixture, key: &Key, expected: i64) -> Verdict {
    let found = t.load(key).await?.map(|entry| entry.body);
    ensure!(found.as_deref() == Some(expected.to_string().as_str()), "expected {expected}, found {found:?}");
    Ok(())
}

fn refused(outcome: Result<impl Sized, StoreError>, counter: &Key) -> Verdict {
    let refusal = outcome.err();
    ensure!(refusal == Some(StoreError::OverCeiling(counter.clone())), "over the ceiling, but {refusal:?}");
    Ok(())
}

pub(super) async fn a_counter_begins_at_zero_and_adds(t: &Fixture) -> Verdict {
    let key = t.key_in(COUNTER, "a");
    t.lacks(&key).await?;
    t.change(add(&key, 0, 10)).await?;
    reads(t, &key, 0).await?;
    t.change(add(&key, 2, 10)).await?;
    t.change(add(&key, 5, 10)).await?;
    reads(t, &key, 7).await
}

pub(super) async fn a_counter_stops_at_its_ceiling(t: &Fixture) -> Verdict {
    let key = t.key_in(COUNTER, "a");
    refused(t.change(add(&key, 4, 3)).await, &key)?;
    t.lacks(&key).await?;
    t.change(add(&key, 3, 3)).await?;
    refused(t.change(add(&key, 1, 3)).await, &key)?;
    reads(t, &key, 3).await?;
    // The ceiling belongs to the change, not to the counter.
    t.change(add(&key, 1, 4)).await?;
    refused(t.change(add(&key, 1, 3)).await, &key)?;
    reads(t, &key, 4).await
}

pub(super) async fn a_full_counter_undoes_the_batch_and_is_named(t: &Fixture) -> Verdict {
    let (roomy, full) = (t.key_in(COUNTER, "roomy"), t.key_in(COUNTER, "full"));
    t.change(add(&full, 1, 1)).await?;
    let insert = || Change::Insert(t.entry("inserted", "{}"));
    let batches = [
        vec![add(&roomy, 1, 9), add(&full, 1, 1), insert()],
        vec![insert(), add(&full, 1, 1), add(&roomy, 1, 9)],
        vec![add(&full, 1, 1), insert(), add(&roomy, 1, 9)],
    ];
    for changes in batches {
        refused(t.commit(Vec::new(), changes).await, &full)?;
        t.lacks(&t.key("inserted")).await?;
        t.lacks(&roomy).await?;
        reads(t, &full, 1).await?;
    }
    Ok(())
}

pub(super) async fn a_counter_does_not_overflow(t: &Fixture) -> Verdict {
    let key = t.key_in(COUNTER, "a");
    t.change(add(&key, i64::MAX - 1, i64::MAX - 1)).await?;
    reads(t, &key, i64::MAX - 1).await?;
    refused(t.change(add(&key, i64::MAX, i64::MAX - 1)).await, &key)?;
    refused(t.change(add(&key, 1, i64::MAX - 1)).await, &key)?;
    t.change(add(&key, 1, i64::MAX)).await?;
    reads(t, &key, i64::MAX).await
}

pub(super) async fn a_counter_keeps_the_later_expiry(t: &Fixture) -> Verdict {
    let key = t.key_in(COUNTER, "a");
    let adding = |expires_at: Option<Timestamp>| Change::Add { key: key.clone(), by: 1, ceiling: 99, expires_at };
    let far = 4_000_000_000;
    let told = |at: Option<Timestamp>| at.map_or("never".to_owned(), |at| at.as_secs().to_string());
    // Never is later than any.
    let steps =
        [(at(far), at(far)), (at(far + 5), at(far + 5)), (at(far - 5), at(far + 5)), (None, None), (at(far), None)];
    for (given, kept) in steps {
        t.change(adding(given)).await?;
        let found = t.load(&key).await?.map_or("gone".to_owned(), |entry| told(entry.expires_at));
        let (given, kept) = (told(given), told(kept));
        ensure!(found == kept, "a counter that was added to with an expiry of {given} expires {found}, and not {kept}");
    }
    reads(t, &key, 5).await
}
