//! The policies of the libraries, as the settings say. What is not set is the library's own default.

use countersign_agent_auth::{AgentPolicy, AutonomousPolicy};
use countersign_authn::AuthnPolicy;
use countersign_oidc::{Policy, Resource, ScopeDescription};
use url::Url;

use crate::bank;
use crate::settings::{Autonomous, Settings};

pub(crate) fn authn(settings: &Settings) -> AuthnPolicy {
    let policy = AuthnPolicy::default();
    AuthnPolicy {
        attempts_per_address: settings.times(policy.attempts_per_address),
        sign_ups_per_address: settings.times(policy.sign_ups_per_address),
        ..policy
    }
}

pub(crate) fn issuer(settings: &Settings) -> Policy {
    let mut policy = Policy::default();
    policy.answers = settings.times(policy.answers);
    policy.revocations = settings.times(policy.revocations);
    policy.scopes.extend([
        ScopeDescription::new("notes:read", "Read your notes"),
        ScopeDescription::new("notes:write", "Write notes in your name"),
    ]);
    let mut resources: Vec<&str> = settings.clients.iter().flat_map(|client| client.all_resources()).collect();
    resources.sort_unstable();
    resources.dedup();
    policy.resources = resources
        .into_iter()
        .map(|resource| {
            let introspecting =
                settings.clients.iter().filter(|client| client.introspects.iter().any(|r| r == resource));
            let introspected_by = introspecting.map(|client| client.client_id.clone()).collect();
            Resource { introspected_by, ..Resource::new(resource, host_of(resource)) }
        })
        .collect();
    if let Some(lifetime) = settings.access_token_lifetime {
        policy.access_token_lifetime = lifetime;
    }
    if let Some(algorithm) = settings.access_token_algorithm {
        policy.access_token_algorithm = algorithm;
    }
    if let Some(lead) = settings.key_publication_lead {
        policy.key_publication_lead = lead;
        policy.key_refresh = lead / 4;
        policy.key_set_max_age = lead / 2;
    }
    policy
}

/// A resource's name for people: where it is. Its identifier says the rest.
fn host_of(resource: &str) -> String {
    let host = Url::parse(resource).ok().and_then(|url| {
        let host = url.host_str()?.to_owned();
        Some(url.port().map_or_else(|| host.clone(), |port| format!("{host}:{port}")))
    });
    host.unwrap_or_else(|| resource.to_owned())
}

pub(crate) fn agents(settings: &Settings) -> AgentPolicy {
    let policy = AgentPolicy::default();
    AgentPolicy {
        autonomous: match settings.autonomous {
            Autonomous::Refused => AutonomousPolicy::Refused,
            Autonomous::ReadOnly => AutonomousPolicy::granted(bank::HARMLESS),
        },
        approval_interval: settings.approval_interval.unwrap_or(policy.approval_interval),
        unknown_hosts: settings.times(policy.unknown_hosts),
        calls: policy.calls.map(|calls| settings.times(calls)),
        ..policy
    }
}
