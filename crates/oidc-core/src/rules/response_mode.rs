//! `response_mode` ([OAuth Multiple Response Types §2.1]): `query`, the default for codes.
//!
//! [OAuth Multiple Response Types §2.1]: https://openid.net/specs/oauth-v2-multiple-response-types-1_0.html#ResponseModes

use crate::authorize::AuthorizationRefusal;
use crate::named::named;
use crate::params::Params;

named! {
    /// How the answer travels.
    #[non_exhaustive]
    pub enum ResponseMode {
        /// In the query of the redirect URI.
        Query => "query",
    }
}

pub(crate) fn check(params: &Params) -> Result<ResponseMode, AuthorizationRefusal> {
    let Some(name) = params.one("response_mode")? else { return Ok(ResponseMode::Query) };
    ResponseMode::named(name).ok_or(AuthorizationRefusal::ResponseModeUnsupported)
}
