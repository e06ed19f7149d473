//! Verifies the tokens of one issuer for one audience, and finds the keys itself.

use std::fmt;
use std::sync::{Arc, OnceLock};

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::error::{InvalidVerifier, VerifyError};
use super::fetch::Fetch;
use super::key_source::KeySource;
use super::keys::RemoteKeys;
use super::metadata;
use super::token_cache::{Digest, Kept, TokenCache, VerifiedTokens};
use crate::jwt::{Expect, ExpectedAudience, ExpectedIssuer, TimeRule, Typ, Unverified, Verified};
use crate::{jws, sha256};

/// Verifies the tokens of one issuer, for one audience. Make one and share it: it holds the keys and the tokens it has seen.
///
/// `C` is what the claims are read into; [`claims`](Self::claims) chooses it.
pub struct Verifier<C = Map<String, Value>> {
    rules: Rules,
    times: TimeRule,
    keys: KeySource,
    cache: TokenCache,
    /// Made for the first token that passes; not at all for kinds that are good once.
    seen: OnceLock<Option<VerifiedTokens<C>>>,
}

/// What a token must say, owned.
#[derive(Clone)]
struct Rules {
    typ: Typ,
    issuer: String,
    audiences: Vec<String>,
    leeway: i64,
    max_lifetime: Option<i64>,
}

impl Verifier {
    /// A verifier for access tokens ([RFC 9068]) of `issuer` that name `audience`, both compared byte for byte. The keys are
    /// those that the issuer's metadata names. Nothing is fetched yet.
    ///
    /// # Errors
    /// [`InvalidVerifier`].
    ///
    /// [RFC 9068]: https://www.rfc-editor.org/rfc/rfc9068
    pub fn new(
        issuer: impl Into<String>,
        audience: impl Into<String>,
        fetch: impl Fetch + 'static,
    ) -> Result<Self, InvalidVerifier> {
        let issuer = issuer.into();
        let keys = RemoteKeys::of_issuer(issuer.as_str(), fetch)?;
        Self::with_keys(issuer, audience, keys)
    }

    /// The same, with keys from elsewhere: a [`JwkSet`](crate::JwkSet), [`HeldKeys`](super::HeldKeys) that may be replaced,
    /// or [`RemoteKeys`], which several verifiers may share.
    ///
    /// # Errors
    /// [`InvalidVerifier`].
    pub fn with_keys(
        issuer: impl Into<String>,
        audience: impl Into<String>,
        keys: impl Into<KeySource>,
    ) -> Result<Self, InvalidVerifier> {
        let (issuer, audience) = (issuer.into(), audience.into());
        if audience.is_empty() {
            return Err(InvalidVerifier::Audience);
        }
        if metadata::locations(&issuer).is_none() {
            return Err(InvalidVerifier::Issuer);
        }
        let rules = Rules { typ: Typ::AccessToken, issuer, audiences: vec![audience], leeway: 30, max_lifetime: None };
        Ok(Verifier::from_parts(rules, keys.into(), TokenCache::default()))
    }
}

/// How it verifies. Each of these empties the cache of verified tokens.
impl<C> Verifier<C> {
    /// Reads the claims into a `T`. A token whose claims do not fit is refused. The default is a map of all claims.
    #[must_use]
    pub fn claims<T>(self) -> Verifier<T> {
        Verifier::from_parts(self.rules, self.keys, self.cache)
    }

    /// Expects another kind of token than access tokens. Tokens of a kind that is good once are not kept.
    #[must_use]
    pub fn typ(self, typ: Typ) -> Self {
        self.with_rules(|rules| rules.typ = typ)
    }

    /// Accepts tokens that name this audience, too.
    #[must_use]
    pub fn or_audience(self, audience: impl Into<String>) -> Self {
        self.with_rules(|rules| rules.audiences.push(audience.into()))
    }

    /// How far clocks may differ, in seconds, 0 to 300; the default is 30. Values outside are brought inside.
    #[must_use]
    pub fn leeway(self, seconds: i64) -> Self {
        self.with_rules(|rules| rules.leeway = seconds)
    }

    /// The longest time from `iat` to `exp`, in seconds; see [`Expect::max_lifetime`].
    #[must_use]
    pub fn max_lifetime(self, seconds: i64) -> Self {
        self.with_rules(|rules| rules.max_lifetime = Some(seconds))
    }

    /// Takes the keys from this source, in place of the one before.
    #[must_use]
    pub fn keys(self, keys: impl Into<KeySource>) -> Self {
        Verifier { keys: keys.into(), seen: OnceLock::new(), ..self }
    }

    /// How many verified tokens are kept; see [`TokenCache`].
    #[must_use]
    pub fn token_cache(self, cache: TokenCache) -> Self {
        Verifier { cache, seen: OnceLock::new(), ..self }
    }

    /// The issuer whose tokens are accepted.
    pub fn issuer(&self) -> &str {
        &self.rules.issuer
    }

    fn from_parts(rules: Rules, keys: KeySource, cache: TokenCache) -> Self {
        let times = rules.expect(&[]).times();
        Verifier { rules, times, keys, cache, seen: OnceLock::new() }
    }

    fn with_rules(mut self, change: impl FnOnce(&mut Rules)) -> Self {
        change(&mut self.rules);
        let times = self.rules.expect(&[]).times();
        Verifier { times, seen: OnceLock::new(), ..self }
    }
}

impl<C: DeserializeOwned> Verifier<C> {
    /// Verifies a token, at `now` in seconds since the epoch.
    ///
    /// A token that was verified before is answered without cryptography and without an allocation; [`TokenCache`] says what
    /// is still checked.
    ///
    /// # Errors
    /// [`VerifyError::Refused`] says what is wrong with it; [`VerifyError::Failed`] that the issuer's keys cannot be had.
    pub async fn verify(&self, token: &str, now: i64) -> Result<Arc<Verified<C>>, VerifyError> {
        let Some(digest) = self.digest(token) else {
            return self.verify_whole(token, None, now).await;
        };
        match self.seen_in_time(&digest, now) {
            Some(kept) if self.keys.is_current(kept.epoch, now) => Ok(kept.verified),
            Some(kept) => self.verify_again(kept, token, digest, now).await,
            None => self.verify_whole(token, Some(digest), now).await,
        }
    }

    async fn verify_whole(
        &self,
        token: &str,
        digest: Option<Digest>,
        now: i64,
    ) -> Result<Arc<Verified<C>>, VerifyError> {
        let seen = digest.and_then(|digest| Some((digest, self.seen()?)));
        let begun = seen.map(|(_, seen)| seen.begin());
        let unverified = Unverified::parse(token)?;
        let (key, epoch) = match self.keys.key_at_hand(unverified.header(), now) {
            Some(key) => key,
            None => {
                self.rules.with_expect(|expect| unverified.check_unproven(expect, now))?;
                self.keys.key(unverified.header(), now).await?
            }
        };
        let verified = Arc::new(self.rules.with_expect(|expect| unverified.verify(&key, expect, now))?);
        if let (Some((digest, seen)), Some(begun)) = (seen, begun)
            && verified.exp().is_some_and(|exp| now < exp)
        {
            seen.keep(digest, Kept { verified: Arc::clone(&verified), epoch }, begun);
        }
        Ok(verified)
    }

    /// A token that was verified before and has not expired; whether its key is still good is another question.
    fn seen_in_time(&self, digest: &Digest, now: i64) -> Option<Kept<C>> {
        let seen = self.seen.get()?.as_ref()?;
        let kept = seen.find(digest)?;
        if kept.verified.exp().is_none_or(|exp| now >= exp) {
            seen.drop_one(digest);
            return None;
        }
        self.times.check(kept.verified.times(), now).ok().map(|()| kept)
    }

    /// The key set is stale, or another than when the token was verified: what key does its header name now?
    async fn verify_again(
        &self,
        kept: Kept<C>,
        token: &str,
        digest: Digest,
        now: i64,
    ) -> Result<Arc<Verified<C>>, VerifyError> {
        let found = self.keys.key(kept.verified.header(), now).await;
        let Some(seen) = self.seen() else { return self.verify_whole(token, None, now).await };
        match found {
            Ok((key, epoch)) if key == *kept.verified.key() => {
                seen.see_again(digest, Kept { verified: Arc::clone(&kept.verified), epoch });
                Ok(kept.verified)
            }
            Ok(_) => {
                seen.drop_one(&digest);
                self.verify_whole(token, Some(digest), now).await
            }
            // Without keys nothing is known about the token, and it may be good again.
            Err(unavailable @ VerifyError::Failed(_)) => Err(unavailable),
            Err(refused) => {
                seen.drop_one(&digest);
                Err(refused)
            }
        }
    }
}

/// What it has seen.
impl<C> Verifier<C> {
    /// Drops a token from the cache: the next time it is verified as if it were the first.
    ///
    /// A verification that is under way is not kept either. That alone refuses nothing: whoever knows that a token was revoked
    /// looks at what [`verify`](Self::verify) answers, each time.
    pub fn forget(&self, token: &str) {
        if let (Some(digest), Some(seen)) = (self.digest(token), self.seen()) {
            seen.forget(&digest);
        }
    }

    /// Drops the tokens of which this is true from the cache, in one walk over all.
    pub fn forget_where(&self, is_gone: impl Fn(&Arc<Verified<C>>) -> bool) {
        if let Some(seen) = self.seen() {
            seen.forget_where(is_gone);
        }
    }

    /// Drops all tokens from the cache.
    pub fn forget_all(&self) {
        if let Some(seen) = self.seen() {
            seen.clear();
        }
    }

    /// How many tokens are in the cache, expired ones included.
    pub fn tokens_kept(&self) -> usize {
        self.seen.get().and_then(Option::as_ref).map_or(0, VerifiedTokens::len)
    }

    /// The hash by which a token is looked up. `None` where nothing is kept, or the token is too long to be a good one.
    fn digest(&self, token: &str) -> Option<Digest> {
        let keeps = self.cache != TokenCache::Off && !self.rules.typ.is_one_time();
        (keeps && token.len() <= jws::MAX_BYTES).then(|| sha256(token.as_bytes()))
    }

    fn seen(&self) -> Option<&VerifiedTokens<C>> {
        let size = if self.rules.typ.is_one_time() { TokenCache::Off } else { self.cache };
        self.seen.get_or_init(|| VerifiedTokens::new(size)).as_ref()
    }
}

impl Rules {
    fn expect<'a>(&'a self, audiences: &'a [&'a str]) -> Expect<'a> {
        let (issuer, audience) = (ExpectedIssuer::Exactly(&self.issuer), ExpectedAudience::AnyOf(audiences));
        let expect = Expect::new(self.typ, issuer, audience).leeway(self.leeway);
        match self.max_lifetime {
            Some(seconds) => expect.max_lifetime(seconds),
            None => expect,
        }
    }

    fn with_expect<T>(&self, judge: impl FnOnce(&Expect<'_>) -> T) -> T {
        match self.audiences.as_slice() {
            [only] => judge(&self.expect(&[only])),
            several => judge(&self.expect(&several.iter().map(String::as_str).collect::<Vec<_>>())),
        }
    }
}

impl<C> fmt::Debug for Verifier<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier")
            .field("typ", &self.rules.typ)
            .field("issuer", &self.rules.issuer)
            .field("audiences", &self.rules.audiences)
            .finish_non_exhaustive()
    }
}
