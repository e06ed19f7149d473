//! `scope` ([RFC 6749 §3.3]): named by every request, and registered for the client.
//!
//! [RFC 6749 §3.3]: https://www.rfc-editor.org/rfc/rfc6749#section-3.3

use crate::authorize::AuthorizationRefusal;
use crate::client::Client;
use crate::params::Params;
use crate::policy::Policy;
use crate::scope::Scopes;

pub(crate) fn check(params: &Params, client: &Client, policy: &Policy) -> Result<Scopes, AuthorizationRefusal> {
    let Some(scope) = params.one("scope")? else { return Err(AuthorizationRefusal::ScopeMissing) };
    let scopes = Scopes::parse(scope).map_err(|_| AuthorizationRefusal::ScopeMalformed)?;
    let known = scopes.iter().all(|scope| policy.scope(scope).is_some());
    if known && scopes.is_within(&client.scopes) { Ok(scopes) } else { Err(AuthorizationRefusal::ScopeNotAllowed) }
}
