//! Pages that only tell something: that there was an error, that a page does not exist, that a thing is done.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Response, StatusCode};
use serde::Serialize;

use crate::document::{html, protect};
use crate::form_action::FormAction;
use crate::templates::{Page, Templates};

/// What the page shows.
#[derive(Clone, Debug, Serialize)]
pub struct MessagePage {
    /// What it is about.
    pub heading: String,
    /// What it means for the reader.
    pub text: String,
    /// A code for whoever runs the client, as small print.
    pub detail: Option<String>,
    /// Where to go next.
    pub link: Option<Link>,
}

/// A way on.
#[derive(Clone, Debug, Serialize)]
pub struct Link {
    /// Where it leads, as a path on this server.
    pub href: String,
    /// The words of the link.
    pub words: String,
}

impl Page for MessagePage {
    const TEMPLATE: &'static str = "message.html";
}

impl MessagePage {
    /// Makes the whole answer. Other failures end in this page, so where its template fails, the answer is plain text.
    pub(crate) fn respond(&self, templates: &Templates, status: StatusCode) -> Response<Bytes> {
        match templates.render(self) {
            Ok(body) => html(status, body, &FormAction::OWN),
            Err(_) => {
                let mut response = Response::new(Bytes::from(format!("{}\n{}\n", self.heading, self.text)));
                *response.status_mut() = status;
                response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
                protect(response)
            }
        }
    }
}
