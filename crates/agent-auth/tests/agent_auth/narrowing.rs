//! Properties: evaluation only narrows, and what has ended never comes back, whatever happens in whatever order.

use std::collections::BTreeSet;
use std::time::Duration;

use countersign_agent_auth::{AgentPolicy, ApprovalAnswer, Constraints};
use countersign_storage::Limit;
use countersign_storage::record::Kind;
use pollster::block_on;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::world::{AgentActor, HostActor, ISSUER, World, autonomous, new_key, sign, subject};

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        (-3_i64..4).prop_map(|number| json!(number)),
        prop_oneof![Just(0.5), Just(1.0), Just(-0.5)].prop_map(|number| json!(number)),
        prop_oneof![Just("a"), Just("b"), Just("A"), Just("")].prop_map(|text| json!(text)),
        any::<bool>().prop_map(|value| json!(value)),
    ]
}

fn argument() -> impl Strategy<Value = Value> {
    prop_oneof![8 => scalar(), 1 => Just(Value::Null), 1 => scalar().prop_map(|value| json!([value])), 1 => Just(json!({}))]
}

fn constraint() -> impl Strategy<Value = Value> {
    let number = (-3_i64..4).prop_map(|number| json!(number));
    let list = prop::collection::vec(scalar(), 0..4).prop_map(Value::Array);
    let texts =
        prop::collection::vec(prop_oneof![Just("a"), Just("b"), Just("A")], 1..3).prop_map(|texts| json!(texts));
    let numbers = prop::collection::vec(-3_i64..4, 1..3).prop_map(|numbers| json!(numbers));
    let operators = (
        prop::option::of(number.clone()),
        prop::option::of(number),
        prop::option::of(list),
        prop::option::of(prop_oneof![texts, numbers]),
    );
    let operators = operators.prop_filter_map("at least one operator", |(min, max, one_of, none_of)| {
        let members: Map<String, Value> = [("min", min), ("max", max), ("in", one_of), ("not_in", none_of)]
            .into_iter()
            .filter_map(|(operator, value)| Some((operator.to_owned(), value?)))
            .collect();
        (!members.is_empty()).then_some(Value::Object(members))
    });
    prop_oneof![1 => scalar(), 3 => operators]
}

fn constraints() -> impl Strategy<Value = Constraints> {
    prop::collection::btree_map(prop_oneof![Just("x"), Just("y")], constraint(), 0..3)
        .prop_map(|fields| Constraints::parse(&json!(fields)).unwrap())
}

fn arguments() -> impl Strategy<Value = Map<String, Value>> {
    prop::collection::btree_map(prop_oneof![Just("x".to_owned()), Just("y".to_owned())], argument(), 0..3)
        .prop_map(|fields| fields.into_iter().collect())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// The intersection allows exactly what both allow: neither more, which would widen, nor less.
    #[test]
    fn the_intersection_allows_exactly_what_both_allow(one in constraints(), other in constraints(), arguments in arguments()) {
        let allows = |constraints: &Constraints| constraints.violations(&arguments).is_empty();
        let both = one.narrowed_by(&other);
        prop_assert_eq!(allows(&both), allows(&one) && allows(&other));
        prop_assert_eq!(allows(&other.narrowed_by(&one)), allows(&both));
    }

    /// What is stored is what was decided on.
    #[test]
    fn constraints_survive_being_written_and_read(one in constraints(), other in constraints()) {
        let both = one.narrowed_by(&other);
        prop_assert_eq!(Constraints::parse(&both.to_value()).unwrap(), both);
    }
}

#[derive(Clone, Copy, Debug)]
enum Act {
    Register,
    RegisterAgain,
    RegisterAutonomous,
    Approve,
    ApproveNothing,
    Deny,
    RevokeAgent,
    RevokeByPerson,
    RevokeHost,
    Wait(u64),
    AskForMore,
    Reactivate,
    RotateKey,
    Call,
}

fn act() -> impl Strategy<Value = (Act, usize)> {
    let act = prop_oneof![
        3 => Just(Act::Register),
        2 => Just(Act::RegisterAgain),
        2 => Just(Act::RegisterAutonomous),
        4 => Just(Act::Approve),
        1 => Just(Act::ApproveNothing),
        2 => Just(Act::Deny),
        2 => Just(Act::RevokeAgent),
        1 => Just(Act::RevokeByPerson),
        1 => Just(Act::RevokeHost),
        2 => prop_oneof![Just(Act::Wait(30)), Just(Act::Wait(700)), Just(Act::Wait(4_000))],
        2 => Just(Act::AskForMore),
        3 => Just(Act::Reactivate),
        1 => Just(Act::RotateKey),
        4 => Just(Act::Call),
    ];
    (act, 0..4_usize)
}

/// What an agent has come to, as seen from outside.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Fate {
    Open,
    Ended,
}

/// Every stored grant with its status.
fn grants(world: &World) -> Vec<(String, String)> {
    (world.store.dump().iter())
        .filter(|entry| entry.key.kind == Kind::new("agent"))
        .flat_map(|entry| {
            let agent: Value = serde_json::from_str(&entry.body).unwrap();
            agent["grants"].as_array().unwrap().clone()
        })
        .map(|grant| (grant["id"].as_str().unwrap().to_owned(), grant["status"].as_str().unwrap().to_owned()))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    /// Once an agent was revoked, rejected or claimed, no later act of anybody lets it call anything; and once a grant was
    /// denied or revoked, that grant is never told as anything else again.
    #[test]
    fn what_has_ended_never_comes_back(acts in prop::collection::vec(act(), 1..40)) {
        let generous = Limit::new(100_000, Duration::from_secs(3_600));
        let world = World::with(AgentPolicy {
            autonomous: autonomous(), user_code_attempts: generous, unknown_hosts: generous, ..AgentPolicy::default()
        });
        let hosts = [HostActor::new(), HostActor::new()];
        let mut agents: Vec<(usize, AgentActor, Fate)> = Vec::new();
        let mut ended_grants = BTreeSet::new();
        for (act, which) in acts {
            let host = &hosts[which % 2];
            let body = json!({ "name": "x", "capabilities": ["ping"] });
            let index = if agents.is_empty() { None } else { Some(which % agents.len()) };
            match (act, index) {
                (Act::Register, _) | (Act::RegisterAutonomous, _) => {
                    let key = new_key();
                    let mut body = body;
                    if matches!(act, Act::RegisterAutonomous) {
                        body["mode"] = json!("autonomous");
                    }
                    let reply = world.register_with(host, &key, &body);
                    if reply.status == 200 {
                        agents.push((which % 2, AgentActor::of(&reply, key), Fate::Open));
                    }
                }
                (Act::RegisterAgain, Some(index)) => {
                    let (owner, agent, fate) = &mut agents[index];
                    let reply = world.register_with(&hosts[*owner], &agent.key, &body);
                    if reply.status == 200 {
                        prop_assert_eq!(*fate, Fate::Open);
                        *agent = AgentActor::of(&reply, agent.key.clone());
                    }
                }
                (Act::Approve | Act::ApproveNothing | Act::Deny, Some(index)) => {
                    let (_, agent, fate) = &agents[index];
                    let Some(code) = &agent.code else { continue };
                    let alice = world.signed_in("alice");
                    let Ok(view) = block_on(world.provider.approval(code, &alice)) else { continue };
                    prop_assert_eq!(*fate, Fate::Open);
                    let answer = match act {
                        Act::Approve => ApprovalAnswer::Approve {
                            at_most: None,
                            capabilities: view.capabilities.iter().map(|asked| asked.name.clone()).collect(),
                        },
                        Act::ApproveNothing => ApprovalAnswer::Approve { capabilities: Vec::new(), at_most: None },
                        _ => ApprovalAnswer::Deny,
                    };
                    block_on(world.provider.decide_approval(code, &alice, answer, &view.shown)).unwrap();
                }
                (Act::RevokeAgent, Some(index)) => {
                    let (owner, agent, _) = &agents[index];
                    let revoke = json!({ "agent_id": agent.id });
                    world.post("/api/auth/agent/revoke", Some(&world.host_jwt(&hosts[*owner])), &revoke);
                }
                (Act::RevokeByPerson, Some(index)) => {
                    block_on(world.provider.revoke_agent(&subject("alice"), &agents[index].1.id)).unwrap();
                }
                (Act::RevokeHost, _) => {
                    world.post("/api/auth/host/revoke", Some(&world.host_jwt(host)), &json!({}));
                }
                (Act::Wait(seconds), _) => world.advance(seconds),
                (Act::AskForMore, Some(index)) => {
                    let agent = &mut agents[index].1;
                    let token = sign(&agent.key, "agent+jwt", &world.agent_claims(agent, ISSUER));
                    let more = json!({ "capabilities": ["check_balance", "ping"] });
                    let reply = world.post("/api/auth/agent/request-capability", Some(&token), &more);
                    if reply.status == 200 {
                        agent.code = reply.body["approval"]["user_code"].as_str().map(str::to_owned);
                    }
                }
                (Act::Reactivate, Some(index)) => {
                    let (owner, agent, _) = &mut agents[index];
                    let named = json!({ "agent_id": agent.id });
                    let reply = world.post("/api/auth/agent/reactivate", Some(&world.host_jwt(&hosts[*owner])), &named);
                    if let Some(code) = reply.body["approval"]["user_code"].as_str() {
                        agent.code = Some(code.to_owned());
                    }
                }
                (Act::RotateKey, Some(index)) => {
                    let (owner, agent, fate) = &mut agents[index];
                    let key = new_key();
                    let rotate = json!({ "agent_id": agent.id, "public_key": key.public_jwk() });
                    let reply = world.post("/api/auth/agent/rotate-key", Some(&world.host_jwt(&hosts[*owner])), &rotate);
                    if reply.status == 200 {
                        prop_assert_eq!(*fate, Fate::Open);
                        agent.key = key;
                    }
                }
                (Act::Call, Some(index)) => {
                    let (_, agent, fate) = &agents[index];
                    let reply = world.execute(agent, "ping", json!({}));
                    prop_assert!(reply.status != 200 || *fate == Fate::Open, "{}", reply.body);
                }
                (_, None) => {}
            }
            for (id, status) in grants(&world) {
                let ended = matches!(status.as_str(), "denied" | "revoked");
                prop_assert!(!ended_grants.contains(&id) || ended, "{} is {}", id, status);
                if ended {
                    ended_grants.insert(id);
                }
            }
            for (_, agent, fate) in &mut agents {
                let reply = world.execute(agent, "ping", json!({}));
                let ended = ["agent_revoked", "agent_rejected", "agent_claimed", "host_revoked"];
                if reply.body["error"].as_str().is_some_and(|error| ended.contains(&error)) {
                    *fate = Fate::Ended;
                }
                prop_assert!(reply.status != 200 || *fate == Fate::Open, "{}", reply.body);
            }
        }
    }
}

/// The same at every edge, in every run: on a bound, beside it, of another type, in a list and not.
#[test]
fn the_intersection_is_exact_at_every_edge() {
    let edges = [
        json!(-1),
        json!(0),
        json!(-0.0),
        json!(0.5),
        json!(1),
        json!(1.0),
        json!(2),
        json!("1"),
        json!(""),
        json!(true),
    ];
    let mut constraints: Vec<Value> = edges.to_vec();
    for edge in [json!(0), json!(0.5), json!(1.0)] {
        constraints.extend([json!({ "min": edge }), json!({ "max": edge }), json!({ "min": edge, "max": 1 })]);
        constraints.extend([
            json!({ "in": [edge, "1"] }),
            json!({ "not_in": [edge] }),
            json!({ "min": 0, "not_in": [edge] }),
        ]);
    }
    constraints.extend([
        json!({ "in": [] }),
        json!({ "min": 1, "max": 0 }),
        json!({ "not_in": ["1", ""] }),
        json!({ "not_in": [true] }),
    ]);
    let arguments: Vec<Value> = edges.into_iter().chain([json!(null), json!([1]), json!({})]).collect();
    let parsed = |constraint: &Value| Constraints::parse(&json!({ "x": constraint })).unwrap();
    let allows = |constraints: &Constraints, argument: &Value| {
        constraints.violations(json!({ "x": argument }).as_object().unwrap()).is_empty()
    };
    for one in &constraints {
        for other in &constraints {
            let both = parsed(one).narrowed_by(&parsed(other));
            assert_eq!(Constraints::parse(&both.to_value()).unwrap(), both, "{one} {other}");
            for argument in &arguments {
                let expected = allows(&parsed(one), argument) && allows(&parsed(other), argument);
                assert_eq!(allows(&both, argument), expected, "{one} and {other} for {argument}");
            }
            assert!(!both.violations(&Map::new()).is_empty(), "a missing field meets nothing");
        }
    }
}
