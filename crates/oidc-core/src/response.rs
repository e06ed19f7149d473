//! The responses that endpoints give: JSON, OAuth errors ([RFC 6749 §5.2]), redirects.
//!
//! [RFC 6749 §5.2]: https://www.rfc-editor.org/rfc/rfc6749#section-5.2

use std::time::Duration;

use bytes::Bytes;
use countersign_storage::Fault;
use countersign_web::refusals::Row;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use serde::Serialize;

/// An OAuth error for a client that asked directly ([RFC 6749 §5.2](https://www.rfc-editor.org/rfc/rfc6749#section-5.2)).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OAuthError {
    /// 400 for most, 401 for `invalid_client`.
    pub status: StatusCode,
    /// The registered error code.
    pub code: &'static str,
    /// One sentence in printable ASCII without quote and backslash.
    pub description: String,
}

impl OAuthError {
    /// An error with status 400.
    pub fn new(code: &'static str, description: impl Into<String>) -> Self {
        OAuthError { status: StatusCode::BAD_REQUEST, code, description: description.into() }
    }

    /// The same with another status.
    #[must_use]
    pub fn with_status(self, status: StatusCode) -> Self {
        OAuthError { status, ..self }
    }

    /// What the peer learns of a fault: that there is one, and whether to try again.
    pub fn of_fault(fault: &Fault) -> Self {
        tracing::error!(target: "countersign::oidc", %fault, "a request failed");
        let (code, description) = if fault.is_transient() {
            ("temporarily_unavailable", "Try again shortly.")
        } else {
            ("server_error", "Something went wrong on our side.")
        };
        OAuthError::new(code, description).with_status(fault.status())
    }

    /// What a refusal answers: its row, in these words.
    pub(crate) fn of_row(row: &Row, description: String) -> Self {
        OAuthError::new(row.code, description).with_status(row.status)
    }

    /// The JSON response, never cached. (`Retry-After` is added to every 503 where routes are answered.)
    pub fn respond(&self) -> Response<Bytes> {
        #[derive(Serialize)]
        struct Body<'a> {
            error: &'a str,
            error_description: &'a str,
        }
        json(self.status, &Body { error: self.code, error_description: &self.description })
    }
}

/// What a client that asked directly is answered. A client that is not believed (401) is told how it can prove itself
/// ([RFC 6749 §5.2](https://www.rfc-editor.org/rfc/rfc6749#section-5.2)).
pub(crate) fn refuse(row: &Row, description: String, issuer: &str) -> Response<Bytes> {
    let mut response = OAuthError::of_row(row, description).respond();
    if row.status == StatusCode::UNAUTHORIZED {
        let challenge = HeaderValue::from_str(&format!("Basic realm=\"{issuer}\"")).ok();
        let challenge = challenge.unwrap_or_else(|| HeaderValue::from_static("Basic"));
        response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
    }
    response
}

/// The response, with when to try again ([RFC 9110 §10.2.3]).
///
/// [RFC 9110 §10.2.3]: https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3
pub(crate) fn retry_after(mut response: Response<Bytes>, after: Duration) -> Response<Bytes> {
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(after.as_secs().max(1)));
    response
}

/// A JSON response that is never cached.
pub fn json(status: StatusCode, body: &impl Serialize) -> Response<Bytes> {
    // Our own answers are structs and maps with string keys: they always serialise.
    let body = serde_json::to_vec(body).unwrap_or_default();
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = status;
    set(response.headers_mut(), header::CONTENT_TYPE, "application/json");
    no_store(response.headers_mut());
    response
}

/// A response without a body that is never cached.
pub fn empty(status: StatusCode) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = status;
    no_store(response.headers_mut());
    response
}

/// Sends the browser to `location` by GET: 303, also after a POST, so that no form is ever sent on ([RFC 9700 §4.12]).
/// A location that no header can carry gives 500.
///
/// [RFC 9700 §4.12]: https://www.rfc-editor.org/rfc/rfc9700#section-4.12
pub fn see_other(location: &str) -> Response<Bytes> {
    match HeaderValue::from_str(location) {
        Ok(location) => {
            let mut response = empty(StatusCode::SEE_OTHER);
            response.headers_mut().insert(header::LOCATION, location);
            set(response.headers_mut(), header::REFERRER_POLICY, "no-referrer");
            response
        }
        Err(_) => empty(StatusCode::INTERNAL_SERVER_ERROR),
    }
}

/// Keeps a response out of every cache ([RFC 6749 §5.1](https://www.rfc-editor.org/rfc/rfc6749#section-5.1)).
pub fn no_store(headers: &mut HeaderMap) {
    set(headers, header::CACHE_CONTROL, "no-store");
    set(headers, header::PRAGMA, "no-cache");
}

pub(crate) fn set(headers: &mut HeaderMap, name: HeaderName, value: &'static str) {
    headers.insert(name, HeaderValue::from_static(value));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `Retry-After: 0` would have everybody try again at once.
    #[test]
    fn to_wait_is_to_wait_a_second_at_least() {
        for (after, said) in [(Duration::ZERO, "1"), (Duration::from_millis(999), "1"), (Duration::from_secs(7), "7")] {
            let response = retry_after(empty(StatusCode::TOO_MANY_REQUESTS), after);
            assert_eq!(response.headers()[header::RETRY_AFTER], said, "{after:?}");
        }
    }
}
