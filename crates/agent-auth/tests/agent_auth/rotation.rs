//! §5.8 rotation of an agent's key, by its host and by itself, and §5.9 rotation of a host's.

use std::time::Duration;

use countersign_agent_auth::AgentPolicy;
use countersign_jose::SigningKey;
use countersign_storage::{Actor, Limit};
use serde_json::json;

use crate::world::{AgentActor, HostActor, ISSUER, LOCATION, Reply, World, new_key, sign};

fn by_host(world: &World, host: &HostActor, agent: &AgentActor, key: &SigningKey) -> Reply {
    let body = json!({ "agent_id": agent.id, "public_key": key.public_jwk() });
    world.post("/api/auth/agent/rotate-key", Some(&world.host_jwt(host)), &body)
}

fn by_itself(world: &World, agent: &AgentActor, key: &SigningKey) -> Reply {
    let token = sign(&agent.key, "agent+jwt", &world.agent_claims(agent, ISSUER));
    world.post("/api/auth/agent/rotate-key", Some(&token), &json!({ "public_key": key.public_jwk() }))
}

fn holding(agent: &AgentActor, key: &SigningKey) -> AgentActor {
    AgentActor { id: agent.id.clone(), key: key.clone(), code: None }
}

/// The old key is used a moment after the rotation.
#[test]
fn an_agents_old_key_is_dead_at_once_whoever_rotates() {
    let world = World::new();
    let host = HostActor::new();
    let agent = world.approved(&host, json!(["ping"]), "alice");
    let (second, third) = (new_key(), new_key());
    assert_eq!(by_host(&world, &host, &agent, &second).ok(), &json!({ "agent_id": agent.id, "status": "active" }));
    world.execute(&agent, "ping", json!({})).refused(401, "invalid_jwt");
    let agent = holding(&agent, &second);
    world.execute(&agent, "ping", json!({})).ok();
    assert_eq!(by_itself(&world, &agent, &third).ok(), &json!({ "agent_id": agent.id, "status": "active" }));
    world.execute(&agent, "ping", json!({})).refused(401, "invalid_jwt");
    world.execute(&holding(&agent, &third), "ping", json!({})).ok();
    let actors: Vec<_> = world.audit("agent.rotate_key").into_iter().map(|record| record.actor).collect();
    assert_eq!(actors.iter().filter(|actor| matches!(actor, Actor::Host { .. })).count(), 1);
    assert_eq!(actors.iter().filter(|actor| matches!(actor, Actor::Agent { .. })).count(), 1);
}

/// A key stands for one agent of a host, once.
#[test]
fn a_key_that_was_ever_an_agents_is_not_taken_again() {
    let world = World::new();
    let host = HostActor::new();
    let (agent, sibling) =
        (world.approved(&host, json!(["ping"]), "alice"), world.approved(&host, json!(["ping"]), "alice"));
    let (first, second) = (agent.key.clone(), new_key());
    by_host(&world, &host, &agent, &sibling.key).refused(409, "agent_exists");
    by_host(&world, &host, &agent, &first).refused(409, "agent_exists");
    by_host(&world, &host, &agent, &second).ok();
    let agent = holding(&agent, &second);
    for key in [&first, &second] {
        by_host(&world, &host, &agent, key).refused(409, "agent_exists");
        by_itself(&world, &agent, key).refused(409, "agent_exists");
        by_host(&world, &host, &sibling, key).refused(409, "agent_exists");
        world.register_with(&host, key, &json!({ "name": "x" })).refused(409, "agent_exists");
    }
    by_host(&world, &host, &agent, &host.key).refused(400, "invalid_public_key");
}

#[test]
fn rotation_is_refused_to_whom_it_does_not_belong() {
    let world = World::new();
    let (host, other) = (HostActor::new(), HostActor::new());
    let (agent, sibling) =
        (world.approved(&host, json!(["ping"]), "alice"), world.approved(&host, json!(["ping"]), "alice"));
    world.register(&other, json!(["ping"]));
    let key = new_key();
    by_host(&world, &other, &agent, &key).refused(404, "agent_not_found");
    by_host(&world, &HostActor::new(), &agent, &key).refused(401, "invalid_jwt");
    let token =
        |agent: &AgentActor, audience: &str| sign(&agent.key, "agent+jwt", &world.agent_claims(agent, audience));
    let path = "/api/auth/agent/rotate-key";
    let body = json!({ "agent_id": agent.id, "public_key": key.public_jwk() });
    world.post(path, Some(&token(&sibling, ISSUER)), &body).refused(404, "agent_not_found");
    world.post(path, Some(&token(&agent, LOCATION)), &body).refused(401, "invalid_jwt");
    world
        .post(path, Some(&world.host_jwt(&host)), &json!({ "public_key": key.public_jwk() }))
        .refused(400, "invalid_request");
    world.post(path, Some(&world.host_jwt(&host)), &json!({ "agent_id": agent.id })).refused(400, "invalid_request");
    let weak = json!({ "agent_id": agent.id, "public_key": { "kty": "OKP", "crv": "Ed25519", "x": "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" } });
    world.post(path, Some(&world.host_jwt(&host)), &weak).refused(400, "invalid_public_key");
    // A token that rotated once rotates no second time, even though it is refused for its key as well.
    let used = token(&agent, ISSUER);
    world.post(path, Some(&used), &json!({ "public_key": key.public_jwk() })).ok();
    world.post(path, Some(&used), &json!({ "public_key": new_key().public_jwk() })).refused(401, "invalid_jwt");
    // What has ended rotates nothing; what has expired only through its host.
    let agent = holding(&agent, &key);
    world.advance(3_600);
    by_itself(&world, &agent, &new_key()).refused(403, "agent_expired");
    by_host(&world, &host, &agent, &new_key()).ok();
    world.post("/api/auth/agent/revoke", Some(&world.host_jwt(&host)), &json!({ "agent_id": agent.id })).ok();
    by_host(&world, &host, &agent, &new_key()).refused(403, "agent_revoked");
}

/// §5.9: in place; agents, grants and link stay.
#[test]
fn a_hosts_key_is_rotated_in_place() {
    let world = World::new();
    let host = HostActor::new();
    let agent = world.approved(&host, json!(["ping"]), "alice");
    let before = world.status(&host, &agent).body;
    let rotate = |host: &HostActor, key: &SigningKey| {
        world.post("/api/auth/host/rotate-key", Some(&world.host_jwt(host)), &json!({ "public_key": key.public_jwk() }))
    };
    let (second, third) = (HostActor::new(), HostActor::new());
    assert_eq!(rotate(&host, &second.key).ok(), &json!({ "host_id": before["host_id"], "status": "active" }));
    world.status(&host, &agent).refused(401, "invalid_jwt");
    world.register_with(&host, &new_key(), &json!({ "name": "x" })).refused(401, "invalid_jwt");
    assert_eq!(world.status(&second, &agent).ok(), &before);
    rotate(&second, &third.key).ok();
    world.status(&second, &agent).refused(401, "invalid_jwt");
    assert_eq!(world.status(&third, &agent).ok(), &before);
    world.execute(&agent, "ping", json!({})).ok();
    // An agent may name its host by the present thumbprint, or by one that it knew before.
    for (iss, expected) in [(&host, 200), (&second, 200), (&third, 200), (&HostActor::new(), 401)] {
        let mut claims = world.agent_claims(&agent, LOCATION);
        claims["iss"] = json!(iss.key.kid());
        let reply = world.execute_with(&sign(&agent.key, "agent+jwt", &claims), "ping", json!({}));
        assert_eq!(reply.status.as_u16(), expected);
    }
    // New agents register under the same host, and the same agent key still means the same agent.
    let sibling = world.register(&third, json!(["ping"]));
    assert_eq!(world.status(&third, &sibling).body["host_id"], before["host_id"]);
    world.register_with(&third, &agent.key, &json!({ "name": "x" })).refused(409, "agent_exists");
    world.approve(&sibling, "alice");
    world.execute(&sibling, "ping", json!({})).ok();
    assert_eq!(world.audit("host.rotate_key").len(), 2);
}

#[test]
fn a_host_takes_no_key_that_is_or_was_a_hosts() {
    let world = World::new();
    let (host, other, fresh) = (HostActor::new(), HostActor::new(), HostActor::new());
    world.approved(&host, json!(["ping"]), "alice");
    world.approved(&other, json!(["ping"]), "bob");
    let rotate = |host: &HostActor, key: &SigningKey| {
        world.post("/api/auth/host/rotate-key", Some(&world.host_jwt(host)), &json!({ "public_key": key.public_jwk() }))
    };
    rotate(&host, &other.key).refused(409, "host_exists");
    rotate(&host, &host.key).refused(409, "host_exists");
    rotate(&host, &fresh.key).ok();
    for key in [&host.key, &fresh.key] {
        rotate(&fresh, key).refused(409, "host_exists");
        rotate(&other, key).refused(409, "host_exists");
    }
    rotate(&HostActor::new(), &new_key()).refused(401, "invalid_jwt");
}

/// A host that nobody approved cannot rotate keys, its own or an agent's: what a rotation leaves behind is kept.
#[test]
fn nothing_is_rotated_under_a_pending_host() {
    let world = World::new();
    let host = HostActor::new();
    let agent = world.register(&host, json!(["ping"]));
    let before = world.entries();
    let own = json!({ "public_key": new_key().public_jwk() });
    let rotate = || world.post("/api/auth/host/rotate-key", Some(&world.host_jwt(&host)), &own);
    rotate().refused(403, "host_pending");
    by_host(&world, &host, &agent, &new_key()).refused(403, "host_pending");
    assert_eq!(world.entries() - before, 2, "the replay marks alone");
    world.approve(&agent, "alice");
    rotate().ok();
}

/// One key never speaks for a host and for one of its agents.
#[test]
fn a_host_does_not_take_the_key_of_an_agent_of_its_own() {
    let world = World::new();
    let host = HostActor::new();
    let agent = world.approved(&host, json!(["ping"]), "alice");
    let later = new_key();
    by_host(&world, &host, &agent, &later).ok();
    for key in [&agent.key, &later] {
        let body = json!({ "public_key": key.public_jwk() });
        let reply = world.post("/api/auth/host/rotate-key", Some(&world.host_jwt(&host)), &body);
        reply.refused(400, "invalid_public_key");
    }
}

/// Each key that is given up is remembered for long, so a host and its agents change theirs so often in an hour and no more.
#[test]
fn rotations_are_limited_with_registrations() {
    let registrations = Some(Limit::new(4, Duration::from_secs(3_600)));
    let world = World::with(AgentPolicy { registrations, ..AgentPolicy::default() });
    let mut host = HostActor::new();
    let mut agent = world.approved(&host, json!(["ping"]), "alice");
    let rotate = |path: &str, token: &str| {
        let key = new_key();
        let body = json!({ "public_key": key.public_jwk() });
        (world.post(&format!("/api/auth/{path}/rotate-key"), Some(token), &body), key)
    };
    let of_agent = |agent: &AgentActor| sign(&agent.key, "agent+jwt", &world.agent_claims(agent, ISSUER));
    for _ in 0..2 {
        let (reply, key) = rotate("agent", &of_agent(&agent));
        reply.ok();
        agent.key = key;
    }
    let (reply, key) = rotate("host", &world.host_jwt(&host));
    reply.ok();
    host.key = key;
    rotate("agent", &of_agent(&agent)).0.refused(429, "rate_limited");
    rotate("host", &world.host_jwt(&host)).0.refused(429, "rate_limited");
    let body = json!({ "name": "x", "capabilities": ["ping"] });
    world.register_with(&host, &new_key(), &body).refused(429, "rate_limited");
    world.execute(&agent, "ping", json!({})).ok();
    world.advance(3_600);
    rotate("host", &world.host_jwt(&host)).0.ok();
}

/// However often keys change, so many that were given up are remembered, of a host and of each agent, and no more.
#[test]
fn what_rotations_leave_behind_is_bounded() {
    let world = World::with(AgentPolicy { registrations: None, ..AgentPolicy::default() });
    let mut host = HostActor::new();
    let mut agent = world.approved(&host, json!(["ping"]), "alice");
    let (first_of_host, first_of_agent) = (host.key.clone(), agent.key.clone());
    let (mut of_host, mut of_agent) = (Vec::new(), Vec::new());
    let left = |kind: &str| world.store.dump().iter().filter(|entry| entry.key.kind.as_str() == kind).count();
    for round in 1..=30 {
        let next = new_key();
        let path = "/api/auth/host/rotate-key";
        world.post(path, Some(&world.host_jwt(&host)), &json!({ "public_key": next.public_jwk() })).ok();
        of_host.push(std::mem::replace(&mut host.key, next));
        let next = new_key();
        match round % 2 {
            0 => by_host(&world, &host, &agent, &next).ok(),
            _ => by_itself(&world, &agent, &next).ok(),
        };
        of_agent.push(std::mem::replace(&mut agent.key, next));
        assert!(left("agent_host_alias") <= 11 && left("agent_key_alias") <= 11, "after {round} rotations");
    }
    // The last ten, and the first, are still nobody else's; and the present ones work.
    for key in of_host[20..].iter().chain([&first_of_host]) {
        let body = json!({ "public_key": key.public_jwk() });
        world.post("/api/auth/host/rotate-key", Some(&world.host_jwt(&host)), &body).refused(409, "host_exists");
    }
    for key in of_agent[20..].iter().chain([&first_of_agent]) {
        by_host(&world, &host, &agent, key).refused(409, "agent_exists");
    }
    world.execute(&agent, "ping", json!({})).ok();
    world.status(&host, &agent).ok();
    for key in of_host {
        world.status(&HostActor { key }, &agent).refused(401, "invalid_jwt");
    }
    for key in of_agent {
        world.execute(&holding(&agent, &key), "ping", json!({})).refused(401, "invalid_jwt");
    }
}

/// An agent sends rotations that are refused: each spends its token and counts as a request.
#[test]
fn a_refused_rotation_spends_its_token_and_is_counted() {
    let calls = Some(Limit::new(2, Duration::from_secs(60)));
    let world = World::with(AgentPolicy { calls, ..AgentPolicy::default() });
    let agent = world.payer(json!(["ping"]));
    let token = || sign(&agent.key, "agent+jwt", &world.agent_claims(&agent, ISSUER));
    let post = |token: &str, body| world.post("/api/auth/agent/rotate-key", Some(token), &body);
    let first = token();
    post(&first, json!({})).refused(400, "invalid_request");
    post(&first, json!({ "public_key": new_key().public_jwk() })).refused(401, "invalid_jwt");
    post(&token(), json!({})).refused(400, "invalid_request");
    post(&token(), json!({})).refused(429, "rate_limited");
}
