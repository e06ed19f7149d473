//! The input schema of a capability: a closed subset of JSON Schema (2020-12), compiled when the provider is made.
//!
//! Why it is read by code of our own, and not by a validator: what a call may contain is a security decision here.
//! Constraints are held against the schema, narrowed by it, refused when it leaves nothing of them, and told to a person
//! together with its own bounds. A validator answers yes or no and cannot be asked for any of that. And it passes over a
//! keyword that it does not know, which is a mistake in the configuration here.
//!
//! | Understood | Said about it |
//! |---|---|
//! | `type` | one, or a list |
//! | `properties`, `required`, `additionalProperties` | `true` or `false` |
//! | `items`, `minItems`, `maxItems` | one schema for all items |
//! | `enum`, `const` | both together hold together |
//! | `minimum`, `maximum`, `exclusiveMinimum`, `exclusiveMaximum` | exact decimals |
//! | `multipleOf` | exact, of at most 18 digits |
//! | `allOf` | up to 32 parts that hold together, not in the outermost schema; no closed part refuses a member that another names |
//! | `minLength`, `maxLength` | in characters |
//! | `pattern` | ECMA-262 with the flag `u`, searched for anywhere, in linear time; nothing that needs backtracking |
//! | `format` | `date-time`, `email`, `uri`: asserted |
//! | `oneOf`, `anyOf` | up to 32 alternatives that are told apart: by type, objects by a required member with `const` or `enum`; OpenAPI's `discriminator` may name it |
//! | `$defs`, `$ref` | `#/$defs/Name`, without recursion |
//! | `title`, `description`, `default`, `examples`, `deprecated`, `readOnly`, `writeOnly`, `$schema`, `$comment`, `$id` (outermost) | without effect |
//!
//! | On purpose other than JSON Schema | Why |
//! |---|---|
//! | Objects are **closed** unless `"additionalProperties": true` opens them; agents are shown it written out | what nobody described is not allowed |
//! | Any other keyword, and any other `format`, is a configuration error | a rule that looks like one must be one |
//! | The outermost schema is an object, and has no alternatives or parts | its members are what constraints are on |
//! | Beside `$ref` stand annotations only | drafts disagree whether the rest holds |
//! | `email`: ASCII, no quoted local part, no address literal | what `EmailAddress` takes everywhere else |
//! | `uri`: what needs repair by the readers of browsers is refused, though the RFC allows it (`https:x`) | two readers must not see two hosts |
//! | At most 16 levels and 2,000 schemas, references included; patterns of 2,000 characters and 1 MiB compiled | every call is judged in bounded time |

mod alternatives;
mod check;
mod compile;
mod format;
mod keyword;
mod limits;
mod mismatch;
mod node;
mod numbers;
mod pattern;
mod reach;
#[cfg(test)]
mod tests;
mod together;
mod value_type;

use countersign_storage::Handle;
use serde_json::{Map, Value};

use node::{Additional, Members, Node};

pub use limits::Contradiction;
pub use mismatch::Mismatch;

/// A compiled schema. A provider makes one of each capability; tests of an application can hold arguments against it too.
#[derive(Debug)]
pub struct InputSchema {
    /// What is shown to agents: the schema as given, with `additionalProperties` written out where it was left out.
    shown: Value,
    /// The same without what has no effect on calls, as JSON.
    deciding: String,
    hash: String,
    root: Members,
}

impl InputSchema {
    /// Takes no arguments at all.
    pub(crate) fn empty() -> Self {
        InputSchema::new(Value::Null, Members::default())
    }

    fn new(shown: Value, root: Members) -> Self {
        let mut deciding = shown.clone();
        compile::leave_out_annotations(&mut deciding);
        let deciding = deciding.to_string();
        InputSchema { hash: Handle::of(&deciding).as_str().to_owned(), shown, deciding, root }
    }

    /// Reads what [`InputSchema::deciding`] wrote.
    ///
    /// # Errors
    /// As [`InputSchema::compile`].
    pub(crate) fn from_deciding(text: &str) -> Result<Self, String> {
        match serde_json::from_str(text).map_err(|error| error.to_string())? {
            Value::Null => Ok(InputSchema::empty()),
            schema => InputSchema::compile(schema),
        }
    }

    /// What decides about calls, as JSON.
    pub(crate) fn deciding(&self) -> &str {
        &self.deciding
    }

    /// The hash of that: two schemas with one hash allow the same calls.
    pub(crate) fn hash(&self) -> &str {
        &self.hash
    }

    /// Compiles a schema.
    ///
    /// # Errors
    /// What is outside the subset: where it stands (`#/properties/to`), the keyword, and what to do instead.
    pub fn compile(mut schema: Value) -> Result<Self, String> {
        let root = compile::root(&schema)?;
        compile::write_closure(&mut schema);
        Ok(InputSchema::new(schema, root))
    }

    /// What agents are shown; `None` where there are no arguments (Agent Auth §2.12).
    pub fn shown(&self) -> Option<&Value> {
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
    ///
    /// # Errors
    /// [`Mismatch`]: the first that does not fit.
    pub fn check(&self, arguments: &Map<String, Value>) -> Result<(), Mismatch> {
        self.root.check(arguments)
    }

    fn field(&self, name: &str) -> Option<&Node> {
        self.root.properties.get(name)
    }
}
