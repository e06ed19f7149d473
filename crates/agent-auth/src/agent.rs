//! Agents ([Agent Auth §2.1]–§2.6, §3.2) and the state that their clocks give them.
//!
//! [Agent Auth §2.1]: https://agentauthprotocol.com/specification/v1.0-draft

use countersign_jose::Thumbprint;
use countersign_storage::record::{Index, Kind, Record};
use countersign_storage::{Handle, Subject, Timestamp};
use countersign_web::text::Cleaned;
use serde::{Deserialize, Serialize};

use crate::approval::Answered;
use crate::approved::Approved;
use crate::grant::{CapabilityGrant, GrantStatus, Verdict};
use crate::host::{AgentId, Host, HostId, HostStatus};
use crate::policy::AgentPolicy;
use crate::refusal::Refusal;
use crate::stored_key::StoredKey;

/// An agent, with its grants: one record, so that a call reads and guards all of it at once.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Agent {
    pub(crate) id: AgentId,
    pub(crate) host_id: HostId,
    pub(crate) key: StoredKey,
    /// Thumbprints of the last keys before the present one, the latest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) former_keys: Vec<Thumbprint>,
    pub(crate) name: Cleaned,
    pub(crate) mode: AgentMode,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<Cleaned>,
    standing: Standing,
    /// The person it acts for: the one its host is linked to, from its approval on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) subject: Option<Subject>,
    /// The generation of that person's account in which it was approved ([`countersign_storage::Account::generation`]).
    #[serde(default)]
    pub(crate) account_generation: u32,
    pub(crate) grants: Vec<CapabilityGrant>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) approval: Option<PendingApproval>,
    /// The last answer of a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) answered: Option<Answered>,
    pub(crate) created_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) activated_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) last_used_at: Option<Timestamp>,
    /// When something of it was last seen to have ended. It stays ended, even if a clock is set back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    seen_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) purged_after: Option<Timestamp>,
}

/// The question that a person has not answered yet. There is one at most: a new one takes the place of the old, whose
/// code is dead from then on.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct PendingApproval {
    /// Random and told to nobody, so that what was shown for one question is never what is shown for another, and that
    /// nobody can make up what was shown.
    pub(crate) id: String,
    pub(crate) code: Handle,
    pub(crate) expires_at: Timestamp,
    /// Why the agent asks this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<Cleaned>,
}

/// With or without a person ([Agent Auth §2.2]). Fixed when the agent is created.
///
/// [Agent Auth §2.2]: https://agentauthprotocol.com/specification/v1.0-draft
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AgentMode {
    /// For a person.
    Delegated,
    /// For nobody, by policy.
    Autonomous,
}

impl AgentMode {
    /// As on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            AgentMode::Delegated => "delegated",
            AgentMode::Autonomous => "autonomous",
        }
    }
}

/// Where an agent stands, as its record, its host and its clocks together say ([Agent Auth §2.3]).
///
/// [Agent Auth §2.3]: https://agentauthprotocol.com/specification/v1.0-draft
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum AgentStatus {
    /// Waiting for a person.
    Pending,
    /// It may call.
    Active,
    /// Unused for too long, or active for too long. It never wakes by itself.
    Expired,
    /// Shut out for good.
    Revoked,
    /// Refused by the person.
    Rejected,
    /// Taken over by the person its host was linked to.
    Claimed,
}

impl AgentStatus {
    /// As on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            AgentStatus::Pending => "pending",
            AgentStatus::Active => "active",
            AgentStatus::Expired => "expired",
            AgentStatus::Revoked => "revoked",
            AgentStatus::Rejected => "rejected",
            AgentStatus::Claimed => "claimed",
        }
    }

    /// Whether it can still make a call, now or later.
    pub(crate) fn is_living(self) -> bool {
        match self {
            AgentStatus::Pending | AgentStatus::Active | AgentStatus::Expired => true,
            AgentStatus::Revoked | AgentStatus::Rejected | AgentStatus::Claimed => false,
        }
    }
}

/// What was decided about the agent; what time does to it is computed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Standing {
    Pending,
    Active,
    Revoked,
    Rejected,
    Claimed,
}

impl Agent {
    /// A new agent: pending, without grants.
    pub(crate) fn new(
        host: &HostId,
        key: StoredKey,
        mode: AgentMode,
        (name, reason): (Cleaned, Option<Cleaned>),
        now: Timestamp,
    ) -> Self {
        Agent {
            id: AgentId::of(host, key.thumbprint()),
            host_id: host.clone(),
            key,
            former_keys: Vec::new(),
            name,
            mode,
            reason,
            standing: Standing::Pending,
            subject: None,
            account_generation: 0,
            grants: Vec::new(),
            approval: None,
            answered: None,
            created_at: now,
            activated_at: None,
            last_used_at: None,
            seen_at: None,
            purged_after: None,
        }
    }

    /// Where it stands at `now`: first what was decided, about it or its host ([`crate::standing`]), then the clocks
    /// (Agent Auth §2.4). A limit is reached at its very second.
    pub(crate) fn status(&self, host: &Host, policy: &AgentPolicy, now: Timestamp) -> AgentStatus {
        match self.standing {
            Standing::Revoked => return AgentStatus::Revoked,
            Standing::Rejected => return AgentStatus::Rejected,
            Standing::Claimed => return AgentStatus::Claimed,
            Standing::Pending | Standing::Active => {}
        }
        let now = self.time(now);
        if self.outlived(policy, now) {
            return AgentStatus::Revoked;
        }
        if self.standing == Standing::Pending || host.status == HostStatus::Pending {
            return AgentStatus::Pending;
        }
        match self.session_end(policy) {
            Some(end) if now < end => AgentStatus::Active,
            Some(_) | None => AgentStatus::Expired,
        }
    }

    /// The time that counts for it: `now`, but never before what was seen to have ended.
    pub(crate) fn time(&self, now: Timestamp) -> Timestamp {
        self.seen_at.map_or(now, |seen_at| seen_at.max(now))
    }

    /// Whether something of it has ended and was not noted yet.
    pub(crate) fn has_news(&self, policy: &AgentPolicy, now: Timestamp) -> bool {
        let grants = self.grants.iter().filter(|grant| grant.status() == GrantStatus::Active);
        let lapses = self.approval.as_ref().map(|approval| approval.expires_at);
        let mut ends = grants.filter_map(CapabilityGrant::expires_at).chain(self.session_end(policy)).chain(lapses);
        let decided = !matches!(self.standing, Standing::Pending | Standing::Active);
        !decided && ends.any(|end| end <= now && self.seen_at.is_none_or(|seen_at| seen_at < end))
    }

    /// Notes what has ended, and keeps the record. It is called before the record is written.
    pub(crate) fn see(&mut self, policy: &AgentPolicy, now: Timestamp) {
        if self.has_news(policy, now) {
            self.seen_at = Some(self.time(now));
        }
        self.keep(policy, now);
    }

    /// Whether its absolute lifetime is over, which nothing prolongs (Agent Auth §2.5).
    pub(crate) fn outlived(&self, policy: &AgentPolicy, now: Timestamp) -> bool {
        policy.absolute_lifetime.is_some_and(|lifetime| self.time(now) >= self.created_at + lifetime)
    }

    /// When it stops working unless it is used before: the earliest of its clocks. `None` before its activation.
    pub(crate) fn session_end(&self, policy: &AgentPolicy) -> Option<Timestamp> {
        let activated_at = self.activated_at?;
        let unused = self.last_used_at.unwrap_or(activated_at) + policy.session_lifetime;
        let end = unused.min(activated_at + policy.max_lifetime);
        Some(policy.absolute_lifetime.map_or(end, |lifetime| end.min(self.created_at + lifetime)))
    }

    /// Until when the record is kept if it is written at `now`. An agent that was never approved is kept for a short while, every
    /// other until after its last possible use.
    pub(crate) fn kept_until(&self, policy: &AgentPolicy, now: Timestamp) -> Timestamp {
        match (self.standing, &self.subject) {
            (Standing::Pending | Standing::Rejected, None) => now + policy.pending_kept,
            _ => now + policy.max_lifetime.max(policy.session_lifetime) + policy.ended_kept,
        }
    }

    /// Sets when the record may be purged. It is called before the record is written.
    pub(crate) fn keep(&mut self, policy: &AgentPolicy, now: Timestamp) {
        let until = self.kept_until(policy, now);
        self.purged_after = Some(self.purged_after.map_or(until, |known| known.max(until)));
    }

    /// Puts a question to a person: the grants asked for, in place of whatever was asked before and not answered.
    pub(crate) fn ask(&mut self, requested: Vec<CapabilityGrant>, approval: PendingApproval) {
        self.grants.retain(|grant| grant.status() != GrantStatus::Pending);
        self.grants.extend(requested);
        self.approval = Some(approval);
    }

    /// The longest name of an agent or host, in characters.
    pub(crate) const NAME: usize = 80;
    /// The longest reason, in characters.
    pub(crate) const REASON: usize = 300;
    /// How many grants an agent may have, those included that have ended.
    const GRANTS: usize = 100;
    /// How large its record may be, in bytes.
    const BYTES: usize = 32 * 1024;

    /// Makes room for what was just added: grants that have ended are forgotten, the oldest first, while there are too many
    /// or the record is too large.
    ///
    /// # Errors
    /// [`Refusal::TooLarge`] where what counts is too much by itself.
    pub(crate) fn make_room(&mut self, now: Timestamp) -> Result<(), Refusal> {
        let has_ended = |grant: &CapabilityGrant| grant.status() != GrantStatus::Pending && !grant.is_effective(now);
        while self.grants.len() > Self::GRANTS || self.size() > Self::BYTES {
            let Some(ended) = self.grants.iter().position(has_ended) else {
                return Err(Refusal::TooLarge("an agent holds at most 100 grants and 32 KiB; ask for less"));
            };
            self.grants.remove(ended);
        }
        Ok(())
    }

    fn size(&self) -> usize {
        serde_json::to_string(self).map_or(usize::MAX, |record| record.len())
    }

    /// An expired agent waits for approval once more (Agent Auth §5.6): all that it was granted is gone.
    pub(crate) fn reopen(&mut self) {
        if self.standing == Standing::Active {
            self.standing = Standing::Pending;
            self.activated_at = None;
            self.grants.iter_mut().for_each(|grant| grant.revoke("the agent's session expired"));
            self.approval = None;
        }
    }

    /// Whether a person is being asked, and the question has not lapsed.
    pub(crate) fn is_waiting(&self, now: Timestamp) -> bool {
        let now = self.time(now);
        self.approval.as_ref().is_some_and(|approval| now < approval.expires_at)
    }

    /// The grants that wait for the answer to `approval`.
    pub(crate) fn asked(&self) -> impl Iterator<Item = &CapabilityGrant> {
        self.grants.iter().filter(|grant| grant.status() == GrantStatus::Pending)
    }

    /// Lets a pending agent work. What it may do, its grants say.
    pub(crate) fn activate(&mut self, _: &Approved, now: Timestamp) {
        if self.standing == Standing::Pending {
            self.standing = Standing::Active;
            self.activated_at = Some(self.time(now));
            self.last_used_at = None;
        }
    }

    /// Whether a person has yet to decide about the agent itself, and not only about a further grant.
    pub(crate) fn is_undecided(&self) -> bool {
        self.standing == Standing::Pending
    }

    /// A person refuses a pending agent (Agent Auth §7.1).
    pub(crate) fn reject(&mut self, because: &str, now: Timestamp) {
        if self.standing == Standing::Pending {
            self.standing = Standing::Rejected;
        }
        self.deny(because, now);
    }

    /// A person refuses all that they were asked for.
    pub(crate) fn deny(&mut self, because: &str, now: Timestamp) {
        for grant in &mut self.grants {
            grant.decide(&Verdict::Deny { because }, now);
        }
        self.approval = None;
    }

    /// Ends it for good (Agent Auth §5.7). What was rejected or claimed stays that.
    pub(crate) fn revoke(&mut self, because: &str) {
        self.end(Standing::Revoked, because);
    }

    /// The person whose host it became takes it over (Agent Auth §2.10): its grants are gone, its history is theirs.
    pub(crate) fn claim(&mut self, by: &Subject) {
        if matches!(self.standing, Standing::Pending | Standing::Active) {
            self.subject = Some(by.clone());
        }
        self.end(Standing::Claimed, "claimed");
    }

    fn end(&mut self, standing: Standing, because: &str) {
        if matches!(self.standing, Standing::Pending | Standing::Active) {
            self.standing = standing;
        }
        self.grants.iter_mut().for_each(|grant| grant.revoke(because));
        self.approval = None;
    }
}

/// The id that an agent would have if its first key were the later key of another one. It is taken, so that no key ever stands
/// for two agents of one host. Key rotation leaves it behind, as long as the agent remembers that key.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct AgentKeyAlias {
    pub(crate) alias: AgentId,
    pub(crate) agent: AgentId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) purged_after: Option<Timestamp>,
}

impl Record for AgentKeyAlias {
    const KIND: Kind = Kind::new("agent_key_alias");

    fn id(&self) -> String {
        self.alias.as_str().to_owned()
    }

    fn expires_at(&self) -> Option<Timestamp> {
        self.purged_after
    }
}

impl Record for Agent {
    const KIND: Kind = Kind::new("agent");

    fn id(&self) -> String {
        self.id.as_str().to_owned()
    }

    fn indexes(&self) -> Vec<Index> {
        vec![Index::new("host", self.host_id.as_str())]
    }

    fn expires_at(&self) -> Option<Timestamp> {
        self.purged_after
    }
}
