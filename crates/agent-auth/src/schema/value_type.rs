//! The types of JSON Schema.

use serde_json::Value;

use crate::decimal::Decimal;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Type {
    Array,
    Boolean,
    Integer,
    Null,
    Number,
    Object,
    String,
}

impl Type {
    /// The type of a value; numbers are numbers, whole or not.
    pub(super) fn of(value: &Value) -> Self {
        match value {
            Value::Null => Type::Null,
            Value::Bool(_) => Type::Boolean,
            Value::Number(_) => Type::Number,
            Value::String(_) => Type::String,
            Value::Array(_) => Type::Array,
            Value::Object(_) => Type::Object,
        }
    }

    pub(super) fn holds(self, value: &Value) -> bool {
        match (self, value) {
            (Type::Integer, Value::Number(number)) => Decimal::of(number).is_some_and(|number| number.is_integer()),
            _ => self == Type::of(value),
        }
    }

    pub(super) fn in_words(self) -> &'static str {
        match self {
            Type::Array => "a list",
            Type::Boolean => "true or false",
            Type::Integer => "a whole number",
            Type::Null => "null",
            Type::Number => "a number",
            Type::Object => "an object",
            Type::String => "a text",
        }
    }
}
