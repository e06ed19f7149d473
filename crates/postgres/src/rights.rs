//! Whether the role of this start may do what ordinary use needs. Otherwise the first who notices would be a person.

use tokio_postgres::Row;
use tokio_postgres::types::Type;

use crate::connection::Connections;
use crate::failure::Failure;
use crate::schema::Schemas;

/// Refuses if anything is missing or any right is lacking, and names it.
///
/// Call it after the migrations. What only they need is not asked for.
pub(crate) async fn check(connections: &Connections, Schemas { tables, locks, .. }: &Schemas) -> Result<(), Failure> {
    let failed = |error: tokio_postgres::Error| Failure::of(&error);
    let mut connection = connections.lend().await?;
    let transaction = connection.transaction().await.map_err(failed)?;
    transaction.batch_execute("SET LOCAL search_path = pg_catalog, pg_temp").await.map_err(failed)?;
    let found = transaction
        .query_typed(include_str!("rights.sql"), &[(tables, Type::TEXT), (locks, Type::TEXT)])
        .await
        .map_err(failed)?;
    transaction.commit().await.map_err(failed)?;
    let missing = listed(&found, true);
    if !missing.is_empty() {
        return Err(Failure::NotDone(format!("the database lacks {missing} (a dump must hold all schemas)")));
    }
    let rights = listed(&found, false);
    if rights.is_empty() { Ok(()) } else { Err(Failure::NotDone(format!("the database role lacks {rights}"))) }
}

/// What is missing, or else what rights are lacking.
fn listed(found: &[Row], missing: bool) -> String {
    let of_this_sort = found.iter().filter(|row| row.try_get(0).is_ok_and(|is_missing: bool| is_missing == missing));
    of_this_sort.filter_map(|row| row.try_get(1).ok()).collect::<Vec<&str>>().join("; ")
}
