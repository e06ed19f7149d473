//! Countersign on actix-web. [`mount`] is all that an application of its own needs.
#![forbid(unsafe_code)]

use std::error::Error;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use actix_web::web::{self, Data, Payload, ServiceConfig};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, rt};
use bytes::Bytes;
use countersign_pages::Site;
use countersign_reference::{BODY_BYTES, BodyRefusal, Reference, Settings};
use countersign_web::peer::PeerAddress;

/// Every path that no other service has goes to the site, which answers 404 where nothing else does.
pub fn mount(site: Arc<Site>) -> impl FnOnce(&mut ServiceConfig) {
    move |config| {
        config.app_data(Data::from(site)).default_service(web::to(answer));
    }
}

async fn answer(site: Data<Site>, request: HttpRequest, body: Payload) -> HttpResponse {
    let answer = match rt::time::timeout(PATIENCE, body.to_bytes_limited(BODY_BYTES)).await {
        Ok(Ok(Ok(body))) => match neutral(&request, body) {
            Some(request) => site.respond(request).await,
            None => BodyRefusal::Broken.response(),
        },
        Ok(Ok(Err(_))) => BodyRefusal::Broken.response(),
        Ok(Err(_)) => BodyRefusal::TooLong.response(),
        Err(_) => BodyRefusal::TooSlow.response(),
    };
    let mut response = HttpResponse::build(status(answer.status()));
    for (name, value) in answer.headers() {
        response.append_header((name.as_str(), value.as_bytes()));
    }
    response.body(answer.into_body())
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

fn status(status: http::StatusCode) -> actix_web::http::StatusCode {
    // Both crates take every number from 100 to 999.
    actix_web::http::StatusCode::from_u16(status.as_u16()).unwrap_or(actix_web::http::StatusCode::BAD_GATEWAY)
}

/// The whole server: settings, site, socket; SIGTERM lets what is being answered finish.
///
/// # Errors
/// Settings that can not be used, a database that does not answer, an address that is taken.
pub fn run() -> Result<(), Box<dyn Error>> {
    let settings = Settings::from_env()?;
    countersign_reference::log_to_stderr();
    rt::System::new().block_on(async {
        let reference = Reference::build(&settings).await?;
        let listener = TcpListener::bind(settings.listen).map_err(|error| format!("{}: {error}", settings.listen))?;
        let address = listener.local_addr()?;
        let site = reference.site();
        let server = HttpServer::new(move || App::new().configure(mount(Arc::clone(&site))))
            .client_request_timeout(PATIENCE)
            .shutdown_timeout(PATIENCE.as_secs())
            .listen(listener)?
            .run();
        let ready = reference.ready(address);
        let upkeep = rt::spawn(async move { reference.upkeep().await });
        // Upkeep minds its signal before anybody is told that the server is ready.
        rt::task::yield_now().await;
        println!("{ready}");
        let ended = server.await;
        upkeep.abort();
        Ok(ended?)
    })
}

const PATIENCE: Duration = Duration::from_secs(10);
