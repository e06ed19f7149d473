//! One endpoint of the provider, as a row of its table of routes.

use std::future::Future;
use std::pin::Pin;

use bytes::Bytes;
use countersign_storage::Stopped;
use countersign_web::route::Row;
use http::Request;

use crate::AgentProvider;
use crate::refusal::Refusal;
use crate::respond::Answer;

/// A row of the provider's table.
pub(crate) type Route = Row<'static, Endpoint>;

/// An answer on its way.
pub(crate) type Answering<'a> = Pin<Box<dyn Future<Output = Result<Answer, Stopped<Refusal>>> + Send + 'a>>;

/// What an endpoint is beside its place.
pub(crate) struct Endpoint {
    /// Its name among the `endpoints` of discovery. The document itself has none there.
    pub(crate) name: Option<&'static str>,
    /// Answers.
    pub(crate) answer: for<'a> fn(&'a AgentProvider, &'a Request<Bytes>) -> Answering<'a>,
}
