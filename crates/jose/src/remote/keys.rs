//! An issuer's published keys, fetched, kept and renewed.
//!
//! - The key set is fresh for as long as its answer says ([RFC 9111 §4.2]), within a floor and a ceiling, and is then asked
//!   for again, with its entity tag if it had one.
//! - Of many that need a fetch, one fetches; the others wait for it, or use the set that is still usable. A fetch that was
//!   begun is finished by whoever comes next, should its caller go away, so going away neither blocks others nor buys
//!   another fetch.
//! - A key that the set does not have causes one further fetch, and no other within an interval, however many ask.
//! - While the issuer cannot be reached, the last good set serves on, for a bounded time. A failure is never kept as an
//!   empty set; it paces the next try.
//!
//! [RFC 9111 §4.2]: https://www.rfc-editor.org/rfc/rfc9111#section-4.2

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;

use arc_swap::ArcSwapOption;
use url::Url;

use super::error::{InvalidVerifier, KeysUnavailable, VerifyError};
use super::fetch::{Fetch, FetchError, Fetched};
use super::freshness::{KeyCachePolicy, Pause, seconds};
use super::held::{Held, unknown};
use super::metadata;
use crate::jws::Header;
use crate::{JwkSet, VerifyingKey, json};

/// The keys of one issuer, or of one location. Make one and share it.
pub struct RemoteKeys {
    origin: Arc<Origin>,
    policy: KeyCachePolicy,
    held: ArcSwapOption<Held>,
    /// Whoever holds it fetches.
    flight: async_lock::Mutex<Flight>,
}

/// Where the keys are, and how to get there.
struct Origin {
    source: Source,
    fetch: Box<dyn Fetch>,
}

enum Source {
    /// The places of the metadata, in the order in which they are tried.
    Issuer {
        issuer: String,
        metadata: [Url; 2],
    },
    KeySet(Url),
}

/// What is under way, and what paces the next.
#[derive(Default)]
struct Flight {
    under_way: Option<UnderWay>,
    known: Known,
    epoch: u64,
    failures: u32,
    failure: Option<(KeysUnavailable, Pause)>,
    refetch: Pause,
}

struct UnderWay {
    since: i64,
    /// Set while the port is at work: still set afterwards, it has panicked, and must not be asked to go on.
    is_broken: bool,
    answer: Pin<Box<dyn Future<Output = Result<Answer, KeysUnavailable>> + Send>>,
}

/// What is remembered from one fetch to the next.
#[derive(Clone, Default)]
struct Known {
    /// Where the key set is, and until when that is believed.
    jwks_uri: Option<(Url, i64)>,
    /// The entity tag of the key set that is held.
    etag: Option<String>,
}

struct Answer {
    /// None if the set is still the one that is held.
    keys: Option<JwkSet>,
    /// How long, from the start of the fetch, in seconds.
    fresh_for: i64,
    known: Known,
}

enum Renewal {
    Fetched { begun_by: Caller },
    TooSoon,
}

#[derive(PartialEq, Eq)]
enum Caller {
    This,
    /// One who did not stay.
    Earlier,
}

impl RemoteKeys {
    /// The keys that the issuer's metadata names, at the place of [OIDC Discovery §4] or at that of [RFC 8414 §3]. Nothing
    /// is fetched yet.
    ///
    /// # Errors
    /// [`InvalidVerifier::Issuer`].
    ///
    /// [OIDC Discovery §4]: https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfig
    /// [RFC 8414 §3]: https://www.rfc-editor.org/rfc/rfc8414#section-3
    pub fn of_issuer(issuer: impl Into<String>, fetch: impl Fetch + 'static) -> Result<Self, InvalidVerifier> {
        let issuer = issuer.into();
        let metadata = metadata::locations(&issuer).ok_or(InvalidVerifier::Issuer)?;
        Ok(Self::new(Source::Issuer { issuer, metadata }, fetch))
    }

    /// The keys at a location that the operator knows.
    ///
    /// # Errors
    /// [`InvalidVerifier::JwksUri`].
    pub fn at(jwks_uri: &str, fetch: impl Fetch + 'static) -> Result<Self, InvalidVerifier> {
        let uri = metadata::secure(jwks_uri).ok_or(InvalidVerifier::JwksUri)?;
        Ok(Self::new(Source::KeySet(uri), fetch))
    }

    /// How long keys are kept; see there for the defaults.
    #[must_use]
    pub fn policy(self, policy: KeyCachePolicy) -> Self {
        RemoteKeys { policy, ..self }
    }

    /// The whole key set, for a caller who looks at keys and not at tokens. It is fetched where the one at hand is not fresh.
    ///
    /// # Errors
    /// [`KeysUnavailable`] if there is no set that is usable.
    pub async fn set(&self, now: i64) -> Result<JwkSet, KeysUnavailable> {
        let held = |is_good: fn(&Held, i64) -> bool| {
            self.held.load().as_deref().filter(|held| is_good(held, now)).map(|held| held.keys().clone())
        };
        if let Some(keys) = held(Held::is_fresh) {
            return Ok(keys);
        }
        let mut flight = self.flight.lock().await;
        if let Some(keys) = held(Held::is_fresh) {
            return Ok(keys);
        }
        match self.renew(&mut flight, false, now).await {
            Ok(_) => Ok(held(|_, _| true).unwrap_or_default()),
            Err(unavailable) => held(Held::is_usable).ok_or(unavailable),
        }
    }

    fn new(source: Source, fetch: impl Fetch + 'static) -> Self {
        RemoteKeys {
            origin: Arc::new(Origin { source, fetch: Box::new(fetch) }),
            policy: KeyCachePolicy::default(),
            held: ArcSwapOption::empty(),
            flight: async_lock::Mutex::default(),
        }
    }

    pub(super) fn held(&self) -> arc_swap::Guard<Option<Arc<Held>>> {
        self.held.load()
    }

    /// The key that a header names, and the epoch of the set that it is from; fetched if need be.
    ///
    /// # Errors
    /// [`TokenError::UnknownKey`] if the newest set that may be asked for does not have it.
    pub(super) async fn key(&self, header: &Header, now: i64) -> Result<(VerifyingKey, u64), VerifyError> {
        let find = |held: &Held| held.find(header).map(|key| (key.clone(), held.epoch()));
        let held = self.held.load_full();
        let usable = held.as_deref().filter(|held| held.is_usable(now)).and_then(find);
        if let Some(key) = usable.clone().filter(|_| held.is_some_and(|held| held.is_fresh(now))) {
            return Ok(key);
        }
        let mut flight = match (&usable, self.flight.try_lock()) {
            (_, Some(flight)) => flight,
            // Somebody is renewing the set, and this one will do meanwhile.
            (Some(key), None) => return Ok(key.clone()),
            (None, None) => self.flight.lock().await,
        };
        loop {
            let held = self.held.load_full();
            let is_fresh = held.as_deref().is_some_and(|held| held.is_fresh(now));
            if let Some(key) = held.as_deref().filter(|_| is_fresh).and_then(find) {
                return Ok(key);
            }
            match self.renew(&mut flight, is_fresh, now).await {
                // It was asked before this caller knew of the key, and so perhaps before there was one.
                Ok(Renewal::Fetched { begun_by: Caller::Earlier }) => {}
                Ok(Renewal::Fetched { begun_by: Caller::This }) => {
                    return self.held.load().as_deref().and_then(find).ok_or_else(|| unknown(header));
                }
                Ok(Renewal::TooSoon) => return Err(unknown(header)),
                Err(unavailable) => {
                    // Of the set that is there now: a fetch that somebody else began may have brought a newer one.
                    let held = self.held.load();
                    let usable = held.as_deref().filter(|held| held.is_usable(now)).and_then(find);
                    return usable.ok_or(VerifyError::Failed(unavailable));
                }
            }
        }
    }

    async fn renew(&self, flight: &mut Flight, is_fresh: bool, now: i64) -> Result<Renewal, KeysUnavailable> {
        let abandoned = flight
            .under_way
            .take_if(|under_way| now.abs_diff(under_way.since) <= LONGEST_FLIGHT && !under_way.is_broken);
        let begun_by = if abandoned.is_some() { Caller::Earlier } else { Caller::This };
        if let Some((failure, pause)) = &flight.failure
            && begun_by == Caller::This
            && pause.covers(now)
        {
            return Err(failure.clone());
        }
        if is_fresh && begun_by == Caller::This {
            // A key is asked for that the set does not have.
            if flight.refetch.covers(now) {
                return Ok(Renewal::TooSoon);
            }
            flight.refetch = Pause::new(now, self.policy.refetch_interval);
        }
        let under_way = flight.under_way.insert(abandoned.unwrap_or_else(|| UnderWay {
            since: now,
            is_broken: false,
            answer: Box::pin(fetch_keys(Arc::clone(&self.origin), self.policy, flight.known.clone(), now)),
        }));
        // Dropped here, the caller leaves the fetch to the next.
        let answer = poll_fn(|context| {
            under_way.is_broken = true;
            let answer = under_way.answer.as_mut().poll(context);
            under_way.is_broken = false;
            answer
        })
        .await;
        let since = under_way.since;
        flight.under_way = None;
        match answer {
            Ok(answer) => {
                flight.failures = 0;
                flight.failure = None;
                flight.known = answer.known;
                let held = self.held.load();
                let keys = match (answer.keys, held.as_deref()) {
                    (Some(keys), Some(held)) if held.keys() == &keys => keys,
                    (Some(keys), _) => {
                        flight.epoch += 1;
                        keys
                    }
                    (None, held) => held.map(|held| held.keys().clone()).unwrap_or_default(),
                };
                let fresh_until = since.saturating_add(answer.fresh_for);
                let usable_until = fresh_until.saturating_add(seconds(self.policy.stale_if_error));
                self.held.store(Some(Arc::new(Held::new(keys, flight.epoch, since, fresh_until, usable_until))));
                Ok(Renewal::Fetched { begun_by })
            }
            Err(unavailable) => {
                flight.failures = flight.failures.saturating_add(1);
                flight.failure = Some((unavailable.clone(), self.policy.pause_after(flight.failures, now)));
                // The key set may have moved.
                flight.known = Known::default();
                Err(unavailable)
            }
        }
    }
}

impl fmt::Debug for RemoteKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let source: &dyn fmt::Debug = match &self.origin.source {
            Source::Issuer { issuer, .. } => issuer,
            Source::KeySet(url) => url,
        };
        f.debug_struct("RemoteKeys").field("source", source).field("held", &self.held.load()).finish_non_exhaustive()
    }
}

async fn fetch_keys(
    origin: Arc<Origin>,
    policy: KeyCachePolicy,
    known: Known,
    now: i64,
) -> Result<Answer, KeysUnavailable> {
    let (uri, believed_until) = match (&origin.source, known.jwks_uri) {
        (Source::KeySet(uri), _) => (uri.clone(), now),
        (Source::Issuer { .. }, Some((uri, until))) if now < until => (uri, until),
        (Source::Issuer { issuer, metadata }, _) => {
            let (url, document) = origin.fetch_metadata(metadata).await?;
            (metadata::jwks_uri(document.body(), url, issuer)?, now.saturating_add(policy.freshness(&document, now)))
        }
    };
    let answer = origin.get(&uri, known.etag.as_deref()).await?;
    let fresh_for = policy.freshness(&answer, now);
    let (keys, etag) = match answer.status() {
        304 if known.etag.is_some() => (None, known.etag),
        200 => (Some(key_set(&uri, answer.body())?), answer.etag.filter(|etag| is_entity_tag(etag))),
        found => return Err(KeysUnavailable::Status { url: uri.to_string(), found }),
    };
    Ok(Answer { keys, fresh_for, known: Known { jwks_uri: Some((uri, believed_until)), etag } })
}

impl Origin {
    async fn fetch_metadata<'a>(&self, locations: &'a [Url; 2]) -> Result<(&'a Url, Fetched), KeysUnavailable> {
        let [appended, inserted] = locations;
        let (url, answer) = match self.get(appended, None).await? {
            // An authorization server that is no OpenID provider has the other document.
            answer if (400..500).contains(&answer.status()) => (inserted, self.get(inserted, None).await?),
            answer => (appended, answer),
        };
        match answer.status() {
            200 => Ok((url, answer)),
            found => Err(KeysUnavailable::Status { url: url.to_string(), found }),
        }
    }

    async fn get(&self, url: &Url, if_none_match: Option<&str>) -> Result<Fetched, KeysUnavailable> {
        let answer = self.fetch.get(url, if_none_match).await;
        let bounded = answer
            .and_then(|answer| if answer.body().len() > LONGEST_BODY { Err(FetchError::TooLarge) } else { Ok(answer) });
        bounded.map_err(|reason| KeysUnavailable::Unreachable { url: url.to_string(), reason })
    }
}

fn key_set(url: &Url, body: &[u8]) -> Result<JwkSet, KeysUnavailable> {
    std::str::from_utf8(body)
        .map_err(|_| json::JsonError::Utf8.into())
        .and_then(JwkSet::parse)
        .map_err(|reason| KeysUnavailable::KeySet { url: url.to_string(), reason })
}

/// [RFC 9110 §8.8.3](https://www.rfc-editor.org/rfc/rfc9110#section-8.8.3), of a length that is worth being sent back.
fn is_entity_tag(text: &str) -> bool {
    let opaque = text.strip_prefix("W/").unwrap_or(text);
    let opaque = opaque.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    text.len() <= 256 && opaque.is_some_and(|opaque| opaque.bytes().all(|b| b.is_ascii_graphic() && b != b'"'))
}

/// The longest document that is read, whatever the port lets through, in bytes.
const LONGEST_BODY: usize = 1024 * 1024;

/// For how many seconds a fetch that its caller left is worth being finished: ports give up after some more.
const LONGEST_FLIGHT: u64 = 2;
