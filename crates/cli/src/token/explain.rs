//! `countersign token explain`: why is this token refused?

use std::fmt::Write;

use clap::Args;
use serde_json::json;

use super::verdict;
use crate::answer::{Answer, Outcome, Unable};
use crate::dpop::DpopRequest;
use crate::expectation::Expectation;
use crate::input::TokenInput;
use crate::judge;
use crate::judgement::{Judgement, Signature};
use crate::key_source::{KeySource, Keys};
use crate::kind::Kind;
use crate::look::Look;
use crate::reason::Reason;
use crate::rules::{self, Rule};
use crate::shown;

/// Say why a token is refused: every reason, with the rule, the standard and what to do about it
///
/// Takes what verify takes, and lists all reasons and not only the first. What is not named is not judged: without keys
/// and without --issuer, everything but the signature.
///
/// Exit code 0 if the token is valid, 1 if it is refused, 2 if no fault was found and the signature could not be checked.
#[derive(Args)]
#[command(after_help = "Examples:\n  \
    countersign token explain --issuer https://id.example --audience https://api.example < token\n  \
    countersign token explain --typ id-token < token\n  \
    countersign token explain --code audience")]
pub(crate) struct Explain {
    #[command(flatten)]
    input: TokenInput,

    #[command(flatten)]
    expectation: Expectation,

    #[command(flatten)]
    keys: KeySource,

    /// Explain a code out of a log instead of a token
    #[arg(long, value_name = "CODE", conflicts_with_all = ["file", "token", "codes"])]
    code: Option<String>,

    /// List all codes
    #[arg(long)]
    codes: bool,

    /// Print the result as JSON
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    dpop: DpopRequest,
}

impl Explain {
    pub(crate) fn run(&self) -> Result<Answer, Unable> {
        if self.codes {
            return Ok(self.list(rules::RULES));
        }
        if let Some(code) = &self.code {
            let rule = rules::with_code(code);
            let rule = rule.ok_or_else(|| Unable::new("there is no such code; --codes lists all"))?;
            return Ok(self.list(std::slice::from_ref(rule)));
        }
        let token = self.input.read()?;
        let look = Look::at(&token);
        let now = self.expectation.now();
        let (judged, notes) = if self.expectation.typ == Kind::DpopProof {
            (self.dpop.judge(&token, &look, self.expectation.leeway, now)?, Vec::new())
        } else {
            let (keys, notes) = self.keys()?;
            (judge::judge(&token, &look, &self.expectation, keys.as_ref(), now)?, notes)
        };
        let outcome = match (judged.reasons.as_slice(), &judged.signature) {
            ([], Signature::Verified) => Outcome::Done,
            ([], _) => Outcome::Unable,
            _ => Outcome::Refused,
        };
        let out = if self.json { as_json(&judged, outcome) } else { self.as_text(&judged, outcome) };
        Ok(Answer::new(out).notes(notes).outcome(outcome))
    }

    /// The keys, if there are any. Without those of the issuer, the rest can still be explained.
    fn keys(&self) -> Result<(Option<Keys>, Vec<String>), Unable> {
        if !self.keys.is_local() && !self.keys.is_remote(&self.expectation) {
            return Ok((None, Vec::new()));
        }
        match self.keys.load(&self.expectation) {
            Ok((keys, notes)) => Ok((Some(keys), notes)),
            Err(unable) if self.keys.is_local() => Err(unable),
            Err(unable) => Ok((None, vec![format!("note: {unable}")])),
        }
    }

    fn as_text(&self, judged: &Judgement, outcome: Outcome) -> String {
        let mut out = match (outcome, judged.reasons.len()) {
            (Outcome::Done, _) => "valid\n\n".to_owned(),
            (Outcome::Unable, _) => "no fault found, but the signature was not checked\n\n".to_owned(),
            (Outcome::Refused, 1) => "refused\n\n".to_owned(),
            (Outcome::Refused, count) => format!("refused, for {count} reasons\n\n"),
        };
        out.push_str(&verdict::reasons(&judged.reasons));
        let _ = writeln!(out, "signature     {}", verdict::signature(&judged.signature));
        let asked = if self.expectation.typ == Kind::DpopProof {
            [("method", self.dpop.method.is_some()), ("uri", self.dpop.uri.is_some())]
        } else {
            [("issuer", self.expectation.issuer.is_some()), ("audience", !self.expectation.audience.is_empty())]
        };
        for (name, is_named) in asked {
            let _ = writeln!(out, "{name:<14}{}", if is_named { "checked" } else { "not checked: none was named" });
        }
        out
    }

    fn list(&self, rules: &[Rule]) -> Answer {
        if self.json {
            return Answer::new(shown::pretty_json(&rules) + "\n");
        }
        let mut out = String::new();
        for rule in rules {
            let _ = writeln!(out, "{}", rule.code);
            for (name, text) in [("rule", rule.rule), ("standard", rule.standard), ("to do", rule.remedy)] {
                out.push_str(&verdict::field(name, text));
            }
            out.push('\n');
        }
        Answer::new(out)
    }
}

fn as_json(judged: &Judgement, outcome: Outcome) -> String {
    let reasons: Vec<_> = judged.reasons.iter().map(Reason::to_json).collect();
    let verdict = match outcome {
        Outcome::Done => "valid",
        Outcome::Refused => "refused",
        Outcome::Unable => "undecided",
    };
    let signature = verdict::signature(&judged.signature);
    shown::pretty_json(&json!({ "verdict": verdict, "signature": signature, "reasons": reasons })) + "\n"
}
