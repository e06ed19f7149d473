//! GET and POST /oauth2/authorize: the authorization request ([RFC 6749 §4.1.1], [OIDC Core §3.1.2]).
//!
//! ```text
//! Params ─address─► Addressed ─validate─► Validated ─settle─► code, prompt or refusal
//!          page                redirect            303
//! ```
//!
//! Until client and redirect URI are proven, errors are shown on our own page and nobody is redirected. From then on
//! every answer, errors included, goes to the client with `state` and `iss` ([RFC 9207]).
//!
//! [RFC 6749 §4.1.1]: https://www.rfc-editor.org/rfc/rfc6749#section-4.1.1
//! [OIDC Core §3.1.2]: https://openid.net/specs/openid-connect-core-1_0.html#AuthorizationEndpoint
//! [RFC 9207]: https://www.rfc-editor.org/rfc/rfc9207

mod address;
mod answer;
mod begin;
mod browser;
mod code;
mod consent;
mod interaction;
mod interaction_refusal;
mod pending;
mod person;
mod prompt;
mod redirect;
mod refusal;
mod request;
mod resume;
mod resumed;
mod settle;
mod waiting;

use bytes::Bytes;
use countersign_storage::Stopped;
use countersign_web::route::{At, Origins};
use http::{Method, Request, Response, header};
use url::form_urlencoded;

use crate::error_page::PageError;
use crate::issuer::Issuer;
use crate::params::{FormError, Params};
use crate::response::see_other;
use crate::route::{Answering, Endpoint, Route};
use crate::route_map::RouteMap;
use crate::rules::prompt::PromptValue;
use crate::rules::response_mode::ResponseMode;
use crate::rules::response_type::ResponseType;

use address::Addressed;
use begin::Begin;
use browser::Browser;
use request::Rules;
use settle::Settled;

pub use address::AddressRefusal;
pub use consent::ConsentAnswer;
pub use interaction::{
    AccountView, ConsentView, InteractionPrompt, InteractionView, ResourceView, ScopeView, SignInView,
};
pub use interaction_refusal::InteractionRefusal;
pub use refusal::AuthorizationRefusal;
pub use request::Validated;

pub(crate) fn route(paths: &RouteMap) -> Route<'_> {
    let theirs = Endpoint {
        answer,
        describe: |_, url, metadata| {
            metadata.set("authorization_endpoint", url);
            metadata.extend("response_types_supported", ResponseType::ALL.iter().map(|known| known.as_str()));
            metadata.extend("response_modes_supported", ResponseMode::ALL.iter().map(|known| known.as_str()));
            metadata.extend("code_challenge_methods_supported", ["S256"]);
            metadata.extend("prompt_values_supported", PromptValue::ALL.iter().map(|known| known.as_str()));
            metadata.set("authorization_response_iss_parameter_supported", true);
            metadata.set("claims_parameter_supported", false);
            metadata.set("request_parameter_supported", false);
            metadata.set("request_uri_parameter_supported", false);
        },
    };
    Route { at: At::Below(&paths.authorization), methods: &[Method::GET, Method::POST], origins: Origins::None, theirs }
}

/// How long a request may be, in bytes. One that has to wait for a person may be shorter only ([`waiting::LONGEST`]).
const LONGEST: usize = 8_000;

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
            return Err(Stopped::Refused(AddressRefusal::Malformed(FormError::TooLarge)).into());
        }
        let params = params.map_err(|error| Stopped::Refused(AddressRefusal::Malformed(error)))?;
        let addressed = address::address(&params, self.clients.as_ref()).await?;
        if let Some(by_get) = self.again_by_get(request, &params) {
            return Ok(by_get);
        }
        match self.answer_addressed(request, &params, &addressed).await {
            Ok(response) => Ok(response),
            Err(stopped) => {
                let to = redirect::Recipient::of_addressed(&addressed);
                Ok(see_other(&match stopped {
                    Stopped::Refused(refusal) => redirect::refuse(self.url.as_str(), to, &refusal),
                    Stopped::Failed(fault) => redirect::fail(self.url.as_str(), to, &fault),
                }))
            }
        }
    }

    async fn answer_addressed(
        &self,
        request: &Request<Bytes>,
        params: &Params,
        addressed: &Addressed,
    ) -> Result<Response<Bytes>, Stopped<AuthorizationRefusal>> {
        let keys = self.signing_keys.view().await?;
        let rules = Rules { issuer: self.url.as_str(), policy: &self.policy, keys: &keys, now: self.ports.now() };
        let validated = rules.validate(params, &addressed.client, &addressed.redirect_uri)?;
        let browser = Browser::recognise_or_meet(request.headers(), &self.url, self.ports.random.as_ref());
        let person = self.person(request.headers()).await?;
        let begin = Begin { issuer: self, request: &validated, browser: &browser, person: person.as_ref() };
        let settled = self.ports.perform_sealing(&begin).await?;
        let mut response = settled.respond(self);
        if matches!(settled, Settled::Prompt { .. }) {
            browser.remember(response.headers_mut(), &self.url, self.policy.interaction_lifetime);
        }
        Ok(response)
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
