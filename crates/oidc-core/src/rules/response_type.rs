//! `response_type` ([RFC 6749 §3.1.1]): `code` and nothing else.
//!
//! [RFC 6749 §3.1.1]: https://www.rfc-editor.org/rfc/rfc6749#section-3.1.1

use crate::authorize::AuthorizationRefusal;
use crate::named::named;
use crate::params::Params;

named! {
    /// What the client wants to get back.
    #[non_exhaustive]
    pub enum ResponseType {
        /// A code.
        Code => "code",
    }
}

pub(crate) fn check(params: &Params) -> Result<ResponseType, AuthorizationRefusal> {
    let name = params.one("response_type")?.ok_or(AuthorizationRefusal::ResponseTypeMissing)?;
    ResponseType::named(name).ok_or(AuthorizationRefusal::ResponseTypeUnsupported)
}
