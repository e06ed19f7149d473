//! Two providers on one store: nothing that one gave out is anything to the other.

use countersign_agent_auth::{ApprovalAnswer, ApprovalRefusal, Revocation};
use countersign_storage::Page;
use pollster::block_on;
use serde_json::{Value, json};

use crate::world::{HostActor, Reply, World, new_key, sign, subject};

const OTHER: &str = "https://other.test/api/auth";

#[test]
fn what_one_provider_gave_out_is_refused_by_the_other() {
    let a = World::new();
    let b = World::of_issuer(OTHER, &a.store, &a.clock);
    let host = HostActor::new();
    let agent = a.approved(&host, json!(["ping"]), "alice");
    let pending = a.register(&host, json!(["ping"]));
    let (code, who) = (pending.code.clone().unwrap(), a.signed_in("alice"));
    let shown = a.view(&pending, "alice").shown;
    let host_id = a.hosts_of(&subject("alice"))[0].host_id.clone();

    let to_b = |mut claims: Value, audience: &str| {
        claims["aud"] = json!(audience);
        claims
    };
    let host_jwt = |audience: &str| sign(&host.key, "host+jwt", &to_b(a.host_claims(&host), audience));
    let agent_jwt = |audience: &str| sign(&agent.key, "agent+jwt", &to_b(a.agent_claims(&agent, OTHER), audience));
    let location = format!("{OTHER}/capability/execute");
    let ids = json!({ "agent_id": agent.id, "public_key": new_key().public_jwk() });
    let call = json!({ "capability": "ping", "arguments": {}, "requests": [{ "capability": "ping" }], "capabilities": ["ping"] });
    let rows: Vec<(&str, Reply)> = vec![
        (
            "host JWT for A, status",
            b.get(&format!("/api/auth/agent/status?agent_id={}", agent.id), Some(&a.host_jwt(&host))),
        ),
        ("host, status", b.get(&format!("/api/auth/agent/status?agent_id={}", agent.id), Some(&host_jwt(OTHER)))),
        ("host, reactivate", b.post("/api/auth/agent/reactivate", Some(&host_jwt(OTHER)), &ids)),
        ("host, revoke agent", b.post("/api/auth/agent/revoke", Some(&host_jwt(OTHER)), &ids)),
        ("host, rotate agent key", b.post("/api/auth/agent/rotate-key", Some(&host_jwt(OTHER)), &ids)),
        ("host, rotate key", b.post("/api/auth/host/rotate-key", Some(&host_jwt(OTHER)), &ids)),
        ("host, revoke", b.post("/api/auth/host/revoke", Some(&host_jwt(OTHER)), &ids)),
        ("agent JWT for A, execute", b.post("/api/auth/capability/execute", Some(&a.agent_jwt(&agent)), &call)),
        ("agent, execute", b.post("/api/auth/capability/execute", Some(&agent_jwt(&location)), &call)),
        ("agent, batch", b.post("/api/auth/capability/batch-execute", Some(&agent_jwt(&location)), &call)),
        ("agent, request more", b.post("/api/auth/agent/request-capability", Some(&agent_jwt(OTHER)), &call)),
        ("agent, rotate key", b.post("/api/auth/agent/rotate-key", Some(&agent_jwt(OTHER)), &ids)),
    ];
    for (what, reply) in rows {
        assert_eq!(
            (reply.status.as_u16(), &reply.body["error"]),
            (401, &json!("invalid_jwt")),
            "{what}: {}",
            reply.body
        );
    }
    for token in [a.agent_jwt(&agent), agent_jwt(&location), agent_jwt(OTHER)] {
        assert_eq!(b.introspect(&token).ok(), &json!({ "active": false }));
    }
    assert_eq!(block_on(b.provider.approval(&code, &who)), Err(ApprovalRefusal::UnknownCode.into()));
    let yes = || ApprovalAnswer::Approve { capabilities: vec!["ping".to_owned()], at_most: None };
    for answer in [yes(), ApprovalAnswer::Deny] {
        let decided = block_on(b.provider.decide_approval(&code, &who, answer, &shown));
        assert_eq!(decided, Err(ApprovalRefusal::UnknownCode.into()));
    }
    let alice = subject("alice");
    assert_eq!(b.hosts_of(&alice), []);
    assert_eq!(block_on(b.provider.agents(&alice, &host_id, Page::first(10))).unwrap().0, []);
    assert_eq!(block_on(b.provider.revoke_agent(&alice, &agent.id)), Ok(Revocation::NotFound));
    assert_eq!(block_on(b.provider.revoke_host(&alice, &host_id)), Ok(Revocation::NotFound));
    assert_eq!(block_on(b.provider.revoke_person(&alice)), Ok(Revocation::NotFound));
    assert_eq!(block_on(b.provider.agent_activity(&alice, &agent.id, Page::first(10))).unwrap().0, []);
    assert_eq!(b.executor.count(), 0);

    // The same host is a host of its own there; ending it there ends nothing here.
    let mut claims = to_b(a.host_claims(&host), OTHER);
    claims["agent_public_key"] = json!(agent.key.public_jwk());
    let body = json!({ "name": "x", "capabilities": ["ping"] });
    b.post("/api/auth/agent/register", Some(&sign(&host.key, "host+jwt", &claims)), &body).ok();
    b.post("/api/auth/host/revoke", Some(&host_jwt(OTHER)), &json!({})).ok();
    a.execute(&agent, "ping", json!({})).ok();
    assert!(block_on(a.provider.decide_approval(&code, &who, yes(), &shown)).is_ok());
}
