//! GET /jwks: the issuer's public keys ([RFC 7517 §5]).
//!
//! [RFC 7517 §5]: https://www.rfc-editor.org/rfc/rfc7517#section-5

use bytes::Bytes;
use countersign_web::route::{At, GET, Origins};
use http::{HeaderValue, Request, Response, StatusCode, header};
use serde::Serialize;

use crate::issuer::Issuer;
use crate::response::{OAuthError, json};
use crate::route::{Answering, Endpoint, Route};
use crate::route_map::RouteMap;

pub(crate) fn route(paths: &RouteMap) -> Route<'_> {
    let theirs = Endpoint { answer, describe: |_, url, metadata| metadata.set("jwks_uri", url) };
    Route { at: At::Below(&paths.jwks), methods: GET, origins: Origins::Any, theirs }
}

fn answer(issuer: &Issuer, _: Request<Bytes>) -> Answering<'_> {
    Box::pin(async move {
        match issuer.signing_keys.published().await {
            Ok(keys) => respond(issuer, &keys),
            Err(fault) => OAuthError::of_fault(&fault).respond(),
        }
    })
}

fn respond(issuer: &Issuer, keys: &[countersign_jose::Jwk]) -> Response<Bytes> {
    #[derive(Serialize)]
    struct Body<'a> {
        keys: &'a [countersign_jose::Jwk],
    }
    let mut response = json(StatusCode::OK, &Body { keys });
    cache(&mut response, issuer);
    response
}

/// Lets others keep a public document for as long as the policy says.
pub(crate) fn cache(response: &mut Response<Bytes>, issuer: &Issuer) {
    let headers = response.headers_mut();
    headers.remove(header::PRAGMA);
    let max_age = format!("public, max-age={}", issuer.policy.key_set_max_age.as_secs());
    if let Ok(value) = HeaderValue::from_str(&max_age) {
        headers.insert(header::CACHE_CONTROL, value);
    }
}
