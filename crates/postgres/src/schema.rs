//! The tables, the views for people, and how a schema is brought up to date.

use tokio_postgres::types::Type;

use crate::connection::Connections;
use crate::failure::Failure;

/// Each entry is one migration, applied once and in order; `{schema}` stands for the quoted name of the schema. An entry
/// never changes after it was released. A function that changes its meaning gets a new name, so that nodes of the
/// version before go on working meanwhile; or find it gone, where they must not.
///
/// The second one held functions that the fifth one replaces.
const MIGRATIONS: &[&str] = &[
    include_str!("tables.sql"),
    "",
    include_str!("views.sql"),
    include_str!("locks.sql"),
    include_str!("commit.sql"),
    include_str!("audit_view.sql"),
    include_str!("list_back.sql"),
];

/// Names the advisory lock of migrations; `pg_locks` shows it.
const LOCK: i64 = 0x636f_756e_7465_7273;

/// Creates or updates the tables. Several nodes may do so at once: one does the work, the others wait for it.
///
/// Where nothing is left to do, no privilege to create anything is needed.
pub(crate) async fn migrate(connections: &Connections, schema: &str) -> Result<(), Failure> {
    let mut connection = connections.lend().await?;
    let failed = |error: tokio_postgres::Error| Failure::of(&error);
    let name = format!("{schema}.migration");
    let exists = connection
        .query_typed("SELECT pg_catalog.to_regclass($1) IS NOT NULL", &[(&name, Type::TEXT)])
        .await
        .map_err(failed)?
        .first()
        .is_some_and(|row| row.get::<_, bool>(0));
    let count = format!("SELECT pg_catalog.count(*) FROM {schema}.migration");
    if exists && applied(&connection.query_typed(&count, &[]).await.map_err(failed)?) >= MIGRATIONS.len() {
        return Ok(());
    }
    let transaction = connection.transaction().await.map_err(failed)?;
    let prepare = format!(
        "SET LOCAL search_path = pg_catalog, pg_temp;
         SELECT pg_advisory_xact_lock({LOCK});
         CREATE SCHEMA IF NOT EXISTS {schema};
         CREATE TABLE IF NOT EXISTS {schema}.migration (
             number     integer PRIMARY KEY,
             applied_at timestamptz NOT NULL DEFAULT now()
         );"
    );
    transaction.batch_execute(&prepare).await.map_err(failed)?;
    let done = applied(&transaction.query_typed(&count, &[]).await.map_err(failed)?);
    for (place, migration) in MIGRATIONS.iter().enumerate().skip(done) {
        transaction.batch_execute(&migration.replace("{schema}", schema)).await.map_err(failed)?;
        let record = format!("INSERT INTO {schema}.migration (number) VALUES ({})", place + 1);
        transaction.batch_execute(&record).await.map_err(failed)?;
    }
    transaction.commit().await.map_err(failed)
}

/// How many migrations were applied. A schema may be ahead of this software: a newer node works on it already.
fn applied(rows: &[tokio_postgres::Row]) -> usize {
    rows.first().and_then(|row| usize::try_from(row.get::<_, i64>(0)).ok()).unwrap_or(0)
}

/// What the numbers that keys are locked by are made with.
pub(crate) async fn lock_secret(connections: &Connections, schema: &str) -> Result<String, Failure> {
    let connection = connections.lend().await?;
    let query = format!("SELECT secret FROM {schema}.lock_secret");
    let rows = connection.query_typed(&query, &[]).await.map_err(|error| Failure::of(&error))?;
    let secret = rows.first().and_then(|row| row.try_get(0).ok());
    secret.ok_or_else(|| Failure::before("the table lock_secret is empty"))
}

/// A name as SQL spells it, whatever it holds.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
