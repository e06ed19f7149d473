//! GET and POST /userinfo: the claims about whoever signed in ([OIDC Core §5.3]).
//!
//! The endpoint is a resource like any other: the token comes in the `Authorization` header or, by POST, in the form
//! ([RFC 6750 §2.2]), never in the query; it must be an access token of ours whose audience names the issuer, with the scope
//! `openid`. It must also hold *now*: a revoked token, family, grant or client and a disabled account are seen at once.
//!
//! [OIDC Core §5.3]: https://openid.net/specs/openid-connect-core-1_0.html#UserInfo
//! [RFC 6750 §2.2]: https://www.rfc-editor.org/rfc/rfc6750#section-2.2

use bytes::Bytes;
use countersign_jose::jwt::ExpectedAudience;
use countersign_storage::{Account, Stopped};
use countersign_web::route::{At, Origins};
use http::{Method, Request, StatusCode};
use serde_json::{Map, Value};

use crate::issuer::Issuer;
use crate::params::Params;
use crate::resource_server::{BearerRefusal, Challenge, bearer};
use crate::response::{OAuthError, json};
use crate::route::{Answering, Endpoint, Route};
use crate::route_map::RouteMap;
use crate::scope::Scopes;
use crate::token::live::live;

pub(crate) fn route(paths: &RouteMap) -> Route<'_> {
    let theirs = Endpoint {
        answer,
        describe: |_, url, metadata| {
            metadata.set("userinfo_endpoint", url);
            metadata.extend("claims_supported", ["sub"]);
            metadata.extend("claims_supported", CLAIMS.iter().map(|(_, claim)| *claim));
        },
    };
    Route { at: At::Below(&paths.userinfo), methods: &[Method::GET, Method::POST], origins: Origins::Any, theirs }
}

/// Which scope gives which claims ([OIDC Core §5.4](https://openid.net/specs/openid-connect-core-1_0.html#ScopeClaims)).
const CLAIMS: &[(&str, &str)] = &[
    ("profile", "name"),
    ("profile", "family_name"),
    ("profile", "given_name"),
    ("profile", "middle_name"),
    ("profile", "nickname"),
    ("profile", "preferred_username"),
    ("profile", "profile"),
    ("profile", "picture"),
    ("profile", "website"),
    ("profile", "gender"),
    ("profile", "birthdate"),
    ("profile", "zoneinfo"),
    ("profile", "locale"),
    ("profile", "updated_at"),
    ("email", "email"),
    ("email", "email_verified"),
    ("address", "address"),
    ("phone", "phone_number"),
    ("phone", "phone_number_verified"),
];

fn answer(issuer: &Issuer, request: Request<Bytes>) -> Answering<'_> {
    Box::pin(async move {
        match claims(issuer, &request).await {
            Ok(claims) => json(StatusCode::OK, &claims),
            Err(Stopped::Refused(refusal)) => Challenge::new(&refusal).with_realm(issuer.identifier()).response(),
            Err(Stopped::Failed(fault)) => OAuthError::of_fault(&fault).respond(),
        }
    })
}

async fn claims(issuer: &Issuer, request: &Request<Bytes>) -> Result<Map<String, Value>, Stopped<BearerRefusal>> {
    let token = presented(request)?;
    let live = live(issuer, &token, ExpectedAudience::AnyOf(&[issuer.identifier()])).await?;
    let (scope, account) = (&live.token().scope, live.account());
    match account.filter(|_| scope.contains("openid")) {
        Some(account) => Ok(of(account, scope)),
        None => Err(Stopped::Refused(BearerRefusal::InsufficientScope {
            required: "openid".to_owned(),
            granted: scope.to_string(),
        })),
    }
}

/// The token, from the one place where it is.
fn presented(request: &Request<Bytes>) -> Result<String, BearerRefusal> {
    let in_form = match Params::of_form(request) {
        Ok(params) if request.method() == Method::POST => {
            params.one("access_token").map_err(|_| BearerRefusal::RepeatedCredentials)?.map(str::to_owned)
        }
        _ => None,
    };
    match (bearer::from_request(request.uri(), request.headers()), in_form) {
        (Err(BearerRefusal::NoCredentials), Some(token)) => Ok(token),
        (Ok(_), Some(_)) => Err(BearerRefusal::RepeatedCredentials),
        (in_header, _) => in_header.map(str::to_owned),
    }
}

/// What the scope lets the client know of the person.
fn of(account: &Account, scope: &Scopes) -> Map<String, Value> {
    let mut claims = Map::new();
    claims.insert("sub".to_owned(), account.subject.as_str().into());
    for (_, claim) in CLAIMS.iter().filter(|(needed, _)| scope.contains(needed)) {
        let value = match *claim {
            "name" => Some(account.name.as_str().into()),
            "updated_at" => Some(account.updated_at.as_secs().into()),
            "email" => Some(account.email.as_str().into()),
            "email_verified" => Some((account.email_verified).into()),
            claim => account.claims.get(claim).filter(|value| !value.is_null()).cloned(),
        };
        if let Some(value) = value {
            claims.insert((*claim).to_owned(), value);
        }
    }
    claims
}
