//! GET /jwks: the issuer's public keys ([RFC 7517 §5]).

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use serde::Serialize;

use crate::issuer::Issuer;
use crate::response::{OAuthError, json};
use crate::routes::{Answering, Origins, Route};

pub(crate) const ROUTE: Route = Route {
    path: |routes| &routes.jwks,
    methods: &[Method::GET, Method::HEAD],
    origins: Origins::Any,
    answer,
    describe: |_, url, metadata| metadata.set("jwks_uri", url),
};

fn answer(issuer: &Issuer, request: Request<Bytes>) -> Answering<'_> {
    Box::pin(async move {
        match issuer.signing_keys.published().await {
            Ok(keys) => respond(issuer, &keys, request.method()),
            Err(fault) => OAuthError::of_fault(&fault).respond(),
        }
    })
}

fn respond(issuer: &Issuer, keys: &[countersign_jose::Jwk], method: &Method) -> Response<Bytes> {
    #[derive(Serialize)]
    struct Body<'a> {
        keys: &'a [countersign_jose::Jwk],
    }
    let mut response = json(StatusCode::OK, &Body { keys });
    cache(&mut response, issuer);
    if *method == Method::HEAD {
        *response.body_mut() = Bytes::new();
    }
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
