//! `allOf` of the closed kind: parts that hold together without one undoing another.
//!
//! Each part is held against the value as it stands. Closed objects are what makes that a trap: of two that name different
//! members, each refuses those of the other, and no call would ever fit, though the schema reads as if the two were added up.
//! So a member that one part names and another refuses is a mistake in the configuration.

use super::node::{Additional, Members, Node};
use super::value_type::Type;

/// How many combinations of alternatives there may be in parts that hold together: each is gone through when a limit is told.
const COMBINATIONS: usize = 1_000;

/// # Errors
/// Why the parts of this schema do not hold together.
pub(super) fn check(node: &Node, names_object: bool) -> Result<(), String> {
    if node.kinds().is_empty() {
        return Err("no type is left that all parts allow".to_owned());
    }
    if node.combinations() > COMBINATIONS {
        return Err(format!("there are more than {COMBINATIONS} combinations of alternatives"));
    }
    let mut sides: Vec<Vec<&Members>> = node.parts.iter().map(Node::descriptions).collect();
    sides.push(node.own_descriptions());
    if names_object && sides.iter().all(Vec::is_empty) && node.kinds().contains(&Type::Object) {
        return Err("none of the parts describes the object; give it properties".to_owned());
    }
    for (place, side) in sides.iter().enumerate() {
        let others = sides.iter().enumerate().filter(|(other, _)| *other != place).flat_map(|(_, other)| other);
        for other in others {
            let refused = |name: &&String| side.iter().any(|closed| closed.refuses(name));
            if let Some(name) = other.properties.keys().find(refused) {
                return Err(format!(
                    "one part names the member {name:?}, and another refuses it; merge them, or open the other with \
                     \"additionalProperties\": true"
                ));
            }
        }
    }
    Ok(())
}

impl Node {
    /// What it says about objects, in all of its places that are about the same object.
    fn descriptions(&self) -> Vec<&Members> {
        self.own_descriptions().into_iter().chain(self.parts.iter().flat_map(Node::descriptions)).collect()
    }

    /// The same, without its parts.
    fn own_descriptions(&self) -> Vec<&Members> {
        let alternatives = self.alternatives.iter().flat_map(|alternatives| alternatives.nodes());
        self.members.iter().chain(alternatives.flat_map(Node::descriptions)).collect()
    }

    /// How many combinations of alternatives there are.
    fn combinations(&self) -> usize {
        let own = self
            .alternatives
            .as_ref()
            .map_or(1, |alternatives| alternatives.nodes().map(Node::combinations).fold(0, usize::saturating_add));
        self.parts.iter().map(Node::combinations).fold(own, usize::saturating_mul)
    }
}

impl Members {
    fn refuses(&self, name: &str) -> bool {
        self.additional == Additional::Refused && !self.properties.contains_key(name)
    }
}
