//! How keys are kept: rotation without an outage, outage without refusals, floods without fetches.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use countersign_jose::{Algorithm, SigningKey};
use countersign_oidc::resource_server::{KeyCachePolicy, VerifyError};
use http::StatusCode;
use serde_json::json;

use crate::published::*;

fn es256() -> SigningKey {
    SigningKey::generate(Algorithm::Es256).unwrap()
}

impl Fixture {
    async fn verify(&self, key: &SigningKey) -> Result<(), VerifyError> {
        use countersign_storage::Clock;
        self.verifier.verify(&token(key, &claims_at(self.clock.now()))).await.map(|_| ())
    }

    fn after(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    fn issuer_is_down(&self) {
        self.published.fails(METADATA);
        self.published.fails(JWKS);
    }
}

/// Of 500 at once on a cold cache, one fetches and all succeed.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_cold_start_fetches_once_for_all() {
    let fixture = Arc::new(fixture());
    let calls: Vec<_> = (0..500)
        .map(|_| {
            let fixture = Arc::clone(&fixture);
            tokio::spawn(async move { fixture.verify(&ES256).await })
        })
        .collect();
    for call in calls {
        assert_eq!(call.await.unwrap(), Ok(()));
    }
    assert_eq!(fixture.published.times_asked(METADATA), 1);
    assert_eq!(fixture.published.times_asked(JWKS), 1);
    assert_eq!(fixture.published.under_way.load(Ordering::SeqCst), 2);
}

/// Of 500 at once while the issuer is down, one tries; then a pause, which doubles.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_cold_start_without_the_issuer_fails_and_paces_its_tries() {
    let fixture = Arc::new(fixture());
    fixture.issuer_is_down();
    for (pause, tries) in [(0, 1), (0, 1), (1, 2), (1, 2), (1, 3), (3, 3), (1, 4)] {
        fixture.after(pause);
        let calls: Vec<_> = (0..50)
            .map(|_| {
                let fixture = Arc::clone(&fixture);
                tokio::spawn(async move { fixture.verify(&ES256).await })
            })
            .collect();
        for call in calls {
            let error = call.await.unwrap().unwrap_err();
            assert_eq!(error.reason(), "keys_unreachable");
            assert_eq!(error.status(), StatusCode::SERVICE_UNAVAILABLE);
        }
        assert_eq!(fixture.published.times_asked(METADATA), tries);
    }
    // A failure is not an empty set: when the issuer is back, so are the keys.
    fixture.published.metadata(json!({ "issuer": ISSUER, "jwks_uri": JWKS }));
    fixture.published.keys(&[&ES256]);
    fixture.after(8);
    assert_eq!(fixture.verify(&ES256).await, Ok(()));
}

/// A key that appears between two fetches is found at once.
#[tokio::test]
async fn a_new_key_is_found_without_an_outage() {
    let (fixture, new) = (fixture(), es256());
    assert_eq!(fixture.verify(&ES256).await, Ok(()));
    fixture.published.keys(&[&ES256, &RS256, &new]);
    assert_eq!(fixture.verify(&new).await, Ok(()));
    assert_eq!(fixture.verify(&ES256).await, Ok(()));
    assert_eq!(fixture.published.times_asked(JWKS), 2);
    assert_eq!(fixture.published.times_asked(METADATA), 1);
}

/// A key that is gone from the set is gone here when the set is no longer fresh.
#[tokio::test]
async fn a_withdrawn_key_is_refused_when_the_set_is_renewed() {
    let fixture = fixture();
    assert_eq!(fixture.verify(&ES256).await, Ok(()));
    fixture.published.keys(&[&RS256]);
    fixture.after(299);
    assert_eq!(fixture.verify(&ES256).await, Ok(()));
    fixture.after(1);
    assert_eq!(fixture.verify(&ES256).await.unwrap_err().reason(), "unknown_key");
    assert_eq!(fixture.verify(&RS256).await, Ok(()));
}

/// 1,000 keys that do not exist cost the issuer one fetch in each interval.
#[tokio::test]
async fn a_flood_of_unknown_keys_fetches_once_in_an_interval() {
    let (fixture, unknown) = (fixture(), es256());
    assert_eq!(fixture.verify(&ES256).await, Ok(()));
    for second in 0..30 {
        for n in 0..40 {
            let key = unknown.clone().with_kid(format!("{second}.{n}"));
            assert_eq!(fixture.verify(&key).await.unwrap_err().reason(), "unknown_key");
        }
        fixture.after(1);
    }
    assert_eq!(fixture.published.times_asked(JWKS), 1 + 3);
    assert_eq!(fixture.published.times_asked(METADATA), 1);
    assert_eq!(fixture.verify(&ES256).await, Ok(()));
}

/// A token of another issuer is not worth a fetch.
#[tokio::test]
async fn a_foreign_token_fetches_nothing() {
    let fixture = fixture();
    let mut claims = claims_at(NOW);
    claims["iss"] = json!("https://evil.test");
    for _ in 0..10 {
        let error = fixture.verifier.verify(&token(&STRANGER, &claims)).await.unwrap_err();
        assert_eq!(error.reason(), "issuer");
    }
    assert_eq!(fixture.published.times_asked(METADATA), 0);
}

/// While the issuer is down, what was fetched serves on for an hour after its freshness, and not longer.
#[tokio::test]
async fn stale_keys_serve_while_the_issuer_is_down_and_not_for_ever() {
    let fixture = fixture();
    assert_eq!(fixture.verify(&ES256).await, Ok(()));
    fixture.issuer_is_down();
    for _ in 0..38 {
        fixture.after(100);
        assert_eq!(fixture.verify(&ES256).await, Ok(()));
    }
    assert_eq!(fixture.verify(&es256()).await.unwrap_err().reason(), "keys_unreachable", "it may well be a new one");
    fixture.after(100);
    assert_eq!(fixture.verify(&ES256).await.unwrap_err().reason(), "keys_unreachable");
}

/// A broken document is a failure like any other: the last good set serves on.
#[tokio::test]
async fn a_broken_key_set_does_not_replace_a_good_one() {
    for body in [
        "",
        "{}",
        "<html>",
        r#"{"keys":[{"kty":"oct","k":"c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0","alg":"HS256","kid":"x"}]}"#,
        r#"{"keys":[],"keys":[]}"#,
    ] {
        let fixture = fixture();
        assert_eq!(fixture.verify(&ES256).await, Ok(()));
        fixture.published.document(JWKS, body, None);
        fixture.after(300);
        assert_eq!(fixture.verify(&ES256).await, Ok(()), "{body}");
        fixture.after(3600);
        assert_eq!(fixture.verify(&ES256).await.unwrap_err().reason(), "key_set_refused", "{body}");
    }
}

/// [RFC 9111 §5.2.2.1](https://www.rfc-editor.org/rfc/rfc9111#section-5.2.2.1), within our own bounds.
#[tokio::test]
async fn freshness_is_what_the_answer_says_within_bounds() {
    let keys = serde_json::to_string(&countersign_jose::JwkSet::from_keys([ES256.verifying_key()]).unwrap()).unwrap();
    for (cache_control, fresh) in [
        (None, 300),
        (Some("public, max-age=120"), 120),
        (Some("Max-Age=\"120\""), 120),
        (Some("max-age=5"), 60),
        (Some("max-age=0"), 60),
        (Some("no-store"), 60),
        (Some("max-age=900, no-cache"), 60),
        (Some("max-age=31536000"), 3600),
        (Some("max-age=99999999999999999999999"), 300),
    ] {
        let fixture = fixture();
        fixture.published.document(JWKS, &keys, cache_control);
        assert_eq!(fixture.verify(&ES256).await, Ok(()));
        fixture.after(fresh - 1);
        assert_eq!(fixture.verify(&ES256).await, Ok(()));
        assert_eq!(fixture.published.times_asked(JWKS), 1, "{cache_control:?}");
        fixture.after(1);
        assert_eq!(fixture.verify(&ES256).await, Ok(()));
        assert_eq!(fixture.published.times_asked(JWKS), 2, "{cache_control:?}");
    }
}

/// While one renews a stale set, the others go on with it.
#[tokio::test(flavor = "current_thread")]
async fn a_renewal_is_waited_for_by_one() {
    let fixture = Arc::new(fixture());
    assert_eq!(fixture.verify(&ES256).await, Ok(()));
    fixture.after(300);
    let renewing = tokio::spawn({
        let fixture = Arc::clone(&fixture);
        async move { fixture.verify(&ES256).await }
    });
    while fixture.published.times_asked(JWKS) < 2 {
        tokio::task::yield_now().await;
    }
    assert_eq!(fixture.verify(&ES256).await, Ok(()));
    assert!(!renewing.is_finished());
    assert_eq!(renewing.await.unwrap(), Ok(()));
    assert_eq!(fixture.published.times_asked(JWKS), 2);
}

/// A caller who goes away in the middle of a fetch leaves nobody waiting.
#[tokio::test]
async fn an_abandoned_fetch_blocks_nobody() {
    let fixture = Arc::new(fixture());
    let abandoned = tokio::spawn({
        let fixture = Arc::clone(&fixture);
        async move { fixture.verify(&ES256).await }
    });
    while fixture.published.times_asked(METADATA) < 1 {
        tokio::task::yield_now().await;
    }
    abandoned.abort();
    assert!(abandoned.await.unwrap_err().is_cancelled());
    assert_eq!(fixture.verify(&ES256).await, Ok(()));
}

/// [RFC 8414 §3.3](https://www.rfc-editor.org/rfc/rfc8414#section-3.3): metadata of another issuer is not used.
#[tokio::test]
async fn the_metadata_must_be_of_the_issuer_byte_for_byte() {
    for other in ["https://as.test/tenant/", "https://as.test", "https://AS.test/tenant"] {
        let fixture = fixture();
        fixture.published.metadata(json!({ "issuer": other, "jwks_uri": JWKS }));
        let error = fixture.verify(&ES256).await.unwrap_err();
        assert_eq!(error.reason(), "issuer_mismatch");
        assert!(error.to_string().contains(other), "{error}");
        assert_eq!(fixture.published.times_asked(JWKS), 0);
    }
}

#[tokio::test]
async fn unusable_metadata_is_named_as_such() {
    for document in [
        json!({ "issuer": ISSUER }),
        json!({ "issuer": ISSUER, "jwks_uri": "jwks" }),
        json!({ "issuer": ISSUER, "jwks_uri": "http://as.test/jwks" }),
        json!([]),
    ] {
        let fixture = fixture();
        fixture.published.metadata(document.clone());
        assert_eq!(fixture.verify(&ES256).await.unwrap_err().reason(), "metadata_unusable", "{document}");
    }
}

/// [RFC 8414 §3](https://www.rfc-editor.org/rfc/rfc8414#section-3): an issuer that is no OpenID provider has the other document.
#[tokio::test]
async fn the_metadata_of_a_plain_authorization_server_is_found() {
    let fixture = fixture();
    fixture.published.status(METADATA, StatusCode::NOT_FOUND);
    let document = json!({ "issuer": ISSUER, "jwks_uri": JWKS }).to_string();
    fixture.published.document("https://as.test/.well-known/oauth-authorization-server/tenant", &document, None);
    assert_eq!(fixture.verify(&ES256).await, Ok(()));

    let down = self::fixture();
    down.published.status(METADATA, StatusCode::BAD_GATEWAY);
    assert_eq!(down.verify(&ES256).await.unwrap_err().reason(), "keys_status");
}

/// The bounds are the operator's.
#[tokio::test]
async fn the_policy_is_data() {
    let fixture = fixture();
    let second = Duration::from_secs(1);
    let policy =
        KeyCachePolicy { floor: second, unstated: second, stale_if_error: second, ..KeyCachePolicy::default() };
    let fixture = Fixture { verifier: fixture.verifier.with_key_cache(policy), ..fixture };
    assert_eq!(fixture.verify(&ES256).await, Ok(()));
    fixture.issuer_is_down();
    fixture.after(1);
    assert_eq!(fixture.verify(&ES256).await, Ok(()));
    fixture.after(1);
    assert_eq!(fixture.verify(&ES256).await.unwrap_err().reason(), "keys_unreachable");
}
