//! The provider: what it is made of, checked.

use std::sync::Arc;
use std::time::Duration;

use countersign_storage::{Accounts, Ports, SignedIn, Throttle};
use countersign_web::issuer_url::IssuerUrl;
use countersign_web::loopback::is_trustworthy;
use url::Url;

use crate::caller::IntrospectionCallers;
use crate::capability::{Capability, Offer};
use crate::config_error::ConfigError;
use crate::executor::Executor;
use crate::policy::{AgentPolicy, AutonomousPolicy};
use crate::schema::Contradiction;

/// Where calls are executed, below the issuer.
pub(crate) const EXECUTE: &str = "/capability/execute";
/// Where discovery is, below the origin (Agent Auth §5.1).
pub(crate) const DISCOVERY: &str = "/.well-known/agent-configuration";

/// What a provider is made of.
pub struct AgentProviderConfig {
    /// The issuer, byte for byte as tokens name it: `https`, or `http` on a loopback host; no final slash.
    pub issuer: String,
    /// A short name ([Agent Auth §5.1]).
    ///
    /// [Agent Auth §5.1]: https://agentauthprotocol.com/specification/v1.0-draft
    pub provider_name: String,
    /// One sentence about the service, for agents.
    pub description: String,
    /// The page where people type user codes.
    pub verification_uri: String,
    /// Store, clock, randomness, audit.
    pub ports: Ports,
    /// Says whose account is active: the agents of others are refused.
    pub accounts: Arc<dyn Accounts>,
    /// Whose session lasts: what a session that has ended answers is not taken.
    pub signed_in: Arc<dyn SignedIn>,
    /// Counts attempts at user codes, unknown hosts, and open introspection.
    pub throttle: Arc<dyn Throttle>,
    /// What agents can be allowed to do.
    pub capabilities: Vec<Capability>,
    /// Performs what an agent was allowed to do.
    pub executor: Arc<dyn Executor>,
    /// Who may introspect.
    pub introspection_callers: IntrospectionCallers,
    /// What the operator chose.
    pub policy: AgentPolicy,
}

/// An Agent Auth provider. It answers its endpoints ([`Endpoints`](countersign_storage::Endpoints)); pages use its methods for
/// approval and the dashboard.
pub struct AgentProvider {
    pub(crate) issuer: String,
    pub(crate) origin: String,
    /// The path of the issuer: empty, or `/api/auth`.
    pub(crate) base: String,
    /// The URL of execution: a configured value, whatever a request says it came to.
    pub(crate) location: String,
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) verification_uri: String,
    pub(crate) ports: Ports,
    pub(crate) accounts: Arc<dyn Accounts>,
    pub(crate) signed_in: Arc<dyn SignedIn>,
    pub(crate) throttle: Arc<dyn Throttle>,
    pub(crate) offer: Offer,
    pub(crate) executor: Arc<dyn Executor>,
    pub(crate) callers: IntrospectionCallers,
    pub(crate) policy: AgentPolicy,
}

impl AgentProvider {
    /// Checks a configuration.
    ///
    /// # Errors
    /// [`ConfigError`], naming the setting.
    pub fn new(config: AgentProviderConfig) -> Result<Self, ConfigError> {
        let url = IssuerUrl::parse(&config.issuer)?;
        check_verification_uri(&config.verification_uri)?;
        let offer = Offer::new(config.capabilities)?;
        check_policy(&config.policy, &offer)?;
        Ok(AgentProvider {
            origin: url.origin().to_owned(),
            location: format!("{}{}", config.issuer, EXECUTE),
            base: url.path().to_owned(),
            // Hosts and agents of one issuer, and of no other that shares the store.
            ports: config.ports.scoped(&config.issuer),
            issuer: config.issuer,
            name: config.provider_name,
            description: config.description,
            verification_uri: config.verification_uri,
            accounts: config.accounts,
            signed_in: config.signed_in,
            throttle: config.throttle,
            offer,
            executor: config.executor,
            callers: config.introspection_callers,
            policy: config.policy,
        })
    }

    /// How long a grant of this capability lasts: the shorter of what policy and capability say; `None` where only its
    /// agent's own end ends it.
    pub(crate) fn grant_lifetime(&self, capability: &str) -> Option<Duration> {
        let own = self.offer.by_name(capability).and_then(|offered| offered.grant_lifetime);
        [own, self.policy.grant_lifetime].into_iter().flatten().min()
    }
}

impl std::fmt::Debug for AgentProvider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AgentProvider").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

fn check_verification_uri(uri: &str) -> Result<(), ConfigError> {
    let url = Url::parse(uri).map_err(|_| ConfigError::VerificationUri("is not a URL"))?;
    if !is_trustworthy(&url) {
        return Err(ConfigError::VerificationUri("must be https, or http on a loopback host"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(ConfigError::VerificationUri("must have no query and no fragment"));
    }
    Ok(())
}

fn check_policy(policy: &AgentPolicy, offer: &Offer) -> Result<(), ConfigError> {
    // By the compiler: a new setting is judged here, or it is said that any value will do.
    let AgentPolicy {
        autonomous,
        agent_issuer: _,
        execute_audience: _,
        endpoint_values: _,
        introspected_grants: _,
        session_lifetime,
        max_lifetime,
        absolute_lifetime,
        last_use_precision: _,
        grant_lifetime,
        approval_lifetime,
        approval_interval,
        fresh_session,
        user_code_attempts,
        unknown_hosts,
        calls,
        registrations,
        agents_per_host,
        hosts_per_person,
        host_lifetime,
        ended_kept,
        pending_kept,
    } = policy;
    let lifetimes = [
        ("session_lifetime", Some(*session_lifetime)),
        ("max_lifetime", Some(*max_lifetime)),
        ("absolute_lifetime", *absolute_lifetime),
        ("grant_lifetime", *grant_lifetime),
        ("approval_lifetime", Some(*approval_lifetime)),
        ("approval_interval", Some(*approval_interval)),
        ("fresh_session", Some(*fresh_session)),
        ("user_code_attempts.window", Some(user_code_attempts.window)),
        ("unknown_hosts.window", Some(unknown_hosts.window)),
        ("calls.window", calls.map(|limit| limit.window)),
        ("registrations.window", registrations.map(|limit| limit.window)),
        ("pending_kept", Some(*pending_kept)),
        ("host_lifetime", Some(*host_lifetime)),
        ("ended_kept", Some(*ended_kept)),
    ];
    let too_short = |lifetime: Duration| lifetime < Duration::from_secs(1);
    if let Some((name, _)) = lifetimes.iter().find(|(_, lifetime)| lifetime.is_some_and(too_short)) {
        return Err(ConfigError::Lifetime(name));
    }
    let numbers = [("agents_per_host", agents_per_host), ("hosts_per_person", hosts_per_person)];
    if let Some((name, _)) = numbers.iter().find(|(_, number)| !(1..=1_000).contains(*number)) {
        return Err(ConfigError::Number(name));
    }
    let AutonomousPolicy::Granted(capabilities) = autonomous else { return Ok(()) };
    for (name, constraints) in capabilities {
        let offered = offer.by_name(name).ok_or_else(|| ConfigError::AutonomousCapability(name.clone()))?;
        if let Some(field) = constraints.fields().find(|field| !offered.input.knows(field)) {
            return Err(ConfigError::ConstraintField { capability: name.clone(), field: field.to_owned() });
        }
        let both = constraints.narrowed_by(&offered.constraints);
        if let Some(Contradiction { field, reason }) = offered.input.contradiction(&both) {
            return Err(ConfigError::EmptyConstraint { capability: name.clone(), field: field.to_owned(), reason });
        }
    }
    Ok(())
}
