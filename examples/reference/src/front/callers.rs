//! Whom requests come from, and which of them have a share.

use std::sync::Arc;

use countersign_storage::Network;
use countersign_web::peer::PeerAddress;
use countersign_web::proxy::TrustedProxies;
use http::HeaderMap;

use super::share::Shares;

/// Everybody who calls, as the operator sees them.
#[derive(Clone, Debug)]
pub(super) struct Callers {
    proxies: Arc<TrustedProxies>,
    times: u32,
}

impl Callers {
    /// Behind `proxies`, callers have the addresses that those tell. Shares are `times` as large.
    pub(super) fn new(proxies: TrustedProxies, times: u32) -> Self {
        Callers { proxies: Arc::new(proxies), times }
    }

    /// Whom a request comes from.
    pub(super) fn client(&self, peer: PeerAddress, headers: &HeaderMap) -> PeerAddress {
        self.proxies.client(peer, headers)
    }

    /// Whose share it is; `None` for a trusted proxy, which stands for many.
    pub(super) fn network(&self, peer: PeerAddress) -> Option<Network> {
        (!self.proxies.trusts(peer)).then(|| Network::of(peer.0))
    }

    /// The shares in so many places.
    pub(super) fn shares(&self, places: usize) -> Shares {
        Shares::of(places, self.times)
    }
}
