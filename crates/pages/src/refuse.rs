//! What a person sees where a page is not shown, or a form is not accepted.

use std::time::Duration;

use bytes::Bytes;
use countersign_storage::Stopped;
use http::{HeaderValue, Response, StatusCode, header};

use crate::document::see_other;
use crate::message::{Link, MessagePage};
use crate::pages::Pages;
use crate::refusal::Refusal;

impl Pages {
    /// Answers with the page that tells what stopped it, or leads to the sign-in.
    pub(crate) fn refuse(&self, stopped: Stopped<Refusal>) -> Response<Bytes> {
        match stopped {
            Stopped::Refused(Refusal::SignIn(onward)) => see_other(&onward.link("/sign-in", &[])),
            Stopped::Refused(refusal) => {
                let mut response = self.message(refusal.status(), refusal.heading(), &refusal.to_string());
                if let Refusal::MethodNotAllowed { allowed } = refusal {
                    response.headers_mut().insert(header::ALLOW, allowed);
                }
                response
            }
            Stopped::Failed(fault) => {
                tracing::error!(%fault, "a page could not be answered");
                let text = "The fault is ours. Nothing was changed as far as we know. Please try again in a moment.";
                let mut response = self.message(fault.status(), "That did not work", text);
                if fault.is_transient() {
                    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
                }
                response
            }
        }
    }

    /// Makes a page that tells one thing.
    pub(crate) fn message(&self, status: StatusCode, heading: &str, text: &str) -> Response<Bytes> {
        let page = MessagePage {
            heading: heading.to_owned(),
            text: text.to_owned(),
            detail: None,
            link: Some(Link { href: "/".to_owned(), words: "Go to your account".to_owned() }),
        };
        page.respond(&self.templates, status)
    }
}

/// The value of `Retry-After`: whole seconds, at least one ([RFC 9110 §10.2.3]).
///
/// [RFC 9110 §10.2.3]: https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3
pub(crate) fn retry_after(wait: Duration) -> HeaderValue {
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    HeaderValue::from(seconds.max(1))
}
