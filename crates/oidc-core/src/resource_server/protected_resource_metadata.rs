//! What a resource server says about itself ([RFC 9728]), so that a client which knows only its address finds the issuer.
//!
//! [RFC 9728]: https://www.rfc-editor.org/rfc/rfc9728

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Response, header};
use serde::{Deserialize, Serialize};
use url::Url;

/// The protected resource metadata ([RFC 9728 §2](https://www.rfc-editor.org/rfc/rfc9728#section-2)). The issuer in it is
/// taken from the [`super::Verifier`], never typed twice.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ProtectedResourceMetadata {
    /// The resource identifier: the audience of its tokens.
    pub resource: String,
    /// The issuers whose tokens it takes.
    pub authorization_servers: Vec<String>,
    /// What to ask for. List what a stranger may have; `offline_access` does not belong here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scopes_supported: Vec<String>,
    /// How tokens are sent: in the header only.
    pub bearer_methods_supported: Vec<String>,
    /// A name to show to people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource_name: Option<String>,
}

impl ProtectedResourceMetadata {
    pub(super) fn new(resource: &str, issuer: &str, scopes: &[&str]) -> Self {
        ProtectedResourceMetadata {
            resource: resource.to_owned(),
            authorization_servers: vec![issuer.to_owned()],
            scopes_supported: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
            bearer_methods_supported: vec!["header".to_owned()],
            resource_name: None,
        }
    }

    /// Adds a name to show.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.resource_name = Some(name.into());
        self
    }

    /// The document as an answer: public, and readable from scripts of any origin.
    pub fn response(&self) -> Response<Bytes> {
        let mut response = Response::new(Bytes::from(serde_json::to_vec(self).unwrap_or_default()));
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        response
    }
}

/// Where the document of a resource is: the well-known part between host and path
/// ([RFC 9728 §3](https://www.rfc-editor.org/rfc/rfc9728#section-3)).
pub(super) fn location(resource: &Url) -> String {
    let path = resource.path();
    let path = if path == "/" { "" } else { path };
    let query = resource.query().map(|query| format!("?{query}")).unwrap_or_default();
    format!("{}/.well-known/oauth-protected-resource{path}{query}", resource.origin().ascii_serialization())
}
