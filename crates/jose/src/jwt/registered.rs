//! The registered claims ([RFC 7519 §4.1]), read with their types before anything else looks at the claims.
//!
//! [RFC 7519 §4.1]: https://www.rfc-editor.org/rfc/rfc7519#section-4.1

use super::error::TokenError;
use crate::json::Member;

#[derive(Debug, Default)]
pub(super) struct Registered {
    pub(super) iss: Option<String>,
    pub(super) sub: Option<String>,
    pub(super) aud: Audience,
    pub(super) exp: Option<i64>,
    pub(super) nbf: Option<i64>,
    pub(super) iat: Option<i64>,
    pub(super) jti: Option<String>,
}

/// `aud`: a string or an array of strings, and which of the two it was.
#[derive(Debug, Default)]
pub(super) enum Audience {
    #[default]
    Absent,
    One([String; 1]),
    Array(Vec<String>),
}

impl Audience {
    pub(super) fn as_slice(&self) -> &[String] {
        match self {
            Audience::Absent => &[],
            Audience::One(one) => one,
            Audience::Array(several) => several,
        }
    }
}

impl Registered {
    pub(super) fn read(members: &[Member<'_>]) -> Result<Self, TokenError> {
        let mut claims = Registered::default();
        for member in members {
            match member.name.as_ref() {
                "iss" => claims.iss = Some(string(member, "iss")?),
                "sub" => claims.sub = Some(string(member, "sub")?),
                "jti" => claims.jti = Some(string(member, "jti")?),
                "exp" => claims.exp = Some(numeric_date(member, "exp")?),
                "nbf" => claims.nbf = Some(numeric_date(member, "nbf")?),
                "iat" => claims.iat = Some(numeric_date(member, "iat")?),
                "aud" => claims.aud = audience(member)?,
                _ => {}
            }
        }
        Ok(claims)
    }

    pub(super) fn has(&self, claim: &str) -> bool {
        match claim {
            "iss" => self.iss.is_some(),
            "sub" => self.sub.is_some(),
            "aud" => !matches!(self.aud, Audience::Absent),
            "exp" => self.exp.is_some(),
            "nbf" => self.nbf.is_some(),
            "iat" => self.iat.is_some(),
            "jti" => self.jti.is_some(),
            _ => false,
        }
    }
}

/// An empty string names nobody; as issuer, subject or token id it is no better than a wrong type.
fn string(member: &Member<'_>, claim: &'static str) -> Result<String, TokenError> {
    match member.string() {
        Some(text) if !text.is_empty() => Ok(text.into_owned()),
        _ => Err(TokenError::ClaimType { claim }),
    }
}

fn audience(member: &Member<'_>) -> Result<Audience, TokenError> {
    if let Some(one) = member.string() {
        return Ok(Audience::One([one.into_owned()]));
    }
    serde_json::from_str(member.value).map(Audience::Array).map_err(|_| TokenError::ClaimType { claim: "aud" })
}

/// Seconds since the epoch, from 0 to 2^53; a fraction is cut off.
fn numeric_date(member: &Member<'_>, claim: &'static str) -> Result<i64, TokenError> {
    let seconds = match member.value.parse::<i64>() {
        Ok(seconds) => Some(seconds),
        Err(_) if member.value.starts_with(|c: char| c.is_ascii_digit()) => {
            // Written without exponent and fraction: the text of a whole double is exact.
            member.value.parse::<f64>().ok().and_then(|date| format!("{:.0}", date.trunc()).parse().ok())
        }
        Err(_) => None,
    };
    seconds.filter(|seconds| (0..=MAX_DATE).contains(seconds)).ok_or(TokenError::ClaimType { claim })
}

const MAX_DATE: i64 = 1 << 53;
