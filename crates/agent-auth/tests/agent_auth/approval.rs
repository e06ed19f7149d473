//! §7.1, §8.10, §8.11 approval, §2.9–2.10 linking and claiming, attacks V.

use std::time::Duration;

use countersign_agent_auth::{AgentPolicy, ApprovalAnswer, ApprovalError, Decided, Freshness, HostLink, Stage};
use countersign_storage::{Actor, Authentication, Limit, Outcome, Timestamp};
use pollster::block_on;
use serde_json::json;

use crate::world::{AgentActor, HostActor, World, new_key, subject};

fn decide(
    world: &World,
    agent: &AgentActor,
    who: &str,
    answer: ApprovalAnswer,
    shown: &str,
) -> Result<Decided, ApprovalError> {
    let code = agent.code.as_deref().unwrap();
    block_on(world.provider.decide_approval(code, &world.signed_in(who), answer, shown))
}

fn yes(names: &[&str]) -> ApprovalAnswer {
    ApprovalAnswer::Approve { capabilities: names.iter().map(|name| (*name).to_owned()).collect() }
}

/// AA-148: everything that is asked for, in words; nothing granted by looking.
#[test]
fn the_question_shows_agent_host_reason_and_limits() {
    let world = World::new();
    let host = HostActor::new();
    let agent = world.register(
        &host,
        json!(["check_balance", { "name": "transfer_money", "constraints": { "amount": { "max": 100 } } }]),
    );
    let view = world.view(&agent, "alice");
    assert_eq!(
        (view.agent_name.as_str(), view.host_name.as_deref(), view.reason.as_deref()),
        ("Bill payer", Some("Laptop"), Some("pay a bill"))
    );
    assert_eq!(
        (view.stage, view.host_link, view.freshness),
        (Stage::Registration, HostLink::WillLink, Freshness::Fresh)
    );
    assert_eq!(view.expires_at, Timestamp(world.now() + 600));
    let asked: Vec<_> =
        view.capabilities.iter().map(|asked| (asked.name.as_str(), asked.description.as_str())).collect();
    assert_eq!(asked, [("check_balance", "Read the balance of an account"), ("transfer_money", "Move money")]);
    world.execute(&agent, "check_balance", json!({ "account_id": "a" })).refused(403, "host_pending");
}

/// §5.3, §5.5: after the approval agent, host and grants are active, and the person is named.
#[test]
fn approval_activates_the_agent_and_links_the_host() {
    let world = World::new();
    let host = HostActor::new();
    let agent =
        world.register(&host, json!([{ "name": "transfer_money", "constraints": { "amount": { "max": 100 } } }]));
    world.advance(10);
    world.approve(&agent, "alice");
    let reply = world.status(&host, &agent);
    let body = reply.ok();
    assert_eq!((&body["status"], &body["user_id"]), (&json!("active"), &json!("alice")));
    assert_eq!(
        (&body["created_at"], &body["activated_at"]),
        (&json!("2026-09-21T14:13:20Z"), &json!("2026-09-21T14:13:30Z"))
    );
    assert_eq!(body["expires_at"], json!("2026-09-21T15:13:30Z"));
    let grant = &body["agent_capability_grants"][0];
    assert_eq!((&grant["status"], &grant["granted_by"]), (&json!("active"), &json!("alice")));
    assert_eq!(grant["constraints"], json!({ "amount": { "max": 100 } }));
    assert_eq!((&grant["description"], &grant["input"]["additionalProperties"]), (&json!("Move money"), &json!(false)));
    let hosts = world.hosts_of(&subject("alice"));
    assert_eq!((hosts.len(), hosts[0].name.as_deref(), hosts[0].living()), (1, Some("Laptop"), 1));
    let [linked] = &world.audit("host.link")[..] else { panic!("one event") };
    let [approved] = &world.audit("agent.approve")[..] else { panic!("one event") };
    for event in [linked, approved] {
        assert_eq!(event.actor, Actor::Person { subject: subject("alice") });
        assert_eq!(event.detail["session"], "ses_alice");
    }
    assert_eq!(
        (approved.detail["agent"].as_str(), approved.detail["granted"].as_str()),
        (agent.id.as_str(), "transfer_money")
    );
}

/// ATK-504, AA-102, AA-103, X7.
#[test]
fn a_partial_approval_grants_what_was_ticked_and_denies_the_rest() {
    let world = World::new();
    let host = HostActor::new();
    let agent = world.register(&host, json!(["ping", "check_balance"]));
    let shown = world.view(&agent, "alice").shown;
    let decided = decide(&world, &agent, "alice", yes(&["ping"]), &shown).unwrap();
    assert_eq!(
        decided,
        Decided::Approved { granted: vec!["ping".to_owned()], denied: vec!["check_balance".to_owned()] }
    );
    let body = world.status(&host, &agent).body;
    assert_eq!(body["status"], json!("active"));
    assert_eq!(
        body["agent_capability_grants"][1],
        json!({ "capability": "check_balance", "status": "denied", "reason": "not approved" })
    );
    world.execute(&agent, "ping", json!({})).ok();
    world.execute(&agent, "check_balance", json!({ "account_id": "a" })).refused(403, "capability_not_granted");

    let nothing = world.register(&host, json!(["ping"]));
    let shown = world.view(&nothing, "alice").shown;
    decide(&world, &nothing, "alice", yes(&[]), &shown).unwrap();
    assert_eq!(world.status(&host, &nothing).body["status"], json!("active"));
    world.execute(&nothing, "ping", json!({})).refused(403, "capability_not_granted");
}

/// AA-144, X7.
#[test]
fn denial_rejects_the_agent_for_good() {
    let world = World::new();
    let host = HostActor::new();
    let agent = world.register(&host, json!(["ping"]));
    let shown = world.view(&agent, "alice").shown;
    assert_eq!(decide(&world, &agent, "alice", ApprovalAnswer::Deny, &shown), Ok(Decided::Denied));
    assert_eq!(world.status(&host, &agent).body["status"], json!("rejected"));
    assert_eq!(decide(&world, &agent, "alice", yes(&["ping"]), &shown), Err(ApprovalError::UnknownCode));
    assert_eq!(world.audit("agent.deny").len(), 1);
    // The host is nobody's still.
    assert_eq!(world.hosts_of(&subject("alice")), []);
    world.execute(&agent, "ping", json!({})).refused(403, "agent_rejected");
}

/// ATK-495, decisions 25: what is approved is what was shown.
#[test]
fn any_change_of_the_request_voids_the_page() {
    let world = World::new();
    let host = HostActor::new();
    let key = new_key();
    let ask = |capabilities: serde_json::Value, name: &str, reason: &str| {
        AgentActor::of(
            &world.register_with(&host, &key, &json!({ "name": name, "reason": reason, "capabilities": capabilities })),
            key.clone(),
        )
    };
    let first = ask(json!(["ping"]), "x", "r");
    let shown = world.view(&first, "alice").shown;
    // The agent asks again, for more: the old code is dead, and the old page does not open the new one.
    let second = ask(json!(["ping", "transfer_money"]), "x", "r");
    assert_eq!(decide(&world, &first, "alice", yes(&["ping"]), &shown), Err(ApprovalError::UnknownCode));
    assert_eq!(decide(&world, &second, "alice", yes(&["ping"]), &shown), Err(ApprovalError::Changed));
    assert_eq!(decide(&world, &second, "alice", yes(&["ping", "transfer_money"]), &shown), Err(ApprovalError::Changed));
    assert_eq!(decide(&world, &second, "alice", ApprovalAnswer::Deny, &shown), Err(ApprovalError::Changed));
    assert_eq!(decide(&world, &second, "alice", yes(&["ping"]), ""), Err(ApprovalError::Changed));
    // The same request asked twice is two questions.
    let shown = world.view(&second, "alice").shown;
    let third = ask(json!(["ping", "transfer_money"]), "x", "r");
    assert_ne!(world.view(&third, "alice").shown, shown);
    // Nothing that was not asked for can be ticked.
    let shown = world.view(&third, "alice").shown;
    assert_eq!(decide(&world, &third, "alice", yes(&["check_balance"]), &shown), Err(ApprovalError::NotAsked));
    assert_eq!(world.status(&host, &third).body["status"], json!("pending"));
    decide(&world, &third, "alice", yes(&["ping"]), &shown).unwrap();
}

/// Another agent under the host that approval would claim is part of what is shown.
#[test]
fn what_approval_would_claim_is_shown_and_bound() {
    let world = World::new();
    let host = HostActor::new();
    let watcher = world.register_autonomous(&host, json!(["ping"]));
    let agent = world.register(&host, json!(["ping"]));
    let view = world.view(&agent, "alice");
    assert_eq!(view.claims, ["Watcher"]);
    world.register_autonomous(&host, json!(["ping"]));
    assert_eq!(decide(&world, &agent, "alice", yes(&["ping"]), &view.shown), Err(ApprovalError::Changed));
    world.execute(&watcher, "ping", json!({})).ok();
}

/// AA-017, ATK on claiming: linking the host ends its autonomous agents, under the person's name.
#[test]
fn linking_a_host_claims_its_autonomous_agents() {
    let world = World::new();
    let host = HostActor::new();
    let watcher = world.register_autonomous(&host, json!(["ping"]));
    world.execute(&watcher, "ping", json!({})).ok();
    world.approved(&host, json!(["ping"]), "alice");
    let body = world.status(&host, &watcher).body;
    assert_eq!((&body["status"], &body["user_id"]), (&json!("claimed"), &json!("alice")));
    assert_eq!(body["agent_capability_grants"][0]["status"], json!("revoked"));
    world.execute(&watcher, "ping", json!({})).refused(403, "agent_claimed");
    let [claimed] = &world.audit("agent.claim")[..] else { panic!("one event") };
    assert_eq!((claimed.detail["agent"].as_str(), &claimed.subject), (watcher.id.as_str(), &Some(subject("alice"))));
    // AA-004: claimed is terminal.
    let revoke = json!({ "agent_id": watcher.id });
    world.post("/api/auth/agent/revoke", Some(&world.host_jwt(&host)), &revoke).refused(403, "agent_claimed");
}

/// ATK-497, AA-151.
#[test]
fn approving_takes_a_fresh_sign_in_and_denying_does_not() {
    let world = World::new();
    let host = HostActor::new();
    let (agent, other) = (world.register(&host, json!(["ping"])), world.register(&host, json!(["ping"])));
    let at = |age: i64| {
        Authentication::asserted(subject("alice"), "ses_1", Timestamp(world.now() - age), vec!["pwd".to_owned()])
    };
    let code = agent.code.as_deref().unwrap();
    let view = block_on(world.provider.approval(code, &at(301))).unwrap();
    assert_eq!(view.freshness, Freshness::SignInAgain);
    let refused = block_on(world.provider.decide_approval(code, &at(301), yes(&["ping"]), &view.shown));
    assert_eq!(refused, Err(ApprovalError::FreshSessionRequired));
    assert_eq!(ApprovalError::FreshSessionRequired.status(), 403);
    let [event] = &world.audit("agent.approve")[..] else { panic!("one event") };
    assert_eq!(event.outcome, Outcome::Denied { reason: "fresh_session_required".to_owned() });
    assert_eq!(world.status(&host, &agent).body["status"], json!("pending"));
    block_on(world.provider.decide_approval(code, &at(300), yes(&["ping"]), &view.shown)).unwrap();
    let code = other.code.as_deref().unwrap();
    let shown = block_on(world.provider.approval(code, &at(9_000))).unwrap().shown;
    assert_eq!(
        block_on(world.provider.decide_approval(code, &at(9_000), ApprovalAnswer::Deny, &shown)),
        Ok(Decided::Denied)
    );
}

/// ATK-460, AA-006: one person's host is not another's to answer for.
#[test]
fn bob_does_not_answer_for_alices_host() {
    let world = World::new();
    let host = HostActor::new();
    let first = world.approved(&host, json!(["ping"]), "alice");
    let second = world.register(&host, json!(["ping"]));
    let code = second.code.as_deref().unwrap();
    assert_eq!(block_on(world.provider.approval(code, &world.signed_in("bob"))), Err(ApprovalError::ForeignHost));
    let shown = world.view(&second, "alice").shown;
    assert_eq!(world.view(&second, "alice").host_link, HostLink::Linked);
    for answer in [yes(&["ping"]), ApprovalAnswer::Deny] {
        assert_eq!(decide(&world, &second, "bob", answer, &shown), Err(ApprovalError::ForeignHost));
    }
    assert_eq!(world.status(&host, &second).body["status"], json!("pending"));
    assert_eq!(world.agents_of(&subject("bob")), []);
    world.execute(&first, "ping", json!({})).ok();
    // A page that bob saw while the host was nobody's is void once it is alice's.
    let free = HostActor::new();
    let (one, two) = (world.register(&free, json!(["ping"])), world.register(&free, json!(["ping"])));
    let shown = world.view(&two, "bob").shown;
    world.approve(&one, "alice");
    assert_eq!(decide(&world, &two, "bob", yes(&["ping"]), &shown), Err(ApprovalError::ForeignHost));
}

/// RFC 8628 §5.1–5.2, ATK-500: codes lapse, and cannot be tried out.
#[test]
fn a_code_lapses_at_its_second() {
    let world = World::new();
    let agent = world.register(&HostActor::new(), json!(["ping"]));
    let shown = world.view(&agent, "alice").shown;
    world.advance(600);
    let code = agent.code.as_deref().unwrap();
    assert_eq!(block_on(world.provider.approval(code, &world.signed_in("alice"))), Err(ApprovalError::Expired));
    assert_eq!(decide(&world, &agent, "alice", yes(&["ping"]), &shown), Err(ApprovalError::Expired));
}

#[test]
fn codes_are_limited_per_person_whether_looked_up_or_answered() {
    let user_code_attempts = Limit::new(3, Duration::from_secs(600));
    let world = World::with(AgentPolicy { user_code_attempts, ..AgentPolicy::default() });
    let agent = world.register(&HostActor::new(), json!(["ping"]));
    let code = agent.code.clone().unwrap();
    let look =
        |who: &str, code: &str| block_on(world.provider.approval(code, &world.signed_in(who))).map(|view| view.shown);
    let guess = |who: &str, code: &str| {
        block_on(world.provider.decide_approval(code, &world.signed_in(who), yes(&["ping"]), "guess"))
    };
    assert_eq!(look("mallory", "BCDF-GHJK"), Err(ApprovalError::UnknownCode));
    assert_eq!(ApprovalError::UnknownCode.status(), 403);
    assert_eq!(guess("mallory", "BCDF-GHJL"), Err(ApprovalError::UnknownCode));
    assert_eq!(guess("mallory", "not a code"), Err(ApprovalError::UnknownCode));
    for right_or_wrong in [code.as_str(), "BCDF-GHJM"] {
        assert!(matches!(look("mallory", right_or_wrong), Err(ApprovalError::Throttled(_))));
        assert!(matches!(guess("mallory", right_or_wrong), Err(ApprovalError::Throttled(_))));
    }
    assert_eq!(ApprovalError::Throttled(Duration::from_secs(1)).status(), 429);
    // Another person is not shut out, and answers without being counted.
    let shown = look("alice", &code).unwrap();
    look("alice", &code).unwrap();
    look("alice", &code).unwrap();
    assert!(matches!(look("alice", &code), Err(ApprovalError::Throttled(_))));
    decide(&world, &agent, "alice", yes(&["ping"]), &shown).unwrap();
}

/// A code is good for one answer.
#[test]
fn an_answered_code_is_dead() {
    let world = World::new();
    let agent = world.register(&HostActor::new(), json!(["ping"]));
    let shown = world.view(&agent, "alice").shown;
    decide(&world, &agent, "alice", yes(&["ping"]), &shown).unwrap();
    for answer in [yes(&["ping"]), ApprovalAnswer::Deny] {
        assert_eq!(decide(&world, &agent, "alice", answer, &shown), Err(ApprovalError::UnknownCode));
    }
    let code = agent.code.as_deref().unwrap();
    assert_eq!(block_on(world.provider.approval(code, &world.signed_in("alice"))), Err(ApprovalError::UnknownCode));
}

/// ATK-503: what was revoked is not revived by an approval.
#[test]
fn a_revoked_agent_or_host_is_not_approved() {
    let world = World::new();
    let host = HostActor::new();
    let agent = world.register(&host, json!(["ping"]));
    let shown = world.view(&agent, "alice").shown;
    world.post("/api/auth/agent/revoke", Some(&world.host_jwt(&host)), &json!({ "agent_id": agent.id })).ok();
    assert_eq!(decide(&world, &agent, "alice", yes(&["ping"]), &shown), Err(ApprovalError::UnknownCode));

    let agent = world.register(&host, json!(["ping"]));
    let shown = world.view(&agent, "alice").shown;
    world.post("/api/auth/host/revoke", Some(&world.host_jwt(&host)), &json!({})).ok();
    assert_eq!(decide(&world, &agent, "alice", yes(&["ping"]), &shown), Err(ApprovalError::UnknownCode));
    world.execute(&agent, "ping", json!({})).refused(403, "host_revoked");
}
