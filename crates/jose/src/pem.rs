//! PEM, the strict form of RFC 7468 §3: one block, nothing before it, nothing but line ends after it, no headers, and lines
//! of one length. The base64 within is read and written in constant time, since it may be a private key.

use pem_rfc7468::{Decoder, LineEnding, encode_string};
use zeroize::Zeroizing;

/// The label and the bytes of the one block.
pub(crate) fn read(text: &str) -> Option<(&str, Zeroizing<Vec<u8>>)> {
    let text = text.trim_end_matches(['\r', '\n']);
    // The decoder passes over text before the block.
    if !text.starts_with("-----BEGIN ") {
        return None;
    }
    let mut decoder = Decoder::new_detect_wrap(text.as_bytes()).ok()?;
    // Enough for all of it: a vector that grows leaves copies behind.
    let mut der = Zeroizing::new(Vec::with_capacity(decoder.remaining_len()));
    decoder.decode_to_end(&mut der).ok()?;
    Some((decoder.type_label(), der))
}

pub(crate) fn write(label: &'static str, der: &[u8]) -> Zeroizing<String> {
    #[expect(clippy::expect_used, reason = "our labels are ones, and what a key takes is no overflow")]
    Zeroizing::new(encode_string(label, LineEnding::LF, der).expect("a key fits into PEM"))
}
