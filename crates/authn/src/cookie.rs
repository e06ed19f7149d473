//! The session cookie ([RFC 6265bis §4.1]).
//!
//! Refused: a second cookie of the name in one request (somebody else set one of the two), and any value that is not of
//! the shape that [`Secret::generate`] makes.

use std::time::Duration;

use countersign_storage::Secret;
use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};

/// What the session cookie is called: it depends on the origin.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CookieName {
    /// `__Host-countersign`: `Secure`, and no other host can set it ([RFC 6265bis §4.1.3.2]).
    HostPrefixed,
    /// `countersign`, on `http://` at a loopback host, where there is no `Secure`: for development.
    Loopback,
}

impl CookieName {
    /// The name for an origin or issuer: the prefixed one for `https://`.
    pub fn for_origin(origin: &str) -> Self {
        if origin.starts_with("https://") { CookieName::HostPrefixed } else { CookieName::Loopback }
    }

    /// The name.
    pub const fn as_str(self) -> &'static str {
        match self {
            CookieName::HostPrefixed => "__Host-countersign",
            CookieName::Loopback => "countersign",
        }
    }

    const fn attributes(self) -> &'static str {
        match self {
            CookieName::HostPrefixed => "Path=/; Secure; HttpOnly; SameSite=Lax",
            CookieName::Loopback => "Path=/; HttpOnly; SameSite=Lax",
        }
    }
}

/// The session cookie of a request. It proves nothing yet: [`crate::Authn::session`] looks it up.
pub fn read(headers: &HeaderMap, name: CookieName) -> Option<Secret> {
    let mut found = headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|header| header.to_str().ok())
        .flat_map(|header| header.split(';'))
        .filter_map(|pair| pair.trim_matches([' ', '\t']).split_once('='))
        .filter(|(found, _)| *found == name.as_str());
    let (_, value) = found.next()?;
    let shaped = value.len() == SECRET_CHARACTERS
        && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
    (shaped && found.next().is_none()).then(|| Secret::new(value))
}

/// The `Set-Cookie` value that gives `secret` to the browser for `lifetime` (whole seconds).
pub fn set(name: CookieName, secret: &Secret, lifetime: Duration) -> HeaderValue {
    let cookie =
        format!("{}={}; Max-Age={}; {}", name.as_str(), secret.expose(), lifetime.as_secs(), name.attributes());
    sensitive(&cookie)
}

/// The `Set-Cookie` value that takes the cookie away.
pub fn clear(name: CookieName) -> HeaderValue {
    sensitive(&format!("{}=; Max-Age=0; {}", name.as_str(), name.attributes()))
}

/// Marked so that `Debug` of a response does not show it.
fn sensitive(cookie: &str) -> HeaderValue {
    // Only a secret that did not come from here can hold a character that a header can not; such a cookie is not set.
    let mut value = HeaderValue::from_str(cookie).unwrap_or(HeaderValue::from_static(""));
    value.set_sensitive(true);
    value
}

/// 256 bits in base64url.
const SECRET_CHARACTERS: usize = 43;
