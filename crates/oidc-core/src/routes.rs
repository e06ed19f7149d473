//! The table of routes: everything that the issuer answers, in one place.

use async_trait::async_trait;
use bytes::Bytes;
use countersign_storage::Endpoints;
use countersign_web::route::{Asked, At, GET, Mounted, Origins, Place, Table};
use http::{Request, Response, StatusCode, header};
use serde_json::Value;

use crate::authorize;
use crate::endpoints::{discovery, introspection, jwks, revocation, userinfo};
use crate::issuer::Issuer;
use crate::response::{empty, set};
use crate::route::{Answering, Endpoint, Route};
use crate::route_map::RouteMap;
use crate::token;

/// Every endpoint. The metadata is built from these rows.
fn routes(paths: &RouteMap) -> [Route<'_>; 8] {
    [
        authorize::route(paths),
        token::route(paths),
        userinfo::route(paths),
        introspection::route(paths),
        revocation::route(paths),
        jwks::route(paths),
        metadata_at("/.well-known/openid-configuration"),
        metadata_at("/.well-known/oauth-authorization-server"),
    ]
}

/// One of the names of the metadata document.
fn metadata_at(name: &str) -> Route<'_> {
    fn answer(issuer: &Issuer, _: Request<Bytes>) -> Answering<'_> {
        Box::pin(async { discovery::respond(issuer, &issuer.metadata()) })
    }
    let theirs = Endpoint { answer, describe: |_, _, _| {} };
    Route { at: At::WellKnown(name), methods: GET, origins: Origins::Any, theirs }
}

impl Issuer {
    /// The metadata of this issuer, as it is served.
    pub fn metadata(&self) -> Value {
        discovery::document(self, &routes(&self.routes))
    }

    /// Every path that is answered, and how it may be asked.
    pub fn mounted(&self) -> Vec<Mounted> {
        Table { base: self.url.path(), rows: &[&routes(&self.routes)] }.mounted()
    }

    async fn dispatch(&self, place: Place<'_, Endpoint>, mut request: Request<Bytes>) -> Response<Bytes> {
        let mut response = match place.ask(&mut request) {
            Asked::Row(route) => (route.theirs.answer)(self, request).await,
            Asked::Preflight(headers) => {
                let mut response = empty(StatusCode::NO_CONTENT);
                response.headers_mut().extend(headers);
                response
            }
            Asked::NotAllowed => {
                let mut response = empty(StatusCode::METHOD_NOT_ALLOWED);
                response.headers_mut().insert(header::ALLOW, place.allow());
                response
            }
        };
        if response.status() == StatusCode::SERVICE_UNAVAILABLE {
            set(response.headers_mut(), header::RETRY_AFTER, "1");
        }
        place.share(response.headers_mut());
        set(response.headers_mut(), header::X_CONTENT_TYPE_OPTIONS, "nosniff");
        response
    }
}

#[async_trait]
impl Endpoints for Issuer {
    async fn answer(&self, request: Request<Bytes>) -> Result<Response<Bytes>, Request<Bytes>> {
        let routes = routes(&self.routes);
        match (Table { base: self.url.path(), rows: &[&routes] }).at(request.uri().path()) {
            Some(place) => Ok(self.dispatch(place, request).await),
            None => Err(request),
        }
    }
}
