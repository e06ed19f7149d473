//! POST /introspect: whether a token holds, and what it says ([RFC 7662]).
//!
//! For clients that authenticate. Each may ask about its own tokens, and about access tokens for a resource that it is
//! ([`crate::Resource::introspected_by`]); about any other token it learns what it would learn about a made-up one:
//! `"active": false`. The answer is the truth of this moment: revocation is seen at once.
//!
//! [RFC 7662]: https://www.rfc-editor.org/rfc/rfc7662

use bytes::Bytes;
use countersign_jose::jwt::ExpectedAudience;
use countersign_storage::{Fault, Record, Stopped, Timestamp};
use countersign_web::route::{At, Origins, POST};
use http::{Request, StatusCode};
use serde::Serialize;

use crate::client::ClientState;
use crate::client_authentication::{
    AuthenticatedClient, ClientRefusal, PresentedClient, load_client_with, proving_methods,
};
use crate::issuer::Issuer;
use crate::params::{Params, ParamsRefusal};
use crate::records::{Grant, RevokedFamily, TokenFamily};
use crate::response::{OAuthError, json, refuse};
use crate::route::{Answering, Endpoint, Route};
use crate::route_map::RouteMap;
use crate::token::PresentedRefreshToken;
use crate::token::held::Held;
use crate::token::live::{LiveToken, live};

pub(crate) fn route(paths: &RouteMap) -> Route<'_> {
    let theirs = Endpoint {
        answer,
        describe: |_, url, metadata| {
            metadata.set("introspection_endpoint", url);
            metadata.extend("introspection_endpoint_auth_methods_supported", proving_methods());
        },
    };
    Route { at: At::Below(&paths.introspection), methods: POST, origins: Origins::None, theirs }
}

countersign_web::refusals! {
    /// Why there is no answer about the token.
    #[derive(Clone, PartialEq, Eq, Debug)]
    #[non_exhaustive]
    pub enum IntrospectionRefusal {
        /// The client is not who it says, is not served, or is public.
        Client(refusal: ClientRefusal) => inner,
        /// The parameters are not read.
        Params(refusal: ParamsRefusal) => inner,
        /// There is nothing to ask about.
        TokenMissing => [BAD_REQUEST "invalid_request" "RFC 7662 §2.1" "The parameter token is missing."],
    }
}

impl From<IntrospectionRefusal> for Stopped<IntrospectionRefusal> {
    fn from(refusal: IntrospectionRefusal) -> Self {
        Stopped::Refused(refusal)
    }
}

/// The response of [RFC 7662 §2.2](https://www.rfc-editor.org/rfc/rfc7662#section-2.2). One that is not active says no more.
#[derive(Default, Serialize)]
struct Introspected {
    active: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    token_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exp: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    iat: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sub: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    aud: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    iss: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    jti: Option<String>,
}

fn answer(issuer: &Issuer, request: Request<Bytes>) -> Answering<'_> {
    Box::pin(async move {
        match introspect(issuer, &request).await {
            Ok(introspected) => json(StatusCode::OK, &introspected),
            Err(Stopped::Refused(refusal)) => refuse(refusal.row(), refusal.to_string(), issuer.identifier()),
            Err(Stopped::Failed(fault)) => OAuthError::of_fault(&fault).respond(),
        }
    })
}

async fn introspect(issuer: &Issuer, request: &Request<Bytes>) -> Result<Introspected, Stopped<IntrospectionRefusal>> {
    let (caller, token) = parse(request)?;
    let known = issuer.clients.client(caller.client_id()).await?;
    let caller = caller.authenticate(known).map_err(IntrospectionRefusal::Client)?;
    if caller.is_public() {
        return Err(IntrospectionRefusal::Client(ClientRefusal::InvalidClient).into());
    }
    let token = token.ok_or(IntrospectionRefusal::TokenMissing)?;
    // A hint is a hint: the token itself says what it is.
    let refresh = PresentedRefreshToken::parse(&token);
    if refresh.is_formed() {
        return Ok(refresh_token(issuer, &refresh, &caller).await?);
    }
    match live(issuer, &token, ExpectedAudience::CheckedByCaller).await {
        Ok(live) if may_know(&live, &caller, issuer) => Ok(access_token(&live, issuer)),
        Ok(_) | Err(Stopped::Refused(_)) => Ok(Introspected::default()),
        Err(Stopped::Failed(fault)) => Err(fault.into()),
    }
}

/// That a token is missing is said to whoever may ask.
fn parse(request: &Request<Bytes>) -> Result<(PresentedClient, Option<String>), IntrospectionRefusal> {
    let params = Params::posted(request, &[])?;
    let caller = PresentedClient::parse(request.headers(), &params)?;
    let token = params.one("token").map_err(ParamsRefusal::from)?;
    Ok((caller, token.map(str::to_owned)))
}

/// Its own token, or one for a resource that it is.
fn may_know(live: &LiveToken, caller: &AuthenticatedClient, issuer: &Issuer) -> bool {
    let token = live.token();
    let is_caller = |resource: &String| {
        issuer.policy.resource(resource).is_some_and(|resource| resource.introspected_by.contains(&caller.client_id))
    };
    token.client_id == caller.client_id || token.audience.iter().any(is_caller)
}

fn access_token(live: &LiveToken, issuer: &Issuer) -> Introspected {
    let token = live.token();
    Introspected {
        active: true,
        scope: Some(token.scope.to_string()),
        client_id: Some(token.client_id.clone()),
        token_type: Some("Bearer"),
        exp: Some(token.expires_at),
        iat: Some(token.issued_at),
        sub: Some(token.subject.clone()),
        aud: token.audience.clone(),
        iss: Some(issuer.identifier().to_owned()),
        jti: Some(token.jti.clone()),
    }
}

/// A refresh token is between its client and us.
async fn refresh_token(
    issuer: &Issuer,
    presented: &PresentedRefreshToken,
    caller: &AuthenticatedClient,
) -> Result<Introspected, Fault> {
    let now = issuer.ports.now();
    let mut reader = issuer.ports.reader();
    let at = (TokenFamily::at(presented.family_id()), RevokedFamily::at(presented.family_id()));
    let (client, (family, revoked)) =
        load_client_with(&caller.client_id, issuer.clients.as_ref(), &mut reader, at).await?;
    let served = client.is_some_and(|client| client.state == ClientState::Active);
    let family = family
        .map(|stored| stored.record)
        .filter(|family: &TokenFamily| served && family.client_id == caller.client_id && presented.is_of(family));
    let Some((family, refresh)) = family.as_ref().and_then(|family| Some((family, family.refresh.as_ref()?))) else {
        return Ok(Introspected::default());
    };
    let grant = reader.load(Grant::at(&family.grant_id)).await?;
    let held = Held::of(family, &revoked, grant.as_deref(), &issuer.policy, now).filter(Held::is_offline);
    let Some(held) = held else { return Ok(Introspected::default()) };
    let subject = family.authentication.subject();
    let account = issuer.accounts.by_subject(subject).await?;
    let usable = account.is_some_and(|account| account.carries(family.authentication.account_generation()));
    if !usable || !presented.is(&refresh.current) || now >= refresh.expires_at {
        return Ok(Introspected::default());
    }
    Ok(Introspected {
        active: true,
        scope: Some(held.scopes().to_string()),
        client_id: Some(family.client_id.clone()),
        exp: Some(refresh.expires_at),
        iat: Some(refresh.issued_at),
        sub: Some(subject.as_str().to_owned()),
        iss: Some(issuer.identifier().to_owned()),
        ..Introspected::default()
    })
}
