//! §7.1: a person refuses what waits under a host of theirs, without the codes.

use std::sync::Arc;
use std::time::Duration;

use countersign_agent_auth::{AgentPolicy, AgentStatus, IntrospectionCallers, Revocation, Waiting};
use countersign_storage::{Limit, ManualClock, Outcome, Ports, SeededRandom, Store, Timestamp, TracingAudit};
use pollster::block_on;
use serde_json::json;

use crate::withdrawal::unlimited;
use crate::world::{AgentActor, HostActor, ISSUER, START, World, capabilities, new_key, subject};

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

/// By the policy of this node the agent is too old. By that of another one it still waits, and could be approved.
#[test]
fn what_waits_and_only_seems_to_have_ended_is_rejected_all_the_same() {
    for under_host in [false, true] {
        let (store, clock) = (Arc::default(), Arc::new(ManualClock::at(Timestamp(START))));
        let callers = || IntrospectionCallers::Anyone(Limit::new(10, Duration::from_secs(60)));
        let short = AgentPolicy { absolute_lifetime: Some(Duration::from_secs(86_400)), ..unlimited() };
        let node = World::on(&store, &clock, short, callers(), capabilities());
        let later = World::on(&store, &clock, unlimited(), callers(), capabilities());
        let (host, _, waiting) = flooded(&later, 1);
        let host_id = host_id(&later);
        node.advance(2 * 86_400);
        let what = if under_host { Waiting::UnderHost(&host_id) } else { Waiting::Agent(&waiting[0].id) };
        assert_eq!(dismiss(&node, "alice", what), Revocation::Revoked { agents: 1 });
        assert_eq!(later.status(&host, &waiting[0]).body["status"], json!("rejected"));
        assert_eq!(dismiss(&later, "alice", what), Revocation::Revoked { agents: 0 });
    }
}

#[test]
fn under_a_host_that_was_revoked_nothing_waits() {
    let world = World::new();
    let (_, _, waiting) = flooded(&world, 2);
    let host_id = host_id(&world);
    block_on(world.provider.revoke_host(&subject("alice"), &host_id)).unwrap();
    for what in [Waiting::UnderHost(&host_id), Waiting::Agent(&waiting[0].id)] {
        assert_eq!(dismiss(&world, "alice", what), Revocation::Revoked { agents: 0 });
    }
    assert_eq!(world.audit("agent.deny").len(), 0);
}

/// The record of an agent that was never approved is kept for a week, its withdrawal for longer.
#[test]
fn an_agent_that_was_rejected_is_refused_also_when_its_record_is_gone() {
    let world = World::with(AgentPolicy { host_lifetime: Duration::from_secs(365 * 86_400), ..unlimited() });
    let (host, key) = (HostActor::new(), new_key());
    world.approved(&host, json!(["ping"]), "alice");
    let body = json!({ "name": "x", "capabilities": ["ping"] });
    let id = world.register_with(&host, &key, &body).ok()["agent_id"].as_str().unwrap().to_owned();
    dismiss(&world, "alice", Waiting::Agent(&id));
    world.register_with(&host, &key, &body).refused(409, "agent_exists");
    world.advance(9 * 86_400);
    block_on(Store::purge(world.store.as_ref(), Timestamp(world.now()), 10_000)).unwrap();
    assert!(!world.store.dump().iter().any(|entry| entry.key.id == id && entry.key.kind.as_str() == "agent"));
    world.register_with(&host, &key, &body).refused(409, "agent_exists");
    world.register_with(&host, &new_key(), &body).ok();
}

/// A host can register any number of agents. What they try without ever having been allowed anything is one record.
#[test]
fn what_is_refused_to_agents_that_were_never_allowed_anything_counts_as_one() {
    let world = World::with(unlimited());
    let (_, working, waiting) = flooded(&world, 12);
    let host_id = host_id(&world);
    let ports = Ports {
        store: world.store.clone(),
        clock: world.clock.clone(),
        random: Arc::new(SeededRandom::new(7)),
        audit: Arc::new(TracingAudit),
    };
    let told = |code: &str| {
        world.advance(3_600);
        let before = world.audit("agent.execute").len();
        for agent in &waiting {
            assert_eq!(world.execute(agent, "ping", json!({})).status, 403);
        }
        let told = world.audit("agent.execute").split_off(before);
        let counts = block_on(ports.repeats(&told)).unwrap();
        let [record] = &told[..] else { panic!("{} records of {} agents", told.len(), waiting.len()) };
        assert_eq!(record.outcome, Outcome::Denied { reason: code.to_owned() });
        assert_eq!(record.subject.as_ref(), Some(&subject("alice")));
        assert_eq!(counts[0].map(|repeats| repeats.count), Some(12));
    };
    told("agent_pending");
    dismiss(&world, "alice", Waiting::UnderHost(&host_id));
    told("agent_rejected");
    block_on(world.provider.revoke_host(&subject("alice"), &host_id)).unwrap();
    told("host_revoked");
    // What the person allowed something is on record by itself, also afterwards.
    let before = world.audit("agent.execute").len();
    world.execute(&working, "ping", json!({})).refused(403, "host_revoked");
    let [record] = &world.audit("agent.execute").split_off(before)[..] else { panic!("one record") };
    assert_eq!(record.detail["agent_name"], "Bill payer");
}
