//! PEM, the strict form of [RFC 7468 §3]: one block, nothing before it, nothing but line ends after it, no headers.
//!
//! [RFC 7468 §3]: https://www.rfc-editor.org/rfc/rfc7468#section-3

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

/// The label and the bytes of the one block.
pub(crate) fn read(text: &str) -> Option<(&str, Zeroizing<Vec<u8>>)> {
    let text = text.trim_end_matches(['\r', '\n']);
    let (label, rest) = text.strip_prefix("-----BEGIN ")?.split_once("-----")?;
    let body = rest.strip_suffix("-----")?.strip_suffix(label)?.strip_suffix("-----END ")?;
    let mut base64 = Zeroizing::new(String::with_capacity(body.len()));
    for line in body.strip_prefix(['\r', '\n'])?.lines() {
        // White space inside of a line, a header or a second block has characters that base64 does not know.
        base64.push_str(line);
    }
    STANDARD.decode(base64.as_bytes()).ok().map(|bytes| (label, Zeroizing::new(bytes)))
}

pub(crate) fn write(label: &str, der: &[u8]) -> Zeroizing<String> {
    let base64 = Zeroizing::new(STANDARD.encode(der));
    // Enough for all of it: a string that grows leaves copies behind.
    let mut pem = Zeroizing::new(String::with_capacity(base64.len() + base64.len() / LINE + 2 * label.len() + 40));
    pem.push_str("-----BEGIN ");
    pem.push_str(label);
    pem.push_str("-----\n");
    let mut rest = base64.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at_checked(LINE).unwrap_or((rest, ""));
        pem.push_str(line);
        pem.push('\n');
        rest = after;
    }
    pem.push_str("-----END ");
    pem.push_str(label);
    pem.push_str("-----\n");
    pem
}

const LINE: usize = 64;
