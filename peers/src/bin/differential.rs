//! Puts generated tokens before our verifier and before others, and fails on any difference that has no reason.
//!
//! `differential [--tokens N] [--seed N]`: 100 000 tokens unless told otherwise, and a seed from the clock, which is printed.
//! Memory does not grow with their number.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use countersign_peers::difference::{ACCEPTED, DIFFERENCES};
use countersign_peers::opinion::{self, Countersign, Jose, Josekit, Jsonwebtoken, Peer, Verdict};
use countersign_peers::token::Case;
use fastrand::Rng;

/// So many tokens are judged by one process while they are judged by the other.
const BATCH: usize = 500;

/// So many findings of one kind are shown with their tokens.
const SHOWN: usize = 3;

fn main() -> ExitCode {
    let tokens = argument("--tokens").unwrap_or(100_000);
    let seed = argument("--seed").unwrap_or_else(|| since_epoch().as_nanos() as u64);
    println!("{tokens} tokens, seed {seed}");
    opinion::hide_panics_of_peers();
    let mut run = match Run::start(seed) {
        Ok(run) => run,
        Err(error) => {
            eprintln!("npm jose does not answer: {error}. Is there node, and did `npm ci --prefix tests` run?");
            return ExitCode::FAILURE;
        }
    };
    let mut left = tokens;
    while left > 0 {
        let size = left.min(BATCH as u64) as usize;
        left -= size as u64;
        if let Err(error) = run.batch(size) {
            eprintln!("npm jose is gone: {error}");
            return ExitCode::FAILURE;
        }
    }
    run.report(tokens)
}

/// The verdicts so far.
struct Run {
    rng: Rng,
    countersign: Countersign,
    josekit: Josekit,
    jsonwebtoken: Jsonwebtoken,
    jose: Jose,
    classes: BTreeMap<String, Tally>,
    /// How often each row of the table was the reason.
    reasons: Vec<u64>,
    findings: BTreeMap<String, Vec<String>>,
    found: u64,
    faults: BTreeMap<String, u64>,
}

#[derive(Default)]
struct Tally {
    tokens: u64,
    ours: u64,
    theirs: [u64; 3],
}

impl Run {
    fn start(seed: u64) -> Result<Self, std::io::Error> {
        Ok(Run {
            rng: Rng::with_seed(seed),
            countersign: Countersign::default(),
            josekit: Josekit::default(),
            jsonwebtoken: Jsonwebtoken::default(),
            jose: Jose::start()?,
            classes: BTreeMap::new(),
            reasons: vec![0; DIFFERENCES.len()],
            findings: BTreeMap::new(),
            found: 0,
            faults: BTreeMap::new(),
        })
    }

    fn batch(&mut self, size: usize) -> Result<(), std::io::Error> {
        let now = since_epoch().as_secs() as i64;
        let cases: Vec<Case> = (0..size).map(|_| Case::generate(&mut self.rng, now)).collect();
        self.jose.ask(&cases)?;
        let judged: Vec<_> = cases
            .iter()
            .map(|case| (self.countersign.judge(case), self.josekit.judge(case), self.jsonwebtoken.judge(case)))
            .collect();
        let of_jose = self.jose.collect()?;
        assert_eq!(of_jose.len(), cases.len(), "npm jose judged other tokens than it was asked about");
        for ((case, (ours, josekit, jsonwebtoken)), jose) in cases.iter().zip(judged).zip(of_jose) {
            self.compare(case, &ours, [&jose, &josekit, &jsonwebtoken]);
        }
        Ok(())
    }

    /// `theirs` in the order of [`Peer::ALL`].
    fn compare(&mut self, case: &Case, ours: &Verdict, theirs: [&Verdict; 3]) {
        if case.mutations.len() < 2 {
            let tally = self.classes.entry(case.class()).or_default();
            tally.tokens += 1;
            tally.ours += u64::from(ours.accepts());
            theirs.iter().zip(&mut tally.theirs).for_each(|(verdict, count)| *count += u64::from(verdict.accepts()));
        }
        let code = match ours {
            Verdict::Refused(code) => Some(code.as_str()),
            _ => None,
        };
        if !case.allows(code) {
            self.find(case, format!("we say {:?}, which is not in the table of mutations", code.unwrap_or(ACCEPTED)));
        }
        let asked: Vec<&Verdict> = theirs.into_iter().filter(|verdict| verdict.was_asked()).collect();
        if ours.accepts() && !asked.iter().any(|verdict| verdict.accepts()) && !asked.is_empty() {
            self.find(case, "we accept, and everybody else refuses".to_owned());
        }
        let refuses = |verdict: &Verdict| verdict.was_asked() && !verdict.accepts();
        if ours.accepts() && refuses(theirs[1]) && refuses(theirs[2]) {
            self.find(case, "we accept, and the two other crates refuse".to_owned());
        }
        for (peer, verdict) in Peer::ALL.into_iter().zip(theirs) {
            self.compare_one(case, ours, code.unwrap_or(ACCEPTED), peer, verdict);
        }
    }

    fn compare_one(&mut self, case: &Case, ours: &Verdict, code: &str, peer: Peer, theirs: &Verdict) {
        if matches!(theirs, Verdict::Fault) {
            *self.faults.entry(format!("{peer} panics: {}", case.class())).or_default() += 1;
        }
        if let (Verdict::Accepted(ours), Verdict::Accepted(theirs)) = (ours, theirs)
            && !ours.agrees(theirs, peer)
        {
            self.find(case, format!("{peer} accepts as we do, and reads something else"));
        }
        if !theirs.was_asked() || ours.accepts() == theirs.accepts() {
            return;
        }
        let explains = |row: usize| case.mutations.iter().any(|each| DIFFERENCES[row].explains(each, code, peer));
        match (0..DIFFERENCES.len()).find(|row| explains(*row)) {
            Some(row) => self.reasons[row] += 1,
            None if ours.accepts() => self.find(case, format!("we accept, {peer} refuses")),
            None => self.find(case, format!("{peer} accepts, we refuse: {code}")),
        }
    }

    fn find(&mut self, case: &Case, what: String) {
        self.found += 1;
        let shown = self.findings.entry(format!("{}: {what}", case.class())).or_default();
        if shown.len() < SHOWN {
            shown.push(format!("{} as {:?} at {}: {}", case.alg.name(), case.profile, case.now, case.token));
        }
    }

    fn report(self, tokens: u64) -> ExitCode {
        println!(
            "\n{:<58} {:>8} {:>12} {:>8} {:>8} {:>13}",
            "accepted", "tokens", "countersign", "jose", "josekit", "jsonwebtoken"
        );
        for (class, tally) in &self.classes {
            let [jose, josekit, jsonwebtoken] = tally.theirs;
            println!("{class:<58} {:>8} {:>12} {jose:>8} {josekit:>8} {jsonwebtoken:>13}", tally.tokens, tally.ours);
        }
        println!("\ndifferences, by reason");
        for (row, count) in DIFFERENCES.iter().zip(&self.reasons) {
            let peers: Vec<String> = row.peers.iter().map(Peer::to_string).collect();
            println!("{count:>8}  {:<18} {:<28} {}", row.ours, peers.join(", "), row.reason);
        }
        for (fault, count) in &self.faults {
            println!("{count:>8}  {fault}");
        }
        for (finding, examples) in &self.findings {
            println!("\nFOUND {finding}");
            examples.iter().for_each(|example| println!("  {example}"));
        }
        // A row that explains nothing hides what it once explained.
        let idle: Vec<&str> = DIFFERENCES
            .iter()
            .zip(&self.reasons)
            .filter(|(_, count)| tokens >= 100_000 && **count == 0)
            .map(|(row, _)| row.reason)
            .collect();
        idle.iter().for_each(|reason| println!("\nNOT SEEN {reason}"));
        println!("\n{} findings", self.found);
        if self.found == 0 && idle.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

fn argument(name: &str) -> Option<u64> {
    let arguments: Vec<String> = std::env::args().collect();
    let place = arguments.iter().position(|argument| argument == name)?;
    arguments.get(place + 1)?.parse().ok()
}

fn since_epoch() -> std::time::Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}
