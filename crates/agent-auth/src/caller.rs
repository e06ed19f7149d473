//! Who may introspect agent JWTs ([Agent Auth §5.12]).
//!
//! [Agent Auth §5.12]: https://agentauthprotocol.com/specification/v1.0-draft

use std::sync::Arc;

use async_trait::async_trait;
use countersign_storage::{Fault, Handle, Limit, Secret};
use http::HeaderMap;

use crate::request::optional_bearer;

/// Who may introspect.
#[derive(Clone)]
pub enum IntrospectionCallers {
    /// Services that prove who they are.
    Authenticated(Arc<dyn CallerAuthentication>),
    /// Anybody, within this limit for each address. The answers leave constraints out.
    ///
    /// # Security
    /// Whoever gets hold of an agent JWT learns for whom the agent acts and what it may do.
    Anyone(Limit),
}

/// Says which service sent an introspection request.
///
/// # Security
/// Whoever this port lets in learns about every agent whose JWT they hold.
#[async_trait]
pub trait CallerAuthentication: Send + Sync {
    /// The caller's name, or `None` where it proves nothing.
    ///
    /// # Errors
    /// [`Fault::Unavailable`]. Never answered as "nobody".
    async fn caller(&self, headers: &HeaderMap) -> Result<Option<String>, Fault>;
}

/// Callers that present a secret as a bearer token ([RFC 6750 §2.1]); only hashes are kept.
///
/// [RFC 6750 §2.1]: https://www.rfc-editor.org/rfc/rfc6750#section-2.1
pub struct CallerSecrets(Vec<(String, Handle)>);

impl CallerSecrets {
    /// These callers, by name. Give each at least 128 random bits.
    pub fn new<N: Into<String>>(callers: impl IntoIterator<Item = (N, Secret)>) -> Self {
        CallerSecrets(callers.into_iter().map(|(name, secret)| (name.into(), secret.handle())).collect())
    }
}

#[async_trait]
impl CallerAuthentication for CallerSecrets {
    async fn caller(&self, headers: &HeaderMap) -> Result<Option<String>, Fault> {
        // Two headers prove nothing, and neither does one that is no text.
        let Ok(Some(presented)) = optional_bearer(headers).map(|token| token.map(Secret::new)) else {
            return Ok(None);
        };
        Ok(self.0.iter().find(|(_, handle)| handle.matches(&presented)).map(|(name, _)| name.clone()))
    }
}
