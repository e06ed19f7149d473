//! What a subject allowed a client.
//!
//! Whatever takes it back, whole or in part, writes this one record. Codes and token families remember at which point of
//! its life they were made, and every use of them loads the grant and asks it what is left. So a withdrawal wins whatever
//! is going on meanwhile: it rewrites nothing that it withdraws.

use std::collections::BTreeMap;
use std::time::Duration;

use countersign_storage::{Handle, Index, Kind, Record, Subject, Timestamp};
use serde::{Deserialize, Serialize};

use crate::policy::Policy;
use crate::scope::Scopes;

/// What a subject allowed a client: one per pair, parent of every token.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Grant {
    /// Its public name, derived from the pair.
    pub id: String,
    /// The person who allowed it.
    pub subject: Subject,
    /// The client that was allowed it.
    pub client_id: String,
    /// The scopes that were allowed.
    pub scopes: Scopes,
    /// The resources that they were allowed for.
    pub resources: Vec<String>,
    /// Which scopes for which resource, as they were approved together: what was allowed at one resource is not allowed at
    /// another.
    #[serde(default)]
    pub scopes_at: BTreeMap<String, Scopes>,
    /// How often something was taken back from it and the rest left.
    #[serde(default)]
    pub narrowed: u32,
    /// By resource and scope: how often it had been narrowed when the scope was allowed there; 0 for what is not named.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub allowed_since: BTreeMap<String, BTreeMap<String, u32>>,
    /// The redirect URIs by which it was given.
    pub redirect_uris: Vec<String>,
    /// What the client was when it was allowed: [`crate::client::Client::fingerprint`].
    pub client_fingerprint: String,
    /// Whether it holds.
    pub state: GrantState,
    /// How often it ended as a whole. Codes and token families remember the generation that they rest on, so that giving
    /// the grant anew revives nothing.
    pub generation: u32,
    /// In which generation of the account it was given: it holds in no other.
    #[serde(default)]
    pub account_generation: u32,
    /// When it was first given, since it last ended.
    pub granted_at: Timestamp,
    /// When a code was last redeemed, give or take an hour: a redemption that wrote it each time would compete with a
    /// withdrawal.
    pub used_at: Timestamp,
    /// When it ends unless it is used again. Absent in grants of older versions until they are used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends_at: Option<Timestamp>,
}

/// Whether a grant holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GrantState {
    /// It holds until its end.
    Active,
    /// It was taken back.
    Revoked,
}

impl Grant {
    /// The name of the grant between these two. Neither half can hold a line feed.
    pub fn id_of(subject: &Subject, client_id: &str) -> String {
        format!("grt_{}", Handle::of(&format!("{}\n{client_id}", subject.as_str())).as_str())
    }

    /// Whether all of these scopes were approved for each of these resources.
    pub fn allows(&self, scopes: &Scopes, resources: &[String]) -> bool {
        let at = |resource: &String| self.scopes_at.get(resource).is_some_and(|allowed| scopes.is_within(allowed));
        resources.iter().all(at)
    }

    /// What is left of `scopes`: those that are allowed for each of these resources, and were without a break since the
    /// grant had been narrowed `narrowed` times.
    pub fn left_of(&self, scopes: &Scopes, resources: &[String], narrowed: u32) -> Scopes {
        let at = |resource: &String, scope| self.since(resource, scope).is_some_and(|since| since <= narrowed);
        scopes.iter().filter(|scope| resources.iter().all(|resource| at(resource, scope))).collect()
    }

    fn since(&self, resource: &str, scope: &str) -> Option<u32> {
        self.scopes_at.get(resource).filter(|allowed| allowed.contains(scope))?;
        Some(self.allowed_since.get(resource).and_then(|scopes| scopes.get(scope)).copied().unwrap_or(0))
    }

    /// When it ends unless it is used again.
    pub fn end(&self, policy: &Policy) -> Timestamp {
        // The policy's own bound is asked again: it may have been shortened since.
        let by_policy = self.used_at + policy.consent_lifetime;
        self.ends_at.map_or(by_policy, |ends_at| ends_at.min(by_policy))
    }

    /// Whether it holds, for an account in this generation.
    pub fn holds(&self, account_generation: u32, policy: &Policy, now: Timestamp) -> bool {
        self.state == GrantState::Active && self.account_generation == account_generation && now < self.end(policy)
    }

    /// Whether what rests on `generation` of this grant still holds.
    pub fn carries(&self, generation: u32, policy: &Policy, now: Timestamp) -> bool {
        self.generation == generation && self.holds(self.account_generation, policy, now)
    }

    pub(crate) fn use_at(&mut self, policy: &Policy, now: Timestamp) {
        self.used_at = self.used_at.max(now);
        self.ends_at = Some(self.used_at + policy.consent_lifetime);
    }

    /// Whether its last use is so long ago that the next is to be written down.
    pub(crate) fn is_use_due(&self, now: Timestamp) -> bool {
        now >= self.used_at + USE_PRECISION
    }
}

impl Record for Grant {
    const KIND: Kind = Kind::new("grant");

    fn id(&self) -> String {
        self.id.clone()
    }

    fn indexes(&self) -> Vec<Index> {
        indexes(&self.subject, &self.client_id)
    }

    /// Never before anything that rests on it is dead: no family lives longer than a grant
    /// ([`Policy::consent_lifetime`]), and none begins later than an hour after the last use that was written.
    fn expires_at(&self) -> Option<Timestamp> {
        self.ends_at.map(kept_until)
    }
}

pub(crate) fn indexes(subject: &Subject, client_id: &str) -> Vec<Index> {
    vec![Index::new("subject", subject.as_str()), Index::new("client", client_id)]
}

pub(crate) fn kept_until(ends_at: Timestamp) -> Timestamp {
    ends_at + KEPT
}

/// How old the last use that is written down may be.
const USE_PRECISION: Duration = Duration::from_secs(60 * 60);

/// How long a grant that has ended is remembered.
const KEPT: Duration = Duration::from_secs(24 * 60 * 60);
