//! §7.1: a person refuses what waits under a host of theirs, without the codes.

use std::sync::Arc;

use countersign_agent_auth::{AgentStatus, Revocation, Waiting};
use countersign_storage::Outcome;
use pollster::block_on;
use serde_json::json;

use crate::world::{AgentActor, HostActor, ISSUER, World, new_key, subject};

/// Alice's host with an agent that is at work, and so many that wait.
fn flooded(world: &World, waiting: usize) -> (HostActor, AgentActor, Vec<AgentActor>) {
    let host = HostActor::new();
    let working = world.approved(&host, json!(["ping"]), "alice");
    let waiting = (0..waiting).map(|_| world.register(&host, json!(["ping"]))).collect();
    (host, working, waiting)
}

fn host_id(world: &World) -> String {
    world.hosts_of(&subject("alice"))[0].host_id.clone()
}

fn dismiss(world: &World, who: &str, waiting: Waiting<'_>) -> Revocation {
    block_on(world.provider.dismiss(&world.signed_in(who), waiting)).unwrap()
}

#[test]
fn an_agent_that_waits_is_rejected_without_its_code_and_its_code_is_dead() {
    let world = World::new();
    let (host, working, waiting) = flooded(&world, 2);
    assert_eq!(dismiss(&world, "alice", Waiting::Agent(&waiting[0].id)), Revocation::Revoked { agents: 1 });
    let body = world.status(&host, &waiting[0]).body;
    assert_eq!(body["status"], json!("rejected"));
    assert_eq!(body["agent_capability_grants"][0]["status"], json!("denied"));
    let code = waiting[0].code.as_deref().unwrap();
    assert!(block_on(world.provider.approval(code, &world.signed_in("alice"))).is_err());
    // A second time there is nothing to do.
    assert_eq!(dismiss(&world, "alice", Waiting::Agent(&waiting[0].id)), Revocation::Revoked { agents: 0 });
    assert_eq!(world.status(&host, &waiting[1]).body["status"], json!("pending"));
    world.execute(&working, "ping", json!({})).ok();
    let told = world.audit("agent.deny");
    assert_eq!((told.len(), told[0].outcome.clone(), &told[0].detail["asked"][..]), (1, Outcome::Allowed, "ping"));
}

#[test]
fn all_that_wait_under_a_host_are_rejected_together_and_no_other() {
    let world = World::new();
    let (host, working, waiting) = flooded(&world, 20);
    let of_bob = world.register(&HostActor::new(), json!(["ping"]));
    let host_id = host_id(&world);
    assert_eq!(dismiss(&world, "alice", Waiting::UnderHost(&host_id)), Revocation::Revoked { agents: 20 });
    for agent in &waiting {
        assert_eq!(world.status(&host, agent).body["status"], json!("rejected"));
    }
    world.execute(&working, "ping", json!({})).ok();
    world.approve(&of_bob, "bob");
    world.execute(&of_bob, "ping", json!({})).ok();
    assert_eq!(dismiss(&world, "alice", Waiting::UnderHost(&host_id)), Revocation::Revoked { agents: 0 });
}

#[test]
fn what_waits_for_somebody_else_or_does_not_wait_is_left_alone() {
    let world = World::new();
    let (host, working, waiting) = flooded(&world, 1);
    let unlinked = world.register(&HostActor::new(), json!(["ping"]));
    let host_id = host_id(&world);
    for (who, what) in [
        ("bob", Waiting::Agent(&waiting[0].id)),
        ("bob", Waiting::UnderHost(&host_id)),
        ("alice", Waiting::Agent(&unlinked.id)),
        ("alice", Waiting::Agent("agt_nobody")),
        ("alice", Waiting::UnderHost("")),
    ] {
        assert_eq!(dismiss(&world, who, what), Revocation::NotFound, "{who} {what:?}");
    }
    assert_eq!(dismiss(&world, "alice", Waiting::Agent(&working.id)), Revocation::Revoked { agents: 0 });
    assert_eq!(world.agents_of(&subject("alice")).len(), 2);
    world.execute(&working, "ping", json!({})).ok();
    assert_eq!(world.status(&host, &waiting[0]).body["status"], json!("pending"));
}

/// The host registers one more, and the person approves the agent in another window, at the very moment of the refusal.
#[test]
fn a_refusal_wins_at_its_first_attempt_and_against_an_approval_at_the_same_moment() {
    let world = World::new();
    let (host, _, waiting) = flooded(&world, 1);
    let agent = Arc::new(waiting.into_iter().next().unwrap());
    let (rival, rival_agent) = (World::of_issuer(ISSUER, &world.store, &world.clock), Arc::clone(&agent));
    world.store.set_rival(Some(Arc::new(move || {
        rival.register_with(&host, &new_key(), &json!({ "name": "x", "capabilities": ["ping"] }));
        rival.approve(&rival_agent, "alice");
    })));
    let before = world.store.conflicts.load(std::sync::atomic::Ordering::SeqCst);
    assert_eq!(dismiss(&world, "alice", Waiting::Agent(&agent.id)), Revocation::Revoked { agents: 1 });
    world.store.set_rival(None);
    assert_eq!(world.store.conflicts.load(std::sync::atomic::Ordering::SeqCst), before);
    world.execute(&agent, "ping", json!({})).refused(403, "agent_revoked");
    let status = world.agents_of(&subject("alice")).into_iter().find(|seen| seen.agent_id == agent.id).unwrap().status;
    assert_eq!(status, Some(AgentStatus::Revoked));
}
