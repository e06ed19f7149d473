//! base64url without padding ([RFC 7515 §2], [RFC 4648 §5]).
//!
//! Refused: padding, the `+` and `/` alphabet, white space, a length that no byte string encodes to, and spare bits that
//! are not zero. Each byte string therefore has one encoding.
//!
//! [RFC 7515 §2]: https://www.rfc-editor.org/rfc/rfc7515#section-2
//! [RFC 4648 §5]: https://www.rfc-editor.org/rfc/rfc4648#section-5

use base64::Engine;
use base64::engine::general_purpose::NO_PAD;

/// Strict as to padding and spare bits. It uses the widest instructions of the processor that it finds itself on.
#[cfg(any(target_arch = "aarch64", target_arch = "x86_64"))]
static ENGINE: std::sync::LazyLock<base64::engine::Simd> =
    std::sync::LazyLock::new(|| base64::engine::Simd::url_safe(NO_PAD));

#[cfg(not(any(target_arch = "aarch64", target_arch = "x86_64")))]
static ENGINE: base64::engine::GeneralPurpose =
    base64::engine::GeneralPurpose::new(&base64::alphabet::URL_SAFE, NO_PAD);

/// Writes bytes as base64url, without padding.
pub fn encode(bytes: impl AsRef<[u8]>) -> String {
    ENGINE.encode(bytes)
}

/// Appends the encoding of `bytes` to `out`.
pub fn encode_into(bytes: impl AsRef<[u8]>, out: &mut String) {
    ENGINE.encode_string(bytes, out);
}

/// Reads base64url, strictly: padding, spare bits and white space are refused.
///
/// # Errors
/// [`InvalidBase64Url`] for anything that [`encode`] would not have written.
pub fn decode(text: impl AsRef<[u8]>) -> Result<Vec<u8>, InvalidBase64Url> {
    let mut bytes = Vec::new();
    decode_into(text.as_ref(), &mut bytes)?;
    Ok(bytes)
}

/// Decodes text into `bytes`, in the place of what they held.
pub(crate) fn decode_into(text: &[u8], bytes: &mut Vec<u8>) -> Result<(), InvalidBase64Url> {
    let length = text.len() / 4 * 3 + text.len() % 4 * 3 / 4;
    bytes.clear();
    bytes.resize(length, 0);
    match ENGINE.decode_slice(text, bytes) {
        Ok(decoded) if decoded == length => Ok(()),
        _ => Err(InvalidBase64Url),
    }
}

/// Decodes text that stands for exactly `N` bytes.
///
/// # Errors
/// [`InvalidBase64Url`] for any other length and for anything that [`encode`] would not have written.
pub fn decode_array<const N: usize>(text: impl AsRef<[u8]>) -> Result<[u8; N], InvalidBase64Url> {
    decode(text)?.try_into().map_err(|_| InvalidBase64Url)
}

/// The text is not the unpadded base64url encoding of any byte string.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not strict base64url")]
pub struct InvalidBase64Url;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decoding_undoes_encoding_at_every_length() {
        for length in 0..300_usize {
            let bytes: Vec<u8> = (0..length).map(|index| (index * 151 + length * 7) as u8).collect();
            assert_eq!(decode(encode(&bytes)), Ok(bytes), "{length}");
        }
        let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        assert_eq!(encode(decode(alphabet).unwrap()), alphabet);
    }

    /// The second opinion: one character after the other.
    fn decode_slowly(text: &[u8]) -> Option<Vec<u8>> {
        let (mut bytes, mut held, mut bits) = (Vec::new(), 0_u32, 0);
        for &character in text {
            let value = match character {
                b'A'..=b'Z' => character - b'A',
                b'a'..=b'z' => character - b'a' + 26,
                b'0'..=b'9' => character - b'0' + 52,
                b'-' => 62,
                b'_' => 63,
                _ => return None,
            };
            (held, bits) = (held << 6 | u32::from(value), bits + 6);
            if bits >= 8 {
                bits -= 8;
                bytes.push((held >> bits) as u8);
                held &= (1 << bits) - 1;
            }
        }
        (held == 0 && bits < 6).then_some(bytes)
    }

    #[test]
    fn any_character_at_any_place_is_judged_as_by_a_second_decoder() {
        // On both sides of the blocks that are decoded at once.
        for length in [1, 2, 3, 4, 5, 6, 7, 31, 32, 33, 63, 64, 65, 66, 67, 68, 95, 96, 99, 100, 101, 132] {
            let text = "Zm9vYmFy".repeat(17)[..length].to_owned().into_bytes();
            for place in 0..length {
                for character in 0..=u8::MAX {
                    let mut changed = text.clone();
                    changed[place] = character;
                    let expected = decode_slowly(&changed).ok_or(InvalidBase64Url);
                    assert_eq!(decode(&changed), expected, "{:?}", String::from_utf8_lossy(&changed));
                }
            }
        }
    }
}
