//! One reason for which a token is refused, whichever part of the token crate named it.

use countersign_jose::jwe::JweError;
use countersign_jose::jws::JwsError;
use countersign_jose::jwt::TokenError;
use countersign_jose::jwt::dpop::DpopError;
use serde_json::{Value, json};

use crate::{moment, rules};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reason {
    pub(crate) code: &'static str,
    /// A sentence, with values out of the token as the token crate shows them.
    pub(crate) message: String,
    /// What was expected and what was found, where the refusal says more than its sentence.
    pub(crate) sides: Option<(String, String)>,
}

impl Reason {
    /// As scripts read it.
    pub(crate) fn to_json(&self) -> Value {
        let rule = rules::with_code(self.code);
        json!({
            "code": self.code,
            "message": self.message,
            "expected": self.sides.as_ref().map(|(expected, _)| expected),
            "found": self.sides.as_ref().map(|(_, found)| found),
            "standard": rule.map(|rule| rule.standard),
            "remedy": rule.map(|rule| rule.remedy),
        })
    }
}

impl From<TokenError> for Reason {
    fn from(error: TokenError) -> Self {
        Reason { code: error.code(), message: error.to_string(), sides: sides(&error) }
    }
}

impl From<DpopError> for Reason {
    fn from(error: DpopError) -> Self {
        let sides = match &error {
            DpopError::Token(error) => sides(error),
            DpopError::Binding { expected, found } => Some((expected.to_string(), found.to_string())),
            DpopError::Method { expected, found } | DpopError::Uri { expected, found } => {
                Some((expected.clone(), found.clone()))
            }
            DpopError::TooOld { iat, now, limit } => Some((
                format!("made at most {} ago", moment::duration(*limit)),
                format!("made {} ago", moment::duration(now.saturating_sub(*iat))),
            )),
            _ => None,
        };
        Reason { code: error.code(), message: error.to_string(), sides }
    }
}

impl From<JweError> for Reason {
    fn from(error: JweError) -> Self {
        let sides = match &error {
            JweError::AlgorithmMismatch { expected, found } => Some((expected.to_string(), found.to_string())),
            JweError::Length { expected, found, .. } => Some((format!("{expected} bytes"), format!("{found} bytes"))),
            JweError::PasswordCount { least, most, found } => Some((format!("{least} to {most}"), found.to_string())),
            JweError::SegmentCount { found } => Some(("5 segments".to_owned(), found.to_string())),
            _ => None,
        };
        Reason { code: error.code(), message: error.to_string(), sides }
    }
}

fn sides(error: &TokenError) -> Option<(String, String)> {
    let date = |seconds: i64| format!("{seconds} ({})", moment::utc(seconds));
    Some(match error {
        TokenError::Audience { expected, found } => (
            format!("one of: {}", expected.join(", ")),
            if found.is_empty() { "nobody".to_owned() } else { found.join(", ") },
        ),
        TokenError::Expired { exp, now } => (
            format!("a time before {}", date(*exp)),
            format!("{}, {} later", date(*now), moment::duration(now.saturating_sub(*exp))),
        ),
        TokenError::IssuedInFuture { iat: begins, now } | TokenError::NotYetValid { nbf: begins, now } => (
            format!("a time from {} on", date(*begins)),
            format!("{}, {} earlier", date(*now), moment::duration(begins.saturating_sub(*now))),
        ),
        TokenError::Issuer { expected, found } => (expected.clone(), found.clone()),
        TokenError::LifetimeTooLong { limit, found } => {
            (format!("at most {}", moment::duration(*limit)), moment::duration(*found))
        }
        TokenError::NeverValid { exp, begins } => (
            format!("an exp after {}", date(*begins)),
            format!("{}, {} earlier", date(*exp), moment::duration(begins.saturating_sub(*exp))),
        ),
        TokenError::Typ { expected, found } => {
            ((*expected).to_owned(), found.clone().unwrap_or_else(|| "no typ".to_owned()))
        }
        TokenError::UnknownKey { kid, algorithm } => (
            "a kid that is in the key set".to_owned(),
            match kid {
                Some(kid) => format!("kid {kid} for {algorithm}"),
                None => format!("no kid, for {algorithm}"),
            },
        ),
        TokenError::Jws(JwsError::AlgorithmMismatch { expected, found }) => (expected.to_string(), found.to_string()),
        TokenError::Jws(JwsError::HmacAlgorithmMismatch { expected, found }) => {
            (expected.to_string(), found.to_string())
        }
        TokenError::Jws(JwsError::SegmentCount { found }) => ("3 segments".to_owned(), found.to_string()),
        _ => return None,
    })
}
