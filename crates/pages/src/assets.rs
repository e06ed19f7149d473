//! The style sheet and the icon. Browsers keep them for a year, because their address changes with their content.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::{HeaderValue, Response, header};
use sha2::{Digest, Sha256};

/// Where the style sheet is.
pub(crate) const STYLESHEET: &str = "/assets/countersign.css";
/// Where the icon is.
pub(crate) const ICON: &str = "/assets/mark.svg";

/// The files that pages refer to.
#[derive(Debug)]
pub struct Assets {
    stylesheet: Asset,
    icon: Asset,
}

#[derive(Debug)]
struct Asset {
    content_type: &'static str,
    version: String,
    url: String,
    body: Bytes,
}

impl Assets {
    /// Reads the files, and works out their addresses.
    pub(crate) fn new(stylesheet: String, icon: String) -> Self {
        Assets {
            stylesheet: Asset::new(STYLESHEET, "text/css; charset=utf-8", stylesheet),
            icon: Asset::new(ICON, "image/svg+xml", icon),
        }
    }

    /// The address of the style sheet, with the hash of its content.
    pub fn stylesheet_url(&self) -> &str {
        &self.stylesheet.url
    }

    /// The address of the icon, with the hash of its content.
    pub fn icon_url(&self) -> &str {
        &self.icon.url
    }

    /// Answers with the style sheet. Browsers keep it only where `query` is the hash of its present content.
    pub(crate) fn stylesheet(&self, query: Option<&str>) -> Response<Bytes> {
        self.stylesheet.respond(query)
    }

    /// Answers with the icon, in the same way.
    pub(crate) fn icon(&self, query: Option<&str>) -> Response<Bytes> {
        self.icon.respond(query)
    }
}

impl Asset {
    fn respond(&self, query: Option<&str>) -> Response<Bytes> {
        let current = query.and_then(|query| query.strip_prefix("v=")) == Some(&self.version);
        let caching = if current { "public, max-age=31536000, immutable" } else { "no-cache" };
        let mut response = Response::new(self.body.clone());
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        // An SVG that is opened by itself is a document, and could run scripts.
        headers.insert(
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"),
        );
        response
    }

    fn new(path: &'static str, content_type: &'static str, body: String) -> Self {
        let digest = Sha256::digest(body.as_bytes());
        let version: String = URL_SAFE_NO_PAD.encode(digest).chars().take(16).collect();
        Asset { content_type, url: format!("{path}?v={version}"), version, body: Bytes::from(body) }
    }
}
