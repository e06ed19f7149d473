//! The secret of a MAC, in a file: a JWK of type `oct`, or the bytes themselves.

use std::path::Path;

use countersign_jose::jws::hmac::{HmacAlgorithm, HmacKey};

use crate::answer::Unable;
use crate::{input, private_file};

/// Reads a secret. A JWK names its algorithm, bytes do not; one line end after them is not part of them.
pub(crate) fn read(path: &Path, algorithm: Option<HmacAlgorithm>) -> Result<HmacKey, Unable> {
    let bytes = input::read_file(path)?;
    let parsed = match bytes.trim_ascii() {
        [b'{', ..] => of_jwk(&bytes, algorithm),
        // A public key taken for a secret is a secret that everybody knows (RFC 8725 §2.1).
        [b'-', b'-', b'-', b'-', b'-', ..] => {
            Err("it is a PEM key, and no secret; --keys and --key take those".to_owned())
        }
        _ => of_bytes(&bytes, algorithm),
    };
    parsed.map_err(|reason| Unable::file(path, reason))
}

/// A remark where others may read the secret.
pub(crate) fn warning(path: &Path) -> Option<String> {
    private_file::warning(path)
}

fn of_jwk(bytes: &[u8], algorithm: Option<HmacAlgorithm>) -> Result<HmacKey, String> {
    let text = std::str::from_utf8(bytes).map_err(|error| error.to_string())?;
    let key = HmacKey::from_jwk(text).map_err(|error| format!("{error} ({})", error.code()))?;
    match algorithm {
        Some(asked) if asked != key.algorithm() => Err(format!("its alg is {}, not {asked}", key.algorithm())),
        _ => Ok(key),
    }
}

fn of_bytes(bytes: &[u8], algorithm: Option<HmacAlgorithm>) -> Result<HmacKey, String> {
    let algorithm = algorithm.ok_or("the secret names no algorithm; say --alg HS256, HS384 or HS512")?;
    let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
    HmacKey::new(algorithm, bytes).map_err(|error| {
        format!("{error}; {algorithm} takes at least {} bytes ({})", algorithm.hash_length(), error.code())
    })
}
