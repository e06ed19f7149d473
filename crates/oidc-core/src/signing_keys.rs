//! The keys that sign tokens, and how they follow each other.
//!
//! A key's state is computed from its times, which are set once, in one commit; nothing has to happen at the right moment:
//!
//! ```text
//! published_at        active_from          retired_from         removed_from
//!      │   Pending         │      Active         │     Retiring       │  Removed
//!      └─ in the key set ──┴─ signs ─────────────┴─ still published ──┘
//! ```
//!
//! All keys of an issuer are one record, so that two nodes that rotate at once agree: one commits, the other loads again.
//!
//! **Timing.** A node's view is at most `key_refresh` (60 s) old. A new key signs `key_publication_lead` (10 min) after it
//! was published: by then every node publishes it, and every verifier that honours `Cache-Control` has it. The old key
//! stays published for the longest token life, plus `key_refresh`, plus the leeway of verifiers, after it last signed. A key
//! id that a node does not know makes it look again, at most every five seconds. A compromised key is replaced at once:
//! the other nodes stop using it within `key_refresh`, verifiers within their own cache time.
//!
//! **A clock that is set back** revives no key: no moment is earlier than the one at which the newest key was published. A
//! node whose clock is before that, or before this software was made, does not start.

mod clock;
pub(crate) mod key_set;
mod times;

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use countersign_jose::{Algorithm, Jwk, KeyError, SigningKey, VerifyingKey};
use countersign_storage::{Fault, KeyRing, Ports, Record, Timestamp};

use crate::policy::Policy;
use key_set::{Ensure, KeySet, NewKey, Rotate, StoredKey, Timing};
use times::Times;

pub use key_set::Rotation;
pub use times::KeyState;

/// How soon an unknown key id may make a node look again.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// The signing keys of one issuer, as this node sees them.
pub struct SigningKeys {
    ports: Ports,
    key_ring: Arc<KeyRing>,
    issuer: String,
    timing: Timing,
    view: RwLock<Option<Arc<View>>>,
}

/// What became of a key that was to be taken over ([`SigningKeys::import`]).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use = "a key that was left out signs nothing"]
pub enum Import {
    /// It is one of the issuer's keys, now or since an earlier import.
    Published,
    /// Nothing changed: another key signs for its algorithm already, or another key has its id.
    LeftOut,
}

/// One key, for operators.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct KeyStatus {
    /// Its id.
    pub kid: String,
    /// Its algorithm.
    pub algorithm: Algorithm,
    /// Where it is in its life.
    pub state: KeyState,
    /// When it begins to sign.
    pub active_from: Timestamp,
    /// When it stops to sign.
    pub retired_from: Option<Timestamp>,
    /// When it leaves the key set.
    pub removed_from: Option<Timestamp>,
}

/// What one node knows, read at one moment. It stays right as time passes, until somebody rotates.
pub(crate) struct View {
    loaded_at: Timestamp,
    keys: Vec<Key>,
}

struct Key {
    signing: SigningKey,
    verifying: VerifyingKey,
    times: Times,
}

impl SigningKeys {
    pub(crate) fn new(ports: Ports, key_ring: Arc<KeyRing>, issuer: String, policy: &Policy) -> Self {
        let timing = Timing {
            refresh: policy.key_refresh,
            lead: policy.key_publication_lead,
            longest_token: policy.longest_token(),
        };
        SigningKeys { ports, key_ring, issuer, timing, view: RwLock::new(None) }
    }

    /// The key that signs now.
    ///
    /// # Errors
    /// [`Fault::Internal`] where no key was ever made for the algorithm (see [`SigningKeys::ensure`]); the faults of the
    /// store where this node's view is too old to be used.
    pub async fn current(&self, algorithm: Algorithm) -> Result<SigningKey, Fault> {
        let now = self.ports.now();
        let view = self.view().await?;
        view.current(algorithm, now).cloned().ok_or(Fault::Internal("no signing key was made for the algorithm"))
    }

    /// The key with this id, if it is published. An unknown id makes this node look again, at most every five seconds.
    ///
    /// # Errors
    /// The faults of the store.
    pub async fn verifying(&self, kid: &str) -> Result<Option<VerifyingKey>, Fault> {
        let now = self.ports.now();
        let view = self.view().await?;
        if let Some(key) = view.verifying(kid, now) {
            return Ok(Some(key.clone()));
        }
        if now.since(view.loaded_at) < LOOK_AGAIN {
            return Ok(None);
        }
        Ok(self.load().await?.verifying(kid, now).cloned())
    }

    /// The published keys, the newest first: what the key set shows.
    ///
    /// # Errors
    /// The faults of the store.
    pub async fn published(&self) -> Result<Vec<Jwk>, Fault> {
        let now = self.ports.now();
        let view = self.view().await?;
        Ok(view.published(now).map(|key| key.signing.public_jwk().clone()).collect())
    }

    /// Every key and its state, for operators; read afresh.
    ///
    /// # Errors
    /// The faults of the store.
    pub async fn status(&self) -> Result<Vec<KeyStatus>, Fault> {
        let now = self.ports.now();
        let view = self.load().await?;
        Ok(view
            .keys
            .iter()
            .map(|key| KeyStatus {
                kid: key.signing.kid().to_owned(),
                algorithm: key.signing.algorithm(),
                state: key.times.state(view.seen(now)),
                active_from: key.times.active_from,
                retired_from: key.times.retired_from,
                removed_from: key.times.removed_from,
            })
            .collect())
    }

    /// Makes a key for each algorithm that has none; it signs at once, since nobody can have cached a key set without it
    /// and still know tokens of it. Forgets removed keys. Safe to call on every node at every start.
    ///
    /// # Errors
    /// The faults of the store, [`Fault::Crypto`]; [`Fault::Internal`] where this machine's clock cannot be right.
    pub async fn ensure(&self, algorithms: &[Algorithm]) -> Result<(), Fault> {
        let now = self.ports.now();
        let view = self.load().await?;
        clock::check(now, view.keys.iter().map(|key| key.times))?;
        let mut fresh = Vec::new();
        for algorithm in algorithms {
            if view.current(*algorithm, now).is_none() {
                fresh.push(self.generate(*algorithm)?);
            }
        }
        let forget = view.keys.iter().any(|key| key.times.state(view.seen(now)) == KeyState::Removed);
        if !fresh.is_empty() || forget {
            self.ports.perform(&Ensure { issuer: &self.issuer, fresh }).await?;
            self.load().await?;
        }
        Ok(())
    }

    /// Takes over a key that signed elsewhere. An issuer that moves here keeps its key, and with it the tokens that the key
    /// signed and the key sets that verifiers have cached.
    ///
    /// The key signs at once, under its own id, and is sealed like every other. It must come before
    /// [`SigningKeys::ensure`]: where another key signs for the algorithm already, it is left out. So it cannot come back
    /// after a rotation, and it is safe to call on every node at every start.
    ///
    /// # Errors
    /// The faults of the store, [`Fault::Crypto`].
    pub async fn import(&self, key: &SigningKey) -> Result<Import, Fault> {
        let now = self.ports.now();
        let same = |known: &Key| {
            let (known, key) = (known.signing.public_jwk(), key.public_jwk());
            known.kid() == key.kid() && known.algorithm() == key.algorithm() && known.thumbprint() == key.thumbprint()
        };
        if !self.load().await?.published(now).any(same) {
            let fresh = vec![self.seal(key)?];
            self.ports.perform(&Ensure { issuer: &self.issuer, fresh }).await?;
        }
        Ok(if self.load().await?.published(now).any(same) { Import::Published } else { Import::LeftOut })
    }

    /// Replaces the key of an algorithm.
    ///
    /// # Errors
    /// The faults of the store, [`Fault::Crypto`].
    pub async fn rotate(&self, algorithm: Algorithm, rotation: Rotation) -> Result<(), Fault> {
        let fresh = self.generate(algorithm)?;
        self.ports.perform(&Rotate { issuer: &self.issuer, fresh, rotation, timing: self.timing }).await?;
        self.load().await?;
        Ok(())
    }

    /// This node's view: reloaded when it is older than `key_refresh`. When the store does not answer, a view younger
    /// than the publication lead is still right about every scheduled rotation, and is used.
    pub(crate) async fn view(&self) -> Result<Arc<View>, Fault> {
        let now = self.ports.now();
        let known = self.view.read().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(known) = known else { return self.load().await };
        if now.since(known.loaded_at) < self.timing.refresh {
            return Ok(known);
        }
        match self.load().await {
            Ok(view) => Ok(view),
            Err(fault) if fault.is_transient() && now.since(known.loaded_at) < self.timing.lead => Ok(known),
            Err(fault) => Err(fault),
        }
    }

    async fn load(&self) -> Result<Arc<View>, Fault> {
        let mut reader = self.ports.reader();
        let loaded_at = reader.now();
        let stored = reader.load(KeySet::at(&self.issuer)).await?;
        let known = self.view.read().unwrap_or_else(PoisonError::into_inner).clone();
        let mut keys = Vec::new();
        for key in stored.iter().flat_map(|stored| &stored.keys) {
            // A key that is known already is not opened and parsed again.
            let parsed = known.iter().flat_map(|view| &view.keys).find(|known| known.signing.kid() == key.kid);
            let signing = match parsed {
                Some(known) => known.signing.clone(),
                None => self.open(key)?,
            };
            keys.push(Key { verifying: signing.verifying_key(), signing, times: key.times });
        }
        let view = Arc::new(View { loaded_at, keys });
        *self.view.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&view));
        Ok(view)
    }

    fn generate(&self, algorithm: Algorithm) -> Result<NewKey, Fault> {
        self.seal(&SigningKey::generate(algorithm).map_err(unusable)?)
    }

    fn seal(&self, key: &SigningKey) -> Result<NewKey, Fault> {
        let private = key.to_pkcs8_der().map_err(unusable)?;
        let kid = key.kid().to_owned();
        let sealed = self.key_ring.seal(&context(&self.issuer, &kid), &private)?;
        Ok(NewKey { kid, algorithm: key.algorithm(), sealed })
    }

    fn open(&self, key: &StoredKey) -> Result<SigningKey, Fault> {
        let private = self.key_ring.open(&context(&self.issuer, &key.kid), &key.sealed)?;
        Ok(SigningKey::from_pkcs8_der(key.algorithm, &private).map_err(unusable)?.with_kid(&key.kid))
    }
}

impl std::fmt::Debug for SigningKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SigningKeys").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

impl View {
    /// The moment by which keys are judged.
    fn seen(&self, now: Timestamp) -> Timestamp {
        clock::seen(now, self.keys.iter().map(|key| key.times))
    }

    /// The active key that became active last.
    pub(crate) fn current(&self, algorithm: Algorithm, now: Timestamp) -> Option<&SigningKey> {
        let now = self.seen(now);
        self.keys
            .iter()
            .filter(|key| key.signing.algorithm() == algorithm && key.times.state(now) == KeyState::Active)
            .max_by_key(|key| key.times.active_from)
            .map(|key| &key.signing)
    }

    pub(crate) fn verifying(&self, kid: &str, now: Timestamp) -> Option<&VerifyingKey> {
        self.published(now).find(|key| key.signing.kid() == kid).map(|key| &key.verifying)
    }

    fn published(&self, now: Timestamp) -> impl Iterator<Item = &Key> {
        let now = self.seen(now);
        self.keys.iter().rev().filter(move |key| key.times.state(now) != KeyState::Removed)
    }
}

fn unusable(_: KeyError) -> Fault {
    Fault::Crypto("a signing key cannot be used")
}

/// A sealed key opens only for the issuer and the key id that it was made for.
fn context(issuer: &str, kid: &str) -> String {
    format!("signing_key {issuer} {kid}")
}
