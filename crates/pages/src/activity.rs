//! What happened lately around a person, in words.

use countersign_storage::{Actor, Timestamp};
use countersign_web::text::cleaned;
use serde::Serialize;

use crate::happening::{Happening, quoted};
use crate::when::When;

/// Something that happened.
#[derive(Clone, Debug, Serialize)]
pub struct ActivityRow {
    /// What, in words.
    pub what: String,
    /// Who did it, where it was not the person. A name is quoted.
    pub who: Option<String>,
    /// Whether it was refused.
    pub refused: bool,
    /// When.
    pub at: When,
    /// How many other events of the same actor have no row here.
    pub beyond: Option<usize>,
}

impl ActivityRow {
    /// In words. `name` knows what agents and clients are called, by their ids, and quotes it.
    pub(crate) fn of(happening: &Happening, now: Timestamp, name: impl Fn(&str) -> Option<String>) -> Self {
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
            0 | 1 => what.clone(),
            _ if first.words == at.words => format!("{what} ({times} times)"),
            _ => format!("{what} ({times} times, the first {})", first.words),
        };
        ActivityRow {
            what,
            who: other.or_else(|| detail("address").and_then(|address| cleaned(address, 80).ok()).map(String::from)),
            refused: *refused,
            at,
            beyond: (*beyond > 0).then_some(*beyond),
        }
    }
}
