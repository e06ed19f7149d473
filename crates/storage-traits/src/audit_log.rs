//! How events are written: what was allowed one by one, what was refused with a count.
//!
//! A stranger can have the same refusal as often as they like. The first one of a window is a record; each further one of the
//! same actor, action, person and reason only adds to a counter beside it. Adding needs no turn, so that a flood of refusals
//! makes nobody wait.

use std::collections::BTreeMap;
use std::time::Duration;

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

/// How often something was refused in the window of its record.
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
        let mut records: Vec<AuditRecord> =
            events.iter().map(|event| AuditRecord::new(event, now, &policy, self.random.as_ref())).collect();
        let mut refused: BTreeMap<String, Refused> = BTreeMap::new();
        for record in &mut records {
            if record.outcome == Outcome::Allowed {
                changes.insert(record);
                continue;
            }
            let id = counted_as(record, window(now, policy.refusal_window));
            record.repeats = Some(id.clone());
            refused.entry(id).or_insert_with(|| Refused { first: record.clone(), times: 0 }).times += 1;
        }
        let counters: Vec<Key> = refused.keys().map(|id| Key { kind: REPEATS, id: id.clone() }).collect();
        let known = reader.present_or_guarded(&counters).await?;
        for ((counter, Refused { first, times }), known) in counters.into_iter().zip(refused.into_values()).zip(known) {
            if !known {
                changes.insert(&first);
            }
            changes.add(counter, times, i64::MAX, first.expires_at());
        }
        Ok(records)
    }

    /// How often each of these refusals happened in its window; `None` for what was allowed. One round trip.
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
    /// A counter keeps the latest of the expiries that it was given, and each was the time of a refusal and what it is kept.
    fn of(record: &AuditRecord, counter: &Entry) -> Option<Repeats> {
        let last = counter.expires_at.map_or(record.at, |expiry| expiry - record.kept());
        Some(Repeats { count: counter.body.parse().ok()?, last })
    }
}

/// When the window of `now` began.
fn window(now: Timestamp, length: Duration) -> Timestamp {
    let seconds = i64::try_from(length.as_secs()).unwrap_or(i64::MAX).max(1);
    Timestamp(now.as_secs() - now.as_secs().rem_euclid(seconds))
}

/// The id of the counter of all refusals that count as one.
fn counted_as(record: &AuditRecord, window: Timestamp) -> String {
    let AuditRecord { action, actor, subject, outcome, .. } = record;
    let what = serde_json::to_string(&(window, action, actor, subject, outcome)).unwrap_or_default();
    Handle::of(&what).as_str().to_owned()
}

/// Refusals of one operation that count as one.
struct Refused {
    first: AuditRecord,
    times: i64,
}
