//! One job, so many times, for a tool that counts instructions:
//! `valgrind --tool=callgrind target/release/examples/instructions two 100`, and again with 200; the difference is 100 jobs.
//!
//! Jobs: `raw` (the signature primitive), `two` and `all` (full verification into two and into all claims), `parse` (no
//! cryptography), `mint`. All with Ed25519, which does the same steps every time.
#![allow(clippy::unwrap_used, reason = "a measurement that cannot be set up has nothing to say")]

use std::hint::black_box;

use countersign_jose::jwt::{self, Expect, ExpectedAudience, ExpectedIssuer, Typ, Unverified};
use countersign_jose::{Algorithm, SigningKey, base64url};
use serde::{Deserialize, Serialize};

const NOW: i64 = 1_700_000_000;
const ISSUER: &str = "https://login.example.com/tenant/7d2f1b9e";
const AUDIENCE: &str = "https://api.example.com/v1/orders";

#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: String,
    exp: i64,
    iat: i64,
    jti: String,
    client_id: String,
    scope: String,
    auth_time: i64,
    acr: String,
    amr: Vec<String>,
    sid: String,
    groups: Vec<String>,
    act: Actor,
}

#[derive(Serialize, Deserialize)]
struct Actor {
    sub: String,
}

#[derive(Deserialize)]
#[allow(dead_code, reason = "reading them is the job")]
struct Two {
    client_id: String,
    scope: String,
}

fn claims() -> Claims {
    Claims {
        iss: ISSUER.into(),
        sub: "248289761001".into(),
        aud: AUDIENCE.into(),
        exp: NOW + 300,
        iat: NOW,
        jti: "f81d4fae-7dec-11d0-a765-00a0c91e6bf6".into(),
        client_id: "s6BhdRkqt3gX1fWZK9yNqv".into(),
        scope: "openid profile email orders:read orders:write invoices:read".into(),
        auth_time: NOW - 120,
        acr: "urn:mace:incommon:iap:silver".into(),
        amr: vec!["pwd".into(), "otp".into()],
        sid: "08a5019c-17e1-4977-8f42-65a12843ea02".into(),
        groups: vec!["accounting".into(), "warehouse-north".into(), "approvers-level-2".into()],
        act: Actor { sub: "agent:2f9f8a1c-64d5-4b0c-9c53-1d7a0b6a3c11".into() },
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let times: usize = arguments[2].parse().unwrap();
    // RFC 8037 appendix A.1.
    let seed = base64url::decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A").unwrap();
    let prefix = [0x30, 0x2E, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];
    let key = SigningKey::from_pkcs8_der(Algorithm::EdDSA, &[prefix.as_slice(), &seed].concat()).unwrap();
    let claims = claims();
    let token = jwt::mint(&key, Typ::AccessToken, &claims).unwrap();
    let (message, signature) = token.rsplit_once('.').unwrap();
    let signature = base64url::decode(signature).unwrap();
    let verifying = key.verifying_key();
    let expect = Expect::new(Typ::AccessToken, ExpectedIssuer::Exactly(ISSUER), ExpectedAudience::AnyOf(&[AUDIENCE]));
    for _ in 0..times {
        let token = black_box(token.as_str());
        match arguments[1].as_str() {
            "raw" => verifying.verify(black_box(message.as_bytes()), &signature).unwrap(),
            "two" => {
                drop(black_box(Unverified::parse(token).unwrap().verify::<Two>(&verifying, &expect, NOW).unwrap()));
            }
            "all" => {
                drop(black_box(Unverified::parse(token).unwrap().verify::<Claims>(&verifying, &expect, NOW).unwrap()));
            }
            "parse" => drop(black_box(Unverified::parse(token).unwrap())),
            _ => drop(black_box(jwt::mint(&key, Typ::AccessToken, black_box(&claims)).unwrap())),
        }
    }
}
