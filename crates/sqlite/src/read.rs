//! Reading: entries by key, and by index.

use countersign_storage::{Cursor, Entries, Entry, Index, Key, Kind, Page, StoreError, Timestamp, Version};
use rusqlite::{Connection, OptionalExtension, Row};

pub(crate) fn load(connection: &Connection, keys: &[Key]) -> rusqlite::Result<Vec<Option<Entry>>> {
    let mut statement =
        connection.prepare_cached("SELECT version, body, expires_at FROM record WHERE kind = ?1 AND id = ?2")?;
    keys.iter()
        .map(|key| statement.query_row((key.kind.as_str(), &key.id), |row| entry(row, key.clone())).optional())
        .collect()
}

pub(crate) fn find(connection: &Connection, kind: Kind, index: &Index, page: &Page) -> rusqlite::Result<Entries> {
    let mut statement = connection.prepare_cached(
        "SELECT record.version, record.body, record.expires_at, record.id
           FROM record_index JOIN record USING (kind, id)
          WHERE record_index.kind = ?1 AND name = ?2 AND value = ?3 AND record_index.id > ?4
          ORDER BY record_index.id LIMIT ?5",
    )?;
    // Every id comes after the empty one, which no record has.
    let after = page.after.as_ref().map_or("", |cursor| cursor.0.as_str());
    let size = page.size();
    let rows = statement.query_map((kind.as_str(), index.name, &index.value, after, i64::from(size) + 1), |row| {
        entry(row, Key { kind, id: row.get(3)? })
    })?;
    let mut entries: Vec<Entry> = rows.collect::<rusqlite::Result<_>>()?;
    // One more than asked for says whether there is a next page.
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    let more = entries.len() > size;
    entries.truncate(size);
    let next = entries.last().filter(|_| more).map(|last| Cursor(last.key.id.clone()));
    Ok(Entries { entries, next })
}

fn entry(row: &Row<'_>, key: Key) -> rusqlite::Result<Entry> {
    Ok(Entry {
        key,
        version: Version::from_i64(row.get(0)?),
        body: row.get_ref(1)?.as_str()?.into(),
        indexes: Vec::new(),
        expires_at: row.get::<_, Option<i64>>(2)?.map(Timestamp),
    })
}

/// The message of SQLite names no value, only what went wrong.
pub(crate) fn unavailable(error: rusqlite::Error) -> StoreError {
    StoreError::Unavailable(error.to_string())
}
