//! How fast a store is at what a server does most: the refresh of a token, as loads and commits.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::executor::join_all;
use super::fixture::{Fixture, guard, replacing};
use super::verdict::Violation;
use crate::batch::Change;
use crate::clock::Timestamp;
use crate::record::{Entry, Key};
use crate::store::Store;

/// What was measured.
#[derive(Clone, Copy, Debug)]
pub struct Rate {
    /// Refreshes per second, all lanes together.
    pub per_second: f64,
    /// Half of them took at most this long.
    pub median: Duration,
    /// And 99 of 100 this long.
    pub p99: Duration,
}

/// What belongs to one refresh.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refresh {
    /// The load of three records, and the commit.
    Whole,
    /// The commit alone: one record replaced, two guarded, one inserted.
    CommitOnly,
}

/// Refreshes for a while, in so many lanes at once on the present task. Each lane has a token family of its own; all
/// have the client in common.
///
/// # Errors
/// What the store reported.
pub async fn refreshes(
    store: Arc<dyn Store>,
    refresh: Refresh,
    lanes: usize,
    during: Duration,
) -> Result<Rate, Violation> {
    let t = Fixture::new(store);
    let client = t.insert(t.entry("client", CLIENT)).await?;
    let begun = Instant::now();
    let lane = async |lane: usize| -> Result<Vec<Duration>, Violation> {
        let (family, grant) = (format!("family {lane}"), format!("grant {lane}"));
        let mut family_version = t.insert(t.entry(&family, FAMILY)).await?;
        let grant_version = t.insert(t.entry(&grant, CLIENT)).await?;
        let keys: Vec<Key> = [family.as_str(), grant.as_str(), "client"].map(|id| t.key(id)).into();
        let guards = || vec![guard(&t.key(&grant), Some(grant_version)), guard(&t.key("client"), Some(client))];
        let mut took = Vec::new();
        for n in 0.. {
            if begun.elapsed() > during {
                break;
            }
            let started = Instant::now();
            if refresh == Refresh::Whole {
                t.store.load(&keys).await?;
            }
            let expires_at = Some(Timestamp(4_000_000_000 + n));
            let token = Entry { expires_at, ..t.entry(&format!("token {lane} {n}"), TOKEN) };
            let rotated = Entry { expires_at, indexes: vec![t.index("grant", &grant)], ..t.entry(&family, FAMILY) };
            let changes = vec![replacing(family_version, rotated), Change::Insert(token)];
            family_version = t.commit(guards(), changes).await?;
            took.push(started.elapsed());
        }
        Ok(took)
    };
    let lanes = join_all((0..lanes).map(lane)).await.into_iter().collect::<Result<Vec<_>, Violation>>()?;
    let elapsed = begun.elapsed();
    let mut took: Vec<Duration> = lanes.into_iter().flatten().collect();
    took.sort_unstable();
    let at = |hundredths: usize| took.get(took.len() * hundredths / 100).copied().unwrap_or_default();
    let per_second = f64::from(u32::try_from(took.len()).unwrap_or(u32::MAX)) / elapsed.as_secs_f64();
    Ok(Rate { per_second, median: at(50), p99: at(99) })
}

/// Records of about the size of the real ones.
const CLIENT: &str = r#"{"client_id":"notes","name":"Notes","application_type":"web",
"token_endpoint_auth_method":"client_secret_basic","secrets":["ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0"],
"redirect_uris":["https://notes.example.test/callback"],"grant_types":["authorization_code","refresh_token"],
"scopes":"openid notes:read","resources":[],"id_token_algorithm":"RS256","state":"active","created_at":1800000000}"#;
const FAMILY: &str = r#"{"id":"fam_0123456789abcdef","grant":"grt_0123456789abcdef","generation":7,
"current":"ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0","previous":"ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0",
"sealed":"ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0","state":"active"}"#;
const TOKEN: &str = r#"{"handle":"ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0","family":"fam_0123456789abcdef"}"#;
