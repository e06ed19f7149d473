//! For whom a token is: from the resources of [RFC 8707] to `aud`.
//!
//! [RFC 8707]: https://www.rfc-editor.org/rfc/rfc8707

use countersign_jose::Algorithm;

use crate::policy::Policy;
use crate::rules::invalid_target::InvalidTarget;
use crate::scope::Scopes;

/// The approved resources that a token request asks for; all of them where it asks for none
/// ([RFC 8707 §2.2](https://www.rfc-editor.org/rfc/rfc8707#section-2.2)).
///
/// # Errors
/// [`InvalidTarget::NotAllowed`] for one that was not approved.
pub(super) fn narrow(asked: &[String], approved: &[String]) -> Result<Vec<String>, InvalidTarget> {
    if asked.is_empty() {
        return Ok(approved.to_vec());
    }
    let mut resources: Vec<String> = Vec::new();
    for resource in asked {
        // Some clients send the bare origin with a slash, some without: to them it is one resource.
        let same = |known: &&String| known.trim_end_matches('/') == resource.trim_end_matches('/');
        let known = approved
            .iter()
            .find(|known| *known == resource)
            .or_else(|| approved.iter().filter(|known| is_origin(known) && is_origin(resource)).find(same));
        let known = known.ok_or(InvalidTarget::NotAllowed)?;
        if !resources.contains(known) {
            resources.push(known.clone());
        }
    }
    Ok(resources)
}

/// The `aud` of an access token: its resources and, for whoever was granted `openid`, the issuer, whose userinfo endpoint
/// is a resource too ([OIDC Core §5.3](https://openid.net/specs/openid-connect-core-1_0.html#UserInfo)).
pub(super) fn audience(resources: Vec<String>, scopes: &Scopes, issuer: &str) -> Vec<String> {
    let mut audience = resources;
    if scopes.contains("openid") && !audience.iter().any(|known| known == issuer) {
        audience.push(issuer.to_owned());
    }
    audience
}

/// What a token for these resources is signed with: the first choice that one of them states, else the policy's.
pub(super) fn algorithm(resources: &[String], policy: &Policy) -> Algorithm {
    let stated = resources.iter().find_map(|resource| policy.resource(resource)?.algorithm);
    stated.unwrap_or(policy.access_token_algorithm)
}

/// Scheme and authority alone, with or without the slash of an empty path.
fn is_origin(resource: &str) -> bool {
    let rest = resource.split_once("://").map_or("", |(_, rest)| rest);
    !rest.is_empty() && !rest.trim_end_matches('/').contains(['/', '?']) && !rest.ends_with("//")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_path_is_a_slash_and_nothing_else_is_forgiven() {
        let approved = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        for (known, asked, fits) in [
            ("https://a.test", "https://a.test/", true),
            ("https://a.test/", "https://a.test", true),
            ("https://a.test/x", "https://a.test/x", true),
            ("https://a.test/x", "https://a.test/x/", false),
            ("https://a.test", "https://a.test//", false),
            ("https://a.test", "https://A.test", false),
            ("https://a.test", "https://a.test/?", false),
            ("urn:a", "urn:a/", false),
        ] {
            let narrowed = narrow(&approved(&[asked]), &approved(&[known]));
            assert_eq!(narrowed, if fits { Ok(approved(&[known])) } else { Err(InvalidTarget::NotAllowed) }, "{asked}");
        }
        assert_eq!(narrow(&[], &approved(&["urn:a", "urn:b"])), Ok(approved(&["urn:a", "urn:b"])));
        assert!(narrow(&approved(&["urn:a", "urn:c"]), &approved(&["urn:a", "urn:b"])).is_err());
    }
}
