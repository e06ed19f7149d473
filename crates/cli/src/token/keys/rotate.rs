//! `countersign token keys rotate`: keys that follow each other, in one file.

use std::path::{Path, PathBuf};

use clap::Args;
use countersign_jose::{Algorithm, JwkSet};

use super::generate::new_key;
use crate::answer::{Answer, Unable};
use crate::key_file::KeyFile;
use crate::key_file::key_ring::{KeptKey, KeyRing, Pace, Rotated, State};
use crate::private_file::{Existing, NewFile, Secrecy};
use crate::{moment, shown};

/// Add a successor to the keys in a file, and take out those that nobody needs any more
///
/// A new key is published (pending) before it signs (active), so that every verifier knows it by then. Its predecessor
/// stops signing at that time (retiring) and is published until the last token that it signed is dead; the next rotation
/// takes it out. States follow from the times in the file: nobody has to switch them. While a key is pending, nothing is
/// added.
///
/// The public key set is printed, and what was done is said on standard error. The first run makes the file.
#[derive(Args)]
#[command(after_help = "Examples:\n  \
    countersign token keys rotate keys.json --lead 1h --longest-token 10m > jwks.json\n  \
    countersign token keys rotate keys.json --compromised > jwks.json")]
pub(crate) struct Rotate {
    /// The file with the private keys
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Which keys; needed if the file has keys for several algorithms. The first key is for ES256 by default
    #[arg(long, value_name = "ALG")]
    alg: Option<Algorithm>,

    /// The size of an RSA key: 2048 (the default), 3072 or 4096
    #[arg(long)]
    bits: Option<u16>,

    /// How long a key is published before it signs: as long as anybody may use an older copy of the key set
    #[arg(long, value_name = "TIME", value_parser = moment::parse_duration, default_value = "10m")]
    lead: i64,

    /// How long the longest token lives that the keys sign
    #[arg(long, value_name = "TIME", value_parser = moment::parse_duration, default_value = "5m")]
    longest_token: i64,

    /// The keys got into wrong hands: replace them now, with all that they signed
    #[arg(long)]
    compromised: bool,

    /// Only take out dead keys, and add none
    #[arg(long, conflicts_with = "compromised")]
    only_remove: bool,

    /// Act as if it were this time (seconds since 1970, or 2026-11-22T09:30:00Z)
    #[arg(long, value_name = "TIME", value_parser = moment::parse, allow_hyphen_values = true)]
    at: Option<i64>,
}

impl Rotate {
    pub(crate) fn run(&self) -> Result<Answer, Unable> {
        let now = self.at.unwrap_or_else(moment::now);
        // The right to write comes first, so that nobody else rotates what was read.
        let file = NewFile::begin(&self.file, Secrecy::Private, Existing::Replace)?;
        let mut ring = read(&self.file)?;
        let mut notes: Vec<String> =
            ring.remove_dead(now).iter().map(|kept| removed(kept, "its last token is dead")).collect();
        if self.compromised {
            let fresh = new_key(self.algorithm(&ring)?, self.bits)?;
            notes.push(format!("key {} ({}): new, signs from now on", fresh.kid(), fresh.algorithm()));
            let lost = ring.replace(fresh, now);
            notes.extend(
                lost.iter().map(|kept| removed(kept, "what it signed is refused once verifiers have the new set")),
            );
        } else if !self.only_remove {
            let fresh = new_key(self.algorithm(&ring)?, self.bits)?;
            if ring.rotate(fresh, Pace { lead: self.lead, longest_token: self.longest_token }, now) == Rotated::UnderWay
            {
                notes.push("a key is pending already: none was added".to_owned());
            }
        }
        notes.extend(ring.keys.iter().map(|kept| state(kept, now)));
        let public: JwkSet = ring.public_set()?;
        file.commit(ring.to_text()?.as_bytes())?;
        Ok(Answer::new(shown::pretty_json(&public) + "\n").notes(notes))
    }

    fn algorithm(&self, ring: &KeyRing) -> Result<Algorithm, Unable> {
        if let Some(algorithm) = self.alg {
            return Ok(algorithm);
        }
        let mut there: Vec<Algorithm> = ring.keys.iter().map(|kept| kept.key.algorithm()).collect();
        there.sort_unstable();
        there.dedup();
        match there.as_slice() {
            [] => Ok(Algorithm::Es256),
            [only] => Ok(*only),
            _ => Err(Unable::file(&self.file, "it has keys for several algorithms; --alg says which to rotate")),
        }
    }
}

fn read(path: &Path) -> Result<KeyRing, Unable> {
    if !path.exists() {
        return Ok(KeyRing { keys: Vec::new() });
    }
    match KeyFile::read(path, None)? {
        KeyFile::Ring(ring) => Ok(ring),
        _ => Err(Unable::file(path, "it is not a set of private keys")),
    }
}

fn removed(kept: &KeptKey, why: &str) -> String {
    format!("key {} ({}): removed, {why}", shown::text(kept.key.kid()), kept.key.algorithm())
}

fn state(kept: &KeptKey, now: i64) -> String {
    let state = kept.times.state(now);
    let until = match (state, kept.times) {
        (State::Pending, times) => format!(", signs from {}", moment::utc(times.active_from)),
        (State::Active, times) => {
            times.retired_from.map_or(String::new(), |at| format!(", signs until {}", moment::utc(at)))
        }
        (State::Retiring, times) => {
            times.removed_from.map_or(String::new(), |at| format!(", published until {}", moment::utc(at)))
        }
        (State::Removed, _) => String::new(),
    };
    format!("key {} ({}): {}{until}", shown::text(kept.key.kid()), kept.key.algorithm(), state.as_str())
}
