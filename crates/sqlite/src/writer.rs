//! The thread that writes: it gathers what waits into one transaction, and answers when that is durable.

use std::sync::mpsc::Receiver;
use std::time::Instant;

use countersign_storage::{Batch, Entries, Entry, Index, Key, Kind, Page, StoreError, Timestamp};
use futures_channel::oneshot::Sender;
use rusqlite::{Connection, ErrorCode, Transaction, TransactionBehavior};

use crate::batch::{self, Applied};
use crate::connection::{PATIENCE, is_busy, pause};
use crate::failure::{in_words, unavailable};
use crate::file::OpenedFile;
use crate::read;

/// The most jobs that wait. Beyond that one is refused at once.
pub(crate) const QUEUE: usize = 4_096;

/// The most jobs in one transaction: a bound on how long the first of them waits.
const GROUP: usize = 256;

/// What the writer is asked to do, and where the answer goes.
pub(crate) enum Job {
    Commit { batch: Batch, answer: Sender<Result<(), StoreError>> },
    Purge { expired_before: Timestamp, limit: u32, answer: Sender<Result<u64, StoreError>> },
    Load { keys: Vec<Key>, answer: Sender<Result<Vec<Option<Entry>>, StoreError>> },
    Find { kind: Kind, index: Index, page: Page, answer: Sender<Result<Entries, StoreError>> },
}

/// A job that waits.
pub(crate) struct Queued {
    pub(crate) job: Job,
    /// When it is refused if it was not begun: [`PATIENCE`] after it came.
    pub(crate) until: Instant,
}

/// What became of a job inside its transaction.
enum Done {
    Commit(Result<(), StoreError>),
    Purge(Result<u64, StoreError>),
    Load(Result<Vec<Option<Entry>>, StoreError>),
    Find(Result<Entries, StoreError>),
}

/// What became of a transaction.
enum Written {
    Wholly(Vec<Done>),
    /// SQLite took all of it back, by itself, at one of its jobs.
    TakenBack(StoreError),
    Failed(StoreError),
}

/// Works until the store is dropped and the queue is empty. `file` is none for a database in memory.
pub(crate) fn run(connection: Connection, file: Option<&OpenedFile>, queue: &Receiver<Queued>) {
    while let Ok(first) = queue.recv() {
        let mut group = vec![first];
        group.extend(queue.try_iter().take(GROUP - 1));
        serve(&connection, file, group);
    }
}

/// Performs a group in one transaction and answers. Where one job made SQLite take everything back (a full disk, a failing
/// one), each is done once more alone: the others lose nothing by it.
fn serve(connection: &Connection, file: Option<&OpenedFile>, mut group: Vec<Queued>) {
    let still_there = || file.map_or(Ok(()), OpenedFile::check);
    let written = match still_there() {
        Ok(()) => write(connection, &mut group),
        Err(error) => Written::Failed(error),
    };
    match (written, still_there()) {
        // It is in a file that has just lost its name.
        (Written::Wholly(_), Err(_)) => group.into_iter().for_each(|queued| queued.job.refuse(StoreError::Unknown)),
        (Written::Wholly(done), Ok(())) => {
            group.into_iter().zip(done).for_each(|(queued, done)| queued.job.answer(done))
        }
        (Written::TakenBack(_), _) if group.len() > 1 => {
            group.into_iter().for_each(|queued| serve(connection, file, vec![queued]));
        }
        (Written::TakenBack(error) | Written::Failed(error), _) => {
            group.into_iter().for_each(|queued| queued.job.refuse(error.clone()));
        }
    }
}

/// The write lock comes first, so that what a batch checks stays so until it is applied, whatever other processes do.
///
/// Whatever a batch was told, even that it lost, rests on what its transaction wrote: it counts only if that commits.
fn write(connection: &Connection, group: &mut Vec<Queued>) -> Written {
    let mut transaction = match begin(connection, group) {
        Ok(transaction) => transaction,
        Err(error) => return Written::Failed(unavailable(error)),
    };
    let mut done = Vec::with_capacity(group.len());
    for queued in group {
        let outcome = perform(&mut transaction, &queued.job);
        // Outside of a transaction the next job would be one by itself, and stored at once.
        if transaction.is_autocommit() {
            return Written::TakenBack(outcome.reason());
        }
        done.push(outcome);
    }
    match transaction.commit() {
        Ok(()) => Written::Wholly(done),
        Err(error) => Written::Failed(match error.sqlite_error_code() {
            // The commit mark may have reached the disk, or not.
            Some(ErrorCode::SystemIoFailure) => StoreError::Unknown,
            _ => unavailable(error),
        }),
    }
}

/// Takes the write lock, and looks for it as long as there is somebody in the group to write for. A job leaves the group
/// unbegun if its time is over, or if its caller has left: then there is nobody who could be told what became of it.
fn begin<'a>(connection: &'a Connection, group: &mut Vec<Queued>) -> rusqlite::Result<Transaction<'a>> {
    let mut times = 0_i32;
    loop {
        group.retain(|queued| !queued.job.is_abandoned());
        match Transaction::new_unchecked(connection, TransactionBehavior::Immediate) {
            Err(error) if is_busy(&error) => {
                refuse_late(group, &in_words(&error));
                if group.is_empty() {
                    return Err(error);
                }
                times = times.saturating_add(1);
                pause(times);
            }
            Err(error) => return Err(error),
            Ok(transaction) => {
                refuse_late(group, &format!("the writer was busy for more than {} seconds", PATIENCE.as_secs()));
                return Ok(transaction);
            }
        }
    }
}

fn refuse_late(group: &mut Vec<Queued>, reason: &str) {
    let now = Instant::now();
    for late in group.extract_if(.., |queued| queued.until <= now) {
        late.job.refuse(StoreError::Unavailable(reason.to_owned()));
    }
}

fn perform(transaction: &mut Transaction<'_>, job: &Job) -> Done {
    match job {
        Job::Commit { batch, .. } => {
            let outcome = each_alone(transaction, |transaction| batch::apply(transaction, batch));
            Done::Commit(outcome.and_then(|applied| match applied {
                Applied::Wholly => Ok(()),
                Applied::Conflict => Err(StoreError::Conflict),
                Applied::OverCeiling(counter) => Err(StoreError::OverCeiling(counter)),
            }))
        }
        Job::Purge { expired_before, limit, .. } => {
            Done::Purge(each_alone(transaction, |transaction| batch::purge(transaction, *expired_before, *limit)))
        }
        Job::Load { keys, .. } => Done::Load(read::load(transaction, keys).map_err(unavailable)),
        Job::Find { kind, index, page, .. } => {
            Done::Find(read::find(transaction, *kind, index, page).map_err(unavailable))
        }
    }
}

/// A batch that fails half-way is taken back without its neighbours.
fn each_alone<T>(
    transaction: &mut Transaction<'_>,
    apply: impl FnOnce(&Connection) -> rusqlite::Result<T>,
) -> Result<T, StoreError> {
    let savepoint = transaction.savepoint().map_err(unavailable)?;
    let applied = apply(&savepoint).map_err(unavailable)?;
    savepoint.commit().map_err(unavailable)?;
    Ok(applied)
}

impl Job {
    /// A caller that waits no longer needs no answer.
    fn answer(self, done: Done) {
        match (self, done) {
            (Job::Commit { answer, .. }, Done::Commit(outcome)) => drop(answer.send(outcome)),
            (Job::Purge { answer, .. }, Done::Purge(outcome)) => drop(answer.send(outcome)),
            (Job::Load { answer, .. }, Done::Load(outcome)) => drop(answer.send(outcome)),
            (Job::Find { answer, .. }, Done::Find(outcome)) => drop(answer.send(outcome)),
            // `perform` answers each job in kind.
            (job, _) => job.refuse(StoreError::Unknown),
        }
    }

    /// Whether its caller waits no longer.
    fn is_abandoned(&self) -> bool {
        match self {
            Job::Commit { answer, .. } => answer.is_canceled(),
            Job::Purge { answer, .. } => answer.is_canceled(),
            Job::Load { answer, .. } => answer.is_canceled(),
            Job::Find { answer, .. } => answer.is_canceled(),
        }
    }

    fn refuse(self, error: StoreError) {
        match self {
            Job::Commit { answer, .. } => drop(answer.send(Err(error))),
            Job::Purge { answer, .. } => drop(answer.send(Err(error))),
            Job::Load { answer, .. } => drop(answer.send(Err(error))),
            Job::Find { answer, .. } => drop(answer.send(Err(error))),
        }
    }
}

impl Done {
    /// Why it failed. SQLite takes a transaction back only where something failed.
    fn reason(self) -> StoreError {
        let reason = match self {
            Done::Commit(outcome) => outcome.err(),
            Done::Purge(outcome) => outcome.err(),
            Done::Load(outcome) => outcome.err(),
            Done::Find(outcome) => outcome.err(),
        };
        reason.unwrap_or_else(|| StoreError::Unavailable("SQLite took a transaction back".to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use countersign_storage::conformance::executor::block_on;
    use countersign_storage::{Change, Version};
    use futures_channel::oneshot;

    use super::*;
    use crate::schema;

    fn key(id: &str) -> Key {
        Key { kind: Kind::new("sample"), id: id.to_owned() }
    }

    fn insert(ids: &[&str], size: usize) -> (Queued, oneshot::Receiver<Result<(), StoreError>>) {
        let version = Version::from_i64(7);
        let body = format!("\"{}\"", "x".repeat(size));
        let changes = (ids.iter())
            .map(|id| Entry {
                key: key(id),
                version,
                body: body.as_str().into(),
                indexes: Vec::new(),
                expires_at: None,
            })
            .map(Change::Insert)
            .collect();
        let (answer, waiting) = oneshot::channel();
        let job = Job::Commit { batch: Batch { version, guards: Vec::new(), changes }, answer };
        (Queued { job, until: Instant::now() + PATIENCE }, waiting)
    }

    /// Room for some pages more than there are.
    fn nearly_full(connection: &Connection, room: i64) {
        let pages: i64 = connection.pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
        connection.pragma_update_and_check(None, "max_page_count", pages + room, |_| Ok(())).unwrap();
    }

    #[test]
    fn a_batch_that_fills_the_disk_takes_no_neighbour_along_and_what_is_told_is_what_is_stored() {
        let directory = tempfile::tempdir().unwrap();
        for at in 0..3 {
            let mut connection = Connection::open(directory.path().join(format!("{at}.db"))).unwrap();
            connection.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(())).unwrap();
            schema::migrate(&mut connection).unwrap();
            nearly_full(&connection, 8);
            let mut jobs = vec![insert(&["a"], 10), insert(&["b"], 10), insert(&["c"], 10)];
            // It fails at its second record, when the first one is written already.
            jobs.insert(at, insert(&["small", "large"], 100_000));
            let (group, waiting): (Vec<Queued>, Vec<_>) = jobs.into_iter().unzip();
            serve(&connection, None, group);
            let answers: Vec<_> = waiting.into_iter().map(|waiting| block_on(waiting).unwrap()).collect();
            for (n, answer) in answers.iter().enumerate() {
                match n == at {
                    true => assert!(matches!(answer, Err(StoreError::Unavailable(_))), "{at}: {answer:?}"),
                    false => assert_eq!(*answer, Ok(()), "{at}: {n}"),
                }
            }
            let keys = ["a", "b", "c", "small", "large"].map(key);
            let stored: Vec<bool> = read::load(&connection, &keys).unwrap().iter().map(Option::is_some).collect();
            assert_eq!(stored, [true, true, true, false, false], "{at}");
        }
    }

    fn file_in(directory: &tempfile::TempDir) -> Connection {
        let mut connection = Connection::open(directory.path().join("countersign.db")).unwrap();
        connection.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(())).unwrap();
        schema::migrate(&mut connection).unwrap();
        connection.busy_handler(None).unwrap();
        connection
    }

    #[test]
    fn the_time_of_a_job_runs_from_its_arrival_and_not_from_that_of_its_group() {
        let directory = tempfile::tempdir().unwrap();
        let (own, stranger) = (file_in(&directory), file_in(&directory));
        stranger.execute_batch("BEGIN IMMEDIATE").unwrap();
        for in_time in [0, 1] {
            let (mut late, answer) = insert(&["late"], 10);
            late.until = Instant::now();
            let mut group = vec![late];
            // Those in time wait on, until their callers leave.
            group.extend((0..in_time).map(|_| insert(&["in time"], 10).0));
            serve(&own, None, group);
            let reason = "another process held the write lock for more than 10 seconds (SQLite code 5)";
            assert_eq!(block_on(answer), Ok(Err(StoreError::Unavailable(reason.to_owned()))));
        }
    }

    #[test]
    fn a_job_that_waited_too_long_is_refused_even_where_it_could_be_done_now() {
        let directory = tempfile::tempdir().unwrap();
        let own = file_in(&directory);
        let ((mut late, late_answer), (in_time, answer)) = (insert(&["late"], 10), insert(&["in time"], 10));
        late.until = Instant::now();
        serve(&own, None, vec![late, in_time]);
        let reason = "the writer was busy for more than 10 seconds".to_owned();
        assert_eq!(block_on(late_answer), Ok(Err(StoreError::Unavailable(reason))));
        assert_eq!(block_on(answer), Ok(Ok(())));
        let stored = read::load(&own, &["late", "in time"].map(key)).unwrap();
        assert_eq!(stored.iter().map(Option::is_some).collect::<Vec<_>>(), [false, true]);
    }
}
