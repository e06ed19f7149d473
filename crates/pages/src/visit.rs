//! A request as the pages read it.

use std::net::IpAddr;

use bytes::Bytes;
use countersign_authn::{Authn, Context};
use countersign_web::peer::PeerAddress;
use http::{HeaderMap, Method, Request, header};

use crate::form::{Fields, FormError};

/// The parts of a request.
pub(crate) struct Visit {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) query: Option<String>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    peer: Option<IpAddr>,
}

impl Visit {
    pub(crate) fn of(request: Request<Bytes>) -> Self {
        let (parts, body) = request.into_parts();
        Visit {
            method: parts.method,
            path: parts.uri.path().to_owned(),
            query: parts.uri.query().map(str::to_owned),
            peer: PeerAddress::of(&parts.extensions).map(|peer| peer.0),
            headers: parts.headers,
            body,
        }
    }

    pub(crate) fn query(&self) -> Result<Fields, FormError> {
        Fields::from_query(self.query.as_deref())
    }

    /// Says from where somebody signs up or in. The session that the browser brings along ends.
    pub(crate) fn context(&self, authn: &Authn) -> Context {
        let user_agent = self.headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
        Context {
            peer: self.peer,
            user_agent: user_agent.map(str::to_owned),
            previous: authn.cookie(&self.headers),
            device: authn.device(&self.headers),
        }
    }
}
