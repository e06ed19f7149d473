//! JSON Web Encryption ([RFC 7516]).
//!
//! [RFC 7516]: https://www.rfc-editor.org/rfc/rfc7516

#[allow(dead_code, reason = "what encrypts with it comes next")]
mod algorithm;

pub use algorithm::{AgreementCurve, ContentEncryption, KeyManagement};
