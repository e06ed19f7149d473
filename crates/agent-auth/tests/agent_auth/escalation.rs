//! §5.4 request-capability: an agent at work asks for more.

use std::time::Duration;

use countersign_agent_auth::{
    AgentPolicy, ApprovalAnswer, ApprovalRefusal, AutonomousPolicy, Capability, Constraints, Decided,
    IntrospectionCallers, Stage,
};
use countersign_storage::Limit;
use pollster::block_on;
use serde_json::{Value, json};

use crate::world::{AgentActor, HostActor, ISSUER, LOCATION, Reply, World, autonomous, sign};

fn ask(world: &World, agent: &AgentActor, body: &Value) -> Reply {
    let token = sign(&agent.key, "agent+jwt", &world.agent_claims(agent, ISSUER));
    world.post("/api/auth/agent/request-capability", Some(&token), body)
}

fn transfer(max: i64) -> Value {
    json!({ "capabilities": [{ "name": "transfer_money", "constraints": { "amount": { "max": max } } }], "reason": "bigger bill" })
}

fn with_code(agent: &AgentActor, reply: &Reply) -> AgentActor {
    AgentActor {
        id: agent.id.clone(),
        key: agent.key.clone(),
        code: reply.body["approval"]["user_code"].as_str().map(str::to_owned),
    }
}

/// §5.4: waiting for more takes nothing away.
#[test]
fn an_agent_at_work_asks_for_more_and_keeps_what_it_has_meanwhile() {
    let world = World::new();
    let host = HostActor::new();
    let agent = world.approved(
        &host,
        json!([{ "name": "transfer_money", "constraints": { "amount": { "max": 100 } } }]),
        "alice",
    );
    let reply = ask(&world, &agent, &transfer(1_000));
    let body = reply.ok();
    assert_eq!(body["status"], json!("pending"));
    assert_eq!(body["agent_capability_grants"], json!([{ "capability": "transfer_money", "status": "pending" }]));
    assert_eq!(body["approval"]["method"], json!("device_authorization"));
    assert_eq!(world.status(&host, &agent).body["status"], json!("active"));
    world.execute(&agent, "transfer_money", json!({ "amount": 100 })).ok();
    world.execute(&agent, "transfer_money", json!({ "amount": 500 })).refused(403, "constraint_violated");

    let asking = with_code(&agent, &reply);
    let view = world.view(&asking, "alice");
    assert_eq!((view.stage, view.reason.as_deref()), (Stage::Escalation, Some("bigger bill")));
    assert_eq!(view.capabilities[0].limits[0], "amount: at most 1000, no lower limit");
    world.approve(&asking, "alice");
    world.execute(&agent, "transfer_money", json!({ "amount": 500 })).ok();
    world.execute(&agent, "transfer_money", json!({ "amount": 1_001 })).refused(403, "constraint_violated");
}

/// An agent that keeps asking is limited as in everything it sends: what is beyond leaves no record and asks nobody.
#[test]
fn asking_again_and_again_is_limited_with_all_requests() {
    let calls = Some(Limit::new(5, Duration::from_secs(60)));
    let world = World::with(AgentPolicy { calls, ..AgentPolicy::default() });
    let agent = world.approved(&HostActor::new(), json!(["ping"]), "alice");
    for max in 1..=5 {
        ask(&world, &agent, &transfer(max)).ok();
    }
    let before = (world.entries(), world.audit("agent.request_capability").len());
    for max in 6..=20 {
        let reply = ask(&world, &agent, &transfer(max));
        reply.refused(429, "rate_limited");
        assert!((1..=60).contains(&reply.headers["retry-after"].to_str().unwrap().parse::<u64>().unwrap()));
    }
    assert_eq!((world.entries(), world.audit("agent.request_capability").len()), before);
    world.advance(60);
    ask(&world, &agent, &transfer(21)).ok();
}

/// Denying more takes nothing away.
#[test]
fn a_denied_escalation_leaves_the_agent_as_it_was() {
    let world = World::new();
    let host = HostActor::new();
    let agent = world.approved(&host, json!(["ping"]), "alice");
    let asking = with_code(&agent, &ask(&world, &agent, &transfer(5)));
    let shown = world.view(&asking, "alice").shown;
    let code = asking.code.as_deref().unwrap();
    let denied =
        block_on(world.provider.decide_approval(code, &world.signed_in("alice"), ApprovalAnswer::Deny, &shown));
    assert_eq!(denied, Ok(Decided::Denied));
    world.execute(&agent, "ping", json!({})).ok();
    world.execute(&agent, "transfer_money", json!({ "amount": 1 })).refused(403, "capability_not_granted");
    assert_eq!(world.status(&host, &agent).body["agent_capability_grants"][1]["status"], json!("denied"));
}

/// An agent asks for what it has, and for nothing else.
#[test]
fn what_is_granted_already_is_not_asked_for_again() {
    let world = World::new();
    let agent = world.payer(json!(["ping", { "name": "transfer_money", "constraints": { "amount": { "max": 5 } } }]));
    ask(&world, &agent, &transfer(5)).refused(409, "already_granted");
    ask(&world, &agent, &json!({ "capabilities": ["ping"] })).refused(409, "already_granted");
    let both = ask(&world, &agent, &json!({ "capabilities": ["ping", "check_balance"] }));
    let statuses: Vec<_> =
        both.ok()["agent_capability_grants"].as_array().unwrap().iter().map(|grant| &grant["status"]).collect();
    assert_eq!(statuses, [&json!("active"), &json!("pending")]);
}

/// The agent asks for more while its person reads: what was shown is void once more is asked.
#[test]
fn a_newer_request_replaces_an_older_one() {
    let world = World::new();
    let agent = world.payer(json!(["ping"]));
    let first = with_code(&agent, &ask(&world, &agent, &json!({ "capabilities": ["check_balance"] })));
    let shown = world.view(&first, "alice").shown;
    let second = with_code(&agent, &ask(&world, &agent, &transfer(5)));
    let yes = ApprovalAnswer::Approve { capabilities: vec!["check_balance".to_owned()], at_most: None };
    let decide = |code: &AgentActor| {
        block_on(world.provider.decide_approval(
            code.code.as_deref().unwrap(),
            &world.signed_in("alice"),
            yes.clone(),
            &shown,
        ))
    };
    assert_eq!(decide(&first), Err(ApprovalRefusal::UnknownCode.into()));
    assert_eq!(decide(&second), Err(ApprovalRefusal::Changed.into()));
    world.approve(&second, "alice");
    world.execute(&agent, "check_balance", json!({ "account_id": "a" })).refused(403, "capability_not_granted");
    world.execute(&agent, "transfer_money", json!({ "amount": 5 })).ok();
}

#[test]
fn a_request_for_more_is_refused_for_what_is_wrong_with_it() {
    let world = World::new();
    let host = HostActor::new();
    let agent = world.approved(&host, json!(["ping"]), "alice");
    ask(&world, &agent, &json!({ "capabilities": ["nothing"] })).refused(400, "invalid_capabilities");
    ask(&world, &agent, &json!({ "capabilities": [] })).refused(400, "invalid_request");
    ask(&world, &agent, &json!({})).refused(400, "invalid_request");
    let lte = json!({ "capabilities": [{ "name": "transfer_money", "constraints": { "amount": { "lte": 1 } } }] });
    ask(&world, &agent, &lte).refused(400, "unknown_constraint_operator");
    // `aud` is the issuer here.
    let body = json!({ "capabilities": ["check_balance"] });
    let path = "/api/auth/agent/request-capability";
    let token = sign(&agent.key, "agent+jwt", &world.agent_claims(&agent, LOCATION));
    world.post(path, Some(&token), &body).refused(401, "invalid_jwt");
    // A token that is restricted asks for nothing beyond.
    let mut claims = world.agent_claims(&agent, ISSUER);
    claims["capabilities"] = json!(["ping"]);
    world.post(path, Some(&sign(&agent.key, "agent+jwt", &claims)), &body).refused(403, "capability_not_granted");
    // A token works once.
    let token = sign(&agent.key, "agent+jwt", &world.agent_claims(&agent, ISSUER));
    world.post(path, Some(&token), &body).ok();
    world.post(path, Some(&token), &body).refused(401, "invalid_jwt");
    world.post(path, Some(&world.host_jwt(&host)), &body).refused(401, "invalid_jwt");
    let pending = world.register(&host, json!(["ping"]));
    ask(&world, &pending, &body).refused(403, "agent_pending");
}

/// An autonomous agent gets what the policy gives.
#[test]
fn an_autonomous_agent_gets_more_from_the_policy_or_not_at_all() {
    let world = World::new();
    let agent = world.watcher(json!(["ping"]));
    let reply = ask(&world, &agent, &json!({ "capabilities": ["check_balance", "transfer_money"] }));
    assert_eq!(reply.ok()["status"], json!("active"));
    assert_eq!(reply.body.get("approval"), None);
    world.execute(&agent, "check_balance", json!({ "account_id": "a" })).ok();
    world.execute(&agent, "transfer_money", json!({ "amount": 1 })).refused(403, "capability_not_granted");
}

/// A call meets half of one grant and half of another: one grant must cover all fields.
#[test]
fn two_grants_do_not_add_up_to_a_third() {
    let world = World::new();
    let host = HostActor::new();
    let grant = |amount: i64, to: &str| json!({ "name": "transfer_money", "constraints": { "amount": { "max": amount }, "to": to } });
    let agent = world.approved(&host, json!([grant(10, "anybody")]), "alice");
    let asking = with_code(&agent, &ask(&world, &agent, &json!({ "capabilities": [grant(1_000, "landlord")] })));
    world.approve(&asking, "alice");
    world.execute(&agent, "transfer_money", json!({ "amount": 10, "to": "anybody" })).ok();
    world.execute(&agent, "transfer_money", json!({ "amount": 1_000, "to": "landlord" })).ok();
    world
        .execute(&agent, "transfer_money", json!({ "amount": 1_000, "to": "anybody" }))
        .refused(403, "constraint_violated");
}

/// The record of an agent stays bounded, however often it asks.
#[test]
fn grants_that_ended_are_forgotten_before_there_are_too_many() {
    let policy = AgentPolicy { calls: None, ..AgentPolicy::default() };
    let world = World::with(policy);
    let host = HostActor::new();
    let agent = world.approved(&host, json!(["ping"]), "alice");
    for round in 0..210 {
        let asking = with_code(&agent, &ask(&world, &agent, &transfer(round)));
        let code = asking.code.as_deref().unwrap();
        let alice = world.signed_in("alice");
        if round % 15 == 0 {
            world.advance(600);
        }
        let Ok(view) = block_on(world.provider.approval(code, &alice)) else { continue };
        block_on(world.provider.decide_approval(code, &alice, ApprovalAnswer::Deny, &view.shown)).unwrap();
    }
    let body = world.status(&host, &agent).body;
    assert!(body["agent_capability_grants"].as_array().unwrap().len() <= 200);
    world.execute(&agent, "ping", json!({})).ok();
}

/// §2.2.2: what the policy allows agents without a person is the limit whenever they ask, not only when they register.
#[test]
fn the_policy_for_autonomous_agents_limits_what_they_ask_for_later() {
    let limits = |value: Value| Constraints::parse(&value).unwrap();
    let policy = AgentPolicy {
        autonomous: AutonomousPolicy::Granted(
            [
                ("ping".to_owned(), Constraints::none()),
                ("transfer_money".to_owned(), limits(json!({ "amount": { "max": 10 } }))),
                ("capped_transfer".to_owned(), limits(json!({ "amount": { "min": 5 } }))),
            ]
            .into(),
        ),
        ..AgentPolicy::default()
    };
    let world = World::with(policy);
    let agent = world.watcher(json!(["ping"]));
    let reply = ask(&world, &agent, &json!({ "capabilities": ["capped_transfer", "check_balance"] }));
    let grants = &reply.ok()["agent_capability_grants"];
    assert_eq!(grants[0]["constraints"], json!({ "amount": { "min": 5, "max": 50 } }));
    assert_eq!((&grants[1]["status"], reply.body.get("approval")), (&json!("denied"), None));
    ask(&world, &agent, &transfer(1_000)).ok();
    for (capability, amount, allowed) in [
        ("transfer_money", 10, true),
        ("transfer_money", 11, false),
        ("capped_transfer", 4, false),
        ("capped_transfer", 5, true),
        ("capped_transfer", 50, true),
        ("capped_transfer", 51, false),
    ] {
        let reply = world.execute(&agent, capability, json!({ "amount": amount }));
        assert_eq!(reply.status == 200, allowed, "{capability} {amount}: {}", reply.body);
    }
    world.execute(&agent, "check_balance", json!({ "account_id": "a" })).refused(403, "capability_not_granted");
}

/// What the server offers no more is not shown, and not granted, though it was asked for in time.
#[test]
fn a_capability_that_is_withdrawn_before_the_approval_is_denied() {
    let world = World::new();
    let host = HostActor::new();
    let agent = world.register(&host, json!(["ping", "check_balance"]));
    let before = world.view(&agent, "alice").shown;
    let callers = IntrospectionCallers::Anyone(Limit::new(1, Duration::from_secs(1)));
    let offered: Vec<Capability> = vec![Capability::new("ping", "Answer pong")];
    let later = World::on(&world.store, &world.clock, AgentPolicy::default(), callers, offered);
    let view = later.view(&agent, "alice");
    assert_eq!(view.capabilities.iter().map(|asked| asked.name.as_str()).collect::<Vec<_>>(), ["ping"]);
    let both =
        || ApprovalAnswer::Approve { capabilities: vec!["ping".to_owned(), "check_balance".to_owned()], at_most: None };
    let code = agent.code.as_deref().unwrap();
    let decide = |shown: &str| block_on(later.provider.decide_approval(code, &later.signed_in("alice"), both(), shown));
    assert_eq!(decide(&before), Err(ApprovalRefusal::Changed.into()));
    let decided = decide(&view.shown);
    assert_eq!(
        decided,
        Ok(Decided::Approved { granted: vec!["ping".to_owned()], denied: vec!["check_balance".to_owned()] })
    );
    // Nor does it come back with the capability.
    world.execute(&agent, "check_balance", json!({ "account_id": "a" })).refused(403, "capability_not_granted");
    world.execute(&agent, "ping", json!({})).ok();
}

/// Grants that ended are forgotten before there are too many; what counts is not.
#[test]
fn ended_grants_are_forgotten_before_there_are_too_many() {
    let world = World::with(AgentPolicy { autonomous: autonomous(), calls: None, ..AgentPolicy::default() });
    let host = HostActor::new();
    let agent = world.register_autonomous(&host, json!(["ping"]));
    let grants = || world.status(&host, &agent).body["agent_capability_grants"].as_array().unwrap().clone();
    // Each is denied at once by the policy.
    for asked in 1..=130 {
        ask(&world, &agent, &json!({ "capabilities": ["private_notes"] })).ok();
        assert_eq!(grants().len(), 100.min(asked + 1), "after {asked}");
    }
    assert_eq!(
        grants().iter().filter(|grant| grant["status"] == json!("active")).count(),
        1,
        "the oldest, not forgotten"
    );
    world.execute(&agent, "ping", json!({})).ok();
}

#[test]
fn an_agent_that_asks_for_more_again_and_again_is_counted_in_the_audit() {
    let world = World::new();
    let agent = world.approved(&HostActor::new(), json!(["ping"]), "alice");
    for _ in 0..10 {
        ask(&world, &agent, &json!({ "capabilities": ["check_balance"] })).ok();
    }
    assert_eq!(world.audit("agent.request_capability").len(), 1);
}
