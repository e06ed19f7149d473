//! What is this machine, and so needs no TLS ([RFC 6761 §6.3], [RFC 8252 §7.3]).
//!
//! There are two questions, and the second is the narrower one:
//!
//! - [`is_loopback`]: does what is sent there stay on this machine? It is asked for issuers, pages and what we fetch.
//! - [`REDIRECT_ORIGINS`]: may an authorization code be sent there in the clear, to any port? It is asked for redirect URIs.
//!
//! [RFC 6761 §6.3]: https://www.rfc-editor.org/rfc/rfc6761#section-6.3
//! [RFC 8252 §7.3]: https://www.rfc-editor.org/rfc/rfc8252#section-7.3

use url::{Host, Url};

/// Whether a URL's host is this machine: `localhost` and what ends in `.localhost`, `127.0.0.0/8` and `[::1]`.
///
/// IPv4 addresses within IPv6 (`[::ffff:127.0.0.1]`) and `0.0.0.0` are not: systems differ in where they lead.
pub fn is_loopback(url: &Url) -> bool {
    url.host().is_some_and(|host| is_loopback_host(&host))
}

/// Whether a host is this machine, as [`is_loopback`] asks of a URL.
pub fn is_loopback_host<T: AsRef<str>>(host: &Host<T>) -> bool {
    match host {
        Host::Domain(name) => {
            let name = name.as_ref();
            name == "localhost" || name.ends_with(".localhost")
        }
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}

/// Whether a URL is `https`, or `http` on this machine.
pub fn is_trustworthy(url: &Url) -> bool {
    match url.scheme() {
        "https" => url.has_host(),
        "http" => is_loopback(url),
        _ => false,
    }
}

/// The origins, without a port, that an `http` redirect URI may have. Every other address is refused, also the rest of
/// `127.0.0.0/8`, which no client uses and which [RFC 8252 §7.3] does not name.
///
/// [RFC 8252 §7.3]: https://www.rfc-editor.org/rfc/rfc8252#section-7.3
pub const REDIRECT_ORIGINS: [&str; 3] = ["http://127.0.0.1", "http://[::1]", "http://localhost"];

/// The parts before and after the port of an `http` redirect URI on this machine; `None` for every other URI.
///
/// The URI is not normalised: redirect URIs are compared byte by byte, and only the port may differ.
pub fn without_port(uri: &str) -> Option<(&str, &str)> {
    let (origin, rest) =
        REDIRECT_ORIGINS.iter().find_map(|origin| Some((uri.get(..origin.len())?, uri.strip_prefix(origin)?)))?;
    let rest = match rest.strip_prefix(':') {
        None => rest,
        Some(port) => {
            let end = port.find(|c: char| !c.is_ascii_digit()).unwrap_or(port.len());
            let (digits, rest) = port.split_at(end);
            digits.parse::<u16>().ok()?;
            rest
        }
    };
    (rest.is_empty() || rest.starts_with(['/', '?'])).then_some((origin, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_stays_on_this_machine_by_name_or_by_address() {
        for url in ["http://localhost", "http://as.localhost:1", "http://127.0.0.1", "http://127.9.9.9", "http://[::1]"]
        {
            assert!(is_loopback(&url.parse().unwrap()), "{url}");
            assert!(is_trustworthy(&url.parse().unwrap()), "{url}");
        }
        for url in [
            "http://10.0.0.1",
            "http://0.0.0.0",
            "http://[::ffff:127.0.0.1]",
            "http://[::]",
            "http://169.254.1.1",
            "http://localhost.evil.test",
            "http://notlocalhost",
            "http://127.0.0.1.evil.test",
            "ftp://as.test",
            "data:text/plain,localhost",
        ] {
            assert!(!is_loopback(&url.parse().unwrap()), "{url}");
            assert!(!is_trustworthy(&url.parse().unwrap()), "{url}");
        }
        assert!(!is_trustworthy(&"ftp://localhost".parse().unwrap()));
        assert!(is_trustworthy(&"https://10.0.0.1".parse().unwrap()));
    }

    #[test]
    fn only_the_port_of_a_loopback_redirect_uri_is_passed_over() {
        for (uri, parts) in [
            ("http://127.0.0.1/cb", Some(("http://127.0.0.1", "/cb"))),
            ("http://127.0.0.1:0/cb", Some(("http://127.0.0.1", "/cb"))),
            ("http://[::1]:65535?x", Some(("http://[::1]", "?x"))),
            ("http://localhost:8080", Some(("http://localhost", ""))),
            ("http://localhost:65536/cb", None),
            ("http://localhost:/cb", None),
            ("http://localhost:1@evil.test/cb", None),
            ("http://localhost.evil.test/cb", None),
            ("http://127.0.0.2/cb", None),
            ("http://10.0.0.1/cb", None),
            ("https://localhost/cb", None),
        ] {
            assert_eq!(without_port(uri), parts, "{uri}");
        }
    }
}
