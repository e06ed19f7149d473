//! The issuer, in one program with one world: the authorization side, and what is done with tokens where they are made.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failed expectation is the test's own report"
)]

#[path = "../authorization/mod.rs"]
mod authorization;
mod newer_builds;
#[path = "../token/mod.rs"]
mod token;
mod world;
