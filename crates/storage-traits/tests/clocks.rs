//! A clock that is set back, or that of another node, revives nothing that was used.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failed expectation is the test's own report, in its helpers too"
)]

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use countersign_storage::conformance::executor::block_on;
use countersign_storage::{
    Allowance, Changes, Decision, Fault, Kind, Limit, ManualClock, MemoryStore, Moment, Operation, Ports, Purge,
    Reader, Record, SeededRandom, Stopped, StoreThrottle, Stored, Throttle, Timestamp, TracingAudit,
};
use serde::{Deserialize, Serialize};

const NOW: Timestamp = Timestamp(1_800_000_000);

/// That a token was used. It is of no use when the token has expired.
#[derive(Serialize, Deserialize)]
struct Mark {
    token: String,
    expires_at: Timestamp,
}

impl Record for Mark {
    const KIND: Kind = Kind::new("mark");

    fn id(&self) -> String {
        self.token.clone()
    }

    fn expires_at(&self) -> Option<Timestamp> {
        Some(self.expires_at)
    }
}

/// Uses a token that lives a minute from [`NOW`] on: once.
struct UseToken;

#[async_trait]
impl Operation for UseToken {
    type Loaded = Option<Stored<Mark>>;
    type Granted = ();
    type Refusal = &'static str;

    async fn load(&self, reader: &mut Reader<'_>) -> Result<Self::Loaded, Fault> {
        reader.load(Mark::at("t")).await
    }

    fn decide(&self, mark: Self::Loaded, moment: &Moment<'_>) -> Decision<(), &'static str> {
        let expires_at = NOW + Duration::from_secs(60);
        if moment.now >= expires_at {
            return Decision::refuse("expired");
        }
        if mark.is_some() {
            return Decision::refuse("used");
        }
        let mut changes = Changes::none();
        changes.insert(&Mark { token: "t".to_owned(), expires_at });
        Decision::grant(()).changing(changes)
    }
}

/// A node of its own clock on a shared store.
fn node(store: &Arc<MemoryStore>, seconds: i64) -> (Ports, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::at(Timestamp(NOW.0 + seconds)));
    let random = Arc::new(SeededRandom::new(seconds.unsigned_abs()));
    (Ports { store: store.clone(), clock: clock.clone(), random, audit: Arc::new(TracingAudit) }, clock)
}

fn is_behind<G>(outcome: Result<G, Stopped<&str>>) -> bool {
    let words = "the clock of this node is behind: records were removed up to ";
    let Err(Stopped::Failed(fault)) = outcome else { return false };
    matches!(&fault, Fault::Unavailable(reason) if reason.starts_with(words) && fault.status() == 503)
}

/// Removing goes over the whole store, so what it says of the time holds in each part.
#[test]
fn what_is_removed_from_the_whole_no_clock_revives_in_a_scope() {
    block_on(async {
        let store = Arc::new(MemoryStore::new());
        let (whole, clock) = node(&store, 0);
        let scoped = whole.scoped("https://as.test");
        assert_eq!(scoped.perform(&UseToken).await, Ok(()));
        clock.advance(Duration::from_secs(3_600));
        assert_eq!(Purge::new(whole).run(100).await, Ok(1));
        let (late, _) = node(&store, 30);
        assert!(is_behind(late.scoped("https://as.test").perform(&UseToken).await));
    });
}

#[test]
fn what_one_node_removes_no_other_nodes_clock_revives() {
    block_on(async {
        // However far behind the other node's clock is.
        for behind in [0, 30, 120, 599, 660, 86_400] {
            let store = Arc::new(MemoryStore::new());
            let (first, clock) = node(&store, 0);
            let purge = Purge::new(first.clone());
            assert_eq!(first.perform(&UseToken).await, Ok(()));
            for seconds in [61, 120, 600, 661, 700, 7_200] {
                clock.set(Timestamp(NOW.0 + seconds));
                purge.run(100).await.unwrap();
                let (other, _) = node(&store, seconds - behind);
                let outcome = other.perform(&UseToken).await;
                let used = outcome == Ok(());
                assert!(!used, "used again at {seconds} seconds, {behind} behind");
                let (scoped, _) = node(&store, seconds - behind);
                let outcome = scoped.scoped("https://as.test").perform(&UseToken).await;
                assert!(behind <= 600 || is_behind(outcome), "{seconds} seconds, {behind} behind, in a scope");
                if behind > 600 {
                    assert!(
                        is_behind(Purge::new(other).run(1).await.map_err(Stopped::Failed)) || store.dump().len() > 1
                    );
                    break;
                }
            }
        }
    });
}

#[test]
fn a_mark_that_has_expired_everywhere_is_removed() {
    block_on(async {
        let store = Arc::new(MemoryStore::new());
        let (node, clock) = node(&store, 0);
        let purge = Purge::new(node.clone());
        node.perform(&UseToken).await.unwrap();
        for (seconds, removed) in [(61, 0), (660, 0), (661, 1), (900, 0)] {
            clock.set(Timestamp(NOW.0 + seconds));
            assert_eq!(purge.run(100).await, Ok(removed), "{seconds}");
        }
    });
}

#[test]
fn a_throttle_does_not_begin_anew_when_the_clock_is_set_back() {
    block_on(async {
        let store = Arc::new(MemoryStore::new());
        let (node, clock) = node(&store, 0);
        let purge = Purge::new(node.clone());
        let throttle = StoreThrottle::new(node.clone());
        let limit = Limit::new(3, Duration::from_secs(60));
        let attempt = async || throttle.attempt("password", "alice", limit).await;
        for _ in 0..3 {
            assert_eq!(attempt().await, Ok(Allowance::Allowed));
        }
        for seconds in [70, 300, 650, 4_000] {
            clock.set(Timestamp(NOW.0 + seconds));
            purge.run(100).await.unwrap();
            clock.set(NOW);
            let again = attempt().await;
            assert!(
                matches!(again, Ok(Allowance::RetryAfter(_))) || is_behind(again.clone().map_err(Stopped::Failed)),
                "{seconds}: {again:?}"
            );
        }
    });
}
