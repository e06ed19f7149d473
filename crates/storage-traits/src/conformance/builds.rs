//! Two builds of the software, in processes of their own, serve one store under load, as while an update is under way. The
//! newer one knows one more member and one more value of a record.

use std::sync::Arc;

use super::executor::{join_all, yield_now};
use super::fixture::Fixture;
use super::outcome;
use super::verdict::{Verdict, Violation};
use super::versions::{BoundState, BoundTicket, KIND, Ticket, UseBound, UseUnbound};
use super::worker::Worker;
use crate::batch::Changes;
use crate::decision::Stopped;
use crate::fault::Fault;
use crate::operation::Ports;
use crate::record::{Record, Stored};
use crate::store::Store;

/// Tells a worker which build it is: `older`, `newer`, or `careless`, an older one that writes only what it knows.
pub const BUILD: &str = "COUNTERSIGN_TEST_BUILD";

/// How many tickets there are. The newer build suspends every second one in the middle of the load.
const TICKETS: usize = 4;

/// How many uses each worker has under way at once.
const LANES: usize = 4;

/// How often each lane uses each ticket.
const ROUNDS: usize = 12;

/// Lets a worker of each of these builds use the same tickets at once, twice. `start` starts a process that calls
/// [`super::process::worker`] on a store over the same database as `store`. Says how many uses there were.
///
/// # Errors
/// A use that was acknowledged and is not on record, a member that was dropped, or a use of what was suspended.
pub async fn run(
    store: Arc<dyn Store>,
    start: &mut (dyn FnMut() -> std::process::Command + Send),
    builds: &[&str],
) -> Result<u32, Violation> {
    let t = Fixture::new(store);
    let mut changes = Changes::none();
    for ticket in 0..TICKETS {
        let bound_to = Some("key".to_owned());
        changes.insert(&BoundTicket { id: id(&t, ticket), state: BoundState::Open, used: 0, bound_to });
    }
    t.commit(Vec::new(), changes.as_slice().to_vec()).await?;
    let mut workers = Vec::new();
    for build in builds {
        workers.push(Worker::start(start().env(BUILD, build))?);
    }
    let mut used = [0; TICKETS];
    for load in ["suspending", "suspended"] {
        let before = used;
        for worker in &mut workers {
            worker.order(&["builds", &t.own, load])?;
        }
        for worker in &mut workers {
            let answer = worker.answer()?.ok_or_else(|| Violation::new("a worker ended"))?;
            let counts: Vec<u32> = answer.split('\t').filter_map(|word| word.parse().ok()).collect();
            ensure!(counts.len() == TICKETS, "{answer}");
            used.iter_mut().zip(counts).for_each(|(used, count)| *used += count);
        }
        inspect(&t, &used).await?;
        let revived = (0..TICKETS).any(|ticket| is_suspended(ticket) && used.get(ticket) != before.get(ticket));
        ensure!(load == "suspending" || !revived, "a suspended ticket was used: {before:?}, then {used:?}");
    }
    Ok(used.iter().sum())
}

async fn inspect(t: &Fixture, used: &[u32; TICKETS]) -> Verdict {
    for (ticket, used) in used.iter().enumerate() {
        let found: Option<Stored<BoundTicket>> =
            outcome::ports(t.store.clone(), t).reader().load(BoundTicket::at(id(t, ticket))).await?;
        let Some(found) = found else { return Err(Violation::new("a ticket is gone")) };
        ensure!(found.used == *used && *used > 0, "{used} uses were acknowledged, {} are on record", found.used);
        ensure!(found.bound_to.as_deref() == Some("key"), "a member of the newer build was dropped");
        let suspended = found.state == BoundState::Suspended;
        ensure!(suspended == is_suspended(ticket), "ticket {ticket} is suspended: {suspended}");
    }
    Ok(())
}

fn is_suspended(ticket: usize) -> bool {
    ticket.is_multiple_of(2)
}

fn id(t: &Fixture, ticket: usize) -> String {
    t.key(&format!("ticket/{ticket}")).id
}

/// The worker's side: uses the tickets as its build does, and says how often each.
pub(super) async fn serve(store: Arc<dyn Store>, own: &str, load: &str) -> String {
    let t = Fixture { own: own.to_owned(), ..Fixture::new(store) };
    let ports = outcome::ports(t.store.clone(), &t);
    let build = std::env::var(BUILD).unwrap_or_default();
    let lane = async |lane: usize| -> Result<[u32; TICKETS], String> {
        let mut counts = [0; TICKETS];
        for round in 0..ROUNDS {
            for (ticket, count) in counts.iter_mut().enumerate() {
                let last = load == "suspending" && lane == 0 && round == ROUNDS / 2 && is_suspended(ticket);
                let used = match build.as_str() {
                    "newer" => use_newer(&ports, id(&t, ticket), last).await,
                    "older" => use_older(&ports, id(&t, ticket)).await,
                    "careless" => use_carelessly(&t, ticket).await,
                    other => Err(format!("`{other}` is no build")),
                };
                *count += u32::from(used?);
                yield_now().await;
            }
        }
        Ok(counts)
    };
    let mut total = [0; TICKETS];
    for counts in join_all((0..LANES).map(lane)).await {
        match counts {
            Ok(counts) => total.iter_mut().zip(counts).for_each(|(total, count)| *total += count),
            Err(error) => return error,
        }
    }
    total.map(|count| count.to_string()).join("\t")
}

/// The last use suspends the ticket, and must not lose against the others for ever.
async fn use_newer(ports: &Ports, id: String, last: bool) -> Result<bool, String> {
    let then = if last { BoundState::Suspended } else { BoundState::Open };
    let operation = UseBound { id, then };
    loop {
        match ports.perform(&operation).await {
            Err(Stopped::Failed(Fault::Contended)) if last => {}
            Err(Stopped::Failed(Fault::Contended)) => return Ok(false),
            other => return other.map_err(|fault| fault.to_string()),
        }
    }
}

/// What the newer build wrote in a word of its own is refused.
async fn use_older(ports: &Ports, id: String) -> Result<bool, String> {
    let newer = Fault::Newer { kind: KIND.as_str() };
    match ports.perform(&UseUnbound(id)).await {
        Err(Stopped::Failed(fault)) if fault == Fault::Contended || fault == newer => Ok(false),
        other => other.map_err(|fault| fault.to_string()),
    }
}

/// Reads what it knows, and writes nothing else.
async fn use_carelessly(t: &Fixture, ticket: usize) -> Result<bool, String> {
    let id = id(t, ticket);
    let found = t.load(Ticket::at(&id).key()).await.map_err(|seen| seen.to_string())?;
    let Some(mut entry) = found else { return Err("a ticket is gone".to_owned()) };
    let body: serde_json::Value = serde_json::from_str(&entry.body).map_err(|error| error.to_string())?;
    let used = body.get("used").and_then(serde_json::Value::as_u64).unwrap_or_default();
    entry.body = serde_json::json!({ "id": id, "state": "open", "used": used + 1 }).to_string().into();
    Ok(t.change(crate::batch::Change::Replace(entry)).await.is_ok())
}
