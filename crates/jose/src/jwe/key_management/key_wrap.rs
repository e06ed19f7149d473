//! AES Key Wrap ([RFC 7518 §4.4], [RFC 3394]), with a shared key or with one that was agreed on or made of a password.
//!
//! [RFC 7518 §4.4]: https://www.rfc-editor.org/rfc/rfc7518#section-4.4
//! [RFC 3394]: https://www.rfc-editor.org/rfc/rfc3394

use super::Cek;
use crate::KeyError;
use crate::crypto::Rejected;
use crate::crypto::encryption::{key_unwrap, key_wrap};

pub(super) fn seal(kek: &[u8], cek: &[u8]) -> Result<Vec<u8>, KeyError> {
    key_wrap(kek, cek).map_err(|Rejected| KeyError::Backend)
}

pub(super) fn open(kek: &[u8], encrypted_key: &[u8]) -> Result<Cek, Rejected> {
    key_unwrap(kek, encrypted_key)
}
