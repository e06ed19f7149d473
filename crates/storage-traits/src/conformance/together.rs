//! Many at once, inside one process. Between processes: [`super::race`].

use super::executor::join_all;
use super::fixture::{COUNTER, Fixture, add, guard, replacing};
use super::verdict::{Verdict, Violation};
use crate::batch::Change;
use crate::store::StoreError;

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
