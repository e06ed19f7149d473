//! The agent's side of the Agent Auth Protocol (1.0-draft), with HTTP and signed tokens alone.
//!
//! A **host** (the program on somebody's machine) owns a key and vouches for **agents**, each with a key of its own. The
//! provider learns public keys only. Every call carries a fresh JWT, good for one use and for a minute.
#![forbid(unsafe_code)]

mod life;
mod tokens;

use bytes::Bytes;
use countersign_fetch::OutboundHttp;
use countersign_jose::{Algorithm, SigningKey, json as strict_json};
use countersign_storage::FetchError;
use http::{Method, Request, StatusCode, header};
use serde::Deserialize;
use serde_json::{Value, json};

pub use life::live;
pub use tokens::{agent_jwt, host_jwt};

/// A provider, as its discovery document describes it (§5.1).
#[derive(Clone, Debug)]
pub struct Provider {
    http: OutboundHttp,
    discovery: Discovery,
}

#[derive(Clone, Debug, Deserialize)]
struct Discovery {
    issuer: String,
    default_location: Option<String>,
    endpoints: Endpoints,
}

/// Paths below the issuer, or whole URLs.
#[derive(Clone, Debug, Deserialize)]
struct Endpoints {
    register: String,
    status: String,
    execute: String,
}

/// What a provider said: any status is an answer.
#[derive(Clone, PartialEq, Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The JSON body; `null` where there was none.
    pub body: Value,
}

impl Answer {
    /// A string member of the body.
    pub fn text(&self, member: &str) -> Option<&str> {
        self.body.get(member).and_then(Value::as_str)
    }
}

/// Why there is no answer.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AgentError {
    /// The provider could not be asked.
    #[error("the provider could not be asked: {0}")]
    Fetch(#[from] FetchError),
    /// The answer is not what the protocol says.
    #[error("the provider's answer is not one of the protocol: {0}")]
    Answer(&'static str),
    /// Signing failed.
    #[error("a token could not be signed")]
    Signing,
}

/// The keys of a host with one agent. They are made here and never leave.
#[derive(Clone, Debug)]
pub struct Keys {
    /// Vouches for the agent: registers it, asks for its status.
    pub host: SigningKey,
    /// Signs the agent's calls.
    pub agent: SigningKey,
}

impl Keys {
    /// Two fresh Ed25519 keys. A program that is started more than once keeps its host key in a safe place.
    ///
    /// # Errors
    /// [`AgentError::Signing`].
    pub fn generate() -> Result<Self, AgentError> {
        let key = || SigningKey::generate(Algorithm::EdDSA).map_err(|_| AgentError::Signing);
        Ok(Keys { host: key()?, agent: key()? })
    }
}

impl Provider {
    /// Reads the discovery document at `origin`.
    ///
    /// # Errors
    /// [`AgentError`].
    pub async fn discover(http: OutboundHttp, origin: &str) -> Result<Self, AgentError> {
        let url = format!("{}/.well-known/agent-configuration", origin.trim_end_matches('/'));
        let answer = send(&http, Method::GET, &url, None, None).await?;
        if answer.status != StatusCode::OK {
            return Err(AgentError::Answer("there is no discovery document"));
        }
        let discovery = serde_json::from_value(answer.body)
            .map_err(|_| AgentError::Answer("the discovery document lacks members"))?;
        Ok(Provider { http, discovery })
    }

    /// Registers an agent that acts for a person (§5.3). `capabilities` are names, or objects with `name` and
    /// `constraints` (§2.13).
    ///
    /// # Errors
    /// [`AgentError`].
    pub async fn register(
        &self,
        keys: &Keys,
        name: &str,
        capabilities: Value,
        reason: &str,
    ) -> Result<Answer, AgentError> {
        let bearer = host_jwt(&keys.host, &self.discovery.issuer, Some(&keys.agent))?;
        let body = json!({
            "name": name, "mode": "delegated", "capabilities": capabilities, "reason": reason,
            "host_name": "countersign-agent example",
        });
        send(&self.http, Method::POST, &self.url(&self.discovery.endpoints.register), Some(&bearer), Some(body)).await
    }

    /// Asks how the agent is (§5.5).
    ///
    /// # Errors
    /// [`AgentError`].
    pub async fn status(&self, keys: &Keys, agent_id: &str) -> Result<Answer, AgentError> {
        let bearer = host_jwt(&keys.host, &self.discovery.issuer, None)?;
        let url = format!("{}?agent_id={agent_id}", self.url(&self.discovery.endpoints.status));
        send(&self.http, Method::GET, &url, Some(&bearer), None).await
    }

    /// Executes a capability (§5.11), with a fresh token for this one call.
    ///
    /// # Errors
    /// [`AgentError`].
    pub async fn execute(
        &self,
        keys: &Keys,
        agent_id: &str,
        capability: &str,
        arguments: Value,
    ) -> Result<Answer, AgentError> {
        let bearer = agent_jwt(&keys.agent, &self.execute_location(), agent_id, keys.host.thumbprint(), &[capability])?;
        self.execute_with(&bearer, capability, arguments).await
    }

    /// Executes a capability with a token that the caller brings.
    ///
    /// # Errors
    /// [`AgentError`].
    pub async fn execute_with(&self, bearer: &str, capability: &str, arguments: Value) -> Result<Answer, AgentError> {
        let body = json!({ "capability": capability, "arguments": arguments });
        send(&self.http, Method::POST, &self.execute_location(), Some(bearer), Some(body)).await
    }

    /// Where calls go: it is also the audience of their tokens (§4.3).
    pub fn execute_location(&self) -> String {
        self.discovery.default_location.clone().unwrap_or_else(|| self.url(&self.discovery.endpoints.execute))
    }

    /// The issuer: the audience of host tokens.
    pub fn issuer(&self) -> &str {
        &self.discovery.issuer
    }

    fn url(&self, endpoint: &str) -> String {
        if endpoint.starts_with('/') { format!("{}{endpoint}", self.discovery.issuer) } else { endpoint.to_owned() }
    }
}

async fn send(
    http: &OutboundHttp,
    method: Method,
    url: &str,
    bearer: Option<&str>,
    body: Option<Value>,
) -> Result<Answer, AgentError> {
    let mut request = Request::builder().method(method).uri(url).header(header::ACCEPT, "application/json");
    if let Some(bearer) = bearer {
        request = request.header(header::AUTHORIZATION, format!("Bearer {bearer}"));
    }
    if body.is_some() {
        request = request.header(header::CONTENT_TYPE, "application/json");
    }
    let body = body.map(|body| Bytes::from(body.to_string())).unwrap_or_default();
    let request = request.body(body).map_err(|_| AgentError::Answer("it names an endpoint that is no URL"))?;
    let fetched = http.send(request).await?;
    let body = match fetched.body.as_ref() {
        [] => Value::Null,
        text => strict_json::parse(text).map_err(|_| AgentError::Answer("the body is not JSON"))?,
    };
    Ok(Answer { status: fetched.status, body })
}
