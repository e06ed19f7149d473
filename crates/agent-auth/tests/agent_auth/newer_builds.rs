//! While an update is under way a newer version writes records that this one must not use. It does not use them; and it
//! takes them back all the same.

use std::sync::Arc;

use countersign_agent_auth::{AgentStatus, ApprovalAnswer, HostStatus, Revocation};
use countersign_storage::{
    Accounts, EmailAddress, NewAccount, Page, Ports, SeededRandom, StoredAccounts, TracingAudit,
};
use pollster::block_on;
use serde_json::{Value, json};

use crate::world::{AgentActor, HostActor, World, new_key, subject};

/// What a newer version may write: a record that says so, or a value that this one does not know. The rest of it then means
/// whatever it likes, but for who it is and whose.
const NEWER: [fn(&mut Value); 3] = [
    |record| record["least_shape"] = json!(1_000),
    |record| {
        for value in ["status", "standing", "mode"] {
            if record[value].is_string() {
                record[value] = json!("of_tomorrow");
            }
        }
        record["least_shape"] = json!(2);
    },
    |record| {
        let keep = ["id", "host_id", "subject", "hosts", "agents", "at", "because", "expires_at"];
        record.as_object_mut().unwrap().retain(|member, _| keep.contains(&member.as_str()));
        record["least_shape"] = json!(2);
        record["name"] = json!({ "of": "tomorrow" });
        record["purged_after"] = json!("tomorrow");
    },
];

struct Written {
    world: World,
    host: HostActor,
    agent: AgentActor,
    host_id: String,
}

/// An agent of Alice's, and a newer version that writes all records of a kind.
fn written_by_a_newer_version(kind: &'static str, edit: fn(&mut Value)) -> Written {
    let world = World::new();
    let host = HostActor::new();
    let agent = world.approved(&host, json!(["ping"]), "alice");
    world.execute(&agent, "ping", json!({})).ok();
    let host_id = world.status(&host, &agent).body["host_id"].as_str().unwrap().to_owned();
    world.rewrite(kind, edit);
    Written { world, host, agent, host_id }
}

/// Each kind that a withdrawal reads, in each way.
fn all(kinds: &[&'static str]) -> impl Iterator<Item = (Written, String)> {
    let rows: Vec<_> = kinds.iter().flat_map(|kind| NEWER.iter().enumerate().map(move |row| (*kind, row))).collect();
    rows.into_iter().map(|(kind, (way, edit))| (written_by_a_newer_version(kind, *edit), format!("{kind} {way}")))
}

const WITHDRAWN: &[&str] = &["agent", "agent_host", "agent_person"];

impl Written {
    /// Nothing executes: before the withdrawal because this version cannot judge, after it for good.
    #[track_caller]
    fn executes_nothing(&self, status: u16, what: &str) {
        let before = self.world.executor.count();
        let reply = self.world.execute(&self.agent, "ping", json!({}));
        assert_eq!((reply.status.as_u16(), self.world.executor.count()), (status, before), "{what}: {}", reply.body);
    }

    /// The newer version withdraws nothing of its own accord, and what it wrote is what it was before.
    fn read_by_the_version_that_wrote_it(&self, kind: &'static str, before: &[(String, String)]) {
        let bodies = self.world.store.dump().into_iter().filter(|entry| entry.key.kind.as_str() == kind);
        for entry in bodies {
            let found = before.iter().find(|(id, _)| *id == entry.key.id);
            assert_eq!(found.map(|(_, body)| body.as_str()), Some(&*entry.body));
        }
    }

    fn bodies(&self, kind: &'static str) -> Vec<(String, String)> {
        let all = self.world.store.dump().into_iter().filter(|entry| entry.key.kind.as_str() == kind);
        all.map(|entry| (entry.key.id, entry.body.to_string())).collect()
    }
}

#[test]
fn a_person_revokes_an_agent_that_a_newer_version_wrote() {
    for (written, what) in all(WITHDRAWN) {
        let Written { world, agent, .. } = &written;
        let before = written.bodies("agent");
        assert_eq!(
            block_on(world.provider.revoke_agent(&subject("bob"), &agent.id)),
            Ok(Revocation::NotFound),
            "{what}"
        );
        for agents in [1, 0] {
            let revoked = block_on(world.provider.revoke_agent(&subject("alice"), &agent.id));
            assert_eq!(revoked, Ok(Revocation::Revoked { agents }), "{what}");
        }
        assert_eq!(world.audit("agent.revoke").len(), 1, "{what}");
        written.read_by_the_version_that_wrote_it("agent", &before);
        assert_eq!(world.store.dump().iter().filter(|entry| entry.key.kind.as_str() == "agent_withdrawal").count(), 1);
    }
}

#[test]
fn a_person_revokes_a_host_that_a_newer_version_wrote() {
    for (written, what) in all(WITHDRAWN) {
        let Written { world, host_id, .. } = &written;
        assert_eq!(block_on(world.provider.revoke_host(&subject("bob"), host_id)), Ok(Revocation::NotFound), "{what}");
        for agents in [1, 0] {
            let revoked = block_on(world.provider.revoke_host(&subject("alice"), host_id));
            assert_eq!(revoked, Ok(Revocation::Revoked { agents }), "{what}");
        }
        assert_eq!(world.audit("host.revoke").len(), 1, "{what}");
    }
}

#[test]
fn all_of_a_person_ends_whatever_version_wrote_it() {
    for (written, what) in all(WITHDRAWN) {
        let Written { world, .. } = &written;
        let before = written.bodies("agent_person");
        let revoked = block_on(world.provider.revoke_person(&subject("alice")));
        assert_eq!(revoked, Ok(Revocation::Revoked { agents: 1 }), "{what}");
        let after = written.bodies("agent_person");
        let parsed = |bodies: &[(String, String)]| -> Vec<Value> {
            bodies.iter().map(|(_, body)| serde_json::from_str(body).unwrap()).collect()
        };
        assert_eq!(parsed(&after), parsed(&before), "{what}: what is not known here stays");
    }
}

#[test]
fn a_host_revokes_an_agent_and_itself_though_a_newer_version_wrote_the_agent() {
    for (written, what) in all(&["agent"]) {
        let Written { world, host, agent, .. } = &written;
        let body = json!({ "agent_id": agent.id });
        let reply = world.post("/api/auth/agent/revoke", Some(&world.host_jwt(host)), &body);
        assert_eq!(reply.status, 200, "{what}: {}", reply.body);
        let reply = world.post("/api/auth/host/revoke", Some(&world.host_jwt(host)), &json!({}));
        assert_eq!((reply.status.as_u16(), &reply.body["agents_revoked"]), (200, &json!(0)), "{what}: {}", reply.body);
    }
    for (written, what) in all(&["agent"]) {
        let Written { world, host, .. } = &written;
        let reply = world.post("/api/auth/host/revoke", Some(&world.host_jwt(host)), &json!({}));
        assert_eq!((reply.status.as_u16(), &reply.body["agents_revoked"]), (200, &json!(1)), "{what}: {}", reply.body);
    }
}

/// The withdrawal of a host that this version cannot read counts for the agents that it can.
#[test]
fn what_was_withdrawn_stays_refused() {
    for (written, what) in all(&["agent", "agent_host"]) {
        let Written { world, agent, host_id, .. } = &written;
        written.executes_nothing(503, &what);
        block_on(world.provider.revoke_agent(&subject("alice"), &agent.id)).unwrap();
        written.executes_nothing(503, &what);
        block_on(world.provider.revoke_host(&subject("alice"), host_id)).unwrap();
        written.executes_nothing(503, &what);
    }
    // A newer version withdrew it, and says more about it than this one knows.
    let world = World::new();
    let agent = world.payer(json!(["ping"]));
    block_on(world.provider.revoke_agent(&subject("alice"), &agent.id)).unwrap();
    for edit in NEWER {
        world.rewrite("agent_withdrawal", edit);
        world.execute(&agent, "ping", json!({})).refused(403, "agent_revoked");
        assert_eq!(
            block_on(world.provider.hosts(&subject("alice"), Page::first(10))).map(|(hosts, _)| hosts.len()),
            Ok(1)
        );
    }
}

#[test]
fn the_hosts_of_an_account_that_a_newer_version_wrote_are_shown_and_ended() {
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
    world.approved(&HostActor::new(), json!(["ping"]), "alice");
    world.rewrite("account", |account| account["least_shape"] = json!(2));
    let hosts = || block_on(world.provider.hosts(&subject("alice"), Page::first(10))).unwrap().0;
    let host_id = hosts()[0].host_id.clone();
    let (agents, _) = block_on(world.provider.agents(&subject("alice"), &host_id, Page::first(10))).unwrap();
    assert_eq!((hosts().len(), agents.len()), (1, 1));
    let ended = block_on(world.provider.revoke_host(&subject("alice"), &host_id));
    assert_eq!(ended, Ok(Revocation::Revoked { agents: 1 }));
    assert_eq!(hosts()[0].status, Some(HostStatus::Revoked));
}

/// An agent that this version must not use is not approved, given more, woken, or given another key.
#[test]
fn what_a_newer_version_wrote_is_used_for_nothing() {
    for (written, what) in all(&["agent", "agent_host"]) {
        let Written { world, host, agent, .. } = &written;
        let post = |path: &str, token: &str, body: Value| world.post(&format!("/api/auth/{path}"), Some(token), &body);
        let key = new_key();
        let replies = [
            world.status(host, agent),
            post("agent/reactivate", &world.host_jwt(host), json!({ "agent_id": agent.id })),
            post(
                "agent/rotate-key",
                &world.host_jwt(host),
                json!({ "agent_id": agent.id, "public_key": key.public_jwk() }),
            ),
            post("agent/request-capability", &world.agent_jwt(agent), json!({ "capabilities": ["check_balance"] })),
            post(
                "capability/batch-execute",
                &world.agent_jwt(agent),
                json!({ "requests": [{ "capability": "ping" }] }),
            ),
            world.introspect(&world.agent_jwt(agent)),
        ];
        for (number, reply) in replies.iter().enumerate() {
            assert_eq!(reply.status, 503, "{what} {number}: {}", reply.body);
        }
    }
    for edit in NEWER {
        let world = World::new();
        let agent = world.register(&HostActor::new(), json!(["ping"]));
        let (code, alice) = (agent.code.clone().unwrap(), world.signed_in("alice"));
        let shown = world.view(&agent, "alice").shown;
        world.rewrite("agent", edit);
        let yes = ApprovalAnswer::Approve { capabilities: vec!["ping".to_owned()], at_most: None };
        assert!(block_on(world.provider.approval(&code, &alice)).is_err());
        assert!(block_on(world.provider.decide_approval(&code, &alice, yes, &shown)).is_err());
    }
}

#[test]
fn the_dashboard_shows_what_a_newer_version_wrote() {
    for (written, what) in all(WITHDRAWN) {
        let Written { world, agent, host_id, .. } = &written;
        let alice = subject("alice");
        let (hosts, _) = block_on(world.provider.hosts(&alice, Page::first(10))).unwrap();
        let (agents, _) = block_on(world.provider.agents(&alice, host_id, Page::first(10))).unwrap();
        assert_eq!((hosts.len(), hosts[0].agents.len(), hosts[0].living()), (1, 1, 1), "{what}");
        assert_eq!((&hosts[0].host_id, &hosts[0].agents[0].agent_id), (host_id, &agent.id), "{what}");
        assert_eq!(agents, hosts[0].agents, "{what}");
        let readable = what.starts_with("agent_person");
        assert_eq!(agents[0].status, readable.then_some(AgentStatus::Active), "{what}");
        assert_eq!(hosts[0].status, (!what.starts_with("agent_host")).then_some(HostStatus::Active), "{what}");
        assert_eq!(agents[0].grants.is_empty(), !readable, "{what}: what only a newer version can tell is not told");
        assert_eq!(block_on(world.provider.revoke_agent(&alice, &agent.id)), Ok(Revocation::Revoked { agents: 1 }));
        let (hosts, _) = block_on(world.provider.hosts(&alice, Page::first(10))).unwrap();
        assert_eq!((hosts[0].agents[0].status, hosts[0].living()), (Some(AgentStatus::Revoked), 0), "{what}");
        block_on(world.provider.revoke_host(&alice, host_id)).unwrap();
        let (hosts, _) = block_on(world.provider.hosts(&alice, Page::first(10))).unwrap();
        assert_eq!(hosts[0].status, Some(HostStatus::Revoked), "{what}");
        assert!(!block_on(world.provider.agent_activity(&alice, &agent.id, Page::first(10))).unwrap().0.is_empty());
        assert_eq!(block_on(world.provider.agent_activity(&subject("bob"), &agent.id, Page::first(10))).unwrap().0, []);
    }
}

/// What happened is told as far as this version can read it.
#[test]
fn a_newer_record_does_not_hide_the_rest_of_what_happened() {
    let world = World::new();
    let agent = world.payer(json!(["ping"]));
    let alice = subject("alice");
    let actions = || {
        let (records, _) = block_on(world.provider.activity(&alice, Page::first(100))).unwrap();
        records.into_iter().map(|record| record.action).collect::<Vec<_>>()
    };
    let before = actions();
    world.rewrite("audit", |record| {
        if record["action"] == "agent.approve" {
            record["actor"]["type"] = json!("of_tomorrow");
        }
    });
    let after: Vec<_> = before.iter().filter(|action| *action != "agent.approve").cloned().collect();
    assert_eq!((actions(), before.len()), (after.clone(), after.len() + 1));
    assert!(block_on(world.provider.agent_activity(&alice, &agent.id, Page::first(100))).is_ok());
}
