//! `PBES2-HS256+A128KW` and `PBES2-HS512+A256KW`: a password, hashed often, wraps the key ([RFC 7518 §4.8]).
//!
//! The sender says how often (`p2c`), and could keep us busy for as long as it likes. A count therefore is a value of its
//! own that only a check against the key's bounds makes, and nothing is hashed without one ([RFC 8725 §2.6]).
//!
//! [RFC 7518 §4.8]: https://www.rfc-editor.org/rfc/rfc7518#section-4.8
//! [RFC 8725 §2.6]: https://www.rfc-editor.org/rfc/rfc8725#section-2.6

use std::num::NonZeroU32;
use std::ops::RangeInclusive;

use zeroize::Zeroizing;

use super::Sealed;
use crate::crypto::Rejected;
use crate::crypto::encryption::{pbkdf2, random};
use crate::jwe::{JweError, KeyManagement};
use crate::jws::hmac::HmacAlgorithm;
use crate::{KeyError, base64url};

/// The least count that is ever accepted ([RFC 7518 §4.8.1.2]).
///
/// [RFC 7518 §4.8.1.2]: https://www.rfc-editor.org/rfc/rfc7518#section-4.8.1.2
pub(in crate::jwe) const MIN_COUNT: u32 = 1_000;

/// The most that anybody can ask for: some seconds.
pub(in crate::jwe) const MAX_COUNT: u32 = 10_000_000;

/// The shortest salt, in bytes ([RFC 7518 §4.8.1.1](https://www.rfc-editor.org/rfc/rfc7518#section-4.8.1.1)).
const MIN_SALT: usize = 8;

/// What is hashed where we encrypt: the counts of the OWASP Password Storage Cheat Sheet.
pub(in crate::jwe) const fn default_count(algorithm: KeyManagement) -> u32 {
    match algorithm {
        KeyManagement::Pbes2Hs512A256Kw => 210_000,
        _ => 600_000,
    }
}

/// An iteration count that has been found to be acceptable.
#[derive(Clone, Copy)]
pub(in crate::jwe) struct Count(NonZeroU32);

impl Count {
    /// What a message asks for, if the key allows it.
    pub(super) fn check(found: u64, allowed: &RangeInclusive<u32>) -> Result<Self, JweError> {
        let count = u32::try_from(found).ok().filter(|count| allowed.contains(count)).and_then(NonZeroU32::new);
        count.map(Count).ok_or_else(|| JweError::password_count(allowed, found))
    }

    /// What we ask for ourselves, brought inside of what is ever accepted.
    pub(in crate::jwe) fn nearest(count: u32) -> Self {
        Count(NonZeroU32::new(count.clamp(MIN_COUNT, MAX_COUNT)).unwrap_or(NonZeroU32::MIN))
    }
}

/// A salt that is long enough.
#[derive(Clone, Copy)]
pub(super) struct Salt<'a>(&'a [u8]);

impl<'a> Salt<'a> {
    pub(super) fn check(found: &'a [u8]) -> Result<Self, JweError> {
        if found.len() < MIN_SALT { Err(JweError::SaltLength { found: found.len() }) } else { Ok(Salt(found)) }
    }
}

/// Makes a wrapping key, and says with which salt and count.
pub(super) fn seal(
    algorithm: KeyManagement,
    password: &[u8],
    count: Count,
) -> Result<(Zeroizing<Vec<u8>>, Sealed), KeyError> {
    let mut salt = [0; 16];
    random(&mut salt).map_err(|Rejected| KeyError::Backend)?;
    let members = vec![("p2s", format!("\"{}\"", base64url::encode(salt))), ("p2c", count.0.to_string())];
    Ok((derive(algorithm, password, Salt(&salt), count), Sealed { encrypted_key: Vec::new(), members }))
}

/// Makes the wrapping key that the sender has made.
pub(super) fn open(algorithm: KeyManagement, password: &[u8], salt: Salt<'_>, count: Count) -> Zeroizing<Vec<u8>> {
    derive(algorithm, password, salt, count)
}

/// The salt is `alg`, a zero byte and `p2s`, so that a password gives each algorithm a key of its own.
fn derive(algorithm: KeyManagement, password: &[u8], salt: Salt<'_>, count: Count) -> Zeroizing<Vec<u8>> {
    let hash = match algorithm {
        KeyManagement::Pbes2Hs512A256Kw => HmacAlgorithm::Hs512,
        _ => HmacAlgorithm::Hs256,
    };
    let salt = [algorithm.as_str().as_bytes(), &[0], salt.0].concat();
    let mut key = Zeroizing::new(vec![0; algorithm.wrapping_key_length().unwrap_or_default()]);
    pbkdf2(hash, password, &salt, count.0, &mut key);
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Only a `Count` can be hashed by, and these are none.
    #[test]
    fn a_count_outside_of_the_bounds_is_refused_before_anything_is_hashed() {
        let allowed = 1_000..=600_000;
        for found in [0, 1, 999, 600_001, 2_147_483_647, u64::from(u32::MAX) + 1_001, u64::MAX] {
            let expected = JweError::PasswordCount { least: 1_000, most: 600_000, found };
            assert_eq!(Count::check(found, &allowed).map(|_| ()), Err(expected));
        }
        for found in [1_000, 4_096, 600_000] {
            assert_eq!(Count::check(found, &allowed).map(|count| u64::from(count.0.get())), Ok(found));
        }
    }

    /// RFC 7517 appendix C.2 and C.4: the derived key.
    #[test]
    fn the_wrapping_key_is_that_of_the_standard() {
        let salt = [217, 96, 147, 112, 150, 117, 70, 247, 127, 8, 155, 137, 174, 42, 80, 215];
        let password = b"Thus from my lips, by yours, my sin is purged.";
        let count = Count::check(4_096, &(1_000..=4_096)).unwrap();
        let key = open(KeyManagement::Pbes2Hs256A128Kw, password, Salt::check(&salt).unwrap(), count);
        assert_eq!(key[..], [110, 171, 169, 92, 129, 92, 109, 117, 233, 242, 116, 233, 170, 14, 24, 75]);
    }
}
