//! Where the keys come from that judge a token: a file, a secret, or the issuer.

use std::path::PathBuf;

use clap::Args;
use countersign_jose::jws::hmac::{HmacAlgorithm, HmacKey};
use countersign_jose::{Algorithm, JwkSet, VerifyingKey};

use crate::answer::Unable;
use crate::expectation::Expectation;
use crate::key_file::{KeyFile, secret};
use crate::moment;

#[derive(Args)]
pub(crate) struct KeySource {
    /// A file with the keys: JWK set, JWK, PEM or DER. Without it the issuer's published keys are fetched
    #[arg(long, value_name = "FILE", conflicts_with_all = ["secret_file", "jwks_uri"])]
    keys: Option<PathBuf>,

    /// A file with the secret of HS256, HS384 or HS512: a JWK, or the bytes themselves (one line end is not part of them)
    #[arg(long, value_name = "FILE", conflicts_with = "jwks_uri")]
    secret_file: Option<PathBuf>,

    /// Where the issuer publishes its keys, if its metadata does not say so
    #[arg(long, value_name = "URL")]
    jwks_uri: Option<String>,

    /// The algorithm of a key that does not name its own: RSA in PEM or DER, the bytes of a secret
    #[arg(long, value_name = "ALG")]
    alg: Option<String>,
}

/// What a signature is checked with.
pub(crate) enum Keys {
    Set(JwkSet),
    Key(VerifyingKey),
    Secret(HmacKey),
}

impl KeySource {
    /// Whether the keys come from a file.
    pub(crate) fn is_local(&self) -> bool {
        self.keys.is_some() || self.secret_file.is_some()
    }

    /// Whether it is known where to fetch them.
    pub(crate) fn is_remote(&self, expectation: &Expectation) -> bool {
        self.jwks_uri.is_some() || expectation.issuer.is_some()
    }

    /// Gets the keys, and remarks for the person.
    pub(crate) fn load(&self, expectation: &Expectation) -> Result<(Keys, Vec<String>), Unable> {
        if let Some(path) = &self.secret_file {
            let key = secret::read(path, self.algorithm::<HmacAlgorithm>("HS256, HS384, HS512")?)?;
            return Ok((Keys::Secret(key), secret::warning(path).into_iter().collect()));
        }
        if let Some(path) = &self.keys {
            let file = KeyFile::read(path, self.algorithm::<Algorithm>("the signature algorithms")?)?;
            let notes = file.warning(path).into_iter().collect();
            let keys = match file {
                KeyFile::Public(key) => Keys::Key(key),
                KeyFile::Private(key) => Keys::Key(key.verifying_key()),
                KeyFile::Ring(_) | KeyFile::Set(_) => Keys::Set(file.public_set()?),
            };
            return Ok((keys, notes));
        }
        crate::remote::keys(expectation.issuer.as_deref(), self.jwks_uri.as_deref(), moment::now())
            .map(|keys| (Keys::Set(keys), Vec::new()))
    }

    fn algorithm<A: std::str::FromStr>(&self, names: &str) -> Result<Option<A>, Unable> {
        match self.alg.as_deref().map(str::parse) {
            None => Ok(None),
            Some(Ok(algorithm)) => Ok(Some(algorithm)),
            Some(Err(_)) => Err(Unable::new(format!("--alg is none of {names} that go with this key"))),
        }
    }
}
