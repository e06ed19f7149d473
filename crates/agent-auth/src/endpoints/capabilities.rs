//! `GET /capability/list` and `GET /capability/describe` ([Agent Auth §5.2], §5.2.1).
//!
//! Both answer anybody; credentials only add to what is seen. Credentials that prove nothing are ignored instead of
//! refused ([Agent Auth §5.2]: a server that lists without credentials never answers 401 there), but the `jti` of good
//! ones is spent, as everywhere.
//!
//! [Agent Auth §5.2]: https://agentauthprotocol.com/specification/v1.0-draft

use std::convert::Infallible;

use async_trait::async_trait;
use bytes::Bytes;
use countersign_storage::{Changes, Decision, Fault, Moment, Operation, Reader, Stopped};
use http::Request;
use serde_json::{Map, Value, json};

use super::agent_document::members;
use crate::AgentProvider;
use crate::agent_jwt::{AgentToken, KnownAgent, ProvenAgent, TokenUse};
use crate::capability::{Offered, Visibility};
use crate::host::HostStatus;
use crate::host_jwt::{HostToken, KnownHost, Unknown};
use crate::refusal::Refusal;
use crate::request;
use crate::respond::{Answer, Caching};

const MAX_AGE: u32 = 300;
/// The longest page, in capabilities.
const LIMIT: usize = 100;

pub(crate) async fn list(provider: &AgentProvider, request: &Request<Bytes>) -> Result<Answer, Stopped<Refusal>> {
    let query = request::parameter(request, "query")?.map(|query| query.to_lowercase());
    let limit = match request::parameter(request, "limit")? {
        Some(limit) => limit.parse::<usize>().ok().filter(|limit| (1..=LIMIT).contains(limit)),
        None => Some(LIMIT),
    };
    let limit = limit.ok_or(Refusal::InvalidRequest("limit is a number from 1 to 100"))?;
    let start = match request::parameter(request, "cursor")? {
        Some(cursor) => cursor.parse::<usize>().ok(),
        None => Some(0),
    };
    let start = start.ok_or(Refusal::InvalidRequest("cursor is not one that was given out"))?;
    let viewer = viewer(provider, request).await?;
    let matches = |offered: &&Offered| {
        query.as_ref().is_none_or(|query| {
            offered.name.contains(query.as_str()) || offered.description.to_lowercase().contains(query.as_str())
        })
    };
    let mut found = provider.offer.all().iter().filter(|offered| viewer.sees(offered)).filter(matches).skip(start);
    let page: Vec<Value> =
        found.by_ref().take(limit).map(|offered| Value::Object(summary(offered, &viewer, provider))).collect();
    let mut document = members([("capabilities", json!(page)), ("has_more", json!(false))]);
    if found.next().is_some() {
        document.insert("has_more".to_owned(), json!(true));
        document.insert("next_cursor".to_owned(), json!((start + limit).to_string()));
    }
    Ok(Answer::cached(Value::Object(document), viewer.caching()))
}

pub(crate) async fn describe(provider: &AgentProvider, request: &Request<Bytes>) -> Result<Answer, Stopped<Refusal>> {
    let name = request::parameter(request, "name")?.ok_or(Refusal::InvalidRequest("name is missing"))?;
    let viewer = viewer(provider, request).await?;
    let offered = provider.offer.by_name(&name).filter(|offered| viewer.sees(offered));
    let offered = offered.ok_or(Refusal::CapabilityNotFound)?;
    let mut document = summary(offered, &viewer, provider);
    document.extend(members([("input", json!(offered.input.shown())), ("output", json!(offered.output))]));
    Ok(Answer::cached(Value::Object(document), viewer.caching()))
}

fn summary(offered: &Offered, viewer: &Viewer, provider: &AgentProvider) -> Map<String, Value> {
    let mut summary = members([("name", json!(offered.name)), ("description", json!(offered.description))]);
    if let Viewer::Agent(agent) = viewer {
        let now = agent.agent.time(provider.ports.now());
        let granted =
            agent.agent.grants.iter().any(|grant| {
                grant.capability() == offered.name && grant.is_effective(now) && agent.covers(&offered.name)
            });
        summary.insert("grant_status".to_owned(), json!(if granted { "granted" } else { "not_granted" }));
    }
    summary
}

/// Who looks.
enum Viewer {
    /// Nobody who sent credentials.
    Anybody,
    /// Somebody whose credentials open nothing.
    Unproven,
    /// A host that a person is linked to.
    LinkedHost,
    /// An active agent.
    Agent(Box<ProvenAgent>),
}

impl Viewer {
    fn sees(&self, offered: &Offered) -> bool {
        match (offered.visibility, self) {
            (Visibility::Public, _) | (Visibility::Linked, Viewer::LinkedHost | Viewer::Agent(_)) => true,
            (Visibility::Linked, Viewer::Anybody | Viewer::Unproven) => false,
        }
    }

    fn caching(&self) -> Caching {
        match self {
            Viewer::Anybody => Caching::Public(MAX_AGE),
            Viewer::Unproven | Viewer::LinkedHost | Viewer::Agent(_) => Caching::Private(MAX_AGE),
        }
    }
}

async fn viewer(provider: &AgentProvider, request: &Request<Bytes>) -> Result<Viewer, Fault> {
    let text = match request::optional_bearer(request.headers()) {
        Ok(Some(text)) => text,
        Ok(None) => return Ok(Viewer::Anybody),
        Err(_) => return Ok(Viewer::Unproven),
    };
    if let Ok(token) = AgentToken::parse(text) {
        return Ok(provider.ports.perform(&LookAsAgent { provider, token: &token }).await?);
    }
    match HostToken::parse(text, &provider.issuer) {
        Ok(token) => Ok(provider.ports.perform(&LookAsHost { provider, token: &token }).await?),
        Err(_) => Ok(Viewer::Unproven),
    }
}

struct LookAsAgent<'a> {
    provider: &'a AgentProvider,
    token: &'a AgentToken<'a>,
}

#[async_trait]
impl Operation for LookAsAgent<'_> {
    type Loaded = KnownAgent;
    type Granted = Viewer;
    type Refusal = Infallible;

    async fn load(&self, reader: &mut Reader<'_>) -> Result<KnownAgent, Fault> {
        self.token.load(reader, self.provider).await
    }

    fn decide(&self, known: KnownAgent, moment: &Moment<'_>) -> Decision<Viewer, Infallible> {
        let AgentProvider { policy, issuer, .. } = self.provider;
        match self.token.verify(known, &[issuer], policy, moment.now) {
            Ok(proven) if proven.use_ == TokenUse::First => {
                let mut changes = Changes::none();
                changes.insert(&proven.mark);
                let viewer = match proven.check_status(policy, moment.now) {
                    Ok(()) => Viewer::Agent(Box::new(proven)),
                    Err(_) => Viewer::Unproven,
                };
                Decision::grant(viewer).changing(changes)
            }
            Ok(_) | Err(_) => Decision::grant(Viewer::Unproven),
        }
    }
}

struct LookAsHost<'a> {
    provider: &'a AgentProvider,
    token: &'a HostToken<'a>,
}

#[async_trait]
impl Operation for LookAsHost<'_> {
    type Loaded = KnownHost;
    type Granted = Viewer;
    type Refusal = Infallible;

    async fn load(&self, reader: &mut Reader<'_>) -> Result<KnownHost, Fault> {
        Ok(self.token.load(reader, None, self.provider).await?.0)
    }

    fn decide(&self, known: KnownHost, moment: &Moment<'_>) -> Decision<Viewer, Infallible> {
        let Ok(proven) = self.token.verify(&known, Unknown::Refused, self.provider, moment) else {
            return Decision::grant(Viewer::Unproven);
        };
        let mut changes = Changes::none();
        proven.spend(&mut changes);
        let linked = known.admitted().is_ok_and(|host| host.status == HostStatus::Active && host.subject.is_some());
        Decision::grant(if linked { Viewer::LinkedHost } else { Viewer::Unproven }).changing(changes)
    }
}
