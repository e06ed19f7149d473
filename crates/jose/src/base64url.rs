//! base64url without padding ([RFC 7515 §2], [RFC 4648 §5]).
//!
//! Refused: padding, the `+` and `/` alphabet, white space, a length that no byte string encodes to, and spare bits that
//! are not zero. Each byte string therefore has one encoding.
//!
//! Decoding is written here, eight characters at a time and without a branch: it is the largest part of verifying a token
//! that is not cryptography.
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
    let length = text.len() / 4 * 3 + text.len() % 4 * 3 / 4;
    bytes.clear();
    bytes.resize(length, 0);
    let (blocks, rest) = text.as_chunks::<8>();
    let (outs, out) = bytes.as_chunks_mut::<6>();
    let mut seen = 0;
    for (block, out) in blocks.iter().zip(outs) {
        let (joined, marks) = decode_block(block);
        *out = joined;
        seen |= marks;
    }
    // `A` stands for zero bits; what it adds is not copied.
    let mut block = [b'A'; 8];
    block.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
    let (joined, marks) = decode_block(&block);
    out.iter_mut().zip(joined).for_each(|(to, from)| *to = from);
    // The bits of the last character that belong to no byte decode to the byte after the last one.
    let spare = joined.get(out.len()).copied().unwrap_or(0);
    if (seen | marks) & INVALID != 0 || text.len() % 4 == 1 || spare != 0 {
        return Err(InvalidBase64Url);
    }
    Ok(())
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

/// The six bytes of eight characters, and marks among which [`INVALID`] says that one of them is not of the alphabet.
#[inline(always)]
fn decode_block(block: &[u8; 8]) -> ([u8; 6], u32) {
    let &[a, b, c, d, e, f, g, h] = block;
    let four = |a, b, c, d| {
        VALUES[0][usize::from(a)] | VALUES[1][usize::from(b)] | VALUES[2][usize::from(c)] | VALUES[3][usize::from(d)]
    };
    let (first, second): (u32, u32) = (four(a, b, c, d), four(e, f, g, h));
    let [_, _, joined @ ..] = (u64::from(first) << 24 | u64::from(second)).to_be_bytes();
    (joined, first | second)
}

/// The value of a character at each place of four, where it belongs among their 24 bits, or [`INVALID`].
static VALUES: [[u32; 256]; 4] = {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut values = [[INVALID; 256]; 4];
    let mut value = 0;
    while value < 64 {
        let mut place = 0;
        while place < 4 {
            values[place][alphabet[value] as usize] = (value as u32) << (18 - 6 * place);
            place += 1;
        }
        value += 1;
    }
    values
};

const INVALID: u32 = 1 << 24;

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
