//! Making tokens.

use serde::Serialize;

use super::error::MintError;
use super::typ::Typ;
use crate::{SigningKey, json, jws};

/// Signs claims as a token of the given kind: header `alg`, `typ`, `kid`.
///
/// # Errors
/// [`MintError::Claims`] when the claims are not an object that our own reader would accept (a claim given twice through
/// a flattened map, for one), [`MintError::DpopProof`], [`MintError::TooLarge`], [`MintError::Key`].
pub fn mint(key: &SigningKey, typ: Typ, claims: &impl Serialize) -> Result<String, MintError> {
    let payload = payload(typ, claims)?;
    within_bounds(jws::sign(key, Some(typ.as_str()), &payload)?)
}

/// The claims as JSON, if they are what our own reader would accept.
pub(super) fn payload(typ: Typ, claims: &impl Serialize) -> Result<Vec<u8>, MintError> {
    if typ == Typ::DpopProof {
        return Err(MintError::DpopProof);
    }
    json::write_object(claims).ok_or(MintError::Claims)
}

/// A token that no verifier here would read is not handed out.
pub(super) fn within_bounds(token: String) -> Result<String, MintError> {
    if token.len() > jws::MAX_BYTES {
        return Err(MintError::TooLarge { found: token.len() });
    }
    Ok(token)
}
