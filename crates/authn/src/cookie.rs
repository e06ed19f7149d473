//! The session cookie.
//!
//! Refused: what [`CookieName::read`] refuses, and any value that is not of the shape that [`Secret::generate`] makes.

use countersign_storage::Secret;
use countersign_web::cookie::CookieName;
use countersign_web::issuer_url::Transport;
use http::HeaderMap;

/// What the session cookie is called at an origin or issuer: `__Host-countersign` on `https://`, `countersign` on loopback.
pub fn session_cookie(origin: &str) -> CookieName {
    CookieName::new("countersign", Transport::of(origin))
}

/// The secret in a cookie of a request. It proves nothing yet: [`crate::Authn::session`] looks it up.
pub fn read(headers: &HeaderMap, name: CookieName) -> Option<Secret> {
    Secret::presented(&name.read(headers)?)
}
