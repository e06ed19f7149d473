//! Why a bearer token is not accepted.

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

countersign_web::refusals! {
    /// Why a request with a bearer token, or without one, is refused.
    ///
    /// `Display` is written for whoever runs the resource server: it names what was expected and what was found, and never
    /// the token. What the client is told is [`BearerRefusal::description`], which repeats nothing that was sent.
    #[derive(Clone, PartialEq, Eq, Debug)]
    #[non_exhaustive]
    pub enum BearerRefusal {
        /// The token is good, but not for this.
        InsufficientScope {
            /// What this call needs.
            required: String,
            /// What the token carries, separated by spaces.
            granted: String,
        } => [
            FORBIDDEN "insufficient_scope" "RFC 6750 §3.1"
            "the token does not carry the scope that this request needs"
            operator "the token lacks the scope {required:?}; it has {granted:?}"
        ],
        /// An `Authorization` header of the scheme `Bearer` without exactly one token in it.
        Malformed => [
            BAD_REQUEST "invalid_request" "RFC 6750 §2.1"
            "the Authorization header must be: Bearer, one space, the token"
            operator "the Authorization header is not of the form \"Bearer\" and a token"
        ],
        /// No token at all. Nothing was wrong with what was not sent, so the answer has no code.
        NoCredentials => [
            UNAUTHORIZED "" "RFC 6750 §3.1" "an access token is needed" operator "the request carries no bearer token"
        ],
        /// More than one token, or one token in two places.
        RepeatedCredentials => [
            BAD_REQUEST "invalid_request" "RFC 6750 §2" "the token must be sent once, in one place"
            operator "the request carries more than one token"
        ],
        /// It was valid once; it, its grant, its account or its client is no longer.
        Revoked => [UNAUTHORIZED "invalid_token" "RFC 6750 §3.1" "the token was revoked"],
        /// The token is bound to a key (`cnf`), and a bearer proves none
        /// ([RFC 9449 §7.1](https://www.rfc-editor.org/rfc/rfc9449#section-7.1)): whoever stole it would get in.
        SenderConstrained => [
            UNAUTHORIZED "invalid_token" "RFC 9449 §7.1"
            "the token is bound to a key and cannot be used as a bearer token"
            operator "the token is bound to a key, and was sent without a proof of it"
        ],
        /// Expired, for another audience, of another issuer or kind, under an unknown key, badly signed, …
        Token(error: TokenError) => [
            UNAUTHORIZED "invalid_token" "RFC 6750 §3.1"
            "the token is malformed, expired, or not meant for this resource"
            operator "{error}"
        ],
        /// A token in the query: it would stand in logs and histories
        /// ([RFC 9700 §4.3.2](https://www.rfc-editor.org/rfc/rfc9700#section-4.3.2)).
        TokenInQuery => [
            BAD_REQUEST "invalid_request" "RFC 9700 §4.3.2" "a token must not be sent in the query"
            operator "the request carries a token in its query"
        ],
    }
}

impl From<TokenError> for BearerRefusal {
    fn from(error: TokenError) -> Self {
        BearerRefusal::Token(error)
    }
}

impl From<BearerRefusal> for Stopped<BearerRefusal> {
    fn from(refusal: BearerRefusal) -> Self {
        Stopped::Refused(refusal)
    }
}

impl BearerRefusal {
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
        self.row().text
    }
}
