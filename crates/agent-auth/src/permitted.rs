//! What was permitted, and whether it still is when its turn comes.
//!
//! The rule: between the last look and the act there is no other act. A call that begins as soon as its permission is
//! committed needs no second look. One that waited for others to end does: agent, host, account, key and grant are read once
//! more, with one load, just before it begins. What was withdrawn meanwhile is refused as a call made now would be, does
//! not begin, and is on record as not begun. So ending an agent lets the act that is under way end, and no other begin.

use async_trait::async_trait;
use countersign_jose::Thumbprint;
use countersign_storage::{
    Action, Changes, Decision, Event, Fault, Moment, Operation, Reader, Record, Stopped, Stored, Timestamp,
};

use crate::AgentProvider;
use crate::agent::Agent;
use crate::agent_jwt::{ProvenAgent, check_status};
use crate::evaluate::Call;
use crate::executor::ApprovedCall;
use crate::grant::CapabilityGrant;
use crate::host::{AgentId, Host};
use crate::refusal::Refusal;
use crate::standing::{self, Principal};
use crate::unfinished::UnfinishedCall;
use crate::withdrawal::Withdrawal;

/// A call that was permitted, and on what ground.
pub(crate) struct Permitted {
    pub(crate) call: ApprovedCall,
    /// The id of the grant that allows it.
    grant: String,
    /// The key that the agent proved itself with.
    key: Thumbprint,
    agent_id: AgentId,
}

impl Permitted {
    pub(crate) fn new(call: &Call, by: &ProvenAgent, grant: &CapabilityGrant, id: String) -> Self {
        Permitted {
            call: ApprovedCall {
                id,
                capability: call.capability.clone(),
                arguments: call.arguments.clone(),
                agent_id: by.agent.id.as_str().to_owned(),
                agent_name: by.agent.name.as_str().to_owned(),
                host_id: by.host.id.as_str().to_owned(),
                mode: by.agent.mode,
                subject: by.agent.subject.clone(),
            },
            grant: grant.id().to_owned(),
            key: by.agent.key.thumbprint().clone(),
            agent_id: by.agent.id.clone(),
        }
    }

    /// Whether the act may begin, which waited for its turn.
    ///
    /// # Errors
    /// The refusal that a call made now would get. Where the store cannot say, the act does not begin either, and stays among
    /// those whose end is not known.
    pub(crate) async fn look_again(&self, provider: &AgentProvider) -> Result<(), Stopped<Refusal>> {
        provider.ports.perform(&LookAgain { provider, permitted: self }).await
    }
}

struct LookAgain<'a> {
    provider: &'a AgentProvider,
    permitted: &'a Permitted,
}

struct Found {
    agent: Option<Stored<Agent>>,
    host: Option<Stored<Host>>,
    principal: Principal,
    unfinished: Option<Stored<UnfinishedCall>>,
}

#[async_trait]
impl Operation for LookAgain<'_> {
    type Loaded = Found;
    type Granted = ();
    type Refusal = Refusal;

    async fn load(&self, reader: &mut Reader<'_>) -> Result<Found, Fault> {
        let AgentProvider { policy, accounts, .. } = self.provider;
        let agent_id = &self.permitted.agent_id;
        let (agent, host, agent_withdrawn, host_withdrawn, unfinished) = reader
            .load((
                Agent::at(agent_id.as_str()),
                Host::at(agent_id.host().as_str()),
                Withdrawal::at(agent_id.as_str()),
                Withdrawal::at(agent_id.host().as_str()),
                UnfinishedCall::at(self.permitted.call.id.as_str()),
            ))
            .await?;
        let mut host = standing::host(host, host_withdrawn, policy, reader.now());
        let principal = standing::principal(host.as_mut(), accounts.as_ref(), reader).await?;
        let agent = standing::agent(agent, agent_withdrawn, host.as_ref(), policy);
        Ok(Found { agent, host, principal, unfinished })
    }

    fn decide(&self, found: Found, moment: &Moment<'_>) -> Decision<(), Refusal> {
        let Err(refusal) = self.judge(&found, moment.now) else { return Decision::grant(()) };
        let mut changes = Changes::none();
        if let Some(unfinished) = &found.unfinished {
            changes.delete(unfinished);
        }
        let call = &self.permitted.call;
        let action = Action::AgentExecuteNotBegun {
            call: call.id.clone(),
            capability: call.capability.clone(),
            because: refusal.code().to_owned(),
        };
        let event = Event::new(action, call.actor()).for_subject(call.subject.as_ref());
        Decision::refuse(refusal).changing(changes).report(event)
    }
}

impl LookAgain<'_> {
    fn judge(&self, found: &Found, now: Timestamp) -> Result<(), Refusal> {
        let (Some(agent), Some(host)) = (&found.agent, &found.host) else { return Err(Refusal::UNPROVEN) };
        check_status(agent, host, found.principal, &self.provider.policy, now)?;
        // Whoever gave up a key may have done so because somebody else has it.
        if *agent.key.thumbprint() != self.permitted.key {
            return Err(Refusal::UNPROVEN);
        }
        let stands =
            |grant: &CapabilityGrant| grant.id() == self.permitted.grant && grant.is_effective(agent.time(now));
        match agent.grants.iter().any(stands) {
            true => Ok(()),
            false => Err(Refusal::CapabilityNotGranted),
        }
    }
}
