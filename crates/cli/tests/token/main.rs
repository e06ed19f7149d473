//! The program as people and scripts meet it: arguments and input in, output and exit code out.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed expectation is the test's own report")]

mod command;
mod dpop;
mod encrypted;
mod explain;
mod inspect;
mod issuer;
mod keys;
mod mint;
mod secrets;
mod verify;
