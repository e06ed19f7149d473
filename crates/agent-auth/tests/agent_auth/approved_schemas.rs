//! What a person was shown as a limit stays one, though a later release offers the capability with another input schema.

use std::sync::Arc;
use std::time::Duration;

use countersign_agent_auth::{AgentPolicy, Capability, IntrospectionCallers};
use countersign_storage::Limit;
use countersign_storage::record::Kind;
use serde_json::{Value, json};

use crate::world::{AgentActor, HostActor, ISSUER, World, autonomous, sign, subject};

const KIND: &str = "agent_approved_schema";

/// A node that offers `pay` with these members, on a store of its own or on that of another.
fn node(beside: Option<&World>, members: Value) -> World {
    let schema = json!({ "type": "object", "properties": members });
    offering(beside, Capability::new("pay", "Pay").input(schema))
}

fn offering(beside: Option<&World>, pay: Capability) -> World {
    let callers = IntrospectionCallers::Anyone(Limit::new(100, Duration::from_secs(60)));
    let policy = AgentPolicy { autonomous: autonomous(), ..AgentPolicy::default() };
    let mut offer = crate::world::capabilities();
    offer.push(pay);
    let first = World::new();
    let beside = beside.unwrap_or(&first);
    World::on(&Arc::clone(&beside.store), &Arc::clone(&beside.clock), policy, callers, offer)
}

fn kept(world: &World) -> Vec<Value> {
    let entries = world.store.dump();
    let kept = entries.iter().filter(|entry| entry.key.kind == Kind::new(KIND));
    kept.map(|entry| serde_json::from_str(&entry.body).unwrap()).collect()
}

/// The page says "at most 100", "one of", "no arguments at all"; a later release allows more, and this call with it.
#[test]
fn a_wider_schema_widens_no_grant() {
    let rows = [
        (
            json!({ "a": { "type": "number", "maximum": 100 } }),
            json!({ "a": { "type": "number" } }),
            json!(100),
            json!(1_000_000),
        ),
        (json!({ "a": { "enum": ["x"] } }), json!({ "a": { "enum": ["x", "y"] } }), json!("x"), json!("y")),
        (json!({ "a": { "type": "string", "maxLength": 3 } }), json!({ "a": {} }), json!("abc"), json!("abcd")),
        (
            json!({ "a": { "type": "string", "pattern": "^a+$" } }),
            json!({ "a": { "type": "string" } }),
            json!("aa"),
            json!("ab"),
        ),
        (
            json!({ "a": { "type": "object", "properties": { "b": {} } } }),
            json!({ "a": { "type": "object", "properties": { "b": {}, "c": {} } } }),
            json!({ "b": 1 }),
            json!({ "b": 1, "c": 1 }),
        ),
    ];
    for (before, after, within, beyond) in rows {
        let then = node(None, before);
        let agent = then.approved(&HostActor::new(), json!(["pay"]), "alice");
        let now = node(Some(&then), after.clone());
        now.execute(&agent, "pay", json!({ "a": within })).ok();
        let reply = now.execute(&agent, "pay", json!({ "a": beyond }));
        reply.refused(400, "invalid_request");
        assert!(reply.body["message"].as_str().unwrap().ends_with("when it was approved"), "{}", reply.body);
        assert_eq!(now.executor.count(), 1);
        // Who is asked today is shown, and allows, more.
        let other = now.approved(&HostActor::new(), json!(["pay"]), "alice");
        now.execute(&other, "pay", json!({ "a": beyond })).ok();
        // On a node of the release before, both schemas hold as well.
        then.execute(&other, "pay", json!({ "a": beyond })).refused(400, "invalid_request");
        then.execute(&other, "pay", json!({ "a": within })).ok();
    }
}

/// What a person sees of a grant is what they granted: not more after a wider schema, nor less after a narrower one.
#[test]
fn the_dashboard_shows_the_limits_that_a_grant_was_approved_under() {
    let limits = |world: &World| world.agents_of(&subject("alice"))[0].grants[0].limits.clone();
    let then = node(None, json!({ "a": { "type": "number", "maximum": 100 } }));
    then.approved(&HostActor::new(), json!(["pay"]), "alice");
    let granted = ["a: at most 100, no lower limit"];
    assert_eq!(limits(&then), granted);
    for later in [json!({ "a": { "type": "number" } }), json!({ "a": { "const": 1 }, "b": {} }), json!({})] {
        assert_eq!(limits(&node(Some(&then), later)), granted);
    }
    // One that this version must not use, then one that is gone: every call is refused, and that is what is shown.
    let now = node(Some(&then), json!({ "a": {} }));
    let unreadable = ["limited in a way that this server cannot read; every call is refused"];
    now.rewrite(KIND, |record| record["least_shape"] = json!(2));
    assert_eq!(limits(&now), unreadable);
    now.remove(KIND);
    assert_eq!(limits(&now), unreadable);
    assert_eq!(limits(&then), granted, "where it is today's");
}

/// A new member, also of a capability that had none.
#[test]
fn a_member_that_was_not_there_is_not_approved() {
    let then = offering(None, Capability::new("pay", "Pay"));
    let agent = then.approved(&HostActor::new(), json!(["pay"]), "alice");
    let now = node(Some(&then), json!({ "to": {} }));
    now.execute(&agent, "pay", json!({})).ok();
    now.execute(&agent, "pay", json!({ "to": "mallory" })).refused(400, "invalid_request");
}

/// Today's schema holds as ever.
#[test]
fn a_narrower_schema_narrows_every_grant() {
    let then = node(None, json!({ "a": { "type": "number", "maximum": 100 } }));
    let agent = then.approved(&HostActor::new(), json!(["pay"]), "alice");
    let now = node(Some(&then), json!({ "a": { "type": "number", "maximum": 50 } }));
    now.execute(&agent, "pay", json!({ "a": 50 })).ok();
    now.execute(&agent, "pay", json!({ "a": 51 })).refused(400, "invalid_request");
}

/// All grants under one schema share its record; words in it make no other.
#[test]
fn a_schema_is_kept_once_and_as_long_as_a_grant_under_it() {
    let then = node(None, json!({ "a": { "type": "number", "description": "How much" } }));
    then.approved(&HostActor::new(), json!(["pay"]), "alice");
    let first = kept(&then);
    assert_eq!(first.len(), 1);
    let now = node(Some(&then), json!({ "a": { "title": "Amount", "type": "number" } }));
    now.approved(&HostActor::new(), json!(["pay"]), "bob");
    assert_eq!(kept(&now), first);
    let days = 86_400;
    assert!(first[0]["expires_at"].as_i64().unwrap() >= now.now() + 90 * days);
    now.advance(100 * 86_400);
    now.approved(&HostActor::new(), json!(["pay"]), "carol");
    let later = kept(&now);
    assert_eq!(later.len(), 1);
    assert!(later[0]["expires_at"].as_i64().unwrap() >= now.now() + 90 * days);
}

/// Two capabilities of one schema: the grant that lasts longer has it kept, whichever comes first.
#[test]
fn a_schema_is_kept_as_long_as_the_longest_of_the_grants_under_it() {
    let pay = |name: &str| Capability::new(name, "Pay").input(json!({ "properties": { "a": { "type": "number" } } }));
    for order in [["long", "short"], ["short", "long"]] {
        let offered = vec![pay("long"), pay("short").granted_for(Duration::from_secs(100))];
        let (first, callers) = (World::new(), IntrospectionCallers::Anyone(Limit::new(100, Duration::from_secs(60))));
        let world = World::on(&first.store, &first.clock, AgentPolicy::default(), callers, offered);
        world.approved(&HostActor::new(), json!(order), "alice");
        let kept = kept(&world);
        assert_eq!(kept.len(), 1);
        // The longest life of an agent, and as long again.
        assert_eq!(kept[0]["expires_at"], json!(world.now() + 180 * 86_400), "{order:?}");
    }
}

/// A member that is called like a word about a schema is a member.
#[test]
fn members_that_are_called_like_annotations_decide() {
    let then = node(None, json!({ "title": { "type": "number", "maximum": 1 }, "default": { "const": 1 } }));
    let agent = then.approved(&HostActor::new(), json!(["pay"]), "alice");
    let now = node(Some(&then), json!({ "title": { "type": "number" }, "default": {} }));
    now.execute(&agent, "pay", json!({ "title": 2 })).refused(400, "invalid_request");
    now.execute(&agent, "pay", json!({ "default": 2 })).refused(400, "invalid_request");
    now.execute(&agent, "pay", json!({ "title": 1, "default": 1 })).ok();
}

/// Grants of a build that kept no schema, and grants of a policy, which nobody was shown: today's schema judges.
#[test]
fn a_grant_without_a_schema_is_judged_by_todays() {
    let then = node(None, json!({ "a": { "type": "number", "maximum": 100 } }));
    let agent = then.approved(&HostActor::new(), json!(["pay"]), "alice");
    then.rewrite("agent", |record| {
        record["grants"][0].as_object_mut().unwrap().remove("approved_schema").unwrap();
    });
    let now = node(Some(&then), json!({ "a": { "type": "number" } }));
    now.execute(&agent, "pay", json!({ "a": 1_000 })).ok();
}

/// A schema that is gone, that was changed, or that a newer build wrote with a keyword unknown here: nothing is allowed.
#[test]
fn a_grant_whose_schema_cannot_be_read_allows_nothing() {
    for schema in [json!("{\"properties\":{\"a\":{\"unheard\":1}}}"), json!("{\"properties\":{\"a\":{}}}"), json!("x")]
    {
        let then = node(None, json!({ "a": { "type": "number", "minimum": 3 } }));
        let agent = then.approved(&HostActor::new(), json!(["pay"]), "alice");
        then.rewrite(KIND, |record| record["schema"] = schema.clone());
        let now = node(Some(&then), json!({ "a": { "type": "number", "minimum": 4 } }));
        let seen_before = kept(&now).len();
        now.execute(&agent, "pay", json!({ "a": 5 })).refused(403, "capability_not_granted");
        assert_eq!(seen_before, 1);
        then.execute(&agent, "pay", json!({ "a": 5 })).ok();
    }
    let then = node(None, json!({ "a": { "type": "number", "minimum": 5 } }));
    let agent = then.approved(&HostActor::new(), json!(["pay"]), "alice");
    then.remove(KIND);
    let now = node(Some(&then), json!({ "a": {} }));
    now.execute(&agent, "pay", json!({ "a": 5 })).refused(403, "capability_not_granted");
    then.execute(&agent, "pay", json!({ "a": 5 })).ok();
}

/// What an agent holds under yesterday's schema does not keep it from asking for today's.
#[test]
fn an_agent_asks_again_when_the_schema_changed() {
    let then = node(None, json!({ "a": { "type": "number", "maximum": 100 } }));
    let host = HostActor::new();
    let agent = then.approved(&host, json!(["pay"]), "alice");
    let ask = |world: &World| {
        let token = sign(&agent.key, "agent+jwt", &world.agent_claims(&agent, ISSUER));
        world.post("/api/auth/agent/request-capability", Some(&token), &json!({ "capabilities": ["pay"] }))
    };
    ask(&then).refused(409, "already_granted");
    let now = node(Some(&then), json!({ "a": { "type": "number" } }));
    let reply = ask(&now);
    let code = reply.ok()["approval"]["user_code"].as_str().map(str::to_owned);
    let asking = AgentActor { id: agent.id.clone(), key: agent.key.clone(), code };
    now.execute(&agent, "pay", json!({ "a": 101 })).refused(400, "invalid_request");
    now.approve(&asking, "alice");
    now.execute(&agent, "pay", json!({ "a": 101 })).ok();
    ask(&now).refused(409, "already_granted");
}
