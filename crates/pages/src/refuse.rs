//! What a person sees where a page is not shown, or a form not accepted.

use std::time::Duration;

use bytes::Bytes;
use countersign_web::form;
use http::{HeaderValue, Response, StatusCode, header};

use crate::document::see_other;
use crate::form::FormError;
use crate::message::{Link, MessagePage};
use crate::pages::Pages;
use crate::refusal::Refusal;

impl Pages {
    pub(crate) fn refuse(&self, refusal: Refusal) -> Response<Bytes> {
        let status = refusal.status();
        let (heading, text) = match &refusal {
            Refusal::SignIn(onward) => return see_other(&onward.link("/sign-in", &[])),
            Refusal::Failed(fault) => {
                tracing::error!(%fault, "a page could not be answered");
                (
                    "That did not work",
                    "The fault is ours. Nothing was changed as far as we know. Please try again in a moment.",
                )
            }
            Refusal::Form(FormError::Unreadable(form::FormError::TooLarge)) => {
                ("That is too long", "Please go back and enter less.")
            }
            Refusal::Form(_) => {
                ("That could not be read", "Please go back, load the page again, and send it once more.")
            }
            Refusal::Forged => (
                "This page is out of date",
                "Nothing was changed. Please go back, load the page again, and send it once more.",
            ),
            Refusal::Method { .. } => ("That can not be done here", "Please go back and use the buttons of the page."),
            Refusal::NotFound => ("Page not found", "There is nothing at this address, or it is gone."),
            Refusal::Interaction(error) => return self.message(status, "This request is over", &error.to_string()),
        };
        let mut response = self.message(status, heading, text);
        let headers = response.headers_mut();
        match refusal {
            Refusal::Failed(fault) if fault.is_transient() => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
            }
            Refusal::Method { allowed } => {
                headers.insert(header::ALLOW, allowed);
            }
            _ => {}
        }
        response
    }

    /// A page that tells one thing.
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

/// Whole seconds, at least one ([RFC 9110 §10.2.3]).
pub(crate) fn retry_after(wait: Duration) -> HeaderValue {
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    HeaderValue::from(seconds.max(1))
}
