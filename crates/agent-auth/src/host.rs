//! Hosts: what vouches for agents ([Agent Auth §2.7], §3.1).
//!
//! [Agent Auth §2.7]: https://agentauthprotocol.com/specification/v1.0-draft

use std::time::Duration;

use countersign_jose::Thumbprint;
use countersign_storage::record::{Index, Kind, Record};
use countersign_storage::{Handle, Subject, Timestamp};
use countersign_web::text::Cleaned;
use serde::{Deserialize, Serialize};

use crate::policy::AgentPolicy;
use crate::stored_key::StoredKey;

/// A host: the installation that holds the key which vouches for agents, linked to at most one person.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Host {
    pub(crate) id: HostId,
    pub(crate) key: StoredKey,
    /// Thumbprints of keys before the present one: they sign nothing any more, but agents may still name them as `iss`.
    #[serde(default)]
    pub(crate) former_keys: Vec<Thumbprint>,
    /// Informational, never used to decide anything (Agent Auth §3.1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<Cleaned>,
    pub(crate) status: HostStatus,
    /// The person it is linked to. Once set it never changes (Agent Auth §2.7).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) subject: Option<Subject>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) linked_at: Option<Timestamp>,
    /// The generation of the person's account in which it was linked ([`countersign_storage::Account::generation`]).
    #[serde(default)]
    pub(crate) account_generation: u32,
    /// Its agents; those that ended are forgotten when there is no room. So what a host may have is counted without
    /// listing what it had.
    #[serde(default)]
    pub(crate) agents: Vec<AgentId>,
    pub(crate) created_at: Timestamp,
    /// When it last signed something, give or take [`Host::PRECISION`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) last_used_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) purged_after: Option<Timestamp>,
}

/// Where a host stands (Agent Auth §2.11).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum HostStatus {
    /// Seen, trusted with nothing.
    Pending,
    /// Its agents may work.
    Active,
    /// Shut out for good, and its agents with it.
    Revoked,
    /// Refused by the person it asked.
    Rejected,
}

impl HostStatus {
    /// As on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            HostStatus::Pending => "pending",
            HostStatus::Active => "active",
            HostStatus::Revoked => "revoked",
            HostStatus::Rejected => "rejected",
        }
    }
}

/// The stable name of a host: a hash of the issuer and of the thumbprint of its first key. So the record is found from a
/// host JWT without looking anything up, and the hosts of two issuers in one store never meet.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct HostId(String);

impl HostId {
    const PREFIX: &'static str = "hst_";
    /// 192 bits of the hash.
    const DIGEST: usize = 32;

    pub(crate) fn of(issuer: &str, first_key: &Thumbprint) -> Self {
        HostId(format!("{}{}", Self::PREFIX, digest(&format!("host\n{issuer}\n{first_key}"))))
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        let digest = text.strip_prefix(Self::PREFIX)?;
        is_digest(digest).then(|| HostId(text.to_owned()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    fn digest(&self) -> &str {
        self.0.strip_prefix(Self::PREFIX).unwrap_or_default()
    }
}

/// The stable name of an agent: its host's, and a hash of the thumbprint of its first key. So the host of an agent is
/// known before the agent is loaded, one round trip reads both, and one key registers once under one host.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct AgentId(String);

impl AgentId {
    const PREFIX: &'static str = "agt_";

    pub(crate) fn of(host: &HostId, first_key: &Thumbprint) -> Self {
        let own = digest(&format!("agent\n{}\n{first_key}", host.as_str()));
        AgentId(format!("{}{}{own}", Self::PREFIX, host.digest()))
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (host, own) = text.strip_prefix(Self::PREFIX)?.split_at_checked(HostId::DIGEST)?;
        (is_digest(host) && is_digest(own)).then(|| AgentId(text.to_owned()))
    }

    pub(crate) fn host(&self) -> HostId {
        let digests = self.0.strip_prefix(Self::PREFIX).unwrap_or_default();
        let host = digests.get(..HostId::DIGEST).unwrap_or_default();
        HostId(format!("{}{host}", HostId::PREFIX))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

fn digest(text: &str) -> String {
    Handle::of(text).as_str().chars().take(HostId::DIGEST).collect()
}

fn is_digest(text: &str) -> bool {
    text.len() == HostId::DIGEST && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

impl Host {
    /// How far the stored time of the last use may lag behind, so that not each request writes the host.
    pub(crate) const PRECISION: Duration = Duration::from_secs(86_400);

    /// When it ends, unless it signs something before. `None` until a person or a policy lets it work.
    pub(crate) fn end(&self, policy: &AgentPolicy) -> Option<Timestamp> {
        let last_used = self.last_used_at.or(self.linked_at).unwrap_or(self.created_at);
        (self.status == HostStatus::Active).then(|| last_used + policy.host_lifetime)
    }

    /// Whether it has signed nothing for so long that it is over.
    pub(crate) fn is_forgotten(&self, policy: &AgentPolicy, now: Timestamp) -> bool {
        self.end(policy).is_some_and(|end| now >= end)
    }

    /// Whether the next use is to be noted.
    pub(crate) fn is_due(&self, now: Timestamp) -> bool {
        self.last_used_at.is_none_or(|noted| now.since(noted) >= Host::PRECISION)
    }

    /// Notes that it signed something. The record is kept for as long as the host can live now, and for some time to look at
    /// it afterwards.
    pub(crate) fn note_use(&mut self, policy: &AgentPolicy, now: Timestamp) {
        self.last_used_at = Some(self.last_used_at.map_or(now, |noted| noted.max(now)));
        let kept = self.end(policy).map_or(now + policy.pending_kept, |end| end + policy.ended_kept);
        self.purged_after = Some(kept);
    }

    /// Whether an agent JWT's `iss` names this host: its thumbprint, an earlier one, or its id (Agent Auth §4.5).
    pub(crate) fn is_named(&self, iss: &str) -> bool {
        iss == self.key.thumbprint().as_str()
            || iss == self.id.as_str()
            || self.former_keys.iter().any(|former| former.as_str() == iss)
    }

    pub(crate) fn is_linked_to(&self, subject: &Subject) -> bool {
        self.subject.as_ref() == Some(subject)
    }
}

impl Record for Host {
    const KIND: Kind = Kind::new("agent_host");

    fn id(&self) -> String {
        self.id.as_str().to_owned()
    }

    fn indexes(&self) -> Vec<Index> {
        self.subject.iter().map(|subject| Index::new("subject", subject.as_str())).collect()
    }

    fn expires_at(&self) -> Option<Timestamp> {
        self.purged_after
    }
}

/// Where a host is found by a key that is not its first one: left behind by key rotation, as long as the host remembers that
/// key.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct HostAlias {
    /// What [`HostId::of`] makes of the later key.
    pub(crate) alias: HostId,
    pub(crate) host: HostId,
    /// As of the host itself: the alias of the present key is prolonged with every use that is noted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) purged_after: Option<Timestamp>,
}

impl Record for HostAlias {
    const KIND: Kind = Kind::new("agent_host_alias");

    fn id(&self) -> String {
        self.alias.as_str().to_owned()
    }

    fn expires_at(&self) -> Option<Timestamp> {
        self.purged_after
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_agent_id_names_its_host_and_differs_by_issuer() {
        let key: Thumbprint = "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs".parse().unwrap();
        let host = HostId::of("https://as.test", &key);
        let agent = AgentId::of(&host, &key);
        assert_eq!(agent.host(), host);
        assert_eq!(AgentId::parse(agent.as_str()), Some(agent.clone()));
        assert_eq!(HostId::parse(host.as_str()), Some(host.clone()));
        assert_ne!(HostId::of("https://other.test", &key), host);
        for text in ["", "agt_", "agt_x", host.as_str(), "agt_ääääääääääääääääääääääääääääääää"]
        {
            assert_eq!(AgentId::parse(text), None, "{text}");
        }
    }
}
