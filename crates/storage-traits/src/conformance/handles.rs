//! Several handles: those to one database are one whole, and another database is another ([`Store::whole`]).

use std::sync::Arc;

use super::executor::join_all;
use super::fixture::{Fixture, conflicts, guard, replacing};
use super::verdict::Verdict;
use super::{BrokenLaws, Violation};
use crate::batch::{Batch, Change, Guard};
use crate::record::{Key, Version};
use crate::store::{Store, StoreError};

/// So many crossing commits at once.
const MANY: usize = 16;

/// Runs the laws of handles, and says how many there are: against two handles to one database, and a third one to another.
///
/// The two read the same keys, and are opened as two nodes or two parts of an application would open them. For a database
/// that has one handle alone, as one in memory, they are that handle twice.
///
/// # Errors
/// All that are broken, not only the first.
pub async fn check([one, beside]: [Arc<dyn Store>; 2], other: Arc<dyn Store>) -> Result<usize, BrokenLaws> {
    let one = Fixture::new(one);
    let same_names = |store| Fixture { own: one.own.clone(), ..Fixture::new(store) };
    let t = Handles { beside: same_names(beside), other: same_names(other), one };
    let checked = [
        ("handles_to_one_database_are_one_whole", t.are_one_whole()),
        ("two_databases_are_not_one_whole", t.two_databases_are_apart().await),
        ("what_one_handle_commits_the_other_reads", t.what_one_commits_the_other_reads().await),
        ("what_one_handle_read_the_other_guards", t.what_one_read_the_other_guards().await),
        ("of_a_guard_and_a_change_through_two_handles_one_wins", t.of_a_guard_and_a_change_one_wins().await),
    ];
    let count = checked.len();
    let broken: Vec<(&'static str, Violation)> =
        checked.into_iter().filter_map(|(law, verdict)| verdict.err().map(|violation| (law, violation))).collect();
    if broken.is_empty() { Ok(count) } else { Err(BrokenLaws(broken)) }
}

struct Handles {
    one: Fixture,
    beside: Fixture,
    other: Fixture,
}

impl Handles {
    fn are_one_whole(&self) -> Verdict {
        let [one, again, beside] = [&self.one, &self.one, &self.beside].map(|t| t.store.whole());
        ensure!(one == again, "one handle answers {one:?}, and then {again:?}");
        ensure!(one == beside, "two handles to one database answer {one:?} and {beside:?}");
        Ok(())
    }

    async fn two_databases_are_apart(&self) -> Verdict {
        let [one, other] = [&self.one, &self.other].map(|t| t.store.whole());
        ensure!(one != other, "two databases both answer {one:?}");
        self.one.insert(self.one.entry("apart", "{}")).await?;
        self.other.lacks(&self.other.key("apart")).await
    }

    async fn what_one_commits_the_other_reads(&self) -> Verdict {
        for (id, writing, reading) in [("there", &self.one, &self.beside), ("back", &self.beside, &self.one)] {
            let key = writing.key(id);
            reading.lacks(&key).await?;
            let inserted = writing.insert(writing.entry(id, "1")).await?;
            reading.holds(&key, inserted, "1").await?;
            let replaced = writing.change(replacing(inserted, writing.entry(id, "2"))).await?;
            reading.holds(&key, replaced, "2").await?;
            writing.change(Change::Delete { key: key.clone(), version: replaced }).await?;
            reading.lacks(&key).await?;
        }
        Ok(())
    }

    /// An account is read through one handle, and a code is redeemed through the other.
    async fn what_one_read_the_other_guards(&self) -> Verdict {
        for (id, reading, committing) in [("here", &self.one, &self.beside), ("hence", &self.beside, &self.one)] {
            let key = reading.key(id);
            let commit = async |step: &str, version| {
                let step = format!("{id} {step}");
                let inserted = commit_beside(committing, &reading.store, &key, version, &step).await;
                Ok::<_, Violation>((committing.load(&committing.key(&step)).await?.is_some(), inserted))
            };
            let (is_there, outcome) = commit("while it is absent", None).await?;
            ensure!(outcome.is_ok() && is_there, "a guard that holds (on absence) stopped a commit: {outcome:?}");
            let first = reading.insert(reading.entry(id, "1")).await?;
            let (is_there, outcome) = commit("when it came", None).await?;
            conflicts(outcome, "a guard on absence, after another handle inserted the record")?;
            ensure!(!is_there, "a commit that was refused is there");
            let (is_there, outcome) = commit("while it stays", Some(first)).await?;
            ensure!(outcome.is_ok() && is_there, "a guard that holds stopped a commit: {outcome:?}");
            let second = reading.change(replacing(first, reading.entry(id, "2"))).await?;
            let (is_there, outcome) = commit("when it changed", Some(first)).await?;
            conflicts(outcome, "a guard, after another handle changed the record")?;
            ensure!(!is_there, "a commit that was refused is there");
            reading.change(Change::Delete { key: key.clone(), version: second }).await?;
            let (_, outcome) = commit("when it went", Some(second)).await?;
            conflicts(outcome, "a guard, after another handle deleted the record")?;
        }
        Ok(())
    }

    /// Write skew: each handle guards what the other one changes.
    async fn of_a_guard_and_a_change_one_wins(&self) -> Verdict {
        for round in 0..4 {
            let ids = [format!("a{round}"), format!("b{round}")];
            let crossing = |n: usize| {
                let (committing, reading) =
                    if n.is_multiple_of(2) { (&self.one, &self.beside) } else { (&self.beside, &self.one) };
                let [guarded, written] = if n.is_multiple_of(2) { [&ids[0], &ids[1]] } else { [&ids[1], &ids[0]] };
                let key = reading.key(guarded);
                async move { commit_beside(committing, &reading.store, &key, None, written).await }
            };
            let outcomes = join_all((0..MANY).map(crossing)).await;
            for error in outcomes.iter().filter_map(|outcome| outcome.as_ref().err()) {
                ensure!(*error == StoreError::Conflict, "a loser was told: {error}");
            }
            let winners = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
            ensure!(winners == 1, "{winners} of {MANY} won");
        }
        Ok(())
    }
}

/// Inserts a record through one handle, with a guard on what was read through another.
async fn commit_beside(
    committing: &Fixture,
    reading: &Arc<dyn Store>,
    guarded: &Key,
    version: Option<Version>,
    written: &str,
) -> Result<(), StoreError> {
    let in_whole: Guard = guard(&reading.in_whole(guarded.clone()), version);
    let changes = vec![Change::Insert(committing.entry(written, "{}"))];
    let batch = Batch { version: committing.version(), guards: Vec::new(), changes };
    committing.store.commit_beside(batch, vec![in_whole]).await
}
