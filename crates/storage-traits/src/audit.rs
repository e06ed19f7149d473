//! What happened, for whom, by whom: events that are committed together with what they tell of.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::audit_row::{Audited, Denial, Facts, Row};
use crate::clock::Timestamp;
use crate::identity::{Actor, Subject};
use crate::random::Random;
use crate::record::{Index, Kind, Record};
use crate::secret;

/// Something that happened, as a decision reports it. It never carries a secret: identifiers and plain words only.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Event {
    action: &'static str,
    actor: Actor,
    subject: Option<Subject>,
    outcome: Outcome,
    facts: BTreeMap<&'static str, String>,
    apart: BTreeMap<&'static str, String>,
    pub(crate) counted: bool,
}

impl Event {
    /// `actor` did `action`, and it was allowed.
    pub fn new(action: impl Audited, actor: Actor) -> Self {
        let (facts, apart) = (action.facts(), action.apart());
        Event {
            action: action.row().name,
            actor,
            subject: None,
            outcome: Outcome::Allowed,
            facts,
            apart,
            counted: false,
        }
    }

    /// For this person, where there is a person behind it.
    #[must_use]
    pub fn for_subject<'a>(mut self, subject: impl Into<Option<&'a Subject>>) -> Self {
        self.subject = subject.into().cloned();
        self
    }

    /// It was allowed, and its actor alone can repeat it without an end. So it is one record within each window, and a count,
    /// as refusals are; a few records, where its facts tell it apart.
    #[must_use]
    pub fn counted(mut self) -> Self {
        self.counted = true;
        self
    }

    /// It was refused, for this reason (a code, not a sentence).
    #[must_use]
    pub fn denied(mut self, reason: impl Into<String>) -> Self {
        self.outcome = Outcome::Denied { reason: reason.into() };
        self
    }

    /// The name of the action on record.
    pub fn action(&self) -> &'static str {
        self.action
    }

    /// What tells it apart where it is counted.
    pub(crate) fn apart(&self) -> &BTreeMap<&'static str, String> {
        &self.apart
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
    /// In the order of time: ten digits of seconds, then eight hexadecimal digits that count what this process reported, then
    /// random. So what one process reports is in its order, and what several report within a second is mixed. Of records that
    /// earlier versions wrote, the seconds are followed by the random part.
    pub id: String,
    /// When; where it is counted, when for the first time. How often since: [`Ports::repeats`](crate::Ports::repeats).
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
    /// From when on it may be removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept_until: Option<Timestamp>,
    /// The counter of what happened again: of a refusal, and of what was allowed and is counted ([`Event::counted`]).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeats: Option<String>,
    /// It stands for further ones, which differ in the facts that would tell them apart: those are left out.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub further: bool,
}

/// How long the audit is kept, and how it counts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AuditPolicy {
    /// What concerns a person, a client or ourselves. Default: 400 days.
    pub kept: Duration,
    /// What strangers can bring about as often as they like: a refused sign-in, an unlinked host and its agents. Default: 90
    /// days.
    pub kept_of_strangers: Duration,
    /// Refusals of one actor for one reason are one record within each such time, or a few where their facts tell them apart.
    /// So is what a client does ([`Event::counted`]). Default: 1 hour.
    pub refusal_window: Duration,
}

impl Default for AuditPolicy {
    fn default() -> Self {
        const DAY: Duration = Duration::from_secs(24 * 60 * 60);
        AuditPolicy { kept: DAY * 400, kept_of_strangers: DAY * 90, refusal_window: Duration::from_secs(60 * 60) }
    }
}

impl AuditRecord {
    /// The event, stamped.
    pub fn new(event: &Event, now: Timestamp, policy: &AuditPolicy, random: &dyn Random) -> Self {
        let record = AuditRecord {
            id: AuditRecord::next_id(now, random),
            at: now,
            action: event.action.to_owned(),
            actor: event.actor.clone(),
            subject: event.subject.clone(),
            outcome: event.outcome.clone(),
            detail: event.facts.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
            kept_until: None,
            repeats: None,
            further: false,
        };
        AuditRecord { kept_until: Some(now + record.kept_by(policy)), ..record }
    }

    /// The count begins anew with the process and after 2^32 records; then what comes next is in its order again.
    fn next_id(now: Timestamp, random: &dyn Random) -> String {
        static REPORTED: AtomicU32 = AtomicU32::new(0);
        let count = REPORTED.fetch_add(1, Ordering::Relaxed);
        format!("{:010}{count:08x}{}", now.as_secs(), secret::identifier("", random))
    }

    /// What people are told of it, by the row of its action. `clean` makes a text fit to be shown, or says that nothing of it
    /// can be seen. `None`: another record tells them already.
    pub fn in_words(&self, row: &Row, clean: &dyn Fn(&str) -> Option<String>) -> Option<String> {
        let words = row.words?;
        let facts = Facts { on_record: &self.detail, clean };
        Some(match self.outcome {
            Outcome::Allowed => (words.allowed)(&facts),
            Outcome::Denied { .. } => (words.denied)(&facts),
        })
    }

    /// The index of everything around a person.
    pub fn around(subject: &Subject) -> Index {
        Index::new("subject", subject.as_str())
    }

    /// The index of what this actor did around a person. What people and the server did lies in one; what strangers tried
    /// lies in another; each program has one of its own. So nobody who acts often hides what another did. An agent and a
    /// host have one for all that they did, whoever it was for.
    ///
    /// Older versions kept what strangers tried in the index of people and the server, and had no such index of a client:
    /// their records of clients are in the index of everything alone ([`AuditRecord::around`]).
    pub fn by(subject: &Subject, actor: &Actor) -> Index {
        match actor {
            Actor::Person { .. } | Actor::System => Index::new("undelegated", subject.as_str()),
            Actor::Anonymous => Index::new("strangers", subject.as_str()),
            Actor::Client { client_id } => Index::new("client_for", format!("{} {client_id}", subject.as_str())),
            Actor::Host { host_id } => Index::new("host", host_id),
            Actor::Agent { agent_id, .. } => Index::new("agent", agent_id),
        }
    }

    /// Whether the rules refused it, by the row of its action where that is known. A person who says no refuses themselves
    /// nothing.
    pub fn is_refusal(&self, row: Option<&Row>) -> bool {
        let declined = row.and_then(|row| row.words).is_some_and(|words| words.denial == Denial::Declined);
        self.outcome != Outcome::Allowed && !declined
    }

    /// How long this one is kept.
    pub(crate) fn kept(&self) -> Duration {
        match self.kept_until {
            Some(until) => until.since(self.at),
            None => self.kept_by(&AuditPolicy::default()),
        }
    }

    fn kept_by(&self, policy: &AuditPolicy) -> Duration {
        let by_strangers = match &self.actor {
            Actor::Anonymous => self.subject.is_none() || self.outcome != Outcome::Allowed,
            Actor::Host { .. } | Actor::Agent { .. } => self.subject.is_none(),
            Actor::Person { .. } | Actor::Client { .. } | Actor::System => false,
        };
        if by_strangers { policy.kept_of_strangers } else { policy.kept }
    }
}

impl Record for AuditRecord {
    const KIND: Kind = Kind::new("audit");

    fn id(&self) -> String {
        self.id.clone()
    }

    fn expires_at(&self) -> Option<Timestamp> {
        Some(self.at + self.kept())
    }

    fn indexes(&self) -> Vec<Index> {
        let actor = match &self.actor {
            Actor::Client { client_id } => Some(Index::new("client", client_id)),
            Actor::Host { host_id } => Some(Index::new("host", host_id)),
            Actor::Agent { agent_id, .. } => Some(Index::new("agent", agent_id)),
            Actor::Person { .. } | Actor::Anonymous | Actor::System => None,
        };
        let subject = self.subject.as_ref();
        let by = subject.map(|subject| AuditRecord::by(subject, &self.actor)).filter(|by| actor.as_ref() != Some(by));
        subject.map(AuditRecord::around).into_iter().chain(by).chain(actor).collect()
    }
}

/// The port that is told of events **after** they were committed: a log, a metric, a feed.
pub trait Audit: Send + Sync {
    /// Sees one event, each time that it happens. Must not block.
    fn observe(&self, record: &AuditRecord);

    /// How long events are kept in the store.
    fn policy(&self) -> AuditPolicy {
        AuditPolicy::default()
    }

    /// The rows of actions that the application reports itself, beside those of [`Action`](crate::Action): the dashboard takes
    /// its words from them. [`actions!`](crate::actions) makes them.
    fn actions(&self) -> Vec<&'static Row> {
        Vec::new()
    }
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
