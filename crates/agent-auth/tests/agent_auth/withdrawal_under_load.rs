//! §2.6, §5.7, §5.10: taking back wins, however much what is taken back is in use, on each store. What is counted is commits, and
//! never time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use countersign_agent_auth::Revocation;
use countersign_postgres::{PostgresStore, testing};
use countersign_sqlite::SqliteStore;
use countersign_storage::{
    AccountState, Accounts, EmailAddress, ManualClock, MemoryStore, NewAccount, Ports, SeededRandom, Store,
    StoredAccounts, Timestamp, TracingAudit,
};
use pollster::block_on;
use serde_json::json;

use crate::withdrawal::unlimited;
use crate::world::{AgentActor, HostActor, ISSUER, START, SwitchedStore, World, sign, subject};

const LANES: usize = 16;
/// How often it is used before it is withdrawn.
const USES: usize = 64;
/// One commit, and one more for each of two losses that chance may bring.
const ATTEMPTS: usize = 3;

/// What is taken back, and by whom.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Withdrawn {
    AgentByItsPerson,
    AgentByItsHost,
    HostByItsPerson,
    HostByItself,
    AllOfAPerson,
    Account,
}

const ALL: [Withdrawn; 6] = [
    Withdrawn::AgentByItsPerson,
    Withdrawn::AgentByItsHost,
    Withdrawn::HostByItsPerson,
    Withdrawn::HostByItself,
    Withdrawn::AllOfAPerson,
    Withdrawn::Account,
];

/// Opens a new store.
type Open = fn() -> Arc<dyn Store>;

/// The stores on which it is tried. PostgreSQL is left out, aloud, where no server is named to test on.
#[allow(clippy::print_stderr, reason = "what is not tested is said")]
fn stores() -> Vec<(&'static str, Open)> {
    let mut stores: Vec<(_, Open)> =
        vec![("memory", || Arc::new(MemoryStore::new())), ("SQLite", || Arc::new(SqliteStore::in_memory().unwrap()))];
    match std::env::var_os(testing::SERVER) {
        Some(_) => stores.push(("PostgreSQL", || {
            let connected = PostgresStore::connect(testing::fresh().unwrap());
            Arc::new(tokio::runtime::Handle::current().block_on(connected).unwrap())
        })),
        None => eprintln!("NOT TESTED: {} names no PostgreSQL", testing::SERVER),
    }
    stores
}

/// One node of several on a store.
struct Nodes {
    store: Arc<dyn Store>,
    clock: Arc<ManualClock>,
}

impl Nodes {
    /// A node that counts what it loses.
    fn node(&self) -> World {
        World::with_accounts_in(&Arc::new(SwitchedStore::over(Arc::clone(&self.store))), &self.clock, unlimited())
    }

    fn accounts(&self, store: Arc<SwitchedStore>) -> StoredAccounts {
        StoredAccounts::new(Ports {
            store,
            clock: Arc::clone(&self.clock) as _,
            random: Arc::new(SeededRandom::new(7)),
            audit: Arc::new(TracingAudit),
        })
    }
}

impl Withdrawn {
    fn perform(self, nodes: &Nodes, node: &World, host: &HostActor, agent: &AgentActor, host_id: &str) {
        let alice = subject("alice");
        let revoked = match self {
            Withdrawn::AgentByItsPerson => block_on(node.provider.revoke_agent(&alice, &agent.id)),
            Withdrawn::HostByItsPerson => block_on(node.provider.revoke_host(&alice, host_id)),
            Withdrawn::AllOfAPerson => block_on(node.provider.revoke_person(&alice)),
            Withdrawn::AgentByItsHost => {
                let body = json!({ "agent_id": agent.id });
                node.post("/api/auth/agent/revoke", Some(&node.host_jwt(host)), &body).ok();
                return;
            }
            Withdrawn::HostByItself => {
                node.post("/api/auth/host/revoke", Some(&node.host_jwt(host)), &json!({})).ok();
                return;
            }
            Withdrawn::Account => {
                let accounts = nodes.accounts(Arc::clone(&node.store));
                assert!(block_on(accounts.set_state(&alice, AccountState::Disabled)).unwrap());
                return;
            }
        };
        assert_eq!(revoked, Ok(Revocation::Revoked { agents: 1 }));
    }

    /// What the next call is refused with.
    fn refusal(self) -> &'static str {
        match self {
            Withdrawn::AgentByItsPerson | Withdrawn::AgentByItsHost => "agent_revoked",
            Withdrawn::HostByItsPerson | Withdrawn::HostByItself | Withdrawn::AllOfAPerson => "host_revoked",
            Withdrawn::Account => "host_revoked",
        }
    }
}

/// The lanes stop, whatever a failed expectation does.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// Sixteen lanes do nothing but call, and one in four asks for more, until they are told to stop.
#[test]
fn a_withdrawal_wins_beside_sixteen_lanes_of_calls_on_each_store() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build().unwrap();
    let _entered = runtime.enter();
    for (on, store) in stores() {
        for withdrawn in ALL {
            let nodes = Nodes { store: store(), clock: Arc::new(ManualClock::at(Timestamp(START))) };
            let world = nodes.node();
            let alice = NewAccount {
                subject: subject("alice"),
                email: EmailAddress::parse("alice@x.test").unwrap(),
                name: "Alice".to_owned(),
            };
            block_on(nodes.accounts(Arc::clone(&world.store)).create(alice)).unwrap();
            let host = HostActor::new();
            let agent = world.approved(&host, json!(["ping"]), "alice");
            let host_id = world.status(&host, &agent).body["host_id"].as_str().unwrap().to_owned();
            let (over, used) = (AtomicBool::new(false), AtomicUsize::new(0));
            let withdrawing = nodes.node();
            std::thread::scope(|scope| {
                for lane in 0..LANES {
                    let (node, handle) = (nodes.node(), runtime.handle().clone());
                    let (agent, over, used) = (&agent, &over, &used);
                    scope.spawn(move || {
                        let _entered = handle.enter();
                        while !over.load(Ordering::SeqCst) {
                            if lane % 4 == 0 {
                                let token = sign(&agent.key, "agent+jwt", &node.agent_claims(agent, ISSUER));
                                let asked = json!({ "capabilities": ["check_balance"] });
                                node.post("/api/auth/agent/request-capability", Some(&token), &asked);
                            }
                            match node.execute(agent, "ping", json!({})).status.as_u16() {
                                200 => used.fetch_add(1, Ordering::SeqCst),
                                // Withdrawn, or so many others were faster a hundred times.
                                403 | 503 => 0,
                                other => panic!("{other}"),
                            };
                        }
                    });
                }
                let stop = Stop(&over);
                while used.load(Ordering::SeqCst) < USES {
                    std::thread::yield_now();
                }
                withdrawn.perform(&nodes, &withdrawing, &host, &agent, &host_id);
                // Acknowledged: from here on nothing may pass, and the lanes are still at it.
                let called = world.execute(&agent, "ping", json!({}));
                drop(stop);
                called.refused(403, withdrawn.refusal());
            });
            let attempts = withdrawing.store.conflicts.load(Ordering::SeqCst) + 1;
            assert!(attempts <= ATTEMPTS, "{withdrawn:?} on {on} took {attempts} commits");
        }
    }
}
