//! §7.1, §8.10, §8.11 approval, §2.9–2.10 linking and claiming, attacks V.

use std::time::Duration;

use countersign_agent_auth::{AgentPolicy, ApprovalAnswer, ApprovalRefusal, Decided, Freshness, HostLink, Stage};
use countersign_storage::{Actor, Authentication, Limit, Outcome, Stopped, Timestamp};
use pollster::block_on;
use serde_json::json;

use crate::world::{AgentActor, HostActor, World, new_key, subject};

fn decide(
    world: &World,
    agent: &AgentActor,
    who: &str,
    answer: ApprovalAnswer,
    shown: &str,
) -> Result<Decided, Stopped<ApprovalRefusal>> {
    let code = agent.code.as_deref().unwrap();
    block_on(world.provider.decide_approval(code, &world.signed_in(who), answer, shown))
}

fn yes(names: &[&str]) -> ApprovalAnswer {
    ApprovalAnswer::Approve { capabilities: names.iter().map(|name| (*name).to_owned()).collect(), at_most: None }
}

/// Everything that is asked for, in words; nothing granted by looking.
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

/// §7.1: some of it is approved, and the agent tries the rest.
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

/// A refused agent tries again with everything that it has.
#[test]
fn denial_rejects_the_agent_for_good() {
    let world = World::new();
    let host = HostActor::new();
    let agent = world.register(&host, json!(["ping"]));
    let shown = world.view(&agent, "alice").shown;
    assert_eq!(decide(&world, &agent, "alice", ApprovalAnswer::Deny, &shown), Ok(Decided::Denied));
    assert_eq!(world.status(&host, &agent).body["status"], json!("rejected"));
    assert_eq!(decide(&world, &agent, "alice", yes(&["ping"]), &shown), Err(ApprovalRefusal::Decided.into()));
    assert_eq!(world.audit("agent.deny").len(), 1);
    // The host is nobody's still.
    assert_eq!(world.hosts_of(&subject("alice")), []);
    world.execute(&agent, "ping", json!({})).refused(403, "agent_rejected");
}

/// The agent changes its request while the page is open: what is approved is what was shown.
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
    assert_eq!(decide(&world, &first, "alice", yes(&["ping"]), &shown), Err(ApprovalRefusal::UnknownCode.into()));
    assert_eq!(decide(&world, &second, "alice", yes(&["ping"]), &shown), Err(ApprovalRefusal::Changed.into()));
    assert_eq!(
        decide(&world, &second, "alice", yes(&["ping", "transfer_money"]), &shown),
        Err(ApprovalRefusal::Changed.into())
    );
    assert_eq!(decide(&world, &second, "alice", ApprovalAnswer::Deny, &shown), Err(ApprovalRefusal::Changed.into()));
    assert_eq!(decide(&world, &second, "alice", yes(&["ping"]), ""), Err(ApprovalRefusal::Changed.into()));
    // The same request asked twice is two questions.
    let shown = world.view(&second, "alice").shown;
    let third = ask(json!(["ping", "transfer_money"]), "x", "r");
    assert_ne!(world.view(&third, "alice").shown, shown);
    // Nothing that was not asked for can be ticked.
    let shown = world.view(&third, "alice").shown;
    assert_eq!(decide(&world, &third, "alice", yes(&["check_balance"]), &shown), Err(ApprovalRefusal::NotAsked.into()));
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
    assert_eq!(decide(&world, &agent, "alice", yes(&["ping"]), &view.shown), Err(ApprovalRefusal::Changed.into()));
    world.execute(&watcher, "ping", json!({})).ok();
}

/// §2.10: linking the host ends its autonomous agents, under the person's name.
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
    // Claimed is terminal.
    let revoke = json!({ "agent_id": watcher.id });
    world.post("/api/auth/agent/revoke", Some(&world.host_jwt(&host)), &revoke).refused(403, "agent_claimed");
}

/// §8.11: somebody sits down at a browser that was left signed in.
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
    assert_eq!(refused, Err(ApprovalRefusal::FreshSessionRequired.into()));
    assert_eq!(ApprovalRefusal::FreshSessionRequired.status(), 403);
    let [event] = &world.audit("agent.approve")[..] else { panic!("one event") };
    assert_eq!(event.outcome, Outcome::Denied { reason: "fresh_session_required".to_owned() });
    assert_eq!(world.status(&host, &agent).body["status"], json!("pending"));
    // Who signs in again is shown the question again.
    let refused = block_on(world.provider.decide_approval(code, &at(300), yes(&["ping"]), &view.shown));
    assert_eq!(refused, Err(ApprovalRefusal::Changed.into()));
    let view = block_on(world.provider.approval(code, &at(300))).unwrap();
    block_on(world.provider.decide_approval(code, &at(300), yes(&["ping"]), &view.shown)).unwrap();
    let code = other.code.as_deref().unwrap();
    let shown = block_on(world.provider.approval(code, &at(9_000))).unwrap().shown;
    assert_eq!(
        block_on(world.provider.decide_approval(code, &at(9_000), ApprovalAnswer::Deny, &shown)),
        Ok(Decided::Denied)
    );
}

/// Bob approves an agent of Alice's host: one person's host is not another's to answer for.
#[test]
fn bob_does_not_answer_for_alices_host() {
    let world = World::new();
    let host = HostActor::new();
    let first = world.approved(&host, json!(["ping"]), "alice");
    let second = world.register(&host, json!(["ping"]));
    let code = second.code.as_deref().unwrap();
    assert_eq!(
        block_on(world.provider.approval(code, &world.signed_in("bob"))),
        Err(ApprovalRefusal::ForeignHost.into())
    );
    let shown = world.view(&second, "alice").shown;
    assert_eq!(world.view(&second, "alice").host_link, HostLink::Linked);
    for answer in [yes(&["ping"]), ApprovalAnswer::Deny] {
        assert_eq!(decide(&world, &second, "bob", answer, &shown), Err(ApprovalRefusal::ForeignHost.into()));
    }
    assert_eq!(world.status(&host, &second).body["status"], json!("pending"));
    assert_eq!(world.agents_of(&subject("bob")), []);
    world.execute(&first, "ping", json!({})).ok();
    // A page that bob saw while the host was nobody's is void once it is alice's.
    let free = HostActor::new();
    let (one, two) = (world.register(&free, json!(["ping"])), world.register(&free, json!(["ping"])));
    let shown = world.view(&two, "bob").shown;
    world.approve(&one, "alice");
    assert_eq!(decide(&world, &two, "bob", yes(&["ping"]), &shown), Err(ApprovalRefusal::ForeignHost.into()));
}

/// RFC 8628 §5.1 and §5.2: codes lapse, and cannot be tried out.
#[test]
fn a_code_lapses_at_its_second() {
    let world = World::new();
    let agent = world.register(&HostActor::new(), json!(["ping"]));
    let shown = world.view(&agent, "alice").shown;
    world.advance(600);
    let code = agent.code.as_deref().unwrap();
    assert_eq!(
        block_on(world.provider.approval(code, &world.signed_in("alice"))),
        Err(ApprovalRefusal::Expired.into())
    );
    assert_eq!(decide(&world, &agent, "alice", yes(&["ping"]), &shown), Err(ApprovalRefusal::Expired.into()));
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
    assert_eq!(look("mallory", "BCDF-GHJK"), Err(ApprovalRefusal::UnknownCode.into()));
    assert_eq!(ApprovalRefusal::UnknownCode.status(), 403);
    assert_eq!(guess("mallory", "BCDF-GHJL"), Err(ApprovalRefusal::UnknownCode.into()));
    assert_eq!(guess("mallory", "not a code"), Err(ApprovalRefusal::UnknownCode.into()));
    for right_or_wrong in [code.as_str(), "BCDF-GHJM"] {
        assert!(matches!(look("mallory", right_or_wrong), Err(Stopped::Refused(ApprovalRefusal::Throttled(_)))));
        assert!(matches!(guess("mallory", right_or_wrong), Err(Stopped::Refused(ApprovalRefusal::Throttled(_)))));
    }
    assert_eq!(ApprovalRefusal::Throttled(Duration::from_secs(1)).status(), 429);
    // Another person is not shut out, and answers without being counted.
    let shown = look("alice", &code).unwrap();
    look("alice", &code).unwrap();
    look("alice", &code).unwrap();
    assert!(matches!(look("alice", &code), Err(Stopped::Refused(ApprovalRefusal::Throttled(_)))));
    decide(&world, &agent, "alice", yes(&["ping"]), &shown).unwrap();
}

/// A code is good for one answer. A second click of the same session on the same button is told what the first one did.
#[test]
fn the_same_answer_is_told_again_for_a_minute_and_counts_once() {
    for answer in [yes(&["ping", "check_balance"]), yes(&[]), ApprovalAnswer::Deny] {
        let world = World::new();
        let agent = world.register(&HostActor::new(), json!(["ping", "check_balance"]));
        let (shown, of_bob) = (world.view(&agent, "alice").shown, world.view(&agent, "bob").shown);
        let first = decide(&world, &agent, "alice", answer.clone(), &shown);
        assert!(first.is_ok(), "{first:?}");
        world.advance(60);
        let again = match &answer {
            ApprovalAnswer::Approve { capabilities, .. } => {
                let capabilities: Vec<&str> = capabilities.iter().rev().map(String::as_str).collect();
                yes(&capabilities)
            }
            ApprovalAnswer::Deny => ApprovalAnswer::Deny,
        };
        assert_eq!(decide(&world, &agent, "alice", again, &shown), first, "whatever order the boxes come in");
        let otherwise = yes(&["ping"]);
        assert_eq!(decide(&world, &agent, "alice", otherwise, &shown), Err(ApprovalRefusal::Decided.into()));
        assert_eq!(decide(&world, &agent, "bob", answer.clone(), &of_bob), Err(ApprovalRefusal::Decided.into()));
        let elsewhere = Authentication::asserted(subject("alice"), "ses_2", Timestamp(world.now()), Vec::new());
        let code = agent.code.as_deref().unwrap();
        let told = block_on(world.provider.decide_approval(code, &elsewhere, answer.clone(), &shown));
        assert_eq!(told, Err(ApprovalRefusal::Decided.into()));
        assert_eq!(
            block_on(world.provider.approval(code, &world.signed_in("alice"))),
            Err(ApprovalRefusal::Decided.into())
        );
        world.advance(1);
        assert_eq!(decide(&world, &agent, "alice", answer.clone(), &shown), Err(ApprovalRefusal::Decided.into()));
        assert_eq!(world.audit("agent.approve").len() + world.audit("agent.deny").len(), 1, "decided once");
    }
    assert_eq!(ApprovalRefusal::Decided.status(), 409);
}

/// What was shown is worth something in one session, of one person, after one sign-in; though both may answer.
#[test]
fn what_mallory_was_shown_does_not_post_in_the_browser_of_alice() {
    let world = World::new();
    let agent = world.register(&HostActor::new(), json!(["ping"]));
    let code = agent.code.as_deref().unwrap();
    let of = |who: &str, session: &str, age: i64| {
        Authentication::asserted(subject(who), session, Timestamp(world.now() - age), vec!["pwd".to_owned()])
    };
    let alice = of("alice", "ses_1", 10);
    let shown = |who: &Authentication| block_on(world.provider.approval(code, who)).unwrap().shown;
    let of_alice = shown(&alice);
    assert_eq!(shown(&alice), of_alice, "the same page twice is the same page");
    for other in [
        of("mallory", "ses_1", 10),
        of("alice", "ses_2", 10),
        of("alice", "ses_1", 9),
        of("alice", "ses_1", 10).by_sign_in("another"),
        of("alice", "ses_1", 10).with_acr("urn:strong"),
    ] {
        for answer in [yes(&["ping"]), ApprovalAnswer::Deny] {
            let posted = block_on(world.provider.decide_approval(code, &alice, answer, &shown(&other)));
            assert_eq!(posted, Err(ApprovalRefusal::Changed.into()), "{other:?}");
        }
    }
    block_on(world.provider.decide_approval(code, &alice, yes(&["ping"]), &of_alice)).unwrap();
}

fn limits_of(world: &World, constraints: &serde_json::Value) -> Vec<String> {
    let asked = json!([{ "name": "transfer_money", "constraints": constraints }]);
    world.view(&world.register(&HostActor::new(), asked), "alice").capabilities[0].limits.clone()
}

/// A value is granted byte for byte, so it is shown whole, and another value is shown otherwise.
#[test]
fn constraint_values_are_shown_whole_and_never_alike() {
    let world = World::with(AgentPolicy {
        unknown_hosts: Limit::new(1_000, Duration::from_secs(60)),
        user_code_attempts: Limit::new(1_000, Duration::from_secs(60)),
        ..AgentPolicy::default()
    });
    let long = "x".repeat(1_000);
    let values = [
        "landlord".to_owned(),
        "land\u{200B}lord".to_owned(),
        "land\\u{200B}lord".to_owned(),
        "landlord ".to_owned(),
        "land\u{301}lord".to_owned(),
        "land\u{E000}lord".to_owned(),
        "”; anything".to_owned(),
        long.clone(),
        format!("{long}y"),
        format!("{long}z"),
    ];
    let mut seen: Vec<String> = Vec::new();
    for value in &values {
        let limits = limits_of(&world, &json!({ "to": value }));
        let to = limits.iter().find(|limit| limit.starts_with("to: ")).unwrap().clone();
        assert!(to.starts_with("to: only “") && to.ends_with('”') && to.matches(['“', '”']).count() == 2, "{to}");
        assert!(!seen.contains(&to), "{to}");
        seen.push(to);
    }
    assert_eq!(seen[1], r"to: only “land\u{200B}lord”");
    assert!(seen[8].contains(&format!("{long}y")));
    let too_long = json!({ "to": "x".repeat(4_096) });
    let body = json!({ "name": "x", "capabilities": [{ "name": "transfer_money", "constraints": too_long }] });
    world.register_with(&HostActor::new(), &new_key(), &body).refused(413, "request_too_large");
}

/// A grant ends when its policy, its capability or its person says so, whichever is first, and the person sees it.
#[test]
fn a_grant_has_an_end_that_approval_can_shorten() {
    let day = Duration::from_secs(86_400);
    let forever = AgentPolicy { max_lifetime: day * 1_000, session_lifetime: day * 1_000, ..AgentPolicy::default() };
    for (name, at_most, lasts) in [
        ("ping", None, day * 90),
        ("ping", Some(day * 7), day * 7),
        ("ping", Some(day * 900), day * 90),
        ("short_lived", None, Duration::from_secs(100)),
        ("short_lived", Some(day), Duration::from_secs(100)),
        ("short_lived", Some(Duration::from_secs(9)), Duration::from_secs(9)),
    ] {
        let world = World::with(forever.clone());
        let agent = world.register(&HostActor::new(), json!([name]));
        let view = world.view(&agent, "alice");
        let longest = if name == "ping" { day * 90 } else { Duration::from_secs(100) };
        assert_eq!(view.capabilities[0].lasts, Some(longest), "{name}");
        let answer = ApprovalAnswer::Approve { capabilities: vec![name.to_owned()], at_most };
        decide(&world, &agent, "alice", answer, &view.shown).unwrap();
        let grant = &world.agents_of(&subject("alice"))[0].grants[0];
        assert_eq!(grant.expires_at, Some(Timestamp(world.now()) + lasts), "{name} {at_most:?}");
        world.advance(lasts.as_secs() - 1);
        world.execute(&agent, name, json!({})).ok();
        world.advance(1);
        world.execute(&agent, name, json!({})).refused(403, "capability_not_granted");
    }
}

/// A host that signs nothing for so long is over, and its agents with it; whoever uses it sees when.
#[test]
fn a_host_ends_a_year_after_its_last_use() {
    let world = World::with(AgentPolicy {
        session_lifetime: Duration::from_secs(1_000 * 86_400),
        max_lifetime: Duration::from_secs(1_000 * 86_400),
        ..AgentPolicy::default()
    });
    let host = HostActor::new();
    let agent = world.approved(&host, json!(["ping"]), "alice");
    let end = |world: &World| world.hosts_of(&subject("alice"))[0].expires_at;
    assert_eq!(end(&world), Some(Timestamp(world.now() + 365 * 86_400)));
    world.advance(200 * 86_400);
    world.status(&host, &agent).ok();
    assert_eq!(end(&world), Some(Timestamp(world.now() + 365 * 86_400)));
    world.advance(365 * 86_400 - 1);
    world.execute(&agent, "ping", json!({})).refused(403, "capability_not_granted");
    world.advance(1);
    world.execute(&agent, "ping", json!({})).refused(403, "host_revoked");
    world.status(&host, &agent).refused(403, "host_revoked");
}

/// What was revoked is not revived by an approval.
#[test]
fn a_revoked_agent_or_host_is_not_approved() {
    let world = World::new();
    let host = HostActor::new();
    let agent = world.register(&host, json!(["ping"]));
    let shown = world.view(&agent, "alice").shown;
    world.post("/api/auth/agent/revoke", Some(&world.host_jwt(&host)), &json!({ "agent_id": agent.id })).ok();
    assert_eq!(decide(&world, &agent, "alice", yes(&["ping"]), &shown), Err(ApprovalRefusal::UnknownCode.into()));

    let agent = world.register(&host, json!(["ping"]));
    let shown = world.view(&agent, "alice").shown;
    world.post("/api/auth/host/revoke", Some(&world.host_jwt(&host)), &json!({})).ok();
    assert_eq!(decide(&world, &agent, "alice", yes(&["ping"]), &shown), Err(ApprovalRefusal::UnknownCode.into()));
    world.execute(&agent, "ping", json!({})).refused(403, "host_revoked");
}
