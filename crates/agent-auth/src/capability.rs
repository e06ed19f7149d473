//! What the server offers ([Agent Auth §2.12]).
//!
//! [Agent Auth §2.12]: https://agentauthprotocol.com/specification/v1.0-draft

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use crate::config_error::ConfigError;
use crate::constraint::Constraints;
use crate::schema::{Contradiction, InputSchema};

/// One action that agents can be allowed to perform.
#[derive(Clone, Debug)]
pub struct Capability {
    name: String,
    description: String,
    input: Option<Value>,
    output: Option<Value>,
    constraints: Constraints,
    visibility: Visibility,
    grant_lifetime: Option<Duration>,
}

/// Who sees a capability in the list ([Agent Auth §5.2]).
///
/// [Agent Auth §5.2]: https://agentauthprotocol.com/specification/v1.0-draft
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Visibility {
    /// Everybody.
    Public,
    /// Hosts that are linked to a person, and active agents.
    Linked,
}

impl Capability {
    /// A capability without arguments. `name` is 1 to 100 of `a-z`, `0-9`, `_` ([Agent Auth §2.14]); the description is
    /// shown to agents, and to the person who approves.
    ///
    /// [Agent Auth §2.14]: https://agentauthprotocol.com/specification/v1.0-draft
    pub fn new(name: impl Into<String>, description: impl Into<String>) -> Self {
        Capability {
            name: name.into(),
            description: description.into(),
            input: None,
            output: None,
            constraints: Constraints::none(),
            visibility: Visibility::Public,
            grant_lifetime: None,
        }
    }

    /// Takes arguments, as described by a JSON Schema within the subset that [`crate::schema`] lists. Members that it
    /// does not name are refused, unless it says `"additionalProperties": true`.
    #[must_use]
    pub fn input(mut self, schema: Value) -> Self {
        self.input = Some(schema);
        self
    }

    /// Describes what comes back, as a JSON Schema. It is shown, not enforced.
    #[must_use]
    pub fn output(mut self, schema: Value) -> Self {
        self.output = Some(schema);
        self
    }

    /// Limits every grant of this capability, whatever an agent asks for ([Agent Auth §2.13], server-imposed).
    ///
    /// [Agent Auth §2.13]: https://agentauthprotocol.com/specification/v1.0-draft
    #[must_use]
    pub fn constrained(mut self, constraints: Constraints) -> Self {
        self.constraints = constraints;
        self
    }

    /// Shows it to linked hosts and active agents only.
    #[must_use]
    pub fn visible_to(mut self, visibility: Visibility) -> Self {
        self.visibility = visibility;
        self
    }

    /// Lets each grant of it end after this long, or sooner where the policy or the person says so.
    #[must_use]
    pub fn granted_for(mut self, lifetime: Duration) -> Self {
        self.grant_lifetime = Some(lifetime);
        self
    }
}

/// The capabilities of a provider, checked, in the order in which they were given.
#[derive(Debug)]
pub(crate) struct Offer {
    offered: Vec<Offered>,
    by_name: BTreeMap<String, usize>,
}

/// A capability whose schema has been compiled.
#[derive(Debug)]
pub(crate) struct Offered {
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) input: InputSchema,
    pub(crate) output: Option<Value>,
    pub(crate) constraints: Constraints,
    pub(crate) visibility: Visibility,
    pub(crate) grant_lifetime: Option<Duration>,
}

impl Offer {
    pub(crate) fn new(capabilities: Vec<Capability>) -> Result<Self, ConfigError> {
        let mut offer = Offer { offered: Vec::new(), by_name: BTreeMap::new() };
        for capability in capabilities {
            let offered = Offered::new(capability)?;
            if offer.by_name.insert(offered.name.clone(), offer.offered.len()).is_some() {
                return Err(ConfigError::RepeatedCapability(offered.name));
            }
            offer.offered.push(offered);
        }
        Ok(offer)
    }

    pub(crate) fn by_name(&self, name: &str) -> Option<&Offered> {
        self.by_name.get(name).and_then(|index| self.offered.get(*index))
    }

    pub(crate) fn all(&self) -> &[Offered] {
        &self.offered
    }
}

impl Offered {
    fn new(capability: Capability) -> Result<Self, ConfigError> {
        let Capability { name, description, input, output, constraints, visibility, grant_lifetime } = capability;
        let named = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
        if !(1..=100).contains(&name.len()) || !name.bytes().all(named) {
            return Err(ConfigError::CapabilityName(name));
        }
        let input = match input {
            Some(schema) => InputSchema::compile(schema)
                .map_err(|reason| ConfigError::InputSchema { capability: name.clone(), reason })?,
            None => InputSchema::empty(),
        };
        if let Some(field) = constraints.fields().find(|field| !input.knows(field)) {
            return Err(ConfigError::ConstraintField { capability: name, field: field.to_owned() });
        }
        if let Some(Contradiction { field, reason }) = input.contradiction(&constraints) {
            return Err(ConfigError::EmptyConstraint { capability: name, field: field.to_owned(), reason });
        }
        Ok(Offered { name, description, input, output, constraints, visibility, grant_lifetime })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_constraint_that_cannot_hold_is_a_configuration_error_in_words() {
        let schema =
            json!({ "properties": { "amount": { "type": "number", "maximum": 10 }, "to": { "type": "object" } } });
        let rows = [
            (json!({ "amont": 1 }), "on \"amont\", which is not in its input schema"),
            (json!({ "amount": { "min": 11 } }), "its min is above the maximum of the input schema"),
            (json!({ "to": "x" }), "only texts, numbers and booleans can be limited, and the field never is one"),
        ];
        for (constraints, words) in rows {
            let constraints = Constraints::parse(&constraints).unwrap();
            let pay = Capability::new("pay", "Pay").input(schema.clone()).constrained(constraints);
            let error = Offer::new(vec![pay]).unwrap_err().to_string();
            assert!(error.starts_with("capability \"pay\" is constrained on ") && error.ends_with(words), "{error}");
        }
    }
}
