//! The endpoints besides authorization and token.

pub mod discovery;
pub mod jwks;
