//! What comes from the web, each thing read in one place and in one way.
//!
//! What this crate does not do: it knows no protocol, no store, no runtime and no web framework. It decides about what it is
//! given, and has no effects.
//!
//! Read first:
//! - [`text`]: text of strangers that people will read.
//! - [`cookie`], [`form`], [`media_type`]: what browsers and clients send.
//! - [`issuer_url`], [`loopback`]: the URLs on which trust rests.
//! - [`peer`], [`proxy`]: from where a request came, and whom that stands for.
//! - [`mod@refusals`]: one row for each way to be refused.
//! - [`route`]: what answers at which path, and what every other method is told.
//! - [`http1`]: requests off the wire, where frameworks forgive too much.
//! - [`white_space`]: what stands around a value and is not part of it.
#![forbid(unsafe_code)]

pub mod cookie;
pub mod form;
pub mod http1;
pub mod issuer_url;
pub mod loopback;
pub mod media_type;
pub mod peer;
pub mod proxy;
pub mod refusals;
pub mod route;
pub mod text;
pub mod white_space;
