//! `countersign token keys convert`: one key, written in another way.

use std::io::IsTerminal;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use countersign_jose::{Algorithm, SigningKey, VerifyingKey};
use zeroize::Zeroizing;

use super::generate::{checked_kid, failed, with_line_end};
use crate::answer::{Answer, Unable};
use crate::key_file::KeyFile;
use crate::private_file::{Existing, NewFile, Secrecy};
use crate::shown;

/// Convert a key between JWK, PEM and DER
///
/// A private key stays private and goes into a file that only its owner may read; --public takes its public half. Public
/// keys are printed unless a file is named. PEM and DER keep neither a key id nor the algorithm of an RSA key.
#[derive(Args)]
#[command(after_help = "Examples:\n  \
    countersign token keys convert key.pem --to jwk --kid 2026-11 --out key.json\n  \
    countersign token keys convert key.json --to pem --public")]
pub(crate) struct Convert {
    /// The file with the key
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// How to write it
    #[arg(long, value_enum, value_name = "FORMAT")]
    to: Format,

    /// Only the public half
    #[arg(long)]
    public: bool,

    /// The algorithm of an RSA key in PEM or DER, RS256 by default
    #[arg(long, value_name = "ALG")]
    alg: Option<Algorithm>,

    /// Another key id, for a JWK; by default the key's own, or its thumbprint
    #[arg(long)]
    kid: Option<String>,

    /// The file to write; private keys need one
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,

    /// Replace the file if it is there
    #[arg(long)]
    force: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Jwk,
    Pem,
    /// PKCS #8, or SubjectPublicKeyInfo
    Der,
}

impl Convert {
    pub(crate) fn run(&self) -> Result<Answer, Unable> {
        if self.kid.is_some() && self.to != Format::Jwk {
            return Err(Unable::new("only a JWK has a key id"));
        }
        let several = || Unable::file(&self.file, "it is a set; convert takes one key");
        let public = match KeyFile::read(&self.file, self.alg)? {
            KeyFile::Private(key) if !self.public => return self.private(key),
            KeyFile::Private(key) => key.verifying_key(),
            KeyFile::Public(key) => key,
            file @ (KeyFile::Set(_) | KeyFile::Ring(_)) => match file.public_set()?.keys() {
                [key] if self.public || matches!(file, KeyFile::Set(_)) => key.clone(),
                _ => return Err(several()),
            },
        };
        let bytes = self.public_bytes(&public)?;
        let Some(out) = &self.out else {
            if self.to == Format::Der && std::io::stdout().is_terminal() {
                return Err(Unable::new("DER is not for terminals; say --out FILE"));
            }
            return Ok(Answer::new(bytes));
        };
        NewFile::begin(out, Secrecy::Public, self.existing())?.commit(&bytes)?;
        Ok(Answer::new("").note(format!("wrote the public key to {}", shown::path(out))))
    }

    fn private(&self, key: SigningKey) -> Result<Answer, Unable> {
        let Some(out) = &self.out else {
            return Err(Unable::new("a private key is not printed: say --out FILE, or --public for its public half"));
        };
        let key = match &self.kid {
            Some(kid) => key.with_kid(checked_kid(kid)?),
            None => key,
        };
        let file = NewFile::begin(out, Secrecy::Private, self.existing())?;
        let bytes: Zeroizing<Vec<u8>> = match self.to {
            Format::Jwk => bytes_of(with_line_end(key.to_jwk().map_err(failed)?.expose())),
            Format::Pem => bytes_of(key.to_pem().map_err(failed)?),
            Format::Der => key.to_pkcs8_der().map_err(failed)?,
        };
        file.commit(&bytes)?;
        Ok(Answer::new("").note(format!("wrote the private key to {}", shown::path(out))))
    }

    fn public_bytes(&self, key: &VerifyingKey) -> Result<Vec<u8>, Unable> {
        Ok(match self.to {
            Format::Jwk => {
                let kid = self.kid.as_deref().map(checked_kid).transpose()?.or(key.kid());
                let kid = kid.unwrap_or(key.thumbprint().as_str()).to_owned();
                (shown::pretty_json(&key.jwk().clone().with_kid(kid)) + "\n").into_bytes()
            }
            Format::Pem => key.to_pem().into_bytes(),
            Format::Der => key.to_spki_der(),
        })
    }

    fn existing(&self) -> Existing {
        if self.force { Existing::Replace } else { Existing::Keep }
    }
}

fn bytes_of(text: Zeroizing<String>) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(text.as_bytes().to_vec())
}
