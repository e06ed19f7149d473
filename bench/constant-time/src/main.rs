//! Whether comparing tags and secrets takes as long wherever they differ.
//!
//! `countersign-constant-time instructions` counts instructions under valgrind and wants the same number wherever the wrong
//! byte stands. `countersign-constant-time time` (in release, on a quiet machine) is the statistical test of
//! [Reparaz, Balasch and Verbauwhede]: Welch's t between two kinds of wrong input stays under 4.5 over a million samples.
//! Both also look at a comparison that stops at the first difference, and fail if they do not see it.
//!
//! Password hashes and `code_challenge`s are compared by the same primitive (`subtle`), after a hash that cannot be steered.
//!
//! [Reparaz, Balasch and Verbauwhede]: https://eprint.iacr.org/2016/1123
#![forbid(unsafe_code)]

mod instructions;
mod subject;
mod timing;

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let passed = match arguments.as_slice() {
        ["time"] => timing::check(timing::SAMPLES),
        ["time", samples] => samples.parse().is_ok_and(timing::check),
        ["instructions"] => instructions::check(),
        ["observe", subject, place] => instructions::observe(subject, place),
        _ => {
            eprintln!("usage: countersign-constant-time time [SAMPLES] | instructions");
            false
        }
    };
    if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
