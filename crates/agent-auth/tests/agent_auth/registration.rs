//! §5.3 registration, §2.7–2.8 hosts, attacks T.

use std::collections::BTreeMap;
use std::time::Duration;

use countersign_agent_auth::{AgentPolicy, AutonomousPolicy, Constraints};
use countersign_jose::{Algorithm, SigningKey};
use countersign_storage::{Actor, Limit, Outcome};
use pollster::block_on;
use serde_json::{Value, json};

use crate::world::{AgentActor, HostActor, ISSUER, World, autonomous, new_key, sign, subject};

/// §5.3: a new host, a pending agent, a code to approve it with.
#[test]
fn a_delegated_agent_of_an_unknown_host_starts_pending_with_an_approval() {
    let world = World::new();
    let host = HostActor::new();
    let body = json!({ "name": "Bill payer", "capabilities": ["ping", { "name": "transfer_money", "constraints": { "amount": { "max": 100 } } }] });
    let reply = world.register_with(&host, &new_key(), &body);
    let body = reply.ok();
    assert_eq!(reply.headers["cache-control"], "no-store");
    assert_eq!(
        (&body["status"], &body["mode"], &body["name"]),
        (&json!("pending"), &json!("delegated"), &json!("Bill payer"))
    );
    assert_eq!(
        body["agent_capability_grants"],
        json!([{ "capability": "ping", "status": "pending" }, { "capability": "transfer_money", "status": "pending" }])
    );
    let approval = &body["approval"];
    let code = approval["user_code"].as_str().unwrap();
    assert_eq!(
        approval,
        &json!({
            "method": "device_authorization",
            "verification_uri": "https://as.test/device",
            "verification_uri_complete": format!("https://as.test/device?user_code={code}"),
            "user_code": code,
            "expires_in": 600,
            "interval": 5,
        })
    );
    let shape: String = code.chars().map(|c| if "BCDFGHJKLMNPQRSTVWXZ".contains(c) { 'X' } else { c }).collect();
    assert_eq!(shape, "XXXX-XXXX");
    // RFC 8628 §5.1: the store knows a hash.
    assert!(
        world
            .store
            .dump()
            .iter()
            .all(|entry| !entry.body.contains(code) && !entry.body.contains(&code.replace('-', "")))
    );
    let [event] = &world.audit("agent.register")[..] else { panic!("one event") };
    assert!(matches!(&event.actor, Actor::Host { host_id } if host_id == body["host_id"].as_str().unwrap()));
}

/// Somebody brings a key of their own under the name of another host: the thumbprint is computed from the key, whatever `kid` and
/// `iss` say.
#[test]
fn an_unknown_host_must_be_named_by_the_thumbprint_of_its_key() {
    let world = World::new();
    let (host, other) = (HostActor::new(), HostActor::new());
    let before = world.entries();
    let agent = new_key();
    let mut rows: Vec<(&str, Value)> = Vec::new();
    let mut row = |what, change: &dyn Fn(&mut Value)| {
        let mut claims = world.host_claims(&host);
        claims["agent_public_key"] = json!(agent.public_jwk());
        change(&mut claims);
        rows.push((what, claims));
    };
    row("iss of another key", &|claims| claims["iss"] = json!(other.key.kid()));
    row("iss is no thumbprint", &|claims| claims["iss"] = json!("my-host"));
    row("no iss", &|claims| drop(claims.as_object_mut().unwrap().remove("iss")));
    row("no key", &|claims| drop(claims.as_object_mut().unwrap().remove("host_public_key")));
    row("another's key", &|claims| claims["host_public_key"] = json!(other.key.public_jwk()));
    row("another's key and thumbprint", &|claims| {
        claims["host_public_key"] = json!(other.key.public_jwk());
        claims["iss"] = json!(other.key.kid());
    });
    row("kid pretends", &|claims| {
        claims["iss"] = json!(other.key.kid());
        claims["host_public_key"]["kid"] = json!(other.key.kid());
    });
    row("no agent key", &|claims| drop(claims.as_object_mut().unwrap().remove("agent_public_key")));
    row("host key by URL", &|claims| claims["host_jwks_url"] = json!("https://host.test/jwks"));
    row("agent key by URL", &|claims| claims["agent_jwks_url"] = json!("https://host.test/jwks"));
    for (what, claims) in rows {
        let token = sign(&host.key, "host+jwt", &claims);
        let reply = world.post("/api/auth/agent/register", Some(&token), &json!({ "name": "x" }));
        assert_eq!(reply.body["error"], json!("invalid_jwt"), "{what}");
        assert_eq!(reply.status, 401, "{what}");
    }
    assert_eq!(world.entries(), before, "nothing was stored");
    // A kid that is missing or strange changes nothing.
    for kid in [json!(null), json!("whatever")] {
        let host = HostActor::new();
        let mut claims = world.host_claims(&host);
        claims["agent_public_key"] = json!(new_key().public_jwk());
        match kid {
            Value::Null => drop(claims["host_public_key"].as_object_mut().unwrap().remove("kid")),
            kid => claims["host_public_key"]["kid"] = kid,
        }
        let token = sign(&host.key, "host+jwt", &claims);
        let reply = world.post("/api/auth/agent/register", Some(&token), &json!({ "name": "x" }));
        let agent = AgentActor::of(&reply, new_key());
        world.status(&host, &agent).ok();
    }
}

/// §4.1: a weak or private key, or one of another kind, is offered as an agent's.
#[test]
fn an_agent_key_is_ed25519_and_strong_and_public() {
    let world = World::new();
    let host = HostActor::new();
    let send = |key: Value| {
        let mut claims = world.host_claims(&host);
        claims["agent_public_key"] = key;
        let token = sign(&host.key, "host+jwt", &claims);
        world.post("/api/auth/agent/register", Some(&token), &json!({ "name": "x" }))
    };
    send(json!(SigningKey::generate(Algorithm::Es256).unwrap().public_jwk())).refused(400, "unsupported_algorithm");
    send(json!({ "kty": "OKP", "crv": "X25519", "x": "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" }))
        .refused(400, "unsupported_algorithm");
    // The neutral element of the curve: every signature would verify.
    let weak = "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    send(json!({ "kty": "OKP", "crv": "Ed25519", "x": weak })).refused(400, "invalid_public_key");
    let mut private = json!(new_key().public_jwk());
    private["d"] = json!(weak);
    send(private).refused(400, "invalid_public_key");
    send(json!("key")).refused(400, "invalid_public_key");
    send(json!(host.key.public_jwk())).refused(400, "invalid_public_key");
    send(json!(new_key().public_jwk())).ok();
}

#[test]
fn a_host_key_must_be_ed25519() {
    let world = World::new();
    let host = HostActor { key: SigningKey::generate(Algorithm::Es256).unwrap() };
    world.register_with(&host, &new_key(), &json!({ "name": "x" })).refused(400, "unsupported_algorithm");
}

/// An agent asks for a mode without a person where the server offers none.
#[test]
fn a_mode_that_is_not_offered_is_refused() {
    let world = World::with(AgentPolicy::default());
    let register =
        |mode: &str| world.register_with(&HostActor::new(), &new_key(), &json!({ "name": "x", "mode": mode }));
    register("autonomous").refused(400, "unsupported_mode");
    register("sovereign").refused(400, "unsupported_mode");
    register("delegated").ok();
}

/// Autonomous grants come from the policy and are within its constraints; the rest is denied aloud.
#[test]
fn an_autonomous_agent_gets_what_the_policy_gives_and_nothing_else() {
    let limits = Constraints::parse(&json!({ "account_id": { "in": ["public", "demo"] } })).unwrap();
    let policy = AutonomousPolicy::Granted(BTreeMap::from([("check_balance".to_owned(), limits)]));
    let world = World::with(AgentPolicy { autonomous: policy, ..AgentPolicy::default() });
    let host = HostActor::new();
    let body = json!({
        "name": "Watcher", "mode": "autonomous",
        "capabilities": ["ping", { "name": "check_balance", "constraints": { "account_id": { "in": ["demo", "secret"] } } }],
    });
    let key = new_key();
    let reply = world.register_with(&host, &key, &body);
    assert_eq!(reply.ok()["status"], json!("active"));
    assert_eq!(reply.body.get("approval"), None);
    let grants = &reply.body["agent_capability_grants"];
    assert_eq!(
        grants[0],
        json!({ "capability": "ping", "status": "denied", "reason": "not available to autonomous agents" })
    );
    assert_eq!(
        (&grants[1]["status"], &grants[1]["constraints"]),
        (&json!("active"), &json!({ "account_id": { "in": ["demo"] } }))
    );
    let agent = AgentActor::of(&reply, key);
    world.execute(&agent, "check_balance", json!({ "account_id": "demo" })).ok();
    world.execute(&agent, "check_balance", json!({ "account_id": "secret" })).refused(403, "constraint_violated");
    world.execute(&agent, "ping", json!({})).refused(403, "capability_not_granted");
    world.execute(&agent, "transfer_money", json!({ "amount": 1 })).refused(403, "capability_not_granted");
    assert_eq!(world.executor.calls.lock().unwrap()[0].subject, None);
}

/// A host that waits for a person gains nothing by asking in the other mode.
#[test]
fn a_pending_host_registers_no_autonomous_agent_and_a_linked_one_neither() {
    let world = World::new();
    let host = HostActor::new();
    let agent = world.register(&host, json!(["ping"]));
    let autonomous = json!({ "name": "Watcher", "mode": "autonomous", "capabilities": ["ping"] });
    world.register_with(&host, &new_key(), &autonomous).refused(403, "host_pending");
    world.approve(&agent, "alice");
    world.register_with(&host, &new_key(), &autonomous).refused(400, "unsupported_mode");
}

/// A host that nobody approved registers a second agent, and lets it call.
#[test]
fn nothing_under_a_pending_host_can_be_executed() {
    let world = World::new();
    let host = HostActor::new();
    let first = world.register(&host, json!(["ping"]));
    let second = world.register(&host, json!(["ping"]));
    for agent in [&first, &second] {
        world.execute(agent, "ping", json!({})).refused(403, "host_pending");
    }
    world.approve(&first, "alice");
    world.execute(&first, "ping", json!({})).ok();
    world.execute(&second, "ping", json!({})).refused(403, "agent_pending");
    assert_eq!(world.executor.count(), 1);
}

/// A hundred retries would be a hundred codes to guess: a retry keeps the agent and leaves one live code.
#[test]
fn a_registration_retry_keeps_the_agent_and_kills_the_older_codes() {
    let world = World::with(AgentPolicy {
        user_code_attempts: Limit::new(1_000, Duration::from_secs(600)),
        ..AgentPolicy::default()
    });
    let host = HostActor::new();
    let key = new_key();
    let retry = || world.register_with(&host, &key, &json!({ "name": "x", "capabilities": ["ping"] }));
    let first = AgentActor::of(&retry(), key.clone());
    let mut codes = vec![first.code.clone().unwrap()];
    for _ in 0..100 {
        let again = AgentActor::of(&retry(), key.clone());
        assert_eq!(again.id, first.id);
        codes.push(again.code.unwrap());
    }
    let alice = world.signed_in("alice");
    let alive: Vec<_> = codes.iter().filter(|code| block_on(world.provider.approval(code, &alice)).is_ok()).collect();
    assert_eq!(alive, [codes.last().unwrap()]);
}

/// The key of an active or revoked agent registers once more.
#[test]
fn a_key_that_was_used_registers_no_second_agent() {
    let world = World::new();
    let host = HostActor::new();
    let body = json!({ "name": "x", "capabilities": ["ping"] });
    let active = world.approved(&host, json!(["ping"]), "alice");
    world.register_with(&host, &active.key, &body).refused(409, "agent_exists");
    let revoke = json!({ "agent_id": active.id });
    world.post("/api/auth/agent/revoke", Some(&world.host_jwt(&host)), &revoke).ok();
    world.register_with(&host, &active.key, &body).refused(409, "agent_exists");
    world.execute(&active, "ping", json!({})).refused(403, "agent_revoked");
    // The same key under another host is another agent.
    let other = AgentActor::of(&world.register_with(&HostActor::new(), &active.key, &body), active.key.clone());
    assert_ne!(other.id, active.id);
}

/// A refusal is recorded, and spends the token, once the host is known.
#[test]
fn a_refused_registration_of_a_known_host_is_recorded() {
    let world = World::new();
    let host = HostActor::new();
    let agent = world.approved(&host, json!(["ping"]), "alice");
    let mut claims = world.host_claims(&host);
    claims["agent_public_key"] = json!(agent.key.public_jwk());
    let token = sign(&host.key, "host+jwt", &claims);
    let send = || world.post("/api/auth/agent/register", Some(&token), &json!({ "name": "x" }));
    send().refused(409, "agent_exists");
    send().refused(401, "invalid_jwt");
    let denied: Vec<_> = (world.audit("agent.register").into_iter())
        .filter(|record| record.outcome == Outcome::Denied { reason: "agent_exists".to_owned() })
        .collect();
    assert_eq!(denied.len(), 1);
    assert_eq!(denied[0].subject, Some(subject("alice")));
}

/// Unknown capabilities, unknown operators, and constraints that say nothing: each is refused by its name.
#[test]
fn what_is_asked_for_must_exist_and_make_sense() {
    let world = World::new();
    let ask = |capabilities: Value| {
        world.register_with(&HostActor::new(), &new_key(), &json!({ "name": "x", "capabilities": capabilities }))
    };
    let reply = ask(json!(["ping", "nothing", { "name": "neither" }]));
    reply.refused(400, "invalid_capabilities");
    assert_eq!(reply.body["invalid_capabilities"], json!(["nothing", "neither"]));

    let reply = ask(
        json!([{ "name": "transfer_money", "constraints": { "amount": { "lte": 5, "max": 1 }, "to": { "regex": "x" } } }]),
    );
    reply.refused(400, "unknown_constraint_operator");
    assert_eq!(reply.body["unknown_operators"], json!(["lte", "regex"]));

    for constraints in [
        json!({ "amount": {} }),
        json!({ "amount": { "max": "5" } }),
        json!({ "amount": { "min": null } }),
        json!({ "currency": { "in": "USD" } }),
        json!({ "currency": { "in": [["USD"]] } }),
        json!({ "to": { "not_in": [] } }),
        json!({ "to": { "not_in": ["x", 1] } }),
        json!({ "amount": null }),
        json!({ "amount": [1, 2] }),
        json!({ "no_such_field": 1 }),
        json!({ "to.iban": "DE" }),
        json!([]),
        json!("x"),
    ] {
        ask(json!([{ "name": "transfer_money", "constraints": constraints }])).refused(400, "invalid_request");
    }
    ask(json!(["ping", "ping"])).refused(400, "invalid_request");
    ask(json!([1])).refused(400, "invalid_request");
    ask(Value::Array(vec![json!("ping"); 51])).refused(400, "invalid_request");
    for name in ["", "   ", "\u{202E}\u{200B}"] {
        world.register_with(&HostActor::new(), &new_key(), &json!({ "name": name })).refused(400, "invalid_request");
    }
}

/// A name, a reason or a host's name dresses up as words of the server.
#[test]
fn names_and_reasons_are_cleaned_and_bounded() {
    let world = World::new();
    let host = HostActor::new();
    let key = new_key();
    let body = json!({
        "name": format!("Countersign\u{202E} Security{}", "x".repeat(300)),
        "host_name": "Lap\u{0}top\n\u{2066}<b>",
        "reason": "y".repeat(600),
        "capabilities": ["ping"],
    });
    let agent = AgentActor::of(&world.register_with(&host, &key, &body), key);
    let view = world.view(&agent, "alice");
    assert!(view.agent_name.starts_with("Countersign Securityxxx"));
    assert!(view.agent_name.chars().count() == 80 && view.agent_name.ends_with('…'), "{}", view.agent_name);
    assert_eq!(view.host_name.as_deref(), Some("Lap top <b>"), "markup is left to the page to escape");
    assert_eq!(view.reason.unwrap().chars().count(), 300);
    for nothing in ["", " ", "\u{3164}", "\u{202E}", "\u{200B}\u{FE0F}"] {
        let body = json!({ "name": nothing, "capabilities": ["ping"] });
        world.register_with(&host, &new_key(), &body).refused(400, "invalid_request");
    }
}

/// §8.13: somebody makes up hosts without end.
#[test]
fn unknown_hosts_are_limited_per_address_and_known_ones_are_not() {
    let policy = AgentPolicy { unknown_hosts: Limit::new(2, Duration::from_secs(3_600)), ..AgentPolicy::default() };
    let world = World::with(policy);
    let known = HostActor::new();
    world.register(&known, json!(["ping"]));
    world.register(&HostActor::new(), json!(["ping"]));
    let before = world.entries();
    let refused = world.register_with(&HostActor::new(), &new_key(), &json!({ "name": "x" }));
    refused.refused(429, "rate_limited");
    assert!(refused.headers["retry-after"].to_str().unwrap().parse::<u64>().unwrap() > 0);
    assert_eq!(world.entries(), before);
    world.register(&known, json!(["ping"]));
    world.advance(3_600);
    world.register(&HostActor::new(), json!(["ping"]));
}

/// Anybody can make up a host, so what one may bring into the store in a minute is bounded, at every
/// endpoint together. Who cannot sign for the host uses nothing up.
#[test]
fn a_host_has_a_limit_of_requests() {
    let calls = Some(Limit::new(4, Duration::from_secs(60)));
    let world = World::with(AgentPolicy { calls, ..AgentPolicy::default() });
    let host = HostActor::new();
    let agent = world.approved(&host, json!(["ping"]), "alice");
    let forged = sign(&new_key(), "host+jwt", &world.host_claims(&host));
    for _ in 0..5 {
        world.get(&format!("/api/auth/agent/status?agent_id={}", agent.id), Some(&forged)).refused(401, "invalid_jwt");
    }
    world.status(&host, &agent).ok();
    world.status(&host, &agent).ok();
    world.post("/api/auth/agent/revoke", Some(&world.host_jwt(&host)), &json!({ "agent_id": agent.id })).ok();
    let before = world.entries();
    world.status(&host, &agent).refused(429, "rate_limited");
    let body = json!({ "name": "x" });
    world.register_with(&host, &new_key(), &body).refused(429, "rate_limited");
    world.post("/api/auth/host/revoke", Some(&world.host_jwt(&host)), &json!({})).refused(429, "rate_limited");
    assert_eq!(world.entries(), before);
    world.register(&HostActor::new(), json!(["ping"]));
    world.advance(60);
    world.post("/api/auth/host/revoke", Some(&world.host_jwt(&host)), &json!({})).ok();
}

#[test]
fn a_host_has_a_limit_of_living_agents() {
    let world = World::with(AgentPolicy { agents_per_host: 2, ..AgentPolicy::default() });
    let host = HostActor::new();
    let first = world.register(&host, json!(["ping"]));
    world.register(&host, json!(["ping"]));
    let register = || world.register_with(&host, &new_key(), &json!({ "name": "x" }));
    register().refused(400, "agent_limit_reached");
    world.post("/api/auth/agent/revoke", Some(&world.host_jwt(&host)), &json!({ "agent_id": first.id })).ok();
    register().ok();
}

/// §2.11: a host that was ended comes back with its key.
#[test]
fn a_revoked_host_registers_nothing() {
    let world = World::new();
    let host = HostActor::new();
    world.approved(&host, json!(["ping"]), "alice");
    world.post("/api/auth/host/revoke", Some(&world.host_jwt(&host)), &json!({})).ok();
    world.register_with(&host, &new_key(), &json!({ "name": "x" })).refused(403, "host_revoked");
}

/// §10.9: what nobody approved can be forgotten.
#[test]
fn pending_agents_and_hosts_may_be_purged_and_approved_ones_not() {
    use countersign_storage::{Store, Timestamp};
    let world = World::with(AgentPolicy { autonomous: autonomous(), ..AgentPolicy::default() });
    let (forgotten, kept) = (HostActor::new(), HostActor::new());
    let pending = world.register(&forgotten, json!(["ping"]));
    let active = world.approved(&kept, json!(["ping"]), "alice");
    let soon = Timestamp(world.now() + 8 * 86_400);
    block_on(world.store.purge(soon, 1_000)).unwrap();
    world.status(&forgotten, &pending).refused(401, "invalid_jwt");
    assert_eq!(world.status(&kept, &active).ok()["status"], json!("active"));
    // The forgotten host may come again, as a new one.
    world.register(&forgotten, json!(["ping"]));
}

/// Hosts and agents of one issuer are nothing to another on the same store.
#[test]
fn ids_differ_by_issuer() {
    let world = World::new();
    let host = HostActor::new();
    let agent = world.register(&host, json!(["ping"]));
    assert!(agent.id.starts_with("agt_"));
    assert_eq!(agent.id.len(), 68);
    let mut claims = world.host_claims(&host);
    claims["aud"] = json!("https://other.test");
    let token = sign(&host.key, "host+jwt", &claims);
    world.get(&format!("/api/auth/agent/status?agent_id={}", agent.id), Some(&token)).refused(401, "invalid_jwt");
    assert_ne!(ISSUER, "https://other.test");
}

/// RFC 8628 §3.5: who polls faster than the interval is told to slow down, by five seconds more each time.
#[test]
fn a_host_that_polls_too_fast_is_told_to_slow_down() {
    let world = World::new();
    let host = HostActor::new();
    let agent = world.register(&host, json!(["ping"]));
    let polled = |after: u64| {
        world.advance(after);
        world.status(&host, &agent)
    };
    polled(0).ok();
    polled(5).ok();
    polled(4).ok();
    let reply = polled(3);
    reply.refused(400, "slow_down");
    assert_eq!(reply.headers["retry-after"], "10");
    polled(8).refused(400, "slow_down");
    polled(15).ok();
    polled(15).ok();
    let records = world.entries();
    (0..3).for_each(|_| polled(1).refused(400, "slow_down"));
    // A replay mark for each, two counters of calls at the most, and nothing else.
    assert!(world.entries() <= records + 3 + 2, "{} records more", world.entries() - records);
    // Another question begins anew, and an answered one is not polled for.
    let body = json!({ "name": "x", "capabilities": ["ping"] });
    world.advance(60);
    let agent = AgentActor::of(&world.register_with(&host, &agent.key, &body), agent.key);
    world.status(&host, &agent).ok();
    world.approve(&agent, "alice");
    (0..5).for_each(|_| assert_eq!(world.status(&host, &agent).status, 200));
}

/// Bytes are bounded: what one agent may hold, and what may be asked for at once.
#[test]
fn an_agent_holds_no_more_than_its_share() {
    let world = World::with(AgentPolicy { calls: None, ..AgentPolicy::default() });
    let host = HostActor::new();
    let agent = world.approved(&host, json!(["ping"]), "alice");
    let ask = |count: usize, seed: usize| {
        let list: Vec<String> = (0..count).map(|at| format!("{seed}-{at}-{}", "x".repeat(36))).collect();
        let asked = json!([{ "name": "transfer_money", "constraints": { "to": { "in": list } } }]);
        let token = sign(&agent.key, "agent+jwt", &world.agent_claims(&agent, ISSUER));
        let body = json!({ "capabilities": asked, "reason": "y".repeat(10_000) });
        world.post("/api/auth/agent/request-capability", Some(&token), &body)
    };
    ask(100, 0).refused(413, "request_too_large");
    let size = || {
        let entries = world.store.dump();
        entries.iter().filter(|entry| entry.key.kind.as_str() == "agent").map(|entry| entry.body.len()).max().unwrap()
    };
    for round in 0..30 {
        let reply = ask(90, round);
        match reply.status.as_u16() {
            200 => {
                let code = reply.body["approval"]["user_code"].as_str().map(str::to_owned);
                let asking = AgentActor { id: agent.id.clone(), key: agent.key.clone(), code };
                world.advance(60);
                world.approve(&asking, "alice");
            }
            _ => reply.refused(413, "request_too_large"),
        }
        assert!(size() <= 33 * 1024, "{} bytes", size());
    }
    ask(90, 99).refused(413, "request_too_large");
}

#[test]
fn a_host_that_registers_one_agent_again_and_again_is_counted_in_the_audit() {
    let world = World::new();
    let (host, key) = (HostActor::new(), new_key());
    let body = json!({ "name": "x", "capabilities": ["ping"] });
    for _ in 0..20 {
        world.register_with(&host, &key, &body).ok();
    }
    assert_eq!(world.audit("agent.register").len(), 2, "the first one, and the others");
    world.register_with(&host, &new_key(), &body).ok();
    assert_eq!(world.audit("agent.register").len(), 3, "each agent has a record of its own");
}
