//! What every grant type is ([RFC 6749 §1.3]), and what it gets to see.
//!
//! [RFC 6749 §1.3]: https://www.rfc-editor.org/rfc/rfc6749#section-1.3

use std::sync::Arc;

use async_trait::async_trait;
use countersign_storage::Stopped;

use super::issue::Tokens;
use super::refusal::TokenRefusal;
use crate::client_authentication::PresentedClient;
use crate::issuer::Issuer;
use crate::params::Params;
use crate::scope::Scopes;
use crate::signing_keys::View;

/// A way to ask for tokens.
#[async_trait]
pub(super) trait GrantType: Send + Sync {
    /// Authenticates the client, judges what it presents, and makes tokens.
    async fn exchange(&self, issuer: &Issuer, request: &TokenRequest<'_>) -> Result<Tokens, Stopped<TokenRefusal>>;
}

/// What every grant type gets to see.
pub(super) struct TokenRequest<'a> {
    pub(super) params: &'a Params,
    pub(super) client: &'a PresentedClient,
    pub(super) keys: Arc<View>,
}

impl TokenRequest<'_> {
    pub(super) fn optional(&self, name: &str) -> Result<Option<&str>, TokenRefusal> {
        Ok(self.params.one(name)?)
    }

    pub(super) fn required(&self, name: &'static str) -> Result<&str, TokenRefusal> {
        self.optional(name)?.ok_or(TokenRefusal::ParameterMissing { name })
    }

    pub(super) fn scope(&self) -> Result<Option<Scopes>, TokenRefusal> {
        Ok(self.optional("scope")?.map(Scopes::parse).transpose()?)
    }
}
