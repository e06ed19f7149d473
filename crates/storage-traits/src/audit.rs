//! What happened, for whom, by whom: events that are committed together with what they tell of.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::identity::{Actor, Subject};
use crate::random::Random;
use crate::record::{Index, Kind, Record};
use crate::secret;

/// Something that happened, as a decision reports it. It never carries a secret: identifiers and plain words only.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Event {
    /// What, as `thing.verb`: `agent.execute`, `session.start`.
    pub action: &'static str,
    /// Who did it.
    pub actor: Actor,
    /// For whom, where there is a person behind it.
    pub subject: Option<Subject>,
    /// How it ended.
    pub outcome: Outcome,
    /// On what, approved how: short strings by name.
    pub detail: BTreeMap<&'static str, String>,
}

impl Event {
    /// `actor` did `action`, and it was allowed.
    pub fn new(action: &'static str, actor: Actor) -> Self {
        Event { action, actor, subject: None, outcome: Outcome::Allowed, detail: BTreeMap::new() }
    }

    /// For this person.
    #[must_use]
    pub fn for_subject(mut self, subject: &Subject) -> Self {
        self.subject = Some(subject.clone());
        self
    }

    /// It was refused, for this reason (a code, not a sentence).
    #[must_use]
    pub fn denied(mut self, reason: impl Into<String>) -> Self {
        self.outcome = Outcome::Denied { reason: reason.into() };
        self
    }

    /// One more fact.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.detail.insert(name, value.into());
        self
    }
}

/// How it ended.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// It was done.
    Allowed,
    /// It was refused.
    Denied {
        /// The code of the refusal.
        reason: String,
    },
}

/// An event as it is stored: in the same commit as the change that it tells of, so that neither exists without the other.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AuditRecord {
    /// Ordered by time: ten digits of seconds, then random.
    pub id: String,
    /// When.
    pub at: Timestamp,
    /// What.
    pub action: String,
    /// By whom.
    pub actor: Actor,
    /// For whom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Subject>,
    /// How it ended.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// Further facts.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub detail: BTreeMap<String, String>,
}

impl AuditRecord {
    /// The event, stamped.
    pub fn new(event: &Event, now: Timestamp, random: &dyn Random) -> Self {
        AuditRecord {
            id: format!("{:010}{}", now.as_secs(), secret::identifier("", random)),
            at: now,
            action: event.action.to_owned(),
            actor: event.actor.clone(),
            subject: event.subject.clone(),
            outcome: event.outcome.clone(),
            detail: event.detail.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
        }
    }
}

impl Record for AuditRecord {
    const KIND: Kind = Kind::new("audit");

    fn id(&self) -> String {
        self.id.clone()
    }

    /// What concerns a person, a client or ourselves is kept. What strangers can bring about as often as they like (a refused
    /// sign-in, an unlinked host and its agents) is kept for ninety days, or they could fill the store.
    fn expires_at(&self) -> Option<Timestamp> {
        let by_strangers = match &self.actor {
            Actor::Anonymous => self.subject.is_none() || self.outcome != Outcome::Allowed,
            Actor::Host { .. } | Actor::Agent { .. } => self.subject.is_none(),
            Actor::Person { .. } | Actor::Client { .. } | Actor::System => false,
        };
        by_strangers.then(|| self.at + NINETY_DAYS)
    }

    fn indexes(&self) -> Vec<Index> {
        let actor = match &self.actor {
            Actor::Client { client_id } => Some(Index::new("client", client_id)),
            Actor::Host { host_id } => Some(Index::new("host", host_id)),
            Actor::Agent { agent_id, .. } => Some(Index::new("agent", agent_id)),
            Actor::Person { .. } | Actor::Anonymous | Actor::System => None,
        };
        let subject = self.subject.as_ref().map(|subject| Index::new("subject", subject.as_str()));
        subject.into_iter().chain(actor).collect()
    }
}

const NINETY_DAYS: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// The port that is told of events **after** they were committed: a log, a metric, a feed.
pub trait Audit: Send + Sync {
    /// Sees one event. Must not block.
    fn observe(&self, record: &AuditRecord);
}

/// Writes each event to `tracing`, at `INFO`, under the target `countersign::audit`.
#[derive(Clone, Copy, Debug, Default)]
pub struct TracingAudit;

impl Audit for TracingAudit {
    fn observe(&self, record: &AuditRecord) {
        tracing::info!(
            target: "countersign::audit",
            action = record.action,
            actor = ?record.actor,
            subject = record.subject.as_ref().map(Subject::as_str),
            outcome = ?record.outcome,
            detail = ?record.detail,
        );
    }
}
