//! HMAC with SHA-2 ([RFC 2104], [RFC 7518 §3.2]).
//!
//! [RFC 2104]: https://www.rfc-editor.org/rfc/rfc2104
//! [RFC 7518 §3.2]: https://www.rfc-editor.org/rfc/rfc7518#section-3.2

use ::hmac::{Hmac, KeyInit, Mac};
use sha2::{Sha256, Sha384, Sha512};

use super::{Rejected, reject};
use crate::jws::hmac::HmacAlgorithm;

/// The state after the key has been taken in; each message goes on from a copy of it.
pub(crate) enum MacKey {
    Hs256(Hmac<Sha256>),
    Hs384(Hmac<Sha384>),
    Hs512(Hmac<Sha512>),
}

impl MacKey {
    pub(crate) fn new(algorithm: HmacAlgorithm, secret: &[u8]) -> Self {
        match algorithm {
            HmacAlgorithm::Hs256 => MacKey::Hs256(keyed(secret)),
            HmacAlgorithm::Hs384 => MacKey::Hs384(keyed(secret)),
            HmacAlgorithm::Hs512 => MacKey::Hs512(keyed(secret)),
        }
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        match self {
            MacKey::Hs256(key) => key.clone().chain_update(message).finalize().into_bytes().to_vec(),
            MacKey::Hs384(key) => key.clone().chain_update(message).finalize().into_bytes().to_vec(),
            MacKey::Hs512(key) => key.clone().chain_update(message).finalize().into_bytes().to_vec(),
        }
    }

    /// Takes whole tags only, and as long for a wrong one as for the right one.
    pub(crate) fn verify(&self, message: &[u8], tag: &[u8]) -> Result<(), Rejected> {
        match self {
            MacKey::Hs256(key) => key.clone().chain_update(message).verify_slice(tag),
            MacKey::Hs384(key) => key.clone().chain_update(message).verify_slice(tag),
            MacKey::Hs512(key) => key.clone().chain_update(message).verify_slice(tag),
        }
        .map_err(reject)
    }
}

/// The library's signature serves MACs of other kinds too.
#[expect(clippy::expect_used, reason = "RFC 2104 section 2: a key of any length")]
pub(super) fn keyed<M: KeyInit>(secret: &[u8]) -> M {
    M::new_from_slice(secret).expect("HMAC takes keys of any length")
}
