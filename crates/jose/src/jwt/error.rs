//! Each way in which a token can be wrong.

use crate::json::JsonError;
use crate::jws::{self, JwsError};
use crate::{Algorithm, KeyError};

/// Why a token was refused. Carries what an operator needs, never the token; values from the peer are cut and cleaned.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// `aud` names nobody that was expected.
    #[error("the audience is {found:?}, expected one of {expected:?}")]
    Audience {
        /// Any of these would do.
        expected: Vec<String>,
        /// What `aud` says.
        found: Vec<String>,
    },
    /// A claim that this kind of token must have is absent.
    #[error("the claim {claim} is missing")]
    ClaimMissing {
        /// The name of the claim.
        claim: &'static str,
    },
    /// A registered claim has the wrong JSON type, is empty, or is no date.
    #[error("the claim {claim} has the wrong type")]
    ClaimType {
        /// The name of the claim.
        claim: &'static str,
    },
    /// The claims are not strict JSON.
    #[error("the claims are refused: {0}")]
    Claims(#[from] JsonError),
    /// The claims are JSON, but not an object.
    #[error("the claims are not an object")]
    ClaimsNotObject,
    /// The claims are not what the caller's type holds.
    #[error("the claims do not fit: {0}")]
    ClaimsShape(JsonError),
    /// `exp` has passed, and the leeway after it.
    #[error("expired at {exp}, now is {now}")]
    Expired {
        /// Seconds since the epoch.
        exp: i64,
        /// Seconds since the epoch.
        now: i64,
    },
    /// `iat` lies in the future.
    #[error("issued at {iat}, now is {now}")]
    IssuedInFuture {
        /// Seconds since the epoch.
        iat: i64,
        /// Seconds since the epoch.
        now: i64,
    },
    /// Somebody else's token.
    #[error("the issuer is {found:?}, expected {expected:?}")]
    Issuer {
        /// The configured issuer.
        expected: String,
        /// What `iss` says.
        found: String,
    },
    /// Not a compact JWS that is acceptable, or not signed by the key.
    #[error(transparent)]
    Jws(JwsError),
    /// Lives longer than allowed.
    #[error("lives {found} seconds, at most {limit} are allowed")]
    LifetimeTooLong {
        /// The longest life that is allowed, in seconds.
        limit: i64,
        /// The life of this token, in seconds.
        found: i64,
    },
    /// Good at no time: `exp` is not after `iat`, or not after `nbf`.
    #[error("expires at {exp}, but begins at {begins}")]
    NeverValid {
        /// Seconds since the epoch.
        exp: i64,
        /// `iat` or `nbf`, in seconds since the epoch.
        begins: i64,
    },
    /// `nbf` lies in the future.
    #[error("valid from {nbf}, now is {now}")]
    NotYetValid {
        /// Seconds since the epoch.
        nbf: i64,
        /// Seconds since the epoch.
        now: i64,
    },
    /// Another kind of token.
    #[error("the typ is {}, expected {expected}", or_none(found))]
    Typ {
        /// The expected `typ`.
        expected: &'static str,
        /// What the header says.
        found: Option<String>,
    },
    /// The key set has no key for the header.
    #[error("no key with kid {} for {algorithm}", or_none(kid))]
    UnknownKey {
        /// What the header says.
        kid: Option<String>,
        /// What the header says.
        algorithm: Algorithm,
    },
}

impl TokenError {
    /// A stable name for logs and metrics.
    pub fn code(&self) -> &'static str {
        match self {
            TokenError::Audience { .. } => "audience",
            TokenError::ClaimMissing { .. } => "claim_missing",
            TokenError::ClaimType { .. } => "claim_type",
            TokenError::Claims(_) => "claims_json",
            TokenError::ClaimsNotObject => "claims_not_object",
            TokenError::ClaimsShape(_) => "claims_shape",
            TokenError::Expired { .. } => "expired",
            TokenError::IssuedInFuture { .. } => "issued_in_future",
            TokenError::Issuer { .. } => "issuer",
            TokenError::Jws(error) => error.code(),
            TokenError::LifetimeTooLong { .. } => "lifetime_too_long",
            TokenError::NeverValid { .. } => "never_valid",
            TokenError::NotYetValid { .. } => "not_yet_valid",
            TokenError::Typ { .. } => "typ",
            TokenError::UnknownKey { .. } => "unknown_key",
        }
    }
}

/// A header member in words.
fn or_none(value: &Option<String>) -> String {
    value.as_ref().map_or_else(|| "none".to_owned(), |value| format!("{value:?}"))
}

/// Why a token was not made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MintError {
    /// The claims are not an object with unique members.
    #[error("the claims are not an object that can be signed")]
    Claims,
    /// A DPoP proof brings its key: [`dpop::mint`](super::dpop::mint) makes it.
    #[error("a DPoP proof is made with its key in the header")]
    DpopProof,
    /// The key failed.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The token would be longer than any verifier here accepts.
    #[error("the token is {found} bytes long, the limit is {}", jws::MAX_BYTES)]
    TooLarge {
        /// Its length in bytes.
        found: usize,
    },
}
