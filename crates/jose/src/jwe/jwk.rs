//! JWKs for encryption ([RFC 7517], [RFC 7518 §6], [RFC 8037 §2]): the member rules, in the order in which they are asked.
//!
//! A key for signatures is refused, as one for encryption is refused by [`Jwk`](crate::Jwk): one key does one thing.
//!
//! [RFC 7517]: https://www.rfc-editor.org/rfc/rfc7517
//! [RFC 7518 §6]: https://www.rfc-editor.org/rfc/rfc7518#section-6
//! [RFC 8037 §2]: https://www.rfc-editor.org/rfc/rfc8037#section-2

use serde_json::{Map, Value};

use super::{ContentEncryption, KeyManagement};
use crate::crypto::{Curve, PublicMembers};
use crate::jwk::members::{self, coordinate, curve, text, unsigned};
use crate::jws::hmac::HmacAlgorithm;
use crate::{Algorithm, KeyError, json};

/// What `alg` says. A key for `dir` may name the content encryption that it is for, as [RFC 7520 §5.6] does.
///
/// [RFC 7520 §5.6]: https://www.rfc-editor.org/rfc/rfc7520#section-5.6
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Named {
    KeyManagement(KeyManagement),
    ContentEncryption(ContentEncryption),
}

/// The side of a key that a JWK has.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Half {
    Public,
    Private,
    Shared,
}

pub(super) fn read_object(text: &str) -> Result<Map<String, Value>, KeyError> {
    match json::parse(text.as_bytes())? {
        Value::Object(object) => Ok(object),
        _ => Err(KeyError::Malformed),
    }
}

/// Whether the key has something to say of encryption: by `use`, `key_ops`, `alg`, or by a curve that does nothing else.
pub(super) fn speaks_of_encryption(object: &Map<String, Value>) -> bool {
    object.get("use").is_some_and(|value| value == "enc")
        || object.get("key_ops").is_some_and(|value| check_operations(value, Half::Private).is_ok())
        || object.get("crv").is_some_and(|value| value == "X25519")
        || matches!(algorithm(object), Ok(Some(Named::KeyManagement(_))))
}

/// `use` and `key_ops` ([RFC 7517 §4.2, §4.3]): a key that says what it is for must be for encryption.
///
/// [RFC 7517 §4.2, §4.3]: https://www.rfc-editor.org/rfc/rfc7517#section-4.2
pub(super) fn check_purpose(object: &Map<String, Value>, half: Half) -> Result<(), KeyError> {
    match text(object, "use")? {
        None | Some("enc") => {}
        Some(_) => return Err(KeyError::NotForEncryption),
    }
    object.get("key_ops").map_or(Ok(()), |operations| check_operations(operations, half))
}

fn check_operations(operations: &Value, half: Half) -> Result<(), KeyError> {
    let operations = operations.as_array().ok_or(KeyError::Member("key_ops"))?;
    for (index, operation) in operations.iter().enumerate() {
        let operation = operation.as_str().ok_or(KeyError::Member("key_ops"))?;
        if operations.iter().skip(index + 1).any(|other| other.as_str() == Some(operation)) {
            return Err(KeyError::Member("key_ops"));
        }
        match operation {
            "encrypt" | "wrapKey" | "deriveKey" | "deriveBits" => {}
            "decrypt" | "unwrapKey" if half != Half::Public => {}
            _ => return Err(KeyError::NotForEncryption),
        }
    }
    if operations.is_empty() { Err(KeyError::NotForEncryption) } else { Ok(()) }
}

pub(super) fn algorithm(object: &Map<String, Value>) -> Result<Option<Named>, KeyError> {
    let Some(name) = text(object, "alg")? else { return Ok(None) };
    if let Ok(algorithm) = name.parse() {
        return Ok(Some(Named::KeyManagement(algorithm)));
    }
    if let Ok(enc) = name.parse() {
        return Ok(Some(Named::ContentEncryption(enc)));
    }
    let signs = name.parse::<Algorithm>().is_ok() || name.parse::<HmacAlgorithm>().is_ok();
    Err(if signs { KeyError::NotForEncryption } else { KeyError::Unsupported })
}

/// The algorithm that the key names, or the one that the caller does; where both do, they agree.
pub(super) fn settle(named: Option<Named>, wanted: Option<KeyManagement>) -> Result<Named, KeyError> {
    match (named, wanted) {
        (Some(Named::ContentEncryption(_)), Some(wanted)) if wanted != KeyManagement::Dir => {
            Err(KeyError::AlgorithmMismatch)
        }
        (Some(Named::KeyManagement(named)), Some(wanted)) if wanted != named => Err(KeyError::AlgorithmMismatch),
        (Some(named), _) => Ok(named),
        (None, Some(wanted)) => Ok(Named::KeyManagement(wanted)),
        (None, None) => Err(KeyError::Member("alg")),
    }
}

/// The members of a public key.
pub(super) fn public_members(object: &Map<String, Value>) -> Result<PublicMembers, KeyError> {
    let kty = text(object, "kty")?.ok_or(KeyError::Member("kty"))?;
    match kty {
        "RSA" => {
            let (n, e) = (unsigned(object, "n")?, unsigned(object, "e")?);
            members::check_rsa(&n, &e)?;
            Ok(PublicMembers::Rsa { n, e })
        }
        "oct" => Err(KeyError::Symmetric),
        _ => agreement_members(object),
    }
}

/// The members of a public key of key agreement, among them `epk` ([RFC 7518 §4.6.1.1]), which says nothing but these.
///
/// [RFC 7518 §4.6.1.1]: https://www.rfc-editor.org/rfc/rfc7518#section-4.6.1.1
pub(super) fn agreement_members(object: &Map<String, Value>) -> Result<PublicMembers, KeyError> {
    if members::PRIVATE_MEMBERS.iter().any(|member| object.contains_key(*member)) {
        return Err(KeyError::PrivateMember);
    }
    let kty = text(object, "kty")?.ok_or(KeyError::Member("kty"))?;
    if !matches!(kty, "EC" | "OKP") {
        return Err(KeyError::Unsupported);
    }
    match (kty, curve(object)?) {
        ("EC", crv) => {
            let curve = Curve::named(crv).ok_or(KeyError::Unsupported)?;
            let length = curve.coordinate_length();
            let (x, y) = (coordinate(object, "x", length)?, coordinate(object, "y", length)?);
            Ok(PublicMembers::Ec { curve, x, y })
        }
        ("OKP", "X25519") => {
            let x = coordinate(object, "x", 32)?.try_into().map_err(|_| KeyError::Member("x"))?;
            if is_canonical(&x) { Ok(PublicMembers::X25519 { x }) } else { Err(KeyError::Member("x")) }
        }
        ("OKP", "Ed25519") => Err(KeyError::NotForEncryption),
        _ => Err(KeyError::Unsupported),
    }
}

/// RFC 7748 reads a number of 2^255 - 19 or more as a smaller one; a key with a second encoding would have a second
/// thumbprint.
pub(super) fn is_canonical(number: &[u8; 32]) -> bool {
    let [first, middle @ .., last] = number;
    *last < 0x7F || *last == 0x7F && (*first < 0xED || middle.iter().any(|&byte| byte != 0xFF))
}
