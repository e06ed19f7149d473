//! Public keys as `SubjectPublicKeyInfo` ([RFC 5280 §4.1.2.7], [RFC 5480 §2], [RFC 8410 §4], [RFC 3279 §2.3.1]).
//!
//! One key has one encoding: what is read must be, byte for byte, what would be written. Compressed points, curves given
//! by their parameters, RSA keys under the PSS identifier, lengths with leading zeros and trailing bytes are thereby
//! refused.
//!
//! [RFC 5280 §4.1.2.7]: https://www.rfc-editor.org/rfc/rfc5280#section-4.1.2.7
//! [RFC 5480 §2]: https://www.rfc-editor.org/rfc/rfc5480#section-2
//! [RFC 8410 §4]: https://www.rfc-editor.org/rfc/rfc8410#section-4
//! [RFC 3279 §2.3.1]: https://www.rfc-editor.org/rfc/rfc3279#section-2.3.1

use crate::crypto::{Curve, PublicMembers};
use crate::der;

pub(crate) fn write(members: &PublicMembers) -> Vec<u8> {
    match members {
        PublicMembers::Ec { curve, x, y } => info(&[EC_PUBLIC_KEY, curve_id(*curve)], &[&[0x04], x, y]),
        PublicMembers::Okp { x } => info(&[ED25519], &[x]),
        PublicMembers::Rsa { n, e } => {
            let key = der::write(0x30, &[&der::write_unsigned(n), &der::write_unsigned(e)]);
            info(&[RSA_ENCRYPTION, NULL], &[&key])
        }
        #[cfg(feature = "ml-dsa")]
        PublicMembers::Akp { algorithm, public } => info(&[ml_dsa_id(*algorithm)], &[public]),
        PublicMembers::X25519 { x } => info(&[X25519], &[x]),
    }
}

pub(crate) fn read(spki: &[u8]) -> Option<PublicMembers> {
    let members = members(spki)?;
    (write(&members) == spki).then_some(members)
}

fn members(spki: &[u8]) -> Option<PublicMembers> {
    let (info, _) = der::element(spki, 0x30)?;
    let (algorithm, rest) = der::element(info, 0x30)?;
    let (bits, _) = der::element(rest, 0x03)?;
    let key = bits.strip_prefix(&[0])?;
    if algorithm == ED25519 {
        return Some(PublicMembers::Okp { x: key.try_into().ok()? });
    }
    if algorithm == X25519 {
        return Some(PublicMembers::X25519 { x: key.try_into().ok()? });
    }
    #[cfg(feature = "ml-dsa")]
    if let Some(algorithm) = ml_dsa(algorithm) {
        let fits = key.len() == crate::crypto::public_length(algorithm);
        return fits.then(|| PublicMembers::Akp { algorithm, public: key.to_vec() });
    }
    if let Some(curve) = curve_of(algorithm) {
        let (x, y) = key.strip_prefix(&[0x04])?.split_at_checked(curve.coordinate_length())?;
        return (y.len() == x.len()).then(|| PublicMembers::Ec { curve, x: x.to_vec(), y: y.to_vec() });
    }
    algorithm.strip_prefix(RSA_ENCRYPTION)?;
    let (key, _) = der::element(key, 0x30)?;
    let (n, rest) = der::element(key, 0x02)?;
    let (e, _) = der::element(rest, 0x02)?;
    Some(PublicMembers::Rsa { n: der::magnitude(n).to_vec(), e: der::magnitude(e).to_vec() })
}

fn info(algorithm: &[&[u8]], key: &[&[u8]]) -> Vec<u8> {
    let algorithm = der::write(0x30, algorithm);
    let bits = [&[&[0][..]], key].concat();
    der::write(0x30, &[&algorithm, &der::write(0x03, &bits)])
}

/// The curve of a key on one of NIST, out of the content of its `AlgorithmIdentifier`.
pub(crate) fn curve_of(algorithm: &[u8]) -> Option<Curve> {
    let id = algorithm.strip_prefix(EC_PUBLIC_KEY)?;
    [Curve::P256, Curve::P384, Curve::P521].into_iter().find(|known| curve_id(*known) == id)
}

fn curve_id(curve: Curve) -> &'static [u8] {
    match curve {
        Curve::P256 => &[0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07],
        Curve::P384 => &[0x06, 0x05, 0x2B, 0x81, 0x04, 0x00, 0x22],
        Curve::P521 => &[0x06, 0x05, 0x2B, 0x81, 0x04, 0x00, 0x23],
    }
}

/// The identifiers of [RFC 9881 §2], which have no parameters.
///
/// [RFC 9881 §2]: https://www.rfc-editor.org/rfc/rfc9881#section-2
#[cfg(feature = "ml-dsa")]
pub(crate) fn ml_dsa_id(algorithm: crate::Algorithm) -> &'static [u8] {
    match algorithm {
        crate::Algorithm::MlDsa44 => &[0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, 0x11],
        crate::Algorithm::MlDsa65 => &[0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, 0x12],
        _ => &[0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, 0x13],
    }
}

#[cfg(feature = "ml-dsa")]
fn ml_dsa(id: &[u8]) -> Option<crate::Algorithm> {
    let known = crate::Algorithm::ALL.iter().copied().filter(|algorithm| algorithm.is_ml_dsa());
    known.into_iter().find(|algorithm| ml_dsa_id(*algorithm) == id)
}

const EC_PUBLIC_KEY: &[u8] = &[0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01];
const ED25519: &[u8] = &[0x06, 0x03, 0x2B, 0x65, 0x70];
const RSA_ENCRYPTION: &[u8] = &[0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01];
const NULL: &[u8] = &[0x05, 0x00];
const X25519: &[u8] = &[0x06, 0x03, 0x2B, 0x65, 0x6E];
