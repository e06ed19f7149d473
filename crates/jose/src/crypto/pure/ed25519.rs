//! Ed25519 private keys and their PKCS #8 form ([RFC 8410 §7]).
//!
//! [RFC 8410 §7]: https://www.rfc-editor.org/rfc/rfc8410#section-7

use ed25519_dalek::{Signer, SigningKey};
use p256::pkcs8::{ObjectIdentifier, PrivateKeyInfoRef};
use zeroize::Zeroizing;

use super::{Rejected, reject};

pub(super) fn generate() -> Result<SigningKey, Rejected> {
    let mut seed = Zeroizing::new([0; 32]);
    getrandom::fill(seed.as_mut_slice()).map_err(reject)?;
    Ok(SigningKey::from_bytes(&seed))
}

/// Takes version 1 and 2; the public key that version 2 may hold must be the seed's.
pub(super) fn from_pkcs8(der: &[u8]) -> Result<SigningKey, Rejected> {
    let info = PrivateKeyInfoRef::try_from(der).map_err(reject)?;
    if info.algorithm.oid != ED25519 || info.algorithm.parameters.is_some() {
        return Err(Rejected);
    }
    // An OCTET STRING of 32 bytes, inside of the one that the structure has.
    let seed = info.private_key.as_bytes().strip_prefix(&[0x04, 0x20]).ok_or(Rejected)?;
    let key = SigningKey::try_from(seed).map_err(reject)?;
    match info.public_key {
        Some(public) if public.as_bytes() != Some(key.verifying_key().as_bytes()) => Err(Rejected),
        _ => Ok(key),
    }
}

pub(super) fn to_pkcs8(key: &SigningKey) -> Zeroizing<Vec<u8>> {
    Zeroizing::new([PKCS8_BEFORE_SEED, key.as_bytes().as_slice()].concat())
}

pub(super) fn sign(key: &SigningKey, message: &[u8]) -> Result<Vec<u8>, Rejected> {
    key.try_sign(message).map(|signature| signature.to_bytes().to_vec()).map_err(reject)
}

const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

/// `SEQUENCE { INTEGER 0, SEQUENCE { id-Ed25519 }, OCTET STRING { OCTET STRING { …` of version 1.
const PKCS8_BEFORE_SEED: &[u8] =
    &[0x30, 0x2E, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];
