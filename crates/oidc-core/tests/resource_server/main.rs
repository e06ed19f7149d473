//! The resource server's side: what it takes for a good token, what it answers otherwise, and how it keeps keys.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failed expectation is the test's own report"
)]

mod key_cache;
mod published;
mod rfc6750_bearer;
mod rfc9068_access_token;
mod rfc9728_protected_resource_metadata;
