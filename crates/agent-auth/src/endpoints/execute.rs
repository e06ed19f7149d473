//! `POST /capability/execute` ([Agent Auth §5.11]): one load, a pure judgement, one commit, then the executor.
//!
//! The commit holds the single use of the token, the audit record and the count of calls, guarded by everything that the
//! judgement read: when an agent, host or grant was revoked meanwhile, it starts again and refuses. Nothing is cached, so the
//! first call after a revocation fails, on every node. A refusal is committed too, once the signature is proven.
//!
//! [Agent Auth §5.11]: https://agentauthprotocol.com/specification/v1.0-draft

use std::convert::Infallible;

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use countersign_storage::{
    Action, Changes, Decision, Event, Fault, Moment, Operation, Reader, Record, Stopped, Stored, Timestamp, secret,
};
use countersign_web::text;
use http::Request;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::AgentProvider;
use crate::agent::Agent;
use crate::agent_jwt::{AgentToken, KnownAgent, ProvenAgent, TokenUse};
use crate::approved::ApprovedBy;
use crate::approved_schema::FormerSchemas;
use crate::evaluate::{Call, evaluate};
use crate::executor::{ApprovedCall, ExecuteError};
use crate::grant::CapabilityGrant;
use crate::permitted::Permitted;
use crate::policy::ExecuteAudience;
use crate::refusal::Refusal;
use crate::request;
use crate::respond::Answer;
use crate::unfinished::UnfinishedCall;

#[derive(Deserialize)]
struct Body {
    capability: String,
    #[serde(default)]
    arguments: Option<Map<String, Value>>,
}

pub(crate) async fn answer(provider: &AgentProvider, request: &Request<Bytes>) -> Result<Answer, Stopped<Refusal>> {
    let token = AgentToken::parse(request::bearer(request.headers())?)?;
    let calls = request::body(request)
        .map(|body: Body| vec![Call { capability: body.capability, arguments: body.arguments.unwrap_or_default() }]);
    let permitted = permit(provider, &token, calls).await?;
    let permitted = permitted.into_iter().next().ok_or(Fault::Internal("one call has one judgement"))??;
    let data = perform(provider, &permitted.call).await?;
    Ok(Answer::new(json!({ "data": data })))
}

/// Judges the calls that one token asks for, in one commit. It spends the token, whatever it judges. What is wrong with the
/// request itself is told once the token is proven.
pub(crate) async fn permit(
    provider: &AgentProvider,
    token: &AgentToken<'_>,
    calls: Result<Vec<Call>, Refusal>,
) -> Result<Vec<Result<Permitted, Refusal>>, Stopped<Refusal>> {
    provider.ports.perform(&Permit { provider, token, calls }).await
}

/// Acts, after the commit or a second look ([`crate::permitted`]), and remembers how the act ended. The agent is told what goes
/// wrong now; its token stays used. If the end cannot be remembered, the act stays among those that have none
/// ([`UnfinishedCall`]).
pub(crate) async fn perform(provider: &AgentProvider, call: &ApprovedCall) -> Result<Value, Stopped<Refusal>> {
    let done = provider.executor.execute(call).await;
    let ended = Ended { call, failure: done.as_ref().err() };
    if let Err(fault) = provider.ports.perform(&ended).await {
        tracing::error!(call = call.id, %fault, "the end of a call could not be recorded");
    }
    let error = match done {
        Ok(data) => return Ok(data),
        Err(error) => error,
    };
    Err(match error {
        ExecuteError::InvalidArguments(message) => {
            Refusal::InvalidArguments(text::cleaned_or(&message, Agent::REASON, "the arguments are refused")).into()
        }
        ExecuteError::LimitExceeded(message) => {
            Refusal::LimitExceeded(text::cleaned_or(&message, Agent::REASON, "a limit is exceeded")).into()
        }
        ExecuteError::Unavailable { retry_after } => Refusal::Unavailable(retry_after).into(),
        ExecuteError::Failed(reason) => {
            tracing::error!(call = call.id, capability = call.capability, reason, "a capability failed");
            Stopped::Failed(Fault::Internal("a capability failed"))
        }
    })
}

/// May the bearer of this token make these calls, now? If the bearer is refused, all calls are.
struct Permit<'a> {
    provider: &'a AgentProvider,
    token: &'a AgentToken<'a>,
    calls: Result<Vec<Call>, Refusal>,
}

#[async_trait]
impl Operation for Permit<'_> {
    type Loaded = (KnownAgent, FormerSchemas);
    type Granted = Vec<Result<Permitted, Refusal>>;
    type Refusal = Refusal;

    async fn load(&self, reader: &mut Reader<'_>) -> Result<Self::Loaded, Fault> {
        let known = self.token.load(reader, self.provider).await?;
        let called = self.calls.iter().flatten().map(|call| call.capability.as_str());
        let former = FormerSchemas::load(known.agent(), called, &self.provider.offer, reader).await?;
        Ok((known, former))
    }

    fn decide(&self, (known, former): Self::Loaded, moment: &Moment<'_>) -> Decision<Self::Granted, Self::Refusal> {
        let provider = self.provider;
        let proven = match self.token.verify(known, &audiences(provider), &provider.policy, moment.now) {
            Ok(proven) => proven,
            // Nothing is stored for a token that proves nothing.
            Err(refusal) => return Decision::refuse(refusal),
        };
        let mut changes = Changes::none();
        let calls = self.calls.as_deref().unwrap_or_default();
        match proven.count(&provider.policy, moment) {
            Ok(Some(count)) => count.add(calls.len().max(1), &mut changes),
            Ok(None) => {}
            Err(refusal) => return Decision::refuse(refusal),
        }
        if proven.use_ == TokenUse::First {
            changes.insert(&proven.mark);
        }
        let bearer = self.judge_bearer(&proven, moment.now);
        let bearer = bearer.and_then(|()| self.calls.as_ref().map(drop).map_err(Clone::clone));
        let (judgements, events): (Vec<_>, Vec<_>) =
            calls.iter().map(|call| self.judge(&bearer, call, &proven, &former, moment)).unzip();
        for Permitted { call, .. } in judgements.iter().flatten() {
            changes.insert(&UnfinishedCall::of(call, &provider.policy, moment.now));
        }
        let used = if judgements.iter().any(Result::is_ok) { Used::Allowed } else { Used::Refused };
        if proven.use_ == TokenUse::First {
            note(provider, proven, used, &mut changes, moment.now);
        }
        let outcome = bearer.map(|()| judgements);
        Decision { outcome, changes, events }
    }
}

impl Permit<'_> {
    fn judge_bearer(&self, proven: &ProvenAgent, now: Timestamp) -> Result<(), Refusal> {
        if proven.use_ == TokenUse::Repeated {
            return Err(Refusal::UNPROVEN);
        }
        proven.check_status(&self.provider.policy, now)
    }

    fn judge(
        &self,
        bearer: &Result<(), Refusal>,
        call: &Call,
        proven: &ProvenAgent,
        former: &FormerSchemas,
        moment: &Moment<'_>,
    ) -> (Result<Permitted, Refusal>, Event) {
        let id = secret::identifier("call", moment.random);
        let grant = bearer.clone().and_then(|()| evaluate(call, proven, &self.provider.offer, former, moment.now));
        match grant {
            Ok(grant) => {
                let event = event(call, proven, &id, Some(grant));
                (Ok(Permitted::new(call, proven, grant, id)), event)
            }
            Err(refusal) => {
                let event = event(call, proven, &id, None).denied(reason(&refusal, proven.use_));
                (Err(refusal), event)
            }
        }
    }
}

/// Who asked for what, for whom, and what allows it.
fn event(call: &Call, proven: &ProvenAgent, id: &str, grant: Option<&CapabilityGrant>) -> Event {
    let action = Action::AgentExecute {
        call: id.to_owned(),
        capability: text::cleaned_or(&call.capability, 100, "a name that cannot be shown"),
        agent_name: proven.agent.name.as_str().to_owned(),
        grant: grant.map(|grant| grant.id().to_owned()),
        approved_by: grant.map(|grant| approver(grant).to_owned()),
    };
    let actor = if grant.is_some() { proven.actor() } else { proven.refused_actor() };
    Event::new(action, actor).for_subject(proven.agent.subject.as_ref().or(proven.host.subject.as_ref()))
}

/// The audience of a call is a configured value; both stand in the protocol (Agent Auth §4.3, §4.5).
pub(crate) fn audiences(provider: &AgentProvider) -> Vec<&str> {
    match provider.policy.execute_audience {
        ExecuteAudience::LocationOrIssuer => vec![&provider.location, &provider.issuer],
        ExecuteAudience::LocationOnly => vec![&provider.location],
    }
}

/// A replay has the same answer as every other unproven token, but the audit tells it apart.
fn reason(refusal: &Refusal, use_: TokenUse) -> &'static str {
    match use_ {
        TokenUse::First => refusal.code(),
        TokenUse::Repeated => "jti_replay",
    }
}

fn approver(grant: &CapabilityGrant) -> &str {
    match grant.granted_by() {
        Some(ApprovedBy::Person { subject, .. }) => subject.as_str(),
        Some(ApprovedBy::Policy) => "policy",
        None => "nobody",
    }
}

/// What came of a use of the agent.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Used {
    Allowed,
    Refused,
}

/// Notes an allowed use for the agent's session clock: not at each call, but when the last note has become too old. It also
/// notes, once, that something of the agent was seen to have ended.
fn note(provider: &AgentProvider, mut proven: ProvenAgent, used: Used, changes: &mut Changes, now: Timestamp) {
    let policy = &provider.policy;
    let precision = policy.last_use_precision.min(policy.session_lifetime / 10);
    let noted = proven.agent.last_used_at;
    let due = noted.is_none_or(|noted| now.since(noted) > Duration::ZERO && now.since(noted) >= precision);
    let has_news = proven.agent.has_news(policy, now);
    if used == Used::Allowed && due {
        proven.agent.record.last_used_at = Some(now);
    } else if !has_news {
        return;
    }
    proven.agent.record.see(policy, now);
    changes.replace(&proven.agent);
}

/// Records how a permitted call ended.
struct Ended<'a> {
    call: &'a ApprovedCall,
    failure: Option<&'a ExecuteError>,
}

#[async_trait]
impl Operation for Ended<'_> {
    type Loaded = Option<Stored<UnfinishedCall>>;
    type Granted = ();
    type Refusal = Infallible;

    async fn load(&self, reader: &mut Reader<'_>) -> Result<Self::Loaded, Fault> {
        reader.load(UnfinishedCall::at(self.call.id.as_str())).await
    }

    fn decide(&self, unfinished: Self::Loaded, _: &Moment<'_>) -> Decision<(), Infallible> {
        let mut changes = Changes::none();
        if let Some(unfinished) = &unfinished {
            changes.delete(unfinished);
        }
        let (call, capability) = (self.call.id.as_str().to_owned(), self.call.capability.as_str().to_owned());
        let event = match self.failure {
            None => Event::new(Action::AgentExecuteCompleted { call, capability }, self.call.actor()),
            Some(failure) => {
                Event::new(Action::AgentExecuteFailed { call, capability }, self.call.actor()).denied(match failure {
                    ExecuteError::InvalidArguments(_) => "invalid_request",
                    ExecuteError::LimitExceeded(_) => "limit_exceeded",
                    ExecuteError::Unavailable { .. } => "temporarily_unavailable",
                    ExecuteError::Failed(_) => "internal_error",
                })
            }
        };
        Decision::grant(()).changing(changes).report(event.for_subject(self.call.subject.as_ref()))
    }
}
