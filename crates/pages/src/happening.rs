//! What happened around a person, from the audit records.
//!
//! An agent does more in a minute than a person in a year, and strangers can try to sign in without end. None of them must
//! push what the owner has to see off the page. So each has a listing of its own, of which the newest few are read: people
//! and the server, strangers, and each program of the person that was at work lately. A listing of everything is read beside
//! them, for whoever else acts. Then places are dealt. The deeds of people, strangers and the server have theirs, and so have
//! those of programs. Each actor gets one place before any gets a second, and so on; a program has at most its share. A host
//! needs nobody's consent to have many agents. So the hosts take turns, and its agents that were only refused are as one actor,
//! who comes after those that were allowed something. What that leaves out is counted beside a row of the same actor, as far
//! as it was read, and is on the pages of all activity.
//!
//! However much there is, a page reads a bounded number of listings, and tens of records of each.

use countersign_storage::audit_row::Row;
use countersign_storage::{
    Actor, AuditRecord, Cursor, Fault, Index, Outcome, Page, Ports, Repeats, Stored, Subject, Timestamp,
};
use countersign_web::text::{cleaned, cleaned_or};

/// How many rows there are for either kind of actor.
const PLACES: usize = 10;
/// How many of them one program can take. Of people, strangers and the server, each can have what the others leave.
const SHARE: usize = 4;
/// How many records of one actor are read for the newest.
const OF_ONE: u32 = 20;
/// How many of everything are read for the newest.
const OF_ALL: u32 = 50;
/// How many are read for a page of older activity, and where older versions of the software wrote what is looked for.
const OLDER: u32 = 200;
/// The longest text of a stranger that is shown, in characters.
const TEXT: usize = 80;

/// One row: what one record tells, or several that tell the same.
pub(crate) struct Happening {
    /// What happened, in words.
    pub(crate) what: String,
    /// The newest of the records.
    pub(crate) record: AuditRecord,
    /// Whether it was refused.
    pub(crate) refused: bool,
    /// How often it happened.
    pub(crate) times: Count,
    /// When it happened for the first time, as far as was read.
    pub(crate) first: Timestamp,
    /// When it happened for the last time.
    pub(crate) last: Timestamp,
    /// How many events of the same actor have no row.
    pub(crate) beyond: Count,
}

/// A number of things that were counted.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Count {
    /// How many were read.
    pub(crate) read: u64,
    /// Whether there may be more, which were not read.
    pub(crate) at_least: bool,
}

/// The newest deeds; no actor leaves another without a place. `programs` are those of the person that were at work lately.
pub(crate) async fn latest(ports: &Ports, subject: &Subject, programs: &[Actor]) -> Result<Vec<Happening>, Fault> {
    let mut read = Read::default();
    let people = AuditRecord::by(subject, &Actor::Person { subject: subject.clone() });
    read.listing(ports, people.clone(), OF_ONE).await?;
    if read.records.iter().any(|record| record.actor == Actor::Anonymous) {
        // Older versions kept what strangers tried here, too, and it is in the way until it ends.
        read.listing(ports, people, OLDER).await?;
    }
    for actor in [&Actor::Anonymous].into_iter().chain(programs) {
        read.listing(ports, AuditRecord::by(subject, actor), OF_ONE).await?;
    }
    // What older versions wrote of a client is in the listing of everything alone.
    let is_missing = |client: &Actor| !read.records.iter().any(|record| record.actor == *client);
    let missing = programs.iter().any(|actor| matches!(actor, Actor::Client { .. }) && is_missing(actor));
    let all = read.listing(ports, AuditRecord::around(subject), if missing { OLDER } else { OF_ALL }).await?;
    read.records.retain(|record| record.subject.as_ref() == Some(subject));
    read.records.sort_by(|one, other| other.id.cmp(&one.id));
    read.records.dedup_by(|one, other| one.id == other.id);
    let Read { records, whole } = read;
    let goes_on = |actor: &Actor| all == Reached::Some && !whole.contains(&AuditRecord::by(subject, actor));
    let (by_programs, others): (Vec<_>, Vec<_>) = records.into_iter().partition(|record| record.actor.is_delegate());
    let actions = ports.actions();
    let told = [(others, PLACES), (by_programs, SHARE)]
        .map(|(records, most)| dealt(folded(&actions, records, &goes_on), most));
    let mut happenings = happenings(ports, told.into_iter().flatten().collect()).await?;
    // Of one moment, as they were written.
    happenings.sort_by(|one, other| (other.last, &other.record.id).cmp(&(one.last, &one.record.id)));
    Ok(happenings)
}

/// A page of everything, the newest first, from where the page before ended. It comes with where the next page begins. What
/// was repeated stands where it began, whichever page shows it: its count may go on after it was listed.
pub(crate) async fn older(
    ports: &Ports,
    subject: &Subject,
    before: Option<&Cursor>,
) -> Result<(Vec<Happening>, Option<Cursor>), Fault> {
    let page = Page { after: before.cloned(), ..Page::last(OLDER) };
    let (records, next) = listed(ports, &AuditRecord::around(subject), page).await?;
    let told = folded(&ports.actions(), records, &|_| next.is_some());
    Ok((happenings(ports, told).await?, next))
}

/// What was read for the newest.
#[derive(Default)]
struct Read {
    records: Vec<AuditRecord>,
    /// The listings that were read to their end.
    whole: Vec<Index>,
}

/// How far a listing was read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reached {
    Some,
    All,
}

impl Read {
    async fn listing(&mut self, ports: &Ports, index: Index, most: u32) -> Result<Reached, Fault> {
        let (records, next) = listed(ports, &index, Page::last(most)).await?;
        self.records.extend(records);
        if next.is_some() {
            return Ok(Reached::Some);
        }
        self.whole.push(index);
        Ok(Reached::All)
    }
}

async fn listed(ports: &Ports, index: &Index, page: Page) -> Result<(Vec<AuditRecord>, Option<Cursor>), Fault> {
    let (records, next): (Vec<Stored<AuditRecord>>, _) = ports.reader().find_legible(index, page).await?;
    Ok((records.into_iter().map(|stored| stored.record).collect(), next))
}

/// Records that tell the same.
struct Told {
    what: String,
    row: Option<&'static Row>,
    newest: AuditRecord,
    /// The records before it that tell the same.
    others: Vec<AuditRecord>,
    /// Whether there may be more of them, which were not read.
    goes_on: bool,
    /// What the same actor did that has no row.
    beyond: Vec<AuditRecord>,
    /// Whether there may be more of that, which was not read.
    beyond_goes_on: bool,
}

/// Puts together what an actor did again and again with nothing else in between, but never what a person did: that is told
/// one by one. What people are not told is left out.
///
/// `records` are the newest first, and so are the rows. `goes_on` knows whether an actor did more before, which was not read.
fn folded(actions: &[&'static Row], records: Vec<AuditRecord>, goes_on: &dyn Fn(&Actor) -> bool) -> Vec<Told> {
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
        rows.push(Told {
            what,
            row,
            newest: record,
            others: Vec::new(),
            goes_on: false,
            beyond: Vec::new(),
            beyond_goes_on: false,
        });
    }
    for (actor, place) in oldest {
        if let Some(row) = rows.get_mut(place) {
            row.goes_on = goes_on(&actor);
        }
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

    fn into_records(self) -> impl Iterator<Item = AuditRecord> {
        std::iter::once(self.newest).chain(self.others)
    }
}

/// Whom places are dealt to: an actor; and as one, those of a host that were allowed nothing, as far as was read. Nobody
/// consents to how many of these a host has.
#[derive(PartialEq, Eq)]
enum Holder<'a> {
    Actor(&'a Actor),
    Host(&'a str),
}

impl<'a> Holder<'a> {
    /// The host of an actor that has one.
    fn host_of(actor: &'a Actor) -> Self {
        match actor {
            Actor::Agent { host_id, .. } | Actor::Host { host_id } => Holder::Host(host_id),
            Actor::Person { .. } | Actor::Client { .. } | Actor::Anonymous | Actor::System => Holder::Actor(actor),
        }
    }
}

/// The rows that have a place: the newest of each holder, then the second of each, and so on, at most so many of one. In each
/// turn come first those who were allowed something, and of these the first of each host, then the second of each.
fn dealt(rows: Vec<Told>, most: usize) -> Vec<Told> {
    let mut of_holder = Vec::new();
    let mut of_host = Vec::new();
    let mut ranked: Vec<_> = Vec::with_capacity(rows.len());
    for (place, told) in rows.iter().enumerate() {
        let actor = &told.newest.actor;
        let was_allowed =
            rows.iter().any(|other| other.newest.outcome == Outcome::Allowed && other.newest.actor == *actor);
        let holder = if was_allowed { Holder::Actor(actor) } else { Holder::host_of(actor) };
        let turn = earlier(&mut of_holder, holder);
        let of_host = earlier(&mut of_host, (turn, was_allowed, Holder::host_of(actor)));
        ranked.push((turn, !was_allowed, of_host, place));
    }
    ranked.retain(|(turn, ..)| *turn < most);
    ranked.sort_unstable();
    ranked.truncate(PLACES);
    let places: Vec<usize> = ranked.into_iter().map(|(.., place)| place).collect();
    let mut kept: Vec<Told> = Vec::with_capacity(PLACES);
    for (place, told) in rows.into_iter().enumerate() {
        if places.contains(&place) {
            kept.push(told);
        } else if let Some(last) = kept.iter_mut().rfind(|kept| kept.newest.actor == told.newest.actor) {
            last.beyond_goes_on |= told.goes_on;
            last.beyond.extend(told.into_records());
        }
    }
    kept
}

/// How many came under this before.
pub(crate) fn earlier<T: PartialEq>(seen: &mut Vec<(T, usize)>, under: T) -> usize {
    match seen.iter_mut().find(|(known, _)| *known == under) {
        Some((_, count)) => {
            *count += 1;
            *count
        }
        None => {
            seen.push((under, 0));
            0
        }
    }
}

/// Counts how often each thing happened. What was repeated within a window can be one record with a counter.
async fn happenings(ports: &Ports, rows: Vec<Told>) -> Result<Vec<Happening>, Fault> {
    let is_counted = |record: &&AuditRecord| record.repeats.is_some();
    let read = rows.iter().flat_map(|told| told.records().chain(&told.beyond));
    let counted: Vec<AuditRecord> = read.filter(is_counted).cloned().collect();
    let mut counts = ports.repeats(&counted).await?.into_iter();
    let mut repeats = |record: &AuditRecord| {
        let counted = if is_counted(&record) { counts.next().flatten() } else { None };
        counted.unwrap_or(Repeats { count: 1, last: record.at })
    };
    let mut happenings: Vec<Happening> = Vec::with_capacity(rows.len());
    for told in rows {
        let (mut read, mut first, mut last) = (0_u64, told.newest.at, told.newest.at);
        for record in told.records() {
            let Repeats { count, last: at } = repeats(record);
            read = read.saturating_add(count);
            first = first.min(record.at);
            last = last.max(at);
        }
        let beyond = told.beyond.iter().fold(0_u64, |beyond, record| beyond.saturating_add(repeats(record).count));
        let beyond = Count { read: beyond, at_least: told.beyond_goes_on };
        let Told { what, row, newest: record, goes_on: at_least, .. } = told;
        let (refused, times) = (record.is_refusal(row), Count { read, at_least });
        happenings.push(Happening { what, refused, record, times, first, last, beyond });
    }
    Ok(happenings)
}

/// What a record tells. Where its action is not known here, that is the name of the action.
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
