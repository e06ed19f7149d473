//! What an operator may choose. Each default is today's best practice; a setting that loosens it says so.

use std::collections::BTreeMap;
use std::time::Duration;

use countersign_storage::Limit;

use crate::constraint::Constraints;

/// The choices of a provider, as data. Start from [`AgentPolicy::default`] and change what must differ.
#[derive(Clone, Debug)]
pub struct AgentPolicy {
    /// Agents without a person ([Agent Auth §2.2.2]). Default: refused.
    ///
    /// [Agent Auth §2.2.2]: https://agentauthprotocol.com/specification/v1.0-draft
    pub autonomous: AutonomousPolicy,
    /// Whether an agent JWT must carry `iss`. Default: it may be absent, because the published client sends none.
    pub agent_issuer: AgentIssuer,
    /// What `aud` a call may carry. Default: the location or the issuer.
    pub execute_audience: ExecuteAudience,
    /// How discovery writes its endpoints. Default: as paths ([Agent Auth §5.1]).
    ///
    /// [Agent Auth §5.1]: https://agentauthprotocol.com/specification/v1.0-draft
    pub endpoint_values: EndpointValues,
    /// What introspection tells an authenticated caller about a grant. Default: its constraints too, so that a service that
    /// performs calls itself can enforce them.
    pub introspected_grants: IntrospectedGrants,
    /// How long an agent may stay unused, in whole seconds ([Agent Auth §2.4]). Default: 3,600 s.
    ///
    /// [Agent Auth §2.4]: https://agentauthprotocol.com/specification/v1.0-draft
    pub session_lifetime: Duration,
    /// How long an agent works after its activation. Default: 86,400 s.
    pub max_lifetime: Duration,
    /// How long an agent exists, whatever is done for it. Default: no such limit.
    pub absolute_lifetime: Option<Duration>,
    /// How far the stored time of the last use may lag behind, so that not each call rewrites the agent: an unused agent
    /// expires up to this much early, never late. Default: 60 s; it is kept below a tenth of the session lifetime.
    pub last_use_precision: Duration,
    /// How long a grant lasts at the most; its capability and the person who approves may say less. `None`: as long as the
    /// agent. Default: 90 days.
    pub grant_lifetime: Option<Duration>,
    /// How long a user code works. Default: 600 s.
    pub approval_lifetime: Duration,
    /// How long a client waits between two polls of the status. Default: 5 s.
    pub approval_interval: Duration,
    /// How recently a person must have signed in to approve ([Agent Auth §8.11]). Default: 300 s.
    ///
    /// [Agent Auth §8.11]: https://agentauthprotocol.com/specification/v1.0-draft
    pub fresh_session: Duration,
    /// How often one person may look up a user code, or give a wrong one. Default: 20 in 10 minutes.
    pub user_code_attempts: Limit,
    /// How many hosts that were never seen before one address may bring ([Agent Auth §8.13]). Default: 20 an hour.
    ///
    /// [Agent Auth §8.13]: https://agentauthprotocol.com/specification/v1.0-draft
    pub unknown_hosts: Limit,
    /// How many requests one agent may make, and one host. Default: 600 a minute.
    ///
    /// # Security
    /// Each call leaves a replay mark and an audit record; without a limit one agent can fill the store.
    pub calls: Option<Limit>,
    /// How many keys one host may bring: one for each agent that it registers, even if it ends it at once, and one for each time
    /// that it or an agent of its changes its key. Default: 60 an hour.
    ///
    /// # Security
    /// Anybody can make up a host. Each agent leaves a record for [`AgentPolicy::pending_kept`] at least, each key that was
    /// given up one for more than a year, unless ten others follow it.
    pub registrations: Option<Limit>,
    /// How many living agents one host may have: 1 to 1,000. Default: 25.
    pub agents_per_host: u32,
    /// How many living hosts one person may have: 1 to 1,000. Default: 50.
    pub hosts_per_person: u32,
    /// How long a host may sign nothing before it ends, its agents with it, in whole seconds. Default: 365 days.
    pub host_lifetime: Duration,
    /// How long what has ended is remembered, to be shown to its person. Default: 90 days.
    pub ended_kept: Duration,
    /// How long an unapproved agent or host is remembered before it may be purged ([Agent Auth §10.9]). Default: 7 days.
    ///
    /// [Agent Auth §10.9]: https://agentauthprotocol.com/specification/v1.0-draft
    pub pending_kept: Duration,
}

impl Default for AgentPolicy {
    fn default() -> Self {
        AgentPolicy {
            autonomous: AutonomousPolicy::Refused,
            agent_issuer: AgentIssuer::Optional,
            execute_audience: ExecuteAudience::LocationOrIssuer,
            endpoint_values: EndpointValues::Paths,
            introspected_grants: IntrospectedGrants::WithConstraints,
            session_lifetime: Duration::from_secs(3_600),
            max_lifetime: Duration::from_secs(86_400),
            absolute_lifetime: None,
            last_use_precision: Duration::from_secs(60),
            grant_lifetime: Some(Duration::from_secs(90 * 86_400)),
            approval_lifetime: Duration::from_secs(600),
            approval_interval: Duration::from_secs(5),
            fresh_session: Duration::from_secs(300),
            user_code_attempts: Limit::new(20, Duration::from_secs(600)),
            unknown_hosts: Limit::new(20, Duration::from_secs(3_600)),
            calls: Some(Limit::new(600, Duration::from_secs(60))),
            registrations: Some(Limit::new(60, Duration::from_secs(3_600))),
            agents_per_host: 25,
            hosts_per_person: 50,
            host_lifetime: Duration::from_secs(365 * 86_400),
            ended_kept: Duration::from_secs(90 * 86_400),
            pending_kept: Duration::from_secs(7 * 86_400),
        }
    }
}

/// Whether agents may act for no person at all.
#[derive(Clone, Debug)]
pub enum AutonomousPolicy {
    /// They must not: the mode is not offered.
    Refused,
    /// They may, and get these capabilities without anybody's approval, each within these constraints.
    ///
    /// # Security
    /// Whoever can reach the server gets these capabilities. Name none that reads or changes what belongs to a person.
    Granted(BTreeMap<String, Constraints>),
}

impl AutonomousPolicy {
    /// These capabilities, without constraints of the policy's own.
    pub fn granted<N: Into<String>>(capabilities: impl IntoIterator<Item = N>) -> Self {
        AutonomousPolicy::Granted(capabilities.into_iter().map(|name| (name.into(), Constraints::none())).collect())
    }
}

/// Whether `iss` must be there in an agent JWT. If it is there, it must name the host, always.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AgentIssuer {
    /// It may be absent; the host is then found through the agent.
    Optional,
    /// It must be there ([Agent Auth §4.3]).
    ///
    /// [Agent Auth §4.3]: https://agentauthprotocol.com/specification/v1.0-draft
    Required,
}

/// What `aud` a call may carry.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ExecuteAudience {
    /// The location or the issuer: the protocol asks for the one in §4.3 and for the other in §4.5.
    LocationOrIssuer,
    /// The location alone.
    LocationOnly,
}

/// How discovery writes its endpoints.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum EndpointValues {
    /// As paths below the issuer ([Agent Auth §5.1]).
    ///
    /// [Agent Auth §5.1]: https://agentauthprotocol.com/specification/v1.0-draft
    Paths,
    /// As whole URLs, for clients that do not join paths.
    Urls,
}

/// What introspection tells an authenticated caller about a grant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum IntrospectedGrants {
    /// Name, status, constraints and expiry.
    WithConstraints,
    /// Name and status ([Agent Auth §5.12] to the letter).
    ///
    /// [Agent Auth §5.12]: https://agentauthprotocol.com/specification/v1.0-draft
    NamesOnly,
}
