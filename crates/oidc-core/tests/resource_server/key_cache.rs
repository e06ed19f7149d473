//! The issuer's keys through the store's port. How they are kept is tested where it is done, in `countersign-jose`.

use std::sync::Arc;
use std::time::Duration;

use countersign_oidc::resource_server::{KeyCachePolicy, VerifiedToken, VerifyError};
use countersign_storage::FetchError;
use http::{HeaderMap, StatusCode};

use crate::published::*;

impl Fixture {
    async fn verify_fresh(&self) -> Result<(), VerifyError> {
        use countersign_storage::Clock;
        self.verifier.verify(&good_token_at(self.clock.now())).await.map(|_| ())
    }

    fn after(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }
}

/// Status, body and the headers that caching asks for come through.
#[tokio::test]
async fn answers_are_kept_as_their_headers_say() {
    let keys = serde_json::to_string(&countersign_jose::JwkSet::from_keys([ES256.verifying_key()]).unwrap()).unwrap();
    for (cache_control, fresh) in [(None, 300), (Some("public, max-age=120"), 120), (Some("no-store"), 60)] {
        let fixture = fixture();
        fixture.published.document(JWKS, &keys, cache_control);
        assert_eq!(fixture.verify_fresh().await, Ok(()));
        fixture.after(fresh - 1);
        assert_eq!(fixture.verify_fresh().await, Ok(()));
        assert_eq!(fixture.published.times_asked(JWKS), 1, "{cache_control:?}");
        fixture.after(1);
        assert_eq!(fixture.verify_fresh().await, Ok(()));
        assert_eq!(fixture.published.times_asked(JWKS), 2, "{cache_control:?}");
    }
}

/// What goes wrong with a fetch is ours: 503, and the reason says which.
#[tokio::test]
async fn failures_are_named() {
    for (error, told) in [
        (FetchError::TimedOut, "took too long"),
        (FetchError::TooLarge, "too large"),
        (FetchError::Refused("because"), "because"),
        (FetchError::Connection("broken".to_owned()), "broken"),
    ] {
        let fixture = fixture();
        fixture.published.answer(JWKS, Err(error));
        let error = fixture.verify_fresh().await.unwrap_err();
        assert_eq!((error.reason(), error.status()), ("keys_unreachable", StatusCode::SERVICE_UNAVAILABLE));
        assert!(error.to_string().contains(told) && error.to_string().contains(JWKS), "{error}");
    }
    let fixture = fixture();
    fixture.published.status(JWKS, StatusCode::FOUND);
    assert_eq!(fixture.verify_fresh().await.unwrap_err().reason(), "keys_status");
    let down = countersign_storage::Fetched {
        status: StatusCode::OK,
        headers: HeaderMap::new(),
        body: bytes::Bytes::from_static(b"<html>"),
    };
    fixture.published.answer(JWKS, Ok(down));
    fixture.after(1);
    assert_eq!(fixture.verify_fresh().await.unwrap_err().reason(), "key_set_refused");
}

/// The bounds are the operator's.
#[tokio::test]
async fn the_policy_is_data() {
    let second = Duration::from_secs(1);
    let policy =
        KeyCachePolicy { floor: second, unstated: second, stale_if_error: second, ..KeyCachePolicy::default() };
    let fixture = fixture();
    let fixture = Fixture { verifier: fixture.verifier.with_key_cache(policy), ..fixture };
    assert_eq!(fixture.verify_fresh().await, Ok(()));
    fixture.published.fails(METADATA);
    fixture.published.fails(JWKS);
    fixture.after(1);
    assert_eq!(fixture.verify_fresh().await, Ok(()));
    fixture.after(1);
    assert_eq!(fixture.verify_fresh().await.unwrap_err().reason(), "keys_unreachable");
}

/// Settled question 5: a token is refused at the latest when it expires, whether it was seen before or not.
#[tokio::test]
async fn a_token_that_was_seen_before_is_refused_when_it_expires() {
    let fixture = fixture();
    let token = good_token_at(NOW);
    let first = fixture.verifier.verify(&token).await.unwrap();
    let second = fixture.verifier.verify(&token).await.unwrap();
    assert!(std::ptr::eq(first.claims(), second.claims()), "the second time comes from the cache");
    fixture.after(330);
    assert_eq!(fixture.verifier.verify(&token).await.unwrap_err().reason(), "expired");
}

#[tokio::test]
async fn a_token_that_is_forgotten_is_verified_anew() {
    let fixture = fixture();
    let verifier = &fixture.verifier;
    let tokens = ["usr_alice", "usr_bob"].map(|subject| {
        let mut claims = claims_at(NOW);
        claims["sub"] = subject.into();
        token(&ES256, &claims)
    });
    let kept = async |before: &[VerifiedToken]| {
        let mut kept = Vec::new();
        for (before, token) in before.iter().zip(&tokens) {
            kept.push(std::ptr::eq(before.claims(), verifier.verify(token).await.unwrap().claims()));
        }
        kept
    };
    let both = async || [verifier.verify(&tokens[0]).await.unwrap(), verifier.verify(&tokens[1]).await.unwrap()];
    let before = both().await;
    assert_eq!(kept(&before).await, [true, true], "the control");
    verifier.forget(&tokens[0]);
    assert_eq!(kept(&before).await, [false, true]);
    let before = both().await;
    verifier.forget_where(|token| token.subject() == "usr_bob");
    assert_eq!(kept(&before).await, [true, false]);
}

/// Who knows of a revocation is heard at the next request.
#[tokio::test]
async fn a_revoked_token_is_refused_at_once_where_revocations_are_known() {
    let fixture = fixture();
    let revoked = Arc::new(std::sync::Mutex::new(Vec::new()));
    let known = Arc::clone(&revoked);
    let verifier =
        fixture.verifier.with_revocations(move |token| known.lock().unwrap().iter().any(|id| id == token.token_id()));
    let token = good_token_at(NOW);
    for _ in 0..2 {
        assert!(verifier.verify(&token).await.is_ok());
    }
    revoked.lock().unwrap().push("fam_1.abc".to_owned());
    let error = verifier.verify(&token).await.unwrap_err();
    assert_eq!((error.reason(), error.status()), ("revoked", StatusCode::UNAUTHORIZED));
    verifier.forget(&token);
    assert_eq!(verifier.verify(&token).await.unwrap_err().reason(), "revoked");
}
