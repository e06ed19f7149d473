//! The input schema of a capability: a closed subset of JSON Schema (2020-12), compiled when the provider is made.
//!
//! Why a subset of our own: what a call may contain is a security decision here, so objects are **closed** unless
//! `"additionalProperties": true` opens them (JSON Schema says the opposite), numbers compare as exact decimals, there
//! are no references to fetch and no patterns to choke on, and a keyword that would be ignored is a configuration error.
//! A full validator brings a large tree of dependencies for none of that.
//!
//! Understood: `type` (one or a list), `properties`, `required`, `additionalProperties` (`true` or `false`), `items`,
//! `enum`, `const`, `minimum`, `maximum`, `minLength`, `maxLength` (in characters), `minItems`, `maxItems`; and, without
//! effect, `title`, `description`, `default`, `examples`, `format`, `$schema`, `deprecated`. Anything else is refused.
//! The outermost schema is an object.

mod check;
mod compile;
mod limits;
mod reach;

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::constraint::Bound;

pub(crate) use limits::Contradiction;

/// A compiled schema.
#[derive(Debug)]
pub(crate) struct InputSchema {
    /// What is shown to agents: the schema as given, with `additionalProperties` written out where it was left out.
    shown: Value,
    root: Node,
}

#[derive(Debug, Default)]
struct Node {
    types: Option<Vec<Type>>,
    properties: BTreeMap<String, Node>,
    required: Vec<String>,
    additional: Additional,
    items: Option<Box<Node>>,
    one_of: Option<Vec<Value>>,
    minimum: Option<Bound>,
    maximum: Option<Bound>,
    length: Span,
    count: Span,
}

#[derive(Clone, Copy, Debug, Default)]
struct Span {
    least: Option<usize>,
    most: Option<usize>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Additional {
    #[default]
    Refused,
    Allowed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Type {
    Array,
    Boolean,
    Integer,
    Null,
    Number,
    Object,
    String,
}

/// The first argument that does not fit, by its path, and the rule that it breaks.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Mismatch {
    /// `amount`, `to.iban`, `items[3]`; only names that the schema itself has.
    pub(crate) path: String,
    /// What is wrong: our words.
    pub(crate) rule: &'static str,
}

impl InputSchema {
    /// Takes no arguments at all.
    pub(crate) fn empty() -> Self {
        InputSchema { shown: Value::Null, root: Node { types: Some(vec![Type::Object]), ..Node::default() } }
    }

    /// Compiles a schema.
    ///
    /// # Errors
    /// What is outside the subset, in words.
    pub(crate) fn compile(mut schema: Value) -> Result<Self, String> {
        let root = compile::root(&schema)?;
        compile::write_closure(&mut schema);
        Ok(InputSchema { shown: schema, root })
    }

    /// What agents are shown; `None` where there are no arguments ([Agent Auth §2.12]).
    pub(crate) fn shown(&self) -> Option<&Value> {
        (!self.shown.is_null()).then_some(&self.shown)
    }

    /// The top-level fields.
    pub(crate) fn fields(&self) -> impl Iterator<Item = &str> {
        self.root.properties.keys().map(String::as_str)
    }

    /// Whether a constraint on this field can mean anything.
    pub(crate) fn knows(&self, field: &str) -> bool {
        self.root.properties.contains_key(field) || self.root.additional == Additional::Allowed
    }

    /// Checks arguments.
    pub(crate) fn check(&self, arguments: &Map<String, Value>) -> Result<(), Mismatch> {
        self.root.check_members(arguments, "")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn transfer() -> Value {
        json!({
            "type": "object",
            "required": ["amount", "currency"],
            "properties": {
                "amount": { "type": "number", "minimum": 0, "maximum": 1000.5 },
                "currency": { "type": "string", "enum": ["USD", "EUR"] },
                "to": { "type": "object", "properties": { "iban": { "type": "string", "minLength": 2, "maxLength": 4 } } },
                "tags": { "type": "array", "items": { "type": "string" }, "maxItems": 2 },
                "count": { "type": ["integer", "null"] },
                "flag": { "const": true },
            }
        })
    }

    #[test]
    fn arguments_are_checked_member_by_member_and_extra_ones_are_refused() {
        let schema = InputSchema::compile(transfer()).unwrap();
        let rows: &[(Value, Option<&str>)] = &[
            (json!({ "amount": 1, "currency": "USD" }), None),
            (json!({ "amount": 1000.5, "currency": "EUR", "to": { "iban": "DE12" }, "tags": ["a", "b"] }), None),
            (json!({ "amount": 1, "currency": "USD", "count": null, "flag": true }), None),
            (json!({ "amount": 1, "currency": "USD", "count": 2.0 }), None),
            (json!({ "currency": "USD" }), Some("amount")),
            (json!({ "amount": "1", "currency": "USD" }), Some("amount")),
            (json!({ "amount": -1, "currency": "USD" }), Some("amount")),
            (json!({ "amount": 1000.51, "currency": "USD" }), Some("amount")),
            (json!({ "amount": 1, "currency": "usd" }), Some("currency")),
            (json!({ "amount": 1, "currency": "USD", "override_limit": true }), Some("")),
            (json!({ "amount": 1, "currency": "USD", "to": { "iban": "DE12", "amount": 5 } }), Some("to")),
            (json!({ "amount": 1, "currency": "USD", "to": { "iban": "D" } }), Some("to.iban")),
            (json!({ "amount": 1, "currency": "USD", "to": { "iban": "DE123" } }), Some("to.iban")),
            (json!({ "amount": 1, "currency": "USD", "to": [] }), Some("to")),
            (json!({ "amount": 1, "currency": "USD", "tags": ["a", "b", "c"] }), Some("tags")),
            (json!({ "amount": 1, "currency": "USD", "tags": ["a", 2] }), Some("tags[1]")),
            (json!({ "amount": 1, "currency": "USD", "count": 1.5 }), Some("count")),
            (json!({ "amount": 1, "currency": "USD", "flag": false }), Some("flag")),
        ];
        for (arguments, expected) in rows {
            let found = schema.check(arguments.as_object().unwrap()).err().map(|mismatch| mismatch.path);
            assert_eq!(found.as_deref(), *expected, "{arguments}");
        }
    }

    #[test]
    fn a_capability_without_input_takes_no_arguments() {
        let schema = InputSchema::empty();
        assert_eq!(schema.check(&Map::new()), Ok(()));
        assert!(schema.check(json!({ "x": 1 }).as_object().unwrap()).is_err());
        assert_eq!(schema.shown(), None);
    }

    #[test]
    fn what_is_shown_says_that_objects_are_closed() {
        let schema = InputSchema::compile(transfer()).unwrap();
        let shown = schema.shown().unwrap();
        assert_eq!(shown["additionalProperties"], json!(false));
        assert_eq!(shown["properties"]["to"]["additionalProperties"], json!(false));
        let open = InputSchema::compile(json!({ "type": "object", "additionalProperties": true })).unwrap();
        assert_eq!(open.shown().unwrap()["additionalProperties"], json!(true));
        assert_eq!(open.check(json!({ "x": [1] }).as_object().unwrap()), Ok(()));
    }

    #[test]
    fn a_keyword_that_would_be_ignored_is_refused() {
        for schema in [
            json!({ "type": "object", "pattern": "x" }),
            json!({ "type": "object", "$ref": "#/x" }),
            json!({ "type": "object", "properties": { "a": { "oneOf": [] } } }),
            json!({ "type": "object", "additionalProperties": {} }),
            json!({ "type": "object", "required": ["a"] }),
            json!({ "type": "object", "properties": { "a": { "type": "text" } } }),
            json!({ "type": "object", "properties": { "a": { "minimum": "1" } } }),
            json!({ "type": "object", "properties": { "a": { "minLength": -1 } } }),
            json!({ "type": "string" }),
            json!({ "properties": [] }),
            json!([]),
        ] {
            assert!(InputSchema::compile(schema.clone()).is_err(), "{schema}");
        }
    }
}
