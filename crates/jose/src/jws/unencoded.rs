//! JWS with an unencoded payload, `b64` false ([RFC 7797]), where the caller asks for it: detached, and compact with the
//! payload in plain sight ([`PlainText`]).
//!
//! Entry points of their own, because the same text has two meanings with and without `b64`: everything else in this crate
//! refuses the header that is demanded here, and a token never has it ([RFC 7797 §7]). The header is protected, holds
//! `b64` false and `crit` with `b64` and nothing else; a header without them, or with a `crit` that names more, is refused. The
//! other rules of a header hold as ever.
//!
//! MACs are in [`hmac`].
//!
//! [RFC 7797]: https://www.rfc-editor.org/rfc/rfc7797
//! [RFC 7797 §7]: https://www.rfc-editor.org/rfc/rfc7797#section-7

use std::str::FromStr;

use super::{Fields, Header, JwsError, MAX_BYTES, Segment, decode, push_member};
use crate::json::{self, Member};
use crate::{Algorithm, KeyError, SigningKey, VerifyingKey, base64url};

/// A payload that can stand unencoded between the dots of a compact JWS: printable ASCII without a dot, and not empty
/// ([RFC 7797 §5.2]).
///
/// [RFC 7797 §5.2]: https://www.rfc-editor.org/rfc/rfc7797#section-5.2
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlainText<'a>(&'a str);

impl<'a> PlainText<'a> {
    /// Checks the characters.
    ///
    /// # Errors
    /// [`JwsError::UnencodedPayload`], [`JwsError::EmptySegment`].
    pub fn new(payload: &'a str) -> Result<Self, JwsError> {
        if payload.is_empty() {
            return Err(JwsError::EmptySegment { segment: Segment::Payload });
        }
        if payload.bytes().any(|byte| !(0x20..=0x7E).contains(&byte) || byte == b'.') {
            return Err(JwsError::UnencodedPayload);
        }
        Ok(PlainText(payload))
    }

    /// The payload as it was sent.
    pub fn as_str(self) -> &'a str {
        self.0
    }
}

/// Signs a payload that travels elsewhere: `header..signature`.
///
/// # Errors
/// [`KeyError::Backend`] when the cryptographic library fails.
pub fn sign_detached(key: &SigningKey, typ: Option<&str>, payload: &[u8]) -> Result<String, KeyError> {
    let header = seal_header(key.algorithm().as_str(), typ, Some(key.kid()));
    let signature = key.sign(&signing_input(&header, payload))?;
    Ok(format!("{header}..{}", base64url::encode(signature)))
}

/// Signs a payload that stays readable: `header.payload.signature`.
///
/// # Errors
/// [`KeyError::Backend`] when the cryptographic library fails.
pub fn sign(key: &SigningKey, typ: Option<&str>, payload: PlainText<'_>) -> Result<String, KeyError> {
    let header = seal_header(key.algorithm().as_str(), typ, Some(key.kid()));
    let signature = key.sign(&signing_input(&header, payload.0.as_bytes()))?;
    Ok(format!("{header}.{}.{}", payload.0, base64url::encode(signature)))
}

/// Verifies a detached JWS over the payload that the caller holds, and hands the header out. The JWS is at most
/// [`MAX_BYTES`] long; the payload may have any length.
///
/// # Errors
/// [`JwsError`]: [`JwsError::HeaderMember`] when `b64` or `crit` is not as it has to be, [`JwsError::SegmentCount`] when
/// the JWS carries a payload.
pub fn verify_detached(text: &str, payload: &[u8], key: &VerifyingKey) -> Result<Header, JwsError> {
    let parts = Parts::<Algorithm>::detached(text)?;
    parts.check(payload, key)?;
    Ok(Header::new(parts.fields))
}

/// Verifies a compact JWS whose payload is not encoded, and hands the payload out.
///
/// # Errors
/// As [`verify_detached`]; [`JwsError::UnencodedPayload`] and [`JwsError::EmptySegment`] for a payload that this form cannot
/// have.
pub fn verify<'a>(text: &'a str, key: &VerifyingKey) -> Result<&'a str, JwsError> {
    let (parts, payload) = Parts::<Algorithm>::with_payload(text)?;
    parts.check(payload.0.as_bytes(), key)?;
    Ok(payload.0)
}

/// The same with MACs.
pub mod hmac {
    use super::{Parts, PlainText, seal_header, signing_input};
    use crate::base64url;
    use crate::jws::JwsError;
    use crate::jws::hmac::{HmacAlgorithm, HmacKey};

    /// Makes a MAC over a payload that travels elsewhere: `header..tag`.
    pub fn sign_detached(key: &HmacKey, typ: Option<&str>, payload: &[u8]) -> String {
        let header = seal_header(key.algorithm().as_str(), typ, key.kid());
        let tag = key.tag(&signing_input(&header, payload));
        format!("{header}..{}", base64url::encode(tag))
    }

    /// Makes a MAC over a payload that stays readable: `header.payload.tag`.
    pub fn sign(key: &HmacKey, typ: Option<&str>, payload: PlainText<'_>) -> String {
        let header = seal_header(key.algorithm().as_str(), typ, key.kid());
        let tag = key.tag(&signing_input(&header, payload.0.as_bytes()));
        format!("{header}.{}.{}", payload.0, base64url::encode(tag))
    }

    /// Verifies a detached JWS over the payload that the caller holds.
    ///
    /// # Errors
    /// As [`unencoded::verify_detached`](super::verify_detached).
    pub fn verify_detached(text: &str, payload: &[u8], key: &HmacKey) -> Result<(), JwsError> {
        Parts::<HmacAlgorithm>::detached(text)?.check_tag(payload, key)
    }

    /// Verifies a compact JWS whose payload is not encoded, and hands the payload out.
    ///
    /// # Errors
    /// As [`unencoded::verify`](super::verify).
    pub fn verify<'a>(text: &'a str, key: &HmacKey) -> Result<&'a str, JwsError> {
        let (parts, payload) = Parts::<HmacAlgorithm>::with_payload(text)?;
        parts.check_tag(payload.0.as_bytes(), key)?;
        Ok(payload.0)
    }

    impl Parts<'_, HmacAlgorithm> {
        fn check_tag(&self, payload: &[u8], key: &HmacKey) -> Result<(), JwsError> {
            let (expected, found) = (key.algorithm(), self.fields.algorithm);
            if expected != found {
                return Err(JwsError::HmacAlgorithmMismatch { expected, found });
            }
            key.check_tag(&signing_input(self.header, payload), &self.signature)
        }
    }
}

/// A JWS without its payload, taken apart; nothing about it is proven.
struct Parts<'a, A> {
    header: &'a str,
    fields: Fields<A>,
    signature: Vec<u8>,
}

impl<'a, A: FromStr> Parts<'a, A> {
    fn detached(text: &'a str) -> Result<Self, JwsError> {
        let (header, payload, signature) = split(text)?;
        if !payload.is_empty() {
            return Err(segment_count(text));
        }
        Self::read(header, signature)
    }

    fn with_payload(text: &'a str) -> Result<(Self, PlainText<'a>), JwsError> {
        let (header, payload, signature) = split(text)?;
        let parts = Self::read(header, signature)?;
        Ok((parts, PlainText::new(payload)?))
    }

    fn read(header: &'a str, signature: &str) -> Result<Self, JwsError> {
        let mut bytes = Vec::new();
        decode(header, Segment::Header, &mut bytes)?;
        let fields = read_header(&bytes)?;
        decode(signature, Segment::Signature, &mut bytes)?;
        Ok(Parts { header, fields, signature: bytes })
    }
}

impl Parts<'_, Algorithm> {
    fn check(&self, payload: &[u8], key: &VerifyingKey) -> Result<(), JwsError> {
        let (expected, found) = (key.algorithm(), self.fields.algorithm);
        if expected != found {
            return Err(JwsError::AlgorithmMismatch { expected, found });
        }
        key.verify(&signing_input(self.header, payload), &self.signature).map_err(|_| JwsError::Signature)
    }
}

/// Header, whatever stands between the first two dots, and signature.
fn split(text: &str) -> Result<(&str, &str, &str), JwsError> {
    if text.len() > MAX_BYTES {
        return Err(JwsError::TooLarge { found: text.len() });
    }
    let (header, rest) = text.split_once('.').ok_or_else(|| segment_count(text))?;
    match rest.split_once('.') {
        Some((payload, signature)) if !signature.contains('.') => Ok((header, payload, signature)),
        _ => Err(segment_count(text)),
    }
}

fn segment_count(text: &str) -> JwsError {
    JwsError::SegmentCount { found: text.split('.').count() }
}

/// [RFC 7797 §6](https://www.rfc-editor.org/rfc/rfc7797#section-6): `b64` counts only where `crit` says that it must be understood.
fn read_header<A: FromStr>(bytes: &[u8]) -> Result<Fields<A>, JwsError> {
    let text = std::str::from_utf8(bytes).map_err(|_| JwsError::Header(json::JsonError::Utf8))?;
    let (mut unencoded, mut critical) = (false, false);
    let fields = Fields::parse_with(text, |member| {
        match member.name(text) {
            "b64" => unencoded = is(member, text, &serde_json::Value::Bool(false)),
            "crit" => critical = is(member, text, &serde_json::json!(["b64"])),
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    match (unencoded, critical) {
        (true, true) => Ok(fields),
        (false, _) => Err(JwsError::HeaderMember { member: "b64" }),
        (true, false) => Err(JwsError::HeaderMember { member: "crit" }),
    }
}

fn is(member: &Member, header: &str, value: &serde_json::Value) -> bool {
    serde_json::from_str::<serde_json::Value>(member.value(header)).is_ok_and(|found| found == *value)
}

/// The encoded header.
fn seal_header(algorithm: &str, typ: Option<&str>, kid: Option<&str>) -> String {
    let mut header = format!(r#"{{"alg":"{algorithm}","b64":false,"crit":["b64"]"#);
    if let Some(typ) = typ {
        push_member(&mut header, "typ", typ);
    }
    if let Some(kid) = kid {
        push_member(&mut header, "kid", kid);
    }
    header.push('}');
    base64url::encode(header)
}

fn signing_input(header: &str, payload: &[u8]) -> Vec<u8> {
    [header.as_bytes(), b".", payload].concat()
}
