//! JWS JSON serialization, flattened and general ([RFC 7515 §7.2]).
//!
//! An entry point of its own: a JWT is always compact, and nothing else in this crate reads or writes this form. Every
//! header is protected; an unprotected `header` is refused, since nobody answers for it. Each signature is judged by the
//! rules of the compact form.
//!
//! [RFC 7515 §7.2]: https://www.rfc-editor.org/rfc/rfc7515#section-7.2

use serde_json::{Map, Value};

use super::{Compact, JwsError, MAX_BYTES, Parts, sign, take_apart};
use crate::{Algorithm, KeyError, SigningKey, VerifyingKey, json};

/// The most signatures that a general JWS may carry.
pub const MAX_SIGNATURES: usize = 8;

/// Signs a payload in the flattened form. The header holds `alg`, `typ` where given, and `kid`.
///
/// # Errors
/// [`KeyError::Backend`] when the cryptographic library fails.
pub fn sign_flattened(key: &SigningKey, typ: Option<&str>, payload: &[u8]) -> Result<String, KeyError> {
    let compact = sign(key, typ, payload)?;
    let (protected, payload, signature) = segments(&compact).ok_or(KeyError::Backend)?;
    Ok(format!(r#"{{"payload":"{payload}","protected":"{protected}","signature":"{signature}"}}"#))
}

/// Signs a payload once with each key, in the general form.
///
/// # Errors
/// [`KeyError::Backend`] when the cryptographic library fails.
pub fn sign_general(keys: &[&SigningKey], typ: Option<&str>, payload: &[u8]) -> Result<String, KeyError> {
    let signed = keys.iter().map(|key| sign(key, typ, payload)).collect::<Result<Vec<_>, _>>()?;
    let signatures = signed.iter().filter_map(|compact| segments(compact));
    let signatures: Vec<String> = signatures
        .map(|(protected, _, signature)| format!(r#"{{"protected":"{protected}","signature":"{signature}"}}"#))
        .collect();
    let payload = crate::base64url::encode(payload);
    Ok(format!(r#"{{"payload":"{payload}","signatures":[{}]}}"#, signatures.join(",")))
}

/// Verifies a flattened JWS and hands the payload out.
///
/// # Errors
/// [`JwsError`].
pub fn verify_flattened(text: &str, key: &VerifyingKey) -> Result<Vec<u8>, JwsError> {
    let object = read(text)?;
    let [payload, protected, signature] = members(&object, ["payload", "protected", "signature"])?;
    let compact = [string(protected, "protected")?, string(payload, "payload")?, string(signature, "signature")?];
    Compact::parse(&compact.join("."))?.verify(key)
}

/// Verifies that one of the signatures of a general JWS is by this key, and hands the payload out. All signatures must be
/// well-formed; what the others prove, and whether they are right, is not asked.
///
/// # Errors
/// [`JwsError`]: [`JwsError::Signature`] when none is by this key.
pub fn verify_general(text: &str, key: &VerifyingKey) -> Result<Vec<u8>, JwsError> {
    let object = read(text)?;
    let [payload, signatures] = members(&object, ["payload", "signatures"])?;
    let payload = string(payload, "payload")?;
    let wrong = JwsError::JsonMember { member: "signatures" };
    let signatures = signatures.as_array().ok_or_else(|| wrong.clone())?;
    if signatures.is_empty() || signatures.len() > MAX_SIGNATURES {
        return Err(wrong);
    }
    let mut verified = None;
    for signature in signatures {
        let object = signature.as_object().ok_or_else(|| wrong.clone())?;
        let [protected, signature] = members(object, ["protected", "signature"])?;
        let compact = [string(protected, "protected")?, payload, string(signature, "signature")?].join(".");
        // An algorithm that this crate does not know may be somebody else's business; anything else is malformed.
        match take_apart::<Algorithm>(&compact) {
            Ok(Parts { .. }) => {}
            Err(JwsError::UnsupportedAlgorithm { .. }) => continue,
            Err(error) => return Err(error),
        }
        if verified.is_none() {
            verified = Compact::parse(&compact)?.verify(key).ok();
        }
    }
    verified.ok_or(JwsError::Signature)
}

fn read(text: &str) -> Result<Map<String, Value>, JwsError> {
    if text.len() > MAX_BYTES {
        return Err(JwsError::TooLarge { found: text.len() });
    }
    json::from_slice(text.as_bytes()).map_err(JwsError::JsonSerialization)
}

/// The members with these names, which must be there, and nothing beside them.
fn members<'a, const N: usize>(
    object: &'a Map<String, Value>,
    names: [&'static str; N],
) -> Result<[&'a Value; N], JwsError> {
    if let Some(missing) = names.into_iter().find(|name| !object.contains_key(*name)) {
        return Err(JwsError::JsonMember { member: missing });
    }
    if object.len() != N {
        return Err(JwsError::JsonMember { member: "?" });
    }
    Ok(names.map(|name| object.get(name).unwrap_or(&Value::Null)))
}

fn string<'a>(value: &'a Value, member: &'static str) -> Result<&'a str, JwsError> {
    value.as_str().ok_or(JwsError::JsonMember { member })
}

fn segments(compact: &str) -> Option<(&str, &str, &str)> {
    let (input, signature) = compact.rsplit_once('.')?;
    let (protected, payload) = input.split_once('.')?;
    Some((protected, payload, signature))
}
