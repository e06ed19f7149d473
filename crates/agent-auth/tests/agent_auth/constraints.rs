//! §2.13 constraints: each operator fails closed, whatever value, type or spelling is tried on it.

use std::time::Duration;

use countersign_agent_auth::{AgentPolicy, AutonomousPolicy, Capability, Constraints, IntrospectionCallers, Violation};
use countersign_storage::Limit;
use serde_json::{Value, json};

use crate::world::{HostActor, ISSUER, World, new_key, sign};

fn set() -> Value {
    json!({
        "amount": { "min": 0, "max": 1000 },
        "currency": { "in": ["USD"] },
        "to": { "not_in": ["evil"] },
        "ref": "R1",
    })
}

fn arguments() -> Value {
    json!({ "amount": 1, "currency": "USD", "to": "good", "ref": "R1" })
}

/// As many fields as may be constrained, and one more; and none, which is no constraint.
#[test]
fn constraints_are_read_up_to_their_bound() {
    let of = |fields: usize| {
        let fields: serde_json::Map<String, Value> = (0..fields).map(|nth| (format!("f{nth}"), json!(1))).collect();
        Constraints::parse(&Value::Object(fields))
    };
    let all = of(Constraints::FIELDS).unwrap();
    assert_eq!((all.fields().count(), all.is_empty()), (Constraints::FIELDS, false));
    assert!(of(Constraints::FIELDS + 1).is_err());
    let none = of(0).unwrap();
    assert_eq!((none.is_empty(), none), (true, Constraints::none()));
}

/// One valid set of arguments, one field changed per row.
#[test]
fn each_operator_fails_closed() {
    const MISSING: &str = "<missing>";
    let rows: &[(&str, &[Value], &[Value])] = &[
        (
            "amount",
            &[json!(0), json!(1000), json!(0.5), json!(1000.0), json!(1e3), json!(-0.0)],
            &[
                json!(1001),
                json!(1000.01),
                json!(1_000.000_000_1),
                json!(-1),
                json!(-0.01),
                json!(1e21),
                json!("1"),
                json!("0"),
                json!(true),
                json!(null),
                json!([1]),
                json!({ "value": 1 }),
                json!(MISSING),
            ],
        ),
        (
            "currency",
            &[json!("USD")],
            &[
                json!("usd"),
                json!("US"),
                json!("USD,EUR"),
                json!("USD "),
                json!("\u{ff35}SD"),
                json!(["USD"]),
                json!({ "in": "USD" }),
                json!(null),
                json!(true),
                json!(0),
                json!(""),
                json!(MISSING),
            ],
        ),
        (
            "to",
            &[json!("good"), json!("EVIL"), json!("evil "), json!("")],
            &[
                json!("evil"),
                json!(null),
                json!(["evil"]),
                json!(["good"]),
                json!({ "to": "good" }),
                json!(5),
                json!(true),
                json!(MISSING),
            ],
        ),
        (
            "ref",
            &[json!("R1")],
            &[
                json!("R2"),
                json!("r1"),
                json!("R1 "),
                json!(["R1"]),
                json!({ "ref": "R1" }),
                json!(null),
                json!(1),
                json!(MISSING),
            ],
        ),
    ];
    let constraints = Constraints::parse(&set()).unwrap();
    for (field, allowed, refused) in rows {
        for (values, expected) in [(allowed, 0), (refused, 1)] {
            for value in *values {
                let mut arguments = arguments();
                if *value == json!(MISSING) {
                    arguments.as_object_mut().unwrap().remove(*field);
                } else {
                    arguments[*field] = value.clone();
                }
                let violations = constraints.violations(arguments.as_object().unwrap());
                assert_eq!(violations.len(), expected, "{field} = {value}");
                assert!(violations.iter().all(|violation| violation.field == *field));
            }
        }
    }
}

/// A call above its limit is told what helps the agent, and nothing of other grants.
#[test]
fn a_violation_names_field_limit_and_argument() {
    let world = World::new();
    let host = HostActor::new();
    let agent = world.approved(&host, json!([{ "name": "transfer_money", "constraints": set() }, "ping"]), "alice");
    world.execute(&agent, "transfer_money", arguments()).ok();
    let mut wrong = arguments();
    wrong["amount"] = json!(1001);
    wrong["to"] = json!(["evil"]);
    let reply = world.execute(&agent, "transfer_money", wrong);
    reply.refused(403, "constraint_violated");
    assert_eq!(
        reply.body["violations"],
        json!([
            { "field": "amount", "constraint": { "min": 0, "max": 1000 }, "actual": 1001 },
            { "field": "to", "constraint": { "not_in": ["evil"] }, "actual": null },
        ])
    );
    assert_eq!(world.executor.count(), 1);
}

/// Exact decimals: what a double would blur stays apart, what only looks different is the same.
#[test]
fn numbers_compare_as_exact_decimals() {
    let rows = [
        (json!({ "max": 0.3 }), json!(0.3), true),
        (json!({ "max": 0.3 }), json!(0.1 + 0.2), false),
        (json!({ "max": 9_007_199_254_740_992_i64 }), json!(9_007_199_254_740_993_i64), false),
        (json!({ "min": 9_007_199_254_740_993_i64 }), json!(9_007_199_254_740_992_i64), false),
        (json!({ "max": u64::MAX }), json!(u64::MAX), true),
        (json!({ "max": 18_446_744_073_709_551_614_u64 }), json!(u64::MAX), false),
        (json!({ "in": [1] }), json!(1.0), true),
        (json!(100), json!(1e2), true),
        (json!(9_007_199_254_740_993_i64), json!(9_007_199_254_740_992.0), false),
    ];
    for (constraint, argument, allowed) in rows {
        let constraints = Constraints::parse(&json!({ "x": constraint })).unwrap();
        let arguments = json!({ "x": argument });
        assert_eq!(
            constraints.violations(arguments.as_object().unwrap()).is_empty(),
            allowed,
            "{constraint} {argument}"
        );
    }
}

/// Through the door a number must survive being read.
#[test]
fn a_number_that_cannot_be_held_exactly_is_refused() {
    let world = World::new();
    let agent = world.payer(json!([{ "name": "transfer_money", "constraints": { "amount": { "max": 1000 } } }]));
    for amount in ["1000.0000000000000000001", "1e400", "123456789012345678901234567890"] {
        let body = format!(r#"{{"capability":"transfer_money","arguments":{{"amount":{amount}}}}}"#);
        let token = world.agent_jwt(&agent);
        let request =
            crate::world::request(http::Method::POST, "/api/auth/capability/execute", Some(&token), Some(body));
        let reply = world.send(request);
        assert!(matches!(reply.status.as_u16(), 400 | 403), "{amount}: {}", reply.body);
    }
    assert_eq!(world.executor.count(), 0);
}

/// A large negative amount passes a limit from above: a limit on one side is told as such to the person.
#[test]
fn an_open_end_is_allowed_and_said_aloud() {
    let world = World::new();
    let host = HostActor::new();
    let agent =
        world.register(&host, json!([{ "name": "transfer_money", "constraints": { "amount": { "max": 1000 } } }]));
    let view = world.view(&agent, "alice");
    assert_eq!(
        view.capabilities[0].limits,
        ["amount: at most 1000, no lower limit", "currency: any value", "ref: any value", "to: any value"]
    );
    world.approve(&agent, "alice");
    world.execute(&agent, "transfer_money", json!({ "amount": -1_000_000 })).ok();
}

#[test]
fn every_form_is_told_in_words() {
    let world = World::new();
    let agent = world.register(
        &HostActor::new(),
        json!([{ "name": "transfer_money", "constraints": set() }, "ping", "capped_transfer"]),
    );
    let view = world.view(&agent, "alice");
    let limits: Vec<_> = view.capabilities.iter().map(|requested| requested.limits.clone()).collect();
    assert_eq!(
        limits[0],
        ["amount: from 0 to 1000", "currency: only “USD”", "ref: only “R1”", "to: anything except “evil”"]
    );
    assert_eq!(limits[1], [""; 0]);
    assert_eq!(limits[2], ["amount: at most 50, no lower limit"]);
}

/// §2.13, combined: the capability's own limit holds whatever is asked, and the grant says so.
#[test]
fn a_grant_is_the_intersection_of_what_is_asked_and_what_is_offered() {
    let world = World::new();
    let host = HostActor::new();
    let rows = [
        (json!("capped_transfer"), json!({ "amount": { "max": 50 } })),
        (
            json!({ "name": "capped_transfer", "constraints": { "amount": { "max": 1000 } } }),
            json!({ "amount": { "max": 50 } }),
        ),
        (
            json!({ "name": "capped_transfer", "constraints": { "amount": { "max": 10, "min": 1 } } }),
            json!({ "amount": { "max": 10, "min": 1 } }),
        ),
        (json!({ "name": "capped_transfer", "constraints": { "amount": 20 } }), json!({ "amount": 20 })),
    ];
    for (asked, effective) in rows {
        let agent = world.approved(&host, json!([asked]), "alice");
        assert_eq!(world.status(&host, &agent).body["agent_capability_grants"][0]["constraints"], effective, "{asked}");
        world.execute(&agent, "capped_transfer", json!({ "amount": 51 })).refused(403, "constraint_violated");
        world.execute(&agent, "capped_transfer", json!({})).refused(403, "constraint_violated");
    }
}

/// What the server imposes later holds for grants that are older.
#[test]
fn a_limit_that_is_tightened_holds_for_grants_given_before() {
    let world = World::new();
    let agent = world.payer(json!(["capped_transfer"]));
    world.execute(&agent, "capped_transfer", json!({ "amount": 50 })).ok();
    let tighter = Capability::new("capped_transfer", "Move a little money")
        .input(json!({ "type": "object", "properties": { "amount": { "type": "number" } } }))
        .constrained(Constraints::parse(&json!({ "amount": { "max": 10 } })).unwrap());
    let callers = IntrospectionCallers::Anyone(Limit::new(1, Duration::from_secs(1)));
    let later = World::on(&world.store, &world.clock, AgentPolicy::default(), callers, vec![tighter]);
    later.execute(&agent, "capped_transfer", json!({ "amount": 50 })).refused(403, "constraint_violated");
    later.execute(&agent, "capped_transfer", json!({ "amount": 10 })).ok();
}

#[test]
fn a_violation_repeats_no_large_argument() {
    let constraints = Constraints::parse(&json!({ "x": "a" })).unwrap();
    let arguments = json!({ "x": "b".repeat(1_000) });
    let violations = constraints.violations(arguments.as_object().unwrap());
    assert_eq!(violations, [Violation { field: "x".to_owned(), constraint: json!("a"), actual: Value::Null }]);
}

/// A value that an agent proposes cannot end its own quotation and go on in the server's words.
#[test]
fn no_value_can_pass_for_the_words_around_it() {
    let world = World::new();
    let host = HostActor::new();
    let proposed = json!({ "to": { "in": ["x”; at most 5; one of “y", "plain"] } });
    let agent = world.register(&host, json!([{ "name": "transfer_money", "constraints": proposed }]));
    let view = world.view(&agent, "alice");
    let limit = view.capabilities[0].limits.iter().find(|limit| limit.starts_with("to: ")).unwrap();
    assert_eq!(limit, r"to: one of “x\u{201D}; at most 5; one of \u{201C}y”, “plain”");
}

/// A constraint that leaves nothing would look like a grant and refuse every call: it is refused when it is asked for.
#[test]
fn a_constraint_that_allows_nothing_is_refused_when_it_is_asked_for() {
    let world = World::with(AgentPolicy {
        unknown_hosts: Limit::new(1_000, Duration::from_secs(60)),
        autonomous: AutonomousPolicy::Granted(
            [("capped_transfer".to_owned(), Constraints::parse(&json!({ "amount": { "min": 10 } })).unwrap())].into(),
        ),
        ..AgentPolicy::default()
    });
    let host = HostActor::new();
    let agent = world.approved(&host, json!(["ping"]), "alice");
    for constraints in [
        json!({ "amount": { "min": 5, "max": 1 } }),
        json!({ "amount": { "in": [] } }),
        json!({ "amount": { "in": [1, 2], "not_in": [1.0, 2] } }),
        json!({ "amount": { "min": 51 } }),
        json!({ "amount": { "in": [51, 52] } }),
        json!({ "amount": 51 }),
        json!({ "amount": "1" }),
    ] {
        let asked = json!([{ "name": "capped_transfer", "constraints": constraints }]);
        let body = json!({ "name": "x", "capabilities": asked });
        let reply = world.register_with(&host, &new_key(), &body);
        reply.refused(400, "invalid_request");
        assert!(reply.body["message"].as_str().unwrap().starts_with("a constraint allows nothing: "), "{}", reply.body);
        let token = sign(&agent.key, "agent+jwt", &world.agent_claims(&agent, ISSUER));
        let body = json!({ "capabilities": asked });
        world.post("/api/auth/agent/request-capability", Some(&token), &body).refused(400, "invalid_request");
    }
    // Nothing is left of what the policy for autonomous agents and the agent itself say.
    let asked = json!([{ "name": "capped_transfer", "constraints": { "amount": { "max": 9 } } }]);
    let body = json!({ "name": "x", "mode": "autonomous", "capabilities": asked });
    world.register_with(&HostActor::new(), &new_key(), &body).refused(400, "invalid_request");
}
