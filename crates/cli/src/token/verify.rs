//! `countersign token verify`: is this token good?

use clap::Args;
use countersign_jose::jws::Compact;
use countersign_jose::jws::hmac;
use serde::Serialize;
use serde_json::json;

use crate::answer::{Answer, Outcome, Unable};
use crate::dpop::{self, DpopRequest};
use crate::expectation::Expectation;
use crate::input::TokenInput;
use crate::judge;
use crate::judgement::Judgement;
use crate::key_source::{KeySource, Keys};
use crate::kind::Kind;
use crate::look::{self, Content, Look, Object};
use crate::reason::Reason;
use crate::shown;

/// Verify a token: against an issuer whose published keys are fetched, or with keys from a file
///
/// A token that is valid is answered with its claims and exit code 0, one that is refused with all the reasons on standard
/// error and exit code 1. Claims of a refused token are never printed. If the keys cannot be had, nothing is known about
/// the token: exit code 2.
///
/// Issuer and audience have to be named. To leave one unchecked takes a switch that says so.
#[derive(Args)]
#[command(after_help = "Examples:\n  \
    countersign token verify --issuer https://id.example --audience https://api.example < token\n  \
    countersign token verify --keys jwks.json --typ id-token --issuer https://id.example --audience client-1 < token\n  \
    countersign token verify --secret-file secret --alg HS256 --unchecked-issuer --audience me --json < token")]
pub(crate) struct Verify {
    #[command(flatten)]
    input: TokenInput,

    #[command(flatten)]
    expectation: Expectation,

    #[command(flatten)]
    keys: KeySource,

    /// Print the result as JSON, valid or refused
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    dpop: DpopRequest,
}

impl Verify {
    pub(crate) fn run(&self) -> Result<Answer, Unable> {
        if self.expectation.typ == Kind::DpopProof {
            return self.proof();
        }
        if self.expectation.issuer.is_none() && !self.expectation.unchecked_issuer {
            return Err(Unable::new("whose token must it be? Say --issuer URL, or --unchecked-issuer"));
        }
        if self.expectation.audience.is_empty() && !self.expectation.unchecked_audience {
            return Err(Unable::new("for whom must it be? Say --audience AUDIENCE, or --unchecked-audience"));
        }
        let token = self.input.read()?;
        let look = Look::at(&token);
        let (keys, notes) = self.keys.load(&self.expectation)?;
        let now = self.expectation.now();
        let Judgement { reasons, .. } = judge::judge(&token, &look, &self.expectation, Some(&keys), now)?;
        let claims = if reasons.is_empty() { verified_claims(&token, &keys)? } else { Content::Absent };
        Ok(self.answer(&reasons, &claims).notes(notes))
    }

    /// A proof brings its key; it takes the request that it came with.
    fn proof(&self) -> Result<Answer, Unable> {
        if self.dpop.method.is_none() || self.dpop.uri.is_none() {
            return Err(dpop::unnamed());
        }
        let token = self.input.read()?;
        let look = Look::at(&token);
        let judged = self.dpop.judge(&token, &look, self.expectation.leeway, self.expectation.now())?;
        Ok(self.answer(&judged.reasons, &look.payload))
    }

    fn answer(&self, reasons: &[Reason], claims: &Content) -> Answer {
        if reasons.is_empty() {
            let claims = Object(claims.members());
            let out = match self.json {
                true => shown::pretty_json(&Valid { valid: true, claims }),
                false => shown::pretty_json(&claims),
            };
            Answer::new(out + "\n").note("valid")
        } else if self.json {
            let reasons: Vec<_> = reasons.iter().map(Reason::to_json).collect();
            Answer::new(shown::pretty_json(&json!({ "valid": false, "reasons": reasons })) + "\n")
                .outcome(Outcome::Refused)
        } else {
            let lines =
                reasons.iter().map(|reason| format!("refused: {} ({})", shown::text(&reason.message), reason.code));
            Answer::new("").notes(lines).note("countersign token explain says more.").outcome(Outcome::Refused)
        }
    }
}

#[derive(Serialize)]
struct Valid<'a> {
    valid: bool,
    claims: Object<'a>,
}

/// The claims, out of the bytes that the signature covers.
fn verified_claims(token: &str, keys: &Keys) -> Result<Content, Unable> {
    let refused = |error: countersign_jose::jws::JwsError| Unable::new(error.to_string());
    let payload = match keys {
        Keys::Secret(key) => hmac::verify(token, key).map_err(refused)?,
        Keys::Key(_) | Keys::Set(_) => Compact::parse(token).map_err(refused)?.unverified_payload().to_vec(),
    };
    Ok(look::of_bytes(&payload))
}
