//! §2.4 clocks: states are computed, at the second, and nothing wakes by itself. ATK-453, ATK-456.

use std::time::Duration;

use countersign_agent_auth::{AgentPolicy, Capability, IntrospectionCallers};
use countersign_storage::Limit;
use serde_json::json;

use crate::world::{AgentActor, HostActor, World, autonomous, capabilities};

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
    // ATK-453: no state changes by trying.
    assert!(!calls(&world, &agent));
    assert_eq!(world.executor.count(), 2);
}

/// The use is noted coarsely: an agent may expire a little early, never late.
#[test]
fn the_note_of_the_last_use_may_lag_but_never_lead() {
    let world = World::new();
    let agent = world.register_autonomous(&HostActor::new(), json!(["ping"]));
    assert!(calls(&world, &agent));
    world.advance(59);
    assert!(calls(&world, &agent), "not noted: less than 60 s after the note");
    world.advance(3_541);
    assert!(!calls(&world, &agent));

    let agent = world.register_autonomous(&HostActor::new(), json!(["ping"]));
    assert!(calls(&world, &agent));
    world.advance(60);
    assert!(calls(&world, &agent), "noted");
    world.advance(3_599);
    assert!(calls(&world, &agent));
}

/// ATK-456: a busy agent stops at the end of its life, at the second, on every node.
#[test]
fn a_busy_agent_stops_at_the_end_of_its_longest_life() {
    let policy =
        || AgentPolicy { autonomous: autonomous(), max_lifetime: Duration::from_secs(100), ..AgentPolicy::default() };
    let world = World::with(policy());
    let callers = || IntrospectionCallers::Anyone(Limit::new(10, Duration::from_secs(60)));
    let node = World::on(&world.store, &world.clock, policy(), callers(), capabilities());
    let agent = world.register_autonomous(&HostActor::new(), json!(["ping"]));
    for second in 0..110 {
        for node in [&world, &node] {
            assert_eq!(calls(node, &agent), second < 100, "second {second}");
        }
        world.advance(1);
    }
}

/// AA-110, AA-113: the absolute end revokes.
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
