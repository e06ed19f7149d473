//! The one door through which requests come.

use async_trait::async_trait;
use bytes::Bytes;
use countersign_storage::{Endpoints, Stopped};
use http::{Request, Response};

use crate::AgentProvider;
use crate::endpoints;
use crate::refusal::Refusal;
use crate::respond::{Answer, respond_error};
use crate::routes::{Endpoint, Routes};

impl AgentProvider {
    async fn dispatch(&self, endpoint: Endpoint, request: &Request<Bytes>) -> Result<Answer, Stopped<Refusal>> {
        match endpoint {
            Endpoint::BatchExecute => endpoints::batch_execute::answer(self, request).await,
            Endpoint::DescribeCapability => endpoints::capabilities::describe(self, request).await,
            Endpoint::Discovery => Ok(endpoints::discovery::answer(self)),
            Endpoint::Execute => endpoints::execute::answer(self, request).await,
            Endpoint::Introspect => endpoints::introspect::answer(self, request).await,
            Endpoint::ListCapabilities => endpoints::capabilities::list(self, request).await,
            Endpoint::Reactivate => endpoints::reactivate::answer(self, request).await,
            Endpoint::Register => endpoints::register::answer(self, request).await,
            Endpoint::RequestCapability => endpoints::request_capability::answer(self, request).await,
            Endpoint::RevokeAgent => endpoints::revoke_agent::answer(self, request).await,
            Endpoint::RevokeHost => endpoints::revoke_host::answer(self, request).await,
            Endpoint::RotateAgentKey => endpoints::rotate_agent_key::answer(self, request).await,
            Endpoint::RotateHostKey => endpoints::rotate_host_key::answer(self, request).await,
            Endpoint::Status => endpoints::status::answer(self, request).await,
        }
    }
}

#[async_trait]
impl Endpoints for AgentProvider {
    async fn answer(&self, request: Request<Bytes>) -> Result<Response<Bytes>, Request<Bytes>> {
        let Some((endpoint, method)) = self.routes.find(request.uri().path()) else { return Err(request) };
        let answer = if *request.method() == method {
            self.dispatch(endpoint, &request).await
        } else {
            Err(Stopped::Refused(Refusal::MethodNotAllowed(method)))
        };
        Ok(match answer {
            Ok(answer) => answer.respond(),
            Err(error) => {
                if let Stopped::Failed(fault) = &error {
                    tracing::error!(?endpoint, %fault, "an agent endpoint failed");
                }
                respond_error(&error, &Routes::discovery(&self.origin))
            }
        })
    }
}
