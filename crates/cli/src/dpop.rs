//! DPoP proofs (RFC 9449): the one kind of token that brings its key and speaks of one request.

use std::path::PathBuf;

use clap::Args;
use countersign_jose::jws::JwsError;
use countersign_jose::jwt::TokenError;
use countersign_jose::jwt::dpop::{self, DpopError, Expect, Presented};
use countersign_jose::{SigningKey, Thumbprint};
use serde_json::Value;

use crate::answer::Unable;
use crate::input;
use crate::judgement::{Judgement, Signature};
use crate::look::Look;
use crate::reason::Reason;

/// The request that a proof is for.
#[derive(Args)]
#[command(next_help_heading = "DPoP proofs (--typ dpop-proof)")]
pub(crate) struct DpopRequest {
    /// The method of the request
    #[arg(long, value_name = "METHOD")]
    pub(crate) method: Option<String>,

    /// The URI of the request; query and fragment play no part
    #[arg(long, value_name = "URL")]
    pub(crate) uri: Option<String>,

    /// A file with the access token that goes with the request
    #[arg(long, value_name = "FILE")]
    access_token_file: Option<PathBuf>,

    /// The nonce that the server handed out
    #[arg(long, value_name = "NONCE")]
    nonce: Option<String>,
}

impl DpopRequest {
    fn access_token(&self) -> Result<Option<String>, Unable> {
        let Some(path) = &self.access_token_file else { return Ok(None) };
        let bytes = input::read_file(path)?;
        let text = std::str::from_utf8(&bytes).map_err(|_| Unable::file(path, "it holds no token"))?;
        Ok(Some(text.trim().to_owned()))
    }

    /// Makes a proof.
    pub(crate) fn mint(&self, key: &SigningKey, jti: &str, now: i64) -> Result<String, Unable> {
        let (Some(method), Some(uri)) = (&self.method, &self.uri) else { return Err(unnamed()) };
        let access_token = self.access_token()?;
        let (access_token, nonce) = (access_token.as_deref(), self.nonce.as_deref());
        let request = dpop::Request { method, uri, access_token, nonce, jti };
        dpop::mint(key, &request, now).map_err(|error| Unable::new(format!("no proof: {error}")))
    }

    /// Judges a proof. What was not named is not asked; after a fault that says nothing about the rest, it is forgiven, and
    /// asked again.
    pub(crate) fn judge(&self, proof: &str, look: &Look, leeway: i64, now: i64) -> Result<Judgement, Unable> {
        let said = |claim: &str| look.payload.member(claim).and_then(Value::as_str).unwrap_or_default().to_owned();
        let mut method = self.method.clone().unwrap_or_else(|| said("htm"));
        let mut uri = self.uri.clone().unwrap_or_else(|| said("htu"));
        let access_token = self.access_token()?;
        let jkt = access_token.as_deref().map(bound_to).transpose()?;
        let mut presented = access_token.as_deref().zip(jkt.as_ref());
        let mut nonce = self.nonce.as_deref();
        let mut at = now;
        let mut reasons: Vec<Reason> = Vec::new();
        let mut signature = Signature::Verified;
        loop {
            let nonces = nonce.as_slice();
            let with = presented.map_or(Presented::Nothing, |(token, jkt)| Presented::AccessToken { token, jkt });
            let expect = Expect::new(&method, &uri, with).leeway(leeway);
            let expect = if nonces.is_empty() { expect } else { expect.nonce_any_of(nonces) };
            let Err(error) = dpop::verify(proof, &expect, at) else { break };
            let reason = Reason::from(error.clone());
            if reasons.iter().any(|known| known.code == reason.code) {
                break;
            }
            reasons.push(reason);
            match error {
                DpopError::AccessToken | DpopError::Binding { .. } => presented = None,
                DpopError::Method { .. } => method = said("htm"),
                DpopError::Uri { .. } => uri = said("htu"),
                DpopError::Nonce { .. } => nonce = None,
                DpopError::TooOld { iat, .. } => at = iat,
                DpopError::Token(error) => {
                    signature = match error {
                        TokenError::Jws(JwsError::Signature) => Signature::Wrong,
                        TokenError::Jws(_) | TokenError::Typ { .. } | TokenError::ClaimType { .. } => {
                            Signature::Unchecked("the proof is malformed")
                        }
                        _ => signature,
                    };
                    break;
                }
                _ => break,
            }
        }
        Ok(Judgement { reasons, signature })
    }
}

/// What is wrong with the form of a proof, its key included.
pub(crate) fn form(proof: &str, look: &Look) -> Option<TokenError> {
    let said = |claim: &str| look.payload.member(claim).and_then(Value::as_str).unwrap_or_default();
    let now = look.payload.member("iat").and_then(Value::as_i64).unwrap_or_default();
    let expect = Expect::new(said("htm"), said("htu"), Presented::Nothing);
    match dpop::verify(proof, &expect, now) {
        Err(DpopError::Token(TokenError::Jws(JwsError::Signature))) => None,
        Err(DpopError::Token(
            error @ (TokenError::Jws(_)
            | TokenError::Claims(_)
            | TokenError::ClaimsNotObject
            | TokenError::ClaimType { .. }
            | TokenError::ClaimMissing { .. }),
        )) => Some(error),
        _ => None,
    }
}

pub(crate) fn unnamed() -> Unable {
    Unable::new("which request is the proof for? Say --method METHOD and --uri URL")
}

/// `cnf.jkt` of an access token, which is taken as it is: whether it is good is another question.
fn bound_to(access_token: &str) -> Result<Thumbprint, Unable> {
    let look = Look::at(access_token);
    let jkt = look.payload.member("cnf").and_then(|cnf| cnf.get("jkt")).and_then(Value::as_str);
    jkt.and_then(|jkt| jkt.parse().ok())
        .ok_or_else(|| Unable::new("the access token is not bound to a key: it has no cnf with a jkt"))
}
