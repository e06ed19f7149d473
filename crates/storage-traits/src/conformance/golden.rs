//! Golden files: what each kind of record looked like in each version that was released. They must be read for ever.
//!
//! A crate keeps them in `tests/records/<kind>/<n>.json`, the newest shape with the highest number. Where one file does not show
//! a shape whole, there are several, `<n>-a.json` and so on. A shape that was released is never edited: a record that gains a
//! member gains a file. `tests/records/expiry.json` says from when on each of them may be removed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use super::verdict::{Verdict, Violation};
use crate::clock::Timestamp;
use crate::record::{Kind, Record};
use crate::unknown_members;

/// One kind of record, and what keeps its number finite.
pub struct Golden {
    kind: Kind,
    read: Option<Read>,
    bound: Option<&'static str>,
}

/// Reads a body, and says from when on the record may be removed.
type Read = fn(&str, Age) -> Result<Option<Timestamp>, String>;

#[derive(Clone, Copy, PartialEq)]
enum Age {
    Former,
    Newest,
}

impl Golden {
    /// Records of this type. Each golden file must have an expiry.
    pub const fn of<R: Record>() -> Self {
        Golden { kind: R::KIND, read: Some(read::<R>), bound: None }
    }

    /// Counters: they have no shape. Each is added to with an expiry.
    pub const fn counter(kind: &'static str) -> Self {
        Golden { kind: Kind::new(kind), read: None, bound: None }
    }

    /// Records of this kind may live without an end, since something else bounds their number: say what.
    #[must_use]
    pub const fn bounded_by(mut self, bound: &'static str) -> Self {
        self.bound = Some(bound);
        self
    }
}

/// Checks a crate in this folder: every kind that its source names has a row, every row its golden files, every file can be
/// read and loses nothing, and every kind ends or says what bounds it. Says how many files there are.
///
/// # Errors
/// What is missing, or can no longer be read.
pub fn check(folder: &str, rows: &[Golden]) -> Result<usize, Violation> {
    let folder = Path::new(folder);
    let mut named = BTreeSet::new();
    kinds_in(&folder.join("src"), &mut named)?;
    let listed: BTreeSet<String> = rows.iter().map(|row| row.kind.as_str().to_owned()).collect();
    let without_row: Vec<_> = named.symmetric_difference(&listed).collect();
    ensure!(without_row.is_empty(), "kinds without a row here, or rows without a kind: {without_row:?}");
    let records = folder.join("tests/records");
    let expiry = fs::read_to_string(records.join("expiry.json")).unwrap_or_default();
    let mut expiry: Expiries =
        serde_json::from_str(&expiry).map_err(|_| Violation::new("expiry.json cannot be read"))?;
    let mut count = 0;
    for row in rows {
        count += row.check(&records, &mut expiry)?;
    }
    ensure!(expiry.is_empty(), "expiry.json names files that are not there: {:?}", expiry.keys());
    Ok(count)
}

/// By kind and file: from when on the record may be removed.
type Expiries = BTreeMap<String, Option<i64>>;

impl Golden {
    fn check(&self, records: &Path, expiries: &mut Expiries) -> Result<usize, Violation> {
        let kind = self.kind.as_str();
        let Some(read) = self.read else { return Ok(0) };
        let files = files_of(&records.join(kind))?;
        let newest = files.last().map(|(number, _)| *number);
        for (number, file) in &files {
            let age = if Some(*number) == newest { Age::Newest } else { Age::Former };
            let body =
                fs::read_to_string(file).map_err(|error| Violation::new(format!("{}: {error}", file.display())))?;
            let expiry = read(&body, age).map_err(|why| Violation::new(format!("{}: {why}", file.display())))?;
            ensure!(
                expiry.is_some() || self.bound.is_some(),
                "a {kind} record never ends, and nothing says what bounds their number"
            );
            let name = format!("{kind}/{}", file.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default());
            let (found, expected) = (expiry.map(Timestamp::as_secs), expiries.remove(&name));
            ensure!(expected == Some(found), "{name} may be removed from {found:?} on; expiry.json says {expected:?}");
        }
        Ok(files.len())
    }
}

/// From the oldest to the newest.
fn files_of(folder: &Path) -> Result<Vec<(u32, PathBuf)>, Violation> {
    let missing = || Violation::new(format!("{}: put what is stored today into 1.json there", folder.display()));
    let mut files = Vec::new();
    for file in fs::read_dir(folder).map_err(|_| missing())? {
        let path = file.map_err(|_| missing())?.path();
        let number: Option<u32> = (path.file_stem()).and_then(|stem| stem.to_str()?.split('-').next()?.parse().ok());
        files.push((number.ok_or_else(|| Violation::new(format!("{}: its name is no number", path.display())))?, path));
    }
    files.sort();
    if files.is_empty() { Err(missing()) } else { Ok(files) }
}

fn read<R: Record>(body: &str, age: Age) -> Result<Option<Timestamp>, String> {
    let record: R = serde_json::from_str(body).map_err(|error| format!("it can no longer be read: {error}"))?;
    if unknown_members::leaves_out::<R>(body).map_err(|error| error.to_string())? {
        return Err("it has a member that is no longer known".to_owned());
    }
    let id = record.id();
    if id.is_empty() || id.len() > 512 {
        return Err(format!("its id has {} bytes", id.len()));
    }
    let written = serde_json::to_value(&record).map_err(|error| error.to_string())?;
    let golden: serde_json::Value = serde_json::from_str(body).map_err(|error| error.to_string())?;
    if age == Age::Newest && written != golden {
        return Err(format!("what is stored today has another shape. Add a file with the next number: {written}"));
    }
    Ok(record.expires_at())
}

/// The kinds that a crate's source names, its tests and the laws of stores aside.
fn kinds_in(folder: &Path, kinds: &mut BTreeSet<String>) -> Verdict {
    let failed = |error: std::io::Error| Violation::new(format!("{}: {error}", folder.display()));
    for file in fs::read_dir(folder).map_err(failed)? {
        let path = file.map_err(failed)?.path();
        if path.is_dir() {
            if path.file_name().is_some_and(|name| name != "conformance") {
                kinds_in(&path, kinds)?;
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).map_err(failed)?;
            let code = text.split("#[cfg(test)]\nmod tests").next().unwrap_or(&text);
            let mut pieces = code.split("Kind::new(\"");
            pieces.next();
            kinds.extend(pieces.filter_map(|piece| piece.split('"').next()).map(str::to_owned));
        }
    }
    Ok(())
}
