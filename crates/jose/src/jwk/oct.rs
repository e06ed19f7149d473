//! Shared secrets as JWKs ([RFC 7518 §6.4]).
//!
//! What is read here becomes an [`HmacKey`](crate::jws::hmac::HmacKey) and nothing else; what encrypts is read by
//! [`DecryptionKey`](crate::jwe::DecryptionKey), and every other reader of keys and sets refuses `oct`.
//!
//! [RFC 7518 §6.4]: https://www.rfc-editor.org/rfc/rfc7518#section-6.4

use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::members;
use super::private::Private;
use crate::jws::hmac::HmacAlgorithm;
use crate::{Algorithm, KeyError, json};

/// What the members say, before the key is made.
pub(crate) struct Oct {
    pub(crate) algorithm: HmacAlgorithm,
    pub(crate) kid: Option<String>,
    pub(crate) secret: Zeroizing<Vec<u8>>,
}

pub(crate) fn read(text: &str) -> Result<Oct, KeyError> {
    let Value::Object(mut object) = json::parse(text.as_bytes())? else { return Err(KeyError::Malformed) };
    let mut private = Private::take_from(&mut object);
    match members::text(&object, "kty")? {
        Some("oct") => {}
        Some(_) => return Err(KeyError::Asymmetric),
        None => return Err(KeyError::Member("kty")),
    }
    check_no_public_members(&object)?;
    check_purpose(&object)?;
    let kid = members::kid(&object)?;
    let algorithm = algorithm(&object)?;
    let secret = private.bytes("k")?;
    private.nothing_left()?;
    Ok(Oct { algorithm, kid, secret })
}

/// One key, one algorithm, and no guess at which.
fn algorithm(object: &Map<String, Value>) -> Result<HmacAlgorithm, KeyError> {
    let name = members::text(object, "alg")?.ok_or(KeyError::Member("alg"))?;
    name.parse().map_err(|_| match name.parse::<Algorithm>() {
        Ok(_) => KeyError::AlgorithmMismatch,
        // A secret may be for encryption elsewhere.
        Err(_) => KeyError::Unsupported,
    })
}

/// [RFC 7517 §4.2 and §4.3](https://www.rfc-editor.org/rfc/rfc7517#section-4.2).
fn check_purpose(object: &Map<String, Value>) -> Result<(), KeyError> {
    match members::text(object, "use")? {
        None | Some("sig") => {}
        Some(_) => return Err(KeyError::NotForSignatures),
    }
    let Some(operations) = object.get("key_ops") else { return Ok(()) };
    match members::signing_operations(operations)? {
        (1, 1) => Ok(()),
        (0 | 1, 0 | 1) => Err(KeyError::NotForSignatures),
        _ => Err(KeyError::Member("key_ops")),
    }
}

/// A secret with a member that makes a key public contradicts itself.
pub(crate) fn check_no_public_members(object: &Map<String, Value>) -> Result<(), KeyError> {
    match PUBLIC_MEMBERS.into_iter().find(|member| object.contains_key(*member)) {
        Some(member) => Err(KeyError::Member(member)),
        None => Ok(()),
    }
}

const PUBLIC_MEMBERS: [&str; 6] = ["crv", "x", "y", "n", "e", "pub"];
