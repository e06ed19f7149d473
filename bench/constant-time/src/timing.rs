//! The statistical test: two kinds of wrong input, in random order, and Welch's t between how long they take.

use std::hint::black_box;
use std::time::Instant;

use crate::subject::{self, Must, Subject};

/// Per comparison.
pub(crate) const SAMPLES: usize = 1_000_000;
/// What the paper calls strong evidence of a leak lies above.
const LIMIT: f64 = 4.5;
/// Measurements above these shares of all are dropped in turn: what the machine does beside has a long tail.
const SHARES: [f64; 5] = [0.5, 0.75, 0.9, 0.99, 1.0];

/// A leak is there in every round; what else happens on the machine is not.
const ROUNDS: usize = 3;

/// What the second kind of input is; the first is wrong in its first byte alone.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Against {
    WrongInTheLastByte,
    WrongEverywhere,
}

pub(crate) fn check(samples: usize) -> bool {
    let mut passed = true;
    for (name, must) in subject::NAMES {
        for (against, what) in [
            (Against::WrongInTheLastByte, "first byte, last byte"),
            (Against::WrongEverywhere, "first byte, every byte"),
        ] {
            // What stops at the first byte does so in both.
            if must == Must::Leak && against == Against::WrongEverywhere {
                continue;
            }
            let Some(mut subject) = subject::named(name) else { return false };
            let mut rounds = (1..=ROUNDS).map(|round| worst_t(&mut *subject, against, samples, round));
            let least = match must {
                Must::BeConstant => {
                    rounds.try_fold(f64::MAX, |least, t| if t < LIMIT { Err(t) } else { Ok(least.min(t)) })
                }
                Must::Leak => Ok(rounds.fold(f64::MAX, f64::min)),
            };
            let least = least.unwrap_or_else(|t| t);
            let fine = (least < LIMIT) == (must == Must::BeConstant);
            println!("{name:13} {what:22} |t| = {least:8.2}  {}", if fine { "ok" } else { "FAILED" });
            passed &= fine;
        }
    }
    passed
}

/// The largest |t| over the shares.
fn worst_t(subject: &mut dyn Subject, against: Against, samples: usize, round: usize) -> f64 {
    let mut random = Random(0x9E37_79B9_7F4A_7C15 ^ round as u64);
    let mut measured: Vec<(bool, u32)> = Vec::with_capacity(samples);
    let last = subject.length().saturating_sub(1);
    for _ in 0..samples {
        let second = random.next() & 1 == 1;
        let changed = match (second, against) {
            (false, _) => 0..=0,
            (true, Against::WrongInTheLastByte) => last..=last,
            (true, Against::WrongEverywhere) => 0..=last,
        };
        // Drawn for both kinds, so that what is done before measuring is the same. One bit is always changed.
        let mut mask = random.bytes();
        mask.iter_mut()
            .enumerate()
            .for_each(|(place, byte)| *byte = if changed.contains(&place) { *byte | 1 } else { 0 });
        subject.present(&mask);
        let started = Instant::now();
        let accepted = black_box(&*subject).accepts();
        let took = started.elapsed();
        assert!(!black_box(accepted), "it is wrong");
        measured.push((second, u32::try_from(took.as_nanos()).unwrap_or(u32::MAX)));
    }
    // What comes first warms caches and predictors.
    let measured = measured.get(samples / 100..).unwrap_or_default();
    let mut sorted: Vec<u32> = measured.iter().map(|(_, took)| *took).collect();
    sorted.sort_unstable();
    let at = |share: f64| sorted.get(((sorted.len() as f64 * share) as usize).min(sorted.len().saturating_sub(1)));
    let limits = SHARES.iter().filter_map(|share| at(*share));
    limits.map(|limit| welch(measured.iter().filter(|(_, took)| took <= limit))).fold(0.0, f64::max)
}

/// |t| between the two kinds.
fn welch<'a>(measured: impl Iterator<Item = &'a (bool, u32)>) -> f64 {
    let mut kinds = [Moments::default(); 2];
    for (second, took) in measured {
        let [first_kind, second_kind] = &mut kinds;
        (if *second { second_kind } else { first_kind }).add(f64::from(*took));
    }
    let [first, second] = kinds;
    let error = (first.variance() / first.count + second.variance() / second.count).sqrt();
    if error > 0.0 { ((first.mean - second.mean) / error).abs() } else { 0.0 }
}

/// Mean and variance in one pass, after Welford.
#[derive(Clone, Copy, Default)]
struct Moments {
    count: f64,
    mean: f64,
    squares: f64,
}

impl Moments {
    fn add(&mut self, value: f64) {
        self.count += 1.0;
        let off = value - self.mean;
        self.mean += off / self.count;
        self.squares += off * (value - self.mean);
    }

    fn variance(&self) -> f64 {
        self.squares / (self.count - 1.0)
    }
}

/// xorshift64: the same order in every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn bytes(&mut self) -> [u8; 64] {
        let mut bytes = [0; 64];
        for eight in bytes.as_chunks_mut::<8>().0 {
            *eight = self.next().to_le_bytes();
        }
        bytes
    }
}
