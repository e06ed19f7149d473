//! The metadata document under construction ([RFC 8414 §2]).
//!
//! [RFC 8414 §2]: https://www.rfc-editor.org/rfc/rfc8414#section-2

use serde_json::{Map, Value};

/// What an issuer says of itself.
#[derive(Clone, Default, Debug)]
pub(crate) struct Metadata(Map<String, Value>);

impl Metadata {
    /// States a member.
    pub(crate) fn set(&mut self, name: &str, value: impl Into<Value>) {
        self.0.insert(name.to_owned(), value.into());
    }

    /// States a list, leaving out what is said already.
    pub(crate) fn extend<T: Into<Value>>(&mut self, name: &str, values: impl IntoIterator<Item = T>) {
        let list = self.0.entry(name).or_insert_with(|| Value::Array(Vec::new()));
        if let Value::Array(list) = list {
            for value in values.into_iter().map(Into::into) {
                if !list.contains(&value) {
                    list.push(value);
                }
            }
        }
    }

    /// The document.
    pub(crate) fn finish(self) -> Value {
        Value::Object(self.0)
    }
}
