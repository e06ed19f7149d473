//! `resource` ([RFC 8707 §2]): what the token will be for.
//!
//! A token always has an audience: the resources that were asked for, else the client's default, else the policy's, else
//! the issuer itself.
//!
//! [RFC 8707 §2]: https://www.rfc-editor.org/rfc/rfc8707#section-2

use crate::client::Client;
use crate::client::is_resource;
use crate::params::Params;
use crate::policy::Policy;
use crate::rules::invalid_target::InvalidTarget;

/// The resources of a request, each once; the default where it names none.
///
/// # Errors
/// [`InvalidTarget`].
pub fn requested(
    params: &Params,
    client: &Client,
    policy: &Policy,
    issuer: &str,
) -> Result<Vec<String>, InvalidTarget> {
    let asked = params.all("resource");
    if asked.is_empty() {
        return Ok(vec![default(client, policy, issuer).to_owned()]);
    }
    let mut resources: Vec<String> = Vec::new();
    for resource in asked {
        if !is_resource(resource) {
            return Err(InvalidTarget::Malformed);
        }
        if !is_allowed(resource, client, policy, issuer) {
            return Err(InvalidTarget::NotAllowed);
        }
        if !resources.contains(resource) {
            resources.push(resource.clone());
        }
    }
    Ok(resources)
}

/// Whether a client may have tokens for a resource: its default, or one in its own list that exists.
pub(crate) fn is_allowed(resource: &str, client: &Client, policy: &Policy, issuer: &str) -> bool {
    let known = policy.resource(resource).is_some() && client.resources.iter().any(|allowed| allowed == resource);
    known || resource == default(client, policy, issuer)
}

/// The approved resources that the client may still have tokens for. What the operator took from it since is gone.
///
/// # Errors
/// [`InvalidTarget::NotAllowed`] where none is left.
pub(crate) fn still_allowed(
    mut resources: Vec<String>,
    client: &Client,
    policy: &Policy,
    issuer: &str,
) -> Result<Vec<String>, InvalidTarget> {
    resources.retain(|known| known == issuer || is_allowed(known, client, policy, issuer));
    if resources.is_empty() { Err(InvalidTarget::NotAllowed) } else { Ok(resources) }
}

fn default<'a>(client: &'a Client, policy: &'a Policy, issuer: &'a str) -> &'a str {
    client.default_resource.as_deref().or(policy.default_resource.as_deref()).unwrap_or(issuer)
}
