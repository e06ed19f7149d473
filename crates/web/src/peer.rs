//! From where a request came.

use std::net::IpAddr;
use std::sync::Once;

use http::Extensions;

/// From where a request came, as the framework knows it: put it into the request's extensions.
///
/// # Security
/// Limits per address rest on it. Take it from the connection; take it from a header only where a proxy
/// that you run sets that header.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct PeerAddress(pub IpAddr);

impl PeerAddress {
    /// The address of a request. Without one there is no limit per address; that is said in the log, once.
    pub fn of(extensions: &Extensions) -> Option<Self> {
        static SAID: Once = Once::new();
        let peer = extensions.get::<PeerAddress>().copied();
        if peer.is_none() {
            SAID.call_once(|| {
                tracing::warn!("requests come without a PeerAddress: limits per address do not hold");
            });
        }
        peer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_what_the_framework_put_there() {
        let mut extensions = Extensions::new();
        assert_eq!(PeerAddress::of(&extensions), None);
        let peer = PeerAddress("192.0.2.1".parse().unwrap());
        extensions.insert(peer);
        assert_eq!(PeerAddress::of(&extensions), Some(peer));
    }
}
