//! A key set and the time that it is for, and a source of keys that the caller holds.

use std::fmt;
use std::sync::Arc;

use arc_swap::{ArcSwapOption, Guard};

use super::error::VerifyError;
use super::freshness::not_before;
use crate::jws::{Header, shown};
use crate::jwt::TokenError;
use crate::{JwkSet, VerifyingKey};

/// A key set as of a time. Two with the same epoch, from the same source, hold the same keys.
pub(super) struct Held {
    keys: JwkSet,
    epoch: u64,
    since: i64,
    fresh_until: i64,
    usable_until: i64,
}

impl Held {
    pub(super) fn new(keys: JwkSet, epoch: u64, since: i64, fresh_until: i64, usable_until: i64) -> Self {
        Held { keys, epoch, since, fresh_until, usable_until }
    }

    pub(super) fn keys(&self) -> &JwkSet {
        &self.keys
    }

    pub(super) fn epoch(&self) -> u64 {
        self.epoch
    }

    /// A clock that was set back does not lengthen it.
    pub(super) fn is_fresh(&self, now: i64) -> bool {
        now < self.fresh_until && not_before(self.since, now)
    }

    /// Good enough while no newer set can be had.
    pub(super) fn is_usable(&self, now: i64) -> bool {
        now < self.usable_until
    }

    /// The key that a header names; without `kid`, the only one for its algorithm.
    pub(super) fn find(&self, header: &Header) -> Option<&VerifyingKey> {
        match header.kid() {
            Some(kid) => self.keys.find_kid(kid),
            None => self.keys.sole(header.algorithm()),
        }
    }
}

impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Held").field("keys", &self.keys).field("fresh_until", &self.fresh_until).finish_non_exhaustive()
    }
}

/// Keys that the caller holds and may replace; nothing is fetched.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::sync::Arc;
/// use countersign_jose::remote::{HeldKeys, Verifier};
/// use countersign_jose::{Algorithm, JwkSet, SigningKey};
///
/// let key = SigningKey::generate(Algorithm::EdDSA)?;
/// let keys = Arc::new(HeldKeys::new(JwkSet::from_keys([key.verifying_key()])?));
/// let verifier = Verifier::with_keys("https://as.example", "https://api.example", Arc::clone(&keys))?;
/// // Later: from here on, nothing that the old key signed is accepted.
/// keys.replace(JwkSet::from_keys([SigningKey::generate(Algorithm::EdDSA)?.verifying_key()])?);
/// # let _ = verifier;
/// # Ok(())
/// # }
/// ```
pub struct HeldKeys {
    held: ArcSwapOption<Held>,
}

impl HeldKeys {
    /// Holds these keys until others replace them.
    pub fn new(keys: JwkSet) -> Self {
        HeldKeys { held: ArcSwapOption::from_pointee(Self::held(keys, 0)) }
    }

    /// Replaces the keys. From now on a token that only the old keys verify is refused.
    pub fn replace(&self, keys: JwkSet) {
        self.held.rcu(|before| {
            let epoch = before.as_ref().map_or(0, |before| before.epoch.wrapping_add(1));
            Some(Arc::new(Self::held(keys.clone(), epoch)))
        });
    }

    pub(super) fn now(&self) -> Guard<Option<Arc<Held>>> {
        self.held.load()
    }

    fn held(keys: JwkSet, epoch: u64) -> Held {
        Held::new(keys, epoch, i64::MIN, i64::MAX, i64::MAX)
    }
}

impl fmt::Debug for HeldKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("HeldKeys").field(&self.held.load()).finish()
    }
}

pub(super) fn unknown(header: &Header) -> VerifyError {
    let (kid, algorithm) = (header.kid().map(shown), header.algorithm());
    VerifyError::Refused(TokenError::UnknownKey { kid, algorithm })
}
