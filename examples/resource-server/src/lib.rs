//! A resource server: people's notes, for whoever brings an access token that names this server and the right scope.
//!
//! The two lines that matter are in [`app`] (`Verifier::new`) and in `Api::allow` (`verify_request`). Keys are fetched,
//! kept and renewed by the verifier; the issuer is not asked about single tokens.
#![forbid(unsafe_code)]

use std::collections::HashMap;
use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Json, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use countersign_fetch::{Limits, OutboundHttp};
use countersign_oidc::resource_server::{VerifiedToken, Verifier, VerifyError};
use countersign_storage::SystemClock;
use serde::Deserialize;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

/// What the server is told from outside.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Whose tokens it takes: `RESOURCE_ISSUER`.
    pub issuer: String,
    /// Its own identifier, the audience of those tokens: `RESOURCE_IDENTIFIER`.
    pub identifier: String,
    /// How far clocks may differ, in seconds: `RESOURCE_LEEWAY_SECONDS`, 30 by default.
    pub leeway: i64,
}

impl Settings {
    /// Reads the environment.
    ///
    /// # Errors
    /// The name of a variable that is missing or no number.
    pub fn from_env() -> Result<Self, String> {
        let read = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let need = |name: &str| read(name).ok_or_else(|| format!("{name}: it is missing"));
        let leeway = read("RESOURCE_LEEWAY_SECONDS").unwrap_or_else(|| "30".to_owned());
        Ok(Settings {
            issuer: need("RESOURCE_ISSUER")?,
            identifier: need("RESOURCE_IDENTIFIER")?,
            leeway: leeway.parse().map_err(|_| "RESOURCE_LEEWAY_SECONDS: it is not a number".to_owned())?,
        })
    }
}

struct Api {
    verifier: Verifier,
    /// By subject: whom the token is about, never a name in the request.
    notes: Mutex<HashMap<String, Vec<String>>>,
}

/// The whole application.
///
/// # Errors
/// An issuer or an identifier that cannot be one.
pub fn app(settings: &Settings) -> Result<Router, Box<dyn Error>> {
    let fetch = Arc::new(OutboundHttp::new(Limits::default())?);
    let verifier = Verifier::new(&settings.issuer, &settings.identifier, fetch, Arc::new(SystemClock))?
        .with_leeway(settings.leeway);
    let api = Arc::new(Api { verifier, notes: Mutex::default() });
    Ok(Router::new()
        .route("/notes", get(list).post(add))
        .route("/.well-known/oauth-protected-resource", get(metadata))
        .layer(DefaultBodyLimit::max(16 * 1024))
        .with_state(api))
}

async fn list(State(api): State<Arc<Api>>, uri: Uri, headers: HeaderMap) -> Result<Response, Response> {
    let token = api.allow(&uri, &headers, "notes:read").await?;
    let all = api.notes.lock().unwrap_or_else(PoisonError::into_inner);
    let notes = all.get(token.subject()).cloned().unwrap_or_default();
    Ok(Json(json!({ "notes": notes })).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewNote {
    text: String,
}

async fn add(
    State(api): State<Arc<Api>>,
    uri: Uri,
    headers: HeaderMap,
    note: Json<NewNote>,
) -> Result<Response, Response> {
    let token = api.allow(&uri, &headers, "notes:write").await?;
    let mut all = api.notes.lock().unwrap_or_else(PoisonError::into_inner);
    all.entry(token.subject().to_owned()).or_default().push(note.0.text);
    Ok(StatusCode::CREATED.into_response())
}

/// Where a client that knows only this server learns whom to ask for a token ([RFC 9728]).
///
/// [RFC 9728]: https://www.rfc-editor.org/rfc/rfc9728
async fn metadata(State(api): State<Arc<Api>>) -> Result<Response, StatusCode> {
    let metadata = api.verifier.metadata(&["notes:read", "notes:write"]).ok_or(StatusCode::NOT_FOUND)?;
    Ok(metadata.named("Notes").response().map(Body::from))
}

impl Api {
    async fn allow(&self, uri: &Uri, headers: &HeaderMap, scope: &str) -> Result<VerifiedToken, Response> {
        let allowed = self.verifier.verify_request(uri, headers).await.and_then(|token| {
            token.require_scope(scope)?;
            Ok(token)
        });
        allowed.map_err(|error: VerifyError| {
            // For whoever runs this server: what was expected and what was found. The caller learns less.
            eprintln!("resource-server: {}: {error}", error.reason());
            self.verifier.refuse(&error).map(Body::from)
        })
    }
}

/// The whole program: settings, socket, and out at SIGTERM or Ctrl-C.
///
/// # Errors
/// Settings that are missing, an address that is taken.
pub async fn run() -> Result<(), Box<dyn Error>> {
    let settings = Settings::from_env()?;
    let app = app(&settings)?;
    let listen = std::env::var("RESOURCE_LISTEN").unwrap_or_else(|_| "127.0.0.1:8000".to_owned());
    let listener = TcpListener::bind(&listen).await.map_err(|error| format!("{listen}: {error}"))?;
    println!("{}", json!({ "ready": true, "resource": settings.identifier }));
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let shutdown = async move {
        tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
    };
    axum::serve(listener, app).with_graceful_shutdown(shutdown).await?;
    Ok(())
}
