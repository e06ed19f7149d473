//! `response_type` ([RFC 6749 §3.1.1]): `code` and nothing else.
//!
//! [RFC 6749 §3.1.1]: https://www.rfc-editor.org/rfc/rfc6749#section-3.1.1

use serde::{Deserialize, Serialize};

use crate::authorize::AuthorizationRefusal;
use crate::params::Params;

/// What the client wants to get back.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ResponseType {
    /// A code.
    Code,
}

pub(crate) fn check(params: &Params) -> Result<ResponseType, AuthorizationRefusal> {
    match params.one("response_type")? {
        Some("code") => Ok(ResponseType::Code),
        Some(_) => Err(AuthorizationRefusal::ResponseTypeUnsupported),
        None => Err(AuthorizationRefusal::ResponseTypeMissing),
    }
}
