//! The issuer identifier ([RFC 8414 §2]): the one URL on which everything rests.
//!
//! A URL that is not in its normal form is refused: two spellings of one issuer would be two issuers to everybody who compares
//! byte by byte.
//!
//! [RFC 8414 §2]: https://www.rfc-editor.org/rfc/rfc8414#section-2

use url::Url;

use crate::loopback::is_loopback;

/// The issuer identifier, byte-exact, and what is derived from it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct IssuerUrl {
    issuer: String,
    origin: String,
    path: String,
    transport: Transport,
}

/// How browsers reach a server.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Transport {
    /// Over TLS: cookies are `Secure`.
    Https,
    /// In the clear, on this machine only: for development.
    Loopback,
}

impl Transport {
    /// The transport of an origin or an issuer: [`Transport::Https`] for `https://`.
    pub fn of(origin: &str) -> Self {
        if origin.starts_with("https://") { Transport::Https } else { Transport::Loopback }
    }
}

/// Why a URL is no issuer.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum IssuerUrlError {
    /// It is no URL in its normal form: lower-case host, no default port, no dot segments, no final slash.
    #[error("not a URL in its normal form without a final slash")]
    Form,
    /// It carries a query, a fragment or credentials.
    #[error("a query, a fragment or credentials are not allowed")]
    Parts,
    /// It is not `https`, and not `http` on a loopback host.
    #[error("https is needed everywhere but on a loopback host")]
    Scheme,
}

impl IssuerUrl {
    /// Checks an issuer.
    ///
    /// # Errors
    /// [`IssuerUrlError`].
    pub fn parse(issuer: &str) -> Result<Self, IssuerUrlError> {
        let url = Url::parse(issuer).map_err(|_| IssuerUrlError::Form)?;
        if url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() || url.password().is_some() {
            return Err(IssuerUrlError::Parts);
        }
        let transport = match url.scheme() {
            "https" => Transport::Https,
            "http" if is_loopback(&url) => Transport::Loopback,
            _ => return Err(IssuerUrlError::Scheme),
        };
        let origin = url.origin().ascii_serialization();
        let path = url.path().trim_end_matches('/');
        if format!("{origin}{path}") != issuer || path.contains("//") {
            return Err(IssuerUrlError::Form);
        }
        Ok(IssuerUrl { issuer: issuer.to_owned(), path: path.to_owned(), origin, transport })
    }

    /// The issuer as it was configured: the value of `iss`.
    pub fn as_str(&self) -> &str {
        &self.issuer
    }

    /// Scheme, host and port.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The path, without a final slash; empty for an issuer at the root.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// How browsers reach it.
    pub fn transport(&self) -> Transport {
        self.transport
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_is_https_or_loopback_and_in_its_normal_form() {
        for good in [
            "https://as.test",
            "https://as.test/api/auth",
            "https://as.test:8443",
            "http://localhost:3000/api/auth",
            "http://as.localhost:3000",
            "http://[::1]:1",
        ] {
            assert_eq!(IssuerUrl::parse(good).map(|url| url.issuer).as_deref(), Ok(good));
        }
        for (bad, error) in [
            ("as.test", IssuerUrlError::Form),
            ("https://as.test/", IssuerUrlError::Form),
            ("https://as.test/a/", IssuerUrlError::Form),
            ("https://AS.test", IssuerUrlError::Form),
            ("https://as.test:443", IssuerUrlError::Form),
            ("https://as.test/a/../b", IssuerUrlError::Form),
            ("https://as.test/a//b", IssuerUrlError::Form),
            (" https://as.test", IssuerUrlError::Form),
            ("https://as.test?x", IssuerUrlError::Parts),
            ("https://as.test#x", IssuerUrlError::Parts),
            ("https://me@as.test", IssuerUrlError::Parts),
            ("http://as.test", IssuerUrlError::Scheme),
            ("http://localhost.evil.test", IssuerUrlError::Scheme),
            ("ftp://as.test", IssuerUrlError::Scheme),
        ] {
            assert_eq!(IssuerUrl::parse(bad), Err(error), "{bad}");
        }
    }
}
