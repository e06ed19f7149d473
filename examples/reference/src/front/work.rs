//! Requests that run to their end.

use std::sync::Arc;

use bytes::Bytes;
use countersign_pages::Site;
use countersign_storage::Network;
use countersign_web::peer::PeerAddress;
use countersign_web::proxy::TrustedProxies;
use http::{HeaderValue, Request, Response, StatusCode, header};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_util::task::TaskTracker;

use super::PATIENCE;
use super::callers::Callers;
use super::share::{Place, Shares};
use crate::body::plain_refusal;

/// The site, and the requests that it answers at present.
///
/// A request that was read as a whole is answered whatever its connection does: a caller that hangs up must not leave half
/// of an act behind. So it is a task of its own, and the adapter only waits for it.
#[derive(Clone)]
pub struct Work {
    site: Arc<Site>,
    callers: Callers,
    room: Arc<Semaphore>,
    shares: Shares,
    tasks: TaskTracker,
}

impl Work {
    /// Answers for `site`, at most 512 requests at once, 64 of them for one network. Behind `proxies`, callers have the
    /// addresses that those tell. What one network can hold of connections and of requests is `times` as much.
    pub fn new(site: Arc<Site>, proxies: TrustedProxies, times: u32) -> Self {
        let callers = Callers::new(proxies, times);
        let shares = callers.shares(AT_ONCE);
        Work { site, callers, room: Arc::new(Semaphore::new(AT_ONCE)), shares, tasks: TaskTracker::new() }
    }

    pub(super) fn callers(&self) -> &Callers {
        &self.callers
    }

    /// Answers a request. When this is dropped before it is ready, the request is answered all the same.
    ///
    /// Where too many are being answered it waits; after [`PATIENCE`] the answer is 503, and nothing was done.
    pub async fn answer(&self, mut request: Request<Bytes>) -> Response<Bytes> {
        let mut network = None;
        if let Some(peer) = request.extensions().get::<PeerAddress>().copied() {
            let client = self.callers.client(peer, request.headers());
            network = self.callers.network(client);
            request.extensions_mut().insert(client);
        }
        let Ok(Some(room)) = timeout(PATIENCE, self.room(network)).await else {
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

    /// Of its own share first: who waits for that keeps nothing from others.
    async fn room(&self, network: Option<Network>) -> Option<Place> {
        let share = match network {
            Some(network) => Some(self.shares.wait(network).await?),
            None => None,
        };
        Some(Place::new(Arc::clone(&self.room).acquire_owned().await.ok()?, share))
    }

    /// When all that was begun is at its end. Nothing may begin any more.
    pub async fn finished(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }
}

const AT_ONCE: usize = 512;
