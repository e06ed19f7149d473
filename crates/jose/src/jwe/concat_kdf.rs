//! The key that two parties make of a shared secret ([RFC 7518 §4.6.2]): the Concat KDF of NIST SP 800-56A with SHA-256.
//!
//! [RFC 7518 §4.6.2]: https://www.rfc-editor.org/rfc/rfc7518#section-4.6.2

use zeroize::Zeroizing;

use crate::crypto::sha256;

/// Derives `length` bytes for the algorithm of this name.
pub(super) fn derive(secret: &[u8], name: &str, apu: &[u8], apv: &[u8], length: usize) -> Zeroizing<Vec<u8>> {
    let bits = big_endian(length.saturating_mul(8));
    let info = [&prefixed(name.as_bytes())[..], &prefixed(apu), &prefixed(apv), &bits].concat();
    let rounds = length.div_ceil(HASH_LENGTH);
    // All the room that it takes: a buffer that grows leaves copies behind.
    let mut key = Zeroizing::new(Vec::with_capacity(rounds * HASH_LENGTH));
    for round in 1..=rounds {
        let input = Zeroizing::new([&big_endian(round)[..], secret, &info].concat());
        key.extend_from_slice(Zeroizing::new(sha256(&input)).as_slice());
    }
    key.truncate(length);
    key
}

fn prefixed(bytes: &[u8]) -> Vec<u8> {
    [&big_endian(bytes.len())[..], bytes].concat()
}

/// 32 bits. Whatever is counted here is bounded by the size of a message.
fn big_endian(number: usize) -> [u8; 4] {
    u32::try_from(number).unwrap_or(u32::MAX).to_be_bytes()
}

const HASH_LENGTH: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base64url;

    /// RFC 7518 appendix C.
    #[test]
    fn the_derived_key_is_that_of_the_standard() {
        let secret = [
            158, 86, 217, 29, 129, 113, 53, 211, 114, 131, 66, 131, 191, 132, 38, 156, 251, 49, 110, 163, 218, 128,
            106, 72, 246, 218, 167, 121, 140, 254, 144, 196,
        ];
        let key = derive(&secret, "A128GCM", b"Alice", b"Bob", 16);
        assert_eq!(base64url::encode(&key), "VqqN6vgjbSBcIijNcacQGg");
    }

    /// A key of 512 bits takes two rounds, and each length is another key.
    #[test]
    fn each_round_counts_on() {
        let long = derive(&[7; 32], "A256CBC-HS512", b"", b"", 64);
        assert_eq!(long.len(), 64);
        assert_ne!(long[..32], long[32..]);
        assert_ne!(derive(&[7; 32], "A256CBC-HS512", b"", b"", 32)[..], long[..32]);
        assert_ne!(derive(&[7; 32], "A256CBC-HS512", b"a", b"", 64), derive(&[7; 32], "A256CBC-HS512", b"", b"a", 64));
    }
}
