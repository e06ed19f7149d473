//! The page that a browser gets while it is not proven where else to send it.

use bytes::Bytes;
use http::{Response, StatusCode, header};

use crate::response::{no_store, set};

/// What went wrong, for a person.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct PageError {
    /// The status to answer with.
    pub status: StatusCode,
    /// The OAuth error code.
    pub code: &'static str,
    /// One sentence. It holds nothing that the request contained.
    pub description: String,
}

impl PageError {
    /// A page about `code`.
    pub fn new(status: StatusCode, code: &'static str, description: impl Into<String>) -> Self {
        PageError { status, code, description: description.into() }
    }
}

/// Shows an error to a person, where a redirect would be an open door ([RFC 6749 §4.1.2.1]).
///
/// # Security
/// The page must not send the browser anywhere by itself.
///
/// [RFC 6749 §4.1.2.1]: https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2.1
pub trait ErrorPage: Send + Sync {
    /// The whole response, with the status that the error names.
    fn render(&self, error: &PageError) -> Response<Bytes>;
}

/// A page without decoration.
#[derive(Clone, Copy, Debug, Default)]
pub struct PlainErrorPage;

impl ErrorPage for PlainErrorPage {
    fn render(&self, error: &PageError) -> Response<Bytes> {
        let body = format!(
            "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>This did not work</title>\
             <h1>This did not work</h1><p>{}</p><p><code>{}</code></p>\n",
            error.description.replace('&', "&amp;").replace('<', "&lt;"),
            error.code
        );
        let mut response = Response::new(Bytes::from(body));
        *response.status_mut() = error.status;
        let headers = response.headers_mut();
        no_store(headers);
        set(headers, header::CONTENT_TYPE, "text/html; charset=utf-8");
        set(headers, header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'");
        set(headers, header::REFERRER_POLICY, "no-referrer");
        set(headers, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
        response
    }
}
