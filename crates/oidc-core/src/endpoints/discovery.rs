//! GET /.well-known/openid-configuration and /.well-known/oauth-authorization-server: metadata ([OIDC Discovery §4], [RFC 8414 §3]).
//!
//! One document in all its places. It is built from the routes that are mounted and the policy, so it names nothing that is
//! not there.
//!
//! [OIDC Discovery §4]: https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfig
//! [RFC 8414 §3]: https://www.rfc-editor.org/rfc/rfc8414#section-3

use bytes::Bytes;
use countersign_web::route::At;
use http::{Response, StatusCode};
use serde_json::Value;

use crate::endpoints::jwks::cache;
use crate::issuer::Issuer;
use crate::metadata::Metadata;
use crate::response::json;
use crate::route::Route;

/// What the issuer says of itself and of these routes.
pub(crate) fn document(issuer: &Issuer, routes: &[Route<'_>]) -> Value {
    let mut metadata = Metadata::default();
    metadata.set("issuer", issuer.url.as_str());
    metadata.extend("scopes_supported", issuer.policy.scopes.iter().map(|scope| scope.name.as_str()));
    for route in routes {
        if let At::Below(path) = route.at {
            (route.theirs.describe)(issuer, format!("{}{path}", issuer.url.as_str()), &mut metadata);
        }
    }
    metadata.finish()
}

pub(crate) fn respond(issuer: &Issuer, document: &Value) -> Response<Bytes> {
    let mut response = json(StatusCode::OK, document);
    cache(&mut response, issuer);
    response
}
