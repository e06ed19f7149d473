//! Token kinds and their `typ` ([RFC 8725 §3.11]).
//!
//! [RFC 8725 §3.11]: https://www.rfc-editor.org/rfc/rfc8725#section-3.11

use super::error::TokenError;
use crate::jws::shown;

/// A kind of token. Each is refused where another is expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Typ {
    /// Access token, `at+jwt` ([RFC 9068](https://www.rfc-editor.org/rfc/rfc9068)).
    AccessToken,
    /// Agent JWT, `agent+jwt` (Agent Auth §4.3).
    AgentJwt,
    /// Client assertion, `JWT` or without `typ` ([RFC 7523](https://www.rfc-editor.org/rfc/rfc7523), OIDC Core §9).
    ClientAssertion,
    /// DPoP proof, `dpop+jwt` ([RFC 9449](https://www.rfc-editor.org/rfc/rfc9449)). It brings its own key, so it is made
    /// and judged in [`dpop`](super::dpop) and nowhere else.
    DpopProof,
    /// Host JWT, `host+jwt` (Agent Auth §4.2).
    HostJwt,
    /// Identity assertion grant that one authorization server makes for another, `oauth-id-jag+jwt`
    /// (draft-ietf-oauth-identity-assertion-authz-grant).
    IdJag,
    /// ID token, `JWT` or without `typ` ([OIDC Core §2](https://openid.net/specs/openid-connect-core-1_0.html#IDToken)).
    IdToken,
    /// Introspection response, `token-introspection+jwt` ([RFC 9701](https://www.rfc-editor.org/rfc/rfc9701)).
    IntrospectionResponse,
    /// Logout token, `logout+jwt`
    /// ([OIDC Back-Channel Logout §2.4](https://openid.net/specs/openid-connect-backchannel-1_0.html#LogoutToken)).
    LogoutToken,
    /// Request object, `oauth-authz-req+jwt` ([RFC 9101](https://www.rfc-editor.org/rfc/rfc9101)).
    RequestObject,
}

impl Typ {
    /// The `typ` that we write.
    pub const fn as_str(self) -> &'static str {
        match self {
            Typ::AccessToken => "at+jwt",
            Typ::AgentJwt => "agent+jwt",
            Typ::ClientAssertion | Typ::IdToken => "JWT",
            Typ::DpopProof => "dpop+jwt",
            Typ::HostJwt => "host+jwt",
            Typ::IdJag => "oauth-id-jag+jwt",
            Typ::IntrospectionResponse => "token-introspection+jwt",
            Typ::LogoutToken => "logout+jwt",
            Typ::RequestObject => "oauth-authz-req+jwt",
        }
    }

    /// Judges the `typ` of a header.
    pub(super) fn check(self, found: Option<&str>) -> Result<(), TokenError> {
        if self.accepts(found) {
            Ok(())
        } else {
            Err(TokenError::Typ { expected: self.as_str(), found: found.map(shown) })
        }
    }

    /// Whether a token of this kind is good for one occasion. Judging it takes a memory of those that were used, and its
    /// second time is never answered from a cache.
    pub const fn is_one_time(self) -> bool {
        match self {
            Typ::AccessToken | Typ::IdToken => false,
            Typ::AgentJwt
            | Typ::ClientAssertion
            | Typ::DpopProof
            | Typ::HostJwt
            | Typ::IdJag
            | Typ::LogoutToken
            | Typ::RequestObject => true,
            // The answer to one question.
            Typ::IntrospectionResponse => true,
        }
    }

    /// Media types compare case-blind.
    fn accepts(self, found: Option<&str>) -> bool {
        match found {
            None => matches!(self, Typ::ClientAssertion | Typ::IdToken),
            Some(found) => subtype(found).eq_ignore_ascii_case(self.as_str()),
        }
    }

    /// The claims without which a token of this kind is refused, `exp` among them wherever the standard has it.
    pub(super) const fn required(self) -> &'static [&'static str] {
        match self {
            // RFC 9068 §2.2; `client_id` is for the claims type of the caller.
            Typ::AccessToken => &["iss", "exp", "aud", "sub", "iat", "jti"],
            // `iss` is for the caller to judge: absent is allowed by default.
            Typ::AgentJwt => &["sub", "aud", "exp", "iat", "jti"],
            Typ::ClientAssertion => &["iss", "sub", "aud", "exp", "jti"],
            // `htm` and `htu` are read where the key is.
            Typ::DpopProof => &["iat", "jti"],
            Typ::HostJwt => &["iss", "aud", "exp", "iat", "jti"],
            // `client_id` and `resource` are for the claims type of the caller.
            Typ::IdJag => &["iss", "sub", "aud", "exp", "iat", "jti"],
            Typ::IdToken => &["iss", "sub", "aud", "exp", "iat"],
            // RFC 9701 §5 keeps `exp` and `sub` out, so that the response cannot pass for an access token.
            Typ::IntrospectionResponse => &["iss", "aud", "iat"],
            // `events`, `sid` and the absence of `nonce` are for the claims type of the caller.
            Typ::LogoutToken => &["iss", "aud", "exp", "iat", "jti"],
            // RFC 9101 §10.2 leaves `exp` open; without it a request that leaked once works for ever.
            Typ::RequestObject => &["iss", "aud", "exp"],
        }
    }

    /// The longest life of a token of this kind, in seconds, where there is a rule.
    pub(super) const fn max_lifetime(self) -> Option<i64> {
        match self {
            Typ::AgentJwt | Typ::HostJwt => Some(60),
            // OIDC Back-Channel Logout §2.4 recommends two minutes.
            Typ::LogoutToken => Some(120),
            Typ::ClientAssertion | Typ::IdJag => Some(300),
            // RFC 9449 §11.1: how old a DPoP proof may be is counted from `iat`; `exp` is rare.
            Typ::DpopProof => None,
            Typ::AccessToken | Typ::IdToken | Typ::IntrospectionResponse | Typ::RequestObject => None,
        }
    }
}

/// A media type without `application/`, which may be left out ([RFC 7515 §4.1.9]).
///
/// [RFC 7515 §4.1.9]: https://www.rfc-editor.org/rfc/rfc7515#section-4.1.9
pub(super) fn subtype(media_type: &str) -> &str {
    match media_type.split_at_checked(PREFIX.len()) {
        Some((prefix, subtype)) if prefix.eq_ignore_ascii_case(PREFIX) => subtype,
        _ => media_type,
    }
}

const PREFIX: &str = "application/";
