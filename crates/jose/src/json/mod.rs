//! The strict JSON reader ([RFC 8259], with the duties of [RFC 7515 §10.12] and [RFC 7519 §4] for member names).
//!
//! One input, one reading. Refused: duplicate member names at any depth (compared after unescaping), bytes after the
//! value, a byte order mark, invalid UTF-8, unpaired surrogates, arrays and objects nested more than [`MAX_DEPTH`] deep,
//! numbers whose decimal value a 64-bit integer or double cannot give back, and member names that begin with
//! `$serde_json::private::`, since an object with one would be read as what the text in it says.
//!
//! The text is checked in one pass without building anything; `serde_json` then reads it into the wanted type.
//!
//! [RFC 8259]: https://www.rfc-editor.org/rfc/rfc8259
//! [RFC 7515 §10.12]: https://www.rfc-editor.org/rfc/rfc7515#section-10.12
//! [RFC 7519 §4]: https://www.rfc-editor.org/rfc/rfc7519#section-4

mod members;
mod number;
mod scan;
mod write;

use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::error::Category;

pub(crate) use members::read_members;
pub(crate) use scan::{Member, plain_end};
pub(crate) use write::write_object;

/// How deep arrays and objects may nest; the outermost one counts.
pub const MAX_DEPTH: usize = 16;

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

/// Why a document was refused. Offsets count bytes from the start; no content is repeated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JsonError {
    /// A member name occurs twice in one object.
    #[error("a member name occurs twice in one object, as seen at byte {at}")]
    DuplicateMember {
        /// Where the second one starts; in an object of many members, where the object ends.
        at: usize,
    },
    /// A number does not fit a 64-bit integer or double without changing its value.
    #[error("the number at byte {at} cannot be held exactly")]
    InexactNumber {
        /// Where the number starts.
        at: usize,
    },
    /// A member name begins with `$serde_json::private::`, which the JSON library keeps for itself.
    #[error("the member name at byte {at} is reserved")]
    ReservedMember {
        /// Where the name starts.
        at: usize,
    },
    /// Strict JSON, but not the expected structure.
    #[error("not the expected structure: {reason}")]
    Shape {
        /// What is missing or where the mismatch is.
        reason: String,
    },
    /// Not JSON.
    #[error("not JSON at byte {at}")]
    Syntax {
        /// Where reading stopped.
        at: usize,
    },
    /// Nested deeper than [`MAX_DEPTH`].
    #[error("nested deeper than {MAX_DEPTH} at byte {at}")]
    TooDeep {
        /// Where the surplus level opens.
        at: usize,
    },
    /// Bytes follow the value.
    #[error("the value ends at byte {at}, but more follows")]
    TrailingBytes {
        /// Where the value ends.
        at: usize,
    },
    /// Not UTF-8.
    #[error("not UTF-8")]
    Utf8,
}

impl JsonError {
    /// `serde_json` puts input into some of its messages, so only those that speak of the wanted type pass.
    fn from_serde(error: &serde_json::Error) -> Self {
        match error.classify() {
            Category::Data => {
                let message = error.to_string();
                let reason = match message.strip_prefix("missing field `").and_then(|rest| rest.split_once('`')) {
                    Some((member, _)) => format!("member {member} is missing"),
                    None => format!("a value has the wrong type or content before column {}", error.column()),
                };
                JsonError::Shape { reason }
            }
            Category::Io | Category::Syntax | Category::Eof => JsonError::Syntax { at: error.column() },
        }
    }
}
