//! Ed25519 verification ([RFC 8032 §5.1.7]) with the strict rules: no small-order key, no small-order `R`, one encoding
//! per key.
//!
//! [RFC 8032 §5.1.7]: https://www.rfc-editor.org/rfc/rfc8032#section-5.1.7

use ed25519_dalek::{Signature, Verifier, VerifyingKey};

use super::Rejected;

pub(crate) struct Ed25519Key(VerifyingKey);

impl Ed25519Key {
    pub(crate) fn new(x: &[u8; 32]) -> Result<Self, Rejected> {
        if !is_canonical(x) {
            return Err(Rejected);
        }
        let key = VerifyingKey::from_bytes(x).map_err(|_| Rejected)?;
        if key.is_weak() { Err(Rejected) } else { Ok(Ed25519Key(key)) }
    }

    /// Accepts exactly what the library's strict mode accepts, without decoding `R`: verification compares the encoded
    /// `R` with a recomputed one, so a passing `R` is canonical, and a canonical `R` of small order is in the table.
    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), Rejected> {
        let signature = Signature::from_slice(signature).map_err(|_| Rejected)?;
        if SMALL_ORDER.contains(signature.r_bytes()) {
            return Err(Rejected);
        }
        self.0.verify(message, &signature).map_err(|_| Rejected)
    }
}

/// Whether the y-coordinate is below 2^255 − 19; a key with a second encoding would have a second thumbprint.
fn is_canonical(encoded: &[u8; 32]) -> bool {
    let [first, middle @ .., last] = encoded;
    *first < 0xED || last & 0x7F != 0x7F || middle.iter().any(|&byte| byte != 0xFF)
}

/// The encodings of the eight points whose order divides eight.
const SMALL_ORDER: [[u8; 32]; 8] = [
    encoding(0x01, 0x00, 0x00),
    encoding(0x00, 0x00, 0x00),
    encoding(0x00, 0x00, 0x80),
    encoding(0xEC, 0xFF, 0x7F),
    order_eight(0xC7, 0x7A),
    order_eight(0xC7, 0xFA),
    order_eight(0x26, 0x05),
    order_eight(0x26, 0x85),
];

const fn encoding(first: u8, middle: u8, last: u8) -> [u8; 32] {
    let mut bytes = [middle; 32];
    bytes[0] = first;
    bytes[31] = last;
    bytes
}

/// Two y-coordinates of order eight, chosen by their first byte; the last byte adds the sign of x.
const fn order_eight(first: u8, last: u8) -> [u8; 32] {
    let mut bytes = if first == 0xC7 {
        [
            0xC7, 0x17, 0x6A, 0x70, 0x3D, 0x4D, 0xD8, 0x4F, 0xBA, 0x3C, 0x0B, 0x76, 0x0D, 0x10, 0x67, 0x0F, 0x2A, 0x20,
            0x53, 0xFA, 0x2C, 0x39, 0xCC, 0xC6, 0x4E, 0xC7, 0xFD, 0x77, 0x92, 0xAC, 0x03, 0x7A,
        ]
    } else {
        [
            0x26, 0xE8, 0x95, 0x8F, 0xC2, 0xB2, 0x27, 0xB0, 0x45, 0xC3, 0xF4, 0x89, 0xF2, 0xEF, 0x98, 0xF0, 0xD5, 0xDF,
            0xAC, 0x05, 0xD3, 0xC6, 0x33, 0x39, 0xB1, 0x38, 0x02, 0x88, 0x6D, 0x53, 0xFC, 0x05,
        ]
    };
    bytes[31] = last;
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_holds_the_eight_points_of_small_order() {
        for (index, encoded) in SMALL_ORDER.iter().enumerate() {
            let point = VerifyingKey::from_bytes(encoded).expect("a point");
            assert!(point.is_weak(), "entry {index}");
            assert!(!SMALL_ORDER[..index].contains(encoded), "entry {index} is repeated");
        }
    }

    #[test]
    fn a_key_of_small_order_or_with_a_second_encoding_is_refused() {
        for encoded in &SMALL_ORDER {
            assert!(Ed25519Key::new(encoded).is_err());
        }
        // y = p + 3 is a second encoding of y = 3, which is on the curve.
        let mut canonical = [0; 32];
        canonical[0] = 3;
        assert!(Ed25519Key::new(&canonical).is_ok());
        assert!(VerifyingKey::from_bytes(&encoding(0xF0, 0xFF, 0x7F)).is_ok());
        assert!(Ed25519Key::new(&encoding(0xF0, 0xFF, 0x7F)).is_err());
    }
}
