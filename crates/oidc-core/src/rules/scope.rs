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
    if scopes.is_within(&of_client(client, policy)) { Ok(scopes) } else { Err(AuthorizationRefusal::ScopeNotAllowed) }
}

/// What a client may have: what it is registered for and exists here.
pub(crate) fn of_client(client: &Client, policy: &Policy) -> Scopes {
    client.scopes.iter().filter(|scope| policy.scope(scope).is_some()).collect()
}
