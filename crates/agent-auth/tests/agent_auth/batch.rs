//! Batch execution, as the reference implementation and its client have it.

use std::sync::Arc;
use std::time::Duration;

use countersign_agent_auth::{AgentPolicy, ExecuteError};
use countersign_storage::{AccountState, Limit, Page};
use pollster::block_on;
use serde_json::{Value, json};

use crate::world::{AgentActor, HostActor, Reply, World, autonomous, new_key, subject};

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

/// The names of calls, which are repeated in the answer: up to 200 bytes.
#[test]
fn a_call_has_a_name_up_to_its_bound() {
    let world = World::new();
    let agent = world.watcher(json!(["ping"]));
    let named = |length: usize| json!([{ "id": "a".repeat(length), "capability": "ping" }]);
    let reply = batch(&world, &world.agent_jwt(&agent), &named(200));
    assert_eq!(reply.ok()["responses"][0]["id"], json!("a".repeat(200)));
    batch(&world, &world.agent_jwt(&agent), &named(201)).refused(400, "invalid_request");
    assert_eq!(world.executor.count(), 1);
}

/// One that cannot be read counts as one: its token is verified, and is spent.
#[test]
fn a_batch_that_cannot_be_read_counts_as_a_call() {
    let calls = Some(Limit::new(3, Duration::from_secs(60)));
    let world = World::with(AgentPolicy { autonomous: autonomous(), calls, ..AgentPolicy::default() });
    let agent = world.watcher(json!(["ping"]));
    for _ in 0..3 {
        batch(&world, &world.agent_jwt(&agent), &json!([])).refused(400, "invalid_request");
    }
    batch(&world, &world.agent_jwt(&agent), &json!([])).refused(429, "rate_limited");
    world.execute(&agent, "ping", json!({})).refused(429, "rate_limited");
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

/// A person, a host or the operator ends something while the first of three transfers is under way.
#[test]
fn what_is_withdrawn_during_a_batch_begins_nothing_more() {
    type Withdraw = fn(&World, &HostActor, &AgentActor);
    let rows: [(Withdraw, &str); 6] = [
        (|world, _, agent| drop(block_on(world.provider.revoke_agent(&subject("alice"), &agent.id))), "agent_revoked"),
        (
            |world, host, agent| {
                let body = json!({ "agent_id": agent.id });
                world.post("/api/auth/agent/revoke", Some(&world.host_jwt(host)), &body).ok();
            },
            "agent_revoked",
        ),
        (
            |world, host, _| {
                world.post("/api/auth/host/revoke", Some(&world.host_jwt(host)), &json!({})).ok();
            },
            "host_revoked",
        ),
        (|world, _, _| world.people.set("alice", Some(AccountState::Disabled)), "unauthorized"),
        (|world, _, _| world.people.disable_for_a_moment("alice"), "host_revoked"),
        (
            |world, host, agent| {
                let body = json!({ "agent_id": agent.id, "public_key": new_key().public_jwk() });
                world.post("/api/auth/agent/rotate-key", Some(&world.host_jwt(host)), &body).ok();
            },
            "invalid_jwt",
        ),
    ];
    for (withdraw, code) in rows {
        let world = Arc::new(World::new());
        let host = Arc::new(HostActor::new());
        let agent = Arc::new(world.approved(&host, json!(["ping", "transfer_money"]), "alice"));
        let (there, its_host, it) = (Arc::clone(&world), Arc::clone(&host), Arc::clone(&agent));
        *world.executor.during.lock().unwrap() = Some(Box::new(move || withdraw(&there, &its_host, &it)));
        let transfer = json!({ "capability": "transfer_money", "arguments": { "amount": 1 } });
        let requests = json!([transfer, { "capability": "check_balance" }, transfer, { "capability": "ping" }]);
        let reply = batch(&world, &world.agent_jwt(&agent), &requests);
        let responses = reply.ok()["responses"].as_array().unwrap();
        assert_eq!(responses[0]["status"], "completed", "what was under way ends");
        let codes: Vec<_> = responses[1..].iter().map(|response| response["error"]["code"].as_str().unwrap()).collect();
        assert_eq!(codes, ["capability_not_granted", code, code]);
        assert_eq!(world.executor.count(), 1, "{code}");
        // Each is on record as not begun, and none is left whose end nobody knows.
        let not_begun = world.audit("agent.execute_not_begun");
        assert_eq!(not_begun.len(), 2, "{code}");
        let allowed = world.audit("agent.execute");
        for record in &not_begun {
            assert!(allowed.iter().any(|other| other.detail["call"] == record.detail["call"]));
            assert_eq!((record.detail["because"].as_str(), record.subject.as_ref()), (code, Some(&subject("alice"))));
        }
        assert_eq!(block_on(world.provider.unfinished(Page::first(10))).unwrap().0, []);
    }
}

/// A grant ends at its second, also for a call that waited for another.
#[test]
fn a_grant_that_ends_during_a_batch_begins_nothing_more() {
    let world = World::new();
    let agent = world.approved(&HostActor::new(), json!(["short_lived", "ping"]), "alice");
    let clock = Arc::clone(&world.clock);
    *world.executor.during.lock().unwrap() = Some(Box::new(move || clock.advance(Duration::from_secs(100))));
    let requests = json!([{ "capability": "ping" }, { "capability": "short_lived" }, { "capability": "ping" }]);
    let reply = batch(&world, &world.agent_jwt(&agent), &requests);
    let responses = reply.ok()["responses"].as_array().unwrap();
    assert_eq!(responses[1]["error"]["code"], "capability_not_granted");
    assert_eq!(responses[2]["status"], "completed", "longer than its token lives, and still its own");
}

/// Where the store cannot say whether the agent still stands, nothing begins.
#[test]
fn a_store_that_is_down_during_a_batch_begins_nothing_more() {
    let world = World::new();
    let agent = world.approved(&HostActor::new(), json!(["ping"]), "alice");
    let store = Arc::clone(&world.store);
    *world.executor.during.lock().unwrap() =
        Some(Box::new(move || store.is_down.store(true, std::sync::atomic::Ordering::SeqCst)));
    let reply = batch(&world, &world.agent_jwt(&agent), &json!([{ "capability": "ping" }, { "capability": "ping" }]));
    world.store.is_down.store(false, std::sync::atomic::Ordering::SeqCst);
    assert_eq!(reply.ok()["responses"][1]["error"]["code"], "temporarily_unavailable");
    assert_eq!(world.executor.count(), 1);
    assert_eq!(block_on(world.provider.unfinished(Page::first(10))).unwrap().0.len(), 2);
}
