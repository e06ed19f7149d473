//! The audit: what is kept how long, and how refusals are counted.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failed expectation is the test's own report, in its helpers too"
)]

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use countersign_storage::conformance::executor::{block_on, join_all};
use countersign_storage::{
    Actor, Audit, AuditPolicy, AuditRecord, Decision, Event, Fault, Index, ManualClock, MemoryStore, Moment, Operation,
    Page, Ports, Purge, Reader, Record, Repeats, SeededRandom, Stored, Subject, Timestamp,
};

const NOW: Timestamp = Timestamp(1_800_000_000);
const DAY: Duration = Duration::from_secs(86_400);

#[derive(Default)]
struct Observer {
    observed: AtomicUsize,
    policy: AuditPolicy,
}

impl Audit for Observer {
    fn observe(&self, _: &AuditRecord) {
        self.observed.fetch_add(1, Ordering::SeqCst);
    }

    fn policy(&self) -> AuditPolicy {
        self.policy.clone()
    }
}

struct World {
    store: Arc<MemoryStore>,
    clock: Arc<ManualClock>,
    observer: Arc<Observer>,
    ports: Ports,
}

fn world(policy: AuditPolicy) -> World {
    let store = Arc::new(MemoryStore::new());
    let clock = Arc::new(ManualClock::at(NOW));
    let observer = Arc::new(Observer { policy, ..Observer::default() });
    let random = Arc::new(SeededRandom::new(1));
    let ports = Ports { store: store.clone(), clock: clock.clone(), random, audit: observer.clone() };
    World { store, clock, observer, ports }
}

/// Reports and changes nothing.
struct Report(Vec<Event>);

#[async_trait]
impl Operation for Report {
    type Loaded = ();
    type Granted = ();
    type Refusal = Infallible;

    async fn load(&self, _: &mut Reader<'_>) -> Result<(), Fault> {
        Ok(())
    }

    fn decide(&self, (): (), _: &Moment<'_>) -> Decision<(), Infallible> {
        self.0.iter().cloned().fold(Decision::grant(()), Decision::report)
    }
}

fn alice() -> Subject {
    Subject::new("usr_alice").unwrap()
}

fn agent() -> Actor {
    Actor::Agent { agent_id: "agt_1".to_owned(), host_id: "hst_1".to_owned() }
}

countersign_storage::actions! {
    enum Done {
        Executed => ["agent.execute" "Executed"],
        Looked => ["agent.status" "Looked"],
        Transferred { capability: String } => ["thing.transfer" "Transferred"],
        Used { capability: String, call: String } => ["thing.use" "Used {capability}"] apart [capability],
        SignedIn { address: Option<IpAddr> } => ["thing.sign_in" "Signed in"] apart [address],
    }
}

fn replayed(actor: Actor) -> Event {
    Event::new(Done::Executed, actor).for_subject(&alice()).denied("jti_replay")
}

impl World {
    async fn report(&self, event: Event) {
        self.ports.perform(&Report(vec![event])).await.unwrap();
    }

    async fn of_alice(&self) -> Vec<AuditRecord> {
        let index = Index::new("subject", alice().as_str());
        let (found, _): (Vec<Stored<AuditRecord>>, _) =
            self.ports.reader().find(&index, Page::first(100)).await.unwrap();
        found.into_iter().map(|stored| stored.record).collect()
    }

    async fn counts(&self) -> Vec<Option<Repeats>> {
        self.ports.repeats(&self.of_alice().await).await.unwrap()
    }

    fn stored(&self) -> usize {
        self.store.dump().len()
    }
}

#[test]
fn a_flood_of_one_refusal_is_one_record_and_a_count_in_each_window() {
    block_on(async {
        let world = world(AuditPolicy::default());
        for _ in 0..3_150 {
            world.report(replayed(agent())).await;
            // Ten in each second.
            if world.observer.observed.load(Ordering::SeqCst).is_multiple_of(10) {
                world.clock.advance(Duration::from_secs(1));
            }
        }
        assert_eq!(world.observer.observed.load(Ordering::SeqCst), 3_150, "each is told of");
        assert_eq!(world.stored(), 2, "a record and its counter");
        assert_eq!(world.of_alice().await[0].at, NOW, "the first time");
        assert_eq!(world.counts().await, [Some(Repeats { count: 3_150, last: Timestamp(NOW.0 + 314) })]);
        world.clock.advance(Duration::from_secs(3_600));
        world.report(replayed(agent())).await;
        assert_eq!(world.of_alice().await.len(), 2, "another window");
        assert_eq!(world.counts().await[1].unwrap().count, 1);
    });
}

#[test]
fn a_flood_at_once_is_counted_whole_and_nobody_loses_a_race_for_it() {
    block_on(async {
        let world = world(AuditPolicy::default());
        let transfer = Done::Transferred { capability: "transfer".to_owned() };
        let event = Event::new(transfer, agent()).for_subject(&alice()).denied("jti_replay");
        // Two of one operation count twice.
        let reports: Vec<Report> = (0..64).map(|_| Report(vec![event.clone(), event.clone()])).collect();
        let outcomes = join_all(reports.iter().map(|report| world.ports.perform(report))).await;
        assert!(outcomes.iter().all(Result::is_ok));
        assert_eq!(world.counts().await.iter().map(|repeats| repeats.unwrap().count).collect::<Vec<_>>(), [128]);
    });
}

#[test]
fn refusals_of_another_actor_person_action_or_reason_are_counted_apart_and_what_was_allowed_is_not_counted() {
    block_on(async {
        let world = world(AuditPolicy::default());
        let other = Actor::Agent { agent_id: "agt_2".to_owned(), host_id: "hst_1".to_owned() };
        let another = Event::new(Done::Looked, agent()).for_subject(&alice()).denied("jti_replay");
        let allowed = Event::new(Done::Executed, agent()).for_subject(&alice());
        let events = [
            replayed(agent()),
            replayed(other),
            another,
            replayed(agent()).denied("expired"),
            allowed.clone(),
            allowed,
        ];
        for event in events {
            world.report(event.clone()).await;
        }
        let records = world.of_alice().await;
        assert_eq!(records.len(), 6);
        let counts = world.ports.repeats(&records).await.unwrap();
        assert_eq!(counts.iter().flatten().map(|repeats| repeats.count).collect::<Vec<_>>(), [1; 4]);
    });
}

fn used(capability: &str, call: usize) -> Event {
    let used = Done::Used { capability: capability.to_owned(), call: format!("call_{call}") };
    Event::new(used, agent()).for_subject(&alice()).denied("capability_not_granted")
}

fn guessed(address: &str) -> Event {
    let signed_in = Done::SignedIn { address: Some(address.parse().unwrap()) };
    Event::new(signed_in, Actor::Anonymous).for_subject(&alice()).denied("wrong_password")
}

#[test]
fn refusals_that_differ_in_a_fact_that_matters_are_apart() {
    block_on(async {
        let world = world(AuditPolicy::default());
        for event in [
            used("check_balance", 1),
            used("transfer_money", 2),
            used("check_balance", 3),
            guessed("192.0.2.10"),
            guessed("198.51.100.1"),
            guessed("2001:db8:1:2::1"),
            guessed("2001:db8:1:2::2"),
            guessed("::ffff:192.0.2.10"),
        ] {
            world.report(event).await;
        }
        let records = world.of_alice().await;
        let counts = world.ports.repeats(&records).await.unwrap();
        let told = |record: &AuditRecord| record.detail.get("capability").or(record.detail.get("address")).cloned();
        let mut rows: Vec<_> = records.iter().map(told).zip(counts.iter().map(|found| found.unwrap().count)).collect();
        rows.sort();
        let expected = [
            ("192.0.2.10", 2),
            ("198.51.100.1", 1),
            ("2001:db8:1:2::1", 2),
            ("check_balance", 2),
            ("transfer_money", 1),
        ];
        assert_eq!(rows, expected.map(|(fact, count)| (Some(fact.to_owned()), count)));
        assert!(records.iter().all(|record| !record.further));
    });
}

#[test]
fn beyond_eight_of_a_window_they_are_one_that_says_so() {
    block_on(async {
        let world = world(AuditPolicy::default());
        let purge = Purge::new(world.ports.clone());
        purge.run(100).await.unwrap();
        for n in 0..500 {
            world.report(used(&format!("invented_{n}"), n)).await;
        }
        world.report(used("invented_3", 500)).await;
        let records = world.of_alice().await;
        assert_eq!(records.len(), 9);
        let (further, apart): (Vec<_>, Vec<_>) = records.iter().cloned().partition(|record| record.further);
        assert_eq!((further.len(), apart.len()), (1, 8));
        assert_eq!(further[0].detail.get("capability"), None, "it differs");
        let count = |counts: Vec<Option<Repeats>>| counts.iter().map(|found| found.unwrap().count).sum::<u64>();
        assert_eq!(count(world.ports.repeats(&further).await.unwrap()), 492);
        assert_eq!(count(world.ports.repeats(&apart).await.unwrap()), 9);
        assert_eq!(world.stored() - HORIZON, 9 + 9 + 1, "records, their counters, and how many there are");
        world.clock.advance(Duration::from_secs(3_600));
        world.report(used("invented_400", 501)).await;
        assert_eq!(world.of_alice().await.len(), 10, "another window");
        world.clock.advance(DAY * 401);
        purge.run(100).await.unwrap();
        assert_eq!(world.stored(), HORIZON);
    });
}

/// The one record that tells what was removed.
const HORIZON: usize = 1;

#[test]
fn a_flood_at_once_of_names_that_differ_is_bounded_and_counted_whole() {
    block_on(async {
        let world = world(AuditPolicy::default());
        let reports: Vec<Report> =
            (0..64).map(|n| Report(vec![used(&format!("a_{n}"), n), used(&format!("b_{n}"), n)])).collect();
        let outcomes = join_all(reports.iter().map(|report| world.ports.perform(report))).await;
        let done = u64::try_from(outcomes.iter().filter(|outcome| outcome.is_ok()).count()).unwrap();
        assert_eq!(done, 64);
        assert_eq!(world.of_alice().await.len(), 9);
        assert_eq!(world.counts().await.iter().map(|repeats| repeats.unwrap().count).sum::<u64>(), 2 * done);
    });
}

#[test]
fn every_event_ends_and_what_strangers_can_bring_about_ends_sooner() {
    let host = || Actor::Host { host_id: "hst_1".to_owned() };
    let event = |actor: Actor| Event::new(Done::Looked, actor);
    let short = AuditPolicy { kept: DAY * 2, kept_of_strangers: DAY, ..AuditPolicy::default() };
    for (event, by_strangers) in [
        (event(Actor::Anonymous), true),
        (event(Actor::Anonymous).denied("wrong"), true),
        (event(Actor::Anonymous).for_subject(&alice()).denied("wrong"), true),
        (event(host()), true),
        (event(agent()).denied("jti_replay"), true),
        (event(host()).for_subject(&alice()), false),
        (event(agent()).for_subject(&alice()).denied("constraint_violated"), false),
        (event(Actor::Person { subject: alice() }).for_subject(&alice()), false),
        (event(Actor::Client { client_id: "c1".to_owned() }).denied("replayed"), false),
        (event(Actor::System), false),
    ] {
        for (policy, days) in [(AuditPolicy::default(), [90, 400]), (short.clone(), [1, 2])] {
            let record = AuditRecord::new(&event, NOW, &policy, &SeededRandom::new(1));
            let expected = NOW + DAY * if by_strangers { days[0] } else { days[1] };
            assert_eq!(record.expires_at(), Some(expected), "{event:?}");
        }
    }
}

#[test]
fn what_one_process_reports_within_a_second_is_listed_in_its_order() {
    let world = world(AuditPolicy::default());
    let event = |n: usize| Event::new(Done::Transferred { capability: n.to_string() }, agent()).for_subject(&alice());
    let listed = block_on(async {
        for n in (0..100).step_by(2) {
            world.ports.perform(&Report(vec![event(n), event(n + 1)])).await.unwrap();
        }
        world.of_alice().await
    });
    let order: Vec<&str> = listed.iter().map(|record| record.detail["capability"].as_str()).collect();
    assert_eq!(order, (0..100).map(|n| n.to_string()).collect::<Vec<_>>());
    assert!(listed.iter().all(|record| record.id.starts_with(&NOW.as_secs().to_string())));
}

#[test]
fn when_it_has_ended_nothing_of_the_audit_is_left() {
    block_on(async {
        let world = world(AuditPolicy::default());
        let purge = Purge::new(world.ports.clone());
        world.report(replayed(agent())).await;
        world.report(Event::new(Done::Executed, agent()).for_subject(&alice())).await;
        world.clock.advance(Duration::from_secs(60));
        world.report(replayed(agent())).await;
        world.clock.advance(DAY * 399);
        assert_eq!(purge.run(100).await, Ok(0));
        world.clock.advance(DAY * 2);
        assert_eq!(purge.run(100).await, Ok(3));
        let left = world.store.dump();
        assert_eq!(left.iter().map(|entry| entry.key.kind.as_str()).collect::<Vec<_>>(), ["purge_horizon"]);
    });
}

/// Whoever acts often must not hide what somebody else did: each is found apart, and all of it together.
#[test]
fn what_each_actor_did_around_a_person_is_found_apart_from_what_others_did() {
    block_on(async {
        let world = world(AuditPolicy::default());
        let bob = Subject::new("usr_bob").unwrap();
        let person = Actor::Person { subject: alice() };
        let client = |id: &str| Actor::Client { client_id: id.to_owned() };
        let host = Actor::Host { host_id: "hst_1".to_owned() };
        let actors = [person.clone(), Actor::System, Actor::Anonymous, client("notes"), client("mail"), host, agent()];
        for actor in &actors {
            for subject in [alice(), bob.clone()] {
                world.report(Event::new(Done::Looked, actor.clone()).for_subject(&subject)).await;
            }
        }
        for actor in &actors {
            let index = AuditRecord::by(&alice(), actor);
            let (found, _): (Vec<Stored<AuditRecord>>, _) =
                world.ports.reader().find(&index, Page::last(100)).await.unwrap();
            let of_alice: Vec<&Actor> =
                found.iter().filter(|record| record.subject == Some(alice())).map(|record| &record.actor).collect();
            let expected = match actor {
                Actor::Person { .. } | Actor::System => vec![&Actor::System, &person],
                other => vec![other],
            };
            assert_eq!(of_alice, expected);
            // Of an agent and a host, also what they did for others; of all else, nothing of anybody else.
            let all = if matches!(actor, Actor::Agent { .. } | Actor::Host { .. }) { 2 } else { expected.len() };
            assert_eq!(found.len(), all, "{actor:?}");
        }
        assert_eq!(world.of_alice().await.len(), actors.len());
    });
}
