//! What an encrypted message holds, for whoever has the key.

use std::path::Path;

use countersign_jose::jwe::json_serialization::{decrypt_flattened, decrypt_general};
use countersign_jose::jwe::{Compact, DecryptionKey, JweError, KeyManagement};
use zeroize::Zeroizing;

use crate::answer::Unable;
use crate::input;
use crate::look::Form;

/// Reads a key that decrypts: a JWK, private or symmetric. One that does not name its algorithm is for the one that is
/// named here.
pub(crate) fn key(path: &Path, algorithm: Option<KeyManagement>) -> Result<DecryptionKey, Unable> {
    let bytes = input::read_file(path)?;
    let text = std::str::from_utf8(&bytes).map_err(|_| Unable::file(path, "a key to decrypt with is a JWK"))?;
    let key = match algorithm {
        Some(algorithm) => DecryptionKey::from_jwk_for(algorithm, text),
        None => DecryptionKey::from_jwk(text),
    };
    key.map_err(|error| Unable::file(path, format!("{error} ({})", error.code())))
}

/// What is wrong with the form of an encrypted message.
pub(crate) fn form(message: &str, form: Form) -> Option<JweError> {
    match form {
        Form::Jwe => Compact::parse(message).err(),
        // The other serialization is taken apart only where it is decrypted.
        _ => None,
    }
}

/// Decrypts a message. The content is wiped when dropped.
pub(crate) fn decrypt(message: &str, form: Form, key: &DecryptionKey) -> Result<Zeroizing<Vec<u8>>, JweError> {
    match form {
        Form::JweJson => match decrypt_flattened(message, key) {
            Err(JweError::JsonMember { .. }) => decrypt_general(message, key),
            flattened => flattened,
        }
        .map(|decrypted| decrypted.into_plaintext()),
        _ => Compact::parse(message)?.decrypt(key),
    }
}
