//! Opening a file, and the four methods.

use std::path::Path;
use std::sync::mpsc::{self, TrySendError};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use async_trait::async_trait;
use countersign_storage::{Batch, Entries, Entry, Index, Key, Kind, Page, Store, StoreError, Timestamp, Whole};
use futures_channel::oneshot;
use rusqlite::Connection;

use crate::connection::{self, Durability, PATIENCE};
use crate::failure::in_words;
use crate::file::{OpenedFile, create_private, warn_of_others};
use crate::readers::Readers;
use crate::writer::{self, Job, Queued};
use crate::{read, schema};

/// A store in one SQLite file, or in memory.
///
/// Dropping it waits until every commit that somebody waits for is done. A commit whose caller has left (who dropped the future)
/// is done if it was begun; otherwise it is dropped.
pub struct SqliteStore {
    jobs: Option<mpsc::SyncSender<Queued>>,
    writer: Option<JoinHandle<()>>,
    /// None for a database in memory: it has one connection, the writer's.
    readers: Option<Readers>,
    /// The file, however often it is opened; none for a database in memory.
    whole: Option<Whole>,
}

/// Why a file could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file could not be created or read.
    #[error("the database file cannot be opened: {0}")]
    File(#[from] std::io::Error),
    /// SQLite refused: no database, another process held the lock for too long, the disk is full.
    #[error("the database cannot be opened: {}", in_words(.0))]
    Database(#[from] rusqlite::Error),
}

impl SqliteStore {
    /// Opens a file, and creates it (readable by its owner only) where there is none. The directory must exist. Where others
    /// can read a file that is there already, a warning in the log says so.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        SqliteStore::open_with(path, Durability::default())
    }

    /// Opens a file with another durability than the default.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open_with(path: impl AsRef<Path>, durability: Durability) -> Result<Self, OpenError> {
        let path = path.as_ref();
        create_private(path)?;
        let mut connection = connection::write(path, durability)?;
        schema::migrate(&mut connection)?;
        // From now on the writer waits for other processes by itself: it knows how long each job may wait.
        connection.busy_handler(None)?;
        warn_of_others(path);
        SqliteStore::start(connection, Some(OpenedFile::new(path)))
    }

    /// A store that is gone when it is dropped, for tests.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn in_memory() -> Result<Self, OpenError> {
        let mut connection = connection::in_memory()?;
        schema::migrate(&mut connection)?;
        SqliteStore::start(connection, None)
    }

    fn start(connection: Connection, file: Option<OpenedFile>) -> Result<Self, OpenError> {
        let readers = file.as_ref().map(Readers::start).transpose()?;
        let whole = file.as_ref().map(OpenedFile::whole);
        let (jobs, queue) = mpsc::sync_channel(writer::QUEUE);
        let writer = thread::Builder::new()
            .name("countersign-sqlite".to_owned())
            .spawn(move || writer::run(connection, file.as_ref(), &queue))?;
        Ok(SqliteStore { jobs: Some(jobs), writer: Some(writer), readers, whole })
    }

    /// Hands a job to the writer and waits for its answer. If the writer is gone, the job was not begun, or its
    /// transaction was never committed.
    async fn ask<T>(&self, job: impl FnOnce(oneshot::Sender<Result<T, StoreError>>) -> Job) -> Result<T, StoreError> {
        let refused = |reason: &str| StoreError::Unavailable(reason.to_owned());
        let (answer, waiting) = oneshot::channel();
        let queued = Queued { job: job(answer), until: Instant::now() + PATIENCE };
        match self.jobs.as_ref().map(|jobs| jobs.try_send(queued)) {
            Some(Ok(())) => waiting.await.map_err(|_| refused("the writer has stopped"))?,
            Some(Err(TrySendError::Full(_))) => Err(refused("too many writes wait")),
            Some(Err(TrySendError::Disconnected(_))) | None => Err(refused("the writer has stopped")),
        }
    }
}

impl std::fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SqliteStore")
    }
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(writer) = self.writer.take() {
            // A writer that panicked has nothing left to do.
            let _ = writer.join();
        }
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn load(&self, keys: &[Key]) -> Result<Vec<Option<Entry>>, StoreError> {
        match &self.readers {
            Some(readers) => {
                let keys = keys.to_vec();
                readers.load(move |connection| read::load(connection, &keys)).await
            }
            None => self.ask(|answer| Job::Load { keys: keys.to_vec(), answer }).await,
        }
    }

    async fn find(&self, kind: Kind, index: &Index, page: Page) -> Result<Entries, StoreError> {
        match &self.readers {
            Some(readers) => {
                let index = index.clone();
                readers.list(move |connection| read::find(connection, kind, &index, &page)).await
            }
            None => self.ask(|answer| Job::Find { kind, index: index.clone(), page, answer }).await,
        }
    }

    async fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        self.ask(|answer| Job::Commit { batch, answer }).await
    }

    fn whole(&self) -> Whole {
        self.whole.clone().unwrap_or_else(|| Whole::of_one(self))
    }

    async fn purge(&self, expired_before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        self.ask(|answer| Job::Purge { expired_before, limit, answer }).await
    }
}
