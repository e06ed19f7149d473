//! The issuer's error page, in the look of the other pages. It leads nowhere by itself.

use std::sync::Arc;

use bytes::Bytes;
use countersign_oidc::{ErrorPage, PageError};
use http::Response;

use crate::message::MessagePage;
use crate::templates::Templates;

/// Give it to the issuer: [`countersign_oidc::InteractionPages::error`].
#[derive(Clone, Debug)]
pub struct TemplatedErrorPage(Arc<Templates>);

impl TemplatedErrorPage {
    /// Takes the templates of the other pages.
    pub fn new(templates: Arc<Templates>) -> Self {
        TemplatedErrorPage(templates)
    }
}

impl ErrorPage for TemplatedErrorPage {
    fn render(&self, error: &PageError) -> Response<Bytes> {
        let page = MessagePage {
            heading: "This link does not work".to_owned(),
            text: format!("{} You have not been sent back to the app that asked.", error.description),
            detail: Some(error.code.to_owned()),
            link: None,
        };
        page.respond(&self.0, error.status)
    }
}
