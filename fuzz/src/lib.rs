//! What the fuzz targets share: keys whose private halves are published, edits that spoil a valid input, and what every
//! error must keep to.

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::LazyLock;

use arbitrary::Arbitrary;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use countersign_jose::{Algorithm, SigningKey};

/// The published keys, as PKCS #8, by the name under which the tests of `countersign-jose` know them.
static KEYS: LazyLock<BTreeMap<String, String>> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../crates/jose/tests/vectors/keys.json")).expect("the file of keys")
});

/// The key of the party that the verifier trusts; its tokens are the same in every run where the algorithm allows.
pub fn key(algorithm: Algorithm) -> SigningKey {
    let material = match algorithm {
        Algorithm::EdDSA | Algorithm::Es256 | Algorithm::Es384 | Algorithm::Es512 => algorithm.as_str(),
        _ => "RS256",
    };
    let der = STANDARD.decode(&KEYS[material]).expect("base64");
    SigningKey::from_pkcs8_der(algorithm, &der).expect("a key")
}

/// Takes some bytes out of a valid input and puts others there.
#[derive(Arbitrary, Debug)]
pub struct Edit<'a> {
    at: u16,
    removed: u8,
    inserted: Piece<'a>,
}

#[derive(Arbitrary, Debug)]
enum Piece<'a> {
    Nothing,
    Byte(u8),
    Bytes(&'a [u8]),
    /// What stands elsewhere in the input, once more.
    Again {
        from: u16,
        length: u8,
    },
}

/// At most so many edits: a token with more is no longer nearly right.
const EDITS: usize = 4;

/// The input with its edits, as bytes.
pub fn edited(input: &[u8], edits: &[Edit<'_>]) -> Vec<u8> {
    let mut bytes = input.to_vec();
    for edit in edits.iter().take(EDITS) {
        let start = usize::from(edit.at) % (bytes.len() + 1);
        let end = (start + usize::from(edit.removed % 8)).min(bytes.len());
        let inserted = match &edit.inserted {
            Piece::Nothing => Vec::new(),
            Piece::Byte(byte) => vec![*byte],
            Piece::Bytes(bytes) => bytes.to_vec(),
            Piece::Again { from, length } => {
                let from = usize::from(*from) % (bytes.len() + 1);
                bytes[from..(from + usize::from(*length)).min(bytes.len())].to_vec()
            }
        };
        bytes.splice(start..end, inserted);
    }
    bytes
}

/// The input with its edits, if it is still text.
pub fn edited_text(input: &str, edits: &[Edit<'_>]) -> Option<String> {
    String::from_utf8(edited(input.as_bytes(), edits)).ok()
}

/// An error is short, is printable ASCII, and repeats none of `secrets`, be it in words or in `Debug`.
pub fn check_error(error: &dyn Error, secrets: &[&str]) {
    for shown in [error.to_string(), format!("{error:?}")] {
        assert!(shown.len() <= 4096, "{} bytes: {shown}", shown.len());
        assert!(shown.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()), "{shown:?}");
        for secret in secrets.iter().filter(|secret| secret.len() >= 16) {
            assert!(!shown.contains(secret), "{shown:?} repeats {secret:?}");
        }
    }
}
