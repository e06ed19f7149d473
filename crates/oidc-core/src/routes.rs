//! The table of routes: everything that the issuer answers, in one place.

use std::future::Future;
use std::pin::Pin;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};

use crate::authorize;
use crate::config::ConfigError;
use crate::endpoints;
use crate::endpoints::discovery::Metadata;
use crate::issuer::Issuer;
use crate::response::{empty, set};
use crate::token;

/// The paths of the endpoints, below the issuer. The two metadata documents are where their standards say.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RouteMap {
    /// [RFC 6749 §3.1]. Default: `/oauth2/authorize`.
    pub authorization: String,
    /// [RFC 6749 §3.2]. Default: `/oauth2/token`.
    pub token: String,
    /// [OIDC Core §5.3]. Default: `/oauth2/userinfo`.
    pub userinfo: String,
    /// [RFC 7662]. Default: `/oauth2/introspect`.
    pub introspection: String,
    /// [RFC 7009]. Default: `/oauth2/revoke`.
    pub revocation: String,
    /// [RFC 7517 §5]. Default: `/jwks`.
    pub jwks: String,
}

impl Default for RouteMap {
    fn default() -> Self {
        RouteMap {
            authorization: "/oauth2/authorize".to_owned(),
            token: "/oauth2/token".to_owned(),
            userinfo: "/oauth2/userinfo".to_owned(),
            introspection: "/oauth2/introspect".to_owned(),
            revocation: "/oauth2/revoke".to_owned(),
            jwks: "/jwks".to_owned(),
        }
    }
}

/// A response on its way.
pub(crate) type Answering<'a> = Pin<Box<dyn Future<Output = Response<Bytes>> + Send + 'a>>;

/// One endpoint.
pub(crate) struct Route {
    /// Its path, below the issuer.
    pub(crate) path: fn(&RouteMap) -> &str,
    /// The methods that it answers; OPTIONS aside.
    pub(crate) methods: &'static [Method],
    /// Which web pages may call it.
    pub(crate) origins: Origins,
    /// Answers.
    pub(crate) answer: for<'a> fn(&'a Issuer, Request<Bytes>) -> Answering<'a>,
    /// Says in the metadata that it is there; the text is its URL.
    pub(crate) describe: fn(&Issuer, String, &mut Metadata),
}

/// Which web pages may call an endpoint by script.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origins {
    /// All: no cookie opens it, so a page can do there only what it holds the credentials for.
    Any,
    /// None: browsers go there as a whole ([RFC 9700 §2.6]), or only servers do.
    None,
}

/// Every endpoint below the issuer. Metadata is built from these rows.
pub(crate) const ROUTES: &[Route] = &[
    authorize::ROUTE,
    token::ROUTE,
    endpoints::userinfo::ROUTE,
    endpoints::introspection::ROUTE,
    endpoints::revocation::ROUTE,
    endpoints::jwks::ROUTE,
];

/// What a request's path addresses.
pub(crate) enum Addressed {
    Endpoint(&'static Route),
    Metadata,
}

impl Issuer {
    pub(crate) fn route(&self, path: &str) -> Option<Addressed> {
        if self.metadata_paths.iter().any(|known| known == path) {
            return Some(Addressed::Metadata);
        }
        let rest = path.strip_prefix(self.url.path())?;
        ROUTES.iter().find(|route| (route.path)(&self.routes) == rest).map(Addressed::Endpoint)
    }

    pub(crate) async fn dispatch(&self, addressed: Addressed, request: Request<Bytes>) -> Response<Bytes> {
        let (methods, origins) = match &addressed {
            Addressed::Endpoint(route) => (route.methods, route.origins),
            Addressed::Metadata => (endpoints::discovery::METHODS, Origins::Any),
        };
        let mut response = if request.method() == Method::OPTIONS && origins == Origins::Any {
            preflight(methods)
        } else if !methods.contains(request.method()) {
            method_not_allowed(methods)
        } else {
            match addressed {
                Addressed::Endpoint(route) => (route.answer)(self, request).await,
                Addressed::Metadata => self.metadata_document(request.method()),
            }
        };
        if response.status() == StatusCode::SERVICE_UNAVAILABLE {
            set(response.headers_mut(), header::RETRY_AFTER, "1");
        }
        if origins == Origins::Any {
            set(response.headers_mut(), header::ACCESS_CONTROL_ALLOW_ORIGIN, "*");
            set(response.headers_mut(), header::ACCESS_CONTROL_EXPOSE_HEADERS, "WWW-Authenticate, Retry-After");
        }
        set(response.headers_mut(), header::X_CONTENT_TYPE_OPTIONS, "nosniff");
        response
    }
}

impl RouteMap {
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        let RouteMap { authorization, token, userinfo, introspection, revocation, jwks } = self;
        let paths = [authorization, token, userinfo, introspection, revocation, jwks];
        for (nth, path) in paths.iter().enumerate() {
            let plain = path.starts_with('/')
                && path.len() > 1
                && path.bytes().all(|b| b.is_ascii_alphanumeric() || b"/-._~".contains(&b));
            if !plain || paths.iter().skip(nth + 1).any(|other| other == path) || path.starts_with("/.well-known/") {
                return Err(ConfigError::Route((*path).clone()));
            }
        }
        Ok(())
    }
}

fn preflight(methods: &[Method]) -> Response<Bytes> {
    let mut response = empty(StatusCode::NO_CONTENT);
    let headers = response.headers_mut();
    if let Ok(methods) = HeaderValue::from_str(&names(methods)) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, methods);
    }
    set(headers, header::ACCESS_CONTROL_ALLOW_HEADERS, "Authorization, Content-Type");
    set(headers, header::ACCESS_CONTROL_MAX_AGE, "3600");
    response
}

fn method_not_allowed(methods: &[Method]) -> Response<Bytes> {
    let mut response = empty(StatusCode::METHOD_NOT_ALLOWED);
    if let Ok(methods) = HeaderValue::from_str(&names(methods)) {
        response.headers_mut().insert(header::ALLOW, methods);
    }
    response
}

fn names(methods: &[Method]) -> String {
    methods.iter().map(Method::as_str).collect::<Vec<_>>().join(", ")
}
