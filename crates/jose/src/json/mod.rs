//! The strict JSON reader ([RFC 8259], with the duties of [RFC 7515 §10.12] and [RFC 7519 §4] for member names).
//!
//! One input, one reading. Refused: duplicate member names at any depth (compared after unescaping), bytes after the
//! value, a byte order mark, invalid UTF-8, unpaired surrogates, arrays and objects nested more than [`MAX_DEPTH`] deep,
//! numbers whose decimal value a 64-bit integer or double cannot give back, and member names that begin with
//! `$serde_json::private::`, since an object with one would be read as what the text in it says.
//!
//! This is our own code because `serde_json` rounds numbers and lets the last of two members win. Two readers of one token
//! that see two documents are what a forger looks for.
//!
//! The text is checked in one pass without building anything; `serde_json` then reads it into the wanted type.
//!
//! [RFC 8259]: https://www.rfc-editor.org/rfc/rfc8259
//! [RFC 7515 §10.12]: https://www.rfc-editor.org/rfc/rfc7515#section-10.12
//! [RFC 7519 §4]: https://www.rfc-editor.org/rfc/rfc7519#section-4

mod error;
mod members;
mod number;
mod scan;
mod write;

use serde::de::DeserializeOwned;
use serde_json::Value;

pub use error::{JsonError, MAX_DEPTH};
pub(crate) use members::read_members;
pub(crate) use scan::{Member, plain_end};
pub(crate) use write::write_object;

/// Reads a document into `T`.
///
/// # Errors
/// [`JsonError::Shape`] when the document is strict JSON but not a `T`; the other variants when it is not strict JSON.
pub fn from_slice<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, JsonError> {
    let text = check(bytes)?;
    serde_json::from_str(text).map_err(|error| JsonError::from_serde(&error))
}

/// Reads a document whose shape the caller does not know.
///
/// # Errors
/// As [`from_slice`], without [`JsonError::Shape`].
pub fn parse(bytes: &[u8]) -> Result<Value, JsonError> {
    from_slice(bytes)
}

/// Checks a document without reading it into anything, and hands back its text.
///
/// # Errors
/// As [`parse`].
pub fn check(bytes: &[u8]) -> Result<&str, JsonError> {
    let text = std::str::from_utf8(bytes).map_err(|_| JsonError::Utf8)?;
    scan::scan(text)?;
    Ok(text)
}

/// Checks a document and, if it is an object, lists its members.
pub(crate) fn scan(text: &str) -> Result<Option<Vec<Member>>, JsonError> {
    scan::scan(text)
}
