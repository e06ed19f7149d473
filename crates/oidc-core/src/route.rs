//! One endpoint of the issuer, as a row of its table of routes.

use std::future::Future;
use std::pin::Pin;

use bytes::Bytes;
use countersign_web::route::Row;
use http::{Request, Response};

use crate::issuer::Issuer;
use crate::metadata::Metadata;

/// A row of the issuer's table.
pub(crate) type Route<'p> = Row<'p, Endpoint>;

/// A response on its way.
pub(crate) type Answering<'a> = Pin<Box<dyn Future<Output = Response<Bytes>> + Send + 'a>>;

/// What an endpoint is beside its place.
pub(crate) struct Endpoint {
    /// Answers.
    pub(crate) answer: for<'a> fn(&'a Issuer, Request<Bytes>) -> Answering<'a>,
    /// Says in the metadata that it is there; the text is its URL.
    pub(crate) describe: fn(&Issuer, String, &mut Metadata),
}
