//! The port for outbound HTTP.

use async_trait::async_trait;
use bytes::Bytes;
use url::Url;

/// Fetches a document by GET.
///
/// # Security
/// An implementation follows no redirects, sends no credentials, bounds body and time, and ignores proxy settings of the
/// environment.
#[async_trait]
pub trait Fetch: Send + Sync {
    /// Fetches `url`.
    ///
    /// # Errors
    /// [`FetchError`]. A status other than 200 is no error here: the caller decides what it means.
    async fn get(&self, url: &Url, destination: Destination) -> Result<Fetched, FetchError>;
}

/// Who chose the URL; it decides how much it is trusted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Destination {
    /// Whoever runs this server, in its configuration: any address is fine.
    Operator,
}

/// A response.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fetched {
    /// The status.
    pub status: http::StatusCode,
    /// The headers.
    pub headers: http::HeaderMap,
    /// The whole body, at most 1 MiB.
    pub body: Bytes,
}

/// Why nothing was fetched.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// The URL must not be fetched.
    #[error("the URL must not be fetched: {0}")]
    Refused(&'static str),
    /// No connection, or it broke.
    #[error("the connection failed: {0}")]
    Connection(String),
    /// Longer than the bound.
    #[error("the response is too large")]
    TooLarge,
    /// No answer in time.
    #[error("the response took too long")]
    TimedOut,
}
