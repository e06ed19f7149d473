//! Acts that were permitted and whose end is not known: they are under way, or the process died.
//!
//! The commit that permits the act writes the record, and the one that says how it ended removes it. Somebody must look into what
//! stays behind: the act may have been done, in part or not at all.

use countersign_storage::record::{Index, Kind, Record};
use countersign_storage::{Cursor, Fault, Page, Subject, Timestamp};
use serde::{Deserialize, Serialize};

use crate::AgentProvider;
use crate::executor::ApprovedCall;
use crate::policy::AgentPolicy;

/// An act that was permitted and has not ended, as far as is known.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub struct UnfinishedCall {
    /// The name of the call ([`ApprovedCall::id`]): the executor knows it by this.
    pub call_id: String,
    /// What was permitted.
    pub capability: String,
    /// The agent that called.
    pub agent_id: String,
    /// What it calls itself.
    pub agent_name: String,
    /// The person it acted for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Subject>,
    /// When it was permitted. One of the last minutes is probably under way.
    pub began_at: Timestamp,
    expires_at: Timestamp,
}

impl UnfinishedCall {
    pub(crate) fn of(call: &ApprovedCall, policy: &AgentPolicy, now: Timestamp) -> Self {
        UnfinishedCall {
            call_id: call.id.clone(),
            capability: call.capability.clone(),
            agent_id: call.agent_id.clone(),
            agent_name: call.agent_name.clone(),
            subject: call.subject.clone(),
            began_at: now,
            expires_at: now + policy.ended_kept,
        }
    }

    fn all() -> Index {
        Index::new("state", "begun")
    }
}

impl Record for UnfinishedCall {
    const KIND: Kind = Kind::new("agent_unfinished");

    fn id(&self) -> String {
        self.call_id.clone()
    }

    fn indexes(&self) -> Vec<Index> {
        let subject = self.subject.as_ref().map(|subject| Index::new("subject", subject.as_str()));
        subject.into_iter().chain([UnfinishedCall::all()]).collect()
    }

    fn expires_at(&self) -> Option<Timestamp> {
        Some(self.expires_at)
    }
}

impl AgentProvider {
    /// All acts that have not ended, as far as is known, in no order: for the operator. They are remembered as long as
    /// [`AgentPolicy::ended_kept`] says.
    ///
    /// # Errors
    /// [`Fault`].
    pub async fn unfinished(&self, page: Page) -> Result<(Vec<UnfinishedCall>, Option<Cursor>), Fault> {
        let (found, next) = self.ports.reader().find::<UnfinishedCall>(&UnfinishedCall::all(), page).await?;
        Ok((found.into_iter().map(|stored| stored.record).collect(), next))
    }

    /// Those for one person, as far as this version can read them: to be shown to the person.
    ///
    /// # Errors
    /// [`Fault`].
    pub async fn unfinished_for(
        &self,
        subject: &Subject,
        page: Page,
    ) -> Result<(Vec<UnfinishedCall>, Option<Cursor>), Fault> {
        let index = Index::new("subject", subject.as_str());
        let (found, next) = self.ports.reader().find_legible::<UnfinishedCall>(&index, page).await?;
        Ok((found.into_iter().map(|stored| stored.record).collect(), next))
    }
}
