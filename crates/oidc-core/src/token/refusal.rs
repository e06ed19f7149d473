//! Why the token endpoint gives no tokens ([RFC 6749 §5.2]).
//!
//! [RFC 6749 §5.2]: https://www.rfc-editor.org/rfc/rfc6749#section-5.2

use countersign_storage::Stopped;

use crate::client_authentication::ClientRefusal;
use crate::params::{ParamsRefusal, Repeated};
use crate::rules::invalid_target::InvalidTarget;
use crate::scope::InvalidScope;

countersign_web::refusals! {
    /// Why a token request is refused. `Display` is the `error_description`.
    #[derive(Clone, PartialEq, Eq, Debug)]
    #[non_exhaustive]
    pub enum TokenRefusal {
        /// The account is disabled or gone.
        AccountUnusable => [BAD_REQUEST "invalid_grant" "RFC 6749 §5.2" "The account must not be used."],
        /// The client is not who it says, or is not served.
        Client(refusal: ClientRefusal) => inner,
        /// The client is not registered for this grant type.
        ClientNotAllowed => [BAD_REQUEST "unauthorized_client" "RFC 6749 §5.2" "The client must not use this grant type."],
        /// The code was made for another client. It is burnt, unless it was spent.
        CodeForAnotherClient => [BAD_REQUEST "invalid_grant" "RFC 6749 §4.1.3" "The code is not valid."],
        /// The code was shown before in a wrong way.
        CodeBurnt => [BAD_REQUEST "invalid_grant" "RFC 6749 §5.2" "The code is not valid any more."],
        /// The code is too old. It is burnt, so that a clock that is set back does not make it young again.
        CodeExpired => [BAD_REQUEST "invalid_grant" "RFC 6749 §4.1.2" "The code has expired."],
        /// The code was redeemed before. What it gave is revoked.
        CodeReplayed => [BAD_REQUEST "invalid_grant" "RFC 6749 §4.1.2" "The code was used before."],
        /// No such code, or none any more.
        CodeUnknown => [BAD_REQUEST "invalid_grant" "RFC 6749 §5.2" "The code is not valid."],
        /// The grant behind the code was taken back.
        GrantRevoked => [BAD_REQUEST "invalid_grant" "RFC 6749 §5.2" "The authorization was taken back."],
        /// A parameter that the grant type needs.
        ParameterMissing {
            /// Which.
            name: &'static str,
        } => [BAD_REQUEST "invalid_request" "RFC 6749 §5.2" "The parameter {name} is missing."],
        /// The parameters are not read.
        Params(refusal: ParamsRefusal) => inner,
        /// Another redirect URI than the code was sent to. The code is burnt, unless it was spent.
        RedirectUri => [BAD_REQUEST "invalid_grant" "RFC 6749 §4.1.3" "The redirect_uri is not the one of the authorization request."],
        /// The refresh token lived too long, or was not used for too long.
        RefreshTokenExpired => [BAD_REQUEST "invalid_grant" "RFC 6749 §5.2" "The refresh token has expired."],
        /// The refresh token was made for another client.
        RefreshTokenForAnotherClient => [BAD_REQUEST "invalid_grant" "RFC 6749 §6" "The refresh token is not valid."],
        /// The refresh token was just replaced, by a request for another scope or resource than this one. Nothing is revoked.
        RefreshTokenReplaced => [BAD_REQUEST "invalid_grant" "RFC 9700 §4.14.2" "The refresh token was just used for another scope or resource."],
        /// The refresh token was replaced before. Its whole family is revoked.
        RefreshTokenReused => [BAD_REQUEST "invalid_grant" "RFC 9700 §4.14.2" "The refresh token was used before."],
        /// The family of the refresh token was revoked.
        RefreshTokenRevoked => [BAD_REQUEST "invalid_grant" "RFC 6749 §5.2" "The refresh token was revoked."],
        /// No such refresh token, or none any more.
        RefreshTokenUnknown => [BAD_REQUEST "invalid_grant" "RFC 6749 §5.2" "The refresh token is not valid."],
        /// The scope is no list of scope tokens.
        ScopeMalformed => [BAD_REQUEST "invalid_scope" "RFC 6749 §3.3" "The scope is malformed."],
        /// More than was granted, or than the client may have.
        ScopeTooWide => [BAD_REQUEST "invalid_scope" "RFC 6749 §6" "The scope exceeds what was granted or registered."],
        /// The person signed out before the code was redeemed.
        SessionEnded => [BAD_REQUEST "invalid_grant" "RFC 6749 §5.2" "The session has ended."],
        /// A resource that is none, or not one for this client, or was not granted.
        Target(target: InvalidTarget) => inner,
        /// No such grant type.
        UnsupportedGrantType => [BAD_REQUEST "unsupported_grant_type" "RFC 6749 §5.2" "The grant_type is not supported."],
        /// The verifier does not belong to the challenge, or is missing. The code is burnt, unless it was spent.
        Verifier => [BAD_REQUEST "invalid_grant" "RFC 7636 §4.6" "The code_verifier is not the one of the authorization request."],
    }
}

impl From<TokenRefusal> for Stopped<TokenRefusal> {
    fn from(refusal: TokenRefusal) -> Self {
        Stopped::Refused(refusal)
    }
}

impl From<Repeated> for TokenRefusal {
    fn from(repeated: Repeated) -> Self {
        TokenRefusal::Params(repeated.into())
    }
}

impl From<InvalidScope> for TokenRefusal {
    fn from(_: InvalidScope) -> Self {
        TokenRefusal::ScopeMalformed
    }
}
