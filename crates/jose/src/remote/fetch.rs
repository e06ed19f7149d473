//! The port for documents of other servers, and what of an answer matters here.

use std::sync::Arc;

use async_trait::async_trait;
use url::Url;

/// Fetches a document by GET.
///
/// # Security
/// What it must do, and what it costs if it does not:
/// - follow no redirects: whoever can bend one answer of the issuer's server chooses the keys, or has this process ask
///   servers that only it can reach;
/// - send no credentials and no cookies: they would go wherever metadata points;
/// - verify certificates, and use plain `http` for loopback hosts only: whoever sits on the path is the issuer otherwise;
/// - read at most 1 MiB: a body without an end takes the memory of the process;
/// - give up after some seconds: all who wait for the keys wait as long.
#[async_trait]
pub trait Fetch: Send + Sync {
    /// Fetches `url`. With `if_none_match`, which is an entity tag of an earlier answer, the server may answer 304 without
    /// a body ([RFC 9110 §13.1.2]); an implementation may leave the tag out of its request.
    ///
    /// # Errors
    /// [`FetchError`]. A status is no error here: the caller decides what it means.
    ///
    /// [RFC 9110 §13.1.2]: https://www.rfc-editor.org/rfc/rfc9110#section-13.1.2
    async fn get(&self, url: &Url, if_none_match: Option<&str>) -> Result<Fetched, FetchError>;
}

#[async_trait]
impl<F: Fetch + ?Sized> Fetch for Arc<F> {
    async fn get(&self, url: &Url, if_none_match: Option<&str>) -> Result<Fetched, FetchError> {
        self.as_ref().get(url, if_none_match).await
    }
}

/// An answer to a fetch, whatever its status.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fetched {
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
    pub(super) age: Option<String>,
    pub(super) cache_control: Option<String>,
    pub(super) date: Option<String>,
    pub(super) etag: Option<String>,
    pub(super) expires: Option<String>,
}

impl Fetched {
    /// An answer with this status and body, so far without headers.
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Fetched { status, body: body.into(), ..Fetched::default() }
    }

    /// Adds a header field. Hand over all that came: those that caching does not ask for are passed over.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        let field = match () {
            () if name.eq_ignore_ascii_case("age") => &mut self.age,
            () if name.eq_ignore_ascii_case("cache-control") => {
                // A list, which may come in several lines (RFC 9110 §5.3).
                match &mut self.cache_control {
                    Some(so_far) => {
                        so_far.push_str(", ");
                        so_far.push_str(value);
                    }
                    none => *none = Some(value.to_owned()),
                }
                return self;
            }
            () if name.eq_ignore_ascii_case("date") => &mut self.date,
            () if name.eq_ignore_ascii_case("etag") => &mut self.etag,
            () if name.eq_ignore_ascii_case("expires") => &mut self.expires,
            () => return self,
        };
        // Of several lines of a field that is no list, the first counts (RFC 9111 §5.1).
        field.get_or_insert_with(|| value.to_owned());
        self
    }

    /// The HTTP status, as the server sent it.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The whole body.
    pub fn body(&self) -> &[u8] {
        &self.body
    }
}

/// Why nothing was fetched.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// No connection, or it broke.
    #[error("the connection failed: {0}")]
    Connection(String),
    /// The URL is one that must not be fetched.
    #[error("the URL must not be fetched: {0}")]
    Refused(String),
    /// No answer in time.
    #[error("the response took too long")]
    TimedOut,
    /// Longer than the bound.
    #[error("the response is too large")]
    TooLarge,
}
