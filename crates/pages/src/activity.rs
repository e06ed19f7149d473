//! What happened lately around a person, in words.

use countersign_storage::{Actor, Timestamp};
use countersign_web::text::cleaned;
use serde::Serialize;

use crate::happening::{Count, Happening, quoted};
use crate::when::When;

/// A row of the activity.
#[derive(Clone, Debug, Serialize)]
pub struct ActivityRow {
    /// What happened, in words.
    pub what: String,
    /// Who did it, where it was not the person. A name is quoted.
    pub who: Option<String>,
    /// Whether it was refused.
    pub refused: bool,
    /// When it happened last.
    pub at: When,
    /// How many other events of the same actor have no row here, in words.
    pub beyond: Option<String>,
}

impl ActivityRow {
    /// Puts it in words. `told` is how the page tells a time. `name` knows what agents and clients are called, by their ids, and
    /// quotes it.
    pub(crate) fn of(
        happening: &Happening,
        now: Timestamp,
        told: fn(&When) -> &str,
        name: impl Fn(&str) -> Option<String>,
    ) -> Self {
        let Happening { what, record, refused, times, first, last, beyond } = happening;
        let detail = |key: &str| record.detail.get(key).map(String::as_str);
        let (agent, client) = match &record.actor {
            Actor::Agent { agent_id, .. } => (Some(agent_id.as_str()), detail("client_id")),
            Actor::Client { client_id } => (None, Some(client_id.as_str())),
            _ => (None, detail("client_id")),
        };
        let known = agent.or(client).or(detail("agent")).and_then(name);
        let other = known.or_else(|| detail("agent_name").or(client).and_then(quoted));
        let (first, at) = (When::new(*first, now), When::new(*last, now));
        let what = match times {
            Count { read: 0 | 1, .. } => what.clone(),
            Count { read, at_least: true } => format!("{what} (at least {read} times)"),
            Count { read, .. } if told(&first) == told(&at) => format!("{what} ({read} times)"),
            Count { read, .. } => format!("{what} ({read} times, the first {})", told(&first)),
        };
        ActivityRow {
            what,
            who: other.or_else(|| detail("address").and_then(|address| cleaned(address, 80).ok()).map(String::from)),
            refused: *refused,
            at,
            beyond: beyond_words(*beyond),
        }
    }
}

fn beyond_words(Count { read, at_least }: Count) -> Option<String> {
    let least = if at_least { "at least " } else { "" };
    let plural = if read == 1 { "" } else { "s" };
    (read > 0).then(|| format!("and {least}{read} other event{plural}"))
}
