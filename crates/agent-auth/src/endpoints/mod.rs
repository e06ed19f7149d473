//! The endpoints, one file each, in the order in which a request meets the rules.

pub(crate) mod agent_document;
pub(crate) mod batch_execute;
pub(crate) mod capabilities;
pub(crate) mod discovery;
pub(crate) mod execute;
pub(crate) mod introspect;
pub(crate) mod reactivate;
pub(crate) mod register;
pub(crate) mod request_capability;
pub(crate) mod requested;
pub(crate) mod revoke_agent;
pub(crate) mod revoke_host;
pub(crate) mod rotate_agent_key;
pub(crate) mod rotate_host_key;
pub(crate) mod status;

use crate::host::AgentId;
use crate::refusal::Refusal;

/// The agent that a request names, where it names one. What is wrong with the request is told once its token is proven.
fn named(agent_id: &Result<Option<AgentId>, Refusal>) -> Option<&AgentId> {
    agent_id.as_ref().ok().and_then(Option::as_ref)
}
