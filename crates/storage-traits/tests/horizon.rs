//! What is removed moves no faster than time is lived: a node whose clock is ahead removes nothing too early, and stops nobody.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failed expectation is the test's own report, in its helpers too"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use countersign_storage::conformance::executor::block_on;
use countersign_storage::{
    Account, Batch, Change, Clock, Entry, Fault, Key, Kind, ManualClock, MemoryStore, Ports, Purge, Record,
    SeededRandom, Store, Timestamp, TracingAudit, Version,
};

const NOW: Timestamp = Timestamp(1_800_000_000);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);

/// A clock that lives as long as all others, and says something else.
struct Wrong {
    right: Arc<ManualClock>,
    ahead: AtomicI64,
}

impl Clock for Wrong {
    fn now(&self) -> Timestamp {
        Timestamp(self.right.now().0 + self.ahead.load(Ordering::SeqCst))
    }

    fn lived(&self) -> Duration {
        self.right.lived()
    }
}

struct World {
    store: Arc<MemoryStore>,
    time: Arc<ManualClock>,
}

impl World {
    fn new() -> Self {
        World { store: Arc::new(MemoryStore::new()), time: Arc::new(ManualClock::at(NOW)) }
    }

    /// A node whose clock is so many seconds ahead, as it starts.
    fn node(&self, ahead: i64) -> Node {
        let clock = Arc::new(Wrong { right: self.time.clone(), ahead: AtomicI64::new(ahead) });
        let random = Arc::new(SeededRandom::new(ahead.unsigned_abs()));
        let ports = Ports { store: self.store.clone(), clock: clock.clone(), random, audit: Arc::new(TracingAudit) };
        Node { purge: Purge::new(ports.clone()), ports, clock }
    }

    /// A record that expires after so long.
    async fn put(&self, id: &str, after: Duration) {
        let key = Key { kind: Kind::new("sample"), id: id.to_owned() };
        let expires_at = Some(self.time.now() + after);
        let entry = Entry { key, version: Version::from_i64(1), body: "{}".into(), indexes: Vec::new(), expires_at };
        let batch = Batch { version: Version::from_i64(1), guards: Vec::new(), changes: vec![Change::Insert(entry)] };
        self.store.commit(batch).await.unwrap();
    }

    async fn has(&self, id: &str) -> bool {
        let key = Key { kind: Kind::new("sample"), id: id.to_owned() };
        self.store.load(&[key]).await.unwrap().iter().all(Option::is_some)
    }
}

struct Node {
    ports: Ports,
    purge: Purge,
    clock: Arc<Wrong>,
}

impl Node {
    /// Whether it does its work: it reads something, and writes where it would.
    async fn works(&self) -> Result<(), Fault> {
        self.ports.reader().load(Account::at("nobody")).await.map(drop)
    }
}

/// However the nodes take turns, and whoever of them is the first.
#[test]
fn a_node_whose_clock_is_ahead_stops_no_right_node_and_removes_nothing_that_has_not_expired() {
    block_on(async {
        for ahead in [700, 3_600, 2 * 86_400] {
            for wrong_runs in [1, 2, 7] {
                let world = World::new();
                let (right, wrong) = (world.node(0), world.node(ahead));
                right.purge.run(100).await.unwrap();
                world.put("lives", DAY * 3).await;
                for minute in 0..600_u32 {
                    world.put(&format!("{minute}"), MINUTE).await;
                    for _ in 0..wrong_runs {
                        assert_eq!(
                            wrong.purge.run(100).await,
                            Ok(0),
                            "{ahead}, {wrong_runs}, {minute}: by the wrong one"
                        );
                        world.time.advance(Duration::from_secs(60 / wrong_runs));
                    }
                    assert_eq!(right.works().await, Ok(()), "{ahead}, {wrong_runs}, {minute}");
                    right.purge.run(100).await.unwrap();
                    // It is removed eleven minutes after it has expired, and no later for the other node.
                    assert!(minute < 20 || !world.has(&format!("{}", minute - 14)).await, "{minute}");
                }
                assert!(world.has("lives").await);
            }
        }
    });
}

#[test]
fn a_clock_that_jumps_on_the_only_node_for_an_hour_harms_nothing() {
    block_on(async {
        let world = World::new();
        let node = world.node(0);
        node.purge.run(100).await.unwrap();
        world.put("lives", HOUR).await;
        node.clock.ahead.store(2 * 86_400, Ordering::SeqCst);
        for _ in 0..59 {
            world.time.advance(MINUTE);
            node.purge.run(100).await.unwrap();
            assert!(world.has("lives").await);
        }
        node.clock.ahead.store(0, Ordering::SeqCst);
        assert_eq!(node.works().await, Ok(()));
        assert_eq!(world.node(0).works().await, Ok(()));
    });
}

#[test]
fn a_long_time_without_a_node_is_caught_up_in_the_end_and_no_faster_by_many_nodes() {
    block_on(async {
        for (count, every) in [(1, 60), (5, 60), (1, 7), (1, 1_800)] {
            let world = World::new();
            world.node(0).purge.run(100).await.unwrap();
            world.put("expired", HOUR).await;
            // A day passes without anybody.
            world.time.advance(DAY);
            let nodes: Vec<Node> = (0..count).map(|_| world.node(0)).collect();
            let mut lived = Duration::ZERO;
            while world.has("expired").await {
                for node in &nodes {
                    node.purge.run(100).await.unwrap();
                }
                world.time.advance(Duration::from_secs(every));
                lived += Duration::from_secs(every);
            }
            // From 10 minutes before the beginning to the end of the hour: 4,200 seconds, at 1.1 a second.
            let expected = Duration::from_secs(4_200 * 10 / 11);
            assert!(lived >= expected && lived < expected + Duration::from_secs(every * 2 + 660), "{count}: {lived:?}");
            // The day itself is caught up in ten.
            while lived < DAY * 11 {
                for node in &nodes {
                    node.purge.run(100).await.unwrap();
                }
                world.time.advance(Duration::from_secs(every));
                lived += Duration::from_secs(every);
            }
            world.put("new", Duration::ZERO).await;
            for _ in 0..2 {
                world.time.advance(Duration::from_secs(700));
                nodes.first().unwrap().purge.run(100).await.unwrap();
            }
            assert!(!world.has("new").await, "{count}, every {every}");
        }
    });
}

#[test]
fn a_node_that_looks_often_loses_no_fraction_of_its_time() {
    block_on(async {
        let world = World::new();
        world.node(0).purge.run(100).await.unwrap();
        world.put("expired", Duration::ZERO).await;
        world.time.advance(DAY);
        let node = world.node(0);
        for _ in 0..1_200 {
            node.purge.run(100).await.unwrap();
            world.time.advance(Duration::from_secs(1));
        }
        assert!(!world.has("expired").await, "600 seconds, at 1.1 a second");
    });
}

#[test]
fn a_clock_that_is_behind_is_told_and_holds_nobody_up() {
    block_on(async {
        let world = World::new();
        let (right, late) = (world.node(0), world.node(-3_600));
        right.purge.run(100).await.unwrap();
        for minute in 0..300_u32 {
            world.put(&format!("{minute}"), MINUTE).await;
            for outcome in [late.works().await, late.purge.run(100).await.map(drop)] {
                assert!(
                    matches!(outcome, Err(Fault::Unavailable(why)) if why.starts_with("the clock of this node is behind"))
                );
            }
            world.time.advance(MINUTE);
            right.purge.run(100).await.unwrap();
            assert!(minute < 20 || !world.has(&format!("{}", minute - 14)).await, "{minute}");
        }
    });
}

/// An hour after the last that was seen of the other, the node goes on: the other may have been the wrong one.
#[test]
fn a_node_that_is_alone_again_goes_on() {
    block_on(async {
        let world = World::new();
        let (ahead, other) = (world.node(86_400), world.node(0));
        other.purge.run(100).await.unwrap();
        ahead.purge.run(100).await.unwrap();
        world.time.advance(MINUTE);
        other.purge.run(100).await.unwrap();
        world.put("lives", MINUTE).await;
        for minute in 0..200 {
            let removed = ahead.purge.run(100).await.unwrap();
            assert!(removed == 0 || minute > 60, "{minute}");
            world.time.advance(MINUTE);
        }
        assert!(!world.has("lives").await);
    });
}
