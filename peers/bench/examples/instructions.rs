//! One job, so many times, for a tool that counts instructions: `instructions WHO WORK ALG TIMES`. `peers/instructions` runs
//! it for all and prints a table.
#![allow(missing_docs)]

use ::jsonwebtoken::crypto::{aws_lc, rust_crypto};

#[path = "../benches/jobs/mod.rs"]
mod jobs;

use jobs::{MEASURED, Who, Work, job};

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, who, work, alg, times] = arguments.as_slice() else { panic!("WHO WORK ALG TIMES") };
    let who = match who.as_str() {
        "raw" => Who::Raw,
        "countersign" => Who::Countersign,
        "josekit" => Who::Josekit,
        "jwt-simple" => Who::JwtSimple,
        "jsonwebtoken" => {
            let _ = aws_lc::DEFAULT_PROVIDER.install_default();
            Who::Jsonwebtoken
        }
        "jsonwebtoken-rust_crypto" => {
            let _ = rust_crypto::DEFAULT_PROVIDER.install_default();
            Who::Jsonwebtoken
        }
        _ => panic!("nobody of this name"),
    };
    let work = if work == "verify" { Work::Verify } else { Work::Mint };
    let alg = MEASURED.into_iter().find(|each| each.name() == alg).unwrap();
    let job = job(who, work, alg);
    (0..times.parse::<usize>().unwrap()).for_each(|_| job());
}
