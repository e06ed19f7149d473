//! The caller's address behind proxies ([RFC 7239], `X-Forwarded-For`).
//!
//! Anybody can write these headers. A proxy adds to the right end whom it heard the request from, so the list is read from
//! there, and only as far as proxies that the operator named vouch for it.
//!
//! [RFC 7239]: https://www.rfc-editor.org/rfc/rfc7239

use std::net::{IpAddr, SocketAddr};

use http::HeaderMap;
use http::header::{FORWARDED, HeaderName};
use ipnet::IpNet;

use crate::peer::PeerAddress;
use crate::white_space::trim;

/// The proxies that an operator runs, and the header that they write.
///
/// # Security
/// Only one header is read, because a proxy that writes the one passes on what a stranger wrote into the other. Whoever can
/// reach the server from a network that is named here can pretend to be any address.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct TrustedProxies {
    networks: Vec<IpNet>,
    header: ProxyHeader,
}

/// Where a proxy writes whom it heard a request from.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum ProxyHeader {
    /// `Forwarded` ([RFC 7239 §4](https://www.rfc-editor.org/rfc/rfc7239#section-4)).
    Forwarded,
    /// `X-Forwarded-For`, which most proxies write.
    #[default]
    XForwardedFor,
}

/// An entry of the list is neither an address nor a network.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("it is not a list of addresses and networks, like 127.0.0.1, 10.0.0.0/8")]
pub struct NotANetwork;

impl TrustedProxies {
    /// Reads a list of addresses and networks, with commas between them. An empty one trusts nobody.
    ///
    /// # Errors
    /// [`NotANetwork`].
    pub fn parse(list: &str, header: ProxyHeader) -> Result<Self, NotANetwork> {
        let entries = list.split(',').map(str::trim).filter(|entry| !entry.is_empty());
        let network = |entry: &str| match entry.parse::<IpAddr>() {
            Ok(address) => Ok(IpNet::from(address.to_canonical())),
            Err(_) => entry.parse().map_err(|_| NotANetwork).and_then(canonical),
        };
        Ok(TrustedProxies { networks: entries.map(network).collect::<Result<_, _>>()?, header })
    }

    /// Whom a request comes from: the right-most address that is not one of a trusted proxy. Where the list ends, or holds
    /// something that is not an address, it is the last proxy before that.
    pub fn client(&self, peer: PeerAddress, headers: &HeaderMap) -> PeerAddress {
        if !self.trusts(peer) {
            return peer;
        }
        let mut client = peer;
        for address in self.chain(headers).into_iter().rev() {
            let Some(address) = address else { break };
            client = PeerAddress(address);
            if !self.trusts(client) {
                break;
            }
        }
        client
    }

    /// Whether it is one of the proxies.
    pub fn trusts(&self, peer: PeerAddress) -> bool {
        let address = peer.0.to_canonical();
        self.networks.iter().any(|network| network.contains(&address))
    }

    /// From left to right; `None` for what is no address.
    fn chain(&self, headers: &HeaderMap) -> Vec<Option<IpAddr>> {
        let name = match self.header {
            ProxyHeader::Forwarded => FORWARDED,
            ProxyHeader::XForwardedFor => HeaderName::from_static("x-forwarded-for"),
        };
        // A line that is no text is an entry that is no address.
        let lines = headers.get_all(name).iter().map(|line| line.to_str().unwrap_or("?"));
        match self.header {
            ProxyHeader::Forwarded => lines.flat_map(|line| split(line, ',')).map(forwarded_for).collect(),
            ProxyHeader::XForwardedFor => lines.flat_map(|line| line.split(',')).map(address).collect(),
        }
    }
}

/// Peers are compared by their canonical address, so networks of IPv4 that are written as IPv6 become IPv4.
fn canonical(network: IpNet) -> Result<IpNet, NotANetwork> {
    match network.addr().to_canonical() {
        IpAddr::V4(address) if network.max_prefix_len() == IPV6_BITS => {
            let prefix = network.prefix_len().checked_sub(MAPPED_BITS).ok_or(NotANetwork)?;
            IpNet::new(address.into(), prefix).map_err(|_| NotANetwork)
        }
        _ => Ok(network),
    }
}

/// The address in `for=`, which must be there once.
fn forwarded_for(element: &str) -> Option<IpAddr> {
    let pairs = split(element, ';').into_iter().filter_map(|pair| pair.split_once('='));
    let mut values = pairs.filter(|(name, _)| trim(name).eq_ignore_ascii_case("for")).map(|(_, value)| trim(value));
    let (value, None) = (values.next()?, values.next()) else { return None };
    let value = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(value);
    // IPv6 is in brackets here; a bare one is not in the grammar.
    if value.starts_with('[') || !value.contains("::") { address(value) } else { None }
}

/// An address, perhaps with a port: `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:80`.
fn address(text: &str) -> Option<IpAddr> {
    let text = trim(text);
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).filter(|inner| inner.contains(':'));
    let address = bare.unwrap_or(text).parse::<IpAddr>().ok();
    address.or_else(|| text.parse::<SocketAddr>().ok().map(|socket| socket.ip())).map(|address| address.to_canonical())
}

/// At `separator`, but not within quotation marks.
fn split(text: &str, separator: char) -> Vec<&str> {
    let (mut quoted, mut escaped) = (false, false);
    text.split(|c: char| {
        let was_escaped = std::mem::replace(&mut escaped, false);
        match c {
            '"' if !was_escaped => quoted = !quoted,
            '\\' if quoted && !was_escaped => escaped = true,
            _ => {}
        }
        c == separator && !quoted
    })
    .collect()
}

const IPV6_BITS: u8 = 128;
/// What stands before an IPv4 address that is written as IPv6.
const MAPPED_BITS: u8 = 96;

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn client(header: ProxyHeader, peer: &str, lines: &[&str]) -> String {
        let proxies = TrustedProxies::parse("127.0.0.1, 10.0.0.0/8,2001:db8:f::/48", header).unwrap();
        let name = match header {
            ProxyHeader::Forwarded => "forwarded",
            ProxyHeader::XForwardedFor => "x-forwarded-for",
        };
        let headers = lines
            .iter()
            .map(|line| (HeaderName::from_static(name), HeaderValue::from_bytes(line.as_bytes()).unwrap()))
            .collect();
        proxies.client(PeerAddress(peer.parse().unwrap()), &headers).0.to_string()
    }

    #[test]
    fn a_list_is_read_from_the_right_end_and_only_as_far_as_trusted_proxies_vouch_for_it() {
        let read = |peer, lines: &[&str]| client(ProxyHeader::XForwardedFor, peer, lines);
        for (peer, lines, expected) in [
            ("192.0.2.9", &["203.0.113.1"][..], "192.0.2.9"),
            ("10.0.0.1", &[], "10.0.0.1"),
            ("10.0.0.1", &["203.0.113.1"], "203.0.113.1"),
            ("10.0.0.1", &["198.51.100.66, 203.0.113.1"], "203.0.113.1"),
            ("10.0.0.1", &["198.51.100.66", "203.0.113.1,10.1.2.3"], "203.0.113.1"),
            ("::ffff:10.0.0.1", &["203.0.113.1"], "203.0.113.1"),
            ("10.0.0.1", &["::ffff:203.0.113.1"], "203.0.113.1"),
            ("10.0.0.1", &["203.0.113.1:4711"], "203.0.113.1"),
            ("10.0.0.1", &["[2001:db8::1]:4711"], "2001:db8::1"),
            ("10.0.0.1", &["2001:db8::1"], "2001:db8::1"),
            ("2001:db8:f::1", &["2001:db8::1"], "2001:db8::1"),
            ("10.0.0.1", &["203.0.113.1, unknown"], "10.0.0.1"),
            ("10.0.0.1", &["203.0.113.1, "], "10.0.0.1"),
            ("10.0.0.1", &["203.0.113.1", "ü"], "10.0.0.1"),
            ("10.0.0.1", &["203.0.113.1,\t10.1.2.3 "], "203.0.113.1"),
            ("10.0.0.1", &["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
        ] {
            assert_eq!(read(peer, lines), expected, "{peer} {lines:?}");
        }
    }

    #[test]
    fn forwarded_is_read_by_its_grammar() {
        let read = |lines: &[&str]| client(ProxyHeader::Forwarded, "10.0.0.1", lines);
        for (lines, expected) in [
            (&["for=203.0.113.1"][..], "203.0.113.1"),
            (&["For=\"203.0.113.1:80\";proto=https;by=10.0.0.1"], "203.0.113.1"),
            (&["for=\"[2001:db8::1]:80\""], "2001:db8::1"),
            (&["for=198.51.100.66, for=203.0.113.1;host=\"a,b;for=1.2.3.4\""], "203.0.113.1"),
            (&["for=198.51.100.66", "for=203.0.113.1, for=10.9.9.9"], "203.0.113.1"),
            (&["for=_hidden"], "10.0.0.1"),
            (&["for=unknown, for=10.0.0.2"], "10.0.0.2"),
            (&["proto=https"], "10.0.0.1"),
            (&["for=203.0.113.1;for=203.0.113.2"], "10.0.0.1"),
            (&["for=2001:db8::1"], "10.0.0.1"),
        ] {
            assert_eq!(read(lines), expected, "{lines:?}");
        }
    }

    #[test]
    fn only_the_header_that_was_named_is_read() {
        let proxies = TrustedProxies::parse("10.0.0.1", ProxyHeader::Forwarded).unwrap();
        let headers = HeaderMap::from_iter([(
            HeaderName::from_static("x-forwarded-for"),
            HeaderValue::from_static("203.0.113.1"),
        )]);
        let peer = PeerAddress("10.0.0.1".parse().unwrap());
        assert_eq!(proxies.client(peer, &headers), peer);
    }

    #[test]
    fn a_list_of_proxies_has_addresses_and_networks() {
        let parse = |list| TrustedProxies::parse(list, ProxyHeader::Forwarded);
        assert_eq!(parse(""), Ok(TrustedProxies { header: ProxyHeader::Forwarded, ..TrustedProxies::default() }));
        for bad in ["proxy.test", "10.0.0.0/33", "10.0.0.1 10.0.0.2", "10.0.0", "*", "::ffff:10.0.0.0/95"] {
            assert_eq!(parse(bad), Err(NotANetwork), "{bad}");
        }
    }

    #[test]
    fn ipv4_written_as_ipv6_is_ipv4_in_addresses_and_in_networks() {
        for (list, trusted, other) in [
            ("::ffff:10.0.0.1", "10.0.0.1", "10.0.0.2"),
            ("::ffff:10.0.0.0/104", "10.255.0.1", "11.0.0.1"),
            ("::ffff:10.1.0.0/112", "10.1.2.3", "10.2.0.1"),
            ("::ffff:0:0/96", "203.0.113.1", "2001:db8::1"),
            ("2001:db8::/32", "2001:db8::1", "10.0.0.1"),
        ] {
            let proxies = TrustedProxies::parse(list, ProxyHeader::Forwarded).unwrap();
            let trusts = |address: &str| proxies.trusts(PeerAddress(address.parse().unwrap()));
            assert!(trusts(trusted) && !trusts(other), "{list}");
        }
        let proxies = TrustedProxies::parse("10.0.0.0/8", ProxyHeader::Forwarded).unwrap();
        assert!(proxies.trusts(PeerAddress("::ffff:10.0.0.1".parse().unwrap())));
    }
}
