//! What happened around a person, from the audit records.
//!
//! An agent does more in a minute than a person in a year, and strangers can try to sign in without end. None of them must
//! push what the owner has to see off the page. So the deeds of the person, of strangers and of the server are listed apart
//! from those of hosts, agents and clients. Each of the two kinds has its places, and no actor takes more than its share of
//! them. What that leaves out is counted, and is on the pages of older activity.
//!
//! However much there is, a page reads at most two listings, each of bounded length.

use countersign_storage::audit_row::Row;
use countersign_storage::{
    Actor, AuditRecord, Cursor, Fault, Index, Outcome, Page, Ports, Repeats, Stored, Subject, Timestamp,
};
use countersign_web::text::{cleaned, cleaned_or};

/// How many rows there are for either kind of actor.
const PLACES: usize = 10;
/// How many of them one actor can take.
const SHARE: usize = 4;
/// How many records of a listing are read for the newest.
const NEWEST: u32 = 1_000;
/// How many are read for a page of older activity.
const OLDER: u32 = 200;
/// The longest text of a stranger that is shown, in characters.
const TEXT: usize = 80;

/// One row: what records tell that tell the same.
pub(crate) struct Happening {
    /// In words.
    pub(crate) what: String,
    /// The newest of the records.
    pub(crate) record: AuditRecord,
    /// Whether it was refused.
    pub(crate) refused: bool,
    /// How often it happened.
    pub(crate) times: u64,
    /// When for the first time, as far as was read.
    pub(crate) first: Timestamp,
    /// When for the last time.
    pub(crate) last: Timestamp,
    /// How many records of the same actor were read that have no row.
    pub(crate) beyond: usize,
}

/// The newest, a share for each actor.
pub(crate) async fn latest(ports: &Ports, subject: &Subject) -> Result<Vec<Happening>, Fault> {
    let newest = || Page::last(NEWEST);
    let (mut records, _) = listed(ports, AuditRecord::of_no_delegate(subject), newest()).await?;
    records.extend(listed(ports, AuditRecord::around(subject), newest()).await?.0);
    records.sort_by(|one, other| other.id.cmp(&one.id));
    records.dedup_by(|one, other| one.id == other.id);
    let (by_delegates, others): (Vec<_>, Vec<_>) = records.into_iter().partition(|record| record.actor.is_delegate());
    let actions = ports.actions();
    let told = [others, by_delegates].map(|records| shared(folded(&actions, records)));
    happenings(ports, told.into_iter().flatten().collect()).await
}

/// All of it, the newest first, from where the page before ended; and where the next page begins.
pub(crate) async fn older(
    ports: &Ports,
    subject: &Subject,
    before: Option<&str>,
) -> Result<(Vec<Happening>, Option<Cursor>), Fault> {
    let page = Page { after: before.map(|id| Cursor(id.to_owned())), ..Page::last(OLDER) };
    let (records, next) = listed(ports, AuditRecord::around(subject), page).await?;
    Ok((happenings(ports, folded(&ports.actions(), records)).await?, next))
}

async fn listed(ports: &Ports, index: Index, page: Page) -> Result<(Vec<AuditRecord>, Option<Cursor>), Fault> {
    let (records, next): (Vec<Stored<AuditRecord>>, _) = ports.reader().find_legible(&index, page).await?;
    Ok((records.into_iter().map(|stored| stored.record).collect(), next))
}

/// Records that tell the same.
struct Told {
    what: String,
    row: Option<&'static Row>,
    newest: AuditRecord,
    /// Those before it.
    others: Vec<AuditRecord>,
    beyond: usize,
}

/// Puts together what an actor did again and again with nothing else in between, but never what a person did: that is told
/// one by one. Leaves out what people are not told.
/// `records` are the newest first, and so are the rows.
fn folded(actions: &[&'static Row], records: Vec<AuditRecord>) -> Vec<Told> {
    let mut rows: Vec<Told> = Vec::new();
    // For each actor, its oldest row so far.
    let mut oldest: Vec<(Actor, usize)> = Vec::new();
    for record in records {
        let row = actions.iter().find(|row| row.name == record.action).copied();
        if row.is_some_and(|row| row.words.is_none()) {
            continue;
        }
        let what = words(&record, row);
        let known = oldest.iter_mut().find(|(actor, _)| *actor == record.actor);
        match known.as_ref().and_then(|(_, place)| rows.get_mut(*place)) {
            Some(same) if same.tells(&record, &what) => {
                same.others.push(record);
                continue;
            }
            _ => {}
        }
        match known {
            Some((_, place)) => *place = rows.len(),
            None => oldest.push((record.actor.clone(), rows.len())),
        }
        rows.push(Told { what, row, newest: record, others: Vec::new(), beyond: 0 });
    }
    rows
}

impl Told {
    /// Whether a record of the same actor says the same of the same things.
    fn tells(&self, record: &AuditRecord, what: &str) -> bool {
        let apart = self.row.map_or(&[][..], |row| row.apart);
        let by_a_person = matches!(record.actor, Actor::Person { .. }) && record.outcome == Outcome::Allowed;
        let mut facts = apart.iter().chain(&["agent_name", "client_id"]);
        !by_a_person
            && self.what == what
            && self.newest.outcome == record.outcome
            && facts.all(|fact| self.newest.detail.get(*fact) == record.detail.get(*fact))
    }

    fn records(&self) -> impl Iterator<Item = &AuditRecord> {
        std::iter::once(&self.newest).chain(&self.others)
    }
}

/// The newest rows that have a place.
fn shared(rows: Vec<Told>) -> Vec<Told> {
    let mut kept: Vec<Told> = Vec::with_capacity(PLACES);
    for told in rows {
        let of_actor = |kept: &&mut Told| kept.newest.actor == told.newest.actor;
        let taken = kept.iter_mut().filter(of_actor).count();
        if taken < SHARE && kept.len() < PLACES {
            kept.push(told);
        } else if let Some(last) = kept.iter_mut().rfind(of_actor) {
            last.beyond += told.records().count();
        }
    }
    kept
}

/// Counts: a refusal that was repeated within its window is one record with a count.
async fn happenings(ports: &Ports, rows: Vec<Told>) -> Result<Vec<Happening>, Fault> {
    let refused = |record: &&AuditRecord| record.outcome != Outcome::Allowed;
    let counted: Vec<AuditRecord> = rows.iter().flat_map(Told::records).filter(refused).cloned().collect();
    let mut counts = ports.repeats(&counted).await?.into_iter();
    let mut happenings: Vec<Happening> = Vec::with_capacity(rows.len());
    for told in rows {
        let (mut times, mut first, mut last) = (0_u64, told.newest.at, told.newest.at);
        for record in told.records() {
            let repeats = if refused(&record) { counts.next().flatten() } else { None };
            let Repeats { count, last: at } = repeats.unwrap_or(Repeats { count: 1, last: record.at });
            times = times.saturating_add(count);
            first = first.min(record.at);
            last = last.max(at);
        }
        let Told { what, row, newest: record, beyond, .. } = told;
        happenings.push(Happening { what, refused: record.is_refusal(row), record, times, first, last, beyond });
    }
    // Of one moment, as they were written.
    happenings.sort_by(|one, other| (other.last, &other.record.id).cmp(&(one.last, &one.record.id)));
    Ok(happenings)
}

/// Of an action that is not known here, its name is shown.
fn words(record: &AuditRecord, row: Option<&Row>) -> String {
    let words = row.and_then(|row| record.in_words(row, &quoted)).unwrap_or_else(|| {
        let name = cleaned_or(&record.action.replace(['.', '_'], " "), 60, "something happened");
        let mut letters = name.chars();
        letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
    });
    if record.further { format!("{words}, in further ways") } else { words }
}

/// A stranger's text, as it stands in a sentence of ours.
pub(crate) fn quoted(text: &str) -> Option<String> {
    cleaned(text, TEXT).ok().map(|text| text.quoted())
}
