//! The verdict of npm `jose`, which lives in a process of its own (`jose.mjs`): a line of JSON each way for every batch.

use std::io::{BufRead, BufReader, Error, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use countersign_jose::base64url;
use serde_json::{Value, json};

use super::{Content, Verdict};
use crate::keys::{self, Alg};
use crate::token::{AUDIENCE, Case, ISSUER, Profile};

/// The process. It ends when this is dropped.
pub struct Jose {
    child: Child,
    to: Option<ChildStdin>,
    from: BufReader<ChildStdout>,
}

impl Jose {
    /// Starts it and hands it the keys. It needs `node`, and `npm ci --prefix tests` to have been run.
    ///
    /// # Errors
    /// When there is no `node`, or it does not answer.
    pub fn start() -> Result<Self, Error> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("jose.mjs");
        let mut child = Command::new("node").arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let (to, from) = (child.stdin.take(), child.stdout.take());
        let from = BufReader::new(from.ok_or_else(|| Error::other("no pipe"))?);
        let mut jose = Jose { child, to, from };
        let key = |alg: &Alg| (alg.name().to_owned(), keys::private_jwk(*alg));
        let keys: serde_json::Map<String, Value> = Alg::ALL.iter().map(key).collect();
        jose.send(&json!({ "keys": keys, "issuer": ISSUER, "audience": AUDIENCE }))?;
        jose.receive()?;
        Ok(jose)
    }

    /// Puts a batch before it; the verdicts are to be [`collect`](Self::collect)ed before the next.
    ///
    /// # Errors
    /// When the process is gone.
    pub fn ask(&mut self, cases: &[Case]) -> Result<(), Error> {
        let question = |case: &Case| {
            let profile = match case.profile {
                Profile::AccessToken => "access token",
                Profile::IdToken => "ID token",
                Profile::Jws => "JWS",
            };
            json!([case.alg.name(), profile, case.now, case.token])
        };
        self.send(&json!({ "judge": cases.iter().map(question).collect::<Vec<_>>() }))
    }

    /// Its verdicts on the batch.
    ///
    /// # Errors
    /// When the process is gone or does not answer what was asked.
    pub fn collect(&mut self) -> Result<Vec<Verdict>, Error> {
        let answers = self.receive()?;
        let answers = answers.as_array().ok_or_else(|| Error::other("no verdicts"))?;
        Ok(answers.iter().map(verdict).collect())
    }

    /// Has tokens made: `at+jwt` with these claims, one for each algorithm.
    ///
    /// # Errors
    /// When the process is gone or does not do what was asked.
    pub fn mint(&mut self, algs: &[Alg], claims: &Value) -> Result<Vec<String>, Error> {
        let algs: Vec<&str> = algs.iter().map(|alg| alg.name()).collect();
        self.send(&json!({ "mint": algs, "claims": claims }))?;
        Ok(serde_json::from_value(self.receive()?)?)
    }

    /// Has contents encrypted: each with `alg`, `enc`, `jwk` and `content` (base64url).
    ///
    /// # Errors
    /// When the process is gone or does not do what was asked.
    pub fn encrypt(&mut self, contents: &[Value]) -> Result<Vec<String>, Error> {
        self.send(&json!({ "encrypt": contents }))?;
        Ok(serde_json::from_value(self.receive()?)?)
    }

    /// Has messages decrypted: each with `alg`, `enc`, `jwk` and `message`. The contents are base64url.
    ///
    /// # Errors
    /// When the process is gone or cannot do what was asked.
    pub fn decrypt(&mut self, messages: &[Value]) -> Result<Vec<String>, Error> {
        self.send(&json!({ "decrypt": messages }))?;
        Ok(serde_json::from_value(self.receive()?)?)
    }

    fn send(&mut self, question: &Value) -> Result<(), Error> {
        let to = self.to.as_mut().ok_or_else(|| Error::other("no pipe"))?;
        writeln!(to, "{question}")?;
        to.flush()
    }

    fn receive(&mut self) -> Result<Value, Error> {
        let mut line = String::new();
        self.from.read_line(&mut line)?;
        Ok(serde_json::from_str(&line)?)
    }
}

impl Drop for Jose {
    fn drop(&mut self) {
        // It ends when its input does.
        self.to = None;
        let _ = self.child.wait();
    }
}

fn verdict(answer: &Value) -> Verdict {
    if let Some(claims) = answer.get("claims").and_then(Value::as_str) {
        return Verdict::Accepted(match serde_json::from_str(claims) {
            Ok(claims) => Content::Claims(claims),
            Err(_) => Content::Payload(claims.as_bytes().to_vec()),
        });
    }
    match answer.get("payload").and_then(Value::as_str).map(base64url::decode) {
        Some(Ok(payload)) => Verdict::Accepted(Content::Payload(payload)),
        _ => Verdict::Refused(answer.get("refused").and_then(Value::as_str).unwrap_or_default().to_owned()),
    }
}
