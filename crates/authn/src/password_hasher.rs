//! Password hashing on threads of its own: [OWASP Password Storage], [RFC 9106].
//!
//! One hash takes some 20 ms of a core and 19 MiB. It must therefore run neither on the threads that answer requests nor
//! on as many threads as there are requests: a flood of sign-ins fills the queue and is told to come back, while everything
//! else goes on. Each thread keeps the memory of one hash, so that all of them together hold that much times their number,
//! however many people sign in.
//!
//! [OWASP Password Storage]: https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html
//! [RFC 9106]: https://www.rfc-editor.org/rfc/rfc9106

use std::future::Future;
use std::thread::available_parallelism;
use std::time::Duration;

use countersign_storage::{Fault, Random, random};

pub use crate::argon2id_cost::Argon2idCost;
use crate::hashing_memory::HashingMemory;
use crate::password::Password;
use crate::password_hash::{PasswordHash, Scheme};
use crate::password_strength::{self, Weakness};
use crate::pool::Pool;

/// Hashes and verifies passwords.
pub struct PasswordHasher {
    pool: Pool<HashingMemory>,
    scheme: Scheme,
    retry_after: Duration,
}

/// How passwords are hashed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PasswordHasherConfig {
    /// What one hash costs.
    pub cost: Argon2idCost,
    /// How many threads hash: by default half of the cores, so that the other half answers everything else. Each of them
    /// keeps the memory of one hash.
    pub threads: usize,
    /// How many hashes may wait: 64 by default, at 20 ms each little more than a second of one thread.
    pub queue: usize,
    /// What to tell those who find the queue full: 2 s by default.
    pub retry_after: Duration,
}

impl Default for PasswordHasherConfig {
    fn default() -> Self {
        let cores = available_parallelism().map_or(1, std::num::NonZero::get);
        PasswordHasherConfig {
            cost: Argon2idCost::FLOOR,
            threads: (cores / 2).max(1),
            queue: 64,
            retry_after: Duration::from_secs(2),
        }
    }
}

/// Why there is no hasher.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HasherConfigError {
    /// A cost lies below the floor, or argon2id does not know it.
    #[error("password hashing {knob}: at least {expected} expected, found {found}")]
    Cost {
        /// Which one.
        knob: &'static str,
        /// The least value.
        expected: u32,
        /// The given value.
        found: u32,
    },
    /// A cost lies above what is spent on one password: a hash made with it would not be verified.
    #[error("password hashing costs too much: at most 1 GiB, 1000 passes, 64 lanes, and memory times passes of 4 GiB")]
    TooCostly,
    /// The system gave no threads.
    #[error("no thread for password hashing: {0}")]
    Threads(#[from] std::io::Error),
}

/// All threads hash and the queue is full: answer 503 with this `Retry-After`. Nothing was hashed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("too many passwords are being hashed")]
pub struct Busy {
    /// When to try again.
    pub retry_after: Duration,
}

/// Why there is no answer.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum HashingError {
    /// Come back later.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// Our fault.
    #[error(transparent)]
    Failed(#[from] Fault),
}

/// What a comparison with a stored hash said.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verification {
    /// It is the password.
    Matches,
    /// It is the password, and the hash was made with another cost than today's: hash it again.
    MatchesOutdated,
    /// It is not.
    Differs,
}

impl PasswordHasher {
    /// Starts the threads.
    ///
    /// # Errors
    /// [`HasherConfigError`], also for a cost below [`Argon2idCost::FLOOR`].
    pub fn new(config: PasswordHasherConfig) -> Result<Self, HasherConfigError> {
        at_least("memory_kib", Argon2idCost::FLOOR.memory_kib, config.cost.memory_kib)?;
        at_least("passes", Argon2idCost::FLOOR.passes, config.cost.passes)?;
        at_least("lanes", Argon2idCost::FLOOR.lanes, config.cost.lanes)?;
        Self::below_the_floor_for_tests_only(config)
    }

    /// Starts the threads, whatever the cost.
    ///
    /// # Errors
    /// [`HasherConfigError`].
    ///
    /// # Security
    /// Passwords hashed below the floor are guessed from a copy of the database within hours. For tests only.
    pub fn below_the_floor_for_tests_only(config: PasswordHasherConfig) -> Result<Self, HasherConfigError> {
        let Argon2idCost { memory_kib, passes, lanes } = config.cost;
        at_least("passes", 1, passes)?;
        at_least("lanes", 1, lanes)?;
        at_least("memory_kib", lanes.saturating_mul(8), memory_kib)?;
        if !config.cost.within_bounds() {
            return Err(HasherConfigError::TooCostly);
        }
        let pool = Pool::new(config.threads, config.queue, move || HashingMemory::new(memory_kib))?;
        Ok(PasswordHasher { pool, scheme: Scheme::Argon2idV19(config.cost), retry_after: config.retry_after })
    }

    /// Hashes a password with a fresh salt: the PHC string to store.
    ///
    /// # Errors
    /// [`HashingError::Busy`] at once, when the queue is full.
    pub fn hash(
        &self,
        password: &Password,
        random: &dyn Random,
    ) -> impl Future<Output = Result<String, HashingError>> + Send + use<> {
        let (password, scheme, salt) = (password.clone(), self.scheme, random::bytes(random));
        let queued =
            self.pool.run(move |memory| PasswordHash::of(&password, salt, scheme, memory).map(|hash| hash.to_phc()));
        let busy = Busy { retry_after: self.retry_after };
        async move { Ok(queued.map_err(|_| busy)?.await.ok_or(PANICKED)??) }
    }

    /// Compares a password with a stored PHC string; with none there is no match, after the same work.
    ///
    /// # Errors
    /// [`HashingError::Busy`] at once, when the queue is full; [`Fault::Corrupt`] where the stored text is no hash;
    /// [`Fault::Crypto`] where it asks for more work than is spent on one.
    pub fn verify(
        &self,
        password: &Password,
        stored: Option<&str>,
    ) -> impl Future<Output = Result<Verification, HashingError>> + Send + use<> {
        let (password, scheme, known) = (password.clone(), self.scheme, stored.is_some());
        let hash = match stored {
            Some(phc) => PasswordHash::parse(phc),
            None => Ok(PasswordHash::decoy(scheme)),
        };
        let queued = hash.map(|hash| {
            self.pool.run(move |memory| {
                let matches = hash.matches(&password, memory)? && known;
                Ok(match (matches, hash.scheme() == scheme) {
                    (true, true) => Verification::Matches,
                    (true, false) => Verification::MatchesOutdated,
                    (false, _) => Verification::Differs,
                })
            })
        });
        let busy = Busy { retry_after: self.retry_after };
        async move { queued?.map_err(|_| busy)?.await.ok_or(PANICKED)?.map_err(HashingError::Failed) }
    }
}

impl PasswordHasher {
    /// Judges how early a chosen password would be guessed. `None`: not before ten to the power of `least` guesses.
    ///
    /// # Errors
    /// [`HashingError::Busy`] at once, when the queue is full.
    pub(crate) fn weakness(
        &self,
        password: &Password,
        personal: [&str; 3],
        least: u8,
    ) -> impl Future<Output = Result<Option<Weakness>, HashingError>> + Send + use<> {
        let (password, personal) = (password.clone(), personal.map(str::to_owned));
        let queued = self.pool.run(move |_| {
            let personal = personal.each_ref().map(String::as_str);
            password_strength::weakness(password.as_str(), &personal, least)
        });
        let busy = Busy { retry_after: self.retry_after };
        async move { Ok(queued.map_err(|_| busy)?.await.ok_or(JUDGE_PANICKED)?) }
    }
}

impl std::fmt::Debug for PasswordHasher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PasswordHasher").field("scheme", &self.scheme).finish_non_exhaustive()
    }
}

fn at_least(knob: &'static str, expected: u32, found: u32) -> Result<(), HasherConfigError> {
    if found < expected { Err(HasherConfigError::Cost { knob, expected, found }) } else { Ok(()) }
}

const JUDGE_PANICKED: Fault = Fault::Internal("judging a password panicked");
const PANICKED: Fault = Fault::Internal("hashing a password panicked");

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::mpsc::{self, Sender};

    use countersign_storage::{
        KeyRing, Limit, ManualClock, MemoryStore, Ports, Secret, SeededRandom, StoreThrottle, StoredAccounts,
        Timestamp, TracingAudit,
    };
    use pollster::block_on;

    use super::*;
    use crate::pool::Outcome;
    use crate::{Authn, AuthnConfig, AuthnPolicy, Context, SignIn, SignInRefusal, SignUp, SignUpRefusal};
    use countersign_storage::Stopped;

    const CHEAP: Argon2idCost = Argon2idCost { memory_kib: 16, passes: 1, lanes: 1 };
    const WAIT: Duration = Duration::from_secs(7);

    fn hasher(threads: usize, queue: usize) -> PasswordHasher {
        let config = PasswordHasherConfig { cost: CHEAP, threads, queue, retry_after: WAIT };
        PasswordHasher::below_the_floor_for_tests_only(config).unwrap()
    }

    /// Every thread blocked and the queue full, until this is dropped.
    struct Blocked {
        gates: Vec<Sender<()>>,
        /// Somebody waits for them: what nobody waits for would be left out.
        _awaited: Vec<Outcome<()>>,
    }

    fn blocked(hasher: &PasswordHasher, threads: usize, queue: usize) -> Blocked {
        let (mut gates, mut awaited) = (Vec::new(), Vec::new());
        for _ in 0..threads {
            let (gate, opened) = mpsc::channel::<()>();
            let (begun, begins) = mpsc::channel();
            let wait = move |_: &mut HashingMemory| {
                begun.send(()).unwrap();
                let _ = opened.recv();
            };
            awaited.push(hasher.pool.run(wait).map_err(|_| ()).unwrap());
            begins.recv().unwrap();
            gates.push(gate);
        }
        awaited.extend((0..queue).map(|_| hasher.pool.run(|_| ()).map_err(|_| ()).unwrap()));
        Blocked { gates, _awaited: awaited }
    }

    fn authn(hasher: &Arc<PasswordHasher>) -> Authn {
        let ports = Ports {
            store: Arc::new(MemoryStore::new()),
            clock: Arc::new(ManualClock::at(Timestamp(1_800_000_000))),
            random: Arc::new(SeededRandom::new(1)),
            audit: Arc::new(TracingAudit),
        };
        Authn::new(AuthnConfig {
            accounts: Arc::new(StoredAccounts::new(ports.clone())),
            throttle: Arc::new(StoreThrottle::new(ports.clone())),
            hasher: Arc::clone(hasher),
            cookie: crate::session_cookie("http://localhost"),
            key_ring: Arc::new(KeyRing::new([(1, Secret::new("Zk3vN8qYw1TfRb6HsXp0MjLd5UeCa9Go"))]).unwrap()),
            policy: AuthnPolicy {
                attempts_per_account: Limit::new(u32::MAX, Duration::from_secs(60)),
                ..AuthnPolicy::default()
            },
            ports,
        })
    }

    fn password() -> Secret {
        Secret::new("violet kettle 7 harbour")
    }

    #[test]
    fn a_flood_of_sign_ins_stalls_no_session_and_is_told_to_come_back() {
        let hasher = Arc::new(hasher(2, 3));
        let authn = authn(&hasher);
        let (nowhere, email) = (Context::default(), "alice@x.test".to_owned());
        let sign_up = |email: &str| SignUp { email: email.into(), name: "A".into(), password: password() };
        let alice = block_on(authn.sign_up(sign_up(&email), &nowhere)).unwrap();

        let blocked = blocked(&hasher, 2, 3);
        let session = block_on(authn.session(&alice.cookie)).unwrap().unwrap();
        assert_eq!(block_on(authn.sessions(&session.subject)).unwrap()[0].session, Some(session));
        // Both come to where a password is compared: an unknown address is no shortcut.
        for email in [email.clone(), "nobody@x.test".to_owned()] {
            let refused = block_on(authn.sign_in(SignIn { email, password: password() }, &nowhere)).unwrap_err();
            assert_eq!(refused, Stopped::Refused(SignInRefusal::Busy { retry_after: WAIT }));
        }
        let refused = block_on(authn.sign_up(sign_up("bob@x.test"), &nowhere)).unwrap_err();
        assert_eq!(refused, Stopped::Refused(SignUpRefusal::Busy { retry_after: WAIT }));
        block_on(authn.sign_out(&alice.cookie)).unwrap();

        drop(blocked.gates);
        let sign_in = loop {
            match block_on(authn.sign_in(SignIn { email: email.clone(), password: password() }, &nowhere)) {
                Err(Stopped::Refused(SignInRefusal::Busy { .. })) => std::thread::yield_now(),
                other => break other,
            }
        };
        assert!(sign_in.is_ok());
    }

    /// A hasher whose cost argon2id refuses tells whether it came to hashing at all, without a stopwatch.
    #[test]
    fn without_a_stored_hash_one_of_today_s_cost_is_computed_all_the_same() {
        let impossible = Scheme::Argon2idV19(Argon2idCost { memory_kib: 0, ..CHEAP });
        let hasher = PasswordHasher { scheme: impossible, ..hasher(1, 8) };
        let password = Password::presented(&password()).unwrap();
        let refused = block_on(hasher.verify(&password, None)).unwrap_err();
        assert!(matches!(refused, HashingError::Failed(Fault::Crypto(_))));
    }

    #[test]
    fn work_that_nobody_waits_for_any_more_is_left_out() {
        let hasher = hasher(1, 8);
        let blocked = blocked(&hasher, 1, 0);
        let (done, log) = mpsc::channel();
        let run = |name: &'static str| {
            let done = done.clone();
            hasher.pool.run(move |_| done.send(name).unwrap()).map_err(|_| ()).unwrap()
        };
        let (abandoned, awaited) = (run("abandoned"), run("awaited"));
        drop(abandoned);
        drop(blocked.gates);
        assert!(block_on(awaited).is_some());
        assert_eq!(log.try_iter().collect::<Vec<_>>(), ["awaited"]);
    }

    #[test]
    fn work_that_panics_is_answered_and_its_thread_goes_on() {
        let hasher = hasher(1, 8);
        let outcome = hasher.pool.run(|_| -> () { panic!("as this test wants it") }).map_err(|_| ()).unwrap();
        assert_eq!(block_on(outcome), None);
        let password = Password::presented(&password()).unwrap();
        let phc = block_on(hasher.hash(&password, &SeededRandom::new(1))).unwrap();
        assert_eq!(block_on(hasher.verify(&password, Some(&phc))).unwrap(), Verification::Matches);
        assert_eq!(block_on(hasher.verify(&password, None)).unwrap(), Verification::Differs);
        for _ in 0..4 {
            let absurd = phc.replace("t=1", "t=4294967295");
            let refused = block_on(hasher.verify(&password, Some(&absurd))).unwrap_err();
            assert!(matches!(refused, HashingError::Failed(Fault::Crypto(text)) if text.contains("passes")));
        }
        assert_eq!(block_on(hasher.verify(&password, Some(&phc))).unwrap(), Verification::Matches);
        let damaged = block_on(hasher.verify(&password, Some("$argon2id$"))).unwrap_err();
        assert_eq!(damaged, HashingError::Failed(Fault::Corrupt { kind: "password" }));
    }
}
