//! `countersign token inspect`: what does this token say?

mod inspected;
mod layout;

use std::path::PathBuf;

use clap::Args;
use countersign_jose::jwe::{DecryptionKey, KeyManagement};

use crate::answer::{Answer, Outcome, Unable};
use crate::input::TokenInput;
use crate::{decryption, moment, private_file};
use inspected::Inspected;

/// Show what a token says, without verifying anything
///
/// Works on broken tokens too: what can be made out is shown, with the rules that its form breaks. Nothing of it is
/// proven; verify does that. Of an encrypted token the header is shown, and with its key what is in it.
///
/// Exit code 0 if it was shown, 1 if a key was named and does not decrypt it.
#[derive(Args)]
#[command(after_help = "Examples:\n  \
    countersign token inspect < token\n  \
    countersign token inspect --json token.txt\n  \
    countersign token inspect --key recipient.json < encrypted")]
pub(crate) struct Inspect {
    #[command(flatten)]
    input: TokenInput,

    /// The key that decrypts an encrypted token: a JWK, private or symmetric
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,

    /// What the key is for, if it does not say so: RSA-OAEP-256, ECDH-ES, A128KW and so on
    #[arg(long, value_name = "ALG", requires = "key")]
    alg: Option<String>,

    /// Reckon times from this one (seconds since 1970, or 2026-11-22T09:30:00Z) and not from now
    #[arg(long, value_name = "TIME", value_parser = moment::parse, allow_hyphen_values = true)]
    at: Option<i64>,

    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

impl Inspect {
    pub(crate) fn run(&self) -> Result<Answer, Unable> {
        let token = self.input.read()?;
        let key = self.key()?;
        let notes = self.key.as_deref().and_then(private_file::warning);
        let inspected = Inspected::of(&token, key.as_ref());
        let now = self.at.unwrap_or_else(moment::now);
        let out = if self.json { layout::json(&inspected, now) } else { layout::text(&inspected, now) };
        let outcome = if key.is_some() && inspected.decrypted.is_none() { Outcome::Refused } else { Outcome::Done };
        Ok(Answer::new(out).notes(notes).outcome(outcome))
    }

    fn key(&self) -> Result<Option<DecryptionKey>, Unable> {
        let algorithm = match self.alg.as_deref().map(str::parse::<KeyManagement>) {
            None => None,
            Some(Ok(algorithm)) => Some(algorithm),
            Some(Err(_)) => return Err(Unable::new("--alg names no key management that is offered here")),
        };
        self.key.as_deref().map(|path| decryption::key(path, algorithm)).transpose()
    }
}
