//! Why a question is not shown, or an answer not taken.

use std::time::Duration;

use countersign_storage::Stopped;
use countersign_web::refusals;

refusals! {
    /// Why a question is not shown, or an answer not taken. The codes are those of the endpoint that the draft has for
    /// persons ([Agent Auth §7.1]), as far as it names any.
    ///
    /// [Agent Auth §7.1]: https://agentauthprotocol.com/specification/v1.0-draft
    #[derive(Clone, PartialEq, Eq, Debug)]
    pub enum ApprovalRefusal {
        /// The account of who answers is disabled, or was since they signed in.
        AccountUnusable => [FORBIDDEN "unauthorized" "Agent Auth §5.13" "the account must not be used"],
        /// The question is not the one that was shown any more. Show it again.
        Changed => [CONFLICT "approval_changed" "own" "the request has changed since it was shown"],
        /// The question was answered already, otherwise or by another person or in another session.
        Decided => [CONFLICT "approval_decided" "own" "the request was answered already"],
        /// The code has lapsed.
        Expired => [GONE "approval_expired" "own" "the code has expired; the agent must ask again"],
        /// The host belongs to another person.
        ForeignHost => [FORBIDDEN "unauthorized" "Agent Auth §5.13" "the agent's host is linked to another person"],
        /// The sign-in is too old to approve with.
        FreshSessionRequired => [
            FORBIDDEN "fresh_session_required" "Agent Auth §8.11" "approving takes a fresh sign-in"
        ],
        /// Something was ticked that was never asked for.
        NotAsked => [
            BAD_REQUEST "invalid_capabilities" "Agent Auth §5.13"
            "a capability that was not asked for cannot be approved"
        ],
        /// The session of who answers has ended.
        SessionEnded => [FORBIDDEN "session_ended" "own" "the session has ended; sign in again"],
        /// Too many codes were tried. Try again after this long.
        Throttled(after: Duration) => [
            TOO_MANY_REQUESTS "rate_limited" "Agent Auth §5.13" "too many attempts; try again later"
        ],
        /// The person has as many hosts as they may have. One must be revoked first.
        TooManyHosts => [
            CONFLICT "host_limit_reached" "own" "no more hosts can be linked to this person; revoke one first"
        ],
        /// No open question has this code: it was mistyped, or replaced by a newer one.
        UnknownCode => [FORBIDDEN "invalid_user_code" "own" "no open request has this code"],
    }
}

impl From<ApprovalRefusal> for Stopped<ApprovalRefusal> {
    fn from(refusal: ApprovalRefusal) -> Self {
        Stopped::Refused(refusal)
    }
}
