//! How the keys of an issuer are kept: rotation without an outage, outage without refusals, floods without fetches.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::Duration;

use async_trait::async_trait;
use countersign_jose::remote::{
    Fetch, FetchError, Fetched, HeldKeys, KeyCachePolicy, RemoteKeys, Verifier, VerifyError,
};
use countersign_jose::{JwkSet, SigningKey};
use serde_json::json;
use url::Url;

use crate::published::*;

/// Many at once, on several threads.
async fn at_once(fixture: &Arc<Fixture>, many: usize, now: i64) -> Vec<Result<(), VerifyError>> {
    let calls: Vec<_> = (0..many)
        .map(|_| {
            let fixture = Arc::clone(fixture);
            tokio::spawn(async move { fixture.fresh(&ES256, now).await })
        })
        .collect();
    let mut answers = Vec::new();
    for call in calls {
        answers.push(call.await.unwrap());
    }
    answers
}

/// Begins a verification and goes away while the fetch is under way.
async fn abandon(fixture: &Fixture, key: &SigningKey, now: i64) {
    let mut abandoned = pin!(fixture.fresh(key, now));
    poll_fn(|context| {
        assert!(abandoned.as_mut().poll(context).is_pending());
        Poll::Ready(())
    })
    .await;
}

/// Of 500 at once on a cold cache, one fetches and all succeed.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_cold_start_fetches_once_for_all() {
    let fixture = Arc::new(fixture());
    assert!(at_once(&fixture, 500, NOW).await.iter().all(Result::is_ok));
    assert_eq!((fixture.published.times_asked(METADATA), fixture.published.times_asked(JWKS)), (1, 1));
}

/// Of 500 at once while the issuer is down, one tries; then a pause, which doubles, up to a minute.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_cold_start_without_the_issuer_fails_and_paces_its_tries() {
    let fixture = Arc::new(fixture());
    fixture.published.is_down();
    for (after, tries) in [(0, 1), (0, 1), (1, 2), (2, 2), (3, 3), (6, 3), (7, 4)] {
        for answer in at_once(&fixture, 500, NOW + after).await {
            assert_eq!(answer.unwrap_err().code(), "keys_unreachable");
        }
        assert_eq!(fixture.published.times_asked(METADATA), tries, "after {after} s");
    }
    let mut now = NOW + 7;
    for _ in 0..10 {
        now += 60;
        assert_eq!(fixture.fresh(&ES256, now).await.unwrap_err().code(), "keys_unreachable");
    }
    assert_eq!(fixture.published.times_asked(METADATA), 14, "each minute");
    // A failure is not an empty set: when the issuer is back, so are the keys.
    fixture.published.is_back();
    assert_eq!(fixture.fresh(&ES256, now + 60).await, Ok(()));
}

/// A key that appears between two fetches is found at once.
#[tokio::test]
async fn a_new_key_is_found_without_an_outage() {
    let (fixture, new) = (fixture(), es256());
    assert_eq!(fixture.fresh(&ES256, NOW).await, Ok(()));
    fixture.published.keys(&[&ES256, &EDDSA, &new]);
    assert_eq!(fixture.fresh(&new, NOW).await, Ok(()));
    assert_eq!(fixture.fresh(&ES256, NOW).await, Ok(()));
    assert_eq!((fixture.published.times_asked(METADATA), fixture.published.times_asked(JWKS)), (1, 2));
}

/// A key that is gone from the set is gone here when the set is no longer fresh.
#[tokio::test]
async fn a_withdrawn_key_is_refused_when_the_set_is_renewed() {
    let fixture = fixture();
    assert_eq!(fixture.fresh(&ES256, NOW).await, Ok(()));
    fixture.published.keys(&[&EDDSA]);
    assert_eq!(fixture.fresh(&ES256, NOW + 299).await, Ok(()));
    assert_eq!(fixture.fresh(&ES256, NOW + 300).await.unwrap_err().code(), "unknown_key");
    assert_eq!(fixture.fresh(&EDDSA, NOW + 300).await, Ok(()));
}

/// 1,200 keys that do not exist cost the issuer one fetch in each interval.
#[tokio::test]
async fn a_flood_of_unknown_keys_fetches_once_in_an_interval() {
    let (fixture, unknown) = (fixture(), es256());
    assert_eq!(fixture.fresh(&ES256, NOW).await, Ok(()));
    for second in 0..30 {
        for n in 0..40 {
            let key = unknown.clone().with_kid(format!("{second}.{n}"));
            assert_eq!(fixture.fresh(&key, NOW + second).await.unwrap_err().code(), "unknown_key");
        }
    }
    assert_eq!((fixture.published.times_asked(METADATA), fixture.published.times_asked(JWKS)), (1, 1 + 3));
    assert_eq!(fixture.fresh(&ES256, NOW + 29).await, Ok(()));
}

/// The same flood, all at once, from several threads.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_flood_at_once_fetches_once() {
    let fixture = Arc::new(fixture());
    assert_eq!(fixture.fresh(&ES256, NOW).await, Ok(()));
    let calls: Vec<_> = (0..500)
        .map(|n| {
            let (fixture, key) = (Arc::clone(&fixture), STRANGER.clone().with_kid(format!("{n}")));
            tokio::spawn(async move { fixture.fresh(&key, NOW + 1).await })
        })
        .collect();
    for call in calls {
        assert_eq!(call.await.unwrap().unwrap_err().code(), "unknown_key");
    }
    assert_eq!(fixture.published.times_asked(JWKS), 2);
}

/// What would be refused with any key is not worth a fetch.
#[tokio::test]
async fn a_token_that_can_not_be_good_fetches_nothing() {
    let fixture = fixture();
    for (claim, value, code) in [
        ("iss", json!("https://evil.test"), "issuer"),
        ("aud", json!("https://other.test"), "audience"),
        ("exp", json!(NOW - 31), "never_valid"),
        ("nbf", json!(NOW + 31), "not_yet_valid"),
    ] {
        let mut claims = claims(NOW);
        claims[claim] = value;
        assert_eq!(fixture.refused(&token(&STRANGER, &claims), NOW).await, code);
    }
    assert_eq!(fixture.refused(&good_token(&STRANGER, NOW - 1000), NOW).await, "expired");
    let other_kind = countersign_jose::jwt::mint(&STRANGER, countersign_jose::jwt::Typ::IdToken, &claims(NOW)).unwrap();
    assert_eq!(fixture.refused(&other_kind, NOW).await, "typ");
    assert_eq!(fixture.published.times_asked(METADATA), 0);
    assert_eq!(fixture.fresh(&STRANGER, NOW).await.unwrap_err().code(), "unknown_key");
    assert_eq!(fixture.published.times_asked(METADATA), 1);
}

/// While the issuer is down, what was fetched serves on for an hour after its freshness, and not longer.
#[tokio::test]
async fn stale_keys_serve_while_the_issuer_is_down_and_not_for_ever() {
    let fixture = fixture();
    assert_eq!(fixture.fresh(&ES256, NOW).await, Ok(()));
    fixture.published.is_down();
    for hundred in 1..39 {
        assert_eq!(fixture.fresh(&ES256, NOW + hundred * 100).await, Ok(()));
    }
    let unknown = fixture.fresh(&es256(), NOW + 3899).await.unwrap_err();
    assert_eq!(unknown.code(), "keys_unreachable", "it may well be a new one");
    assert_eq!(fixture.fresh(&ES256, NOW + 3899).await, Ok(()));
    assert_eq!(fixture.fresh(&ES256, NOW + 3900).await.unwrap_err().code(), "keys_unreachable");
    fixture.published.is_back();
    assert_eq!(fixture.fresh(&ES256, NOW + 3960).await, Ok(()));
}

/// A document that is none is a failure like any other, and the last good set serves on.
#[tokio::test]
async fn a_bad_key_set_is_refused_and_does_not_replace_a_good_one() {
    let oct = r#"{"kty":"oct","k":"c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0","alg":"HS256","kid":"x"}"#;
    let good = serde_json::to_string(ES256.public_jwk()).unwrap();
    let many = vec![good.replace("\"kid\"", "\"x\""); JwkSet::MAX_KEYS + 1].join(",");
    let large = format!(r#"{{"keys":[{good}],"x":"{}"}}"#, "x".repeat(JwkSet::MAX_BYTES));
    for body in [
        String::new(),
        "{}".to_owned(),
        "<html>".to_owned(),
        format!(r#"{{"keys":[{oct}]}}"#),
        format!(r#"{{"keys":[{good},{oct}]}}"#),
        format!(r#"{{"keys":[{good},{good}]}}"#),
        format!(r#"{{"keys":[{good}],"keys":[]}}"#),
        format!(r#"{{"keys":[{many}]}}"#),
        large,
    ] {
        let fixture = fixture();
        fixture.published.document(JWKS, &body, &[]);
        assert_eq!(fixture.fresh(&ES256, NOW).await.unwrap_err().code(), "key_set_refused");
        fixture.published.keys(&[&ES256]);
        assert_eq!(fixture.fresh(&ES256, NOW + 1).await, Ok(()));
        fixture.published.document(JWKS, &body, &[]);
        assert_eq!(fixture.fresh(&ES256, NOW + 301).await, Ok(()));
        assert_eq!(fixture.fresh(&ES256, NOW + 3901).await.unwrap_err().code(), "key_set_refused");
    }
}

/// More than it may read, and redirects, are no key sets.
#[tokio::test]
async fn an_endless_document_and_a_redirect_are_no_key_sets() {
    let fixture = fixture();
    fixture.published.answer(JWKS, Ok(Fetched::new(200, vec![b' '; 1024 * 1024 + 1])));
    assert_eq!(fixture.fresh(&ES256, NOW).await.unwrap_err().code(), "keys_unreachable");
    for status in [204, 206, 301, 302, 303, 304, 307, 308, 404, 500] {
        let fixture = self::fixture();
        let answer = Fetched::new(status, document_of(&[&ES256])).with_header("location", "http://127.0.0.1/");
        fixture.published.answer(JWKS, Ok(answer));
        assert_eq!(fixture.fresh(&ES256, NOW).await.unwrap_err().code(), "keys_status", "{status}");
        assert_eq!(fixture.published.times_asked("http://127.0.0.1/"), 0);
    }
    fixture.published.keys(&[&ES256]);
    assert_eq!(fixture.fresh(&ES256, NOW + 1).await, Ok(()));
}

/// While one renews a stale set, the others go on with it.
#[tokio::test(flavor = "current_thread")]
async fn a_renewal_is_waited_for_by_one() {
    let fixture = Arc::new(fixture());
    assert_eq!(fixture.fresh(&ES256, NOW).await, Ok(()));
    let renewing = tokio::spawn({
        let fixture = Arc::clone(&fixture);
        async move { fixture.fresh(&ES256, NOW + 300).await }
    });
    while fixture.published.times_asked(JWKS) < 2 {
        tokio::task::yield_now().await;
    }
    assert_eq!(fixture.fresh(&ES256, NOW + 300).await, Ok(()));
    assert!(!renewing.is_finished());
    assert_eq!(renewing.await.unwrap(), Ok(()));
    assert_eq!(fixture.published.times_asked(JWKS), 2);
}

/// A caller who goes away in the middle of a fetch leaves it to the next, who finishes it.
#[tokio::test]
async fn an_abandoned_fetch_is_finished_by_the_next() {
    let fixture = fixture();
    for _ in 0..40 {
        abandon(&fixture, &ES256, NOW).await;
    }
    assert_eq!(fixture.fresh(&ES256, NOW).await, Ok(()));
    assert_eq!((fixture.published.times_asked(METADATA), fixture.published.times_asked(JWKS)), (1, 1));
}

/// Nor does going away buy a further fetch for a key that does not exist.
#[tokio::test]
async fn abandoned_fetches_for_unknown_keys_are_paced() {
    let fixture = fixture();
    assert_eq!(fixture.fresh(&ES256, NOW).await, Ok(()));
    for second in 0..20 {
        for _ in 0..100 {
            let mut call = pin!(fixture.fresh(&STRANGER, NOW + second));
            poll_fn(|context| {
                let _ = call.as_mut().poll(context);
                Poll::Ready(())
            })
            .await;
        }
    }
    assert!(fixture.published.times_asked(JWKS) <= 3, "{}", fixture.published.times_asked(JWKS));
    assert_eq!(fixture.fresh(&STRANGER, NOW + 20).await.unwrap_err().code(), "unknown_key");
}

/// A fetch that was left long ago is not worth being finished: what it waits for may be over.
#[tokio::test]
async fn an_old_abandoned_fetch_is_begun_anew() {
    let fixture = fixture();
    abandon(&fixture, &ES256, NOW).await;
    assert_eq!(fixture.fresh(&ES256, NOW + 100).await, Ok(()));
    assert_eq!((fixture.published.times_asked(METADATA), fixture.published.times_asked(JWKS)), (2, 1));
}

/// Waiting for a fetch that somebody else has begun is no proof that a key does not exist: it may be newer than the fetch.
#[tokio::test]
async fn a_key_that_is_newer_than_the_fetch_under_way_is_asked_for() {
    let (fixture, new) = (fixture(), es256());
    abandon(&fixture, &ES256, NOW).await;
    fixture.published.keys(&[&ES256]);
    let waiting = fixture.fresh(&new, NOW);
    let (publishes, waiting) = tokio::join!(
        async {
            while fixture.published.times_asked(JWKS) < 2 {
                tokio::task::yield_now().await;
            }
            fixture.published.keys(&[&ES256, &new]);
        },
        waiting
    );
    let () = publishes;
    assert_eq!(waiting, Ok(()));
}

/// Panics once, in the middle of its work.
struct PanicsOnce(AtomicBool, Arc<Published>);

#[async_trait]
impl Fetch for PanicsOnce {
    async fn get(&self, url: &Url, if_none_match: Option<&str>) -> Result<Fetched, FetchError> {
        tokio::task::yield_now().await;
        assert!(self.0.swap(true, Ordering::SeqCst), "the port panics");
        self.1.get(url, if_none_match).await
    }
}

/// A port that panics takes its caller along, and nobody else.
#[tokio::test]
async fn a_fetch_that_panicked_is_begun_anew() {
    let port = PanicsOnce(AtomicBool::new(false), Published::new());
    let verifier = Arc::new(Verifier::new(ISSUER, AUDIENCE, port).unwrap());
    let verify = || {
        let verifier = Arc::clone(&verifier);
        tokio::spawn(async move { verifier.verify(&good_token(&ES256, NOW), NOW).await.map(drop) })
    };
    assert!(verify().await.unwrap_err().is_panic());
    assert_eq!(verify().await.unwrap(), Ok(()));
}

/// Once a newer set is there, it is asked and no older one, also where a further fetch fails.
#[tokio::test]
async fn a_key_that_was_withdrawn_stays_withdrawn_when_the_issuer_goes_down() {
    let fixture = fixture();
    assert_eq!(fixture.fresh(&ES256, NOW).await, Ok(()));
    fixture.published.keys(&[&EDDSA]);
    abandon(&fixture, &ES256, NOW + 300).await;
    let (goes_down, waiting) = tokio::join!(
        async {
            while fixture.published.times_asked(JWKS) < 3 {
                tokio::task::yield_now().await;
            }
            fixture.published.is_down();
        },
        fixture.fresh(&ES256, NOW + 300)
    );
    let () = goes_down;
    assert_eq!(waiting.unwrap_err().code(), "keys_unreachable", "it may have come back");
    assert_eq!(fixture.fresh(&EDDSA, NOW + 300).await, Ok(()));
}

/// A clock that was set back neither keeps a stale set fresh nor lengthens a pause.
#[tokio::test]
async fn a_clock_that_was_set_back_is_survived() {
    const DAY: i64 = 86_400;
    let fixture = fixture();
    assert_eq!(fixture.fresh(&ES256, NOW + DAY).await, Ok(()));
    assert_eq!(fixture.fresh(&STRANGER, NOW + DAY).await.unwrap_err().code(), "unknown_key");
    assert_eq!(fixture.published.times_asked(JWKS), 2);
    fixture.published.keys(&[&EDDSA]);
    assert_eq!(fixture.fresh(&ES256, NOW).await.unwrap_err().code(), "unknown_key");
    assert_eq!(fixture.fresh(&EDDSA, NOW).await, Ok(()));

    let down = self::fixture();
    down.published.is_down();
    assert_eq!(down.fresh(&ES256, NOW + DAY).await.unwrap_err().code(), "keys_unreachable");
    down.published.is_back();
    assert_eq!(down.fresh(&ES256, NOW).await, Ok(()));
}

/// The bounds are the operator's.
#[tokio::test]
async fn the_policy_is_data() {
    let second = Duration::from_secs(1);
    let policy =
        KeyCachePolicy { floor: second, unstated: second, stale_if_error: second, ..KeyCachePolicy::default() };
    let fixture = fixture_with(|keys| keys.policy(policy));
    assert_eq!(fixture.fresh(&ES256, NOW).await, Ok(()));
    fixture.published.is_down();
    assert_eq!(fixture.fresh(&ES256, NOW + 1).await, Ok(()));
    assert_eq!(fixture.fresh(&ES256, NOW + 2).await.unwrap_err().code(), "keys_unreachable");
}

/// Several verifiers of one issuer need its keys once.
#[tokio::test]
async fn keys_are_shared() {
    let published = Published::new();
    let keys = Arc::new(RemoteKeys::of_issuer(ISSUER, Arc::clone(&published)).unwrap());
    for audience in [AUDIENCE, "https://other.test"] {
        let verifier = Verifier::with_keys(ISSUER, audience, Arc::clone(&keys)).unwrap();
        let mut claims = claims(NOW);
        claims["aud"] = json!(audience);
        assert!(verifier.verify(&token(&ES256, &claims), NOW).await.is_ok());
    }
    assert_eq!(published.times_asked(JWKS), 1);
}

/// Keys that the caller holds are what they are; nothing is fetched, and time does not wear them.
#[tokio::test]
async fn held_keys_change_when_they_are_replaced() {
    let set = |keys: &[&SigningKey]| JwkSet::from_keys(keys.iter().map(|key| key.verifying_key())).unwrap();
    let keys = Arc::new(HeldKeys::new(set(&[&ES256])));
    let verifier = Verifier::with_keys(ISSUER, AUDIENCE, Arc::clone(&keys)).unwrap();
    let fixture = Fixture { verifier, published: Published::new() };
    for now in [0, NOW, NOW * 10] {
        assert_eq!(fixture.fresh(&ES256, now).await, Ok(()));
        assert_eq!(fixture.fresh(&EDDSA, now).await.unwrap_err().code(), "unknown_key");
    }
    keys.replace(set(&[&EDDSA]));
    assert_eq!(fixture.fresh(&ES256, NOW).await.unwrap_err().code(), "unknown_key");
    assert_eq!(fixture.fresh(&EDDSA, NOW).await, Ok(()));
}

/// The whole set is to be had too, by the same rules: kept while it is fresh, and while the issuer is away.
#[tokio::test]
async fn the_whole_set_is_fetched_once_and_kept() {
    let published = Published::new();
    let keys = RemoteKeys::of_issuer(ISSUER, Arc::clone(&published)).unwrap();
    let both = JwkSet::from_keys([ES256.verifying_key(), EDDSA.verifying_key()]).unwrap();
    for now in [NOW, NOW + 299] {
        assert_eq!(keys.set(now).await, Ok(both.clone()));
    }
    assert_eq!(published.times_asked(JWKS), 1);
    published.keys(&[&EDDSA]);
    assert_eq!(keys.set(NOW + 300).await.unwrap().keys(), [EDDSA.verifying_key()]);
    published.is_down();
    assert_eq!(keys.set(NOW + 600).await.unwrap().keys(), [EDDSA.verifying_key()]);
    assert_eq!(keys.set(NOW + 600 + 3600).await.unwrap_err().code(), "keys_unreachable");
    assert_eq!(RemoteKeys::at(JWKS, published).unwrap().set(NOW).await.unwrap_err().code(), "keys_unreachable");
}
