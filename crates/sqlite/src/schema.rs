//! The tables, the views for people, and how a file is brought up to date.

use rusqlite::{Connection, TransactionBehavior};

/// Each entry is one migration, applied once and in order. An entry never changes after it was released.
const MIGRATIONS: &[&str] = &[TABLES, VIEWS, include_str!("audit_view.sql")];

/// Text compares bytewise (SQLite's `BINARY` collation, the default): the order of ids is the order of their bytes.
///
/// `record.indexes` repeats what `record_index` holds for the record, as a JSON array of `[name, value]`: a replace sees
/// at once whether anything moves, and `record_index` needs no second index.
const TABLES: &str = "
    CREATE TABLE record (
        kind       TEXT NOT NULL,
        id         TEXT NOT NULL,
        version    INTEGER NOT NULL,
        body       TEXT NOT NULL,
        indexes    TEXT NOT NULL,
        expires_at INTEGER,
        PRIMARY KEY (kind, id)
    ) STRICT;
    CREATE INDEX record_expiry ON record (expires_at) WHERE expires_at IS NOT NULL;
    CREATE TABLE record_index (
        kind  TEXT NOT NULL,
        name  TEXT NOT NULL,
        value TEXT NOT NULL,
        id    TEXT NOT NULL,
        PRIMARY KEY (kind, name, value, id)
    ) STRICT, WITHOUT ROWID;
";

/// For people with a database tool. The software itself never reads them.
const VIEWS: &str = include_str!("views.sql");

/// Creates or updates the tables. Several processes may do so at once: the first takes the write lock, the others wait
/// for it and then find nothing left to do.
pub(crate) fn migrate(connection: &mut Connection) -> rusqlite::Result<()> {
    if applied(connection).unwrap_or(0) >= MIGRATIONS.len() {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute_batch(
        "CREATE TABLE IF NOT EXISTS migration (
            number     INTEGER PRIMARY KEY,
            applied_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP
        ) STRICT;",
    )?;
    let done = applied(&transaction)?;
    for (place, migration) in MIGRATIONS.iter().enumerate().skip(done) {
        transaction.execute_batch(migration)?;
        transaction.execute("INSERT INTO migration (number) VALUES (?1)", [i64::try_from(place + 1).unwrap_or(0)])?;
    }
    transaction.commit()
}

/// How many migrations were applied. A file may be ahead of this software: a newer version works on it already, and
/// newer schemas only add to older ones.
fn applied(connection: &Connection) -> rusqlite::Result<usize> {
    connection
        .query_row("SELECT count(*) FROM migration", [], |row| row.get::<_, u32>(0))
        .map(|count| usize::try_from(count).unwrap_or(usize::MAX))
}
