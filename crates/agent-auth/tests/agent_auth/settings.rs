//! Each setting of the policy does what it says: something comes out otherwise by the default than by another value.

use std::sync::Arc;
use std::time::Duration;

use countersign_agent_auth::{
    AgentIssuer, AgentPolicy, ApprovalAnswer, AutonomousPolicy, CallerSecrets, EndpointValues, ExecuteAudience,
    IntrospectedGrants, IntrospectionCallers,
};
use countersign_storage::{Limit, Secret, Store, Timestamp};
use pollster::block_on;
use serde_json::{Value, json};

use crate::world::{AgentActor, HostActor, ISSUER, LOCATION, World, new_key, sign, subject};

struct Row {
    setting: &'static str,
    other: fn(&mut AgentPolicy),
    /// What comes out by the default, and by the other value.
    expected: [Value; 2],
    outcome: fn(&World) -> Value,
}

/// One row for each setting. By the compiler: a setting without one does not match the pattern.
macro_rules! rows {
    ($($setting:ident = $other:expr => [$by_default:tt, $by_other:tt] $outcome:expr;)*) => {{
        let AgentPolicy { $($setting: _),* } = AgentPolicy::default();
        [$(Row {
            setting: stringify!($setting),
            other: |policy| policy.$setting = $other,
            expected: [json!($by_default), json!($by_other)],
            outcome: $outcome,
        }),*]
    }};
}

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const DAY: u64 = 86_400;
const SECRET: &str = "a-secret-of-the-reports-service";

fn world(policy: AgentPolicy) -> World {
    let callers = CallerSecrets::new([("reports", Secret::new(SECRET))]);
    World::opened(policy, IntrospectionCallers::Authenticated(Arc::new(callers)))
}

/// What a call gets so long after its agent was approved.
fn called_after(world: &World, capability: &str, seconds: u64) -> Value {
    let agent = world.payer(json!([capability]));
    world.advance(seconds);
    told(&world.execute(&agent, capability, json!({})))
}

fn called_with(world: &World, claims: impl Fn(&AgentActor) -> Value) -> Value {
    let agent = world.payer(json!(["ping"]));
    told(&world.execute_with(&sign(&agent.key, "agent+jwt", &claims(&agent)), "ping", json!({})))
}

fn told(reply: &crate::world::Reply) -> Value {
    reply.body.get("error").cloned().unwrap_or(json!("done"))
}

fn registered(world: &World, host: &HostActor) -> Value {
    told(&world.register_with(host, &new_key(), &json!({ "name": "x", "capabilities": ["ping"] })))
}

fn approved(world: &World, agent: &AgentActor) -> Value {
    let (code, alice) = (agent.code.as_deref().unwrap(), world.signed_in("alice"));
    let Ok(view) = block_on(world.provider.approval(code, &alice)) else { return json!("not shown") };
    let yes = ApprovalAnswer::Approve { capabilities: vec!["ping".to_owned()], at_most: None };
    json!(block_on(world.provider.decide_approval(code, &alice, yes, &view.shown)).is_ok())
}

/// How many agents are left after so many days.
fn left_after(world: &World, days: u64) -> Value {
    let until = Timestamp(world.now()) + Duration::from_secs(days * DAY);
    block_on(world.store.purge(until, 1_000)).unwrap();
    json!(world.store.dump().iter().filter(|entry| entry.key.kind.as_str() == "agent").count())
}

fn rows() -> Vec<Row> {
    let rows = rows! {
        autonomous = AutonomousPolicy::granted(["ping"]) => ["unsupported_mode", "done"] |world| {
            let body = json!({ "name": "x", "mode": "autonomous", "capabilities": ["ping"] });
            told(&world.register_with(&HostActor::new(), &new_key(), &body))
        };
        agent_issuer = AgentIssuer::Required => ["done", "invalid_jwt"] |world| {
            called_with(world, |agent| world.agent_claims(agent, LOCATION))
        };
        execute_audience = ExecuteAudience::LocationOnly => ["done", "invalid_jwt"] |world| {
            called_with(world, |agent| world.agent_claims(agent, ISSUER))
        };
        endpoint_values = EndpointValues::Urls => ["/capability/execute", "https://as.test/api/auth/capability/execute"] |world| {
            world.get("/.well-known/agent-configuration", None).body["endpoints"]["execute"].clone()
        };
        introspected_grants = IntrospectedGrants::NamesOnly => [true, false] |world| {
            let agent = world.payer(json!([{ "name": "transfer_money", "constraints": { "amount": { "max": 5 } } }]));
            let asked = json!({ "token": world.agent_jwt(&agent) });
            let told = world.post("/api/auth/agent/introspect", Some(SECRET), &asked);
            json!(told.ok().to_string().contains("\"max\":5"))
        };
        session_lifetime = MINUTE => ["done", "agent_expired"] |world| called_after(world, "ping", 100);
        max_lifetime = MINUTE => ["done", "agent_expired"] |world| called_after(world, "ping", 100);
        absolute_lifetime = Some(MINUTE) => ["done", "absolute_lifetime_exceeded"] |world| called_after(world, "ping", 100);
        last_use_precision = SECOND => [0, 30] |world| {
            let agent = world.payer(json!(["ping"]));
            let first = world.now();
            world.execute(&agent, "ping", json!({})).ok();
            world.advance(30);
            world.execute(&agent, "ping", json!({})).ok();
            json!(world.agents_of(&subject("alice"))[0].last_used_at.unwrap().as_secs() - first)
        };
        grant_lifetime = Some(MINUTE) => ["done", "capability_not_granted"] |world| called_after(world, "ping", 100);
        approval_lifetime = MINUTE => [true, "not shown"] |world| {
            let agent = world.register(&HostActor::new(), json!(["ping"]));
            world.advance(100);
            approved(world, &agent)
        };
        approval_interval = SECOND => [5, 1] |world| {
            let body = json!({ "name": "x", "capabilities": ["ping"] });
            world.register_with(&HostActor::new(), &new_key(), &body).ok()["approval"]["interval"].clone()
        };
        fresh_session = SECOND => [true, false] |world| {
            let agent = world.register(&HostActor::new(), json!(["ping"]));
            let (code, alice) = (agent.code.as_deref().unwrap(), world.signed_in("alice"));
            world.advance(100);
            let shown = block_on(world.provider.approval(code, &alice)).unwrap().shown;
            let yes = ApprovalAnswer::Approve { capabilities: vec!["ping".to_owned()], at_most: None };
            json!(block_on(world.provider.decide_approval(code, &alice, yes, &shown)).is_ok())
        };
        user_code_attempts = Limit::new(1, MINUTE) => [true, "not shown"] |world| {
            let agent = world.register(&HostActor::new(), json!(["ping"]));
            block_on(world.provider.approval("BCDF-GHJK", &world.signed_in("alice"))).unwrap_err();
            approved(world, &agent)
        };
        unknown_hosts = Limit::new(1, MINUTE) => ["done", "rate_limited"] |world| {
            registered(world, &HostActor::new());
            registered(world, &HostActor::new())
        };
        calls = Some(Limit::new(1, MINUTE)) => ["done", "rate_limited"] |world| {
            let agent = world.payer(json!(["ping"]));
            world.execute(&agent, "ping", json!({})).ok();
            told(&world.execute(&agent, "ping", json!({})))
        };
        registrations = Some(Limit::new(1, MINUTE)) => ["done", "rate_limited"] |world| {
            let host = HostActor::new();
            registered(world, &host);
            registered(world, &host)
        };
        agents_per_host = 1 => ["done", "agent_limit_reached"] |world| {
            let host = HostActor::new();
            registered(world, &host);
            registered(world, &host)
        };
        hosts_per_person = 1 => [true, false] |world| {
            world.payer(json!(["ping"]));
            approved(world, &world.register(&HostActor::new(), json!(["ping"])))
        };
        host_lifetime = MINUTE => ["done", "host_revoked"] |world| called_after(world, "ping", 100);
        ended_kept = SECOND => [1, 0] |world| {
            world.payer(json!(["ping"]));
            left_after(world, 30)
        };
        pending_kept = SECOND => [1, 0] |world| {
            world.register(&HostActor::new(), json!(["ping"]));
            left_after(world, 1)
        };
    };
    rows.into()
}

#[test]
fn each_setting_makes_the_difference_that_it_names() {
    for Row { setting, other, expected: [by_default, by_other], outcome } in rows() {
        let mut policy = AgentPolicy::default();
        assert_eq!(outcome(&world(policy.clone())), by_default, "{setting}, as it is by default");
        other(&mut policy);
        assert_eq!(outcome(&world(policy)), by_other, "{setting}");
    }
}
