//! §5.12 introspection: what a service learns about a token, who may ask, and that asking spends nothing.

use std::sync::Arc;
use std::time::Duration;

use countersign_agent_auth::{AgentPolicy, CallerSecrets, ExecuteAudience, IntrospectedGrants, IntrospectionCallers};
use countersign_storage::{Limit, Secret};
use serde_json::{Value, json};

use crate::world::{HostActor, ISSUER, LOCATION, World, autonomous, new_key, request, sign};

fn authenticated(policy: AgentPolicy) -> World {
    let callers = CallerSecrets::new([("reports", Secret::new("a-secret-of-the-reports-service"))]);
    World::opened(policy, IntrospectionCallers::Authenticated(Arc::new(callers)))
}

fn ask(world: &World, secret: Option<&str>, token: &str) -> crate::world::Reply {
    world.post("/api/auth/agent/introspect", secret, &json!({ "token": token }))
}

const SECRET: Option<&str> = Some("a-secret-of-the-reports-service");

/// §5.12: the answer of the draft, member by member.
#[test]
fn an_active_agent_is_told_with_its_effective_grants() {
    let world = authenticated(AgentPolicy::default());
    let host = HostActor::new();
    let agent = world.approved(
        &host,
        json!([{ "name": "transfer_money", "constraints": { "amount": { "max": 5 } } }, "short_lived"]),
        "alice",
    );
    let told = ask(&world, SECRET, &world.agent_jwt(&agent));
    let body = told.ok();
    assert_eq!(told.headers["cache-control"], "no-store");
    let host_id = world.status(&host, &agent).body["host_id"].clone();
    assert_eq!((&body["active"], &body["agent_id"], &body["host_id"]), (&json!(true), &json!(agent.id), &host_id));
    assert_eq!(
        (&body["user_id"], &body["mode"], &body["aud"]),
        (&json!("alice"), &json!("delegated"), &json!(LOCATION))
    );
    assert_eq!(
        body["agent_capability_grants"],
        json!([
            {
                "capability": "transfer_money", "status": "active", "constraints": { "amount": { "max": 5 } },
                "expires_at": "2026-12-20T14:13:20Z",
            },
            { "capability": "short_lived", "status": "active", "expires_at": "2026-09-21T14:15:00Z" },
        ])
    );
    world.advance(100);
    let later = ask(&world, SECRET, &world.agent_jwt(&agent));
    assert_eq!(later.body["agent_capability_grants"].as_array().unwrap().len(), 1, "the other has expired");
}

/// Filtered by the token's own restriction.
#[test]
fn a_restricted_token_is_told_with_what_it_covers() {
    let world = authenticated(AgentPolicy { autonomous: autonomous(), ..AgentPolicy::default() });
    let agent = world.watcher(json!(["ping", "check_balance"]));
    let mut claims = world.agent_claims(&agent, ISSUER);
    claims["capabilities"] = json!(["ping", "transfer_money"]);
    let told = ask(&world, SECRET, &sign(&agent.key, "agent+jwt", &claims));
    let told = &told.ok()["agent_capability_grants"];
    assert_eq!((told.as_array().unwrap().len(), &told[0]["capability"]), (1, &json!("ping")));
}

/// The strict switch, and what anybody is told.
#[test]
fn constraints_are_for_authenticated_callers_and_can_be_kept_back() {
    let asked = json!([{ "name": "transfer_money", "constraints": { "amount": { "max": 5 } } }]);
    let compact = json!([{ "capability": "transfer_money", "status": "active" }]);
    let strict =
        authenticated(AgentPolicy { introspected_grants: IntrospectedGrants::NamesOnly, ..AgentPolicy::default() });
    let agent = strict.payer(asked.clone());
    assert_eq!(ask(&strict, SECRET, &strict.agent_jwt(&agent)).body["agent_capability_grants"], compact);
    let open = World::new();
    let agent = open.payer(asked);
    assert_eq!(open.introspect(&open.agent_jwt(&agent)).body["agent_capability_grants"], compact);
}

/// A stranger who got hold of a token asks what it is worth.
#[test]
fn callers_prove_who_they_are_or_are_limited() {
    let world = authenticated(AgentPolicy { autonomous: autonomous(), ..AgentPolicy::default() });
    let agent = world.watcher(json!(["ping"]));
    for secret in [None, Some("wrong"), Some("")] {
        ask(&world, secret, &world.agent_jwt(&agent)).refused(401, "authentication_required");
    }
    ask(&world, SECRET, &world.agent_jwt(&agent)).ok();

    let open = World::opened(
        AgentPolicy { autonomous: autonomous(), ..AgentPolicy::default() },
        IntrospectionCallers::Anyone(Limit::new(2, Duration::from_secs(60))),
    );
    let agent = open.watcher(json!(["ping"]));
    open.introspect(&open.agent_jwt(&agent)).ok();
    open.introspect("nonsense").ok();
    let refused = open.introspect(&open.agent_jwt(&agent));
    refused.refused(429, "rate_limited");
    assert!(refused.headers.contains_key("retry-after"));
}

/// Asking never spends the one call, and a spent token is still told.
#[test]
fn introspection_and_execution_do_not_spend_each_other() {
    let world = World::new();
    let agent = world.watcher(json!(["ping"]));
    let token = world.agent_jwt(&agent);
    assert_eq!(world.introspect(&token).ok()["active"], json!(true));
    assert_eq!(world.introspect(&token).ok()["active"], json!(true));
    world.execute_with(&token, "ping", json!({})).ok();
    assert_eq!(world.introspect(&token).ok()["active"], json!(true));
    world.execute_with(&token, "ping", json!({})).refused(401, "invalid_jwt");
    assert_eq!(world.executor.count(), 1);
}

/// A service asks about the token that it was sent, which is for the issuer; also where calls here must name their endpoint.
#[test]
fn a_token_for_the_issuer_or_for_the_endpoint_is_told_whatever_calls_must_name() {
    for execute_audience in [ExecuteAudience::LocationOrIssuer, ExecuteAudience::LocationOnly] {
        let world = World::with(AgentPolicy { execute_audience, autonomous: autonomous(), ..AgentPolicy::default() });
        let agent = world.watcher(json!(["ping"]));
        for audience in [ISSUER, LOCATION] {
            let token = sign(&agent.key, "agent+jwt", &world.agent_claims(&agent, audience));
            assert_eq!(world.introspect(&token).ok()["active"], json!(true), "{execute_audience:?} {audience}");
        }
        let token = sign(&agent.key, "agent+jwt", &world.agent_claims(&agent, "https://other.test"));
        assert_eq!(world.introspect(&token).ok()["active"], json!(false), "{execute_audience:?}");
    }
}

/// Whatever is wrong, one answer.
#[test]
fn whatever_is_wrong_with_a_token_it_is_inactive() {
    let world = World::new();
    let host = HostActor::new();
    let pending = world.register(&host, json!(["ping"]));
    let other = HostActor::new();
    let expired = world.approved(&other, json!(["ping"]), "alice");
    let revoked_host = HostActor::new();
    let of_revoked_host = world.approved(&revoked_host, json!(["ping"]), "bob");
    world.post("/api/auth/host/revoke", Some(&world.host_jwt(&revoked_host)), &json!({})).ok();
    world.advance(3_600);
    let active = world.approved(&HostActor::new(), json!(["ping"]), "carol");
    let claims = |change: &dyn Fn(&mut Value)| {
        let mut claims = world.agent_claims(&active, ISSUER);
        change(&mut claims);
        claims
    };
    let tokens = [
        world.agent_jwt(&pending),
        world.agent_jwt(&expired),
        world.agent_jwt(&of_revoked_host),
        sign(&new_key(), "agent+jwt", &claims(&|_| {})),
        sign(&active.key, "host+jwt", &claims(&|_| {})),
        sign(&active.key, "agent+jwt", &claims(&|claims| claims["aud"] = json!("https://other.test"))),
        sign(&active.key, "agent+jwt", &claims(&|claims| claims["exp"] = json!(world.now() - 31))),
        "x.y.z".to_owned(),
        String::new(),
    ];
    for token in tokens {
        assert_eq!(world.introspect(&token).ok(), &json!({ "active": false }));
    }
    assert_eq!(world.introspect(&world.agent_jwt(&active)).body["active"], json!(true));
    let no_token = world.send(request(http::Method::POST, "/api/auth/agent/introspect", None, Some("{}".to_owned())));
    no_token.refused(400, "invalid_request");
}
