//! `RSA-OAEP-256` ([RFC 7518 §4.3]): SHA-256 for the hash and for MGF1, no label.
//!
//! [RFC 7518 §4.3]: https://www.rfc-editor.org/rfc/rfc7518#section-4.3

use super::Cek;
use crate::KeyError;
use crate::crypto::Rejected;
use crate::crypto::encryption::{OaepPrivateKey, OaepPublicKey};

pub(super) fn seal(key: &OaepPublicKey, cek: &[u8]) -> Result<Vec<u8>, KeyError> {
    key.encrypt(cek).map_err(|Rejected| KeyError::Backend)
}

pub(super) fn open(key: &OaepPrivateKey, encrypted_key: &[u8]) -> Result<Cek, Rejected> {
    key.decrypt(encrypted_key)
}
