//! Compact JWS with detached content ([RFC 7515 appendix F]): `header..signature`, the payload travels elsewhere.
//!
//! An entry point of its own, because a token always carries its payload: nothing else in this crate reads or writes this
//! form. The payload is encoded as ever; `b64` ([RFC 7797]) is refused here too.
//!
//! [RFC 7515 appendix F]: https://www.rfc-editor.org/rfc/rfc7515#appendix-F
//! [RFC 7797]: https://www.rfc-editor.org/rfc/rfc7797

use super::{Fields, Header, JwsError, MAX_BYTES, Segment, decode, seal_header};
use crate::{KeyError, SigningKey, VerifyingKey, base64url};

/// Signs a payload that travels elsewhere. The header holds `alg`, `typ` where given, and `kid`.
///
/// # Errors
/// [`KeyError::Backend`] when the cryptographic library fails.
pub fn sign(key: &SigningKey, typ: Option<&str>, payload: &[u8]) -> Result<String, KeyError> {
    let header = base64url::encode(seal_header(key.algorithm().as_str(), typ, Some(key.kid())));
    let signature = key.sign(signing_input(&header, payload).as_bytes())?;
    Ok(format!("{header}..{}", base64url::encode(signature)))
}

/// Verifies a detached JWS over the payload that the caller holds, and hands the header out. The JWS is at most
/// [`MAX_BYTES`] long; the payload may have any length.
///
/// # Errors
/// [`JwsError`]: [`JwsError::SegmentCount`] when it is not of this form, a JWS with its payload included; otherwise as
/// [`Compact`](super::Compact).
pub fn verify(text: &str, payload: &[u8], key: &VerifyingKey) -> Result<Header, JwsError> {
    if text.len() > MAX_BYTES {
        return Err(JwsError::TooLarge { found: text.len() });
    }
    let segment_count = || JwsError::SegmentCount { found: text.split('.').count() };
    let (encoded, signature) = text.split_once("..").ok_or_else(segment_count)?;
    if encoded.contains('.') || signature.contains('.') {
        return Err(segment_count());
    }
    let mut bytes = Vec::new();
    decode(encoded, Segment::Header, &mut bytes)?;
    let header = Header::new(Fields::parse(&bytes)?);
    decode(signature, Segment::Signature, &mut bytes)?;
    let (expected, found) = (key.algorithm(), header.algorithm());
    if expected != found {
        return Err(JwsError::AlgorithmMismatch { expected, found });
    }
    key.verify(signing_input(encoded, payload).as_bytes(), &bytes).map_err(|_| JwsError::Signature)?;
    Ok(header)
}

fn signing_input(header: &str, payload: &[u8]) -> String {
    let mut input = String::with_capacity(header.len() + payload.len() / 3 * 4 + 5);
    input.push_str(header);
    input.push('.');
    base64url::encode_into(payload, &mut input);
    input
}
