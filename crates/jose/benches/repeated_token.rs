//! A token that is presented again: the answer from the cache beside a whole verification of the same token, from one thread
//! and from four, with a payload of 600 bytes.
//!
//! `cargo bench -p countersign-jose --bench repeated_token` runs criterion and then prints ratios. The ratios are taken in
//! rounds in which the candidates alternate, so that a machine that slows down slows all of them down. `-- --ratios` prints
//! them alone.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    missing_docs,
    reason = "a bench that cannot be set up has nothing to measure"
)]

use std::future::Future;
use std::hint::black_box;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

use countersign_jose::jwt::{self, Typ};
use countersign_jose::remote::{TokenCache, Verifier};
use countersign_jose::{Algorithm, JwkSet, SigningKey, sha256};
use criterion::{Criterion, Throughput};

mod payload;

use payload::{AUDIENCE, ISSUER, NOW, Two, claims};

/// With keys at hand nothing waits, so that no runtime is measured.
fn verify(verifier: &Verifier<Two>, token: &str) {
    let verification = pin!(verifier.verify(black_box(token), NOW));
    let Poll::Ready(verified) = verification.poll(&mut Context::from_waker(Waker::noop())) else { panic!() };
    black_box(verified.unwrap());
}

struct Work {
    cached: Verifier<Two>,
    whole: Verifier<Two>,
    /// One for each thread.
    tokens: Vec<String>,
}

impl Work {
    fn new(algorithm: Algorithm) -> Self {
        let key = SigningKey::generate(algorithm).unwrap();
        let verifier = |cache| {
            let keys = JwkSet::from_keys([key.verifying_key()]).unwrap();
            Verifier::with_keys(ISSUER, AUDIENCE, keys).unwrap().claims::<Two>().token_cache(cache)
        };
        let mut claims = serde_json::to_value(claims()).unwrap();
        let tokens = (0..THREADS).map(|n| {
            claims["jti"] = format!("f81d4fae-7dec-11d0-a765-{n:012}").into();
            jwt::mint(&key, Typ::AccessToken, &claims).unwrap()
        });
        let work = Work {
            tokens: tokens.collect(),
            cached: verifier(TokenCache::default()),
            whole: verifier(TokenCache::Off),
        };
        // Enough others that the cache is no table of one.
        for n in 0..1_000 {
            claims["jti"] = n.to_string().into();
            verify(&work.cached, &jwt::mint(&key, Typ::AccessToken, &claims).unwrap());
        }
        work.tokens.iter().for_each(|token| verify(&work.cached, token));
        work
    }
}

/// Microseconds of one verification, of the processor's time: threads that share a core share its time.
fn time(verifier: &Verifier<Two>, tokens: &[&str], each: u32) -> f64 {
    let start = Instant::now();
    match tokens {
        [token] => (0..each).for_each(|_| verify(verifier, token)),
        tokens => std::thread::scope(|scope| {
            for token in tokens {
                scope.spawn(|| (0..each).for_each(|_| verify(verifier, token)));
            }
        }),
    }
    let cores = tokens.len().min(available_parallelism().unwrap().get());
    start.elapsed().as_secs_f64() * 1e6 * cores as f64 / f64::from(each) / tokens.len() as f64
}

fn print_ratios() {
    const ROUNDS: usize = 200;
    println!("payload: {} bytes", serde_json::to_vec(&claims()).unwrap().len());
    println!("µs                          hash     seen    whole  seen/whole");
    for algorithm in MEASURED {
        let work = Work::new(algorithm);
        let first = work.tokens[0].as_str();
        let (one, same) = ([first], [first; THREADS]);
        let own: Vec<&str> = work.tokens.iter().map(String::as_str).collect();
        let rows: [(&str, &[&str]); 3] =
            [("one thread", &one), ("4 threads, one token", &same), ("4 threads, own tokens", &own)];
        let mut hash = Vec::new();
        let mut times = vec![(Vec::new(), Vec::new()); rows.len()];
        for _ in 0..ROUNDS {
            let start = Instant::now();
            for _ in 0..500 {
                black_box(sha256(black_box(first.as_bytes())));
            }
            hash.push(start.elapsed().as_secs_f64() * 1e6 / 500.0);
            for ((_, tokens), (seen, whole)) in rows.iter().zip(&mut times) {
                seen.push(time(&work.cached, tokens, 1_000));
                whole.push(time(&work.whole, tokens, 20));
            }
        }
        let hash = lower_quartile(hash);
        for ((name, _), (seen, whole)) in rows.iter().zip(times) {
            let (seen, whole) = (lower_quartile(seen), lower_quartile(whole));
            let algorithm = algorithm.as_str();
            println!("{algorithm:<6}{name:<22} {hash:>6.3} {seen:>8.3} {whole:>8.2} {:>11.4}", seen / whole);
        }
    }
}

/// What a busy machine disturbs less than the median.
fn lower_quartile(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 4]
}

const THREADS: usize = 4;

/// One algorithm of each kind of key.
const MEASURED: [Algorithm; 3] = [Algorithm::EdDSA, Algorithm::Es256, Algorithm::Rs256];

fn main() {
    if !std::env::args().any(|argument| argument == "--ratios") {
        let mut criterion = Criterion::default()
            .warm_up_time(Duration::from_millis(500))
            .measurement_time(Duration::from_secs(2))
            .configure_from_args();
        for algorithm in MEASURED {
            let work = Work::new(algorithm);
            let mut group = criterion.benchmark_group(format!("repeated token {algorithm}"));
            group.throughput(Throughput::Elements(1));
            for (name, verifier) in [("seen", &work.cached), ("whole", &work.whole)] {
                group.bench_function(name, |bencher| bencher.iter(|| verify(verifier, &work.tokens[0])));
            }
            group.finish();
        }
        criterion.final_summary();
    }
    print_ratios();
}
