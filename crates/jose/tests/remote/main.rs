//! The verifier that finds an issuer's keys and keeps them, and the tokens that it has seen.
#![cfg(feature = "remote")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failed expectation is the test's own report"
)]

mod published;
mod rfc7517_remote_keys;
mod rfc8414_metadata;
mod rfc9111_freshness;
mod rotation_under_load;
mod verified_tokens;
