//! Tokens that were verified, so that the second time costs a hash and a look-up.
//!
//! What is kept, and what a hit still checks, is said at [`TokenCache`].

use std::collections::hash_map::RandomState;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use quick_cache::sync::{Cache, DefaultLifecycle};

use crate::jwt::Verified;

/// How many verified tokens a verifier keeps.
///
/// The key is the SHA-256 of the whole token, and each verifier has a cache of its own, so that nothing which decides
/// (kind, issuer, audience, leeway, claims type, …) differs between two uses of an entry. **An entry only ever says yes, and
/// only what the whole verification would say now**: a hit still checks `exp`, `nbf` and `iat` against `now` and asks
/// whether its key is still the one that the issuer's fresh set has for the header. Whatever is not a plain yes is left to
/// the whole verification, which also gives every refusal.
///
/// - Only tokens that passed are kept, so a flood of bad ones leaves nothing behind.
/// - From `exp` on an entry is not used; the leeway is for the whole verification. What has no `exp` is not kept.
/// - One-time kinds ([`Typ::is_one_time`](crate::jwt::Typ::is_one_time)) are not kept.
/// - Entries and bytes are bounded. Who is used again outlives who was used once (the policy of `quick_cache`, CLOCK with a
///   memory of what was evicted), so a flood of distinct good tokens pushes out its own first. Expired entries stay until
///   they are looked up, pushed out or cleared: they cost their share of the bound and nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TokenCache {
    /// So many at most, in tokens and in bytes, whichever is reached first. The default is 8,192 tokens and 32 MiB.
    ///
    /// An access token with 600 bytes of claims was measured to take up to 4.6 kB where they are read into a map, 2.1 kB
    /// where they are read into a struct of them all, and 1.3 kB into a struct of two. Bytes are not counted but estimated, from
    /// the text of the claims and above what a map takes, so that a verifier into a small struct keeps to less than it may.
    AtMost {
        /// The most tokens that are kept.
        tokens: usize,
        /// The most bytes that they take together.
        bytes: usize,
    },
    /// None: each time is the first.
    Off,
}

impl Default for TokenCache {
    fn default() -> Self {
        TokenCache::AtMost { tokens: 8_192, bytes: 32 * 1024 * 1024 }
    }
}

/// The hash of a whole token.
pub(super) type Digest = [u8; 32];

pub(super) struct VerifiedTokens<C> {
    cache: Cache<Digest, Kept<C>, Weights, RandomState>,
    /// Counts what was forgotten, so that a verification which began before is not kept after.
    forgotten: AtomicU64,
}

/// A token that passed, and the key set (its epoch) that its key was last seen in.
pub(super) struct Kept<C> {
    pub(super) verified: Arc<Verified<C>>,
    pub(super) epoch: u64,
}

impl<C> Clone for Kept<C> {
    fn clone(&self) -> Self {
        Kept { verified: Arc::clone(&self.verified), epoch: self.epoch }
    }
}

/// How often something was forgotten when a verification began.
#[derive(Clone, Copy)]
pub(super) struct Begun(u64);

impl<C> VerifiedTokens<C> {
    pub(super) fn new(size: TokenCache) -> Option<Self> {
        let TokenCache::AtMost { tokens, bytes } = size else { return None };
        if tokens == 0 || bytes == 0 {
            return None;
        }
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        let least = bytes.div_ceil(u64::try_from(tokens).unwrap_or(u64::MAX));
        let cache = Cache::with(tokens, bytes, Weights { least }, RandomState::new(), DefaultLifecycle::default());
        Some(VerifiedTokens { cache, forgotten: AtomicU64::new(0) })
    }

    pub(super) fn find(&self, token: &Digest) -> Option<Kept<C>> {
        self.cache.get(token)
    }

    pub(super) fn begin(&self) -> Begun {
        Begun(self.forgotten.load(Ordering::SeqCst))
    }

    pub(super) fn keep(&self, token: Digest, kept: Kept<C>, begun: Begun) {
        self.cache.insert(token, kept);
        if self.forgotten.load(Ordering::SeqCst) != begun.0 {
            self.cache.remove(&token);
        }
    }

    /// The key of a token was found in a later set. If the token is gone meanwhile, it stays gone.
    pub(super) fn see_again(&self, token: Digest, kept: Kept<C>) {
        // Soft: it was looked up already, which is what counts as use.
        let _ = self.cache.replace(token, kept, true);
    }

    pub(super) fn drop_one(&self, token: &Digest) {
        self.cache.remove(token);
    }

    pub(super) fn forget(&self, token: &Digest) {
        self.forgotten.fetch_add(1, Ordering::SeqCst);
        self.cache.remove(token);
    }

    pub(super) fn forget_where(&self, is_gone: impl Fn(&Arc<Verified<C>>) -> bool) {
        self.forgotten.fetch_add(1, Ordering::SeqCst);
        self.cache.retain(|_, kept| !is_gone(&kept.verified));
    }

    pub(super) fn clear(&self) {
        self.forgotten.fetch_add(1, Ordering::SeqCst);
        self.cache.clear();
    }

    pub(super) fn len(&self) -> usize {
        self.cache.len()
    }
}

/// What an entry counts for.
#[derive(Clone)]
struct Weights {
    /// The bound in bytes over the bound in tokens: as many tokens of this weight as there may be fill the bytes.
    least: u64,
}

impl<C> quick_cache::Weighter<Digest, Kept<C>> for Weights {
    fn weight(&self, _: &Digest, kept: &Kept<C>) -> u64 {
        let fixed = SLOT + size_of::<Verified<C>>();
        let estimate = claims(kept.verified.payload()).saturating_add(fixed);
        u64::try_from(estimate).unwrap_or(u64::MAX).max(self.least)
    }
}

/// The place in the table, the counters of the shared value, the `kid`, and what the allocator adds.
const SLOT: usize = 256;

/// What claims take as text and, at most, as a map: strings once more, and for the rest more by their number than by their
/// length. `{"a":{}}` takes room for eleven members.
fn claims(payload: &str) -> usize {
    let count = |byte| payload.bytes().filter(|&found| found == byte).count();
    let parts = [(2, payload.len()), (ELEMENT, count(b',')), (ARRAY, count(b'[')), (OBJECT, count(b'{'))];
    parts.into_iter().fold(0, |sum, (each, number)| number.saturating_mul(each).saturating_add(sum))
}

/// A member or an element, in a node or an array that has room for as many again.
const ELEMENT: usize = 112;

/// An array begins with room for four elements.
const ARRAY: usize = 224;

/// An object, with its first node.
const OBJECT: usize = 600;
