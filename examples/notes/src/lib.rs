//! Notes: a program that signs people in through an issuer, holds none of its secrets, and reads their notes from a
//! resource server with the access token it was given.
//!
//! Read first: [`sign_in`] (the code flow, in the order in which it happens), [`api`] (calls with the access token),
//! [`session`] (its own cookie).
#![forbid(unsafe_code)]

pub mod api;
mod page;
pub mod session;
mod settings;
pub mod sign_in;
mod signed_in;

use std::error::Error;
use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use bytes::Bytes;
use countersign_fetch::{Limits, OutboundHttp};
use countersign_web::form::{Bounds, Fields};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

pub use crate::settings::Settings;

use crate::session::{SESSION, SIGN_IN, Sessions, set_cookie};
use crate::sign_in::{Callback, RelyingParty};

#[derive(Clone)]
struct Notes {
    party: Arc<RelyingParty>,
    sessions: Arc<Sessions>,
}

/// The whole application.
///
/// # Errors
/// When TLS is not available.
pub fn app(settings: Settings) -> Result<Router, countersign_fetch::TrustError> {
    let http = OutboundHttp::new(Limits::default())?;
    let notes = Notes { party: Arc::new(RelyingParty::new(settings, http)), sessions: Arc::new(Sessions::default()) };
    Ok(Router::new()
        .route("/", get(home))
        .route("/sign-in", get(sign_in))
        .route("/callback", get(callback))
        .route("/notes", post(add))
        .route("/sign-out", post(sign_out))
        .layer(DefaultBodyLimit::max(16 * 1024))
        .layer(axum::middleware::map_response(hardened))
        .with_state(notes))
}

async fn home(State(notes): State<Notes>, headers: HeaderMap) -> Response {
    let Some(mut session) = notes.sessions.find(&headers) else { return page::signed_out().into_response() };
    let list = api::list(&notes.party, &mut session.tokens).await;
    notes.sessions.keep_tokens(&headers, &session.tokens);
    page::signed_in(&session, &list).into_response()
}

async fn sign_in(State(notes): State<Notes>) -> Result<Response, Problem> {
    let (url, pending) = notes.party.authorization_request().await?;
    let cookie = notes.sessions.begin_sign_in(pending);
    Ok(([(header::SET_COOKIE, set_cookie(SIGN_IN, &cookie))], Redirect::to(&url)).into_response())
}

async fn callback(State(notes): State<Notes>, headers: HeaderMap, uri: Uri) -> Result<Response, Problem> {
    let answer = Callback::of_query(uri.query())?;
    // The request that this browser began; taken out, so that an answer counts once.
    let pending = notes.sessions.take_sign_in(&headers).ok_or(sign_in::Error::NotExpected)?;
    let session = notes.party.finish(pending, answer).await?;
    let cookie = notes.sessions.begin(session);
    let cookies = [(header::SET_COOKIE, SIGN_IN.clear()), (header::SET_COOKIE, set_cookie(SESSION, &cookie))];
    Ok((axum::response::AppendHeaders(cookies), Redirect::to("/")).into_response())
}

async fn add(State(notes): State<Notes>, headers: HeaderMap, body: Bytes) -> Result<Response, Problem> {
    notes.party.own_page(&headers)?;
    let fields = Fields::of_body(&headers, &body, Bounds::default()).map_err(sign_in::Error::Form)?;
    let text = fields.one("text").ok().flatten().unwrap_or_default();
    let mut session = notes.sessions.find(&headers).ok_or(sign_in::Error::NotSignedIn)?;
    let added = api::add(&notes.party, &mut session.tokens, text).await;
    notes.sessions.keep_tokens(&headers, &session.tokens);
    match added {
        Ok(()) => Ok(Redirect::to("/").into_response()),
        Err(error) => Ok((StatusCode::BAD_GATEWAY, page::problem(&error.to_string())).into_response()),
    }
}

async fn sign_out(State(notes): State<Notes>, headers: HeaderMap) -> Result<Response, Problem> {
    notes.party.own_page(&headers)?;
    notes.sessions.end(&headers);
    Ok(([(header::SET_COOKIE, SESSION.clear())], Redirect::to("/")).into_response())
}

struct Problem(sign_in::Error);

impl From<sign_in::Error> for Problem {
    fn from(error: sign_in::Error) -> Self {
        Problem(error)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        (self.0.status(), page::problem(&self.0.to_string())).into_response()
    }
}

/// Nothing of what people see here belongs into a cache, a frame, or a script.
async fn hardened(mut response: Response) -> Response {
    let policy =
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // Not "no-referrer": with it, browsers send `Origin: null` along with our own forms.
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// The whole program: settings, socket, and out at SIGTERM or Ctrl-C.
///
/// # Errors
/// Settings that are missing, an address that is taken.
pub async fn run() -> Result<(), Box<dyn Error>> {
    let settings = Settings::from_env()?;
    let listen = std::env::var("NOTES_LISTEN").unwrap_or_else(|_| "127.0.0.1:4000".to_owned());
    let listener = TcpListener::bind(&listen).await.map_err(|error| format!("{listen}: {error}"))?;
    println!("{}", serde_json::json!({ "ready": true, "notes": settings.origin }));
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let shutdown = async move {
        tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
    };
    axum::serve(listener, app(settings)?).with_graceful_shutdown(shutdown).await?;
    Ok(())
}
