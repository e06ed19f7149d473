//! Compact JWS whose header brings its key (`jwk`, [RFC 7515 §4.1.3]).
//!
//! Such a signature says that somebody holds the key, and not who. Only what asks for just that is read here: proofs of
//! possession ([`jwt::dpop`](crate::jwt::dpop)). Everything else refuses a `jwk` in the header, and this refuses its absence.
//!
//! [RFC 7515 §4.1.3]: https://www.rfc-editor.org/rfc/rfc7515#section-4.1.3

use serde_json::Value;

use super::{Compact, Fields, Header, JwsError, Parts, push_member, take_apart_with};
use crate::{Algorithm, Jwk, KeyError, SigningKey, VerifyingKey, base64url, json};

/// Takes a JWS apart, and reads the key that it brings: public, asymmetric, acceptable as any [`Jwk`], and for the `alg` of
/// the header.
pub(crate) fn parse(text: &str) -> Result<(Compact<'_>, VerifyingKey), JwsError> {
    let mut jwk = None;
    let parts = take_apart_with(text, |bytes| {
        let header = std::str::from_utf8(bytes).map_err(|_| JwsError::Header(json::JsonError::Utf8))?;
        Fields::<Algorithm>::parse_with(header, |member| {
            let is_key = member.name(header) == "jwk";
            if is_key {
                jwk = Some(member.value(header).to_owned());
            }
            Ok(is_key)
        })
    });
    let Parts { signing_input, fields, payload, signature } = parts?;
    let jwk = jwk.ok_or(JwsError::HeaderMember { member: "jwk" })?;
    let key = read_key(&jwk, fields.algorithm).map_err(JwsError::HeaderKey)?;
    Ok((Compact { signing_input, header: Header::new(fields), payload, signature }, key))
}

/// An RSA key without `alg` is for the one of the header that brings it; nobody else ever uses it.
fn read_key(jwk: &str, algorithm: Algorithm) -> Result<VerifyingKey, KeyError> {
    let mut value = json::parse(jwk.as_bytes())?;
    if let Value::Object(members) = &mut value
        && members.get("kty").and_then(Value::as_str) == Some("RSA")
        && !members.contains_key("alg")
    {
        members.insert("alg".to_owned(), algorithm.as_str().into());
    }
    VerifyingKey::from_jwk(&Jwk::from_value(&value)?)
}

/// Signs a payload under a header of `typ`, `alg` and the public key, without `kid`.
pub(crate) fn sign(key: &SigningKey, typ: &str, payload: &[u8]) -> Result<String, KeyError> {
    let mut header = format!(r#"{{"alg":"{}""#, key.algorithm());
    push_member(&mut header, "typ", typ);
    header.push_str(",\"jwk\":");
    header.push_str(&key.public_jwk().required_members());
    header.push('}');
    let mut compact = base64url::encode(header);
    compact.push('.');
    base64url::encode_into(payload, &mut compact);
    let signature = key.sign(compact.as_bytes())?;
    compact.push('.');
    base64url::encode_into(signature, &mut compact);
    Ok(compact)
}
