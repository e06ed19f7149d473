//! Reading: entries by key, and by index.
//!
//! Each statement is a read transaction of its own, and it is over when its rows are here: one record, or at most a page and
//! one more. No read of ours is open between statements, so none keeps the log from beginning anew.

use countersign_storage::{Cursor, Entries, Entry, Index, Key, Kind, Order, Page, Timestamp, Version};
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, OptionalExtension, Row};

pub(crate) fn load(connection: &Connection, keys: &[Key]) -> rusqlite::Result<Vec<Option<Entry>>> {
    let mut statement =
        connection.prepare_cached("SELECT version, body, expires_at FROM record WHERE kind = ?1 AND id = ?2")?;
    keys.iter()
        .map(|key| statement.query_row((key.kind.as_str(), &key.id), |row| entry(row, key.clone())).optional())
        .collect()
}

pub(crate) fn find(connection: &Connection, kind: Kind, index: &Index, page: &Page) -> rusqlite::Result<Entries> {
    // The primary key of the index serves both directions.
    let (statement, start) = match page.order {
        // Every id comes after the empty one, which no record has.
        Order::Ascending => (ASCENDING, ValueRef::Text(&[])),
        // To SQLite every text comes before every blob.
        Order::Descending => (DESCENDING, ValueRef::Blob(&[])),
    };
    let after = page.after.as_ref().map_or(start, |cursor| ValueRef::from(cursor.0.as_str()));
    let size = page.size();
    let mut statement = connection.prepare_cached(statement)?;
    let after = ToSqlOutput::Borrowed(after);
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

const ASCENDING: &str = "SELECT record.version, record.body, record.expires_at, record.id
       FROM record_index JOIN record USING (kind, id)
      WHERE record_index.kind = ?1 AND name = ?2 AND value = ?3 AND record_index.id > ?4
      ORDER BY record_index.id LIMIT ?5";

const DESCENDING: &str = "SELECT record.version, record.body, record.expires_at, record.id
       FROM record_index JOIN record USING (kind, id)
      WHERE record_index.kind = ?1 AND name = ?2 AND value = ?3 AND record_index.id < ?4
      ORDER BY record_index.id DESC LIMIT ?5";

fn entry(row: &Row<'_>, key: Key) -> rusqlite::Result<Entry> {
    Ok(Entry {
        key,
        version: Version::from_i64(row.get(0)?),
        body: row.get_ref(1)?.as_str()?.into(),
        indexes: Vec::new(),
        expires_at: row.get::<_, Option<i64>>(2)?.map(Timestamp),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{connection, schema};

    /// Without it a page would cost as much as all that is listed.
    #[test]
    fn the_index_serves_both_orders() {
        let mut connection = connection::in_memory().unwrap();
        schema::migrate(&mut connection).unwrap();
        for statement in [ASCENDING, DESCENDING] {
            let plan: Vec<String> = connection
                .prepare(&format!("EXPLAIN QUERY PLAN {statement}"))
                .unwrap()
                .query_map(("k", "n", "v", "c", 1), |row| row.get(3))
                .unwrap()
                .collect::<rusqlite::Result<_>>()
                .unwrap();
            let sought = |step: &String| step.contains("record_index USING PRIMARY KEY") && step.contains("AND id");
            assert!(plan.iter().any(sought) && !plan.iter().any(|step| step.contains("TEMP B-TREE")), "{plan:?}");
        }
    }
}
