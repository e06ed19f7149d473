//! How events are written. What was allowed is written one by one. What was refused is written once, with a count. So is what
//! was allowed but can be repeated without an end ([`Event::counted`]), as tokens that a client gives back. Otherwise a client
//! could fill the store that all others share.
//!
//! The first one of a window is a record; each further one of the same actor, action, person and outcome only adds to a
//! counter beside it. Two can add at once, so a flood makes nobody wait. The port [`Audit`](crate::Audit) is told of each.
//!
//! The row of an action names the facts that tell its records apart: an attempt from another network, or at another
//! capability, is another record, and so is each token family. A stranger can have many networks, an agent can invent names,
//! and a client can have many families, so there are at most eight such records; whatever comes beyond them is one more, which
//! says so ([`AuditRecord::further`]).

use std::collections::BTreeMap;

use crate::action::Action;
use crate::audit::{AuditRecord, Event, Outcome};
use crate::audit_row::Row;
use crate::batch::Changes;
use crate::clock::Timestamp;
use crate::fault::Fault;
use crate::operation::Ports;
use crate::reader::Reader;
use crate::record::{Entry, Key, Kind, Record};
use crate::secret::Handle;

/// The kind of the counters. A record names its own: [`AuditRecord::repeats`].
pub(crate) const REPEATS: Kind = Kind::new("audit_repeats");

/// So many of one actor, action, person, outcome and window are told apart.
const APART: i64 = 8;

/// How often it happened in the window of its record.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Repeats {
    /// How often, the first time included.
    pub count: u64,
    /// When it happened last. The first time is in the record.
    pub last: Timestamp,
}

impl Ports {
    /// Every action that is known here: ours, then those of the application.
    pub fn actions(&self) -> Vec<&'static Row> {
        Action::rows().into_iter().chain(self.audit.actions()).collect()
    }

    /// Adds what happened to the changes of its commit. Gives the records back, one for each event.
    pub(crate) async fn write_events(
        &self,
        events: &[Event],
        reader: &mut Reader<'_>,
        changes: &mut Changes,
    ) -> Result<Vec<AuditRecord>, Fault> {
        let (now, policy) = (reader.now(), self.audit.policy());
        let mut counted: BTreeMap<String, Counted> = BTreeMap::new();
        let mut records = Vec::with_capacity(events.len());
        for event in events {
            let mut record = AuditRecord::new(event, now, &policy, self.random.as_ref());
            if record.outcome == Outcome::Allowed && !event.counted {
                changes.insert(&record);
            } else {
                let same = Same::of(&record, event, now.window(policy.refusal_window).start);
                record.repeats = Some(same.counter());
                let first = || Counted { first: record.clone(), same, times: 0 };
                counted.entry(record.repeats.clone().unwrap_or_default()).or_insert_with(first).times += 1;
            }
            records.push(record);
        }
        let counters: Vec<Key> = counted.keys().map(|id| counter(id.clone())).collect();
        let known = reader.present_or_guarded(&counters).await?;
        let mut new: Vec<Counted> = Vec::new();
        for ((counter, counted), known) in counters.into_iter().zip(counted.into_values()).zip(known) {
            if known {
                changes.add(counter, counted.times, i64::MAX, counted.first.expires_at());
            } else {
                new.push(counted);
            }
        }
        self.write_first(new, reader, changes).await?;
        Ok(records)
    }

    /// Writes what happened for the first time: as a record of its own, or among the further ones.
    async fn write_first(
        &self,
        new: Vec<Counted>,
        reader: &mut Reader<'_>,
        changes: &mut Changes,
    ) -> Result<(), Fault> {
        let mut places: BTreeMap<String, Places> = BTreeMap::new();
        let mut further: BTreeMap<String, Counted> = BTreeMap::new();
        for Counted { mut first, same, times } in new {
            let expiry = first.expires_at();
            if same.apart.is_empty() {
                changes.insert(&first);
                changes.add(counter(same.counter()), times, i64::MAX, expiry);
                continue;
            }
            let id = same.places();
            if !places.contains_key(&id) {
                let taken = reader.counter(&counter(id.clone())).await?;
                places.insert(id.clone(), Places { taken, new: 0, expiry });
            }
            if let Some(places) = places.get_mut(&id).filter(|places| places.taken + places.new < APART) {
                places.new += 1;
                changes.insert(&first);
                changes.add(counter(same.counter()), times, i64::MAX, expiry);
                continue;
            }
            let id = same.further();
            first.detail.retain(|name, _| !same.apart.contains_key(name.as_str()));
            first.further = true;
            first.repeats = Some(id.clone());
            further.entry(id).or_insert_with(|| Counted { first, same, times: 0 }).times += times;
        }
        for (id, Places { new, expiry, .. }) in places.into_iter().filter(|(_, places)| places.new > 0) {
            // Somebody else can take the last place meanwhile; then this is decided again.
            changes.add(counter(id), new, APART, expiry);
        }
        let counters: Vec<Key> = further.keys().map(|id| counter(id.clone())).collect();
        let known = reader.present_or_guarded(&counters).await?;
        for ((counter, Counted { first, times, .. }), known) in
            counters.into_iter().zip(further.into_values()).zip(known)
        {
            if !known {
                changes.insert(&first);
            }
            changes.add(counter, times, i64::MAX, first.expires_at());
        }
        Ok(())
    }

    /// How often each of these happened in its window; `None` for what is written one by one. One round trip.
    ///
    /// # Errors
    /// [`Fault::Unavailable`].
    pub async fn repeats(&self, records: &[AuditRecord]) -> Result<Vec<Option<Repeats>>, Fault> {
        let ids = records.iter().map(|record| record.repeats.clone().unwrap_or_default());
        let keys: Vec<Key> = ids.map(|id| Key { kind: REPEATS, id }).collect();
        let found = self.store.load(&keys).await.map_err(|error| Fault::Unavailable(error.to_string()))?;
        Ok(records.iter().zip(found).map(|(record, counter)| Repeats::of(record, &counter?)).collect())
    }
}

impl Repeats {
    /// A counter keeps the latest of the expiries that it was given: each was when it happened, and how long that is kept.
    fn of(record: &AuditRecord, counter: &Entry) -> Option<Repeats> {
        let last = counter.expires_at.map_or(record.at, |expiry| expiry - record.kept());
        Some(Repeats { count: counter.body.parse().ok()?, last })
    }
}

fn counter(id: String) -> Key {
    Key { kind: REPEATS, id }
}

/// What events have in common that count as one.
struct Same {
    /// Window, action, actor, person and outcome.
    what: String,
    /// What tells it apart from others of these.
    apart: BTreeMap<&'static str, String>,
}

impl Same {
    fn of(record: &AuditRecord, event: &Event, window: Timestamp) -> Self {
        let AuditRecord { action, actor, subject, outcome, .. } = record;
        let what = serde_json::to_string(&(window, action, actor, subject, outcome)).unwrap_or_default();
        Same { what, apart: event.apart().clone() }
    }

    /// The id of their counter.
    fn counter(&self) -> String {
        match self.apart.is_empty() {
            true => Handle::of(&self.what).as_str().to_owned(),
            false => self.beside(&serde_json::to_string(&self.apart).unwrap_or_default()),
        }
    }

    /// The id of the counter of how many are told apart.
    fn places(&self) -> String {
        self.beside("places")
    }

    /// The id of the counter of those that are not.
    fn further(&self) -> String {
        self.beside("further")
    }

    fn beside(&self, which: &str) -> String {
        Handle::of(&format!("{} {which}", self.what)).as_str().to_owned()
    }
}

/// Events of one operation that count as one.
struct Counted {
    first: AuditRecord,
    same: Same,
    times: i64,
}

/// Of the events that are told apart, how many there are.
struct Places {
    taken: i64,
    /// By this operation.
    new: i64,
    expiry: Option<Timestamp>,
}
