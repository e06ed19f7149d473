//! Arguments against a compiled schema.

use serde_json::{Map, Value};

use super::{Additional, Mismatch, Node, Type};
use crate::constraint::Scalar;
use crate::decimal::Decimal;

impl Node {
    pub(super) fn allows_scalar(&self, value: &Scalar) -> bool {
        self.check(&value.to_value(), "").is_ok()
    }

    fn check(&self, value: &Value, path: &str) -> Result<(), Mismatch> {
        let mismatch = |rule| Err(Mismatch { path: path.to_owned(), rule });
        if self.types.as_deref().is_some_and(|types| !types.iter().any(|expected| expected.holds(value))) {
            return mismatch("has the wrong type");
        }
        if self.one_of.as_deref().is_some_and(|listed| !listed.iter().any(|one| is_same(one, value))) {
            return mismatch("is not one of the allowed values");
        }
        match value {
            Value::Number(number) => {
                let number = Decimal::of(number);
                let within = |number: &Decimal| {
                    self.minimum.as_ref().is_none_or(|least| *number >= least.decimal)
                        && self.maximum.as_ref().is_none_or(|most| *number <= most.decimal)
                };
                if number.as_ref().is_some_and(within) { Ok(()) } else { mismatch("is out of range") }
            }
            Value::String(text) if !self.length.contains(text.chars().count()) => mismatch("is too short or too long"),
            Value::Array(items) if !self.count.contains(items.len()) => mismatch("has too few or too many items"),
            Value::Array(items) => match &self.items {
                Some(schema) => (items.iter().enumerate())
                    .try_for_each(|(index, item)| schema.check(item, &format!("{path}[{index}]"))),
                None => Ok(()),
            },
            // A schema that says nothing about members says nothing about objects: only `properties`, `type` and
            // `additionalProperties` make it one.
            Value::Object(members) if self.describes_objects() => self.check_members(members, path),
            Value::Null | Value::Bool(_) | Value::String(_) | Value::Object(_) => Ok(()),
        }
    }

    pub(super) fn check_members(&self, members: &Map<String, Value>, path: &str) -> Result<(), Mismatch> {
        if let Some(missing) = self.required.iter().find(|name| !members.contains_key(*name)) {
            return Err(Mismatch { path: join(path, missing), rule: "is missing" });
        }
        for (name, value) in members {
            match self.properties.get(name) {
                Some(schema) => schema.check(value, &join(path, name))?,
                None if self.additional == Additional::Allowed => {}
                // The name is the agent's own invention and is not repeated.
                None => {
                    return Err(Mismatch { path: path.to_owned(), rule: "has a member that the schema does not name" });
                }
            }
        }
        Ok(())
    }

    fn describes_objects(&self) -> bool {
        !self.properties.is_empty() || self.types.as_deref().is_some_and(|types| types.contains(&Type::Object))
    }
}

impl Type {
    fn holds(self, value: &Value) -> bool {
        match (self, value) {
            (Type::Array, Value::Array(_))
            | (Type::Boolean, Value::Bool(_))
            | (Type::Null, Value::Null)
            | (Type::Number, Value::Number(_))
            | (Type::Object, Value::Object(_))
            | (Type::String, Value::String(_)) => true,
            (Type::Integer, Value::Number(number)) => Decimal::of(number).is_some_and(|number| number.is_integer()),
            _ => false,
        }
    }
}

/// JSON equality, with numbers by value: `1.0` is `1`.
fn is_same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => {
            matches!((Decimal::of(one), Decimal::of(other)), (Some(one), Some(other)) if one == other)
        }
        (one, other) => one == other,
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}
