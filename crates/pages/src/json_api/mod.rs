//! The JSON sign-in API, under the issuer's path, by the names that Better Auth's clients call.
//!
//! Whatever is not JSON is refused (415), and so is JSON that is not strict or lacks a member (400), and a request that the
//! page of another site sent (403). Members that are not known are ignored: those clients send `callbackURL`, `rememberMe` and
//! others along.
//!
//! The session is in the cookie and nowhere else. Where those clients look for a `token`, they find the public id of the
//! session. It ends the session at `/revoke-session`, and opens nothing. At sign-in and sign-up it is `null`.

mod credentials;
mod sessions;

use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use countersign_authn::{ForeignOrigin, SignInRefusal, SignUpRefusal};
use countersign_jose::json;
use countersign_storage::{Account, Stopped};
use countersign_web::{media_type, refusals};
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

/// The answer of a call, which is still being made.
pub(crate) type Answering<'a> =
    Pin<Box<dyn Future<Output = Result<Response<Bytes>, Stopped<CallRefusal>>> + Send + 'a>>;

refusals! {
    /// Why a call is not answered as asked.
    #[derive(Debug)]
    pub(crate) enum CallRefusal {
        /// The body is longer than what is read.
        BodyTooLong => [PAYLOAD_TOO_LARGE "PAYLOAD_TOO_LARGE" "RFC 9110 §15.5.14" "The body is too long."],
        /// A page of another site sent it.
        Foreign => [
            FORBIDDEN "INVALID_ORIGIN" "RFC 6454 §7" "the request was not sent by a page of this site"
        ],
        /// No strict JSON, or a member is missing. The reason may quote the body, and the body may hold a password.
        Malformed => [BAD_REQUEST "VALIDATION_ERROR" "RFC 9110 §15.5.1" "The body is not as it should be."],
        /// The path does not take this method.
        MethodNotAllowed => [METHOD_NOT_ALLOWED "METHOD_NOT_ALLOWED" "RFC 9110 §15.5.6" "Use another method."],
        /// The body is something else than JSON in UTF-8.
        NotJson => [
            UNSUPPORTED_MEDIA_TYPE "UNSUPPORTED_MEDIA_TYPE" "RFC 9110 §15.5.16" "Only JSON in UTF-8 is read here."
        ],
        /// There is no living session.
        NotSignedIn => [UNAUTHORIZED "UNAUTHORIZED" "own" "You are not signed in."],
        /// This person has no such session.
        SessionNotFound => [NOT_FOUND "SESSION_NOT_FOUND" "own" "There is no such session."],
        /// Nobody is signed in.
        SignIn(refusal: SignInRefusal) => inner,
        /// There is no new account.
        SignUp(refusal: SignUpRefusal) => inner,
    }
}

impl CallRefusal {
    fn retry_after(&self) -> Option<Duration> {
        match self {
            CallRefusal::SignIn(refusal) => refusal.retry_after(),
            CallRefusal::SignUp(refusal) => refusal.retry_after(),
            CallRefusal::BodyTooLong
            | CallRefusal::Foreign
            | CallRefusal::Malformed
            | CallRefusal::MethodNotAllowed
            | CallRefusal::NotJson
            | CallRefusal::NotSignedIn
            | CallRefusal::SessionNotFound => None,
        }
    }
}

impl From<CallRefusal> for Stopped<CallRefusal> {
    fn from(refusal: CallRefusal) -> Self {
        Stopped::Refused(refusal)
    }
}

impl Pages {
    /// Answers a call of our own page, or of a page that is trusted.
    pub(crate) async fn answer_call(&self, call: Call, visit: &Visit) -> Response<Bytes> {
        let answer = match self.origin_check.check(&visit.method, &visit.headers) {
            Err(ForeignOrigin) => Err(CallRefusal::Foreign.into()),
            Ok(()) => call(self, visit).await,
        };
        answer.unwrap_or_else(|stopped| refuse(&stopped))
    }

    async fn caller(&self, visit: &Visit) -> Result<Person, Stopped<CallRefusal>> {
        self.signed_in(visit).await?.ok_or(CallRefusal::NotSignedIn.into())
    }
}

/// Reads a body that must be there.
fn body<T: DeserializeOwned>(visit: &Visit) -> Result<T, CallRefusal> {
    media_type::expect(&visit.headers, media_type::JSON).map_err(|_| CallRefusal::NotJson)?;
    if visit.body.len() > BODY_LIMIT {
        return Err(CallRefusal::BodyTooLong);
    }
    json::from_slice(&visit.body).map_err(|_| CallRefusal::Malformed)
}

/// A call without arguments: no body, or a JSON object that is not looked at further.
fn no_arguments(visit: &Visit) -> Result<(), CallRefusal> {
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

/// Answers a method that the path does not take.
pub(crate) fn not_allowed(_: &Pages, allowed: HeaderValue) -> Response<Bytes> {
    let mut response = refuse(&CallRefusal::MethodNotAllowed.into());
    response.headers_mut().insert(ALLOW, allowed);
    response
}

fn refuse(stopped: &Stopped<CallRefusal>) -> Response<Bytes> {
    #[derive(Serialize)]
    struct Body<'a> {
        code: &'a str,
        message: &'a str,
    }
    let (status, code, message, wait) = match stopped {
        Stopped::Refused(refusal) => (refusal.status(), refusal.code(), refusal.to_string(), refusal.retry_after()),
        Stopped::Failed(fault) => {
            tracing::error!(%fault, "a call could not be answered");
            let (code, wait) = match fault.is_transient() {
                true => ("SERVICE_UNAVAILABLE", Some(Duration::from_secs(5))),
                false => ("INTERNAL_SERVER_ERROR", None),
            };
            (fault.status(), code, "The server cannot answer now.".to_owned(), wait)
        }
    };
    let mut response = respond(status, &Body { code, message: &message });
    if let Some(wait) = wait {
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
