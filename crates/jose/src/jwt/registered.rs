//! The registered claims ([RFC 7519 §4.1]), read with their types before anything else looks at the claims.
//!
//! [RFC 7519 §4.1]: https://www.rfc-editor.org/rfc/rfc7519#section-4.1

use std::ops::Range;
use std::sync::OnceLock;

use super::error::TokenError;
use super::times::Times;
use crate::json::{self, JsonError, Member};

/// The registered claims of a payload, which is kept beside them.
#[derive(Default)]
pub(super) struct Registered {
    iss: Option<Text>,
    sub: Option<Text>,
    aud: Audience,
    pub(super) exp: Option<i64>,
    pub(super) nbf: Option<i64>,
    pub(super) iat: Option<i64>,
    jti: Option<Text>,
}

/// A string claim: where its content stands in the payload, or the content, where it was written with escapes.
enum Text {
    Place(Range<usize>),
    Unescaped(Box<str>),
}

impl Text {
    fn read<'a>(&'a self, payload: &'a str) -> &'a str {
        match self {
            Text::Place(place) => payload.get(place.clone()).unwrap_or_default(),
            Text::Unescaped(content) => content,
        }
    }
}

/// `aud`: a string or an array of strings, and which of the two it was.
#[derive(Default)]
enum Audience {
    #[default]
    Absent,
    /// And the same as an owned string, once somebody has asked for it.
    One(Text, OnceLock<[String; 1]>),
    Array(Vec<String>),
}

/// `aud`, to be judged.
pub(super) enum FoundAudience<'a> {
    Absent,
    One(&'a str),
    Array(&'a [String]),
}

/// Reads a payload: its text, its members, and the registered claims among them.
pub(super) fn read_payload(payload: Vec<u8>) -> Result<(String, Vec<Member>, Registered), TokenError> {
    let payload = String::from_utf8(payload).map_err(|_| JsonError::Utf8)?;
    let members = json::scan(&payload)?.ok_or(TokenError::ClaimsNotObject)?;
    let registered = Registered::read(&payload, &members)?;
    Ok((payload, members, registered))
}

impl Registered {
    fn read(payload: &str, members: &[Member]) -> Result<Self, TokenError> {
        let mut claims = Registered::default();
        for member in members {
            match member.name(payload) {
                "iss" => claims.iss = Some(string(payload, member, "iss")?),
                "sub" => claims.sub = Some(string(payload, member, "sub")?),
                "jti" => claims.jti = Some(string(payload, member, "jti")?),
                "exp" => claims.exp = Some(numeric_date(member.value(payload), "exp")?),
                "nbf" => claims.nbf = Some(numeric_date(member.value(payload), "nbf")?),
                "iat" => claims.iat = Some(numeric_date(member.value(payload), "iat")?),
                "aud" => claims.aud = audience(payload, member)?,
                _ => {}
            }
        }
        Ok(claims)
    }

    pub(super) fn times(&self) -> Times {
        Times { exp: self.exp, nbf: self.nbf, iat: self.iat }
    }

    pub(super) fn iss<'a>(&'a self, payload: &'a str) -> Option<&'a str> {
        self.iss.as_ref().map(|text| text.read(payload))
    }

    pub(super) fn sub<'a>(&'a self, payload: &'a str) -> Option<&'a str> {
        self.sub.as_ref().map(|text| text.read(payload))
    }

    pub(super) fn jti<'a>(&'a self, payload: &'a str) -> Option<&'a str> {
        self.jti.as_ref().map(|text| text.read(payload))
    }

    pub(super) fn found_audience<'a>(&'a self, payload: &'a str) -> FoundAudience<'a> {
        match &self.aud {
            Audience::Absent => FoundAudience::Absent,
            Audience::One(text, _) => FoundAudience::One(text.read(payload)),
            Audience::Array(several) => FoundAudience::Array(several),
        }
    }

    pub(super) fn aud(&self, payload: &str) -> &[String] {
        match &self.aud {
            Audience::Absent => &[],
            Audience::One(text, owned) => owned.get_or_init(|| [text.read(payload).to_owned()]),
            Audience::Array(several) => several,
        }
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
fn string(payload: &str, member: &Member, claim: &'static str) -> Result<Text, TokenError> {
    text(payload, member).filter(|text| !text.read(payload).is_empty()).ok_or(TokenError::ClaimType { claim })
}

fn text(payload: &str, member: &Member) -> Option<Text> {
    match member.plain() {
        Some(place) => Some(Text::Place(place)),
        None => member.string(payload).map(|content| Text::Unescaped(content.into())),
    }
}

fn audience(payload: &str, member: &Member) -> Result<Audience, TokenError> {
    if let Some(one) = text(payload, member) {
        return Ok(Audience::One(one, OnceLock::new()));
    }
    serde_json::from_str(member.value(payload)).map(Audience::Array).map_err(|_| TokenError::ClaimType { claim: "aud" })
}

/// Seconds since the epoch, from 0 to 2^53; a fraction is cut off.
fn numeric_date(value: &str, claim: &'static str) -> Result<i64, TokenError> {
    let seconds = match value.parse::<i64>() {
        Ok(seconds) => Some(seconds),
        Err(_) if value.starts_with(|c: char| c.is_ascii_digit()) => {
            // Written without exponent and fraction: the text of a whole double is exact.
            value.parse::<f64>().ok().and_then(|date| format!("{:.0}", date.trunc()).parse().ok())
        }
        Err(_) => None,
    };
    seconds.filter(|seconds| (0..=MAX_DATE).contains(seconds)).ok_or(TokenError::ClaimType { claim })
}

const MAX_DATE: i64 = 1 << 53;
