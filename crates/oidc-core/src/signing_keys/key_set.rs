//! The stored side of the signing keys: one record for all of them, and the two operations that write it.

use std::convert::Infallible;
use std::time::Duration;

use async_trait::async_trait;
use countersign_jose::Algorithm;
use countersign_storage::{
    Changes, Decision, Fault, Kind, Moment, Operation, Reader, Record, Sealed, Stored, Timestamp,
};
use serde::{Deserialize, Serialize};

use crate::signing_keys::clock;
use crate::signing_keys::times::{KeyState, Times};

/// What verifiers forgive between two clocks.
const LEEWAY: Duration = Duration::from_secs(30);

/// Why keys are changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rotation {
    /// In good time: the new key is published first, the old one is kept until its last token is dead.
    Scheduled,
    /// The old key is known to others: it is removed at once, and its tokens with it.
    Compromised,
}

#[derive(Clone, Copy)]
pub(super) struct Timing {
    pub(super) refresh: Duration,
    pub(super) lead: Duration,
    pub(super) longest_token: Duration,
}

/// All keys of an issuer, oldest first.
#[derive(Serialize, Deserialize)]
pub(crate) struct KeySet {
    pub(super) issuer: String,
    pub(super) keys: Vec<StoredKey>,
}

#[derive(Clone, Serialize, Deserialize)]
pub(super) struct StoredKey {
    pub(super) kid: String,
    pub(super) algorithm: Algorithm,
    pub(super) sealed: Sealed,
    #[serde(flatten)]
    pub(super) times: Times,
}

impl Record for KeySet {
    const KIND: Kind = Kind::new("signing_keys");

    fn id(&self) -> String {
        self.issuer.clone()
    }
}

/// A key that was made or brought along, is sealed, and is not stored yet.
#[derive(Clone)]
pub(super) struct NewKey {
    pub(super) kid: String,
    pub(super) algorithm: Algorithm,
    pub(super) sealed: Sealed,
}

impl NewKey {
    fn publish(&self, published_at: Timestamp, active_from: Timestamp) -> StoredKey {
        StoredKey {
            kid: self.kid.clone(),
            algorithm: self.algorithm,
            sealed: self.sealed.clone(),
            times: Times { published_at, active_from, retired_from: None, removed_from: None },
        }
    }
}

pub(super) struct Ensure<'a> {
    pub(super) issuer: &'a str,
    pub(super) fresh: Vec<NewKey>,
}

#[async_trait]
impl Operation for Ensure<'_> {
    type Loaded = Option<Stored<KeySet>>;
    type Granted = ();
    type Refusal = Infallible;

    async fn load(&self, reader: &mut Reader<'_>) -> Result<Self::Loaded, Fault> {
        reader.load(KeySet::at(self.issuer)).await
    }

    fn decide(&self, known: Self::Loaded, moment: &Moment<'_>) -> Decision<(), Infallible> {
        let mut keys = known.as_ref().map(|known| known.keys.clone()).unwrap_or_default();
        let now = clock::seen(moment.now, keys.iter().map(|key| key.times));
        keys.retain(|key| key.times.state(now) != KeyState::Removed);
        for fresh in &self.fresh {
            // Another node may have been faster. Two keys under one id would be one too many for whoever verifies.
            let made = |key: &StoredKey| key.algorithm == fresh.algorithm && key.times.state(now) == KeyState::Active;
            if !keys.iter().any(|key| made(key) || key.kid == fresh.kid) {
                keys.push(fresh.publish(now, now));
            }
        }
        Decision::grant(()).changing(put(self.issuer, known, keys))
    }
}

pub(super) struct Rotate<'a> {
    pub(super) issuer: &'a str,
    pub(super) fresh: NewKey,
    pub(super) rotation: Rotation,
    pub(super) timing: Timing,
}

#[async_trait]
impl Operation for Rotate<'_> {
    type Loaded = Option<Stored<KeySet>>;
    type Granted = ();
    type Refusal = Infallible;

    async fn load(&self, reader: &mut Reader<'_>) -> Result<Self::Loaded, Fault> {
        reader.load(KeySet::at(self.issuer)).await
    }

    fn decide(&self, known: Self::Loaded, moment: &Moment<'_>) -> Decision<(), Infallible> {
        let mut keys = known.as_ref().map(|known| known.keys.clone()).unwrap_or_default();
        let now = clock::seen(moment.now, keys.iter().map(|key| key.times));
        keys.retain(|key| key.times.state(now) != KeyState::Removed);
        let same = |key: &&mut StoredKey| key.algorithm == self.fresh.algorithm;
        let active_from = match self.rotation {
            Rotation::Scheduled => {
                // One rotation at a time: while a key is pending, this one is already under way.
                let pending = |key: &StoredKey| {
                    key.algorithm == self.fresh.algorithm && key.times.state(now) == KeyState::Pending
                };
                if keys.iter().any(pending) {
                    return Decision::grant(());
                }
                let first = !keys.iter().any(|key| key.algorithm == self.fresh.algorithm);
                let active_from = if first { now } else { now + self.timing.lead };
                let removed_from = active_from + self.timing.longest_token + self.timing.refresh + LEEWAY;
                for key in keys.iter_mut().filter(same).filter(|key| key.times.retired_from.is_none()) {
                    key.times.retired_from = Some(active_from);
                    key.times.removed_from = Some(removed_from);
                }
                active_from
            }
            Rotation::Compromised => {
                keys.retain(|key| key.algorithm != self.fresh.algorithm);
                now
            }
        };
        keys.push(self.fresh.publish(now, active_from));
        Decision::grant(()).changing(put(self.issuer, known, keys))
    }
}

fn put(issuer: &str, known: Option<Stored<KeySet>>, keys: Vec<StoredKey>) -> Changes {
    let set = KeySet { issuer: issuer.to_owned(), keys };
    let mut changes = Changes::none();
    match known {
        Some(known) => changes.replace(&known.with(set)),
        None => changes.insert(&set),
    };
    changes
}
