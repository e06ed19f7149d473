//! base64url without padding ([RFC 7515 §2], [RFC 4648 §5]).
//!
//! Refused: padding, the `+` and `/` alphabet, white space, a length that no byte string encodes to, and spare bits that
//! are not zero. Each byte string therefore has one encoding.
//!
//! [RFC 7515 §2]: https://www.rfc-editor.org/rfc/rfc7515#section-2
//! [RFC 4648 §5]: https://www.rfc-editor.org/rfc/rfc4648#section-5

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Encodes bytes.
pub fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Appends the encoding of `bytes` to `out`.
pub fn encode_into(bytes: impl AsRef<[u8]>, out: &mut String) {
    URL_SAFE_NO_PAD.encode_string(bytes, out);
}

/// Decodes text.
///
/// # Errors
/// [`InvalidBase64Url`] for anything that [`encode`] would not have written.
pub fn decode(text: impl AsRef<[u8]>) -> Result<Vec<u8>, InvalidBase64Url> {
    URL_SAFE_NO_PAD.decode(text).map_err(|_| InvalidBase64Url)
}

/// Decodes text that stands for exactly `N` bytes.
///
/// # Errors
/// [`InvalidBase64Url`] for any other length and for anything that [`encode`] would not have written.
pub fn decode_array<const N: usize>(text: impl AsRef<[u8]>) -> Result<[u8; N], InvalidBase64Url> {
    decode(text)?.try_into().map_err(|_| InvalidBase64Url)
}

/// The text is not the unpadded base64url encoding of any byte string.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not strict base64url")]
pub struct InvalidBase64Url;
