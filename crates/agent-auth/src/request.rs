//! Reading requests: bearer token, query, JSON body. What can be read in two ways is refused.

use bytes::Bytes;
use countersign_jose::json;
use countersign_web::form::{Bounds, Fields};
use countersign_web::media_type::{self, UnsupportedMediaType};
use http::{HeaderMap, Request, header};
use serde::de::DeserializeOwned;

use crate::refusal::Refusal;

/// The longest body, in bytes.
const BODY: usize = 64 * 1024;

/// The bearer token; [`Refusal::AuthenticationRequired`] where there is none.
pub(crate) fn bearer(headers: &HeaderMap) -> Result<&str, Refusal> {
    optional_bearer(headers)?.ok_or(Refusal::AuthenticationRequired)
}

/// The bearer token, if any (RFC 6750 §2.1).
pub(crate) fn optional_bearer(headers: &HeaderMap) -> Result<Option<&str>, Refusal> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(Refusal::InvalidJwt("the request has two Authorization headers"));
    }
    let value = value.to_str().map_err(|_| Refusal::UNPROVEN)?;
    match value.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Ok(Some(token.trim_matches(' '))),
        _ => Ok(None),
    }
}

/// The JSON body, read strictly: duplicate members, bytes after the end and other than JSON are refused. Members that are
/// not asked for are passed over, as the protocol wants for its extensions.
pub(crate) fn body<T: DeserializeOwned>(request: &Request<Bytes>) -> Result<T, Refusal> {
    media_type::expect(request.headers(), media_type::JSON).map_err(|unsupported| match unsupported {
        UnsupportedMediaType::Charset => Refusal::ContentType("the body must be in UTF-8"),
        UnsupportedMediaType::Type => Refusal::ContentType("the body must be application/json"),
    })?;
    if request.body().len() > BODY {
        return Err(Refusal::InvalidRequest("the body is too long"));
    }
    json::from_slice(request.body()).map_err(|error| match error {
        json::JsonError::DuplicateMember { .. } => Refusal::InvalidRequest("a member of the body occurs twice"),
        json::JsonError::InexactNumber { .. } => Refusal::InvalidRequest("a number in the body cannot be held exactly"),
        json::JsonError::Shape { .. } => {
            Refusal::InvalidRequest("a member of the body is missing or has the wrong type")
        }
        _ => Refusal::InvalidRequest("the body is not JSON"),
    })
}

/// A query parameter; given twice it is refused.
pub(crate) fn parameter(request: &Request<Bytes>, name: &str) -> Result<Option<String>, Refusal> {
    let query = Fields::of_query(request.uri().query(), Bounds::default());
    let query = query.map_err(|_| Refusal::InvalidRequest("the query is not in form encoding"))?;
    let value = query.one(name).map_err(|_| Refusal::InvalidRequest("a parameter is given twice"))?;
    Ok(value.map(str::to_owned))
}
