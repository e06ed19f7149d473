//! Limits: so many in so long, counted in the store, so that all nodes count together.

use std::time::Duration;

use crate::batch::Changes;
use crate::clock::Timestamp;
use crate::decision::Moment;
use crate::record::{Key, Kind};

/// So many in so long.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limit {
    /// How many attempts.
    pub attempts: u32,
    /// In how long: whole seconds, at least one.
    pub window: Duration,
}

impl Limit {
    /// `attempts` within each `window`.
    pub const fn new(attempts: u32, window: Duration) -> Self {
        Limit { attempts, window }
    }

    /// The counter of what `who` does in the window of `now`. Each limit has a `kind` of its own. `who` becomes a part of the
    /// counter's id: give an id, or the [`Handle`](crate::Handle) of what is longer than 200 characters or not for every eye.
    pub fn counter(self, kind: Kind, who: &str, now: Timestamp) -> Counter {
        let window = now.window(self.window);
        let key = Key { kind, id: format!("{who}.{}", window.start.as_secs()) };
        Counter { key, most: i64::from(self.attempts), end: window.end }
    }
}

/// The counter of one window. A decision asks whether it is used up, and counts in the commit that it leads to anyway. The
/// commit fails where the limit would be passed, so of many at once no more pass than the limit says; the others decide again,
/// and find it used up. It ends with its window.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Counter {
    key: Key,
    most: i64,
    end: Timestamp,
}

impl Counter {
    /// Its name in the store.
    pub fn key(&self) -> &Key {
        &self.key
    }

    /// The same with a limit that is higher by so many.
    #[must_use]
    pub fn raised(self, by: i64) -> Self {
        Counter { most: self.most.saturating_add(by), ..self }
    }

    /// When the next window begins, where an earlier attempt at this decision found this one full: then the decision must refuse.
    pub fn used_up(&self, moment: &Moment<'_>) -> Option<Timestamp> {
        moment.is_exhausted(&self.key).then_some(self.end)
    }

    /// Counts so many.
    pub fn count(&self, times: usize, changes: &mut Changes) {
        let times = i64::try_from(times).unwrap_or(i64::MAX);
        changes.add(self.key.clone(), times, self.most, Some(self.end));
    }
}
