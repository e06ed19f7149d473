//! The JOSE header ([RFC 7515 §4]).
//!
//! [RFC 7515 §4]: https://www.rfc-editor.org/rfc/rfc7515#section-4

use super::JwsError;
use crate::{Algorithm, json};

/// What a header says: algorithm, type and key id. Members that we do not know are ignored, as [RFC 7515 §4] asks.
///
/// [RFC 7515 §4]: https://www.rfc-editor.org/rfc/rfc7515#section-4
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    algorithm: Algorithm,
    typ: Option<String>,
    kid: Option<String>,
}

impl Header {
    /// `alg`.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// `typ`, as it was written.
    pub fn typ(&self) -> Option<&str> {
        self.typ.as_deref()
    }

    /// `kid`.
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    pub(super) fn parse(bytes: &[u8]) -> Result<Self, JwsError> {
        let text = std::str::from_utf8(bytes).map_err(|_| JwsError::Header(json::JsonError::Utf8))?;
        let members = json::scan(text).map_err(JwsError::Header)?.members.ok_or(JwsError::HeaderNotObject)?;
        let (mut algorithm, mut typ, mut kid) = (None, None, None);
        for member in &members {
            match member.name.as_ref() {
                "alg" => algorithm = Some(member.string().ok_or(JwsError::HeaderMember { member: "alg" })?),
                "typ" => typ = Some(string(member, "typ")?),
                "kid" => kid = Some(string(member, "kid")?),
                "crit" => return Err(JwsError::Critical),
                "b64" => return Err(JwsError::Unencoded),
                "jwk" => return Err(JwsError::KeyInHeader { member: "jwk" }),
                "jku" => return Err(JwsError::KeyInHeader { member: "jku" }),
                "x5u" => return Err(JwsError::KeyInHeader { member: "x5u" }),
                "x5c" => return Err(JwsError::KeyInHeader { member: "x5c" }),
                _ => {}
            }
        }
        let name = algorithm.ok_or(JwsError::HeaderMember { member: "alg" })?;
        let algorithm = name.parse().map_err(|_| JwsError::UnsupportedAlgorithm { found: shown(&name) })?;
        Ok(Header { algorithm, typ, kid })
    }
}

fn string(member: &json::Member<'_>, name: &'static str) -> Result<String, JwsError> {
    member.string().map(String::from).ok_or(JwsError::HeaderMember { member: name })
}

/// A value from the peer in a form that is safe to log: short, and printable ASCII only.
pub(crate) fn shown(value: &str) -> String {
    value.chars().take(128).map(|c| if c.is_ascii_graphic() || c == ' ' { c } else { '?' }).collect()
}
