//! GET and POST /oauth2/authorize: the authorization request ([RFC 6749 §4.1.1], [OIDC Core §3.1.2]).
//!
//! ```text
//! Params ─address─► Addressed ─validate─► Validated ─settle─► code, prompt or refusal
//!          page                redirect            303
//! ```
//!
//! Until client and redirect URI are proven, errors are shown on our own page and nobody is redirected. From then on
//! every answer, errors included, goes to the client with `state` and `iss` ([RFC 9207]).

mod address;
mod browser;
mod code;
mod consent;
mod interaction;
mod pending;
mod prompt;
mod redirect;
mod refusal;
mod settle;
mod waiting;

use bytes::Bytes;
use http::{Method, Request, Response, header};
use url::form_urlencoded;

use crate::error_page::PageError;
use crate::issuer::Issuer;
use crate::params::{FormError, Params};
use crate::response::see_other;
use crate::routes::{Answering, Origins, Route};
use crate::rules::claims::{self, Demanded};
use crate::rules::id_token_hint::{self, Hint};
use crate::rules::prompt::PromptValue;
use crate::rules::response_mode::ResponseMode;
use crate::rules::response_type::ResponseType;
use crate::rules::{max_age, pkce, request_object, resource, response_mode, response_type, scope};
use crate::scope::Scopes;
use crate::signing_keys::View;

use address::Addressed;
use browser::Browser;
use settle::{Settled, Step};

pub use address::AddressRefusal;
pub use consent::ConsentAnswer;
pub use interaction::{
    AccountView, ConsentView, InteractionError, InteractionPrompt, InteractionView, ResourceView, ScopeView, SignInView,
};
pub use refusal::AuthorizationRefusal;

pub(crate) const ROUTE: Route = Route {
    path: |routes| &routes.authorization,
    methods: &[Method::GET, Method::POST],
    origins: Origins::None,
    answer,
    describe: |_, url, metadata| {
        metadata.set("authorization_endpoint", url);
        metadata.extend("response_types_supported", ["code"]);
        metadata.extend("response_modes_supported", ["query"]);
        metadata.extend("code_challenge_methods_supported", ["S256"]);
        metadata.extend("prompt_values_supported", PromptValue::ALL.map(PromptValue::as_str));
        metadata.set("authorization_response_iss_parameter_supported", true);
        metadata.set("claims_parameter_supported", false);
        metadata.set("request_parameter_supported", false);
        metadata.set("request_uri_parameter_supported", false);
    },
};

/// How long a request may be, in bytes. One that has to wait for a person may be shorter only ([`waiting::LONGEST`]).
const LONGEST: usize = 8_000;

/// An authorization request in which every parameter was checked.
#[derive(Clone, PartialEq, Eq)]
pub struct Validated {
    /// Who asks.
    pub client_id: String,
    /// Where the answer goes.
    pub redirect_uri: String,
    /// To be returned unchanged ([RFC 6749 §4.1.2]).
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
    /// `nonce` ([OIDC Core §3.1.2.1]).
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

fn answer(issuer: &Issuer, request: Request<Bytes>) -> Answering<'_> {
    Box::pin(async move {
        match issuer.authorize(&request).await {
            Ok(response) => response,
            Err(error) => issuer.pages.error.render(&error),
        }
    })
}

impl Issuer {
    /// Answers with a redirect: to the client, or to a page of ours. The error is the page that is shown where no
    /// redirect is proven to be safe.
    async fn authorize(&self, request: &Request<Bytes>) -> Result<Response<Bytes>, PageError> {
        let (params, length) = match *request.method() {
            Method::POST => (Params::of_form(request), request.body().len()),
            _ => (Params::of_query(request), request.uri().query().unwrap_or_default().len()),
        };
        if length > LONGEST {
            return Err(AddressRefusal::Malformed(FormError::TooLarge).into());
        }
        let params = params.map_err(AddressRefusal::Malformed)?;
        let addressed = address::address(&params, self.clients.as_ref()).await?;
        if let Some(by_get) = self.again_by_get(request, &params) {
            return Ok(by_get);
        }
        match self.answer_addressed(request, &params, &addressed).await {
            Ok(response) => Ok(response),
            Err(refusal) => {
                let to = redirect::Recipient::of_addressed(&addressed);
                Ok(see_other(&redirect::refuse(self.url.as_str(), to, &refusal)))
            }
        }
    }

    async fn answer_addressed(
        &self,
        request: &Request<Bytes>,
        params: &Params,
        addressed: &Addressed,
    ) -> Result<Response<Bytes>, AuthorizationRefusal> {
        let keys = self.signing_keys.view().await?;
        let validated = self.validate(params, addressed, &keys)?;
        let browser = Browser::recognise_or_meet(request.headers(), &self.url, self.ports.random.as_ref());
        let person = self.person(request.headers()).await?;
        let step = Step::Begin { request: &validated };
        match self.settle(step, &browser, person.as_ref()).await? {
            Ok(Settled::Prompt { prompt, interaction }) => {
                let mut response = self.to_page(prompt, &interaction);
                browser.remember(response.headers_mut(), &self.url, self.policy.interaction_lifetime);
                Ok(response)
            }
            Ok(Settled::ToClient { location }) => Ok(see_other(&location)),
            // Only an interaction that exists already can be in such a state.
            Err(_) => Err(AuthorizationRefusal::Failed { transient: false }),
        }
    }

    /// One rule after the other, in this order; each says no in its own words.
    fn validate(&self, params: &Params, addressed: &Addressed, keys: &View) -> Result<Validated, AuthorizationRefusal> {
        let Addressed { client, redirect_uri, .. } = addressed;
        let now = self.ports.now();
        params.refuse_repeated(&["resource"])?;
        request_object::check(params)?;
        Ok(Validated {
            client_id: client.client_id.clone(),
            redirect_uri: redirect_uri.clone(),
            state: params.one("state")?.map(str::to_owned),
            response_type: response_type::check(params)?,
            response_mode: response_mode::check(params)?,
            code_challenge: pkce::check(params)?,
            scopes: scope::check(params, client, &self.policy)?,
            resources: resource::check(params, client, &self.policy, self.url.as_str())?,
            nonce: params.one("nonce")?.map(str::to_owned),
            prompt: crate::rules::prompt::check(params)?,
            max_age: max_age::check(params)?,
            demanded: claims::check(params)?,
            hint: id_token_hint::check(params, client, keys, self.url.as_str(), now)?,
            login_hint: params.one("login_hint")?.map(str::to_owned),
            ui_locales: params.one("ui_locales")?.map(str::to_owned),
        })
    }

    /// A form that another site posted comes without our `SameSite=Lax` cookies, so that nobody seems to be signed in. The
    /// same request by GET comes with them.
    fn again_by_get(&self, request: &Request<Bytes>, params: &Params) -> Option<Response<Bytes>> {
        let origin = request.headers().get(header::ORIGIN)?;
        if request.method() != Method::POST || origin.as_bytes() == self.url.origin().as_bytes() {
            return None;
        }
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (name, value) in params.iter().flat_map(|(name, values)| values.iter().map(move |value| (name, value))) {
            query.append_pair(name, value);
        }
        let query = query.finish();
        let to = format!("{}{}?{query}", self.url.as_str(), self.routes.authorization);
        (query.len() <= LONGEST).then(|| see_other(&to))
    }
}
