//! The thread that writes: it gathers what waits into one transaction, and answers when that is durable.

use std::sync::mpsc::Receiver;

use countersign_storage::{Batch, Entries, Entry, Index, Key, Kind, Page, StoreError, Timestamp};
use futures_channel::oneshot::Sender;
use rusqlite::{Connection, ErrorCode, Transaction, TransactionBehavior};

use crate::batch::{self, Applied};
use crate::read::{self, unavailable};

/// The most jobs in one transaction: a bound on how long the first of them waits.
const GROUP: usize = 256;

/// What the writer is asked to do, and where the answer goes.
pub(crate) enum Job {
    Commit { batch: Batch, answer: Sender<Result<(), StoreError>> },
    Purge { expired_before: Timestamp, limit: u32, answer: Sender<Result<u64, StoreError>> },
    Load { keys: Vec<Key>, answer: Sender<Result<Vec<Option<Entry>>, StoreError>> },
    Find { kind: Kind, index: Index, page: Page, answer: Sender<Result<Entries, StoreError>> },
}

/// An answer that waits for the transaction that it belongs to.
type Answer = Box<dyn FnOnce(Result<(), StoreError>) + Send>;

/// Works until the store is dropped and the queue is empty.
pub(crate) fn run(mut connection: Connection, queue: &Receiver<Job>) {
    while let Ok(first) = queue.recv() {
        let mut group = vec![first];
        group.extend(queue.try_iter().take(GROUP - 1));
        let mut answers = Vec::with_capacity(group.len());
        let outcome = write(&mut connection, group, &mut answers);
        // A caller that waits no longer needs no answer.
        answers.into_iter().for_each(|answer| answer(outcome.clone()));
    }
}

/// Performs a group in one transaction. The write lock comes first, so that what a batch checks stays so until it is
/// applied, whatever other processes do.
fn write(connection: &mut Connection, group: Vec<Job>, answers: &mut Vec<Answer>) -> Result<(), StoreError> {
    let mut transaction = match connection.transaction_with_behavior(TransactionBehavior::Immediate) {
        Ok(transaction) => transaction,
        Err(error) => {
            let error = unavailable(error);
            answers.extend(group.into_iter().map(|job| refuse(job, error.clone())));
            return Err(error);
        }
    };
    for job in group {
        answers.push(perform(&mut transaction, job));
    }
    transaction.commit().map_err(|error| match error.sqlite_error_code() {
        // The commit mark may have reached the disk, or not.
        Some(ErrorCode::SystemIoFailure) => StoreError::Unknown,
        _ => unavailable(error),
    })
}

fn perform(transaction: &mut Transaction<'_>, job: Job) -> Answer {
    match job {
        Job::Commit { batch, answer } => {
            let outcome = each_alone(transaction, |transaction| batch::apply(transaction, &batch));
            later(
                answer,
                outcome.and_then(|applied| match applied {
                    Applied::Wholly => Ok(()),
                    Applied::Conflict => Err(StoreError::Conflict),
                    Applied::OverCeiling(counter) => Err(StoreError::OverCeiling(counter)),
                }),
            )
        }
        Job::Purge { expired_before, limit, answer } => {
            later(answer, each_alone(transaction, |transaction| batch::purge(transaction, expired_before, limit)))
        }
        Job::Load { keys, answer } => later(answer, read::load(transaction, &keys).map_err(unavailable)),
        Job::Find { kind, index, page, answer } => {
            later(answer, read::find(transaction, kind, &index, &page).map_err(unavailable))
        }
    }
}

/// A batch that fails half-way (a full disk) is taken back without its neighbours.
fn each_alone<T>(
    transaction: &mut Transaction<'_>,
    apply: impl FnOnce(&Connection) -> rusqlite::Result<T>,
) -> Result<T, StoreError> {
    let savepoint = transaction.savepoint().map_err(unavailable)?;
    let applied = apply(&savepoint).map_err(unavailable)?;
    savepoint.commit().map_err(unavailable)?;
    Ok(applied)
}

/// Whatever a batch was told, even that it lost, rests on what its transaction wrote: it counts only if that commits.
fn later<T: Send + 'static>(answer: Sender<Result<T, StoreError>>, outcome: Result<T, StoreError>) -> Answer {
    Box::new(move |committed| {
        let _ = answer.send(match committed {
            Ok(()) => outcome,
            Err(error) => Err(error),
        });
    })
}

fn refuse(job: Job, error: StoreError) -> Answer {
    match job {
        Job::Commit { answer, .. } => later(answer, Err(error)),
        Job::Purge { answer, .. } => later(answer, Err(error)),
        Job::Load { answer, .. } => later(answer, Err(error)),
        Job::Find { answer, .. } => later(answer, Err(error)),
    }
}
