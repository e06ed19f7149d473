//! HTTP without a framework: a request with its whole body in, a response with its whole body out.

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};

/// Something that answers some paths: the issuer, the agent provider, the pages.
///
/// A framework reads the body (with a bound of its own), puts the peer's address (`PeerAddress` of `countersign-web`) into the
/// request's extensions, asks one `Endpoints` after the other, and answers 404 when none feels addressed.
///
/// # Cancellation
/// A request that was handed over must run to its end, whatever its connection does meanwhile: an act that is allowed,
/// recorded and half done helps nobody. The future that [`Endpoints::answer`] gives must therefore not be dropped before it is
/// ready. Many frameworks drop a handler when the caller hangs up; spawn the call as a task of its own, and only wait for it
/// in the handler. Bound how many run at once, and wait for them when the server ends.
#[async_trait]
pub trait Endpoints: Send + Sync {
    /// Answers, or hands the request back untouched when its path is not one of ours. A known path with the wrong method
    /// is ours: it is answered with 405.
    async fn answer(&self, request: Request<Bytes>) -> Result<Response<Bytes>, Request<Bytes>>;
}
