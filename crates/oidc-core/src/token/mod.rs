//! POST /token: the token endpoint ([RFC 6749 §3.2]).
//!
//! A request meets, in this order: the form and its repeated parameters, `grant_type`, the client's credentials, and then
//! its grant type, one per file. Refused here: any other content type, a parameter that comes twice, a grant type that is
//! not in the list. Parameters in the query have no say.
//!
//! [RFC 6749 §3.2]: https://www.rfc-editor.org/rfc/rfc6749#section-3.2

mod audience;
mod authorization_code;
mod client_credentials;
mod families;
mod grant_type;
pub(crate) mod held;
mod issue;
pub(crate) mod live;
mod refresh_token;
mod refusal;

use bytes::Bytes;
use countersign_storage::Stopped;
use countersign_web::route::{At, Origins, POST};
use http::Request;

use crate::client::{AuthMethod, GrantTypeName};
use crate::client_authentication::{PresentedClient, proving_methods};
use crate::issuer::Issuer;
use crate::metadata::Metadata;
use crate::params::Params;
use crate::response::{OAuthError, refuse};
use crate::route::{Answering, Endpoint, Route};
use crate::route_map::RouteMap;

use grant_type::{GrantType, TokenRequest};
use issue::Tokens;
pub(crate) use refresh_token::PresentedRefreshToken;
pub use refusal::TokenRefusal;

/// Every way to ask for tokens, by its name.
fn grant_type(name: GrantTypeName) -> &'static dyn GrantType {
    match name {
        GrantTypeName::AuthorizationCode => &authorization_code::AuthorizationCodeGrant,
        GrantTypeName::RefreshToken => &refresh_token::RefreshTokenGrant,
        GrantTypeName::ClientCredentials => &client_credentials::ClientCredentialsGrant,
    }
}

pub(crate) fn route(paths: &RouteMap) -> Route<'_> {
    let theirs = Endpoint { answer, describe };
    // A single-page application is a client like any other; no cookie counts here.
    Route { at: At::Below(&paths.token), methods: POST, origins: Origins::Any, theirs }
}

fn answer(issuer: &Issuer, request: Request<Bytes>) -> Answering<'_> {
    Box::pin(async move {
        match exchange(issuer, &request).await {
            Ok(tokens) => tokens.respond(issuer.ports.now()),
            Err(Stopped::Refused(refusal)) => refuse(refusal.row(), refusal.to_string(), issuer.identifier()),
            Err(Stopped::Failed(fault)) => OAuthError::of_fault(&fault).respond(),
        }
    })
}

async fn exchange(issuer: &Issuer, request: &Request<Bytes>) -> Result<Tokens, Stopped<TokenRefusal>> {
    let (params, grant_type, client) = parse(request)?;
    let keys = issuer.signing_keys.view().await?;
    grant_type.exchange(issuer, &TokenRequest { params: &params, client: &client, keys }).await
}

fn parse(request: &Request<Bytes>) -> Result<(Params, &'static dyn GrantType, PresentedClient), TokenRefusal> {
    let params = Params::posted(request, &["resource"])?;
    let name = params.one("grant_type")?.ok_or(TokenRefusal::ParameterMissing { name: "grant_type" })?;
    let grant_type = GrantTypeName::named(name).map(grant_type).ok_or(TokenRefusal::UnsupportedGrantType)?;
    let client = PresentedClient::parse(request.headers(), &params)?;
    Ok((params, grant_type, client))
}

fn describe(issuer: &Issuer, url: String, metadata: &mut Metadata) {
    metadata.set("token_endpoint", url);
    metadata.extend("token_endpoint_auth_methods_supported", proving_methods());
    metadata.extend("token_endpoint_auth_methods_supported", [AuthMethod::None.as_str()]);
    metadata.extend("grant_types_supported", GrantTypeName::ALL.iter().map(|known| known.as_str()));
    let algorithms = issuer.policy.algorithms.iter().map(|algorithm| algorithm.as_str());
    metadata.extend("id_token_signing_alg_values_supported", algorithms);
    metadata.extend("subject_types_supported", ["public"]);
}
