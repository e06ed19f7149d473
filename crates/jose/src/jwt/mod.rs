//! JSON Web Tokens ([RFC 7519], with the practices of [RFC 8725]).
//!
//! [`mint`] makes a token of a kind ([`Typ`]). [`Unverified::parse`] takes one apart and proves nothing;
//! [`Unverified::verify`] judges it against an [`Expect`] and gives a [`Verified`], the only way to its claims.
//!
//! Two kinds have entry points of their own: proofs that bring their key ([`dpop`]), and tokens
//! of any other kind under a shared secret ([`hmac`]).
//!
//! Beyond what [`jws`](crate::jws) refuses: a token of another kind, claims that are not an object, registered claims of
//! the wrong type, the wrong issuer or audience, times in the wrong order, too long a life, and the absence of what the
//! kind requires.
//!
//! **Times** are `NumericDate`s from 0 to 2^53. A fraction is allowed, as [RFC 7519 §2] asks, and cut off: a token
//! expires up to a second early, never late. `exp` is refused from `exp + leeway` on, `nbf` and `iat` until
//! `now + leeway`. Whatever the time, a token whose `exp` is not after its `iat` and its `nbf` is refused. The leeway is for
//! the difference between two clocks, so it is not added to the longest life, which runs from `iat` to `exp`.
//!
//! [RFC 7519]: https://www.rfc-editor.org/rfc/rfc7519
//! [RFC 7519 §2]: https://www.rfc-editor.org/rfc/rfc7519#section-2
//! [RFC 8725]: https://www.rfc-editor.org/rfc/rfc8725

pub mod dpop;
pub mod encrypted;
mod error;
mod expect;
pub mod hmac;
mod mint;
mod registered;
mod times;
mod typ;
mod verify;

pub use error::{MintError, TokenError};
pub use expect::{Expect, ExpectedAudience, ExpectedIssuer};
pub use mint::mint;
#[cfg(feature = "remote")]
pub(crate) use times::TimeRule;
pub use typ::Typ;
pub use verify::{Unverified, Verified};
