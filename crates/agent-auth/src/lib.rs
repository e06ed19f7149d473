//! An [Agent Auth] provider (`1.0-draft`): agents of people get capabilities by approval, call them within constraints,
//! and lose them at once.
//!
//! What this crate does not do: it runs no HTTP server, knows no database and no users of its own, renders no page, and
//! performs no capability. It takes keys inline only and answers calls synchronously; what is not built has no route and
//! is not in discovery.
//!
//! Read first:
//! - [`provider`](AgentProvider): what a provider is made of.
//! - `routes`: what is answered at which path.
//! - `approved`: the proof through which every gain of a capability passes.
//! - `evaluate`: may this agent do this, with these arguments?
//! - `endpoints/execute`: one load, one judgement, one commit, then the act.
//! - [`constraint`]: what limits a call, and how it fails closed.
//!
//! [Agent Auth]: https://agentauthprotocol.com/specification/v1.0-draft
#![forbid(unsafe_code)]

mod agent;
mod agent_jwt;
mod approval;
mod approved;
mod approved_schema;
mod call_count;
mod caller;
mod capability;
mod config_error;
pub mod constraint;
mod dashboard;
mod decimal;
mod device_authorization;
mod dismissal;
mod endpoints;
mod evaluate;
#[cfg(test)]
mod every_refusal;
mod executor;
#[cfg(test)]
mod golden_records;
mod grant;
mod host;
mod host_jwt;
mod outline;
mod permitted;
mod person;
mod policy;
mod polls;
mod provider;
mod refusal;
mod replay;
mod request;
mod respond;
mod revocation;
mod route;
mod routes;
pub mod schema;
mod standing;
mod stored_key;
mod unfinished;
mod user_code;
mod withdrawal;

pub use agent::{AgentMode, AgentStatus};
pub use approval::{ApprovalAnswer, ApprovalRefusal, ApprovalView, Decided, Freshness, HostLink, RequestedView, Stage};
pub use caller::{CallerAuthentication, CallerSecrets, IntrospectionCallers};
pub use capability::{Capability, Visibility};
pub use config_error::ConfigError;
pub use constraint::{ConstraintError, Constraints, Violation};
pub use dashboard::{AgentView, GrantView, HostView};
pub use dismissal::Waiting;
pub use executor::{ApprovedCall, ExecuteError, Executor};
pub use grant::GrantStatus;
pub use host::HostStatus;
pub use policy::{AgentIssuer, AgentPolicy, AutonomousPolicy, EndpointValues, ExecuteAudience, IntrospectedGrants};
pub use provider::{AgentProvider, AgentProviderConfig};
pub use revocation::Revocation;
pub use unfinished::UnfinishedCall;
