//! Why something is no constraint.

/// Why something is no constraint.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConstraintError {
    /// Not of the form that Agent Auth §2.13 gives.
    #[error("the constraint on {field} is malformed: {reason}")]
    Malformed {
        /// The field, cleaned and cut.
        field: String,
        /// What is wrong.
        reason: &'static str,
    },
    /// Not an object of fields.
    #[error("constraints are an object with at most {} fields", FIELDS)]
    NotAnObject,
    /// Operators that this server does not know.
    #[error("unknown constraint operators")]
    UnknownOperators(Vec<String>),
}

/// How many fields may be constrained.
pub(super) const FIELDS: usize = 50;
