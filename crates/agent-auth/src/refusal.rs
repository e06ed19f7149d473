//! Every way in which a request is refused, with its code and status ([Agent Auth §5.13]).
//!
//! [Agent Auth §5.13]: https://agentauthprotocol.com/specification/v1.0-draft

use std::time::Duration;

use countersign_storage::Stopped;
use countersign_web::refusals;

use crate::agent::AgentStatus;
use crate::constraint::{ConstraintError, Violation};

refusals! {
    /// The peer's doing. `Display` is the `message`: one sentence, nothing of the request in it.
    #[derive(Clone, PartialEq, Debug)]
    pub(crate) enum Refusal {
        AbsoluteLifetimeExceeded => [
            FORBIDDEN "absolute_lifetime_exceeded" "Agent Auth §5.13"
            "the agent's absolute lifetime is over; register a new agent"
        ],
        AgentClaimed => [
            FORBIDDEN "agent_claimed" "Agent Auth §5.6"
            "the agent was claimed by the person its host is linked to; register a new agent"
        ],
        AgentExists => [
            CONFLICT "agent_exists" "Agent Auth §5.3"
            "an agent with this key is registered under this host already; use a new key"
        ],
        AgentExpired => [
            FORBIDDEN "agent_expired" "Agent Auth §5.13" "the agent's session has expired; it must be reactivated"
        ],
        AgentLimitReached => [BAD_REQUEST "agent_limit_reached" "own" "the host has as many agents as it may have"],
        AgentNotFound => [NOT_FOUND "agent_not_found" "Agent Auth §5.5" "the host has no agent with this id"],
        AgentPending => [FORBIDDEN "agent_pending" "Agent Auth §5.13" "the agent is waiting for approval"],
        AgentRejected => [FORBIDDEN "agent_rejected" "Agent Auth §5.6" "the agent was refused by the person"],
        AgentRevoked => [FORBIDDEN "agent_revoked" "Agent Auth §5.13" "the agent has been revoked"],
        AlreadyGranted => [CONFLICT "already_granted" "Agent Auth §5.13" "all of these capabilities are granted already"],
        AuthenticationRequired => [
            UNAUTHORIZED "authentication_required" "Agent Auth §5.2" "this endpoint needs credentials"
        ],
        CapabilityNotFound => [NOT_FOUND "capability_not_found" "Agent Auth §5.13" "no capability has this name"],
        CapabilityNotGranted => [
            FORBIDDEN "capability_not_granted" "Agent Auth §5.13"
            "the agent holds no effective grant for this capability"
        ],
        CapabilityRemoved => [
            FORBIDDEN "capability_not_granted" "Agent Auth §2.12" "the capability has been removed"
        ],
        ConstraintAllowsNothing(why: &'static str) => [
            BAD_REQUEST "invalid_request" "own" "a constraint allows nothing: {why}"
        ],
        ConstraintViolated(violations: Vec<Violation>) => [
            FORBIDDEN "constraint_violated" "Agent Auth §5.13"
            "the arguments are outside the constraints of the grant"
        ],
        ContentType(what: &'static str) => [
            UNSUPPORTED_MEDIA_TYPE "unsupported_media_type" "RFC 9110 §15.5.16" "{what}"
        ],
        HostExists => [CONFLICT "host_exists" "own" "this key belongs to a host already; use a new key"],
        HostPending => [FORBIDDEN "host_pending" "Agent Auth §5.13" "the host is waiting for approval"],
        HostRejected => [FORBIDDEN "host_rejected" "own" "the host was refused by the person"],
        HostRevoked => [FORBIDDEN "host_revoked" "Agent Auth §5.13" "the host has been revoked"],
        InvalidArguments(what: String) => [
            BAD_REQUEST "invalid_request" "Agent Auth §5.13"
            "the arguments do not fit the capability's input schema: {what}"
        ],
        InvalidCapabilities(names: Vec<String>) => [
            BAD_REQUEST "invalid_capabilities" "Agent Auth §5.13" "these capabilities are not offered"
        ],
        InvalidJwt(what: &'static str) => [UNAUTHORIZED "invalid_jwt" "Agent Auth §5.13" "{what}"],
        InvalidPublicKey(what: &'static str) => [
            BAD_REQUEST "invalid_public_key" "own" "the agent's public key is refused: {what}"
        ],
        InvalidRequest(what: &'static str) => [BAD_REQUEST "invalid_request" "Agent Auth §5.13" "{what}"],
        LimitExceeded(what: String) => [FORBIDDEN "limit_exceeded" "Agent Auth §5.11" "{what}"],
        MethodNotAllowed(methods: String) => [
            METHOD_NOT_ALLOWED "method_not_allowed" "RFC 9110 §15.5.6" "this path takes {methods} requests only"
        ],
        PersonUnusable => [
            FORBIDDEN "unauthorized" "Agent Auth §5.13" "the person that the agent acts for must not use the service"
        ],
        RateLimited(after: Duration) => [TOO_MANY_REQUESTS "rate_limited" "Agent Auth §5.13" "too many requests; try again later"],
        SlowDown {
            /// How long to wait from now on, in seconds.
            interval: u64,
        } => [
            BAD_REQUEST "slow_down" "RFC 8628 §3.5"
            "polled too fast; wait for the interval, which is {interval} s from now on"
        ],
        TooLarge(what: &'static str) => [PAYLOAD_TOO_LARGE "request_too_large" "own" "{what}"],
        Unavailable(after: Duration) => [
            SERVICE_UNAVAILABLE "temporarily_unavailable" "own" "the capability is unavailable; try again later"
        ],
        UnknownConstraintOperator(operators: Vec<String>) => [
            BAD_REQUEST "unknown_constraint_operator" "Agent Auth §5.13"
            "a constraint names an operator that this server does not know"
        ],
        UnsupportedAlgorithm => [
            BAD_REQUEST "unsupported_algorithm" "Agent Auth §5.3" "only Ed25519 keys are supported"
        ],
        UnsupportedMode(what: &'static str) => [BAD_REQUEST "unsupported_mode" "Agent Auth §5.3" "{what}"],
    }
}

impl Refusal {
    /// One answer for every token that proves nothing: whether the agent exists, or in what state it is, is told only to
    /// who holds its key ([Agent Auth §4.5], the signature before the state).
    ///
    /// [Agent Auth §4.5]: https://agentauthprotocol.com/specification/v1.0-draft
    pub(crate) const UNPROVEN: Refusal =
        Refusal::InvalidJwt("the token is not an acceptable, unused token by a key that is known here");

    /// Why an agent that is not active must not act; `None` for an active one.
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

impl From<Refusal> for Stopped<Refusal> {
    fn from(refusal: Refusal) -> Self {
        Stopped::Refused(refusal)
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
