//! Pages that only tell something: an error, a page that does not exist, a thing that is done.

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
    /// A local path.
    pub href: String,
    /// What it says.
    pub words: String,
}

impl Page for MessagePage {
    const TEMPLATE: &'static str = "message.html";
}

impl MessagePage {
    /// The whole answer. A template that fails leaves plain text: this page is what other failures end in.
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
