//! The errors that go to the client ([RFC 6749 §4.1.2.1], [OIDC Core §3.1.2.6], [RFC 8707 §2]).

use countersign_storage::Fault;

use crate::params::Repeated;
use crate::rules::resource::InvalidTarget;

/// Why an authorization request is refused. `Display` is the `error_description`.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuthorizationRefusal {
    /// The person said no.
    #[error("The person did not allow it.")]
    AccessDenied,
    /// No authentication here meets the essential `acr`.
    #[error("The authentication context class that the request demands was not met.")]
    AcrUnmet,
    /// `claims` is not what [OIDC Core §5.5] describes.
    #[error("The claims parameter is malformed.")]
    ClaimsMalformed,
    /// `prompt=none`, and the person would have to consent.
    #[error("The person has to consent.")]
    ConsentRequired,
    /// The fault is ours.
    #[error("Something went wrong on our side.")]
    Failed {
        /// Whether trying again later can help.
        transient: bool,
    },
    /// The client is not registered for the code grant.
    #[error("The client is not registered for the authorization_code grant.")]
    GrantTypeNotAllowed,
    /// A resource that the client may not ask for, or that is none.
    #[error(transparent)]
    InvalidTarget(#[from] InvalidTarget),
    /// `prompt=none`, and the person would have to sign in; or somebody else than expected did.
    #[error("The person has to sign in.")]
    LoginRequired,
    /// `max_age` is no number of seconds.
    #[error("max_age must be a number of seconds.")]
    MaxAgeMalformed,
    /// A parameter came twice.
    #[error("A parameter was sent more than once.")]
    ParameterRepeated,
    /// The challenge is not the base64url of a SHA-256.
    #[error("code_challenge must be the base64url encoding of a SHA-256 hash.")]
    PkceMalformed,
    /// Another method than S256, or none.
    #[error("code_challenge_method must be S256.")]
    PkceMethod,
    /// No challenge.
    #[error("code_challenge is required.")]
    PkceMissing,
    /// An unknown value, or `none` beside another.
    #[error("prompt is malformed.")]
    PromptMalformed,
    /// Clients are registered beforehand.
    #[error("The registration parameter is not supported.")]
    RegistrationParameter,
    /// Both at once.
    #[error("request and request_uri exclude each other.")]
    RequestAndRequestUri,
    /// The person has to be asked, and the request is too long to wait for them.
    #[error("The request is too long to wait for a person. Send a shorter state.")]
    RequestTooLong,
    /// Request objects are not supported.
    #[error("The request parameter is not supported.")]
    RequestParameter,
    /// Request objects are not supported.
    #[error("The request_uri parameter is not supported.")]
    RequestUriParameter,
    /// Another mode than `query`.
    #[error("The response_mode is not supported.")]
    ResponseModeUnsupported,
    /// No `response_type`.
    #[error("response_type is required.")]
    ResponseTypeMissing,
    /// Another type than `code`.
    #[error("The response_type is not supported.")]
    ResponseTypeUnsupported,
    /// Not a list of scope tokens.
    #[error("scope is malformed.")]
    ScopeMalformed,
    /// No `scope`: there is no default that would not be a guess ([RFC 6749 §3.3]).
    #[error("scope is required.")]
    ScopeMissing,
    /// A scope that does not exist, or is not registered for the client.
    #[error("The client may not ask for this scope.")]
    ScopeNotAllowed,
}

impl AuthorizationRefusal {
    /// The registered error code.
    pub fn code(&self) -> &'static str {
        use AuthorizationRefusal as Why;
        match self {
            Why::AccessDenied => "access_denied",
            Why::AcrUnmet => "unmet_authentication_requirements",
            Why::ClaimsMalformed
            | Why::MaxAgeMalformed
            | Why::ParameterRepeated
            | Why::PkceMalformed
            | Why::PkceMethod
            | Why::PkceMissing
            | Why::PromptMalformed
            | Why::RequestAndRequestUri
            | Why::RequestTooLong
            | Why::ResponseModeUnsupported
            | Why::ResponseTypeMissing => "invalid_request",
            Why::ConsentRequired => "consent_required",
            Why::Failed { transient: true } => "temporarily_unavailable",
            Why::Failed { transient: false } => "server_error",
            Why::GrantTypeNotAllowed => "unauthorized_client",
            Why::InvalidTarget(_) => "invalid_target",
            Why::LoginRequired => "login_required",
            Why::RegistrationParameter => "registration_not_supported",
            Why::RequestParameter => "request_not_supported",
            Why::RequestUriParameter => "request_uri_not_supported",
            Why::ResponseTypeUnsupported => "unsupported_response_type",
            Why::ScopeMalformed | Why::ScopeMissing | Why::ScopeNotAllowed => "invalid_scope",
        }
    }
}

impl From<Repeated> for AuthorizationRefusal {
    fn from(_: Repeated) -> Self {
        AuthorizationRefusal::ParameterRepeated
    }
}

impl From<Fault> for AuthorizationRefusal {
    fn from(fault: Fault) -> Self {
        tracing::error!(target: "countersign::oidc", %fault, "an authorization request failed");
        AuthorizationRefusal::Failed { transient: fault.is_transient() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// [RFC 6749 §4.1.2.1]: `%x20-21 / %x23-5B / %x5D-7E`.
    #[test]
    fn every_refusal_has_a_code_and_a_description_in_the_allowed_characters() {
        use AuthorizationRefusal as Why;
        let all = [
            Why::AccessDenied,
            Why::AcrUnmet,
            Why::ClaimsMalformed,
            Why::ConsentRequired,
            Why::Failed { transient: true },
            Why::Failed { transient: false },
            Why::GrantTypeNotAllowed,
            Why::InvalidTarget(InvalidTarget::Malformed),
            Why::InvalidTarget(InvalidTarget::NotAllowed),
            Why::LoginRequired,
            Why::MaxAgeMalformed,
            Why::ParameterRepeated,
            Why::PkceMalformed,
            Why::PkceMethod,
            Why::PkceMissing,
            Why::PromptMalformed,
            Why::RegistrationParameter,
            Why::RequestAndRequestUri,
            Why::RequestParameter,
            Why::RequestTooLong,
            Why::RequestUriParameter,
            Why::ResponseModeUnsupported,
            Why::ResponseTypeMissing,
            Why::ResponseTypeUnsupported,
            Why::ScopeMalformed,
            Why::ScopeMissing,
            Why::ScopeNotAllowed,
        ];
        for refusal in all {
            let allowed = |b: u8| matches!(b, 0x20..=0x21 | 0x23..=0x5B | 0x5D..=0x7E);
            assert!(refusal.to_string().bytes().all(allowed), "{refusal:?}");
            assert!(refusal.code().bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{refusal:?}");
        }
    }
}
