//! What comes from the web, each thing read in one place and in one way.
//!
//! What this crate does not do: it knows no protocol, no store, no runtime and no web framework. It decides about what it is
//! given, and has no effects.
//!
//! Read first:
//! - [`text`]: text of strangers that people will read.
#![forbid(unsafe_code)]

pub mod text;
