//! ES256 in the pure-Rust back end, under a key that is seen again and again, beside the raw primitive of aws-lc-rs in the same run:
//! `cargo bench -p countersign-jose --no-default-features --features pure-rust --bench es256_hot_key`.
//!
//! For a tool that counts instructions: the same binary with a name of the table and a number of times, and again with
//! twice the number; the difference is what that many verifications take.
#![allow(clippy::unwrap_used, reason = "a measurement that cannot be set up has nothing to say")]

use std::hint::black_box;
use std::time::Instant;

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, ParsedPublicKey};
use countersign_jose::{Algorithm, SigningKey};

fn main() {
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    // About as long as what is signed of a token.
    let message = [b'x'; 800];
    let signature = key.sign(&message).unwrap();
    let (plain, ready) = (key.verifying_key(), key.verifying_key().precomputed());
    // The last 65 bytes are the point.
    let spki = plain.to_spki_der();
    let raw = ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, &spki[spki.len() - 65..]).unwrap();
    let candidates: [(&str, Box<dyn Fn()>); 4] = [
        ("raw", Box::new(|| raw.verify_sig(black_box(&message), &signature).unwrap())),
        ("plain", Box::new(|| plain.verify(black_box(&message), &signature).unwrap())),
        ("precomputed", Box::new(|| ready.verify(black_box(&message), &signature).unwrap())),
        ("precompute", Box::new(|| drop(black_box(plain.precomputed())))),
    ];

    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    if let [name, times] = arguments.as_slice() {
        let (_, run) = candidates.iter().find(|(candidate, _)| candidate == name).unwrap();
        (0..times.parse().unwrap()).for_each(|_| run());
        return;
    }
    if cfg!(feature = "native") {
        println!("the native back end is on: all rows are its own");
    }
    let times = candidates.each_ref().map(|_| Vec::new());
    let mut times = times;
    for _ in 0..400 {
        for ((name, run), times) in candidates.iter().zip(&mut times) {
            let batch = if *name == "precompute" { 1 } else { 5 };
            let start = Instant::now();
            (0..batch).for_each(|_| run());
            times.push(start.elapsed().as_secs_f64() * 1e6 / f64::from(batch));
        }
    }
    // The lower quartile, which a busy machine disturbs less than the median.
    let quartiles = times.map(|mut times| {
        times.sort_by(f64::total_cmp);
        times[times.len() / 4]
    });
    println!("µs             time    /raw");
    for ((name, _), time) in candidates.iter().zip(quartiles) {
        println!("{name:<12} {time:>7.1} {:>7.2}", time / quartiles[0]);
    }
}
