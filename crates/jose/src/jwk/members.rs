//! The member rules of a public JWK, in the order in which they are asked.

use serde_json::{Map, Value};

use super::roca;
use crate::crypto::{Curve, PublicMembers};
use crate::{Algorithm, KeyError, base64url};

/// What the members of a JWK say, before the key is made.
pub(super) struct Read {
    pub(super) algorithm: Algorithm,
    pub(super) kid: Option<String>,
    pub(super) members: PublicMembers,
}

pub(super) fn read(object: &Map<String, Value>) -> Result<Read, KeyError> {
    let kty = text(object, "kty")?.ok_or(KeyError::Member("kty"))?;
    if kty == "oct" {
        return Err(KeyError::Symmetric);
    }
    if PRIVATE_MEMBERS.iter().any(|member| object.contains_key(*member)) {
        return Err(KeyError::PrivateMember);
    }
    check_purpose(object)?;
    let kid = kid(object)?;
    let (algorithm, members) = match kty {
        "EC" => {
            let curve = Curve::named(curve(object)?).ok_or_else(|| unsupported_curve(object))?;
            // Before the point: a key that claims another curve's algorithm contradicts itself, whatever its length.
            check_algorithm(object, kty, curve.algorithm())?;
            let length = curve.coordinate_length();
            let (x, y) = (coordinate(object, "x", length)?, coordinate(object, "y", length)?);
            (curve.algorithm(), PublicMembers::Ec { curve, x, y })
        }
        "OKP" => match curve(object)? {
            "Ed25519" => {
                let x = coordinate(object, "x", 32)?.try_into().map_err(|_| KeyError::Member("x"))?;
                (Algorithm::EdDSA, PublicMembers::Okp { x })
            }
            _ => return Err(unsupported_curve(object)),
        },
        "RSA" => {
            // Before `alg`: a weak modulus is refused, not passed over as somebody else's algorithm.
            let (n, e) = (unsigned(object, "n")?, unsigned(object, "e")?);
            check_rsa(&n, &e)?;
            (rsa_algorithm(object)?, PublicMembers::Rsa { n, e })
        }
        #[cfg(feature = "ml-dsa")]
        "AKP" => {
            let algorithm = akp_algorithm(object)?;
            let public = coordinate(object, "pub", crate::crypto::public_length(algorithm))?;
            (algorithm, PublicMembers::Akp { algorithm, public })
        }
        _ => return Err(KeyError::Unsupported),
    };
    check_algorithm(object, kty, algorithm)?;
    Ok(Read { algorithm, kid, members })
}

/// [RFC 7517 §4.2 and §4.3]: a key that says what it is for must be for verifying signatures, and say it once.
///
/// [RFC 7517 §4.2 and §4.3]: https://www.rfc-editor.org/rfc/rfc7517#section-4.2
fn check_purpose(object: &Map<String, Value>) -> Result<(), KeyError> {
    match text(object, "use")? {
        None | Some("sig") => {}
        Some(_) => return Err(KeyError::NotForSignatures),
    }
    let Some(operations) = object.get("key_ops") else { return Ok(()) };
    let operations = operations.as_array().ok_or(KeyError::Member("key_ops"))?;
    for (index, operation) in operations.iter().enumerate() {
        let operation = operation.as_str().ok_or(KeyError::Member("key_ops"))?;
        if operations.iter().skip(index + 1).any(|other| other.as_str() == Some(operation)) {
            return Err(KeyError::Member("key_ops"));
        }
        // A public key verifies. Any other operation belongs to a private key or to encryption, and one key does one
        // thing.
        if operation != "verify" {
            return Err(KeyError::NotForSignatures);
        }
    }
    if operations.is_empty() { Err(KeyError::NotForSignatures) } else { Ok(()) }
}

/// How often `key_ops` says `sign` and `verify`, for keys that may do both; nothing else is for signatures.
pub(super) fn signing_operations(operations: &Value) -> Result<(usize, usize), KeyError> {
    let operations = operations.as_array().ok_or(KeyError::Member("key_ops"))?;
    let (mut signs, mut verifies) = (0, 0);
    for operation in operations {
        match operation.as_str().ok_or(KeyError::Member("key_ops"))? {
            "sign" => signs += 1,
            "verify" => verifies += 1,
            _ => return Err(KeyError::NotForSignatures),
        }
    }
    Ok((signs, verifies))
}

/// One key, one algorithm: `alg`, where present, must be the one that we verify with this kind of key.
fn check_algorithm(object: &Map<String, Value>, kty: &str, algorithm: Algorithm) -> Result<(), KeyError> {
    match text(object, "alg")? {
        None => Ok(()),
        Some(name) if name == algorithm.as_str() => Ok(()),
        // RFC 9864 gives EdDSA over Ed25519 a name of its own; the key is the same key.
        Some("Ed25519") if algorithm == Algorithm::EdDSA => Ok(()),
        // What the same kind of key may be for elsewhere is not a contradiction.
        Some(name) if name.parse::<Algorithm>().is_err() && is_other_use(kty, name) => Err(KeyError::Unsupported),
        Some(_) => Err(KeyError::AlgorithmMismatch),
    }
}

/// The algorithm of an RSA key: the one that it names, or RS256.
fn rsa_algorithm(object: &Map<String, Value>) -> Result<Algorithm, KeyError> {
    match text(object, "alg")?.map(str::parse) {
        Some(Ok(
            algorithm @ (Algorithm::Ps256
            | Algorithm::Ps384
            | Algorithm::Ps512
            | Algorithm::Rs256
            | Algorithm::Rs384
            | Algorithm::Rs512),
        )) => Ok(algorithm),
        // What else `alg` may say is judged with the other kinds of key.
        _ => Ok(Algorithm::Rs256),
    }
}

/// [RFC 9964 §2]: the key is nothing without its `alg`.
///
/// [RFC 9964 §2]: https://www.rfc-editor.org/rfc/rfc9964#section-2
#[cfg(feature = "ml-dsa")]
fn akp_algorithm(object: &Map<String, Value>) -> Result<Algorithm, KeyError> {
    match text(object, "alg")?.ok_or(KeyError::Member("alg"))?.parse() {
        Ok(algorithm) if Algorithm::is_ml_dsa(algorithm) => Ok(algorithm),
        Ok(_) => Err(KeyError::AlgorithmMismatch),
        // Other algorithms share the key type.
        Err(_) => Err(KeyError::Unsupported),
    }
}

/// RSA for encryption; key agreement on a curve.
fn is_other_use(kty: &str, name: &str) -> bool {
    match kty {
        "RSA" => name.starts_with("RSA"),
        _ => name.starts_with("ECDH-ES"),
    }
}

/// A curve that we do not verify with is unsupported, unless the key claims an algorithm that needs another curve.
fn unsupported_curve(object: &Map<String, Value>) -> KeyError {
    match object.get("alg").and_then(Value::as_str) {
        Some(name) if name.parse::<Algorithm>().is_ok_and(|algorithm| algorithm != Algorithm::EdDSA) => {
            KeyError::AlgorithmMismatch
        }
        _ => KeyError::Unsupported,
    }
}

/// The size rules of [RFC 7518 §3.3] and [NIST SP 800-131A], and the fingerprint of CVE-2017-15361.
///
/// [RFC 7518 §3.3]: https://www.rfc-editor.org/rfc/rfc7518#section-3.3
/// [NIST SP 800-131A]: https://doi.org/10.6028/NIST.SP.800-131Ar2
pub(crate) fn check_rsa(n: &[u8], e: &[u8]) -> Result<(), KeyError> {
    if !(2048..=8192).contains(&bit_length(n)) || !(2..=33).contains(&bit_length(e)) {
        return Err(KeyError::RsaSize);
    }
    if !is_odd(n) || !is_odd(e) {
        return Err(KeyError::RsaSize);
    }
    if roca::has_fingerprint(n) { Err(KeyError::Roca) } else { Ok(()) }
}

fn bit_length(bytes: &[u8]) -> usize {
    let unused = bytes.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1)).take_while(|&bit| bit == 0);
    bytes.len() * 8 - unused.count()
}

fn is_odd(bytes: &[u8]) -> bool {
    bytes.last().is_some_and(|last| last % 2 == 1)
}

pub(crate) fn kid(object: &Map<String, Value>) -> Result<Option<String>, KeyError> {
    match text(object, "kid")? {
        Some(kid) if kid.is_empty() || kid.len() > MAX_KID => Err(KeyError::Member("kid")),
        kid => Ok(kid.map(str::to_owned)),
    }
}

pub(crate) fn curve(object: &Map<String, Value>) -> Result<&str, KeyError> {
    text(object, "crv")?.ok_or(KeyError::Member("crv"))
}

pub(crate) fn text<'a>(object: &'a Map<String, Value>, member: &'static str) -> Result<Option<&'a str>, KeyError> {
    object.get(member).map(|value| value.as_str().ok_or(KeyError::Member(member))).transpose()
}

/// Exactly as many bytes as the curve takes, leading zeros included ([RFC 7518 §6.2.1.2]).
///
/// [RFC 7518 §6.2.1.2]: https://www.rfc-editor.org/rfc/rfc7518#section-6.2.1.2
pub(crate) fn coordinate(
    object: &Map<String, Value>,
    member: &'static str,
    length: usize,
) -> Result<Vec<u8>, KeyError> {
    let encoded = text(object, member)?.ok_or(KeyError::Member(member))?;
    base64url::decode(encoded).ok().filter(|bytes| bytes.len() == length).ok_or(KeyError::Member(member))
}

/// `Base64urlUInt` ([RFC 7518 §2]): no leading zero bytes.
///
/// [RFC 7518 §2]: https://www.rfc-editor.org/rfc/rfc7518#section-2
pub(crate) fn unsigned(object: &Map<String, Value>, member: &'static str) -> Result<Vec<u8>, KeyError> {
    let encoded = text(object, member)?.ok_or(KeyError::Member(member))?;
    match base64url::decode(encoded) {
        Ok(bytes) if bytes.first().is_some_and(|&first| first != 0) => Ok(bytes),
        _ => Err(KeyError::Member(member)),
    }
}

/// The members that the IANA registry marks as private, for every key type.
pub(crate) const PRIVATE_MEMBERS: [&str; 9] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"];

/// A key id travels in every header.
const MAX_KID: usize = 512;
