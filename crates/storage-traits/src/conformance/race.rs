//! Many at once in many processes: exactly one winner.

use std::process::Command;
use std::sync::Arc;

use super::executor::join_all;
use super::fixture::{COUNTER, Fixture, add, bare, guard, replacing};
use super::outcome::{self, Redeem, Redeemed};
use super::verdict::{Verdict, Violation};
use super::worker::Worker;
use crate::batch::{Batch, Change, Guard};
use crate::decision::Stopped;
use crate::fault::Fault;
use crate::record::{Key, Version};
use crate::store::{Store, StoreError};

/// How large a race is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Size {
    /// How many processes.
    pub processes: usize,
    /// How many contestants in each.
    pub each: usize,
    /// How often each contest is held.
    pub rounds: usize,
}

/// What the contestants try.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Contest {
    /// Redeem one ticket, through the whole loop.
    Redeem,
    /// Insert one key.
    Insert,
    /// Replace one version.
    Replace,
    /// Delete one version.
    Delete,
    /// Replace either of two while the other is as it was read (write skew).
    CrossReplace,
    /// Insert either of two while the other is absent.
    CrossInsert,
    /// Replace one, while half of the others delete it.
    ReplaceOrDelete,
    /// Add one to a counter.
    Spend,
}

const CONTESTS: [(&str, Contest); 8] = [
    ("redeem", Contest::Redeem),
    ("insert", Contest::Insert),
    ("replace", Contest::Replace),
    ("delete", Contest::Delete),
    ("cross replace", Contest::CrossReplace),
    ("cross insert", Contest::CrossInsert),
    ("replace or delete", Contest::ReplaceOrDelete),
    ("spend", Contest::Spend),
];

/// How many may spend.
const CEILING: usize = 20;

/// Holds every contest among workers, which `start` starts: each a process that calls [`super::process::worker`] on a
/// store over the same database as `store`. Says how many contests were held.
///
/// # Errors
/// Two winners or none, a loser that was told anything but that it lost, or a worker that failed.
pub async fn run(
    store: Arc<dyn Store>,
    start: &mut (dyn FnMut() -> Command + Send),
    size: Size,
) -> Result<usize, Violation> {
    let mut workers = Vec::new();
    for _ in 0..size.processes {
        workers.push(Worker::start(&mut start())?);
    }
    let mut held = 0;
    for round in 0..size.rounds {
        for (name, contest) in CONTESTS {
            let t = Fixture::new(store.clone());
            hold(&t, name, contest, &mut workers, size)
                .await
                .map_err(|violation| Violation::new(format!("{name}, round {round}: {violation}")))?;
            held += 1;
        }
    }
    Ok(held)
}

async fn hold(t: &Fixture, name: &str, contest: Contest, workers: &mut [Worker], size: Size) -> Verdict {
    let mut versions = [Version::from_i64(0); 2];
    match contest {
        Contest::Redeem => {
            outcome::issue(t, "a").await?;
        }
        Contest::Insert | Contest::CrossInsert | Contest::Spend => {}
        Contest::Replace | Contest::Delete | Contest::CrossReplace | Contest::ReplaceOrDelete => {
            versions = [t.insert(t.entry("a", "{}")).await?, t.insert(t.entry("b", "{}")).await?];
        }
    }
    let [a, b] = versions.map(|version| version.as_i64().to_string());
    let each = size.each.to_string();
    for worker in workers.iter_mut() {
        worker.order(&["race", name, &t.own, &each, &a, &b])?;
    }
    let (mut won, mut lost) = (0, 0);
    for worker in workers.iter_mut() {
        let answer = worker.answer()?.ok_or_else(|| Violation::new("a worker ended"))?;
        let words: Vec<&str> = answer.split('\t').collect();
        let ["tally", winners, losers] = words.as_slice() else { return Err(Violation::new(answer)) };
        let count = |word: &str| word.parse::<usize>().map_err(|_| Violation::new("a tally is no number"));
        won += count(winners)?;
        lost += count(losers)?;
    }
    let contestants = size.processes * size.each;
    let expected = if contest == Contest::Spend { CEILING.min(contestants) } else { 1 };
    ensure!(won == expected, "{won} of {contestants} won, where {expected} should");
    ensure!(won + lost == contestants, "{} of {contestants} did not finish", contestants - won - lost);
    aftermath(t, contest, versions, expected).await
}

/// Looks at what the race left behind.
async fn aftermath(t: &Fixture, contest: Contest, versions: [Version; 2], winners: usize) -> Verdict {
    let found = [t.load(&t.key("a")).await?, t.load(&t.key("b")).await?].map(|entry| entry.map(|entry| entry.version));
    let [a, b] = found;
    let before = versions.map(Some);
    let holds = match contest {
        Contest::Redeem => return outcome::prizes(t, &format!("{}/a", t.own), winners).await,
        Contest::Spend => {
            let counter = t.load(&t.key_in(COUNTER, "a")).await?.map(|entry| entry.body.to_string());
            counter == Some(winners.to_string())
        }
        Contest::Insert => a.is_some(),
        Contest::Replace => a.is_some() && a != before[0],
        Contest::Delete => a.is_none(),
        Contest::CrossReplace => (a == before[0]) != (b == before[1]),
        Contest::CrossInsert => a.is_some() != b.is_some(),
        Contest::ReplaceOrDelete => a != before[0],
    };
    ensure!(holds, "one won, but the store holds {a:?} and {b:?}");
    Ok(())
}

/// The worker's side of a contest: what [`super::process::worker`] answers.
pub(super) async fn compete(store: Arc<dyn Store>, order: &[&str]) -> String {
    let [name, own, each, a, b] = order else { return "not an order".to_owned() };
    let contest = CONTESTS.iter().find(|(known, _)| known == name).map(|(_, contest)| *contest);
    let (Some(contest), Ok(each), Ok(a), Ok(b)) = (contest, each.parse::<usize>(), a.parse(), b.parse()) else {
        return "not an order".to_owned();
    };
    let t = Fixture { own: (*own).to_owned(), ..Fixture::new(store) };
    let versions = [Version::from_i64(a), Version::from_i64(b)];
    let outcomes = join_all((0..each).map(|n| attempt(&t, contest, versions, n))).await;
    let (mut won, mut lost) = (0, 0);
    for outcome in outcomes {
        match outcome {
            Ok(Outcome::Won) => won += 1,
            Ok(Outcome::Lost) => lost += 1,
            Err(seen) => return seen,
        }
    }
    format!("tally\t{won}\t{lost}")
}

enum Outcome {
    Won,
    Lost,
}

async fn attempt(t: &Fixture, contest: Contest, versions: [Version; 2], n: usize) -> Result<Outcome, String> {
    if contest == Contest::Redeem {
        let ports = outcome::ports(t.store.clone(), t);
        return match ports.perform(&Redeem { ticket: format!("{}/a", t.own) }).await {
            Ok(Redeemed::Now) => Ok(Outcome::Won),
            Ok(Redeemed::Before) => Ok(Outcome::Lost),
            Err(Stopped::Failed(fault @ Fault::Contended)) => Err(format!("a contestant never got its turn: {fault}")),
            Err(fault) => Err(format!("a contestant met a fault: {fault}")),
        };
    }
    let (guards, change) = try_out(t, contest, versions, n);
    match t.store.commit(Batch { version: t.version(), guards, changes: vec![change] }).await {
        Ok(()) => Ok(Outcome::Won),
        Err(StoreError::Conflict) if contest != Contest::Spend => Ok(Outcome::Lost),
        Err(StoreError::OverCeiling(_)) if contest == Contest::Spend => Ok(Outcome::Lost),
        Err(error) => Err(format!("a contestant was told: {error}")),
    }
}

fn try_out(t: &Fixture, contest: Contest, [a, b]: [Version; 2], n: usize) -> (Vec<Guard>, Change) {
    let (key_a, key_b): (Key, Key) = (t.key("a"), t.key("b"));
    let even = n.is_multiple_of(2);
    match contest {
        Contest::Redeem | Contest::Insert => (Vec::new(), Change::Insert(bare(key_a, "{}"))),
        Contest::Replace => (Vec::new(), replacing(a, bare(key_a, "{}"))),
        Contest::Delete => (Vec::new(), Change::Delete { key: key_a, version: a }),
        Contest::CrossReplace if even => (vec![guard(&key_a, Some(a))], replacing(b, bare(key_b, "{}"))),
        Contest::CrossReplace => (vec![guard(&key_b, Some(b))], replacing(a, bare(key_a, "{}"))),
        Contest::CrossInsert if even => (vec![guard(&key_a, None)], Change::Insert(bare(key_b, "{}"))),
        Contest::CrossInsert => (vec![guard(&key_b, None)], Change::Insert(bare(key_a, "{}"))),
        Contest::ReplaceOrDelete if even => (Vec::new(), replacing(a, bare(key_a, "{}"))),
        Contest::ReplaceOrDelete => (Vec::new(), Change::Delete { key: key_a, version: a }),
        Contest::Spend => (Vec::new(), add(&t.key_in(COUNTER, "a"), 1, i64::try_from(CEILING).unwrap_or(i64::MAX))),
    }
}
