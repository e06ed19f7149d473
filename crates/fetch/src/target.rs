//! Where a URL leads to: what is read from it before anything is connected.

use std::net::IpAddr;

use countersign_storage::FetchError;
use countersign_web::loopback::is_loopback_host;
use url::{Host, Url};

/// A URL that may be asked, taken apart.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Target {
    pub(crate) transport: Transport,
    /// A name, or an address without the brackets of IPv6.
    pub(crate) host: String,
    pub(crate) port: u16,
    /// The `Host` header: with brackets, without a default port.
    pub(crate) authority: String,
    /// Path and query.
    pub(crate) path: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Transport {
    /// `http`, to a loopback host.
    Plain,
    /// `https`.
    Tls,
}

impl Target {
    pub(crate) fn of(url: &Url) -> Result<Target, FetchError> {
        if !url.username().is_empty() || url.password().is_some() {
            return Err(FetchError::Refused("it carries credentials"));
        }
        let host = url.host().ok_or(FetchError::Refused("it names no host"))?;
        let transport = match url.scheme() {
            "https" => Transport::Tls,
            "http" if is_loopback_host(&host) => Transport::Plain,
            "http" => return Err(FetchError::Refused("plain http is for loopback hosts only")),
            _ => return Err(FetchError::Refused("its scheme is neither https nor http")),
        };
        let port = url.port_or_known_default().ok_or(FetchError::Refused("it names no port"))?;
        let authority = match url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_string(),
        };
        let path = match url.query() {
            Some(query) => format!("{}?{query}", url.path()),
            None => url.path().to_owned(),
        };
        let host = match host {
            Host::Domain(name) => name.to_owned(),
            Host::Ipv4(address) => IpAddr::V4(address).to_string(),
            Host::Ipv6(address) => IpAddr::V6(address).to_string(),
        };
        Ok(Target { transport, host, port, authority, path })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_taken_apart_once() {
        let target = Target::of(&"https://as.test/jwks?a=b#c".parse().unwrap()).unwrap();
        assert_eq!(
            target,
            Target {
                transport: Transport::Tls,
                host: "as.test".into(),
                port: 443,
                authority: "as.test".into(),
                path: "/jwks?a=b".into()
            }
        );
        let target = Target::of(&"http://[::1]:3000/".parse().unwrap()).unwrap();
        assert_eq!((target.host.as_str(), target.authority.as_str()), ("::1", "[::1]:3000"));
    }

    #[test]
    fn what_may_not_be_asked_is_refused_before_a_connection() {
        let refused = [
            "http://as.test/",
            "http://10.0.0.1/",
            "http://localhost.as.test/",
            "http://127.0.0.1.as.test/",
            "https://user@as.test/",
            "https://:password@as.test/",
            "ftp://localhost/",
            "file:///etc/hostname",
            "data:text/plain,x",
        ];
        for url in refused {
            let result = Target::of(&url.parse().unwrap());
            assert!(matches!(result, Err(FetchError::Refused(_))), "{url}: {result:?}");
        }
        for url in ["http://localhost/", "http://issuer.localhost:1/", "http://127.0.0.1/", "http://[::1]/"] {
            assert_eq!(Target::of(&url.parse().unwrap()).unwrap().transport, Transport::Plain, "{url}");
        }
    }
}
