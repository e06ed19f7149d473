//! Time, as whole seconds since the epoch, and where it comes from.

use std::fmt;
use std::ops::{Add, Range, Sub};
use std::pin::Pin;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::task::Poll;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// A moment: whole seconds since 1970-01-01T00:00:00Z, the `NumericDate` of [RFC 7519 §2] without its fractions.
///
/// [RFC 7519 §2]: https://www.rfc-editor.org/rfc/rfc7519#section-2
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// Whole seconds since the epoch.
    pub fn as_secs(self) -> i64 {
        self.0
    }

    /// How long ago `earlier` was; zero where it lies ahead.
    pub fn since(self, earlier: Timestamp) -> Duration {
        Duration::from_secs(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// The window that this time lies in, from its beginning up to but not including its end. Windows of a `length` (whole
    /// seconds, at least one) follow each other from the epoch on, so all nodes agree on them.
    pub fn window(self, length: Duration) -> Range<Timestamp> {
        let seconds = i64::try_from(length.as_secs()).unwrap_or(i64::MAX).max(1);
        let start = self.0.saturating_sub(self.0.rem_euclid(seconds));
        Timestamp(start)..Timestamp(start.saturating_add(seconds))
    }
}

impl Add<Duration> for Timestamp {
    type Output = Timestamp;

    /// Saturates; fractions of a second are dropped.
    fn add(self, by: Duration) -> Timestamp {
        Timestamp(self.0.saturating_add(i64::try_from(by.as_secs()).unwrap_or(i64::MAX)))
    }
}

impl Sub<Duration> for Timestamp {
    type Output = Timestamp;

    /// Saturates; fractions of a second are dropped.
    fn sub(self, by: Duration) -> Timestamp {
        Timestamp(self.0.saturating_sub(i64::try_from(by.as_secs()).unwrap_or(i64::MAX)))
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "@{}", self.0)
    }
}

/// The port that tells the time.
///
/// # Security
/// Every expiry rests on it. A clock that is set back revives nothing that was used ([`crate::horizon`]), but it lengthens
/// whatever has not expired yet.
pub trait Clock: Send + Sync {
    /// The present second.
    fn now(&self) -> Timestamp;

    /// How long this node has lived, from any beginning: it only grows, as fast as time passes, whatever the present second
    /// is set to. What was used is forgotten no faster than this ([`crate::horizon`]).
    fn lived(&self) -> Duration;

    /// Waits. An operation that lost against others waits a moment before it tries again. By default it only lets the others
    /// go first, without waiting for any time: enough for clocks of tests.
    fn pause(&self, _: Duration) -> Pause {
        let mut paused = false;
        Box::pin(std::future::poll_fn(move |context| {
            if std::mem::replace(&mut paused, true) {
                return Poll::Ready(());
            }
            context.waker().wake_by_ref();
            Poll::Pending
        }))
    }
}

/// A pause, on any runtime and on none.
pub type Pause = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The machine's own clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        Timestamp(i64::try_from(since_epoch.as_secs()).unwrap_or(i64::MAX))
    }

    fn lived(&self) -> Duration {
        static BEGINNING: OnceLock<Instant> = OnceLock::new();
        BEGINNING.get_or_init(Instant::now).elapsed()
    }

    fn pause(&self, duration: Duration) -> Pause {
        Box::pin(futures_timer::Delay::new(duration))
    }
}

/// A clock that moves only when it is told to, for tests. To move it forward is to live on.
#[derive(Debug)]
pub struct ManualClock {
    now: AtomicI64,
    lived: AtomicU64,
}

impl ManualClock {
    /// Starts at `now`.
    pub fn at(now: Timestamp) -> Self {
        ManualClock { now: AtomicI64::new(now.0), lived: AtomicU64::new(0) }
    }

    /// Moves forward.
    pub fn advance(&self, by: Duration) {
        self.set(self.now() + by);
    }

    /// Jumps, backwards too.
    pub fn set(&self, now: Timestamp) {
        let before = Timestamp(self.now.swap(now.0, Ordering::SeqCst));
        self.lived.fetch_add(now.since(before).as_secs(), Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.now.load(Ordering::SeqCst))
    }

    fn lived(&self) -> Duration {
        Duration::from_secs(self.lived.load(Ordering::SeqCst))
    }
}
