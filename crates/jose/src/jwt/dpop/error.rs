//! Each way in which a proof can be wrong.

use crate::jws::JwsError;
use crate::jwt::TokenError;
use crate::{Algorithm, Thumbprint};

/// Why a proof was refused. Carries what an operator needs, never the proof; values from the peer are cut and cleaned.
///
/// On the wire all of these are `invalid_dpop_proof`, but for [`DpopError::Nonce`], which is `use_dpop_nonce`
/// ([RFC 9449 §5, §8]).
///
/// [RFC 9449 §5, §8]: https://www.rfc-editor.org/rfc/rfc9449#section-5
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DpopError {
    /// `ath` is the hash of another access token.
    #[error("the proof is for another access token")]
    AccessToken,
    /// Supported, but not acceptable to this receiver.
    #[error("the algorithm {found} is not acceptable")]
    Algorithm {
        /// The key's and the proof's.
        found: Algorithm,
    },
    /// A right proof, by another key than the one that is bound.
    #[error("the proof is by the key {found}, expected {expected}")]
    Binding {
        /// What the token or the grant is bound to.
        expected: Thumbprint,
        /// That of the proof's key.
        found: Thumbprint,
    },
    /// For another method.
    #[error("the method is {found:?}, expected {expected:?}")]
    Method {
        /// The request's.
        expected: String,
        /// What `htm` says.
        found: String,
    },
    /// Without a nonce, or with one that is not or no longer good.
    #[error("the nonce is {found:?}, which is none that was asked for")]
    Nonce {
        /// What `nonce` says.
        found: Option<String>,
    },
    /// Not a token that is acceptable as a proof: form, key, signature, a missing or mistyped claim, a time.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// Issued too long ago.
    #[error("issued at {iat}, now is {now}, accepted for {limit} seconds")]
    TooOld {
        /// Seconds since the epoch.
        iat: i64,
        /// Seconds since the epoch.
        now: i64,
        /// Seconds, without the leeway.
        limit: i64,
    },
    /// For another URI, or one that has no form that compares.
    #[error("the URI is {found:?}, expected {expected:?}")]
    Uri {
        /// The request's.
        expected: String,
        /// What `htu` says.
        found: String,
    },
}

impl DpopError {
    /// A stable name for logs and metrics.
    pub fn code(&self) -> &'static str {
        match self {
            DpopError::AccessToken => "dpop_access_token",
            DpopError::Algorithm { .. } => "dpop_algorithm",
            DpopError::Binding { .. } => "dpop_binding",
            DpopError::Method { .. } => "dpop_method",
            DpopError::Nonce { .. } => "dpop_nonce",
            DpopError::Token(error) => error.code(),
            DpopError::TooOld { .. } => "dpop_too_old",
            DpopError::Uri { .. } => "dpop_uri",
        }
    }
}

impl From<JwsError> for DpopError {
    fn from(error: JwsError) -> Self {
        DpopError::Token(error.into())
    }
}
