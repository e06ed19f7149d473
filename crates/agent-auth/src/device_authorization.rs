//! Asking a person by user code ([Agent Auth §7.1], [RFC 8628]).
//!
//! [Agent Auth §7.1]: https://agentauthprotocol.com/specification/v1.0-draft
//! [RFC 8628]: https://www.rfc-editor.org/rfc/rfc8628

use countersign_storage::{Changes, Moment, UserCode, secret};
use countersign_web::text::Cleaned;
use serde_json::{Value, json};

use crate::AgentProvider;
use crate::agent::{Agent, PendingApproval};
use crate::grant::CapabilityGrant;
use crate::user_code::UserCodeEntry;

/// Puts pending grants to a person, and returns the approval object for the agent (Agent Auth §7). Whatever code the
/// agent had before is dead: an agent has one question open at most.
pub(crate) fn ask(
    provider: &AgentProvider,
    agent: &mut Agent,
    pending: Vec<CapabilityGrant>,
    reason: Option<&Cleaned>,
    moment: &Moment<'_>,
    changes: &mut Changes,
) -> Value {
    let policy = &provider.policy;
    let code = UserCode::generate(moment.random);
    let expires_at = moment.now + policy.approval_lifetime;
    let id = secret::identifier("apr", moment.random);
    agent.ask(pending, PendingApproval { id, code: code.handle(), expires_at, reason: reason.cloned() });
    changes.insert(&UserCodeEntry { code: code.handle(), agent_id: agent.id.as_str().to_owned(), expires_at });
    let shown = code.shown();
    json!({
        "method": "device_authorization",
        "verification_uri": provider.verification_uri,
        "verification_uri_complete": format!("{}?user_code={shown}", provider.verification_uri),
        "user_code": shown,
        "expires_in": policy.approval_lifetime.as_secs(),
        "interval": policy.approval_interval.as_secs(),
    })
}
