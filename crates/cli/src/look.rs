//! A lenient look at a token, for display only: whatever can be made out is shown, also where the rules are broken.
//!
//! Nothing is decided by what is read here. The rules are asked of `countersign-jose` ([`crate::judge`]).

use std::fmt;

use base64::Engine;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde::ser::{Serialize, Serializer};
use serde_json::Value;

/// What a text looks like.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Form {
    /// Three segments.
    Jws,
    /// Five segments.
    Jwe,
    /// An object with `payload`.
    JwsJson,
    /// An object with `ciphertext`.
    JweJson,
    /// What was encrypted, and is no token.
    Content,
    Unknown,
}

impl Form {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Form::Jws => "JWS, compact",
            Form::Jwe => "JWE, compact",
            Form::JwsJson => "JWS, JSON serialization",
            Form::JweJson => "JWE, JSON serialization",
            Form::Content => "not a token",
            Form::Unknown => "neither JWS nor JWE",
        }
    }
}

/// What could be made out.
pub(crate) struct Look {
    pub(crate) form: Form,
    /// One, or as many as a JSON serialization has signatures.
    pub(crate) headers: Vec<Content>,
    /// The payload of a JWS.
    pub(crate) payload: Content,
    /// The parts that are not text, by name, with their length in bytes where they could be decoded.
    pub(crate) opaque: Vec<(&'static str, Option<usize>)>,
}

/// What a segment holds.
#[derive(Clone, Debug)]
pub(crate) enum Content {
    Absent,
    /// An object, in its own order, with what it says twice.
    Members(Vec<(String, Value)>),
    /// JSON, but not an object.
    Json(Value),
    /// Not JSON.
    Text(String),
    /// Not text: so many bytes.
    Binary(usize),
    /// Not even base64url.
    Undecodable,
}

impl Look {
    pub(crate) fn at(token: &str) -> Self {
        if token.starts_with('{') {
            return Self::at_json(token);
        }
        let segments: Vec<&str> = token.split('.').collect();
        match *segments.as_slice() {
            [header, key, iv, ciphertext, tag] => Look {
                form: Form::Jwe,
                headers: vec![content(header)],
                payload: Content::Absent,
                opaque: vec![
                    ("encrypted key", length(key)),
                    ("initialization vector", length(iv)),
                    ("ciphertext", length(ciphertext)),
                    ("authentication tag", length(tag)),
                ],
            },
            [header, ref rest @ ..] => Look {
                form: if rest.len() == 2 { Form::Jws } else { Form::Unknown },
                headers: vec![content(header)],
                payload: rest.first().map_or(Content::Absent, |payload| content(payload)),
                opaque: rest.get(1).map(|signature| ("signature", length(signature))).into_iter().collect(),
            },
            [] => Look { form: Form::Unknown, headers: Vec::new(), payload: Content::Absent, opaque: Vec::new() },
        }
    }

    /// Content that is no token.
    pub(crate) fn at_content(bytes: &[u8]) -> Self {
        Look { form: Form::Content, headers: Vec::new(), payload: of_bytes(bytes), opaque: Vec::new() }
    }

    fn at_json(text: &str) -> Self {
        let object = match serde_json::from_str(text) {
            Ok(Value::Object(object)) => object,
            _ => {
                return Look {
                    form: Form::Unknown,
                    headers: Vec::new(),
                    // It may be a key file that somebody took for a token.
                    payload: Content::Absent,
                    opaque: Vec::new(),
                };
            }
        };
        let text = |name: &str| object.get(name).and_then(Value::as_str);
        let form = match (object.contains_key("ciphertext"), object.contains_key("payload")) {
            (true, _) => Form::JweJson,
            (false, true) => Form::JwsJson,
            (false, false) => Form::Unknown,
        };
        let several = object.get("signatures").and_then(Value::as_array).into_iter().flatten();
        let several = several.filter_map(|one| one.get("protected").and_then(Value::as_str));
        let opaque = [
            ("encrypted key", "encrypted_key"),
            ("initialization vector", "iv"),
            ("ciphertext", "ciphertext"),
            ("authentication tag", "tag"),
            ("signature", "signature"),
        ];
        Look {
            form,
            headers: text("protected").into_iter().chain(several).map(content).collect(),
            payload: text("payload").map_or(Content::Absent, content),
            opaque: opaque.into_iter().filter_map(|(name, member)| Some((name, length(text(member)?)))).collect(),
        }
    }

    /// A member of the header, of the first one if there are several; of a name that is there twice, the first.
    pub(crate) fn header(&self, name: &str) -> Option<&Value> {
        self.headers.first()?.member(name)
    }

    /// A member of the header that is a string.
    pub(crate) fn header_text(&self, name: &str) -> Option<&str> {
        self.header(name)?.as_str()
    }
}

impl Content {
    /// The members, if it is an object.
    pub(crate) fn members(&self) -> &[(String, Value)] {
        match self {
            Content::Members(members) => members,
            _ => &[],
        }
    }

    pub(crate) fn member(&self, name: &str) -> Option<&Value> {
        self.members().iter().find_map(|(member, value)| (member == name).then_some(value))
    }
}

/// Members as an object, in their order, with what is there twice.
pub(crate) struct Object<'a>(pub(crate) &'a [(String, Value)]);

impl Serialize for Object<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

fn content(segment: &str) -> Content {
    match decode(segment) {
        Some(bytes) => of_bytes(&bytes),
        None => Content::Undecodable,
    }
}

/// What decoded bytes hold.
pub(crate) fn of_bytes(bytes: &[u8]) -> Content {
    let Ok(text) = std::str::from_utf8(bytes) else { return Content::Binary(bytes.len()) };
    if let Ok(Members(members)) = serde_json::from_str(text) {
        return Content::Members(members);
    }
    match serde_json::from_str(text) {
        Ok(value) => Content::Json(value),
        Err(_) => Content::Text(text.to_owned()),
    }
}

fn length(segment: &str) -> Option<usize> {
    decode(segment).map(|bytes| bytes.len())
}

/// Either alphabet, with or without padding, whatever the spare bits.
fn decode(segment: &str) -> Option<Vec<u8>> {
    let config = GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let plain: String = segment
        .chars()
        .filter(|c| !c.is_whitespace())
        .map(|c| match c {
            '+' => '-',
            '/' => '_',
            c => c,
        })
        .collect();
    GeneralPurpose::new(&URL_SAFE, config).decode(plain).ok()
}

/// The members of an object in their order, duplicates included.
struct Members(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Each;
        impl<'de> Visitor<'de> for Each {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Each)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_breaks_the_rules_is_made_out_all_the_same() {
        // `{"a":1,"a":2}` with padding, `"text"` in the other alphabet and with spare bits, no signature.
        let look = Look::at("eyJhIjoxLCJhIjoyfQ==.Ij8/Iv.");
        assert_eq!(look.form, Form::Jws);
        assert_eq!(look.headers.first().unwrap().members(), [("a".into(), 1.into()), ("a".into(), 2.into())]);
        assert!(matches!(&look.payload, Content::Json(Value::String(text)) if text == "??"), "{:?}", look.payload);
        assert_eq!(look.opaque, [("signature", Some(0))]);
        assert!(matches!(Look::at("!").headers.as_slice(), [Content::Undecodable]));
        assert_eq!(Look::at("e30.a.b.c.d").form, Form::Jwe);
        assert_eq!(
            Look::at(r#"{"payload":"e30","signatures":[{"protected":"e30"},{"protected":"e30"}]}"#).headers.len(),
            2
        );
    }
}
