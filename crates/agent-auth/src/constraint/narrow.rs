//! The intersection of two constraints on one field.

use super::field::{Bound, FieldConstraint, Operators, Scalar, is_of_one_type};

impl FieldConstraint {
    /// Allows exactly what both allow.
    pub(crate) fn narrowed_by(&self, other: &FieldConstraint) -> FieldConstraint {
        match (self, other) {
            (FieldConstraint::Exact(value), constraint) | (constraint, FieldConstraint::Exact(value)) => {
                if constraint.allows_scalar(value) { FieldConstraint::Exact(value.clone()) } else { nothing() }
            }
            (FieldConstraint::Operators(one), FieldConstraint::Operators(other)) => {
                both(one, other).map_or_else(nothing, FieldConstraint::Operators)
            }
        }
    }
}

/// `None` where no value can meet both.
fn both(one: &Operators, other: &Operators) -> Option<Operators> {
    let none_of = merged(&one.none_of, &other.none_of, |one, other| [one.as_slice(), other.as_slice()].concat());
    if none_of.as_deref().is_some_and(|list| !is_of_one_type(list)) {
        return None;
    }
    Some(Operators {
        min: merged(&one.min, &other.min, |one, other| higher(one, other).clone()),
        max: merged(&one.max, &other.max, |one, other| lower(one, other).clone()),
        one_of: merged(&one.one_of, &other.one_of, |one, other| {
            one.iter().filter(|value| other.contains(value)).cloned().collect::<Vec<Scalar>>()
        }),
        none_of,
    })
}

fn merged<T: Clone>(one: &Option<T>, other: &Option<T>, merge: impl FnOnce(&T, &T) -> T) -> Option<T> {
    match (one, other) {
        (Some(one), Some(other)) => Some(merge(one, other)),
        (one, other) => one.clone().or_else(|| other.clone()),
    }
}

fn higher<'a>(one: &'a Bound, other: &'a Bound) -> &'a Bound {
    if one.decimal >= other.decimal { one } else { other }
}

fn lower<'a>(one: &'a Bound, other: &'a Bound) -> &'a Bound {
    if one.decimal <= other.decimal { one } else { other }
}

/// The list that contains nothing.
fn nothing() -> FieldConstraint {
    FieldConstraint::Operators(Operators { one_of: Some(Vec::new()), ..Operators::default() })
}
