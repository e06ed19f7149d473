//! `response_mode` ([OAuth Multiple Response Types §2.1]): `query`, the default for codes.
//!
//! [OAuth Multiple Response Types §2.1]: https://openid.net/specs/oauth-v2-multiple-response-types-1_0.html#ResponseModes

use serde::{Deserialize, Serialize};

use crate::authorize::AuthorizationRefusal;
use crate::params::Params;

/// How the answer travels.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ResponseMode {
    /// In the query of the redirect URI.
    Query,
}

pub(crate) fn check(params: &Params) -> Result<ResponseMode, AuthorizationRefusal> {
    match params.one("response_mode")? {
        None | Some("query") => Ok(ResponseMode::Query),
        Some(_) => Err(AuthorizationRefusal::ResponseModeUnsupported),
    }
}
