//! Writing answers: JSON, errors in their one shape ([Agent Auth §5.13]), caching.
//!
//! [Agent Auth §5.13]: https://agentauthprotocol.com/specification/v1.0-draft

use std::time::Duration;

use bytes::Bytes;
use countersign_storage::Stopped;
use http::{HeaderValue, Response, StatusCode, header};
use serde_json::{Map, Value, json};

use crate::refusal::Refusal;

/// An answer that is no error.
pub(crate) struct Answer {
    pub(crate) body: Value,
    pub(crate) caching: Caching,
}

/// What may be kept.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Caching {
    /// By nobody.
    NoStore,
    /// By anybody, for this many seconds.
    Public(u32),
    /// By the one who asked, for this many seconds: the answer depends on the credentials.
    Private(u32),
}

impl Answer {
    /// An answer that nobody keeps.
    pub(crate) fn new(body: Value) -> Self {
        Answer { body, caching: Caching::NoStore }
    }

    pub(crate) fn cached(body: Value, caching: Caching) -> Self {
        Answer { body, caching }
    }

    pub(crate) fn respond(self) -> Response<Bytes> {
        let mut response = write(StatusCode::OK, &self.body);
        let headers = response.headers_mut();
        let (kept, varies) = match self.caching {
            Caching::NoStore => ("no-store".to_owned(), false),
            Caching::Public(seconds) => (format!("public, max-age={seconds}"), true),
            Caching::Private(seconds) => (format!("private, max-age={seconds}"), true),
        };
        set(headers, header::CACHE_CONTROL, &kept);
        if varies {
            headers.insert(header::VARY, HeaderValue::from_static("Authorization"));
        }
        response
    }
}

/// An error, in the shape that all have. At `discovery` a client without credentials learns how to get some.
pub(crate) fn respond_error(error: &Stopped<Refusal>, discovery: &str) -> Response<Bytes> {
    let status = match error {
        Stopped::Refused(refusal) => refusal.status(),
        Stopped::Failed(fault) => fault.status(),
    };
    let mut response = write(status, &Value::Object(error_document(error)));
    let headers = response.headers_mut();
    set(headers, header::CACHE_CONTROL, "no-store");
    if status == StatusCode::UNAUTHORIZED {
        set(headers, header::WWW_AUTHENTICATE, &format!("AgentAuth discovery=\"{discovery}\""));
    }
    match error {
        Stopped::Refused(Refusal::RateLimited(after) | Refusal::Unavailable(after)) => retry_after(headers, *after),
        Stopped::Refused(Refusal::SlowDown { interval }) => retry_after(headers, Duration::from_secs(*interval)),
        Stopped::Refused(Refusal::MethodNotAllowed(methods)) => set(headers, header::ALLOW, methods),
        Stopped::Failed(fault) if fault.is_transient() => retry_after(headers, Duration::from_secs(1)),
        Stopped::Refused(_) | Stopped::Failed(_) => {}
    }
    response
}

/// `error`, `message`, and what helps a client to recover.
pub(crate) fn error_document(error: &Stopped<Refusal>) -> Map<String, Value> {
    let (code, message) = match error {
        Stopped::Refused(refusal) => (refusal.code(), refusal.to_string()),
        Stopped::Failed(fault) if fault.is_transient() => {
            ("temporarily_unavailable", "the server cannot answer now; try again later".to_owned())
        }
        Stopped::Failed(_) => ("internal_error", "the server failed".to_owned()),
    };
    let details = match error {
        Stopped::Refused(Refusal::ConstraintViolated(violations)) => Some(("violations", json!(violations))),
        Stopped::Refused(Refusal::InvalidCapabilities(names)) => Some(("invalid_capabilities", json!(names))),
        Stopped::Refused(Refusal::UnknownConstraintOperator(operators)) => {
            Some(("unknown_operators", json!(operators)))
        }
        Stopped::Refused(_) | Stopped::Failed(_) => None,
    };
    [("error", json!(code)), ("message", json!(message))]
        .into_iter()
        .chain(details)
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

fn retry_after(headers: &mut http::HeaderMap, after: Duration) {
    set(headers, header::RETRY_AFTER, &after.as_secs().max(1).to_string());
}

fn set(headers: &mut http::HeaderMap, name: header::HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

fn write(status: StatusCode, body: &Value) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body.to_string()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}
