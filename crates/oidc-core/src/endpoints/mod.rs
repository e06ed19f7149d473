//! The endpoints besides authorization and token.

pub mod discovery;
pub mod introspection;
pub mod jwks;
pub mod revocation;
pub mod userinfo;
