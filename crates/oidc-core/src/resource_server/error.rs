//! Why a bearer token is not accepted.
//!
//! `Display` is written for whoever runs the resource server: it names what was expected and what was found, and never
//! the token. What the client is told is [`BearerRefusal::description`], which repeats nothing that was sent.

use countersign_jose::jwt::TokenError;
use countersign_jose::remote::{self, KeysUnavailable};
use countersign_storage::Stopped;
use http::StatusCode;

/// A token was not accepted: the sender's doing, or ours.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum VerifyError {
    /// The request or its token is not good.
    #[error(transparent)]
    Refused(#[from] BearerRefusal),
    /// The issuer's keys are not to be had: nothing is known about the token. Answer 503.
    #[error(transparent)]
    Failed(#[from] KeysUnavailable),
}

impl VerifyError {
    /// The status to answer with.
    pub fn status(&self) -> StatusCode {
        match self {
            VerifyError::Refused(refusal) => refusal.status(),
            VerifyError::Failed(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// A stable name of the reason, for logs and metrics.
    pub fn reason(&self) -> &'static str {
        match self {
            VerifyError::Refused(refusal) => refusal.reason(),
            VerifyError::Failed(unavailable) => unavailable.code(),
        }
    }
}

impl From<remote::VerifyError> for VerifyError {
    fn from(error: remote::VerifyError) -> Self {
        match error {
            remote::VerifyError::Failed(unavailable) => VerifyError::Failed(unavailable),
            remote::VerifyError::Refused(error) => VerifyError::Refused(BearerRefusal::Token(error)),
        }
    }
}

/// Why a request with a bearer token, or without one, is refused.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BearerRefusal {
    /// The token is good, but not for this.
    #[error("the token lacks the scope {required:?}; it has {granted:?}")]
    InsufficientScope {
        /// What this call needs.
        required: String,
        /// What the token carries, separated by spaces.
        granted: String,
    },
    /// An `Authorization` header of the scheme `Bearer` without exactly one token in it.
    #[error("the Authorization header is not of the form \"Bearer\" and a token")]
    Malformed,
    /// No token at all.
    #[error("the request carries no bearer token")]
    NoCredentials,
    /// More than one token, or one token in two places.
    #[error("the request carries more than one token")]
    RepeatedCredentials,
    /// It was valid once; it, its grant, its account or its client is no longer.
    #[error("the token was revoked")]
    Revoked,
    /// The token is bound to a key (`cnf`), and a bearer proves none
    /// ([RFC 9449 §7.1](https://www.rfc-editor.org/rfc/rfc9449#section-7.1)): whoever stole it would get in.
    #[error("the token is bound to a key, and was sent without a proof of it")]
    SenderConstrained,
    /// Expired, for another audience, of another issuer or kind, under an unknown key, badly signed, …
    #[error("{0}")]
    Token(#[from] TokenError),
    /// A token in the query: it would stand in logs and histories ([RFC 9700 §4.3.2](https://www.rfc-editor.org/rfc/rfc9700#section-4.3.2)).
    #[error("the request carries a token in its query")]
    TokenInQuery,
}

impl From<BearerRefusal> for Stopped<BearerRefusal> {
    fn from(refusal: BearerRefusal) -> Self {
        Stopped::Refused(refusal)
    }
}

impl BearerRefusal {
    /// The error code of [RFC 6750 §3.1](https://www.rfc-editor.org/rfc/rfc6750#section-3.1); none where the client just did
    /// not send a token.
    pub fn code(&self) -> Option<&'static str> {
        match self {
            BearerRefusal::InsufficientScope { .. } => Some("insufficient_scope"),
            BearerRefusal::Malformed | BearerRefusal::RepeatedCredentials | BearerRefusal::TokenInQuery => {
                Some("invalid_request")
            }
            BearerRefusal::Revoked | BearerRefusal::SenderConstrained | BearerRefusal::Token(_) => {
                Some("invalid_token")
            }
            BearerRefusal::NoCredentials => None,
        }
    }

    /// The status that belongs to the code.
    pub fn status(&self) -> StatusCode {
        match self.code() {
            Some("insufficient_scope") => StatusCode::FORBIDDEN,
            Some("invalid_request") => StatusCode::BAD_REQUEST,
            Some(_) | None => StatusCode::UNAUTHORIZED,
        }
    }

    /// A stable name of the reason, finer than the code, for logs and metrics.
    pub fn reason(&self) -> &'static str {
        match self {
            BearerRefusal::InsufficientScope { .. } => "insufficient_scope",
            BearerRefusal::Malformed => "malformed_credentials",
            BearerRefusal::NoCredentials => "no_credentials",
            BearerRefusal::RepeatedCredentials => "repeated_credentials",
            BearerRefusal::Revoked => "revoked",
            BearerRefusal::SenderConstrained => "sender_constrained",
            BearerRefusal::Token(error) => error.code(),
            BearerRefusal::TokenInQuery => "token_in_query",
        }
    }

    /// The `error_description`: one sentence, in the characters that [RFC 6750 §3](https://www.rfc-editor.org/rfc/rfc6750#section-3)
    /// allows, without anything that was sent.
    pub fn description(&self) -> &'static str {
        match self {
            BearerRefusal::InsufficientScope { .. } => "the token does not carry the scope that this request needs",
            BearerRefusal::Malformed => "the Authorization header must be: Bearer, one space, the token",
            BearerRefusal::NoCredentials => "an access token is needed",
            BearerRefusal::RepeatedCredentials => "the token must be sent once, in one place",
            BearerRefusal::Revoked => "the token was revoked",
            BearerRefusal::SenderConstrained => "the token is bound to a key and can not be used as a bearer token",
            BearerRefusal::Token(_) => "the token is malformed, expired, or not meant for this resource",
            BearerRefusal::TokenInQuery => "a token must not be sent in the query",
        }
    }
}
