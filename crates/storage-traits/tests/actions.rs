//! Actions as data: what goes on record, and the words for people.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failed expectation is the test's own report, in its helpers too"
)]

use std::collections::{BTreeMap, BTreeSet};

use countersign_storage::audit_row::{Audited, Row};
use countersign_storage::{
    Action, Actor, AuditPolicy, AuditRecord, Event, SeededRandom, SessionEnding, Subject, Timestamp,
};
use serde_json::{Value, json};

const NOW: Timestamp = Timestamp(1_800_000_000);

fn on_record(event: &Event) -> AuditRecord {
    AuditRecord::new(event, NOW, &AuditPolicy::default(), &SeededRandom::new(1))
}

fn in_words(event: &Event, row: &Row) -> Option<String> {
    on_record(event).in_words(row, &|text| Some(text.to_owned()).filter(|text| !text.is_empty()))
}

fn alice() -> Actor {
    Actor::Person { subject: Subject::new("usr_alice").unwrap() }
}

#[test]
fn names_are_apart_and_of_the_form_thing_verb() {
    let names: BTreeSet<&str> = Action::rows().iter().map(|row| row.name).collect();
    assert_eq!(names.len(), Action::rows().len());
    let plain = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    for name in names {
        assert!(name.split_once('.').is_some_and(|(thing, verb)| plain(thing) && plain(verb)), "{name}");
    }
}

#[test]
fn whatever_is_on_record_the_words_of_an_action_are_a_plain_line() {
    for row in Action::rows().into_iter().filter(|row| row.words.is_some()) {
        for detail in [json!({}), row.facts.iter().map(|fact| ((*fact).to_owned(), json!("Fact"))).collect::<Value>()] {
            for outcome in [json!({ "outcome": "allowed" }), json!({ "outcome": "denied", "reason": "because" })] {
                let mut record = json!({ "id": "1", "at": 1, "action": row.name, "actor": { "type": "system" } });
                record["detail"] = detail.clone();
                record.as_object_mut().unwrap().extend(outcome.as_object().unwrap().clone());
                let record: AuditRecord = serde_json::from_value(record).unwrap();
                let words = record.in_words(row, &|text| Some(text.to_owned())).unwrap();
                assert!(words.starts_with(char::is_uppercase), "{words}");
                assert!(!words.contains(['.', '_', '{', '}']), "{words}");
            }
        }
    }
}

#[test]
fn facts_go_on_record_by_their_names_and_those_that_are_not_there_do_not() {
    let event = Event::new(
        Action::AgentApprove {
            agent: "agt_1".to_owned(),
            agent_name: "Shopper".to_owned(),
            host: "hst_1".to_owned(),
            session: "ses_1".to_owned(),
            asked: vec!["pay".to_owned(), "read".to_owned()],
            granted: Some(Vec::new()),
            denied: None,
        },
        alice(),
    );
    let detail = on_record(&event).detail;
    let expected = [
        ("agent", "agt_1"),
        ("agent_name", "Shopper"),
        ("asked", "pay read"),
        ("granted", ""),
        ("host", "hst_1"),
        ("session", "ses_1"),
    ];
    assert_eq!(detail, BTreeMap::from(expected.map(|(name, fact)| (name.to_owned(), fact.to_owned()))));
    let started = Action::SessionStart { address: Some("2001:db8::1".parse().unwrap()), session_id: None, amr: None };
    assert_eq!(started.facts(), BTreeMap::from([("address", "2001:db8::1".to_owned())]));
    let revoked = Action::HostRevoke { host: "hst_1".to_owned(), agents_revoked: 3 };
    assert_eq!(revoked.facts()["agents_revoked"], "3");
    for action in [started, revoked] {
        assert!(action.facts().keys().all(|name| action.row().facts.contains(name)));
    }
}

#[test]
fn words_depend_on_the_outcome_and_on_the_facts() {
    let execute = |capability: &str| Action::AgentExecute {
        call: "c1".to_owned(),
        capability: capability.to_owned(),
        agent_name: "Shopper".to_owned(),
        grant: None,
        approved_by: None,
    };
    let end = |reason| Action::SessionEnd { session_id: None, kept: None, reason };
    let approve = Action::GrantApprove { client_id: "notes".to_owned(), scope: None };
    for (action, denied, words, refusal) in [
        (execute("pay"), false, "Used pay", false),
        (execute("pay"), true, "Tried to use pay", true),
        (execute(""), false, "Used a capability", false),
        (approve.clone(), false, "Allowed an app", false),
        (approve, true, "Denied an app", false),
        (end(SessionEnding::Expired), false, "Session ended by itself", false),
        (end(SessionEnding::Replaced), false, "Session replaced", false),
        (end(SessionEnding::Revoked), false, "Session ended from the dashboard", false),
        (end(SessionEnding::RevokedAll), false, "Ended all sessions", false),
        (end(SessionEnding::RevokedOthers), false, "Ended all other sessions", false),
        (end(SessionEnding::SignOut), false, "Signed out", false),
        (end(SessionEnding::TooMany), false, "Session ended to make room for another", false),
    ] {
        let (row, event) = (action.row(), Event::new(action.clone(), alice()));
        let event = if denied { event.denied("some_reason") } else { event };
        assert_eq!(in_words(&event, row).as_deref(), Some(words));
        assert_eq!(on_record(&event).is_refusal(Some(row)), refusal, "{action:?}");
    }
    let completed = Action::AgentExecuteCompleted { call: "c1".to_owned(), capability: "pay".to_owned() };
    assert_eq!(in_words(&Event::new(completed.clone(), alice()), completed.row()), None);
}

#[test]
fn a_reason_that_only_another_version_knows_has_words_too() {
    let row = Action::rows().into_iter().find(|row| row.name == "session.end").unwrap();
    for detail in [json!({ "reason": "moved_away" }), json!({})] {
        let record = json!({ "id": "1", "at": 1, "action": "session.end", "actor": { "type": "system" },
            "outcome": "allowed", "detail": detail });
        let record: AuditRecord = serde_json::from_value(record).unwrap();
        assert_eq!(record.in_words(row, &|text| Some(text.to_owned())).unwrap(), "Session ended");
    }
}
