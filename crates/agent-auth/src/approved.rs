//! The proof that somebody who may said yes. Every gain of a capability by an agent passes through it.

use std::collections::BTreeSet;

use countersign_storage::{Authentication, Subject, Timestamp};
use serde::{Deserialize, Serialize};

use crate::approval::ApprovalRefusal;
use crate::policy::{AgentPolicy, AutonomousPolicy};

/// A person, or an explicit policy of the server, allows these capabilities. The fields are private: the two constructors
/// below are the only way to one, and [`crate::grant::CapabilityGrant::decide`] asks for one that covers the grant.
#[derive(Debug)]
pub(crate) struct Approved {
    by: ApprovedBy,
    capabilities: BTreeSet<String>,
}

/// Who said yes, as it is remembered.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "snake_case")]
pub(crate) enum ApprovedBy {
    /// This person, in this session.
    Person { subject: Subject, session_id: String },
    /// The policy for autonomous agents.
    Policy,
}

/// What a person answers to: what the page showed, and what is asked now.
pub(crate) struct Shown<'a> {
    pub(crate) answered: &'a str,
    pub(crate) requested: &'a str,
}

impl Approved {
    /// The person approves some of what they were shown: they signed in recently (Agent Auth §8.11), and nothing of the
    /// request changed since the page was made.
    ///
    /// # Errors
    /// [`ApprovalRefusal::Changed`], [`ApprovalRefusal::FreshSessionRequired`].
    pub(crate) fn by_person(
        who: &Authentication,
        capabilities: &[String],
        shown: &Shown<'_>,
        policy: &AgentPolicy,
        now: Timestamp,
    ) -> Result<Self, ApprovalRefusal> {
        if shown.answered != shown.requested {
            return Err(ApprovalRefusal::Changed);
        }
        if !is_fresh(who, policy, now) {
            return Err(ApprovalRefusal::FreshSessionRequired);
        }
        let by = ApprovedBy::Person { subject: who.subject().clone(), session_id: who.session_id().to_owned() };
        Ok(Approved { by, capabilities: capabilities.iter().cloned().collect() })
    }

    /// The policy lets autonomous agents have these capabilities (Agent Auth §2.2.2). `None` where it refuses such agents.
    pub(crate) fn by_policy(policy: &AutonomousPolicy) -> Option<Self> {
        match policy {
            AutonomousPolicy::Granted(capabilities) => {
                Some(Approved { by: ApprovedBy::Policy, capabilities: capabilities.keys().cloned().collect() })
            }
            AutonomousPolicy::Refused => None,
        }
    }

    pub(crate) fn covers(&self, capability: &str) -> bool {
        self.capabilities.contains(capability)
    }

    pub(crate) fn by(&self) -> &ApprovedBy {
        &self.by
    }
}

/// Whether a person signed in recently enough to approve.
pub(crate) fn is_fresh(who: &Authentication, policy: &AgentPolicy, now: Timestamp) -> bool {
    now.since(who.auth_time()) <= policy.fresh_session
}
