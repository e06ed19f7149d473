//! GET /.well-known/openid-configuration and /.well-known/oauth-authorization-server: metadata ([OIDC Discovery §4], [RFC 8414 §3]).
//!
//! One document in all its places. It is built once, from the routes that are mounted and the policy, so it names nothing
//! that is not there.

use bytes::Bytes;
use countersign_web::issuer_url::IssuerUrl;
use http::{Method, Response, StatusCode};
use serde_json::{Map, Value};

use crate::endpoints::jwks::cache;
use crate::issuer::Issuer;
use crate::response::json;
use crate::routes::ROUTES;

pub(crate) const METHODS: &[Method] = &[Method::GET, Method::HEAD];

/// The metadata document under construction.
#[derive(Clone, Default, Debug)]
pub(crate) struct Metadata(Map<String, Value>);

impl Metadata {
    /// States a member.
    pub(crate) fn set(&mut self, name: &str, value: impl Into<Value>) {
        self.0.insert(name.to_owned(), value.into());
    }

    /// States a list, leaving out what is said already.
    pub(crate) fn extend<T: Into<Value>>(&mut self, name: &str, values: impl IntoIterator<Item = T>) {
        let list = self.0.entry(name).or_insert_with(|| Value::Array(Vec::new()));
        if let Value::Array(list) = list {
            for value in values.into_iter().map(Into::into) {
                if !list.contains(&value) {
                    list.push(value);
                }
            }
        }
    }
}

/// The paths of the document: for an issuer with a path both the inserted ([RFC 8414 §3.1]) and the appended form
/// ([OIDC Discovery §4.1]).
pub(crate) fn paths(url: &IssuerUrl) -> Vec<String> {
    let mut paths = Vec::new();
    for name in ["/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"] {
        paths.push(format!("{name}{}", url.path()));
        if !url.path().is_empty() {
            paths.push(format!("{}{name}", url.path()));
        }
    }
    paths
}

impl Issuer {
    /// The metadata of this issuer, as it is served.
    pub fn metadata(&self) -> Value {
        let mut metadata = Metadata::default();
        metadata.set("issuer", self.url.as_str());
        metadata.extend("scopes_supported", self.policy.scopes.iter().map(|scope| scope.name.as_str()));
        for route in ROUTES {
            let url = format!("{}{}", self.url.as_str(), (route.path)(&self.routes));
            (route.describe)(self, url, &mut metadata);
        }
        Value::Object(metadata.0)
    }

    pub(crate) fn metadata_document(&self, method: &Method) -> Response<Bytes> {
        let mut response = json(StatusCode::OK, &self.metadata());
        cache(&mut response, self);
        if *method == Method::HEAD {
            *response.body_mut() = Bytes::new();
        }
        response
    }
}
