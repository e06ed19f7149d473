//! §5.6 reactivation: a checkpoint, at which a person is asked anew and nothing grows.

use std::time::Duration;

use countersign_agent_auth::{AgentPolicy, ApprovalAnswer, Capability, Constraints, Decided, IntrospectionCallers};
use countersign_storage::Limit;
use pollster::block_on;
use serde_json::json;

use crate::world::{AgentActor, HostActor, Reply, World, autonomous};

fn reactivate(world: &World, host: &HostActor, agent: &AgentActor) -> Reply {
    world.post("/api/auth/agent/reactivate", Some(&world.host_jwt(host)), &json!({ "agent_id": agent.id }))
}

/// §5.6: waking what is awake changes nothing.
#[test]
fn an_active_agent_is_left_as_it_is() {
    let world = World::new();
    let host = HostActor::new();
    let agent = world.approved(&host, json!(["ping"]), "alice");
    assert_eq!(reactivate(&world, &host, &agent).ok(), world.status(&host, &agent).ok());
    world.execute(&agent, "ping", json!({})).ok();
}

/// A person is asked again, and nothing works before the answer.
#[test]
fn an_expired_delegated_agent_asks_its_person_again() {
    let world = World::new();
    let host = HostActor::new();
    let agent = world.approved(
        &host,
        json!([{ "name": "transfer_money", "constraints": { "amount": { "max": 5 } } }, "ping"]),
        "alice",
    );
    world.advance(3_600);
    let reply = reactivate(&world, &host, &agent);
    assert_eq!(reply.ok()["status"], json!("pending"));
    assert_eq!(reply.body.get("expires_at"), None);
    let statuses: Vec<_> = (reply.body["agent_capability_grants"].as_array().unwrap().iter())
        .map(|grant| grant["status"].as_str().unwrap())
        .collect();
    assert_eq!(statuses, ["revoked", "revoked", "pending", "pending"]);
    world.execute(&agent, "ping", json!({})).refused(403, "agent_pending");
    reactivate(&world, &host, &agent).refused(403, "agent_pending");

    let asking = AgentActor { code: reply.body["approval"]["user_code"].as_str().map(str::to_owned), ..agent };
    let view = world.view(&asking, "alice");
    let code = asking.code.as_deref().unwrap();
    let yes = ApprovalAnswer::Approve { capabilities: vec!["transfer_money".to_owned()], at_most: None };
    let decided = block_on(world.provider.decide_approval(code, &world.signed_in("alice"), yes, &view.shown)).unwrap();
    assert!(matches!(decided, Decided::Approved { .. }));
    world.execute(&asking, "transfer_money", json!({ "amount": 5 })).ok();
    world.execute(&asking, "transfer_money", json!({ "amount": 6 })).refused(403, "constraint_violated");
    world.execute(&asking, "ping", json!({})).refused(403, "capability_not_granted");
    world.advance(3_599);
    world.execute(&asking, "transfer_money", json!({ "amount": 5 })).ok();
}

#[test]
fn an_expired_autonomous_agent_gets_what_the_policy_gives_today() {
    let world = World::new();
    let host = HostActor::new();
    let agent = world.register_autonomous(&host, json!(["ping", "check_balance"]));
    world.advance(3_600);
    let less = AgentPolicy {
        autonomous: countersign_agent_auth::AutonomousPolicy::granted(["ping"]),
        ..AgentPolicy::default()
    };
    let callers = countersign_agent_auth::IntrospectionCallers::Anyone(countersign_storage::Limit::new(
        1,
        Duration::from_secs(1),
    ));
    let later = World::on(&world.store, &world.clock, less, callers, crate::world::capabilities());
    assert_eq!(reactivate(&later, &host, &agent).ok()["status"], json!("active"));
    later.execute(&agent, "ping", json!({})).ok();
    later.execute(&agent, "check_balance", json!({ "account_id": "a" })).refused(403, "capability_not_granted");
}

/// A host wakes an agent that was revoked, rejected or claimed.
#[test]
fn what_has_ended_is_not_reactivated() {
    let world = World::new();
    let (host, other) = (HostActor::new(), HostActor::new());
    let watcher = world.register_autonomous(&host, json!(["ping"]));
    let revoked = world.approved(&host, json!(["ping"]), "alice");
    world.post("/api/auth/agent/revoke", Some(&world.host_jwt(&host)), &json!({ "agent_id": revoked.id })).ok();
    let rejected = world.register(&host, json!(["ping"]));
    let shown = world.view(&rejected, "alice").shown;
    let code = rejected.code.as_deref().unwrap();
    block_on(world.provider.decide_approval(code, &world.signed_in("alice"), ApprovalAnswer::Deny, &shown)).unwrap();
    let pending = world.register(&host, json!(["ping"]));
    world.advance(4_000);
    reactivate(&world, &host, &watcher).refused(403, "agent_claimed");
    reactivate(&world, &host, &revoked).refused(403, "agent_revoked");
    reactivate(&world, &host, &rejected).refused(403, "agent_rejected");
    reactivate(&world, &host, &pending).refused(403, "agent_pending");
    world.register(&other, json!(["ping"]));
    reactivate(&world, &other, &revoked).refused(404, "agent_not_found");
    world.execute(&revoked, "ping", json!({})).refused(403, "agent_revoked");
}

/// An agent that wakes late in its record's life is kept for as long as one that was just approved.
#[test]
fn the_record_of_an_agent_that_is_woken_is_kept_anew() {
    let world = World::new();
    let host = HostActor::new();
    let delegated = world.approved(&host, json!(["ping"]), "alice");
    let other = HostActor::new();
    let autonomous = world.register_autonomous(&other, json!(["ping"]));
    let kept = |agent: &AgentActor| {
        let record = world.store.dump().into_iter().find(|entry| entry.key.id.ends_with(&agent.id));
        record.unwrap().expires_at.unwrap()
    };
    let before = [kept(&delegated), kept(&autonomous)];
    world.advance(10 * 86_400);
    reactivate(&world, &host, &delegated).ok();
    reactivate(&world, &other, &autonomous).ok();
    let later = Duration::from_secs(10 * 86_400);
    assert_eq!([kept(&delegated), kept(&autonomous)], before.map(|before| before + later));
}

/// Neither prolonged by reactivation nor by a longer policy afterwards.
#[test]
fn the_absolute_lifetime_is_never_reset() {
    let policy = |absolute| AgentPolicy {
        autonomous: autonomous(),
        session_lifetime: Duration::from_secs(60),
        absolute_lifetime: absolute,
        ..AgentPolicy::default()
    };
    let world = World::with(policy(Some(Duration::from_secs(100))));
    let host = HostActor::new();
    let agent = world.register_autonomous(&host, json!(["ping"]));
    world.advance(60);
    reactivate(&world, &host, &agent).ok();
    world.advance(39);
    world.execute(&agent, "ping", json!({})).ok();
    world.advance(1);
    world.execute(&agent, "ping", json!({})).refused(403, "absolute_lifetime_exceeded");
    reactivate(&world, &host, &agent).refused(403, "absolute_lifetime_exceeded");
    let callers = countersign_agent_auth::IntrospectionCallers::Anyone(countersign_storage::Limit::new(
        1,
        Duration::from_secs(1),
    ));
    let later = World::on(&world.store, &world.clock, policy(None), callers, crate::world::capabilities());
    reactivate(&later, &host, &agent).refused(403, "agent_revoked");
}

/// What is asked again is the latest grant of each capability that is still worth something, within what is offered today.
#[test]
fn reactivation_asks_for_what_was_held_and_no_more() {
    let world = World::new();
    let host = HostActor::new();
    let agent = world.approved(
        &host,
        json!(["ping", "short_lived", { "name": "capped_transfer", "constraints": { "amount": { "min": 20 } } }]),
        "alice",
    );
    world.advance(3_600);
    // By now one grant has ended, and the limit that the server imposes has become narrower than another.
    let narrower = |max: i64| {
        let capability = |name: &str| Capability::new(name, "It").granted_for(Duration::from_secs(100));
        let limits = Constraints::parse(&json!({ "amount": { "max": max } })).unwrap();
        let capped = capability("capped_transfer")
            .input(json!({ "properties": { "amount": { "type": "number" } } }))
            .constrained(limits);
        let callers = IntrospectionCallers::Anyone(Limit::new(1, Duration::from_secs(1)));
        let offered = vec![capability("ping"), capability("short_lived"), capped];
        World::on(&world.store, &world.clock, AgentPolicy::default(), callers, offered)
    };
    let names = |world: &World, agent: &AgentActor| {
        let view = world.view(agent, "alice");
        view.capabilities.iter().map(|asked| format!("{} {:?}", asked.name, asked.limits)).collect::<Vec<_>>()
    };
    let later = narrower(10);
    let reply = reactivate(&later, &host, &agent);
    let code = reply.ok()["approval"]["user_code"].as_str().map(str::to_owned);
    let asking = AgentActor { code, ..agent };
    assert_eq!(names(&later, &asking), ["ping []"], "nothing is left of the transfer");
    later.approve(&asking, "alice");
    later.execute(&asking, "ping", json!({})).ok();
    later.execute(&asking, "capped_transfer", json!({ "amount": 20 })).refused(403, "capability_not_granted");
    // The life of the grants began anew, with the end that the capability has today.
    later.advance(100);
    later.execute(&asking, "ping", json!({})).refused(403, "capability_not_granted");
    assert_eq!(later.status(&host, &asking).body["status"], json!("active"));
}
