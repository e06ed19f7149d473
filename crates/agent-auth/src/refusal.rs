//! Every way in which a request is refused, with its code and status ([Agent Auth §5.13]).

use std::time::Duration;

use countersign_storage::Fault;
use http::{Method, StatusCode};

use crate::agent::AgentStatus;
use crate::constraint::{ConstraintError, Violation};

/// Why a request failed.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The peer's doing.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Ours.
    #[error(transparent)]
    Failed(#[from] Fault),
}

/// The peer's doing. `Display` is the `message`: one sentence, nothing of the request in it.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("the agent's absolute lifetime is over; register a new agent")]
    AbsoluteLifetimeExceeded,
    #[error("the agent was claimed by the person its host is linked to; register a new agent")]
    AgentClaimed,
    #[error("an agent with this key is registered under this host already; use a new key")]
    AgentExists,
    #[error("the agent's session has expired; it must be reactivated")]
    AgentExpired,
    #[error("the host has as many agents as it may have")]
    AgentLimitReached,
    #[error("the host has no agent with this id")]
    AgentNotFound,
    #[error("the agent is waiting for approval")]
    AgentPending,
    #[error("the agent was refused by the person")]
    AgentRejected,
    #[error("the agent has been revoked")]
    AgentRevoked,
    #[error("all of these capabilities are granted already")]
    AlreadyGranted,
    #[error("this endpoint needs credentials")]
    AuthenticationRequired,
    #[error("no capability has this name")]
    CapabilityNotFound,
    #[error("the agent holds no effective grant for this capability")]
    CapabilityNotGranted,
    #[error("the capability has been removed")]
    CapabilityRemoved,
    #[error("the arguments are outside the constraints of the grant")]
    ConstraintViolated(Vec<Violation>),
    #[error("a constraint allows nothing: {0}")]
    ConstraintAllowsNothing(&'static str),
    #[error("{0}")]
    ContentType(&'static str),
    #[error("this key belongs to a host already; use a new key")]
    HostExists,
    #[error("the host is waiting for approval")]
    HostPending,
    #[error("the host was refused by the person")]
    HostRejected,
    #[error("the host has been revoked")]
    HostRevoked,
    #[error("the arguments do not fit the capability's input schema: {0}")]
    InvalidArguments(String),
    #[error("these capabilities are not offered")]
    InvalidCapabilities(Vec<String>),
    #[error("{0}")]
    InvalidJwt(&'static str),
    #[error("the agent's public key is refused: {0}")]
    InvalidPublicKey(&'static str),
    #[error("{0}")]
    InvalidRequest(&'static str),
    #[error("{0}")]
    LimitExceeded(String),
    #[error("this path takes {0} requests only")]
    MethodNotAllowed(Method),
    #[error("polled too fast; wait for the interval, which is {} s from now on", .0.as_secs())]
    SlowDown(Duration),
    #[error("{0}")]
    TooLarge(&'static str),
    #[error("the person that the agent acts for may not use the service")]
    PersonUnusable,
    #[error("too many requests; try again later")]
    RateLimited(Duration),
    #[error("a constraint names an operator that this server does not know")]
    UnknownConstraintOperator(Vec<String>),
    #[error("the capability is unavailable; try again later")]
    Unavailable(Duration),
    #[error("only Ed25519 keys are supported")]
    UnsupportedAlgorithm,
    #[error("{0}")]
    UnsupportedMode(&'static str),
}

impl Refusal {
    /// One answer for every token that proves nothing: whether the agent exists, or in what state it is, is told only to
    /// who holds its key ([Agent Auth §4.5], the signature before the state).
    pub(crate) const UNPROVEN: Refusal =
        Refusal::InvalidJwt("the token is not an acceptable, unused token by a key that is known here");

    /// The machine-readable `error`.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Refusal::AbsoluteLifetimeExceeded => "absolute_lifetime_exceeded",
            Refusal::AgentClaimed => "agent_claimed",
            Refusal::AgentExists => "agent_exists",
            Refusal::AgentExpired => "agent_expired",
            Refusal::AgentLimitReached => "agent_limit_reached",
            Refusal::AgentNotFound => "agent_not_found",
            Refusal::AgentPending => "agent_pending",
            Refusal::AgentRejected => "agent_rejected",
            Refusal::AgentRevoked => "agent_revoked",
            Refusal::AlreadyGranted => "already_granted",
            Refusal::AuthenticationRequired => "authentication_required",
            Refusal::CapabilityNotFound => "capability_not_found",
            Refusal::CapabilityNotGranted | Refusal::CapabilityRemoved => "capability_not_granted",
            Refusal::ConstraintViolated(_) => "constraint_violated",
            Refusal::ContentType(_) => "unsupported_media_type",
            Refusal::HostExists => "host_exists",
            Refusal::HostPending => "host_pending",
            Refusal::HostRejected => "host_rejected",
            Refusal::HostRevoked => "host_revoked",
            Refusal::ConstraintAllowsNothing(_) | Refusal::InvalidArguments(_) | Refusal::InvalidRequest(_) => {
                "invalid_request"
            }
            Refusal::InvalidCapabilities(_) => "invalid_capabilities",
            Refusal::InvalidJwt(_) => "invalid_jwt",
            Refusal::InvalidPublicKey(_) => "invalid_public_key",
            Refusal::LimitExceeded(_) => "limit_exceeded",
            Refusal::MethodNotAllowed(_) => "method_not_allowed",
            Refusal::PersonUnusable => "unauthorized",
            Refusal::RateLimited(_) => "rate_limited",
            Refusal::SlowDown(_) => "slow_down",
            Refusal::TooLarge(_) => "request_too_large",
            Refusal::UnknownConstraintOperator(_) => "unknown_constraint_operator",
            Refusal::Unavailable(_) => "temporarily_unavailable",
            Refusal::UnsupportedAlgorithm => "unsupported_algorithm",
            Refusal::UnsupportedMode(_) => "unsupported_mode",
        }
    }

    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Refusal::AgentLimitReached
            | Refusal::ConstraintAllowsNothing(_)
            | Refusal::InvalidArguments(_)
            | Refusal::InvalidCapabilities(_)
            | Refusal::InvalidPublicKey(_)
            | Refusal::InvalidRequest(_)
            | Refusal::SlowDown(_)
            | Refusal::UnknownConstraintOperator(_)
            | Refusal::UnsupportedAlgorithm
            | Refusal::UnsupportedMode(_) => StatusCode::BAD_REQUEST,
            Refusal::AuthenticationRequired | Refusal::InvalidJwt(_) => StatusCode::UNAUTHORIZED,
            Refusal::AbsoluteLifetimeExceeded
            | Refusal::AgentClaimed
            | Refusal::AgentExpired
            | Refusal::AgentPending
            | Refusal::AgentRejected
            | Refusal::AgentRevoked
            | Refusal::CapabilityNotGranted
            | Refusal::CapabilityRemoved
            | Refusal::ConstraintViolated(_)
            | Refusal::HostPending
            | Refusal::HostRejected
            | Refusal::HostRevoked
            | Refusal::LimitExceeded(_)
            | Refusal::PersonUnusable => StatusCode::FORBIDDEN,
            Refusal::AgentNotFound | Refusal::CapabilityNotFound => StatusCode::NOT_FOUND,
            Refusal::MethodNotAllowed(_) => StatusCode::METHOD_NOT_ALLOWED,
            Refusal::AgentExists | Refusal::AlreadyGranted | Refusal::HostExists => StatusCode::CONFLICT,
            Refusal::ContentType(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Refusal::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Refusal::RateLimited(_) => StatusCode::TOO_MANY_REQUESTS,
            Refusal::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// Why an agent that is not active may not act; `None` for an active one.
    pub(crate) fn of_status(status: AgentStatus) -> Option<Refusal> {
        match status {
            AgentStatus::Active => None,
            AgentStatus::Pending => Some(Refusal::AgentPending),
            AgentStatus::Expired => Some(Refusal::AgentExpired),
            AgentStatus::Revoked => Some(Refusal::AgentRevoked),
            AgentStatus::Rejected => Some(Refusal::AgentRejected),
            AgentStatus::Claimed => Some(Refusal::AgentClaimed),
        }
    }
}

impl From<ConstraintError> for Refusal {
    fn from(error: ConstraintError) -> Self {
        match error {
            ConstraintError::UnknownOperators(operators) => Refusal::UnknownConstraintOperator(operators),
            ConstraintError::Malformed { .. } => Refusal::InvalidRequest("a constraint is malformed"),
            ConstraintError::NotAnObject => Refusal::InvalidRequest("constraints are an object of at most 50 fields"),
        }
    }
}
