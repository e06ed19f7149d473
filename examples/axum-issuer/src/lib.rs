//! Countersign on axum. [`router`] is all that an application of its own needs; [`serve`] is the whole server.
#![forbid(unsafe_code)]

use std::error::Error;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Extension, Request, State};
use axum::response::Response;
use countersign_reference::front::{Accepted, Front, PATIENCE, Turn, Work};
use countersign_reference::{BODY_BYTES, BodyRefusal, Reference, Settings};
use countersign_web::peer::PeerAddress;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::timeout;

/// Every path goes to the site, which answers 404 where nothing else does.
///
/// The [`PeerAddress`] must be among the request's extensions, and the [`Turn`] of its connection where there is a gate;
/// [`serve`] puts both there.
pub fn router(work: Work) -> Router {
    Router::new().fallback(answer).with_state(work)
}

async fn answer(State(work): State<Work>, turn: Option<Extension<Turn>>, request: Request) -> Response {
    let answering = turn.map(|Extension(turn)| turn.answering());
    if let Some(refused) = answering.as_ref().and_then(|answering| answering.refusal()) {
        return refused.map(Body::from);
    }
    let (parts, body) = request.into_parts();
    let answer = match timeout(PATIENCE, to_bytes(body, BODY_BYTES)).await {
        // Work goes on when this future is dropped, as axum does when a caller hangs up.
        Ok(Ok(body)) => work.answer(Request::from_parts(parts, body)).await,
        Ok(Err(error)) if is_too_long(&error) => BodyRefusal::TooLong.response(),
        Ok(Err(_)) => BodyRefusal::Broken.response(),
        Err(_) => BodyRefusal::TooSlow.response(),
    };
    match answering {
        Some(answering) => answering.finish(answer).map(Body::from),
        None => answer.map(Body::from),
    }
}

fn is_too_long(error: &axum::Error) -> bool {
    error.source().is_some_and(|source| source.is::<http_body_util::LengthLimitError>())
}

/// Accepts connections until `shutdown`, then lets what was begun come to its end: see [`Front::run`].
pub async fn serve(listener: TcpListener, work: Work, shutdown: impl Future<Output = ()>) {
    let router = router(work.clone());
    let mut http = hyper::server::conn::http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(PATIENCE);
    let connect = |accepted: Accepted| {
        let peer = PeerAddress(accepted.peer.ip());
        let gate = accepted.gate();
        let router = router.clone().layer(Extension(peer)).layer(Extension(gate.turn()));
        tokio::spawn(http.serve_connection(TokioIo::new(gate), TowerToHyperService::new(router)));
    };
    Front::new().run(listener, &work, shutdown, connect).await;
}

/// The whole server: settings, site, socket, and out at SIGTERM or Ctrl-C.
///
/// # Errors
/// Settings that cannot be used, a database that does not answer, an address that is taken.
pub async fn run() -> Result<(), Box<dyn Error>> {
    let settings = Settings::from_env()?;
    countersign_reference::log_to_stderr();
    let reference = Reference::build(&settings).await?;
    let listener = TcpListener::bind(settings.listen).await.map_err(|error| format!("{}: {error}", settings.listen))?;
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let shutdown = async {
        tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
    };
    let upkeep = reference.upkeep();
    println!("{}", reference.ready(listener.local_addr()?));
    tokio::select! {
        () = serve(listener, reference.work(), shutdown) => {}
        () = upkeep => {}
    }
    Ok(())
}
