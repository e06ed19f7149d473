//! Constraints as sentences for the person who approves.

use countersign_web::text;

use super::field::{Operators, Scalar};
use super::range::Range;

/// These values and no other: `one of “EUR”, “USD”`.
pub(crate) fn values_in_words(values: &[Scalar]) -> String {
    match values {
        [] => "nothing (no value is allowed)".to_owned(),
        [value] => format!("only {}", written(value)),
        values => format!("one of {}", listed(values)),
    }
}

impl Operators {
    /// What the field may be, without the field: `at most 100, no lower limit`. For numbers that are in `range` anyway, and values
    /// that are `any text` anyway. What `in` lists, [`values_in_words`] tells.
    pub(crate) fn in_words_within(&self, range: &Range, any: &str) -> String {
        let range = Range::of(self).and(range).in_words();
        match (range, self.none_of.as_deref()) {
            (Some(range), None) => range,
            (Some(range), Some(none_of)) => format!("{range}, except {}", listed(none_of)),
            (None, None) => any.to_owned(),
            (None, Some(none_of)) if any == ANY => format!("anything except {}", listed(none_of)),
            (None, Some(none_of)) => format!("{any}, except {}", listed(none_of)),
        }
    }
}

/// Where nothing is said.
pub(crate) const ANY: &str = "any value";

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
