//! `countersign token keys thumbprint` (RFC 7638, RFC 9278).

use std::path::PathBuf;

use clap::Args;
use countersign_jose::Algorithm;

use crate::answer::{Answer, Unable};
use crate::key_file::KeyFile;

/// Print the SHA-256 thumbprint of each key in a file (RFC 7638)
///
/// A private key has the thumbprint of its public half.
#[derive(Args)]
pub(crate) struct ThumbprintOf {
    /// The file with the keys: a set, a JWK, PEM or DER
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Print it as a URI (RFC 9278)
    #[arg(long)]
    uri: bool,

    /// The algorithm of an RSA key in PEM or DER; it plays no part in the thumbprint
    #[arg(long, value_name = "ALG")]
    alg: Option<Algorithm>,
}

impl ThumbprintOf {
    pub(crate) fn run(&self) -> Result<Answer, Unable> {
        let mut out = String::new();
        for key in KeyFile::read(&self.file, self.alg)?.public_set()?.keys() {
            out.push_str(&if self.uri { key.thumbprint().to_uri() } else { key.thumbprint().to_string() });
            out.push('\n');
        }
        Ok(Answer::new(out))
    }
}
