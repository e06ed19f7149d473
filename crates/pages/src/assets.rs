//! The style sheet and the icon: kept by browsers for a year, because their address changes with their content.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::{HeaderValue, Method, Response, StatusCode, header};
use sha2::{Digest, Sha256};

use crate::document::protect;

/// The files that pages refer to.
#[derive(Debug)]
pub struct Assets {
    stylesheet: Asset,
    icon: Asset,
}

#[derive(Debug)]
struct Asset {
    path: &'static str,
    content_type: &'static str,
    version: String,
    url: String,
    body: Bytes,
}

impl Assets {
    /// From their content.
    pub(crate) fn new(stylesheet: String, icon: String) -> Self {
        Assets {
            stylesheet: Asset::new("/assets/countersign.css", "text/css; charset=utf-8", stylesheet),
            icon: Asset::new("/assets/mark.svg", "image/svg+xml", icon),
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

    /// The file at `path`, if there is one. Without the hash of the present content in `query` it is not kept.
    pub(crate) fn answer(&self, method: &Method, path: &str, query: Option<&str>) -> Option<Response<Bytes>> {
        let asset = [&self.stylesheet, &self.icon].into_iter().find(|asset| asset.path == path)?;
        if ![Method::GET, Method::HEAD].contains(method) {
            let mut response = Response::new(Bytes::new());
            *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
            response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
            return Some(protect(response));
        }
        let current = query.and_then(|query| query.strip_prefix("v=")) == Some(&asset.version);
        let caching = if current { "public, max-age=31536000, immutable" } else { "no-cache" };
        let mut response = Response::new(asset.body.clone());
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(asset.content_type));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        // An SVG that is opened by itself is a document, and could run scripts.
        headers.insert(
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"),
        );
        Some(response)
    }
}

impl Asset {
    fn new(path: &'static str, content_type: &'static str, body: String) -> Self {
        let digest = Sha256::digest(body.as_bytes());
        let version: String = URL_SAFE_NO_PAD.encode(digest).chars().take(16).collect();
        Asset { path, content_type, url: format!("{path}?v={version}"), version, body: Bytes::from(body) }
    }
}
