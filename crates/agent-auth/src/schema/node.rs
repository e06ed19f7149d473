//! A compiled schema, as data: what stands where, and nothing of how it is judged.

use std::collections::BTreeMap;

use serde_json::Value;

use super::format::Format;
use super::pattern::Pattern;
use super::value_type::Type;
use crate::constraint::{Bound, Scalar};

/// One schema. What is `None` says nothing.
#[derive(Debug, Default)]
pub(super) struct Node {
    pub(super) types: Option<Vec<Type>>,
    pub(super) listed: Option<Vec<Value>>,
    /// `None`: nothing is said about objects.
    pub(super) members: Option<Members>,
    pub(super) items: Option<Box<Node>>,
    pub(super) count: Span,
    pub(super) minimum: Option<Bound>,
    /// `exclusiveMinimum`.
    pub(super) above: Option<Bound>,
    pub(super) maximum: Option<Bound>,
    /// `exclusiveMaximum`.
    pub(super) below: Option<Bound>,
    /// `multipleOf`: above zero, and of few enough digits to divide by.
    pub(super) step: Option<Bound>,
    pub(super) length: Span,
    pub(super) pattern: Option<Pattern>,
    pub(super) format: Option<Format>,
    pub(super) alternatives: Option<Alternatives>,
    /// `allOf`: what must hold as well.
    pub(super) parts: Vec<Node>,
}

#[derive(Debug, Default)]
pub(super) struct Members {
    pub(super) properties: BTreeMap<String, Node>,
    pub(super) required: Vec<String>,
    pub(super) additional: Additional,
}

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Span {
    pub(super) least: Option<usize>,
    pub(super) most: Option<usize>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Additional {
    #[default]
    Refused,
    Allowed,
}

/// How many may fit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Quantity {
    /// `anyOf`.
    AtLeastOne,
    /// `oneOf`.
    ExactlyOne,
}

/// `oneOf` or `anyOf`.
#[derive(Debug)]
pub(super) struct Alternatives {
    pub(super) quantity: Quantity,
    pub(super) alternatives: Vec<Alternative>,
    /// The member that tells objects apart, where more than one alternative is an object.
    pub(super) told_by: Option<String>,
}

#[derive(Debug)]
pub(super) struct Alternative {
    pub(super) node: Node,
    pub(super) kinds: Vec<Type>,
    /// The values of the member that tells objects apart.
    pub(super) tags: Vec<Scalar>,
}

impl Node {
    /// The types that a value may have here: an estimate that never leaves one out. Whole numbers are numbers.
    pub(super) fn kinds(&self) -> Vec<Type> {
        let has_type =
            |types: &Vec<Type>, kind| types.contains(&kind) || (kind == Type::Number && types.contains(&Type::Integer));
        [Type::Array, Type::Boolean, Type::Null, Type::Number, Type::Object, Type::String]
            .into_iter()
            .filter(|kind| self.types.as_ref().is_none_or(|types| has_type(types, *kind)))
            .filter(|kind| self.listed.as_ref().is_none_or(|list| list.iter().any(|value| Type::of(value) == *kind)))
            .filter(|kind| self.alternatives.as_ref().is_none_or(|all| all.kinds().any(|one| one == *kind)))
            .filter(|kind| self.parts.iter().all(|part| part.kinds().contains(kind)))
            .collect()
    }
}

impl Alternatives {
    pub(super) fn nodes(&self) -> impl Iterator<Item = &Node> {
        self.alternatives.iter().map(|one| &one.node)
    }

    pub(super) fn kinds(&self) -> impl Iterator<Item = Type> {
        self.alternatives.iter().flat_map(|one| one.kinds.iter().copied())
    }
}
