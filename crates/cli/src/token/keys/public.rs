//! `countersign token keys public`: what may be published.

use std::path::PathBuf;

use clap::Args;
use countersign_jose::Algorithm;

use crate::answer::{Answer, Unable};
use crate::key_file::KeyFile;
use crate::shown;

/// Print the public halves of the keys in a file, as a key set
///
/// Takes private and public keys: a set, a JWK, PEM or DER. Keys that a rotation has pending or retiring are in it.
#[derive(Args)]
pub(crate) struct Public {
    /// The file with the keys
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// The algorithm of an RSA key in PEM or DER, RS256 by default
    #[arg(long, value_name = "ALG")]
    alg: Option<Algorithm>,
}

impl Public {
    pub(crate) fn run(&self) -> Result<Answer, Unable> {
        let file = KeyFile::read(&self.file, self.alg)?;
        let notes = file.warning(&self.file);
        Ok(Answer::new(shown::pretty_json(&file.public_set()?) + "\n").notes(notes))
    }
}
