//! What happened lately around a person, from the audit records.

use std::collections::VecDeque;
use std::time::Duration;

use countersign_storage::{Actor, AuditRecord, Cursor, Fault, Index, Outcome, Page, Ports, Stored, Subject, Timestamp};

use crate::dashboard::ActivityRow;
use crate::inert_text::inert_text;
use crate::when::When;

/// How many rows the dashboard shows.
const ROWS: usize = 20;

/// How far back it looks. The records are listed oldest first, so it begins near the end: today, and only if that gives too
/// few, the month.
const WINDOWS: [Duration; 2] = [Duration::from_secs(24 * 60 * 60), Duration::from_secs(30 * 24 * 60 * 60)];

/// The latest audit records of a person, newest first.
pub(crate) async fn latest(ports: &Ports, subject: &Subject) -> Result<Vec<AuditRecord>, Fault> {
    let mut latest = VecDeque::new();
    for window in WINDOWS {
        latest = since(ports, subject, ports.now() - window).await?;
        if latest.len() == ROWS {
            break;
        }
    }
    Ok(latest.into_iter().rev().collect())
}

async fn since(ports: &Ports, subject: &Subject, start: Timestamp) -> Result<VecDeque<AuditRecord>, Fault> {
    let mut reader = ports.reader();
    let mut latest = VecDeque::with_capacity(ROWS);
    // The ids of audit records begin with their second.
    let mut after = Some(Cursor(format!("{:010}", start.as_secs().max(0))));
    while after.is_some() {
        let page = Page { after: after.take(), limit: 1_000 };
        let (records, next): (Vec<Stored<AuditRecord>>, _) =
            reader.find(&Index::new("subject", subject.as_str()), page).await?;
        for record in records {
            if latest.len() == ROWS {
                latest.pop_front();
            }
            latest.push_back(record.record);
        }
        after = next;
    }
    Ok(latest)
}

impl ActivityRow {
    /// In words. `name` knows what agents and clients call themselves.
    pub(crate) fn of(record: &AuditRecord, now: Timestamp, name: impl Fn(&Actor) -> Option<String>) -> Self {
        let detail = |key: &str| record.detail.get(key).map(|text| inert_text(text, 80));
        let what = match record.action.as_str() {
            "account.create" => "Account created".to_owned(),
            "agent.approve" => "Approved an agent".to_owned(),
            "agent.deny" => "Denied an agent".to_owned(),
            "agent.execute" => match detail("capability") {
                Some(capability) => format!("Used {capability}"),
                None => "Used a capability".to_owned(),
            },
            "agent.introspect" => "Token looked up".to_owned(),
            "agent.register" => "Asked for approval".to_owned(),
            "agent.revoke" => "Agent revoked".to_owned(),
            "client.suspend" => "App suspended".to_owned(),
            "grant.approve" => "Allowed an app".to_owned(),
            "grant.revoke" => "App disconnected".to_owned(),
            "host.approve" | "host.link" => "Linked a host".to_owned(),
            "host.revoke" => "Host revoked".to_owned(),
            "session.confirm" => "Confirmed the password".to_owned(),
            "session.end" => match record.detail.get("reason").map(String::as_str) {
                Some("expired") => "Session ended by itself".to_owned(),
                Some("replaced") => "Session replaced".to_owned(),
                Some("revoked") => "Session ended from the dashboard".to_owned(),
                _ => "Signed out".to_owned(),
            },
            "session.start" => "Signed in".to_owned(),
            "token.issue" => "App got a token".to_owned(),
            "token.refresh" => "App renewed its token".to_owned(),
            "token.replay" => "A used code or token was shown again".to_owned(),
            "token.revoke" => "App gave a token back".to_owned(),
            other => inert_text(other, 60).replace(['.', '_'], " "),
        };
        ActivityRow {
            what,
            who: name(&record.actor).or_else(|| detail("address")),
            refused: matches!(record.outcome, Outcome::Denied { .. }),
            at: When::new(record.at, now),
        }
    }
}
