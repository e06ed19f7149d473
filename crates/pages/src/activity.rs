//! What happened lately around a person, from the audit records.

use std::collections::VecDeque;
use std::time::Duration;

use countersign_storage::{Actor, AuditRecord, Cursor, Fault, Index, Outcome, Page, Ports, Stored, Subject, Timestamp};
use countersign_web::text::{cleaned, cleaned_or};

use crate::dashboard::ActivityRow;
use crate::when::When;

/// How many rows the dashboard shows.
const ROWS: usize = 20;

/// How far back it looks. The records are listed oldest first, so it begins near the end, and looks further back only while
/// that gives too few: a busy agent brings hundreds of records a minute, and most of them are not shown.
const WINDOWS: [Duration; 4] = [minutes(10), minutes(2 * 60), minutes(24 * 60), minutes(30 * 24 * 60)];

const fn minutes(minutes: u64) -> Duration {
    Duration::from_secs(minutes * 60)
}

/// One row: the newest of records in a row that tell the same, and how often it happened.
pub(crate) struct Happening {
    pub(crate) record: AuditRecord,
    pub(crate) times: u64,
    pub(crate) last: Timestamp,
}

impl Happening {
    /// `records` tell the same, the newest last. A refusal that was repeated within its window is one record with a count.
    async fn of(ports: &Ports, mut records: Vec<AuditRecord>) -> Result<Option<Self>, Fault> {
        let counts = ports.repeats(&records).await?;
        let Some(record) = records.pop() else { return Ok(None) };
        let last = counts.last().and_then(Option::as_ref).map_or(record.at, |repeats| repeats.last);
        let times = counts.iter().map(|repeats| repeats.map_or(1, |repeats| repeats.count)).sum();
        Ok(Some(Happening { record, times, last }))
    }
}

/// Whether `next` is one more of the same refusal: of a hundred wrong guesses in a row the owner is to see one row that says
/// so, and what happened before them.
fn repeats(newest: &AuditRecord, next: &AuditRecord) -> bool {
    is_denied(next) && newest.action == next.action && newest.outcome == next.outcome && newest.actor == next.actor
}

/// What happened latest around a person, newest first.
pub(crate) async fn latest(ports: &Ports, subject: &Subject) -> Result<Vec<Happening>, Fault> {
    let mut latest: VecDeque<Vec<AuditRecord>> = VecDeque::new();
    for window in WINDOWS {
        latest = since(ports, subject, ports.now() - window).await?;
        if latest.len() == ROWS {
            break;
        }
    }
    let mut happenings = Vec::with_capacity(ROWS);
    for records in latest.into_iter().rev() {
        happenings.extend(Happening::of(ports, records).await?);
    }
    Ok(happenings)
}

/// The latest records, those that tell the same in a row together.
async fn since(ports: &Ports, subject: &Subject, start: Timestamp) -> Result<VecDeque<Vec<AuditRecord>>, Fault> {
    let mut reader = ports.reader();
    let mut latest: VecDeque<Vec<AuditRecord>> = VecDeque::with_capacity(ROWS);
    // The ids of audit records begin with their second.
    let mut after = Some(Cursor(format!("{:010}", start.as_secs().max(0))));
    while after.is_some() {
        let page = Page { after: after.take(), limit: 1_000 };
        let (records, next): (Vec<Stored<AuditRecord>>, _) =
            reader.find(&Index::new("subject", subject.as_str()), page).await?;
        // That an act was permitted is shown; that it then went well adds nothing.
        for record in records.into_iter().filter(|record| record.action != "agent.execute_completed") {
            let record = record.record;
            match latest.back_mut() {
                Some(same) if same.last().is_some_and(|newest| repeats(newest, &record)) => {
                    same.push(record);
                    continue;
                }
                _ => {}
            }
            if latest.len() == ROWS {
                latest.pop_front();
            }
            latest.push_back(vec![record]);
        }
        after = next;
    }
    Ok(latest)
}

impl ActivityRow {
    /// In words. `name` knows what agents and clients are called, by their ids.
    pub(crate) fn of(happening: &Happening, now: Timestamp, name: impl Fn(&str) -> Option<String>) -> Self {
        let Happening { record, times, last } = happening;
        let detail = |key: &str| record.detail.get(key).map(String::as_str);
        let actor = match &record.actor {
            Actor::Agent { agent_id, .. } => Some(agent_id.as_str()),
            Actor::Client { client_id } => Some(client_id.as_str()),
            _ => None,
        };
        let other = actor.or(detail("client_id")).or(detail("agent"));
        let by_itself = || {
            let agent = detail("agent_name").and_then(|name| cleaned(name, 80).ok()).map(|name| name.quoted());
            agent.or_else(|| detail("client_id").and_then(|id| cleaned(id, 80).ok()).map(String::from))
        };
        let other = other.and_then(name).or_else(by_itself);
        ActivityRow {
            what: if *times > 1 { format!("{} ({times} times)", what(record)) } else { what(record) },
            who: other.or_else(|| detail("address").and_then(|address| cleaned(address, 80).ok()).map(String::from)),
            // A person who says no is not refused.
            refused: record.action != "grant.approve" && is_denied(record),
            at: When::new(*last, now),
        }
    }
}

fn what(record: &AuditRecord) -> String {
    let detail = |key: &str| record.detail.get(key).map(String::as_str);
    let capability = || cleaned_or(detail("capability").unwrap_or_default(), 80, "a capability");
    let words = match (record.action.as_str(), is_denied(record)) {
        ("account.create", _) => "Account created",
        ("agent.approve", false) => "Approved an agent",
        ("agent.approve", true) => "Could not approve an agent",
        ("agent.claim", _) => "Took over an agent",
        ("agent.deny", _) => "Denied an agent",
        ("agent.execute", false) => return format!("Used {}", capability()),
        ("agent.execute", true) => return format!("Tried to use {}", capability()),
        ("agent.execute_failed", _) => return format!("Use of {} failed", capability()),
        ("agent.reactivate", false) => "Agent was active again",
        ("agent.reactivate", true) => "Agent could not become active again",
        ("agent.register", _) => "Agent asked for approval",
        ("agent.request_capability", false) => "Agent asked for more",
        ("agent.request_capability", true) => "Agent asked for more than it can get",
        ("agent.revoke", _) => "Agent revoked",
        ("code.redeem", false) => "App signed you in",
        ("code.redeem", true) => "App showed a code that is not good",
        ("agent.rotate_key", false) => "Agent changed its key",
        ("agent.rotate_key", true) => "Agent could not change its key",
        ("grant.approve", false) => "Allowed an app",
        ("grant.approve", true) => "Denied an app",
        ("grant.revoke", _) => "App disconnected",
        ("host.link", _) => "Linked a host",
        ("host.revoke", _) => "Host revoked",
        ("host.rotate_key", false) => "Host changed its key",
        ("host.rotate_key", true) => "Host could not change its key",
        ("session.confirm", _) => "Confirmed the password",
        ("session.end", _) => match detail("reason") {
            Some("expired") => "Session ended by itself",
            Some("replaced") => "Session replaced",
            Some("revoked") => "Session ended from the dashboard",
            Some("revoked_others") => "Ended all other sessions",
            Some("revoked_all") => "Ended all sessions",
            Some("too_many") => "Session ended to make room for another",
            _ => "Signed out",
        },
        ("session.start", false) => "Signed in",
        ("session.start", true) => "Somebody tried to sign in",
        ("token.refresh", false) => "App renewed its access",
        ("token.refresh", true) => "App could not renew its access",
        ("token.revoke", _) => "App gave its access back",
        (other, _) => return cleaned_or(&other.replace(['.', '_'], " "), 60, "Something happened"),
    };
    words.to_owned()
}

fn is_denied(record: &AuditRecord) -> bool {
    matches!(record.outcome, Outcome::Denied { .. })
}
