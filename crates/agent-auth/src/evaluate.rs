//! May this agent do this, with these arguments? A pure judgement ([Agent Auth §4.5], steps on grants and constraints).
//!
//! [Agent Auth §4.5]: https://agentauthprotocol.com/specification/v1.0-draft

use countersign_storage::Timestamp;
use serde_json::{Map, Value};

use crate::agent_jwt::ProvenAgent;
use crate::approved_schema::{self, FormerSchemas};
use crate::capability::{Offer, Offered};
use crate::constraint::Constraints;
use crate::grant::CapabilityGrant;
use crate::refusal::Refusal;
use crate::schema::Mismatch;

/// One call, as the agent asks for it.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) capability: String,
    pub(crate) arguments: Map<String, Value>,
}

/// The grant under which a call is allowed.
///
/// Each step only narrows: the capability must be offered, the token must cover it, an effective grant must name it, the
/// arguments must fit the schema, and **one** grant must allow all of them together, within what the capability itself
/// allows today and its schema allowed when the grant was approved.
pub(crate) fn evaluate<'a>(
    call: &Call,
    caller: &'a ProvenAgent,
    offer: &Offer,
    former: &FormerSchemas,
    now: Timestamp,
) -> Result<&'a CapabilityGrant, Refusal> {
    let now = caller.agent.time(now);
    let held = |grant: &&CapabilityGrant| grant.capability() == call.capability;
    let Some(offered) = offer.by_name(&call.capability) else {
        let ever = caller.agent.record.grants.iter().any(|grant| held(&grant));
        return Err(if ever { Refusal::CapabilityRemoved } else { Refusal::CapabilityNotFound });
    };
    if !caller.covers(&call.capability) {
        return Err(Refusal::CapabilityNotGranted);
    }
    let effective: Vec<&CapabilityGrant> =
        caller.agent.record.grants.iter().filter(held).filter(|grant| grant.is_effective(now)).collect();
    if effective.is_empty() {
        return Err(Refusal::CapabilityNotGranted);
    }
    offered.input.check(&call.arguments).map_err(|mismatch| Refusal::InvalidArguments(in_words(&mismatch)))?;
    let mut refused = Refusal::CapabilityNotGranted;
    for grant in effective {
        match allowed_by(grant, offered, former, &call.arguments) {
            Ok(()) => return Ok(grant),
            Err(refusal) => refused = refusal,
        }
    }
    Err(refused)
}

/// By its constraints, and by the schema whose limits were shown when it was approved.
fn allowed_by(
    grant: &CapabilityGrant,
    offered: &Offered,
    former: &FormerSchemas,
    arguments: &Map<String, Value>,
) -> Result<(), Refusal> {
    if let Some(approved) = approved_schema::former(grant, offered) {
        let approved = former.by_hash(approved).ok_or(Refusal::CapabilityNotGranted)?;
        approved
            .check(arguments)
            .map_err(|mismatch| Refusal::InvalidArguments(format!("{}, when it was approved", in_words(&mismatch))))?;
    }
    let constraints: Constraints = grant.constraints()?.narrowed_by(&offered.constraints);
    let violations = constraints.violations(arguments);
    if violations.is_empty() { Ok(()) } else { Err(Refusal::ConstraintViolated(violations)) }
}

fn in_words(mismatch: &Mismatch) -> String {
    let what = if mismatch.path.is_empty() { "the arguments" } else { &mismatch.path };
    format!("{what}: {}", mismatch.rule)
}
