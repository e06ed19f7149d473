//! Each way in which a document can be wrong.

use serde_json::error::Category;

/// How deep arrays and objects may nest; the outermost one counts.
pub const MAX_DEPTH: usize = 16;

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
    pub(super) fn from_serde(error: &serde_json::Error) -> Self {
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
