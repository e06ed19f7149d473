//! Randomness, as an argument: a decision never reaches for it by itself.

use std::sync::Mutex;
use std::sync::PoisonError;

use aws_lc_rs::rand::{SecureRandom, SystemRandom as Native};
use sha2::{Digest, Sha256};

/// The port that gives random bytes.
///
/// # Security
/// Codes, tokens, session identifiers and record versions come from it. A predictable source lets an attacker name
/// them. Implementations must be cryptographically secure and must not return short or repeated output.
pub trait Random: Send + Sync {
    /// Fills `bytes` completely.
    fn fill(&self, bytes: &mut [u8]);
}

/// An array of `N` random bytes.
pub fn bytes<const N: usize>(random: &dyn Random) -> [u8; N] {
    let mut bytes = [0; N];
    random.fill(&mut bytes);
    bytes
}

/// The operating system's generator, through the native cryptography library.
#[derive(Debug)]
pub struct SystemRandom(Native);

impl Default for SystemRandom {
    fn default() -> Self {
        SystemRandom(Native::new())
    }
}

impl Random for SystemRandom {
    #[expect(
        clippy::expect_used,
        reason = "the generator is seeded at start-up and cannot fail afterwards; to go on without would be worse than to stop"
    )]
    fn fill(&self, bytes: &mut [u8]) {
        self.0.fill(bytes).expect("the system's random generator answers");
    }
}

/// A reproducible sequence, for tests only: SHA-256 over a seed and a counter.
#[derive(Debug)]
pub struct SeededRandom {
    seed: u64,
    counter: Mutex<u64>,
}

impl SeededRandom {
    /// The sequence that belongs to `seed`.
    pub fn new(seed: u64) -> Self {
        SeededRandom { seed, counter: Mutex::new(0) }
    }
}

impl Random for SeededRandom {
    fn fill(&self, bytes: &mut [u8]) {
        let mut counter = self.counter.lock().unwrap_or_else(PoisonError::into_inner);
        for chunk in bytes.chunks_mut(32) {
            *counter += 1;
            let block =
                Sha256::new().chain_update(self.seed.to_be_bytes()).chain_update(counter.to_be_bytes()).finalize();
            chunk.iter_mut().zip(block).for_each(|(to, from)| *to = from);
        }
    }
}
