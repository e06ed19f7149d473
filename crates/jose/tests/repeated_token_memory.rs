//! What a repeated token costs in memory: nothing per use, and a bounded amount per token that is kept.
#![cfg(feature = "remote")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed expectation is the test's own report")]

#[path = "../benches/payload/mod.rs"]
mod payload;

use std::future::Future;
use std::pin::pin;
use std::sync::Barrier;
use std::task::{Context, Poll, Waker};

use countersign_jose::jwt::{self, Typ};
use countersign_jose::remote::{TokenCache, Verifier};
use countersign_jose::{Algorithm, JwkSet, SigningKey};
use dhat::{HeapStats, Profiler};
use payload::{AUDIENCE, Claims, ISSUER, NOW, Two};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

/// A hit never waits, so that no runtime is needed, and none can be what allocates.
fn verify<C: DeserializeOwned>(verifier: &Verifier<C>, token: &str) {
    let verification = pin!(verifier.verify(token, NOW));
    let Poll::Ready(verified) = verification.poll(&mut Context::from_waker(Waker::noop())) else { panic!() };
    assert_eq!(verified.unwrap().sub(), Some("248289761001"));
}

fn tokens(key: &SigningKey, many: usize) -> Vec<String> {
    let mut claims = serde_json::to_value(payload::claims()).unwrap();
    let numbered = (0..many).map(|n| {
        claims["jti"] = Value::from(format!("f81d4fae-7dec-11d0-a765-{n:012}"));
        jwt::mint(key, Typ::AccessToken, &claims).unwrap()
    });
    numbered.collect()
}

/// Both in one test: the counters are those of the process.
#[test]
fn a_repeated_token_allocates_nothing_and_a_kept_one_takes_what_is_stated() {
    let key = SigningKey::generate(Algorithm::EdDSA).unwrap();
    let verifier = || {
        let keys = JwkSet::from_keys([key.verifying_key()]).unwrap();
        Verifier::with_keys(ISSUER, AUDIENCE, keys).unwrap()
    };
    let tokens = tokens(&key, 1000);
    let _profiler = Profiler::builder().testing().build();

    let cached = verifier();
    let plain = verifier().token_cache(TokenCache::Off);
    assert_eq!(blocks_of_hits(&cached, &tokens[0], 1), 0, "one thread");
    assert_eq!(blocks_of_hits(&cached, &tokens[0], 4), 0, "four threads");
    assert!(blocks_of_hits(&plain, &tokens[0], 1) >= 1000, "the control: a whole verification allocates");

    let map = bytes_per_token::<Map<String, Value>>(verifier().claims(), &tokens);
    let all = bytes_per_token::<Claims>(verifier().claims(), &tokens);
    let two = bytes_per_token::<Two>(verifier().claims(), &tokens);
    // How full the tables of the cache are differs from run to run, as its hashes are keyed, and with the number of cores.
    println!("bytes per token: {map} as a map, {all} as a struct of all claims, {two} as a struct of two");
    for (name, found, stated) in [("map", map, 4_600), ("all", all, 2_100), ("two", two, 1_300)] {
        assert!(found <= stated && found * 10 >= stated * 8, "{name}: {found} bytes, the documentation says {stated}");
    }
    few_bytes_that_take_many_are_counted_as_many(&key, verifier);
}

/// The bound in bytes holds whatever claims look like: small objects and arrays take the most room for the least text.
fn few_bytes_that_take_many_are_counted_as_many(key: &SigningKey, verifier: impl Fn() -> Verifier) {
    const BOUND: usize = 4 * 1024 * 1024;
    let dense = [r#"{"a":{}},"#, r#"{"":1},"#, "[1],", "[],", "1,", r#""","#];
    let members: String = (0..180).map(|n| format!(r#""{n}":0,"#)).collect();
    let documents = dense.map(|element| format!("[{}0]", element.repeat(1_500 / element.len())));
    for document in documents.into_iter().chain([format!(r#"{{{members}"x":0}}"#)]) {
        let mut claims = serde_json::to_value(payload::claims()).unwrap();
        claims["dense"] = serde_json::from_str(&document).unwrap();
        let tokens = (0..60).map(|n| {
            claims["jti"] = Value::from(n.to_string());
            jwt::mint(key, Typ::AccessToken, &claims).unwrap()
        });
        let tokens: Vec<String> = tokens.collect();
        let verifier = verifier().token_cache(TokenCache::AtMost { tokens: 128, bytes: BOUND });
        let before = HeapStats::get().curr_bytes;
        tokens.iter().for_each(|token| verify(&verifier, token));
        let (kept, found) = (verifier.tokens_kept(), HeapStats::get().curr_bytes - before);
        println!("{kept} tokens with {document:.9} in {found} bytes");
        assert!(found <= BOUND && kept > 0, "{kept} tokens take {found} bytes: {document:.20}");
    }
}

/// How many blocks are allocated while so many threads verify a token a thousand times that was verified before.
fn blocks_of_hits(verifier: &Verifier, token: &str, threads: usize) -> u64 {
    verify(verifier, token);
    let (start, end) = (Barrier::new(threads + 1), Barrier::new(threads + 1));
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                // What a thread sets up at its first use is not what a use costs.
                verify(verifier, token);
                start.wait();
                start.wait();
                (0..1000).for_each(|_| verify(verifier, token));
                end.wait();
                end.wait();
            });
        }
        start.wait();
        let before = HeapStats::get().total_blocks;
        start.wait();
        end.wait();
        let after = HeapStats::get().total_blocks;
        end.wait();
        after - before
    })
}

/// How much the heap has grown for each token that is kept, the table of the cache included.
fn bytes_per_token<C: DeserializeOwned>(verifier: Verifier<C>, tokens: &[String]) -> usize {
    let before = HeapStats::get().curr_bytes;
    tokens.iter().for_each(|token| verify(&verifier, token));
    assert_eq!(verifier.tokens_kept(), tokens.len());
    (HeapStats::get().curr_bytes - before) / tokens.len()
}
