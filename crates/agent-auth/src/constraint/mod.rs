//! Constraints on the arguments of a call ([Agent Auth §2.13]).
//!
//! A constraint is on a **top-level** field: an exact value, or `min`, `max`, `in`, `not_in` together. All of them fail
//! closed: a field that is missing, `null`, an array or an object violates whatever is said about it. Numbers compare as
//! exact decimals, texts character by character, and no value equals one of another type.
//!
//! Refused when a constraint is read: an unknown operator ([Agent Auth §2.13]: `unknown_constraint_operator`), a bound
//! that is no number, a list that is no list, an exact value that is not a text, a number or a boolean.
//!
//! [Agent Auth §2.13]: https://agentauthprotocol.com/specification/v1.0-draft

mod error;
mod field;
mod narrow;
mod range;
mod words;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use error::ConstraintError;
pub(crate) use field::{Bound, FieldConstraint, Operators, Scalar};
pub(crate) use range::{End, Range, Side};
pub(crate) use words::{ANY, values_in_words};

/// Constraints by field. None at all allow any arguments that the capability's input schema allows.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(try_from = "Value", into = "Value")]
pub struct Constraints(BTreeMap<String, FieldConstraint>);

/// A field whose argument is not within its constraint.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Violation {
    /// The field.
    pub field: String,
    /// What it must meet, as it stands in the grant.
    pub constraint: Value,
    /// The argument; `null` where it is missing, or too large to repeat.
    pub actual: Value,
}

impl Constraints {
    /// How many fields may be constrained.
    pub const FIELDS: usize = error::FIELDS;

    /// No constraint.
    pub fn none() -> Self {
        Constraints::default()
    }

    /// Reads constraints as they stand on the wire.
    ///
    /// # Errors
    /// [`ConstraintError`].
    pub fn parse(value: &Value) -> Result<Self, ConstraintError> {
        let fields = value.as_object().filter(|fields| fields.len() <= Self::FIELDS);
        let fields = fields.ok_or(ConstraintError::NotAnObject)?;
        let mut unknown = Vec::new();
        let mut constraints = BTreeMap::new();
        for (field, constraint) in fields {
            match FieldConstraint::parse(field, constraint) {
                Ok(constraint) => drop(constraints.insert(field.clone(), constraint)),
                Err(ConstraintError::UnknownOperators(operators)) => unknown.extend(operators),
                Err(error) => return Err(error),
            }
        }
        if unknown.is_empty() { Ok(Constraints(constraints)) } else { Err(ConstraintError::UnknownOperators(unknown)) }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The constrained fields.
    pub fn fields(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// What allows exactly what both allow: the intersection ([Agent Auth §2.13], "combined").
    ///
    /// [Agent Auth §2.13]: https://agentauthprotocol.com/specification/v1.0-draft
    #[must_use]
    pub fn narrowed_by(&self, other: &Constraints) -> Constraints {
        let mut both = self.0.clone();
        for (field, constraint) in &other.0 {
            let narrowed = match both.get(field) {
                Some(known) => known.narrowed_by(constraint),
                None => constraint.clone(),
            };
            both.insert(field.clone(), narrowed);
        }
        Constraints(both)
    }

    /// Every field whose argument is not within its constraint; none means that the arguments are allowed.
    pub fn violations(&self, arguments: &Map<String, Value>) -> Vec<Violation> {
        self.0
            .iter()
            .filter(|(field, constraint)| !constraint.allows(arguments.get(*field)))
            .map(|(field, constraint)| Violation {
                field: field.clone(),
                constraint: constraint.to_value(),
                actual: arguments.get(field).filter(|actual| is_repeatable(actual)).cloned().unwrap_or(Value::Null),
            })
            .collect()
    }

    /// As they stand on the wire.
    pub fn to_value(&self) -> Value {
        Value::Object(self.0.iter().map(|(field, constraint)| (field.clone(), constraint.to_value())).collect())
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &FieldConstraint)> {
        self.0.iter().map(|(field, constraint)| (field.as_str(), constraint))
    }

    pub(crate) fn on(&self, field: &str) -> Option<&FieldConstraint> {
        self.0.get(field)
    }
}

impl TryFrom<Value> for Constraints {
    type Error = ConstraintError;

    fn try_from(value: Value) -> Result<Self, ConstraintError> {
        Constraints::parse(&value)
    }
}

impl From<Constraints> for Value {
    fn from(constraints: Constraints) -> Value {
        constraints.to_value()
    }
}

fn is_repeatable(actual: &Value) -> bool {
    match actual {
        Value::Null | Value::Bool(_) | Value::Number(_) => true,
        Value::String(text) => text.len() <= 200,
        Value::Array(_) | Value::Object(_) => false,
    }
}
