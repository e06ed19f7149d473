//! HTTP without a framework: a request with its whole body in, a response with its whole body out.

use std::net::IpAddr;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};

/// Something that answers some paths: the issuer, the agent provider, the pages.
///
/// A framework reads the body (with a bound of its own), puts the [`PeerAddress`] into the request's extensions, asks one
/// `Endpoints` after the other, and answers 404 when none feels addressed.
#[async_trait]
pub trait Endpoints: Send + Sync {
    /// Answers, or hands the request back untouched when its path is not one of ours. A known path with the wrong method
    /// is ours: it is answered with 405.
    async fn answer(&self, request: Request<Bytes>) -> Result<Response<Bytes>, Request<Bytes>>;
}

/// From where a request came, as the framework knows it: put it into the request's extensions.
///
/// # Security
/// Limits per address rest on it. Take it from the connection; take it from a header only where a proxy that you run sets
/// that header.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct PeerAddress(pub IpAddr);
