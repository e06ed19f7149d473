//! Strict JSON Web Signatures, Encryption, Keys and Tokens.
//!
//! This crate parses, verifies and mints compact JWS ([RFC 7515]) with RS256 to RS512, PS256 to PS512, ES256, ES384, ES512
//! and EdDSA (Ed25519), and ML-DSA where the feature `ml-dsa` is on ([RFC 9964]); it reads and writes public keys
//! ([RFC 7517]), key sets and thumbprints ([RFC 7638]), and knows the token profiles that Countersign uses ([`jwt::Typ`]),
//! so that a token of one kind is never taken for another ([RFC 8725 §3.11]).
//!
//! It has no clock (every judgement takes `now`, in seconds since the epoch) and does no I/O: [`remote`], for whoever has an
//! issuer's URL and an audience, asks a port for documents. It offers no `none`, keeps MACs apart from signatures
//! ([`jws::hmac`]), follows no key reference out of a header, and accepts exactly one reading of any input: duplicate JSON
//! members, spare base64 bits, padding and trailing bytes are errors.
//!
//! ```
//! use countersign_jose::{Algorithm, SigningKey, jwt};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! #[derive(serde::Serialize, serde::Deserialize)]
//! struct Claims {
//!     iss: String,
//!     sub: String,
//!     aud: String,
//!     exp: i64,
//!     iat: i64,
//!     jti: String,
//! }
//! let now = 1_700_000_000;
//! let key = SigningKey::generate(Algorithm::EdDSA)?;
//! let claims = Claims {
//!     iss: "https://as.test".into(),
//!     sub: "alice".into(),
//!     aud: "https://api.test".into(),
//!     exp: now + 300,
//!     iat: now,
//!     jti: "1".into(),
//! };
//! let token = jwt::mint(&key, jwt::Typ::AccessToken, &claims)?;
//!
//! let expect = jwt::Expect::new(
//!     jwt::Typ::AccessToken,
//!     jwt::ExpectedIssuer::Exactly("https://as.test"),
//!     jwt::ExpectedAudience::AnyOf(&["https://api.test"]),
//! );
//! let verified = jwt::Unverified::parse(&token)?.verify::<Claims>(&key.verifying_key(), &expect, now)?;
//! assert_eq!(verified.claims().sub, "alice");
//! # Ok(())
//! # }
//! ```
//!
//! Keys come and go as JWK, PEM and DER. Other forms of JWS than the compact one have entry points of their own
//! ([`jws::detached`], [`jws::json_serialization`], [`jws::unencoded`]), and no token is ever read from them. Tokens under a
//! shared secret ([`jwt::hmac`]) and proofs of possession ([`jwt::dpop`]) have their own, too.
//!
//! Encryption ([`jwe`], RFC 7516) has keys of its own, and a token that was encrypted is one that was signed before
//! ([`jwt::encrypted`]).
//!
//! Read first: [`remote`] (one verifier that just works), [`jwt`] (tokens), [`jws`] and [`jwe`] (the compact forms),
//! [`jwk`](Jwk) (keys), [`json`] (the strict reader), `crypto/` (the back end).
//!
//! [RFC 7515]: https://www.rfc-editor.org/rfc/rfc7515
//! [RFC 7517]: https://www.rfc-editor.org/rfc/rfc7517
//! [RFC 9964]: https://www.rfc-editor.org/rfc/rfc9964
//! [RFC 7638]: https://www.rfc-editor.org/rfc/rfc7638
//! [RFC 8725 §3.11]: https://www.rfc-editor.org/rfc/rfc8725#section-3.11
#![forbid(unsafe_code)]

mod algorithm;
pub mod base64url;
mod crypto;
mod hmac_algorithm;
pub mod json;
pub mod jwe;
mod jwk;
mod jwk_set;
pub mod jws;
pub mod jwt;
mod key;
mod key_error;
mod pem;
mod public_key_info;
#[cfg(feature = "remote")]
pub mod remote;
mod rsa_size;
mod thumbprint;

pub use algorithm::{Algorithm, UnknownAlgorithm};
pub use crypto::sha256;
pub use jwk::{Jwk, PrivateJwk};
pub use jwk_set::{JwkSet, JwkSetError};
pub use key::{SignatureError, SigningKey, VerifyingKey};
pub use key_error::KeyError;
pub use rsa_size::RsaSize;
pub use thumbprint::{InvalidThumbprint, Thumbprint};
