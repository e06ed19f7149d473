//! `countersign token mint`: a token for a test.

use std::path::{Path, PathBuf};

use clap::Args;
use countersign_jose::jws::hmac::{HmacAlgorithm, HmacKey};
use countersign_jose::jwt::{self, Typ};
use countersign_jose::{Algorithm, SigningKey, base64url, json};
use serde_json::{Map, Value};

use crate::answer::{Answer, Unable};
use crate::dpop::DpopRequest;
use crate::expectation::Expectation;
use crate::judge;
use crate::key_file::{KeyFile, secret};
use crate::key_source::Keys;
use crate::kind::Kind;
use crate::look::Look;
use crate::reason::Reason;
use crate::{input, moment, shown};

/// Mint a token, for tests
///
/// What is not said has a sensible value: issued now, good for five minutes (one where the kind has to be shorter), and a
/// random jti. Any claim can be set or left out, so that a test can have a token that is wrong; a remark then says what a
/// verifier will object to.
///
/// Whoever has the key can make any token. Use keys that no service trusts.
#[derive(Args)]
#[command(after_help = "Examples:\n  \
    countersign token mint --key key.json --iss https://id.example --aud https://api.example --sub alice\n  \
    countersign token mint --key key.pem --typ id-token --claims claims.json --claim nonce=n-1\n  \
    countersign token mint --secret-file secret.json --claim 'roles=[\"admin\"]' --expires-in=-1h")]
pub(crate) struct Mint {
    /// The private key: JWK, PEM, DER, or a set written by keys rotate, whose active key signs
    #[arg(long, value_name = "FILE", required_unless_present = "secret_file", conflicts_with = "secret_file")]
    key: Option<PathBuf>,

    /// The secret of HS256, HS384 or HS512: a JWK, or the bytes themselves
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,

    /// The algorithm, if the key does not name its own or the set has several
    #[arg(long, value_name = "ALG")]
    alg: Option<String>,

    /// The key id in the header, in the place of the key's own
    #[arg(long)]
    kid: Option<String>,

    /// The kind of token
    #[arg(long, value_enum, default_value = "access-token", value_name = "KIND")]
    typ: Kind,

    /// All claims so far as JSON, from a file or, with `-`, from standard input
    #[arg(long, value_name = "FILE")]
    claims: Option<PathBuf>,

    /// The issuer
    #[arg(long)]
    iss: Option<String>,

    /// The subject
    #[arg(long)]
    sub: Option<String>,

    /// The audience; given several times, aud is an array
    #[arg(long)]
    aud: Vec<String>,

    /// How long it is good for (300, 5m, 1h); `--expires-in=-1m` makes one that has expired
    #[arg(long, value_name = "TIME", value_parser = signed_duration, allow_hyphen_values = true)]
    expires_in: Option<i64>,

    /// The time at which it is issued (seconds since 1970, or 2026-11-22T09:30:00Z)
    #[arg(long, value_name = "TIME", value_parser = moment::parse, allow_hyphen_values = true)]
    at: Option<i64>,

    /// Another claim, NAME=VALUE; the value is JSON if it can be read as such, else a string
    #[arg(long = "claim", value_name = "NAME=VALUE", value_parser = named_value)]
    more: Vec<(String, Value)>,

    /// Leave a claim out that would be there by default
    #[arg(long, value_name = "NAME")]
    without: Vec<String>,

    #[command(flatten)]
    dpop: DpopRequest,
}

enum Signer {
    Key(SigningKey),
    Secret(HmacKey),
}

impl Mint {
    pub(crate) fn run(&self) -> Result<Answer, Unable> {
        let now = self.at.unwrap_or_else(moment::now);
        let (signer, notes) = self.signer(now)?;
        if self.typ == Kind::DpopProof {
            return match &signer {
                Signer::Key(key) => Ok(Answer::new(self.dpop.mint(key, &random_id()?, now)? + "\n").notes(notes)),
                Signer::Secret(_) => Err(Unable::new("a DPoP proof is signed by a private key, and not with a secret")),
            };
        }
        let claims = self.claims(now)?;
        let refused = |reason: String| Unable::new(format!("no token: {reason}"));
        let token = match &signer {
            Signer::Key(key) => jwt::mint(key, self.typ.typ(), &claims).map_err(|error| refused(error.to_string()))?,
            Signer::Secret(key) => {
                jwt::hmac::mint(key, self.typ.typ(), &claims).map_err(|error| refused(error.to_string()))?
            }
        };
        let objections = self.objections(&token, &signer, now)?;
        Ok(Answer::new(token + "\n").notes(notes).notes(objections))
    }

    fn signer(&self, now: i64) -> Result<(Signer, Vec<String>), Unable> {
        if let Some(path) = &self.secret_file {
            let key = secret::read(path, parse_algorithm::<HmacAlgorithm>(self.alg.as_deref())?)?;
            let key = match &self.kid {
                Some(kid) => key.with_kid(kid),
                None => key,
            };
            return Ok((Signer::Secret(key), secret::warning(path).into_iter().collect()));
        }
        let path = self.key.as_deref().unwrap_or(Path::new("-"));
        let algorithm = parse_algorithm::<Algorithm>(self.alg.as_deref())?;
        let file = KeyFile::read(path, algorithm)?;
        let notes = file.warning(path).into_iter().collect();
        let key = match file {
            KeyFile::Private(key) => key,
            KeyFile::Ring(ring) => match ring.active(algorithm, now) {
                Some(key) => key.clone(),
                None => return Err(Unable::file(path, "no key of the set is active")),
            },
            KeyFile::Public(_) | KeyFile::Set(_) => return Err(Unable::file(path, "a public key signs nothing")),
        };
        if algorithm.is_some_and(|algorithm| algorithm != key.algorithm()) {
            return Err(Unable::file(path, format!("the key is for {}, and for nothing else", key.algorithm())));
        }
        let key = match &self.kid {
            Some(kid) => key.with_kid(kid),
            None => key,
        };
        Ok((Signer::Key(key), notes))
    }

    /// Defaults, then the document, then the options, then what is left out.
    fn claims(&self, now: i64) -> Result<Map<String, Value>, Unable> {
        let mut claims = Map::new();
        let mut set = |name: &str, value: Value| drop(claims.insert(name.to_owned(), value));
        set("iat", now.into());
        set("exp", now.saturating_add(default_life(self.typ.typ())).into());
        set("jti", random_id()?.into());
        if let Some(path) = &self.claims {
            for (name, value) in document(path)? {
                set(&name, value);
            }
        }
        if let Some(seconds) = self.expires_in {
            set("exp", now.saturating_add(seconds).into());
        }
        for (name, value) in [("iss", &self.iss), ("sub", &self.sub)] {
            if let Some(value) = value {
                set(name, value.as_str().into());
            }
        }
        match self.aud.as_slice() {
            [] => {}
            [one] => set("aud", one.as_str().into()),
            several => set("aud", several.to_vec().into()),
        }
        for (name, value) in &self.more {
            set(name, value.clone());
        }
        for name in &self.without {
            if claims.remove(name).is_none() {
                return Err(Unable::new(format!(
                    "--without {}: there is no such claim to leave out",
                    shown::text(name)
                )));
            }
        }
        Ok(claims)
    }

    /// What a verifier will object to that knows the key and expects this kind of token.
    fn objections(&self, token: &str, signer: &Signer, now: i64) -> Result<Vec<String>, Unable> {
        let keys = match signer {
            Signer::Key(key) => Keys::Key(key.verifying_key()),
            Signer::Secret(key) => Keys::Secret(key.clone()),
        };
        let expectation = Expectation::of_kind(self.typ);
        let judged = judge::judge(token, &Look::at(token), &expectation, Some(&keys), now)?;
        let note = |reason: &Reason| {
            format!("note: a verifier will refuse this token: {} ({})", shown::text(&reason.message), reason.code)
        };
        Ok(judged.reasons.iter().map(note).collect())
    }
}

/// Five minutes, or less where tokens that are good once must not live so long.
fn default_life(typ: Typ) -> i64 {
    match typ {
        Typ::AgentJwt | Typ::HostJwt => 60,
        Typ::LogoutToken => 120,
        _ => 300,
    }
}

/// 128 random bits.
fn random_id() -> Result<String, Unable> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| Unable::new(format!("there is no randomness: {error}")))?;
    Ok(base64url::encode(bytes))
}

fn document(path: &Path) -> Result<Map<String, Value>, Unable> {
    let bytes = if path == Path::new("-") {
        input::read_stdin("Write the claims as JSON and end with Ctrl-D.")?
    } else {
        input::read_file(path)?
    };
    match json::parse(&bytes) {
        Ok(Value::Object(claims)) => Ok(claims),
        Ok(_) => Err(Unable::file(path, "the claims are not an object")),
        Err(error) => Err(Unable::file(path, error)),
    }
}

fn parse_algorithm<A: std::str::FromStr>(name: Option<&str>) -> Result<Option<A>, Unable> {
    name.map(|name| name.parse().map_err(|_| Unable::new("--alg is not an algorithm of this kind of key"))).transpose()
}

fn signed_duration(text: &str) -> Result<i64, String> {
    match text.strip_prefix('-') {
        Some(positive) => moment::parse_duration(positive).map(|seconds| -seconds),
        None => moment::parse_duration(text),
    }
}

fn named_value(text: &str) -> Result<(String, Value), String> {
    let (name, value) = text.split_once('=').ok_or("expected NAME=VALUE")?;
    if name.is_empty() {
        return Err("expected NAME=VALUE".to_owned());
    }
    Ok((name.to_owned(), json::parse(value.as_bytes()).unwrap_or_else(|_| value.into())))
}
