//! Several endpoints as one site. The one that knows the path answers. Where none does, a page says so.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use countersign_storage::Endpoints;
use http::{HeaderValue, Request, Response, StatusCode, header};

use crate::document::protect;
use crate::message::{Link, MessagePage};
use crate::templates::Templates;

/// The issuer, the agent provider, the pages and what else there is. They are asked in turn.
#[derive(Clone)]
pub struct Site {
    endpoints: Vec<Arc<dyn Endpoints>>,
    templates: Arc<Templates>,
}

impl Site {
    /// Puts these parts together. Their paths do not overlap, so their order does not matter.
    pub fn new(endpoints: Vec<Arc<dyn Endpoints>>, templates: Arc<Templates>) -> Self {
        Site { endpoints, templates }
    }

    /// Answers every request.
    pub async fn respond(&self, request: Request<Bytes>) -> Response<Bytes> {
        let mut request = request;
        for endpoints in &self.endpoints {
            match endpoints.answer(request).await {
                Ok(response) => return response,
                Err(untouched) => request = untouched,
            }
        }
        self.not_found(&request)
    }

    fn not_found(&self, request: &Request<Bytes>) -> Response<Bytes> {
        let accept = request.headers().get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
        if accept.is_some_and(|accept| accept.contains("text/html")) {
            let page = MessagePage {
                heading: "Page not found".to_owned(),
                text: "There is nothing at this address.".to_owned(),
                detail: None,
                link: Some(Link { href: "/".to_owned(), words: "Go to your account".to_owned() }),
            };
            return page.respond(&self.templates, StatusCode::NOT_FOUND);
        }
        let body = r#"{"code":"NOT_FOUND","error":"not_found","message":"There is nothing at this address."}"#;
        let mut response = Response::new(Bytes::from_static(body.as_bytes()));
        *response.status_mut() = StatusCode::NOT_FOUND;
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        protect(response)
    }
}

#[async_trait]
impl Endpoints for Site {
    async fn answer(&self, request: Request<Bytes>) -> Result<Response<Bytes>, Request<Bytes>> {
        Ok(self.respond(request).await)
    }
}

impl std::fmt::Debug for Site {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Site({} parts)", self.endpoints.len())
    }
}
