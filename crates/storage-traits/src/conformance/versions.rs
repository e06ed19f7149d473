//! Two versions of the software serve one store, as while an update is under way. The newer one knows one more member and
//! one more value of a record.

use std::convert::Infallible;
use std::sync::Arc;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::executor::{join_all, yield_now};
use super::fixture::Fixture;
use super::verdict::{Verdict, Violation};
use crate::audit::{Audit, AuditRecord};
use crate::batch::Changes;
use crate::clock::SystemClock;
use crate::decision::{Decision, Moment, Stopped};
use crate::fault::Fault;
use crate::operation::{Operation, Ports};
use crate::reader::Reader;
use crate::record::{Kind, Record, Stored};

pub(super) const KIND: Kind = Kind::new("conformance_ticket");
const EACH: u32 = 8;
const LANES: usize = 8;

/// The record as the older version knows it.
#[derive(Serialize, Deserialize)]
pub(super) struct Ticket {
    id: String,
    state: State,
    used: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum State {
    Open,
}

/// The record as the newer version knows it.
#[derive(Serialize, Deserialize)]
pub(super) struct BoundTicket {
    pub(super) id: String,
    pub(super) state: BoundState,
    pub(super) used: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) bound_to: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum BoundState {
    Open,
    Suspended,
}

impl Record for Ticket {
    const KIND: Kind = KIND;

    fn id(&self) -> String {
        self.id.clone()
    }
}

impl Record for BoundTicket {
    const KIND: Kind = KIND;

    fn id(&self) -> String {
        self.id.clone()
    }
}

/// Uses the ticket once, at the older version.
pub(super) struct UseUnbound(pub(super) String);

#[async_trait]
impl Operation for UseUnbound {
    type Loaded = Option<Stored<Ticket>>;
    type Granted = bool;
    type Refusal = Infallible;

    async fn load(&self, reader: &mut Reader<'_>) -> Result<Self::Loaded, Fault> {
        reader.load(Ticket::at(&self.0)).await
    }

    fn decide(&self, ticket: Self::Loaded, _: &Moment<'_>) -> Decision<bool, Infallible> {
        let Some(mut ticket) = ticket else { return Decision::grant(false) };
        ticket.record.used += 1;
        let mut changes = Changes::none();
        changes.replace(&ticket);
        Decision::grant(true).changing(changes)
    }
}

/// Uses the ticket once, at the newer version; or, with the last use, suspends it.
pub(super) struct UseBound {
    pub(super) id: String,
    pub(super) then: BoundState,
}

#[async_trait]
impl Operation for UseBound {
    type Loaded = Option<Stored<BoundTicket>>;
    type Granted = bool;
    type Refusal = Infallible;

    async fn load(&self, reader: &mut Reader<'_>) -> Result<Self::Loaded, Fault> {
        reader.load(BoundTicket::at(&self.id)).await
    }

    fn decide(&self, ticket: Self::Loaded, _: &Moment<'_>) -> Decision<bool, Infallible> {
        let Some(mut ticket) = ticket.filter(|ticket| ticket.state == BoundState::Open) else {
            return Decision::grant(false);
        };
        ticket.record.used += 1;
        ticket.record.state = self.then;
        let mut changes = Changes::none();
        changes.replace(&ticket);
        Decision::grant(true).changing(changes)
    }
}

struct Unheard;

impl Audit for Unheard {
    fn observe(&self, _: &AuditRecord) {}
}

impl From<Stopped<Infallible>> for Violation {
    fn from(stopped: Stopped<Infallible>) -> Self {
        Violation::from(Fault::from(stopped))
    }
}

impl From<Fault> for Violation {
    fn from(fault: Fault) -> Self {
        Violation::new(format!("an operation failed: {fault}"))
    }
}

pub(super) async fn what_two_versions_write_in_turns_loses_nothing(t: &Fixture) -> Verdict {
    let ports = Ports {
        store: t.store.clone(),
        clock: Arc::new(SystemClock),
        random: t.random.clone(),
        audit: Arc::new(Unheard),
    };
    let id = t.key("ticket").id;
    let mut changes = Changes::none();
    let bound_to = Some("key".to_owned());
    changes.insert(&BoundTicket { id: id.clone(), state: BoundState::Open, used: 0, bound_to });
    t.commit(Vec::new(), changes.as_slice().to_vec()).await?;
    let lane = async |lane: usize| -> Result<u32, Stopped<Infallible>> {
        let mut used = 0;
        for _ in 0..EACH {
            let was_used = match lane.is_multiple_of(2) {
                true => ports.perform(&UseUnbound(id.clone())).await,
                false => ports.perform(&UseBound { id: id.clone(), then: BoundState::Open }).await,
            };
            // So many on one record may lose every race: that is no loss of what was written.
            match was_used {
                Ok(was_used) => used += u32::from(was_used),
                Err(Stopped::Failed(Fault::Contended)) => {}
                Err(fault) => return Err(fault),
            }
            yield_now().await;
        }
        Ok(used)
    };
    let used: u32 = join_all((0..LANES).map(lane)).await.into_iter().sum::<Result<u32, Stopped<Infallible>>>()?;
    let found = ports.reader().load(BoundTicket::at(&id)).await?.ok_or_else(|| Violation::new("the ticket is gone"))?;
    ensure!(found.used == used && used > 0, "{used} uses were acknowledged, {} are on record", found.used);
    ensure!(found.bound_to.as_deref() == Some("key"), "the older version dropped a member of the newer one");
    // The newer version suspends it, in a word that the older one does not know.
    ensure!(
        ports.perform(&UseBound { id: id.clone(), then: BoundState::Suspended }).await?,
        "the ticket cannot be suspended"
    );
    let refused = join_all((0..LANES).map(async |_| ports.perform(&UseUnbound(id.clone())).await)).await;
    let newer = Fault::Newer { kind: KIND.as_str() };
    ensure!(
        refused.iter().all(|refused| *refused == Err(Stopped::Failed(newer.clone()))),
        "the older version answered {refused:?}"
    );
    let found = ports.reader().load(BoundTicket::at(&id)).await?.ok_or_else(|| Violation::new("the ticket is gone"))?;
    ensure!(found.state == BoundState::Suspended && found.used == used + 1, "a suspended ticket was used");
    Ok(())
}
