//! Mistakes in the configuration, and the one URL on which everything rests.

use url::{Host, Url};

/// A configuration that would not be safe, or that could not work. It names the setting and never a secret.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// `issuer` is no URL in its normal form: lower-case host, no default port, no dot segments, no final slash.
    #[error("issuer: not a URL in its normal form without a final slash")]
    IssuerForm,
    /// `issuer` carries a query, a fragment or credentials ([RFC 8414 §2]).
    #[error("issuer: a query, a fragment or credentials are not allowed")]
    IssuerParts,
    /// `issuer` is not `https`, and not `http` on a loopback host.
    #[error("issuer: https is needed everywhere but on a loopback host")]
    IssuerScheme,
    /// Two routes have the same path, or one does not begin with a slash.
    #[error("routes: {0} is not a path of its own")]
    Route(String),
    /// A page's path does not begin with exactly one slash, or carries a query or a fragment.
    #[error("pages: {0} is not a path")]
    Page(String),
    /// A setting of the policy contradicts another, or a standard.
    #[error("policy.{setting}: {reason}")]
    Policy {
        /// The field.
        setting: &'static str,
        /// What is wrong with it.
        reason: &'static str,
    },
}

/// The issuer identifier, byte-exact, and what is derived from it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct IssuerUrl {
    /// As configured: the value of `iss`.
    pub(crate) issuer: String,
    /// Scheme, host and port.
    pub(crate) origin: String,
    /// The path, without a final slash; empty for an issuer at the root.
    pub(crate) path: String,
    /// Whether cookies can be `Secure`.
    pub(crate) transport: Transport,
}

/// How browsers reach the issuer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Transport {
    /// Over TLS.
    Https,
    /// In the clear, on this machine only.
    Loopback,
}

impl IssuerUrl {
    pub(crate) fn parse(issuer: &str) -> Result<Self, ConfigError> {
        let url = Url::parse(issuer).map_err(|_| ConfigError::IssuerForm)?;
        if url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() || url.password().is_some() {
            return Err(ConfigError::IssuerParts);
        }
        let transport = match url.scheme() {
            "https" => Transport::Https,
            "http" if is_loopback(&url) => Transport::Loopback,
            _ => return Err(ConfigError::IssuerScheme),
        };
        let origin = url.origin().ascii_serialization();
        let path = url.path().trim_end_matches('/');
        if format!("{origin}{path}") != issuer || path.contains("//") {
            return Err(ConfigError::IssuerForm);
        }
        Ok(IssuerUrl { issuer: issuer.to_owned(), path: path.to_owned(), origin, transport })
    }
}

/// Whether a URL's host is this machine, by name or by address.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_is_https_or_loopback_and_in_its_normal_form() {
        for good in ["https://as.test", "https://as.test/api/auth", "http://localhost:3000/api/auth", "http://[::1]:1"]
        {
            assert_eq!(IssuerUrl::parse(good).map(|url| url.issuer).as_deref(), Ok(good));
        }
        for (bad, error) in [
            ("as.test", ConfigError::IssuerForm),
            ("https://as.test/", ConfigError::IssuerForm),
            ("https://AS.test", ConfigError::IssuerForm),
            ("https://as.test:443", ConfigError::IssuerForm),
            ("https://as.test/a/../b", ConfigError::IssuerForm),
            ("https://as.test/a//b", ConfigError::IssuerForm),
            ("https://as.test?x", ConfigError::IssuerParts),
            ("https://as.test#x", ConfigError::IssuerParts),
            ("https://me@as.test", ConfigError::IssuerParts),
            ("http://as.test", ConfigError::IssuerScheme),
            ("http://localhost.evil.test", ConfigError::IssuerScheme),
            ("ftp://as.test", ConfigError::IssuerScheme),
        ] {
            assert_eq!(IssuerUrl::parse(bad), Err(error), "{bad}");
        }
    }
}
