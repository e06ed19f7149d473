//! Outbound HTTP for those who must ask other servers: an issuer for the keys of others, a resource server for the keys
//! of its issuer, a client for a token.
//!
//! What is refused or left out, on purpose:
//! - redirects: a 3xx is an answer like any other, and nobody goes where it points;
//! - cookies, `Referer`, credentials in the URL, proxies named by environment variables;
//! - plain `http`, but for loopback hosts;
//! - answers that are longer than the bound, or later.
//!
//! One request is one connection. The documents fetched here are kept in caches by their readers, so a pool would hold
//! connections that nobody uses, and the address that a name resolves to is looked up where it is connected to.
//!
//! ```no_run
//! use countersign_fetch::{Limits, OutboundHttp};
//! use countersign_storage::{Destination, Fetch};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let fetch = OutboundHttp::new(Limits::default())?;
//! let keys = fetch.get(&"https://as.example/jwks".parse()?, Destination::Operator).await?;
//! assert_eq!(keys.status, 200);
//! # Ok(())
//! # }
//! ```
//!
//! With it, whoever has an issuer and an audience verifies tokens:
//!
//! ```no_run
//! use countersign_fetch::{Limits, OutboundHttp, now};
//! use countersign_jose::remote::Verifier;
//!
//! # async fn example(bearer: &str) -> Result<(), Box<dyn std::error::Error>> {
//! let verifier = Verifier::new("https://as.example", "https://api.example", OutboundHttp::new(Limits::default())?)?;
//! let token = verifier.verify(bearer, now()).await?;
//! # drop(token);
//! # Ok(())
//! # }
//! ```
#![forbid(unsafe_code)]

mod connection;
mod target;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use countersign_jose::remote;
use countersign_storage::{Clock, Destination, Fetch, FetchError, Fetched, SystemClock};
use http::{Method, Request, header};
use tokio_rustls::rustls;
use tokio_rustls::rustls::pki_types::CertificateDer;
use url::Url;

use crate::target::Target;

/// The client. Cloning shares its TLS configuration.
#[derive(Clone, Debug)]
pub struct OutboundHttp {
    tls: Arc<rustls::ClientConfig>,
    limits: Limits,
}

/// How much of an answer is read, and how long it is waited for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// The longest body, in bytes: 1 MiB by default.
    pub body: usize,
    /// The longest time from the name look-up to the last byte: 5 seconds by default.
    pub time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { body: 1024 * 1024, time: Duration::from_secs(5) }
    }
}

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrustError {
    /// A certificate was handed over that is none.
    #[error("a trust anchor is no certificate")]
    BadAnchor,
    /// The cryptographic library offers no safe protocol version.
    #[error("TLS is not available: {0}")]
    Tls(rustls::Error),
}

impl OutboundHttp {
    /// Trusts whom the operating system trusts.
    ///
    /// On a machine without trust anchors the client is made all the same; each `https` connection then fails.
    ///
    /// # Errors
    /// [`TrustError::Tls`].
    pub fn new(limits: Limits) -> Result<Self, TrustError> {
        let mut roots = rustls::RootCertStore::empty();
        // What is in the system's store and cannot be read is passed over, as every other program does.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        Self::trusting(roots, limits)
    }

    /// Trusts these anchors (DER) and nobody else.
    ///
    /// # Errors
    /// [`TrustError`].
    pub fn with_anchors(anchors: impl IntoIterator<Item = Vec<u8>>, limits: Limits) -> Result<Self, TrustError> {
        let mut roots = rustls::RootCertStore::empty();
        for anchor in anchors {
            roots.add(CertificateDer::from(anchor)).map_err(|_| TrustError::BadAnchor)?;
        }
        Self::trusting(roots, limits)
    }

    /// Sends one request and reads the whole answer.
    ///
    /// The request's URI must be absolute. `Host` and the framing headers are set here; the rest of the headers go as
    /// they are.
    ///
    /// # Errors
    /// [`FetchError`]. A status is no error: the caller decides what it means.
    pub async fn send(&self, request: Request<Bytes>) -> Result<Fetched, FetchError> {
        let url = Url::parse(&request.uri().to_string()).map_err(|_| FetchError::Refused("it is not absolute"))?;
        let target = Target::of(&url)?;
        tokio::time::timeout(self.limits.time, connection::exchange(&target, &self.tls, request, self.limits.body))
            .await
            .map_err(|_| FetchError::TimedOut)?
    }

    fn trusting(roots: rustls::RootCertStore, limits: Limits) -> Result<Self, TrustError> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let tls = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(TrustError::Tls)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(OutboundHttp { tls: Arc::new(tls), limits })
    }
}

/// The machine's clock, in seconds since the epoch: the `now` of whoever verifies tokens and has no clock of its own.
pub fn now() -> i64 {
    SystemClock.now().as_secs()
}

#[async_trait]
impl Fetch for OutboundHttp {
    async fn get(&self, url: &Url, destination: Destination) -> Result<Fetched, FetchError> {
        match destination {
            Destination::Operator => {}
            _ => return Err(FetchError::Refused("this client fetches only what the operator chose")),
        }
        self.document(url, None).await
    }
}

#[async_trait]
impl remote::Fetch for OutboundHttp {
    async fn get(&self, url: &Url, if_none_match: Option<&str>) -> Result<remote::Fetched, remote::FetchError> {
        let fetched = self.document(url, if_none_match).await.map_err(|error| match error {
            FetchError::Connection(reason) => remote::FetchError::Connection(reason),
            FetchError::Refused(reason) => remote::FetchError::Refused(reason.to_owned()),
            FetchError::TooLarge => remote::FetchError::TooLarge,
            FetchError::TimedOut => remote::FetchError::TimedOut,
            error => remote::FetchError::Connection(error.to_string()),
        })?;
        let answer = remote::Fetched::new(fetched.status.as_u16(), fetched.body);
        Ok(fetched.headers.iter().fold(answer, |answer, (name, value)| match value.to_str() {
            Ok(value) => answer.with_header(name.as_str(), value),
            Err(_) => answer,
        }))
    }
}

impl OutboundHttp {
    async fn document(&self, url: &Url, if_none_match: Option<&str>) -> Result<Fetched, FetchError> {
        let mut url = url.clone();
        url.set_fragment(None);
        let mut request =
            Request::builder().method(Method::GET).uri(url.as_str()).header(header::ACCEPT, "application/json");
        if let Some(tag) = if_none_match {
            request = request.header(header::IF_NONE_MATCH, tag);
        }
        let request =
            request.body(Bytes::new()).map_err(|_| FetchError::Refused("it is not a URL that HTTP can carry"))?;
        self.send(request).await
    }
}
