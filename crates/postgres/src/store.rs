//! [`PostgresStore`]: connecting, and the four methods of a store.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use countersign_storage::{
    Batch, Cursor, Entries, Entry, Index, Key, Kind, Order, Page, Store, StoreError, Timestamp, Version, Whole,
};
use tokio_postgres::Row;
use tokio_postgres::types::{ToSql, Type};

use crate::commit::{Call, is_storable};
use crate::config::PostgresConfig;
use crate::connect_error::ConnectError;
use crate::connection::{Connections, Statement};
use crate::failure::Failure;
use crate::rights;
use crate::schema::{self, Schemas};

/// How often a statement is sent at most, if other transactions are faster each time.
const ATTEMPTS: u32 = 20;

/// A store in a PostgreSQL database. Cheap to clone.
///
/// [`Store::whole`] tells databases and schemas apart, but not a server from a copy of its files that runs beside it: one
/// process must not use both.
#[derive(Clone)]
pub struct PostgresStore(Arc<Inner>);

struct Inner {
    connections: Connections,
    whole: Whole,
    commit: Arc<Statement>,
    load: Arc<Statement>,
    find: Arc<Statement>,
    find_back: Arc<Statement>,
    purge: Arc<Statement>,
}

impl PostgresStore {
    /// Connects, and brings the schema up to date. If then the role lacks a right that ordinary use needs, the error names it.
    ///
    /// Call it on a tokio runtime, and use the store on the same one.
    ///
    /// # Errors
    /// [`ConnectError`].
    pub async fn connect(config: PostgresConfig) -> Result<Self, ConnectError> {
        let schemas = Schemas::of(&config.schema)?;
        let tables = &schemas.tables;
        let statements = [commit(tables), load(tables), find(tables), find_back(tables), purge(tables)];
        let [commit, load, find, find_back, purge] = statements.map(Arc::new);
        let connections = Connections::new(&config, &[&commit, &load, &find, &find_back, &purge])?;
        schema::migrate(&connections, &schemas).await.map_err(unavailable)?;
        rights::check(&connections, &schemas).await.map_err(unavailable)?;
        connections.keep().await.map_err(unavailable)?;
        let whole = schema::whole(&connections, &schemas).await.map_err(unavailable)?;
        Ok(PostgresStore(Arc::new(Inner { connections, whole, commit, load, find, find_back, purge })))
    }

    /// Sends a statement, and sends it again where another transaction was faster.
    async fn run(&self, statement: &Statement, parameters: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, Failure> {
        for attempt in 1..=ATTEMPTS {
            match self.0.connections.run(statement, parameters).await {
                Err(Failure::Again) => tokio::time::sleep(Duration::from_millis(u64::from(attempt))).await,
                outcome => return outcome,
            }
        }
        Err(Failure::before("it lost against others too often"))
    }
}

impl std::fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PostgresStore")
    }
}

#[async_trait]
impl Store for PostgresStore {
    async fn load(&self, keys: &[Key]) -> Result<Vec<Option<Entry>>, StoreError> {
        let mut found: Vec<Option<Entry>> = vec![None; keys.len()];
        // PostgreSQL stores no NUL in a text, so no record has one in its id.
        let asked: Vec<(usize, &Key)> = keys.iter().enumerate().filter(|(_, key)| is_storable(&key.id)).collect();
        if asked.is_empty() {
            return Ok(found);
        }
        let kinds: Vec<&str> = asked.iter().map(|(_, key)| key.kind.as_str()).collect();
        let ids: Vec<&str> = asked.iter().map(|(_, key)| key.id.as_str()).collect();
        for row in self.run(&self.0.load, &[&kinds, &ids]).await.map_err(Failure::of_read)? {
            let n = usize::try_from(row.try_get::<_, i32>(0).map_err(unreadable)?).unwrap_or(0);
            let Some((place, key)) = n.checked_sub(1).and_then(|n| asked.get(n)) else { continue };
            let entry = entry(&row, [1, 2, 3], (*key).clone())?;
            if let Some(slot) = found.get_mut(*place) {
                *slot = Some(entry);
            }
        }
        Ok(found)
    }

    async fn find(&self, kind: Kind, index: &Index, page: Page) -> Result<Entries, StoreError> {
        if !is_storable(&index.value) {
            return Ok(Entries { entries: Vec::new(), next: None });
        }
        let size = page.size();
        let (statement, after) = match page.order {
            Order::Ascending => (&self.0.find, above(page.after)),
            Order::Descending => (&self.0.find_back, below(page.after)),
        };
        let (kind_name, limit) = (kind.as_str(), i64::from(size) + 1);
        let parameters: [&(dyn ToSql + Sync); 5] = [&kind_name, &index.name, &index.value, &after, &limit];
        let rows = self.run(statement, &parameters).await.map_err(Failure::of_read)?;
        let mut entries = rows
            .iter()
            .map(|row| entry(row, [0, 1, 2], Key { kind, id: row.try_get(3).map_err(unreadable)? }))
            .collect::<Result<Vec<Entry>, StoreError>>()?;
        // One row more than the page was asked for: if it is there, there is a next page.
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        let more = entries.len() > size;
        entries.truncate(size);
        let next = entries.last().filter(|_| more).map(|last| Cursor(last.key.id.clone()));
        Ok(Entries { entries, next })
    }

    async fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        let call = Call::new(&batch)?;
        match self.run(&self.0.commit, &call.parameters().map(|(value, _)| value)).await {
            Ok(rows) => {
                // The transaction is over. If its answer cannot be read, we do not know whether the batch was applied.
                let answer = rows.first().and_then(|row| row.try_get(0).ok()).ok_or(StoreError::Unknown)?;
                Call::outcome(answer, &batch)
            }
            Err(Failure::Unknown(_)) => Err(StoreError::Unknown),
            Err(failure) => Err(failure.of_read()),
        }
    }

    fn whole(&self) -> Whole {
        self.0.whole.clone()
    }

    async fn purge(&self, expired_before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        let (before, limit) = (expired_before.as_secs(), i64::from(limit));
        let rows = self.run(&self.0.purge, &[&before, &limit]).await.map_err(Failure::of_read)?;
        let count: i64 = rows.first().map_or(Ok(0), |row| row.try_get(0)).map_err(unreadable)?;
        Ok(u64::try_from(count).unwrap_or(0))
    }
}

fn unavailable(failure: Failure) -> ConnectError {
    match failure.of_read() {
        StoreError::Unavailable(reason) => ConnectError::Unavailable(reason),
        other => ConnectError::Unavailable(other.to_string()),
    }
}

fn commit(schema: &str) -> Statement {
    let statement = Call::statement(schema);
    let types = Call::default().parameters().map(|(_, of_type)| of_type).into();
    Statement { kept: statement.clone(), alone: statement, types }
}

fn load(schema: &str) -> Statement {
    Statement {
        kept: format!(
            "SELECT k.n::integer, r.version, r.expires_at, r.body::text
               FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS k(kind, id, n)
               JOIN {schema}.record r ON r.kind = k.kind AND r.id = k.id"
        ),
        // It calls a function, because the server keeps the plan of a function.
        alone: format!("SELECT n, version, expires_at, body FROM {schema}.read_records($1, $2)"),
        types: vec![Type::TEXT_ARRAY; 2],
    }
}

fn find(schema: &str) -> Statement {
    Statement {
        kept: format!(
            "SELECT r.version, r.expires_at, r.body::text, r.id
               FROM {schema}.record_index x JOIN {schema}.record r ON r.kind = x.kind AND r.id = x.id
              WHERE x.kind = $1 AND x.name = $2 AND x.value = $3 AND x.id > $4
              ORDER BY x.id LIMIT $5"
        ),
        alone: format!("SELECT version, expires_at, body, id FROM {schema}.list_records($1, $2, $3, $4, $5)"),
        types: vec![Type::TEXT, Type::TEXT, Type::TEXT, Type::TEXT, Type::INT8],
    }
}

fn find_back(schema: &str) -> Statement {
    Statement {
        kept: format!(
            "SELECT r.version, r.expires_at, r.body::text, r.id
               FROM {schema}.record_index x JOIN {schema}.record r ON r.kind = x.kind AND r.id = x.id
              WHERE x.kind = $1 AND x.name = $2 AND x.value = $3 AND x.id < $4
              ORDER BY x.id DESC LIMIT $5"
        ),
        alone: format!("SELECT version, expires_at, body, id FROM {schema}.list_records_back($1, $2, $3, $4, $5)"),
        types: vec![Type::TEXT, Type::TEXT, Type::TEXT, Type::TEXT, Type::INT8],
    }
}

/// In ascending order, a page has the ids above this text. No id has a NUL. So if the cursor has one, the ids above it are
/// those above the part before the NUL.
fn above(cursor: Option<Cursor>) -> String {
    // Without a cursor: every id is above the empty text, which is no record's id.
    cursor.map_or(String::new(), |Cursor(id)| id.split('\0').next().unwrap_or_default().to_owned())
}

/// In descending order, a page has the ids below this text. If the cursor has a NUL, the part before the NUL is below it too.
/// So the page begins just above that part.
fn below(cursor: Option<Cursor>) -> String {
    match cursor {
        Some(Cursor(id)) => id.split_once('\0').map(|(before, _)| format!("{before}\u{1}")).unwrap_or(id),
        // Without a cursor: an id has at most 512 bytes, so 129 of the highest character (516 bytes) are above every id.
        None => "\u{10FFFF}".repeat(129),
    }
}

fn purge(schema: &str) -> Statement {
    let statement = format!("SELECT {schema}.purge_expired($1, $2)");
    Statement { kept: statement.clone(), alone: statement, types: vec![Type::INT8; 2] }
}

fn entry(row: &Row, [version, expires_at, body]: [usize; 3], key: Key) -> Result<Entry, StoreError> {
    Ok(Entry {
        key,
        version: Version::from_i64(row.try_get(version).map_err(unreadable)?),
        body: row.try_get::<_, &str>(body).map_err(unreadable)?.into(),
        indexes: Vec::new(),
        expires_at: row.try_get::<_, Option<i64>>(expires_at).map_err(unreadable)?.map(Timestamp),
    })
}

fn unreadable(_: tokio_postgres::Error) -> StoreError {
    StoreError::Unavailable("PostgreSQL answered with other columns than were asked for".to_owned())
}

#[cfg(all(test, feature = "testing"))]
mod tests {
    use super::*;
    use crate::testing;

    #[tokio::test]
    async fn a_connection_that_lost_its_statements_goes_on_without() {
        let config = PostgresConfig { pool_size: 1, ..testing::fresh().unwrap() };
        let store = PostgresStore::connect(config.clone()).await.unwrap();
        let kept = async || store.0.connections.lend().await.unwrap().statement_cache.size();
        assert_eq!(kept().await, 5);
        store.0.connections.lend().await.unwrap().batch_execute("DISCARD ALL").await.unwrap();
        let batch = Batch { version: Version::from_i64(1), guards: Vec::new(), changes: Vec::new() };
        store.commit(batch).await.unwrap();
        assert_eq!(kept().await, 0);
        let key = Key { kind: Kind::new("sample"), id: "a".to_owned() };
        assert_eq!(store.load(&[key]).await.unwrap(), [None]);
        testing::drop_schema(&config).await.unwrap();
    }
}
