//! Processes that are killed between and during commits: what was acknowledged is there, and nothing half.

use std::collections::BTreeMap;
use std::io;
use std::process::Command;
use std::sync::Arc;

use super::executor::join_all;
use super::fixture::{COUNTER, Fixture, add};
use super::verdict::{Verdict, Violation};
use super::worker::{Worker, say};
use crate::batch::Change;
use crate::record::Key;
use crate::store::Store;

/// How many commits each worker has under way at once.
const LANES: usize = 4;

/// Starts `processes` workers that commit without pause, kills them all once they have `acknowledged` so many commits
/// together, and looks at what is there. Says how many were acknowledged in the end.
///
/// `start` starts a process that calls [`super::process::worker`] on a store of its own; `reopen` opens the database
/// anew, each time by a handle of its own.
///
/// # Errors
/// A commit that was acknowledged and is not there, or one that is there in part. Two handles that are not known to lead to
/// one database ([`Store::whole`]).
pub async fn run<R>(
    start: &mut (dyn FnMut() -> Command + Send),
    processes: usize,
    acknowledged: usize,
    reopen: R,
) -> Result<usize, Violation>
where
    R: AsyncFn() -> Result<Arc<dyn Store>, Violation>,
{
    let mut workers = Vec::new();
    let names = Fixture::new(Arc::new(crate::memory::MemoryStore::new())).own;
    for n in 0..processes {
        let mut worker = Worker::start(&mut start())?;
        let own = format!("{names}.{n}");
        worker.order(&["crash", &own])?;
        workers.push((worker, own, Acknowledged::default()));
    }
    for (worker, _, acknowledgements) in &mut workers {
        while acknowledgements.count() < acknowledged.div_ceil(processes) {
            let Some(line) = worker.answer()? else { return Err(Violation::new("a worker ended by itself")) };
            acknowledgements.note(&line)?;
        }
    }
    // All are killed before any is read further: they go down in the middle of their work.
    for (worker, ..) in &mut workers {
        worker.kill()?;
    }
    let mut total = 0;
    let mut owns = Vec::new();
    for (mut worker, own, mut acknowledgements) in workers {
        while let Some(line) = worker.answer()? {
            acknowledgements.note(&line)?;
        }
        total += acknowledgements.count();
        owns.push((own, acknowledgements));
    }
    let (store, beside) = (reopen().await?, reopen().await?);
    ensure!(store.whole() == beside.whole(), "two handles to one database do not answer the same to `whole`");
    for (own, acknowledgements) in owns {
        let t = Fixture { own, ..Fixture::new(store.clone()) };
        for lane in 0..LANES {
            inspect(&t, lane, acknowledgements.next(lane)).await?;
        }
    }
    Ok(total)
}

/// By lane, how many commits were acknowledged.
#[derive(Default)]
struct Acknowledged(BTreeMap<usize, usize>);

impl Acknowledged {
    fn note(&mut self, line: &str) -> Verdict {
        let words: Vec<&str> = line.split('\t').collect();
        let ["acknowledged", lane, n] = words.as_slice() else { return Err(Violation::new(line)) };
        let (Ok(lane), Ok(n)) = (lane.parse(), n.parse::<usize>()) else { return Err(Violation::new(line)) };
        self.0.insert(lane, n + 1);
        Ok(())
    }

    fn next(&self, lane: usize) -> usize {
        self.0.get(&lane).copied().unwrap_or(0)
    }

    fn count(&self) -> usize {
        self.0.values().sum()
    }
}

fn pair(t: &Fixture, lane: usize, n: usize) -> [Key; 2] {
    [t.key(&format!("{lane}/{n}/a")), t.key(&format!("{lane}/{n}/b"))]
}

fn counter(t: &Fixture, lane: usize) -> Key {
    t.key_in(COUNTER, &lane.to_string())
}

/// Each commit writes two records and adds one to a counter; a lane does one after the other.
pub(super) async fn commit_for_ever(store: Arc<dyn Store>, own: &str) -> io::Result<()> {
    let t = Fixture { own: own.to_owned(), ..Fixture::new(store) };
    let lane = async |lane: usize| -> io::Result<()> {
        for n in 0.. {
            let body = format!("{{\"text\":\"{}\"}}", "x".repeat(n % 7 * 300));
            let mut changes: Vec<Change> =
                pair(&t, lane, n).map(|key| Change::Insert(super::fixture::bare(key, &body))).into();
            changes.push(add(&counter(&t, lane), 1, i64::MAX));
            match t.commit(Vec::new(), changes).await {
                Ok(_) => say(&format!("acknowledged\t{lane}\t{n}"))?,
                Err(error) => return say(&format!("refused: {error}")),
            }
        }
        Ok(())
    };
    join_all((0..LANES).map(lane)).await.into_iter().collect()
}

/// Reads a whole lane in one load: a commit that is still on its way to a server is then seen wholly or not at all.
async fn inspect(t: &Fixture, lane: usize, acknowledged: usize) -> Verdict {
    let mut keys = vec![counter(t, lane)];
    // A lane has at most one commit beyond what was acknowledged; a little more is looked at.
    keys.extend((0..acknowledged + 3).flat_map(|n| pair(t, lane, n)));
    let found = t.store.load(&keys).await?;
    let Some((total, pairs)) = found.split_first() else { return Err(Violation::new("no answer")) };
    let mut there = 0;
    for (n, pair) in pairs.chunks(2).enumerate() {
        let present = pair.iter().flatten().count();
        ensure!(present != 1, "commit {n} of lane {lane} is there in part");
        ensure!(present == 2 || n >= acknowledged, "commit {n} of lane {lane} was acknowledged and is not there");
        there += present / 2;
    }
    let total = total.as_ref().map_or("0", |entry| &*entry.body);
    ensure!(total == there.to_string(), "lane {lane}: {there} commits are there, the counter says {total}");
    Ok(())
}
