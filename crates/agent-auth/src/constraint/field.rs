//! One constraint on one field: how it is read, and what it allows.

use countersign_web::text;
use serde_json::{Map, Number, Value, json};

use super::error::ConstraintError;
use crate::decimal::Decimal;

/// What is said about one field.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum FieldConstraint {
    /// This value and no other.
    Exact(Scalar),
    /// All of these at once.
    Operators(Operators),
}

/// The four operators; an absent one says nothing.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Operators {
    pub(crate) min: Option<Bound>,
    pub(crate) max: Option<Bound>,
    pub(crate) one_of: Option<Vec<Scalar>>,
    /// Never empty, and of one type.
    pub(crate) none_of: Option<Vec<Scalar>>,
}

/// A bound, with the number as it was written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Bound {
    pub(crate) written: Number,
    pub(crate) decimal: Decimal,
}

/// A value that can be compared.
#[derive(Clone, Debug)]
pub(crate) enum Scalar {
    Bool(bool),
    Number(Bound),
    Text(String),
}

const LIST: usize = 100;

impl FieldConstraint {
    pub(super) fn parse(field: &str, value: &Value) -> Result<Self, ConstraintError> {
        let malformed = |reason| ConstraintError::Malformed { field: text::cleaned_or(field, 100, "a field"), reason };
        let Value::Object(members) = value else {
            return Scalar::of(value)
                .map(FieldConstraint::Exact)
                .ok_or_else(|| malformed("an exact value is a text, a number or a boolean"));
        };
        let unknown: Vec<String> = members
            .keys()
            .filter(|operator| !["min", "max", "in", "not_in"].contains(&operator.as_str()))
            .map(|operator| text::cleaned_or(operator, 100, "an operator that cannot be shown"))
            .collect();
        if !unknown.is_empty() {
            return Err(ConstraintError::UnknownOperators(unknown));
        }
        if members.is_empty() {
            return Err(malformed("it names no operator"));
        }
        let operators = Operators {
            min: members
                .get("min")
                .map(|value| Bound::of(value).ok_or_else(|| malformed("min is a number")))
                .transpose()?,
            max: members
                .get("max")
                .map(|value| Bound::of(value).ok_or_else(|| malformed("max is a number")))
                .transpose()?,
            one_of: members
                .get("in")
                .map(|value| list(value).ok_or_else(|| malformed("in is a list of texts, numbers or booleans")))
                .transpose()?,
            none_of: members
                .get("not_in")
                .map(|value| {
                    list(value)
                        .filter(|list| is_of_one_type(list))
                        .ok_or_else(|| malformed("not_in is a list of values of one type, at least one"))
                })
                .transpose()?,
        };
        Ok(FieldConstraint::Operators(operators))
    }

    /// Whether an argument is within it. Whatever is not a comparable value of the right type is not.
    pub(super) fn allows(&self, argument: Option<&Value>) -> bool {
        argument.and_then(Scalar::of).is_some_and(|argument| self.allows_scalar(&argument))
    }

    pub(crate) fn allows_scalar(&self, argument: &Scalar) -> bool {
        match self {
            FieldConstraint::Exact(value) => value == argument,
            FieldConstraint::Operators(operators) => operators.allow(argument),
        }
    }

    pub(super) fn to_value(&self) -> Value {
        match self {
            FieldConstraint::Exact(value) => value.to_value(),
            FieldConstraint::Operators(Operators { min, max, one_of, none_of }) => {
                let list = |list: &Vec<Scalar>| Value::Array(list.iter().map(Scalar::to_value).collect());
                let members: Map<String, Value> = [
                    ("min", min.as_ref().map(|bound| json!(bound.written))),
                    ("max", max.as_ref().map(|bound| json!(bound.written))),
                    ("in", one_of.as_ref().map(list)),
                    ("not_in", none_of.as_ref().map(list)),
                ]
                .into_iter()
                .filter_map(|(operator, value)| value.map(|value| (operator.to_owned(), value)))
                .collect();
                Value::Object(members)
            }
        }
    }
}

impl Operators {
    pub(crate) fn allow(&self, argument: &Scalar) -> bool {
        let number = match argument {
            Scalar::Number(bound) => Some(&bound.decimal),
            Scalar::Bool(_) | Scalar::Text(_) => None,
        };
        self.min.as_ref().is_none_or(|min| number.is_some_and(|number| *number >= min.decimal))
            && self.max.as_ref().is_none_or(|max| number.is_some_and(|number| *number <= max.decimal))
            && self.one_of.as_ref().is_none_or(|list| list.contains(argument))
            && self.none_of.as_ref().is_none_or(|list| {
                !list.contains(argument) && list.iter().all(|listed| listed.is_of_the_type_of(argument))
            })
    }
}

impl Scalar {
    pub(crate) fn of(value: &Value) -> Option<Self> {
        match value {
            Value::Bool(value) => Some(Scalar::Bool(*value)),
            Value::Number(_) => Bound::of(value).map(Scalar::Number),
            Value::String(text) => Some(Scalar::Text(text.clone())),
            Value::Null | Value::Array(_) | Value::Object(_) => None,
        }
    }

    pub(crate) fn is_of_the_type_of(&self, other: &Scalar) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other)
    }

    pub(crate) fn to_value(&self) -> Value {
        match self {
            Scalar::Bool(value) => json!(value),
            Scalar::Number(number) => json!(number.written),
            Scalar::Text(text) => json!(text),
        }
    }
}

impl PartialEq for Scalar {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Scalar::Bool(one), Scalar::Bool(other)) => one == other,
            (Scalar::Number(one), Scalar::Number(other)) => one.decimal == other.decimal,
            (Scalar::Text(one), Scalar::Text(other)) => one == other,
            (Scalar::Bool(_) | Scalar::Number(_) | Scalar::Text(_), _) => false,
        }
    }
}

impl Eq for Scalar {}

impl Bound {
    /// `None` for what is no number.
    pub(crate) fn of(value: &Value) -> Option<Self> {
        let Value::Number(written) = value else { return None };
        Some(Bound { written: written.clone(), decimal: Decimal::of(written)? })
    }
}

fn list(value: &Value) -> Option<Vec<Scalar>> {
    value.as_array().filter(|list| list.len() <= LIST)?.iter().map(Scalar::of).collect()
}

pub(super) fn is_of_one_type(list: &[Scalar]) -> bool {
    list.first().is_some_and(|first| list.iter().all(|value| value.is_of_the_type_of(first)))
}
