//! The `WWW-Authenticate` answer to a request that is not let in ([RFC 6750 §3]).
//!
//! [RFC 6750 §3]: https://www.rfc-editor.org/rfc/rfc6750#section-3

use std::fmt;

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue, WWW_AUTHENTICATE};
use http::{Response, StatusCode};
use serde_json::json;

use super::error::BearerRefusal;

/// A `Bearer` challenge: which scheme, why not, what it would take, and where to learn more.
///
/// A request without a token gets no error code, as the section asks: nothing was wrong with what it did not send.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Challenge {
    status: StatusCode,
    code: Option<&'static str>,
    description: &'static str,
    realm: Option<String>,
    scope: Option<String>,
    resource_metadata: Option<String>,
}

impl Challenge {
    /// The challenge that answers a refusal. For a lack of scope it names the scope that is needed.
    pub fn new(refusal: &BearerRefusal) -> Self {
        let scope = match refusal {
            BearerRefusal::InsufficientScope { required, .. } => Some(required.clone()),
            _ => None,
        };
        Challenge {
            status: refusal.status(),
            code: Some(refusal.code()).filter(|code| !code.is_empty()),
            description: refusal.description(),
            realm: None,
            scope,
            resource_metadata: None,
        }
    }

    /// Names the protection space ([RFC 9110 §11.5](https://www.rfc-editor.org/rfc/rfc9110#section-11.5)).
    #[must_use]
    pub fn with_realm(mut self, realm: impl Into<String>) -> Self {
        self.realm = Some(realm.into());
        self
    }

    /// Names the scopes, separated by spaces, that the client should ask for; what a lack of scope named already stays.
    #[must_use]
    pub fn with_scope(mut self, scope: impl Into<String>) -> Self {
        self.scope.get_or_insert_with(|| scope.into());
        self
    }

    /// Says where the protected resource metadata is ([RFC 9728 §5.1](https://www.rfc-editor.org/rfc/rfc9728#section-5.1)).
    #[must_use]
    pub fn with_resource_metadata(mut self, url: impl Into<String>) -> Self {
        self.resource_metadata = Some(url.into());
        self
    }

    /// The status: 400, 401 or 403.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The value of the `WWW-Authenticate` header.
    pub fn header_value(&self) -> HeaderValue {
        // `Display` writes visible ASCII only.
        HeaderValue::from_str(&self.to_string()).unwrap_or_else(|_| HeaderValue::from_static("Bearer"))
    }

    /// The whole answer: status, header, and the same as JSON for whoever reads the body.
    pub fn response(&self) -> Response<Bytes> {
        let body = match self.code {
            Some(code) => Bytes::from(json!({ "error": code, "error_description": self.description }).to_string()),
            None => Bytes::new(),
        };
        let mut response = Response::new(body);
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(WWW_AUTHENTICATE, self.header_value());
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if self.code.is_some() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        response
    }
}

impl fmt::Display for Challenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parameters = [
            ("realm", self.realm.as_deref()),
            ("error", self.code),
            ("error_description", self.code.map(|_| self.description)),
            ("scope", self.scope.as_deref()),
            ("resource_metadata", self.resource_metadata.as_deref()),
        ];
        f.write_str("Bearer")?;
        let mut separator = " ";
        for (name, value) in parameters {
            let Some(value) = value else { continue };
            write!(f, "{separator}{name}=\"")?;
            separator = ", ";
            value.chars().filter(allowed).try_for_each(|c| fmt::Write::write_char(f, c))?;
            f.write_str("\"")?;
        }
        Ok(())
    }
}

/// The characters of the attributes: printable ASCII without the two that would end or bend a quoted string.
fn allowed(c: &char) -> bool {
    matches!(c, ' '..='~') && *c != '"' && *c != '\\'
}
