//! Every refusal of this crate: what its rows may hold.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use countersign_web::refusals::Row;

use crate::approval::ApprovalRefusal;
use crate::refusal::Refusal;

/// The statuses and the codes that one kind of refusals is answered with, each of which some row has.
struct Kind {
    name: &'static str,
    rows: Vec<&'static Row>,
    answers: &'static [(u16, &'static str)],
}

/// By the name of the kind.
fn kinds() -> Vec<Kind> {
    vec![
        Kind {
            name: "ApprovalRefusal",
            rows: ApprovalRefusal::rows(),
            answers: &[
                (409, "approval_changed"),
                (409, "approval_decided"),
                (410, "approval_expired"),
                (403, "fresh_session_required"),
                (409, "host_limit_reached"),
                (400, "invalid_capabilities"),
                (403, "invalid_user_code"),
                (429, "rate_limited"),
                (403, "session_ended"),
                (403, "unauthorized"),
            ],
        },
        Kind {
            // Agent Auth §5.13.
            name: "Refusal",
            rows: Refusal::rows(),
            answers: &[
                (403, "absolute_lifetime_exceeded"),
                (403, "agent_claimed"),
                (409, "agent_exists"),
                (403, "agent_expired"),
                (400, "agent_limit_reached"),
                (404, "agent_not_found"),
                (403, "agent_pending"),
                (403, "agent_rejected"),
                (403, "agent_revoked"),
                (409, "already_granted"),
                (401, "authentication_required"),
                (404, "capability_not_found"),
                (403, "capability_not_granted"),
                (403, "constraint_violated"),
                (409, "host_exists"),
                (403, "host_pending"),
                (403, "host_rejected"),
                (403, "host_revoked"),
                (400, "invalid_capabilities"),
                (401, "invalid_jwt"),
                (400, "invalid_public_key"),
                (400, "invalid_request"),
                (403, "limit_exceeded"),
                (405, "method_not_allowed"),
                (429, "rate_limited"),
                (413, "request_too_large"),
                (400, "slow_down"),
                (503, "temporarily_unavailable"),
                (403, "unauthorized"),
                (400, "unknown_constraint_operator"),
                (400, "unsupported_algorithm"),
                (415, "unsupported_media_type"),
                (400, "unsupported_mode"),
            ],
        },
    ]
}

/// A row that has a code or a status of its own needs its place in the table.
#[test]
fn every_refusal_has_a_code_its_status_a_standard_and_a_sentence_for_people() {
    for Kind { name, rows, answers } in kinds() {
        for row in &rows {
            assert!(answers.contains(&(row.status.as_u16(), row.code)), "{name}: {row:?}");
            assert!(row.code.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{name}: {row:?}");
            let standards = ["Agent Auth §", "RFC "];
            let cited =
                standards.iter().any(|standard| row.standard.starts_with(standard)) && row.standard.contains('§');
            assert!(cited || row.standard == "own", "{name}: {row:?}");
            assert!(!row.text.is_empty() && row.text.bytes().all(|b| matches!(b, b' '..=b'~')), "{name}: {row:?}");
            assert!(!row.text.ends_with('.'), "{name}: {row:?}");
            assert!(!row.text.contains("can not") && !row.text.contains("may not"), "{name}: {row:?}");
        }
        for (status, code) in answers {
            assert!(rows.iter().any(|row| (row.status.as_u16(), row.code) == (*status, *code)), "{name}: no {code}");
        }
    }
}

#[test]
fn a_code_has_one_status() {
    for Kind { name, answers, .. } in kinds() {
        let statuses: BTreeMap<_, _> = answers.iter().map(|(status, code)| (code, status)).collect();
        assert_eq!(statuses.len(), answers.len(), "{name}");
    }
}

#[test]
fn every_kind_of_refusals_is_in_the_table() {
    let mut defined = Vec::new();
    defined_below(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut defined);
    defined.sort();
    let known: Vec<String> = kinds().iter().map(|kind| kind.name.to_owned()).collect();
    assert_eq!(defined, known);
}

fn defined_below(folder: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            defined_below(&path, found);
        } else if !path.ends_with("every_refusal.rs") {
            let source = fs::read_to_string(&path).unwrap();
            let names = source.split("refusals! {").skip(1).filter_map(|rest| rest.split("enum ").nth(1));
            found.extend(names.filter_map(|rest| rest.split_whitespace().next()).map(str::to_owned));
        }
    }
}
