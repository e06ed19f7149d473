//! One job, so many times, for a tool that counts instructions:
//! `valgrind --tool=callgrind target/release/examples/instructions EdDSA two 100`, and again with 200; the difference is
//! 100 jobs.
//!
//! Algorithms: `EdDSA`, `RS256`, `HS256`, whose verification does the same steps every time (what ES256 adds to its
//! primitive is what EdDSA adds: their signatures are of one length). Jobs: `raw` (the primitive that verifies), `two` and
//! `all` (full verification into two and into all claims), `parse` (no cryptography), `sign` (the primitive that signs),
//! `mint`; `hash` and `seen` (a token that was verified before: its SHA-256 alone, and the whole answer from the cache).
#![allow(clippy::unwrap_used, clippy::panic, reason = "a measurement that cannot be set up has nothing to say")]

use std::hint::black_box;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use aws_lc_rs::hmac as primitive;
use countersign_jose::jws::hmac::{HmacAlgorithm, HmacKey};
use countersign_jose::jwt::{self, Expect, ExpectedAudience, ExpectedIssuer, Typ, Unverified};
use countersign_jose::remote::Verifier;
use countersign_jose::{Algorithm, JwkSet, SigningKey, base64url, sha256};

#[path = "../benches/payload/mod.rs"]
mod payload;

use payload::{AUDIENCE, Claims, ISSUER, NOW, Two, claims};

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let times: usize = arguments[3].parse().unwrap();
    let job = match arguments[1].as_str() {
        "EdDSA" => signature_job(&arguments[2], &key(Algorithm::EdDSA)),
        "RS256" => signature_job(&arguments[2], &key(Algorithm::Rs256)),
        _ => mac_job(&arguments[2]),
    };
    (0..times).for_each(|_| job());
}

/// The same key in every run.
fn key(algorithm: Algorithm) -> SigningKey {
    let keys: serde_json::Value = serde_json::from_str(include_str!("../tests/vectors/pem.json")).unwrap();
    SigningKey::from_pem(algorithm, keys[format!("{algorithm} private")].as_str().unwrap()).unwrap()
}

fn signature_job(job: &str, key: &SigningKey) -> Box<dyn Fn()> {
    let token = jwt::mint(key, Typ::AccessToken, &claims()).unwrap();
    let (message, signature) = token.rsplit_once('.').unwrap();
    let (message, signature) = (message.to_owned(), base64url::decode(signature).unwrap());
    let (key, verifying) = (key.clone(), key.verifying_key());
    let expect = Expect::new(Typ::AccessToken, ExpectedIssuer::Exactly(ISSUER), ExpectedAudience::AnyOf(&[AUDIENCE]));
    match job {
        "raw" => Box::new(move || verifying.verify(black_box(message.as_bytes()), &signature).unwrap()),
        "two" => Box::new(move || {
            let token = Unverified::parse(black_box(&token)).unwrap();
            drop(black_box(token.verify::<Two>(&verifying, &expect, NOW).unwrap()));
        }),
        "all" => Box::new(move || {
            let token = Unverified::parse(black_box(&token)).unwrap();
            drop(black_box(token.verify::<Claims>(&verifying, &expect, NOW).unwrap()));
        }),
        "parse" => Box::new(move || drop(black_box(Unverified::parse(black_box(&token)).unwrap()))),
        "hash" => Box::new(move || {
            black_box(sha256(black_box(token.as_bytes())));
        }),
        "seen" => {
            let keys = JwkSet::from_keys([verifying]).unwrap();
            let verifier = Verifier::with_keys(ISSUER, AUDIENCE, keys).unwrap().claims::<Two>();
            Box::new(move || {
                let verification = pin!(verifier.verify(black_box(&token), NOW));
                let context = &mut Context::from_waker(Waker::noop());
                let Poll::Ready(verified) = verification.poll(context) else { panic!() };
                black_box(verified.unwrap());
            })
        }
        "sign" => Box::new(move || drop(black_box(key.sign(black_box(message.as_bytes())).unwrap()))),
        _ => {
            let claims = claims();
            Box::new(move || drop(black_box(jwt::mint(&key, Typ::AccessToken, black_box(&claims)).unwrap())))
        }
    }
}

fn mac_job(job: &str) -> Box<dyn Fn()> {
    let secret = [7; 32];
    let key = HmacKey::new(HmacAlgorithm::Hs256, &secret).unwrap().with_kid("2026-11");
    let token = jwt::hmac::mint(&key, Typ::AccessToken, &claims()).unwrap();
    let expect = Expect::new(Typ::AccessToken, ExpectedIssuer::Exactly(ISSUER), ExpectedAudience::AnyOf(&[AUDIENCE]));
    match job {
        "raw" | "sign" => {
            let message = token.rsplit_once('.').unwrap().0.to_owned();
            let key = primitive::Key::new(primitive::HMAC_SHA256, &secret);
            Box::new(move || {
                black_box(primitive::sign(&key, black_box(message.as_bytes())));
            })
        }
        "two" => Box::new(move || {
            let token = jwt::hmac::Unverified::parse(black_box(&token)).unwrap();
            drop(black_box(token.verify::<Two>(&key, &expect, NOW).unwrap()));
        }),
        "all" => Box::new(move || {
            let token = jwt::hmac::Unverified::parse(black_box(&token)).unwrap();
            drop(black_box(token.verify::<Claims>(&key, &expect, NOW).unwrap()));
        }),
        "parse" => Box::new(move || drop(black_box(jwt::hmac::Unverified::parse(black_box(&token)).unwrap()))),
        _ => {
            let claims = claims();
            Box::new(move || drop(black_box(jwt::hmac::mint(&key, Typ::AccessToken, black_box(&claims)).unwrap())))
        }
    }
}
