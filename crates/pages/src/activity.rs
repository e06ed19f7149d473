//! What happened lately around a person, from the audit records.

use std::collections::VecDeque;
use std::time::Duration;

use countersign_storage::audit_row::Row;
use countersign_storage::{Actor, AuditRecord, Cursor, Fault, Index, Outcome, Page, Ports, Stored, Subject, Timestamp};
use countersign_web::text::{cleaned, cleaned_or};
use serde::Serialize;

use crate::when::When;

/// How many rows the dashboard shows.
const ROWS: usize = 20;

/// How far back it looks. The records are listed oldest first, so it begins near the end, and looks further back only while
/// that gives too few: a busy agent brings hundreds of records a minute, and most of them are not shown.
const WINDOWS: [Duration; 4] = [minutes(10), minutes(2 * 60), minutes(24 * 60), minutes(30 * 24 * 60)];

const fn minutes(minutes: u64) -> Duration {
    Duration::from_secs(minutes * 60)
}

/// Something that happened.
#[derive(Clone, Debug, Serialize)]
pub struct ActivityRow {
    /// What, in words.
    pub what: String,
    /// Who did it, where it was not the person.
    pub who: Option<String>,
    /// Whether it was refused.
    pub refused: bool,
    /// When.
    pub at: When,
}

/// One row: the newest of records in a row that tell the same, and how often it happened.
pub(crate) struct Happening {
    pub(crate) record: AuditRecord,
    /// The row of its action, where the action is known here.
    pub(crate) row: Option<&'static Row>,
    pub(crate) times: u64,
    pub(crate) last: Timestamp,
}

impl Happening {
    /// `records` tell the same, the newest last. A refusal that was repeated within its window is one record with a count.
    async fn of(ports: &Ports, actions: &[&'static Row], mut records: Vec<AuditRecord>) -> Result<Option<Self>, Fault> {
        let counts = ports.repeats(&records).await?;
        let Some(record) = records.pop() else { return Ok(None) };
        let last = counts.last().and_then(Option::as_ref).map_or(record.at, |repeats| repeats.last);
        let times = counts.iter().map(|repeats| repeats.map_or(1, |repeats| repeats.count)).sum();
        let row = row(actions, &record.action);
        Ok(Some(Happening { record, row, times, last }))
    }
}

/// Whether `next` is one more of the same refusal, as far as the row of its action tells refusals apart: of a hundred wrong guesses in a row the owner is to see one row that says
/// so, and what happened before them.
fn repeats(actions: &[&'static Row], newest: &AuditRecord, next: &AuditRecord) -> bool {
    let apart = row(actions, &next.action).map_or(&[][..], |row| row.apart);
    newest.further == next.further
        && apart.iter().all(|fact| newest.detail.get(*fact) == next.detail.get(*fact))
        && next.outcome != Outcome::Allowed
        && newest.action == next.action
        && newest.outcome == next.outcome
        && newest.actor == next.actor
}

/// What happened latest around a person, newest first.
pub(crate) async fn latest(ports: &Ports, subject: &Subject) -> Result<Vec<Happening>, Fault> {
    let actions = ports.actions();
    let mut latest: VecDeque<Vec<AuditRecord>> = VecDeque::new();
    for window in WINDOWS {
        latest = since(ports, &actions, subject, ports.now() - window).await?;
        if latest.len() == ROWS {
            break;
        }
    }
    let mut happenings = Vec::with_capacity(ROWS);
    for records in latest.into_iter().rev() {
        happenings.extend(Happening::of(ports, &actions, records).await?);
    }
    Ok(happenings)
}

/// The latest records, those that tell the same in a row together.
async fn since(
    ports: &Ports,
    actions: &[&'static Row],
    subject: &Subject,
    start: Timestamp,
) -> Result<VecDeque<Vec<AuditRecord>>, Fault> {
    let mut reader = ports.reader();
    let mut latest: VecDeque<Vec<AuditRecord>> = VecDeque::with_capacity(ROWS);
    // The ids of audit records begin with their second.
    let mut after = Some(Cursor(format!("{:010}", start.as_secs().max(0))));
    while after.is_some() {
        let page = Page { after: after.take(), ..Page::first(1_000) };
        let (records, next): (Vec<Stored<AuditRecord>>, _) =
            reader.find(&Index::new("subject", subject.as_str()), page).await?;
        let told = |record: &AuditRecord| row(actions, &record.action).is_none_or(|row| row.words.is_some());
        for record in records.into_iter().map(|stored| stored.record).filter(told) {
            match latest.back_mut() {
                Some(same) if same.last().is_some_and(|newest| repeats(actions, newest, &record)) => {
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
    /// In words. `name` knows what agents and clients are called, by their ids, and quotes it.
    pub(crate) fn of(happening: &Happening, now: Timestamp, name: impl Fn(&str) -> Option<String>) -> Self {
        let Happening { record, row, times, last } = happening;
        let what = match record.further {
            true => format!("{}, in further ways", what(record, *row)),
            false => what(record, *row),
        };
        let detail = |key: &str| record.detail.get(key).map(String::as_str);
        let actor = match &record.actor {
            Actor::Agent { agent_id, .. } => Some(agent_id.as_str()),
            _ => None,
        };
        let client = match &record.actor {
            Actor::Client { client_id } => Some(client_id.as_str()),
            _ => detail("client_id"),
        };
        let known = actor.or(client).or(detail("agent")).and_then(name);
        let other = known.or_else(|| detail("agent_name").or(client).and_then(quoted));
        ActivityRow {
            what: if *times > 1 { format!("{what} ({times} times)") } else { what },
            who: other.or_else(|| detail("address").and_then(|address| cleaned(address, 80).ok()).map(String::from)),
            refused: record.is_refusal(*row),
            at: When::new(*last, now),
        }
    }
}

/// A stranger's text, as it stands in a sentence of ours.
fn quoted(text: &str) -> Option<String> {
    cleaned(text, 80).ok().map(|text| text.quoted())
}

fn row(actions: &[&'static Row], action: &str) -> Option<&'static Row> {
    actions.iter().find(|row| row.name == action).copied()
}

/// Of an action that is not known here, its name is shown.
fn what(record: &AuditRecord, row: Option<&Row>) -> String {
    row.and_then(|row| record.in_words(row, &quoted)).unwrap_or_else(|| {
        let name = cleaned_or(&record.action.replace(['.', '_'], " "), 60, "something happened");
        let mut letters = name.chars();
        letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
    })
}
