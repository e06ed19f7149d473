//! §2.4 clocks: states are computed, at the second, and nothing wakes by itself.

use std::time::Duration;

use countersign_agent_auth::{AgentPolicy, ApprovalAnswer, ApprovalRefusal, Capability, IntrospectionCallers};
use countersign_storage::{Limit, Store, Timestamp};
use pollster::block_on;
use serde_json::json;

use crate::world::{AgentActor, HostActor, ISSUER, World, autonomous, capabilities, sign};

fn calls(world: &World, agent: &AgentActor) -> bool {
    let reply = world.execute(agent, "ping", json!({}));
    if reply.status != 200 {
        reply.refused(403, "agent_expired");
    }
    reply.status == 200
}

#[test]
fn an_unused_agent_expires_and_stays_expired() {
    let world = World::new();
    let host = HostActor::new();
    let agent = world.register_autonomous(&host, json!(["ping"]));
    world.advance(3_599);
    assert!(calls(&world, &agent));
    world.advance(3_599);
    assert!(calls(&world, &agent));
    world.advance(3_600);
    assert!(!calls(&world, &agent));
    assert_eq!(world.status(&host, &agent).body["status"], json!("expired"));
    // An expired agent goes on calling: no state changes by trying.
    assert!(!calls(&world, &agent));
    assert_eq!(world.executor.count(), 2);
}

/// The use is noted coarsely: an agent may expire a little early, never late.
#[test]
fn the_note_of_the_last_use_may_lag_but_never_lead() {
    let world = World::new();
    let agent = world.watcher(json!(["ping"]));
    assert!(calls(&world, &agent));
    world.advance(59);
    assert!(calls(&world, &agent), "not noted: less than 60 s after the note");
    world.advance(3_541);
    assert!(!calls(&world, &agent));

    let agent = world.watcher(json!(["ping"]));
    assert!(calls(&world, &agent));
    world.advance(60);
    assert!(calls(&world, &agent), "noted");
    world.advance(3_599);
    assert!(calls(&world, &agent));
}

/// A busy agent stops at the end of its life, at the second, on every node.
#[test]
fn a_busy_agent_stops_at_the_end_of_its_longest_life() {
    let policy =
        || AgentPolicy { autonomous: autonomous(), max_lifetime: Duration::from_secs(100), ..AgentPolicy::default() };
    let world = World::with(policy());
    let callers = || IntrospectionCallers::Anyone(Limit::new(10, Duration::from_secs(60)));
    let node = World::on(&world.store, &world.clock, policy(), callers(), capabilities());
    let agent = world.watcher(json!(["ping"]));
    for second in 0..110 {
        for node in [&world, &node] {
            assert_eq!(calls(node, &agent), second < 100, "second {second}");
        }
        world.advance(1);
    }
}

/// §2.5: the absolute end revokes.
#[test]
fn the_absolute_lifetime_ends_in_revocation() {
    let absolute_lifetime = Some(Duration::from_secs(100));
    let world = World::with(AgentPolicy { autonomous: autonomous(), absolute_lifetime, ..AgentPolicy::default() });
    let host = HostActor::new();
    let agent = world.register_autonomous(&host, json!(["ping"]));
    assert_eq!(world.status(&host, &agent).body["expires_at"], json!("2026-09-21T14:15:00Z"));
    world.advance(99);
    assert!(calls(&world, &agent));
    world.advance(1);
    world.execute(&agent, "ping", json!({})).refused(403, "absolute_lifetime_exceeded");
    assert_eq!(world.status(&host, &agent).body["status"], json!("revoked"));
}

/// A longer life in the configuration of a later version does not wake what has ended by decision.
#[test]
fn only_clocks_are_computed_not_decisions() {
    let world = World::new();
    let host = HostActor::new();
    let agent = world.register_autonomous(&host, json!(["ping"]));
    world.post("/api/auth/agent/revoke", Some(&world.host_jwt(&host)), &json!({ "agent_id": agent.id })).ok();
    let generous = AgentPolicy {
        autonomous: autonomous(),
        session_lifetime: Duration::from_secs(1 << 40),
        max_lifetime: Duration::from_secs(1 << 40),
        ..AgentPolicy::default()
    };
    let callers = IntrospectionCallers::Anyone(Limit::new(10, Duration::from_secs(60)));
    let offered: Vec<Capability> = capabilities();
    let later = World::on(&world.store, &world.clock, generous, callers, offered);
    later.execute(&agent, "ping", json!({})).refused(403, "agent_revoked");
}

/// A clock that is set back, or one node that is behind, revives nothing that was seen to have ended.
#[test]
fn a_clock_that_is_set_back_revives_nothing() {
    let world = World::new();
    let host = HostActor::new();
    let back = |seconds: i64| world.clock.set(Timestamp(world.now() - seconds));
    // An expired agent, seen by a call, by a request for more, by a status.
    let see: [&dyn Fn(&AgentActor); 3] = [
        &|agent| world.execute(agent, "ping", json!({})).refused(403, "agent_expired"),
        &|agent| {
            let token = sign(&agent.key, "agent+jwt", &world.agent_claims(agent, ISSUER));
            let asked = json!({ "capabilities": ["check_balance"] });
            world.post("/api/auth/agent/request-capability", Some(&token), &asked).refused(403, "agent_expired");
        },
        &|agent| assert_eq!(world.status(&host, agent).body["status"], json!("expired")),
    ];
    for see in see {
        let agent = world.register_autonomous(&host, json!(["ping"]));
        assert!(calls(&world, &agent));
        world.advance(3_600);
        see(&agent);
        back(20);
        assert!(!calls(&world, &agent));
        assert_eq!(world.status(&host, &agent).body["status"], json!("expired"));
        assert_eq!(world.introspect(&world.agent_jwt(&agent)).body, json!({ "active": false }));
        world.advance(100);
        let body = json!({ "agent_id": agent.id });
        let reply = world.post("/api/auth/agent/reactivate", Some(&world.host_jwt(&host)), &body);
        assert_eq!(reply.ok()["status"], json!("active"), "waking it is another matter");
    }
    // A grant that ended before its agent.
    let linked = HostActor::new();
    let agent = world.approved(&linked, json!(["short_lived"]), "alice");
    world.execute(&agent, "short_lived", json!({})).ok();
    world.advance(100);
    world.execute(&agent, "short_lived", json!({})).refused(403, "capability_not_granted");
    back(50);
    world.execute(&agent, "short_lived", json!({})).refused(403, "capability_not_granted");
    // A code that lapsed.
    let asking = world.register(&linked, json!(["ping"]));
    let shown = world.view(&asking, "alice").shown;
    let answer = || {
        let yes = ApprovalAnswer::Approve { capabilities: vec!["ping".to_owned()], at_most: None };
        let code = asking.code.as_deref().unwrap();
        block_on(world.provider.decide_approval(code, &world.signed_in("alice"), yes, &shown))
    };
    world.advance(600);
    assert_eq!(answer(), Err(ApprovalRefusal::Expired.into()));
    back(300);
    assert_eq!(answer(), Err(ApprovalRefusal::Expired.into()));
    // A token that was used, though the store was purged meanwhile.
    let token = world.agent_jwt(&agent);
    world.execute_with(&token, "short_lived", json!({})).refused(403, "capability_not_granted");
    world.advance(200);
    block_on(Store::purge(world.store.as_ref(), Timestamp(world.now()), 10_000)).unwrap();
    back(190);
    world.execute_with(&token, "short_lived", json!({})).refused(401, "invalid_jwt");
}

/// Approving more does not begin the agent's longest life anew.
#[test]
fn approval_does_not_restart_the_longest_life() {
    let world = World::with(AgentPolicy { max_lifetime: Duration::from_secs(1_000), ..AgentPolicy::default() });
    let agent = world.payer(json!(["ping"]));
    world.advance(900);
    let token = sign(&agent.key, "agent+jwt", &world.agent_claims(&agent, ISSUER));
    let asked = json!({ "capabilities": ["check_balance"] });
    let reply = world.post("/api/auth/agent/request-capability", Some(&token), &asked);
    world.approve(&AgentActor::of(&reply, agent.key.clone()), "alice");
    world.advance(99);
    assert!(calls(&world, &agent));
    world.advance(1);
    assert!(!calls(&world, &agent));
}

/// Only what is allowed keeps an agent awake.
#[test]
fn refused_calls_do_not_prolong_a_session() {
    let world = World::new();
    let agent = world.watcher(json!(["ping"]));
    assert!(calls(&world, &agent));
    for _ in 0..35 {
        world.advance(100);
        world.execute(&agent, "check_balance", json!({ "account_id": "a" })).refused(403, "capability_not_granted");
        world.execute(&agent, "ping", json!({ "no": 1 })).refused(400, "invalid_request");
        world.execute(&agent, "nothing", json!({})).refused(404, "capability_not_found");
    }
    world.advance(99);
    world.execute(&agent, "nothing", json!({})).refused(404, "capability_not_found");
    world.advance(1);
    assert!(!calls(&world, &agent));
}
