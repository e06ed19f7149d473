//! Countersign on actix-web. [`mount`] is all that an application of its own needs; [`serve`] is the whole server.
//!
//! The connections are not accepted by actix-web's `HttpServer`: its HTTP/1 reads ahead as far as it can, and at the end it
//! drops what waits. [`Front`] accepts them, and each worker has one service of actix-web for all of its connections.
#![forbid(unsafe_code)]

use std::error::Error;
use std::thread::available_parallelism;

use actix_http::HttpService;
use actix_rt::Arbiter;
use actix_service::{Service, ServiceFactory, map_config};
use actix_web::dev::AppConfig;
use actix_web::rt;
use actix_web::web::{self, Data, Payload, ServiceConfig};
use actix_web::{App, HttpRequest, HttpResponse};
use bytes::Bytes;
use countersign_reference::front::{Accepted, Front, Gate, PATIENCE, Turn, Work};
use countersign_reference::{BODY_BYTES, BodyRefusal, Reference, Settings};
use countersign_web::peer::PeerAddress;
use http::header::CONNECTION;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// Every path that no other service has goes to the site, which answers 404 where nothing else does.
pub fn mount(work: Work) -> impl FnOnce(&mut ServiceConfig) {
    move |config| {
        config.app_data(Data::new(work)).default_service(web::to(answer));
    }
}

async fn answer(work: Data<Work>, request: HttpRequest, body: Payload) -> HttpResponse {
    let answering = request.conn_data::<Turn>().map(Turn::answering);
    if let Some(refused) = answering.as_ref().and_then(|answering| answering.refusal()) {
        return respond(refused);
    }
    let answer = match rt::time::timeout(PATIENCE, body.to_bytes_limited(BODY_BYTES)).await {
        Ok(Ok(Ok(body))) => match neutral(&request, body) {
            Some(request) => work.answer(request).await,
            None => BodyRefusal::Broken.response(),
        },
        Ok(Ok(Err(_))) => BodyRefusal::Broken.response(),
        Ok(Err(_)) => BodyRefusal::TooLong.response(),
        Err(_) => BodyRefusal::TooSlow.response(),
    };
    match answering {
        Some(answering) => respond(answering.finish(answer)),
        None => respond(answer),
    }
}

/// The request in the types of the `http` crate, version 1; actix-web speaks its predecessor.
fn neutral(request: &HttpRequest, body: Bytes) -> Option<http::Request<Bytes>> {
    let mut neutral = http::Request::builder().method(request.method().as_str()).uri(request.uri().to_string());
    for (name, value) in request.headers() {
        neutral = neutral.header(name.as_str(), value.as_bytes());
    }
    if let Some(peer) = request.peer_addr() {
        neutral = neutral.extension(PeerAddress(peer.ip()));
    }
    neutral.body(body).ok()
}

fn respond(answer: http::Response<Bytes>) -> HttpResponse {
    let mut response = HttpResponse::build(status(answer.status()));
    for (name, value) in answer.headers() {
        if *name == CONNECTION {
            response.force_close();
        } else {
            response.append_header((name.as_str(), value.as_bytes()));
        }
    }
    response.body(answer.into_body())
}

fn status(status: http::StatusCode) -> actix_web::http::StatusCode {
    // Both crates take every number from 100 to 999.
    actix_web::http::StatusCode::from_u16(status.as_u16()).unwrap_or(actix_web::http::StatusCode::BAD_GATEWAY)
}

/// Accepts connections until `shutdown`, then lets what was begun come to its end: see [`Front::run`]. Call it in an actix
/// system.
pub async fn serve(listener: TcpListener, work: Work, shutdown: impl Future<Output = ()>) {
    let workers: Vec<_> = (0..available_parallelism().map_or(1, usize::from))
        .map(|_| {
            let (sender, connections) = unbounded_channel();
            let arbiter = Arbiter::new();
            let work = work.clone();
            arbiter.spawn_fn(move || drop(rt::spawn(serve_each(connections, work))));
            (arbiter, sender)
        })
        .collect();
    let mut next = workers.iter().cycle();
    let connect = |accepted: Accepted| {
        if let Some((_, worker)) = next.next() {
            // A worker lives as long as this function.
            let _ = worker.send(accepted);
        }
    };
    Front::new().run(listener, &work, shutdown, connect).await;
    for (arbiter, _) in workers {
        arbiter.stop();
    }
}

/// One worker: its connections are served side by side, on its own thread.
async fn serve_each(mut connections: UnboundedReceiver<Accepted>, work: Work) {
    let app = App::new().configure(mount(work));
    let service = HttpService::build()
        .client_request_timeout(PATIENCE)
        .keep_alive(PATIENCE)
        .on_connect_ext(|gate: &Gate, data| {
            data.insert(gate.turn());
        })
        .h1(map_config(app, |()| AppConfig::default()));
    let Ok(service) = service.new_service(()).await else { return };
    while let Some(accepted) = connections.recv().await {
        let peer = accepted.peer;
        if let Ok(accepted) = accepted.moved_here() {
            rt::spawn(service.call((accepted.gate(), Some(peer))));
        }
    }
}

/// The whole server: settings, site, socket, and out at SIGTERM or Ctrl-C.
///
/// # Errors
/// Settings that cannot be used, a database that does not answer, an address that is taken.
pub fn run() -> Result<(), Box<dyn Error>> {
    let settings = Settings::from_env()?;
    countersign_reference::log_to_stderr();
    rt::System::new().block_on(async {
        let reference = Reference::build(&settings).await?;
        let listener =
            TcpListener::bind(settings.listen).await.map_err(|error| format!("{}: {error}", settings.listen))?;
        let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        let shutdown = async {
            tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
        };
        // Upkeep minds its signal from here on, before anybody is told that the server is ready.
        let upkeep = reference.upkeep();
        println!("{}", reference.ready(listener.local_addr()?));
        tokio::select! {
            () = serve(listener, reference.work(), shutdown) => {}
            () = upkeep => {}
        }
        Ok(())
    })
}
