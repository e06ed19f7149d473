//! Where the endpoints are, as the operator chose.

use crate::config::ConfigError;

/// The paths of the endpoints, below the issuer. The two metadata documents are where their standards say.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RouteMap {
    /// [RFC 6749 §3.1](https://www.rfc-editor.org/rfc/rfc6749#section-3.1). Default: `/oauth2/authorize`.
    pub authorization: String,
    /// [RFC 6749 §3.2](https://www.rfc-editor.org/rfc/rfc6749#section-3.2). Default: `/oauth2/token`.
    pub token: String,
    /// [OIDC Core §5.3](https://openid.net/specs/openid-connect-core-1_0.html#UserInfo). Default: `/oauth2/userinfo`.
    pub userinfo: String,
    /// [RFC 7662](https://www.rfc-editor.org/rfc/rfc7662). Default: `/oauth2/introspect`.
    pub introspection: String,
    /// [RFC 7009](https://www.rfc-editor.org/rfc/rfc7009). Default: `/oauth2/revoke`.
    pub revocation: String,
    /// [RFC 7517 §5](https://www.rfc-editor.org/rfc/rfc7517#section-5). Default: `/jwks`.
    pub jwks: String,
}

impl Default for RouteMap {
    fn default() -> Self {
        RouteMap {
            authorization: "/oauth2/authorize".to_owned(),
            token: "/oauth2/token".to_owned(),
            userinfo: "/oauth2/userinfo".to_owned(),
            introspection: "/oauth2/introspect".to_owned(),
            revocation: "/oauth2/revoke".to_owned(),
            jwks: "/jwks".to_owned(),
        }
    }
}

impl RouteMap {
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        let RouteMap { authorization, token, userinfo, introspection, revocation, jwks } = self;
        let paths = [authorization, token, userinfo, introspection, revocation, jwks];
        for (nth, path) in paths.iter().enumerate() {
            let plain = path.starts_with('/')
                && path.len() > 1
                && path.bytes().all(|b| b.is_ascii_alphanumeric() || b"/-._~".contains(&b));
            if !plain || paths.iter().skip(nth + 1).any(|other| other == path) || path.starts_with("/.well-known/") {
                return Err(ConfigError::Route((*path).clone()));
            }
        }
        Ok(())
    }
}
