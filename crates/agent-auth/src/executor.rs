//! The port that does what an agent was allowed to do.

use std::time::Duration;

use async_trait::async_trait;
use countersign_storage::{Actor, Subject};
use serde_json::{Map, Value};

use crate::agent::AgentMode;

/// Does what an agent was allowed to do.
///
/// # Security
/// It is asked only after the call was allowed and the permission, the single use of the token and the audit record
/// were committed. It acts for [`ApprovedCall::subject`] and must not look for authority anywhere else.
#[async_trait]
pub trait Executor: Send + Sync {
    /// Performs the call and returns what becomes `data` of the answer (Agent Auth §5.11).
    ///
    /// # Errors
    /// [`ExecuteError`]; the token stays used up.
    async fn execute(&self, call: &ApprovedCall) -> Result<Value, ExecuteError>;
}

/// A call that was allowed. Only the provider makes one.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ApprovedCall {
    /// A fresh name for this call; the audit record carries it. Use it as an idempotency key.
    pub id: String,
    /// The capability.
    pub capability: String,
    /// The arguments, as the capability's input schema and the grant's constraints allow them.
    pub arguments: Map<String, Value>,
    /// The agent that calls.
    pub agent_id: String,
    /// Its name, as shown to the person who approved it.
    pub agent_name: String,
    /// The host that vouches for it.
    pub host_id: String,
    /// With or without a person.
    pub mode: AgentMode,
    /// The person it acts for; none for autonomous agents.
    pub subject: Option<Subject>,
}

impl ApprovedCall {
    pub(crate) fn actor(&self) -> Actor {
        Actor::Agent { agent_id: self.agent_id.clone(), host_id: self.host_id.clone() }
    }
}

/// Why a call that was allowed was not performed.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExecuteError {
    /// The arguments make no sense to the back end: 400 `invalid_request` with this message.
    #[error("the arguments are refused: {0}")]
    InvalidArguments(String),
    /// Beyond a limit that the back end keeps: 403 `limit_exceeded` with this message.
    #[error("a limit is exceeded: {0}")]
    LimitExceeded(String),
    /// Not now: 503 with `Retry-After`.
    #[error("unavailable, try again in {retry_after:?}")]
    Unavailable {
        /// When to try again: whole seconds, at least one.
        retry_after: Duration,
    },
    /// A fault: 500 `internal_error`. The text goes to the log, not to the agent.
    #[error("the capability failed: {0}")]
    Failed(String),
}
