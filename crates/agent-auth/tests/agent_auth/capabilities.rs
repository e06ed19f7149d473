//! §5.2 list and §5.2.1 describe.

use countersign_storage::AccountState;
use serde_json::{Value, json};

use crate::world::{AgentActor, HostActor, ISSUER, World, new_key, sign};

fn names(body: &Value) -> Vec<&str> {
    body["capabilities"].as_array().unwrap().iter().map(|capability| capability["name"].as_str().unwrap()).collect()
}

/// §5.2: a stranger, a host and an agent look at the list.
#[test]
fn a_list_is_light_and_shows_what_the_viewer_may_see() {
    let world = World::new();
    let host = HostActor::new();
    let public = ["ping", "check_balance", "transfer_money", "capped_transfer", "short_lived"];
    let anybody = world.get("/api/auth/capability/list", None);
    assert_eq!(names(anybody.ok()), public);
    assert_eq!(anybody.headers["cache-control"], "public, max-age=300");
    assert_eq!(anybody.headers["vary"], "Authorization");
    assert_eq!(anybody.body["capabilities"][0], json!({ "name": "ping", "description": "Answer pong" }));
    assert_eq!(anybody.body["has_more"], json!(false));
    assert_eq!(anybody.body.get("next_cursor"), None);

    let agent = world.approved(&host, json!(["ping"]), "alice");
    let linked = world.get("/api/auth/capability/list", Some(&world.host_jwt(&host)));
    assert!(names(linked.ok()).contains(&"private_notes"));
    assert_eq!(linked.headers["cache-control"], "private, max-age=300");
    assert_eq!(linked.body["capabilities"][0].get("grant_status"), None);

    let token = sign(&agent.key, "agent+jwt", &world.agent_claims(&agent, ISSUER));
    let own = world.get("/api/auth/capability/list", Some(&token));
    assert!(names(own.ok()).contains(&"private_notes"));
    assert_eq!(own.body["capabilities"][0]["grant_status"], json!("granted"));
    assert_eq!(own.body["capabilities"][1]["grant_status"], json!("not_granted"));
}

/// Credentials that open nothing are no error here, and good ones are still spent.
#[test]
fn credentials_that_prove_nothing_are_passed_over() {
    let world = World::new();
    let host = HostActor::new();
    let unknown = world.get("/api/auth/capability/list", Some(&world.host_jwt(&host)));
    assert!(!names(unknown.ok()).contains(&"private_notes"));
    for bearer in ["x", "a.b.c", ""] {
        assert!(!names(world.get("/api/auth/capability/list", Some(bearer)).ok()).contains(&"private_notes"));
    }
    let agent = world.approved(&host, json!(["ping"]), "alice");
    let token = world.host_jwt(&host);
    assert!(names(world.get("/api/auth/capability/list", Some(&token)).ok()).contains(&"private_notes"));
    assert!(!names(world.get("/api/auth/capability/list", Some(&token)).ok()).contains(&"private_notes"), "replayed");
    let stranger = sign(&new_key(), "agent+jwt", &world.agent_claims(&agent, ISSUER));
    assert!(!names(world.get("/api/auth/capability/list", Some(&stranger)).ok()).contains(&"private_notes"));
}

/// An agent that may not act is a stranger here, whatever keeps it from acting; its token is spent all the same.
#[test]
fn an_agent_that_may_not_act_sees_what_a_stranger_sees() {
    for (what, end) in [
        (
            "it was revoked",
            (|world, host, agent| {
                let revoke = json!({ "agent_id": agent.id });
                world.post("/api/auth/agent/revoke", Some(&world.host_jwt(host)), &revoke).ok();
            }) as fn(&World, &HostActor, &AgentActor),
        ),
        ("its host was revoked", |world, host, _| {
            world.post("/api/auth/host/revoke", Some(&world.host_jwt(host)), &json!({})).ok();
        }),
        ("its person is kept out", |world, _, _| world.people.set("alice", Some(AccountState::Disabled))),
        ("it expired", |world, _, _| world.advance(100 * 86_400)),
    ] {
        let world = World::new();
        let host = HostActor::new();
        let agent = world.approved(&host, json!(["ping"]), "alice");
        let look = |token: &str| world.get("/api/auth/capability/list", Some(token));
        let token = || sign(&agent.key, "agent+jwt", &world.agent_claims(&agent, ISSUER));
        assert!(names(look(&token()).ok()).contains(&"private_notes"), "the control");
        end(&world, &host, &agent);
        let (token, before) = (token(), world.entries());
        let seen = look(&token);
        assert!(!names(seen.ok()).contains(&"private_notes"), "{what}");
        assert_eq!(seen.body["capabilities"][0].get("grant_status"), None, "{what}");
        assert_eq!(world.entries(), before + 1, "{what}: the token is marked as used");
    }
}

/// A host sees what is for linked hosts while it and its person are served.
#[test]
fn a_host_that_may_not_act_sees_what_a_stranger_sees() {
    for (what, end) in [
        (
            "it was revoked",
            (|world, host| {
                world.post("/api/auth/host/revoke", Some(&world.host_jwt(host)), &json!({})).ok();
            }) as fn(&World, &HostActor),
        ),
        ("its person is kept out", |world, _| world.people.set("alice", Some(AccountState::Disabled))),
        ("its person was kept out", |world, _| world.people.disable_for_a_moment("alice")),
        ("its person is gone", |world, _| world.people.set("alice", None)),
    ] {
        let world = World::new();
        let host = HostActor::new();
        world.approved(&host, json!(["ping"]), "alice");
        let look = || world.get("/api/auth/capability/list", Some(&world.host_jwt(&host)));
        assert!(names(look().ok()).contains(&"private_notes"), "the control");
        end(&world, &host);
        assert!(!names(look().ok()).contains(&"private_notes"), "{what}");
    }
}

/// §5.2: pages, and a search.
#[test]
fn a_list_comes_in_pages_and_can_be_searched() {
    let world = World::new();
    let first = world.get("/api/auth/capability/list?limit=2", None);
    assert_eq!(names(first.ok()), ["ping", "check_balance"]);
    assert_eq!(first.body["has_more"], json!(true));
    let cursor = first.body["next_cursor"].as_str().unwrap();
    let second = world.get(&format!("/api/auth/capability/list?limit=3&cursor={cursor}"), None);
    assert_eq!(names(second.ok()), ["transfer_money", "capped_transfer", "short_lived"]);
    assert_eq!(second.body["has_more"], json!(false));
    assert_eq!(
        names(world.get("/api/auth/capability/list?query=MONEY", None).ok()),
        ["transfer_money", "capped_transfer"]
    );
    for query in ["limit=0", "limit=101", "limit=x", "cursor=x", "limit=1&limit=2"] {
        world.get(&format!("/api/auth/capability/list?{query}"), None).refused(400, "invalid_request");
    }
}

/// §5.2.1: an unknown name and one that is hidden get one answer; the schema says what is enforced.
#[test]
fn describe_gives_the_schemas_and_404_for_what_is_not_there_to_see() {
    let world = World::new();
    let described = world.get("/api/auth/capability/describe?name=check_balance", None);
    assert_eq!(
        described.ok(),
        &json!({
            "name": "check_balance",
            "description": "Read the balance of an account",
            "input": {
                "type": "object", "required": ["account_id"], "additionalProperties": false,
                "properties": { "account_id": { "type": "string", "description": "Which account" } },
            },
            "output": { "type": "object", "properties": { "balance": { "type": "number" } } },
        })
    );
    assert_eq!(world.get("/api/auth/capability/describe?name=ping", None).ok().get("input"), None);
    world.get("/api/auth/capability/describe?name=nothing", None).refused(404, "capability_not_found");
    world.get("/api/auth/capability/describe?name=private_notes", None).refused(404, "capability_not_found");
    world.get("/api/auth/capability/describe", None).refused(400, "invalid_request");
}
