//! The threads that read, so that no read holds up a worker of an async runtime.
//!
//! Loads and listings have threads of their own: a load takes microseconds and waits for no listing, however long that one
//! takes. What waits is bounded, in number and in time; beyond that a read is refused.

use std::sync::mpsc::{self, Receiver, SyncSender, TrySendError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use countersign_storage::StoreError;
use futures_channel::oneshot;
use rusqlite::Connection;

use crate::connection::{self, PATIENCE};
use crate::failure::unavailable;
use crate::file::OpenedFile;

/// The most reads of one sort that wait.
const QUEUE: usize = 4_096;

/// Threads for loads, and as many for listings: a disk serves a few reads at once.
const THREADS: usize = 2;

/// A read, with the answer in it. It gets the reason where there is no connection.
type Read = Box<dyn FnOnce(Result<&Connection, StoreError>) + Send>;

pub(crate) struct Readers {
    loads: Lane,
    listings: Lane,
}

impl Readers {
    /// Starts the threads. Connections are opened when the first read comes.
    pub(crate) fn start(file: &OpenedFile) -> std::io::Result<Self> {
        Ok(Readers {
            loads: Lane::start("countersign-sqlite-load", file)?,
            listings: Lane::start("countersign-sqlite-list", file)?,
        })
    }

    /// Reads a few records by their names.
    pub(crate) async fn load<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.loads.read(read).await
    }

    /// Reads as much as a page.
    pub(crate) async fn list<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.listings.read(read).await
    }
}

/// Threads on one queue. They end when it is dropped and the queue is empty.
struct Lane {
    queue: Option<SyncSender<Read>>,
    threads: Vec<JoinHandle<()>>,
    /// How long a read waits for its turn.
    patience: Duration,
}

impl Lane {
    fn start(name: &str, file: &OpenedFile) -> std::io::Result<Self> {
        let (queue, reads) = mpsc::sync_channel(QUEUE);
        let reads = Arc::new(Mutex::new(reads));
        let mut lane = Lane { queue: Some(queue), threads: Vec::with_capacity(THREADS), patience: PATIENCE };
        for _ in 0..THREADS {
            let (reads, file) = (reads.clone(), file.clone());
            lane.threads.push(thread::Builder::new().name(name.to_owned()).spawn(move || serve(&reads, &file))?);
        }
        Ok(lane)
    }

    async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (answer, waiting) = oneshot::channel();
        let refused = |reason: &str| StoreError::Unavailable(reason.to_owned());
        let until = Instant::now() + self.patience;
        let job: Read = Box::new(move |connection| {
            // Who waits no longer is not read for.
            if answer.is_canceled() {
                return;
            }
            let in_time = match Instant::now() < until {
                true => connection,
                false => Err(refused("the reads before it took too long")),
            };
            let _ = answer.send(in_time.and_then(|connection| read(connection).map_err(unavailable)));
        });
        match self.queue.as_ref().map(|queue| queue.try_send(job)) {
            Some(Ok(())) => waiting.await.map_err(|_| refused("the reader has stopped"))?,
            Some(Err(TrySendError::Full(_))) => Err(refused("too many reads wait")),
            Some(Err(TrySendError::Disconnected(_))) | None => Err(refused("the readers have stopped")),
        }
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        self.queue = None;
        for thread in self.threads.drain(..) {
            // A reader that panicked has nothing left to do.
            let _ = thread.join();
        }
    }
}

/// Reads one after the other on a connection of its own. After a failure the next read gets a new connection.
fn serve(reads: &Mutex<Receiver<Read>>, file: &OpenedFile) {
    let mut kept: Option<Connection> = None;
    loop {
        let next = reads.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(read) = next else { return };
        let connection = match kept.take() {
            Some(connection) => file.check().map(|()| connection),
            None => file.check().and_then(|()| connection::read(file.path()).map_err(unavailable)),
        };
        match connection {
            Ok(connection) => {
                read(Ok(&connection));
                kept = Some(connection);
            }
            Err(error) => read(Err(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Waker};

    use countersign_storage::conformance::executor::{block_on, join_all};

    use super::*;
    use crate::SqliteStore;

    fn readers(directory: &tempfile::TempDir) -> Readers {
        let path = directory.path().join("countersign.db");
        drop(SqliteStore::open(&path).unwrap());
        Readers::start(&OpenedFile::new(&path)).unwrap()
    }

    fn one(connection: &Connection) -> rusqlite::Result<i64> {
        connection.query_row("SELECT 1", [], |row| row.get(0))
    }

    #[test]
    fn a_listing_that_takes_long_holds_up_neither_the_thread_that_asked_nor_a_load() {
        let directory = tempfile::tempdir().unwrap();
        let readers = readers(&directory);
        let gates: Vec<_> = (0..THREADS + 1).map(|_| mpsc::channel::<()>()).collect();
        let (open, gates): (Vec<_>, Vec<_>) = gates.into_iter().unzip();
        let mut slow = pin!(join_all(gates.into_iter().map(|gate| {
            readers.list(move |connection| {
                let _ = gate.recv();
                one(connection)
            })
        })));
        // All listings are under way, or wait, and this thread is free.
        assert!(slow.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        assert_eq!(block_on(readers.load(one)), Ok(1));
        open.into_iter().for_each(drop);
        assert_eq!(block_on(slow), vec![Ok(1); THREADS + 1]);
    }

    #[test]
    fn more_reads_than_can_wait_are_refused_with_words() {
        let directory = tempfile::tempdir().unwrap();
        let readers = readers(&directory);
        let (open, gate) = mpsc::channel::<()>();
        let gate = Arc::new(Mutex::new(gate));
        let mut all = pin!(join_all((0..QUEUE + THREADS + 10).map(|_| {
            let gate = gate.clone();
            readers.list(move |connection| {
                let _ = gate.lock().unwrap_or_else(PoisonError::into_inner).recv();
                one(connection)
            })
        })));
        assert!(all.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        drop(open);
        let refused = Err(StoreError::Unavailable("too many reads wait".to_owned()));
        let answers = block_on(all);
        // The threads may have taken some out of the queue meanwhile.
        let (read, refusals): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
        assert!((QUEUE..=QUEUE + THREADS).contains(&read.len()), "{}", read.len());
        assert!(refusals.len() >= 10 && refusals.iter().all(|answer| *answer == refused));
    }

    #[test]
    fn a_read_whose_turn_comes_too_late_is_refused_with_words() {
        let directory = tempfile::tempdir().unwrap();
        let mut readers = readers(&directory);
        readers.loads.patience = Duration::ZERO;
        let refused = Err(StoreError::Unavailable("the reads before it took too long".to_owned()));
        assert_eq!(block_on(readers.load(one)), refused);
        assert_eq!(block_on(readers.list(one)), Ok(1));
    }

    #[test]
    fn a_read_that_panics_or_fails_takes_no_other_along() {
        let directory = tempfile::tempdir().unwrap();
        let readers = readers(&directory);
        let failed = block_on(readers.load(|connection| connection.execute("no SQL", [])));
        assert!(matches!(failed, Err(StoreError::Unavailable(_))), "{failed:?}");
        assert_eq!(block_on(readers.load(one)), Ok(1));
    }
}
