//! `countersign token keys generate`: a new key in a file.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use countersign_jose::jws::hmac::{HmacAlgorithm, HmacKey};
use countersign_jose::{Algorithm, KeyError, RsaSize, SigningKey};
use zeroize::Zeroizing;

use crate::answer::{Answer, Unable};
use crate::key_file::key_set::set_of;
use crate::private_file::{Existing, NewFile, Secrecy};
use crate::shown;

/// Make a new private key and write it into a file that only its owner may read
///
/// The public half is printed as a key set, ready to publish. The private one is not shown. An HS256, HS384 or HS512 key
/// is a secret and has no public half.
#[derive(Args)]
#[command(after_help = "Examples:\n  \
    countersign token keys generate --out key.json\n  \
    countersign token keys generate --alg RS256 --bits 3072 --format pem --out key.pem > jwks.json")]
pub(crate) struct Generate {
    /// EdDSA, ES256, ES384, ES512, PS256, PS384, PS512, RS256, RS384, RS512, HS256, HS384 or HS512
    #[arg(long, value_name = "ALG", default_value = "ES256")]
    alg: String,

    /// The size of an RSA key: 2048 (the default), 3072 or 4096
    #[arg(long)]
    bits: Option<u16>,

    /// The key id; by default the thumbprint of the key
    #[arg(long)]
    kid: Option<String>,

    /// How the file is written; PEM has no room for a key id and an algorithm
    #[arg(long, value_enum, default_value = "jwk")]
    format: Format,

    /// The file
    #[arg(long, value_name = "FILE")]
    out: PathBuf,

    /// Replace the file if it is there
    #[arg(long)]
    force: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Jwk,
    Pem,
}

impl Generate {
    pub(crate) fn run(&self) -> Result<Answer, Unable> {
        if let Ok(algorithm) = self.alg.parse::<HmacAlgorithm>() {
            return self.secret(algorithm);
        }
        let algorithm =
            self.alg.parse::<Algorithm>().map_err(|_| Unable::new("--alg names no algorithm that is known here"))?;
        let file = self.file()?;
        let key = new_key(algorithm, self.bits)?;
        let key = match &self.kid {
            Some(kid) => key.with_kid(checked_kid(kid)?),
            None => key,
        };
        let text = match self.format {
            Format::Jwk => with_line_end(key.to_jwk().map_err(failed)?.expose()),
            Format::Pem => key.to_pem().map_err(failed)?,
        };
        let public = set_of([key.verifying_key()])?;
        file.commit(text.as_bytes())?;
        let note = format!("wrote a private {algorithm} key to {}", shown::path(&self.out));
        Ok(Answer::new(shown::pretty_json(&public) + "\n").note(note))
    }

    fn secret(&self, algorithm: HmacAlgorithm) -> Result<Answer, Unable> {
        if self.format == Format::Pem || self.bits.is_some() {
            return Err(Unable::new("a secret is written as a JWK, and is as long as the hash"));
        }
        let file = self.file()?;
        let kid = self.kid.as_deref().map(checked_kid).transpose()?;
        let key = HmacKey::generate(algorithm).map_err(failed)?;
        let key = match kid {
            Some(kid) => key.with_kid(kid),
            None => key,
        };
        file.commit(with_line_end(key.to_jwk().expose()).as_bytes())?;
        Ok(Answer::new("").note(format!("wrote a {algorithm} secret to {}", shown::path(&self.out))))
    }

    fn file(&self) -> Result<NewFile, Unable> {
        let existing = if self.force { Existing::Replace } else { Existing::Keep };
        NewFile::begin(&self.out, Secrecy::Private, existing)
    }
}

/// A new key; the size is for RSA.
pub(super) fn new_key(algorithm: Algorithm, bits: Option<u16>) -> Result<SigningKey, Unable> {
    let key = match bits {
        None => SigningKey::generate(algorithm),
        Some(bits) => SigningKey::generate_rsa(algorithm, size(bits)?),
    };
    key.map_err(|error| match error {
        KeyError::AlgorithmMismatch => Unable::new(format!("--bits is for RSA, and {algorithm} is not")),
        error => failed(error),
    })
}

fn size(bits: u16) -> Result<RsaSize, Unable> {
    match bits {
        2048 => Ok(RsaSize::Bits2048),
        3072 => Ok(RsaSize::Bits3072),
        4096 => Ok(RsaSize::Bits4096),
        _ => Err(Unable::new("--bits is 2048, 3072 or 4096")),
    }
}

pub(super) fn failed(error: KeyError) -> Unable {
    Unable::new(format!("{error} ({})", error.code()))
}

/// As a line of text; room is made at once, since a string that grows leaves copies behind.
pub(super) fn with_line_end(text: &str) -> Zeroizing<String> {
    let mut line = Zeroizing::new(String::with_capacity(text.len() + 1));
    line.push_str(text);
    line.push('\n');
    line
}

/// What our own reader takes back.
pub(super) fn checked_kid(kid: &str) -> Result<&str, Unable> {
    if kid.is_empty() || kid.len() > 512 { Err(Unable::new("--kid has 1 to 512 bytes")) } else { Ok(kid) }
}
