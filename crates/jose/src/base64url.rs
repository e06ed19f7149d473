//! base64url without padding ([RFC 7515 §2], [RFC 4648 §5]).
//!
//! Refused: padding, the `+` and `/` alphabet, white space, a length that no byte string encodes to, and spare bits that
//! are not zero. Each byte string therefore has one encoding.
//!
//! Decoding is written here, in a form that compilers turn into vector instructions: it is the largest part of verifying a
//! token that is not cryptography.
//!
//! [RFC 7515 §2]: https://www.rfc-editor.org/rfc/rfc7515#section-2
//! [RFC 4648 §5]: https://www.rfc-editor.org/rfc/rfc4648#section-5

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Encodes bytes.
pub fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Appends the encoding of `bytes` to `out`.
pub fn encode_into(bytes: impl AsRef<[u8]>, out: &mut String) {
    URL_SAFE_NO_PAD.encode_string(bytes, out);
}

/// Decodes text.
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
    bytes.clear();
    bytes.reserve(decoded_capacity(text.len()));
    let (blocks, rest) = text.as_chunks::<BLOCK>();
    let mut seen = 0;
    for block in blocks {
        seen |= decode_block(block, bytes);
    }
    if !rest.is_empty() {
        // `A` stands for zero bits; what it adds is cut off below.
        let mut block = [b'A'; BLOCK];
        block.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
        seen |= decode_block(&block, bytes);
    }
    let length = text.len() / 4 * 3 + text.len() % 4 * 3 / 4;
    // The bits of the last character that belong to no byte decode to the byte after the last one.
    let spare = bytes.get(length).copied().unwrap_or(0);
    if seen & INVALID != 0 || text.len() % 4 == 1 || spare != 0 {
        return Err(InvalidBase64Url);
    }
    bytes.truncate(length);
    Ok(())
}

/// The room that [`decode_into`] uses for so many characters.
pub(crate) fn decoded_capacity(length: usize) -> usize {
    length / 4 * 3 + BLOCK_BYTES
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

/// Appends the 24 bytes of 32 characters and returns the union of their values, in which [`INVALID`] marks that one of
/// them is not of the alphabet.
#[inline]
fn decode_block(block: &[u8; BLOCK], bytes: &mut Vec<u8>) -> u8 {
    let mut values = [0; BLOCK];
    let mut seen = 0;
    for (value, &character) in values.iter_mut().zip(block) {
        *value = value_of(character);
        seen |= *value;
    }
    let mut out = [0; BLOCK_BYTES];
    for (eight, six) in values.as_chunks::<8>().0.iter().zip(out.as_chunks_mut::<6>().0) {
        // Eight values of six bits, each in a byte, pushed together: in pairs, in fours, all.
        let spread = u64::from_be_bytes(*eight);
        let pairs = (spread & 0x3F00_3F00_3F00_3F00) >> 2 | spread & 0x003F_003F_003F_003F;
        let fours = (pairs & 0x0FFF_0000_0FFF_0000) >> 4 | pairs & 0x0000_0FFF_0000_0FFF;
        let all = (fours & 0x00FF_FFFF_0000_0000) >> 8 | fours & 0x0000_0000_00FF_FFFF;
        let [_, _, joined @ ..] = all.to_be_bytes();
        *six = joined;
    }
    bytes.extend_from_slice(&out);
    seen
}

/// The value of a character, or [`INVALID`].
#[inline(always)]
fn value_of(character: u8) -> u8 {
    let upper = character.wrapping_sub(b'A');
    let lower = character.wrapping_sub(b'a');
    let digit = character.wrapping_sub(b'0');
    let mut value = INVALID;
    value = if upper < 26 { upper } else { value };
    value = if lower < 26 { lower + 26 } else { value };
    value = if digit < 10 { digit + 52 } else { value };
    value = if character == b'-' { 62 } else { value };
    if character == b'_' { 63 } else { value }
}

const BLOCK: usize = 32;
const BLOCK_BYTES: usize = BLOCK / 4 * 3;
const INVALID: u8 = 0x80;

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

    /// The `base64` crate's strict engine is the second opinion.
    #[test]
    fn any_character_at_any_place_is_judged_as_by_a_second_decoder() {
        for length in [1, 2, 3, 4, 5, 6, 7, 31, 32, 33, 34, 35, 63, 64, 65, 66, 67, 100] {
            let text = "Zm9vYmFy".repeat(13)[..length].to_owned().into_bytes();
            for place in 0..length {
                for character in 0..=u8::MAX {
                    let mut changed = text.clone();
                    changed[place] = character;
                    let expected = URL_SAFE_NO_PAD.decode(&changed).map_err(|_| InvalidBase64Url);
                    assert_eq!(decode(&changed), expected, "{:?}", String::from_utf8_lossy(&changed));
                }
            }
        }
    }
}
