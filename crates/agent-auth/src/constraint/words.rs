//! Constraints as sentences for the person who approves.

use countersign_web::text;

use super::field::{FieldConstraint, Operators, Scalar};

impl FieldConstraint {
    /// What the field may be, without the field: `at most 100, no lower limit`. An open end is said aloud, because a
    /// limit on one side looks like a limit on both.
    pub(crate) fn in_words(&self) -> String {
        match self {
            FieldConstraint::Exact(value) => format!("only {}", written(value)),
            FieldConstraint::Operators(operators) => operators.in_words(),
        }
    }
}

impl Operators {
    pub(crate) fn in_words(&self) -> String {
        let range = match (&self.min, &self.max) {
            (Some(min), Some(max)) => Some(format!("from {} to {}", min.written, max.written)),
            (Some(min), None) => Some(format!("at least {}, no upper limit", min.written)),
            (None, Some(max)) => Some(format!("at most {}, no lower limit", max.written)),
            (None, None) => None,
        };
        let one_of = self.one_of.as_ref().map(|list| match list.as_slice() {
            [] => "nothing (no value is allowed)".to_owned(),
            list => format!("one of {}", listed(list)),
        });
        let none_of = self.none_of.as_ref().map(|list| format!("anything except {}", listed(list)));
        [range, one_of, none_of].into_iter().flatten().collect::<Vec<_>>().join("; ")
    }
}

fn listed(list: &[Scalar]) -> String {
    list.iter().map(written).collect::<Vec<_>>().join(", ")
}

/// A value is quoted when it is text, so that no text can pass for our own words.
fn written(value: &Scalar) -> String {
    match value {
        Scalar::Bool(value) => value.to_string(),
        Scalar::Number(number) => number.written.to_string(),
        // It is whole, and another text is written otherwise; nor can it end its own quotation.
        Scalar::Text(text) => format!("“{}”", text::escaped(text)),
    }
}
