//! Why the token endpoint gives no tokens ([RFC 6749 §5.2]).
//!
//! [RFC 6749 §5.2]: https://www.rfc-editor.org/rfc/rfc6749#section-5.2

use bytes::Bytes;
use countersign_storage::Stopped;
use http::Response;

use crate::client_authentication::ClientRefusal;
use crate::params::{self, FormError, Repeated};
use crate::response::OAuthError;
use crate::rules::invalid_target::InvalidTarget;
use crate::scope::InvalidScope;

/// Why a token request is refused. `Display` is the `error_description`.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TokenRefusal {
    /// The account is disabled or gone.
    #[error("The account may not be used.")]
    AccountUnusable,
    /// The client is not who it says, or may not be served.
    #[error("{0}")]
    Client(#[from] ClientRefusal),
    /// The client is not registered for this grant type.
    #[error("The client may not use this grant type.")]
    ClientNotAllowed,
    /// The code was made for another client. It is burnt, unless it was spent.
    #[error("The code is not valid.")]
    CodeForAnotherClient,
    /// The code was shown before in a wrong way.
    #[error("The code is not valid any more.")]
    CodeBurnt,
    /// The code is too old. It is burnt, so that a clock that is set back does not make it young again.
    #[error("The code has expired.")]
    CodeExpired,
    /// The code was redeemed before. What it gave is revoked.
    #[error("The code was used before.")]
    CodeReplayed,
    /// No such code, or none any more.
    #[error("The code is not valid.")]
    CodeUnknown,
    /// The grant behind the code was taken back.
    #[error("The authorization was taken back.")]
    GrantRevoked,
    /// A parameter that the grant type needs.
    #[error("The parameter {name} is missing.")]
    ParameterMissing {
        /// Which.
        name: &'static str,
    },
    /// Not a form.
    #[error("The request must be a form: {0}.")]
    Params(FormError),
    /// Another redirect URI than the code was sent to. The code is burnt, unless it was spent.
    #[error("The redirect_uri is not the one of the authorization request.")]
    RedirectUri,
    /// The refresh token lived too long, or was not used for too long.
    #[error("The refresh token has expired.")]
    RefreshTokenExpired,
    /// The refresh token was made for another client.
    #[error("The refresh token is not valid.")]
    RefreshTokenForAnotherClient,
    /// The refresh token was just replaced, by a request for another scope or resource than this one. Nothing is revoked.
    #[error("The refresh token was just used for another scope or resource.")]
    RefreshTokenReplaced,
    /// The refresh token was replaced before. Its whole family is revoked.
    #[error("The refresh token was used before.")]
    RefreshTokenReused,
    /// The family of the refresh token was revoked.
    #[error("The refresh token was revoked.")]
    RefreshTokenRevoked,
    /// No such refresh token, or none any more.
    #[error("The refresh token is not valid.")]
    RefreshTokenUnknown,
    /// A parameter came twice.
    #[error("A parameter was sent more than once.")]
    Repeated,
    /// The scope is no list of scope tokens.
    #[error("The scope is malformed.")]
    ScopeMalformed,
    /// More than was granted, or than the client may have.
    #[error("The scope exceeds what was granted or registered.")]
    ScopeTooWide,
    /// The person signed out before the code was redeemed.
    #[error("The session has ended.")]
    SessionEnded,
    /// A resource that is none, or not one for this client, or was not granted.
    #[error("{0}")]
    Target(#[from] InvalidTarget),
    /// No such grant type.
    #[error("The grant_type is not supported.")]
    UnsupportedGrantType,
    /// The verifier does not belong to the challenge, or is missing. The code is burnt, unless it was spent.
    #[error("The code_verifier is not the one of the authorization request.")]
    Verifier,
}

impl TokenRefusal {
    /// The registered error code.
    pub fn code(&self) -> &'static str {
        match self {
            TokenRefusal::Client(refusal) => refusal.code(),
            TokenRefusal::ClientNotAllowed => "unauthorized_client",
            TokenRefusal::AccountUnusable
            | TokenRefusal::CodeBurnt
            | TokenRefusal::CodeExpired
            | TokenRefusal::CodeForAnotherClient
            | TokenRefusal::CodeReplayed
            | TokenRefusal::CodeUnknown
            | TokenRefusal::GrantRevoked
            | TokenRefusal::RedirectUri
            | TokenRefusal::RefreshTokenExpired
            | TokenRefusal::RefreshTokenForAnotherClient
            | TokenRefusal::RefreshTokenReplaced
            | TokenRefusal::RefreshTokenReused
            | TokenRefusal::RefreshTokenRevoked
            | TokenRefusal::RefreshTokenUnknown
            | TokenRefusal::SessionEnded
            | TokenRefusal::Verifier => "invalid_grant",
            TokenRefusal::ParameterMissing { .. } | TokenRefusal::Params(_) | TokenRefusal::Repeated => {
                "invalid_request"
            }
            TokenRefusal::ScopeMalformed | TokenRefusal::ScopeTooWide => "invalid_scope",
            TokenRefusal::Target(_) => "invalid_target",
            TokenRefusal::UnsupportedGrantType => "unsupported_grant_type",
        }
    }

    pub(crate) fn respond(&self, issuer: &str) -> Response<Bytes> {
        match self {
            TokenRefusal::Client(refusal) => refusal.respond(issuer),
            TokenRefusal::Params(error) => {
                OAuthError::new(self.code(), self.to_string()).with_status(params::status(*error)).respond()
            }
            _ => OAuthError::new(self.code(), self.to_string()).respond(),
        }
    }
}

impl From<TokenRefusal> for Stopped<TokenRefusal> {
    fn from(refusal: TokenRefusal) -> Self {
        Stopped::Refused(refusal)
    }
}

impl From<Repeated> for TokenRefusal {
    fn from(_: Repeated) -> Self {
        TokenRefusal::Repeated
    }
}

impl From<InvalidScope> for TokenRefusal {
    fn from(_: InvalidScope) -> Self {
        TokenRefusal::ScopeMalformed
    }
}

#[cfg(test)]
mod tests {
    use countersign_web::media_type::UnsupportedMediaType;

    use super::*;

    /// [RFC 6749 §5.2](https://www.rfc-editor.org/rfc/rfc6749#section-5.2): which characters, and which codes there are.
    #[test]
    fn every_refusal_has_a_registered_code_and_an_allowed_description() {
        const CODES: [&str; 7] = [
            "invalid_client",
            "invalid_grant",
            "invalid_request",
            "invalid_scope",
            "invalid_target",
            "unauthorized_client",
            "unsupported_grant_type",
        ];
        for refusal in [
            TokenRefusal::AccountUnusable,
            TokenRefusal::Client(ClientRefusal::InvalidClient),
            TokenRefusal::Client(ClientRefusal::Repeated),
            TokenRefusal::Client(ClientRefusal::SeveralMethods),
            TokenRefusal::ClientNotAllowed,
            TokenRefusal::CodeForAnotherClient,
            TokenRefusal::CodeBurnt,
            TokenRefusal::CodeExpired,
            TokenRefusal::CodeReplayed,
            TokenRefusal::CodeUnknown,
            TokenRefusal::GrantRevoked,
            TokenRefusal::ParameterMissing { name: "code" },
            TokenRefusal::Params(FormError::Unsupported(UnsupportedMediaType::Type)),
            TokenRefusal::Params(FormError::Encoding),
            TokenRefusal::Params(FormError::TooLarge),
            TokenRefusal::RedirectUri,
            TokenRefusal::RefreshTokenExpired,
            TokenRefusal::RefreshTokenForAnotherClient,
            TokenRefusal::RefreshTokenReplaced,
            TokenRefusal::RefreshTokenReused,
            TokenRefusal::RefreshTokenRevoked,
            TokenRefusal::RefreshTokenUnknown,
            TokenRefusal::Repeated,
            TokenRefusal::ScopeMalformed,
            TokenRefusal::ScopeTooWide,
            TokenRefusal::SessionEnded,
            TokenRefusal::Target(InvalidTarget::Malformed),
            TokenRefusal::Target(InvalidTarget::NotAllowed),
            TokenRefusal::UnsupportedGrantType,
            TokenRefusal::Verifier,
        ] {
            let description = refusal.to_string();
            assert!(description.chars().all(|c| matches!(c, ' '..='~') && c != '"' && c != '\\'), "{description}");
            assert!(CODES.contains(&refusal.code()), "{refusal:?}");
        }
    }
}
