//! Countersign on axum. [`router`] is all that an application of its own needs; [`serve`] is a careful accept loop for
//! those who have none.
#![forbid(unsafe_code)]

use std::error::Error;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use axum::{Extension, Router};
use countersign_pages::Site;
use countersign_reference::{BODY_BYTES, BodyRefusal, Reference, Settings};
use countersign_web::peer::PeerAddress;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{sleep, timeout};

/// Every path goes to the site, which answers 404 where nothing else does.
///
/// The [`PeerAddress`] must be among the request's extensions; [`serve`] puts it there.
pub fn router(site: Arc<Site>) -> Router {
    Router::new().fallback(answer).with_state(site)
}

async fn answer(State(site): State<Arc<Site>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let answer = match timeout(PATIENCE, to_bytes(body, BODY_BYTES)).await {
        Ok(Ok(body)) => site.respond(Request::from_parts(parts, body)).await,
        Ok(Err(error)) if is_too_long(&error) => BodyRefusal::TooLong.response(),
        Ok(Err(_)) => BodyRefusal::Broken.response(),
        Err(_) => BodyRefusal::TooSlow.response(),
    };
    answer.map(Body::from)
}

fn is_too_long(error: &axum::Error) -> bool {
    error.source().is_some_and(|source| source.is::<http_body_util::LengthLimitError>())
}

/// Accepts connections until `shutdown`, then lets those that are being answered finish.
///
/// Neither a request head nor a body may take longer than ten seconds, so that a slow sender holds no place for long.
pub async fn serve(listener: TcpListener, site: Arc<Site>, shutdown: impl Future<Output = ()>) {
    let router = router(site);
    let mut http = hyper::server::conn::http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(PATIENCE);
    let connections = GracefulShutdown::new();
    let mut shutdown = pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut shutdown => break,
        };
        // Out of file descriptors, most likely: give connections time to end instead of spinning.
        let Ok((stream, peer)) = accepted else {
            sleep(Duration::from_millis(50)).await;
            continue;
        };
        let service = TowerToHyperService::new(router.clone().layer(Extension(PeerAddress(peer.ip()))));
        tokio::spawn(connections.watch(http.serve_connection(TokioIo::new(stream), service)));
    }
    drop(listener);
    // Whoever is not done by then has had as long as anybody gets.
    let _ = timeout(PATIENCE, connections.shutdown()).await;
}

/// The whole server: settings, site, socket, and out at SIGTERM or Ctrl-C.
///
/// # Errors
/// Settings that can not be used, a database that does not answer, an address that is taken.
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
        () = serve(listener, reference.site(), shutdown) => {}
        () = upkeep => {}
    }
    Ok(())
}

const PATIENCE: Duration = Duration::from_secs(10);
