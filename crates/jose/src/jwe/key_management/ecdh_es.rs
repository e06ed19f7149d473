//! `ECDH-ES`, alone and with AES Key Wrap, on P-256, P-384, P-521 and X25519 ([RFC 7518 §4.6], [RFC 8037 §3.2]).
//!
//! Refused: an ephemeral key on another curve than the recipient's, off its curve, or of small order. Whoever could make
//! us compute with such a point would learn the private key from what comes of it.
//!
//! [RFC 7518 §4.6]: https://www.rfc-editor.org/rfc/rfc7518#section-4.6
//! [RFC 8037 §3.2]: https://www.rfc-editor.org/rfc/rfc8037#section-3.2

use zeroize::Zeroizing;

use super::{Cek, Sealed};
use crate::crypto::encryption::{AgreementKey, AgreementPublicKey};
use crate::crypto::{PublicMembers, Rejected};
use crate::jwe::{AgreementCurve, ContentEncryption, JweError, KeyManagement, Parameters, concat_kdf};
use crate::jwk::required_members;
use crate::{KeyError, base64url};

/// Agrees on a key with the recipient, and says with which ephemeral key.
pub(super) fn seal(
    algorithm: KeyManagement,
    enc: ContentEncryption,
    curve: AgreementCurve,
    recipient: &AgreementPublicKey,
    parameters: &Parameters<'_>,
) -> Result<(Cek, Sealed), KeyError> {
    let ephemeral = AgreementKey::generate(curve).map_err(|Rejected| KeyError::Backend)?;
    let secret = ephemeral.agree(recipient).map_err(|Rejected| KeyError::Backend)?;
    let epk = ephemeral.public_members().map_err(|Rejected| KeyError::Backend)?;
    let mut members = vec![("epk", required_members(&epk))];
    for (name, party) in [("apu", parameters.apu), ("apv", parameters.apv)] {
        if !party.is_empty() {
            members.push((name, format!("\"{}\"", base64url::encode(party))));
        }
    }
    let key = derive(&secret, algorithm, enc, parameters.apu, parameters.apv);
    Ok((key, Sealed { encrypted_key: Vec::new(), members }))
}

/// Computes the key that the sender has agreed on with us.
pub(super) fn open(
    algorithm: KeyManagement,
    enc: ContentEncryption,
    (curve, key): (AgreementCurve, &AgreementKey),
    epk: &PublicMembers,
    apu: &[u8],
    apv: &[u8],
) -> Result<Cek, JweError> {
    if AgreementCurve::of(epk) != Some(curve) {
        return Err(JweError::EphemeralKey);
    }
    let epk = AgreementPublicKey::new(epk).map_err(|Rejected| JweError::EphemeralKey)?;
    let secret = key.agree(&epk).map_err(|Rejected| JweError::EphemeralKey)?;
    Ok(derive(&secret, algorithm, enc, apu, apv))
}

/// [RFC 7518 §4.6.2]: the key is made for the algorithm that uses it.
///
/// [RFC 7518 §4.6.2]: https://www.rfc-editor.org/rfc/rfc7518#section-4.6.2
fn derive(
    secret: &[u8],
    algorithm: KeyManagement,
    enc: ContentEncryption,
    apu: &[u8],
    apv: &[u8],
) -> Zeroizing<Vec<u8>> {
    match algorithm.wrapping_key_length() {
        Some(length) => concat_kdf::derive(secret, algorithm.as_str(), apu, apv, length),
        None => concat_kdf::derive(secret, enc.as_str(), apu, apv, enc.key_length()),
    }
}
