//! What an agent asks for ([Agent Auth §5.3], §5.4): capabilities, each with constraints of its own.
//!
//! [Agent Auth §5.3]: https://agentauthprotocol.com/specification/v1.0-draft

use std::collections::BTreeMap;

use countersign_storage::{Moment, Timestamp, secret};
use countersign_web::text::{self, Cleaned};
use serde::Deserialize;
use serde_json::Value;

use crate::AgentProvider;
use crate::approved::Approved;
use crate::capability::Offer;
use crate::constraint::Constraints;
use crate::grant::{CapabilityGrant, Verdict};
use crate::refusal::Refusal;

/// One capability, as it stands in a request body.
#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum Asked {
    Name(String),
    Constrained {
        name: String,
        #[serde(default)]
        constraints: Option<Value>,
    },
}

/// Capabilities that are offered, with constraints that make sense; each at most once.
#[derive(Debug, Default)]
pub(crate) struct Requested(Vec<(String, Constraints)>);

/// How many capabilities one request may name.
const MOST: usize = 50;
/// How long the constraints on one capability may be, in bytes: a person must be able to read them.
const CONSTRAINTS: usize = 4_096;

impl Requested {
    pub(crate) fn parse(asked: Vec<Asked>, offer: &Offer) -> Result<Self, Refusal> {
        if asked.len() > MOST {
            return Err(Refusal::InvalidRequest("a request may name at most 50 capabilities"));
        }
        let asked: Vec<(String, Option<Value>)> = asked
            .into_iter()
            .map(|asked| match asked {
                Asked::Name(name) => (name, None),
                Asked::Constrained { name, constraints } => (name, constraints),
            })
            .collect();
        let unknown: Vec<String> = asked
            .iter()
            .filter(|(name, _)| offer.by_name(name).is_none())
            .map(|(name, _)| text::cleaned_or(name, 100, "a name that cannot be shown"))
            .collect();
        if !unknown.is_empty() {
            return Err(Refusal::InvalidCapabilities(unknown));
        }
        let mut requested: Vec<(String, Constraints)> = Vec::new();
        for (name, constraints) in asked {
            if requested.iter().any(|(known, _)| *known == name) {
                return Err(Refusal::InvalidRequest("a capability is named twice"));
            }
            if constraints.as_ref().is_some_and(|constraints| constraints.to_string().len() > CONSTRAINTS) {
                return Err(Refusal::TooLarge("the constraints on one capability are at most 4096 bytes"));
            }
            let constraints = constraints.map_or(Ok(Constraints::none()), |value| Constraints::parse(&value))?;
            check_fields(&name, &constraints, offer)?;
            requested.push((name, constraints));
        }
        Ok(Requested(requested))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Constraints)> {
        self.0.iter().map(|(name, constraints)| (name.as_str(), constraints))
    }

    /// Pending grants, each narrowed by what the capability itself allows and by further `limits`
    /// (Agent Auth §2.13, "combined").
    ///
    /// # Errors
    /// [`Refusal::ConstraintAllowsNothing`] for one under which no call would ever be allowed: it would look like a grant.
    pub(crate) fn pending(
        &self,
        offer: &Offer,
        limits: &BTreeMap<String, Constraints>,
        reason: Option<&Cleaned>,
        moment: &Moment<'_>,
    ) -> Result<Vec<CapabilityGrant>, Refusal> {
        let pending = |(name, proposed): (&str, &Constraints)| {
            let offered = offer.by_name(name);
            let constraints = (offered.map(|offered| &offered.constraints).into_iter())
                .chain(limits.get(name))
                .fold(proposed.clone(), |constraints, limits| constraints.narrowed_by(limits));
            if let Some(nothing) = offered.and_then(|offered| offered.input.contradiction(&constraints)) {
                return Err(Refusal::ConstraintAllowsNothing(nothing.reason));
            }
            let id = secret::identifier("grt", moment.random);
            Ok(CapabilityGrant::requested(id, name, &constraints, reason.cloned(), moment.now))
        };
        self.iter().map(pending).collect()
    }
}

/// What the policy makes of what an autonomous agent asks for ([Agent Auth §2.2.2]): it gives each capability or denies it. It
/// lets the agent itself work, too.
///
/// # Errors
/// [`Refusal::UnsupportedMode`] where the policy has no such agents.
///
/// [Agent Auth §2.2.2]: https://agentauthprotocol.com/specification/v1.0-draft
pub(crate) fn by_policy(
    provider: &AgentProvider,
    mut asked: Vec<CapabilityGrant>,
    now: Timestamp,
) -> Result<(Approved, Vec<CapabilityGrant>), Refusal> {
    let approved = Approved::by_policy(&provider.policy.autonomous)
        .ok_or(Refusal::UnsupportedMode("the server does not offer this mode any more"))?;
    for grant in &mut asked {
        let lifetime = provider.grant_lifetime(grant.capability());
        let otherwise = "not available to autonomous agents";
        grant.decide(&Verdict::Approve { approved: &approved, lifetime, schema: None, otherwise }, now);
    }
    Ok((approved, asked))
}

/// Refuses a constraint on a field that does not exist: it looks like a limit, and every call would fail on it.
fn check_fields(name: &str, constraints: &Constraints, offer: &Offer) -> Result<(), Refusal> {
    let known = offer.by_name(name).is_some_and(|offered| constraints.fields().all(|field| offered.input.knows(field)));
    if known {
        Ok(())
    } else {
        Err(Refusal::InvalidRequest("a constraint is on a field that the capability does not have"))
    }
}
