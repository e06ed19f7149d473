//! `GET /.well-known/agent-configuration` ([Agent Auth §5.1]): written from what is mounted, so that it cannot promise more.
//!
//! [Agent Auth §5.1]: https://agentauthprotocol.com/specification/v1.0-draft

use countersign_web::route::At;
use serde_json::{Map, Value, json};

use crate::AgentProvider;
use crate::policy::{AutonomousPolicy, EndpointValues};
use crate::respond::{Answer, Caching};
use crate::route::Route;

/// The draft that this crate implements (Agent Auth §5.1.1).
const VERSION: &str = "1.0-draft";
const MAX_AGE: u32 = 3_600;

/// Names these routes.
pub(crate) fn answer(provider: &AgentProvider, routes: &[Route]) -> Answer {
    let named = routes.iter().filter_map(|route| match (route.theirs.name, route.at) {
        (Some(name), At::Below(path)) => Some((name, path)),
        _ => None,
    });
    let endpoints: Map<String, Value> = named
        .map(|(name, path)| {
            let value = match provider.policy.endpoint_values {
                EndpointValues::Paths => path.to_owned(),
                EndpointValues::Urls => format!("{}{path}", provider.issuer),
            };
            (name.to_owned(), Value::String(value))
        })
        .collect();
    let modes = match provider.policy.autonomous {
        AutonomousPolicy::Refused => json!(["delegated"]),
        AutonomousPolicy::Granted(_) => json!(["delegated", "autonomous"]),
    };
    let document = json!({
        "version": VERSION,
        "provider_name": provider.name,
        "description": provider.description,
        "issuer": provider.issuer,
        "default_location": provider.location,
        "algorithms": ["Ed25519"],
        "modes": modes,
        "approval_methods": ["device_authorization"],
        "endpoints": endpoints,
    });
    Answer::cached(document, Caching::Public(MAX_AGE))
}
