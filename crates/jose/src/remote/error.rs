//! Why there is no answer, or a bad one.

use super::fetch::FetchError;
use crate::JwkSetError;
use crate::jwt::TokenError;

/// A token was not accepted: the sender's doing, or ours.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// The issuer's keys are not to be had: nothing is known about the token. A server answers 503.
    #[error(transparent)]
    Failed(#[from] KeysUnavailable),
    /// The token is not good. A server answers 401.
    #[error(transparent)]
    Refused(#[from] TokenError),
}

impl VerifyError {
    /// A stable name for logs and metrics.
    pub fn code(&self) -> &'static str {
        match self {
            VerifyError::Failed(unavailable) => unavailable.code(),
            VerifyError::Refused(error) => error.code(),
        }
    }
}

/// Why the issuer's keys could not be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeysUnavailable {
    /// The metadata names another issuer: it must not be used ([RFC 8414 §3.3](https://www.rfc-editor.org/rfc/rfc8414#section-3.3)).
    #[error("the metadata at {url} is of the issuer {found:?}, expected is {expected:?}")]
    IssuerMismatch {
        /// Where the document was.
        url: String,
        /// The configured issuer.
        expected: String,
        /// The issuer in the document.
        found: String,
    },
    /// The key set is not one.
    #[error("the key set at {url} is refused: {reason}")]
    KeySet {
        /// Where the document was.
        url: String,
        /// What is wrong with the set.
        reason: JwkSetError,
    },
    /// The metadata cannot be read, or names no usable `jwks_uri`.
    #[error("the metadata at {url} is unusable: {reason}")]
    Metadata {
        /// Where the document was.
        url: String,
        /// What is wrong with the document.
        reason: String,
    },
    /// Another status than 200.
    #[error("{url} answered {found}, expected is 200")]
    Status {
        /// What was fetched.
        url: String,
        /// The status that it answered with.
        found: u16,
    },
    /// The server gave no answer.
    #[error("{url} could not be fetched: {reason}")]
    Unreachable {
        /// What was fetched.
        url: String,
        /// What stopped the fetch.
        reason: FetchError,
    },
}

impl KeysUnavailable {
    /// A stable name for logs and metrics.
    pub fn code(&self) -> &'static str {
        match self {
            KeysUnavailable::IssuerMismatch { .. } => "issuer_mismatch",
            KeysUnavailable::KeySet { .. } => "key_set_refused",
            KeysUnavailable::Metadata { .. } => "metadata_unusable",
            KeysUnavailable::Status { .. } => "keys_status",
            KeysUnavailable::Unreachable { .. } => "keys_unreachable",
        }
    }
}

/// Why a verifier, or its source of keys, cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidVerifier {
    /// The audience is empty: every token has one.
    #[error("the audience is empty")]
    Audience,
    /// The issuer is not an https URL (or, for development, an http URL of a loopback host) without query and fragment.
    #[error("the issuer must be an https URL without query and fragment, or http on loopback")]
    Issuer,
    /// The location of the key set is not an https URL (or, for development, an http URL of a loopback host).
    #[error("the location of the key set must be an https URL, or http on loopback")]
    JwksUri,
}
