//! Where a verifier has its keys from: keys that are fetched, or keys that the caller holds.

use std::sync::Arc;

use arc_swap::Guard;

use super::error::VerifyError;
use super::held::{Held, HeldKeys, unknown};
use super::keys::RemoteKeys;
use crate::jws::Header;
use crate::{JwkSet, VerifyingKey};

/// Where a verifier has its keys from: made of [`RemoteKeys`], of [`HeldKeys`], or of a [`JwkSet`] that never changes.
#[derive(Clone, Debug)]
pub struct KeySource(Kind);

#[derive(Clone, Debug)]
enum Kind {
    Held(Arc<HeldKeys>),
    Remote(Arc<RemoteKeys>),
}

impl KeySource {
    /// What is at hand, fresh or not.
    fn held(&self) -> Guard<Option<Arc<Held>>> {
        match &self.0 {
            Kind::Held(keys) => keys.now(),
            Kind::Remote(keys) => keys.held(),
        }
    }

    /// The key that a header names, if that can be said without a fetch.
    pub(super) fn key_at_hand(&self, header: &Header, now: i64) -> Option<(VerifyingKey, u64)> {
        let held = self.held();
        let held = held.as_deref().filter(|held| held.is_fresh(now))?;
        Some((held.find(header)?.clone(), held.epoch()))
    }

    /// Whether the set that a token's key was in is still the fresh one. Only the epoch is compared.
    pub(super) fn is_current(&self, epoch: u64, now: i64) -> bool {
        self.held().as_deref().is_some_and(|held| held.epoch() == epoch && held.is_fresh(now))
    }

    pub(super) async fn key(&self, header: &Header, now: i64) -> Result<(VerifyingKey, u64), VerifyError> {
        match &self.0 {
            Kind::Held(_) => self.key_at_hand(header, now).ok_or_else(|| unknown(header)),
            Kind::Remote(keys) => keys.key(header, now).await,
        }
    }
}

impl From<JwkSet> for KeySource {
    fn from(keys: JwkSet) -> Self {
        HeldKeys::new(keys).into()
    }
}

impl From<HeldKeys> for KeySource {
    fn from(keys: HeldKeys) -> Self {
        Arc::new(keys).into()
    }
}

impl From<Arc<HeldKeys>> for KeySource {
    fn from(keys: Arc<HeldKeys>) -> Self {
        KeySource(Kind::Held(keys))
    }
}

impl From<RemoteKeys> for KeySource {
    fn from(keys: RemoteKeys) -> Self {
        Arc::new(keys).into()
    }
}

impl From<Arc<RemoteKeys>> for KeySource {
    fn from(keys: Arc<RemoteKeys>) -> Self {
        KeySource(Kind::Remote(keys))
    }
}
