//! `request`, `request_uri`, `registration` ([OIDC Core §6], [OIDC Core §7.2.1]): not supported, and said so.
//!
//! [OIDC Core §6]: https://openid.net/specs/openid-connect-core-1_0.html#JWTRequests
//! [OIDC Core §7.2.1]: https://openid.net/specs/openid-connect-core-1_0.html#RegistrationParameter

use crate::authorize::AuthorizationRefusal;
use crate::params::Params;

pub(crate) fn check(params: &Params) -> Result<(), AuthorizationRefusal> {
    match (params.one("request")?, params.one("request_uri")?, params.one("registration")?) {
        (None, None, None) => Ok(()),
        (Some(_), Some(_), _) => Err(AuthorizationRefusal::RequestAndRequestUri),
        (Some(_), None, _) => Err(AuthorizationRefusal::RequestParameter),
        (None, Some(_), _) => Err(AuthorizationRefusal::RequestUriParameter),
        (None, None, Some(_)) => Err(AuthorizationRefusal::RegistrationParameter),
    }
}
