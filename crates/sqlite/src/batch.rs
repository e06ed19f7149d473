//! How a batch is checked and applied: inside a transaction that holds the write lock, so first everything is checked
//! and then everything is written.

use countersign_storage::{Batch, Change, Entry, Index, Key, Timestamp, Version};
use rusqlite::{Connection, OptionalExtension};

/// How a batch went.
pub(crate) enum Applied {
    Wholly,
    Conflict,
    OverCeiling(Key),
}

pub(crate) fn apply(connection: &Connection, batch: &Batch) -> rusqlite::Result<Applied> {
    for guard in &batch.guards {
        if version(connection, &guard.key)? != guard.version {
            return Ok(Applied::Conflict);
        }
    }
    for change in &batch.changes {
        let stays = match change {
            Change::Insert(entry) => version(connection, &entry.key)?.is_none(),
            Change::Replace(entry) => version(connection, &entry.key)? == Some(entry.version),
            Change::Delete { key, version: read } => version(connection, key)? == Some(*read),
            Change::Add { key, by, ceiling, .. } => {
                if counter(connection, key)?.0.saturating_add(*by) > *ceiling {
                    return Ok(Applied::OverCeiling(key.clone()));
                }
                true
            }
        };
        if !stays {
            return Ok(Applied::Conflict);
        }
    }
    for change in &batch.changes {
        match change {
            Change::Insert(entry) => insert(connection, entry, batch.version)?,
            Change::Replace(entry) => replace(connection, entry, batch.version)?,
            Change::Delete { key, .. } => delete(connection, key)?,
            Change::Add { key, by, expires_at, .. } => add(connection, key, *by, *expires_at, batch.version)?,
        }
    }
    Ok(Applied::Wholly)
}

/// Deletes what expired, the oldest first.
pub(crate) fn purge(connection: &Connection, expired_before: Timestamp, limit: u32) -> rusqlite::Result<u64> {
    let expired: Vec<(i64, String, String, String)> = connection
        .prepare_cached(
            "SELECT rowid, kind, id, indexes FROM record WHERE expires_at < ?1 ORDER BY expires_at LIMIT ?2",
        )?
        .query_map((expired_before.as_secs(), limit), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?
        .collect::<rusqlite::Result<_>>()?;
    for (row, kind, id, indexes) in &expired {
        unlist(connection, kind, id, &listed(indexes))?;
        connection.prepare_cached("DELETE FROM record WHERE rowid = ?1")?.execute([row])?;
    }
    Ok(u64::try_from(expired.len()).unwrap_or(u64::MAX))
}

fn version(connection: &Connection, key: &Key) -> rusqlite::Result<Option<Version>> {
    connection
        .prepare_cached("SELECT version FROM record WHERE kind = ?1 AND id = ?2")?
        .query_row((key.kind.as_str(), &key.id), |row| row.get(0).map(Version::from_i64))
        .optional()
}

/// The value of a counter, and its expiry where it exists.
fn counter(connection: &Connection, key: &Key) -> rusqlite::Result<(i64, Option<Option<i64>>)> {
    let found = connection
        .prepare_cached("SELECT body, expires_at FROM record WHERE kind = ?1 AND id = ?2")?
        .query_row((key.kind.as_str(), &key.id), |row| Ok((row.get::<_, String>(0)?, row.get(1)?)))
        .optional()?;
    Ok(found.map_or((0, None), |(body, expires_at)| (body.parse().unwrap_or(0), Some(expires_at))))
}

fn insert(connection: &Connection, entry: &Entry, version: Version) -> rusqlite::Result<()> {
    let indexes = distinct(&entry.indexes);
    connection
        .prepare_cached(
            "INSERT INTO record (kind, id, version, body, indexes, expires_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute((
            entry.key.kind.as_str(),
            &entry.key.id,
            version.as_i64(),
            &*entry.body,
            as_json(&indexes),
            entry.expires_at.map(Timestamp::as_secs),
        ))?;
    list(connection, &entry.key, &indexes)
}

fn replace(connection: &Connection, entry: &Entry, version: Version) -> rusqlite::Result<()> {
    let (kind, id) = (entry.key.kind.as_str(), &entry.key.id);
    let indexes = distinct(&entry.indexes);
    let indexes_json = as_json(&indexes);
    let before = indexes_of(connection, &entry.key)?;
    connection
        .prepare_cached(
            "UPDATE record SET version = ?3, body = ?4, indexes = ?5, expires_at = ?6 WHERE kind = ?1 AND id = ?2",
        )?
        .execute((kind, id, version.as_i64(), &*entry.body, &indexes_json, entry.expires_at.map(Timestamp::as_secs)))?;
    if before == indexes_json {
        return Ok(());
    }
    unlist(connection, kind, id, &listed(&before))?;
    list(connection, &entry.key, &indexes)
}

fn delete(connection: &Connection, key: &Key) -> rusqlite::Result<()> {
    let (kind, id) = (key.kind.as_str(), &key.id);
    unlist(connection, kind, id, &listed(&indexes_of(connection, key)?))?;
    connection.prepare_cached("DELETE FROM record WHERE kind = ?1 AND id = ?2")?.execute((kind, id))?;
    Ok(())
}

fn add(
    connection: &Connection,
    key: &Key,
    by: i64,
    expires_at: Option<Timestamp>,
    version: Version,
) -> rusqlite::Result<()> {
    let (value, known) = counter(connection, key)?;
    let new = expires_at.map(Timestamp::as_secs);
    // The later of the two stays, and "never" is later than any.
    let expires_at = match known {
        None => new,
        Some(known) => known.zip(new).map(|(known, new)| known.max(new)),
    };
    connection
        .prepare_cached(
            "INSERT INTO record (kind, id, version, body, indexes, expires_at) VALUES (?1, ?2, ?3, ?4, '[]', ?5)
             ON CONFLICT (kind, id) DO UPDATE SET
                 version = excluded.version, body = excluded.body, expires_at = excluded.expires_at",
        )?
        .execute((key.kind.as_str(), &key.id, version.as_i64(), value.saturating_add(by).to_string(), expires_at))?;
    Ok(())
}

fn indexes_of(connection: &Connection, key: &Key) -> rusqlite::Result<String> {
    connection
        .prepare_cached("SELECT indexes FROM record WHERE kind = ?1 AND id = ?2")?
        .query_row((key.kind.as_str(), &key.id), |row| row.get(0))
}

fn list(connection: &Connection, key: &Key, indexes: &[(&str, &str)]) -> rusqlite::Result<()> {
    let mut statement =
        connection.prepare_cached("INSERT INTO record_index (kind, name, value, id) VALUES (?1, ?2, ?3, ?4)")?;
    for (name, value) in indexes {
        statement.execute((key.kind.as_str(), name, value, &key.id))?;
    }
    Ok(())
}

fn unlist(connection: &Connection, kind: &str, id: &str, indexes: &[(String, String)]) -> rusqlite::Result<()> {
    let mut statement = connection
        .prepare_cached("DELETE FROM record_index WHERE kind = ?1 AND name = ?2 AND value = ?3 AND id = ?4")?;
    for (name, value) in indexes {
        statement.execute((kind, name, value, id))?;
    }
    Ok(())
}

/// Each index once, in one order, so that equal sets are equal text.
fn distinct(indexes: &[Index]) -> Vec<(&str, &str)> {
    let mut distinct: Vec<(&str, &str)> = indexes.iter().map(|index| (index.name, index.value.as_str())).collect();
    distinct.sort_unstable();
    distinct.dedup();
    distinct
}

fn as_json(indexes: &[(&str, &str)]) -> String {
    serde_json::json!(indexes).to_string()
}

/// What a record is listed under, as it was stored by [`insert`] or [`replace`].
fn listed(indexes: &str) -> Vec<(String, String)> {
    serde_json::from_str(indexes).unwrap_or_default()
}
