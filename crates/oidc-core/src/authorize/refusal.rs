//! The errors that go to the client ([RFC 6749 §4.1.2.1], [OIDC Core §3.1.2.6], [RFC 8707 §2]).
//!
//! [RFC 6749 §4.1.2.1]: https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2.1
//! [OIDC Core §3.1.2.6]: https://openid.net/specs/openid-connect-core-1_0.html#AuthError
//! [RFC 8707 §2]: https://www.rfc-editor.org/rfc/rfc8707#section-2

use countersign_storage::Stopped;

use crate::params::Repeated;
use crate::rules::invalid_target::InvalidTarget;

countersign_web::refusals! {
    /// Why an authorization request is refused. It goes to the client by redirect; `Display` is the `error_description`.
    #[derive(Clone, PartialEq, Eq, Debug)]
    #[non_exhaustive]
    pub enum AuthorizationRefusal {
        /// The person said no.
        AccessDenied => [SEE_OTHER "access_denied" "RFC 6749 §4.1.2.1" "The person did not allow it."],
        /// No authentication here meets the essential `acr`.
        AcrUnmet => [
            SEE_OTHER "unmet_authentication_requirements" "OIDC Core Unmet Authentication Requirements §2"
            "The authentication context class that the request demands was not met."
        ],
        /// `claims` is not what the standard describes.
        ClaimsMalformed => [SEE_OTHER "invalid_request" "OIDC Core §5.5" "The claims parameter is malformed."],
        /// The client was suspended or changed while it was asking.
        ClientGone => [SEE_OTHER "unauthorized_client" "RFC 6749 §4.1.2.1" "The client is not served at present."],
        /// `prompt=none`, and the person would have to consent.
        ConsentRequired => [SEE_OTHER "consent_required" "OIDC Core §3.1.2.6" "The person has to consent."],
        /// The client is not registered for the code grant.
        GrantTypeNotAllowed => [
            SEE_OTHER "unauthorized_client" "RFC 6749 §4.1.2.1"
            "The client is not registered for the authorization_code grant."
        ],
        /// A resource that is none, or that the client must not ask for.
        InvalidTarget(target: InvalidTarget) => inner,
        /// `prompt=none`, and the person would have to sign in; or somebody else than expected did.
        LoginRequired => [SEE_OTHER "login_required" "OIDC Core §3.1.2.6" "The person has to sign in."],
        /// `max_age` is no number of seconds.
        MaxAgeMalformed => [
            SEE_OTHER "invalid_request" "OIDC Core §3.1.2.1" "max_age must be a number of seconds."
        ],
        /// A parameter came twice.
        ParameterRepeated => [
            SEE_OTHER "invalid_request" "RFC 6749 §3.1" "A parameter was sent more than once."
        ],
        /// The challenge is not the base64url of a SHA-256.
        PkceMalformed => [
            SEE_OTHER "invalid_request" "RFC 7636 §4.4.1"
            "code_challenge must be the base64url encoding of a SHA-256 hash."
        ],
        /// Another method than S256, or none.
        PkceMethod => [SEE_OTHER "invalid_request" "RFC 7636 §4.4.1" "code_challenge_method must be S256."],
        /// No challenge.
        PkceMissing => [SEE_OTHER "invalid_request" "RFC 7636 §4.4.1" "code_challenge is required."],
        /// An unknown value, or `none` beside another.
        PromptMalformed => [SEE_OTHER "invalid_request" "OIDC Core §3.1.2.1" "prompt is malformed."],
        /// Clients are registered beforehand.
        RegistrationParameter => [
            SEE_OTHER "registration_not_supported" "OIDC Core §7.2.1" "The registration parameter is not supported."
        ],
        /// Both at once.
        RequestAndRequestUri => [
            SEE_OTHER "invalid_request" "OIDC Core §6" "request and request_uri exclude each other."
        ],
        /// The person has to be asked, and the request is too long to wait for them.
        RequestTooLong => [
            SEE_OTHER "invalid_request" "own" "The request is too long to wait for a person. Send a shorter state."
        ],
        /// Request objects are not supported.
        RequestParameter => [
            SEE_OTHER "request_not_supported" "OIDC Core §6.1" "The request parameter is not supported."
        ],
        /// Request objects are not supported.
        RequestUriParameter => [
            SEE_OTHER "request_uri_not_supported" "OIDC Core §6.2" "The request_uri parameter is not supported."
        ],
        /// Another mode than `query`.
        ResponseModeUnsupported => [
            SEE_OTHER "invalid_request" "OAuth Multiple Response Types §2.1" "The response_mode is not supported."
        ],
        /// No `response_type`.
        ResponseTypeMissing => [SEE_OTHER "invalid_request" "RFC 6749 §3.1.1" "response_type is required."],
        /// Another type than `code`.
        ResponseTypeUnsupported => [
            SEE_OTHER "unsupported_response_type" "RFC 6749 §3.1.1" "The response_type is not supported."
        ],
        /// Not a list of scope tokens.
        ScopeMalformed => [SEE_OTHER "invalid_scope" "RFC 6749 §3.3" "scope is malformed."],
        /// No `scope`: there is no default that would not be a guess.
        ScopeMissing => [SEE_OTHER "invalid_scope" "RFC 6749 §3.3" "scope is required."],
        /// A scope that does not exist, or is not registered for the client.
        ScopeNotAllowed => [SEE_OTHER "invalid_scope" "RFC 6749 §3.3" "The client must not ask for this scope."],
        /// `prompt=none`, and the client was given more codes for the person, without asking them, than
        /// [`crate::Policy::answers`]: now the person has to be asked.
        TooManyCodes => [
            SEE_OTHER "interaction_required" "OIDC Core §3.1.2.6"
            "The person was sent here too often. Send them again without prompt=none."
        ],
    }
}

impl From<AuthorizationRefusal> for Stopped<AuthorizationRefusal> {
    fn from(refusal: AuthorizationRefusal) -> Self {
        Stopped::Refused(refusal)
    }
}

impl From<Repeated> for AuthorizationRefusal {
    fn from(_: Repeated) -> Self {
        AuthorizationRefusal::ParameterRepeated
    }
}
