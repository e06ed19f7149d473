//! The port to a database: four methods, whatever is stored.

use async_trait::async_trait;

use crate::batch::{Batch, Guard};
use crate::clock::Timestamp;
use crate::record::{Entry, Index, Key, Kind};

/// The port to a database.
///
/// # Security
/// Single use rests on [`Store::commit`]. A store that applies half a batch, ignores a guard, or lets two inserts of one
/// key succeed hands out two tokens for one code. Every implementation must pass the conformance kit.
#[async_trait]
pub trait Store: Send + Sync {
    /// Reads the entries under `keys`, in that order, `None` where there is nothing: one round trip.
    ///
    /// Sees every commit that was acknowledged before the call began. The entries need not be of one instant: a
    /// decision that relies on several is protected by the guards of its commit.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn load(&self, keys: &[Key]) -> Result<Vec<Option<Entry>>, StoreError>;

    /// Reads the entries of a kind that carry an index, a page at a time, in the order that the page names.
    ///
    /// An entry that is there all the time is on one page of a listing and no other, whatever is inserted and deleted
    /// between its pages.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn find(&self, kind: Kind, index: &Index, page: Page) -> Result<Entries, StoreError>;

    /// Applies a whole batch, or nothing of it: one round trip. When it returns `Ok`, the batch is durable.
    ///
    /// # Errors
    /// - [`StoreError::Conflict`]: an inserted key exists, a replaced or deleted entry or a guard does not carry the
    ///   version that was named. Nothing was applied.
    /// - [`StoreError::OverCeiling`]: an `Add` would pass its ceiling. Nothing was applied.
    /// - [`StoreError::Unavailable`]: nothing was applied.
    /// - [`StoreError::Unknown`]: the connection broke after the batch was sent; it is applied wholly or not at all.
    async fn commit(&self, batch: Batch) -> Result<(), StoreError>;

    /// Deletes at most `limit` entries whose `expires_at` lies before `expired_before`, with their index entries, and
    /// says how many.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn purge(&self, expired_before: Timestamp, limit: u32) -> Result<u64, StoreError>;

    /// Which database this is. Two handles to one database answer the same, and so does a part of it
    /// ([`Ports::scoped`](crate::Ports::scoped)). By default each opened store is a database of its own, as one in memory is.
    ///
    /// A store that passes everything on to another passes this on too, with [`Store::in_whole`] and [`Store::commit_beside`].
    ///
    /// # Security
    /// What is read from the store of the accounts or of the sign-in is guarded in the commit of an issuer where both answer
    /// the same. Where two handles to one database do not, an account that is closed at that moment does not stop the
    /// commit. Where two databases do, guards are looked up in the wrong one.
    fn whole(&self) -> Whole {
        Whole::of_one(self)
    }

    /// What a key of this store is called in the whole: for a part of a store that keeps its keys under other names.
    fn in_whole(&self, key: Key) -> Key {
        key
    }

    /// [`Store::commit`], with further guards on keys as they are called in the whole.
    ///
    /// # Errors
    /// As [`Store::commit`].
    async fn commit_beside(&self, mut batch: Batch, in_whole: Vec<Guard>) -> Result<(), StoreError> {
        batch.guards.extend(in_whole);
        self.commit(batch).await
    }
}

/// Which database a store leads to: see [`Store::whole`].
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Whole(String);

impl Whole {
    /// By a name that this database has and no other, the same through every handle: `"toy:/var/lib/ids"`. It begins with the
    /// technology, follows links and aliases to what they lead to, and holds no secret, for it is logged.
    pub fn named(name: impl Into<String>) -> Self {
        Whole(name.into())
    }

    /// The database of this very store, which has no other handle.
    pub fn of_one<S: Store + ?Sized>(store: &S) -> Self {
        Whole(format!("{:p}", std::ptr::from_ref(store).cast::<()>()))
    }
}

/// Which part of a listing, and in which order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Page {
    /// The order of the entries, on this page and from page to page.
    pub order: Order,
    /// Where the page before ended, in the same order; `None` for the first.
    pub after: Option<Cursor>,
    /// How many entries at the most: 1 to 1,000; a store brings other numbers into that range.
    pub limit: u32,
}

/// The order of a listing: by id, bytewise. Ids that begin with a time (those of
/// [`AuditRecord`](crate::AuditRecord)) are in the order of time.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Order {
    /// The lowest id first: of ids that begin with a time, the oldest.
    Ascending,
    /// The highest id first: of ids that begin with a time, the newest.
    Descending,
}

impl Page {
    /// The first `limit` entries, in ascending order. A later page: `Page { after, ..Page::first(limit) }`.
    pub fn first(limit: u32) -> Self {
        Page { order: Order::Ascending, after: None, limit }
    }

    /// The last `limit` entries, the very last first. The page before it: `Page { after, ..Page::last(limit) }`.
    pub fn last(limit: u32) -> Self {
        Page { order: Order::Descending, after: None, limit }
    }

    /// The number of entries to return, within the range.
    pub fn size(&self) -> u32 {
        self.limit.clamp(1, 1_000)
    }
}

/// The id beyond which the next page begins: above it in ascending order, below it in descending order. An entry with this
/// id need not exist.
///
/// A store takes any text, also one that no id can be: a cursor may come back from a stranger.
///
/// A cursor goes on in the order of the page that it came from. In the other order it leads back.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cursor(pub String);

/// One page of a listing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entries {
    /// The entries, in the order of the page.
    pub entries: Vec<Entry>,
    /// Where the next page begins; `None` when this was the last.
    pub next: Option<Cursor>,
}

/// Why a store refused or failed.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Somebody else wrote first; nothing was applied. Load and decide again.
    #[error("somebody else wrote first")]
    Conflict,
    /// A counter would pass its ceiling; nothing was applied.
    #[error("a counter is at its ceiling")]
    OverCeiling(Key),
    /// The database did not answer, or is read-only, full or shutting down; nothing was applied.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
    /// The connection broke while the commit was under way; it is applied wholly or not at all.
    #[error("the outcome of the commit is unknown")]
    Unknown,
}
