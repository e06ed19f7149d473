//! `grant_type=client_credentials` ([RFC 6749 §4.4]): a client acts for itself.
//!
//! Only for clients that authenticate. No person is involved, so there is no ID token, no refresh token, and no scope that
//! speaks of a person. Nothing is stored: one load, one signature.
//!
//! [RFC 6749 §4.4]: https://www.rfc-editor.org/rfc/rfc6749#section-4.4

use async_trait::async_trait;
use countersign_storage::{Changes, Decision, Fault, Moment, Operation, Reader, Sealing, Stopped};

use super::grant_type::{GrantType, TokenRequest};
use super::issue::{AccessToken, Issue, Tokens};
use super::refusal::TokenRefusal;
use crate::client::{Client, GrantTypeName};
use crate::issuer::Issuer;
use crate::rules::{resource, scope};
use crate::scope::Scopes;

/// The scopes that speak of a person ([OIDC Core §5.4](https://openid.net/specs/openid-connect-core-1_0.html#ScopeClaims), §11).
const PERSONAL: [&str; 6] = ["openid", "profile", "email", "address", "phone", "offline_access"];

pub(super) struct ClientCredentialsGrant;

#[async_trait]
impl GrantType for ClientCredentialsGrant {
    async fn exchange(&self, issuer: &Issuer, request: &TokenRequest<'_>) -> Result<Tokens, Stopped<TokenRefusal>> {
        let scope = request.scope()?;
        issuer.ports.perform_sealing(&ActForItself { issuer, request, scope }).await
    }
}

struct ActForItself<'a> {
    issuer: &'a Issuer,
    request: &'a TokenRequest<'a>,
    scope: Option<Scopes>,
}

#[async_trait]
impl Operation for ActForItself<'_> {
    type Loaded = Option<Client>;
    type Granted = Issue;
    type Refusal = TokenRefusal;

    async fn load(&self, reader: &mut Reader<'_>) -> Result<Option<Client>, Fault> {
        let clients = self.issuer.clients.as_ref();
        match clients.record(self.request.client.client_id()) {
            Some(at) => Ok(reader.load(at).await?.map(|stored| stored.record)),
            None => clients.client(self.request.client.client_id()).await,
        }
    }

    fn decide(&self, client: Option<Client>, moment: &Moment<'_>) -> Decision<Issue, TokenRefusal> {
        Decision::from(self.issue(client, moment))
    }
}

#[async_trait]
impl Sealing for ActForItself<'_> {
    type Sealed = Tokens;

    async fn seal(&self, issue: Issue, _: &mut Changes) -> Result<Tokens, Fault> {
        issue.seal(&self.request.keys)
    }
}

impl ActForItself<'_> {
    fn issue(&self, client: Option<Client>, moment: &Moment<'_>) -> Result<Issue, TokenRefusal> {
        let client = self.request.client.authenticate(client)?;
        if client.is_public() || !client.allows(GrantTypeName::ClientCredentials) {
            return Err(TokenRefusal::ClientNotAllowed);
        }
        let own = scope::of_client(&client, &self.issuer.policy).without(&PERSONAL.into_iter().collect());
        let scope = match &self.scope {
            None => own,
            Some(asked) if asked.is_within(&own) => asked.clone(),
            Some(_) => return Err(TokenRefusal::ScopeTooWide),
        };
        let resources =
            resource::requested(self.request.params, &client, &self.issuer.policy, self.issuer.identifier())?;
        let access_token = AccessToken::of_client(self.issuer, &client, scope, resources, moment);
        Ok(Issue { access_token, id_token: None, refresh_token: None })
    }
}
