//! Whether the role of this start may do what ordinary use needs. Otherwise the first who notices would be a person.

use tokio_postgres::Row;
use tokio_postgres::types::Type;

use crate::connection::Connections;
use crate::failure::Failure;
use crate::schema::Schemas;

/// Refuses if anything is missing, belongs to somebody else than the rest, or any right is lacking; and names it.
///
/// Call it after the migrations. What only they need is not asked for.
pub(crate) async fn check(
    connections: &Connections,
    Schemas { tables, locks, views }: &Schemas,
) -> Result<(), Failure> {
    let failed = |error: tokio_postgres::Error| Failure::of(&error);
    let mut connection = connections.lend().await?;
    let transaction = connection.transaction().await.map_err(failed)?;
    transaction.batch_execute("SET LOCAL search_path = pg_catalog, pg_temp").await.map_err(failed)?;
    let found = transaction
        .query_typed(include_str!("rights.sql"), &[(tables, Type::TEXT), (locks, Type::TEXT), (views, Type::TEXT)])
        .await
        .map_err(failed)?;
    transaction.commit().await.map_err(failed)?;
    let [missing, strange, rights] = ["missing", "strange", "rights"].map(|sort| listed(&found, sort));
    Err(Failure::NotDone(if !missing.is_empty() {
        format!("the database lacks {missing} (a dump must hold all schemas)")
    } else if !strange.is_empty() {
        format!(
            "not the owner of the table {tables}.migration, but somebody else owns {strange}, and could put what they like in the \
             place of what is there: give all of the store to one role (ALTER … OWNER TO)"
        )
    } else if !rights.is_empty() {
        format!("the database role lacks {rights}")
    } else {
        return Ok(());
    }))
}

/// All that is found of this sort.
fn listed(found: &[Row], sort: &str) -> String {
    let of_this_sort = found.iter().filter(|row| row.try_get(0).is_ok_and(|found: &str| found == sort));
    of_this_sort.filter_map(|row| row.try_get(1).ok()).collect::<Vec<&str>>().join("; ")
}
