//! §11, §5.11: each act that was permitted leaves word of how it ended, or is listed as one whose end is not known.

use std::future::Future;
use std::pin::pin;
use std::sync::atomic::Ordering;
use std::task::{Context, Waker};

use countersign_agent_auth::{ExecuteError, UnfinishedCall};
use countersign_storage::{Endpoints, Outcome, Page, Subject};
use http::Method;
use pollster::block_on;
use serde_json::json;

use crate::world::{AgentActor, World, request, subject};

fn unfinished(world: &World, who: Option<&Subject>) -> Vec<UnfinishedCall> {
    let page = Page::first(100);
    let (found, next) = match who {
        Some(who) => block_on(world.provider.unfinished_for(who, page)).unwrap(),
        None => block_on(world.provider.unfinished(page)).unwrap(),
    };
    assert_eq!(next, None);
    found
}

/// The process dies while the executor works: nobody asks the answer's future again.
fn die_during(world: &World, agent: &AgentActor, path: &str, body: &serde_json::Value) {
    world.executor.hangs.store(true, Ordering::SeqCst);
    let token = world.agent_jwt(agent);
    let request = request(Method::POST, path, Some(&token), Some(body.to_string()));
    let mut answer = pin!(world.provider.answer(request));
    let waiting = (0..50).all(|_| answer.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    assert!(waiting, "the executor is at work");
    world.executor.hangs.store(false, Ordering::SeqCst);
}

#[test]
fn each_act_leaves_word_of_how_it_ended() {
    let world = World::new();
    let agent = world.payer(json!(["ping"]));
    world.execute(&agent, "ping", json!({})).ok();
    *world.executor.failure.lock().unwrap() = Some(ExecuteError::Failed("no".to_owned()));
    world.execute(&agent, "ping", json!({})).refused(500, "internal_error");
    world.execute(&agent, "check_balance", json!({})).refused(403, "capability_not_granted");
    let allowed: Vec<String> = (world.audit("agent.execute").iter())
        .filter(|record| record.outcome == Outcome::Allowed)
        .map(|record| record.detail["call"].clone())
        .collect();
    let [completed] = &world.audit("agent.execute_completed")[..] else { panic!("one") };
    let [failed] = &world.audit("agent.execute_failed")[..] else { panic!("one") };
    assert_eq!(failed.outcome, Outcome::Denied { reason: "internal_error".to_owned() });
    for record in [completed, failed] {
        assert!(allowed.contains(&record.detail["call"]));
        assert_eq!((record.subject.as_ref(), record.detail["capability"].as_str()), (Some(&subject("alice")), "ping"));
    }
    assert_ne!(completed.detail["call"], failed.detail["call"]);
    assert_eq!(unfinished(&world, None), []);
}

#[test]
fn an_act_that_the_process_did_not_survive_is_listed() {
    let world = World::new();
    let agent = world.payer(json!(["ping"]));
    die_during(&world, &agent, "/api/auth/capability/execute", &json!({ "capability": "ping" }));
    world.execute(&agent, "ping", json!({})).ok();
    let [left] = &unfinished(&world, None)[..] else { panic!("one") };
    let call = world.executor.calls.lock().unwrap()[0].clone();
    assert_eq!((&left.call_id, &left.capability, &left.agent_id), (&call.id, &call.capability, &agent.id));
    assert_eq!((left.began_at.as_secs(), left.subject.as_ref()), (world.now(), Some(&subject("alice"))));
    assert_eq!(unfinished(&world, Some(&subject("alice"))).len(), 1);
    assert_eq!(unfinished(&world, Some(&subject("bob"))), []);
    // Of a batch, all that were permitted: none is known to have ended.
    let batch =
        json!({ "requests": [{ "capability": "ping" }, { "capability": "check_balance" }, { "capability": "ping" }] });
    die_during(&world, &agent, "/api/auth/capability/batch-execute", &batch);
    assert_eq!(unfinished(&world, None).len(), 3);
    let ended = world.audit("agent.execute_completed").len() + world.audit("agent.execute_failed").len();
    assert_eq!(ended, 1);
    // They are not kept for ever.
    let later = countersign_storage::Timestamp(world.now() + 91 * 86_400);
    block_on(countersign_storage::Store::purge(world.store.as_ref(), later, 10_000)).unwrap();
    assert_eq!(unfinished(&world, None), []);
}

/// The store fails after the act: the agent is told what came of it, and somebody must look.
#[test]
fn an_act_whose_end_could_not_be_recorded_is_listed() {
    let world = World::new();
    let agent = world.payer(json!(["ping"]));
    let store = std::sync::Arc::clone(&world.store);
    *world.executor.during.lock().unwrap() = Some(Box::new(move || store.is_down.store(true, Ordering::SeqCst)));
    world.execute(&agent, "ping", json!({})).ok();
    world.store.is_down.store(false, Ordering::SeqCst);
    assert_eq!(unfinished(&world, None).len(), 1);
    assert_eq!(world.audit("agent.execute_completed").len(), 0);
}
