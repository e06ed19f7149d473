//! Host JWTs ([Agent Auth §4.2]) and their verification (§4.5.1).
//!
//! Refused: a key set by URL (`host_jwks_url`, `agent_jwks_url`: keys come inline here, and how a host delivers its key
//! never changes), an `iss` that is not the thumbprint of the key that signed, an inline key that is not the stored one,
//! an audience other than the issuer alone, a life of more than 60 seconds, and a `jti` that was seen, on every endpoint.
//!
//! [Agent Auth §4.2]: https://agentauthprotocol.com/specification/v1.0-draft

use countersign_jose::jwt::{Expect, ExpectedAudience, ExpectedIssuer, Typ, Unverified};
use countersign_jose::{Algorithm, Jwk, KeyError, Thumbprint, VerifyingKey};
use countersign_storage::{Changes, Fault, Handle, Moment, Reader, Record, Stored, Timestamp};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use crate::AgentProvider;
use crate::agent::Agent;
use crate::call_count::CallCount;
use crate::host::{AgentId, Host, HostAlias, HostId, HostStatus};
use crate::policy::AgentPolicy;
use crate::refusal::Refusal;
use crate::replay::ReplayMark;
use crate::standing::{self, Principal};
use crate::withdrawal::Withdrawal;

/// A host JWT, taken apart; nothing about it is proven.
pub(crate) struct HostToken<'a> {
    text: &'a str,
    iss: Thumbprint,
    /// What [`HostId::of`] makes of `iss`: the host's id, unless its key was rotated.
    id: HostId,
    mark_id: Handle,
    claims: HostClaims,
}

#[derive(Deserialize)]
struct HostClaims {
    jti: String,
    host_public_key: Option<Value>,
    host_jwks_url: Option<IgnoredAny>,
    agent_public_key: Option<Value>,
    agent_jwks_url: Option<IgnoredAny>,
    host_name: Option<String>,
}

/// What the store knows about the sender of a host JWT.
pub(crate) struct KnownHost {
    pub(crate) host: Option<Stored<Host>>,
    withdrawn: bool,
    agent_withdrawn: bool,
    alias: Option<Stored<HostAlias>>,
    principal: Principal,
    key: Option<VerifyingKey>,
    mark: Option<Stored<ReplayMark>>,
}

impl KnownHost {
    /// The host, unless it is shut out (Agent Auth §4.5.1). A pending one may register, ask and revoke.
    pub(crate) fn admitted(&self) -> Result<&Stored<Host>, Refusal> {
        let host = self.host.as_ref().ok_or(Refusal::UNPROVEN)?;
        match host.status {
            HostStatus::Revoked => Err(Refusal::HostRevoked),
            HostStatus::Rejected => Err(Refusal::HostRejected),
            HostStatus::Pending | HostStatus::Active if self.principal == Principal::Unusable => {
                Err(Refusal::PersonUnusable)
            }
            HostStatus::Pending | HostStatus::Active => Ok(host),
        }
    }

    /// Whether somebody ended it, whatever clocks and the policy say.
    pub(crate) fn is_withdrawn(&self) -> bool {
        self.withdrawn
    }

    /// Whether somebody ended the agent that was asked for. Its own record may be gone.
    pub(crate) fn has_withdrawn_agent(&self) -> bool {
        self.agent_withdrawn
    }

    /// Notes that the host signed something: once a day, and only for a host that is not shut out. An operation that writes the
    /// host anyway calls [`KnownHost::note_alias`] instead.
    pub(crate) fn note_use(&self, policy: &AgentPolicy, now: Timestamp, changes: &mut Changes) {
        if let Ok(host) = self.admitted()
            && host.is_due(now)
        {
            let mut host = host.clone();
            host.record.note_use(policy, now);
            changes.replace(&host);
            self.note_alias(&host, changes);
        }
    }

    /// Prolongs the record by which the host is found: it lives as long as the host.
    pub(crate) fn note_alias(&self, host: &Host, changes: &mut Changes) {
        if let Some(mut alias) = self.alias.clone() {
            alias.record.purged_after = host.purged_after;
            changes.replace(&alias);
        }
    }

    /// Guards nothing but the single use of the token. For operations that take something back: their decision stands, whatever
    /// else happens to host and agent at the same moment.
    pub(crate) fn unguard(&self, reader: &mut Reader<'_>) {
        self.host.iter().for_each(|host| reader.unguard(&host.record.key()));
        self.alias.iter().for_each(|alias| reader.unguard(&alias.record.key()));
    }

    /// The host, unless it is shut out, and its own agent (Agent Auth §5.5, §5.6, §5.7). Another host's agent is as
    /// unknown as one that does not exist.
    pub(crate) fn admitted_with(
        &self,
        agent: Option<Stored<Agent>>,
    ) -> Result<(&Stored<Host>, Stored<Agent>), Refusal> {
        let host = self.admitted()?;
        let agent = agent.filter(|agent| agent.host_id == host.id).ok_or(Refusal::AgentNotFound)?;
        Ok((host, agent))
    }
}

/// A host JWT that was verified and is used for the first time.
pub(crate) struct ProvenHost {
    /// The key that signed.
    pub(crate) key: VerifyingKey,
    mark: ReplayMark,
    count: Option<CallCount>,
}

impl ProvenHost {
    /// Spends the token, in the commit that does what it asks for, and counts it.
    pub(crate) fn spend(&self, changes: &mut Changes) {
        changes.insert(&self.mark);
        if let Some(count) = &self.count {
            count.add(1, changes);
        }
    }
}

/// Which key a host JWT may be verified with.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unknown {
    /// A host that was never seen proves itself by the key that it brings (Agent Auth §2.8).
    Welcome,
    /// Only known hosts.
    Refused,
}

impl<'a> HostToken<'a> {
    pub(crate) fn parse(text: &'a str, issuer: &str) -> Result<Self, Refusal> {
        let unverified = Unverified::parse(text).map_err(|_| Refusal::UNPROVEN)?;
        let claims: HostClaims = unverified.peek().map_err(|_| Refusal::UNPROVEN)?;
        if claims.host_jwks_url.is_some() || claims.agent_jwks_url.is_some() {
            return Err(Refusal::InvalidJwt("keys are taken inline only: host_public_key and agent_public_key"));
        }
        let iss: Thumbprint = unverified.claimed_iss().and_then(|iss| iss.parse().ok()).ok_or(Refusal::UNPROVEN)?;
        let id = HostId::of(issuer, &iss);
        let mark_id = ReplayMark::id(id.as_str(), &claims.jti);
        Ok(HostToken { text, iss, id, mark_id, claims })
    }

    /// The id that a host with this key gets when it is new.
    pub(crate) fn new_host_id(&self) -> &HostId {
        &self.id
    }

    pub(crate) fn host_name(&self) -> Option<&str> {
        self.claims.host_name.as_deref()
    }

    /// The key of the agent to register.
    pub(crate) fn agent_key(&self) -> Result<Jwk, Refusal> {
        let key = self.claims.agent_public_key.as_ref();
        agent_key(key.ok_or(Refusal::InvalidJwt("the token carries no agent_public_key"))?)
    }

    /// Reads the host and the replay mark, and the agent where one is asked for: one round trip, and a second for a host
    /// whose key was rotated.
    pub(crate) async fn load(
        &self,
        reader: &mut Reader<'_>,
        agent: Option<&AgentId>,
        provider: &AgentProvider,
    ) -> Result<(KnownHost, Option<Stored<Agent>>), Fault> {
        let host = Host::at(self.id.as_str());
        let alias = HostAlias::at(self.id.as_str());
        let mark = ReplayMark::at(self.mark_id.as_str());
        let withdrawn = Withdrawal::at(self.id.as_str());
        let (host, alias, mark, withdrawn, agent, agent_withdrawn) = match agent.map(AgentId::as_str) {
            Some(agent) => reader.load((host, alias, mark, withdrawn, Agent::at(agent), Withdrawal::at(agent))).await?,
            None => {
                let (host, alias, mark, withdrawn) = reader.load((host, alias, mark, withdrawn)).await?;
                (host, alias, mark, withdrawn, None, None)
            }
        };
        let (host, withdrawn) = match &alias {
            Some(alias) => reader.load((Host::at(alias.host.as_str()), Withdrawal::at(alias.host.as_str()))).await?,
            None => (host, withdrawn),
        };
        let key = host.as_ref().map(|host| host.key.verifying_key()).transpose()?;
        let (by, agent_by) = (withdrawn, agent_withdrawn);
        let (withdrawn, agent_withdrawn) = (by.is_some(), agent_by.is_some());
        let mut host = standing::host(host, by, &provider.policy, reader.now());
        let principal = standing::principal(host.as_mut(), provider.accounts.as_ref(), reader).await?;
        let own = host.as_ref().filter(|host| agent.as_ref().is_some_and(|agent| agent.host_id == host.id));
        let agent = standing::agent(agent, agent_by, own, &provider.policy);
        let known = KnownHost { host, withdrawn, agent_withdrawn, alias, principal, key, mark };
        Ok((known, agent))
    }

    /// Proves the token.
    pub(crate) fn verify(
        &self,
        known: &KnownHost,
        unknown: Unknown,
        provider: &AgentProvider,
        moment: &Moment<'_>,
    ) -> Result<ProvenHost, Refusal> {
        let (issuer, now) = (provider.issuer.as_str(), moment.now);
        let key = match (&known.key, unknown) {
            (Some(key), _) => {
                if let Some(presented) = &self.claims.host_public_key {
                    let presented = Jwk::try_from(presented).map_err(|_| Refusal::UNPROVEN)?;
                    if presented.thumbprint() != key.thumbprint() {
                        return Err(Refusal::UNPROVEN);
                    }
                }
                key.clone()
            }
            (None, Unknown::Welcome) => self.presented_key()?,
            (None, Unknown::Refused) => return Err(Refusal::UNPROVEN),
        };
        if self.iss != *key.thumbprint() {
            return Err(Refusal::UNPROVEN);
        }
        let expect =
            Expect::new(Typ::HostJwt, ExpectedIssuer::Exactly(self.iss.as_str()), ExpectedAudience::Solely(issuer));
        let verified = Unverified::parse(self.text)
            .and_then(|unverified| unverified.verify::<IgnoredAny>(&key, &expect, now.as_secs()))
            .map_err(|_| Refusal::UNPROVEN)?;
        if known.mark.is_some() {
            return Err(Refusal::UNPROVEN);
        }
        let id = known.host.as_ref().map_or(&self.id, |host| &host.id);
        let count = CallCount::of(id.as_str(), &provider.policy, now);
        count.as_ref().map_or(Ok(()), |count| count.check(moment))?;
        Ok(ProvenHost { mark: ReplayMark::new(&self.mark_id, verified.exp(), now), key, count })
    }

    fn presented_key(&self) -> Result<VerifyingKey, Refusal> {
        let presented = self.claims.host_public_key.as_ref().ok_or(Refusal::UNPROVEN)?;
        let jwk = Jwk::try_from(presented).map_err(|error| match error {
            KeyError::Unsupported => Refusal::UnsupportedAlgorithm,
            _ => Refusal::UNPROVEN,
        })?;
        // A key of another name than `iss` says nothing about the host of that name, nor whether it is known.
        if *jwk.thumbprint() != self.iss {
            return Err(Refusal::UNPROVEN);
        }
        if jwk.algorithm() != Algorithm::EdDSA {
            return Err(Refusal::UnsupportedAlgorithm);
        }
        VerifyingKey::from_jwk(&jwk).map_err(|_| Refusal::UNPROVEN)
    }
}

/// Reads the public key of an agent: Ed25519 and not a weak point (Agent Auth §4.1).
pub(crate) fn agent_key(key: &Value) -> Result<Jwk, Refusal> {
    let jwk = Jwk::try_from(key).map_err(|error| match error {
        KeyError::Unsupported | KeyError::AlgorithmMismatch => Refusal::UnsupportedAlgorithm,
        KeyError::Point => Refusal::InvalidPublicKey("it is not a point of its curve, or a weak one"),
        KeyError::PrivateMember => Refusal::InvalidPublicKey("it carries private members"),
        _ => Refusal::InvalidPublicKey("it is malformed"),
    })?;
    if jwk.algorithm() == Algorithm::EdDSA { Ok(jwk) } else { Err(Refusal::UnsupportedAlgorithm) }
}
