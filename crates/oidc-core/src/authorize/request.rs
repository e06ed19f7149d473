//! An authorization request in which every parameter was checked.

use countersign_storage::Timestamp;

use crate::authorize::AuthorizationRefusal;
use crate::client::Client;
use crate::params::Params;
use crate::policy::Policy;
use crate::rules::claims::{self, Demanded};
use crate::rules::id_token_hint::{self, Hint};
use crate::rules::prompt::{self, PromptValue};
use crate::rules::response_mode::{self, ResponseMode};
use crate::rules::response_type::{self, ResponseType};
use crate::rules::{max_age, pkce, request_object, resource, scope};
use crate::scope::Scopes;
use crate::signing_keys::View;

/// An authorization request in which every parameter was checked.
#[derive(Clone, PartialEq, Eq)]
pub struct Validated {
    /// Who asks.
    pub client_id: String,
    /// Where the answer goes.
    pub redirect_uri: String,
    /// To be returned unchanged ([RFC 6749 §4.1.2](https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2)).
    pub state: Option<String>,
    /// `response_type`.
    pub response_type: ResponseType,
    /// `response_mode`.
    pub response_mode: ResponseMode,
    /// `code_challenge`, S256.
    pub code_challenge: String,
    /// `scope`, all of it registered for the client.
    pub scopes: Scopes,
    /// `resource`, at least one.
    pub resources: Vec<String>,
    /// `nonce` ([OIDC Core §3.1.2.1](https://openid.net/specs/openid-connect-core-1_0.html#AuthRequest)).
    pub nonce: Option<String>,
    /// `prompt`.
    pub prompt: Vec<PromptValue>,
    /// `max_age`, in seconds.
    pub max_age: Option<u64>,
    /// What `claims` demands.
    pub demanded: Demanded,
    /// Whom `id_token_hint` names.
    pub hint: Hint,
    /// `login_hint`: what to prefill.
    pub login_hint: Option<String>,
    /// `ui_locales`, for the pages.
    pub ui_locales: Option<String>,
}

/// What the rules judge a request by.
pub(crate) struct Rules<'a> {
    pub(crate) issuer: &'a str,
    pub(crate) policy: &'a Policy,
    pub(crate) keys: &'a View,
    pub(crate) now: Timestamp,
}

impl Rules<'_> {
    /// One rule after the other, in this order; each says no in its own words. Client and redirect URI are proven before.
    pub(crate) fn validate(
        &self,
        params: &Params,
        client: &Client,
        redirect_uri: &str,
    ) -> Result<Validated, AuthorizationRefusal> {
        let Rules { issuer, policy, keys, now } = *self;
        params.refuse_repeated(&["resource"])?;
        request_object::check(params)?;
        Ok(Validated {
            client_id: client.client_id.clone(),
            redirect_uri: redirect_uri.to_owned(),
            state: params.one("state")?.map(str::to_owned),
            response_type: response_type::check(params)?,
            response_mode: response_mode::check(params)?,
            code_challenge: pkce::check(params)?,
            scopes: scope::check(params, client, policy)?,
            resources: resource::requested(params, client, policy, issuer)?,
            nonce: params.one("nonce")?.map(str::to_owned),
            prompt: prompt::check(params)?,
            max_age: max_age::check(params)?,
            demanded: claims::check(params)?,
            hint: id_token_hint::check(params, client, keys, issuer, now)?,
            login_hint: params.one("login_hint")?.map(str::to_owned),
            ui_locales: params.one("ui_locales")?.map(str::to_owned),
        })
    }
}

impl std::fmt::Debug for Validated {
    /// Leaves out what belongs to the client and its user: state, nonce, hints.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Validated")
            .field("client_id", &self.client_id)
            .field("redirect_uri", &self.redirect_uri)
            .field("scopes", &self.scopes)
            .field("resources", &self.resources)
            .field("prompt", &self.prompt)
            .finish_non_exhaustive()
    }
}
