//! Arguments against a compiled schema.
//!
//! Each value is looked at a bounded number of times, whatever it is. A refusal says where the value is and what was expected,
//! and repeats nothing of the value.

use serde_json::{Map, Value};

use super::mismatch::Mismatch;
use super::node::{Additional, Members, Node, Span};
use crate::constraint::{Bound, Scalar};
use crate::decimal::Decimal;

impl Node {
    pub(super) fn allows_scalar(&self, value: &Scalar) -> bool {
        self.check(&value.to_value()).is_ok()
    }

    pub(super) fn check(&self, value: &Value) -> Result<(), Mismatch> {
        if let Some(types) = self.types.as_deref()
            && !types.iter().any(|expected| expected.holds(value))
        {
            return Err(Mismatch::wrong_type(types.iter().copied()));
        }
        if self.listed.as_deref().is_some_and(|listed| !listed.iter().any(|one| is_same(one, value))) {
            return Err(Mismatch::new("is not one of the allowed values"));
        }
        match value {
            Value::Number(number) => self.check_number(Decimal::of(number))?,
            Value::String(text) => self.check_text(text)?,
            Value::Array(items) => self.check_items(items)?,
            Value::Object(members) => {
                if let Some(described) = &self.members {
                    described.check(members)?;
                }
            }
            Value::Null | Value::Bool(_) => {}
        }
        self.alternatives.as_ref().map_or(Ok(()), |alternatives| alternatives.check(value))?;
        self.parts.iter().try_for_each(|part| part.check(value))
    }

    fn check_number(&self, number: Option<Decimal>) -> Result<(), Mismatch> {
        let number = number.ok_or_else(|| Mismatch::new("cannot be held exactly"))?;
        let broken = |bound: &Option<Bound>, words: &str, is_within: fn(&Decimal, &Decimal) -> bool| match bound {
            Some(bound) if !is_within(&number, &bound.decimal) => {
                Err(Mismatch::new(format!("must be {words} {}", bound.written)))
            }
            _ => Ok(()),
        };
        broken(&self.minimum, "at least", Decimal::ge)?;
        broken(&self.maximum, "at most", Decimal::le)?;
        broken(&self.above, "more than", Decimal::gt)?;
        broken(&self.below, "less than", Decimal::lt)?;
        broken(&self.step, "a multiple of", |number, step| number.is_multiple_of(step) == Some(true))
    }

    fn check_text(&self, text: &str) -> Result<(), Mismatch> {
        self.length.check(text.chars().count(), "characters")?;
        if let Some(format) = self.format.filter(|format| !format.fits(text)) {
            return Err(Mismatch::new(format.in_words()));
        }
        match &self.pattern {
            Some(pattern) if !pattern.is_found_in(text) => Err(Mismatch::new("must match the pattern of the schema")),
            _ => Ok(()),
        }
    }

    fn check_items(&self, items: &[Value]) -> Result<(), Mismatch> {
        self.count.check(items.len(), "items")?;
        let Some(schema) = &self.items else { return Ok(()) };
        (items.iter().enumerate())
            .try_for_each(|(index, item)| schema.check(item).map_err(|mismatch| mismatch.at(index)))
    }
}

impl Members {
    pub(super) fn check(&self, members: &Map<String, Value>) -> Result<(), Mismatch> {
        if let Some(missing) = self.required.iter().find(|name| !members.contains_key(*name)) {
            return Err(Mismatch::new("is missing").within(missing));
        }
        for (name, value) in members {
            match self.properties.get(name) {
                Some(schema) => schema.check(value).map_err(|mismatch| mismatch.within(name))?,
                None if self.additional == Additional::Allowed => {}
                // The name is the agent's own invention and is not repeated.
                None => return Err(Mismatch::new("has a member that the schema does not name")),
            }
        }
        Ok(())
    }
}

impl Span {
    fn check(self, size: usize, what: &str) -> Result<(), Mismatch> {
        match (self.least, self.most) {
            (Some(least), _) if size < least => Err(Mismatch::new(format!("must have at least {least} {what}"))),
            (_, Some(most)) if size > most => Err(Mismatch::new(format!("must have at most {most} {what}"))),
            _ => Ok(()),
        }
    }
}

/// JSON equality, with numbers by value: `1.0` is `1`.
pub(super) fn is_same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => {
            matches!((Decimal::of(one), Decimal::of(other)), (Some(one), Some(other)) if one == other)
        }
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| is_same(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            let same = |(name, value): (&String, &Value)| other.get(name).is_some_and(|other| is_same(value, other));
            one.len() == other.len() && one.iter().all(same)
        }
        (one, other) => one == other,
    }
}
