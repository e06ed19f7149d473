//! The token in a request ([RFC 6750 §2.1]): in the `Authorization` header, once.
//!
//! Refused: a token in the query (§2.3, which [RFC 9700 §4.3.2] forbids), two headers, anything after the token. Another
//! scheme is no token at all (§3.1). The scheme is compared without regard to case ([RFC 9110 §11.1]).
//!
//! [RFC 6750 §2.1]: https://www.rfc-editor.org/rfc/rfc6750#section-2.1
//! [RFC 9110 §11.1]: https://www.rfc-editor.org/rfc/rfc9110#section-11.1
//! [RFC 9700 §4.3.2]: https://www.rfc-editor.org/rfc/rfc9700#section-4.3.2

use http::header::AUTHORIZATION;
use http::{HeaderMap, Uri};

use super::error::BearerRefusal;

/// Takes the token out of a request.
///
/// # Errors
/// [`BearerRefusal::TokenInQuery`], and whatever [`from_header`] refuses.
pub fn from_request<'a>(uri: &Uri, headers: &'a HeaderMap) -> Result<&'a str, BearerRefusal> {
    if names_a_token(uri.query().unwrap_or_default()) {
        return Err(BearerRefusal::TokenInQuery);
    }
    from_header(headers)?.ok_or(BearerRefusal::NoCredentials)
}

/// Takes the token out of the `Authorization` header; `None` where there is no such header, or one of another scheme.
///
/// # Errors
/// [`BearerRefusal::RepeatedCredentials`] for two headers, [`BearerRefusal::Malformed`] for `Bearer` without exactly one token.
pub fn from_header(headers: &HeaderMap) -> Result<Option<&str>, BearerRefusal> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(BearerRefusal::RepeatedCredentials);
    }
    let value = value.to_str().map_err(|_| BearerRefusal::Malformed)?;
    let (scheme, token) = value.split_once(' ').unwrap_or((value, ""));
    if !scheme.eq_ignore_ascii_case("Bearer") {
        return Ok(None);
    }
    let token = token.trim_start_matches(' ');
    if is_b64token(token) { Ok(Some(token)) } else { Err(BearerRefusal::Malformed) }
}

/// `b64token` of [RFC 6750 §2.1]: one or more of these characters, then any number of `=`.
fn is_b64token(token: &str) -> bool {
    let body = token.trim_end_matches('=');
    !body.is_empty() && body.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~+/".contains(&b))
}

/// Whether a query has a parameter `access_token`, however its name is encoded.
fn names_a_token(query: &str) -> bool {
    url::form_urlencoded::parse(query.as_bytes()).any(|(name, _)| name == "access_token")
}
