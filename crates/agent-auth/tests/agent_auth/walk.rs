//! Whatever a stranger, a host or a person's agent sends, however often and at whichever endpoint, the store ends where it
//! began.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use countersign_agent_auth::AgentPolicy;
use countersign_storage::{Limit, Store, Timestamp};
use http::{Method, StatusCode};
use pollster::block_on;
use serde_json::{Value, json};

use crate::world::{AgentActor, HostActor, ISSUER, Reply, World, autonomous, new_key, request, sign};

/// How often each endpoint is called, by all three together. 10,000 of each are 140,000 calls, two minutes without
/// optimisation: `COUNTERSIGN_WALK=10000` asks for them, and `./test` does.
const CALLS: usize = 1_000;
/// A host remembers the names of up to 25 agents, and forgets those that ended all at once: every 24th round it remembers as many.
const ROUNDS_OF_A_HOST: usize = 24;

/// Who calls.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Caller {
    /// Without any credentials, or with those of a host that was just made up.
    Stranger,
    /// A host that is linked to a person.
    Host,
    /// An agent at work.
    Agent,
}

/// Whether each call that was answered is sent once more.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Replays {
    Tried,
    Left,
}

/// One endpoint, by its name in discovery: the call that each of the three makes, and the status of the answer.
struct Row {
    key: &'static str,
    call: fn(&Walker, Caller) -> (Option<String>, &'static str, Value),
    answers: [u16; 3],
    /// What a call that was answered gets when it is sent once more, token and all.
    again: u16,
}

/// Every endpoint; a new one without its row fails the test. In the order in which an agent lives.
const ROWS: &[Row] = &[
    Row { key: "register", call: Walker::register, answers: [200, 200, 401], again: 401 },
    Row { key: "status", call: |walker, by| walker.about("latest", by), answers: [401, 200, 401], again: 401 },
    Row { key: "rotate_key", call: Walker::rotate_key, answers: [401, 200, 200], again: 401 },
    Row { key: "reactivate", call: |walker, by| walker.about("own", by), answers: [401, 200, 401], again: 401 },
    Row { key: "revoke", call: |walker, by| walker.about("latest", by), answers: [401, 200, 401], again: 401 },
    Row { key: "revoke_host", call: |walker, by| walker.about("spare", by), answers: [401, 200, 401], again: 401 },
    Row { key: "rotate_host_key", call: Walker::rotate_host_key, answers: [401, 200, 401], again: 401 },
    Row { key: "request_capability", call: Walker::request_capability, answers: [401, 401, 200], again: 401 },
    Row { key: "execute", call: Walker::execute, answers: [401, 401, 200], again: 401 },
    Row { key: "batch_execute", call: Walker::batch_execute, answers: [401, 401, 200], again: 401 },
    Row { key: "introspect", call: Walker::introspect, answers: [200, 200, 200], again: 200 },
    Row {
        key: "capabilities",
        call: |walker, by| (walker.token(by), "", json!({})),
        answers: [200, 200, 200],
        again: 200,
    },
    Row {
        key: "describe_capability",
        call: |walker, by| (walker.token(by), "?name=ping", json!({})),
        answers: [200, 200, 200],
        again: 200,
    },
];

struct Walker {
    world: World,
    /// The path of each endpoint, as discovery gives it.
    paths: BTreeMap<String, String>,
    host: HostActor,
    agent: AgentActor,
    /// The agent that the host registered last.
    latest: Option<AgentActor>,
    /// A host that nobody knows yet: it registers, and ends itself.
    spare: HostActor,
    /// The key that comes next, for whoever changes theirs.
    next: countersign_jose::SigningKey,
}

impl Walker {
    /// Alice has a host with an agent at work, and it has had as many agents as it may have.
    fn new() -> Self {
        // Nothing but time bounds what is called; so much the more there is to end.
        let many = || Limit::new(1_000_000, Duration::from_secs(60));
        let world = World::with(AgentPolicy {
            autonomous: autonomous(),
            unknown_hosts: many(),
            calls: Some(many()),
            registrations: Some(many()),
            ..AgentPolicy::default()
        });
        let (host, spare) = (HostActor::new(), HostActor::new());
        let agent = world.approved(&host, json!(["ping"]), "alice");
        let discovery = world.get("/.well-known/agent-configuration", None);
        let endpoints = discovery.ok()["endpoints"].as_object().unwrap().clone();
        let paths = endpoints.into_iter().map(|(key, path)| (key, path.as_str().unwrap().to_owned())).collect();
        Walker { world, paths, host, agent, latest: None, spare, next: new_key() }
    }

    fn token(&self, by: Caller) -> Option<String> {
        match by {
            Caller::Stranger => None,
            Caller::Host => Some(self.world.host_jwt(&self.host)),
            Caller::Agent => Some(sign(&self.agent.key, "agent+jwt", &self.world.agent_claims(&self.agent, ISSUER))),
        }
    }

    fn register(&self, by: Caller) -> (Option<String>, &'static str, Value) {
        let host = if by == Caller::Stranger { &self.spare } else { &self.host };
        let mut claims = self.world.host_claims(host);
        claims["agent_public_key"] = json!(self.next.public_jwk());
        let token = match by {
            Caller::Agent => self.token(by),
            Caller::Stranger | Caller::Host => Some(sign(&host.key, "host+jwt", &claims)),
        };
        (token, "", json!({ "name": "Bill payer", "capabilities": ["ping"], "reason": "pay a bill" }))
    }

    /// About one agent, or the host itself.
    fn about(&self, whom: &'static str, by: Caller) -> (Option<String>, &'static str, Value) {
        let agent = if whom == "own" { Some(&self.agent) } else { self.latest.as_ref() };
        let token = match (whom, by) {
            // Made up, and never registered.
            (_, Caller::Stranger) => Some(self.world.host_jwt(&HostActor::new())),
            ("spare", Caller::Host) => Some(self.world.host_jwt(&self.spare)),
            _ => self.token(by),
        };
        (token, "", json!({ "agent_id": agent.map(|agent| &agent.id) }))
    }

    fn rotate_key(&self, by: Caller) -> (Option<String>, &'static str, Value) {
        let key = json!(self.next.public_jwk());
        let body = match by {
            Caller::Agent => json!({ "public_key": key }),
            Caller::Stranger | Caller::Host => {
                json!({ "agent_id": self.latest.as_ref().map(|agent| &agent.id), "public_key": key })
            }
        };
        (self.token(by), "", body)
    }

    fn rotate_host_key(&self, by: Caller) -> (Option<String>, &'static str, Value) {
        (self.token(by), "", json!({ "public_key": self.next.public_jwk() }))
    }

    fn request_capability(&self, by: Caller) -> (Option<String>, &'static str, Value) {
        (self.token(by), "", json!({ "capabilities": ["transfer_money"], "reason": "more" }))
    }

    fn execute(&self, by: Caller) -> (Option<String>, &'static str, Value) {
        (self.token(by), "", json!({ "capability": "ping" }))
    }

    /// One call that is allowed, and one that is not.
    fn batch_execute(&self, by: Caller) -> (Option<String>, &'static str, Value) {
        (self.token(by), "", json!({ "requests": [{ "capability": "ping" }, { "capability": "check_balance" }] }))
    }

    fn introspect(&self, by: Caller) -> (Option<String>, &'static str, Value) {
        (None, "", json!({ "token": self.token(by).unwrap_or_else(|| "x.y.z".to_owned()) }))
    }

    fn send(&self, row: &Row, (token, query, body): &(Option<String>, &'static str, Value)) -> Reply {
        let path = format!("/api/auth{}{query}", self.paths[row.key]);
        match row.key {
            "status" => {
                let agent_id = body["agent_id"].as_str().unwrap_or("agt_none");
                self.world.get(&format!("{path}?agent_id={agent_id}"), token.as_deref())
            }
            "capabilities" | "describe_capability" => self.world.get(&path, token.as_deref()),
            _ => self.world.send(request(Method::POST, &path, token.as_deref(), Some(body.to_string()))),
        }
    }

    fn call(&mut self, row: &Row, by: Caller, replays: Replays) {
        let call = (row.call)(self, by);
        let reply = self.send(row, &call);
        let expected = row.answers[by as usize];
        assert_eq!(reply.status.as_u16(), expected, "{} by {by:?}: {}", row.key, reply.body);
        if reply.status != StatusCode::OK {
            return;
        }
        self.note(row.key, by, &reply);
        if replays == Replays::Tried {
            let before = self.world.executor.count();
            let again = self.send(row, &call);
            assert_eq!(again.status.as_u16(), row.again, "{} by {by:?} again: {}", row.key, again.body);
            assert_eq!(self.world.executor.count(), before, "{} acted twice", row.key);
        }
    }

    /// What the callers know afterwards.
    fn note(&mut self, key: &str, by: Caller, reply: &Reply) {
        let changes_a_key = ["register", "rotate_key", "rotate_host_key"].contains(&key);
        let used = if changes_a_key { std::mem::replace(&mut self.next, new_key()) } else { return };
        match (key, by) {
            ("register", Caller::Host) => self.latest = Some(AgentActor::of(reply, used)),
            ("rotate_key", Caller::Agent) => self.agent.key = used,
            ("rotate_host_key", Caller::Host) => self.host.key = used,
            _ => {}
        }
    }

    /// Each endpoint once by each caller.
    fn round(&mut self, replays: Replays) {
        for row in ROWS {
            for by in [Caller::Stranger, Caller::Host, Caller::Agent] {
                self.call(row, by, replays);
            }
        }
        self.world.get("/.well-known/agent-configuration", None).ok();
        self.spare = HostActor::new();
        self.world.advance(7);
    }

    /// What is left after so many days, in bytes, by kind.
    fn left_after(&self, days: u64) -> BTreeMap<String, usize> {
        let later = Timestamp(self.world.now()) + Duration::from_secs(days * 86_400);
        block_on(self.world.store.purge(later, 10_000_000)).unwrap();
        self.left()
    }

    fn left(&self) -> BTreeMap<String, usize> {
        let mut left = BTreeMap::new();
        for entry in self.world.store.dump() {
            *left.entry(entry.key.kind.as_str().to_owned()).or_default() += entry.body.len();
        }
        left
    }
}

/// Every path that is mounted is walked: it is discovery itself, or an endpoint of discovery that has its row here.
#[test]
fn every_endpoint_has_its_row() {
    let walker = Walker::new();
    let known: BTreeSet<&str> = ROWS.iter().map(|row| row.key).collect();
    let named: BTreeSet<&str> = walker.paths.keys().map(String::as_str).collect();
    assert_eq!(known, named);
    let walked: BTreeSet<String> = walker.paths.values().map(|path| format!("/api/auth{path}")).collect();
    let mounted = walker.world.provider.mounted().into_iter().map(|mounted| mounted.path);
    let documents = |path: &String| path.contains("/.well-known/agent-configuration");
    assert_eq!(mounted.filter(|path| !documents(path)).collect::<BTreeSet<String>>(), walked);
}

/// A call is overheard and sent once more, with its token: nothing happens twice, at any endpoint. What is open to all stays open.
#[test]
fn what_was_answered_is_not_answered_again() {
    let mut walker = Walker::new();
    (0..3).for_each(|_| walker.round(Replays::Tried));
}

/// 110 days later all is as it would be after a hundred calls, but for what is remembered for longer on purpose: the audit, which
/// keys were given up, and which hosts were ended. 800 days later this is gone as well.
#[test]
fn the_store_ends_where_it_began_whatever_is_called_however_often() {
    let calls = std::env::var("COUNTERSIGN_WALK").map_or(CALLS, |calls| calls.parse().unwrap());
    let walked = |rounds: usize| {
        let mut walker = Walker::new();
        (0..rounds).for_each(|_| walker.round(Replays::Left));
        walker
    };
    let few = 33;
    let (few, many) = (walked(few), walked(few + calls.div_ceil(3 * ROUNDS_OF_A_HOST) * ROUNDS_OF_A_HOST));

    let sum = |left: &BTreeMap<String, usize>| left.values().sum::<usize>();
    assert!(sum(&many.left()) > sum(&few.left()) * (calls / 200), "the calls leave something to end");

    let lasting = ["audit", "audit_repeats", "agent_host_alias", "agent_key_alias", "agent_withdrawal"];
    for (days, kept) in [(110, lasting.as_slice()), (800, &[])] {
        let [few, many] = [&few, &many].map(|walker| {
            let mut left = walker.left_after(days);
            left.retain(|kind, _| !kept.contains(&kind.as_str()));
            left
        });
        assert!(sum(&many).abs_diff(sum(&few)) * 20 <= sum(&few), "after {days} days: {few:?}, {many:?}");
        assert!(sum(&few) > 0);
    }
}
