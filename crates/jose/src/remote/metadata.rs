//! Where an issuer says where its keys are: [OIDC Discovery §4] and [RFC 8414 §3].
//!
//! Refused: a document that names another issuer (compared byte for byte, [RFC 8414 §3.3]), one without `jwks_uri`, and a
//! `jwks_uri` that is less protected than the document.
//!
//! [OIDC Discovery §4]: https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfig
//! [RFC 8414 §3]: https://www.rfc-editor.org/rfc/rfc8414#section-3
//! [RFC 8414 §3.3]: https://www.rfc-editor.org/rfc/rfc8414#section-3.3

use serde::Deserialize;
use url::{Host, Url};

use super::error::KeysUnavailable;
use crate::json;
use crate::jws::shown;

/// Where the metadata of an issuer may be: appended to it ([OIDC Discovery §4]), then inserted ([RFC 8414 §3]).
///
/// [OIDC Discovery §4]: https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfig
/// [RFC 8414 §3]: https://www.rfc-editor.org/rfc/rfc8414#section-3
pub(super) fn locations(issuer: &str) -> Option<[Url; 2]> {
    let url = secure(issuer).filter(|url| url.query().is_none() && url.fragment().is_none())?;
    let (origin, path) = (url.origin().ascii_serialization(), url.path().trim_end_matches('/'));
    let appended = Url::parse(&format!("{origin}{path}/.well-known/openid-configuration")).ok()?;
    let inserted = Url::parse(&format!("{origin}/.well-known/oauth-authorization-server{path}")).ok()?;
    Some([appended, inserted])
}

/// An https URL, or an http URL of a loopback host, without credentials, as it was written, of a length that is fit for a log.
pub(super) fn secure(text: &str) -> Option<Url> {
    // The URL parser drops white space and control characters that it finds.
    if text.len() > LONGEST_URL || !text.bytes().all(|b| b.is_ascii_graphic()) {
        return None;
    }
    let url = Url::parse(text).ok()?;
    let secure = url.scheme() == "https" || (url.scheme() == "http" && is_loopback(&url));
    (secure && url.username().is_empty() && url.password().is_none()).then_some(url)
}

/// Reads `jwks_uri` out of a document that was found at `url`.
pub(super) fn jwks_uri(document: &[u8], url: &Url, issuer: &str) -> Result<Url, KeysUnavailable> {
    let unusable = |reason: String| KeysUnavailable::Metadata { url: url.to_string(), reason };
    let metadata: Metadata = json::from_slice(document).map_err(|error| unusable(error.to_string()))?;
    if metadata.issuer != issuer {
        return Err(KeysUnavailable::IssuerMismatch {
            url: url.to_string(),
            expected: issuer.to_owned(),
            found: shown(&metadata.issuer),
        });
    }
    secure(&metadata.jwks_uri)
        .filter(|found| found.scheme() == "https" || found.scheme() == url.scheme())
        .ok_or_else(|| unusable("jwks_uri is not an https URL".to_owned()))
}

/// The members that matter here; both documents have them.
#[derive(Deserialize)]
struct Metadata {
    issuer: String,
    jwks_uri: String,
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// In bytes. The document that names a URL may be a mebibyte long, and errors repeat the URL.
const LONGEST_URL: usize = 2048;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_that_is_longer_than_any_is_refused() {
        let of_length = |length: usize| format!("https://as.test/{}", "a".repeat(length - "https://as.test/".len()));
        assert!(secure(&of_length(LONGEST_URL)).is_some());
        assert!(secure(&of_length(LONGEST_URL + 1)).is_none());
    }
}
