//! What strangers, hosts and agents bring into the store has an end or a count, whatever they do and however often.

use std::collections::BTreeMap;
use std::time::Duration;

use countersign_agent_auth::{AgentPolicy, ApprovalAnswer, ApprovalRefusal};
use countersign_storage::{Authentication, Limit, Store, Timestamp};
use pollster::block_on;
use serde_json::{Value, json};

use crate::world::{AgentActor, HostActor, ISSUER, World, autonomous, new_key, sign, subject};

/// Every kind of record of this crate, and whether it has an end. One that is not here fails the test.
const KINDS: &[(&str, bool)] = &[
    ("agent", true),
    ("agent_approved_schema", true),
    ("agent_calls", true),
    ("agent_host", true),
    ("agent_host_alias", true),
    ("agent_jti", true),
    ("agent_key_alias", true),
    // One for each person with a host, as long as `hosts_per_person` says.
    ("agent_person", false),
    ("agent_polls", true),
    ("agent_registrations", true),
    ("agent_unfinished", true),
    ("agent_user_code", true),
    ("agent_withdrawal", true),
];

fn generous() -> AgentPolicy {
    AgentPolicy {
        autonomous: autonomous(),
        unknown_hosts: Limit::new(100_000, Duration::from_secs(3_600)),
        calls: Some(Limit::new(100_000, Duration::from_secs(60))),
        registrations: Some(Limit::new(100_000, Duration::from_secs(60))),
        agents_per_host: 1_000,
        ..AgentPolicy::default()
    }
}

/// One of everything that a host and its agents can do.
fn live(world: &World, host: &mut HostActor, who: &str) -> AgentActor {
    let agent = world.register(host, json!(["ping", "check_balance"]));
    world.status(host, &agent).ok();
    world.approve(&agent, who);
    world.execute(&agent, "ping", json!({})).ok();
    world.execute(&agent, "nothing", json!({})).refused(404, "capability_not_found");
    let post = |path: &str, token: &str, body: Value| world.post(&format!("/api/auth/{path}"), Some(token), &body);
    let own = || sign(&agent.key, "agent+jwt", &world.agent_claims(&agent, ISSUER));
    post("capability/batch-execute", &own(), json!({ "requests": [{ "capability": "ping" }] })).ok();
    post("agent/request-capability", &own(), json!({ "capabilities": ["transfer_money"], "reason": "more" })).ok();
    world.get("/api/auth/capability/list", Some(&own())).ok();
    world.introspect(&own()).ok();
    let body = json!({ "agent_id": agent.id });
    post("agent/reactivate", &world.host_jwt(host), body).ok();
    let next = new_key();
    let body = json!({ "agent_id": agent.id, "public_key": next.public_jwk() });
    post("agent/rotate-key", &world.host_jwt(host), body).ok();
    let next_host = new_key();
    post("host/rotate-key", &world.host_jwt(host), json!({ "public_key": next_host.public_jwk() })).ok();
    host.key = next_host;
    AgentActor { key: next, ..agent }
}

#[test]
fn every_record_has_an_end_or_a_count() {
    let world = World::with(generous());
    let mut hosts: Vec<HostActor> = (0..3).map(|_| HostActor::new()).collect();
    let agents: Vec<AgentActor> = hosts.iter_mut().map(|host| live(&world, host, "alice")).collect();
    let watched = HostActor::new();
    world.register_autonomous(&watched, json!(["ping"]));
    block_on(world.provider.revoke_agent(&subject("alice"), &agents[0].id)).unwrap();
    world.post("/api/auth/host/revoke", Some(&world.host_jwt(&hosts[1])), &json!({})).ok();
    *world.executor.during.lock().unwrap() = {
        let store = std::sync::Arc::clone(&world.store);
        Some(Box::new(move || store.is_down.store(true, std::sync::atomic::Ordering::SeqCst)))
    };
    world.execute(&agents[2], "ping", json!({})).ok();
    world.store.is_down.store(false, std::sync::atomic::Ordering::SeqCst);

    let mut seen: BTreeMap<&str, bool> = BTreeMap::new();
    let entries = world.store.dump();
    for entry in
        entries.iter().filter(|entry| !["audit", "audit_repeats", "throttle"].contains(&entry.key.kind.as_str()))
    {
        let ends = seen.entry(entry.key.kind.as_str()).or_insert(true);
        *ends &= entry.expires_at.is_some();
    }
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), KINDS);
    let later = Timestamp(world.now()) + Duration::from_secs(3 * 365 * 86_400);
    block_on(world.store.purge(later, 1_000_000)).unwrap();
    let left: Vec<String> = (world.store.dump().iter())
        .filter(|entry| !["audit", "audit_repeats", "throttle"].contains(&entry.key.kind.as_str()))
        .map(|entry| entry.key.kind.as_str().to_owned())
        .collect();
    assert_eq!(left, ["agent_person"]);
}

/// A person has so many hosts; the place of one that ended is free.
#[test]
fn a_person_has_a_limit_of_living_hosts() {
    let world = World::with(AgentPolicy { hosts_per_person: 2, ..AgentPolicy::default() });
    let agents: Vec<AgentActor> = (0..3).map(|_| world.register(&HostActor::new(), json!(["ping"]))).collect();
    world.approve(&agents[0], "alice");
    world.approve(&agents[1], "alice");
    let approve = |agent: &AgentActor| {
        let shown = world.view(agent, "alice").shown;
        let yes = ApprovalAnswer::Approve { capabilities: vec!["ping".to_owned()], at_most: None };
        block_on(world.provider.decide_approval(agent.code.as_deref().unwrap(), &world.signed_in("alice"), yes, &shown))
    };
    assert_eq!(approve(&agents[2]), Err(ApprovalRefusal::TooManyHosts.into()));
    assert_eq!(ApprovalRefusal::TooManyHosts.status(), 409);
    world.execute(&agents[2], "ping", json!({})).refused(403, "host_pending");
    let first = world.hosts_of(&subject("alice")).pop().unwrap().host_id;
    block_on(world.provider.revoke_host(&subject("alice"), &first)).unwrap();
    approve(&agents[2]).unwrap();
    world.execute(&agents[2], "ping", json!({})).ok();
    world.execute(&agents[1], "ping", json!({})).ok();
    assert_eq!(world.hosts_of(&subject("alice")).len(), 2);
}

/// How often one host may register is bounded, whatever it does with its agents.
#[test]
fn a_host_has_a_limit_of_registrations() {
    let registrations = Some(Limit::new(3, Duration::from_secs(3_600)));
    let world = World::with(AgentPolicy { registrations, ..AgentPolicy::default() });
    let host = HostActor::new();
    let body = json!({ "name": "x", "capabilities": ["ping"] });
    let key = new_key();
    for key in [&new_key(), &new_key(), &key] {
        world.register_with(&host, key, &body).ok();
    }
    world.register_with(&host, &new_key(), &body).refused(429, "rate_limited");
    world.register_with(&host, &key, &body).ok();
    world.register_with(&HostActor::new(), &new_key(), &body).ok();
    world.advance(3_600);
    world.register_with(&host, &new_key(), &body).ok();
}

/// A session from before the account was disabled approves nothing.
#[test]
fn a_session_of_an_earlier_generation_approves_nothing() {
    let world = World::new();
    let agent = world.register(&HostActor::new(), json!(["ping"]));
    let old = world.signed_in("alice");
    let code = agent.code.as_deref().unwrap();
    let shown = block_on(world.provider.approval(code, &old)).unwrap().shown;
    world.people.disable_for_a_moment("alice");
    let yes = ApprovalAnswer::Approve { capabilities: vec!["ping".to_owned()], at_most: None };
    let decide = |who: &Authentication| block_on(world.provider.decide_approval(code, who, yes.clone(), &shown));
    assert_eq!(decide(&old), Err(ApprovalRefusal::AccountUnusable.into()));
    world.people.set("alice", Some(countersign_storage::AccountState::Disabled));
    assert_eq!(decide(&world.signed_in("alice")), Err(ApprovalRefusal::AccountUnusable.into()));
    assert_eq!(world.hosts_of(&subject("alice")), []);
}
