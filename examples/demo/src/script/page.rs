//! What a browser is shown.

use http::{HeaderMap, StatusCode};
use url::Url;

use super::html::{self, Form};
use super::told::{Surprise, Told};

/// A page, or whatever else came back.
#[derive(Clone, Debug)]
pub(crate) struct Page {
    pub(crate) url: Url,
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Page {
    /// The form whose action is this path, or begins with it.
    pub(crate) fn form(&self, action: &str) -> Told<Form> {
        let mut forms = html::forms(&self.body).into_iter();
        forms.find(|form| form.action.split('?').next() == Some(action)).ok_or_else(|| {
            Surprise(format!("{} has no form for {action}; it says: {}", self.url.path(), shown(&self.text())))
        })
    }

    pub(crate) fn text(&self) -> String {
        html::text(&self.body)
    }

    /// A surprise unless the page is this one.
    pub(crate) fn at(self, status: u16, path: &str) -> Told<Page> {
        if self.status.as_u16() == status && self.url.path() == path {
            return Ok(self);
        }
        let text = shown(&self.text());
        Err(Surprise(format!(
            "expected {status} at {path}, found {} at {}: {text}",
            self.status.as_u16(),
            self.url.path()
        )))
    }

    /// A surprise unless the page says this.
    pub(crate) fn saying(self, words: &str) -> Told<Page> {
        let text = self.text();
        if text.contains(words) {
            Ok(self)
        } else {
            Err(Surprise(format!("expected {words:?} on {}, found: {}", self.url.path(), shown(&text))))
        }
    }

    /// A parameter of the address.
    pub(crate) fn parameter(&self, name: &str) -> Option<String> {
        self.url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }
}

fn shown(text: &str) -> String {
    text.chars().take(400).collect()
}
