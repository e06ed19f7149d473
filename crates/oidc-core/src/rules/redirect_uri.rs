//! `redirect_uri` ([RFC 6749 §3.1.2], [RFC 9700 §2.1], [RFC 8252 §7.3]).
//!
//! Compared byte by byte, never parsed and never normalised. The one exception: the port of a loopback redirect URI of a
//! native client, which its operating system chooses.
//!
//! [RFC 6749 §3.1.2]: https://www.rfc-editor.org/rfc/rfc6749#section-3.1.2
//! [RFC 9700 §2.1]: https://www.rfc-editor.org/rfc/rfc9700#section-2.1
//! [RFC 8252 §7.3]: https://www.rfc-editor.org/rfc/rfc8252#section-7.3

use countersign_web::loopback;

use crate::client::{ApplicationType, Client};

/// Whether a client may have its users sent to `uri`.
pub fn is_registered(client: &Client, uri: &str) -> bool {
    client.redirect_uris.iter().any(|registered| {
        registered == uri
            || (client.application_type == ApplicationType::Native
                && loopback::without_port(registered)
                    .is_some_and(|registered| loopback::without_port(uri) == Some(registered)))
    })
}

/// Whether only its owner can receive what is sent to `uri`: https does that, a loopback port or a private-use scheme can
/// be taken by any program on the device ([RFC 8252 §8.6](https://www.rfc-editor.org/rfc/rfc8252#section-8.6)).
pub fn is_bound_to_owner(uri: &str) -> bool {
    uri.starts_with("https://")
}
