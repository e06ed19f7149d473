//! The last answer to an agent, remembered so that a second click on the same button is told what the first one did.

use std::time::Duration;

use countersign_storage::{Authentication, Handle, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{ApprovalAnswer, ApprovalRefusal, Decided};

/// What was answered to which question, by whom, and what it did.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Answered {
    /// The code of the question.
    pub(crate) code: Handle,
    /// Who answered, in which session, and what.
    answer: Handle,
    at: Timestamp,
    decided: Decided,
}

impl Answered {
    pub(crate) fn new(
        code: Handle,
        who: &Authentication,
        answer: &ApprovalAnswer,
        decided: Decided,
        now: Timestamp,
    ) -> Self {
        Answered { code, answer: digest(who, answer), at: now, decided }
    }

    /// What an answer to this question gets, now that it was answered.
    ///
    /// # Errors
    /// [`ApprovalRefusal::Decided`] for anything but the same answer from the same session within a minute.
    pub(crate) fn tell(
        &self,
        who: &Authentication,
        answer: &ApprovalAnswer,
        now: Timestamp,
    ) -> Result<Decided, ApprovalRefusal> {
        match self.answer == digest(who, answer) && now.since(self.at) <= AGAIN {
            true => Ok(self.decided.clone()),
            false => Err(ApprovalRefusal::Decided),
        }
    }
}

fn digest(who: &Authentication, answer: &ApprovalAnswer) -> Handle {
    let answer = match answer {
        ApprovalAnswer::Approve { capabilities, at_most } => {
            let mut capabilities: Vec<&str> = capabilities.iter().map(String::as_str).collect();
            capabilities.sort_unstable();
            json!(["approve", capabilities, at_most.map(|at_most| at_most.as_secs())])
        }
        ApprovalAnswer::Deny => json!(["deny"]),
    };
    Handle::of(&json!([who.subject().as_str(), who.session_id(), answer]).to_string())
}

/// How long the same answer is told again.
const AGAIN: Duration = Duration::from_secs(60);
