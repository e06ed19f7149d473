//! From the recipient's key to the content encryption key and back ([RFC 7516 §5.1, §5.2], [RFC 7518 §4]).
//!
//! [RFC 7516 §5.1, §5.2]: https://www.rfc-editor.org/rfc/rfc7516#section-5.1
//! [RFC 7518 §4]: https://www.rfc-editor.org/rfc/rfc7518#section-4

mod cek;
mod direct;
mod ecdh_es;
mod key_wrap;
pub(super) mod pbes2;
mod rsa_oaep;

use super::content_encryption::generate_key;
use super::decryption_key::Owner;
use super::encryption_key::{PublicKey, Recipient};
use super::header::KeyParameters;
use super::{ContentEncryption, DecryptionKey, EncryptionKey, Header, JweError, Parameters};
use crate::KeyError;
use crate::crypto::Rejected;
pub(super) use cek::{Cek, Sealed};

/// Determines a content encryption key and what one recipient is sent.
pub(super) fn seal(
    key: &EncryptionKey,
    enc: ContentEncryption,
    parameters: &Parameters<'_>,
) -> Result<(Cek, Sealed), KeyError> {
    match &key.recipient {
        Recipient::Shared(shared) if key.algorithm().is_direct() => Ok((direct::cek(shared), Sealed::default())),
        Recipient::Public(half) if key.algorithm().is_direct() => match &half.key {
            PublicKey::Agreement(curve, public) => ecdh_es::seal(key.algorithm(), enc, *curve, public, parameters),
            PublicKey::Oaep(_) => Err(KeyError::AlgorithmMismatch),
        },
        _ => {
            let cek = generate_key(enc).map_err(|Rejected| KeyError::Backend)?;
            let sealed = seal_for(key, enc, &cek, parameters)?;
            Ok((cek, sealed))
        }
    }
}

/// Encrypts a content encryption key to one of its recipients.
pub(super) fn seal_for(
    key: &EncryptionKey,
    enc: ContentEncryption,
    cek: &Cek,
    parameters: &Parameters<'_>,
) -> Result<Sealed, KeyError> {
    match &key.recipient {
        Recipient::Public(half) => match &half.key {
            PublicKey::Agreement(curve, public) => {
                let (kek, sealed) = ecdh_es::seal(key.algorithm(), enc, *curve, public, parameters)?;
                Ok(Sealed { encrypted_key: key_wrap::seal(&kek, cek)?, ..sealed })
            }
            PublicKey::Oaep(public) => Ok(Sealed { encrypted_key: rsa_oaep::seal(public, cek)?, ..Sealed::default() }),
        },
        Recipient::Shared(shared) => {
            Ok(Sealed { encrypted_key: key_wrap::seal(&shared.secret, cek)?, ..Sealed::default() })
        }
        Recipient::Password(password, count) => {
            let (kek, sealed) = pbes2::seal(key.algorithm(), &password.secret, *count)?;
            Ok(Sealed { encrypted_key: key_wrap::seal(&kek, cek)?, ..sealed })
        }
    }
}

/// Finds the content encryption key. Where an encrypted key cannot be decrypted, or to no key of the right length, the
/// result is a random key, so that what follows fails for the same reason and after as long ([RFC 7516 §11.5]).
///
/// [RFC 7516 §11.5]: https://www.rfc-editor.org/rfc/rfc7516#section-11.5
pub(super) fn open(key: &DecryptionKey, header: &Header, encrypted_key: &[u8]) -> Result<Cek, JweError> {
    let enc = header.content_encryption();
    match (&key.owner, &header.parameters) {
        (Owner::Shared(shared), _) if shared.direct.is_some() => Ok(direct::cek(shared)),
        (Owner::Shared(shared), _) => or_random(enc, || key_wrap::open(&shared.secret, encrypted_key)),
        (Owner::Agreement(curve, private, _), KeyParameters::Agreement { epk, apu, apv }) => {
            let derived = ecdh_es::open(key.algorithm(), enc, (*curve, private), epk, apu, apv)?;
            if key.algorithm().is_direct() {
                return Ok(derived);
            }
            or_random(enc, || key_wrap::open(&derived, encrypted_key))
        }
        (Owner::Oaep(private, _), _) => or_random(enc, || rsa_oaep::open(private, encrypted_key)),
        (Owner::Password(password, counts), KeyParameters::Password { salt, count }) => {
            let count = pbes2::Count::check(*count, counts)?;
            let kek = pbes2::open(key.algorithm(), &password.secret, pbes2::Salt::check(salt)?, count);
            or_random(enc, || key_wrap::open(&kek, encrypted_key))
        }
        // The header has been read for the algorithm of the key.
        (Owner::Agreement(..) | Owner::Password(..), _) => Err(JweError::Decryption),
    }
}

/// Of several recipients that a message may have us for, each asks a password to be hashed as often as it likes: all of
/// them together may ask for no more than one. Nothing has been hashed yet.
pub(super) fn check_effort<'a>(
    key: &DecryptionKey,
    recipients: impl Iterator<Item = &'a Header>,
) -> Result<(), JweError> {
    let Owner::Password(_, allowed) = &key.owner else { return Ok(()) };
    let counts = recipients.filter_map(|header| match header.parameters {
        KeyParameters::Password { count, .. } => Some(count),
        _ => None,
    });
    let found = counts.fold(0, u64::saturating_add);
    if found > u64::from(*allowed.end()) { Err(JweError::password_count(allowed, found)) } else { Ok(()) }
}

fn or_random(enc: ContentEncryption, open: impl FnOnce() -> Result<Cek, Rejected>) -> Result<Cek, JweError> {
    // Made whether it is needed or not.
    let random = generate_key(enc).map_err(|Rejected| JweError::Backend)?;
    Ok(open().ok().filter(|cek| cek.len() == enc.key_length()).unwrap_or(random))
}
