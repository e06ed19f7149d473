//! Public keys as `SubjectPublicKeyInfo` (RFC 5280 §4.1.2.7, RFC 5480 §2, RFC 8410 §4, RFC 3279 §2.3.1).
//!
//! One key has one encoding: what is read must be, byte for byte, what would be written. Compressed points, curves given
//! by their parameters, RSA keys under the PSS identifier, lengths with leading zeros and trailing bytes are thereby
//! refused.

use der::asn1::{AnyRef, BitStringRef, ObjectIdentifier, UintRef};
use der::{Decode, Encode, Tag};
use spki::{AlgorithmIdentifierRef, SubjectPublicKeyInfoRef};

use crate::crypto::{Curve, PublicMembers};
#[cfg(feature = "ml-dsa")]
use crate::crypto::{ml_dsa_id, public_length};

#[expect(clippy::expect_used, reason = "members are a few kilobytes at most, and DER ends at 256 MiB")]
pub(crate) fn write(members: &PublicMembers) -> Vec<u8> {
    encode(members).expect("a key fits into DER")
}

pub(crate) fn read(spki: &[u8]) -> Option<PublicMembers> {
    let members = members(&SubjectPublicKeyInfoRef::from_der(spki).ok()?)?;
    (write(&members) == spki).then_some(members)
}

fn members(info: &SubjectPublicKeyInfoRef<'_>) -> Option<PublicMembers> {
    let key = info.subject_public_key.as_bytes()?;
    match info.algorithm.oid {
        ED25519 => Some(PublicMembers::Okp { x: key.try_into().ok()? }),
        X25519 => Some(PublicMembers::X25519 { x: key.try_into().ok()? }),
        EC_PUBLIC_KEY => {
            let curve = curve_of(&info.algorithm)?;
            let (x, y) = key.strip_prefix(&[UNCOMPRESSED])?.split_at_checked(curve.coordinate_length())?;
            (y.len() == x.len()).then(|| PublicMembers::Ec { curve, x: x.to_vec(), y: y.to_vec() })
        }
        RSA_ENCRYPTION => {
            let [n, e] = unsigned_integers(key)?.try_into().ok()?;
            Some(PublicMembers::Rsa { n: n.to_vec(), e: e.to_vec() })
        }
        #[cfg(feature = "ml-dsa")]
        id => {
            let known = crate::Algorithm::ALL.iter().copied().filter(|algorithm| algorithm.is_ml_dsa());
            let algorithm = known.into_iter().find(|algorithm| ml_dsa_id(*algorithm) == id)?;
            let fits = key.len() == public_length(algorithm);
            fits.then(|| PublicMembers::Akp { algorithm, public: key.to_vec() })
        }
        #[cfg(not(feature = "ml-dsa"))]
        _ => None,
    }
}

fn encode(members: &PublicMembers) -> der::Result<Vec<u8>> {
    match members {
        PublicMembers::Ec { curve, x, y } => {
            info(EC_PUBLIC_KEY, Some((&curve_id(*curve)).into()), &[&[UNCOMPRESSED], x.as_slice(), y].concat())
        }
        PublicMembers::Okp { x } => info(ED25519, None, x),
        PublicMembers::Rsa { n, e } => {
            let integers = [UintRef::new(n)?.to_der()?, UintRef::new(e)?.to_der()?].concat();
            info(RSA_ENCRYPTION, Some(AnyRef::NULL), &AnyRef::new(Tag::Sequence, &integers)?.to_der()?)
        }
        #[cfg(feature = "ml-dsa")]
        PublicMembers::Akp { algorithm, public } => info(ml_dsa_id(*algorithm), None, public),
        PublicMembers::X25519 { x } => info(X25519, None, x),
    }
}

fn info(oid: ObjectIdentifier, parameters: Option<AnyRef<'_>>, key: &[u8]) -> der::Result<Vec<u8>> {
    let subject_public_key = BitStringRef::from_bytes(key)?;
    SubjectPublicKeyInfoRef { algorithm: AlgorithmIdentifierRef { oid, parameters }, subject_public_key }.to_der()
}

/// The integers of a sequence that holds nothing else, without the byte of a sign.
pub(crate) fn unsigned_integers(der: &[u8]) -> Option<Vec<&[u8]>> {
    let sequence = AnyRef::from_der(der).ok()?;
    let integers = sequence.sequence(|reader| {
        let mut integers = Vec::new();
        while !der::Reader::is_finished(reader) {
            integers.push(UintRef::decode(reader)?.as_bytes());
        }
        der::Result::Ok(integers)
    });
    integers.ok()
}

/// The curve of a key on one of NIST.
pub(crate) fn curve_of(algorithm: &AlgorithmIdentifierRef<'_>) -> Option<Curve> {
    let (EC_PUBLIC_KEY, Some(id)) = algorithm.oids().ok()? else { return None };
    [Curve::P256, Curve::P384, Curve::P521].into_iter().find(|known| curve_id(*known) == id)
}

const fn curve_id(curve: Curve) -> ObjectIdentifier {
    match curve {
        Curve::P256 => ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7"),
        Curve::P384 => ObjectIdentifier::new_unwrap("1.3.132.0.34"),
        Curve::P521 => ObjectIdentifier::new_unwrap("1.3.132.0.35"),
    }
}

const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
/// The first byte of a point that is written with both coordinates (SEC 1 §2.3.3).
const UNCOMPRESSED: u8 = 4;
const X25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.110");
