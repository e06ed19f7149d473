//! The table of routes: everything that the provider answers. Discovery lists exactly what is here.

use async_trait::async_trait;
use bytes::Bytes;
use countersign_storage::{Endpoints, Stopped};
use countersign_web::route::{Asked, At, Mounted, Origins, POST, Place, Table};
use http::{Method, Request, Response};

use crate::AgentProvider;
use crate::endpoints::{
    batch_execute, capabilities, discovery, execute, introspect, reactivate, register, request_capability,
    revoke_agent, revoke_host, rotate_agent_key, rotate_host_key, status,
};
use crate::provider::{DISCOVERY, EXECUTE};
use crate::refusal::Refusal;
use crate::respond::respond_error;
use crate::route::{Answering, Endpoint, Route};

type Answer = for<'a> fn(&'a AgentProvider, &'a Request<Bytes>) -> Answering<'a>;

/// Everything that is mounted (Agent Auth §5.1).
const ROUTES: &[Route] = &[
    post("/agent/register", "register", |at, request| Box::pin(register::answer(at, request))),
    get("/capability/list", "capabilities", |at, request| Box::pin(capabilities::list(at, request))),
    get("/capability/describe", "describe_capability", |at, request| Box::pin(capabilities::describe(at, request))),
    post(EXECUTE, "execute", |at, request| Box::pin(execute::answer(at, request))),
    post("/capability/batch-execute", "batch_execute", |at, request| Box::pin(batch_execute::answer(at, request))),
    post("/agent/request-capability", "request_capability", |at, request| {
        Box::pin(request_capability::answer(at, request))
    }),
    get("/agent/status", "status", |at, request| Box::pin(status::answer(at, request))),
    post("/agent/reactivate", "reactivate", |at, request| Box::pin(reactivate::answer(at, request))),
    post("/agent/rotate-key", "rotate_key", |at, request| Box::pin(rotate_agent_key::answer(at, request))),
    post("/host/rotate-key", "rotate_host_key", |at, request| Box::pin(rotate_host_key::answer(at, request))),
    post("/agent/revoke", "revoke", |at, request| Box::pin(revoke_agent::answer(at, request))),
    post("/host/revoke", "revoke_host", |at, request| Box::pin(revoke_host::answer(at, request))),
    post("/agent/introspect", "introspect", |at, request| Box::pin(introspect::answer(at, request))),
    // At the root, as clients look for it, and where issuers with a path are looked for (RFC 8414 §3).
    document(At::Root(DISCOVERY)),
    document(At::WellKnown(DISCOVERY)),
];

const fn get(path: &'static str, name: &'static str, answer: Answer) -> Route {
    let theirs = Endpoint { name: Some(name), answer };
    Route { at: At::Below(path), methods: &[Method::GET], origins: Origins::None, theirs }
}

const fn post(path: &'static str, name: &'static str, answer: Answer) -> Route {
    let theirs = Endpoint { name: Some(name), answer };
    Route { at: At::Below(path), methods: POST, origins: Origins::None, theirs }
}

const fn document(at: At<'static>) -> Route {
    let answer: Answer = |provider, _| Box::pin(async { Ok(discovery::answer(provider, ROUTES)) });
    Route { at, methods: &[Method::GET], origins: Origins::None, theirs: Endpoint { name: None, answer } }
}

impl AgentProvider {
    /// Every path that is answered, and how it may be asked.
    pub fn mounted(&self) -> Vec<Mounted> {
        self.table().mounted()
    }

    fn table(&self) -> Table<'_, Endpoint> {
        Table { base: &self.base, rows: &[ROUTES] }
    }

    async fn dispatch(&self, place: Place<'_, Endpoint>, mut request: Request<Bytes>) -> Response<Bytes> {
        let answer = match place.ask(&mut request) {
            Asked::Row(route) => (route.theirs.answer)(self, &request).await,
            Asked::Preflight(_) | Asked::NotAllowed => {
                Err(Stopped::Refused(Refusal::MethodNotAllowed(place.methods())))
            }
        };
        match answer {
            Ok(answer) => answer.respond(),
            Err(error) => {
                if let Stopped::Failed(fault) = &error {
                    tracing::error!(path = request.uri().path(), %fault, "an agent endpoint failed");
                }
                respond_error(&error, &format!("{}{DISCOVERY}", self.origin))
            }
        }
    }
}

#[async_trait]
impl Endpoints for AgentProvider {
    async fn answer(&self, request: Request<Bytes>) -> Result<Response<Bytes>, Request<Bytes>> {
        match self.table().at(request.uri().path()) {
            Some(place) => Ok(self.dispatch(place, request).await),
            None => Err(request),
        }
    }
}
