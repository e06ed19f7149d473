//! §5.11 execution, §2.15, attacks U; and what each call leaves behind.

use std::time::Duration;

use countersign_agent_auth::{AgentPolicy, Capability, ExecuteError, IntrospectionCallers};
use countersign_storage::{Actor, Limit, Outcome};
use serde_json::json;

use crate::world::{HostActor, World, autonomous, capabilities, subject};

/// §5.11: the shape of an answer.
#[test]
fn a_call_answers_with_data_and_nothing_else() {
    let world = World::new();
    let host = HostActor::new();
    let agent = world.approved(&host, json!(["check_balance"]), "alice");
    let reply = world.execute(&agent, "check_balance", json!({ "account_id": "a1" }));
    assert_eq!(reply.ok(), &json!({ "data": { "did": "check_balance", "with": { "account_id": "a1" } } }));
    assert_eq!(reply.headers["cache-control"], "no-store");
    let calls = world.executor.calls.lock().unwrap();
    assert_eq!(calls[0].subject, Some(subject("alice")));
    assert_eq!((calls[0].agent_id.as_str(), calls[0].agent_name.as_str()), (agent.id.as_str(), "Bill payer"));
}

#[test]
fn arguments_may_be_left_out() {
    let world = World::new();
    let agent = world.watcher(json!(["ping"]));
    let send =
        |body: serde_json::Value| world.post("/api/auth/capability/execute", Some(&world.agent_jwt(&agent)), &body);
    send(json!({ "capability": "ping" })).ok();
    send(json!({ "capability": "ping", "arguments": null })).ok();
    send(json!({ "capability": "ping", "extension": 1 })).ok();
    for body in [
        json!({}),
        json!({ "capability": 1 }),
        json!({ "capability": "ping", "arguments": [] }),
        json!({ "capability": "ping", "arguments": "x" }),
    ] {
        send(body).refused(400, "invalid_request");
    }
}

/// A member is given twice, or one that only the back end would read: schemas are closed, members unique.
#[test]
fn arguments_fit_the_schema_and_name_nothing_else() {
    let world = World::new();
    let agent = world.watcher(json!(["check_balance", "ping"]));
    for arguments in [
        json!({}),
        json!({ "account_id": 1 }),
        json!({ "account_id": null }),
        json!({ "account_id": "a", "override_limit": true }),
        json!({ "account_id": "a", "nested": { "account_id": "b" } }),
    ] {
        world.execute(&agent, "check_balance", arguments).refused(400, "invalid_request");
    }
    world.execute(&agent, "ping", json!({ "x": 1 })).refused(400, "invalid_request");
    let twice = r#"{"capability":"check_balance","arguments":{"account_id":"a","account_id":"b"}}"#;
    let token = world.agent_jwt(&agent);
    let request =
        crate::world::request(http::Method::POST, "/api/auth/capability/execute", Some(&token), Some(twice.to_owned()));
    world.send(request).refused(400, "invalid_request");
    assert_eq!(world.executor.count(), 0);
    world.execute(&agent, "check_balance", json!({ "account_id": "a" })).ok();
}

/// §2.12: an agent calls what is not offered, and what is no longer.
#[test]
fn an_unknown_capability_is_404_and_a_removed_one_403() {
    let world = World::new();
    let host = HostActor::new();
    let agent = world.register_autonomous(&host, json!(["ping", "check_balance"]));
    world.execute(&agent, "nothing", json!({})).refused(404, "capability_not_found");
    world.execute(&agent, "transfer_money", json!({})).refused(403, "capability_not_granted");
    let rest: Vec<Capability> = capabilities().into_iter().skip(1).collect();
    let policy = AgentPolicy::default();
    let callers = IntrospectionCallers::Anyone(Limit::new(10, Duration::from_secs(60)));
    let later = World::on(&world.store, &world.clock, policy, callers, rest);
    let removed = later.execute(&agent, "ping", json!({}));
    removed.refused(403, "capability_not_granted");
    assert!(removed.body["message"].as_str().unwrap().contains("removed"));
    later.execute(&agent, "check_balance", json!({ "account_id": "a" })).ok();
}

/// Calls around the very second: nothing at or after the end of a grant.
#[test]
fn a_grant_ends_at_its_second() {
    let world = World::new();
    let host = HostActor::new();
    let agent = world.approved(&host, json!(["short_lived", "ping"]), "alice");
    world.advance(99);
    world.execute(&agent, "short_lived", json!({})).ok();
    world.advance(1);
    world.execute(&agent, "short_lived", json!({})).refused(403, "capability_not_granted");
    world.execute(&agent, "ping", json!({})).ok();
    let grants = &world.status(&host, &agent).body["agent_capability_grants"];
    assert_eq!(grants[0]["status"], json!("revoked"));
}

/// Who, for whom, what, when, how approved, and how it ended, for every allow and every deny.
#[test]
fn every_call_leaves_a_record_that_names_agent_and_person() {
    let world = World::new();
    let host = HostActor::new();
    let agent = world.approved(
        &host,
        json!([{ "name": "transfer_money", "constraints": { "amount": { "max": 100 } } }]),
        "alice",
    );
    world.execute(&agent, "transfer_money", json!({ "amount": 5 })).ok();
    world.execute(&agent, "transfer_money", json!({ "amount": 500 })).refused(403, "constraint_violated");
    world.execute(&agent, "ping", json!({})).refused(403, "capability_not_granted");
    let token = world.agent_jwt(&agent);
    world.execute_with(&token, "transfer_money", json!({ "amount": 5 })).ok();
    world.execute_with(&token, "transfer_money", json!({ "amount": 5 })).refused(401, "invalid_jwt");
    let denied = |reason: &str| Outcome::Denied { reason: reason.to_owned() };
    let records = world.audit("agent.execute");
    let mut outcomes: Vec<_> = records.iter().map(|record| record.outcome.clone()).collect();
    outcomes.sort_by_key(|outcome| format!("{outcome:?}"));
    assert_eq!(
        outcomes,
        [
            Outcome::Allowed,
            Outcome::Allowed,
            denied("capability_not_granted"),
            denied("constraint_violated"),
            denied("jti_replay")
        ]
    );
    for record in &records {
        assert!(matches!(&record.actor, Actor::Agent { agent_id, .. } if *agent_id == agent.id));
        assert_eq!(record.subject, Some(subject("alice")));
        assert_eq!(record.at.as_secs(), world.now());
        assert!(record.detail.contains_key("capability"));
        if record.outcome == Outcome::Allowed {
            assert_eq!(record.detail["approved_by"], "alice");
            assert!(record.detail["grant"].starts_with("grt_"));
        }
    }
    let ids: Vec<String> = world.executor.calls.lock().unwrap().iter().map(|call| call.id.clone()).collect();
    assert!(ids.iter().all(|id| records.iter().any(|record| record.detail["call"] == *id)));
    // No token, key or signature is in any record.
    let signature = token.rsplit_once('.').unwrap().1;
    assert!(world.store.dump().iter().all(|entry| !entry.body.contains(signature)));
}

#[test]
fn what_the_executor_reports_becomes_the_protocols_error() {
    let world = World::new();
    let agent = world.watcher(json!(["ping"]));
    let rows = [
        (ExecuteError::InvalidArguments("no such account".to_owned()), 400, "invalid_request"),
        (ExecuteError::LimitExceeded("50 a day".to_owned()), 403, "limit_exceeded"),
        (ExecuteError::Unavailable { retry_after: Duration::from_secs(7) }, 503, "temporarily_unavailable"),
        (ExecuteError::Failed("password of the database: hunter2".to_owned()), 500, "internal_error"),
    ];
    for (failure, status, error) in rows {
        *world.executor.failure.lock().unwrap() = Some(failure.clone());
        let token = world.agent_jwt(&agent);
        let reply = world.execute_with(&token, "ping", json!({}));
        reply.refused(status, error);
        assert!(!reply.body.to_string().contains("hunter2"));
        if status == 503 {
            assert_eq!(reply.headers["retry-after"], "7");
        }
        // The token is spent all the same.
        world.execute_with(&token, "ping", json!({})).refused(401, "invalid_jwt");
    }
    let failed = world.audit("agent.execute_failed");
    assert_eq!(failed.len(), 4);
    assert!(failed.iter().all(|record| matches!(record.actor, Actor::Agent { .. })));
}

/// §8.13: one agent fills the store with signed calls.
#[test]
fn calls_are_limited_per_agent() {
    let calls = Some(Limit::new(3, Duration::from_secs(60)));
    let world = World::with(AgentPolicy { autonomous: autonomous(), calls, ..AgentPolicy::default() });
    let host = HostActor::new();
    let (busy, other) =
        (world.register_autonomous(&host, json!(["ping"])), world.register_autonomous(&host, json!(["ping"])));
    for _ in 0..2 {
        world.execute(&busy, "ping", json!({})).ok();
    }
    world.execute(&busy, "nothing", json!({})).refused(404, "capability_not_found");
    let before = world.entries();
    for _ in 0..5 {
        let reply = world.execute(&busy, "ping", json!({}));
        reply.refused(429, "rate_limited");
        let after: u64 = reply.headers["retry-after"].to_str().unwrap().parse().unwrap();
        assert!((1..=60).contains(&after));
    }
    assert_eq!(world.entries(), before, "what is over the limit costs no record");
    world.execute(&other, "ping", json!({})).ok();
    world.advance(60);
    world.execute(&busy, "ping", json!({})).ok();
}

/// The window of a limit begins and ends at its seconds, and no use of one window counts in another.
#[test]
fn a_window_of_requests_ends_at_its_second() {
    let calls = Some(Limit::new(3, Duration::from_secs(60)));
    let world = World::with(AgentPolicy { autonomous: autonomous(), calls, ..AgentPolicy::default() });
    let agent = world.watcher(json!(["ping"]));
    world.advance(u64::try_from(60 - world.now().rem_euclid(60)).unwrap());
    for window in 0..3 {
        for second in [0, 30, 29] {
            world.advance(second);
            world.execute(&agent, "ping", json!({})).ok();
        }
        let reply = world.execute(&agent, "ping", json!({}));
        reply.refused(429, "rate_limited");
        assert_eq!(reply.headers["retry-after"], "1", "window {window}");
        world.advance(1);
    }
    // A batch counts each call, and is not begun where it does not fit.
    let batch = |count: usize| {
        let requests: Vec<_> = (0..count).map(|_| json!({ "capability": "ping" })).collect();
        let body = json!({ "requests": requests });
        world.post("/api/auth/capability/batch-execute", Some(&world.agent_jwt(&agent)), &body)
    };
    let before = world.executor.count();
    batch(4).refused(429, "rate_limited");
    batch(2).ok();
    batch(2).refused(429, "rate_limited");
    batch(1).ok();
    assert_eq!(world.executor.count() - before, 3);
}
