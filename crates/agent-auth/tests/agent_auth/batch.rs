//! Batch execution, as the reference implementation and its client have it.

use std::time::Duration;

use countersign_agent_auth::{AgentPolicy, ExecuteError};
use countersign_storage::Limit;
use serde_json::{Value, json};

use crate::world::{HostActor, Reply, World, autonomous};

fn batch(world: &World, token: &str, requests: &Value) -> Reply {
    world.post("/api/auth/capability/batch-execute", Some(token), &json!({ "requests": requests }))
}

#[test]
fn calls_are_judged_one_by_one_under_one_token() {
    let world = World::new();
    let agent = world.watcher(json!(["ping", "check_balance"]));
    let token = world.agent_jwt(&agent);
    let requests = json!([
        { "id": "a", "capability": "ping" },
        { "capability": "check_balance", "arguments": { "account_id": "x" } },
        { "id": "c", "capability": "transfer_money", "arguments": { "amount": 1 } },
        { "id": "d", "capability": "nothing" },
        { "id": "e", "capability": "check_balance" },
    ]);
    let reply = batch(&world, &token, &requests);
    let responses = reply.ok()["responses"].as_array().unwrap();
    assert_eq!(responses[0], json!({ "id": "a", "status": "completed", "data": { "did": "ping", "with": {} } }));
    assert_eq!((&responses[1]["id"], &responses[1]["status"]), (&json!("1"), &json!("completed")));
    let codes: Vec<_> = responses[2..].iter().map(|response| response["error"]["code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["capability_not_granted", "capability_not_found", "invalid_request"]);
    assert!(responses[2]["error"]["message"].is_string());
    assert_eq!(world.audit("agent.execute").len(), 5);
    batch(&world, &token, &requests).refused(401, "invalid_jwt");
    world.execute_with(&token, "ping", json!({})).refused(401, "invalid_jwt");
    assert_eq!(world.executor.count(), 2);
}

#[test]
fn one_failure_does_not_stop_the_others() {
    let world = World::new();
    let agent = world.watcher(json!(["ping"]));
    *world.executor.failure.lock().unwrap() = Some(ExecuteError::LimitExceeded("enough".to_owned()));
    let reply = batch(&world, &world.agent_jwt(&agent), &json!([{ "capability": "ping" }, { "capability": "ping" }]));
    for response in reply.ok()["responses"].as_array().unwrap() {
        assert_eq!((&response["status"], &response["error"]["code"]), (&json!("failed"), &json!("limit_exceeded")));
    }
    assert_eq!(world.executor.count(), 2);
}

#[test]
fn a_bearer_who_may_not_call_is_refused_as_a_whole() {
    let world = World::new();
    let host = HostActor::new();
    let pending = world.register(&host, json!(["ping"]));
    let one = json!([{ "capability": "ping" }]);
    batch(&world, &world.agent_jwt(&pending), &one).refused(403, "host_pending");
    batch(&world, "x.y.z", &one).refused(401, "invalid_jwt");
    let agent = world.payer(json!(["ping"]));
    for requests in [
        json!([]),
        json!({}),
        Value::Array(vec![json!({ "capability": "ping" }); 51]),
        json!([{ "id": "a", "capability": "ping" }, { "id": "a", "capability": "ping" }]),
        json!([{ "id": "1", "capability": "ping" }, { "capability": "ping" }]),
    ] {
        batch(&world, &world.agent_jwt(&agent), &requests).refused(400, "invalid_request");
    }
    assert_eq!(world.executor.count(), 0);
}

/// Each call of a batch counts as a call.
#[test]
fn a_batch_counts_as_many_calls() {
    let calls = Some(Limit::new(5, Duration::from_secs(60)));
    let world = World::with(AgentPolicy { autonomous: autonomous(), calls, ..AgentPolicy::default() });
    let agent = world.watcher(json!(["ping"]));
    let three = Value::Array(vec![json!({ "capability": "ping" }); 3]);
    batch(&world, &world.agent_jwt(&agent), &three).ok();
    batch(&world, &world.agent_jwt(&agent), &three).refused(429, "rate_limited");
    world.execute(&agent, "ping", json!({})).ok();
    assert_eq!(world.executor.count(), 4);
}
