//! Where arguments do not fit, and why.

use std::borrow::Cow;

use super::value_type::Type;

/// The first argument that does not fit, by its path, and the rule that it breaks.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mismatch {
    /// `amount`, `to.iban`, `items[3]`; only names that the schema itself has.
    pub path: String,
    /// What is wrong, or what was expected: words of ours and of the schema.
    pub rule: Cow<'static, str>,
}

impl Mismatch {
    pub(super) fn new(rule: impl Into<Cow<'static, str>>) -> Self {
        Mismatch { path: String::new(), rule: rule.into() }
    }

    pub(super) fn wrong_type(expected: impl Iterator<Item = Type>) -> Self {
        let mut words: Vec<&str> = Vec::new();
        for expected in expected.map(Type::in_words) {
            if !words.contains(&expected) {
                words.push(expected);
            }
        }
        Mismatch::new(format!("must be {}", words.join(", or ")))
    }

    /// The same, seen from the object around it.
    pub(super) fn within(mut self, name: &str) -> Self {
        let separator = if self.path.is_empty() || self.path.starts_with('[') { "" } else { "." };
        self.path = format!("{name}{separator}{}", self.path);
        self
    }

    /// The same, seen from the list around it.
    pub(super) fn at(mut self, index: usize) -> Self {
        let separator = if self.path.is_empty() || self.path.starts_with('[') { "" } else { "." };
        self.path = format!("[{index}]{separator}{}", self.path);
        self
    }
}
