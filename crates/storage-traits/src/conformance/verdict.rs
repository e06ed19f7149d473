//! What the check of a law ends with.

use crate::store::StoreError;

/// Fails a law unless the condition holds.
macro_rules! ensure {
    ($holds:expr, $($why:tt)+) => {
        if !$holds {
            return Err($crate::conformance::verdict::Violation::new(format!($($why)+)));
        }
    };
}

pub(super) type Verdict = Result<(), Violation>;

/// How a store broke a law.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{0}")]
pub struct Violation(String);

impl Violation {
    /// What was expected, and what was seen.
    pub fn new(seen: impl Into<String>) -> Self {
        Violation(seen.into())
    }
}

impl From<StoreError> for Violation {
    fn from(error: StoreError) -> Self {
        Violation(format!("the store reported: {error}"))
    }
}
