//! The code itself ([RFC 6749 §4.1.2]): 256 random bits, one minute, one use.
//!
//! [RFC 6749 §4.1.2]: https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2

use std::time::Duration;

use countersign_storage::secret::identifier;
use countersign_storage::{Authentication, Moment, Secret};

use crate::authorize::Validated;
use crate::policy::Policy;
use crate::records::{AuthorizationCode, CodeState, Grant};
use crate::scope::Scopes;

/// How long a code that nobody redeemed is remembered after it expired, to say "expired" and not "unknown".
const REMEMBERED: Duration = Duration::from_secs(600);

/// A code for exactly these scopes.
pub(crate) fn issue(
    request: &Validated,
    grant: &Grant,
    scopes: Scopes,
    authentication: &Authentication,
    policy: &Policy,
    moment: &Moment<'_>,
) -> (Secret, AuthorizationCode) {
    let code = Secret::generate(moment.random);
    let expires_at = moment.now + policy.code_lifetime;
    let record = AuthorizationCode {
        handle: code.handle(),
        client_id: request.client_id.clone(),
        redirect_uri: request.redirect_uri.clone(),
        code_challenge: request.code_challenge.clone(),
        scopes,
        resources: request.resources.clone(),
        nonce: request.nonce.clone(),
        max_age: request.max_age,
        authentication: authentication.clone(),
        grant_id: grant.id.clone(),
        grant_generation: grant.generation,
        grant_narrowed: grant.narrowed,
        family_id: identifier("fam", moment.random),
        state: CodeState::Issued,
        issued_at: moment.now,
        expires_at,
        kept_until: expires_at + REMEMBERED,
    };
    (code, record)
}
