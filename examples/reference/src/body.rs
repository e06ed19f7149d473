//! The bound on request bodies, and the answers to those that break it: the frameworks read bodies, so these answers are
//! given before any endpoint is asked.

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONNECTION, CONTENT_TYPE, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use http::{Response, StatusCode};

/// The longest request body that is read: no message of the protocols comes near it.
pub const BODY_BYTES: usize = 64 * 1024;

/// Why a body was not read to its end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BodyRefusal {
    /// Longer than [`BODY_BYTES`].
    TooLong,
    /// It did not arrive in time.
    TooSlow,
    /// The connection or its framing broke.
    Broken,
}

impl BodyRefusal {
    /// The answer. It ends the connection: what is left of the body is not wanted.
    pub fn response(self) -> Response<Bytes> {
        let (status, description) = match self {
            BodyRefusal::TooLong => (StatusCode::PAYLOAD_TOO_LARGE, "the body is longer than 65536 bytes"),
            BodyRefusal::TooSlow => (StatusCode::REQUEST_TIMEOUT, "the body did not arrive in time"),
            BodyRefusal::Broken => (StatusCode::BAD_REQUEST, "the request could not be read"),
        };
        let mut response = plain_refusal(status, description);
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        response
    }
}

/// An answer before any endpoint is asked. `error_description` is the member of RFC 6749 §5.2, `message` that of Agent Auth
/// §5.13: the endpoint that would have answered is not known here.
pub(crate) fn plain_refusal(status: StatusCode, description: &str) -> Response<Bytes> {
    let error = if status.is_server_error() { "temporarily_unavailable" } else { "invalid_request" };
    let body = serde_json::json!({ "error": error, "error_description": description, "message": description });
    let mut response = Response::new(Bytes::from(body.to_string()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}
