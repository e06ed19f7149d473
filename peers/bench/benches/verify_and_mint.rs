//! Full verification and minting of a token with a payload of 600 bytes, as ratios in one run: we against the raw primitive
//! of our back end, and against other implementations.
//!
//! The candidates alternate in many short rounds, so that a machine that slows down slows all of them down; the lower
//! quartile of each counts. `jsonwebtoken` has one provider a process: its other one is measured in a second process that
//! takes its turn.
//!
//! `cargo bench --manifest-path peers/Cargo.toml -- --ratios`
#![allow(missing_docs)]

use std::cell::RefCell;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::rc::Rc;
use std::time::{Duration, Instant};

use ::jsonwebtoken::crypto::{aws_lc, rust_crypto};
use countersign_peers::keys::Alg;

mod jobs;

use jobs::{MEASURED, Who, Work, job};

const ROUNDS: usize = 300;
const ROUND: Duration = Duration::from_micros(300);

fn main() {
    if std::env::args().any(|argument| argument == "--second-process") {
        let _ = rust_crypto::DEFAULT_PROVIDER.install_default();
        return serve();
    }
    let _ = aws_lc::DEFAULT_PROVIDER.install_default();
    let other = Rc::new(RefCell::new(Other::start()));
    println!(
        "{:<14} {:>9} {:>11} {:>12} {:>12} {:>9} {:>10}   {:>8} {:>6}  {:>6} {:>9}  {:>6} {:>6} {:>6}",
        "µs",
        "raw",
        "countersign",
        "jsonwebtoken",
        "rust_crypto",
        "josekit",
        "jwt-simple",
        "over raw",
        "aim",
        "/jwt",
        "aim",
        "/rust",
        "/josek",
        "/simple"
    );
    for work in [Work::Verify, Work::Mint] {
        for alg in MEASURED {
            let here = |who| Candidate::Here(job(who, work, alg));
            let candidates = [
                here(Who::Raw),
                here(Who::Countersign),
                here(Who::Jsonwebtoken),
                Candidate::There(Rc::clone(&other), format!("{work:?} {}", alg.name())),
                here(Who::Josekit),
                here(Who::JwtSimple),
            ];
            let [raw, ours, aws, rust, josekit, simple] = alternate(&candidates);
            let (over, to_aws) = aims(work, alg);
            let row = format!("{work:?} {}", alg.name()).to_lowercase();
            println!(
                "{row:<14} {raw:>9.2} {ours:>11.2} {aws:>12.2} {rust:>12.2} {josekit:>9.2} {simple:>10.2}   {:>8.2} {over:>6}  {:>6.2} {to_aws:>9}  {:>6.2} {:>6.2} {:>6.2}",
                ours - raw,
                ours / aws,
                ours / rust,
                ours / josekit,
                ours / simple
            );
        }
    }
}

/// At most so much over the raw primitive, and so much of `jsonwebtoken` on aws-lc-rs.
fn aims(work: Work, alg: Alg) -> (&'static str, &'static str) {
    match (work, alg) {
        (Work::Verify, Alg::EdDsa) if cfg!(curve25519_dalek_backend = "avx512") => ("1.6", "0.70"),
        (Work::Verify, Alg::EdDsa | Alg::Es256) => ("1.6", "0.95"),
        (Work::Verify, Alg::Rs256) => ("1.6", "0.78"),
        (Work::Verify, _) => ("1.6", "0.40"),
        (Work::Mint, Alg::EdDsa) => ("", "0.65"),
        (Work::Mint, Alg::Es256) => ("", "0.70"),
        (Work::Mint, Alg::Rs256) => ("", "0.40"),
        (Work::Mint, _) => ("", "0.80"),
    }
}

enum Candidate {
    Here(Box<dyn Fn()>),
    There(Rc<RefCell<Other>>, String),
}

impl Candidate {
    /// Does the work so often, and says how long that took.
    fn run(&self, times: u32) -> Duration {
        match self {
            Candidate::Here(job) => time(job, times),
            Candidate::There(other, what) => other.borrow_mut().run(what, times),
        }
    }
}

fn time(job: &dyn Fn(), times: u32) -> Duration {
    let start = Instant::now();
    (0..times).for_each(|_| job());
    start.elapsed()
}

/// Microseconds of one call of each candidate.
fn alternate<const N: usize>(candidates: &[Candidate; N]) -> [f64; N] {
    let batches = candidates.each_ref().map(|candidate| {
        candidate.run(3);
        let once = candidate.run(20).as_nanos() / 20;
        u32::try_from(ROUND.as_nanos() / once.max(1)).unwrap_or(1).clamp(1, 2_000)
    });
    let mut times = [const { Vec::new() }; N];
    for _ in 0..ROUNDS {
        for ((candidate, batch), times) in candidates.iter().zip(batches).zip(&mut times) {
            times.push(candidate.run(batch).as_secs_f64() * 1e6 / f64::from(batch));
        }
    }
    times.map(|mut times| {
        times.sort_by(f64::total_cmp);
        times[times.len() / 4]
    })
}

/// The second process: a line with what to do and how often, a line with the nanoseconds that it took.
struct Other {
    child: Child,
    to: Option<ChildStdin>,
    from: BufReader<ChildStdout>,
}

impl Other {
    fn start() -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        let mut child = command.arg("--second-process").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (to, from) = (child.stdin.take(), BufReader::new(child.stdout.take().unwrap()));
        Other { child, to, from }
    }

    fn run(&mut self, what: &str, times: u32) -> Duration {
        writeln!(self.to.as_ref().unwrap(), "{what} {times}").unwrap();
        let mut line = String::new();
        self.from.read_line(&mut line).unwrap();
        Duration::from_nanos(line.trim().parse().unwrap())
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        self.to = None;
        let _ = self.child.wait();
    }
}

fn serve() {
    let mut ready: Vec<(String, Box<dyn Fn()>)> = Vec::new();
    for line in std::io::stdin().lines() {
        let line = line.unwrap();
        let (what, times) = line.rsplit_once(' ').unwrap();
        if !ready.iter().any(|(name, _)| name == what) {
            let (work, alg) = what.split_once(' ').unwrap();
            let work = if work == "Verify" { Work::Verify } else { Work::Mint };
            let alg = MEASURED.into_iter().find(|each| each.name() == alg).unwrap();
            ready.push((what.to_owned(), job(Who::Jsonwebtoken, work, alg)));
        }
        let (_, job) = ready.iter().find(|(name, _)| name == what).unwrap();
        println!("{}", time(job, times.parse().unwrap()).as_nanos());
    }
}
