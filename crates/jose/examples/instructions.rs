//! One job, so many times, for a tool that counts instructions:
//! `valgrind --tool=callgrind target/release/examples/instructions EdDSA two 100`, and again with 200; the difference is
//! 100 jobs.
//!
//! Algorithms: `EdDSA`, `RS256`, `HS256`, whose verification does the same steps every time (what ES256 adds to its
//! primitive is what EdDSA adds: their signatures are of one length). Jobs: `raw` (the primitive that verifies), `two` and
//! `all` (full verification into two and into all claims), `parse` (no cryptography), `sign` (the primitive that signs),
//! `mint`.
#![allow(clippy::unwrap_used, reason = "a measurement that cannot be set up has nothing to say")]

use std::hint::black_box;

use countersign_jose::jws::hmac::{self, HmacAlgorithm, HmacKey};
use countersign_jose::jwt::{self, Expect, ExpectedAudience, ExpectedIssuer, Typ, Unverified};
use countersign_jose::{Algorithm, SigningKey, base64url, json};

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
        "sign" => Box::new(move || drop(black_box(key.sign(black_box(message.as_bytes())).unwrap()))),
        _ => {
            let claims = claims();
            Box::new(move || drop(black_box(jwt::mint(&key, Typ::AccessToken, black_box(&claims)).unwrap())))
        }
    }
}

fn mac_job(job: &str) -> Box<dyn Fn()> {
    let key = HmacKey::new(HmacAlgorithm::Hs256, &[7; 32]).unwrap().with_kid("2026-11");
    let write = |claims: &Claims| serde_json::to_vec(claims).unwrap();
    let token = hmac::sign(&key, Some("at+jwt"), &write(&claims())).unwrap();
    match job {
        "two" => Box::new(move || {
            let payload = hmac::verify(black_box(&token), &key).unwrap();
            drop(black_box(json::from_slice::<Two>(&payload).unwrap()));
        }),
        "all" => Box::new(move || {
            let payload = hmac::verify(black_box(&token), &key).unwrap();
            drop(black_box(json::from_slice::<Claims>(&payload).unwrap()));
        }),
        "raw" | "sign" => {
            let (message, _) = token.rsplit_once('.').unwrap();
            let (message, key) =
                (message.to_owned(), aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, &[7; 32]));
            Box::new(move || {
                black_box(aws_lc_rs::hmac::sign(&key, black_box(message.as_bytes())));
            })
        }
        "parse" => Box::new(move || drop(black_box(hmac::verify(black_box(&token), &key).unwrap()))),
        _ => {
            let claims = claims();
            Box::new(move || {
                drop(black_box(hmac::sign(&key, Some("at+jwt"), &write(black_box(&claims))).unwrap()));
            })
        }
    }
}
