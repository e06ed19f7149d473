//! §5.7, §5.10, §8.5, §2.6: revocation works at the next call, cascades, and stays.

use countersign_agent_auth::{AgentStatus, HostStatus, Revocation};
use countersign_storage::{AccountState, Actor, AuditRecord, Outcome, Page};
use pollster::block_on;
use serde_json::json;

use crate::world::{HostActor, ISSUER, World, new_key, sign, subject};

/// §5.7: what was revoked calls once more.
#[test]
fn a_host_revokes_its_agent_and_the_next_call_fails() {
    let world = World::new();
    let host = HostActor::new();
    let agent = world.approved(&host, json!(["ping"]), "alice");
    let unused = world.agent_jwt(&agent);
    world.execute(&agent, "ping", json!({})).ok();
    let revoke =
        || world.post("/api/auth/agent/revoke", Some(&world.host_jwt(&host)), &json!({ "agent_id": agent.id }));
    assert_eq!(revoke().ok(), &json!({ "agent_id": agent.id, "status": "revoked" }));
    world.execute_with(&unused, "ping", json!({})).refused(403, "agent_revoked");
    let body = world.status(&host, &agent).body;
    assert_eq!(
        (&body["status"], &body["agent_capability_grants"][0]["status"]),
        (&json!("revoked"), &json!("revoked"))
    );
    revoke().ok();
    let [event] = &world.audit("agent.revoke")[..] else { panic!("one event") };
    assert!(matches!(event.actor, Actor::Host { .. }));
    assert_eq!(event.subject, Some(subject("alice")));
}

/// No agent outlives its person's account, and none is lost with a pause of it.
#[test]
fn an_agent_of_a_disabled_or_deleted_person_is_refused_at_the_next_call() {
    for state in [Some(AccountState::Disabled), None] {
        let world = World::new();
        let host = HostActor::new();
        let agent = world.approved(&host, json!(["ping"]), "alice");
        let of_bob = world.approved(&HostActor::new(), json!(["ping"]), "bob");
        world.execute(&agent, "ping", json!({})).ok();
        world.people.set("alice", state);
        world.execute(&agent, "ping", json!({})).refused(403, "unauthorized");
        let batch = json!({ "requests": [{ "capability": "ping", "arguments": {} }] });
        let token = world.agent_jwt(&agent);
        world.post("/api/auth/capability/batch-execute", Some(&token), &batch).refused(403, "unauthorized");
        let asked = json!({ "capabilities": ["check_balance"] });
        let token = sign(&agent.key, "agent+jwt", &world.agent_claims(&agent, ISSUER));
        world.post("/api/auth/agent/request-capability", Some(&token), &asked).refused(403, "unauthorized");
        assert_eq!(world.introspect(&world.agent_jwt(&agent)).ok(), &json!({ "active": false }));
        let refused = |record: &&AuditRecord| record.outcome != Outcome::Allowed;
        assert_eq!(world.audit("agent.execute").iter().filter(refused).count(), 1, "the second one is counted");
        world.execute(&of_bob, "ping", json!({})).ok();
        world.people.set("alice", Some(AccountState::Active));
        world.execute(&agent, "ping", json!({})).ok();
    }
}

/// A host asks for, ends, rotates and wakes the agent of another host.
#[test]
fn another_hosts_agent_is_unknown() {
    let world = World::new();
    let (host, other) = (HostActor::new(), HostActor::new());
    let agent = world.approved(&host, json!(["ping"]), "alice");
    world.register(&other, json!(["ping"]));
    world.status(&other, &agent).refused(404, "agent_not_found");
    let revoke = json!({ "agent_id": agent.id });
    world.post("/api/auth/agent/revoke", Some(&world.host_jwt(&other)), &revoke).refused(404, "agent_not_found");
    for id in ["agt_nobody", "", "hst_x"] {
        let revoke = json!({ "agent_id": id });
        world.post("/api/auth/agent/revoke", Some(&world.host_jwt(&host)), &revoke).refused(404, "agent_not_found");
    }
    world.get("/api/auth/agent/status", Some(&world.host_jwt(&host))).refused(400, "invalid_request");
    world.execute(&agent, "ping", json!({})).ok();
}

/// §8.5: an agent calls after its host was ended.
#[test]
fn revoking_a_host_ends_every_agent_under_it() {
    let world = World::new();
    let host = HostActor::new();
    let agents = [world.approved(&host, json!(["ping"]), "alice"), world.approved(&host, json!(["ping"]), "alice")];
    let pending = world.register(&host, json!(["ping"]));
    let bystander = world.payer(json!(["ping"]));
    let reply = world.post("/api/auth/host/revoke", Some(&world.host_jwt(&host)), &json!({}));
    assert_eq!((&reply.ok()["status"], &reply.body["agents_revoked"]), (&json!("revoked"), &json!(3)));
    for agent in agents.iter().chain([&pending]) {
        world.execute(agent, "ping", json!({})).refused(403, "host_revoked");
    }
    world.execute(&bystander, "ping", json!({})).ok();
    world.status(&host, &pending).refused(403, "host_revoked");
    world.post("/api/auth/host/revoke", Some(&world.host_jwt(&host)), &json!({})).refused(403, "host_revoked");
    world
        .post("/api/auth/host/revoke", Some(&world.host_jwt(&HostActor::new())), &json!({}))
        .refused(401, "invalid_jwt");
}

/// From the dashboard, by the person and by nobody else.
#[test]
fn a_person_revokes_their_own_agents_and_hosts() {
    let world = World::new();
    let host = HostActor::new();
    let (one, two) = (world.approved(&host, json!(["ping"]), "alice"), world.approved(&host, json!(["ping"]), "alice"));
    let (alice, bob) = (subject("alice"), subject("bob"));
    let host_id = world.hosts_of(&alice)[0].host_id.clone();
    assert_eq!(block_on(world.provider.revoke_agent(&bob, &one.id)), Ok(Revocation::NotFound));
    assert_eq!(block_on(world.provider.revoke_host(&bob, &host_id)), Ok(Revocation::NotFound));
    assert_eq!(block_on(world.provider.revoke_agent(&alice, "agt_x")), Ok(Revocation::NotFound));
    world.execute(&one, "ping", json!({})).ok();

    assert_eq!(block_on(world.provider.revoke_agent(&alice, &one.id)), Ok(Revocation::Revoked { agents: 1 }));
    world.execute(&one, "ping", json!({})).refused(403, "agent_revoked");
    world.execute(&two, "ping", json!({})).ok();
    let agents = world.agents_of(&alice);
    let status = |id: &str| agents.iter().find(|agent| agent.agent_id == id).unwrap().status;
    assert_eq!((status(&one.id), status(&two.id)), (Some(AgentStatus::Revoked), Some(AgentStatus::Active)));

    assert_eq!(block_on(world.provider.revoke_host(&alice, &host_id)), Ok(Revocation::Revoked { agents: 1 }));
    world.execute(&two, "ping", json!({})).refused(403, "host_revoked");
    let hosts = world.hosts_of(&alice);
    assert_eq!((hosts[0].status, hosts[0].living()), (Some(HostStatus::Revoked), 0));
}

/// No agent outlives the person.
#[test]
fn revoking_a_person_ends_all_hosts_and_agents_at_once() {
    let world = World::new();
    let hosts = [HostActor::new(), HostActor::new()];
    let agents: Vec<_> = hosts.iter().map(|host| world.approved(host, json!(["ping"]), "alice")).collect();
    let bobs = world.approved(&HostActor::new(), json!(["ping"]), "bob");
    assert_eq!(block_on(world.provider.revoke_person(&subject("alice"))), Ok(Revocation::Revoked { agents: 2 }));
    for agent in &agents {
        world.execute(agent, "ping", json!({})).refused(403, "host_revoked");
    }
    world.execute(&bobs, "ping", json!({})).ok();
    assert_eq!(world.audit("host.revoke").len(), 2);
    assert_eq!(block_on(world.provider.revoke_person(&subject("nobody"))), Ok(Revocation::NotFound));
}

/// A person sees what was done for them.
#[test]
fn the_activity_of_a_persons_agents_can_be_read() {
    let world = World::new();
    let agent = world.payer(json!(["ping"]));
    world.advance(1);
    world.execute(&agent, "ping", json!({})).ok();
    world.advance(1);
    world.execute(&agent, "check_balance", json!({ "account_id": "a" })).refused(403, "capability_not_granted");
    let (activity, next) = block_on(world.provider.activity(&subject("alice"), Page::first(100))).unwrap();
    let actions: Vec<_> = activity.iter().map(|record| record.action.as_str()).collect();
    assert_eq!(actions.len(), 5, "{actions:?}");
    assert_eq!(actions[4], "agent.execute", "the refused one");
    assert_eq!(next, None);
    assert_eq!(block_on(world.provider.activity(&subject("bob"), Page::first(100))).unwrap().0, []);
}

/// With the agent its history is the person's.
#[test]
fn the_history_of_a_claimed_agent_can_be_read_by_its_person() {
    let world = World::new();
    let host = HostActor::new();
    let watcher = world.register_autonomous(&host, json!(["ping"]));
    world.execute(&watcher, "ping", json!({})).ok();
    let read =
        |who: &str| block_on(world.provider.agent_activity(&subject(who), &watcher.id, Page::first(10))).unwrap().0;
    assert_eq!(read("alice"), []);
    world.approved(&host, json!(["ping"]), "alice");
    let actions: Vec<String> = read("alice").into_iter().map(|record| record.action).collect();
    assert!(actions.len() == 2 && actions.iter().all(|action| action.starts_with("agent.execute")), "{actions:?}");
    assert_eq!(read("bob"), []);
}

/// Revoking what has ended changes nothing and tells nothing twice.
#[test]
fn revoking_twice_leaves_one_record() {
    let world = World::new();
    let host = HostActor::new();
    let agent = world.approved(&host, json!(["ping"]), "alice");
    let alice = subject("alice");
    let host_id = world.hosts_of(&alice)[0].host_id.clone();
    for agents in [1, 0] {
        assert_eq!(block_on(world.provider.revoke_agent(&alice, &agent.id)), Ok(Revocation::Revoked { agents }));
    }
    for _ in 0..2 {
        assert_eq!(block_on(world.provider.revoke_host(&alice, &host_id)), Ok(Revocation::Revoked { agents: 0 }));
        assert_eq!(block_on(world.provider.revoke_person(&alice)), Ok(Revocation::Revoked { agents: 0 }));
    }
    assert_eq!((world.audit("agent.revoke").len(), world.audit("host.revoke").len()), (1, 1));
}

#[test]
fn a_host_that_revokes_one_agent_again_and_again_is_on_record_once() {
    let world = World::new();
    let host = HostActor::new();
    let agent = world.approved(&host, json!(["ping"]), "alice");
    let body = json!({ "agent_id": agent.id });
    for _ in 0..10 {
        world.post("/api/auth/agent/revoke", Some(&world.host_jwt(&host)), &body).ok();
    }
    assert_eq!(world.audit("agent.revoke").len(), 1);
}

/// The record of a host that nobody was linked to is kept for a week, its withdrawal for longer.
#[test]
fn a_host_that_ended_itself_is_refused_also_when_its_record_is_gone() {
    let world = World::new();
    let host = HostActor::new();
    world.register(&host, json!(["ping"]));
    world.post("/api/auth/host/revoke", Some(&world.host_jwt(&host)), &json!({})).ok();
    let body = json!({ "name": "x", "capabilities": ["ping"] });
    world.register_with(&host, &new_key(), &body).refused(403, "host_revoked");
    world.advance(9 * 86_400);
    let now = countersign_storage::Timestamp(world.now());
    block_on(countersign_storage::Store::purge(world.store.as_ref(), now, 10_000)).unwrap();
    assert!(!world.store.dump().iter().any(|entry| entry.key.kind.as_str() == "agent_host"));
    world.register_with(&host, &new_key(), &body).refused(403, "host_revoked");
}
