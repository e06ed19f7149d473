//! §2.11, §5.7, §8.5: what is taken back is taken back in one write, whoever else writes at the same time, and for good.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use countersign_agent_auth::{AgentPolicy, AgentStatus, IntrospectionCallers, Revocation};
use countersign_storage::record::Kind;
use countersign_storage::{
    AccountState, Accounts, EmailAddress, Limit, ManualClock, NewAccount, Ports, SeededRandom, StoredAccounts,
    Timestamp, TracingAudit,
};
use pollster::block_on;
use serde_json::json;

use crate::world::{AgentActor, HostActor, ISSUER, START, World, autonomous, capabilities, new_key, sign, subject};

pub(crate) fn unlimited() -> AgentPolicy {
    AgentPolicy {
        autonomous: autonomous(),
        calls: None,
        registrations: None,
        agents_per_host: 1_000,
        ..AgentPolicy::default()
    }
}

fn again(world: &World) -> World {
    let callers = IntrospectionCallers::Anyone(Limit::new(10, Duration::from_secs(60)));
    World::on(&world.store, &world.clock, unlimited(), callers, capabilities())
}

fn host_id(world: &World, host: &HostActor, agent: &AgentActor) -> String {
    world.status(host, agent).body["host_id"].as_str().unwrap().to_owned()
}

/// Somebody else is faster each time: the agent asks for more, its host registers another agent.
#[test]
fn a_withdrawal_wins_at_its_first_attempt_against_any_use_of_what_is_withdrawn() {
    type Withdraw = fn(&World, &HostActor, &AgentActor, &str);
    let withdrawals: &[(&str, Withdraw)] = &[
        ("the person revokes the agent", |world, _, agent, _| {
            let revoked = block_on(world.provider.revoke_agent(&subject("alice"), &agent.id));
            assert_eq!(revoked, Ok(Revocation::Revoked { agents: 1 }));
        }),
        ("the person revokes the host", |world, _, _, host_id| {
            let revoked = block_on(world.provider.revoke_host(&subject("alice"), host_id));
            assert!(matches!(revoked, Ok(Revocation::Revoked { .. })), "{revoked:?}");
        }),
        ("all of the person", |world, _, _, _| {
            let revoked = block_on(world.provider.revoke_person(&subject("alice")));
            assert!(matches!(revoked, Ok(Revocation::Revoked { .. })), "{revoked:?}");
        }),
        ("the host revokes the agent", |world, host, agent, _| {
            let body = json!({ "agent_id": agent.id });
            world.post("/api/auth/agent/revoke", Some(&world.host_jwt(host)), &body).ok();
        }),
        ("the host revokes itself", |world, host, _, _| {
            world.post("/api/auth/host/revoke", Some(&world.host_jwt(host)), &json!({})).ok();
        }),
    ];
    for (what, withdraw) in withdrawals {
        let world = World::with(unlimited());
        let host = Arc::new(HostActor::new());
        let agent = Arc::new(world.approved(&host, json!(["ping"]), "alice"));
        let (rival, rival_host, rival_agent) = (again(&world), Arc::clone(&host), Arc::clone(&agent));
        let host_id = host_id(&world, &host, &agent);
        let lost = |world: &World| world.store.conflicts.load(Ordering::SeqCst);
        let before = lost(&world);
        world.store.set_rival(Some(Arc::new(move || {
            let token = sign(&rival_agent.key, "agent+jwt", &rival.agent_claims(&rival_agent, ISSUER));
            let asked = json!({ "capabilities": ["check_balance"] });
            rival.post("/api/auth/agent/request-capability", Some(&token), &asked);
            rival.register_with(&rival_host, &new_key(), &json!({ "name": "x", "capabilities": ["ping"] }));
        })));
        withdraw(&world, &host, &agent, &host_id);
        world.store.set_rival(None);
        assert_eq!(lost(&world), before, "{what}");
        assert_eq!(world.execute(&agent, "ping", json!({})).status, 403, "{what}");
    }
}

#[test]
fn a_registration_reads_no_more_agents_than_a_host_may_have() {
    let policy = AgentPolicy { agents_per_host: 5, ..unlimited() };
    let world = World::with(policy);
    let host = HostActor::new();
    for _ in 0..60 {
        let agent = world.register(&host, json!(["ping"]));
        let body = json!({ "agent_id": agent.id });
        world.post("/api/auth/agent/revoke", Some(&world.host_jwt(&host)), &body).ok();
    }
    let read = || world.store.read.load(Ordering::SeqCst);
    let before = read();
    world.register(&host, json!(["ping"]));
    assert!(read() - before <= 20, "{} records were read", read() - before);
}

/// Nothing lists what it only counts: 8,000 agents that a host had before cost a registration and its approval nothing.
#[test]
fn a_registration_and_its_approval_read_as_much_beside_8000_agents_as_beside_none() {
    let read = |others: usize| {
        let world = World::with(unlimited());
        let host = HostActor::new();
        world.approved(&host, json!(["ping"]), "alice");
        if others > 0 {
            world.multiply_agent(others);
        }
        let count = |what: &dyn Fn()| {
            let now = || (world.store.read.load(Ordering::SeqCst), world.store.reads.load(Ordering::SeqCst));
            let before = now();
            what();
            (now().0 - before.0, now().1 - before.1)
        };
        let registered = std::cell::OnceCell::new();
        let registration = count(&|| drop(registered.set(world.register(&host, json!(["ping"])))));
        let approval = count(&|| world.approve(registered.get().unwrap(), "alice"));
        [registration, approval]
    };
    let beside_none = read(0);
    assert_eq!(read(8_000), beside_none);
    let [(records, trips), (approval_records, approval_trips)] = beside_none;
    assert!(records <= 6 && trips <= 6, "a registration read {records} records in {trips} round trips");
    assert!(
        approval_records <= 24 && approval_trips <= 24,
        "{approval_records} records in {approval_trips} round trips"
    );
}

#[test]
fn a_slot_is_free_again_when_its_agent_has_ended() {
    let world = World::with(AgentPolicy { agents_per_host: 3, ..unlimited() });
    let host = HostActor::new();
    let agents: Vec<AgentActor> = (0..3).map(|_| world.register(&host, json!(["ping"]))).collect();
    let body = json!({ "name": "one more", "capabilities": ["ping"] });
    world.register_with(&host, &new_key(), &body).refused(400, "agent_limit_reached");
    let revoke = json!({ "agent_id": agents[1].id });
    world.post("/api/auth/agent/revoke", Some(&world.host_jwt(&host)), &revoke).ok();
    world.register_with(&host, &new_key(), &body).ok();
    world.register_with(&host, &new_key(), &body).refused(400, "agent_limit_reached");
}

/// §2.6: an account that is let in again finds none of its agents alive, nor a host that could make new ones.
#[test]
fn an_account_that_was_disabled_finds_no_agent_and_no_host_alive() {
    let world = World::new();
    let host = HostActor::new();
    let agent = world.approved(&host, json!(["ping"]), "alice");
    let of_bob = world.approved(&HostActor::new(), json!(["ping"]), "bob");
    world.people.disable_for_a_moment("alice");
    world.execute(&agent, "ping", json!({})).refused(403, "host_revoked");
    assert_eq!(world.introspect(&world.agent_jwt(&agent)).ok(), &json!({ "active": false }));
    world.status(&host, &agent).refused(403, "host_revoked");
    let body = json!({ "name": "x", "capabilities": ["ping"] });
    world.register_with(&host, &new_key(), &body).refused(403, "host_revoked");
    world.execute(&of_bob, "ping", json!({})).ok();
    let fresh = world.payer(json!(["ping"]));
    world.execute(&fresh, "ping", json!({})).ok();
}

/// §2.10: who becomes the host's person takes over what is alive, and not what had ended before.
#[test]
fn an_agent_that_had_ended_is_not_claimed_with_its_host() {
    let world = World::new();
    let host = HostActor::new();
    let watchers = [0, 1].map(|_| world.register_autonomous(&host, json!(["ping"])));
    let revoke = json!({ "agent_id": watchers[0].id });
    world.post("/api/auth/agent/revoke", Some(&world.host_jwt(&host)), &revoke).ok();
    world.approved(&host, json!(["ping"]), "alice");
    for (watcher, status, person) in [(&watchers[0], "revoked", json!(null)), (&watchers[1], "claimed", json!("alice"))]
    {
        let body = world.status(&host, watcher).body;
        assert_eq!((&body["status"], &body["user_id"]), (&json!(status), &person), "{body}");
    }
}

/// An agent that was approved in another generation of the account than its host is of before the account was disabled, or
/// of a host that had its id before.
#[test]
fn an_agent_of_another_generation_of_the_account_than_its_host_is_over() {
    let world = World::new();
    let host = HostActor::new();
    let agent = world.approved(&host, json!(["ping"]), "alice");
    world.execute(&agent, "ping", json!({})).ok();
    world.rewrite("agent", |agent| agent["account_generation"] = json!(1));
    world.execute(&agent, "ping", json!({})).refused(403, "agent_revoked");
    assert_eq!(world.introspect(&world.agent_jwt(&agent)).ok(), &json!({ "active": false }));
    let body = world.status(&host, &agent).body;
    assert_eq!(
        (&body["status"], &body["agent_capability_grants"][0]["status"]),
        (&json!("revoked"), &json!("revoked"))
    );
}

/// §2.10: a host becomes somebody's in one write of the host; what its autonomous agents are follows from it.
#[test]
fn linking_a_host_writes_none_of_the_agents_that_it_claims() {
    let world = World::new();
    let host = HostActor::new();
    let watchers: Vec<AgentActor> = (0..20).map(|_| world.register_autonomous(&host, json!(["ping"]))).collect();
    let agent = world.register(&host, json!(["ping"]));
    assert_eq!(world.view(&agent, "alice").claims.len(), 20);
    world.store.changed.lock().unwrap().clear();
    world.approve(&agent, "alice");
    let written = |kind| world.store.changed.lock().unwrap().iter().filter(|key| key.kind == Kind::new(kind)).count();
    assert_eq!((written("agent"), written("agent_host")), (1, 1));
    for watcher in &watchers {
        world.execute(watcher, "ping", json!({})).refused(403, "agent_claimed");
    }
    let body = world.status(&host, &watchers[0]).body;
    assert_eq!((&body["status"], &body["user_id"]), (&json!("claimed"), &json!("alice")));
    assert_eq!(body["agent_capability_grants"][0]["status"], json!("revoked"));
}

/// What is over leaves the store, and nothing that was taken back comes back with it.
#[test]
fn what_was_revoked_is_forgotten_only_together_with_its_withdrawal() {
    let world = World::new();
    let (host, idle) = (HostActor::new(), HostActor::new());
    let agent = world.approved(&host, json!(["ping"]), "alice");
    world.register_autonomous(&idle, json!(["ping"]));
    let alice = subject("alice");
    block_on(world.provider.revoke_agent(&alice, &agent.id)).unwrap();
    block_on(world.provider.revoke_host(&alice, &host_id(&world, &host, &agent))).unwrap();
    let left = |kind: &str| world.store.dump().iter().filter(|entry| entry.key.kind.as_str() == kind).count();
    for days in [30, 100, 400, 470, 1_000] {
        let at = Timestamp(world.now()) + Duration::from_secs(days * 86_400);
        block_on(countersign_storage::Store::purge(world.store.as_ref(), at, 10_000)).unwrap();
        assert!(left("agent") == 0 || left("agent_withdrawal") >= 1, "after {days} days");
        assert!(left("agent_host") < 2 || left("agent_withdrawal") >= 1, "after {days} days");
    }
    assert_eq!((left("agent"), left("agent_host"), left("agent_withdrawal")), (0, 0, 0));
}

/// The account is in the store, and is disabled after a call was judged and before it is written down.
#[test]
fn an_account_that_is_disabled_in_the_middle_of_a_call_is_not_acted_for() {
    let world = World::with_stored_accounts();
    let accounts = StoredAccounts::new(Ports {
        store: world.store.clone(),
        clock: world.clock.clone(),
        random: Arc::new(SeededRandom::new(7)),
        audit: Arc::new(TracingAudit),
    });
    let email = EmailAddress::parse("alice@x.test").unwrap();
    let alice = NewAccount { subject: subject("alice"), email, name: "Alice".to_owned() };
    block_on(accounts.create(alice)).unwrap();
    let host = HostActor::new();
    let agent = world.approved(&host, json!(["ping"]), "alice");
    world.execute(&agent, "ping", json!({})).ok();
    let calls = world.executor.calls.lock().unwrap().len();

    world.store.set_rival(Some(Arc::new(move || {
        block_on(accounts.set_state(&subject("alice"), AccountState::Disabled)).unwrap();
    })));
    world.execute(&agent, "ping", json!({})).refused(403, "host_revoked");
    world.store.set_rival(None);
    assert_eq!(world.executor.calls.lock().unwrap().len(), calls);
}

/// A clock that was set ahead, or a policy that is changed later, makes something look ended that is not. Whoever wants it to
/// end is not put off by that: it stays ended when clock and policy are what they were.
#[test]
fn what_only_seems_to_have_ended_is_withdrawn_all_the_same() {
    type Withdraw = fn(&World, &HostActor, &AgentActor, &str);
    let withdrawals: &[(&str, Withdraw)] = &[
        ("the person revokes the agent", |world, _, agent, _| {
            let revoked = block_on(world.provider.revoke_agent(&subject("alice"), &agent.id));
            assert_eq!(revoked, Ok(Revocation::Revoked { agents: 0 }));
            let again = block_on(world.provider.revoke_agent(&subject("alice"), &agent.id));
            assert_eq!(again, Ok(Revocation::Revoked { agents: 0 }));
            assert_eq!(world.audit("agent.revoke").len(), 1, "told once");
        }),
        ("the person revokes the host", |world, _, _, host_id| {
            let revoked = block_on(world.provider.revoke_host(&subject("alice"), host_id));
            assert_eq!(revoked, Ok(Revocation::Revoked { agents: 0 }));
        }),
        ("all of the person", |world, _, _, _| {
            let revoked = block_on(world.provider.revoke_person(&subject("alice")));
            assert_eq!(revoked, Ok(Revocation::Revoked { agents: 0 }));
        }),
        ("the host revokes the agent", |world, host, agent, _| {
            let body = json!({ "agent_id": agent.id });
            world.post("/api/auth/agent/revoke", Some(&world.host_jwt(host)), &body).refused(403, "host_revoked");
        }),
        ("the host revokes itself", |world, host, _, _| {
            world.post("/api/auth/host/revoke", Some(&world.host_jwt(host)), &json!({})).refused(403, "host_revoked");
        }),
    ];
    for (what, withdraw) in withdrawals {
        let (store, clock) = (Arc::default(), Arc::new(ManualClock::at(Timestamp(START))));
        let callers = || IntrospectionCallers::Anyone(Limit::new(10, Duration::from_secs(60)));
        let short = AgentPolicy { host_lifetime: Duration::from_secs(86_400), ..unlimited() };
        let node = World::on(&store, &clock, short, callers(), capabilities());
        let later = again(&node);
        let host = HostActor::new();
        let agent = later.approved(&host, json!(["ping"]), "alice");
        let host_id = host_id(&later, &host, &agent);
        node.advance(2 * 86_400);
        node.status(&host, &agent).refused(403, "host_revoked");
        withdraw(&node, &host, &agent, &host_id);
        let status = later.status(&host, &agent);
        assert!(status.status == 403 || status.body["status"] == json!("revoked"), "{what}: {}", status.body);
        let views = later.agents_of(&subject("alice"));
        assert_eq!(views[0].status, Some(AgentStatus::Revoked), "{what}");
    }
}

/// The account is disabled for a while, by accounts that count no generations.
#[test]
fn a_host_that_ends_itself_while_its_person_is_kept_out_has_ended_when_they_are_back() {
    let world = World::new();
    let host = HostActor::new();
    let agent = world.approved(&host, json!(["ping"]), "alice");
    world.people.set("alice", Some(AccountState::Disabled));
    world.post("/api/auth/host/revoke", Some(&world.host_jwt(&host)), &json!({})).refused(403, "unauthorized");
    world.people.set("alice", Some(AccountState::Active));
    world.execute(&agent, "ping", json!({})).refused(403, "host_revoked");
}

/// Two nodes on one store: one under this policy, and one under which hosts and agents live long.
fn short_and_long(short: impl FnOnce(AgentPolicy) -> AgentPolicy) -> (World, World) {
    let (store, clock) = (Arc::default(), Arc::new(ManualClock::at(Timestamp(START))));
    let callers = || IntrospectionCallers::Anyone(Limit::new(10, Duration::from_secs(60)));
    let long = AgentPolicy {
        session_lifetime: Duration::from_secs(60 * 86_400),
        max_lifetime: Duration::from_secs(90 * 86_400),
        agents_per_host: 1,
        hosts_per_person: 1,
        ..unlimited()
    };
    let node = |policy| World::on(&store, &clock, policy, callers(), capabilities());
    (node(short(long.clone())), node(long))
}

/// A host that seems to have ended on one node is forgotten there to make room for another one.
#[test]
fn linking_one_more_host_ends_those_that_it_forgets() {
    let (short, long) = short_and_long(|long| AgentPolicy { host_lifetime: Duration::from_secs(86_400), ..long });
    let (old, new) = (HostActor::new(), HostActor::new());
    let agent = long.approved(&old, json!(["ping"]), "alice");
    short.advance(2 * 86_400);
    let other = short.approved(&new, json!(["ping"]), "alice");
    long.execute(&agent, "ping", json!({})).refused(403, "host_revoked");
    let body = json!({ "name": "x", "capabilities": ["ping"] });
    long.register_with(&old, &new_key(), &body).refused(403, "host_revoked");
    long.execute(&other, "ping", json!({})).ok();
    let shown: Vec<_> = long.agents_of(&subject("alice")).into_iter().map(|seen| seen.agent_id).collect();
    assert_eq!(shown, [other.id]);
}

/// An agent that seems to have ended on one node is forgotten there to make room for another one.
#[test]
fn a_registration_ends_the_agents_that_it_forgets() {
    let (short, long) =
        short_and_long(|long| AgentPolicy { absolute_lifetime: Some(Duration::from_secs(86_400)), ..long });
    let host = HostActor::new();
    let agent = long.approved(&host, json!(["ping"]), "alice");
    short.advance(2 * 86_400);
    let other = short.approved(&host, json!(["ping"]), "alice");
    long.execute(&agent, "ping", json!({})).refused(403, "agent_revoked");
    long.execute(&other, "ping", json!({})).ok();
    let shown: Vec<_> = long.agents_of(&subject("alice")).into_iter().map(|seen| seen.agent_id).collect();
    assert_eq!(shown, [other.id]);
}

/// As an older version may have left it: it forgot hosts that only seemed to have ended, and withdrew nothing.
#[test]
fn ending_all_of_a_person_reaches_hosts_that_their_list_has_forgotten() {
    let world = World::new();
    let agent = world.approved(&HostActor::new(), json!(["ping"]), "alice");
    let of_bob = world.approved(&HostActor::new(), json!(["ping"]), "bob");
    world.rewrite("agent_person", |person| person["hosts"] = json!([]));
    assert_eq!(block_on(world.provider.revoke_person(&subject("alice"))), Ok(Revocation::Revoked { agents: 1 }));
    world.execute(&agent, "ping", json!({})).refused(403, "host_revoked");
    world.execute(&of_bob, "ping", json!({})).ok();
}
