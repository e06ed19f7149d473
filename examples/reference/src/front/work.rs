//! Requests that run to their end.

use std::sync::Arc;

use bytes::Bytes;
use countersign_pages::Site;
use countersign_web::peer::PeerAddress;
use countersign_web::proxy::TrustedProxies;
use http::{HeaderValue, Request, Response, StatusCode, header};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_util::task::TaskTracker;

use super::PATIENCE;
use crate::body::plain_refusal;

/// The site, and the requests that it answers at present.
///
/// A request that was read as a whole is answered whatever its connection does: a caller that hangs up must not leave half
/// of an act behind. So it is a task of its own, and the adapter only waits for it.
#[derive(Clone)]
pub struct Work {
    site: Arc<Site>,
    proxies: Arc<TrustedProxies>,
    room: Arc<Semaphore>,
    tasks: TaskTracker,
}

impl Work {
    /// Answers for `site`, at most 512 requests at once. Behind `proxies`, callers have the addresses that those tell.
    pub fn new(site: Arc<Site>, proxies: TrustedProxies) -> Self {
        Work { site, proxies: Arc::new(proxies), room: Arc::new(Semaphore::new(AT_ONCE)), tasks: TaskTracker::new() }
    }

    /// Answers a request. When this is dropped before it is ready, the request is answered all the same.
    ///
    /// Where too many are being answered it waits; after [`PATIENCE`] the answer is 503, and nothing was done.
    pub async fn answer(&self, mut request: Request<Bytes>) -> Response<Bytes> {
        if let Some(peer) = request.extensions().get::<PeerAddress>().copied() {
            let client = self.proxies.client(peer, request.headers());
            request.extensions_mut().insert(client);
        }
        let Ok(Ok(room)) = timeout(PATIENCE, Arc::clone(&self.room).acquire_owned()).await else {
            let mut busy = plain_refusal(StatusCode::SERVICE_UNAVAILABLE, "the server is busy");
            busy.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
            return busy;
        };
        let site = Arc::clone(&self.site);
        let answered = self.tasks.spawn(async move {
            let response = site.respond(request).await;
            drop(room);
            response
        });
        match answered.await {
            Ok(response) => response,
            Err(error) => {
                tracing::error!(%error, "a request was not answered");
                plain_refusal(StatusCode::INTERNAL_SERVER_ERROR, "the request could not be answered")
            }
        }
    }

    /// When all that was begun is at its end. Nothing may begin any more.
    pub async fn finished(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }
}

const AT_ONCE: usize = 512;
