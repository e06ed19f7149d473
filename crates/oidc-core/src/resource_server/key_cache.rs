//! The issuer's published keys ([RFC 8414 §2] `jwks_uri`), kept and renewed.
//!
//! - The key set is fresh as long as its answer's `max-age` says ([RFC 9111 §5.2.2.1]), within a floor and a ceiling.
//! - Of many that need a fetch, one fetches; the others wait for it, or use the set that is still usable.
//! - A key that the set does not have causes one further fetch, and no other within an interval, however many ask.
//! - While the issuer can not be reached, the last good set serves on, for a bounded time. A failure is never kept as an
//!   empty set; it paces the next try.
//!
//! [RFC 8414 §2]: https://www.rfc-editor.org/rfc/rfc8414#section-2
//! [RFC 9111 §5.2.2.1]: https://www.rfc-editor.org/rfc/rfc9111#section-5.2.2.1

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use countersign_jose::jwt::{TokenError, Unverified};
use countersign_jose::{JwkSet, VerifyingKey, json};
use countersign_storage::{Clock, Destination, Fetch, Fetched, Timestamp};
use http::HeaderMap;
use http::header::{AGE, CACHE_CONTROL};
use serde::Deserialize;
use url::Url;

use super::error::{BearerRefusal, KeysUnavailable, VerifyError};

/// How long fetched keys are used. Whole seconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct KeyCachePolicy {
    /// The shortest freshness, whatever the answer says; 60 seconds.
    pub floor: Duration,
    /// The freshness where the answer says nothing; 5 minutes.
    pub unstated: Duration,
    /// The longest freshness, whatever the answer says; 1 hour.
    pub ceiling: Duration,
    /// How long after its freshness a set is used while no newer one can be fetched; 1 hour.
    ///
    /// # Security
    /// A key that the issuer withdrew stays good for this long where its server can be kept from answering.
    pub stale_if_error: Duration,
    /// The least time between two fetches for keys that the set does not have; 10 seconds.
    ///
    /// # Security
    /// Anybody can name a key that does not exist. This bounds what that costs the issuer.
    pub refetch_interval: Duration,
    /// The pause after the first failed fetch, doubled after each further one, up to a minute; 1 second.
    pub retry_pause: Duration,
}

impl Default for KeyCachePolicy {
    fn default() -> Self {
        KeyCachePolicy {
            floor: Duration::from_secs(60),
            unstated: Duration::from_secs(300),
            ceiling: Duration::from_secs(3600),
            stale_if_error: Duration::from_secs(3600),
            refetch_interval: Duration::from_secs(10),
            retry_pause: Duration::from_secs(1),
        }
    }
}

pub(super) struct KeyCache {
    pub(super) issuer: String,
    /// Where the metadata may be, in the order in which they are tried.
    pub(super) metadata: [Url; 2],
    pub(super) fetch: Arc<dyn Fetch>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) policy: KeyCachePolicy,
    held: ArcSwapOption<Held>,
    /// Whoever holds it fetches.
    flight: async_lock::Mutex<Flight>,
}

/// A key set that was fetched.
struct Held {
    keys: JwkSet,
    fresh_until: Timestamp,
    usable_until: Timestamp,
}

/// What paces fetching.
struct Flight {
    jwks_uri: Option<(Url, Timestamp)>,
    failures: u32,
    failure: Option<KeysUnavailable>,
    retry_at: Timestamp,
    refetch_at: Timestamp,
}

impl KeyCache {
    pub(super) fn new(
        issuer: String,
        metadata: [Url; 2],
        fetch: Arc<dyn Fetch>,
        clock: Arc<dyn Clock>,
        policy: KeyCachePolicy,
    ) -> Self {
        let flight = Flight {
            jwks_uri: None,
            failures: 0,
            failure: None,
            retry_at: Timestamp(i64::MIN),
            refetch_at: Timestamp(i64::MIN),
        };
        KeyCache {
            issuer,
            metadata,
            fetch,
            clock,
            policy,
            held: ArcSwapOption::empty(),
            flight: async_lock::Mutex::new(flight),
        }
    }

    /// The key that the header of `token` names; without `kid`, the only one for its algorithm.
    pub(super) async fn key(&self, token: &Unverified<'_>) -> Result<VerifyingKey, VerifyError> {
        let now = self.clock.now();
        let held = self.held.load_full();
        if let Some(key) =
            held.as_deref().filter(|held| now < held.fresh_until).and_then(|held| find(&held.keys, token))
        {
            return Ok(key);
        }
        self.check_issuer(token)?;
        let usable = held.as_deref().filter(|held| now < held.usable_until).and_then(|held| find(&held.keys, token));
        let mut flight = match (&usable, self.flight.try_lock()) {
            (_, Some(flight)) => flight,
            // Somebody is renewing the set, and this one will do meanwhile.
            (Some(key), None) => return Ok(key.clone()),
            (None, None) => self.flight.lock().await,
        };
        let renewed = self.held.load_full();
        if !same(&held, &renewed) {
            // Fetched while this call waited: newer than its question, so a key that is not in it does not exist.
            return renewed.as_deref().and_then(|renewed| find(&renewed.keys, token)).ok_or_else(|| unknown(token));
        }
        let asks_for_new = renewed.as_deref().is_some_and(|held| now < held.fresh_until);
        match self.renew(&mut flight, asks_for_new, now).await {
            Ok(Renewal::Fetched) => {
                let renewed = self.held.load();
                renewed.as_deref().and_then(|renewed| find(&renewed.keys, token)).ok_or_else(|| unknown(token))
            }
            Ok(Renewal::TooSoon) => Err(unknown(token)),
            Err(unavailable) => usable.ok_or(VerifyError::Failed(unavailable)),
        }
    }

    /// Before a fetch is spent on a token: is it one of our issuer's at all?
    fn check_issuer(&self, token: &Unverified<'_>) -> Result<(), BearerRefusal> {
        match token.claimed_iss() {
            Some(found) if found == self.issuer => Ok(()),
            Some(found) => {
                let found = found.chars().take(SHOWN).collect();
                Err(BearerRefusal::Token(TokenError::Issuer { expected: self.issuer.clone(), found }))
            }
            None => Err(BearerRefusal::Token(TokenError::ClaimMissing { claim: "iss" })),
        }
    }

    async fn renew(&self, flight: &mut Flight, asks_for_new: bool, now: Timestamp) -> Result<Renewal, KeysUnavailable> {
        if now < flight.retry_at
            && let Some(failure) = &flight.failure
        {
            return Err(failure.clone());
        }
        if asks_for_new {
            if now < flight.refetch_at {
                return Ok(Renewal::TooSoon);
            }
            flight.refetch_at = now + self.policy.refetch_interval;
        }
        match self.fetch_keys(flight, now).await {
            Ok(held) => {
                flight.failures = 0;
                flight.failure = None;
                self.held.store(Some(Arc::new(held)));
                Ok(Renewal::Fetched)
            }
            Err(unavailable) => {
                let pause = self.policy.retry_pause.saturating_mul(1 << flight.failures.min(6)).min(LONGEST_PAUSE);
                flight.failures = flight.failures.saturating_add(1);
                flight.retry_at = now + pause;
                flight.failure = Some(unavailable.clone());
                // The key set may have moved.
                flight.jwks_uri = None;
                Err(unavailable)
            }
        }
    }

    async fn fetch_keys(&self, flight: &mut Flight, now: Timestamp) -> Result<Held, KeysUnavailable> {
        let uri = match &flight.jwks_uri {
            Some((uri, fresh_until)) if now < *fresh_until => uri.clone(),
            _ => {
                let (uri, fresh_until) = self.fetch_jwks_uri(now).await?;
                flight.jwks_uri = Some((uri.clone(), fresh_until));
                uri
            }
        };
        let fetched = self.fetch(&uri).await?;
        let text = std::str::from_utf8(&fetched.body)
            .map_err(|_| json::JsonError::Utf8.into())
            .and_then(JwkSet::parse)
            .map_err(|reason| KeysUnavailable::KeySet { url: uri.to_string(), reason });
        let fresh_until = now + self.freshness(&fetched.headers);
        Ok(Held { keys: text?, fresh_until, usable_until: fresh_until + self.policy.stale_if_error })
    }

    /// Reads `jwks_uri` out of the metadata, at the place of [OIDC Discovery §4] or at that of [RFC 8414 §3].
    ///
    /// [OIDC Discovery §4]: https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfig
    /// [RFC 8414 §3]: https://www.rfc-editor.org/rfc/rfc8414#section-3
    async fn fetch_jwks_uri(&self, now: Timestamp) -> Result<(Url, Timestamp), KeysUnavailable> {
        let [appended, inserted] = &self.metadata;
        let (url, fetched) = match self.fetch(appended).await {
            Err(KeysUnavailable::Status { found, .. }) if found.is_client_error() => {
                (inserted, self.fetch(inserted).await?)
            }
            answer => (appended, answer?),
        };
        let unusable = |reason: String| KeysUnavailable::Metadata { url: url.to_string(), reason };
        let metadata: Metadata = json::from_slice(&fetched.body).map_err(|error| unusable(error.to_string()))?;
        if metadata.issuer != self.issuer {
            let (url, expected, found) = (url.to_string(), self.issuer.clone(), metadata.issuer);
            return Err(KeysUnavailable::IssuerMismatch { url, expected, found });
        }
        let jwks_uri = Url::parse(&metadata.jwks_uri).map_err(|error| unusable(format!("jwks_uri: {error}")))?;
        if jwks_uri.scheme() != "https" && jwks_uri.scheme() != url.scheme() {
            return Err(unusable("jwks_uri is not https".to_owned()));
        }
        Ok((jwks_uri, now + self.freshness(&fetched.headers)))
    }

    async fn fetch(&self, url: &Url) -> Result<Fetched, KeysUnavailable> {
        let fetched = self
            .fetch
            .get(url, Destination::Operator)
            .await
            .map_err(|reason| KeysUnavailable::Unreachable { url: url.to_string(), reason })?;
        if fetched.status == http::StatusCode::OK {
            Ok(fetched)
        } else {
            Err(KeysUnavailable::Status { url: url.to_string(), found: fetched.status })
        }
    }

    fn freshness(&self, headers: &HeaderMap) -> Duration {
        let stated = stated_freshness(headers).unwrap_or(self.policy.unstated);
        stated.min(self.policy.ceiling).max(self.policy.floor)
    }
}

enum Renewal {
    Fetched,
    TooSoon,
}

/// The members of the metadata that matter here; both documents have them.
#[derive(Deserialize)]
struct Metadata {
    issuer: String,
    jwks_uri: String,
}

fn find(keys: &JwkSet, token: &Unverified<'_>) -> Option<VerifyingKey> {
    match token.header().kid() {
        Some(kid) => keys.find_kid(kid),
        None => keys.sole(token.header().algorithm()),
    }
    .cloned()
}

fn unknown(token: &Unverified<'_>) -> VerifyError {
    let kid = token.header().kid().map(|kid| kid.chars().take(SHOWN).collect());
    VerifyError::Refused(BearerRefusal::Token(TokenError::UnknownKey { kid, algorithm: token.header().algorithm() }))
}

fn same(a: &Option<Arc<Held>>, b: &Option<Arc<Held>>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => Arc::ptr_eq(a, b),
        (None, None) => true,
        _ => false,
    }
}

/// `max-age` less `Age`; nothing where the answer may not be kept at all, so that the floor decides. `Expires` is not read.
fn stated_freshness(headers: &HeaderMap) -> Option<Duration> {
    let directives = headers.get_all(CACHE_CONTROL).iter().filter_map(|value| value.to_str().ok());
    let mut max_age = None;
    for directive in directives.flat_map(|value| value.split(',')) {
        let (name, argument) = directive.trim().split_once('=').unwrap_or((directive.trim(), ""));
        if name.eq_ignore_ascii_case("no-store") || name.eq_ignore_ascii_case("no-cache") {
            return Some(Duration::ZERO);
        }
        if name.eq_ignore_ascii_case("max-age") {
            max_age = argument.trim_matches('"').parse().ok().map(Duration::from_secs);
        }
    }
    let age = headers.get(AGE).and_then(|age| age.to_str().ok()).and_then(|age| age.parse().ok()).unwrap_or(0);
    Some(max_age?.saturating_sub(Duration::from_secs(age)))
}

/// However often fetching failed, it is tried again after this long.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// How many characters of what a token claims go into an error.
const SHOWN: usize = 128;
