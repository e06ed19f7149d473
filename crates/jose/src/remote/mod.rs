//! One verifier that just works: an issuer and an audience in, verified claims out.
//!
//! ```no_run
//! # async fn example(fetch: impl countersign_jose::remote::Fetch + 'static, bearer: &str, now: i64)
//! #     -> Result<(), Box<dyn std::error::Error>> {
//! use countersign_jose::remote::Verifier;
//!
//! let verifier = Verifier::new("https://as.example", "https://api.example", fetch)?; // once, at start
//! let token = verifier.verify(bearer, now).await?;
//! println!("hello, {}", token.sub().unwrap_or_default());
//! # Ok(())
//! # }
//! ```
//!
//! [`Fetch`] is the port for HTTP, which `countersign-fetch` implements. There is no clock in here, no runtime and no
//! background task: `now` is an argument, and keys are renewed when a token asks for them.
//!
//! - [`Verifier`] judges tokens, and keeps those that passed ([`TokenCache`]).
//! - [`RemoteKeys`] finds an issuer's keys and keeps them ([`KeyCachePolicy`]); [`HeldKeys`] are the caller's own.
//! - [`VerifyError`] says whether the token is bad, or nothing is known about it.
//!
//! **A token that was revoked** is accepted until it expires, cached or not: nobody asks the issuer about single tokens here.
//! Who knows of revocations looks at the claims that come out, each time.

mod error;
mod fetch;
mod freshness;
mod held;
mod key_source;
mod keys;
mod metadata;
mod token_cache;
mod verifier;

pub use error::{InvalidVerifier, KeysUnavailable, VerifyError};
pub use fetch::{Fetch, FetchError, Fetched};
pub use freshness::KeyCachePolicy;
pub use held::HeldKeys;
pub use key_source::KeySource;
pub use keys::RemoteKeys;
pub use token_cache::TokenCache;
pub use verifier::Verifier;
