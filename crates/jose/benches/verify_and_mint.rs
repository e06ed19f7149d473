//! Full verification and minting of a token with a payload of about 600 bytes, beside the raw primitive of the same back
//! end and beside `jsonwebtoken` on the same back end.
//!
//! `cargo bench -p countersign-jose` runs criterion and then prints ratios. The ratios are taken in rounds in which the
//! candidates alternate, so that a machine that slows down slows all of them down. `-- --ratios` prints them alone.
#![allow(clippy::unwrap_used, missing_docs, reason = "a bench that cannot be set up has nothing to measure")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use aws_lc_rs::hmac as mac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature as primitive;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use countersign_jose::jws::Compact;
use countersign_jose::jws::hmac::{HmacAlgorithm, HmacKey};
use countersign_jose::jwt::{self, Expect, ExpectedAudience, ExpectedIssuer, Typ, Unverified};
use countersign_jose::{Algorithm, SigningKey, base64url, json};
use criterion::Criterion;
use ed25519_dalek::Verifier;
use serde::de::DeserializeOwned;

mod payload;

use payload::{AUDIENCE, Claims, ISSUER, NOW, Two, claims};

/// One way to do the work.
type Candidate = (&'static str, Box<dyn Fn()>);

/// What is done, with a signature and with a MAC.
type Work = (&'static str, fn(Algorithm) -> Vec<Candidate>, fn() -> Vec<Candidate>);

/// A job, and the ways to do it.
type Job = (String, Box<dyn Fn() -> Vec<Candidate>>);

fn verify_candidates<C: DeserializeOwned + 'static>(algorithm: Algorithm) -> Vec<Candidate> {
    let key = SigningKey::generate(algorithm).unwrap();
    let token = jwt::mint(&key, Typ::AccessToken, &claims()).unwrap();
    let (signing_input, signature) = token.rsplit_once('.').unwrap();
    let (message, signature) = (signing_input.to_owned(), base64url::decode(signature).unwrap());
    let jwk = serde_json::to_value(key.public_jwk()).unwrap();
    let member = |name: &str| jwk[name].as_str().unwrap().to_owned();
    let bytes = |name: &str| base64url::decode(member(name)).unwrap();

    let raw: Box<dyn Fn()> = match algorithm {
        Algorithm::EdDSA => {
            let key = ed25519_dalek::VerifyingKey::try_from(bytes("x").as_slice()).unwrap();
            let signature = ed25519_dalek::Signature::from_slice(&signature).unwrap();
            Box::new(move || key.verify(black_box(message.as_bytes()), &signature).unwrap())
        }
        Algorithm::Es256 => {
            let point = [vec![4], bytes("x"), bytes("y")].concat();
            let key = primitive::ParsedPublicKey::new(&primitive::ECDSA_P256_SHA256_FIXED, point).unwrap();
            Box::new(move || key.verify_sig(black_box(message.as_bytes()), &signature).unwrap())
        }
        _ => {
            let components = primitive::RsaPublicKeyComponents { n: bytes("n"), e: bytes("e") };
            let key = components.to_parsed_public_key(&primitive::RSA_PKCS1_2048_8192_SHA256).unwrap();
            Box::new(move || key.verify_sig(black_box(message.as_bytes()), &signature).unwrap())
        }
    };

    let peer_key = match algorithm {
        Algorithm::EdDSA => jsonwebtoken::DecodingKey::from_ed_components(&member("x")),
        Algorithm::Es256 => jsonwebtoken::DecodingKey::from_ec_components(&member("x"), &member("y")),
        _ => jsonwebtoken::DecodingKey::from_rsa_components(&member("n"), &member("e")),
    }
    .unwrap();
    let validation = peer_validation(peer_algorithm(algorithm));
    let peer_token = token.clone();

    let verifying_key = key.verifying_key();
    let expect = Expect::new(Typ::AccessToken, ExpectedIssuer::Exactly(ISSUER), ExpectedAudience::AnyOf(&[AUDIENCE]));
    vec![
        ("raw", raw),
        (
            "countersign",
            Box::new(move || {
                let verified = Unverified::parse(black_box(&token)).unwrap();
                black_box(verified.verify::<C>(&verifying_key, &expect, NOW).unwrap());
            }),
        ),
        (
            "jsonwebtoken",
            Box::new(move || {
                black_box(jsonwebtoken::decode::<C>(black_box(&peer_token), &peer_key, &validation).unwrap());
            }),
        ),
    ]
}

fn mint_candidates(algorithm: Algorithm) -> Vec<Candidate> {
    let key = SigningKey::generate(algorithm).unwrap();
    let der = key.to_pkcs8_der().unwrap();
    let token = jwt::mint(&key, Typ::AccessToken, &claims()).unwrap();
    let message = token.rsplit_once('.').unwrap().0.to_owned();
    let random = SystemRandom::new();

    let raw: Box<dyn Fn()> = match algorithm {
        Algorithm::EdDSA => {
            let key = primitive::Ed25519KeyPair::from_pkcs8(&der).unwrap();
            Box::new(move || {
                black_box(key.sign(black_box(message.as_bytes())));
            })
        }
        Algorithm::Es256 => {
            let key = primitive::EcdsaKeyPair::from_pkcs8(&primitive::ECDSA_P256_SHA256_FIXED_SIGNING, &der).unwrap();
            Box::new(move || {
                black_box(key.sign(&random, black_box(message.as_bytes())).unwrap());
            })
        }
        _ => {
            let key = primitive::RsaKeyPair::from_pkcs8(&der).unwrap();
            Box::new(move || {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(&primitive::RSA_PKCS1_SHA256, &random, black_box(message.as_bytes()), &mut signature).unwrap();
                black_box(signature);
            })
        }
    };

    let pem = format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", lines(&STANDARD.encode(&*der)));
    let peer_key = match algorithm {
        Algorithm::EdDSA => jsonwebtoken::EncodingKey::from_ed_pem(pem.as_bytes()),
        Algorithm::Es256 => jsonwebtoken::EncodingKey::from_ec_pem(pem.as_bytes()),
        _ => jsonwebtoken::EncodingKey::from_rsa_pem(pem.as_bytes()),
    }
    .unwrap();
    let mut header = jsonwebtoken::Header::new(peer_algorithm(algorithm));
    header.typ = Some("at+jwt".into());
    header.kid = Some(key.kid().to_owned());
    let (claims, peer_claims) = (claims(), claims());
    vec![
        ("raw", raw),
        (
            "countersign",
            Box::new(move || drop(black_box(jwt::mint(&key, Typ::AccessToken, black_box(&claims)).unwrap()))),
        ),
        (
            "jsonwebtoken",
            Box::new(move || {
                drop(black_box(jsonwebtoken::encode(&header, black_box(&peer_claims), &peer_key).unwrap()));
            }),
        ),
    ]
}

/// The kid of the shared secret, as long as the thumbprints that the other keys are named by.
const SECRET_KID: &str = "2026-11-22T10:00:00Z/orders/0123456789abcde";
const SECRET: [u8; 32] = [7; 32];

fn secret() -> HmacKey {
    HmacKey::new(HmacAlgorithm::Hs256, &SECRET).unwrap().with_kid(SECRET_KID)
}

fn verify_mac_candidates<C: DeserializeOwned + 'static>() -> Vec<Candidate> {
    let key = secret();
    let token = jwt::hmac::mint(&key, Typ::AccessToken, &claims()).unwrap();
    let (message, tag) = token.rsplit_once('.').unwrap();
    let (message, tag) = (message.to_owned(), base64url::decode(tag).unwrap());
    let raw_key = mac::Key::new(mac::HMAC_SHA256, &SECRET);
    let peer_key = jsonwebtoken::DecodingKey::from_secret(&SECRET);
    let validation = peer_validation(jsonwebtoken::Algorithm::HS256);
    let peer_token = token.clone();
    let expect = Expect::new(Typ::AccessToken, ExpectedIssuer::Exactly(ISSUER), ExpectedAudience::AnyOf(&[AUDIENCE]));
    vec![
        ("raw", Box::new(move || mac::verify(&raw_key, black_box(message.as_bytes()), &tag).unwrap())),
        (
            "countersign",
            Box::new(move || {
                let verified = jwt::hmac::Unverified::parse(black_box(&token)).unwrap();
                black_box(verified.verify::<C>(&key, &expect, NOW).unwrap());
            }),
        ),
        (
            "jsonwebtoken",
            Box::new(move || {
                black_box(jsonwebtoken::decode::<C>(black_box(&peer_token), &peer_key, &validation).unwrap());
            }),
        ),
    ]
}

fn mint_mac_candidates() -> Vec<Candidate> {
    let key = secret();
    let message = jwt::hmac::mint(&key, Typ::AccessToken, &claims()).unwrap().rsplit_once('.').unwrap().0.to_owned();
    let raw_key = mac::Key::new(mac::HMAC_SHA256, &SECRET);
    let peer_key = jsonwebtoken::EncodingKey::from_secret(&SECRET);
    let mut header = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::HS256);
    header.typ = Some("at+jwt".into());
    header.kid = Some(SECRET_KID.into());
    let (claims, peer_claims) = (claims(), claims());
    vec![
        (
            "raw",
            Box::new(move || {
                black_box(mac::sign(&raw_key, black_box(message.as_bytes())));
            }),
        ),
        (
            "countersign",
            Box::new(move || drop(black_box(jwt::hmac::mint(&key, Typ::AccessToken, black_box(&claims)).unwrap()))),
        ),
        (
            "jsonwebtoken",
            Box::new(move || {
                drop(black_box(jsonwebtoken::encode(&header, black_box(&peer_claims), &peer_key).unwrap()));
            }),
        ),
    ]
}

/// What full verification adds to the primitive, part by part.
fn parts() -> Vec<Candidate> {
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    let token = jwt::mint(&key, Typ::AccessToken, &claims()).unwrap();
    let payload = serde_json::to_vec(&claims()).unwrap();
    let encoded = base64url::encode(&payload);
    let (again, token_again, claims) = (payload.clone(), token.clone(), claims());
    vec![
        ("decode the payload", Box::new(move || drop(black_box(base64url::decode(black_box(&encoded)).unwrap())))),
        ("take the JWS apart", Box::new(move || drop(black_box(Compact::parse(black_box(&token)).unwrap())))),
        (
            "check the claims text",
            Box::new(move || {
                black_box(json::check(black_box(&payload)).unwrap());
            }),
        ),
        ("parse the token", Box::new(move || drop(black_box(Unverified::parse(black_box(&token_again)).unwrap())))),
        (
            "read the claims",
            Box::new(move || {
                drop(black_box(serde_json::from_slice::<Claims>(black_box(&again)).unwrap()));
            }),
        ),
        ("write the claims", Box::new(move || drop(black_box(serde_json::to_vec(black_box(&claims)).unwrap())))),
    ]
}

fn peer_validation(algorithm: jsonwebtoken::Algorithm) -> jsonwebtoken::Validation {
    let mut validation = jsonwebtoken::Validation::new(algorithm);
    validation.set_issuer(&[ISSUER]);
    validation.set_audience(&[AUDIENCE]);
    // The peer has a clock of its own.
    validation.validate_exp = false;
    validation
}

fn peer_algorithm(algorithm: Algorithm) -> jsonwebtoken::Algorithm {
    match algorithm {
        Algorithm::EdDSA => jsonwebtoken::Algorithm::EdDSA,
        Algorithm::Es256 => jsonwebtoken::Algorithm::ES256,
        _ => jsonwebtoken::Algorithm::RS256,
    }
}

fn lines(text: &str) -> String {
    text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect::<Vec<_>>().join("\n")
}

/// Microseconds of one call of each candidate, over many short rounds in which they alternate. What is taken is the first
/// of twenty parts: a busy machine interrupts most rounds, and lengthens every one that it interrupts.
fn alternate(candidates: &[Candidate]) -> Vec<f64> {
    const ROUNDS: usize = 2_000;
    let batches: Vec<u32> = candidates
        .iter()
        .map(|(_, run)| {
            let start = Instant::now();
            (0..20).for_each(|_| run());
            (Duration::from_micros(60).as_nanos() * 20 / start.elapsed().as_nanos().max(1)).clamp(1, 400) as u32
        })
        .collect();
    let mut times = vec![Vec::with_capacity(ROUNDS); candidates.len()];
    for _ in 0..ROUNDS {
        for (index, (_, run)) in candidates.iter().enumerate() {
            let start = Instant::now();
            (0..batches[index]).for_each(|_| run());
            times[index].push(start.elapsed().as_secs_f64() * 1e6 / f64::from(batches[index]));
        }
    }
    let undisturbed = |mut times: Vec<f64>| {
        times.sort_by(f64::total_cmp);
        times[times.len() / 20]
    };
    times.into_iter().map(undisturbed).collect()
}

fn print_ratios() {
    println!("payload: {} bytes", serde_json::to_vec(&claims()).unwrap().len());
    println!("{HEADINGS}");
    for (job, candidates) in jobs() {
        let times = alternate(&candidates());
        let (raw, ours, peer) = (times[0], times[1], times[2]);
        let (over, to_raw, to_peer) = (ours - raw, ours / raw, ours / peer);
        println!("{job:<26} {raw:>9.2} {ours:>12.2} {peer:>13.2} {over:>9.2} {to_raw:>7.3} {to_peer:>7.3}");
    }
    let parts = parts();
    for ((name, _), time) in parts.iter().zip(alternate(&parts)) {
        println!("{name:<26} {time:>9.3}");
    }
}

const HEADINGS: &str = "µs                               raw  countersign  jsonwebtoken  over raw    /raw   /peer";

/// Verification into a type with every claim, verification into what a resource server reads, and minting, with one
/// algorithm of each kind of key.
fn jobs() -> Vec<Job> {
    let works: [Work; 3] = [
        ("verify, all claims,", verify_candidates::<Claims>, verify_mac_candidates::<Claims>),
        ("verify, two claims,", verify_candidates::<Two>, verify_mac_candidates::<Two>),
        ("mint", mint_candidates, mint_mac_candidates),
    ];
    let mut jobs: Vec<Job> = Vec::new();
    for (work, signature, mac) in works {
        for algorithm in [Algorithm::EdDSA, Algorithm::Es256, Algorithm::Rs256] {
            jobs.push((format!("{work} {algorithm}"), Box::new(move || signature(algorithm))));
        }
        jobs.push((format!("{work} HS256"), Box::new(mac)));
    }
    jobs
}

fn main() {
    if !std::env::args().any(|argument| argument == "--ratios") {
        let mut criterion = Criterion::default()
            .warm_up_time(Duration::from_millis(500))
            .measurement_time(Duration::from_secs(2))
            .configure_from_args();
        for (job, candidates) in jobs() {
            let mut group = criterion.benchmark_group(job);
            for (name, run) in candidates() {
                group.bench_function(name, |bencher| bencher.iter(&run));
            }
            group.finish();
        }
        criterion.final_summary();
    }
    print_ratios();
}
