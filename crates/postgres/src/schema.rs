//! The tables, the views for people, and how they are brought up to date.

use countersign_storage::Whole;
use tokio_postgres::Transaction;
use tokio_postgres::types::{ToSql, Type};

use crate::connect_error::ConnectError;
use crate::connection::Connections;
use crate::failure::Failure;

/// Each entry is one migration, applied once and in order; `{schema}`, `{locks}` and `{views}` stand for the quoted names of
/// the three schemas.
///
/// An entry that was released is rewritten only so that every schema ends as if it had not been: what a later entry takes
/// away, an earlier one need not make. So the second one is empty.
///
/// A function that changes its meaning gets a new name, so that nodes of the version before go on working meanwhile; or find
/// it gone, where they must not. Then they answer every commit with "the schema lacks a table or a function of this
/// version", and still read.
const MIGRATIONS: &[&str] = &[
    include_str!("tables.sql"),
    "",
    include_str!("views.sql"),
    include_str!("search_path.sql"),
    include_str!("reads.sql"),
    include_str!("audit_view.sql"),
    include_str!("list_back.sql"),
    include_str!("stripes.sql"),
    include_str!("commit.sql"),
    include_str!("views_apart.sql"),
    include_str!("views_closed.sql"),
];

/// How often a migration that met others is begun anew.
const ATTEMPTS: u32 = 8;

/// The longest name of a schema in bytes: PostgreSQL cuts a name after 63, and the others' are longer by `_locks` and `_views`.
const LONGEST: usize = 57;

/// The three schemas of a store, as SQL spells them.
pub(crate) struct Schemas {
    pub(crate) tables: String,
    /// What commits are kept apart by.
    pub(crate) locks: String,
    /// What people read.
    pub(crate) views: String,
}

impl Schemas {
    pub(crate) fn of(name: &str) -> Result<Self, ConnectError> {
        if name.len() > LONGEST {
            return Err(ConnectError::Schema);
        }
        let [tables, locks, views] = ["", "_locks", "_views"].map(|suffix| quoted(&format!("{name}{suffix}")));
        Ok(Schemas { tables, locks, views })
    }
}

/// Creates or updates the tables. Several nodes may do so at once: one does the work, the others wait for it.
///
/// Where nothing is left to do, no privilege to create anything is needed.
pub(crate) async fn migrate(connections: &Connections, schemas: &Schemas) -> Result<(), Failure> {
    if is_up_to_date(connections, schemas).await? {
        return Ok(());
    }
    for _ in 0..ATTEMPTS {
        match update(connections, schemas).await {
            // Of several who create the schema at once, one does. The others wait for it, and are then told to begin anew.
            Err(Failure::Again) => {}
            outcome => return outcome,
        }
    }
    Err(Failure::before("it lost against others too often"))
}

async fn is_up_to_date(connections: &Connections, Schemas { tables, .. }: &Schemas) -> Result<bool, Failure> {
    let connection = connections.lend().await?;
    let name = format!("{tables}.migration");
    let exists = connection
        .query_typed("SELECT pg_catalog.to_regclass($1) IS NOT NULL", &[(&name, Type::TEXT)])
        .await
        .map_err(failed)?
        .first()
        .is_some_and(|row| row.get::<_, bool>(0));
    Ok(exists && applied(&connection.query_typed(&count(tables), &[]).await.map_err(failed)?) >= MIGRATIONS.len())
}

/// All that is missing, in one transaction, under the lock of the table of migrations: only who may write it can hold it.
async fn update(connections: &Connections, schemas: &Schemas) -> Result<(), Failure> {
    let Schemas { tables, locks, views } = schemas;
    let mut connection = connections.lend().await?;
    let transaction = connection.transaction().await.map_err(failed)?;
    let prepare = format!(
        "SET LOCAL search_path = pg_catalog, pg_temp;
         SET LOCAL lock_timeout = {};
         CREATE SCHEMA IF NOT EXISTS {tables};
         CREATE TABLE IF NOT EXISTS {tables}.migration (
             number     integer PRIMARY KEY,
             applied_at timestamptz NOT NULL DEFAULT now()
         );
         LOCK TABLE {tables}.migration IN EXCLUSIVE MODE",
        connections.patience().as_millis().clamp(1, 2_147_483_647)
    );
    transaction.batch_execute(&prepare).await.map_err(failed)?;
    refuse_a_strangers(&transaction, schemas).await?;
    let done = applied(&transaction.query_typed(&count(tables), &[]).await.map_err(failed)?);
    for (place, migration) in MIGRATIONS.iter().enumerate().skip(done) {
        let migration = migration.replace("{schema}", tables).replace("{locks}", locks).replace("{views}", views);
        transaction.batch_execute(&migration).await.map_err(failed)?;
        let record = format!("INSERT INTO {tables}.migration (number) VALUES ({})", place + 1);
        transaction.batch_execute(&record).await.map_err(failed)?;
    }
    transaction.commit().await.map_err(failed)
}

/// Who owns a schema may drop what others made in it and put functions of theirs there; and a trigger of theirs would run as
/// this role. So nothing is made where the owner is not this role, or somebody who can do already what it can.
///
/// To be a member of the owner does not count: before PostgreSQL 15 any role could have others be members of it, unasked.
async fn refuse_a_strangers(
    transaction: &Transaction<'_>,
    Schemas { tables, locks, views }: &Schemas,
) -> Result<(), Failure> {
    let query = "WITH owned (place, what, owner) AS (
             SELECT s.place, 'the schema ' || s.name, n.nspowner
               FROM unnest(ARRAY[$1, $2, $3]) WITH ORDINALITY AS s(name, place) JOIN pg_namespace n ON n.oid = to_regnamespace(s.name)
             UNION ALL
             SELECT 4, 'the table ' || $4, relowner FROM pg_class WHERE oid = to_regclass($4))
         SELECT what FROM owned WHERE NOT pg_has_role(owner, current_user, 'USAGE') ORDER BY place LIMIT 1";
    let migration = format!("{tables}.migration");
    let names = [tables, locks, views, &migration].map(|name| (name as &(dyn ToSql + Sync), Type::TEXT));
    let strangers = transaction.query_typed(query, &names).await.map_err(failed)?;
    match strangers.first().and_then(|row| row.try_get::<_, &str>(0).ok()) {
        None => Ok(()),
        Some(what) => Err(Failure::NotDone(format!(
            "another role owns {what}, and could put what it likes in the place of what is there: drop it, give it to this role \
             (ALTER … OWNER TO), start as its owner, or choose another name"
        ))),
    }
}

fn count(tables: &str) -> String {
    format!("SELECT pg_catalog.count(*) FROM {tables}.migration")
}

#[expect(clippy::needless_pass_by_value, reason = "it is what map_err hands over")]
fn failed(error: tokio_postgres::Error) -> Failure {
    Failure::of(&error)
}

/// How many migrations were applied. A schema may be ahead of this software: a newer node works on it already.
fn applied(rows: &[tokio_postgres::Row]) -> usize {
    rows.first().and_then(|row| usize::try_from(row.get::<_, i64>(0)).ok()).unwrap_or(0)
}

/// What every handle to these tables answers, whichever way it reaches them: the numbers of the database and of a table, and
/// when that was made.
///
/// A copy of the whole server (of its files, or a replica that was promoted) answers the same as its original, for all that it
/// could tell is copied too. What tells the two apart (addresses, the timeline) also differs between two ways to one server,
/// or before and after it fails over: guards would be lost where they are needed.
pub(crate) async fn whole(connections: &Connections, Schemas { tables, .. }: &Schemas) -> Result<Whole, Failure> {
    let name = format!("{tables}.migration");
    let query = format!(
        "SELECT pg_catalog.concat_ws(' ', d.oid, pg_catalog.to_regclass($1)::pg_catalog.oid, (
             SELECT pg_catalog.min(EXTRACT(epoch FROM m.applied_at)) FROM {tables}.migration m))
           FROM pg_catalog.pg_database d WHERE d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database()"
    );
    let rows = connections.lend().await?.query_typed(&query, &[(&name, Type::TEXT)]).await.map_err(failed)?;
    let numbers: String = rows.first().and_then(|row| row.try_get(0).ok()).unwrap_or_default();
    match numbers.is_empty() {
        true => Err(Failure::before("the database does not say which it is")),
        false => Ok(Whole::named(format!("postgres {numbers}"))),
    }
}

/// A name as SQL spells it, whatever it holds.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
