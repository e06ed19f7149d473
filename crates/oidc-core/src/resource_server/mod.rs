//! The resource server's side: is this bearer token good, and if not, what is the answer?
//!
//! [`Verifier`] checks access tokens ([RFC 9068]) with the issuer's published keys, which it keeps and renews by itself; the
//! issuer is not asked about single tokens. [`bearer`] takes the token out of a request ([RFC 6750 §2.1]), and refuses it in a query.
//! [`Challenge`] is the `WWW-Authenticate` answer ([RFC 6750 §3], with `resource_metadata` of [RFC 9728 §5.1]).
//!
//! ```no_run
//! use std::sync::Arc;
//! use countersign_oidc::resource_server::{BearerRefusal, Verifier, VerifyError};
//! # async fn example(fetch: Arc<dyn countersign_storage::Fetch>, request: http::Request<()>) -> Result<(), Box<dyn std::error::Error>> {
//! # let clock = Arc::new(countersign_storage::SystemClock);
//! let verifier = Verifier::new("https://as.example", "https://notes.example/api", fetch, clock)?;
//!
//! match verifier.verify_request(request.uri(), request.headers()).await {
//!     Ok(token) => {
//!         token.require_scope("notes:read")?;
//!         println!("hello, {}", token.subject());
//!     }
//!     Err(error) => drop(verifier.refuse(&error)), // 401, 403 or 503, ready to send
//! }
//! # Ok(())
//! # }
//! ```
//!
//! An access token is refused at the latest when it expires, 5 minutes after it was issued by default. Who needs refusal
//! at once asks the introspection endpoint, or knows of revocations and says so ([`Verifier::with_revocations`]).
//!
//! Tokens that passed are kept, so that the second time costs a hash and a look-up; that lengthens nothing, as each time
//! their times and their key are looked at again. [`TokenCache`] says how many, and [`Verifier::with_token_cache`] switches it off.
//!
//! [RFC 6750 §2.1]: https://www.rfc-editor.org/rfc/rfc6750#section-2.1
//! [RFC 6750 §3]: https://www.rfc-editor.org/rfc/rfc6750#section-3
//! [RFC 9068]: https://www.rfc-editor.org/rfc/rfc9068
//! [RFC 9728 §5.1]: https://www.rfc-editor.org/rfc/rfc9728#section-5.1

pub mod bearer;
mod challenge;
mod error;
mod fetch;
mod protected_resource_metadata;
mod verifier;

pub use challenge::Challenge;
pub use countersign_jose::remote::{InvalidVerifier, KeyCachePolicy, KeysUnavailable, TokenCache};
pub use error::{BearerRefusal, VerifyError};
pub use protected_resource_metadata::ProtectedResourceMetadata;
pub use verifier::{ActingParty, VerifiedToken, Verifier};
