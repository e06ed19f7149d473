//! §4.2–§4.6: host and agent JWTs, attacks S.

use std::sync::atomic::Ordering;

use countersign_agent_auth::{AgentIssuer, AgentPolicy, ExecuteAudience};
use countersign_jose::{SigningKey, base64url};
use http::Method;
use serde_json::{Value, json};

use crate::world::{AgentActor, HostActor, ISSUER, LOCATION, Reply, World, autonomous, new_key, request, sign};

type Change<'a> = &'a dyn Fn(&mut Value);
type Send<'a> = &'a dyn Fn(&str) -> Reply;

fn without(claim: &'static str) -> impl Fn(&mut Value) {
    move |claims| drop(claims.as_object_mut().unwrap().remove(claim))
}

fn with(claim: &'static str, value: Value) -> impl Fn(&mut Value) {
    move |claims| claims[claim] = value.clone()
}

/// §4.3: one valid call, one claim changed per row; among them a token that was made for another server.
#[test]
fn an_agent_jwt_is_refused_for_each_claim_that_is_wrong() {
    let world = World::new();
    let host = HostActor::new();
    let agent = world.register_autonomous(&host, json!(["ping"]));
    let now = world.now();
    let rows: &[(&str, Change<'_>, bool)] = &[
        ("unchanged", &|_| {}, true),
        ("aud is the issuer", &with("aud", json!(ISSUER)), true),
        ("iss is the thumbprint", &with("iss", json!(host.key.kid())), true),
        (
            "issued 30 s ahead",
            &|claims| {
                claims["iat"] = json!(now + 30);
                claims["exp"] = json!(now + 90)
            },
            true,
        ),
        (
            "expired 29 s ago",
            &|claims| {
                claims["iat"] = json!(now - 60);
                claims["exp"] = json!(now - 29)
            },
            true,
        ),
        ("aud of another server", &with("aud", json!("https://other.test")), false),
        ("aud with a slash", &with("aud", json!(format!("{ISSUER}/"))), false),
        ("aud is the origin", &with("aud", json!("https://as.test")), false),
        ("aud is another endpoint", &with("aud", json!(format!("{ISSUER}/agent/status"))), false),
        ("aud names others too", &with("aud", json!([LOCATION, "https://other.test"])), false),
        ("aud is an empty list", &with("aud", json!([])), false),
        ("no aud", &without("aud"), false),
        ("iss of another host", &with("iss", json!(new_key().kid())), false),
        ("iss is the agent's thumbprint", &with("iss", json!(agent.key.kid())), false),
        ("iss is empty", &with("iss", json!("")), false),
        ("no sub", &without("sub"), false),
        ("sub of nobody", &with("sub", json!("agt_nobody")), false),
        ("no exp", &without("exp"), false),
        ("no iat", &without("iat"), false),
        ("no jti", &without("jti"), false),
        ("jti is a number", &with("jti", json!(1)), false),
        (
            "expired 30 s ago",
            &|claims| {
                claims["iat"] = json!(now - 60);
                claims["exp"] = json!(now - 30)
            },
            false,
        ),
        (
            "issued 31 s ahead",
            &|claims| {
                claims["iat"] = json!(now + 31);
                claims["exp"] = json!(now + 60)
            },
            false,
        ),
        ("valid for a year", &with("exp", json!(now + 31_536_000)), false),
        ("valid for 91 s", &with("exp", json!(now + 91)), false),
        ("exp is a text", &with("exp", json!((now + 60).to_string())), false),
        ("not yet valid", &with("nbf", json!(now + 31)), false),
        ("capabilities is null", &with("capabilities", Value::Null), false),
        ("capabilities is a text", &with("capabilities", json!("ping")), false),
    ];
    for (what, change, accepted) in rows {
        let mut claims = world.agent_claims(&agent, LOCATION);
        change(&mut claims);
        let reply = world.execute_with(&sign(&agent.key, "agent+jwt", &claims), "ping", json!({}));
        if *accepted {
            assert_eq!(reply.status, 200, "{what}: {}", reply.body);
        } else {
            assert_eq!((reply.status.as_u16(), &reply.body["error"]), (401, &json!("invalid_jwt")), "{what}");
        }
    }
    let accepted = rows.iter().filter(|(_, _, accepted)| *accepted).count();
    assert_eq!(world.executor.count(), accepted);
}

/// `iss` may also be our id of the host.
#[test]
fn iss_may_be_the_host_id() {
    let world = World::new();
    let host = HostActor::new();
    let agent = world.register_autonomous(&host, json!(["ping"]));
    let host_id = world.status(&host, &agent).body["host_id"].clone();
    let mut claims = world.agent_claims(&agent, LOCATION);
    claims["iss"] = host_id;
    world.execute_with(&sign(&agent.key, "agent+jwt", &claims), "ping", json!({})).ok();
}

/// A token without `iss`, and one for the issuer instead of the location: both pass by default and fail under the strict
/// switches.
#[test]
fn strict_switches_demand_iss_and_the_location() {
    let policy = AgentPolicy {
        autonomous: autonomous(),
        agent_issuer: AgentIssuer::Required,
        execute_audience: ExecuteAudience::LocationOnly,
        ..AgentPolicy::default()
    };
    let world = World::with(policy);
    let host = HostActor::new();
    let agent = world.register_autonomous(&host, json!(["ping"]));
    let call = |change: Change<'_>| {
        let mut claims = world.agent_claims(&agent, LOCATION);
        claims["iss"] = json!(host.key.kid());
        change(&mut claims);
        world.execute_with(&sign(&agent.key, "agent+jwt", &claims), "ping", json!({}))
    };
    call(&|_| {}).ok();
    call(&without("iss")).refused(401, "invalid_jwt");
    call(&with("aud", json!(ISSUER))).refused(401, "invalid_jwt");
}

/// §4.5: one answer, whatever is wrong with signature or header; among others a host's key that signs for its agent.
#[test]
fn an_agent_jwt_is_refused_for_each_wrong_signature_and_kind() {
    let world = World::new();
    let host = HostActor::new();
    let (agent, sibling) =
        (world.register_autonomous(&host, json!(["ping"])), world.register_autonomous(&host, json!(["ping"])));
    let claims = || world.agent_claims(&agent, LOCATION);
    let by_hand = |header: Value, signature: &str| {
        let part = |value: &Value| base64url::encode(value.to_string());
        format!("{}.{}.{signature}", part(&header), part(&claims()))
    };
    let good = world.agent_jwt(&agent);
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let tokens = [
        ("signed by the host", sign(&host.key, "agent+jwt", &claims())),
        ("signed by a sibling", sign(&sibling.key, "agent+jwt", &claims())),
        ("signed by a stranger", sign(&new_key(), "agent+jwt", &claims())),
        ("a host JWT", sign(&agent.key, "host+jwt", &claims())),
        ("a plain JWT", sign(&agent.key, "JWT", &claims())),
        ("an access token", sign(&agent.key, "at+jwt", &claims())),
        ("none", by_hand(json!({ "alg": "none", "typ": "agent+jwt" }), "")),
        ("none with a signature", by_hand(json!({ "alg": "none", "typ": "agent+jwt" }), signature)),
        ("HS256", by_hand(json!({ "alg": "HS256", "typ": "agent+jwt" }), signature)),
        (
            "jwk in the header",
            by_hand(json!({ "alg": "EdDSA", "typ": "agent+jwt", "jwk": agent.key.public_jwk() }), signature),
        ),
        ("another signature", by_hand(json!({ "alg": "EdDSA", "typ": "agent+jwt" }), signature)),
        ("padded", format!("{good}=")),
        ("a fourth segment", format!("{good}.")),
        ("no signature", format!("{signed}.")),
        ("empty", String::new()),
        ("not a token", "hello".to_owned()),
    ];
    let before = world.entries();
    for (what, token) in tokens {
        let reply = world.execute_with(&token, "ping", json!({}));
        assert_eq!((reply.status.as_u16(), &reply.body["error"]), (401, &json!("invalid_jwt")), "{what}");
    }
    // A flood of unsigned tokens: nothing is stored for what proves nothing.
    assert_eq!(world.entries(), before);
    assert_eq!(world.executor.count(), 0);
    world.execute_with(&good, "ping", json!({})).ok();
    for typ in ["AGENT+JWT", "application/agent+jwt"] {
        world.execute_with(&sign(&agent.key, typ, &claims()), "ping", json!({})).ok();
    }
}

/// Agents that are unknown, revoked or pending are tried with a wrong signature: nobody without the key learns whether an agent exists, or in what state it is.
#[test]
fn a_wrong_signature_reveals_no_state() {
    let world = World::new();
    let host = HostActor::new();
    let pending = world.register(&host, json!(["ping"]));
    let revoked = world.register(&host, json!(["ping"]));
    world.post("/api/auth/agent/revoke", Some(&world.host_jwt(&host)), &json!({ "agent_id": revoked.id })).ok();
    let mut nobody_id = pending.id.clone();
    nobody_id.replace_range(nobody_id.len() - 4.., "AAAA");
    let nobody = AgentActor { id: nobody_id, key: new_key(), code: None };
    let replies: Vec<Reply> = [&pending, &revoked, &nobody]
        .map(|agent| {
            world.execute_with(&sign(&new_key(), "agent+jwt", &world.agent_claims(agent, LOCATION)), "ping", json!({}))
        })
        .into();
    for reply in &replies {
        reply.refused(401, "invalid_jwt");
        assert_eq!(reply.body, replies[0].body);
        assert_eq!(reply.headers, replies[0].headers);
    }
    // With the right key, the owner is told.
    world.execute(&pending, "ping", json!({})).refused(403, "host_pending");
    world.execute(&revoked, "ping", json!({})).refused(403, "agent_revoked");
}

/// §4.2: one valid host JWT, one thing changed per row; among them keys by URL, and the name of another host.
#[test]
fn a_host_jwt_is_refused_for_each_claim_that_is_wrong() {
    let world = World::new();
    let (host, stranger) = (HostActor::new(), HostActor::new());
    let agent = world.register_autonomous(&host, json!(["ping"]));
    let now = world.now();
    let rows: &[(&str, Change<'_>, bool)] = &[
        ("unchanged", &|_| {}, true),
        ("without the key", &without("host_public_key"), true),
        ("without sub", &without("sub"), true),
        ("with an agent key", &with("agent_public_key", json!(new_key().public_jwk())), true),
        ("aud of another server", &with("aud", json!("https://other.test")), false),
        ("aud is the location", &with("aud", json!(LOCATION)), false),
        ("aud is a list", &with("aud", json!([ISSUER])), false),
        ("no aud", &without("aud"), false),
        ("iss of another key", &with("iss", json!(stranger.key.kid())), false),
        ("no iss", &without("iss"), false),
        ("another's key inside", &with("host_public_key", json!(stranger.key.public_jwk())), false),
        ("a key set by URL", &with("host_jwks_url", json!("https://host.test/jwks")), false),
        ("an agent key set by URL", &with("agent_jwks_url", json!("https://host.test/jwks")), false),
        ("no jti", &without("jti"), false),
        ("no exp", &without("exp"), false),
        ("no iat", &without("iat"), false),
        (
            "expired",
            &|claims| {
                claims["iat"] = json!(now - 90);
                claims["exp"] = json!(now - 30)
            },
            false,
        ),
        (
            "issued 31 s ahead",
            &|claims| {
                claims["iat"] = json!(now + 31);
                claims["exp"] = json!(now + 60)
            },
            false,
        ),
        ("valid for a year", &with("exp", json!(now + 31_536_000)), false),
    ];
    let path = format!("/api/auth/agent/status?agent_id={}", agent.id);
    for (what, change, accepted) in rows {
        let mut claims = world.host_claims(&host);
        change(&mut claims);
        let reply = world.get(&path, Some(&sign(&host.key, "host+jwt", &claims)));
        let expected = if *accepted { (200, Value::Null) } else { (401, json!("invalid_jwt")) };
        assert_eq!((reply.status.as_u16(), reply.body["error"].clone()), expected, "{what}");
    }
    // The agent's key signs no host JWT, and the host's key no other kind.
    let claims = world.host_claims(&host);
    world.get(&path, Some(&sign(&agent.key, "host+jwt", &claims))).refused(401, "invalid_jwt");
    world.get(&path, Some(&sign(&host.key, "agent+jwt", &claims))).refused(401, "invalid_jwt");
    world.get(&path, None).refused(401, "authentication_required");
}

/// A host JWT is replayed: it works once, on every endpoint that takes one.
#[test]
fn a_host_jwt_works_once_on_every_endpoint() {
    let world = World::new();
    let host = HostActor::new();
    let agent = world.approved(&host, json!(["ping"]), "alice");
    let agent_key = new_key();
    let status = format!("/api/auth/agent/status?agent_id={}", agent.id);
    let named = json!({ "agent_id": agent.id });
    let rotate = json!({ "agent_id": agent.id, "public_key": new_key().public_jwk() });
    let endpoints: [(&str, Send<'_>); 6] = [
        ("register", &|token| world.post("/api/auth/agent/register", Some(token), &json!({ "name": "x" }))),
        ("status", &|token| world.get(&status, Some(token))),
        ("rotate key", &|token| world.post("/api/auth/agent/rotate-key", Some(token), &rotate)),
        ("revoke", &|token| world.post("/api/auth/agent/revoke", Some(token), &named)),
        ("reactivate", &|token| world.post("/api/auth/agent/reactivate", Some(token), &named)),
        ("host revoke", &|token| world.post("/api/auth/host/revoke", Some(token), &json!({}))),
    ];
    let tokens = |_: &str| {
        let mut claims = world.host_claims(&host);
        claims["agent_public_key"] = json!(agent_key.public_jwk());
        sign(&host.key, "host+jwt", &claims)
    };
    let mut used = Vec::new();
    for (name, send) in &endpoints {
        let token = tokens(name);
        let reply = send(&token);
        let expected = if *name == "reactivate" { 403 } else { 200 };
        assert_eq!(reply.status.as_u16(), expected, "{name}: {}", reply.body);
        used.push(token);
    }
    for token in &used {
        for (name, send) in &endpoints {
            let reply = send(token);
            assert_eq!((reply.status.as_u16(), &reply.body["error"]), (401, &json!("invalid_jwt")), "{name}");
        }
    }
}

/// The one endpoint that ends the token's own key.
#[test]
fn the_jwt_that_rotated_a_host_key_works_once() {
    let world = World::new();
    let host = HostActor::new();
    world.approved(&host, json!(["ping"]), "alice");
    let token = world.host_jwt(&host);
    let rotate =
        || world.post("/api/auth/host/rotate-key", Some(&token), &json!({ "public_key": new_key().public_jwk() }));
    rotate().ok();
    rotate().refused(401, "invalid_jwt");
}

/// An agent JWT is replayed: it works once; the same `jti` of another agent is another token.
#[test]
fn an_agent_jwt_works_once() {
    let world = World::new();
    let host = HostActor::new();
    let (one, other) =
        (world.register_autonomous(&host, json!(["ping"])), world.register_autonomous(&host, json!(["ping"])));
    let token = world.agent_jwt(&one);
    world.execute_with(&token, "ping", json!({})).ok();
    world.execute_with(&token, "ping", json!({})).refused(401, "invalid_jwt");
    // Signed anew with the same jti.
    let mut claims = world.agent_claims(&one, LOCATION);
    claims["jti"] = json!("mine");
    world.execute_with(&sign(&one.key, "agent+jwt", &claims), "ping", json!({})).ok();
    claims["exp"] = json!(world.now() + 59);
    world.execute_with(&sign(&one.key, "agent+jwt", &claims), "ping", json!({})).refused(401, "invalid_jwt");
    claims["sub"] = json!(other.id);
    world.execute_with(&sign(&other.key, "agent+jwt", &claims), "ping", json!({})).ok();
    assert_eq!(world.executor.count(), 3);
    // A refused call spends its token too.
    let token = world.agent_jwt(&one);
    world.execute_with(&token, "transfer_money", json!({ "amount": 1 })).refused(403, "capability_not_granted");
    world.execute_with(&token, "ping", json!({})).refused(401, "invalid_jwt");
}

/// The replay waits for the purge: the mark outlives the token, skew included.
#[test]
fn a_replay_mark_is_kept_as_long_as_its_token_could_be_accepted() {
    use countersign_storage::{Store, Timestamp};
    let world = World::new();
    let agent = world.watcher(json!(["ping"]));
    let mut claims = world.agent_claims(&agent, LOCATION);
    claims["iat"] = json!(world.now() + 30);
    claims["exp"] = json!(world.now() + 90);
    let token = sign(&agent.key, "agent+jwt", &claims);
    world.execute_with(&token, "ping", json!({})).ok();
    world.advance(119);
    pollster::block_on(world.store.purge(Timestamp(world.now()), 1_000)).unwrap();
    world.execute_with(&token, "ping", json!({})).refused(401, "invalid_jwt");
    assert_eq!(world.audit("agent.execute").len(), 2, "it was a replay and not yet an expired token");
    world.advance(1);
    world.execute_with(&token, "ping", json!({})).refused(401, "invalid_jwt");
    assert_eq!(world.audit("agent.execute").len(), 2);
}

/// A token restricted to some capabilities opens no other.
#[test]
fn the_capabilities_claim_only_narrows() {
    let world = World::new();
    let agent = world.watcher(json!(["ping", "check_balance"]));
    let call = |capabilities: Value, capability: &str| {
        let mut claims = world.agent_claims(&agent, LOCATION);
        claims["capabilities"] = capabilities;
        world.execute_with(&sign(&agent.key, "agent+jwt", &claims), capability, json!({}))
    };
    call(json!(["ping"]), "ping").ok();
    call(json!(["check_balance", "ping"]), "ping").ok();
    for capabilities in [json!([]), json!(["check_balance"]), json!(["*"]), json!(["PING"]), json!(["ping "])] {
        call(capabilities, "ping").refused(403, "capability_not_granted");
    }
    call(json!(["transfer_money"]), "transfer_money").refused(403, "capability_not_granted");
}

/// Without the store nothing is executed, and the answer says to come back.
#[test]
fn a_store_that_is_down_executes_nothing() {
    let world = World::new();
    let agent = world.watcher(json!(["ping"]));
    let token = world.agent_jwt(&agent);
    world.store.is_down.store(true, Ordering::SeqCst);
    let reply = world.execute_with(&token, "ping", json!({}));
    reply.refused(503, "temporarily_unavailable");
    assert!(reply.headers.contains_key("retry-after"));
    assert_eq!(world.executor.count(), 0);
    world.store.is_down.store(false, Ordering::SeqCst);
    world.execute_with(&token, "ping", json!({})).ok();
}

#[test]
fn two_authorization_headers_are_refused() {
    let world = World::new();
    let agent = world.watcher(json!(["ping"]));
    let mut request = crate::world::request(
        http::Method::POST,
        "/api/auth/capability/execute",
        Some(&world.agent_jwt(&agent)),
        Some(json!({ "capability": "ping" }).to_string()),
    );
    request.headers_mut().append("authorization", "Bearer x".parse().unwrap());
    world.send(request).refused(401, "invalid_jwt");
}

/// Names are no oracle: whoever did not sign learns the same from a hidden, an unknown and an open name, from a body that is
/// whole and from one that is not.
#[test]
fn a_forged_token_gets_one_answer_whatever_the_body_says() {
    let world = World::new();
    let host = HostActor::new();
    let agent = world.approved(&host, json!(["ping"]), "alice");
    let bodies = |name: &str| {
        let key = json!(new_key().public_jwk());
        [
            json!({
                "name": "x", "capabilities": [name], "capability": name, "agent_id": agent.id, "public_key": key,
                "arguments": {}, "requests": [{ "capability": name }],
            })
            .to_string(),
            json!({ "capabilities": [{ "name": name, "constraints": { "no": { "such": 1 } } }] }).to_string(),
            json!({ "mode": "nonsense", "requests": [] }).to_string(),
            "{".to_owned(),
            String::new(),
        ]
    };
    let stranger = new_key();
    let host_claims = || {
        let mut claims = world.host_claims(&host);
        claims["agent_public_key"] = json!(new_key().public_jwk());
        sign(&stranger, "host+jwt", &claims)
    };
    let agent_claims = || sign(&stranger, "agent+jwt", &world.agent_claims(&agent, ISSUER));
    let hosts =
        ["agent/register", "agent/reactivate", "agent/revoke", "agent/rotate-key", "host/rotate-key", "host/revoke"];
    let agents = ["agent/request-capability", "agent/rotate-key", "capability/execute", "capability/batch-execute"];
    for name in ["private_notes", "no_such_thing", "ping"] {
        for body in bodies(name) {
            let requests = (hosts.iter().map(|path| (path, host_claims())).collect::<Vec<_>>().into_iter())
                .chain(agents.iter().map(|path| (path, agent_claims())));
            for (path, token) in requests {
                let request = request(Method::POST, &format!("/api/auth/{path}"), Some(&token), Some(body.clone()));
                let reply = world.send(request);
                reply.refused(401, "invalid_jwt");
                assert_eq!(reply.body["message"], json!(UNPROVEN), "{path} {body}");
            }
        }
        for query in ["", "?agent_id=x", "?agent_id=a&agent_id=b"] {
            world.get(&format!("/api/auth/agent/status{query}"), Some(&host_claims())).refused(401, "invalid_jwt");
        }
    }
    assert_eq!(world.executor.count(), 0);
    world.execute(&agent, "ping", json!({})).ok();
}

const UNPROVEN: &str = "the token is not an acceptable, unused token by a key that is known here";

/// §8.2: a token lives for 60 seconds at the most, and that to the second; the leeway is for clocks, not for lives.
#[test]
fn a_token_that_lives_longer_than_a_minute_is_refused() {
    let world = World::new();
    let host = HostActor::new();
    let agent = world.approved(&host, json!(["ping"]), "alice");
    let now = world.now();
    for (iat, exp, good) in [
        (now, now + 60, true),
        (now, now + 61, false),
        (now, now + 90, false),
        (now + 30, now + 90, true),
        (now + 30, now + 91, false),
        (now + 31, now + 90, false),
        (now - 60, now, true),
        (now - 89, now - 29, true),
        (now - 90, now - 30, false),
        (now - 61, now, false),
        (now, now, false),
        (now + 10, now + 5, false),
        (now - 5, now - 10, false),
    ] {
        let timed = |mut claims: Value| {
            (claims["iat"], claims["exp"]) = (json!(iat), json!(exp));
            claims
        };
        let status = if good { 200 } else { 401 };
        let token = sign(&agent.key, "agent+jwt", &timed(world.agent_claims(&agent, LOCATION)));
        assert_eq!(
            world.execute_with(&token, "ping", json!({})).status,
            status,
            "agent, {} to {}",
            iat - now,
            exp - now
        );
        let token = sign(&host.key, "host+jwt", &timed(world.host_claims(&host)));
        let path = format!("/api/auth/agent/status?agent_id={}", agent.id);
        assert_eq!(world.get(&path, Some(&token)).status, status, "host, {} to {}", iat - now, exp - now);
    }
}

/// A token is replayed elsewhere: it works once, at whichever endpoint, and not at another afterwards.
#[test]
fn an_agent_jwt_works_once_on_every_endpoint() {
    let world = World::new();
    let host = HostActor::new();
    let agent = world.approved(&host, json!(["ping"]), "alice");
    let batch = json!({ "requests": [{ "capability": "ping" }] });
    let more = json!({ "capabilities": ["check_balance"] });
    let endpoints: [(&str, Send<'_>); 4] = [
        ("execute", &|token| world.execute_with(token, "ping", json!({}))),
        ("batch", &|token| world.post("/api/auth/capability/batch-execute", Some(token), &batch)),
        ("more", &|token| world.post("/api/auth/agent/request-capability", Some(token), &more)),
        ("describe", &|token| world.get("/api/auth/capability/describe?name=private_notes", Some(token))),
    ];
    let token = || sign(&agent.key, "agent+jwt", &world.agent_claims(&agent, ISSUER));
    let used: Vec<String> = (endpoints.iter())
        .map(|(name, send)| {
            let token = token();
            assert_eq!(send(&token).status, 200, "{name}");
            token
        })
        .collect();
    let rotate = |token: &str, key: &SigningKey| {
        world.post("/api/auth/agent/rotate-key", Some(token), &json!({ "public_key": key.public_jwk() }))
    };
    for token in &used {
        for (name, send) in &endpoints {
            // Describing asks for no credentials: what proves nothing sees what everybody sees.
            let (status, error) =
                if *name == "describe" { (404, "capability_not_found") } else { (401, "invalid_jwt") };
            send(token).refused(status, error);
        }
        rotate(token, &new_key()).refused(401, "invalid_jwt");
    }
    let (token, next) = (token(), new_key());
    rotate(&token, &next).ok();
    let rotated = AgentActor { key: next, id: agent.id.clone(), code: None };
    world.execute(&rotated, "ping", json!({})).ok();
    rotate(&token, &new_key()).refused(401, "invalid_jwt");
    assert_eq!(world.executor.count(), 3);
}
