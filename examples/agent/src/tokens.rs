//! Host and agent JWTs (§4.2, §4.3): signed for one use, dead after a minute.

use countersign_jose::jwt::{self, Typ};
use countersign_jose::{SigningKey, Thumbprint};
use countersign_storage::{Clock, SystemClock, SystemRandom, secret};
use serde_json::{Value, json};

use crate::AgentError;

/// A host JWT: the host speaks for itself, and with `agent` it vouches for that key (§4.2).
///
/// # Errors
/// [`AgentError::Signing`].
pub fn host_jwt(host: &SigningKey, issuer: &str, agent: Option<&SigningKey>) -> Result<String, AgentError> {
    let thumbprint = host.thumbprint();
    let mut claims = json!({
        "iss": thumbprint, "sub": thumbprint, "aud": issuer, "host_public_key": host.public_jwk(),
    });
    if let Some(agent) = agent {
        claims["agent_public_key"] = json!(agent.public_jwk());
    }
    sign(host, Typ::HostJwt, claims)
}

/// An agent JWT for one call of these capabilities (§4.3). Its issuer is the host.
///
/// # Errors
/// [`AgentError::Signing`].
pub fn agent_jwt(
    agent: &SigningKey,
    audience: &str,
    agent_id: &str,
    host: &Thumbprint,
    capabilities: &[&str],
) -> Result<String, AgentError> {
    let claims = json!({ "iss": host, "sub": agent_id, "aud": audience, "capabilities": capabilities });
    sign(agent, Typ::AgentJwt, claims)
}

fn sign(key: &SigningKey, typ: Typ, mut claims: Value) -> Result<String, AgentError> {
    let now = SystemClock.now().as_secs();
    claims["iat"] = json!(now);
    claims["exp"] = json!(now + 60);
    claims["jti"] = json!(secret::identifier("jti", &SystemRandom::default()));
    jwt::mint(key, typ, &claims).map_err(|_| AgentError::Signing)
}
