//! Constraints as sentences for the person who approves.

use countersign_web::text;

use super::field::{FieldConstraint, Operators, Scalar};
use super::range::Range;

impl FieldConstraint {
    /// What the field may be, without the field: `at most 100, no lower limit`.
    pub(crate) fn in_words(&self) -> String {
        match self {
            FieldConstraint::Exact(value) => format!("only {}", written(value)),
            FieldConstraint::Operators(operators) => operators.in_words(),
        }
    }
}

impl Operators {
    pub(crate) fn in_words(&self) -> String {
        self.in_words_within(&Range::default())
    }

    /// The same, for numbers that are in this range anyway.
    pub(crate) fn in_words_within(&self, range: &Range) -> String {
        let range = Range::of(self).and(range).in_words();
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
