//! `POST /capability/batch-execute`: several calls under one token, as the published client sends them (the draft has no
//! such endpoint; the request and answer are those of the reference implementation).
//!
//! All calls are judged in one commit, with one use of the token and one audit record each; those that are allowed are then
//! performed one after the other. A call that is refused or fails does not keep the others from being performed. Each act but
//! the first waited for another, so what it stands on is looked at again before it begins ([`crate::permitted`]): an agent,
//! host or person that is withdrawn meanwhile begins no further act, and the answer says so of each.

use bytes::Bytes;
use countersign_storage::Stopped;
use http::Request;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::agent_document::members;
use super::execute::{perform, permit};
use crate::AgentProvider;
use crate::agent_jwt::AgentToken;
use crate::evaluate::Call;
use crate::refusal::Refusal;
use crate::request;
use crate::respond::{Answer, error_document};

#[derive(Deserialize)]
struct Body {
    requests: Vec<One>,
}

#[derive(Deserialize)]
struct One {
    #[serde(default)]
    id: Option<String>,
    capability: String,
    #[serde(default)]
    arguments: Option<Map<String, Value>>,
}

/// The most calls in one request.
const MOST: usize = 50;

pub(crate) async fn answer(provider: &AgentProvider, request: &Request<Bytes>) -> Result<Answer, Stopped<Refusal>> {
    let token = AgentToken::parse(request::bearer(request.headers())?)?;
    let (ids, calls) = match request::body(request).and_then(|body: Body| named(body.requests)) {
        Ok((ids, calls)) => (ids, Ok(calls)),
        Err(refusal) => (Vec::new(), Err(refusal)),
    };
    let mut responses = Vec::with_capacity(ids.len());
    let mut waited = false;
    for (id, judgement) in ids.iter().zip(permit(provider, &token, calls).await?) {
        let outcome = match judgement {
            Ok(permitted) => {
                let may_begin = if waited { permitted.look_again(provider).await } else { Ok(()) };
                waited = true;
                match may_begin {
                    Ok(()) => perform(provider, &permitted.call).await,
                    Err(withdrawn) => Err(withdrawn),
                }
            }
            Err(refusal) => Err(refusal.into()),
        };
        responses.push(match outcome {
            Ok(data) => json!({ "id": id, "status": "completed", "data": data }),
            Err(error) => json!({ "id": id, "status": "failed", "error": failure(&error) }),
        });
    }
    Ok(Answer::new(json!({ "responses": responses })))
}

/// Each call has a name of its own, so that answers can be told apart: the one it was given, or its place.
fn named(requests: Vec<One>) -> Result<(Vec<String>, Vec<Call>), Refusal> {
    if !(1..=MOST).contains(&requests.len()) {
        return Err(Refusal::InvalidRequest("requests is a list of 1 to 50"));
    }
    let mut ids: Vec<String> = Vec::with_capacity(requests.len());
    let mut calls = Vec::with_capacity(requests.len());
    for (index, One { id, capability, arguments }) in requests.into_iter().enumerate() {
        let id = id.unwrap_or_else(|| index.to_string());
        if id.len() > 200 || ids.contains(&id) {
            return Err(Refusal::InvalidRequest("an id is at most 200 bytes long and occurs once"));
        }
        ids.push(id);
        calls.push(Call { capability, arguments: arguments.unwrap_or_default() });
    }
    Ok((ids, calls))
}

/// The same code, message and details as alone, under the name `code`.
fn failure(error: &Stopped<Refusal>) -> Value {
    let mut document = error_document(error);
    let code = document.remove("error").unwrap_or_default();
    document.extend(members([("code", code)]));
    Value::Object(document)
}
