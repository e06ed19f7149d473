//! The store and real servers that a test starts for itself: with certificates, and behind a pooler.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::indexing_slicing,
    reason = "a failed expectation is the test's own report, in its helpers too"
)]

mod pooler;
mod server;
mod tls;
