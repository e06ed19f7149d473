//! JSON Web Signature, compact serialization ([RFC 7515 §3.1, §5]).
//!
//! Refused: anything but three non-empty segments of strict base64url, a header that is not an object of unique members,
//! every `crit` ([RFC 7515 §4.1.11]; we know no extension), `b64` ([RFC 7797]), and keys or references to keys in the
//! header (`jwk`, `jku`, `x5u`, `x5c`): the verifier chooses the key, never the token.
//!
//! This is the form without a meaning; tokens are in [`jwt`](crate::jwt).
//!
//! [RFC 7515 §3.1, §5]: https://www.rfc-editor.org/rfc/rfc7515#section-3.1
//! [RFC 7515 §4.1.11]: https://www.rfc-editor.org/rfc/rfc7515#section-4.1.11
//! [RFC 7797]: https://www.rfc-editor.org/rfc/rfc7797

mod bounds;
pub mod detached;
pub(crate) mod embedded_key;
mod error;
mod header;
pub mod hmac;
pub mod json_serialization;
pub mod unencoded;

use std::str::FromStr;

use serde_json::ser::to_string as json_string;

use crate::{KeyError, SigningKey, VerifyingKey, base64url};

pub use bounds::MAX_BYTES;
pub use error::{JwsError, Segment};
use header::Fields;
pub use header::Header;
pub(crate) use header::shown;

/// A compact JWS that has been taken apart; nothing about it is proven.
#[derive(Debug)]
pub struct Compact<'a> {
    signing_input: &'a str,
    header: Header,
    payload: Vec<u8>,
    signature: Vec<u8>,
}

impl<'a> Compact<'a> {
    /// Takes a compact JWS apart.
    ///
    /// # Errors
    /// [`JwsError`], one variant per rule.
    pub fn parse(text: &'a str) -> Result<Self, JwsError> {
        let Parts { signing_input, fields, payload, signature } = take_apart(text)?;
        Ok(Compact { signing_input, header: Header::new(fields), payload, signature })
    }

    /// The header, to choose a key by.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The payload, of which nothing is known but its bytes.
    pub fn unverified_payload(&self) -> &[u8] {
        &self.payload
    }

    /// Verifies the signature and hands the payload out.
    ///
    /// # Errors
    /// [`JwsError::AlgorithmMismatch`] when `alg` is not the key's, [`JwsError::Signature`].
    pub fn verify(self, key: &VerifyingKey) -> Result<Vec<u8>, JwsError> {
        self.check_signature(key)?;
        Ok(self.payload)
    }

    pub(crate) fn check_signature(&self, key: &VerifyingKey) -> Result<(), JwsError> {
        let (expected, found) = (key.algorithm(), self.header.algorithm());
        if expected != found {
            return Err(JwsError::AlgorithmMismatch { expected, found });
        }
        let verified = key.public_key().verify(self.signing_input.as_bytes(), &self.signature);
        verified.map_err(|_| JwsError::Signature)
    }

    /// Moves the payload out; the signature covers the text, which stays.
    pub(crate) fn take_payload(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.payload)
    }

    pub(crate) fn into_header(self) -> Header {
        self.header
    }
}

/// The parts of a compact JWS whose algorithm is one of `A`.
struct Parts<'a, A> {
    signing_input: &'a str,
    fields: Fields<A>,
    payload: Vec<u8>,
    signature: Vec<u8>,
}

fn take_apart<A: FromStr>(text: &str) -> Result<Parts<'_, A>, JwsError> {
    take_apart_with(text, Fields::parse)
}

/// Takes a compact JWS apart whose header is read in another way.
fn take_apart_with<A>(
    text: &str,
    read_header: impl FnOnce(&[u8]) -> Result<Fields<A>, JwsError>,
) -> Result<Parts<'_, A>, JwsError> {
    if text.len() > MAX_BYTES {
        return Err(JwsError::TooLarge { found: text.len() });
    }
    // The payload, most of the text, is not searched for dots: one in it is no base64url, which is seen below.
    let segment_count = || JwsError::SegmentCount { found: text.split('.').count() };
    let (signing_input, signature) = text.rsplit_once('.').ok_or_else(segment_count)?;
    let (header, payload) = signing_input.split_once('.').ok_or_else(segment_count)?;
    // One buffer serves the header and then the payload.
    let mut bytes = Vec::with_capacity(header.len().max(payload.len()) / 4 * 3 + 3);
    decode(header, Segment::Header, &mut bytes)?;
    let fields = read_header(&bytes)?;
    decode(payload, Segment::Payload, &mut bytes)
        .map_err(|error| if payload.contains('.') { segment_count() } else { error })?;
    let mut signature_bytes = Vec::new();
    decode(signature, Segment::Signature, &mut signature_bytes)?;
    Ok(Parts { signing_input, fields, payload: bytes, signature: signature_bytes })
}

/// Signs a payload. The header holds `alg`, `typ` where given, and `kid`.
///
/// # Errors
/// [`KeyError::Backend`] when the cryptographic library fails.
pub fn sign(key: &SigningKey, typ: Option<&str>, payload: &[u8]) -> Result<String, KeyError> {
    seal(key.algorithm().as_str(), typ, Some(key.kid()), payload, |input| key.sign(input))
}

/// Writes header and payload, and has them signed.
fn seal(
    algorithm: &str,
    typ: Option<&str>,
    kid: Option<&str>,
    payload: &[u8],
    sign: impl FnOnce(&[u8]) -> Result<Vec<u8>, KeyError>,
) -> Result<String, KeyError> {
    let header = seal_header(algorithm, typ, kid);
    let mut compact = String::with_capacity((header.len() + payload.len() + MAX_SIGNATURE_HINT) * 4 / 3 + 4);
    base64url::encode_into(&header, &mut compact);
    compact.push('.');
    base64url::encode_into(payload, &mut compact);
    let signature = sign(compact.as_bytes())?;
    compact.push('.');
    base64url::encode_into(signature, &mut compact);
    Ok(compact)
}

fn seal_header(algorithm: &str, typ: Option<&str>, kid: Option<&str>) -> String {
    let mut header = String::with_capacity(128);
    header.extend([r#"{"alg":""#, algorithm, "\""]);
    if let Some(typ) = typ {
        push_member(&mut header, "typ", typ);
    }
    if let Some(kid) = kid {
        push_member(&mut header, "kid", kid);
    }
    header.push('}');
    header
}

fn push_member(header: &mut String, name: &str, value: &str) {
    header.push_str(",\"");
    header.push_str(name);
    header.push_str("\":");
    // A string always has a JSON form.
    header.push_str(&json_string(value).unwrap_or_default());
}

fn decode(segment: &str, name: Segment, bytes: &mut Vec<u8>) -> Result<(), JwsError> {
    if segment.is_empty() {
        return Err(JwsError::EmptySegment { segment: name });
    }
    base64url::decode_into(segment.as_bytes(), bytes).map_err(|_| JwsError::Base64Url { segment: name })
}

/// Room for an RSA signature of 2048 bits; larger ones grow the buffer once.
const MAX_SIGNATURE_HINT: usize = 256;
