//! Many at once, inside one process. Between processes: [`super::race`].

use super::executor::join_all;
use super::fixture::{COUNTER, Fixture, KIND, add, guard, replacing};
use super::verdict::{Verdict, Violation};
use crate::batch::Change;
use crate::record::Entry;
use crate::store::{Page, StoreError};

const MANY: usize = 32;

/// Fails unless exactly one committed and all others conflicted.
fn one_wins<T>(outcomes: &[Result<T, StoreError>]) -> Verdict {
    for error in outcomes.iter().filter_map(|outcome| outcome.as_ref().err()) {
        ensure!(*error == StoreError::Conflict, "a loser was told: {error}");
    }
    let winners = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    ensure!(winners == 1, "{winners} of {} won", outcomes.len());
    Ok(())
}

pub(super) async fn of_many_inserts_at_once_one_wins(t: &Fixture) -> Verdict {
    for round in 0..4 {
        let id = round.to_string();
        one_wins(&join_all((0..MANY).map(|_| t.insert(t.entry(&id, "{}")))).await)?;
    }
    Ok(())
}

pub(super) async fn of_many_replaces_at_once_one_wins(t: &Fixture) -> Verdict {
    let mut version = t.insert(t.entry("a", "{}")).await?;
    for _ in 0..4 {
        let outcomes = join_all((0..MANY).map(|_| t.change(replacing(version, t.entry("a", "{}"))))).await;
        one_wins(&outcomes)?;
        version = outcomes.into_iter().find_map(Result::ok).ok_or_else(|| Violation::new("nobody won"))?;
        t.holds(&t.key("a"), version, "{}").await?;
    }
    Ok(())
}

/// Write skew: each relies on what the other changes.
pub(super) async fn of_a_guard_and_a_change_at_once_one_wins(t: &Fixture) -> Verdict {
    for round in 0..4 {
        let ids = [format!("a{round}"), format!("b{round}")];
        let crossing = |n: usize| {
            let (guarded, written) = (&ids[n % 2], &ids[(n + 1) % 2]);
            t.commit(vec![guard(&t.key(guarded), None)], vec![Change::Insert(t.entry(written, "{}"))])
        };
        one_wins(&join_all((0..MANY).map(crossing)).await)?;
    }
    for round in 0..4 {
        let ids = [format!("c{round}"), format!("d{round}")];
        let mut versions = Vec::new();
        for id in &ids {
            versions.push(t.insert(t.entry(id, "{}")).await?);
        }
        let crossing = |n: usize| {
            let (guarded, written) = (n % 2, (n + 1) % 2);
            t.commit(
                vec![guard(&t.key(&ids[guarded]), Some(versions[guarded]))],
                vec![replacing(versions[written], t.entry(&ids[written], "{}"))],
            )
        };
        one_wins(&join_all((0..MANY).map(crossing)).await)?;
    }
    Ok(())
}

pub(super) async fn adds_at_once_never_pass_the_ceiling(t: &Fixture) -> Verdict {
    let key = t.key_in(COUNTER, "a");
    let outcomes = join_all((0..MANY).map(|_| t.change(add(&key, 1, 20)))).await;
    let added = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    let refused = outcomes.iter().filter(|o| **o == Err(StoreError::OverCeiling(key.clone()))).count();
    ensure!(added == 20 && added + refused == MANY, "{added} of {MANY} added, {refused} were refused");
    let found = t.load(&key).await?.map(|entry| entry.body);
    ensure!(found.as_deref() == Some("20"), "the counter is at {found:?}");
    Ok(())
}

pub(super) async fn different_records_at_once_all_commit(t: &Fixture) -> Verdict {
    let shared = t.insert(t.entry("shared", "{}")).await?;
    let commit = |n: usize| {
        let inserted = Change::Insert(t.entry(&n.to_string(), "{}"));
        t.commit(vec![guard(&t.key("shared"), Some(shared))], vec![inserted])
    };
    let outcomes = join_all((0..MANY).map(commit)).await;
    let committed = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    ensure!(committed == MANY, "{committed} of {MANY} that do not touch each other committed");
    Ok(())
}

/// Between the records that stay, others come and go, and those that stay are written.
pub(super) async fn pages_tell_each_record_once_while_others_write(t: &Fixture) -> Verdict {
    let by = t.index("by", "x");
    let named = |id: &str| Entry { indexes: vec![by.clone()], ..t.entry(id, "{}") };
    let ids: Vec<String> = (0..MANY).map(|n| format!("{n:02}")).collect();
    let mut versions = Vec::new();
    for id in &ids {
        versions.push(t.insert(named(id)).await?);
    }
    let write = |n: usize| {
        let (by, ids, versions) = (&by, &ids, &versions);
        async move {
            let passing = format!("{}-", ids[n]);
            for _ in 0..2 {
                let version = t.insert(Entry { indexes: vec![by.clone()], ..t.entry(&passing, "{}") }).await?;
                t.change(Change::Delete { key: t.key(&passing), version }).await?;
            }
            let stays = Entry { indexes: vec![by.clone()], ..t.entry(&ids[n], "{}") };
            t.change(replacing(versions[n], stays)).await.map_err(Violation::from).map(drop)
        }
    };
    let read = |n: usize| {
        let (by, ids) = (&by, &ids);
        async move {
            let mut page = if n.is_multiple_of(2) { Page::first(3) } else { Page::last(3) };
            let mut joined = Vec::new();
            loop {
                let found = t.store.find(KIND, by, page.clone()).await?;
                joined.extend(found.entries.iter().map(|entry| t.short(entry)).filter(|id| !id.ends_with('-')));
                page.after = found.next;
                if page.after.is_none() {
                    break;
                }
            }
            if n % 2 == 1 {
                joined.reverse();
            }
            ensure!(joined == *ids, "{:?} pages join to {joined:?}", page.order);
            Ok(())
        }
    };
    let one = |n: usize| async move {
        match n < MANY {
            true => write(n).await,
            false => read(n).await,
        }
    };
    join_all((0..MANY + 8).map(one)).await.into_iter().collect()
}

pub(super) async fn what_was_acknowledged_is_read_by_everybody(t: &Fixture) -> Verdict {
    let round = |n: usize| async move {
        let id = n.to_string();
        let mut version = t.insert(t.entry(&id, "{}")).await?;
        for _ in 0..3 {
            t.holds(&t.key(&id), version, "{}").await?;
            version = t.change(replacing(version, t.entry(&id, "{}"))).await?;
        }
        t.holds(&t.key(&id), version, "{}").await
    };
    join_all((0..MANY).map(round)).await.into_iter().collect()
}
