//! Of many at once, exactly one: tokens, approvals, registrations; and revocation wins.

use std::sync::Barrier;
use std::time::Duration;

use countersign_agent_auth::{AgentPolicy, ApprovalAnswer, ApprovalRefusal, IntrospectionCallers, Revocation};
use countersign_storage::{Limit, Outcome, Stopped};
use pollster::block_on;
use serde_json::json;

use crate::world::{HostActor, World, autonomous, capabilities, new_key, subject};

/// Four nodes on one store.
fn nodes() -> [World; 4] {
    nodes_with(|| AgentPolicy {
        autonomous: autonomous(),
        user_code_attempts: Limit::new(10_000, Duration::from_secs(600)),
        unknown_hosts: Limit::new(10_000, Duration::from_secs(600)),
        calls: Some(Limit::new(10_000, Duration::from_secs(60))),
        registrations: None,
        agents_per_host: 1_000,
        ..AgentPolicy::default()
    })
}

fn nodes_with(policy: impl Fn() -> AgentPolicy) -> [World; 4] {
    let callers = || IntrospectionCallers::Anyone(Limit::new(10, Duration::from_secs(60)));
    let first = World::with(policy());
    let other = || World::on(&first.store, &first.clock, policy(), callers(), capabilities());
    let (second, third, fourth) = (other(), other(), other());
    [first, second, third, fourth]
}

/// Runs `act` 64 times at once, spread over the nodes.
fn all_at_once<T: Send>(nodes: &[World; 4], act: impl Fn(&World, usize) -> T + Sync) -> Vec<T> {
    let barrier = Barrier::new(64);
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..64)
            .map(|index| {
                let (node, barrier, act) = (&nodes[index % 4], &barrier, &act);
                scope.spawn(move || {
                    barrier.wait();
                    act(node, index)
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

#[test]
fn of_64_uses_of_one_agent_jwt_one_executes() {
    let nodes = nodes();
    let agent = nodes[0].watcher(json!(["ping"]));
    for round in 0..10 {
        let token = nodes[0].agent_jwt(&agent);
        let replies = all_at_once(&nodes, |node, _| node.execute_with(&token, "ping", json!({})));
        assert_eq!(replies.iter().filter(|reply| reply.status == 200).count(), 1);
        for reply in replies.iter().filter(|reply| reply.status != 200) {
            reply.refused(401, "invalid_jwt");
        }
        assert_eq!(nodes.iter().map(|node| node.executor.count()).sum::<usize>(), round + 1);
        nodes[0].advance(60);
    }
    let allowed = nodes[0].audit("agent.execute").iter().filter(|record| record.outcome == Outcome::Allowed).count();
    assert_eq!(allowed, 10, "the audit agrees");
}

#[test]
fn of_64_uses_of_one_host_jwt_one_is_answered() {
    let nodes = nodes();
    let host = HostActor::new();
    let agent = nodes[0].register(&host, json!(["ping"]));
    let token = nodes[0].host_jwt(&host);
    let path = format!("/api/auth/agent/status?agent_id={}", agent.id);
    let replies = all_at_once(&nodes, |node, _| node.get(&path, Some(&token)));
    assert_eq!(replies.iter().filter(|reply| reply.status == 200).count(), 1);
    replies.iter().filter(|reply| reply.status != 200).for_each(|reply| reply.refused(401, "invalid_jwt"));
}

/// One terminal outcome, and the audit agrees.
#[test]
fn of_64_answers_approve_and_deny_exactly_one_counts() {
    let nodes = nodes();
    for _ in 0..10 {
        let host = HostActor::new();
        let agent = nodes[0].register(&host, json!(["ping"]));
        let shown = nodes[0].view(&agent, "alice").shown;
        let code = agent.code.as_deref().unwrap();
        let (approved, denied) = (nodes[0].audit("agent.approve").len(), nodes[0].audit("agent.deny").len());
        let decided = all_at_once(&nodes, |node, index| {
            let answer = match index % 2 {
                0 => ApprovalAnswer::Approve { capabilities: vec!["ping".to_owned()], at_most: None },
                _ => ApprovalAnswer::Deny,
            };
            block_on(node.provider.decide_approval(code, &node.signed_in("alice"), answer, &shown))
        });
        // All who gave the answer that counted are told what it did, all others that it was decided.
        let (told, refused): (Vec<_>, Vec<_>) = decided.iter().partition(|decided| decided.is_ok());
        assert_eq!(told.len(), 32);
        assert!(told.iter().all(|decided| *decided == told[0]));
        assert!(refused.iter().all(|refused| **refused == Err(ApprovalRefusal::Decided.into())));
        let status = nodes[0].status(&host, &agent).body["status"].clone();
        let (approvals, denials) =
            (nodes[0].audit("agent.approve").len() - approved, nodes[0].audit("agent.deny").len() - denied);
        match status.as_str().unwrap() {
            "active" => assert_eq!((approvals, denials), (1, 0)),
            "rejected" => assert_eq!((approvals, denials), (0, 1)),
            other => panic!("{other}"),
        }
    }
}

/// Two persons race for one host; one gets it.
#[test]
fn a_host_is_linked_to_one_person_however_many_approve() {
    let nodes = nodes();
    let host = HostActor::new();
    let agent = nodes[0].register(&host, json!(["ping"]));
    let shown: Vec<String> = (0..8).map(|index| nodes[0].view(&agent, &format!("person{index}")).shown).collect();
    let code = agent.code.as_deref().unwrap();
    let decided = all_at_once(&nodes, |node, index| {
        let (who, shown) = (node.signed_in(&format!("person{}", index % 8)), &shown[index % 8]);
        let answer = ApprovalAnswer::Approve { capabilities: vec!["ping".to_owned()], at_most: None };
        block_on(node.provider.decide_approval(code, &who, answer, shown))
    });
    // The eight clicks of one person.
    assert_eq!(decided.iter().filter(|decided| decided.is_ok()).count(), 8);
    assert_eq!(nodes[0].audit("agent.approve").len(), 1);
    let owners = (0..8).filter(|index| !nodes[0].hosts_of(&subject(&format!("person{index}"))).is_empty());
    assert_eq!(owners.count(), 1);
}

/// After a revocation was acknowledged nothing executes, and no approval revives anything.
#[test]
fn revocation_wins_over_calls_and_approvals() {
    let nodes = nodes();
    for _ in 0..10 {
        let host = HostActor::new();
        let agent = nodes[0].approved(&host, json!(["ping"]), "alice");
        let pending = nodes[0].register(&host, json!(["ping"]));
        let shown = nodes[0].view(&pending, "alice").shown;
        let code = pending.code.as_deref().unwrap();
        let tokens: Vec<String> = (0..64).map(|_| nodes[0].agent_jwt(&agent)).collect();
        let alice = subject("alice");
        let host_id = nodes[0].status(&host, &agent).body["host_id"].as_str().unwrap().to_owned();
        all_at_once(&nodes, |node, index| match index {
            0 => {
                let revoked = block_on(node.provider.revoke_host(&alice, &host_id)).unwrap();
                assert!(matches!(revoked, Revocation::Revoked { .. }));
                // Acknowledged: from here on nothing may pass.
                node.execute(&agent, "ping", json!({})).refused(403, "host_revoked");
            }
            1..8 => {
                let answer = ApprovalAnswer::Approve { capabilities: vec!["ping".to_owned()], at_most: None };
                let _ = block_on(node.provider.decide_approval(code, &node.signed_in("alice"), answer, &shown));
            }
            8..16 => {
                let reply = node.register_with(&host, &new_key(), &json!({ "name": "x", "capabilities": ["ping"] }));
                assert!(matches!(reply.status.as_u16(), 200 | 403), "{}", reply.body);
            }
            _ => {
                let reply = node.execute_with(&tokens[index], "ping", json!({}));
                assert!(matches!(reply.status.as_u16(), 200 | 403), "{}", reply.body);
            }
        });
        nodes[3].execute(&agent, "ping", json!({})).refused(403, "host_revoked");
        nodes[2].execute(&pending, "ping", json!({})).refused(403, "host_revoked");
        for agent in nodes[1].agents_of(&alice) {
            assert_eq!(agent.status.unwrap().as_str(), "revoked");
        }
    }
}

/// An autonomous agent that registers while its host is being linked is claimed, or was never registered.
#[test]
fn no_autonomous_agent_slips_past_the_linking_of_its_host() {
    let nodes = nodes();
    for _ in 0..10 {
        let host = HostActor::new();
        let first = nodes[0].register_autonomous(&host, json!(["ping"]));
        let agent = nodes[0].register(&host, json!(["ping"]));
        all_at_once(&nodes, |node, index| match index % 8 {
            0 => {
                // Each registration that gets in changes what is shown: look again until the answer counts.
                for _ in 0..50 {
                    let who = node.signed_in("alice");
                    let code = agent.code.as_deref().unwrap();
                    let Ok(view) = block_on(node.provider.approval(code, &who)) else { break };
                    let answer = ApprovalAnswer::Approve { capabilities: vec!["ping".to_owned()], at_most: None };
                    match block_on(node.provider.decide_approval(code, &who, answer, &view.shown)) {
                        Err(Stopped::Refused(ApprovalRefusal::Changed)) => {}
                        _ => break,
                    }
                }
            }
            1 => {
                let body = json!({ "name": "late", "mode": "autonomous", "capabilities": ["ping"] });
                let reply = node.register_with(&host, &new_key(), &body);
                assert!(matches!(reply.status.as_u16(), 200 | 400), "{}", reply.body);
            }
            _ => {}
        });
        nodes[0].execute(&first, "ping", json!({})).refused(403, "agent_claimed");
        for view in nodes[0].agents_of(&subject("alice")) {
            let expected = if view.agent_id == agent.id { "active" } else { "claimed" };
            if view.host_id == nodes[0].status(&host, &agent).body["host_id"].as_str().unwrap() {
                assert_eq!(view.status.unwrap().as_str(), expected, "{}", view.name);
            }
        }
    }
}

/// One key, one agent, however often it registers at once.
#[test]
fn one_key_registers_one_agent() {
    let nodes = nodes();
    let host = HostActor::new();
    let key = new_key();
    let body = json!({ "name": "x", "mode": "autonomous", "capabilities": ["ping"] });
    let replies = all_at_once(&nodes, |node, _| node.register_with(&host, &key, &body));
    assert_eq!(replies.iter().filter(|reply| reply.status == 200).count(), 1);
    replies.iter().filter(|reply| reply.status != 200).for_each(|reply| reply.refused(409, "agent_exists"));
}

/// Many calls at once try to pass the ceiling together: it holds under concurrency.
#[test]
fn the_limit_of_calls_holds_under_concurrency() {
    let policy = || AgentPolicy {
        autonomous: autonomous(),
        calls: Some(Limit::new(10, Duration::from_secs(60))),
        ..AgentPolicy::default()
    };
    let nodes = nodes_with(policy);
    let agent = nodes[0].watcher(json!(["ping"]));
    let tokens: Vec<String> = (0..64).map(|_| nodes[0].agent_jwt(&agent)).collect();
    let replies = all_at_once(&nodes, |node, index| node.execute_with(&tokens[index], "ping", json!({})));
    assert_eq!(replies.iter().filter(|reply| reply.status == 200).count(), 10);
    replies.iter().filter(|reply| reply.status != 200).for_each(|reply| reply.refused(429, "rate_limited"));
}
