//! Agent JWTs ([Agent Auth §4.3]) and their verification (§4.5).
//!
//! The signature is checked before anything about the agent is told: an unknown agent, a revoked one and a wrong signature
//! get one answer. The host is known from the agent's id, so `iss` may be absent; present, it must name that host.
//!
//! [Agent Auth §4.3]: https://agentauthprotocol.com/specification/v1.0-draft

use countersign_jose::VerifyingKey;
use countersign_jose::jwt::{Expect, ExpectedAudience, ExpectedIssuer, Typ, Unverified};
use countersign_storage::{Actor, Fault, Handle, Moment, Reader, Record, Stored, Timestamp};
use serde::{Deserialize, Deserializer};

use crate::AgentProvider;
use crate::agent::{Agent, AgentMode, AgentStatus};
use crate::call_count::CallCount;
use crate::host::{AgentId, Host, HostId, HostStatus};
use crate::policy::{AgentIssuer, AgentPolicy};
use crate::refusal::Refusal;
use crate::replay::ReplayMark;
use crate::standing::{self, Principal};
use crate::withdrawal::Withdrawal;

/// An agent JWT, taken apart; nothing about it is proven.
pub(crate) struct AgentToken<'a> {
    text: &'a str,
    agent_id: AgentId,
    mark_id: Handle,
}

#[derive(Deserialize)]
struct AgentClaims {
    jti: String,
    /// Absent and `null` are not the same: what restricts a token must not be undone by a slip.
    #[serde(default, deserialize_with = "present")]
    capabilities: Option<Vec<String>>,
}

fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<String>>, D::Error> {
    Vec::deserialize(deserializer).map(Some)
}

/// What the store knows about the sender of an agent JWT.
pub(crate) struct KnownAgent {
    agent: Option<Stored<Agent>>,
    host: Option<Stored<Host>>,
    key: Option<VerifyingKey>,
    mark: Option<Stored<ReplayMark>>,
    principal: Principal,
}

/// An agent whose JWT was verified. Whether it may act, its status says.
pub(crate) struct ProvenAgent {
    pub(crate) agent: Stored<Agent>,
    pub(crate) host: Stored<Host>,
    /// The capabilities that the token is restricted to (Agent Auth §4.3).
    pub(crate) capabilities: Option<Vec<String>>,
    /// Is inserted in the commit that does what the token asks for.
    pub(crate) mark: ReplayMark,
    pub(crate) use_: TokenUse,
    pub(crate) audience: String,
    principal: Principal,
}

/// Whether a token was used before.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum TokenUse {
    First,
    Repeated,
}

impl<'a> AgentToken<'a> {
    pub(crate) fn parse(text: &'a str) -> Result<Self, Refusal> {
        let unverified = Unverified::parse(text).map_err(|_| Refusal::UNPROVEN)?;
        let claims: AgentClaims = unverified.peek().map_err(|_| Refusal::UNPROVEN)?;
        let agent_id = unverified.claimed_sub().and_then(AgentId::parse).ok_or(Refusal::UNPROVEN)?;
        let mark_id = ReplayMark::id(agent_id.as_str(), &claims.jti);
        Ok(AgentToken { text, agent_id, mark_id })
    }

    /// The host that the agent's id names.
    pub(crate) fn host_id(&self) -> HostId {
        self.agent_id.host()
    }

    /// Reads the records in one round trip. For an agent that acts for a person it also asks the application's accounts, at every
    /// call: the agents of a person who is disabled there stop with their next call.
    pub(crate) async fn load(&self, reader: &mut Reader<'_>, provider: &AgentProvider) -> Result<KnownAgent, Fault> {
        let (agent, host, mark, agent_withdrawn, host_withdrawn) = reader
            .load((
                Agent::at(self.agent_id.as_str()),
                Host::at(self.agent_id.host().as_str()),
                ReplayMark::at(self.mark_id.as_str()),
                Withdrawal::at(self.agent_id.as_str()),
                Withdrawal::at(self.agent_id.host().as_str()),
            ))
            .await?;
        let key = agent.as_ref().map(|agent| agent.key.verifying_key()).transpose()?;
        let mut host = standing::host(host, host_withdrawn, &provider.policy, reader.now());
        let principal = standing::principal(host.as_mut(), provider.accounts.as_ref(), reader).await?;
        let agent = standing::agent(agent, agent_withdrawn, host.as_ref(), &provider.policy);
        Ok(KnownAgent { agent, host, key, mark, principal })
    }

    /// Proves the token. `audiences` are from the configuration, never from the request (Agent Auth §8.18).
    pub(crate) fn verify(
        &self,
        known: KnownAgent,
        audiences: &[&str],
        policy: &AgentPolicy,
        now: Timestamp,
    ) -> Result<ProvenAgent, Refusal> {
        let (Some(agent), Some(host), Some(key)) = (known.agent, known.host, known.key) else {
            return Err(Refusal::UNPROVEN);
        };
        let expect = Expect::new(Typ::AgentJwt, ExpectedIssuer::CheckedByCaller, ExpectedAudience::AnyOf(audiences));
        let verified = Unverified::parse(self.text)
            .and_then(|unverified| unverified.verify::<AgentClaims>(&key, &expect, now.as_secs()))
            .map_err(|_| Refusal::UNPROVEN)?;
        let [audience] = verified.aud() else { return Err(Refusal::UNPROVEN) };
        let named = match (verified.iss(), policy.agent_issuer) {
            (Some(iss), _) => host.is_named(iss),
            (None, AgentIssuer::Optional) => true,
            (None, AgentIssuer::Required) => false,
        };
        if !named || agent.host_id != host.id {
            return Err(Refusal::UNPROVEN);
        }
        let audience = audience.clone();
        let use_ = if known.mark.is_some() { TokenUse::Repeated } else { TokenUse::First };
        let mark = ReplayMark::new(&self.mark_id, verified.exp(), now);
        let (capabilities, principal) = (verified.into_claims().capabilities, known.principal);
        Ok(ProvenAgent { agent, host, capabilities, mark, use_, audience, principal })
    }
}

impl KnownAgent {
    /// The agent that the token names; nothing about its bearer is proven.
    pub(crate) fn agent(&self) -> Option<&Agent> {
        self.agent.as_deref()
    }
}

impl ProvenAgent {
    /// Refuses agents that are not active, in the order of [Agent Auth §4.5]: the host first, then the agent; and agents of a
    /// person whose account must not be used.
    pub(crate) fn check_status(&self, policy: &AgentPolicy, now: Timestamp) -> Result<(), Refusal> {
        check_status(&self.agent, &self.host, self.principal, policy, now)
    }

    /// The agent's count of requests; `None` without a limit.
    ///
    /// # Errors
    /// [`Refusal::RateLimited`].
    pub(crate) fn count(&self, policy: &AgentPolicy, moment: &Moment<'_>) -> Result<Option<CallCount>, Refusal> {
        let count = CallCount::of(self.agent.id.as_str(), policy, moment.now);
        count.as_ref().map_or(Ok(()), |count| count.check(moment))?;
        Ok(count)
    }

    pub(crate) fn actor(&self) -> Actor {
        Actor::Agent { agent_id: self.agent.id.as_str().to_owned(), host_id: self.host.id.as_str().to_owned() }
    }

    /// Who is on record for what is refused to it. A host registers as many agents as it likes, so for those that no person has
    /// allowed anything it is the host: all of them count as one.
    pub(crate) fn refused_actor(&self) -> Actor {
        let is_linked = self.host.subject.is_some();
        match (&self.agent.subject, self.agent.mode) {
            (None, AgentMode::Delegated) => self.host_actor(),
            (None, AgentMode::Autonomous) if is_linked => self.host_actor(),
            (Some(_), _) | (None, AgentMode::Autonomous) => self.actor(),
        }
    }

    fn host_actor(&self) -> Actor {
        Actor::Host { host_id: self.host.id.as_str().to_owned() }
    }

    /// Whether the token covers this capability.
    pub(crate) fn covers(&self, capability: &str) -> bool {
        self.capabilities.as_ref().is_none_or(|covered| covered.iter().any(|name| name == capability))
    }
}

/// The same of an agent that was proven before, as it stands now.
pub(crate) fn check_status(
    agent: &Agent,
    host: &Host,
    principal: Principal,
    policy: &AgentPolicy,
    now: Timestamp,
) -> Result<(), Refusal> {
    let status = agent.status(host, policy, now);
    match host.status {
        HostStatus::Revoked => return Err(Refusal::HostRevoked),
        HostStatus::Rejected => return Err(Refusal::HostRejected),
        HostStatus::Pending if status == AgentStatus::Pending => return Err(Refusal::HostPending),
        HostStatus::Pending | HostStatus::Active => {}
    }
    match Refusal::of_status(status) {
        Some(Refusal::AgentRevoked) if agent.outlived(policy, now) => Err(Refusal::AbsoluteLifetimeExceeded),
        Some(refusal) => Err(refusal),
        None if principal == Principal::Unusable => Err(Refusal::PersonUnusable),
        None => Ok(()),
    }
}
