//! From where somebody signs up or in.

use std::net::IpAddr;

use countersign_storage::Secret;

/// From where a person signs up or in.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Context {
    /// The address of the peer, from [`countersign_web::peer::PeerAddress`]. Without it there is no limit for the address. The
    /// limit for the account holds all the same.
    pub peer: Option<IpAddr>,
    /// The `User-Agent` header, to be shown in the list of sessions.
    pub user_agent: Option<String>,
    /// The session cookie that the browser sent, if any. That session ends on the server. Otherwise a cookie that somebody
    /// planted before could become the person's ([`crate::cookie::read`]).
    pub previous: Option<Secret>,
    /// What [`crate::Authn::set_device_cookie`] once gave to the browser ([`crate::Authn::device`]). It opens nothing.
    pub device: Option<String>,
}
