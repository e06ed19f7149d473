//! The JOSE header ([RFC 7515 §4]).
//!
//! [RFC 7515 §4]: https://www.rfc-editor.org/rfc/rfc7515#section-4

use std::borrow::Cow;
use std::str::FromStr;

use super::JwsError;
use crate::json::Member;
use crate::{Algorithm, json};

/// What a header says: algorithm, type and key id. Members that we do not know are ignored, as [RFC 7515 §4] asks.
///
/// [RFC 7515 §4]: https://www.rfc-editor.org/rfc/rfc7515#section-4
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    fields: Fields<Algorithm>,
}

/// The members of a header whose algorithm is one of `A`; any other algorithm is unsupported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fields<A> {
    pub(super) algorithm: A,
    pub(super) typ: Option<Cow<'static, str>>,
    pub(super) kid: Option<String>,
}

impl Header {
    /// `alg`.
    pub fn algorithm(&self) -> Algorithm {
        self.fields.algorithm
    }

    /// `typ`, as it was written.
    pub fn typ(&self) -> Option<&str> {
        self.fields.typ.as_deref()
    }

    /// `kid`.
    pub fn kid(&self) -> Option<&str> {
        self.fields.kid.as_deref()
    }

    pub(super) fn new(fields: Fields<Algorithm>) -> Self {
        Header { fields }
    }
}

impl<A: FromStr> Fields<A> {
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, JwsError> {
        let text = std::str::from_utf8(bytes).map_err(|_| JwsError::Header(json::JsonError::Utf8))?;
        match Self::parse_plain(text) {
            Some(header) => Ok(header),
            None => Self::parse_any(text),
        }
    }

    /// Reads the header that nearly every token has: `alg`, `typ` and `kid`, each at most once, without white space and
    /// without escapes. Anything else is left to [`parse_any`](Self::parse_any), which has the last word on it.
    fn parse_plain(text: &str) -> Option<Self> {
        let (mut algorithm, mut typ, mut kid) = (None, None, None);
        let mut rest = text.strip_prefix('{')?;
        loop {
            let (name, after) = plain_string(rest)?;
            let (value, after) = plain_string(after.strip_prefix(':')?)?;
            let member = match name {
                "alg" => &mut algorithm,
                "typ" => &mut typ,
                "kid" => &mut kid,
                _ => return None,
            };
            if member.replace(value).is_some() {
                return None;
            }
            match after.strip_prefix(',') {
                Some(after) => rest = after,
                None if after == "}" => break,
                None => return None,
            }
        }
        Some(Fields { algorithm: algorithm?.parse().ok()?, typ: typ.map(known_typ), kid: kid.map(str::to_owned) })
    }

    fn parse_any(text: &str) -> Result<Self, JwsError> {
        Self::parse_with(text, |_| Ok(false))
    }

    /// Reads a header that has members of its own where the caller knows them: `take` is shown every member first and says
    /// whether it was one of these. The others are judged as in any header.
    pub(super) fn parse_with(
        text: &str,
        mut take: impl FnMut(&Member) -> Result<bool, JwsError>,
    ) -> Result<Self, JwsError> {
        let members = json::scan(text).map_err(JwsError::Header)?.ok_or(JwsError::HeaderNotObject)?;
        let (mut algorithm, mut typ, mut kid) = (None, None, None);
        for member in &members {
            if take(member)? {
                continue;
            }
            let string = |name| member.string(text).ok_or(JwsError::HeaderMember { member: name });
            match member.name(text) {
                "alg" => algorithm = Some(string("alg")?),
                "typ" => typ = Some(known_typ(&string("typ")?)),
                "kid" => kid = Some(string("kid")?.into_owned()),
                "crit" => return Err(JwsError::Critical),
                "b64" => return Err(JwsError::Unencoded),
                "jwk" => return Err(JwsError::KeyInHeader { member: "jwk" }),
                "jku" => return Err(JwsError::KeyInHeader { member: "jku" }),
                "x5u" => return Err(JwsError::KeyInHeader { member: "x5u" }),
                "x5c" => return Err(JwsError::KeyInHeader { member: "x5c" }),
                // They decide nothing here, but have a type (RFC 7515 §4.1.7, §4.1.8, §4.1.10).
                "cty" => drop(string("cty")?),
                "x5t" => drop(string("x5t")?),
                "x5t#S256" => drop(string("x5t#S256")?),
                _ => {}
            }
        }
        let name = algorithm.ok_or(JwsError::HeaderMember { member: "alg" })?;
        let algorithm = name.parse().map_err(|_| JwsError::UnsupportedAlgorithm { found: shown(&name) })?;
        Ok(Fields { algorithm, typ, kid })
    }
}

/// The content of the string that a text begins with, and what follows it; `None` where it takes more than looking for
/// the next quote to tell.
fn plain_string(text: &str) -> Option<(&str, &str)> {
    let text = text.strip_prefix('"')?;
    let (content, rest) = text.split_at_checked(json::plain_end(text.as_bytes(), 0))?;
    Some((content, rest.strip_prefix('"')?))
}

/// The kinds of token that are common need no copy of their name.
fn known_typ(typ: &str) -> Cow<'static, str> {
    let known = ["JWT", "at+jwt", "agent+jwt", "dpop+jwt", "host+jwt"];
    known.into_iter().find(|&known| known == typ).map_or_else(|| Cow::Owned(typ.to_owned()), Cow::Borrowed)
}

/// A value from the peer in a form that is safe to log: short, and printable ASCII only.
pub(crate) fn shown(value: &str) -> String {
    value.chars().take(128).map(|c| if c.is_ascii_graphic() || c == ' ' { c } else { '?' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whatever the short way reads, the long way reads alike.
    #[test]
    fn the_short_way_through_a_header_accepts_nothing_of_its_own() {
        let pieces = [
            r#"{"alg":"ES256","typ":"at+jwt","kid":"k1"}"#,
            r#"{"kid":"é","alg":"RS256"}"#,
            r#"{"typ":"x+jwt","alg":"EdDSA"}"#,
        ];
        let inserts = [
            "{",
            "}",
            "\"",
            ",",
            ":",
            "\\",
            "\\\"",
            "\\u0061",
            " ",
            "\n",
            "\u{0}",
            "\u{7f}",
            "é",
            r#","alg":"ES256""#,
            r#""kid":"k2","#,
            r#","crit":[]"#,
            r#","b64":"x""#,
            r#","jwk":"x""#,
            r#","x":"y""#,
            r#","typ":1"#,
            "[]",
            "none",
            "",
        ];
        let (mut short, mut long) = (0, 0);
        for text in pieces {
            for insert in inserts {
                for place in (0..=text.len()).filter(|&place| text.is_char_boundary(place)) {
                    for end in (place..=text.len().min(place + 12)).filter(|&end| text.is_char_boundary(end)) {
                        let changed = format!("{}{insert}{}", &text[..place], &text[end..]);
                        match (Fields::<Algorithm>::parse_plain(&changed), Fields::parse_any(&changed)) {
                            (Some(header), judged) => {
                                assert_eq!(Ok(header), judged, "{changed}");
                                short += 1;
                            }
                            (None, Ok(_)) => long += 1,
                            (None, Err(_)) => {}
                        }
                    }
                }
            }
        }
        assert!(short > 500 && long > 100, "{short} {long}");
    }
}
