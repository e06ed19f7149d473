//! The little of DER ([X.690]) that keys need: elements with a definite length, and integers.
//!
//! [X.690]: https://www.itu.int/rec/T-REC-X.690

/// The content of the element that the bytes begin with, if it has this tag, and what follows it. Reads and does not
/// judge: whoever does not trust the writer encodes what was read again and compares.
pub(crate) fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&found, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    if found != tag {
        return None;
    }
    let (length, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7F))?;
        (bytes.iter().try_fold(0_usize, |sum, &byte| sum.checked_mul(256)?.checked_add(usize::from(byte)))?, rest)
    };
    rest.split_at_checked(length)
}

/// Drops the sign byte that DER puts before an integer whose first bit is set.
pub(crate) fn magnitude(integer: &[u8]) -> &[u8] {
    integer.strip_prefix(&[0]).unwrap_or(integer)
}

/// An element with this tag around these parts.
pub(crate) fn write(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let mut der = vec![tag];
    let bytes = length.to_be_bytes();
    let first = bytes.iter().position(|&byte| byte != 0).unwrap_or(bytes.len() - 1);
    let significant = bytes.get(first..).unwrap_or_default();
    match significant {
        [short] if *short < 0x80 => der.push(*short),
        // At most eight bytes, so that their number fits.
        long => {
            der.push(0x80 | u8::try_from(long.len()).unwrap_or_default());
            der.extend_from_slice(long);
        }
    }
    parts.iter().for_each(|part| der.extend_from_slice(part));
    der
}

/// A positive integer, given without leading zeros.
pub(crate) fn write_unsigned(magnitude: &[u8]) -> Vec<u8> {
    let sign: &[u8] = if magnitude.first().is_some_and(|&first| first >= 0x80) { &[0] } else { &[] };
    write(0x02, &[sign, magnitude])
}
