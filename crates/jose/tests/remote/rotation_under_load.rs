//! A million verifications on four threads while the issuer's keys rotate: no valid token is refused, and each rotation
//! costs the issuer one fetch.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use countersign_jose::{Algorithm, SigningKey};
use serde_json::json;
use tokio::sync::watch;

use crate::published::*;

const ROTATIONS: usize = 40;
const WORKERS: usize = 4;
const VERIFICATIONS: usize = 1_000_000;

/// Between two rotations, in seconds: more than the least time between two fetches for unknown keys.
const PERIOD: i64 = 20;

/// What is valid after a rotation, and when that is.
struct Valid {
    rotation: usize,
    now: i64,
    /// The key that signs, and the one before, whose tokens have not expired.
    keys: [SigningKey; 2],
    tokens: Vec<String>,
}

impl Valid {
    fn new(rotation: usize, keys: [SigningKey; 2]) -> Arc<Self> {
        let now = NOW + PERIOD * rotation as i64;
        let tokens = (0..64).map(|n| numbered(&keys[n % 2], now, n)).collect();
        Arc::new(Valid { rotation, now, keys, tokens })
    }
}

fn numbered(key: &SigningKey, now: i64, n: usize) -> String {
    let mut claims = claims(now);
    claims["jti"] = json!(n.to_string());
    token(key, &claims)
}

fn eddsa() -> SigningKey {
    SigningKey::generate(Algorithm::EdDSA).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_valid_token_is_refused_while_keys_rotate() {
    let fixture = Arc::new(fixture());
    let mut keys = [eddsa(), eddsa(), eddsa()];
    fixture.published.keys(&keys.each_ref());
    let first = Valid::new(0, [keys[0].clone(), keys[1].clone()]);
    let (publish, valid) = watch::channel(Arc::clone(&first));
    let reached: Arc<[AtomicUsize; WORKERS]> = Arc::default();

    let workers: Vec<_> = (0..WORKERS)
        .map(|worker| {
            let (fixture, mut valid, reached) = (Arc::clone(&fixture), valid.clone(), Arc::clone(&reached));
            tokio::spawn(async move {
                let mut seen = 0;
                for rotation in 0..=ROTATIONS {
                    let valid = Arc::clone(&*valid.wait_for(|valid| valid.rotation >= rotation).await.unwrap());
                    reached[worker].store(rotation, Ordering::SeqCst);
                    let share = VERIFICATIONS / WORKERS / ROTATIONS;
                    for n in 0..share {
                        // Mostly what was seen before, and now and then something new.
                        let fresh = (n % 250 == 0).then(|| numbered(&valid.keys[n % 2], valid.now, 1000 + n + worker));
                        let token = fresh.as_ref().unwrap_or(&valid.tokens[(n + worker * 7) % valid.tokens.len()]);
                        let verdict = fixture.verifier.verify(token, valid.now).await;
                        assert!(verdict.is_ok(), "rotation {rotation}, {:?}", verdict.err());
                        seen += 1;
                    }
                }
                seen
            })
        })
        .collect();

    for rotation in 1..=ROTATIONS {
        // Everybody has left the tokens of the key that goes. Nobody waits for those who still use the one before.
        while reached.iter().any(|reached| reached.load(Ordering::SeqCst) < rotation - 1) {
            tokio::task::yield_now().await;
        }
        let [new, current, before] = [eddsa(), keys[0].clone(), keys[1].clone()];
        fixture.published.keys(&[&new, &current, &before]);
        publish.send_replace(Valid::new(rotation, [new.clone(), current.clone()]));
        keys = [new, current, before];
    }
    let mut seen = 0;
    for worker in workers {
        seen += worker.await.unwrap();
    }
    assert!(seen >= VERIFICATIONS, "{seen}");

    // One for each rotation, one to begin with, and those for sets that were no longer fresh.
    let renewals = PERIOD as usize * ROTATIONS / 300 + 1;
    let fetches = fixture.published.times_asked(JWKS);
    assert!(fetches <= ROTATIONS + 1 + renewals, "{fetches}");

    // The control: what the first key signed was valid then, and is not now that the key is gone.
    let now = NOW + PERIOD * ROTATIONS as i64;
    assert_eq!(fixture.refused(&first.tokens[0], first.now).await, "unknown_key");
    assert_eq!(fixture.refused(&good_token(&STRANGER, now), now).await, "unknown_key");
}
