//! Asking the token crate about one rule alone.
//!
//! Its verifier stops at the first fault, as it must. To find the others, a part of the token is put into a token that is
//! good otherwise, signed by a key that exists for that moment, and judged: what is refused then is that part. The rules
//! and their words are thus those of the verifier, and none is written twice.

use countersign_jose::jws::hmac::HmacAlgorithm;
use countersign_jose::jws::{self, JwsError};
use countersign_jose::jwt::{Expect, TokenError, Unverified, hmac};
use countersign_jose::{Algorithm, KeyError, SigningKey, base64url};
use serde::de::IgnoredAny;
use serde_json::{Map, Value};

/// A key that signs probes.
pub(crate) struct Probe {
    key: SigningKey,
}

impl Probe {
    pub(crate) fn new() -> Result<Self, KeyError> {
        Ok(Probe { key: SigningKey::generate(Algorithm::EdDSA)? })
    }

    /// What is wrong with these claims, in a token that is good otherwise.
    pub(crate) fn claims(
        &self,
        typ: Option<&str>,
        claims: &Map<String, Value>,
        expect: &Expect<'_>,
        now: i64,
    ) -> Option<TokenError> {
        let payload = serde_json::to_vec(claims).unwrap_or_default();
        self.judge(typ, &payload, expect, now).err()
    }

    /// Judges a payload. That no token could be made of it is a refusal too.
    pub(crate) fn judge(
        &self,
        typ: Option<&str>,
        payload: &[u8],
        expect: &Expect<'_>,
        now: i64,
    ) -> Result<(), TokenError> {
        let token = jws::sign(&self.key, typ, payload).map_err(|_| JwsError::Signature)?;
        Unverified::parse(&token)?.verify::<IgnoredAny>(&self.key.verifying_key(), expect, now).map(drop)
    }
}

/// What is wrong with the first segment, in a token whose other segments are good.
pub(crate) fn header(segment: &str) -> Option<TokenError> {
    let token = format!("{segment}.{EMPTY_OBJECT}.{ONE_BYTE}");
    match Unverified::parse(&token).err() {
        // A MAC is no signature algorithm, but its header has the same rules.
        Some(TokenError::Jws(JwsError::UnsupportedAlgorithm { found })) if found.parse::<HmacAlgorithm>().is_ok() => {
            hmac::Unverified::parse(&token).err()
        }
        error => error,
    }
}

/// What is wrong with one member of the header.
pub(crate) fn header_member(name: &str, value: &Value) -> Option<TokenError> {
    let mut members = Map::new();
    if name != "alg" {
        members.insert("alg".to_owned(), Algorithm::EdDSA.as_str().into());
    }
    members.insert(name.to_owned(), value.clone());
    header(&base64url::encode(serde_json::to_vec(&members).ok()?))
}

/// What is wrong with a header that lacks `alg`.
pub(crate) fn header_without_algorithm() -> Option<TokenError> {
    header(EMPTY_OBJECT)
}

/// What is wrong with the second segment, in a token whose other segments are good.
pub(crate) fn payload(segment: &str) -> Option<TokenError> {
    Unverified::parse(&format!("{GOOD_HEADER}.{segment}.{ONE_BYTE}")).err()
}

/// What is wrong with the type of one claim.
pub(crate) fn claim(name: &str, value: &Value) -> Option<TokenError> {
    let mut claims = Map::new();
    claims.insert(name.to_owned(), value.clone());
    payload(&base64url::encode(serde_json::to_vec(&claims).ok()?))
}

/// What is wrong with the form of the third segment, in a token whose other segments are good.
pub(crate) fn signature(segment: &str) -> Option<TokenError> {
    Unverified::parse(&format!("{GOOD_HEADER}.{EMPTY_OBJECT}.{segment}")).err()
}

/// `{"alg":"EdDSA"}`.
const GOOD_HEADER: &str = "eyJhbGciOiJFZERTQSJ9";
/// `{}`.
const EMPTY_OBJECT: &str = "e30";
/// A zero.
const ONE_BYTE: &str = "AA";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_good_part_has_no_fault_and_a_bad_one_has_its_own() {
        assert_eq!(header(GOOD_HEADER), None);
        assert_eq!(header(&base64url::encode(r#"{"alg":"HS256","typ":"JWT"}"#)), None);
        assert_eq!(payload(EMPTY_OBJECT), None);
        assert_eq!(signature(ONE_BYTE), None);
        let code = |error: Option<TokenError>| error.map(|error| error.code());
        assert_eq!(code(header(&base64url::encode(r#"{"alg":"HS256","crit":["b64"]}"#))), Some("critical"));
        assert_eq!(code(header_member("alg", &"none".into())), Some("unsupported_algorithm"));
        assert_eq!(code(header_member("jku", &"https://a".into())), Some("key_in_header"));
        assert_eq!(code(header_without_algorithm()), Some("header_member"));
        assert_eq!(code(payload("WzFd")), Some("claims_not_object"));
        assert_eq!(code(claim("aud", &5.into())), Some("claim_type"));
        assert_eq!(code(claim("aud", &"5".into())), None);
        assert_eq!(code(signature("AB")), Some("base64url"));
    }
}
