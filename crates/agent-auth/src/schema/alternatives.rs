//! `oneOf` and `anyOf` of the closed kind: alternatives that are told apart before they are tried.
//!
//! Texts, numbers, booleans and `null` are tried with every alternative of their type; they are cheap to try. At most one
//! alternative may be a list. Objects are told apart by a member that each of them requires and whose values, by `const`
//! or `enum`, no two of them share; so an argument is read once, whatever the number of alternatives, and a refusal is
//! about the alternative that was meant.

use std::collections::BTreeMap;

use serde_json::Value;

use super::mismatch::Mismatch;
use super::node::{Alternative, Alternatives, Node, Quantity};
use super::value_type::Type;
use crate::constraint::Scalar;

/// How many alternatives there may be in one place.
pub(super) const MOST: usize = 32;

impl Alternatives {
    /// `named` is the member that OpenAPI's `discriminator` names.
    ///
    /// # Errors
    /// Why they cannot be told apart.
    pub(super) fn new(quantity: Quantity, nodes: Vec<Node>, named: Option<&str>) -> Result<Self, String> {
        if !(1..=MOST).contains(&nodes.len()) {
            return Err(format!("1 to {MOST} alternatives are possible"));
        }
        let mut alternatives: Vec<Alternative> =
            nodes.into_iter().map(|node| Alternative { kinds: node.kinds(), node, tags: Vec::new() }).collect();
        let count = |kind| alternatives.iter().filter(|one| one.kinds.contains(&kind)).count();
        if count(Type::Array) > 1 {
            return Err("two alternatives may be lists (say their type): only one may".to_owned());
        }
        let told_by = match (count(Type::Object), named) {
            (0 | 1, _) => None,
            (_, named) => Some(tell_apart(&mut alternatives, named)?),
        };
        Ok(Alternatives { quantity, alternatives, told_by })
    }

    pub(super) fn check(&self, value: &Value) -> Result<(), Mismatch> {
        let kind = Type::of(value);
        if let (Value::Object(members), Some(name)) = (value, &self.told_by) {
            let tag = members.get(name).ok_or_else(|| Mismatch::new("is missing").within(name))?;
            let is_meant = |one: &&Alternative| Scalar::of(tag).is_some_and(|tag| one.tags.contains(&tag));
            return match self.alternatives.iter().find(is_meant) {
                Some(one) => one.node.check(value),
                None => Err(Mismatch::new("is not one of the values that tell the alternatives apart").within(name)),
            };
        }
        let possible: Vec<&Alternative> = self.alternatives.iter().filter(|one| one.kinds.contains(&kind)).collect();
        if let [only] = possible.as_slice() {
            return only.node.check(value);
        }
        let fitting = possible.iter().filter(|one| one.node.check(value).is_ok()).count();
        match (fitting, self.quantity) {
            (0, _) if possible.is_empty() => Err(Mismatch::wrong_type(self.kinds())),
            (0, _) => Err(Mismatch::new("fits none of the alternatives")),
            (1, _) | (_, Quantity::AtLeastOne) => Ok(()),
            (_, Quantity::ExactlyOne) => Err(Mismatch::new("fits several alternatives where one is to fit")),
        }
    }

    /// The members by which the objects among the alternatives can be told from others in turn.
    pub(super) fn tags(&self) -> BTreeMap<String, Vec<Scalar>> {
        let objects = self.alternatives.iter().filter(|one| one.kinds.contains(&Type::Object));
        let shared = objects.map(|one| one.node.tags()).reduce(|mut all, next| {
            all.retain(|name, values| {
                next.get(name).is_some_and(|more| {
                    values.extend(more.iter().cloned());
                    true
                })
            });
            all
        });
        shared.unwrap_or_default()
    }
}

/// Finds the member that tells objects apart, and notes its values.
fn tell_apart(alternatives: &mut [Alternative], named: Option<&str>) -> Result<String, String> {
    let objects = || alternatives.iter().filter(|one| one.kinds.contains(&Type::Object));
    let tags: Vec<BTreeMap<String, Vec<Scalar>>> = objects().map(|one| one.node.tags()).collect();
    let is_telling = |name: &&String| {
        let mut seen: Vec<&Scalar> = Vec::new();
        named.is_none_or(|named| named == *name)
            && tags.iter().all(|tags| {
                let values = tags.get(*name).map(Vec::as_slice).unwrap_or_default();
                let is_new = !values.is_empty() && !values.iter().any(|value| seen.contains(&value));
                seen.extend(values);
                is_new
            })
    };
    let Some(name) = tags.first().and_then(|first| first.keys().find(is_telling)).cloned() else {
        return Err("objects are told apart by a member that each requires, with a const or enum of its own".to_owned());
    };
    for one in alternatives.iter_mut().filter(|one| one.kinds.contains(&Type::Object)) {
        one.tags = one.node.tags().remove(&name).unwrap_or_default();
    }
    Ok(name)
}

impl Node {
    /// The members that are required, and are one of a list of scalars.
    fn tags(&self) -> BTreeMap<String, Vec<Scalar>> {
        let mut tags = self.own_tags();
        for (name, values) in self.parts.iter().flat_map(Node::tags) {
            tags.entry(name).or_insert(values);
        }
        tags
    }

    fn own_tags(&self) -> BTreeMap<String, Vec<Scalar>> {
        if let Some(alternatives) = &self.alternatives {
            return alternatives.tags();
        }
        let Some(members) = &self.members else { return BTreeMap::new() };
        let listed = |name: &String| -> Option<Vec<Scalar>> {
            members.properties.get(name)?.listed.as_ref()?.iter().map(Scalar::of).collect()
        };
        members.required.iter().filter_map(|name| Some((name.clone(), listed(name)?))).collect()
    }
}
