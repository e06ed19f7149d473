//! The JSON sign-in API, under the issuer's path, by the names that Better Auth's clients call.
//!
//! Refused: whatever is not JSON (415), JSON that is not strict or lacks a member (400), a request that another site's page
//! sent (403). Members that are not known are let pass: those clients send `callbackURL`, `rememberMe` and others along.
//!
//! The session travels in the cookie and nowhere else. Where those clients look for a `token`, they find the session's public
//! id, which ends the session at `/revoke-session` and opens nothing; at sign-in and sign-up it is `null`.

mod credentials;
mod sessions;

use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use countersign_authn::ForeignOrigin;
use countersign_jose::json;
use countersign_storage::{Account, Fault};
use countersign_web::media_type;
use http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, Response, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::document::protect;
use crate::form::BODY_LIMIT;
use crate::pages::{Pages, Person};
use crate::refuse::retry_after;
use crate::visit::Visit;
use crate::when::rfc3339;

/// What answers a call.
pub(crate) type Call = for<'a> fn(&'a Pages, &'a Visit) -> Answering<'a>;

/// An answer on its way.
pub(crate) type Answering<'a> = Pin<Box<dyn Future<Output = Result<Response<Bytes>, CallError>> + Send + 'a>>;

/// Why a call is not answered as asked.
#[derive(Debug)]
pub(crate) struct CallError {
    status: StatusCode,
    code: &'static str,
    message: String,
    retry_after: Option<Duration>,
}

impl CallError {
    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        CallError { status, code, message: message.into(), retry_after: None }
    }

    fn unauthorized() -> Self {
        CallError::new(StatusCode::UNAUTHORIZED, "UNAUTHORIZED", "You are not signed in.")
    }
}

impl From<Fault> for CallError {
    fn from(fault: Fault) -> Self {
        tracing::error!(%fault, "a call could not be answered");
        let (code, wait) = match fault.is_transient() {
            true => ("SERVICE_UNAVAILABLE", Some(Duration::from_secs(5))),
            false => ("INTERNAL_SERVER_ERROR", None),
        };
        CallError { retry_after: wait, ..CallError::new(fault.status(), code, "The server can not answer now.") }
    }
}

impl From<ForeignOrigin> for CallError {
    fn from(error: ForeignOrigin) -> Self {
        CallError::new(StatusCode::FORBIDDEN, "INVALID_ORIGIN", error.to_string())
    }
}

impl Pages {
    /// Answers a call of our own page, or of a page that is trusted.
    pub(crate) async fn answer_call(&self, call: Call, visit: &Visit) -> Response<Bytes> {
        let answer = match self.origin_check.check(&visit.method, &visit.headers) {
            Err(foreign) => Err(foreign.into()),
            Ok(()) => call(self, visit).await,
        };
        answer.unwrap_or_else(|error| refuse(&error))
    }

    async fn caller(&self, visit: &Visit) -> Result<Person, CallError> {
        self.signed_in(visit).await?.ok_or_else(CallError::unauthorized)
    }
}

/// Reads a body that must be there.
fn body<T: DeserializeOwned>(visit: &Visit) -> Result<T, CallError> {
    media_type::expect(&visit.headers, media_type::JSON).map_err(|unsupported| {
        CallError::new(unsupported.status(), "UNSUPPORTED_MEDIA_TYPE", "Only JSON in UTF-8 is read here.")
    })?;
    if visit.body.len() > BODY_LIMIT {
        return Err(CallError::new(StatusCode::PAYLOAD_TOO_LARGE, "PAYLOAD_TOO_LARGE", "The body is too long."));
    }
    // The reason may quote the body, and the body may hold a password.
    json::from_slice(&visit.body)
        .map_err(|_| CallError::new(StatusCode::BAD_REQUEST, "VALIDATION_ERROR", "The body is not as it should be."))
}

/// A call without arguments: no body, or a JSON object that is not looked at further.
fn no_arguments(visit: &Visit) -> Result<(), CallError> {
    if visit.body.is_empty() {
        return Ok(());
    }
    body::<serde_json::Map<String, serde_json::Value>>(visit).map(drop)
}

fn respond(status: StatusCode, body: &impl Serialize) -> Response<Bytes> {
    let (status, body) = match serde_json::to_vec(body) {
        Ok(body) => (status, body),
        Err(_) => (StatusCode::INTERNAL_SERVER_ERROR, b"null".to_vec()),
    };
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    protect(response)
}

/// For a method that the path does not take.
pub(crate) fn not_allowed(_: &Pages, allowed: HeaderValue) -> Response<Bytes> {
    let error = CallError::new(StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED", "Use another method.");
    let mut response = refuse(&error);
    response.headers_mut().insert(ALLOW, allowed);
    response
}

fn refuse(error: &CallError) -> Response<Bytes> {
    #[derive(Serialize)]
    struct Body<'a> {
        code: &'a str,
        message: &'a str,
    }
    let mut response = respond(error.status, &Body { code: error.code, message: &error.message });
    if let Some(wait) = error.retry_after {
        response.headers_mut().insert(RETRY_AFTER, retry_after(wait));
    }
    response
}

/// A person, as those clients read one.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct UserView {
    id: String,
    name: String,
    email: String,
    email_verified: bool,
    image: Option<String>,
    created_at: String,
    updated_at: String,
}

impl UserView {
    fn of(account: &Account) -> Self {
        UserView {
            id: account.subject.as_str().to_owned(),
            name: account.name.clone(),
            email: account.email.as_str().to_owned(),
            email_verified: account.email_verified,
            image: account.claims.get("picture").and_then(|picture| picture.as_str()).map(str::to_owned),
            created_at: rfc3339(account.created_at),
            updated_at: rfc3339(account.updated_at),
        }
    }
}
