//! `redirect_uri` ([RFC 6749 §3.1.2], [RFC 9700 §2.1], [RFC 8252 §7.3]).
//!
//! Compared byte by byte, never parsed and never normalised. The one exception: the port of a loopback redirect URI of a
//! native client, which its operating system chooses.

use crate::client::{ApplicationType, Client};

/// Whether a client may have its users sent to `uri`.
pub fn is_registered(client: &Client, uri: &str) -> bool {
    client.redirect_uris.iter().any(|registered| {
        registered == uri
            || (client.application_type == ApplicationType::Native
                && without_loopback_port(registered)
                    .is_some_and(|registered| without_loopback_port(uri) == Some(registered)))
    })
}

/// The parts before and after the port of an `http` URI on a loopback host; `None` for every other URI.
fn without_loopback_port(uri: &str) -> Option<(&str, &str)> {
    const HOSTS: [&str; 3] = ["http://127.0.0.1", "http://[::1]", "http://localhost"];
    let host = HOSTS.into_iter().find(|host| uri.starts_with(host))?;
    let rest = uri.strip_prefix(host)?;
    let rest = match rest.strip_prefix(':') {
        None => rest,
        Some(rest) => {
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            let (port, rest) = rest.split_at_checked(digits)?;
            port.parse::<u16>().ok()?;
            rest
        }
    };
    (rest.is_empty() || rest.starts_with(['/', '?'])).then_some((host, rest))
}

/// Whether only its owner can receive what is sent to `uri`: https does that, a loopback port or a private-use scheme can
/// be taken by any program on the device ([RFC 8252 §8.6]).
pub fn is_bound_to_owner(uri: &str) -> bool {
    uri.starts_with("https://")
}
