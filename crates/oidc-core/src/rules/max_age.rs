//! `max_age` ([OIDC Core §3.1.2.1]): seconds since the person last proved who they are.
//!
//! [OIDC Core §3.1.2.1]: https://openid.net/specs/openid-connect-core-1_0.html#AuthRequest

use crate::authorize::AuthorizationRefusal;
use crate::params::Params;

pub(crate) fn check(params: &Params) -> Result<Option<u64>, AuthorizationRefusal> {
    let Some(text) = params.one("max_age")? else { return Ok(None) };
    if !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(AuthorizationRefusal::MaxAgeMalformed);
    }
    text.parse().map(Some).map_err(|_| AuthorizationRefusal::MaxAgeMalformed)
}
